"""What a graph of an alarm shows: its own line, one per side of a live rollout, and CloudWatch's words for it. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aws.alarm_facts import BREACHES, AlarmRow, Dimension, MetricStat, Query
from aws.alarm_words import measure, sheet
from aws.faults import clip
from rollout.alarms.plot import Mark, PlotWish, Side
from rollout.values import Moment

WIDTH: Final = 1000
HEIGHT: Final = 400
TITLE: Final = 150
LIMIT_COLOUR: Final = "#d62728"
MOST_MARKS: Final = 50

VERSION: Final = "ExecutedVersion"
_ID: Final = re.compile(r"(?<![A-Za-z0-9_])[a-z][A-Za-z0-9_]*")
# Those look at metrics by themselves, or at all of a request: a copy of them for one side would not be of that side.
_CLOSED: Final = re.compile(r"['\"]|\b(?:SELECT|SEARCH|METRICS|ANOMALY_DETECTION_BAND)\b", re.IGNORECASE)


class Line(NamedTuple):
    """One line of a graph: its name, what is asked for it, and whose values it shows."""

    name: str
    queries: tuple[Query, ...]
    shown: str


def lines(row: AlarmRow, wish: PlotWish) -> tuple[Line, ...]:
    """The alarm's own line first, then one per side where its metrics are of the alias that is being deployed."""
    watched = row.watched
    if watched is None:
        return ()
    queries = tuple(query for query in row.queries if query.id != row.threshold_metric_id)
    own = Line(_name(row, wish.sides), queries, watched.id)
    if not wish.sides or not _of_alias(queries, wish.settings):
        return (own,)
    ids = {query.id for query in row.queries}
    return (own, *(_side(own, side, number, ids) for number, side in enumerate(wish.sides, 1)))


def title(row: AlarmRow) -> str:
    """`errors · my-app-errors`."""
    label, _ = measure(row)
    return clip(f"{label} · {row.alarm_name}" if label else row.alarm_name, TITLE)


def asked(drawn: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as MetricDataQueries."""
    return [_as_query(query, shown=query.id == line.shown) for line in drawn for query in line.queries]


def widget(row: AlarmRow, wish: PlotWish, drawn: Sequence[Line], region: str) -> str:
    """The same as the JSON that GetMetricWidgetImage takes.

    Source: "GetMetricWidgetImage: Metric Widget Structure and Syntax" in the CloudWatch API reference.
    """
    _, unit = measure(row)
    told: dict[str, Any] = {
        "title": title(row), "view": "timeSeries", "stacked": False, "width": WIDTH, "height": HEIGHT,
        "region": region, "period": row.step, "start": _iso(wish.start), "end": _iso(wish.end),
        "metrics": [_as_row(query, line) for line in drawn for query in line.queries],
        "annotations": _annotations(row, wish),
    }  # fmt: skip
    if unit:
        told["yAxis"] = {"left": {"label": unit, "showUnits": False}}
    return json.dumps(told, ensure_ascii=False)


def _name(row: AlarmRow, sides: Sequence[Side]) -> str:
    versions = {_dimensions(query.metric_stat).get(VERSION) for query in row.queries if query.metric_stat}
    version = versions.pop() if len(versions) == 1 else None
    if version is not None:
        return next((side.name for side in sides if side.release == version), f"version {clip(version, 40)}")
    return measure(row)[0] or clip(row.alarm_name, TITLE)


def _of_alias(queries: Sequence[Query], settings: Mapping[str, object]) -> bool:
    """Every metric is Lambda's, of this alias and of no version yet."""
    function, alias = settings.get("function"), settings.get("alias")
    wanted = {"FunctionName": function, "Resource": f"{function}:{alias}"}
    stats = [query.metric_stat for query in queries if query.metric_stat]
    return (
        bool(stats) and not any(_CLOSED.search(query.expression) for query in queries)
        and all(stat.metric.namespace == "AWS/Lambda" and _dimensions(stat) == wanted for stat in stats)
    )  # fmt: skip


def _side(own: Line, side: Side, number: int, taken: set[str]) -> Line:
    end = f"_s{number}"
    while any(f"{query.id}{end}" in taken for query in own.queries):
        end += "x"
    ids = {query.id: f"{query.id}{end}" for query in own.queries}
    copies = tuple(_pinned(query, side.release, ids) for query in own.queries)
    return Line(side.name, copies, ids[own.shown])


def _pinned(query: Query, release: str, ids: Mapping[str, str]) -> Query:
    changed: dict[str, Any] = {"id": ids[query.id]}
    if query.metric_stat:
        metric = query.metric_stat.metric
        dimensions = (*metric.dimensions, Dimension(name=VERSION, value=release))
        metric = metric.model_copy(update={"dimensions": dimensions})
        changed["metric_stat"] = query.metric_stat.model_copy(update={"metric": metric})
    changed["expression"] = _ID.sub(lambda found: ids.get(found[0], found[0]), query.expression)
    return query.model_copy(update=changed)


def _dimensions(stat: MetricStat) -> dict[str, str]:
    return {dimension.name: dimension.value for dimension in stat.metric.dimensions}


def _as_query(query: Query, *, shown: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"Id": query.id, "ReturnData": shown}
    if query.account_id:
        told["AccountId"] = query.account_id
    if query.metric_stat is None:
        return told | {"Expression": query.expression} | ({"Period": query.period} if query.period else {})
    stat = query.metric_stat
    metric = {
        "Namespace": stat.metric.namespace, "MetricName": stat.metric.metric_name,
        "Dimensions": [{"Name": one.name, "Value": one.value} for one in stat.metric.dimensions],
    }  # fmt: skip
    unit = {"Unit": stat.unit} if stat.unit else {}
    return told | {"MetricStat": {"Metric": metric, "Period": stat.period, "Stat": stat.stat} | unit}


def _as_row(query: Query, line: Line) -> list[Any]:
    options: dict[str, Any] = {"id": query.id, "visible": query.id == line.shown}
    if query.id == line.shown:
        options["label"] = line.name
    if query.metric_stat is None:
        return [options | {"expression": query.expression}]
    if query.account_id:
        options["accountId"] = query.account_id
    stat = query.metric_stat
    pairs = (text for one in stat.metric.dimensions for text in (one.name, one.value))
    fields = (stat.metric.namespace, stat.metric.metric_name, *pairs)
    return [*fields, options | {"stat": stat.stat, "period": stat.period}]


def _annotations(row: AlarmRow, wish: PlotWish) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    breach = BREACHES.get(row.comparison_operator, "")
    if row.threshold is not None:
        limit = {
            "value": row.threshold, "label": f"limit {sheet(row).value(row.threshold)}", "color": LIMIT_COLOUR,
        }  # fmt: skip
        told["horizontal"] = [limit | ({"fill": "above" if "over" in breach else "below"} if breach else {})]
    # CloudWatch would stretch the graph until it has every mark in it.
    marks = [{"value": _iso(mark.at), "label": mark.text} for mark in within(wish)]
    return told | ({"vertical": marks} if marks else {})


def within(wish: PlotWish) -> tuple[Mark, ...]:
    """The marks that fall into the graph, the latest ones where there are many."""
    return tuple(mark for mark in wish.marks if wish.start <= mark.at <= wish.end)[-MOST_MARKS:]


def _iso(at: Moment) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
