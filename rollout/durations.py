"""Durations as people write them: `90s`, `5m`, `1h30m`, `500ms`. One module reads and prints them."""

import re
from datetime import timedelta
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from rollout.errors import BadInput

_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PART = re.compile(r"([0-9]{1,9})(ms|d|h|m|s)")


# Cached: a stored row names the same twenty durations each time it is read or written.
@lru_cache(maxsize=1024)
def parse_duration(text: str) -> timedelta:
    """Read `1h30m`; refuses anything else, units must fall in size, each at most once."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadInput(f"{text[:40]!r} is not a duration", "write it like 90s, 5m or 1h30m")
    order = [list(_UNITS).index(unit) for _, unit in parts]
    if order != sorted(set(order)):
        raise BadInput(f"{text[:40]!r} has its units out of order", "write it like 1h30m")
    total = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if total > 366 * _UNITS["d"]:
        raise BadInput(f"{text[:40]!r} is longer than a year", "write it like 90s, 5m or 1h30m")
    return timedelta(milliseconds=total)


@lru_cache(maxsize=1024)
def print_duration(length: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as the same length."""
    left = round(length.total_seconds() * 1000)
    if left <= 0:
        return "0s"
    out = ""
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        out += f"{count}{unit}" if count else ""
    return out


def _accept(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_accept), PlainSerializer(print_duration, return_type=str)]
"""A length of time that reads and prints as text, e.g. in the configuration and in stored terms."""
