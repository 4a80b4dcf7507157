"""Reads CloudWatch alarms, all of a lane in one sweep. Readings only: rollout/health.py judges them."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from aws.alarm_facts import AlarmRow, History, HistoryItem, Sweep
from aws.calls import Calls
from aws.sessions import Place, Sessions
from rollout.errors import TargetError
from rollout.seen import AlarmReading

OPERATIONS: Final[Mapping[str, str]] = {
    # Composite alarms are only shown to callers who may describe all of them.
    "cloudwatch:DescribeAlarms": "*",
    "cloudwatch:DescribeAlarmHistory": "alarm:{alarm}",
}

NAMES_A_CALL: Final = 100
TYPES: Final = ("MetricAlarm", "CompositeAlarm")
"""Without it AWS shows metric alarms only, and a composite one would seem deleted."""
MOST_PAGES: Final = 20
REMEMBERED: Final = 2000

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


class _Stretch(NamedTuple):
    """An alarm's past between a step's begin and its present state: it does not change any more."""

    place: Place
    name: str
    start: datetime
    end: datetime | None


class _Swept(NamedTuple):
    rows: dict[str, AlarmRow]
    faults: dict[str, TargetError]
    """By name: one call that failed hides its hundred names, not the other calls'."""


class AlarmReader:
    """Reads alarms at a place. Thread-safe."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._past: OrderedDict[_Stretch, tuple[HistoryItem, ...]] = OrderedDict()

    def read(self, place: Place, watches: Sequence[Watch]) -> list[Readings]:
        """One answer per watch, in order; never raises a TargetError."""
        swept = self._sweep(place, {name for watch in watches for name in watch.names})
        return [self._readings(place, watch, swept) for watch in watches]

    def _sweep(self, place: Place, names: Iterable[str]) -> _Swept:
        calls = Calls(self._sessions, place, "cloudwatch", OPERATIONS)
        ordered = sorted(names)
        swept = _Swept({}, {})
        for start in range(0, len(ordered), NAMES_A_CALL):
            chunk = ordered[start : start + NAMES_A_CALL]
            try:
                swept.rows.update((row.alarm_name, row) for row in _described(calls, chunk))
            except TargetError as error:
                swept.faults.update(dict.fromkeys(chunk, error))
        return swept

    def _readings(self, place: Place, watch: Watch, swept: _Swept) -> Readings:
        readings = [
            self._reading(place, watch, swept.rows[name]) if name in swept.rows
            else AlarmReading(name=name, found=False, text=ABSENT)
            for name in watch.names if name not in swept.faults
        ]  # fmt: skip
        fault = next((swept.faults[name] for name in watch.names if name in swept.faults), None)
        if any(reading.state == "ALARM" for reading in readings):
            # Red is knowledge: what could not be read beside it must not turn it into "I do not know".
            fault = None
        return Readings(tuple(readings), fault)

    def _reading(self, place: Place, watch: Watch, row: AlarmRow) -> AlarmReading:
        changed = row.state_value == "OK" and row.since is not None and row.since >= watch.since
        return AlarmReading(
            name=row.alarm_name,
            state=row.state_value,
            since=row.since,
            clean=not row.evaluation_state,
            text=row.words,
            window=row.window,
            mixed=not row.pinned,
            history=self._history(place, watch, row) if changed else "unread",
        )

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
        calls = Calls(self._sessions, place, "cloudwatch", OPERATIONS, alarm=row.alarm_name)
        past = _past(calls, row.alarm_name, watch.since)
        items = tuple(item for item in past if item.timestamp >= watch.since)
        if items:
            with self._lock:
                self._past[key] = items
                while len(self._past) > REMEMBERED:
                    self._past.popitem(last=False)
        return items


def _described(calls: Calls, names: Sequence[str]) -> list[AlarmRow]:
    rows: list[AlarmRow] = []
    token = ""
    for _ in range(MOST_PAGES):
        more = {"NextToken": token} if token else {}
        # MaxRecords is 50 unless said.
        reply = calls.read(
            "DescribeAlarms", Sweep, AlarmNames=list(names), AlarmTypes=list(TYPES),
            MaxRecords=NAMES_A_CALL, **more,
        )  # fmt: skip
        rows += reply.rows
        token = reply.next_token
        if not token:
            return rows
    raise TargetError("transient", f"cloudwatch:DescribeAlarms did not end after {MOST_PAGES} pages")


def _past(calls: Calls, name: str, since: datetime) -> list[HistoryItem]:
    items: list[HistoryItem] = []
    token = ""
    for _ in range(MOST_PAGES):
        more = {"NextToken": token} if token else {}
        reply = calls.read(
            "DescribeAlarmHistory", History, AlarmName=name, AlarmTypes=list(TYPES), StartDate=since,
            HistoryItemType="StateUpdate", ScanBy="TimestampDescending", MaxRecords=100, **more,
        )  # fmt: skip
        items += reply.alarm_history_items
        token = reply.next_token
        if not token:
            return items
    raise TargetError("transient", f"cloudwatch:DescribeAlarmHistory did not end after {MOST_PAGES} pages")
