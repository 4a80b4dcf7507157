"""All alarms of a place, all day: implements rollout.alarms.ports.AlarmSource. Reads only, judges nothing."""

from collections.abc import Sequence
from datetime import datetime

from aws.alarm_calls import OPERATIONS, TAGGING, described, tagged
from aws.alarm_words import past_words
from aws.alarms import AlarmReader
from aws.calls import Calls
from aws.sessions import Place as Session
from aws.sessions import Sessions
from rollout.alarms.model import Past, Place, Sweep
from rollout.errors import TargetError
from rollout.ports import Clock
from rollout.seen import Fault


class AlarmSweeps:
    """Reads through the reader that the rollouts' looks use. Thread-safe."""

    def __init__(self, sessions: Sessions, clock: Clock, reader: AlarmReader) -> None:
        self._sessions = sessions
        self._clock = clock
        self._reader = reader

    def sweep(self, place: Place, names: Sequence[str]) -> Sweep:
        """See the port. A name is in the readings or in the faults, once."""
        at = self._clock.now()
        swept = self._reader.sweep(_session(place), names)
        faults = {name: _fault(error) for name, error in swept.faults.items()}
        readings = tuple(swept.reading(name) for name in dict.fromkeys(names) if name not in faults)
        return Sweep(place=place, at=at, readings=readings, faults=faults)

    def found(self, place: Place, prefixes: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
        """See the port. TargetError names the permission that is missing."""
        where = _session(place)
        names: set[str] = set()
        for prefix in prefixes:
            calls = Calls(self._sessions, where, "cloudwatch", OPERATIONS)
            names.update(row.alarm_name for row in described(calls, AlarmNamePrefix=prefix))
        for tag in tags:
            calls = Calls(self._sessions, where, "resourcegroupstaggingapi", TAGGING)
            names.update(tagged(calls, tag))
        return tuple(sorted(names))

    def past(self, place: Place, name: str, since: datetime) -> tuple[Past, ...]:
        """See the port. A deleted alarm has its past for as long as CloudWatch keeps it."""
        where = _session(place)
        known = self._reader.sheet(where, name)
        items = reversed(self._reader.past(where, name, since))
        return tuple(
            Past(at=item.timestamp, state=item.turned, text=past_words(item, known))
            for item in items if item.turned and item.timestamp > since
        )  # fmt: skip


def _session(place: Place) -> Session:
    return Session(place.role, place.region)


def _fault(error: TargetError) -> Fault:
    return Fault(kind=error.kind, text=error.fact, hint=error.hint)
