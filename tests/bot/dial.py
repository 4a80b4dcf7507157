"""A clock that tests turn by hand: both faces, wall and monotonic, move together."""

from datetime import UTC, datetime, timedelta

from bot.clock import SystemClock


class Dial(SystemClock):
    """A SystemClock set by hand; `epoch()` is for the stand-in workspace."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment shown."""
        return self.at

    def monotonic(self) -> float:
        """The same as seconds."""
        return self.at.timestamp()

    def epoch(self) -> float:
        """Unix seconds."""
        return self.at.timestamp()

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)
