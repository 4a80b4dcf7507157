"""What a reader is told about alarms: the values behind a notice, `/deploy alarms` and a summary."""

from datetime import timedelta
from typing import Literal

from rollout.alarms.model import AlarmState, Alert
from rollout.durations import Duration
from rollout.model import Rollout
from rollout.values import ZERO, Frozen, Moment


class LiveSide(Frozen):
    """A live rollout of the app, as a notice names it."""

    rollout: int
    env: str
    percent: int | None
    stable: str
    candidate: str
    phase: str
    gates: tuple[str, ...]
    """Alarms that gate it."""


class AlertView(Frozen):
    """Everything a notice shows, read in one transaction."""

    alert: Alert
    states: tuple[AlarmState, ...]
    """The present state of each line's alarm, in the order of the lines; those that are watched no more left out."""
    live: tuple[Rollout, ...]
    """Live rollouts of the app: their buttons and weights."""
    regions: dict[str, str] = {}
    """Lane -> region, for links to CloudWatch."""
    now: Moment


class Spell(Frozen):
    """One alarm's time in ALARM."""

    app: str
    name: str
    start: Moment
    end: Moment | None
    """None: still red."""

    def length(self, now: Moment) -> timedelta:
        """How long."""
        return (self.end or now) - self.start


class Ended(Frozen):
    """A rollout that ended meanwhile."""

    rollout: int
    app: str
    env: str
    outcome: str
    """The phase it ended in."""
    cause: str = ""
    took: Duration = ZERO


class AlarmsReport(Frozen):
    """The state of all alarms of some apps, and what happened since a moment. `/deploy alarms` and every summary."""

    kind: Literal["alarms"] = "alarms"
    apps: tuple[str, ...]
    since: Moment
    now: Moment
    title: str = ""
    states: tuple[AlarmState, ...]
    """All of them, bad ones first, then by app and name."""
    changes: dict[str, int] = {}
    """Turned ALARM / turned OK / turned INSUFFICIENT_DATA since then: how often."""
    longest: Spell | None = None
    ended: tuple[Ended, ...] = ()
    live: tuple[int, ...] = ()

    def of(self, *states: str) -> tuple[AlarmState, ...]:
        """Those in one of these states, places left out unless BLIND is asked for."""
        return tuple(one for one in self.states if one.state in states)

    @property
    def muted(self) -> tuple[AlarmState, ...]:
        """Those whose messages are silenced now."""
        return tuple(one for one in self.states if one.muted is not None and one.muted.holds(self.now))

    @property
    def too_slow(self) -> tuple[AlarmState, ...]:
        """Those that cannot fire within the bake that they gate."""
        return tuple(one for one in self.states if one.too_slow)

    @property
    def nothing(self) -> bool:
        """Nothing to say: all is OK and nothing happened."""
        quiet = all(one.state == "OK" and one.clean for one in self.states)
        return quiet and not (any(self.changes.values()) or self.ended or self.live or self.muted or self.too_slow)
