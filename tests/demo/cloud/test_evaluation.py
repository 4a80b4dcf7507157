"""Alarm evaluation against the tables of CloudWatch's user guide."""

import pytest

from demo.cloud.evaluation import Outcome, Point, Rule, evaluate

# "How alarm state is evaluated when data is missing": datapoints oldest first (- missing, 0 fine, X
# breaching) and the state for missing, ignore, breaching, notBreaching; "keep" is "retain current state".
THREE_OF_THREE = [
    ("0 - X - X", "OK", "OK", "OK", "OK"),
    ("0 - - - -", "OK", "OK", "OK", "OK"),
    ("- - - - -", "INSUFFICIENT_DATA", "keep", "ALARM", "OK"),
    ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("- - X - -", "ALARM", "keep", "ALARM", "OK"),
]
TWO_OF_THREE = [
    ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 - X - -", "OK", "OK", "ALARM", "OK"),
    ("- - - - 0", "OK", "OK", "ALARM", "OK"),
    ("- - - X -", "ALARM", "keep", "ALARM", "OK"),
]
MISSING = ("missing", "ignore", "breaching", "notBreaching")
CASES = [
    pytest.param(needed, drawn, missing, expected, id=f"{needed}/3 {drawn} {missing}")
    for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for drawn, *states in table
    for missing, expected in zip(MISSING, states, strict=True)
]


def judged(drawn: str, needed: int, missing: str, periods: int = 3) -> Outcome:
    """The outcome for points drawn as in the guide; the threshold is 0.5."""
    values = {"-": None, "0": 0.0, "X": 1.0}
    points = [Point(60 * at, values[sign]) for at, sign in enumerate(drawn.split())]
    return evaluate(Rule("GreaterThanThreshold", 0.5, periods, needed, missing), points)


@pytest.mark.parametrize(("needed", "drawn", "missing", "expected"), CASES)
def test_the_tables_of_the_guide(needed: int, drawn: str, missing: str, expected: str) -> None:
    """Every cell of both tables gives the state the guide gives."""
    assert (judged(drawn, needed, missing).state or "keep") == expected


def test_a_single_fresh_breach_is_no_alarm_yet() -> None:
    """One breaching point after nothing keeps the state: an alarm of two needs two periods."""
    assert judged("- - - X", 2, "missing", periods=2).state is None
    assert judged("- - - X", 2, "notBreaching", periods=2).state == "OK"
    assert judged("- - X X", 2, "missing", periods=2).state == "ALARM"


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanThreshold", False, False, True),
        ("GreaterThanOrEqualToThreshold", False, True, True),
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
    ],
)
def test_comparisons(comparison: str, below: bool, at: bool, above: bool) -> None:
    """Each operator breaches on its own side of the line."""
    rule = Rule(comparison, 1.0, 1, 1)
    assert [rule.breaches(value) for value in (0.9, 1.0, 1.1)] == [below, at, above]
