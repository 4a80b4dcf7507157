"""Puts together what a look at one ECS target found: shares, health of both sides, limits. Pure: no calls."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from aws.alb_facts import Rules, Sides, Targets
from aws.ecs_definition import short
from aws.ecs_health import Facts, health
from aws.ecs_limits import SIDES, Least, Pins, Side, floor_of
from aws.ecs_replies import Fleet, ScalableTarget
from aws.ecs_target import EcsTarget
from rollout.errors import TargetError
from rollout.model import Phase, Rollout
from rollout.seen import Seen

GRACE: Final = timedelta(seconds=60)
"""Targets of a side that was just asked for need so long at least before their absence says anything."""


class LeastBefore(BaseModel):
    """Least sizes before the first write."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    stable: int | None = None
    candidate: int | None = None


class Snapshot(BaseModel):
    """What `Prepared.snapshot` keeps that is needed again; empty in the very first look."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    count: int | None = None
    limits: LeastBefore | None = None


class Sight(NamedTuple):
    """Everything that one look read about one rollout; the stable side first."""

    rollout: Rollout | None
    """None where only the target is examined."""
    target: EcsTarget
    sides: Sides
    at: datetime
    rules: Rules
    services: tuple[Fleet | TargetError, Fleet | TargetError]
    limits: Mapping[str, ScalableTarget] | TargetError
    targets: tuple[Targets | TargetError, Targets | TargetError] = (Targets(0, 0, 0), Targets(0, 0, 0))
    ours: tuple[bool | TargetError, bool | TargetError] = (False, False)
    crash: tuple[str, str] = ("", "")

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot.model_validate(self.rollout.snapshot if self.rollout else {})

    @property
    def size(self) -> int:
        """What carried all traffic when the rollout began: neither side may get smaller."""
        stable = self.services[0]
        present = stable.desired_count if isinstance(stable, Fleet) else 0
        count = self.snapshot.count
        return max(present if count is None else count, self.target.floor, 1)

    @property
    def serving(self) -> frozenset[Side]:
        """Who has traffic under any rule."""
        groups = {group for rule in self.rules.rows for group in rule.shares}
        return frozenset(side for side, group in zip(SIDES, self.sides.groups, strict=True) if group in groups)

    @property
    def needed(self) -> int:
        """How many targets carry all traffic now: as many as began, or as the side with most of it has by now."""
        total = [sum(rule.shares.get(group, 0.0) for rule in self.rules.rows) for group in self.sides.groups]
        main = [one for one, share in zip(self.services, total, strict=True) if share == max(total)]
        return max([self.size, *(one.desired_count for one in main if isinstance(one, Fleet))])

    @property
    def before(self) -> Least:
        """The least sizes before the first write; as they are now where nothing was written yet."""
        kept = self.snapshot.limits
        return self.now if kept is None else Least(kept.stable, kept.candidate)

    @property
    def now(self) -> Least:
        """The least sizes as they are."""
        if isinstance(self.limits, TargetError):
            return Least()
        found = [self.limits.get(self.service_key(side)) for side in SIDES]
        return Least(*(one.min_capacity if one else None for one in found))

    def service_key(self, side: Side) -> str:
        """`cluster/service` of a side."""
        return f"{self.target.cluster}/{self.target.side(self.sides.groups[SIDES.index(side)]).service}"

    @property
    def idle(self) -> tuple[Side, ...]:
        """Sides whose service stands at its floor."""
        return tuple(
            side for side, service in zip(SIDES, self.services, strict=True)
            if isinstance(service, Fleet)
            and service.desired_count <= floor_of(self.before, side, self.target.floor)
        )  # fmt: skip

    @property
    def pins(self) -> Pins:
        return Pins(self.before, self.now, self.size, self.serving, frozenset(self.idle))


def seen(sight: Sight) -> Seen:
    """The target as it was found."""
    percent = sight.rules.percent(sight.sides)
    other = _other_definition(sight)
    words = "" if percent is not None else sight.rules.words(sight.sides)
    return Seen(
        at=sight.at,
        percent=None if other else percent,
        foreign=other or words,
        mix=() if other else sight.rules.mix(sight.sides),
        stable=health(_facts(sight, "stable"), new_side=False),
        candidate=health(_facts(sight, "candidate"), new_side=True),
        retired=sight.idle,
        pinned=_pinned(sight),
        revision=sight.rules.fingerprint,
    )


def snapshot(sight: Sight) -> dict[str, object]:
    """How things stand before the first write."""
    services: dict[str, Any] = {
        one.service_name: {"task_definition": one.task_definition, "desired": one.desired_count}
        for one in sight.services
        if isinstance(one, Fleet)
    }
    return {
        "count": sight.size, "limits": sight.now._asdict(), "services": services,
        "rules": {rule.arn: list(rule.actions) for rule in sight.rules.rows},
    }  # fmt: skip


def replaced(sight: Sight, side: Side) -> str:
    """Which task definition somebody gave a side that serves; empty where it is the one of its release."""
    index = SIDES.index(side)
    service, ours = sight.services[index], sight.ours[index]
    if ours is not False or not isinstance(service, Fleet) or (side == "candidate" and side not in sight.serving):
        return ""
    return service.task_definition


def _other_definition(sight: Sight) -> str:
    """S14: somebody deployed into one of the two services."""
    told = [
        f"{sight.target.side(group).service} runs {short(other)} now, not {sight.sides.name(group)}"
        for side, group in zip(SIDES, sight.sides.groups, strict=True)
        if (other := replaced(sight, side))
    ]
    return "; ".join(told)


def _pinned(sight: Sight) -> bool | None:
    """What could not be read is as it was: a missing word is no change of the limits."""
    if isinstance(sight.limits, TargetError):
        return sight.rollout.seen.pinned if sight.rollout and sight.rollout.seen else None
    return sight.pins.held


def _facts(sight: Sight, side: Side) -> Facts:
    index = SIDES.index(side)
    return Facts(
        service=sight.services[index],
        targets=sight.targets[index],
        ours=sight.ours[index],
        needed=sight.needed,
        traffic=side in sight.serving,
        patient=_patient(sight, side),
        crash=sight.crash[index],
    )


def _patient(sight: Sight, side: Side) -> bool:
    """Whether its targets have not had their time yet; while it comes up the launch has a deadline of its own."""
    service, rollout = sight.services[SIDES.index(side)], sight.rollout
    if rollout is None or isinstance(service, TargetError):
        return True
    grace = GRACE + timedelta(seconds=service.health_check_grace_period_seconds)
    asked_lately = rollout.asked_at is not None and sight.at - rollout.asked_at < grace
    return asked_lately or (side == "candidate" and rollout.phase is Phase.LAUNCHING)
