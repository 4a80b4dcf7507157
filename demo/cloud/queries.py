"""Metric queries: single metrics and arithmetic over them, for alarms and for GetMetricData alike.

Reads the metric store and changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.cloud.calls import Failure
from demo.cloud.formula import BadFormula, Formula, parse
from demo.cloud.metrics import Metric, MetricStore, dimensions_of, is_statistic

PERIODS = (1, 5, 10, 20, 30)
ID = re.compile(r"[a-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Query:
    """One entry of a query list: either a metric with its statistic, or a formula over other entries."""

    id: str
    label: str
    shown: bool
    period: int | None
    metric: Metric | None = None
    stat: str = ""
    formula: Formula | None = None


def read_queries(given: Sequence[Mapping[str, Any]], account: str, region: str) -> list[Query]:
    """The parsed list. Refuses what AWS refuses, and the functions this cloud does not know, by name."""
    queries = [_read(entry, account, region) for entry in given]
    ids = Counter(query.id for query in queries)
    for query in queries:
        if not ID.fullmatch(query.id):
            raise Failure("ValidationError", f"Invalid id {query.id}: it must begin with a lower-case letter")
        if ids[query.id] > 1:
            raise Failure("ValidationError", f"The values for parameter id are not unique: {query.id}")
        unknown = (query.formula.names if query.formula else frozenset()) - ids.keys()
        if unknown:
            raise Failure("ValidationError", f"Error in expression '{query.id}': unknown id {min(unknown)}")
    return queries


def check_period(period: int) -> None:
    """Refuses a period CloudWatch does not have."""
    if period not in PERIODS and (period <= 0 or period % 60):
        raise Failure("ValidationError", f"Invalid period {period}: must be 10, 20, 30 or a multiple of 60")


def period_of(queries: Sequence[Query], query: Query) -> int:
    """A formula's period is the longest of what it is made of."""
    if query.formula is None:
        return query.period or 60
    parts = [period_of(queries, other) for other in queries if other.id in query.formula.names]
    return query.period or max(parts, default=60)


def values_of(
    store: MetricStore, queries: Sequence[Query], query: Query, start: int, end: int
) -> dict[int, float]:
    """Values by period start in [start, end). A moment one part lacks is a moment without a value."""
    if query.metric is not None:
        return store.series(query.metric, query.stat, query.period or 60, start, end)
    formula = query.formula
    if formula is None:
        return {}
    parts = {
        other.id: values_of(store, queries, other, start, end)
        for other in queries if other.id in formula.names and other.id != query.id
    }
    moments = set.intersection(*(set(part) for part in parts.values())) if parts else set()
    found = {at: formula.value({name: part[at] for name, part in parts.items()}) for at in moments}
    return {at: value for at, value in sorted(found.items()) if value is not None}


def _read(entry: Mapping[str, Any], account: str, region: str) -> Query:
    name = entry["Id"]
    shown = entry.get("ReturnData", True)
    stat = entry.get("MetricStat")
    if (stat is None) == (entry.get("Expression") is None):
        raise Failure("ValidationError", f"Query {name} needs exactly one of MetricStat and Expression")
    if stat is None:
        text = entry["Expression"]
        try:
            formula = parse(text)
        except BadFormula as error:
            raise Failure("ValidationError", f"Error in expression '{name}': {error}") from error
        return Query(name, entry.get("Label", name), shown, entry.get("Period"), formula=formula)
    check_period(stat["Period"])
    if not is_statistic(stat["Stat"]):
        raise Failure("ValidationError", f"The value {stat['Stat']} for parameter Stat is not supported.")
    named = stat["Metric"]
    metric = Metric(account, region, named.get("Namespace", ""), named["MetricName"],
                    dimensions_of(named.get("Dimensions", [])))
    return Query(name, entry.get("Label", metric.name), shown, stat["Period"], metric, stat["Stat"])
