"""Rows of the alarm watch: what was seen last, since when a place is read, every change. Nothing is compared here."""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from rollout.alarms.model import AlarmState, Key, Turn
from store.moments import moment_or_none, stored
from store.views import View

log = logging.getLogger(__name__)

_FIRST = Key.model_construct(app="", lane="", name="", kind="alarm")
_ALL = (
    "SELECT body FROM alarm_states WHERE (app, lane, kind, name) > (?, ?, ?, ?) ORDER BY app, lane, kind, name"
)
_OF_APP = (
    "SELECT body FROM alarm_states WHERE app = ? AND (app, lane, kind, name) > (?, ?, ?, ?)"
    " ORDER BY app, lane, kind, name"
)
_OF_LANE = (
    "SELECT body FROM alarm_states WHERE lane = ? AND (app, lane, kind, name) > (?, ?, ?, ?)"
    " ORDER BY app, lane, kind, name"
)
_OF_BOTH = (
    "SELECT body FROM alarm_states WHERE app = ? AND lane = ? AND (app, lane, kind, name) > (?, ?, ?, ?)"
    " ORDER BY app, lane, kind, name"
)

# The numbers of a span lie close together, and the index by time alone tells the first and the last of them.
_TURNS = (
    "SELECT id, body FROM alarm_turns"
    " WHERE id >= max(?3 + 1, (SELECT min(id) FROM alarm_turns WHERE at > ?1 AND at <= ?2))"
    " AND id <= (SELECT max(id) FROM alarm_turns WHERE at > ?1 AND at <= ?2)"
    " AND +at > ?1 AND +at <= ?2 ORDER BY id LIMIT ?4"
)


def columns(key: Key) -> tuple[str, str, str, str]:
    """An alarm as its tables find it, in the order in which they sort."""
    return key.app, key.lane, key.kind, key.name


def _readable(rows: sqlite3.Cursor) -> Iterator[AlarmState]:
    """A state that cannot be read counts as never seen: the next sweep writes it anew."""
    for (body,) in rows:
        try:
            yield AlarmState.model_validate_json(body)
        except ValueError:
            log.exception("the state of an alarm could not be read: it is taken for a new one")


class AlarmStateReads(View):
    """Finding states and changes."""

    def alarm_states(
        self, app: str = "", lane: str = "", *, after: Key | None = None, limit: int = 500
    ) -> list[AlarmState]:
        """States in the order of their keys (app, lane, kind, name). Fewer than `limit`: that was the end."""
        start = columns(after or _FIRST)
        if app and lane:
            rows = self._run(_OF_BOTH, app, lane, *start)
        elif app or lane:
            rows = self._run(_OF_APP if app else _OF_LANE, app or lane, *start)
        else:
            rows = self._run(_ALL, *start)
        found = list(islice(_readable(rows), limit))
        rows.close()  # one that was not read to its end would keep its lock
        return found

    def alarm_state(self, key: Key) -> AlarmState | None:
        """One of them."""
        rows = self._run(
            "SELECT body FROM alarm_states WHERE app = ? AND lane = ? AND kind = ? AND name = ?", *columns(key)
        )
        return next(iter(list(_readable(rows))), None)

    def watched_since(self, app: str, lane: str) -> datetime | None:
        """When this place was first read for this app."""
        found = self._run("SELECT since FROM watched WHERE app = ? AND lane = ?", app, lane).fetchone()
        return moment_or_none(found[0]) if found else None

    def turns(self, since: datetime, until: datetime, *, after: int = 0, limit: int = 500) -> list[tuple[int, Turn]]:
        """Changes after `since` up to and with `until`, with their numbers, oldest number first.

        Of two spans that meet no change is in both. Page on with the last number.
        """
        rows = self._run(_TURNS, stored(since), stored(until), after, limit)
        return [(number, Turn.model_validate_json(body)) for number, body in rows]


class AlarmStateWrites(AlarmStateReads):
    """Remembering states and changes."""

    def save_alarm(self, state: AlarmState) -> None:
        """Write one alarm's state; replaces the older one."""
        self._run(
            "INSERT INTO alarm_states (app, lane, kind, name, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (app, lane, kind, name) DO UPDATE SET body = excluded.body",
            *columns(state.key), state.model_dump_json(),
        )  # fmt: skip

    def forget_alarm(self, key: Key) -> None:
        """It is watched no more; nothing happens when it was not. Its turns stay."""
        self._run(
            "DELETE FROM alarm_states WHERE app = ? AND lane = ? AND kind = ? AND name = ?", *columns(key)
        )

    def mark_watched(self, app: str, lane: str, at: datetime) -> None:
        """This place is read for this app from now on; an earlier mark stays."""
        self._run(
            "INSERT INTO watched (app, lane, since) VALUES (?, ?, ?) ON CONFLICT (app, lane) DO NOTHING",
            app, lane, stored(at),
        )  # fmt: skip

    def note_turn(self, turn: Turn) -> None:
        """Append to the history of changes, once per key, time and state: the first word stands."""
        self._run(
            "INSERT INTO alarm_turns (app, lane, kind, name, state, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (app, lane, kind, name, at, state) DO NOTHING",
            *columns(turn.key), turn.state, stored(turn.at), turn.model_dump_json(),
        )  # fmt: skip
