"""The cloud's clock: real by default, moved by hand in tests.

Nothing else under demo/cloud reads the time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Now = Callable[[], datetime]


def real_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told to, and never backwards."""

    def __init__(self, start: datetime | None = None) -> None:
        self._at = start or datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
        if self._at.tzinfo is None:
            raise ValueError("the clock needs an aware datetime: give it tzinfo=UTC")

    def __call__(self) -> datetime:
        return self._at

    def advance(self, seconds: float) -> datetime:
        """Moves the clock forward by so many seconds and returns the new time."""
        if seconds < 0:
            raise ValueError(f"the clock does not go back: {seconds} s")
        self._at += timedelta(seconds=seconds)
        return self._at
