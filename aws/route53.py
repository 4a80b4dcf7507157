"""The driver `route53`: two weighted records of one name, traffic moved by their weights. Judges nothing.

A release is one of the two records, blue or green: its id is the set identifier, and it is pinned to where the record
leads. What runs behind it is deployed by others; a record that leads elsewhere in the middle of a rollout is no longer
known healthy (nothing is raised to it), but its weight is still ours, so the way back stays open.

Route 53 is global: its records and calls belong to no region. `region` is where the target's alarms are.

*No compare-and-swap.* AWS takes every batch. So the records are read directly before a write, and compared with those
that the deciding look saw (`Seen.revision` is their fingerprint); what somebody writes between that read and our write,
some milliseconds, is lost. A write of ours that was given up and lands late is seen by the looks of the following
minutes: no weight counts as seen before TTL and propagation have passed.

*Settled.* A weight counts when clients have followed it: after GetChange says INSYNC and one TTL has gone by, so that
no bake is watched while resolvers still give old answers. How a look knows what to ask is in `Mark`: it stands in the
rollout's own row, nothing in this process. A weight of ours whose change nobody knows the id of (lost reply, killed
process) waits for 60 s, which is AWS's word for how long it takes, and the TTL. Somebody else's weight is taken for
settled at once, or an edit would stay unseen for minutes (S14). A rollout that goes back does not wait for the raise
that it undoes.

*Health* is that of the record's health check (route53_health.py). Without one nothing is known, and that counts as
healthy, with the words that it is only not known sick: a raise needs the receiving side known healthy (S7), and a
stack that nobody checks could otherwise never be deployed; the preflight says that nothing vouches for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationError, model_validator

from aws import route53_health, route53_preflight
from aws.calls import Calls
from aws.driver import failed, misfit, only_seen, sides
from aws.faults import CallError, clip
from aws.route53_facts import (
    PROPAGATION,
    Changed,
    HealthCheck,
    Mark,
    Records,
    Wanted,
    candidate_share,
    plain,
    same_place,
    split_words,
)
from aws.route53_preflight import Sides
from aws.route53_reads import change_status, every_type, health_check, records_of
from aws.sessions import Place, Sessions
from rollout.actions import Action, Outcome, Shift
from rollout.errors import TargetError
from rollout.model import Phase, Rollout
from rollout.ports import Capabilities, Clock, TargetModel
from rollout.release import Check, Prepared, Release
from rollout.seen import Seen, SideHealth

OPERATIONS: Final[Mapping[str, str]] = {
    "route53:ListResourceRecordSets": "hostedzone/{zone}",
    "route53:ChangeResourceRecordSets": "hostedzone/{zone}",
    "route53:GetChange": "change/*",
    "route53:GetHealthCheck": "healthcheck/*",
    **route53_health.OPERATIONS,
}


class Route53Target(TargetModel):
    """`[apps.<app>.env.<env>]` with `kind = "route53"`. `region`: of the alarms."""

    kind: Literal["route53"] = "route53"
    zone: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,32}$")]
    name: Annotated[
        str, Field(pattern=r"^(\*\.)?([A-Za-z0-9_-]{1,63}\.)+[A-Za-z0-9-]{1,63}\.?$"), AfterValidator(plain)
    ]
    type: Literal["A", "AAAA", "CNAME"]
    blue: Annotated[str, Field(pattern=r"^\S{1,128}$")]
    green: Annotated[str, Field(pattern=r"^\S{1,128}$")]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
    iam_role: Annotated[str, Field(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+)?$")] = ""

    @model_validator(mode="after")
    def _two(self) -> "Route53Target":
        if self.blue == self.green:
            raise ValueError(f"blue and green are both {self.blue!r}: name the set identifiers of two records")
        return self

    @property
    def wanted(self) -> Wanted:
        """The two records."""
        return Wanted(self.zone, self.name, self.type, self.blue, self.green)


class _Sight(NamedTuple):
    """One rollout's records while its look is made."""

    rollout: Rollout
    place: Place
    found: Records
    mark: Mark
    at: datetime


class Route53:
    """One read a look, one more where a change is under way, one for the health checks of all; a read and a write a
    step.
    """

    kind: ClassVar[str] = "route53"
    Target: ClassVar[type[TargetModel]] = Route53Target
    capabilities: ClassVar[Capabilities] = Capabilities(weights="any", launches=False, servers=True)
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin what was asked for, say what would change, check that traffic can move. Read only."""
        target = _target(rollout)
        found, types, calls = self._both(target)
        names = route53_preflight.resolve(target.wanted, found, rollout.wanted)
        about = self._sides(target, calls, found, names)
        return route53_preflight.prepared(target.wanted, found, about, types, rollout.terms.timing.move)

    def examine(self, target: TargetModel) -> tuple[Check, ...]:
        """Whether the two records are there, and what a rollout would meet. Read only."""
        mine = Route53Target.model_validate(target.model_dump(mode="json"))
        found, types, calls = self._both(mine)
        served = found.served
        names = (served, mine.green if served == mine.blue else mine.blue)
        return route53_preflight.standing(mine.wanted, found, self._sides(mine, calls, found, names), types)

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """What the records show now, whether clients have followed, and the health of both sides."""
        return only_seen(self.look(rollouts))

    def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen | TargetError]:
        """The same, with a reason for each that could not be read."""
        looks: dict[int, Seen | TargetError] = {}
        sights: list[_Sight] = []
        for rollout in rollouts:
            try:
                sights.append(self._sight(rollout))
            except TargetError as error:
                looks[rollout.id] = error
        health = self._health_of(sights)
        for sight in sights:
            looks[sight.rollout.id] = _seen(sight, health)
        return looks

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Write both weights in one batch, absolutely, if the records are as they were last seen.

        The key travels as the batch's comment: for whoever reads CloudTrail, AWS makes nothing of it.
        """
        if not isinstance(action, Shift):
            # The stacks are others' to start and stop, and a record of weight 0 is kept to go back to.
            return Outcome(state="done", text="nothing to do for a DNS record")
        try:
            return self._shift(rollout, action.percent, key)
        except CallError as error:
            return failed(error)
        except TargetError as error:
            return Outcome(state="failed", text=error.fact, hint=error.hint)

    def _shift(self, rollout: Rollout, percent: int, key: str) -> Outcome:
        target = _target(rollout)
        stable, candidate = sides(rollout)
        if rollout.seen is None or not rollout.seen.revision:
            # Without it the write would be blind, and could undo somebody else's.
            raise TargetError("state", f"the records of {target.name} have not been read yet", "look first")
        calls = self._calls(target)
        found = records_of(calls, target.wanted)
        share = candidate_share(found, stable.id, candidate.id)
        if found.fingerprint != Mark.parse(rollout.seen.revision).fingerprint:
            if share == percent:
                return Outcome(state="done", text=f"it stands already: {split_words(found.shares)}")
            text = f"somebody changed the records of {target.name} in between; nothing was written"
            return Outcome(state="failed", text=text, hint="look at what changed before going on")
        _ours_only(target, found, (stable.id, candidate.id))
        asked = found.weighing({stable.id: 100 - percent, candidate.id: percent})
        changes = [
            {"Action": "UPSERT", "ResourceRecordSet": row} for row in asked.rows_of((stable.id, candidate.id))
        ]
        reply = calls.write(
            "ChangeResourceRecordSets", Changed, HostedZoneId=target.zone,
            ChangeBatch={"Comment": f"tidegate {key}"[:256], "Changes": changes},
        )  # fmt: skip
        change = reply.change_info.id.rsplit("/", 1)[-1]
        return Outcome(
            state="done",
            text=f"{split_words(asked.shares)} (change {change})",
            request_id=reply.response_metadata.request_id,
            revision=str(Mark(asked.fingerprint, change=change)),
        )

    def _sight(self, rollout: Rollout) -> _Sight:
        at = self._clock.now()  # before the reads: what is seen is at least as new as it says
        target = _target(rollout)
        sides(rollout)
        calls = self._calls(target)
        found = records_of(calls, target.wanted)
        return _Sight(rollout, _place(target), found, self._mark(calls, rollout, found, at), at)

    def _mark(self, calls: Calls, rollout: Rollout, found: Records, at: datetime) -> Mark:
        """What is still under way, out of what the last look (or a write since) left in the row."""
        fresh = Mark(found.fingerprint)
        if rollout.seen is None or not rollout.seen.revision:
            return fresh
        before = Mark.parse(rollout.seen.revision)
        longest = PROPAGATION + found.ttl
        if before.fingerprint != fresh.fingerprint:
            stable, candidate = sides(rollout)
            ours = candidate_share(found, stable.id, candidate.id) in rollout.asked
            return fresh.waiting(at, longest) if ours else fresh
        if not before.change:
            return before.later(at, longest)
        if _goes_back(rollout, found):
            return before  # nobody waits for it
        status = change_status(calls, before.change)
        if status == "PENDING":
            return before
        return fresh.waiting(at, found.ttl if status == "INSYNC" else longest)

    def _health_of(self, sights: Iterable[_Sight]) -> dict[str, SideHealth]:
        """By health check; one call for all of a place. Unknown, with the reason, when it could not be read."""
        wanted: dict[Place, set[str]] = defaultdict(set)
        for sight in sights:
            wanted[sight.place] |= {one.health_check_id for one in sight.found.sets.values() if one.health_check_id}
        found: dict[str, SideHealth] = {}
        for place, checks in wanted.items():
            found.update(self._checked(place, checks))
        return found

    def _checked(self, place: Place, checks: set[str]) -> dict[str, SideHealth]:
        if not checks:
            return {}
        try:
            told = route53_health.verdicts(self._sessions, place, checks, self._clock.now())
        except TargetError as error:
            return {check: SideHealth(text=error.fact) for check in checks}
        words = {True: ("healthy", "succeeds"), False: ("sick", "fails")}
        health = {}
        for check in checks:
            state, verb = words[told[check]] if check in told else ("unknown", "told nothing for 5 min")
            health[check] = SideHealth.model_validate({"state": state, "text": f"health check {check} {verb}"})
        return health

    def _both(self, target: Route53Target) -> tuple[Records, list[str], Calls]:
        """The two records, and which types the name has; Refused when they are not two weighted ones."""
        calls = self._calls(target)
        found, types = every_type(calls, target.wanted)
        route53_preflight.two_sets(target.wanted, found, types)
        return found, types, calls

    def _sides(self, target: Route53Target, calls: Calls, found: Records, names: tuple[str, str]) -> Sides:
        ids = {name: found.sets[name].health_check_id for name in names}
        checks = {name: health_check(calls, name, check) for name, check in ids.items() if check}
        real = {ids[name] for name, check in checks.items() if isinstance(check, HealthCheck)}
        health = self._checked(_place(target), real)
        stable, candidate = (_side(found, Release(id=name), health) for name in names)
        return Sides(names, (stable, candidate), checks)

    def _calls(self, target: Route53Target) -> Calls:
        return Calls(self._sessions, _place(target), "route53", OPERATIONS, zone=target.zone)


def _target(rollout: Rollout) -> Route53Target:
    try:
        return Route53Target.model_validate(rollout.terms.settings)
    except ValidationError as error:
        raise misfit(rollout, error) from None


def _place(target: Route53Target) -> Place:
    return Place(target.iam_role, target.region)


def _ours_only(target: Route53Target, found: Records, ours: tuple[str, str]) -> None:
    """Nothing can be written that would not be what was asked for."""
    missing = [name for name in ours if name not in found.sets]
    if missing:
        raise TargetError("state", f"{target.name} has no record {' and '.join(missing)}", "create it again")
    others = sorted(name for name, one in found.sets.items() if name not in ours and one.weight)
    if others:
        told = route53_preflight.weight_words(found)
        fact = f"{target.name} has {told}: {', '.join(others)} is not ours to change"
        raise TargetError("state", fact, "give it weight 0, or delete it")


def _goes_back(rollout: Rollout, found: Records) -> bool:
    """It is on its way back and not there: the raise that it undoes is not waited for."""
    stable, candidate = sides(rollout)
    return rollout.phase in (Phase.ROLLING_BACK, Phase.STUCK) and candidate_share(found, stable.id, candidate.id) != 0


def _seen(sight: _Sight, health: Mapping[str, SideHealth]) -> Seen:
    stable, candidate = sides(sight.rollout)
    percent = candidate_share(sight.found, stable.id, candidate.id)
    return Seen(
        at=sight.at,
        percent=percent,
        foreign=split_words(sight.found.shares) if percent is None else "",
        settled=sight.mark.settled or _goes_back(sight.rollout, sight.found),
        stable=_side(sight.found, stable, health),
        candidate=_side(sight.found, candidate, health),
        revision=str(sight.mark),
    )


def _side(found: Records, release: Release, health: Mapping[str, SideHealth]) -> SideHealth:
    """What is known of one record."""
    record = found.sets.get(release.id)
    if record is None:
        return SideHealth(state="sick", text=f"there is no record {release.id}")
    seen = health.get(record.health_check_id) if record.health_check_id else None
    if seen is not None:
        seen = seen.model_copy(update={"text": f"{release.id}: {seen.text}"})
    else:
        seen = SideHealth(state="healthy", text=f"{release.id} has no health check: not known sick")
    meant = release.pinned.get("value", record.leads_to)
    if seen.state == "healthy" and not same_place(meant, record.leads_to):
        return SideHealth(text=f"{release.id} leads to {clip(record.leads_to)} now, it was {clip(meant)}")
    return seen
