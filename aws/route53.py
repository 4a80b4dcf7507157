"""The driver `route53`: two weighted record sets of one name, traffic moved by their weights. Judges nothing.

A release is the stack behind a record set: its id is the SetIdentifier, pinned with where the record leads. A record
that leads somewhere else by then is not what was prepared, and is told as foreign.

- *No compare-and-set.* Route 53 has no revision to write against. The record sets are read directly before the write
  and compared with what was last seen; who edits between that read and the write is overwritten, weight and all.
- *Under way.* AWS tells by ChangeId when all its servers know a change. The id travels in `Seen.revision`, which the
  ledger keeps, so a restart loses nothing; nothing is remembered here. Where there is none (the reply was lost), what
  was asked for less than a minute ago counts as under way: AWS promises to propagate within 60 s.
- *TTL.* Resolvers follow up to a TTL later. That is no change under way at AWS, and a rollback must not wait for it:
  the settle time of servers covers 60 s of it, and preparing warns of a longer one.
- *Health.* The record's health check, by its checkers. A record without one is called healthy with the words "not
  known sick": S7 would otherwise hold every raise for ever, and preparing says that nothing vouches for it.
- With all traffic on a side that its health check finds sick, Route 53 itself answers with the side of weight 0.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from aws import route53_preflight
from aws.calls import Calls
from aws.driver import failed, misfit, only_seen, sides
from aws.faults import CallError, clip
from aws.route53_facts import (
    Changed,
    CheckAnswer,
    CheckConfig,
    Observations,
    Page,
    Record,
    aws_name,
    candidate_share,
    fingerprint,
    health,
    shares,
    split_words,
    unwatched,
)
from aws.sessions import Place, Sessions
from rollout.actions import Action, Outcome, Shift
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Capabilities, Clock, TargetModel
from rollout.release import Check, Prepared
from rollout.seen import Seen, SideHealth
from rollout.values import ZERO

OPERATIONS: Final[Mapping[str, str]] = {
    "route53:ListResourceRecordSets": "hostedzone/{zone}",
    "route53:ChangeResourceRecordSets": "hostedzone/{zone}",
    "route53:GetChange": "change/*",
    "route53:GetHealthCheck": "healthcheck/*",
    "route53:GetHealthCheckStatus": "healthcheck/*",
}

MOST_PAGES: Final = 100
"""A name has at most 100 weighted record sets of one type; a page that never ends is not followed for ever."""
PROPAGATION: Final = timedelta(seconds=60)
KNOWN: Final = "insync"
ASKED: Final = "asked"

Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*$")]


class Route53Target(TargetModel):
    """`[apps.<app>.env.<env>]` with `kind = "route53"`. Route 53 is global: `region` is where the alarms are."""

    kind: Literal["route53"] = "route53"
    zone: Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,31}$")]
    name: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9_*-]+(\.[A-Za-z0-9_-]+)+\.?$")]
    type: Literal["A", "AAAA", "CNAME"]
    blue: Identifier
    green: Identifier
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
    iam_role: Annotated[str, Field(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+)?$")] = ""

    @model_validator(mode="after")
    def _two_sides(self) -> Self:
        if self.blue == self.green:
            raise ValueError("blue and green are the same record set: name two")
        return self

    @property
    def where(self) -> str:
        """`CNAME edge.example.test in zone Z0123`."""
        return f"{self.type} {self.name} in zone {self.zone}"


class Route53Records:
    """Reads and writes two record sets per rollout. One read a look, one per health check, one while under way."""

    kind: ClassVar[str] = "route53"
    Target: ClassVar[type[TargetModel]] = Route53Target
    # Careful like servers: their settle time is what resolvers need to follow.
    capabilities: ClassVar[Capabilities] = Capabilities(weights="any", launches=False, servers=True)
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin the other record set, say what would change, check that it can serve. Read only."""
        target, calls = self._at(rollout)
        pair = route53_preflight.pair(target.where, _records(calls, target), (target.blue, target.green))
        old, new = route53_preflight.resolve(target.where, pair, rollout.wanted)
        health = (_side(calls, old), _side(calls, new))
        return route53_preflight.prepared(target.where, (old, new), health, _kinds(calls, pair))

    def examine(self, target: TargetModel) -> tuple[Check, ...]:
        """Whether its names exist, and whether both record sets could share traffic now. Read only."""
        mine = Route53Target.model_validate(target.model_dump(mode="json"))
        calls = self._calls(mine)
        pair = route53_preflight.pair(mine.where, _records(calls, mine), (mine.blue, mine.green))
        old = route53_preflight.served(pair)
        new = next(record for record in pair if record is not old)
        health = (_side(calls, old), _side(calls, new))
        return route53_preflight.standing(mine.where, (old, new), health, _kinds(calls, pair))

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """What each name answers with now, and how both sides are."""
        return only_seen(self.look(rollouts))

    def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen | TargetError]:
        """The same, with a reason for each that could not be read."""
        looks: dict[int, Seen | TargetError] = {}
        for rollout in rollouts:
            try:
                looks[rollout.id] = self._seen(rollout)
            except TargetError as error:
                looks[rollout.id] = error
        return looks

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Shift the weights, absolutely, if the record sets are still as they were last seen.

        The key cannot travel: a change batch has no token. Sent a second time, the comparison refuses it.
        """
        if not isinstance(action, Shift):
            # A stack is brought up and taken down by whoever owns it; the record sets stay, to go back to.
            return Outcome(state="done", text="nothing to do for a record set")
        try:
            return self._shift(rollout, action.percent)
        except CallError as error:
            return failed(error)
        except TargetError as error:
            return Outcome(state="failed", text=error.fact, hint=error.hint)

    def _shift(self, rollout: Rollout, percent: int) -> Outcome:
        target, calls = self._at(rollout)
        stable, candidate = sides(rollout)
        if rollout.seen is None or not rollout.seen.revision:
            # Without it the write would be blind, and could undo somebody else's.
            raise TargetError("state", f"{target.where} has not been read yet", "look first")
        records = _records(calls, target)
        if fingerprint(records) != rollout.seen.revision.partition(" ")[0]:
            text = f"somebody changed {target.where} in between; nothing was written"
            raise TargetError("race", text, "look at what changed before going on")
        weights = {stable.id: 100 - percent, candidate.id: percent}
        missing = weights.keys() - {record.set_identifier for record in records}
        if missing:
            raise TargetError("absent", f"{target.where} has no record set {', '.join(sorted(missing))}", "create it")
        rows = [one.weighing(weights.get(one.set_identifier, one.weight or 0)) for one in records]
        changes = [{"Action": "UPSERT", "ResourceRecordSet": row} for row in rows if row["SetIdentifier"] in weights]
        reply = calls.write(
            "ChangeResourceRecordSets", Changed, HostedZoneId=target.zone, ChangeBatch={"Changes": changes}
        )
        change = reply.change_info
        return Outcome(
            state="done", text=f"{candidate.id}: {percent} %, change {clip(change.id, 40)} is {change.status}",
            request_id=reply.response_metadata.request_id, revision=f"{fingerprint(rows)} {_number(change.id)}",
        )  # fmt: skip

    def _seen(self, rollout: Rollout) -> Seen:
        at = self._clock.now()  # before the reads: what is seen is at least as new as it says
        target, calls = self._at(rollout)
        stable, candidate = sides(rollout)
        records = _records(calls, target)
        found = {record.set_identifier: record for record in records}
        moved = [_moved(release.id, release.pinned.get("value", ""), found) for release in (stable, candidate)]
        foreign = "; ".join(filter(None, moved))
        percent = None if foreign else candidate_share(records, stable.id, candidate.id)
        mark = fingerprint(records)
        change = _under_way(calls, rollout, mark, ours=percent in rollout.asked, now=at)
        return Seen(
            at=at,
            percent=percent,
            foreign=(foreign or split_words(shares(records))) if percent is None else "",
            settled=change in ("", KNOWN),
            stable=_health(calls, stable.id, found),
            candidate=_health(calls, candidate.id, found),
            revision=f"{mark} {change}".rstrip(),
        )

    def _at(self, rollout: Rollout) -> tuple[Route53Target, Calls]:
        try:
            target = Route53Target.model_validate(rollout.terms.settings)
        except ValidationError as error:
            raise misfit(rollout, error) from None
        return target, self._calls(target)

    def _calls(self, target: Route53Target) -> Calls:
        return Calls(self._sessions, Place(target.iam_role, target.region), "route53", OPERATIONS, zone=target.zone)


def _records(calls: Calls, target: Route53Target) -> list[Record]:
    """Every record set of that name and type; they stand together, at the start of what is asked for."""
    name, found = aws_name(target.name), []
    start = {"StartRecordName": name, "StartRecordType": target.type}
    for _ in range(MOST_PAGES):
        page = calls.read("ListResourceRecordSets", Page, HostedZoneId=target.zone, **start)
        found += [one for one in page.resource_record_sets if (aws_name(one.name), one.type) == (name, target.type)]
        following = (aws_name(page.next_record_name), page.next_record_type)
        if not page.is_truncated or following != (name, target.type):
            return found
        start["StartRecordIdentifier"] = page.next_record_identifier
    raise TargetError("transient", f"{target.where} has more than {MOST_PAGES} pages of record sets")


def _under_way(calls: Calls, rollout: Rollout, mark: str, *, ours: bool, now: datetime) -> str:
    """The id of the change that AWS has not finished, or `asked` where none is known; `insync` or nothing when done."""
    last, _, change = (rollout.seen.revision if rollout.seen else "").partition(" ")
    change = change if last == mark else ""
    asked_at = rollout.asked_at
    young = asked_at is not None and ZERO <= now - asked_at < PROPAGATION
    if change == KNOWN:
        return change
    if change in ("", ASKED):
        # A weight that is not ours is never called our own change: that would hide an edit for a minute (S14).
        return ASKED if ours and young else ""
    try:
        status = calls.read("GetChange", Changed, Id=change).change_info.status
    except TargetError:
        return change if young else KNOWN  # what GetChange does not tell, AWS's own promise does
    return KNOWN if status == "INSYNC" else change


def _number(change: str) -> str:
    """`C0123` of `/change/C0123`; without spaces, for it travels as a word."""
    return change.rsplit("/", 1)[-1].replace(" ", "")


def _moved(name: str, pinned: str, found: Mapping[str, Record]) -> str:
    """What to say of a record set that leads somewhere else than when it was pinned; nothing where it is right."""
    if not pinned or name not in found or found[name].value == pinned:
        return ""
    return f"{clip(name, 40)} leads to {clip(found[name].value)} now, it was {clip(pinned)}"


def _health(calls: Calls, name: str, found: Mapping[str, Record]) -> SideHealth:
    if name not in found:
        return SideHealth(state="sick", text=f"record set {clip(name, 40)} does not exist")
    return _side(calls, found[name])


def _side(calls: Calls, record: Record) -> SideHealth:
    """Unknown, with the reason, when it could not be read: no raise, but no rollback is held (S7)."""
    if not record.health_check_id:
        return unwatched(record)
    try:
        answer = calls.read("GetHealthCheckStatus", Observations, HealthCheckId=record.health_check_id)
    except TargetError as error:
        return SideHealth(text=error.fact)
    return health(record.set_identifier, answer)


def _kinds(calls: Calls, records: Sequence[Record]) -> dict[str, CheckConfig]:
    """How the health checks of these record sets are made, by their ids."""
    ids = {record.health_check_id for record in records if record.health_check_id}
    return {
        one: calls.read("GetHealthCheck", CheckAnswer, HealthCheckId=one).health_check.health_check_config
        for one in sorted(ids)
    }
