"""How CloudWatch turns datapoints into an alarm state: M out of N, and what missing points count as. Pure.

Source: "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user guide; the two tables
there are the test cases.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# CloudWatch fetches more points than it needs, to be able to do without a few missing ones.
SPARE = 2
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
MISSING = ("missing", "ignore", "breaching", "notBreaching")

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"


@dataclass(frozen=True)
class Rule:
    """When an alarm is red."""

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        """Whether one datapoint is over the line."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Point:
    """One period: its start in epoch seconds, and its value, or None where nothing was reported."""

    at: int
    value: float | None


@dataclass(frozen=True)
class Outcome:
    """The new state (None: keep the present one) and the points it rests on, newest first."""

    state: str | None
    points: tuple[Point, ...]
    filled: int


def evaluate(rule: Rule, points: Sequence[Point]) -> Outcome:
    """Judges the newest points, given oldest first: `rule.periods + SPARE` of them."""
    newest = list(reversed(points))
    real = [point for point in newest if point.value is not None][: rule.periods]
    filled = rule.periods - len(real)
    used = tuple(real)
    breaching = sum(1 for point in real if point.value is not None and rule.breaches(point.value))
    if rule.missing == "breaching":
        return Outcome(ALARM if breaching + filled >= rule.needed else OK, used, filled)
    if breaching >= rule.needed:
        return Outcome(ALARM, used, filled)
    if rule.missing == "notBreaching" or filled == 0:
        return Outcome(OK, used, filled)
    if not real:
        return Outcome(INSUFFICIENT if rule.missing == "missing" else None, used, filled)
    if breaching < len(real):
        return Outcome(OK, used, filled)
    # Everything there is breaches, but it is too little. Only "missing" may decide, and only when the oldest
    # such point is as old as the points an alarm needs.
    age = newest.index(real[-1]) + 1
    return Outcome(ALARM if rule.missing == "missing" and age >= rule.needed else None, used, filled)
