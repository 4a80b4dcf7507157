"""The `metrics` of a MetricWidget as queries: `[namespace, name, dimension, value, ..., {options}]`. Pure.

`.` repeats the field above, `...` all fields above but the last ones given; `[{"expression": ...}]` is metric math.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from demo.cloud.alarm import Place
from demo.cloud.calls import Failure
from demo.cloud.queries import Query, read_queries

MOST_METRICS = 100
OPTIONS = ("id", "label", "color", "period", "stat", "visible", "region", "yAxis", "expression", "accountId")
Problems = list[tuple[str, str]]


class Row(NamedTuple):
    """One metric or expression of the widget. Which of them are seen, the query says."""

    query: Query
    color: str | None


def rows_of(given: Mapping[str, Any], place: Place) -> tuple[tuple[Row, ...], Problems]:
    """The rows, and what is wrong with them: rows are only there when nothing is."""
    metrics = given.get("metrics")
    if metrics is None:
        return (), [("", "Should have required property 'metrics'")]
    if not isinstance(metrics, list) or not all(isinstance(row, list) and row for row in metrics):
        return (), [("/metrics", "Should be array of arrays")]
    if not 1 <= len(metrics) <= MOST_METRICS:
        return (), [("/metrics", f"Should have 1 to {MOST_METRICS} items")]
    entries, colors, problems, above = [], [], Problems(), list[str]()
    for number, row in enumerate(metrics):
        fields = [part for part in row if isinstance(part, str)]
        options = row[-1] if isinstance(row[-1], dict) else {}
        try:
            entry, above = _entry(number, _spread(fields, above), {**_defaults(given), **options}, above)
            entries.append(entry)
            colors.append(options.get("color"))
        except ValueError as error:
            problems.append((f"/metrics/{number}", str(error)))
    if problems:
        return (), problems
    try:
        queries = read_queries(entries, *place)
    except Failure as failure:
        return (), [("/metrics", failure.message)]
    return tuple(Row(query, color) for query, color in zip(queries, colors, strict=True)), []


def _defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"stat": given.get("stat", "Average"), "period": given.get("period", 300)}


def _spread(fields: list[str], above: list[str]) -> list[str]:
    if fields[:1] == ["..."]:
        fields = [*above[: len(above) - len(fields) + 1], *fields[1:]]
    for place, text in enumerate(fields):
        if text == "." and place >= len(above):
            raise ValueError("'.' has nothing above it")
    return [above[place] if text == "." else text for place, text in enumerate(fields)]


def _entry(
    number: int, fields: list[str], options: Mapping[str, Any], above: list[str]
) -> tuple[dict[str, Any], list[str]]:
    unknown = options.keys() - set(OPTIONS)
    if unknown:
        raise ValueError(f"Should NOT have additional property '{min(unknown)}'")
    entry = {"Id": options.get("id", f"row{number}"), "ReturnData": options.get("visible", True)}
    if "label" in options:
        entry["Label"] = options["label"]
    if "expression" in options:
        if fields:
            raise ValueError("Should NOT have both a metric and an expression")
        return entry | {"Expression": options["expression"]}, above
    if len(fields) < 2 or len(fields) % 2:
        raise ValueError("Should have namespace, name, and dimensions in pairs")
    pairs = zip(fields[2::2], fields[3::2], strict=True)
    metric = {"Namespace": fields[0], "MetricName": fields[1],
              "Dimensions": [{"Name": name, "Value": value} for name, value in pairs]}
    stat = {"Metric": metric, "Period": options["period"], "Stat": options["stat"]}
    return entry | {"MetricStat": stat}, fields
