"""The audit trail of a file that a bot may be writing: opened to look at it, never to change it."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from store.audit import Raw
from store.connect import prepare_place
from store.faults import StoreFault, translated
from store.schema import APPLICATION_ID
from store.verify import Told, Walk, raw_page, walk

PATIENCE = 10.0
"""Seconds a read waits for a commit of the bot; the bot never waits for longer than one page."""
_NOT_WITHOUT_WRITING = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class Trail:
    """Reads of one file, page by page. Nothing is upgraded: the table of records has been the same since the first."""

    def __init__(self, link: Database, path: Path) -> None:
        self._db = link
        self.path = path

    @contextlib.contextmanager
    def reading(self) -> Iterator[Database]:
        """One short read: the bot's commits wait for its end."""
        with translated(self.path):
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.execute("COMMIT")

    def walk(self, anchors: Mapping[int, str], told: Told | None = None) -> Walk:
        """Verify all of it: how far it holds, and the first record that does not."""
        return walk(self, anchors, told=told)

    def pages(self, after: int | None = None, about: int | None = None) -> Iterator[list[Raw]]:
        """Records after a number to the last one there is, none of them believed."""
        while rows := raw_page(self, after, about=about):
            yield rows
            after = rows[-1].seq
            if after is None:
                raise StoreFault(f"{self.path} holds records without a number", "see tidegate audit verify")

    def last(self) -> int:
        """The number of the newest record, 0 without one."""
        with self.reading() as db:
            found = db.execute("SELECT max(seq) FROM audit").fetchone()[0]
        return found if isinstance(found, int) else 0

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_trail(path: Path) -> Trail:
    """Open the file without the right to write it; StoreFault when there is none, or no trail in it."""
    place = path.absolute()
    prepare_place(place, create=False)
    with translated(place):
        try:
            link = _connected(place, "ro")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _NOT_WITHOUT_WRITING:
                raise
            # a crash left a journal, and only who may write can put the file in order
            link = _connected(place, "rw")
    return Trail(link, place)


def _connected(place: Path, mode: str) -> Database:
    link = sqlite3.connect(f"{place.as_uri()}?mode={mode}", uri=True, timeout=PATIENCE, isolation_level=None)
    try:
        db = Database(link, recursive_triggers=False, execute_plugins=False)
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        owner = db.execute("PRAGMA application_id").fetchone()[0]
        if owner not in {0, APPLICATION_ID} or "audit" not in [*db.table_names(), *db.view_names()]:
            raise StoreFault(f"{place} holds no audit trail", "check [store] path; if it is right, it was removed")
    except BaseException:
        link.close()
        raise
    return db
