"""What was seen in one look at the world; any part may be unknown. Readings only: health.py judges them."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from rollout.course import Course
from rollout.errors import FaultKind
from rollout.release import Prepared
from rollout.values import ZERO, Frozen, Moment


class Fault(Frozen):
    """Why a read or a call failed, in words that name the operation and, where it is one, the missing permission."""

    kind: FaultKind
    text: str
    hint: str = ""


class SideHealth(Frozen):
    """The receiving side: `healthy` and `sick` are knowledge, `unknown` is not."""

    state: Literal["healthy", "sick", "unknown"] = "unknown"
    """Of the whole side: `healthy` could take all traffic, `sick` none; what lies between has counts."""
    text: str = ""
    ready: int | None = None
    """Targets that are known healthy, where the side has targets of its own."""
    needed: int | None = None
    """How many it needs for all traffic."""

    coming: bool = False
    """What Launch asks for stands already; it is only not there yet."""
    late: bool = False
    """Counted by a metric that is a minute or two old: good enough to watch, never to raise."""

    def bears(self, percent: int) -> bool:
        """Whether so much traffic may be sent to it: known healthy just now, or enough of it is (S7)."""
        return not self.late and self.holds(percent)

    def holds(self, percent: int) -> bool:
        """Whether it carries so much traffic as far as anybody knows, be it by a late count: enough to watch on."""
        if self.ready is None or not self.needed:
            return self.state == "healthy"
        return self.state != "sick" and self.ready >= max(1, -(-self.needed * percent // 100))

    @property
    def most(self) -> int:
        """The largest share that it is known to bear; all of it where nothing is counted, for down needs no proof."""
        if self.late or self.ready is None or not self.needed:
            return 100
        return min(100, self.ready * 100 // self.needed)


class Trial(Frozen):
    """Where the new release answers before it has any traffic, and what came of asking it in this look."""

    url: str
    """What a person clicks on."""
    asked: str = ""
    """What is asked once a look; empty: the configuration has no such check."""
    state: Literal["waiting", "elsewhere", "unasked", "passed", "failed", "unreachable"] = "unasked"
    """waiting: nothing healthy answers there yet. elsewhere: it is known to lead to another release.
    failed: an answer that is not the wanted one. unreachable: none at all, which says nothing about the release.
    """
    text: str = ""
    """The values in words: `200 in 41 ms`, `503 instead of 200`."""
    misses: int = Field(default=0, ge=0)
    """Looks in a row whose answer was not the wanted one."""

    @property
    def said(self) -> str:
        """`GET https://shop.example.com/healthz: 503 instead of 200 (3 looks)`."""
        many = f" ({self.misses} look{'s' if self.misses > 1 else ''})" if self.misses else ""
        return f"GET {self.asked}: {self.text or 'not asked yet'}{many}"


class Seen(Frozen):
    """The target as AWS showed it at `at`."""

    at: Moment
    percent: int | None = None
    """The candidate's share, when the split names only our two sides; None when it names anything else."""
    foreign: str = ""
    """The split in words when it names something else, e.g. `3: 100 %`."""
    mix: tuple[int, ...] = ()
    """The candidate's shares where several rules split the traffic and do not agree: what a write in pieces leaves."""
    settled: bool = True
    """False while AWS itself says that a change is still under way."""
    stable: SideHealth = SideHealth()
    candidate: SideHealth = SideHealth()
    retired: tuple[str, ...] = ("stable", "candidate")
    """Sides that hold no capacity of their own (any more); a Lambda version never does."""
    pinned: bool | None = None
    """Whether both sides are kept from shrinking by us; None where nothing scales by itself."""
    revision: str = ""
    """AWS's own token for this state (Lambda RevisionId); travels back with the next write."""
    edited_by: str = ""
    """Who changed it last, when AWS tells."""
    course: Course | None = None
    """Where AWS moves the traffic by itself: how far it is. None for every other driver."""
    trial: Trial | None = None
    """While the candidate has 0 % everywhere, where it has a test address."""

    @property
    def shares(self) -> tuple[int, ...]:
        """The candidate's share under each rule: one, several that do not agree, or none that is ours."""
        return self.mix or (() if self.percent is None else (self.percent,))


class AlarmReading(Frozen):
    """One CloudWatch alarm as returned; `found` False means that AWS knows no alarm of that name."""

    name: str
    found: bool = True
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"] = "INSUFFICIENT_DATA"
    since: Moment | None = None
    """When it entered this state (StateTransitionedTimestamp, else StateUpdatedTimestamp)."""
    clean: bool = True
    """False when its EvaluationState says PARTIAL_DATA, EVALUATION_FAILURE or the like."""
    text: str = ""
    """The values in words: `errors 8.2 %, limit 1 % (2 of 3 min)`. Foreign names inside: escape before showing."""
    window: timedelta = ZERO
    """Period × evaluation periods: it cannot fire faster than this."""
    mixed: bool = True
    """True when its metric cannot tell the two sides apart."""
    history: Literal["unread", "clean", "red", "unreadable"] = "unread"
    """Read only when it changed state since the step began: was there an ALARM in between?"""


class Observation(Frozen):
    """One look: the target, then the alarms (read after it), each with its fault if it could not be read."""

    at: Moment
    seen: Seen | None = None
    fault: Fault | None = None
    alarms: tuple[AlarmReading, ...] = ()
    alarms_at: Moment | None = None
    alarms_fault: Fault | None = None
    prepared: Prepared | None = None
    """Only for a requested rollout."""
    refusal: Fault | None = None
    """Only for a requested rollout: the release does not exist, already serves, or a check failed."""


class Reason(Frozen):
    """One voter and what it said, with its values."""

    voter: str
    vote: Literal["pass", "fail", "blind", "no_data", "no_gate"]
    text: str


class Verdict(Frozen):
    """PASS, FAIL, or UNKNOWN with its cause; `at` is when the alarms behind it were read."""

    outcome: Literal["PASS", "FAIL", "UNKNOWN"]
    cause: Literal["", "blind", "no_data", "no_gate"] = ""
    reasons: tuple[Reason, ...] = ()
    at: Moment | None = None

    def said(self, vote: str) -> str:
        """The texts of all reasons with that vote, joined."""
        return "; ".join(reason.text for reason in self.reasons if reason.vote == vote)
