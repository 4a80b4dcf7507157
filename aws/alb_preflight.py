"""May traffic move between these two groups? Finds what a load balancer's rules would do to a rollout. No writes."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aws.alb_address import Address, address_of, meets
from aws.alb_facts import WHOLE, Rule, Rules, Sides, group_name, rule_of
from aws.alb_reads import balancer_name, every_rule, groups_of, rules_of
from aws.alb_replies import Group, ListenerRow
from aws.calls import Calls
from rollout.durations import print_duration
from rollout.errors import TargetError
from rollout.release import Check
from rollout.values import ZERO

SHOWN: Final = 5


class Named(NamedTuple):
    """What a configuration names: the rules that carry its traffic, one for tests, and the two groups."""

    rules: tuple[str, ...]
    test_rule: str
    blue: str
    green: str
    test_path: str = ""
    """What is asked for at the address of the test rule, where that is configured."""
    tested: bool = False
    """Whether a check of the test address is configured, by path or by url."""

    @property
    def groups(self) -> tuple[str, str]:
        return self.blue, self.green


class Survey(NamedTuple):
    """What was found of it."""

    named: Named
    rules: Rules
    groups: Mapping[str, Group]
    listeners: Mapping[str, ListenerRow]
    elsewhere: tuple[Rule, ...]
    """Rules that nobody named and that have one of the two groups."""
    tried: Rule | None = None
    """The test rule."""
    test: Address | TargetError | None = None
    """What it answers; None where there is none."""

    @property
    def sides(self) -> Sides:
        """The group with the traffic as stable, the other as candidate: of a split, the one with more of it."""
        weight = dict.fromkeys(self.named.groups, 0.0)
        for rule in self.rules.rows:
            for group, share in rule.shares.items():
                weight[group] = weight.get(group, 0.0) + share
        stable, candidate = sorted(self.named.groups, key=lambda group: -weight[group])
        return Sides(stable, candidate, {})

    @property
    def lacking(self) -> tuple[Rule, ...]:
        """Rules in which one of the two groups does not stand yet."""
        return self.rules.lacking(self.named.groups)


def survey(calls: Calls, named: Named) -> Survey:
    """Everything there is to know before a start. TargetError `absent` names what does not exist."""
    rules = rules_of(calls, named.rules)
    groups = groups_of(calls, named.groups)
    if named.test_rule:
        rules_of(calls, [named.test_rule])
    behind = [pair for balancer in sorted({rule.balancer for rule in rules.rows})
              for pair in every_rule(calls, balancer)]  # fmt: skip
    known = {*named.rules, named.test_rule}
    elsewhere = tuple(
        rule for _, rule in behind
        if rule.arn not in known and not (rule.default and rule.listener in known)
        and rule.weights.keys() & set(named.groups)
    )  # fmt: skip
    listeners = {row.listener_arn: row for row, _ in behind}
    tried, test = _test(calls, named, listeners, [rule for _, rule in behind])
    return Survey(named, rules, groups, listeners, elsewhere, tried, test)


def _test(
    calls: Calls, named: Named, listeners: Mapping[str, ListenerRow], behind: Sequence[Rule]
) -> tuple[Rule | None, Address | TargetError | None]:
    """The test rule and its address, out of what was read already; only the load balancer's name is asked for."""
    if not named.test_rule:
        return None, None
    rule = next((one for one in behind if one.arn == named.test_rule), None)
    if rule is None and named.test_rule in listeners:
        rule = rule_of(listeners[named.test_rule])
    if rule is None:
        # Whatever it forwards to is behind another load balancer, and a group belongs to one.
        fact = f"the test rule {named.test_rule.rsplit('/', 1)[1]} belongs to another load balancer than the rules"
        return None, TargetError("config", fact, "name one of the same load balancer")
    try:
        return rule, address_of(rule, listeners[rule.listener], balancer_name(calls, rule.balancer))
    except TargetError as error:
        return rule, error


def findings(found: Survey) -> list[Check]:
    """What is true of the rules and groups whoever asks."""
    return [
        *_unusable(found),
        *_balancers(found),
        *_elsewhere(found),
        *_attach(found),
        *_sticky(found),
        *_plain(found),
        *_tried(found),
    ]


def split(found: Survey) -> list[Check]:
    """A start needs one side with everything, the same one under every rule."""
    sides = found.sides
    if others := found.rules.others(sides):
        text = f"the rules of this target give weight to {', '.join(others)} too"
        return [_fail("split", text, "give it weight 0, or name rules that serve this target only")]
    shares = set(found.rules.shares(sides))
    if shares in ({0}, {WHOLE}):
        return []
    told = found.rules.words(sides)
    if shares <= {0, WHOLE}:
        text = f"the rules do not agree which side serves: {told}"
        return [_fail("split", text, "send all of them to the same group first")]
    name = group_name(sides.stable)
    return [_fail("split", f"the rules already split traffic: {told}", f"finish what began it, or give {name} all")]


def standing_split(found: Survey) -> list[Check]:
    """A split that was found outside of a start: a live rollout of ours looks the same."""
    return [
        check.model_copy(update={"state": "warn", "hint": f"right while a rollout is live; else {check.hint}"})
        for check in split(found)
    ]


def refuse_unreadable(found: Survey) -> None:
    """TargetError when no side can be told from the other: there is nothing to deploy to."""
    for rule in found.rules.rows:
        if not rule.weights.keys() & set(found.named.groups):
            other = ", ".join(group_name(group) for group in rule.weights) or "no target group"
            blue, green = (group_name(group) for group in found.named.groups)
            fact = f"{rule.words} forwards to {other}, expected {blue} or {green}"
            raise TargetError("config", fact, "correct the rule or the groups in the configuration")


def _unusable(found: Survey) -> list[Check]:
    return [
        _fail("rules", f"{rule.words} is the default of its listener, which ModifyRule cannot change",
              f"name the listener instead: {rule.listener}")
        for rule in found.rules.rows
        if rule.default
    ]  # fmt: skip


def _balancers(found: Survey) -> list[Check]:
    """A group belongs to one load balancer; one that stands in no rule belongs to none yet."""
    checks = []
    for arn, group in found.groups.items():
        wrong = set(group.load_balancer_arns) - {rule.balancer for rule in found.rules.rows}
        if wrong:
            there = ", ".join(sorted(_balancer(one) for one in wrong))
            here = ", ".join(sorted({_balancer(rule.balancer) for rule in found.rules.rows}))
            text = f"{group_name(arn)} belongs to the load balancer {there}, the rules to {here}"
            checks.append(_fail("groups", text, "name groups and rules of one load balancer"))
    return checks


def _elsewhere(found: Survey) -> list[Check]:
    if not found.elsewhere:
        return []
    shown = [rule.words for rule in found.elsewhere[:SHOWN]]
    more = f" and {len(found.elsewhere) - SHOWN} more" if len(found.elsewhere) > SHOWN else ""
    text = f"the two groups stand in rules that are not named, too: {', '.join(shown)}{more}"
    hint = f"name them in `rules`, so that they move as well, or take the groups out: {found.elsewhere[0].arn}"
    return [_fail("elsewhere", text, hint)]


def _attach(found: Survey) -> list[Check]:
    """Targets of a group that stands nowhere are never checked: Launch adds it before it starts anything."""
    if not found.lacking:
        return []
    blue, green = (group_name(group) for group in found.named.groups)
    rules = ", ".join(rule.words for rule in found.lacking[:SHOWN])
    text = f"{rules} does not name both {blue} and {green} yet: the start adds the missing one with weight 0"
    return [Check(name="attach", state="warn", text=text, hint="else nobody would check its targets")]


def _sticky(found: Survey) -> list[Check]:
    forwards = [rule.forward for rule in found.rules.rows if rule.forward]
    sticky = [one.forward_config.target_group_stickiness_config for one in forwards]
    longest = max((one.duration for one in sticky if one.enabled), default=ZERO)
    if not longest:
        return []
    text = f"the rules keep clients on the group that they got first, for {print_duration(longest)}"
    hint = "shares move slower than weights, a way back too"
    return [Check(name="sticky", state="warn", text=text, hint=hint)]


def _plain(found: Survey) -> list[Check]:
    used = {rule.listener for rule in found.rules.rows}
    plain = [row for row in found.listeners.values() if row.listener_arn in used and row.protocol == "HTTP"]
    if not plain:
        return []
    ports = ", ".join(sorted({str(row.port) for row in plain}))
    text = f"the listener on port {ports} is plain HTTP: requests are not encrypted"
    return [Check(name="http", state="warn", text=text, hint="name rules of an HTTPS listener if there is one")]


def _tried(found: Survey) -> list[Check]:
    """Without an address people look elsewhere; where a check of it is configured nothing could ever rise."""
    if found.test is None:
        return []
    path = found.named.test_path
    if isinstance(found.test, TargetError):
        state = "fail" if path else "warn"
        return [Check(name="test", state=state, text=found.test.fact, hint=found.test.hint)]
    if path and found.tried and not meets(found.tried, path.partition("?")[0]):
        text = f"{found.tried.words} does not answer the path {path} of `test`"
        return [_fail("test", text, "correct the path, or the rule's condition")]
    if found.tried and found.tried.shares.keys() - set(found.named.groups):
        others = ", ".join(group_name(group) for group in found.tried.shares)
        text = f"the test rule {found.tried.words} forwards to {others} too: the start leaves it as it is"
        # A check of it would never be believed, so nothing could ever rise.
        state = "fail" if found.named.tested else "warn"
        return [Check(name="test", state=state, text=text, hint="let it forward to the two groups of this target")]
    return []


def _balancer(arn: str) -> str:
    return arn.split("/")[-2] if "/" in arn else arn


def _fail(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="fail", text=text, hint=hint)
