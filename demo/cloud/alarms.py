"""All alarms, metric and composite: they judge themselves, and everything they do goes into the history.

A metric alarm is judged at fixed moments (every 10 s for periods under a minute, every minute otherwise), however
late somebody looks: `catch_up` goes through every moment since the last one, all alarms of one moment before any of
the next, so that a composite alarm sees its children change in order. A composite alarm is weighed when a child
changes, at the child's time. No HTTP here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from demo.cloud.alarm import GRID_SECONDS, Alarm, CompositeAlarm, Key, MetricAlarm, Place, State, name_of
from demo.cloud.evaluation import ALARM, INSUFFICIENT, OK, SPARE, Outcome, Point, evaluate
from demo.cloud.history import History
from demo.cloud.metrics import KEPT_SECONDS, MetricStore, epoch, moment
from demo.cloud.queries import values_of
from demo.cloud.wording import child_reason, reason, reason_json, rule_reason, triggering_json

# After a long sleep, moments whose datapoints are forgotten by now cannot be judged any more.
LATE_SECONDS = KEPT_SECONDS - 1800


@dataclass
class Alarms:
    """All alarms of the cloud and what happened to them."""

    store: MetricStore
    history: History = field(default_factory=History)
    _places: dict[Place, dict[str, Alarm]] = field(default_factory=dict)
    _judged: dict[int, dict[Key, MetricAlarm]] = field(default_factory=dict)
    _weighed: dict[Key, CompositeAlarm] = field(default_factory=dict)
    _parents: dict[Key, list[CompositeAlarm]] = field(default_factory=dict)
    _next: int = 0

    def put(self, alarm: Alarm) -> None:
        """Creates an alarm, or gives one new settings: its state stays, as in AWS."""
        old = self.get(alarm.key)
        if old is not None:
            alarm.lives_on(old)
            self._unlist(old)
        self._list(alarm)
        self.history.put(alarm, old)

    def get(self, key: Key) -> Alarm | None:
        return self._places.get(key[:2], {}).get(key[2])

    def of(self, account: str, region: str, names: Sequence[str] | None = None) -> list[Alarm]:
        """The alarms of one account and region by name, or those of the names that exist."""
        here = self._places.get((account, region), {})
        wanted = here if names is None else {name for name in names if name in here}
        return [here[name] for name in sorted(wanted)]

    def every(self) -> list[Alarm]:
        """All alarms everywhere, by account, region and name."""
        return [alarm for place in sorted(self._places) for alarm in self.of(*place)]

    def parents(self, key: Key) -> list[CompositeAlarm]:
        """The composite alarms whose rules speak of this one."""
        return list(self._parents.get(key, ()))

    def delete(self, alarm: Alarm, at: datetime) -> None:
        """Takes an alarm away; its history stays, with a last line."""
        self._unlist(alarm)
        self.history.deleted(alarm, at)

    def clear(self) -> None:
        for listed in (self._places, self._judged, self._weighed, self._parents, self.history):
            listed.clear()
        self._next = 0

    def backdate(self, alarm: Alarm, since: datetime) -> None:
        """As if the alarm had been created then and nothing had happened to it: it is judged from there on."""
        alarm.configured = alarm.updated = alarm.transitioned = since
        if isinstance(alarm, MetricAlarm):
            alarm.judged = epoch(since)
        self.history.forget(alarm.key)
        self.history.put(alarm, None)
        self._next = min(self._next, epoch(since))

    def set_state(self, alarm: Alarm, state: State, at: datetime) -> None:
        """Writes a state; the next evaluation replaces it unless the alarm is held. Parents follow at once."""
        old = alarm.state
        alarm.state = state
        alarm.updated = at
        if old.value == state.value:
            return
        alarm.transitioned = at
        self.history.moved(alarm, old, at)
        for parent in self.parents(alarm.key):
            self._weigh(parent, at, alarm)

    def catch_up(self, now: datetime) -> None:
        """Judges every alarm at each of its moments up to now."""
        upto = epoch(now)
        first = max(self._next, upto - LATE_SECONDS)
        for at in range(first + -first % GRID_SECONDS, upto + 1, GRID_SECONDS):
            for grid, alarms in self._judged.items():
                if at % grid == 0:
                    for alarm in alarms.values():
                        if alarm.judged < at and not alarm.held:
                            self._judge(alarm, at)
            for composite in self._weighed.values():
                if composite.due and epoch(composite.configured) < at:
                    self._weigh(composite, moment(at), None)
            self._next = at + GRID_SECONDS

    def _judge(self, alarm: MetricAlarm, at: int) -> None:
        outcome = evaluate(alarm.rule, self._points(alarm, at))
        if outcome.state is None or outcome.state == alarm.state.value:
            return
        self.set_state(alarm, _state(alarm, outcome, outcome.state, at), moment(at))

    def _points(self, alarm: MetricAlarm, at: int) -> list[Point]:
        period = alarm.period
        end = at - at % period
        start = end - period * (alarm.rule.periods + SPARE)
        found = values_of(self.store, alarm.queries, alarm.watched, start, end)
        return [Point(second, found.get(second)) for second in range(start, end, period)]

    def _weigh(self, composite: CompositeAlarm, at: datetime, child: Alarm | None) -> None:
        """A composite alarm is OK or ALARM: INSUFFICIENT_DATA only until it is weighed for the first time."""
        if composite.held:
            return
        event, composite.due = composite.due or "updated", ""
        here = self._places[composite.place]
        told = {name: (here[name].arn, here[name].state.value, here[name].transitioned)
                for name in composite.children if name in here}
        holds = composite.rule.holds(lambda name: told.get(name_of(name), ("", INSUFFICIENT))[1])
        new = ALARM if holds else OK
        if new == composite.state.value:
            return
        said = rule_reason(composite.arn, event, new) if child is None else child_reason(*told[child.name])
        counted = told.values() if child is None else [told[child.name]]
        self.set_state(composite, State(new, said, triggering_json(counted)), at)

    def _list(self, alarm: Alarm) -> None:
        self._places.setdefault(alarm.place, {})[alarm.name] = alarm
        if isinstance(alarm, MetricAlarm):
            self._judged.setdefault(alarm.grid, {})[alarm.key] = alarm
        elif isinstance(alarm, CompositeAlarm):
            self._weighed[alarm.key] = alarm
            for name in alarm.children:
                self._parents.setdefault((*alarm.place, name), []).append(alarm)

    def _unlist(self, alarm: Alarm) -> None:
        del self._places[alarm.place][alarm.name]
        if isinstance(alarm, MetricAlarm):
            del self._judged[alarm.grid][alarm.key]
        elif isinstance(alarm, CompositeAlarm):
            del self._weighed[alarm.key]
            for name in alarm.children:
                self._parents[*alarm.place, name].remove(alarm)


def _state(alarm: MetricAlarm, outcome: Outcome, new: str, at: int) -> State:
    said = reason(alarm.rule, outcome, alarm.state.value, new)
    numbers = reason_json(alarm.rule, outcome, moment(at), alarm.period, alarm.watched.stat or None)
    return State(new, said, numbers)
