"""What CloudWatch answers about alarms. No calls, no judgement, no wording: that is alarm_words.py's."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, model_validator

from aws.calls import Answer, Reply
from rollout.values import Moment

Text = Annotated[str, Field(min_length=1)]
State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

PINS: Final = frozenset({"ExecutedVersion", "TargetGroup", "TaskSetId"})
"""Dimensions that belong to one side of a rollout."""

BREACHES: Final[Mapping[str, str]] = {
    "GreaterThanThreshold": "over",
    "GreaterThanOrEqualToThreshold": "at or over",
    "LessThanThreshold": "under",
    "LessThanOrEqualToThreshold": "at or under",
}
"""Those that compare with one number; a band has no limit to tell."""


class Dimension(Reply):
    name: str
    value: str = ""


class Metric(Reply):
    namespace: str = ""
    metric_name: str = ""
    dimensions: tuple[Dimension, ...] = ()


class MetricStat(Reply):
    metric: Metric = Metric()
    period: int = 0
    stat: str = ""
    unit: str = ""


class Query(Reply):
    """One line of an alarm on metric math."""

    id: str = ""
    label: str = ""
    expression: str = ""
    metric_stat: MetricStat | None = None
    period: int = 0
    return_data: bool = True
    account_id: str = ""


class AlarmRow(Reply):
    """A metric or composite alarm as DescribeAlarms shows it; a composite one has no metric."""

    alarm_name: Text
    state_value: State
    state_reason: str = ""
    state_reason_data: str = ""
    state_updated_timestamp: Moment | None = None
    state_transitioned_timestamp: Moment | None = None
    evaluation_state: str = ""
    namespace: str = ""
    metric_name: str = ""
    statistic: str = ""
    extended_statistic: str = ""
    unit: str = ""
    period: int = 0
    evaluation_periods: int = 0
    comparison_operator: str = ""
    threshold: float | None = None
    threshold_metric_id: str = ""
    dimensions: tuple[Dimension, ...] = ()
    metrics: tuple[Query, ...] = ()
    alarm_rule: str = ""

    @property
    def since(self) -> Moment | None:
        """When it entered this state. StateUpdated also moves with the reason alone."""
        return self.state_transitioned_timestamp or self.state_updated_timestamp

    @property
    def queries(self) -> tuple[Query, ...]:
        """What it measures, in one form; nothing for a composite one."""
        if self.metrics or not self.metric_name:
            return self.metrics
        metric = Metric(namespace=self.namespace, metric_name=self.metric_name, dimensions=self.dimensions)
        stat = self.extended_statistic or self.statistic
        return (Query(id="m1", metric_stat=MetricStat(metric=metric, period=self.period, stat=stat, unit=self.unit)),)

    @property
    def watched(self) -> Query | None:
        """The line whose values are compared with the threshold."""
        shown = (query for query in self.queries if query.return_data and query.id != self.threshold_metric_id)
        return next(shown, None)

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
    def entered(self) -> Mapping[str, Any]:
        """The new state as CloudWatch wrote it down; empty where it cannot be read."""
        after = read_json(self.history_data).get("newState")
        return after if isinstance(after, dict) else {}

    @property
    def states(self) -> tuple[str, str]:
        """From and to; empty where it cannot be read."""
        told = read_json(self.history_data)
        before, after = told.get("oldState"), told.get("newState")
        if isinstance(before, dict) and isinstance(after, dict) and after.get("stateValue"):
            return str(before.get("stateValue", "")), str(after["stateValue"])
        words = self.history_summary.split()  # "Alarm updated from OK to ALARM"
        if "from" in words[:-3] and words[-2] == "to":
            return words[-3], words[-1].rstrip(".")
        return "", ""

    @property
    def turned(self) -> State | None:
        """The new state; None where it cannot be read."""
        after = self.states[1]
        return next((state for state in get_args(State) if state == after), None)


class History(Answer):
    """DescribeAlarmHistory."""

    alarm_history_items: tuple[HistoryItem, ...]
    next_token: str = ""


class Tagged(Reply):
    """One row of GetResources."""

    resource_arn: Annotated[str, Field(alias="ResourceARN", min_length=1)]


class TaggedPage(Answer):
    """One page of GetResources."""

    resource_tag_mapping_list: tuple[Tagged, ...]
    pagination_token: str = ""


def name_of(arn: str) -> str:
    """`my:alarm` of `arn:aws:cloudwatch:eu-central-1:123456789012:alarm:my:alarm`; empty for anything else."""
    parts = arn.split(":", 6)
    return parts[6] if len(parts) == 7 and parts[2] == "cloudwatch" and parts[5] == "alarm" else ""


def read_json(text: str) -> dict[str, Any]:
    """The JSON object in a text of AWS; empty where there is none. Whole numbers are read as floats."""
    try:
        # A whole number of a thousand digits is no float, and printing it would raise.
        told = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
