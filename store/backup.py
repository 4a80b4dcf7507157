"""Whole copies of a store in use, by SQLite's backup API. The file itself is never copied."""

import contextlib
import os
import sqlite3
from pathlib import Path

from rollout.errors import Refused
from store.connect import connect
from store.faults import StoreFault, translated
from store.sessions import Sessions

STEP = 256
"""Pages of one step, about a megabyte: a few milliseconds in which no commit can land."""
PATIENCE = 4
"""A write makes SQLite begin anew; after so many times the size of the store, writers have to wait."""


class _TooBusy(Exception):
    """Writers came in between too often."""


def back_up(sessions: Sessions, target: Path) -> None:
    """Write a whole copy to `target`, for its owner only; Refused when that exists. Nothing is left half."""
    if target.exists():
        raise Refused(f"{target} exists already", "name another file; a backup never replaces one")
    part = target.with_name(target.name + ".part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    except OSError as error:
        raise StoreFault(
            f"{part} cannot be written: {error.strerror}", "check the folder and its rights"
        ) from error
    try:
        with translated(part):
            _copy(sessions, part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _copy(sessions: Sessions, part: Path) -> None:
    with (
        contextlib.closing(connect(sessions.path, sessions.busy_ms)) as db,
        contextlib.closing(sqlite3.connect(part)) as copy,
    ):
        try:
            db.conn.backup(copy, pages=STEP, progress=_Impatience(), sleep=0.01)
        except _TooBusy:
            with sessions.exclusive():
                db.conn.backup(copy, pages=STEP, sleep=0.01)
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreFault(
            f"the copy of {sessions.path} is not whole: {found}", "try again; keep the last good backup"
        )


class _Impatience:
    """Called after each step; raises when the copy begins anew again and again."""

    def __init__(self) -> None:
        self._steps = 0

    def __call__(self, status: int, remaining: int, total: int) -> None:
        self._steps += 1
        if remaining and self._steps > PATIENCE * (total // STEP + 1):
            raise _TooBusy
