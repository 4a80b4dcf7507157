"""What every group of knobs stands on: the world, operations done by hand, an alarm by its name."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import lambda_backends

from demo.cloud.alarm import Alarm
from demo.cloud.calls import ACCOUNT, REGION, Answer, Call, Failure
from demo.cloud.world import World

BY_HAND = f"arn:aws:iam::{ACCOUNT}:user/by-hand"
MOST_TOLD = 12


class Turning:
    """A group of knobs over one world. `period` is the metric period that slow things are measured in."""

    def __init__(self, world: World, period: int) -> None:
        self._world = world
        self.period = period

    def _perform(self, service: str, operation: str, parameters: dict[str, Any], region: str = REGION) -> Answer:
        with self._world.lock:
            self._world.tick()
            return self._do(service, operation, parameters, region)

    def _do(self, service: str, operation: str, parameters: dict[str, Any], region: str = REGION) -> Answer:
        try:
            answer = self._world.perform(Call(service, operation, parameters, region=region, caller=BY_HAND))
        except Failure as failure:
            raise ValueError(f"{failure.code}: {failure.message}") from failure
        if answer is None:
            raise ValueError(f"{service}:{operation} is not answered here")
        return answer

    def _alarm(self, name: str, region: str = REGION) -> Alarm:
        alarm = self._world.alarms.get((ACCOUNT, region, name))
        if alarm is None:
            names = [alarm.name for alarm in self._world.alarms.of(ACCOUNT, region)]
            more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
            raise LookupError(f"no alarm {name}; known: {', '.join(names[:MOST_TOLD]) or 'none'}{more}")
        return alarm

    def _backend(self) -> Any:
        return lambda_backends[ACCOUNT][REGION]
