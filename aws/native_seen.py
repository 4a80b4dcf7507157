"""Puts together what a look at a service that ECS deploys to by itself found: share, health, course. Pure: no calls."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from aws.ecs_definition import short
from aws.faults import clip
from aws.native_course import Own, began, course
from aws.native_replies import Native, NativeFleet, RevisionName
from rollout.course import Course
from rollout.model import Rollout
from rollout.seen import Seen, SideHealth
from rollout.values import Moment

MARGIN: Final = timedelta(minutes=15)
"""How far our clock may be ahead of AWS's."""


class Snapshot(BaseModel):
    """What `Prepared.snapshot` keeps that is needed again: the newest deployment before the rollout, by AWS's clock."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    deployment: str = ""
    at: Moment | None = None
    definition: str = ""
    """The task definition that the service was asked for then."""
    restore: str = ""
    """The deployment whose configuration an earlier way back replaced."""


class Foreign(NamedTuple):
    """A deployment since the rollout began that is of neither release."""

    native: Native
    definition: str


class Sight(NamedTuple):
    """Everything that one look read about one rollout."""

    rollout: Rollout
    fleet: NativeFleet
    at: datetime
    own: tuple[Own, ...] = ()
    """Oldest first."""
    foreign: tuple[Foreign, ...] = ()
    asked: tuple[bool, bool] = (True, False)
    """Whether the service is asked for the task definition of stable, and of the candidate."""
    crash: str = ""
    """Why tasks of the candidate end one like the other."""

    @property
    def newest(self) -> Own | None:
        """The course is this one's."""
        return self.own[-1] if self.own else None

    @property
    def half_back(self) -> bool:
        """AWS went back, and the service is asked for the candidate all the same: its next task would run it."""
        own = self.newest
        return own is not None and own.forward and own.state == "back" and self.asked == (False, True)

    @property
    def under_way(self) -> Foreign | None:
        return next((one for one in reversed(self.foreign) if not one.native.ended), None)


def since(rollout: Rollout) -> tuple[str, datetime]:
    """AWS's own clock where there was a deployment to read it from: ours may differ by minutes.

    Where AWS listed none before there is none of before to be taken for ours, and so room for what our clock is ahead.
    """
    found = Snapshot.model_validate(rollout.snapshot)
    return found.deployment, found.at or rollout.created_at - MARGIN


def seen(sight: Sight) -> Seen:
    """The target as it was found."""
    own = sight.newest
    before = sight.rollout.seen.course if sight.rollout.seen else None
    shown = course(own, before) if own else Course(state="none")
    if sight.half_back:
        told = f"AWS went back, and the service is still asked for {clip(short(sight.fleet.task_definition))}"
        reason = "; ".join(filter(None, (told, shown.reason)))
        shown = shown.model_copy(update={"state": "failed", "reason": reason})
    if other := sight.under_way:
        shown = shown.model_copy(update={"foreign": began(other.native, other.definition)})
    serves = _somebody_else(sight)
    stable, candidate = _health(sight, own)
    percent = None if serves else _percent(sight, own)
    return Seen(
        at=sight.at, percent=percent, foreign=serves, stable=stable, candidate=candidate, course=shown
    )


def _percent(sight: Sight, own: Own | None) -> int | None:
    """What a way back that has not begun found is what was seen last.

    A service that is asked for the candidate since, and shows no deployment of it, may be anywhere on its way.
    """
    if own is None:
        found = Snapshot.model_validate(sight.rollout.snapshot)
        return None if sight.asked[1] and sight.fleet.task_definition != found.definition else 0
    if own.percent is None and own.native.status == "PENDING" and sight.rollout.seen:
        return sight.rollout.seen.percent
    return own.percent


def _somebody_else(sight: Sight) -> str:
    """What serves, where it is neither release; empty where it is one of ours, or not decided yet."""
    newer = [one for one in sight.foreign if not sight.newest or one.native.created_at > sight.newest.native.created_at]
    if newer and newer[-1].native.status == "SUCCESSFUL":
        return f"{clip(short(newer[-1].definition))}: 100 %"
    if not sight.own and not sight.foreign and not any(sight.asked):
        return f"{clip(short(sight.fleet.task_definition))}: 100 %"
    return ""


def _health(sight: Sight, own: Own | None) -> tuple[SideHealth, SideHealth]:
    name = sight.fleet.service_name
    if own is None:
        here = RevisionName(
            arn=name, requested_task_count=sight.fleet.desired_count, running_task_count=sight.fleet.running_count,
            pending_task_count=sight.fleet.pending_count,
        )  # fmt: skip
        return _side(name, here), SideHealth(text=f"{name} does not run this release yet")
    target, sources = own.native.target_service_revision, own.native.source_service_revisions
    old = max(sources, key=lambda one: one.running_task_count, default=RevisionName(arn=name))
    new = _side(name, target, _sickness(sight, own), coming=not own.native.ended)
    return (_side(name, old), new) if own.forward else (new, _side(name, old))


def _sickness(sight: Sight, own: Own) -> str:
    breaker = own.native.deployment_circuit_breaker
    if own.forward and breaker.status == "TRIGGERED":
        return f"the circuit breaker counted {breaker.failure_count} failed tasks"
    return sight.crash if own.forward else ""


def _side(name: str, revision: RevisionName, sick: str = "", *, coming: bool = False) -> SideHealth:
    """Tasks that ECS counts as running; whether they are healthy targets ECS itself waits for before it moves on."""
    running, needed = revision.running_task_count, revision.requested_task_count
    told = f"{name}: {running} of {needed} tasks running"
    if revision.pending_task_count:
        told += f", {revision.pending_task_count} pending"
    if sick:
        return SideHealth(state="sick", text=f"{told}, {sick}", ready=running, needed=needed or None)
    if not needed:
        # Taken down after the other one was at 100 %, or not asked for yet: neither is sick, and 0 is known.
        return SideHealth(text=f"{name}: no task of it is asked for", needed=0)
    whole = running >= needed
    return SideHealth(
        state="healthy" if whole else "unknown", text=told, ready=running, needed=needed, coming=coming and not whole
    )
