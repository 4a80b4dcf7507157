"""Metric alarms that evaluate themselves, and their history.

An alarm is judged at fixed moments (every 10 s for periods under a minute, every minute otherwise), however
late somebody looks: `catch_up` goes through every moment since the last one. No HTTP here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.cloud.evaluation import INSUFFICIENT, SPARE, Outcome, Point, Rule, evaluate
from demo.cloud.metrics import MetricStore, epoch, moment
from demo.cloud.queries import Query, period_of, values_of
from demo.cloud.wording import UNCHECKED, history_json, reason, reason_json

Key = tuple[str, str, str]  # account, region, name
EVALUATION_STATES = ("PARTIAL_DATA", "EVALUATION_FAILURE", "EVALUATION_ERROR")


@dataclass(frozen=True)
class State:
    """One state value with CloudWatch's words for it."""

    value: str
    reason: str
    json: str = ""

    def told(self) -> dict[str, str]:
        return {"value": self.value, "reason": self.reason, "json": self.json}


@dataclass(frozen=True)
class HistoryItem:
    """One line of an alarm's history."""

    alarm: str
    at: datetime
    kind: str
    summary: str
    detail: str


@dataclass
class Alarm:
    """One metric alarm. `settings` is what PutMetricAlarm said, as DescribeAlarms gives it back."""

    key: Key
    settings: dict[str, Any]
    rule: Rule
    queries: tuple[Query, ...]
    configured: datetime
    judged: int
    state: State = State(INSUFFICIENT, UNCHECKED)
    updated: datetime = field(init=False)
    transitioned: datetime = field(init=False)
    evaluation_state: str | None = None
    held: bool = False

    def __post_init__(self) -> None:
        self.updated = self.transitioned = self.configured

    @property
    def name(self) -> str:
        return self.key[2]

    @property
    def arn(self) -> str:
        account, region, name = self.key
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"

    @property
    def watched(self) -> Query:
        """The one query whose values are compared with the threshold."""
        return next(query for query in self.queries if query.shown)

    @property
    def period(self) -> int:
        """Seconds of one datapoint."""
        return period_of(self.queries, self.watched)

    @property
    def grid(self) -> int:
        """Seconds between two evaluations."""
        return 10 if self.period < 60 else 60


@dataclass
class Alarms:
    """All alarms of the cloud and what happened to them."""

    store: MetricStore
    _alarms: dict[Key, Alarm] = field(default_factory=dict)
    _history: dict[Key, list[HistoryItem]] = field(default_factory=dict)

    def put(self, alarm: Alarm) -> None:
        """Creates an alarm, or gives one new settings: its state stays, as in AWS."""
        old = self._alarms.get(alarm.key)
        if old is not None:
            alarm.state, alarm.held = old.state, old.held
            alarm.updated, alarm.transitioned = old.updated, old.transitioned
        self._alarms[alarm.key] = alarm
        verb = "created" if old is None else "updated"
        self._write(alarm, HistoryItem(alarm.name, alarm.configured, "ConfigurationUpdate",
                                       f'Alarm "{alarm.name}" {verb}', "{}"))

    def get(self, key: Key) -> Alarm | None:
        return self._alarms.get(key)

    def of(self, account: str, region: str) -> list[Alarm]:
        """The alarms of one account and region, by name."""
        return [self._alarms[key] for key in sorted(self._alarms) if key[:2] == (account, region)]

    def every(self) -> list[Alarm]:
        """All alarms everywhere, by account, region and name."""
        return [self._alarms[key] for key in sorted(self._alarms)]

    def delete(self, key: Key) -> None:
        self._alarms.pop(key, None)

    def clear(self) -> None:
        self._alarms.clear()
        self._history.clear()

    def set_state(self, alarm: Alarm, state: State, at: datetime) -> None:
        """Writes a state; the next evaluation replaces it unless the alarm is held."""
        old = alarm.state
        alarm.state = state
        alarm.updated = at
        if old.value == state.value:
            return
        alarm.transitioned = at
        self._write(alarm, HistoryItem(
            alarm.name, at, "StateUpdate", f"Alarm updated from {old.value} to {state.value}",
            history_json(old.told(), state.told()),
        ))

    def history(self, account: str, region: str) -> Iterator[HistoryItem]:
        """Every item of one account and region, deleted alarms included, oldest first within an alarm."""
        for key in sorted(self._history):
            if key[:2] == (account, region):
                yield from self._history[key]

    def catch_up(self, now: datetime) -> None:
        """Judges every alarm at each of its moments up to now."""
        upto = epoch(now)
        for alarm in list(self._alarms.values()):
            last = upto - upto % alarm.grid
            for at in range(alarm.judged + alarm.grid, last + 1, alarm.grid):
                if not alarm.held:
                    self._judge(alarm, at)
            alarm.judged = max(alarm.judged, last)

    def _judge(self, alarm: Alarm, at: int) -> None:
        outcome = evaluate(alarm.rule, self._points(alarm, at))
        if outcome.state is None or outcome.state == alarm.state.value:
            return
        self.set_state(alarm, _state(alarm, outcome, outcome.state, at), moment(at))

    def _points(self, alarm: Alarm, at: int) -> list[Point]:
        period = alarm.period
        end = at - at % period
        start = end - period * (alarm.rule.periods + SPARE)
        found = values_of(self.store, alarm.queries, alarm.watched, start, end)
        return [Point(second, found.get(second)) for second in range(start, end, period)]

    def _write(self, alarm: Alarm, item: HistoryItem) -> None:
        self._history.setdefault(alarm.key, []).append(item)


def _state(alarm: Alarm, outcome: Outcome, new: str, at: int) -> State:
    said = reason(alarm.rule, outcome, alarm.state.value, new)
    numbers = reason_json(alarm.rule, outcome, moment(at), alarm.period, alarm.watched.stat or None)
    return State(new, said, numbers)
