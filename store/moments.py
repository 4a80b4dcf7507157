"""How moments are stored: integer microseconds since 1970 in UTC, exact and sortable. Reads no clock."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def stored(moment: datetime) -> int:
    """Microseconds since 1970; loses nothing that a datetime can hold."""
    return (moment - _EPOCH) // _TICK


def stored_or_none(moment: datetime | None) -> int | None:
    """The same, where there may be none."""
    return None if moment is None else stored(moment)


def moment(ticks: int) -> datetime:
    """What was stored, in UTC."""
    return _EPOCH + ticks * _TICK


def moment_or_none(ticks: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if ticks is None else moment(ticks)
