"""The only module that reads the clock. Nothing is decided here: all others take the time as an argument."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's own clock; implements rollout.ports.Clock."""

    def now(self) -> datetime:
        """The present moment in UTC. May jump when somebody sets the clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary point; never goes back, says nothing about the date."""
        return time.monotonic()
