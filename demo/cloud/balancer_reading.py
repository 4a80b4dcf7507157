"""What a reader is told of rules, listeners and groups: in pages, and with the load balancers a group stands behind.

moto remembers which load balancer a group was born behind; a rule that is changed later tells it nothing.
Changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import elbv2_backends

from demo.cloud.balancer_shown import group_shown, listener_shown, rule_shown
from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.moto_words import in_aws_words
from demo.cloud.paging import BadToken, page
from demo.cloud.routing import Place, weights_in

MOST_ROWS = 400
# Who asks by name gets all of them at once.
NAMED = ("RuleArns", "ListenerArns", "TargetGroupArns", "Names")


@dataclass
class BalancerReading:
    """The reading operations. `page_size` below AWS's own makes paging visible with few rows."""

    page_size: int

    def operations(self) -> Operations:
        """The operations answered here."""
        table = {
            "DescribeRules": self.rules, "DescribeListeners": self.listeners, "DescribeTargetGroups": self.groups,
        }
        return {name: in_aws_words(operation) for name, operation in table.items()}

    def rules(self, call: Call) -> Answer:
        """A listener's rules in order, the default one last; or those that are asked for by name."""
        asked = call.parameters
        found = list(_elb(call).describe_rules(asked.get("ListenerArn"), asked.get("RuleArns")))
        return self._page(call, "Rules", sorted(found, key=_order), _order, rule_shown)

    def listeners(self, call: Call) -> Answer:
        """A load balancer's listeners, or those that are asked for by name."""
        asked = call.parameters
        if not asked.get("LoadBalancerArn") and not asked.get("ListenerArns"):
            raise Failure("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
        found = _elb(call).describe_listeners(asked.get("LoadBalancerArn"), asked.get("ListenerArns", []))
        return self._page(call, "Listeners", sorted(found, key=_arn), _arn, listener_shown)

    def groups(self, call: Call) -> Answer:
        """A load balancer's groups, those that are asked for by ARN or name, or all of them."""
        asked = call.parameters
        attach((call.account, call.region))
        found = _elb(call).describe_target_groups(
            asked.get("LoadBalancerArn"), asked.get("TargetGroupArns", []), asked.get("Names")
        )
        return self._page(call, "TargetGroups", sorted(found, key=_arn), _arn, group_shown)

    def _page(
        self, call: Call, name: str, rows: Sequence[Any], position: Callable[[Any], list[Any]],
        shown: Callable[[Any], dict[str, Any]],
    ) -> Answer:
        asked = call.parameters
        size = min(int(asked.get("PageSize", MOST_ROWS)), self.page_size)
        if any(key in asked for key in NAMED):
            size = len(rows)
        try:
            found, marker = page(rows, position, asked.get("Marker"), size)
        except BadToken as error:
            raise Failure("ValidationError", "The marker is not valid") from error
        return Answer({name: [shown(row) for row in found]} | ({"NextMarker": marker} if marker else {}))


def attach(place: Place) -> None:
    """Puts right behind which load balancers moto's groups stand."""
    account, region = place
    backend: Any = elbv2_backends[account][region]
    found: dict[str, list[str]] = {}
    for balancer in backend.load_balancers.values():
        for listener in balancer.listeners.values():
            for rule in listener.rules.values():
                for group in weights_in(rule.actions):
                    behind = found.setdefault(group, [])
                    if balancer.arn not in behind:
                        behind.append(balancer.arn)
    for group in backend.target_groups.values():
        group.load_balancer_arns = found.get(group.arn, [])


def _elb(call: Call) -> Any:
    return elbv2_backends[call.account][call.region]


def _order(rule: Any) -> list[Any]:
    return [1, 0, rule.arn] if rule.is_default else [0, int(rule.priority), rule.arn]


def _arn(row: Any) -> list[Any]:
    return [row.arn]
