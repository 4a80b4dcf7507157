"""How long a plan takes: when each step begins if all is well, and the longest it may take while AWS can be read.

Out of the terms alone, before anything is asked of AWS. What no clock ends is said, not counted: a person's pause, data
or sight that is missing.
"""

from datetime import timedelta

from rollout.durations import Duration
from rollout.plan import Approve, SetWeight, Step, Watch
from rollout.terms import Terms, Timing
from rollout.values import ZERO, Frozen

BEGINS = "AWS begins its deployment"
AT_AWS = "AWS moves the traffic"
"""The leg of a plan that is left to AWS, where nobody has read how long it is: its times mean nothing."""


class Leg(Frozen):
    """One part of the way."""

    text: str
    begins: Duration
    """After the start, where everything is healthy and every question is answered at once."""
    lasts: Duration
    """The shortest it takes."""
    longest: Duration
    """After so long it ends otherwise: goes back, pauses and calls a person."""


class Stretch(Frozen):
    """One part of a deployment that AWS steps through by itself."""

    text: str
    lasts: Duration = ZERO
    """As AWS is configured; ZERO: as long as it takes."""
    waits: Duration | None = None
    """How long AWS waits there for a word at most; None: for nobody."""


class Configured(Frozen):
    """What AWS does by a target's own configuration there, as it was read."""

    text: str
    """In a line."""
    stretches: tuple[Stretch, ...] = ()
    """Up to all traffic on the new release."""
    keeps: Duration = ZERO
    """How long AWS keeps the old side after that."""
    patience: Duration = ZERO
    """How long it may rightly show no change: the longest interval."""
    bounds: tuple[str, ...] = ()
    """What its times do not tell, in words."""
    unknown: str = ""
    """Why they cannot be known, though the configuration is."""


def shift(percent: float, hold: timedelta = ZERO) -> tuple[Stretch, ...]:
    """Traffic moves to so many percent, and stays there for that long."""
    held = (Stretch(text=f"watch at {percent:g} %", lasts=hold),) if hold else ()
    return (Stretch(text=f"move to {percent:g} %"), *held)


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


Part = tuple[str, timedelta, timedelta]
"""What it is, how long it takes at least, and at most."""


def forecast(terms: Terms, *, launches: bool, configured: Configured | None = None) -> Forecast:
    """The way of these terms; `launches`: the driver has capacity to bring up and to take down.

    `configured`: what AWS does by itself, where the plan leaves it to AWS and that could be read.
    """
    timing, look = terms.timing, terms.timing.look_moving
    parts: list[Part] = [("find the release, check, alarms", look, timing.requested)]
    if terms.approval is not None and terms.approval.before_start:
        parts.append((f"approval to start by {terms.approval.by}", ZERO, timing.approval))
    if configured is None:
        parts += _asked(terms)
    else:
        parts.append((BEGINS, look, timing.launching))
        parts += [_stretch(one, configured, timing) for one in configured.stretches]
    parts.append(("bake at 100 %", terms.final_bake, terms.final_bake + timing.final_slack))
    if configured is not None:
        rest = max(configured.keeps - terms.final_bake, look)  # it runs since all traffic has moved, as the bake does
        parts.append(("AWS ends its deployment", rest, rest + configured.patience + timing.watch))
    if launches:
        parts.append(("remove the old side", terms.settle, timing.retiring))
    legs, at = [], ZERO
    for text, lasts, longest in parts:
        legs.append(Leg(text=text, begins=at, lasts=lasts, longest=max(lasts, longest)))
        at += lasts
    return Forecast(legs=tuple(legs))


def _asked(terms: Terms) -> list[Part]:
    """What the plan says, be it for us or for AWS to do."""
    timing, look = terms.timing, terms.timing.look_moving
    parts: list[Part] = [("bring the new release up", look, timing.launching)]
    if terms.schedule is not None:
        parts.append((BEGINS, look, timing.watch))
    steps = (terms.schedule or terms.plan).steps
    for step in steps:
        parts += _parts(step, terms, last=step is steps[-1])
    return parts


def _stretch(one: Stretch, configured: Configured, timing: Timing) -> Part:
    """AWS's own clock ends what it holds; what it works at goes back when it has shown no change for too long."""
    if one.waits is not None:
        return one.text, ZERO, one.waits + timing.watch
    if one.lasts:
        return one.text, one.lasts, one.lasts
    return one.text, timing.look_moving, configured.patience + timing.watch


def _parts(step: Step, terms: Terms, *, last: bool) -> list[Part]:
    timing = terms.timing
    if isinstance(step, Approve):
        by = max(step.by, terms.approval.by if terms.approval else 1)
        whose = ", as long as AWS waits" if terms.schedule is not None else ""
        return [(f"approval by {by}{whose}", ZERO, timing.approval)]
    if not isinstance(step, SetWeight):
        return [(AT_AWS if isinstance(step, Watch) else f"{step}", ZERO, ZERO)]
    move = timing.move
    if terms.schedule is not None:
        bakes = [one.bake for one in terms.schedule.steps if isinstance(one, SetWeight)]
        move = timing.watch + max(bakes, default=ZERO)  # AWS may rightly show no change for its longest interval
    parts = [(f"move to {step.percent} %", timing.look_moving, move)]
    if not last and step.bake:
        parts.append((f"watch at {step.percent} %", step.bake, step.bake))
    return parts
