"""Moves production and test traffic between a service's two target groups, through the rules that it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.cloud.calls import Answer, Call, Failure
from demo.cloud.fleet import Fleet, group_of

BY_ECS = "AWSServiceRoleForECS"


@dataclass
class NativeTraffic:
    """Rules and listeners as ECS writes them, under its own name in the oracle log."""

    perform: Callable[[Call], Answer | None]

    def shift(self, fleet: Fleet, side: int, percent: float, *, test: bool) -> str:
        """Sends that share of the requests to a side and the rest to the other one; says what failed, or nothing."""
        name = "testListenerRule" if test else "productionListenerRule"
        for balancer in fleet.static.load_balancers:
            rule = balancer.get("advancedConfiguration", {}).get(name)
            if rule:
                weights = {group_of(balancer, side): percent, group_of(balancer, 1 - side): 100 - percent}
                try:
                    self.perform(_written(fleet, rule, whole(weights)))
                except Failure as failure:
                    return f"{failure.code}: {failure.message}"
        return ""


def whole(shares: dict[str, float]) -> dict[str, int]:
    """Shares that make 100 as weights of a rule; tenths of a percent need ten times as much."""
    factor = 1 if all(float(share).is_integer() for share in shares.values()) else 10
    return {group: round(share * factor) for group, share in shares.items()}


def _written(fleet: Fleet, rule: str, weights: dict[str, int]) -> Call:
    account, region, _, _ = fleet.key
    action: dict[str, Any] = {"Type": "forward", "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights.items()],
    }}
    caller = f"arn:aws:sts::{account}:assumed-role/{BY_ECS}/ecs-service-scheduler"
    if ":listener-rule/" in rule:
        return Call("elbv2", "ModifyRule", {"RuleArn": rule, "Actions": [action]}, account, region, caller)
    return Call("elbv2", "ModifyListener", {"ListenerArn": rule, "DefaultActions": [action]}, account, region, caller)
