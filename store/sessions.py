"""Transactions: one connection per thread, one writer at a time. What is written is not known here."""

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

from sqlite_utils import Database

from store.connect import connect, journal_for
from store.fair import CommitGate, Turn
from store.faults import StoreClosed, translated


class _Seat:
    """One thread's connection. Only that thread holds it, so it closes when the thread ends."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.busy = ""

    def __del__(self) -> None:
        self.db.conn.close()


class Sessions:
    """Opens, hands out and closes the connections of one process to one file."""

    def __init__(self, path: Path, busy_ms: int) -> None:
        self.path = path
        self.busy_ms = busy_ms
        self._pid = os.getpid()
        self._turn = Turn()
        # in WAL mode a commit blocks no reader
        wal = journal_for(sqlite3.sqlite_version_info) == "wal"
        self._gate = None if wal else CommitGate(busy_ms / 1000)
        self._local = threading.local()
        self._seats: weakref.WeakSet[_Seat] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def writing(self) -> Iterator[Database]:
        """One transaction that writes: commits at the end of the block, keeps nothing on any exception."""
        with translated(self.path), self._seated("work") as db, self._turn.held():
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                with self._committing():
                    db.execute("COMMIT")
            except BaseException:
                if db.conn.in_transaction:  # a full disk may have rolled it back already
                    db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Database]:
        """One snapshot: everything read in the block is of the same moment."""
        with translated(self.path), self._seated("reads") as db, self.looking():
            db.execute("BEGIN")
            try:
                yield db
            finally:
                if db.conn.in_transaction:
                    db.execute("COMMIT")

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody in this process writes during the block."""
        with self._turn.held():
            yield

    def close(self) -> None:
        """Let the present write end, then close what is idle; what is in use closes when its block ends."""
        with self._turn.held(), self._guard:
            self._closed = True
            for seat in list(self._seats):
                if not seat.busy:
                    seat.db.conn.close()

    def connect(self) -> Database:
        """A further connection; whoever asks for it closes it."""
        with self.looking():  # setting it up looks into the file, and polling for that can starve
            return connect(self.path, self.busy_ms)

    def open_connections(self) -> int:
        """How many threads have one."""
        return len(self._seats)

    def _committing(self) -> contextlib.AbstractContextManager[None]:
        return self._gate.committing() if self._gate else contextlib.nullcontext()

    def looking(self) -> contextlib.AbstractContextManager[None]:
        """No commit of this process lands meanwhile; for what looks into the file without a block."""
        return self._gate.reading() if self._gate else contextlib.nullcontext()

    @contextlib.contextmanager
    def _seated(self, what: str) -> Iterator[Database]:
        seat = self._seat()
        if seat.busy:
            raise RuntimeError(f"{what}() inside {seat.busy}(): one block at a time in one thread")
        with self._guard:
            self._refuse_closed()
            seat.busy = what
        try:
            yield seat.db
        finally:
            with self._guard:
                seat.busy = ""
                if self._closed:
                    seat.db.conn.close()

    def _seat(self) -> _Seat:
        self._refuse_closed()
        seat: _Seat | None = getattr(self._local, "seat", None)
        if seat is None:
            seat = _Seat(self.connect())
            with self._guard:
                self._seats.add(seat)
            self._local.seat = seat
        return seat

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreClosed(f"{self.path} was closed", "the process is ending, or this is a bug")
        if os.getpid() != self._pid:
            # https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_
            raise StoreClosed(f"{self.path} was opened before a fork", "open it anew in the child process")
