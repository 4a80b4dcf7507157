"""A rollout: its phases and everything its row remembers. No rules here: the table, wishes and looks have them."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from rollout.ask import Bound
from rollout.people import Actor
from rollout.plan import Approve, Step, Watch
from rollout.release import Release
from rollout.seen import AlarmReading, Fault, Seen, Verdict
from rollout.terms import Terms
from rollout.values import ZERO, Frozen, Moment


class Phase(StrEnum):
    """Where a rollout stands (DESIGN §4)."""

    REQUESTED = "requested"
    AWAITING_APPROVAL = "awaiting_approval"
    LAUNCHING = "launching"
    STEPPING = "stepping"
    WAITING = "waiting"
    PAUSED = "paused"
    FINAL_BAKE = "final_bake"
    RETIRING = "retiring"
    ROLLING_BACK = "rolling_back"
    STUCK = "stuck"
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    ADOPTED = "adopted"


TERMINAL = frozenset({Phase.SUCCEEDED, Phase.ROLLED_BACK, Phase.CANCELLED, Phase.REFUSED, Phase.ADOPTED})
LIVE = frozenset(Phase) - TERMINAL

CauseKind = Literal[
    "person", "no_data", "no_gate", "drift", "blind", "alarm", "sick", "deadline", "approve", "reject", "cancel",
    "refused", "stable_sick", "foreign", "crash_loop", "wait", "aws",
]  # fmt: skip


class Cause(Frozen):
    """Why it pauses, waits, goes back, is stuck or has ended: a fact with its values, and who, if anyone."""

    kind: CauseKind
    text: str
    at: Moment
    by: Actor | None = None
    hint: str = ""
    alarms: dict[str, Moment | None] = {}
    """Those that bring it back, with the time of the change that the look saw."""


class Signature(Frozen):
    """One approval, bound to the step and the plan it was given for."""

    by: Actor
    step: int
    plan_hash: str
    at: Moment


class Away(Frozen):
    """Nobody looked between these moments: the bot was not running, or suspended. Nothing was decided meanwhile."""

    since: Moment
    until: Moment


class Waiver(Frozen):
    """[Go on without evidence] for one step, by a person with the right, with a reason."""

    by: Actor
    step: int
    reason: str
    at: Moment
    wait: str = ""
    """The wait of AWS's deployment that it was given for; empty: the step itself."""


class Override(Frozen):
    """A second person's word that alarms which were red before the start say nothing about this release (S13)."""

    by: Actor
    reason: str
    at: Moment
    of: int
    """The rollout that they refused."""


class Rollout(Frozen):
    """One execution of a plan on a target: `#42`."""

    id: int = 0
    app: str
    env: str
    kind: str
    by: Actor
    reason: str = ""
    wanted: str = ""
    """The release as asked for; empty means latest."""
    back: bool = False
    """Going back to a release that served before: one step, exempt from approval and holds."""
    home: Release | None = None
    """Of a way back: the release as recorded when it served, pins included. A name may mean another one today."""
    terms: Terms
    created_at: Moment
    version: int = 0
    """Counts the commits; every save expects the one it read."""

    phase: Phase = Phase.REQUESTED
    phase_at: Moment
    elapsed: timedelta = ZERO
    """Watched time in this phase: grows by at most three look intervals per look, whatever the clock says."""
    reminded: int = 0
    cause: Cause | None = None
    resume_to: Phase | None = None
    resume_cause: Cause | None = None
    person_pause: Cause | None = None
    """A person's pause stays one when a drift or a blindness on top of it ends."""
    fell_for: Cause | None = None
    """Why it went back first; what keeps it from arriving is `cause`."""

    stable: Release | None = None
    candidate: Release | None = None
    diff: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    snapshot: dict[str, object] = {}

    step: int = 0
    gate_from: Moment
    """An alarm that changed since then had its history read: since the present step began."""
    baked: timedelta = ZERO
    last_good: Moment | None = None
    hurry: Bound | None = None
    """A wish to end this bake early."""
    hurry_full: bool = False
    hurry_by: Actor | None = None
    signatures: tuple[Signature, ...] = ()
    waiver: Waiver | None = None

    proven: int | None = None
    """The candidate's share last read equal twice."""
    proven_at: Moment | None = None
    proven_for: timedelta = ZERO
    """Watched time since then: what settle is measured by, whatever the clock says."""
    sighting: str = ""
    """The split as last read; the second equal reading proves it (or is drift)."""
    asked: tuple[int, ...] = ()
    """Shares asked of AWS since `proven`: a reading equal to one of them is our own doing."""
    asked_at: Moment | None = None
    asked_what: str = ""
    """The last action that was asked for, verb and argument."""
    write_failures: int = 0
    """Consecutive calls that AWS refused or whose outcome is unknown."""
    write_fault: Fault | None = None
    peak: int = Field(default=0, ge=0, le=100)
    traffic_from: Moment | None = None
    traffic_to: Moment | None = None
    overwrite: bool = False
    """A person chose [Restore]: what somebody else wrote may be replaced."""
    force: bool = False
    """A person chose [Roll back anyway]."""
    adopting: Cause | None = None
    """A person accepted what AWS shows; it ends when nothing of ours is left behind."""
    pins: bool = False
    """Both sides were seen pinned: from then on somebody else's change of that is drift."""
    shipped: Waiver | None = None
    """[Emergency ship]: the old release was known to be sick, and an admin sent everything to the new one."""
    overridden: Override | None = None
    """Somebody else than the person who asked first started it although alarms were red."""
    known_red: dict[str, Moment] = {}
    """Alarms that were red before a rollback, an emergency ship or an overridden start: each counts only when it turns
    red anew."""

    wait: str = ""
    """The wait that AWS's deployment stands at; an answer to another one is no answer."""
    wait_until: Moment | None = None
    """When AWS stops waiting there."""
    go: str = ""
    """The wait that a person, or enough of them, let it go on from."""
    foreign_told: str = ""
    """The split of somebody else's that was told, so that it is told once."""
    still: str = ""
    """Fingerprint of AWS's deployment as last seen."""
    still_for: timedelta = ZERO
    """Watched time since that changed."""

    last_look: Moment | None = None
    away: Away | None = None
    """Said on the card until the next phase or step."""
    failures: int = 0
    """Consecutive looks that could not read the target or its alarms."""
    fault: Fault | None = None
    seen: Seen | None = None
    alarms: tuple[AlarmReading, ...] = ()
    verdict: Verdict | None = None
    wake_at: Moment | None = None

    @property
    def live(self) -> bool:
        """Not ended."""
        return self.phase in LIVE

    @property
    def target(self) -> str:
        """`app/env`."""
        return f"{self.app}/{self.env}"

    @property
    def here(self) -> Step:
        """The present step of the plan."""
        return self.terms.plan.steps[self.step]

    @property
    def watched(self) -> bool:
        """AWS moves the traffic by itself."""
        return isinstance(self.here, Watch)

    @property
    def signs(self) -> int:
        """How many persons have to approve at a wait of AWS: as the target says, or the plan that AWS was asked for."""
        terms = self.terms
        asked = [step.by for step in (terms.schedule.steps if terms.schedule else ()) if isinstance(step, Approve)]
        return max([*asked, terms.approval.by if terms.approval else 0])

    def made(self, shares: tuple[int, ...]) -> bool:
        """Whether all of these shares are our own doing: proven, or asked for since."""
        return bool(shares) and all(share == self.proven or share in self.asked for share in shares)

    @property
    def bound(self) -> Bound:
        """What a button drawn now is bound to."""
        # What AWS calls a wait is any text; what travels in a button is not.
        wait = hashlib.sha256(self.wait.encode()).hexdigest()[:12] if self.wait else ""
        return Bound(rollout=self.id, step=self.step, plan_hash=self.terms.plan.hash, wait=wait)

    def but(self, **changes: object) -> "Rollout":
        """The same rollout with these fields changed; unknown fields are refused."""
        unknown = changes.keys() - type(self).model_fields.keys()
        if unknown:
            raise TypeError(f"a rollout has no {', '.join(sorted(unknown))}")
        return self.model_copy(update=changes)

    def enter(self, phase: Phase, now: datetime, cause: Cause | None = None, **changes: object) -> "Rollout":
        """The same rollout in another phase, its watched time there beginning anew."""
        if phase is Phase.ROLLING_BACK and self.fell_for is None:
            changes["fell_for"] = cause
        changes = {"away": None, **changes}
        return self.but(phase=phase, phase_at=now, elapsed=ZERO, reminded=0, cause=cause, **changes)
