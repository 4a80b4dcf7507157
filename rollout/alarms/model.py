"""The values of the alarm watch: what is watched, what was seen last, what changed, and the notice that tells it.

Readings and facts only. What follows from them is fold.py's; wording for Slack is elsewhere.
"""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from rollout.durations import Duration
from rollout.people import Actor
from rollout.seen import AlarmReading, Fault
from rollout.values import ZERO, Frozen, Moment

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA", "ABSENT", "BLIND", "UNWATCHED"]
"""CloudWatch's three, and three of ours: ABSENT, it was there and CloudWatch knows no alarm of that name any more;
BLIND, nothing can be read at that place, so that silence would be no good news; UNWATCHED, the configuration names it
no more, in lines of a notice only."""

BAD: frozenset[str] = frozenset({"ALARM", "ABSENT", "BLIND"})
"""States that people are told about."""

PLACE = "place"
"""The kind of a line that stands for a whole place which cannot be read; its `name` is the lane."""


class Key(Frozen):
    """One alarm as one app watches it; or, of kind `place`, everything the app watches at one place."""

    app: str
    lane: str
    name: str
    kind: Literal["alarm", "place"] = "alarm"


class Place(Frozen):
    """Where alarms are read: as whom and in which region. `lane` is `account/region`, as rollouts have it."""

    lane: str
    role: str = ""
    region: str


class Scope(Frozen):
    """What one app wants watched at one place. Names of the configuration, and how to find more."""

    app: str
    envs: tuple[str, ...]
    channel: str = ""
    place: Place
    gates: tuple[str, ...] = ()
    """Alarms that also gate the app's rollouts."""
    prefixes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """`key=value`, or `key` for any value."""
    bakes: dict[str, Duration] = {}
    """By gate: the shortest bake of the targets that it gates, for `cannot fire within the bake`."""
    slack: Duration = timedelta(seconds=60)
    """What an alarm may need beyond its own periods: `[timing] alarm_slack`."""


class Mute(Frozen):
    """Messages about an alarm are silenced: until a moment, or until it is OK. Gates are never muted."""

    by: Actor
    at: Moment
    until: Moment | None = None
    """None: until it is OK."""

    def holds(self, now: datetime) -> bool:
        """Still silent, as far as the clock decides it."""
        return self.until is None or now < self.until


class AlarmState(Frozen):
    """What was seen last of one alarm, as stored: the memory against which the next sweep is compared."""

    key: Key
    state: State
    since: Moment | None = None
    """When it entered this state, as CloudWatch says; for ABSENT and BLIND when we noticed."""
    text: str = ""
    """The values in words at the last change. Foreign names inside: escape before showing."""
    clean: bool = True
    window: Duration = ZERO
    mixed: bool = True
    gate: bool = False
    bake: Duration | None = None
    """The shortest bake that it gates; None where it gates none."""
    slack: Duration = timedelta(seconds=60)
    muted: Mute | None = None
    doubt: Moment | None = None
    """When it first was not found, or could not be read: one look alone changes no state to ABSENT or BLIND."""
    fault: Fault | None = None
    """Why a place cannot be read; kind `place` only."""

    @property
    def bad(self) -> bool:
        """People are told about it."""
        return self.state in BAD

    @property
    def too_slow(self) -> bool:
        """Cannot fire within the bake that it gates (DESIGN §7)."""
        return self.bake is not None and self.window > ZERO and self.needs > self.bake

    @property
    def needs(self) -> timedelta:
        """How long it may take to fire."""
        return self.window + self.slack


class Past(Frozen):
    """One state change out of an alarm's history."""

    at: Moment
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
    text: str = ""


class Turn(Frozen):
    """An alarm changed its state at `at`; CloudWatch's time where it tells one, however late we learned of it."""

    key: Key
    state: State
    before: State | None
    at: Moment
    text: str = ""
    mixed: bool = True


class Line(Frozen):
    """One alarm within a notice."""

    key: Key
    state: State
    first: Moment
    """When it first turned bad within this notice."""
    since: Moment
    """When it entered the present state."""
    times: int = Field(default=1, ge=1)
    """How often it turned bad within this notice: the counter people see."""
    bad_for: Duration = ZERO
    """How long it was bad in all, the present spell left out."""
    text: str = ""
    """The values when it last turned bad."""
    mixed: bool = True
    told_by: int | None = None
    """The rollout whose card's thread told the present spell: then the notice does not tell it again."""
    moved: bool = False
    """It was calm for long and turned bad again while others kept this notice open: a newer notice has it now."""

    @property
    def bad(self) -> bool:
        """Bad now."""
        return self.state in BAD


class Taken(Frozen):
    """Somebody pressed [Acknowledge]."""

    by: Actor
    at: Moment


class Image(Frozen):
    """A graph that Slack holds: its file and what it says in words, numbers included."""

    file: str
    alt: str
    of: str
    """Which alarm, and whether it was drawn while it was red or after."""
    at: Moment | None = None
    """Up to when it shows."""


class Alert(Frozen):
    """One notice in an app's channel: alarms that turned bad together, kept up to date in place until all is quiet.

    At most one open alert has a line of an alarm. `version` counts the commits; what was shown is elsewhere.
    """

    id: int = 0
    version: int = 0
    app: str
    envs: tuple[str, ...] = ()
    channel: str = ""
    noted_at: Moment
    """When we learned of the first line; alarms that turn bad within the grouping time join this notice."""
    lines: tuple[Line, ...]
    quiet_since: Moment | None = None
    """When the last line ceased to be bad; None while one is."""
    open: bool = True
    """May still be joined or turn red again. A closed one is history and never changes."""
    taken: Taken | None = None
    image: Image | None = None

    @property
    def bad(self) -> tuple[Line, ...]:
        """Lines that are bad now."""
        return tuple(line for line in self.lines if line.bad)

    @property
    def to_tell(self) -> bool:
        """At least one line was not told on a rollout's card: a message of its own is due."""
        return any(line.told_by is None for line in self.lines)

    def line(self, key: Key) -> Line | None:
        """The line of an alarm, unless a newer notice has it."""
        return next((line for line in self.lines if line.key == key and not line.moved), None)


class Timing(Frozen):
    """`[alarms]`: how often everything is read, what is one notice."""

    sweep: Duration = timedelta(seconds=30)
    group: Duration = timedelta(minutes=1)
    """Alarms of one app that turn bad within this time are one notice."""
    flap: Duration = timedelta(minutes=15)
    """Bad again within this time after it was quiet: the same notice, its counter raised."""
    blind: Duration = timedelta(minutes=5)
    """A place that cannot be read for this long is told like an alarm."""
    discover: Duration = timedelta(minutes=5)
    """How often alarms are looked for by prefix and tag."""


class Sweep(Frozen):
    """What one reading of one place brought. A name that is in neither was not asked for."""

    place: Place
    at: Moment
    """When the reading began."""
    readings: tuple[AlarmReading, ...] = ()
    faults: dict[str, Fault] = {}
    """By name: those that could not be read."""
