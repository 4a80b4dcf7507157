"""Durations: what is read, what is refused, and that both agree."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from rollout.durations import Duration, parse_duration, print_duration
from rollout.errors import BadInput
from tests.rollout.rows import CALM

YEAR = timedelta(days=366)
FEW = settings(max_examples=60, **CALM)
lengths = st.integers(0, 366 * 86_400_000).map(lambda ms: timedelta(milliseconds=ms))


@FEW
@given(lengths)
def test_what_is_printed_is_read_back(length):
    """Every length up to a year prints as text that reads as the same length."""
    assert parse_duration(print_duration(length)) == length


@FEW
@given(lengths, lengths)
def test_texts_differ_where_lengths_do(one, other):
    """Two lengths share a text only when they are the same; plans are hashed by their text."""
    assert (print_duration(one) == print_duration(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("1d1h1m1s1ms", 90061.001), ("0s", 0), ("1d", 86400)],
)
def test_read_as_people_write_them(text, seconds):
    """Units from days to milliseconds, alone and together."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5m ", " 5m", "-5m", "+5m", "1.5h", "5M", "5m\n", "5mx", "x5m"])
def test_other_text_is_refused(text):
    """Nothing is guessed or stripped: text that is no duration is refused with an example."""
    with pytest.raises(BadInput, match="is not a duration") as no:
        parse_duration(text)
    assert "90s" in no.value.hint


@pytest.mark.parametrize("text", ["30m1h", "1m1m", "1ms1s", "1h1d"])
def test_units_fall_in_size(text):
    """A unit twice, or a larger one after a smaller, is a slip of the hand."""
    with pytest.raises(BadInput, match="out of order"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["367d", "999999999d", "8785h", "366d1ms"])
def test_longer_than_a_year_is_refused(text):
    """A bake of centuries is a typo, and must not overflow either."""
    with pytest.raises(BadInput, match="longer than a year"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["٣m", "５m"])
def test_only_plain_digits(text):
    """Digits of other scripts look like something else to most readers and are refused."""
    with pytest.raises(BadInput):
        parse_duration(text)


@pytest.mark.parametrize("length", [timedelta(seconds=-1), timedelta(0)])
def test_nothing_and_less_print_as_nothing(length):
    """There is no negative text; nothing is `0s`."""
    assert print_duration(length) == "0s"


def test_a_field_takes_text_and_lengths_and_prints_text():
    """A Duration field reads text or a timedelta, and dumps as text."""
    field = TypeAdapter(Duration)
    assert field.validate_python("1h30m") == field.validate_python(timedelta(minutes=90))
    assert field.dump_json(timedelta(minutes=90)) == b'"1h30m"'
    with pytest.raises(BadInput):
        field.validate_python("soon")
