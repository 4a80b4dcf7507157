"""What CloudWatch answers about alarms, and its numbers in words. No calls, no judgement."""

import json
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, TypeGuard

from pydantic import Field, model_validator

from aws.calls import Answer, Reply
from aws.faults import clip
from rollout.values import Moment

Text = Annotated[str, Field(min_length=1)]
State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

PINS: Final = frozenset({"ExecutedVersion", "TargetGroup", "TaskSetId"})
"""Dimensions that belong to one side of a rollout."""

_BREACH: Final = {
    "GreaterThanThreshold": "over",
    "GreaterThanOrEqualToThreshold": "at or over",
    "LessThanThreshold": "under",
    "LessThanOrEqualToThreshold": "at or under",
}


class Dimension(Reply):
    name: str


class Metric(Reply):
    dimensions: tuple[Dimension, ...] = ()


class MetricStat(Reply):
    metric: Metric = Metric()
    period: int = 0


class Query(Reply):
    """One line of an alarm on metric math."""

    metric_stat: MetricStat | None = None
    period: int = 0


class AlarmRow(Reply):
    """A metric or composite alarm as DescribeAlarms shows it; a composite one has no metric."""

    alarm_name: Text
    state_value: State
    state_reason: str = ""
    state_reason_data: str = ""
    state_updated_timestamp: Moment | None = None
    state_transitioned_timestamp: Moment | None = None
    evaluation_state: str = ""
    period: int = 0
    evaluation_periods: int = 0
    comparison_operator: str = ""
    dimensions: tuple[Dimension, ...] = ()
    metrics: tuple[Query, ...] = ()
    alarm_rule: str = ""

    @property
    def since(self) -> Moment | None:
        """When it entered this state. StateUpdated also moves with the reason alone."""
        return self.state_transitioned_timestamp or self.state_updated_timestamp

    @property
    def step(self) -> int:
        """The period in seconds; of metric math the longest one."""
        stats = [query.metric_stat.period for query in self.metrics if query.metric_stat]
        return max([self.period, *stats, *(query.period for query in self.metrics)])

    @property
    def window(self) -> timedelta:
        """It cannot fire faster than this; zero where nobody can know (composite)."""
        return timedelta(seconds=self.step * self.evaluation_periods)

    @property
    def pinned(self) -> bool:
        """Every metric behind it belongs to one side."""
        metrics = [query.metric_stat.metric.dimensions for query in self.metrics if query.metric_stat]
        behind = metrics or [self.dimensions]
        return all(any(dimension.name in PINS for dimension in dimensions) for dimensions in behind)

    @property
    def words(self) -> str:
        """`8.2 over limit 1 (2 of 3 × 60 s)`; AWS's own sentence where the numbers are not told."""
        return _numbers(self) or clip(self.state_reason)


class Sweep(Answer):
    """DescribeAlarms. An answer with neither list is cut off, not empty."""

    metric_alarms: tuple[AlarmRow, ...] = ()
    composite_alarms: tuple[AlarmRow, ...] = ()
    next_token: str = ""

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and not raw.keys() & {"MetricAlarms", "CompositeAlarms"}:
            raise ValueError("list of alarms")
        return raw

    @property
    def rows(self) -> tuple[AlarmRow, ...]:
        """Both kinds."""
        return self.metric_alarms + self.composite_alarms


class HistoryItem(Reply):
    """One state change."""

    timestamp: Moment
    history_data: str = ""
    history_summary: str = ""

    @property
    def states(self) -> tuple[str, str]:
        """From and to; empty where it cannot be read."""
        told = _json(self.history_data)
        before, after = told.get("oldState"), told.get("newState")
        if isinstance(before, dict) and isinstance(after, dict) and after.get("stateValue"):
            return str(before.get("stateValue", "")), str(after["stateValue"])
        words = self.history_summary.split()  # "Alarm updated from OK to ALARM"
        if "from" in words[:-3] and words[-2] == "to":
            return words[-3], words[-1].rstrip(".")
        return "", ""


class History(Answer):
    """DescribeAlarmHistory."""

    alarm_history_items: tuple[HistoryItem, ...]
    next_token: str = ""


def _numbers(row: AlarmRow) -> str:
    told = _json(row.state_reason_data)
    limit, points, period = told.get("threshold"), told.get("recentDatapoints"), told.get("period", row.step)
    breach = _BREACH.get(row.comparison_operator)
    if not breach or not _is_number(limit) or not isinstance(points, list) or not row.evaluation_periods:
        return ""
    span = f"{row.evaluation_periods} × {period} s"
    values = [value for value in points if _is_number(value)]
    if not values:
        return f"no data points, limit {_short(limit)} ({span})"
    worst = max(values) if "over" in breach else min(values)
    breaching = [value for value in values if _breaches(value, limit, breach)]
    words = breach if breaching else "within"
    return f"{_short(worst)} {words} limit {_short(limit)} ({len(breaching)} of {span})"


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


def _breaches(value: float, limit: float, breach: str) -> bool:
    return {
        "over": value > limit,
        "at or over": value >= limit,
        "under": value < limit,
        "at or under": value <= limit,
    }[breach]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
