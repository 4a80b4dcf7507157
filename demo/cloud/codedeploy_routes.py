"""The listeners and target groups of a blue/green deployment group, as CodeDeploy writes and reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.elbv2.models import elbv2_backends

from demo.cloud.calls import Answer, Call, Failure
from demo.cloud.codedeploy_deployment import Fault, Group
from demo.cloud.codedeploy_words import caller_in
from demo.cloud.routing import weights_in


class Routes:
    """The pair of groups that take turns, the listener for everybody and, where there is one, that for tests."""

    def __init__(self, group: Group, perform: Callable[[Call], Answer | None]) -> None:
        self._place, self._perform = group.app.key[:2], perform
        pairs = group.settings.get("loadBalancerInfo", {}).get("targetGroupPairInfoList", [])
        if not pairs:
            raise Fault("MISSING_ELB_INFORMATION")
        known = {one.name: arn for arn, one in self._elb().target_groups.items()}
        names = [one["name"] for one in pairs[0]["targetGroups"]]
        if len(names) != 2 or any(name not in known for name in names):
            raise Fault("ELASTIC_LOAD_BALANCING_INVALID")
        self.groups = [str(known[name]) for name in names]
        self.names = dict(zip(self.groups, names, strict=True))
        self.production = _listener(pairs[0], "prodTrafficRoute")
        self.test = _listener(pairs[0], "testTrafficRoute")

    def other(self, group: str) -> str:
        """The one of the pair that is not this one."""
        return next(one for one in self.groups if one != group)

    def send(self, listener: str, group: str, percent: float) -> None:
        """Sends that share of a listener's requests to a group and the rest to the other one."""
        weights = {group: round(percent), self.other(group): 100 - round(percent)}
        groups = [{"TargetGroupArn": one, "Weight": weight} for one, weight in weights.items()]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        asked = {"ListenerArn": listener, "DefaultActions": [action]}
        account, region = self._place
        try:
            self._perform(Call("elbv2", "ModifyListener", asked, account, region, caller=caller_in(account)))
        except Failure as failure:
            raise Fault("ELASTIC_LOAD_BALANCING_INVALID", failure.message) from failure

    def share(self, group: str) -> float:
        """The share of the production requests that goes to a group, in percent."""
        try:
            found = self._elb().describe_listeners(None, [self.production])[0]
        except ServiceException as error:
            raise Fault("ELASTIC_LOAD_BALANCING_INVALID") from error
        weights = weights_in(found.default_actions)
        return 100.0 * weights.get(group, 0) / (sum(weights.values()) or 1)

    def _elb(self) -> Any:
        account, region = self._place
        return elbv2_backends[account][region]


def _listener(pair: dict[str, Any], route: str) -> str:
    return str((pair.get(route, {}).get("listenerArns") or [""])[0])
