"""When something is due, against a walk through every quarter of an hour that knows nothing of the code."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendar_times import next_due, read_rule
from rollout.errors import BadInput

QUARTER = timedelta(minutes=15)
ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "UTC",
    "Pacific/Apia", "Africa/Cairo",
)  # fmt: skip
"""Lord Howe leaps by half an hour, Sao Paulo and Cairo at midnight, Apia left a whole day out in 2011."""

Wall = Callable[[datetime], bool]

RULES: dict[str, Wall] = {
    "02:30": lambda wall: (wall.hour, wall.minute) == (2, 30),
    "09:00": lambda wall: (wall.hour, wall.minute) == (9, 0),
    "00:00": lambda wall: (wall.hour, wall.minute) == (0, 0),
    "23:45": lambda wall: (wall.hour, wall.minute) == (23, 45),
    "*/15 0-3,23 * * *": lambda wall: wall.hour in (0, 1, 2, 3, 23),
    "0 9 * * 1-5": lambda wall: (wall.hour, wall.minute) == (9, 0) and wall.weekday() < 5,
    "15 2 * * 0": lambda wall: (wall.hour, wall.minute) == (2, 15) and wall.weekday() == 6,
    "15 2 * * 7": lambda wall: (wall.hour, wall.minute) == (2, 15) and wall.weekday() == 6,
    "0 7 * * sat-sun": lambda wall: (wall.hour, wall.minute) == (7, 0) and wall.weekday() >= 5,
    "30 1-4/2 29 2 *": lambda wall: wall.minute == 30 and wall.hour in (1, 3) and (wall.day, wall.month) == (29, 2),
    "0 9 1 * 1": lambda wall: (wall.hour, wall.minute) == (9, 0) and (wall.day == 1 or wall.weekday() == 0),
    "0 12 13 * */5": lambda wall: (
        (wall.hour, wall.minute, wall.day) == (12, 0, 13) and wall.isoweekday() % 7 in (0, 5)
    ),
    "45 23 31 dec,MAR *": lambda wall: (wall.hour, wall.minute, wall.day) == (23, 45, 31) and wall.month in (3, 12),
}
YEARS = {"America/Sao_Paulo": 2015, "Pacific/Apia": 2011}
"""Where the zone had something to show; 2023 elsewhere. Two years each, with a leap day."""


def walls(zone: ZoneInfo, year: int) -> Iterator[tuple[datetime, datetime, list[datetime]]]:
    """Every quarter of an hour: the moment, what the wall clock shows, and what it leapt over just now."""
    moment, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    before = (moment - QUARTER).astimezone(zone).replace(tzinfo=None)
    while moment < end:
        wall = moment.astimezone(zone).replace(tzinfo=None)
        leapt = []
        missing = before + QUARTER
        while missing < wall:
            leapt.append(missing)
            missing += QUARTER
        yield moment, wall, leapt
        before = wall
        moment += QUARTER


def expected(zone: ZoneInfo, year: int) -> dict[str, list[datetime]]:
    """By rule, all moments at which it is due."""
    found: dict[str, list[datetime]] = {rule: [] for rule in RULES}
    seen: set[datetime] = set()
    last = None
    for moment, wall, leapt in walls(zone, year):
        real = [one for one in leapt if one.date() in (wall.date(), last and last.date())]
        for rule, meant in RULES.items():
            first_time = wall not in seen and meant(wall)
            if first_time or any(meant(one) for one in real):
                found[rule].append(moment)
        seen.add(wall)
        last = wall
    return found


@pytest.mark.parametrize("name", ZONES)
def test_every_rule_in_every_zone_over_two_years(name: str) -> None:
    """A rule is due exactly when the wall clock shows it first, or leaps over it; nothing more and nothing less."""
    zone, year = ZoneInfo(name), YEARS.get(name, 2023)
    for rule, wanted in expected(zone, year).items():
        assert wanted or "29 2" in rule
        got, due = [], datetime(year, 1, 1, tzinfo=UTC) - timedelta(seconds=1)
        while (due := next_due(rule, zone, due)) < datetime(year + 2, 1, 1, tzinfo=UTC):
            got.append(due)
        assert got == wanted, rule


GAPS = {
    ("02:30", "Europe/Berlin", "2026-03-28T12:00Z"): ["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
    ("02:30", "Europe/Berlin", "2026-10-24T12:00Z"): ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
    ("02:15", "Australia/Lord_Howe", "2026-10-03T12:00Z"): ["2026-10-03T15:30Z", "2026-10-04T15:15Z"],
    ("00:00", "America/Sao_Paulo", "2018-11-03T12:00Z"): ["2018-11-04T03:00Z", "2018-11-05T02:00Z"],
    ("09:00", "Pacific/Apia", "2011-12-29T20:00Z"): ["2011-12-30T19:00Z", "2011-12-31T19:00Z"],
    ("0 6 29 2 *", "UTC", "2026-01-01T00:00Z"): ["2028-02-29T06:00Z", "2032-02-29T06:00Z"],
    ("0 6 29 2 *", "UTC", "2097-01-01T00:00Z"): ["2104-02-29T06:00Z", "2108-02-29T06:00Z"],
}


@pytest.mark.parametrize("case", GAPS, ids=str)
def test_nights_of_the_change(case: tuple[str, str, str]) -> None:
    """By hand: once at the first moment after the gap, the first of two, no time on a date that never was."""
    rule, zone, after = case
    due, got = datetime.fromisoformat(after), []
    for _ in GAPS[case]:
        due = next_due(rule, ZoneInfo(zone), due)
        got.append(due.strftime("%Y-%m-%dT%H:%MZ"))
    assert got == GAPS[case]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    hour=st.integers(0, 23), minute=st.integers(0, 59),
    start=st.datetimes(datetime(2009, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - mere bounds
)  # fmt: skip
def test_a_time_of_day_comes_once_a_day(zone: ZoneInfo, hour: int, minute: int, start: datetime) -> None:
    """Whatever the hour and the zone: later than asked, no date twice, none left out that exists; asking is stable."""
    rule, due, dues = f"{hour:02}:{minute:02}", start, []
    for _ in range(380):
        after, due = due, next_due(rule, zone, due)
        assert due > after
        assert next_due(rule, zone, due - timedelta(microseconds=1)) == due
        dues.append(due)
    dates = [one.astimezone(zone).date() for one in dues]
    for before, after_it in pairwise(dates):
        apia = zone.key == "Pacific/Apia" and before.isoformat() == "2011-12-29"
        assert (after_it - before).days == (2 if apia else 1)


BROKEN = {
    "": "0 fields", "0 9": "2 fields", "0 9 * * 1 x": "6 fields", "60 * * * *": "'60' is not a minute",
    "* 24 * * *": "'24' is not a hour", "0 9 0 * *": "'0' is not a day", "0 9 * 13 *": "'13' is not a month",
    "0 9 * * 8": "'8' is not a weekday", "0 9 * * mo": "'mo' is not a weekday", "0 9 * * 1,,2": "'' is not a weekday",
    "5/10 * * * *": "has no steps", "*/0 * * * *": "has no steps", "9-5 * * * *": "goes backwards",
    "0 9 31 2,4 *": "never comes", "0 9 30 feb *": "never comes", "24:00": "1 fields", "9:00": "1 fields",
    "@daily": "1 fields", "0 9 * * 1#2": "is not a weekday", "0 9 L * *": "is not a day",
    "٣ * * * *": "is not a minute",
    "111111111111 9 * * *": "is not a minute", "0 9 * * -1": "is not a weekday",
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN, ids=repr)
def test_what_is_no_rule_is_refused_with_the_field(text: str) -> None:
    """Each mistake is named by its field and value, with how to write it."""
    with pytest.raises(BadInput) as refused:
        read_rule(text)
    assert BROKEN[text] in refused.value.fact
    assert refused.value.hint


@given(text=st.text(st.sampled_from("0123456789*,-/ :monsujan"), max_size=20) | st.text(max_size=20))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    """Nothing but BadInput ever comes of a text, and a rule that was read has times."""
    try:
        rule = read_rule(text)
    except BadInput:
        return
    assert rule.times
    assert rule.days
    assert rule.months
    assert rule.weekdays
