"""How the operating system reaches the bot: SIGTERM and SIGINT end it, SIGHUP reads the configuration again.

A handler runs in the main thread between any two of its steps. `Event.set()` in it can stop for ever, when the signal
comes while the main thread is inside that event's `wait()` and holds its lock. A SimpleQueue is made for this: putting
something in may interrupt anything.
"""

import queue
import signal
from collections.abc import Callable

ENDS = {signal.SIGTERM, signal.SIGINT}


class Signals:
    """Taken from the moment it is made; `wait` is the main thread's."""

    def __init__(self) -> None:
        self._came: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in (*ENDS, signal.SIGHUP):
            signal.signal(number, lambda came, _: self._came.put(came))

    def wait(self, again: Callable[[], None]) -> None:
        """Until it is to end; `again` is called for each SIGHUP."""
        while self._came.get() not in ENDS:
            again()
