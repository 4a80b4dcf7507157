"""What the alarm watch needs from the world and from the memory, as small protocols."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from rollout.alarms.model import AlarmState, Alert, Key, Past, Place, Scope, Sweep, Turn
from rollout.alarms.plot import Picture, Plot, PlotWish
from rollout.ports import Reads, Work


class AlarmSource(Protocol):
    """CloudWatch as the watch sees it. Reads only; TargetError where a read failed, faults of a sweep are values."""

    def sweep(self, place: Place, names: Sequence[str]) -> Sweep:
        """Read these alarms, 100 a call, metric and composite. Never raises a TargetError."""
        ...

    def found(self, place: Place, prefixes: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
        """Names of alarms with one of the prefixes or tags, sorted."""
        ...

    def past(self, place: Place, name: str, since: datetime) -> tuple[Past, ...]:
        """State changes after `since`, oldest first."""
        ...


class GraphSource(Protocol):
    """What a graph is made of."""

    def plot(self, place: Place, name: str, wish: PlotWish) -> Plot:
        """The numbers behind an alarm. NotFound where it has no metric of its own (composite), or is gone."""
        ...

    def picture(self, place: Place, plot: Plot) -> Picture:
        """CloudWatch's own drawing of the same; TargetError where it is not to be had."""
        ...


class AlarmReads(Reads, Protocol):
    """Reading the watch's memory. Long lists page by key."""

    def alarm_states(
        self, app: str = "", lane: str = "", *, after: Key | None = None, limit: int = 500
    ) -> list[AlarmState]:
        """States in the order of their keys (app, lane, kind, name)."""
        ...

    def alarm_state(self, key: Key) -> AlarmState | None:
        """One of them."""
        ...

    def watched_since(self, app: str, lane: str) -> datetime | None:
        """When this place was first read for this app: what turned bad before is no news."""
        ...

    def open_alerts(self, app: str = "") -> list[Alert]:
        """Alerts that may still change, oldest first."""
        ...

    def alert(self, id: int) -> Alert | None:
        """One alert, open or closed."""
        ...

    def turns(self, since: datetime, until: datetime, *, after: int = 0, limit: int = 500) -> list[tuple[int, Turn]]:
        """Changes in that time with their numbers, oldest number first; page on with the last number."""
        ...


class AlarmWork(AlarmReads, Work, Protocol):
    """One unit of work over the watch's memory, the ledger included."""

    def save_alarm(self, state: AlarmState) -> None:
        """Write one alarm's state; replaces the older one."""
        ...

    def forget_alarm(self, key: Key) -> None:
        """It is watched no more. Its turns stay."""
        ...

    def mark_watched(self, app: str, lane: str, at: datetime) -> None:
        """This place is read for this app from now on; an earlier mark stays."""
        ...

    def put_alert(self, alert: Alert) -> Alert:
        """Insert (id 0) or write back with version + 1; Stale when it moved on or was closed."""
        ...

    def note_turn(self, turn: Turn) -> None:
        """Append to the history of changes, once per key, time and state."""
        ...


class AlarmLedger(Protocol):
    """The memory, as the watch uses it; see rollout.ports.Ledger."""

    def work(self) -> AbstractContextManager[AlarmWork]:
        """A transaction."""
        ...

    def reads(self) -> AbstractContextManager[AlarmReads]:
        """A short read."""
        ...


class WatchPolicy(Protocol):
    """The configuration as the watch sees it. Swapped whole on reload."""

    def scopes(self) -> Sequence[Scope]:
        """Everything that is to be watched, in the order of the file."""
        ...
