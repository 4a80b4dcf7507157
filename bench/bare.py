"""The yardstick of every write: the same rows by nothing but sqlite3, in one transaction of the same settings.

The rows come from a model: a copy of the store takes the same wishes through the real desk, and what each of them
changed is kept as statements whose values are known beforehand. The bare file has the same tables and triggers.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

Statement = tuple[str, tuple[Any, ...]]
Unit = list[Statement]
"""What one wish writes."""

_APPENDED = ("asks", "audit")
_CHANGED = ("rollouts", "notices")
Snapshot = dict[str, dict[int, tuple[Any, ...]]]


def recorded(path: Path, wishes: Iterator[Callable[[], object]]) -> list[Unit]:
    """Let each wish happen on the store at `path`; what it changed there, in order."""
    units = []
    with closing(sqlite3.connect(path, isolation_level=None)) as link:
        before = _snapshot(link, {})
        for wish in wishes:
            wish()
            after = _snapshot(link, before)
            units.append(_difference(before, after))
            before = after
    return units


def _snapshot(link: sqlite3.Connection, before: Snapshot) -> Snapshot:
    found: Snapshot = {}
    for table in _APPENDED:
        known = before.get(table, {})
        rows = link.execute(f"SELECT rowid, * FROM {table} WHERE rowid > ?", [max(known, default=0)])  # noqa: S608 - names above
        found[table] = {max(known, default=0): (), **{row[0]: row[1:] for row in rows}}
    for table in _CHANGED:
        rows = link.execute(f"SELECT rowid, * FROM {table}")  # noqa: S608 - names above
        found[table] = {row[0]: row[1:] for row in rows}
    return found


def _difference(before: Snapshot, after: Snapshot) -> Unit:
    unit: Unit = []
    for table, rows in after.items():
        old = before[table]
        for key in old.keys() - rows.keys() if table in _CHANGED else ():
            unit.append((f"DELETE FROM {table} WHERE rowid = ?", (key,)))  # noqa: S608 - names above
        for key, row in rows.items():
            if key in old and table == "rollouts" and old[key] != row:
                unit.append(_update(row))
            elif key not in old:
                marks = ", ".join("?" * len(row))
                unit.append((f"INSERT INTO {table} VALUES ({marks})", row))  # noqa: S608 - names above
    return unit


def _update(row: tuple[Any, ...]) -> Statement:
    id, _, _, phase, live, version, wake_at, _, body = row
    sql = "UPDATE rollouts SET phase = ?, live = ?, version = ?, wake_at = ?, body = ? WHERE id = ?"
    return sql, (phase, live, version, wake_at, body, id)


class Bare:
    """One connection with the store's journal mode and FULL; threads take turns."""

    def __init__(self, path: Path, journal: str) -> None:
        self._link = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self._turn = threading.Lock()
        for name, value in (("journal_mode", journal), ("synchronous", "FULL"), ("foreign_keys", "ON")):
            self._link.execute(f"PRAGMA {name} = {value}").fetchall()

    def write(self, unit: Unit) -> None:
        """The rows of one wish."""
        with self._turn:
            self._link.execute("BEGIN IMMEDIATE")
            for sql, values in unit:
                self._link.execute(sql, values)
            self._link.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._link.close()
