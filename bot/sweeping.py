"""When which place is swept: one job per place in the place's own lane. What is read and told is the watch's.

On the monotonic clock: a clock that is set back must not keep anybody from being told about an alarm. Lanes are per
account and region, so a slow or dead region delays no other; rollbacks have a thread of their own beside a sweep.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from bot.metrics import Metrics
from rollout.alarms.model import Past, Place, Scope, Sweep
from rollout.alarms.ports import AlarmSource
from rollout.ports import Lanes

BEAT = 0.5
"""Seconds between two questions what is due."""
LATE = 3
"""A place not read for so many intervals is called late."""


class Sweeper(Protocol):
    """rollout.alarms.watch.Watch, as far as needed here."""

    def sweep(self, scopes: Sequence[Scope]) -> None:
        """Read all of one place."""
        ...


class Sweeping:
    """Queues what is due; `swept` is called after each sweep, for there may be something to tell."""

    def __init__(
        self,
        watch: Sweeper,
        scopes: Callable[[], Sequence[Scope]],
        lanes: Lanes,
        swept: Callable[[], None],
        measured: tuple[Metrics, Callable[[], float], Callable[[], float]],
    ) -> None:
        self._watch, self._scopes, self._lanes, self._swept = watch, scopes, lanes, swept
        self._metrics, self._monotonic, self._every = measured
        self._began = self._monotonic()
        self._lock = threading.Lock()
        self._busy: set[Place] = set()
        self._due: dict[Place, float] = {}
        self._read: dict[Place, float] = {}  # place -> when something could be read there last
        self._sick: dict[Place, str] = {}  # place -> why its last sweep did not end well

    def __call__(self) -> None:
        """Queue every place whose time has come and that is not queued or under way. Returns at once."""
        now = self._monotonic()
        for place, scopes in self._places().items():
            with self._lock:
                if place in self._busy or now < self._due.get(place, now):
                    continue
                self._busy.add(place)
                self._due[place] = now + self._every()
            try:
                # A lane of its own beside the rollouts' one: a look decides about a rollback, and waits for no sweep.
                self._lanes.submit(f"{place.lane} sweep", self._job(place, scopes))
            except RuntimeError:
                with self._lock:  # no thread to be had; the next beat tries again
                    self._busy.discard(place)
                    self._due[place] = now
                raise

    def hurry(self, lane: str) -> None:
        """Sweep this lane's places as soon as it is free: a look saw what no sweep has told yet."""
        now = self._monotonic()
        with self._lock:
            self._due.update((place, now) for place in self._due if place.lane == lane)
        self()

    def came(self, place: Place, sweep: Sweep) -> None:
        """What a reading brought: a place where nothing can be read was not swept, whoever came home."""
        blind = bool(sweep.faults) and not sweep.readings
        outcome = "blind" if blind else "partly" if sweep.faults else "ok"
        self._metrics.count("tidegate_sweeps_total", outcome=outcome)
        with self._lock:
            if blind:
                self._sick[place] = "nothing can be read"
            else:
                self._sick.pop(place, None)
                self._read[place] = self._monotonic()

    def age(self) -> float:
        """Seconds since every place had been read; 0 when there is nothing to watch."""
        return max(self._ages().values(), default=0.0)

    def report(self) -> dict[str, object]:
        """For /readyz: no reason not to serve, but worth seeing."""
        late = LATE * self._every() + BEAT
        ages = self._ages()
        with self._lock:
            sick = {place.lane: why for place, why in self._sick.items() if place in ages}
        over = {place.lane: f"not read for {age:.0f} s" for place, age in ages.items() if age > late}
        return {"places": len(ages), "seconds": round(max(ages.values(), default=0.0), 1), "trouble": over | sick}

    def _places(self) -> dict[Place, list[Scope]]:
        found: dict[Place, list[Scope]] = {}
        for scope in self._scopes():
            found.setdefault(scope.place, []).append(scope)
        return found

    def _ages(self) -> dict[Place, float]:
        now = self._monotonic()
        with self._lock:
            return {place: now - self._read.get(place, self._began) for place in self._places()}

    def _job(self, place: Place, scopes: Sequence[Scope]) -> Callable[[], None]:
        def sweep() -> None:
            try:
                self._watch.sweep(scopes)
            except Exception as error:
                self._metrics.count("tidegate_sweeps_total", outcome="failed")
                with self._lock:
                    self._sick[place] = f"a sweep failed: {type(error).__name__}"
                raise  # the lane logs it
            finally:
                with self._lock:
                    self._busy.discard(place)
                self._swept()

        return sweep


class CountedAlarms:
    """Implements rollout.alarms.ports.AlarmSource over another one; tells `came` what each reading brought."""

    def __init__(self, source: AlarmSource, came: Callable[[Place, Sweep], None]) -> None:
        self._source = source
        self.came = came

    def sweep(self, place: Place, names: Sequence[str]) -> Sweep:
        """See AlarmSource."""
        sweep = self._source.sweep(place, names)
        self.came(place, sweep)
        return sweep

    def found(self, place: Place, prefixes: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
        """See AlarmSource."""
        return self._source.found(place, prefixes, tags)

    def past(self, place: Place, name: str, since: datetime) -> tuple[Past, ...]:
        """See AlarmSource."""
        return self._source.past(place, name, since)
