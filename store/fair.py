"""The two locks of a process: whose turn it is to write, and who may look while a commit lands. No SQL here.

SQLite's own busy handler polls: fifty clicks at once wait up to 4 s, and the unlucky ones fail.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Iterator

from store.faults import StoreBusy


class Turn:
    """A lock handed on in the order of asking: the holder gives it straight to the next, nobody barges in."""

    def __init__(self, patience: float = 30.0) -> None:
        self._patience = patience
        self._guard = threading.Lock()
        self._queue: deque[threading.Lock] = deque()
        self._holder: int | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for the block; StoreBusy after `patience` seconds in the queue."""
        self._take()
        try:
            yield
        finally:
            self._pass_on()

    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._queue)

    def _take(self) -> None:
        with self._guard:
            if self._holder is None:
                self._holder = threading.get_ident()
                return
            ticket = threading.Lock()
            ticket.acquire()  # taken now, released by whoever holds the turn before us
            self._queue.append(ticket)
        if not ticket.acquire(timeout=self._patience):
            with self._guard:
                if ticket in self._queue:
                    self._queue.remove(ticket)
                    raise StoreBusy(
                        f"the store was busy for {self._patience:g} s",
                        "nothing was written; try again in a moment",
                    )
            # handed over in the very moment we gave up: then it is ours
        self._holder = threading.get_ident()

    def _pass_on(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._holder = None


class CommitGate:
    """Readers together, or one commit alone: needed where the journal lets no reader in during a commit.

    Phase-fair: a commit waits for the readers inside, readers that came meanwhile go in before the next
    commit. So neither starves, and nobody ever meets SQLITE_BUSY within the process.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._changed = threading.Condition()
        self._inside = 0
        self._waiting = 0
        self._committing = False
        self._phase = 0

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Look; waits only while a commit lands."""
        with self._changed:
            if self._committing:
                phase = self._phase
                self._waiting += 1
                self._changed.wait_for(lambda: self._phase != phase)
            else:
                self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                if self._committing and not self._inside:
                    self._changed.notify_all()

    @contextlib.contextmanager
    def committing(self) -> Iterator[None]:
        """Commit; a reader that stays too long is left to SQLite's own lock, which refuses the commit."""
        with self._changed:
            self._committing = True
            self._changed.wait_for(lambda: not self._inside, self._patience)
        try:
            yield
        finally:
            with self._changed:
                self._committing = False
                # Those who waited are inside from this moment: the next commit cannot overtake them.
                self._inside += self._waiting
                self._waiting = 0
                self._phase += 1
                self._changed.notify_all()
