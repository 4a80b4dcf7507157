"""Reads CloudWatch alarms, all of a lane in one sweep. Readings only: rollout/health.py judges them.

Gates and the watch of all alarms read through here: one call, one function that makes readings, so they never disagree.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from aws.alarm_calls import OPERATIONS, described, history, possible
from aws.alarm_facts import AlarmRow, HistoryItem
from aws.alarm_words import Sheet, sheet, words
from aws.calls import Calls
from aws.faults import clip
from aws.sessions import Place, Sessions
from rollout.errors import TargetError
from rollout.seen import AlarmReading

NAMES_A_CALL: Final = 100
REMEMBERED: Final = 2000
SHEETS: Final = 10_000

ABSENT: Final = "CloudWatch knows no alarm of that name"


class Watch(NamedTuple):
    """What one rollout wants to know: its alarms, since when, and which of them were red before it began."""

    names: tuple[str, ...]
    since: datetime
    known_red: Mapping[str, datetime] = {}


class Readings(NamedTuple):
    """What one rollout gets; `fault` when some alarms could not be read and none of the others is red."""

    alarms: tuple[AlarmReading, ...]
    fault: TargetError | None = None


class Swept(NamedTuple):
    """What one sweep brought. A name that is in none of them is unknown to CloudWatch."""

    rows: dict[str, AlarmRow]
    readings: dict[str, AlarmReading]
    """By name, their histories unread."""
    faults: dict[str, TargetError]
    """By name: one call that failed hides its hundred names, not the other calls'."""

    def reading(self, name: str) -> AlarmReading:
        """The alarm as it is; not for a name that could not be read."""
        return self.readings.get(name) or AlarmReading(name=name, found=False, text=ABSENT)

    def take(self, row: AlarmRow) -> None:
        """Make a reading of what AWS showed: the only place where that is done."""
        try:
            self.readings[row.alarm_name] = AlarmReading(
                name=row.alarm_name,
                state=row.state_value,
                since=row.since,
                clean=not row.evaluation_state,
                text=words(row),
                window=row.window,
                mixed=not row.pinned,
            )
        except Exception as error:  # noqa: BLE001 - one strange alarm must not blind the other five hundred
            fact = f"what CloudWatch shows of {clip(row.alarm_name)} cannot be read ({type(error).__name__})"
            self.faults[row.alarm_name] = TargetError("transient", fact)
        else:
            self.rows[row.alarm_name] = row


class _Stretch(NamedTuple):
    """An alarm's past between a step's begin and its present state: it does not change any more."""

    place: Place
    name: str
    start: datetime
    end: datetime | None


class AlarmReader:
    """Reads alarms at a place. Thread-safe; one for the whole process, so that what it remembers serves all."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._past: OrderedDict[_Stretch, tuple[HistoryItem, ...]] = OrderedDict()
        self._sheets: OrderedDict[tuple[Place, str], Sheet] = OrderedDict()

    def read(self, place: Place, watches: Sequence[Watch]) -> list[Readings]:
        """One answer per watch, in order; never raises a TargetError."""
        swept = self.sweep(place, (name for watch in watches for name in watch.names))
        return [self._readings(place, watch, swept) for watch in watches]

    def sweep(self, place: Place, names: Iterable[str]) -> Swept:
        """All of these alarms, a hundred a call; never raises a TargetError."""
        calls = Calls(self._sessions, place, "cloudwatch", OPERATIONS)
        # One name that no alarm can have would be refused together with the ninety-nine others of its call.
        ordered = sorted(name for name in set(names) if possible(name))
        swept = Swept({}, {}, {})
        for start in range(0, len(ordered), NAMES_A_CALL):
            chunk = ordered[start : start + NAMES_A_CALL]
            try:
                rows = described(calls, AlarmNames=chunk)
            except TargetError as error:
                swept.faults.update(dict.fromkeys(chunk, error))
            else:
                for row in rows:
                    swept.take(row)
                self._note(place, rows)
        return swept

    def past(self, place: Place, name: str, since: datetime) -> tuple[HistoryItem, ...]:
        """State changes since then, newest first; a deleted alarm's too."""
        calls = Calls(self._sessions, place, "cloudwatch", OPERATIONS, alarm=name)
        return tuple(item for item in history(calls, name, since) if item.timestamp >= since)

    def sheet(self, place: Place, name: str) -> Sheet | None:
        """What was seen last of an alarm's definition, without a call."""
        with self._lock:
            return self._sheets.get((place, name))

    def _note(self, place: Place, rows: Iterable[AlarmRow]) -> None:
        with self._lock:
            for row in rows:
                self._sheets[place, row.alarm_name] = sheet(row)
                self._sheets.move_to_end((place, row.alarm_name))
            while len(self._sheets) > SHEETS:
                self._sheets.popitem(last=False)

    def _readings(self, place: Place, watch: Watch, swept: Swept) -> Readings:
        readings = [self._reading(place, watch, swept, name) for name in watch.names if name not in swept.faults]
        fault = next((swept.faults[name] for name in watch.names if name in swept.faults), None)
        if any(reading.state == "ALARM" for reading in readings):
            # Red is knowledge: what could not be read beside it must not turn it into "I do not know".
            fault = None
        return Readings(tuple(readings), fault)

    def _reading(self, place: Place, watch: Watch, swept: Swept, name: str) -> AlarmReading:
        reading, row = swept.reading(name), swept.rows.get(name)
        if row is None or reading.state != "OK" or reading.since is None or reading.since < watch.since:
            return reading
        return reading.model_copy(update={"history": self._history(place, watch, row)})

    def _history(self, place: Place, watch: Watch, row: AlarmRow) -> Literal["clean", "red", "unreadable"]:
        """Was it red since then, between two looks? One that was red before must have turned so anew."""
        try:
            items = self._items(place, watch, row)
        except TargetError:
            return "unreadable"
        known = watch.known_red.get(row.alarm_name)
        for item in items:
            before, after = item.states
            if after == "ALARM" and (known is None or item.timestamp > known):
                return "red"
            if before == "ALARM" and known is None:
                return "red"
            if not after:
                return "unreadable"
        # It changed, so its history must tell of at least that; else CloudWatch has not written it down yet.
        return "clean" if items or row.state_transitioned_timestamp is None else "unreadable"

    def _items(self, place: Place, watch: Watch, row: AlarmRow) -> tuple[HistoryItem, ...]:
        """State changes since then. Kept while the alarm stays as it is: AWS allows three reads a second."""
        key = _Stretch(place, row.alarm_name, watch.since, row.since)
        with self._lock:
            if key in self._past:
                self._past.move_to_end(key)
                return self._past[key]
        items = self.past(place, row.alarm_name, watch.since)
        if items:
            with self._lock:
                self._past[key] = items
                while len(self._past) > REMEMBERED:
                    self._past.popitem(last=False)
        return items
