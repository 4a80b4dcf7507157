"""The store itself: opened, used by blocks, closed. Every table and every guard is in a file of its own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from store.connect import prepare_place
from store.ledger import Looking, Writing
from store.people import People
from store.sessions import Sessions
from store.upgrade import upgrade


class Store:
    """The memory of one process: implements rollout.ports.Ledger."""

    def __init__(self, sessions: Sessions, boot_id: str = "") -> None:
        self._sessions = sessions
        self.path = sessions.path
        self.boot_id = boot_id
        self.people = People(sessions)

    @contextlib.contextmanager
    def work(self) -> Iterator[Writing]:
        """A transaction: commits at the end of the block, keeps nothing on any exception.

        Writers queue in the order of asking. One block at a time in one thread: inside another, RuntimeError. StoreFault
        when the file could not be written; then nothing was kept, and trying again is safe.
        """
        with self._sessions.writing() as db:
            view = Writing(db)
            try:
                yield view
            finally:
                view.end()

    @contextlib.contextmanager
    def reads(self) -> Iterator[Looking]:
        """One snapshot for a short read: at most 20 ms or 500 rows, longer ones page by key."""
        with self._sessions.reading() as db:
            view = Looking(db)
            try:
                yield view
            finally:
                view.end()

    def close(self) -> None:
        """End the present write and close every connection."""
        self._sessions.close()


def open_store(path: Path | str, *, busy_ms: int = 2000, boot_id: str = "", create: bool = True) -> Store:
    """Open the file, make or upgrade its tables, prove every setting.

    `busy_ms` is how long another process may hold the file. BadConfig when the place or the file cannot be used;
    StoreFault when there is none and `create` is False.
    """
    place = Path(path).absolute()
    prepare_place(place, create=create)
    upgrade(place)
    return Store(Sessions(place, busy_ms), boot_id)
