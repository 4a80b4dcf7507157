"""When something is due next by the wall clock of a time zone, daylight saving included. Pure: reads no clock.

APScheduler's CronTrigger is not used; measured with 3.11.3: `from_crontab("0 9 * * 0")` means Monday and 7 is refused
(github.com/agronholm/apscheduler/issues/286), 02:30 on the night it does not exist comes at 03:30 in Berlin while
00:00 in Sao Paulo loses the whole day, 02:30 on the night it exists twice comes twice, and `0 9 1 * 1` wants a 1st
that is a Monday where crontab(5) takes either. So the five fields are read here, as crontab(5) has them.
"""

import re
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rollout.errors import BadInput

FURTHEST = 61 * 366
"""Days to look ahead: a 29th of February on a given weekday may be 40 years away."""
_EXAMPLE = 'write five fields: minute, hour, day, month, weekday, like "0 9 * * 1-5"'
_AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_PART = re.compile(r"(\*|(?P<low>[a-z]{3}|[0-9]{1,2})(-(?P<high>[a-z]{3}|[0-9]{1,2}))?)(/(?P<step>[0-9]{1,2}))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class _Field(NamedTuple):
    what: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59), _Field("hour", 0, 23), _Field("day", 1, 31), _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _DAYS),
)  # fmt: skip


class Rule(NamedTuple):
    """Times of day, and on which days."""

    times: tuple[tuple[int, int], ...]
    """Hours and minutes, in order."""
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either: bool = False
    """crontab(5): where neither day field begins with `*`, a day that fits one of them is meant."""

    def means(self, day: date) -> bool:
        """Whether the rule has times on that day."""
        if day.month not in self.months:
            return False
        fits = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return any(fits) if self.either else all(fits)


@lru_cache(maxsize=256)
def read_rule(text: str) -> Rule:
    """A time of day, `09:00`, or five fields of crontab(5). BadInput for anything else, and for what never comes."""
    if at := _AT.fullmatch(text):
        every = [frozenset(range(field.low, field.high + 1)) for field in _FIELDS]
        return Rule(((int(at[1]), int(at[2])),), every[2], every[3], every[4])
    words = text.lower().split()
    if len(words) != len(_FIELDS):
        raise BadInput(f"{text[:60]!r} has {len(words)} fields, not five", _EXAMPLE)
    minutes, hours, days, months, weekdays = (_read(word, field) for word, field in zip(words, _FIELDS, strict=True))
    rule = Rule(
        tuple((hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days, months, frozenset(day % 7 for day in weekdays), not any(word.startswith("*") for word in words[2::2]),
    )  # fmt: skip
    if not rule.either and all(min(days) > _LONGEST[month - 1] for month in months):
        raise BadInput(f"{text[:60]!r} never comes: no such month has that day", "correct day or month")
    return rule


def next_due(rule: str, zone: ZoneInfo, after: datetime) -> datetime:
    """The first time after `after` that the rule means, in UTC.

    A time that a clock set forward leaps over comes at the first moment after the leap, one that comes twice
    comes the first time only. A date that a zone leaps over as a whole has no times.
    """
    read = read_rule(rule)
    # a day earlier: what that day leaps over may come as late as this one
    first = after.astimezone(zone).date() - timedelta(days=1)
    for ahead in range(FURTHEST):
        day = first + timedelta(days=ahead)
        if read.means(day) and (due := _first(read, zone, day, after)):
            return due
    raise BadInput(f"{rule[:60]!r} does not come for a lifetime", "correct day, month or weekday")


def _read(word: str, field: _Field) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        found.update(_range(part, field))
    return frozenset(found)


def _range(part: str, field: _Field) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise BadInput(f"{part[:20]!r} is not a {field.what}", _EXAMPLE)
    if match["low"] is None:
        low, high = field.low, field.high
    else:
        low = _number(match["low"], field)
        high = _number(match["high"], field) if match["high"] else low
        if match["high"] == "sun" and low:  # the week may end with it
            high = 7
    if low > high:
        raise BadInput(f"{part[:20]!r} goes backwards", f"write the smaller {field.what} first")
    if match["step"] is not None and (int(match["step"]) == 0 or low == high):
        every = f"*/{int(match['step']) or 5}"
        raise BadInput(f"{part[:20]!r} has no steps", f"write {every}, or a range before the /")
    return range(low, high + 1, int(match["step"] or 1))


def _number(word: str, field: _Field) -> int:
    if word in field.names:
        return field.names.index(word) + (1 if field.what == "month" else 0)
    if not word.isdigit() or not field.low <= int(word) <= field.high:
        raise BadInput(f"{word[:20]!r} is not a {field.what}", f"a {field.what} is {field.low} to {field.high}")
    return int(word)


def _first(rule: Rule, zone: ZoneInfo, day: date, after: datetime) -> datetime | None:
    """The first time of that day after `after`; the moments of a day never fall."""

    def moment(time: tuple[int, int]) -> datetime:
        return _moment(datetime(day.year, day.month, day.day, *time, tzinfo=zone))

    found = bisect_right(rule.times, after, key=moment)
    if found == len(rule.times):
        return None
    due = moment(rule.times[found])
    around = (due - timedelta(seconds=1), due)
    return due if any(one.astimezone(zone).date() == day for one in around) else None


def _moment(wall: datetime) -> datetime:
    """When a clock on the wall shows that, the first of two times; where it never does, when it leaps over it."""
    due = wall.astimezone(UTC)
    real = due.astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None)
    return due if real else _leap(wall)


def _leap(wall: datetime) -> datetime:
    """The moment at which the clock was set forward over a wall time that does not exist."""
    # PEP 495: in a gap fold 0 has the offset from before the leap, which ends too late, fold 1 the one after it
    early, late = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    after = late.astimezone(wall.tzinfo).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(wall.tzinfo).utcoffset() == after:
            late = middle
        else:
            early = middle
    return late
