"""CloudWatch's metric operations over the metric store: put, get, list. No alarm and no moto here."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.metrics import (
    SIMPLE,
    Metric,
    MetricStore,
    Tally,
    dimensions_of,
    epoch,
    is_statistic,
    moment,
    statistic,
    tally,
)
from demo.cloud.paging import packed, unpacked
from demo.cloud.queries import Query, check_period, read_queries, values_of

MOST_QUERIES = 500
MOST_DATAPOINTS = 100_800


@dataclass
class MetricApi:
    """The metric operations."""

    store: MetricStore
    now: Now

    def operations(self) -> Operations:
        """The operations answered here."""
        return {
            "PutMetricData": self.put_metric_data,
            "GetMetricData": self.get_metric_data,
            "GetMetricStatistics": self.get_metric_statistics,
            "ListMetrics": self.list_metrics,
        }

    def put_metric_data(self, call: Call) -> Answer:
        namespace = call.parameters["Namespace"]
        if namespace.startswith("AWS/"):
            raise Failure("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
        for datum in call.parameters.get("MetricData", []):
            metric = Metric(call.account, call.region, namespace, datum["MetricName"],
                            dimensions_of(datum.get("Dimensions", [])))
            at = datum.get("Timestamp") or self.now()
            self.store.put(metric, epoch(at), _tally_of(datum))
        return Answer()

    def get_metric_data(self, call: Call) -> Answer:
        """Every shown query's values; newest first unless asked otherwise.

        A page is filled query by query; every page names every query, and StatusCode says whether there is more.
        """
        asked = call.parameters
        start, end = _span(asked)
        given = asked["MetricDataQueries"]
        if len(given) > MOST_QUERIES:
            raise Failure("ValidationError", (
                f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
            ))
        queries = read_queries(given, call.account, call.region)
        newest_first = asked.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        before, room = _start_of(asked)
        skip, left = before, room
        results: list[dict[str, Any]] = []
        for query in (query for query in queries if query.shown):
            found = sorted(values_of(self.store, queries, query, start, end).items(), reverse=newest_first)
            fresh, skip = found[skip:], max(0, skip - len(found))
            results.append(_result(query, fresh[:left], whole=len(fresh) <= left))
            left = max(0, left - len(fresh))
        more = any(result["StatusCode"] == "PartialData" for result in results)
        token = {"NextToken": packed([before + room])} if more else {}
        return Answer({"MetricDataResults": results, "Messages": []} | token)

    def get_metric_statistics(self, call: Call) -> Answer:
        asked = call.parameters
        start, end = _span(asked)
        period = asked["Period"]
        check_period(period)
        plain, extended = asked.get("Statistics", []), asked.get("ExtendedStatistics", [])
        if not plain and not extended:
            raise Failure("InvalidParameterCombination",
                          "Must specify either Statistics or ExtendedStatistics")
        for stat in [*plain, *extended]:
            if not is_statistic(stat):
                raise Failure("InvalidParameterValue", f"{stat} is not one of {', '.join(SIMPLE)}, pNN")
        metric = Metric(call.account, call.region, asked["Namespace"], asked["MetricName"],
                        dimensions_of(asked.get("Dimensions", [])))
        points: list[dict[str, Any]] = []
        for at in range(start - start % period, end, period):
            found = self.store.over(metric, at, period)
            if found is None:
                continue
            point: dict[str, Any] = {stat: statistic(stat, found) for stat in plain}
            if extended:
                point["ExtendedStatistics"] = {stat: statistic(stat, found) for stat in extended}
            points.append({"Timestamp": moment(at), "Unit": "None"} | point)
        return Answer({"Label": asked["MetricName"], "Datapoints": points})

    def list_metrics(self, call: Call) -> Answer:
        asked = call.parameters
        rows = [
            metric for metric in self.store.names()
            if (metric.account, metric.region) == (call.account, call.region)
            and asked.get("Namespace", metric.namespace) == metric.namespace
            and asked.get("MetricName", metric.name) == metric.name
            and all(_has(metric, wanted) for wanted in asked.get("Dimensions", []))
        ]
        return Answer({"Metrics": [
            {"Namespace": metric.namespace, "MetricName": metric.name,
             "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions]}
            for metric in rows
        ]})


def _span(asked: Mapping[str, Any]) -> tuple[int, int]:
    start: datetime = asked["StartTime"]
    end: datetime = asked["EndTime"]
    if start >= end:
        raise Failure("ValidationError", "The parameter EndTime must be greater than StartTime.")
    return epoch(start), epoch(end)


def _start_of(asked: Mapping[str, Any]) -> tuple[int, int]:
    """How many datapoints earlier pages had, and how many go on this one."""
    room = asked.get("MaxDatapoints", MOST_DATAPOINTS)
    if not 1 <= room <= MOST_DATAPOINTS:
        raise Failure("ValidationError", f"MaxDatapoints must be between 1 and {MOST_DATAPOINTS}, not {room}")
    token = asked.get("NextToken")
    try:
        (before,) = unpacked(token) if token else (0,)
        return int(before), room
    except (ValueError, TypeError) as error:
        raise Failure("InvalidNextToken", f"The next token specified is invalid: {token}") from error


def _result(query: Query, found: Sequence[tuple[int, float]], *, whole: bool) -> dict[str, Any]:
    return {
        "Id": query.id, "Label": query.label, "StatusCode": "Complete" if whole else "PartialData",
        "Timestamps": [moment(at) for at, _ in found], "Values": [value for _, value in found],
    }


def _tally_of(datum: Mapping[str, Any]) -> Tally:
    if "StatisticValues" in datum:
        given = datum["StatisticValues"]
        return Tally(given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"])
    if "Values" in datum:
        values = array("d")
        counts = datum.get("Counts") or [1] * len(datum["Values"])
        for value, count in zip(datum["Values"], counts, strict=True):
            values.extend([value] * int(count))
        return tally(values)
    if "Value" not in datum:
        raise Failure("InvalidParameterCombination", "One of Value, Values and StatisticValues must be given")
    return tally([datum["Value"]])


def _has(metric: Metric, wanted: Mapping[str, str]) -> bool:
    return any(
        name == wanted["Name"] and wanted.get("Value", value) == value for name, value in metric.dimensions
    )
