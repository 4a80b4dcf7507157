"""A shipped double of CloudWatch's alarms: states, histories, names by prefix, faults. No threads, no real clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rollout.alarms.model import Past, Place, Sweep
from rollout.errors import TargetError
from rollout.ports import Clock
from rollout.seen import AlarmReading, Fault

Value = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]


@dataclass(slots=True)
class SimulatedState:
    """One alarm: its changes, oldest first; the last one is its present state."""

    past: list[Past] = field(default_factory=list)
    text: str = ""


class SimulatedCloudWatch:
    """Implements AlarmSource. `fault` fails all reads, `unreadable` those of some names, `no_past` histories."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.alarms: dict[str, SimulatedState] = {}
        self.fault: Fault | None = None
        self.unreadable: set[str] = set()
        self.no_past = self.no_tags = False
        self.stale: dict[str, AlarmReading] = {}
        """What reads still show of an alarm, whatever it is by now."""
        self.calls: Counter[str] = Counter()

    def turn(self, name: str, state: Value, at: datetime | None = None, text: str = "") -> bool:
        """The alarm enters a state, now or then; False when it is in it already. An unknown name is created."""
        alarm = self.alarms.setdefault(name, SimulatedState())
        if alarm.past and alarm.past[-1].state == state:
            return False
        alarm.past.append(Past(at=at or self._clock.now(), state=state, text=text))
        return True

    def delete(self, name: str) -> None:
        """Nobody has ever heard of it."""
        self.alarms.pop(name, None)

    def sweep(self, place: Place, names: Sequence[str]) -> Sweep:
        """See AlarmSource."""
        self.calls["sweep"] += 1
        at = self._clock.now()
        failed = {name: self.fault or Fault(kind="transient", text="not now") for name in names if self._fails(name)}
        read = tuple(self._reading(name) for name in names if name not in failed)
        return Sweep(place=place, at=at, readings=read, faults=failed)

    def found(self, place: Place, prefixes: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
        """See AlarmSource; a tag matches the alarms whose names contain it."""
        self.calls["found"] += 1
        self._must_answer()
        if tags and self.no_tags:
            raise TargetError("auth", "tag:GetResources was denied", "allow it")
        return tuple(sorted(
            name for name in self.alarms
            if name.startswith(tuple(prefixes)) or any(tag in name for tag in tags)
        ))  # fmt: skip

    def past(self, place: Place, name: str, since: datetime) -> tuple[Past, ...]:
        """See AlarmSource."""
        self.calls["past"] += 1
        self._must_answer()
        if self.no_past:
            raise TargetError("throttle", "cloudwatch:DescribeAlarmHistory was throttled")
        alarm = self.alarms.get(name)
        return tuple(item for item in alarm.past if item.at >= since) if alarm else ()

    def _fails(self, name: str) -> bool:
        return self.fault is not None or name in self.unreadable

    def _must_answer(self) -> None:
        if self.fault is not None:
            raise TargetError(self.fault.kind, self.fault.text, self.fault.hint)

    def _reading(self, name: str) -> AlarmReading:
        alarm = self.alarms.get(name)
        if name in self.stale:
            return self.stale[name]
        if alarm is None or not alarm.past:
            return AlarmReading(name=name, found=False)
        last = alarm.past[-1]
        return AlarmReading(name=name, state=last.state, since=last.at, text=last.text or alarm.text)
