"""The oracle log: what was really asked of the cloud and done to it, whatever the client was told.

Tests judge by it: `calls` counts every call that arrived, whatever came of it; `reads` and `refused` those that were
answered and refused; `applied` has the changes in full.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.cloud.calls import Answer, Call


@dataclass(frozen=True)
class Applied:
    """One change that took effect."""

    number: int
    at: datetime
    service: str
    operation: str
    parameters: dict[str, Any]
    caller: str
    account: str
    region: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    def told(self) -> dict[str, Any]:
        """The entry as JSON can carry it."""
        return {key: plain(value) for key, value in self.__dict__.items()}


MOST_ASKED = 2000


@dataclass(frozen=True)
class Asked:
    """One call of a client as it arrived."""

    at: datetime
    name: str
    parameters: dict[str, Any]
    region: str
    caller: str


@dataclass
class OracleLog:
    """Calls counted and the last of them kept, changes in order, and every fault that was played."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    recent: deque[Asked] = field(default_factory=lambda: deque(maxlen=MOST_ASKED))
    applied: list[Applied] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def arrived(self, call: Call, at: datetime) -> None:
        """Records a client's call before anything is decided about it."""
        self.calls[call.name, call.region] += 1
        self.recent.append(Asked(at, call.name, call.parameters, call.region, call.caller))

    def count(self, name: str, region: str | None = None) -> int:
        """How many calls of one operation arrived, in one region or in all."""
        return sum(many for (called, where), many in self.calls.items() if called == name and region in (None, where))

    def asked(self, name: str) -> list[Asked]:
        """The last calls of one operation, oldest first."""
        return [one for one in self.recent if one.name == name]

    def wrote(self, call: Call, answer: Answer, at: datetime) -> None:
        """Records a call that succeeded: a change in full, a read as a count."""
        if call.is_read:
            self.reads[call.name] += 1
            return
        self.applied.append(Applied(
            len(self.applied) + 1, at, call.service, call.operation, call.parameters,
            call.caller, call.account, call.region, answer.before, answer.after,
        ))

    def of(self, name: str, where: Callable[[Applied], bool] = lambda _: True) -> list[Applied]:
        """The applied calls of one operation, such as `lambda:UpdateAlias`."""
        return [entry for entry in self.applied if entry.name == name and where(entry)]

    def told(self) -> dict[str, Any]:
        """The whole log as JSON can carry it."""
        return {
            "applied": [entry.told() for entry in self.applied], "reads": dict(self.reads),
            "calls": {name: self.count(name) for name in sorted({called for called, _ in self.calls})},
            "refused": dict(self.refused), "faults": [list(fault) for fault in self.faults],
        }

    def clear(self) -> None:
        self.calls.clear()
        self.recent.clear()
        self.applied.clear()
        self.reads.clear()
        self.refused.clear()
        self.faults.clear()


def plain(value: Any) -> Any:
    """The value with times as ISO text and bytes as their length."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value
