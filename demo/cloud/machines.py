"""Servers that CodeDeploy's agent installs programs on: they are always there, what runs on them changes.

They exist here and as targets only: EC2 itself does not list them. Installs nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from demo.cloud.task import Behaviour

Tags = dict[str, str]
WELL = Behaviour()


@dataclass
class Machines:
    """The machines of all places. `programs` says how a program behaves, by the eTag or commit it came from."""

    known: dict[str, tuple[Crew, Machine]] = field(default_factory=dict)
    programs: dict[str, Behaviour] = field(default_factory=dict)
    installed: dict[str, str] = field(default_factory=dict)
    """What was installed on instances of Auto Scaling groups, which live elsewhere."""

    def add(self, crew: Crew, machine: Machine) -> None:
        """A machine beside those of its kind."""
        self.known[machine.id] = crew, machine

    def tagged(self, place: tuple[str, str], filters: Iterable[dict[str, str]]) -> list[Machine]:
        """The machines of a place that fit one of the tag filters."""
        return [
            machine for crew, machine in self.known.values()
            if crew.place == place and any(machine.fits(one) for one in filters)
        ]

    def behaviour(self, program: str) -> Behaviour:
        """How a program behaves; one nobody spoke of is good."""
        return self.programs.get(program, WELL)

    def clear(self) -> None:
        """No machines and no programs."""
        self.known.clear()
        self.programs.clear()
        self.installed.clear()


@dataclass
class Crew:
    """Machines that are alike."""

    place: tuple[str, str]
    sick: bool = False
    capacity: float | None = None


@dataclass
class Machine:
    """One server. `up` says whether its program was started."""

    id: str
    number: int
    tags: Tags
    program: str
    behaviour: Behaviour = WELL
    up: bool = True
    served: int | None = None

    @property
    def runs(self) -> bool:
        """Whether its program answers."""
        return self.up and self.behaviour.exit_code is None

    def install(self, program: str, behaviour: Behaviour) -> None:
        """Another program; it answers once it is started."""
        self.program, self.behaviour, self.served = program, behaviour, None

    def fits(self, asked: dict[str, str]) -> bool:
        """Whether a filter of CodeDeploy's means it."""
        key, value, kind = asked.get("Key", ""), asked.get("Value", ""), asked.get("Type", "KEY_AND_VALUE")
        if kind == "KEY_ONLY":
            return key in self.tags
        if kind == "VALUE_ONLY":
            return value in self.tags.values()
        return self.tags.get(key) == value
