"""CodeDeploy on servers, in place: a few machines at a time go out of the load balancer, get the program, come back.

How many at a time follows from how many must stay healthy. A machine whose program does not come up fails, and with
too few healthy ones left the deployment does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import elbv2_backends

from demo.cloud.calls import Answer, Call
from demo.cloud.codedeploy_deployment import Deployment, Event, Fault, Target
from demo.cloud.codedeploy_revisions import program_of
from demo.cloud.codedeploy_words import (
    ALLOWING,
    BLOCKING,
    FAILED,
    IN_PROGRESS,
    ON_INSTANCE,
    PENDING,
    SUCCEEDED,
    caller_in,
)
from demo.cloud.machines import Machine, Machines
from demo.cloud.targets import HEALTHY, Targets

Diagnosis = dict[str, str] | None
LONGEST_RETURN = 300
SCRIPT = "scripts/validate_service.sh"
NO_ANSWER = {
    "errorCode": "ScriptFailed", "scriptName": SCRIPT, "message": f"Script at specified location: {SCRIPT} failed",
    "logTail": "[stderr]curl: (7) Failed to connect to localhost port 8080: Connection refused\n",
}
NO_RETURN = {"errorCode": "UnknownError", "message": "The instance did not become healthy behind the load balancer"}


@dataclass
class Yard:
    """What a deployment to machines stands on."""

    machines: Machines
    targets: Targets
    perform: Callable[[Call], Answer | None]


class ServerRun:
    """One deployment to the machines of a group. `second` is the present one."""

    def __init__(self, one: Deployment, second: int, yard: Yard) -> None:
        self._one, self._yard, self.second = one, yard, second
        account, region = one.group.app.key[:2]
        self._machines = {
            machine.id: machine for machine in sorted(
                yard.machines.tagged((account, region), one.group.settings.get("ec2TagFilters", [])),
                # Those that are ill come first: they have nothing to lose.
                key=lambda machine: (machine.runs, machine.number),
            )
        }
        if not self._machines:
            raise Fault("NO_INSTANCES")
        self._program = program_of(account, one.revision)
        self._group = self._target_group()
        events = (*(BLOCKING if self._group else ()), *ON_INSTANCE, *(ALLOWING if self._group else ()))
        self.targets = [
            Target(name, f"arn:aws:ec2:{region}:{account}:instance/{name}", [Event(event) for event in events],
                   updated=second)
            for name in self._machines
        ]
        self._lives: dict[str, Iterator[None]] = {}

    def step(self, second: int) -> str:
        """One second of every machine that is at work, and the next ones begin where that is allowed."""
        self.second = second
        for name, life in list(self._lives.items()):
            if next(life, self) is self:
                del self._lives[name]
        waiting = [target for target in self.targets if target.status == PENDING]
        while waiting and self._may_begin():
            target = waiting.pop(0)
            target.turn(IN_PROGRESS, second)
            self._lives[target.id] = self._life(target, self._machines[target.id])
        if self._lives:
            return IN_PROGRESS
        good = sum(target.status == SUCCEEDED for target in self.targets)
        if waiting or not good:
            raise Fault("HEALTH_CONSTRAINTS")
        return SUCCEEDED

    def proceed(self, wait: str, second: int) -> bool:
        """Nothing waits for anybody in place."""
        return False

    def shown(self, target: Target) -> dict[str, Any]:
        """Nothing beside what all targets have."""
        return {}

    # --- how many at a time

    def _least(self) -> int:
        return self._one.config.least_healthy(len(self.targets))

    def _healthy(self) -> int:
        """Machines that no attempt has failed on, those at work included."""
        return sum(target.status != FAILED for target in self.targets)

    def _may_begin(self) -> bool:
        return self._healthy() - len(self._lives) > self._least()

    # --- one machine

    def _life(self, target: Target, machine: Machine) -> Iterator[None]:
        for event in target.events:
            event.begin(self.second)
            yield
            wrong = yield from self._do(event.name, machine)
            if wrong:
                event.diagnosis = wrong
                event.end(self.second, FAILED)
                target.skip_rest(self.second)
                target.turn(FAILED, self.second)
                return
            event.end(self.second)
        target.turn(SUCCEEDED, self.second)

    def _do(self, event: str, machine: Machine) -> Generator[None, None, Diagnosis]:
        """What an event does to its machine; returns a diagnosis where it fails."""
        if event == "BlockTraffic" and self._state(machine) is not None:
            self._ask("DeregisterTargets", machine)
            while self._state(machine) is not None:
                yield
        elif event == "ApplicationStop":
            machine.up = False
        elif event == "Install":
            machine.install(self._program, self._yard.machines.behaviour(self._program))
        elif event == "ApplicationStart":
            machine.up = True
        elif event == "ValidateService" and not machine.runs:
            return NO_ANSWER
        elif event == "AllowTraffic":
            return (yield from self._return(machine))
        return None

    def _return(self, machine: Machine) -> Generator[None, None, Diagnosis]:
        self._ask("RegisterTargets", machine)
        latest = self.second + LONGEST_RETURN
        while self._state(machine) != HEALTHY:
            if self.second > latest:
                return NO_RETURN
            yield
        return None

    # --- the load balancer

    def _state(self, machine: Machine) -> str | None:
        found = [one for one in self._yard.targets.of(self._group) if one.id == machine.id]
        return found[0].state if found else None

    def _ask(self, operation: str, machine: Machine) -> None:
        account, region = self._one.group.app.key[:2]
        asked = {"TargetGroupArn": self._group, "Targets": [{"Id": machine.id}]}
        self._yard.perform(Call("elbv2", operation, asked, account, region, caller=caller_in(account)))

    def _target_group(self) -> str:
        """The ARN of the target group whose traffic is held back; empty where none is."""
        style = self._one.group.settings.get("deploymentStyle", {}).get("deploymentOption")
        named = self._one.group.settings.get("loadBalancerInfo", {}).get("targetGroupInfoList", [])
        if style != "WITH_TRAFFIC_CONTROL":
            return ""
        account, region = self._one.group.app.key[:2]
        known = {one.name: arn for arn, one in elbv2_backends[account][region].target_groups.items()}
        if not named or named[0]["name"] not in known:
            raise Fault("ELASTIC_LOAD_BALANCING_INVALID")
        return str(known[named[0]["name"]])
