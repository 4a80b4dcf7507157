"""How the operating system reaches the bot: SIGTERM and SIGINT end it, SIGHUP reads the configuration again.

A handler runs in the main thread between any two of its steps. `Event.set()` in it can stop for ever, when the signal
comes while the main thread is inside that event's `wait()` and holds its lock: so a handler here only writes one byte.
"""

import os
import signal
from collections.abc import Callable
from types import FrameType

ENDS = {signal.SIGTERM, signal.SIGINT}


class Signals:
    """Taken from the moment it is made; `wait` is the main thread's."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        os.set_blocking(self._in, False)  # a thousand signals in a row are as good as the first ones
        for number in (*ENDS, signal.SIGHUP):
            signal.signal(number, self._came)

    def wait(self, again: Callable[[], None]) -> None:
        """Until it is to end; `again` is called for each SIGHUP."""
        while signal.Signals(os.read(self._out, 1)[0]) not in ENDS:
            again()

    def _came(self, number: int, _: FrameType | None) -> None:
        try:
            os.write(self._in, bytes([number]))
        except BlockingIOError:
            return  # more signals wait than anybody could mean
