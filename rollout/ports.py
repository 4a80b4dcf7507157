"""What the inside needs from the world, as small protocols. Implementations live in other rooms, never here."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import Field, model_validator

from rollout.actions import Action, Intent, IntentState, Outcome
from rollout.ask import Ask
from rollout.audit import Entry, Link
from rollout.errors import BadConfig
from rollout.forecast import Configured
from rollout.model import Rollout
from rollout.notices import Notice
from rollout.people import Actor, Person
from rollout.plan import Plan
from rollout.release import Prepared
from rollout.seen import Observation, Seen
from rollout.terms import AlarmGate, Terms
from rollout.values import Frozen, Moment


class Clock(Protocol):
    """The wall clock, in UTC. Only bot/clock.py implements it on the real one."""

    def now(self) -> datetime:
        """The present moment, aware. May jump when somebody sets the clock."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary point, the same within one process; nobody can set them."""
        ...


class Hold(Frozen):
    """A target that nobody may deploy to until somebody releases it; `veto` names the release that was bad."""

    app: str
    env: str
    rollout: int
    by: Actor | None = None
    reason: str
    veto: str = ""
    also: tuple[str, ...] = ()
    """What holds before this one vetoed, and nobody has released since."""
    at: Moment

    @property
    def vetoes(self) -> tuple[str, ...]:
        """Every release that is not deployed again before the target is released."""
        return tuple(dict.fromkeys(name for name in (self.veto, *self.also) if name))

    def after(self, older: "Hold | None") -> "Hold":
        """This hold in place of an older one, whose vetoes it keeps: only a person's word lifts them."""
        if older is None:
            return self
        return self.model_copy(update={"also": tuple(name for name in older.vetoes if name != self.veto)})


class Reply(Frozen):
    """What a request is told at once: the ack. The same request again gets the same reply."""

    ok: bool
    text: str
    hint: str = ""
    offer: str = ""
    rollout: int | None = None
    who: tuple[str, ...] = ()
    """Role entries (ids of persons and groups) that could do it, after a denial."""


class StoredAsk(Frozen):
    """A wish that waits in the ledger: written by a CLI twin, or by a person whose identity is not known yet."""

    dedupe: str
    ask: Ask
    actor: Actor
    state: Literal["new", "identity", "answered"]
    """new: from a CLI twin; identity: the directory must be asked first."""
    reply: Reply | None = None
    address: str = Field(default="", repr=False)
    at: Moment


class Reads(Protocol):
    """Reading the ledger. No read outlives 20 ms or 500 rows: long ones page by key."""

    def rollout(self, id: int) -> Rollout | None:
        """The rollout with that id."""
        ...

    def live(self, app: str, env: str) -> Rollout | None:
        """The one live rollout of a target (S6)."""
        ...

    def last(self, app: str, env: str, *, phase: str = "") -> Rollout | None:
        """The newest rollout of a target that ended, in that phase if one is given."""
        ...

    def all_live(self, limit: int = 500) -> list[Rollout]:
        """Every live rollout, oldest first."""
        ...

    def history(self, app: str = "", env: str = "", *, before: int = 0, limit: int = 20) -> list[Rollout]:
        """Rollouts, newest first; `before` is the id to page on from."""
        ...

    def due(self, now: datetime, limit: int = 500) -> list[Rollout]:
        """Live rollouts whose `wake_at` has come, or lies absurdly far ahead because the clock was set back."""
        ...

    def intents(self, rollout: int, *, open_only: bool = False) -> list[Intent]:
        """Intents of one rollout in order; open ones are planned, sent or unknown."""
        ...

    def hold(self, app: str, env: str) -> Hold | None:
        """The hold on a target."""
        ...

    def person(self, team: str, id: str) -> Person | None:
        """The directory's entry; None when not known."""
        ...

    def directory_read_at(self) -> datetime | None:
        """When the directory was last loaded whole; None when never."""
        ...

    def waiting_asks(self, state: str = "new", limit: int = 100) -> list[StoredAsk]:
        """Wishes stored by others and not yet answered, oldest first."""
        ...

    def stored_ask(self, dedupe: str) -> StoredAsk | None:
        """One wish by its key, e.g. for the CLI that waits for its answer."""
        ...

    def reply_address(self, rollout: int) -> str:
        """Where the person who started that rollout can still be answered privately; empty when nowhere."""
        ...

    def head(self) -> Link | None:
        """The newest audit record."""
        ...

    def audit_page(self, after: int = 0, limit: int = 500) -> list[Link]:
        """Audit records by number, after the given one."""
        ...

    def audit_of(self, rollout: int, limit: int = 200) -> list[Link]:
        """The newest records about one rollout, oldest first."""
        ...


class Work(Reads, Protocol):
    """One unit of work: everything in it commits together or not at all (S10)."""

    def answered(self, dedupe: str) -> Reply | None:
        """The stored answer to exactly this request, if it was seen before."""
        ...

    def remember(self, stored: StoredAsk) -> None:
        """Keep a wish and its answer for replays; the key is unique; a waiting wish of that key becomes this one."""
        ...

    def add(self, rollout: Rollout) -> Rollout:
        """Insert a new rollout and give it its id; Refused when the target already has a live one (S6)."""
        ...

    def save(self, rollout: Rollout) -> Rollout:
        """Write it back with version + 1; Stale when the stored version is not the one that was read. Terminal rows
        never change (S3): Stale too.
        """
        ...

    def plan(self, rollout: Rollout, action: Action, at: datetime) -> Intent:
        """A planned intent, its key from rollout, step and action, its attempt counted."""
        ...

    def mark(self, intent: int, state: IntentState, outcome: str, at: datetime) -> None:
        """Move an intent on."""
        ...

    def audit(self, entry: Entry) -> Link:
        """Append to the chain."""
        ...

    def tell(self, notice: Notice) -> None:
        """Queue a notice for the outbox."""
        ...

    def put_hold(self, hold: Hold) -> None:
        """Hold the target; replaces an older hold."""
        ...

    def drop_hold(self, app: str, env: str) -> None:
        """Release it."""
        ...


class Ledger(Protocol):
    """The memory. `work` takes the one write lock and commits at the end of the block; `reads` does not block."""

    def work(self) -> AbstractContextManager[Work]:
        """A transaction: commit on exit, roll back on any exception."""
        ...

    def reads(self) -> AbstractContextManager[Reads]:
        """A short read."""
        ...


class World(Protocol):
    """Drivers and observers, as the conductor sees them."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """Look at all of one lane, batched; never mutates, never raises for one rollout's sake: faults are values."""
        ...

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Do one absolute action, once, without retries of its own. Never raises."""
        ...


class Lanes(Protocol):
    """Where work on the world runs: one lane per account and region, in order, apart from each other."""

    def submit(self, lane: str, job: Callable[[], None], *, urgent: bool = False) -> None:
        """Queue a job; urgent ones have a thread of their own."""
        ...


class TargetModel(Frozen):
    """What every target's configuration has in common; drivers add their own names. `[apps.<app>.env.<env>]`."""

    kind: str
    region: str
    iam_role: str = ""
    deploy: str | tuple[str, ...] = "deployers"
    alarms: tuple[str | AlarmGate, ...] = ()
    gates: str = "alarms"
    plan: str = "canary"
    plans: dict[str, str] = {}
    bake: str = "15m"
    approve: dict[str, Any] | None = None
    no_data: str = "rollback"
    after: str = ""
    links: dict[str, str] = {}
    alarm_prefix: str | tuple[str, ...] = ()
    alarm_tag: str | tuple[str, ...] = ()

    @property
    def has_commits(self) -> bool:
        """Its releases are made of commits that can be looked up: `{from_commit}` and `{to_commit}` in its links."""
        return False

    @model_validator(mode="after")
    def _links_that_can_be_filled(self) -> "TargetModel":
        for name, address in self.links.items():
            if not self.has_commits and ("{from_commit}" in address or "{to_commit}" in address):
                fact = f"the link {name} asks for commits, and {self.kind} knows none: only images in ECR name them"
                raise BadConfig(fact, "write {from} and {to}, which are the releases' names")
        return self


class Capabilities(Frozen):
    """What a driver can do; plans are checked against it at start."""

    weights: str
    """`any`, `all_or_nothing` or `watch`."""
    pausable: bool = True
    launches: bool = False
    """Launch and Retire mean something: there is capacity to bring up and take down."""
    servers: bool = False
    """Gets the careful built-in canary for servers."""


class Driver(Protocol):
    """One way to deploy. A new one is one file, one line in the registry, and its contract tests."""

    kind: ClassVar[str]
    Target: ClassVar[type[TargetModel]]
    capabilities: ClassVar[Capabilities]

    def prepare(self, rollout: Rollout) -> Prepared:
        """Resolve, diff, preflight: read only. NotFound or Refused when the release cannot be deployed."""
        ...

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """Batched; never mutates. TargetError when nothing could be read; a missing id could not be read."""
        ...

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """One absolute action with the revision in `rollout.seen`; twice with one key is one effect."""
        ...


@runtime_checkable
class Scheduler(Protocol):
    """What a driver with `weights = "watch"` tells beyond Driver: what AWS can step through by itself, and does."""

    @classmethod
    def misfit(cls, target: TargetModel, plan: Plan) -> str:
        """Why AWS cannot run that plan on this target by itself, in words that say what it can; or empty. Offline."""
        ...

    @classmethod
    def bounds(cls, target: TargetModel, plan: Plan) -> tuple[str, ...]:
        """Where what AWS will do differs from what was asked: `90 s becomes 2 min`. Offline."""
        ...

    def configured(self, target: TargetModel) -> Configured:
        """What AWS does by the target's own configuration. Reads AWS; a TidegateError where it cannot be read."""
        ...


class Policy(Protocol):
    """The configuration as the conductor sees it: targets, terms, roles. Swapped whole on reload."""

    def targets(self) -> Sequence[tuple[str, str]]:
        """Every (app, env) that is configured."""
        ...

    def find(self, app: str, env: str) -> tuple[str, str]:
        """The target people mean, aliases and default environment applied; NotFound with the nearest names."""
        ...

    def terms(self, app: str, env: str, plan: str, *, back: bool = False) -> tuple[str, Terms]:
        """Driver kind and the terms a new rollout would get; NotFound with the known plans."""
        ...
