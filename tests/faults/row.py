"""What a row of the table is: a fault, where it is played, how often, and the variant that must fail.

A row without a single fired fault is void, and one whose naive variant stays clean proves only that it cannot see.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Size = Literal["ci", "soak"]
Play = Callable[[int, int, bool], "Played"]
"""(how many faults, seed, naive variant?) -> what happened."""


@dataclass(frozen=True)
class Played:
    """One part of a row: faults that really fired, what broke, and what else is worth knowing."""

    fired: int
    violations: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    id: str
    fault: str
    holds: str
    """What must be so whatever happens."""
    place: str
    """The cheapest place that still proves it."""
    play: Play
    ci: int
    soak: int
    part: int
    """How many faults a part of the soak has: it ends within minutes and is kept by itself."""
    naive: str = ""
    """The variant of the harness that must show violations, in words; empty where there is none."""
    naive_ci: int = 0
    missing: str = ""
    """What the row cannot reach here."""
    slow: bool = False
    """Starts processes: more than a few seconds."""


class Judge:
    """Collects violations; each is said with what is needed to understand it."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def holds(self, fine: object, otherwise: str) -> None:
        """Note a violation unless `fine`."""
        if not fine:
            self.found.append(otherwise)

    def same(self, is_: object, should: object, what: str) -> None:
        """Note a violation unless both are equal."""
        if is_ != should:
            self.found.append(f"{what}: {is_!r}, not {should!r}")

    def played(self, fired: int, notes: str = "") -> Played:
        """The result."""
        return Played(fired, tuple(self.found), notes)
