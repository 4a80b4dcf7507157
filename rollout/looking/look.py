"""One look under decision: the row as it changes, and what is to be done and told. Scratch paper of `decide` only."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollout.actions import Action, Shift
from rollout.durations import print_duration
from rollout.model import Away, Cause, CauseKind, Phase, Rollout
from rollout.notices import Event, NeedsHuman, Notice, What
from rollout.people import Actor
from rollout.plan import SetWeight
from rollout.ports import Hold
from rollout.seen import Observation
from rollout.values import ZERO

FALLING = frozenset({Phase.ROLLING_BACK, Phase.STUCK})
AWAY = timedelta(minutes=2)
"""Shorter gaps are told to nobody: a restart takes seconds, and own errors stretch a look to a minute."""
MAX_TRIES = 5
"""Own errors of AWS in a row before it holds and pages; never a reason to roll back."""


@dataclass(slots=True)
class Look:
    """Row, observation and moment go in; row, actions, notices and perhaps a hold come out."""

    r: Rollout
    obs: Observation
    now: datetime
    passed: timedelta | None = None
    """Time since the look before on a clock that nobody can set; None where there was none: the moments count."""
    gap: timedelta = ZERO
    """Watched time since the look before, at most three look intervals."""
    twice: bool = False
    """The split was read equal to the look before."""
    drift: str = ""
    """What was seen twice and is not our doing, in words."""
    actions: list[Action] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    hold: Hold | None = None

    def set(self, **changes: object) -> None:
        """Change fields of the row."""
        self.r = self.r.but(**changes)

    def cause(self, kind: CauseKind, text: str, hint: str = "") -> Cause:
        """A cause of this moment, nobody's doing."""
        return Cause(kind=kind, text=text, hint=hint, at=self.now)

    def enter(self, phase: Phase, cause: Cause | None = None, **changes: object) -> None:
        """Move to another phase."""
        self.r = self.r.enter(phase, self.now, cause, **changes)

    def pause(self, cause: Cause) -> None:
        """Hold here until the cause is gone or a person answers; remembers where to go on."""
        r = self.r
        keep = r.phase is Phase.PAUSED
        self.enter(
            Phase.PAUSED, cause, resume_to=r.resume_to if keep else r.phase,
            resume_cause=r.resume_cause if keep else r.cause, hurry=None, hurry_full=False, last_good=None,
        )  # fmt: skip

    def fall(self, cause: Cause) -> None:
        """Go back to stable."""
        self.enter(Phase.ROLLING_BACK, cause, resume_to=None, resume_cause=None, hurry=None, hurry_full=False)
        self.tell("going_back", cause.text, loud=True, alarms=tuple(cause.alarms))

    def stick(self, cause: Cause, resume_to: Phase) -> None:
        """Neither forward nor back without a person: page."""
        self.enter(Phase.STUCK, cause, resume_to=resume_to)
        self.page(f"#{self.r.id} is stuck: {cause.text}", cause.hint)

    def tell(
        self, what: What, text: str = "", *, loud: bool = False, percent: int | None = None, by: Actor | None = None,
        alarms: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """One event for the thread; loud ones mention who asked."""
        mention = self._called(what) if loud else ()
        self.notices.append(
            Event(
                rollout=self.r.id,
                what=what,
                text=text,
                loud=loud,
                percent=percent,
                mention=mention,
                by=by,
                alarms=alarms,
                at=self.now,
            )
        )

    def _called(self, what: What) -> tuple[str, ...]:
        """Whom a loud event calls: those who can answer it, else who asked for the rollout."""
        roles = self.r.terms.roles
        answers = roles.approve or roles.deploy
        if self.r.watched and not self.r.signs and what == "approval_wanted":
            answers = roles.deploy
        if what in ("approval_wanted", "no_gate"):
            return tuple(entry for entry in answers if entry[:1] in ("U", "W", "S"))[:10]
        return (self.r.by.id,) if self.r.by.kind == "person" else ()

    def page(self, text: str, hint: str = "") -> None:
        """Somebody has to come."""
        every = self.r.terms.timing.remind
        self.notices.append(NeedsHuman(rollout=self.r.id, text=text, hint=hint, every=every, at=self.now))

    def act(self, action: Action) -> None:
        """Ask for one absolute action; a shift's weight is from now on known to be our own doing."""
        self.actions.append(action)
        if isinstance(action, Shift):
            asked = self.r.asked if self.r.asked[-1:] == (action.percent,) else (*self.r.asked, action.percent)
            self.set(asked=asked, peak=max(self.r.peak, action.percent))
        self.set(asked_at=self.now, asked_what=f"{action.kind} {action.arg}")

    def watched(self, most: timedelta) -> timedelta:
        """Time that really passed since the look before, at most that much: a clock set ahead adds nothing (S5)."""
        if self.r.last_look is None:
            return ZERO
        since = max(self.now - self.r.last_look, ZERO)
        return min(since if self.passed is None else min(since, self.passed), most)

    def nobody_looked(self, since: datetime) -> None:
        """Say so once, where it was long enough to matter: a person would look for what happened meanwhile.

        A bot that ends before its first look, again and again, says it at its first start; the card has the newest end.
        """
        if self.now - since < max(AWAY, 4 * pace(self.r)):
            return
        said = self.r.away is not None and self.r.away.since == since
        self.set(away=Away(since=since, until=self.now))
        if said:
            return
        told = print_duration(timedelta(seconds=round((self.now - since).total_seconds())))
        self.tell("away", f"nobody looked for {told}; nothing was decided meanwhile")

    def asked_lately(self) -> bool:
        """The last call is younger than two moving looks: give its effect time to show."""
        at = self.r.asked_at
        return at is not None and ZERO <= self.now - at < 2 * self.r.terms.timing.look_moving


def pace(r: Rollout) -> timedelta:
    """How often this rollout is looked at: often while something moves, seldom while it waits."""
    timing = r.terms.timing
    moving = r.phase in (Phase.REQUESTED, Phase.LAUNCHING, Phase.RETIRING, Phase.ROLLING_BACK)
    if r.phase is Phase.STEPPING and isinstance(r.here, SetWeight):
        moving = r.proven != r.here.percent
    if r.phase is Phase.STEPPING and r.watched:
        moving = True
    if r.sighting and r.proven is not None and r.sighting != str(r.proven):
        moving = True
    return timing.look_moving if moving else timing.look_waiting
