"""A sickness that comes and goes: which seconds are sick, by the seed alone, however late somebody asks. Pure."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field

SHORTEST, LONGEST = 3, 4
"""Periods of one spell: an alarm needs two to turn red, and one good one to turn back."""


@dataclass
class Flap:
    """Sick from `since` on, then well, then sick again; each spell lasts a few metric periods."""

    since: int
    period: int
    errors: float
    dice: random.Random
    _edges: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._edges = [self.since]

    def sick(self, second: int) -> bool:
        """Whether requests of that second fail."""
        while self._edges[-1] <= second:
            self._edges.append(self._edges[-1] + self.period * self.dice.randint(SHORTEST, LONGEST))
        return bisect_right(self._edges, second) % 2 == 1
