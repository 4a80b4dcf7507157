"""What happens by itself at a later time: files that get ready, scheduled messages. Reads the clock it is given."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

LOOK_SECONDS = 1.0
"""The clock may jump (tests move it): it is looked at this often, however far the next thing is."""


class Later:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._serial = itertools.count()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._stopped = False

    def add(self, at: float, act: Callable[[], None]) -> None:
        """Do `act` once, when the clock has reached `at`; equal times in order of arrival."""
        with self._changed:
            heapq.heappush(self._waiting, (at, next(self._serial), act))
            self._changed.notify()

    def run(self) -> int:
        """Do what is due now, in the calling thread; how many things that were."""
        done = 0
        while True:
            with self._changed:
                if not self._waiting or self._waiting[0][0] > self._clock():
                    return done
                _, _, act = heapq.heappop(self._waiting)
            act()
            done += 1

    def watch(self) -> None:
        """Do things when they are due, until stopped."""
        while True:
            self.run()
            with self._changed:
                if self._stopped:
                    return
                left = self._waiting[0][0] - self._clock() if self._waiting else LOOK_SECONDS
                self._changed.wait(min(LOOK_SECONDS, max(0.005, left)))

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
