"""Whole copies of a store in use, by SQLite's backup API. The file itself is never copied."""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Self

from rollout.errors import Refused
from store.faults import StoreFault, translated
from store.sessions import Sessions

STEP = 256
"""Pages at a time, about a megabyte: a few milliseconds in which no commit can land."""
PATIENCE = 4
"""A write makes SQLite begin anew; after so many times the size of the store, writers have to wait."""


class _TooBusy(Exception):
    """Writers came in between too often."""


def back_up(sessions: Sessions, target: Path, *, step: int = STEP) -> None:
    """Write a whole copy to `target`, for its owner only; Refused when that exists. Nothing is left half."""
    if target.exists():
        raise Refused(f"{target} exists already", "name another file; a backup never replaces one")
    part = target.with_name(target.name + ".part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    except OSError as error:
        raise StoreFault(f"{part} cannot be written: {error.strerror}", "check the folder and its rights") from error
    try:
        with translated(part):
            _copy(sessions, part, step)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _copy(sessions: Sessions, part: Path, step: int) -> None:
    with (
        contextlib.closing(sessions.connect()) as db,
        contextlib.closing(sqlite3.connect(part)) as copy,
    ):
        with _Breath(sessions, step) as breath, contextlib.suppress(_TooBusy):
            db.conn.backup(copy, pages=step, progress=breath)
        if not breath.whole:
            with sessions.exclusive():
                db.conn.backup(copy, pages=step)
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreFault(f"the copy of {sessions.path} is not whole: {found}", "try again; keep the last good backup")


class _Breath:
    """Called after each step: lets commits land in between; raises when the copy begins anew too often."""

    def __init__(self, sessions: Sessions, step: int) -> None:
        self._sessions = sessions
        self._step = step
        self._steps = 0
        self._held = contextlib.ExitStack()
        self.whole = False

    def __enter__(self) -> Self:
        self._held.enter_context(self._sessions.looking())
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def __call__(self, status: int, remaining: int, total: int) -> None:
        self.whole = status == sqlite3.SQLITE_DONE
        self._steps += 1
        if not self.whole and self._steps > PATIENCE * (total // self._step + 1):
            raise _TooBusy
        self._held.close()
        self._held.enter_context(self._sessions.looking())
