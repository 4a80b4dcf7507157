"""What a block may touch: its own transaction, in its own thread, until its end. No table is known here."""

import sqlite3
import threading

from sqlite_utils import Database


class View:
    """The base of everything that reads or writes rows: refuses another thread and life after the block."""

    def __init__(self, db: Database) -> None:
        self._db: Database | None = db
        self._thread = threading.get_ident()

    def end(self) -> None:
        """From now on every use is refused."""
        self._db = None

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        """One statement; the SQL is always a constant, values are always bound."""
        if self._db is None:
            raise RuntimeError("this block has ended; its view of the store with it")
        if threading.get_ident() != self._thread:
            raise RuntimeError("a view of the store stays in the thread that opened it")
        return self._db.execute(sql, values)
