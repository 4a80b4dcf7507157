"""CloudWatch's numbers in words; no calls."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aws.alarm_facts import AlarmRow, HistoryItem
from aws.alarm_words import Sheet, measure, past_words, sheet, words

OVER, UNDER = "GreaterThanThreshold", "LessThanThreshold"
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"


def row(**fields: Any) -> AlarmRow:
    given = {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "AWS says so", "Period": 60}
    return AlarmRow.model_validate(given | {"EvaluationPeriods": 3} | fields)


def told(points: list[Any], limit: Any = 1.0, **more: Any) -> str:
    return json.dumps({"version": "1.0", "period": 60, "recentDatapoints": points, "threshold": limit} | more)


def percent(**fields: Any) -> AlarmRow:
    """The demo's alarm: errors in percent by metric math."""
    stats = [{"Id": name, "MetricStat": {"Metric": {}, "Period": 60}, "ReturnData": False} for name in ("e", "i")]
    math = {"Id": "percent", "Expression": "100*e/i", "Label": "errors %", "ReturnData": True}
    return row(**{"Period": 0, "Metrics": [*stats, math], "ComparisonOperator": OVER} | fields)


@pytest.mark.parametrize(
    ("operator", "points", "text"),
    [
        (OVER, [0.3, 8.2, 4.0], "errors 8.2 %, limit 1 % (2 of 3 min)"),
        (OVER, [1.0, 0.2], "errors 1 % within limit 1 % (0 of 3 min)"),
        ("GreaterThanOrEqualToThreshold", [1.0], "errors 1 % at or over limit 1 % (1 of 3 min)"),
        (UNDER, [5.0, 0.25], "errors 0.25 % under limit 1 % (1 of 3 min)"),
        (UNDER, [5.0, 2], "errors 2 % within limit 1 % (0 of 3 min)"),
        ("LessThanOrEqualToThreshold", [1.0, 5], "errors 1 % at or under limit 1 % (1 of 3 min)"),
        (OVER, [None, 2.0], "errors 2 %, limit 1 % (1 of 3 min)"),
        (OVER, [1234567.0], "errors 1234567 %, limit 1 % (1 of 3 min)"),
        (OVER, [], "errors: no data points, limit 1 % (3 min)"),
        (OVER, [2.0] * 9, "errors 2 %, limit 1 % (3 of 3 min)"),
        ("GreaterThanUpperThreshold", [9.0], "AWS says so"),
    ],
)
def test_values_in_words(operator: str, points: list[Any], text: str) -> None:
    """What it measures, the worst point, the limit, how long it broke it, of how long."""
    assert words(percent(ComparisonOperator=operator, StateReasonData=told(points))) == text


@pytest.mark.parametrize(
    ("operator", "points", "text"),
    [
        (OVER, [0.3, 8.2, 0.1], "errors 8.2 %, limit 1 % (1 of 3 min over: too few to be red)"),
        (UNDER, [5.0, 0.25], "errors 0.25 % under limit 1 % (1 of 3 min under: too few to be red)"),
        (OVER, [1.0, 0.2], "errors 1 % within limit 1 % (0 of 3 min)"),
    ],
)
def test_an_ok_with_a_value_beyond_its_limit_says_why(operator: str, points: list[Any], text: str) -> None:
    """Now and in its history: one minute over makes no alarm red, and nobody has to guess that."""
    fine = percent(ComparisonOperator=operator, StateReasonData=told(points), StateValue="OK")
    assert words(fine) == text
    entered = {"newState": {"stateValue": "OK", "stateReason": "", "stateReasonData": told(points)}}
    past = {"Timestamp": SOME_DAY, "HistorySummary": "x", "HistoryData": json.dumps(entered)}
    assert past_words(HistoryItem.model_validate(past), sheet(fine)) == text


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (10, "20 of 30 s"),
        (60, "2 of 3 min"),
        (90, "180 of 270 s"),
        (300, "10 of 15 min"),
        (3600, "2 of 3 h"),
        (86400, "48 of 72 h"),
    ],
)
def test_time_in_the_largest_whole_unit(period: int, text: str) -> None:
    """Minutes where the period is whole minutes, seconds otherwise."""
    assert f"({text})" in words(percent(StateReasonData=told([2.0, 2.0], period=period)))


@pytest.mark.parametrize(
    ("fields", "label", "unit"),
    [
        ({"MetricName": "Errors", "Namespace": "AWS/Lambda", "Statistic": "Sum"}, "errors", ""),
        ({"MetricName": "Duration", "Namespace": "AWS/Lambda", "ExtendedStatistic": "p99"}, "p99 duration", "ms"),
        ({"MetricName": "Duration", "Namespace": "AWS/Lambda", "Statistic": "SampleCount"}, "duration", ""),
        (
            {"MetricName": "TargetResponseTime", "Namespace": "AWS/ApplicationELB", "Statistic": "Average"},
            "average target response time",
            "s",
        ),
        (
            {"MetricName": "HTTPCode_Target_5XX_Count", "Namespace": "AWS/ApplicationELB", "Statistic": "Sum"},
            "HTTP code target 5XX count",
            "",
        ),
        (
            {"MetricName": "CPUUtilization", "Namespace": "AWS/ECS", "Statistic": "Maximum"},
            "maximum CPU utilization",
            "%",
        ),
        ({"MetricName": "5XXError", "Namespace": "AWS/ApiGateway", "Statistic": "Sum"}, "5XXError", ""),
        ({"MetricName": "heap used", "Unit": "Megabytes", "Statistic": "Average"}, "average heap used", "MB"),
        ({"MetricName": "Füllstand", "Unit": "Percent", "Statistic": "Minimum"}, "minimum Füllstand", "%"),
        ({"MetricName": "Duration", "Namespace": "Mine", "Statistic": "Sum"}, "duration", ""),
        ({"MetricName": "Duration", "Namespace": "Mine", "Unit": "Count", "Statistic": "Sum"}, "duration", ""),
        ({"AlarmRule": "ALARM(b)"}, "", ""),
    ],
)
def test_what_a_metric_is_called(fields: dict[str, Any], label: str, unit: str) -> None:
    """Its name in words, its statistic where it is no sum, its unit where one is known."""
    assert measure(row(**fields)) == (label, unit)


@pytest.mark.parametrize(
    ("given", "label", "unit"),
    [
        ("errors %", "errors", "%"),
        ("errors (%)", "errors", "%"),
        ("latency [ms]", "latency", "ms"),
        ("latency in ms", "latency in ms", ""),
        ("errors [max: ${MAX}]", "errors", ""),
        ("${PROP('MetricName')} %", "q1", "%"),
        ("%", "q1", "%"),
        ("", "q1", ""),
        ("a\nb", "a b", ""),
    ],
)
def test_what_metric_math_is_called(given: str, label: str, unit: str) -> None:
    """Its label, a unit at the end told apart; what CloudWatch would fill in left out; else its id."""
    query = {"Id": "q1", "Expression": "m1/m2"} | ({"Label": given} if given else {})
    assert measure(row(Metrics=[query])) == (label, unit)


def test_a_label_of_a_plain_metric_wins_and_keeps_the_unit() -> None:
    """The label is the user's, the unit the metric's."""
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Duration"}
    query = {"Id": "m1", "Label": "slowest", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}}
    assert measure(row(Metrics=[query])) == ("slowest", "ms")


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 4000,
        '{"threshold": true, "recentDatapoints": [1], "period": 60}',
        '{"threshold": 1}',
        '{"threshold": 1, "recentDatapoints": 7}',
        '{"threshold": NaN, "recentDatapoints": [1]}',
        '{"triggeringAlarms": 7}',
        '{"triggeringAlarms": [7, {"arn": "x"}, {"state": {}}]}',
    ],
)
def test_without_numbers_it_is_awss_own_sentence(reason: str) -> None:
    """Reason JSON that is absent or strange falls back to StateReason."""
    assert words(percent(StateReasonData=reason)) == "AWS says so"


def test_numbers_that_cannot_be_printed_are_no_points() -> None:
    """A whole number of a thousand digits, infinity and NaN: nothing is raised."""
    text = '{"threshold": 1, "period": 60, "recentDatapoints": [1' + "0" * 1000 + ", NaN, Infinity, 2.5]}"
    assert words(percent(StateReasonData=text)) == "errors 2.5 %, limit 1 % (1 of 3 min)"


def test_awss_sentence_is_clipped_to_one_line() -> None:
    """A composite alarm's reason may be long and have lines."""
    text = words(row(StateReason="a\nb" + "x" * 10_000))
    assert len(text) == 200 and "\n" not in text


@pytest.mark.parametrize("state", ["ALARM", "OK"])
def test_a_composite_alarm_says_which_are_red(state: str) -> None:
    """Children in ALARM by name, then AWS's sentence without its ARNs; those that turned OK are not named."""
    children = [{"arn": f"{ARN}{name}", "state": {"value": state}} for name in ("my-app-errors", "b:c")]
    children.append({"arn": f"{ARN}fine", "state": {"value": "OK"}})
    sentence = f"{ARN}my-app-errors transitioned to {state} at Friday 22 July, 2022 15:57:45 UTC"
    text = words(
        row(
            StateReason=sentence,
            StateReasonData=json.dumps({"triggeringAlarms": children}),
            AlarmRule="ALARM(x)",
        )
    )
    plain = f"my-app-errors transitioned to {state} at Friday 22 July, 2022 15:57:45 UTC"
    assert text == (f"my-app-errors, b:c in ALARM: {plain}" if state == "ALARM" else plain)


def test_many_children_are_counted() -> None:
    """A hundred children are not a message of a hundred names."""
    children = [{"arn": f"{ARN}a{n}", "state": {"value": "ALARM"}} for n in range(100)]
    text = words(row(StateReasonData=json.dumps({"triggeringAlarms": children})))
    assert text == "a0, a1, a2, a3, a4 and 95 more in ALARM: AWS says so"


def item(reason: str = "why", data: Any = None, state: str = "ALARM") -> HistoryItem:
    after = {"stateValue": state, "stateReason": reason} | ({} if data is None else {"stateReasonData": data})
    history = json.dumps({"version": "1.0", "oldState": {"stateValue": "OK"}, "newState": after})
    return HistoryItem(timestamp=SOME_DAY, history_data=history, history_summary="Alarm updated")


THRICE = "Threshold Crossed: 2 out of the last 3 datapoints [8.2 (x), 4.0 (y)] were greater than the threshold (1.0)"


@pytest.mark.parametrize("as_text", [False, True])
def test_a_change_of_the_past_in_words(as_text: bool) -> None:
    """With today's definition as today's state, whether AWS wrote the numbers as an object or as text."""
    numbers = told([0.3, 8.2, 4.0])
    known = Sheet("errors", "%", "over", 3, 60)
    assert past_words(item(THRICE, numbers if as_text else json.loads(numbers)), known) == (
        "errors 8.2 %, limit 1 % (2 of 3 min)"
    )


@pytest.mark.parametrize(
    ("compared", "text"),
    [
        ("greater than the threshold", "8.2 over limit 1 (2 of 3 min)"),
        ("greater than or equal to the threshold", "8.2 at or over limit 1 (2 of 3 min)"),
        ("less than the threshold", "0.3 under limit 1 (1 of 3 min)"),
        ("less than or equal to the threshold", "0.3 at or under limit 1 (1 of 3 min)"),
    ],
)
def test_a_change_of_an_alarm_that_is_gone(compared: str, text: str) -> None:
    """Nobody knows its definition any more; AWS's sentence tells how it compared."""
    sentence = THRICE.replace("greater than the threshold", compared)
    assert past_words(item(sentence, json.loads(told([0.3, 8.2, 4.0]))), None) == text


def test_a_change_without_numbers() -> None:
    """AWS's sentence, else its summary; never nothing, and no number without its period."""
    assert past_words(item(THRICE, {"threshold": 1.0, "recentDatapoints": [8.2]}), None) == THRICE
    assert past_words(item("Turned red by hand"), None) == "Turned red by hand"
    assert past_words(item(""), sheet(percent())) == "Alarm updated"
    strange = HistoryItem(timestamp=SOME_DAY, history_data='{"newState": 7}', history_summary="s")
    assert past_words(strange, None) == "s"
