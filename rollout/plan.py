"""Plans: what steps there are, their text notation, the built-in ones. One parser, one printer, nothing decided.

`"10% 5m, 50% 10m, approve, 100%"`: items separated by commas: `N% [duration]`, `approve [n]`, `check <hook>`,
`watch`; weights strictly rise, `0%` only first, the last is `100%`.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field

from rollout.durations import Duration, parse_duration, print_duration
from rollout.errors import BadInput, BadPlan
from rollout.values import ZERO, Frozen


class SetWeight(Frozen):
    """Send `percent` of the traffic to the candidate, then watch it for `bake`."""

    kind: Literal["weight"] = "weight"
    percent: int = Field(ge=0, le=100)
    bake: Duration = ZERO

    def __str__(self) -> str:
        return f"{self.percent}%" + (f" {print_duration(self.bake)}" if self.bake else "")


class Approve(Frozen):
    """Wait until `by` persons have approved."""

    kind: Literal["approve"] = "approve"
    by: int = Field(default=1, ge=1, le=9)

    def __str__(self) -> str:
        return "approve" + (f" {self.by}" if self.by > 1 else "")


class Check(Frozen):
    """Wait until the named hook says yes."""

    kind: Literal["check"] = "check"
    hook: str

    def __str__(self) -> str:
        return f"check {self.hook}"


class Watch(Frozen):
    """AWS runs the schedule itself; we watch."""

    kind: Literal["watch"] = "watch"

    def __str__(self) -> str:
        return "watch"


Step = Annotated[SetWeight | Approve | Check | Watch, Field(discriminator="kind")]


class Plan(Frozen):
    """A named tuple of steps."""

    name: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return ", ".join(str(step) for step in self.steps)

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when the steps do; clicks are bound to it."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:12]

    @classmethod
    def parse(cls, name: str, text: str) -> Self:
        """Read the notation; refuses with the column of what is wrong."""
        steps: list[SetWeight | Approve | Check | Watch] = []
        column = 1
        for item in text.split(","):
            start = column + len(item) - len(item.lstrip())
            steps.append(_step(item.strip(), start))
            _rises(steps, start)
            column += len(item) + 1
        if steps[-1].kind == "watch":
            return cls(name=name, steps=tuple(steps))
        if not (isinstance(steps[-1], SetWeight) and steps[-1].percent == 100):
            raise BadPlan(f"the plan {text[:80]!r} does not end at 100%", "let its last item be 100%")
        return cls(name=name, steps=tuple(steps))


_WEIGHT = re.compile(r"([0-9]{1,3})%(?:\s+(\S+))?")
_APPROVE = re.compile(r"approve(?:\s+([1-9]))?")
_CHECK = re.compile(r"check\s+([a-z0-9][a-z0-9-]{0,30})")
_USAGE = 'items are `N% [duration]`, `approve [n]`, `check <hook>`, `watch`: "10% 5m, 50% 10m, approve, 100%"'


def _step(item: str, column: int) -> SetWeight | Approve | Check | Watch:
    if found := _WEIGHT.fullmatch(item):
        if int(found[1]) > 100:
            raise BadPlan(f"column {column}: {found[1]}% is more than 100%", _USAGE)
        return SetWeight(percent=int(found[1]), bake=_bake(found[2], column))
    if found := _APPROVE.fullmatch(item):
        return Approve(by=int(found[1] or 1))
    if found := _CHECK.fullmatch(item):
        return Check(hook=found[1])
    if item == "watch":
        return Watch()
    raise BadPlan(f"column {column}: {item[:40]!r} is not a step", _USAGE)


def _bake(text: str | None, column: int) -> timedelta:
    try:
        return parse_duration(text) if text else ZERO
    except BadInput as wrong:
        raise BadPlan(f"column {column}: {wrong.fact}", wrong.hint) from None


def _rises(steps: list[SetWeight | Approve | Check | Watch], column: int) -> None:
    weights = [step.percent for step in steps if isinstance(step, SetWeight)]
    newest = steps[-1]
    if weights and weights[-1] == 100 and not isinstance(newest, SetWeight):
        raise BadPlan(f"column {column}: nothing may follow 100%", _USAGE)
    if not isinstance(newest, SetWeight):
        return
    if len(weights) > 1 and weights[-1] <= weights[-2]:
        raise BadPlan(f"column {column}: {weights[-1]}% does not rise above {weights[-2]}%", _USAGE)
    if newest.percent == 0 and len(steps) > 1:
        raise BadPlan(f"column {column}: 0% may only come first", _USAGE)


BUILT_IN: Mapping[str, str] = {
    "canary": "10% 5m, 50% 10m, 100%",
    "canary-servers": "5% 5m, 25% 10m, 50% 10m, approve, 100%",
    "canary-watched": "10% 5m, 100%",
    "linear": ", ".join(f"{n}% 1m" for n in range(10, 100, 10)) + ", 100%",
    "bluegreen": "0%, approve, 100%",
    "all-at-once": "100%",
}
"""Notation by name. What some drivers offer under the name `canary` has a name of its own, which nobody can type."""
BUILT_IN_NAMES = tuple(name for name in BUILT_IN if not name.startswith("canary-"))


def built_in(name: str, *, servers: bool = False, watched: bool = False) -> Plan | None:
    """The built-in plan of that name, or None. `watched`: AWS moves the traffic, and knows one weight before 100 %."""
    if name not in BUILT_IN_NAMES:
        return None
    own = "canary-watched" if watched else "canary-servers" if servers else name
    return Plan.parse(name, BUILT_IN[own if name == "canary" else name])
