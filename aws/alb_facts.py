"""What an Application Load Balancer answers about weighted forwarding, in our words: shares, fingerprints. No calls.

Actions are kept as AWS sent them and go back so: whatever else stands in a rule, only two weights in it are ours.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from aws.alb_replies import Action, Condition, Forward, ListenerRow, RuleRow, TargetRow
from aws.faults import clip

WHOLE: Final = 100
NEAR: Final = 1e-6

class Targets(NamedTuple):
    """How many targets of a group are in which state."""

    healthy: int
    coming: int
    unhealthy: int
    counted: datetime | None = None
    """When, where it is a count of CloudWatch's: then only the healthy ones are known, and not of this moment."""


class Sides(NamedTuple):
    """The two groups whose weights are ours, and what people call what runs behind each."""

    stable: str
    candidate: str
    names: Mapping[str, str]

    @property
    def groups(self) -> tuple[str, str]:
        """Both, the stable one first."""
        return self.stable, self.candidate

    def name(self, group: str) -> str:
        """The release behind a group of ours; else the group's own name."""
        return self.names.get(group) or group_name(group)


class Rule(NamedTuple):
    """A listener rule, or what a listener does by default: its ARN and its whole list of actions."""

    arn: str
    actions: tuple[Action, ...]
    default: bool = False
    """A default rule, which only its listener can change."""
    conditions: tuple[Condition, ...] = ()

    @property
    def of_listener(self) -> bool:
        """Whether it is a listener's default, named by the listener's own ARN."""
        return ":listener/" in self.arn

    @property
    def listener(self) -> str:
        """The ARN of the listener it belongs to."""
        return self.arn if self.of_listener else self.arn.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0]

    @property
    def balancer(self) -> str:
        """The ARN of the load balancer it belongs to."""
        return self.listener.replace(":listener/", ":loadbalancer/").rsplit("/", 1)[0]

    @property
    def words(self) -> str:
        """`rule 8ec5dd99d0ba7b2f of shop`."""
        balancer = self.balancer.split("/")[-2]
        return f"{'listener' if self.of_listener else 'rule'} {self.arn.rsplit('/', 1)[1]} of {balancer}"

    @property
    def forward(self) -> Forward | None:
        """The action that forwards, if one does: a rule has one that ends it."""
        found = next((action for action in self.actions if action.get("Type") == "forward"), None)
        return None if found is None else Forward.model_validate(found)

    @property
    def weights(self) -> dict[str, int]:
        """Weight by group; none where it does not forward."""
        return self.forward.weights if self.forward else {}

    @property
    def shares(self) -> dict[str, float]:
        """Every group that gets requests and its share in percent."""
        weights = self.weights
        whole = sum(weights.values())
        return {group: WHOLE * weight / whole for group, weight in weights.items() if weight}

    def share(self, sides: Sides) -> int | None:
        """The candidate's percent when requests go to our two sides only, in whole percents; else None."""
        shares = self.shares
        if not shares or shares.keys() - {sides.stable, sides.candidate}:
            return None
        share = shares.get(sides.candidate, 0.0)
        return round(share) if abs(share - round(share)) <= NEAR else None

    def weighing(self, weights: Mapping[str, int]) -> tuple[Action, ...]:
        """All its actions with these weights: other groups, their order and stickiness stay, unknown ones come last."""
        return tuple(_forwarding(one, weights) if one.get("Type") == "forward" else one for one in self.actions)

    def attaching(self, groups: Sequence[str]) -> tuple[Action, ...]:
        """All its actions, these groups in them with weight 0 where they are missing."""
        before = self.weights
        plain = len(before) == 1
        kept = {group: WHOLE if plain and weight else weight for group, weight in before.items()}
        return self.weighing(kept | {group: 0 for group in groups if group not in before})


class Rules(NamedTuple):
    """All rules that carry the traffic of one target, in the order of its configuration."""

    rows: tuple[Rule, ...]

    @property
    def fingerprint(self) -> str:
        """The same for the same actions, whatever order AWS shows groups in: what a write is compared with."""
        meaning = {rule.arn: [_meaning(action) for action in rule.actions] for rule in self.rows}
        text = json.dumps(meaning, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def shares(self, sides: Sides) -> tuple[int | None, ...]:
        """The candidate's percent under each rule."""
        return tuple(rule.share(sides) for rule in self.rows)

    def percent(self, sides: Sides) -> int | None:
        """The candidate's percent when all rules agree; else None."""
        shares = set(self.shares(sides))
        return shares.pop() if len(shares) == 1 else None

    def mix(self, sides: Sides) -> tuple[int, ...]:
        """The candidate's percent under each rule where they split between our two sides and do not agree."""
        shares = tuple(share for share in self.shares(sides) if share is not None)
        return shares if len(shares) == len(self.rows) and len(set(shares)) > 1 else ()

    def words(self, sides: Sides) -> str:
        """`v2: 10 %, v1: 90 %`; rule by rule where they differ."""
        each = [split_words(rule.shares, sides) for rule in self.rows]
        if len(set(each)) == 1:
            return each[0]
        return "; ".join(f"{rule.words}: {told}" for rule, told in zip(self.rows, each, strict=True))

    def lacking(self, groups: Sequence[str]) -> tuple[Rule, ...]:
        """Rules in which one of these groups is missing: its targets might never be health-checked."""
        return tuple(rule for rule in self.rows if set(groups) - rule.weights.keys())

    def others(self, sides: Sides) -> list[str]:
        """Groups with weight that are not ours, by name."""
        groups = {group for rule in self.rows for group in rule.shares} - {sides.stable, sides.candidate}
        return sorted(sides.name(group) for group in groups)


def rule_of(row: RuleRow | ListenerRow) -> Rule:
    """A row of AWS as a rule."""
    if isinstance(row, ListenerRow):
        return Rule(row.listener_arn, tuple(_kept(action) for action in row.default_actions))
    return Rule(row.rule_arn, tuple(_kept(action) for action in row.actions), row.is_default, row.conditions)


def split_words(shares: Mapping[str, float], sides: Sides) -> str:
    """`v2: 60 %, v1: 40 %`: the larger share first."""
    named = {sides.name(group): share for group, share in shares.items()}
    ordered = sorted(named.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{clip(name, 60)}: {share:.6g} %" for name, share in ordered) or "nobody gets anything"


def group_name(arn: str) -> str:
    """`shop-blue` of the group's ARN."""
    parts = arn.split(":", 5)[-1].split("/")
    return parts[1] if len(parts) > 1 else arn


def counted(rows: Sequence[TargetRow]) -> Targets:
    """How many targets are in which state; draining ones do not count."""
    states = [row.target_health.state for row in rows]
    return Targets(
        states.count("healthy"), sum(state in ("initial", "unused", "unavailable") for state in states),
        states.count("unhealthy"),
    )  # fmt: skip


def _kept(action: Action) -> Action:
    """An action as it may go back. AWS never shows the secret of an OIDC client: the rule keeps the one it has."""
    config = action.get("AuthenticateOidcConfig")
    if config is None:
        return action
    kept = {key: value for key, value in config.items() if key != "ClientSecret"}
    return {**action, "AuthenticateOidcConfig": {**kept, "UseExistingClientSecret": True}}


def _forwarding(action: Action, weights: Mapping[str, int]) -> Action:
    """With both forms in one action AWS takes one group only: the plain one is left out."""
    before = Forward.model_validate(action).weights
    groups = [*before, *(group for group in weights if group not in before)]
    config = {key: value for key, value in action.get("ForwardConfig", {}).items() if key != "TargetGroups"}
    rows = [{"TargetGroupArn": group, "Weight": weights.get(group, before.get(group, 0))} for group in groups]
    kept = {key: value for key, value in action.items() if key != "TargetGroupArn"}
    return {**kept, "ForwardConfig": {**config, "TargetGroups": rows}}


def _meaning(action: Action) -> Action:
    """What an action says, without the ways to say it: both forms, and the order of the groups."""
    if action.get("Type") != "forward":
        return action
    forward = Forward.model_validate(action)
    sticky = forward.forward_config.target_group_stickiness_config
    return {
        "Type": "forward", "Weights": forward.weights,
        "Sticky": sticky.duration_seconds if sticky.enabled else None,
    }  # fmt: skip
