"""How long a plan takes: when each step begins if all is well, and the longest it may take while AWS can be read.

Out of the terms alone, before anything is asked of AWS. What no clock ends is said, not counted: a person's pause, data
or sight that is missing.
"""

from datetime import timedelta

from rollout.durations import Duration
from rollout.plan import Approve, SetWeight, Step
from rollout.terms import Terms
from rollout.values import ZERO, Frozen


class Leg(Frozen):
    """One part of the way."""

    text: str
    begins: Duration
    """After the start, where everything is healthy and every question is answered at once."""
    lasts: Duration
    """The shortest it takes."""
    longest: Duration
    """After so long it ends otherwise: goes back, pauses and calls a person."""


class Forecast(Frozen):
    """The whole way."""

    legs: tuple[Leg, ...]

    @property
    def shortest(self) -> timedelta:
        """Healthy all the way, answered at once."""
        return sum((leg.lasts for leg in self.legs), ZERO)

    @property
    def longest(self) -> timedelta:
        """Every part at its deadline: by then it has succeeded, has gone back, or a person was called."""
        return sum((leg.longest for leg in self.legs), ZERO)


def forecast(terms: Terms, *, launches: bool) -> Forecast:
    """The way of these terms; `launches`: the driver has capacity to bring up and to take down."""
    timing, look = terms.timing, terms.timing.look_moving
    parts: list[tuple[str, timedelta, timedelta]] = [("find the release, check, alarms", look, timing.requested)]
    if terms.approval is not None and terms.approval.before_start:
        parts.append((f"approval to start by {terms.approval.by}", ZERO, timing.approval))
    parts.append(("bring the new release up", look, timing.launching))
    if terms.schedule is not None:
        parts.append(("AWS begins its deployment", look, timing.watch))
    steps = (terms.schedule or terms.plan).steps
    for step in steps:
        parts += _parts(step, terms, last=step is steps[-1])
    parts.append(("bake at 100 %", terms.final_bake, terms.final_bake + timing.final_slack))
    if launches:
        parts.append(("remove the old side", terms.settle, timing.retiring))
    legs, at = [], ZERO
    for text, lasts, longest in parts:
        legs.append(Leg(text=text, begins=at, lasts=lasts, longest=max(lasts, longest)))
        at += lasts
    return Forecast(legs=tuple(legs))


def _parts(step: Step, terms: Terms, *, last: bool) -> list[tuple[str, timedelta, timedelta]]:
    timing = terms.timing
    if isinstance(step, Approve):
        by = max(step.by, terms.approval.by if terms.approval else 1)
        whose = ", as long as AWS waits" if terms.schedule is not None else ""
        return [(f"approval by {by}{whose}", ZERO, timing.approval)]
    if not isinstance(step, SetWeight):
        return [(f"{step}", ZERO, ZERO)]
    move = timing.move
    if terms.schedule is not None:
        bakes = [one.bake for one in terms.schedule.steps if isinstance(one, SetWeight)]
        move = timing.watch + max(bakes, default=ZERO)  # AWS may rightly show no change for its longest interval
    parts = [(f"move to {step.percent} %", timing.look_moving, move)]
    if not last and step.bake:
        parts.append((f"watch at {step.percent} %", step.bake, step.bake))
    return parts
