"""One alarm of either kind: what was put, its state, its times. Decides nothing, keeps no list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from demo.cloud.composite_rule import AlarmRule
from demo.cloud.evaluation import INSUFFICIENT, Rule
from demo.cloud.queries import Query, period_of
from demo.cloud.wording import UNCHECKED

Key = tuple[str, str, str]  # account, region, name
Place = tuple[str, str]  # account, region
METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
EVALUATION_STATES = ("PARTIAL_DATA", "EVALUATION_FAILURE", "EVALUATION_ERROR")
GRID_SECONDS = 10


@dataclass(frozen=True)
class State:
    """One state value with CloudWatch's words for it."""

    value: str
    reason: str
    json: str = ""

    def told(self) -> dict[str, str]:
        return {"value": self.value, "reason": self.reason, "json": self.json}


@dataclass(kw_only=True)
class Alarm:
    """What both kinds have. `settings` is what was put, as DescribeAlarms gives it back."""

    kind: ClassVar[str]
    key: Key
    settings: dict[str, Any]
    configured: datetime
    tags: dict[str, str] = field(default_factory=dict)
    state: State = State(INSUFFICIENT, UNCHECKED)
    held: bool = False
    updated: datetime = field(init=False)
    transitioned: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.updated = self.transitioned = self.configured

    @property
    def name(self) -> str:
        return self.key[2]

    @property
    def place(self) -> Place:
        return self.key[:2]

    @property
    def arn(self) -> str:
        account, region, name = self.key
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"

    def lives_on(self, old: Alarm) -> None:
        """Takes over what new settings do not touch: state, times, tags."""
        self.state, self.held, self.tags = old.state, old.held, old.tags
        self.updated, self.transitioned = old.updated, old.transitioned


@dataclass(kw_only=True)
class MetricAlarm(Alarm):
    """An alarm over datapoints, born `judged` seconds after 1970 and judged first after that."""

    kind: ClassVar[str] = METRIC
    rule: Rule
    queries: tuple[Query, ...]
    judged: int
    evaluation_state: str | None = None

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
        return GRID_SECONDS if self.period < 60 else 60


@dataclass(kw_only=True)
class CompositeAlarm(Alarm):
    """An alarm over other alarms of its place. `due` says why it is to be weighed without a child's change."""

    kind: ClassVar[str] = COMPOSITE
    rule: AlarmRule
    due: str = ""

    @property
    def children(self) -> tuple[str, ...]:
        """The names its rule speaks of, each once."""
        return tuple(dict.fromkeys(name_of(reference) for reference in self.rule.references))


def name_of(reference: str) -> str:
    """The alarm's name in a name or an ARN."""
    return reference.split(":alarm:", 1)[-1] if reference.startswith("arn:") else reference
