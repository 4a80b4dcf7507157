"""Asks an Application Load Balancer: rules, listeners, groups, health of targets; in batches, over all pages.

Keeps nothing, judges nothing, writes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from aws.alb_facts import Rule, Rules, Targets, counted, group_name, rule_of
from aws.alb_replies import BalancerPage, Group, GroupPage, HealthPage, ListenerPage, ListenerRow, RulePage
from aws.calls import Calls
from rollout.errors import TargetError

NAMES: Final = "elasticloadbalancing:DescribeLoadBalancers"
"""Only a target with a test rule needs it."""
READS: Final[Mapping[str, str]] = {
    "elasticloadbalancing:DescribeRules": "*",
    "elasticloadbalancing:DescribeListeners": "*",
    "elasticloadbalancing:DescribeTargetGroups": "*",
    "elasticloadbalancing:DescribeTargetHealth": "*",
    NAMES: "*",
}
A_CALL: Final = 20
"""ARNs in one call: DescribeTags and DescribeLoadBalancers take no more, the others say nothing."""
MOST_PAGES: Final = 200
"""A marker that never ends is not followed for ever."""

P = TypeVar("P", RulePage, ListenerPage, GroupPage)


def read_rules(calls: Calls, arns: Iterable[str]) -> dict[str, Rule | TargetError]:
    """Rules and listeners by their ARN, as few calls as there can be; a failure is the value of each it is about."""
    wanted = list(dict.fromkeys(arns))
    found: dict[str, Rule | TargetError] = {}
    for kind, ask in ((":listener-rule/", _rules), (":listener/", _listeners)):
        mine = [arn for arn in wanted if kind in arn]
        for batch in batches(mine):
            found.update(_told_apart(calls, batch, ask))
    return found


def rules_of(calls: Calls, arns: Sequence[str]) -> Rules:
    """These rules, all of them. TargetError when one cannot be read."""
    return chosen(read_rules(calls, arns), arns)


def chosen(found: Mapping[str, Rule | TargetError], arns: Sequence[str]) -> Rules:
    """These rules out of what was read. The first failure when there was one."""
    rows = []
    for arn in arns:
        one = found[arn]
        if isinstance(one, TargetError):
            raise one
        rows.append(one)
    return Rules(tuple(rows))


def listeners_of(calls: Calls, balancer: str) -> list[ListenerRow]:
    """Every listener of a load balancer."""
    pages = _pages(calls, "DescribeListeners", ListenerPage, LoadBalancerArn=balancer)
    return [row for page in pages for row in page.listeners]


def rules_behind(calls: Calls, listener: str) -> list[Rule]:
    """Every rule of a listener, its default one too."""
    pages = _pages(calls, "DescribeRules", RulePage, ListenerArn=listener)
    return [rule_of(row) for page in pages for row in page.rules]


def groups_of(calls: Calls, arns: Sequence[str]) -> dict[str, Group]:
    """Target groups by ARN. TargetError `absent` names the one that does not exist."""
    found: dict[str, Group] = {}
    for arn in arns:
        try:
            pages = list(_pages(calls, "DescribeTargetGroups", GroupPage, TargetGroupArns=[arn]))
        except TargetError as error:
            raise _no_group(arn, error) from None
        found |= {row.target_group_arn: row for page in pages for row in page.target_groups}
    return found


def every_rule(calls: Calls, balancer: str) -> list[tuple[ListenerRow, Rule]]:
    """Every rule of every listener of a load balancer, default ones too."""
    return [
        (listener, rule)
        for listener in listeners_of(calls, balancer)
        for rule in rules_behind(calls, listener.listener_arn)
    ]


def balancer_name(calls: Calls, arn: str) -> str:
    """The DNS name of a load balancer; empty where AWS tells none."""
    page = calls.read("DescribeLoadBalancers", BalancerPage, LoadBalancerArns=[arn])
    return next((row.dns_name for row in page.load_balancers if row.load_balancer_arn == arn), "")


def target_health(calls: Calls, group: str) -> Targets | TargetError:
    """How many targets of a group are healthy; one call a group, AWS has no other way."""
    try:
        page = calls.read("DescribeTargetHealth", HealthPage, TargetGroupArn=group)
    except TargetError as error:
        return _no_group(group, error)
    return counted(page.target_health_descriptions)


def batches(arns: Sequence[str], size: int = A_CALL) -> Iterator[list[str]]:
    """As many at once as one call takes."""
    for start in range(0, len(arns), size):
        yield list(arns[start : start + size])


def _no_group(arn: str, error: TargetError) -> TargetError:
    if error.kind != "absent":
        return error
    return TargetError("absent", f"the target group {group_name(arn)} does not exist", error.hint)


def _told_apart(
    calls: Calls, arns: list[str], ask: Callable[[Calls, list[str]], dict[str, Rule]]
) -> dict[str, Rule | TargetError]:
    """One that is gone spoils a whole call: then each is asked for by itself."""
    try:
        found = ask(calls, arns)
    except TargetError as error:
        if error.kind != "absent" or len(arns) == 1:
            return dict.fromkeys(arns, error)
        return {arn: one for each in arns for arn, one in _told_apart(calls, [each], ask).items()}
    missing = TargetError("transient", "elasticloadbalancing answered without a rule that was asked for")
    return {arn: found.get(arn, missing) for arn in arns}


def _rules(calls: Calls, arns: list[str]) -> dict[str, Rule]:
    pages = _pages(calls, "DescribeRules", RulePage, RuleArns=arns)
    return {row.rule_arn: rule_of(row) for page in pages for row in page.rules}


def _listeners(calls: Calls, arns: list[str]) -> dict[str, Rule]:
    pages = _pages(calls, "DescribeListeners", ListenerPage, ListenerArns=arns)
    return {row.listener_arn: rule_of(row) for page in pages for row in page.listeners}


def _pages(calls: Calls, operation: str, reply: type[P], **asked: Any) -> Iterator[P]:
    more: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = calls.read(operation, reply, **asked, **more)
        yield page
        if not page.next_marker:
            return
        more = {"Marker": page.next_marker}
    raise TargetError("transient", f"elasticloadbalancing:{operation} did not end after {MOST_PAGES} pages")
