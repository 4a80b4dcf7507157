"""Starts the scheduler anew when it falls silent. On the monotonic clock, outside APScheduler; nothing else.

APScheduler decides what is due by the wall clock: set back by an hour, it would not tick for an hour.
"""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

SILENCE = 5.0
"""Seconds without a tick after which the scheduler counts as dead."""


class Watchdog:
    """Calls `restart` whenever `age` says more than `silence` seconds."""

    def __init__(
        self, age: Callable[[], float], restart: Callable[[], None], silence: float = SILENCE
    ) -> None:
        self._age = age
        self._restart = restart
        self._silence = silence
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """No restart begins after this."""
        self._stopped.set()

    def _run(self) -> None:
        patience = 0.0  # what was started anew gets as long again before it is thrown away, too
        while not self._stopped.wait(self._silence / 5):
            age = self._age()
            if age <= self._silence:
                patience = 0.0
                continue
            if age <= patience:
                continue
            patience = age + self._silence
            log.error("no tick for %.1f s: starting the scheduler anew", age)
            try:
                self._restart()
            except Exception:
                log.exception("the scheduler did not start anew; trying again")
