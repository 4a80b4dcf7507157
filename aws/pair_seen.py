"""Puts together what a look at two sides behind listener rules found: shares, health, limits. Pure: no calls."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from aws.alb_address import Address
from aws.alb_facts import Rule, Rules, Sides, Targets
from aws.pair_health import Crew, Facts, health
from aws.pair_limits import SIDES, Least, Limit, Pins, Side, floor_of
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
    test: Address | None = None


class Sight(NamedTuple):
    """Everything that one look read about one rollout; the stable side first."""

    rollout: Rollout | None
    """None where only the target is examined."""
    floor: int
    """Servers that a side keeps while it is idle."""
    sides: Sides
    at: datetime
    rules: Rules
    keys: tuple[str, str]
    """Under which names the limits of both are found."""
    crews: tuple[Crew | TargetError, Crew | TargetError]
    limits: Mapping[str, Limit] | TargetError
    targets: tuple[Targets | TargetError, Targets | TargetError] = (Targets(0, 0, 0), Targets(0, 0, 0))
    ours: tuple[bool | TargetError, bool | TargetError] = (False, False)
    crash: tuple[str, str] = ("", "")
    tried: Rule | TargetError | None = None
    """The test rule; None where there is none."""

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot.model_validate(self.rollout.snapshot if self.rollout else {})

    @property
    def size(self) -> int:
        """What carried all traffic when the rollout began: neither side may get smaller."""
        stable, count = self.crews[0], self.snapshot.count
        present = 0 if isinstance(stable, TargetError) else stable.desired_count
        return max(present if count is None else count, self.floor, 1)

    @property
    def serving(self) -> frozenset[Side]:
        """Who has traffic under any rule."""
        groups = {group for rule in self.rules.rows for group in rule.shares}
        return frozenset(side for side, group in zip(SIDES, self.sides.groups, strict=True) if group in groups)

    @property
    def needed(self) -> int:
        """How many targets carry all traffic now: as many as began, or as the side with most of it has by now."""
        total = [sum(rule.shares.get(group, 0.0) for rule in self.rules.rows) for group in self.sides.groups]
        main = [one for one, share in zip(self.crews, total, strict=True) if share == max(total)]
        return max([self.size, *(one.desired_count for one in main if not isinstance(one, TargetError))])

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
        found = [self.limits.get(key) for key in self.keys]
        return Least(*(one.least if one else None for one in found))

    @property
    def idle(self) -> tuple[Side, ...]:
        """Sides that stand at their floor."""
        return tuple(
            side for side, crew in zip(SIDES, self.crews, strict=True)
            if not isinstance(crew, TargetError) and crew.desired_count <= floor_of(self.before, side, self.floor)
        )  # fmt: skip

    @property
    def pins(self) -> Pins:
        return Pins(self.before, self.now, self.size, self.serving, frozenset(self.idle))


def seen(sight: Sight) -> Seen:
    """The target as it was found."""
    percent = sight.rules.percent(sight.sides)
    # S14: somebody deployed into one of the two.
    other = "; ".join(told for side in SIDES if (told := replaced(sight, side)))
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


def snapshot(sight: Sight, test: Address | TargetError | None = None) -> dict[str, object]:
    """How things stand before the first write, and where the new release can be tried."""
    crews = [crew for crew in sight.crews if not isinstance(crew, TargetError)]
    return {
        "count": sight.size, "limits": sight.now._asdict(),
        "crews": {crew.name: {"runs": crew.runs, "desired": crew.desired_count} for crew in crews},
        "rules": {rule.arn: list(rule.actions) for rule in sight.rules.rows},
        **({"test": test.model_dump()} if isinstance(test, Address) else {}),
    }  # fmt: skip


def replaced(sight: Sight, side: Side) -> str:
    """What somebody gave a side that serves, in words; empty where it is asked for its release."""
    index = SIDES.index(side)
    crew, ours = sight.crews[index], sight.ours[index]
    if ours is not False or isinstance(crew, TargetError) or (side == "candidate" and side not in sight.serving):
        return ""
    return f"{crew.name} runs {crew.runs} now, not {sight.sides.name(sight.sides.groups[index])}"


C = TypeVar("C")


def crews_of(sight: Sight, kind: type[C]) -> tuple[C, C]:
    """Both crews, of that kind. The first failure when one could not be read."""
    found = []
    for crew in sight.crews:
        if isinstance(crew, TargetError):
            raise crew
        if not isinstance(crew, kind):
            raise TypeError(f"{crew.name} is no {kind.__name__}")
        found.append(crew)
    stable, candidate = found
    return stable, candidate


def _pinned(sight: Sight) -> bool | None:
    """What could not be read is as it was: a missing word is no change of the limits."""
    if isinstance(sight.limits, TargetError):
        return sight.rollout.seen.pinned if sight.rollout and sight.rollout.seen else None
    return sight.pins.held


def _facts(sight: Sight, side: Side) -> Facts:
    index = SIDES.index(side)
    return Facts(
        crew=sight.crews[index],
        targets=sight.targets[index],
        ours=sight.ours[index],
        needed=sight.needed,
        traffic=side in sight.serving,
        patient=_patient(sight, side),
        crash=sight.crash[index],
    )


def _patient(sight: Sight, side: Side) -> bool:
    """Whether its targets have not had their time yet; while it comes up the launch has a deadline of its own."""
    crew, rollout = sight.crews[SIDES.index(side)], sight.rollout
    if rollout is None or isinstance(crew, TargetError):
        return True
    grace = GRACE + timedelta(seconds=crew.grace)
    asked_lately = rollout.asked_at is not None and sight.at - rollout.asked_at < grace
    return asked_lately or (side == "candidate" and rollout.phase is Phase.LAUNCHING)
