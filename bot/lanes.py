"""Where work on the world runs: one lane per account and region, apart from each other. Knows no rollout.

Each lane has a main thread and a second one for urgent work, so that a rollback never waits for a slow look.
What is queued may be lost at any moment: the truth lies in SQLite, and the next tick finds it due again.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from bot.metrics import Metrics

log = logging.getLogger(__name__)

Job = Callable[[], None]
Look = Callable[[Sequence[int]], None]


class Lanes:
    """Implements rollout.ports.Lanes; `look` runs for ids, all that wait in a lane in one batch."""

    def __init__(self, look: Look, metrics: Metrics) -> None:
        self._look = look
        self._metrics = metrics
        self._lock = threading.Lock()
        self._threads: dict[tuple[str, bool], _Thread] = {}
        self._gone = threading.Condition()
        self._stopped = False

    def submit(self, lane: str, job: Job, *, urgent: bool = False) -> None:
        """Queue a job; ignored once stopped. In order within a lane, urgent ones on their own thread."""
        if thread := self._thread(lane, urgent=urgent):
            thread.add_job(job)

    def look(self, lane: str, ids: Iterable[int], *, urgent: bool = False, again: bool = False) -> None:
        """Have these ids looked at. One that waits already is not queued twice; one that is being looked at
        right now is queued only when `again`: something changed since that look began.
        """
        if thread := self._thread(lane, urgent=urgent):
            thread.add_ids(ids, again=again)

    def busy(self) -> bool:
        """True while anything runs or waits."""
        with self._lock:
            return any(thread.busy() for thread in self._threads.values())

    def stop(self, deadline: float) -> bool:
        """Finish what runs, drop what waits; False when something still ran after `deadline` seconds."""
        with self._lock:
            self._stopped = True
            threads = list(self._threads.values())
        for thread in threads:
            thread.leave()
        with self._gone:
            return self._gone.wait_for(lambda: all(thread.gone for thread in threads), deadline)

    def _left(self) -> None:
        with self._gone:
            self._gone.notify_all()

    def _thread(self, lane: str, *, urgent: bool) -> "_Thread | None":
        with self._lock:
            if self._stopped:
                return None
            if (lane, urgent) not in self._threads:
                name = f"lane-{lane}{'-urgent' if urgent else ''}"
                self._threads[lane, urgent] = _Thread(name, self._look, self._metrics, self._left)
            return self._threads[lane, urgent]


class _Thread:
    def __init__(self, name: str, look: Look, metrics: Metrics, left: Job) -> None:
        self._look = look
        self._metrics = metrics
        self._left = left
        self.gone = False
        self._wake = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._ids: dict[int, None] = {}  # a set that keeps its order
        self._looking: frozenset[int] = frozenset()
        self._running = False
        self._leaving = False
        # A daemon: a call that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def add_job(self, job: Job) -> None:
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()

    def add_ids(self, ids: Iterable[int], *, again: bool) -> None:
        with self._wake:
            self._ids.update((each, None) for each in ids if again or each not in self._looking)
            self._wake.notify()

    def busy(self) -> bool:
        with self._wake:
            return self._running or bool(self._jobs or self._ids)

    def leave(self) -> None:
        with self._wake:
            self._leaving = True
            self._wake.notify()

    def _run(self) -> None:
        while job := self._next():
            try:
                job()
            except Exception:
                # One bad job must not take the lane with it; the rollout is still due and comes again.
                self._metrics.count("tidegate_look_faults_total")
                log.exception("a job of %s failed", self._thread.name)
            with self._wake:
                self._running = False
                self._looking = frozenset()
        self.gone = True
        self._left()

    def _next(self) -> Job | None:
        with self._wake:
            self._wake.wait_for(lambda: self._jobs or self._ids or self._leaving)
            if self._leaving:
                return None
            self._running = True
            if self._jobs:
                return self._jobs.popleft()
            ids = tuple(self._ids)
            self._ids.clear()
            self._looking = frozenset(ids)
        return lambda: self._look_at(ids)

    def _look_at(self, ids: tuple[int, ...]) -> None:
        self._metrics.count("tidegate_looks_total", len(ids))
        self._look(ids)
