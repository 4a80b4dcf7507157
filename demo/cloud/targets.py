"""The life of targets: unused, initial, healthy, unhealthy, draining. moto calls every target healthy at once.

Steps second by second. Does not know who registers a target, nor why a health check fails.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import NamedTuple

Passes = Callable[[str], bool]

UNUSED, INITIAL, HEALTHY, UNHEALTHY, DRAINING = "unused", "initial", "healthy", "unhealthy", "draining"
REASONS = {
    UNUSED: ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
    INITIAL: ("Elb.RegistrationInProgress", "Target registration is in progress"),
    UNHEALTHY: ("Target.FailedHealthChecks", "Health checks failed"),
    DRAINING: ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}


class Checks(NamedTuple):
    """A group's health checks, and how long it drains a target, in seconds."""

    interval: int = 30
    healthy: int = 5
    unhealthy: int = 2
    delay: int = 300


@dataclass
class Target:
    """One target of one group. `since` is when its present streak of checks began."""

    id: str
    port: int
    state: str
    since: int
    drained: int = 0

    def step(self, checks: Checks, second: int, *, used: bool, passes: bool) -> None:
        """Lives on for one second."""
        if self.state == DRAINING:
            return
        if not used:
            self._turn(UNUSED, second)
        elif self.state == UNUSED:
            self._turn(INITIAL, second)
        elif (self.state == HEALTHY) == passes and self.state != INITIAL:
            self.since = second
        elif second - self.since >= self._patience(checks, passes):
            self._turn(HEALTHY if passes else UNHEALTHY, second)

    def _patience(self, checks: Checks, passes: bool) -> int:  # noqa: FBT001 - an answer, not a switch
        """Seconds of the other answer before the state turns: a new target needs one good check only."""
        needed = checks.unhealthy if not passes else 1 if self.state == INITIAL else checks.healthy
        return needed * checks.interval

    def _turn(self, state: str, second: int) -> None:
        if state != self.state:
            self.state, self.since = state, second


@dataclass
class Targets:
    """The targets of every group. `checks_of` tells a group's present settings."""

    checks_of: Callable[[str], Checks]
    _groups: dict[str, dict[tuple[str, int], Target]] = field(default_factory=dict)
    _emptied: set[str] = field(default_factory=set)

    def register(self, group: str, target: str, port: int, second: int, *, used: bool) -> None:
        """Adds a target, or takes one back that drains; one that is registered already stays as it is."""
        present = self._groups.setdefault(group, {})
        known = present.get((target, port))
        if known is None or known.state == DRAINING:
            present[target, port] = Target(target, port, INITIAL if used else UNUSED, second)

    def deregister(self, group: str, target: str, port: int, second: int) -> bool:
        """Drains a target, at once where nothing reaches it; False where it was not registered."""
        known = self._groups.get(group, {}).get((target, port))
        if known is None or known.state == DRAINING:
            return False
        delay = 0 if known.state == UNUSED else self.checks_of(group).delay
        known.state, known.since, known.drained = DRAINING, second, second + delay
        self._emptied.add(group)
        if not delay:
            del self._groups[group][target, port]
        return True

    def step(self, second: int, used: Container[str], passes: Passes) -> None:
        """Every target lives on for one second; the drained ones go."""
        for group, present in self._groups.items():
            checks = self.checks_of(group) if present else Checks()
            for key, target in list(present.items()):
                target.step(checks, second, used=group in used, passes=passes(target.id))
                if target.state == DRAINING and target.drained <= second:
                    del present[key]

    def of(self, group: str) -> list[Target]:
        """The group's targets, the draining ones too."""
        return list(self._groups.get(group, {}).values())

    def find(self, group: str, target: str, port: int) -> Target | None:
        return self._groups.get(group, {}).get((target, port))

    def healthy(self, group: str) -> list[str]:
        """The ids of those that requests reach."""
        return [one.id for one in self._groups.get(group, {}).values() if one.state == HEALTHY]

    def lost_some(self, group: str) -> bool:
        """Whether a target was ever taken out of the group."""
        return group in self._emptied

    def clear(self) -> None:
        """Forgets every target."""
        self._groups.clear()
        self._emptied.clear()
