"""What a lifecycle event of CodeDeploy does to one host: to its program, and to its place behind the load balancer."""

from __future__ import annotations

from collections.abc import Generator

from moto.elbv2.models import elbv2_backends

from demo.cloud.codedeploy_deployment import Fault, Group
from demo.cloud.codedeploy_hosts import Host, Yard
from demo.cloud.targets import HEALTHY

Diagnosis = dict[str, str] | None
LONGEST_RETURN = 300
SCRIPT = "scripts/validate_service.sh"
NO_ANSWER = {
    "errorCode": "ScriptFailed", "scriptName": SCRIPT, "message": f"Script at specified location: {SCRIPT} failed",
    "logTail": "[stderr]curl: (7) Failed to connect to localhost port 8080: Connection refused\n",
}
NO_RETURN = {"errorCode": "UnknownError", "message": "The instance did not become healthy behind the load balancer"}


class Hand:
    """Carries events out for one deployment. `second` is the present one, `program` what is installed."""

    def __init__(self, group: Group, yard: Yard, second: int, program: str = "") -> None:
        self.second, self.program = second, program
        self._place, self._yard = group.app.key[:2], yard
        self.group = _target_group(group)

    def do(self, event: str, host: Host) -> Generator[None, None, Diagnosis]:
        """What an event does to a host; returns a diagnosis where it fails."""
        if event == "BlockTraffic" and self._state(host) is not None:
            self._ask("DeregisterTargets", host)
            while self._state(host) is not None:
                yield
        elif event == "ApplicationStop":
            host.up = False
        elif event == "Install":
            host.install(self.program, self._yard.machines.behaviour(self.program))
        elif event == "ApplicationStart":
            host.up = True
        elif event == "ValidateService" and not host.runs:
            return NO_ANSWER
        elif event == "AllowTraffic":
            return (yield from self._return(host))
        return None

    def _return(self, host: Host) -> Generator[None, None, Diagnosis]:
        self._ask("RegisterTargets", host)
        latest = self.second + LONGEST_RETURN
        while self._state(host) != HEALTHY:
            if self.second > latest:
                return NO_RETURN
            yield
        return None

    def _state(self, host: Host) -> str | None:
        found = [one for one in self._yard.targets.of(self.group) if one.id == host.id]
        return found[0].state if found else None

    def _ask(self, operation: str, host: Host) -> None:
        asked = {"TargetGroupArn": self.group, "Targets": [{"Id": host.id}]}
        self._yard.ask(self._place, "elbv2", operation, asked)


def _target_group(group: Group) -> str:
    """The ARN of the target group whose traffic is held back; empty where none is."""
    style = group.settings.get("deploymentStyle", {}).get("deploymentOption")
    named = group.settings.get("loadBalancerInfo", {}).get("targetGroupInfoList", [])
    if style != "WITH_TRAFFIC_CONTROL":
        return ""
    account, region = group.app.key[:2]
    known = {one.name: arn for arn, one in elbv2_backends[account][region].target_groups.items()}
    if not named or named[0]["name"] not in known:
        raise Fault("ELASTIC_LOAD_BALANCING_INVALID")
    return str(known[named[0]["name"]])
