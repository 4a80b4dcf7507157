"""The answers of Elastic Load Balancing, as far as something here depends on them. No calls, no judgement."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from aws.calls import Answer, Reply

Text = Annotated[str, Field(min_length=1)]
Action = dict[str, Any]
"""Kept as it came: it is written back."""


class Stickiness(Reply):
    """Of a forward action: a client stays with the group that it got first."""

    enabled: bool = False
    duration_seconds: int | None = None

    @property
    def duration(self) -> timedelta:
        """How long, where it is on at all."""
        return timedelta(seconds=self.duration_seconds or 0)


class Weighted(Reply):
    """One group of a forward action; AWS names a weight wherever there are two."""

    target_group_arn: Text
    weight: int = 1


class ForwardConfig(Reply):
    target_groups: tuple[Weighted, ...] = ()
    target_group_stickiness_config: Stickiness = Stickiness()


class Forward(Reply):
    """A forward action in both of its forms."""

    type: Text
    target_group_arn: str = ""
    forward_config: ForwardConfig = ForwardConfig()

    @property
    def weights(self) -> dict[str, int]:
        """Weight by group. The plain form, a group alone, is weight 1: one form for all equivalent ones."""
        groups = {one.target_group_arn: one.weight for one in self.forward_config.target_groups}
        return groups or ({self.target_group_arn: 1} if self.target_group_arn else {})


def _readable(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """An answer whose weights cannot be read is none."""
    for action in actions:
        if action.get("Type") == "forward":
            Forward.model_validate(action)
    return actions


Actions = Annotated[tuple[Action, ...], AfterValidator(_readable)]


class Patterns(Reply):
    """Of a condition: any of these has to match."""

    values: tuple[str, ...] = ()


class Condition(Reply):
    """What a request must be like for a rule, in both of AWS's forms."""

    field: str = ""
    values: tuple[str, ...] = ()
    path_pattern_config: Patterns = Patterns()
    host_header_config: Patterns = Patterns()

    @property
    def patterns(self) -> tuple[str, ...]:
        """Of a path or a host; none where it is about something else, or written as a regular expression."""
        return self.path_pattern_config.values or self.host_header_config.values or self.values


class RuleRow(Reply):
    """One rule as DescribeRules and ModifyRule show it."""

    rule_arn: Text
    priority: str = ""
    actions: Actions = ()
    conditions: tuple[Condition, ...] = ()
    is_default: bool = False


class RulePage(Answer):
    """DescribeRules and ModifyRule."""

    rules: tuple[RuleRow, ...]
    next_marker: str = ""


class ListenerRow(Reply):
    """One listener as DescribeListeners and ModifyListener show it."""

    listener_arn: Text
    load_balancer_arn: str = ""
    port: int | None = None
    protocol: str = ""
    default_actions: Actions = ()


class ListenerPage(Answer):
    """DescribeListeners and ModifyListener."""

    listeners: tuple[ListenerRow, ...]
    next_marker: str = ""


class BalancerRow(Reply):
    """One load balancer."""

    load_balancer_arn: Text
    dns_name: str = Field(default="", alias="DNSName")


class BalancerPage(Answer):
    """DescribeLoadBalancers."""

    load_balancers: tuple[BalancerRow, ...]
    next_marker: str = ""


class Group(Reply):
    """One target group."""

    target_group_arn: Text
    target_group_name: str = ""
    protocol: str = ""
    protocol_version: str = ""
    target_type: str = ""
    load_balancer_arns: tuple[str, ...] = ()


class GroupPage(Answer):
    """DescribeTargetGroups."""

    target_groups: tuple[Group, ...]
    next_marker: str = ""


class TargetState(Reply):
    state: str = ""
    reason: str = ""


class TargetRow(Reply):
    """One target with its health."""

    target_health: TargetState = TargetState()


class HealthPage(Answer):
    """DescribeTargetHealth."""

    target_health_descriptions: tuple[TargetRow, ...]
