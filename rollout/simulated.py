"""Shipped doubles: a clock moved by hand and a world of aliases and alarms that behaves like AWS where it matters.

Used by tests, property tests and anybody who wants to try the machine without AWS. No threads, no real clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from rollout.actions import Action, Finish, Launch, Outcome, Retire, Shift
from rollout.model import Phase, Rollout
from rollout.release import Prepared, Release
from rollout.seen import AlarmReading, Fault, Observation, Seen, SideHealth
from rollout.simulated_course import SimulatedAws

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]


class ManualClock:
    """A clock that stands still until it is moved; it may be moved back."""

    def __init__(self, at: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._at = at
        self._passed = 0.0

    def now(self) -> datetime:
        """The moment it was last moved to."""
        return self._at

    def monotonic(self) -> float:
        """Seconds that really passed: what it was advanced by, never what it was set by."""
        return self._passed

    def advance(self, by: timedelta) -> datetime:
        """Let time pass; a negative time only sets it back."""
        self._passed += max(by.total_seconds(), 0.0)
        return self.set(by)

    def set(self, by: timedelta) -> datetime:
        """Somebody sets the clock, ahead or back: no time passes."""
        self._at += by
        return self._at


@dataclass(slots=True)
class SimulatedFleet:
    """The servers behind a target: each version has some of them, one more is up each time somebody looks."""

    needed: int = 4
    desired: dict[str, int] = field(default_factory=lambda: {"1": 4})
    ready: dict[str, int] = field(default_factory=lambda: {"1": 4})
    limits: dict[str, int] = field(default_factory=dict)
    """No more than that many of a version come up for now."""
    pinned: bool = False

    def grow(self) -> None:
        """One look later."""
        for version, wanted in self.desired.items():
            self.ready[version] = min(self.ready.get(version, 0) + 1, wanted, self.limits.get(version, wanted))

    def side(self, version: str, said: SideHealth) -> SideHealth:
        """What is to be seen of that version's servers."""
        ready, wanted = self.ready.get(version, 0), self.desired.get(version, 0)
        if not wanted:  # known, whatever is not: nobody asked for any
            return SideHealth(text="no server of it is asked for", ready=0, needed=self.needed)
        if said.state != "healthy":
            return said.model_copy(update={"ready": 0 if said.state == "sick" else None, "needed": self.needed})
        return SideHealth(
            state="healthy" if ready >= self.needed else "unknown", text=f"{ready} of {self.needed} targets healthy",
            ready=ready, needed=self.needed, coming=wanted >= self.needed > ready,
        )  # fmt: skip

    def perform(self, rollout: Rollout, action: Action) -> None:
        """Launch, retire or finish."""
        sides = {"stable": rollout.stable, "candidate": rollout.candidate}
        if isinstance(action, Launch):
            self.desired[action.release], self.pinned = self.needed, True
        elif isinstance(action, Retire) and (side := sides[action.side]) is not None:
            self.desired[side.id] = self.ready[side.id] = 0
        elif isinstance(action, Finish):
            self.pinned = False


@dataclass(slots=True)
class SimulatedTarget:
    """A weighted alias: one main version, at most one other with a share, a revision that changes with each write."""

    main: str = "1"
    extra: dict[str, int] = field(default_factory=dict)
    """Version -> percent."""
    versions: dict[str, SideHealth] = field(
        default_factory=lambda: {"1": SideHealth(state="healthy"), "2": SideHealth(state="healthy")}
    )
    fleet: SimulatedFleet | None = None
    """Where its sides are made of servers."""
    aws: SimulatedAws | None = None
    """Where AWS moves the traffic by itself."""
    revision: int = 1
    applied: list[tuple[datetime, str, int, str]] = field(default_factory=list)
    """Every write that took effect: when, main version, candidate's percent, by key (or `hand`)."""

    def write(self, at: datetime, main: str, extra: dict[str, int], by: str) -> None:
        """Change the split, as AWS applies it."""
        self.main, self.extra = main, {name: share for name, share in extra.items() if share}
        self.revision += 1
        self.applied.append((at, main, sum(extra.values()), by))

    def share(self, version: str) -> int:
        """The percentage of traffic that a version gets."""
        if version == self.main:
            return 100 - sum(self.extra.values())
        return self.extra.get(version, 0)


@dataclass(slots=True)
class SimulatedAlarm:
    """An alarm with its transitions."""

    state: State = "OK"
    since: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    past: list[tuple[datetime, State]] = field(default_factory=list)

    def turn(self, state: State, at: datetime) -> None:
        """Change the state; turning to the same one is no change."""
        if state != self.state:
            self.state, self.since = state, at
            self.past.append((at, state))


@dataclass(slots=True)
class Faults:
    """What goes wrong next; each count is used up by the calls it spoils."""

    targets_unreadable: int = 0
    alarms_unreadable: int = 0
    writes_refused: int = 0
    replies_lost: int = 0
    """The write is applied, its reply never comes."""
    writes_dropped: int = 0
    """The write is not applied, and no reply comes either."""

    def use(self, name: str) -> bool:
        """True, once per count."""
        left: int = getattr(self, name)
        setattr(self, name, max(left - 1, 0))
        return left > 0


class SimulatedWorld:
    """Implements ports.World over simulated targets and alarms."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.targets: dict[str, SimulatedTarget] = {}
        self.alarms: dict[str, SimulatedAlarm] = {}
        self.faults = Faults()
        self.calls: list[tuple[str, str]] = []
        """Every perform: key and outcome."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """One look at each; targets first, alarms after."""
        return {rollout.id: self._observe(rollout) for rollout in rollouts}

    def _observe(self, rollout: Rollout) -> Observation:
        now = self.clock.now()
        parts: dict[str, object] = {"at": now}
        if self.faults.use("targets_unreadable"):
            parts["fault"] = Fault(kind="throttle", text=f"{rollout.target} could not be read: throttled")
        elif rollout.phase is Phase.REQUESTED:
            parts |= self._prepare(rollout)
        else:
            parts["seen"] = self._seen(rollout, self.targets[rollout.target])
        if rollout.terms.alarms and self.faults.use("alarms_unreadable"):
            parts["alarms_fault"] = Fault(kind="throttle", text="alarms could not be read: throttled")
        else:
            parts["alarms"] = tuple(self._read(gate.name, rollout) for gate in rollout.terms.alarms)
            parts["alarms_at"] = now
        return Observation.model_validate(parts)

    def _prepare(self, rollout: Rollout) -> dict[str, object]:
        target = self.targets[rollout.target]
        wanted = rollout.wanted or max(target.versions, key=int)
        known = ", ".join(sorted(target.versions))
        if wanted not in target.versions:
            return {"refusal": Fault(kind="absent", text=f"there is no version {wanted}", hint=f"there are {known}")}
        if wanted == target.main and not target.extra:
            return {"refusal": Fault(kind="done", text=f"{rollout.app} already serves {wanted}", hint=known)}
        if target.extra:
            return {"refusal": Fault(kind="state", text="the alias already splits its traffic", hint="end that first")}
        return {"prepared": Prepared(stable=Release(id=target.main), candidate=Release(id=wanted))}

    def _seen(self, rollout: Rollout, target: SimulatedTarget) -> Seen:
        if target.aws is not None:
            return self._followed(rollout, target, target.aws)
        stable = rollout.stable.id if rollout.stable else ""
        candidate = rollout.candidate.id if rollout.candidate else ""
        shares = {name: target.share(name) for name in {target.main, *target.extra} if target.share(name)}
        ours = set(shares) <= {stable, candidate}
        words = ", ".join(f"{name}: {share} %" for name, share in sorted(shares.items()))
        sides = {
            name: target.versions.get(name, SideHealth(state="sick", text="gone")) for name in (stable, candidate)
        }
        parts: dict[str, object] = {}
        if target.fleet is not None:
            target.fleet.grow()
            sides = {name: target.fleet.side(name, said) for name, said in sides.items()}
            down = {side for side, name in (("stable", stable), ("candidate", candidate))
                    if not target.fleet.desired.get(name)}  # fmt: skip
            parts = {"pinned": target.fleet.pinned, "retired": tuple(sorted(down))}
        return Seen.model_validate(parts | {
            "at": self.clock.now(),
            "percent": target.share(candidate) if ours else None,
            "foreign": "" if ours else words,
            "stable": sides[stable],
            "candidate": sides[candidate],
            "revision": str(target.revision),
        })  # fmt: skip

    def _followed(self, rollout: Rollout, target: SimulatedTarget, aws: SimulatedAws) -> Seen:
        now = self.clock.now()
        course = aws.course(rollout, now)
        if course.state == "done":
            target.main = course.release
        gone = SideHealth(state="sick", text="gone")
        ids = [side.id if side else "" for side in (rollout.stable, rollout.candidate)]
        stable, candidate = (target.versions.get(name, gone) for name in ids)
        percent = None if aws.split or aws.unknown else aws.percent(rollout.id)
        return Seen(at=now, percent=percent, foreign=aws.split, stable=stable, candidate=candidate, course=course)

    def _read(self, name: str, rollout: Rollout) -> AlarmReading:
        alarm = self.alarms.get(name)
        if alarm is None:
            return AlarmReading(name=name, found=False)
        history = "unread"
        if alarm.state == "OK" and alarm.since >= rollout.gate_from:
            red = any(state == "ALARM" and at >= rollout.gate_from for at, state in alarm.past)
            history = "red" if red else "clean"
        return AlarmReading.model_validate(
            {
                "name": name,
                "state": alarm.state,
                "since": alarm.since,
                "history": history,
                "text": "8.2 over limit 1",
            }
        )

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Do it once, as a write client without retries would."""
        outcome = self._perform(rollout, action, key)
        self.calls.append((key, outcome.state))
        return outcome

    def _perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        target = self.targets[rollout.target]
        moves = isinstance(action, Shift) or target.fleet is not None or target.aws is not None
        if not moves or rollout.stable is None or rollout.candidate is None:
            return Outcome(state="done")
        if self.faults.use("writes_refused"):
            return Outcome(state="failed", text="not authorised to perform UpdateAlias", hint="allow it")
        if self.faults.use("writes_dropped"):
            return Outcome(state="unknown", text="no answer")
        if target.aws is not None:
            outcome = target.aws.perform(rollout, action, self.clock.now())
            lost = outcome.state == "done" and self.faults.use("replies_lost")
            return Outcome(state="unknown", text="no answer") if lost else outcome
        if not isinstance(action, Shift):
            if target.fleet is not None:
                target.fleet.perform(rollout, action)
            return Outcome(state="unknown" if self.faults.use("replies_lost") else "done", text="")
        if rollout.seen is not None and rollout.seen.revision not in ("", str(target.revision)):
            return Outcome(state="failed", text="somebody changed the alias in between")
        main = rollout.candidate.id if action.percent == 100 else rollout.stable.id
        extra = {rollout.candidate.id: action.percent} if 0 < action.percent < 100 else {}
        target.write(self.clock.now(), main, extra, key)
        if self.faults.use("replies_lost"):
            return Outcome(state="unknown", text="the reply was lost")
        return Outcome(state="done")
