"""CodeDeploy on servers, in place: a few machines at a time go out of the load balancer, get the program, come back.

How many at a time follows from how many must stay healthy. A machine whose program does not come up fails, and with
too few healthy ones left the deployment does.
"""

from __future__ import annotations

from typing import Any

from demo.cloud.codedeploy_deployment import Deployment, Event, Fault, Target
from demo.cloud.codedeploy_hand import Hand
from demo.cloud.codedeploy_hosts import Yard
from demo.cloud.codedeploy_revisions import program_of
from demo.cloud.codedeploy_wave import Wave
from demo.cloud.codedeploy_words import ALLOWING, BLOCKING, IN_PROGRESS, ON_INSTANCE, SUCCEEDED


class ServerRun:
    """One deployment to the machines of a group."""

    def __init__(self, one: Deployment, second: int, yard: Yard) -> None:
        account, region = one.group.app.key[:2]
        machines = sorted(
            yard.machines.tagged((account, region), one.group.settings.get("ec2TagFilters", [])),
            # Those that are ill come first: they have nothing to lose.
            key=lambda machine: (machine.runs, machine.number),
        )
        if not machines:
            raise Fault("NO_INSTANCES")
        self._hand = Hand(one.group, yard, second, program_of(account, one.revision))
        balanced = bool(self._hand.group)
        events = (*(BLOCKING if balanced else ()), *ON_INSTANCE, *(ALLOWING if balanced else ()))
        self.targets = [target_of(one, machine.id, events, second) for machine in machines]
        rows = list(zip(self.targets, machines, strict=True))
        self._wave = Wave(self._hand, rows, events, one.config.least_healthy(len(machines)))

    def step(self, second: int) -> str:
        """One second of every machine that is at work."""
        self._hand.second = second
        return SUCCEEDED if self._wave.step() else IN_PROGRESS

    def proceed(self, wait: str, second: int) -> bool:
        """Nothing waits for anybody in place."""
        return False

    def shown(self, target: Target) -> dict[str, Any]:
        """Nothing beside what all targets have."""
        return {}


def target_of(one: Deployment, name: str, events: tuple[str, ...], second: int) -> Target:
    """An instance as a target that nothing has happened to yet."""
    account, region = one.group.app.key[:2]
    arn = f"arn:aws:ec2:{region}:{account}:instance/{name}"
    return Target(name, arn, [Event(event) for event in events], updated=second)
