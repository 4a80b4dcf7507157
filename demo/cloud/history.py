"""What happened to alarms, kept as long as CloudWatch keeps it, deleted alarms included. No HTTP here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.cloud.alarm import Alarm, Key, Place, State
from demo.cloud.configuration import created_json, deleted_json, updated_json
from demo.cloud.wording import history_json

KEPT = timedelta(days=30)
CONFIGURATION, STATE = "ConfigurationUpdate", "StateUpdate"


@dataclass(frozen=True)
class HistoryItem:
    """One line of an alarm's history. `number` orders items of the same moment."""

    number: int
    alarm: str
    of: str
    at: datetime
    kind: str
    summary: str
    detail: str


@dataclass
class History:
    """All items, by alarm."""

    _items: dict[Key, list[HistoryItem]] = field(default_factory=dict)
    _written: int = 0

    def put(self, alarm: Alarm, old: Alarm | None) -> None:
        """The alarm was created, or got new settings."""
        detail = created_json(alarm) if old is None else updated_json(alarm, old)
        verb = "created" if old is None else "updated"
        self._write(alarm, alarm.configured, CONFIGURATION, f'Alarm "{alarm.name}" {verb}', detail)

    def moved(self, alarm: Alarm, old: State, at: datetime) -> None:
        """The alarm's state value changed."""
        summary = f"Alarm updated from {old.value} to {alarm.state.value}"
        self._write(alarm, at, STATE, summary, history_json(old.told(), alarm.state.told()))

    def deleted(self, alarm: Alarm, at: datetime) -> None:
        """The alarm is no more; its history stays."""
        self._write(alarm, at, CONFIGURATION, f'Alarm "{alarm.name}" deleted', deleted_json(alarm))

    def forget(self, key: Key) -> None:
        """As if nothing had happened to that alarm."""
        self._items.pop(key, None)

    def clear(self) -> None:
        self._items.clear()

    def of(self, place: Place, name: str | None, now: datetime) -> Iterator[HistoryItem]:
        """Every item of a place that is still kept, or only one alarm's."""
        keys = [key for key in self._items if key[:2] == place] if name is None else [(*place, name)]
        for key in keys:
            yield from (item for item in self._items.get(key, ()) if item.at > now - KEPT)

    def _write(self, alarm: Alarm, at: datetime, kind: str, summary: str, detail: str) -> None:
        items = self._items.setdefault(alarm.key, [])
        while items and items[0].at <= at - KEPT:
            del items[0]
        self._written += 1
        items.append(HistoryItem(self._written, alarm.name, alarm.kind, at, kind, summary, detail))
