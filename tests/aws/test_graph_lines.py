"""What a graph of an alarm shows; no calls."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.alarm_facts import AlarmRow
from aws.graph_lines import asked, lines, title, widget
from rollout.alarms.plot import Mark, PlotWish, Side
from tests.aws.bench import SETTINGS

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
END = START + timedelta(hours=1)
SIDES = (Side(name="old (1)", release="1"), Side(name="new (2)", release="2"))
WISH = PlotWish(start=START, end=END, sides=SIDES, settings={**SETTINGS})
ALIAS = {"FunctionName": "my-app", "Resource": "my-app:live"}


def dimensions(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in given.items()]


def simple(given: dict[str, str] | None = None, **fields: Any) -> AlarmRow:
    row = {
        "AlarmName": "my-app-p99",
        "StateValue": "ALARM",
        "Namespace": "AWS/Lambda",
        "MetricName": "Duration",
        "ExtendedStatistic": "p99",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 400.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": dimensions(ALIAS if given is None else given),
    }
    return AlarmRow.model_validate(row | fields)


def stat(id: str, name: str, given: dict[str, str], **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions(given)}
    return {"Id": id, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}} | more


def math(expression: str, given: dict[str, str] | None = None, other: dict[str, str] | None = None) -> AlarmRow:
    first, second = given or ALIAS, other or given or ALIAS
    last = {"Id": "percent", "Expression": expression, "Label": "errors %", "ReturnData": True}
    queries = [stat("errors", "Errors", first), stat("errors_s1", "Invocations", second), last]
    return simple(MetricName="", Period=0, Metrics=queries)


def test_a_simple_alarm_has_a_line_per_side() -> None:
    """Its own, and one per version with the dimension that Lambda tells them by."""
    drawn = lines(simple(), WISH)
    assert [line.name for line in drawn] == ["p99 duration", "old (1)", "new (2)"]
    queries = asked(drawn)
    assert [query["Id"] for query in queries] == ["m1", "m1_s1", "m1_s2"] and all(one["ReturnData"] for one in queries)
    assert queries[0]["MetricStat"] == {
        "Metric": {"Namespace": "AWS/Lambda", "MetricName": "Duration", "Dimensions": dimensions(ALIAS)},
        "Period": 60,
        "Stat": "p99",
    }
    for query, release in zip(queries[1:], ("1", "2"), strict=True):
        wanted = dimensions({**ALIAS, "ExecutedVersion": release})
        assert query["MetricStat"]["Metric"]["Dimensions"] == wanted


def test_metric_math_is_copied_per_side() -> None:
    """Every id renamed, none taken twice, functions and numbers left alone; only the result is shown."""
    queries = asked(lines(math("100*errors/FILL(errors_s1,1) + e1rrors*0"), WISH))
    assert [(query["Id"], query["ReturnData"]) for query in queries] == [
        ("errors", False),
        ("errors_s1", False),
        ("percent", True),
        ("errors_s1x", False),
        ("errors_s1_s1x", False),
        ("percent_s1x", True),
        ("errors_s2", False),
        ("errors_s1_s2", False),
        ("percent_s2", True),
    ]
    assert queries[5]["Expression"] == "100*errors_s1x/FILL(errors_s1_s1x,1) + e1rrors*0"
    assert queries[8]["Expression"] == "100*errors_s2/FILL(errors_s1_s2,1) + e1rrors*0"


@pytest.mark.parametrize(
    "row",
    [
        simple({"FunctionName": "my-app"}),
        simple({"FunctionName": "my-app", "Resource": "my-app:other"}),
        simple({"FunctionName": "radio", "Resource": "radio:live"}),
        simple({**ALIAS, "Extra": "1"}),
        simple(Namespace="Mine"),
        math("errors/errors_s1", ALIAS, {"FunctionName": "my-app"}),
        math("SUM(METRICS())"),
        math("sum(metrics())"),
        math("SEARCH('{AWS/Lambda}')"),
        math('SELECT SUM(Errors) FROM "AWS/Lambda"'),
    ],
)
def test_what_cannot_be_told_apart_has_one_line(row: AlarmRow) -> None:
    """Another alias, another service, metrics of both, math that picks its metrics by itself."""
    assert len(lines(row, WISH)) == 1


@pytest.mark.parametrize(
    "wish",
    [
        WISH.model_copy(update={"sides": ()}),
        WISH.model_copy(update={"settings": {}}),
        WISH.model_copy(update={"settings": {"kind": "lambda", "function": 7, "alias": None}}),
    ],
)
def test_no_sides_without_a_rollout(wish: PlotWish) -> None:
    """And none where the target's settings do not say which dimensions are its own."""
    assert [line.name for line in lines(simple(), wish)] == ["p99 duration"]


@pytest.mark.parametrize(("version", "name"), [("2", "new (2)"), ("7", "version 7")])
def test_an_alarm_of_one_version_is_named_so(version: str, name: str) -> None:
    """By the side it belongs to, else by its version; it is not copied."""
    pinned = {**ALIAS, "ExecutedVersion": version}
    assert [line.name for line in lines(simple(pinned), WISH)] == [name]
    assert [line.name for line in lines(math("errors/errors_s1", pinned), WISH)] == [name]
    assert len(lines(math("errors/errors_s1", pinned, ALIAS), WISH)) == 1


def test_a_composite_alarm_has_no_line() -> None:
    """It has no metric."""
    assert lines(simple(MetricName="", AlarmRule="ALARM(a)"), WISH) == ()


def test_the_band_of_an_anomaly_alarm_is_not_drawn() -> None:
    """Two lines return data, one of them is a band without a number."""
    band = {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}
    row = simple(
        MetricName="", ThresholdMetricId="ad1", Threshold=None, ComparisonOperator="GreaterThanUpperThreshold",
        Metrics=[stat("m1", "Errors", ALIAS, ReturnData=True), band],
    )  # fmt: skip
    (line, *sides) = lines(row, WISH)
    assert [query["Id"] for query in asked([line])] == ["m1"] and len(sides) == 2
    told = json.loads(widget(row, WISH, [line], "eu-central-1"))
    assert told["annotations"] == {}


def test_another_account_and_a_unit_travel_along() -> None:
    """The query is the alarm's own, whatever it names."""
    row = simple(MetricName="", Metrics=[stat("m1", "Errors", {}, ReturnData=True, AccountId="210987654321")])
    assert asked(lines(row, WISH))[0]["AccountId"] == "210987654321"
    assert json.loads(widget(row, WISH, lines(row, WISH), "r"))["metrics"][0][-1]["accountId"] == "210987654321"
    assert asked(lines(simple(Unit="Milliseconds"), WISH))[0]["MetricStat"]["Unit"] == "Milliseconds"


def test_the_widget_in_cloudwatchs_own_words() -> None:
    """Same metrics, the limit with its shaded side, the steps inside the graph, title, size, times."""
    marks = [Mark(at=START + timedelta(minutes=minutes), text=f"{minutes} %") for minutes in (-1, 10, 50, 61)]
    row = math("100*errors/errors_s1")
    wish = WISH.model_copy(update={"sides": SIDES[:1], "marks": tuple(marks)})
    told = json.loads(widget(row, wish, lines(row, wish), "eu-central-1"))
    assert told["metrics"][:3] == [
        ["AWS/Lambda", "Errors", "FunctionName", "my-app", "Resource", "my-app:live",
         {"id": "errors", "visible": False, "stat": "Sum", "period": 60}],
        ["AWS/Lambda", "Invocations", "FunctionName", "my-app", "Resource", "my-app:live",
         {"id": "errors_s1", "visible": False, "stat": "Sum", "period": 60}],
        [{"id": "percent", "visible": True, "label": "errors", "expression": "100*errors/errors_s1"}],
    ]  # fmt: skip
    assert told["metrics"][3][-3:-1] == ["ExecutedVersion", "1"]
    assert told["metrics"][5] == [
        {"id": "percent_s1x", "visible": True, "label": "old (1)", "expression": "100*errors_s1x/errors_s1_s1x"}
    ]
    assert told["annotations"] == {
        "horizontal": [{"value": 400.0, "label": "limit 400 %", "color": "#d62728", "fill": "above"}],
        "vertical": [
            {"value": "2026-01-05T12:10:00Z", "label": "10 %"},
            {"value": "2026-01-05T12:50:00Z", "label": "50 %"},
        ],
    }
    del told["metrics"], told["annotations"]
    assert told == {
        "title": "errors · my-app-p99", "view": "timeSeries", "stacked": False, "width": 1000, "height": 400,
        "region": "eu-central-1", "period": 60, "start": "2026-01-05T12:00:00Z", "end": "2026-01-05T13:00:00Z",
        "yAxis": {"left": {"label": "%", "showUnits": False}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "fill"),
    [
        ("GreaterThanThreshold", "above"),
        ("GreaterThanOrEqualToThreshold", "above"),
        ("LessThanThreshold", "below"),
        ("LessThanOrEqualToThreshold", "below"),
    ],
)
def test_the_shaded_side_is_the_bad_one(operator: str, fill: str) -> None:
    """Above a limit that is not to be passed, below one that is to be kept."""
    told = json.loads(widget(simple(ComparisonOperator=operator), WISH, lines(simple(), WISH), "r"))
    assert told["annotations"]["horizontal"][0]["fill"] == fill


def test_a_title_is_one_short_line() -> None:
    """Whatever the alarm is called."""
    assert title(simple(AlarmName="a\nb")) == "p99 duration · a b"
    assert len(title(simple(AlarmName="x" * 255))) == 150
