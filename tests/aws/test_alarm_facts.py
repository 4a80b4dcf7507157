"""What CloudWatch answers, read; no calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from aws.alarm_facts import AlarmRow, HistoryItem, Sweep, name_of, read_json


def row(**fields: Any) -> AlarmRow:
    given = {
        "AlarmName": "a",
        "StateValue": "ALARM",
        "StateReason": "AWS says so",
        "Period": 60,
        "EvaluationPeriods": 3,
    }
    return AlarmRow.model_validate(given | fields)


def test_window_is_period_times_periods() -> None:
    """Metric math counts with its longest period; a composite alarm has none."""
    stat = {"MetricStat": {"Metric": {}, "Period": 300}}
    assert row().window == timedelta(minutes=3)
    assert row(Period=0, Metrics=[stat, {"Expression": "m1", "Period": 60}]).window == timedelta(minutes=15)
    assert AlarmRow(alarm_name="c", state_value="OK", alarm_rule="ALARM(a)").window == timedelta(0)


def test_only_a_dimension_of_one_side_tells_the_sides_apart() -> None:
    """Every metric behind it must be pinned; one that is not mixes both sides again."""
    version, name = {"Name": "ExecutedVersion", "Value": "2"}, {"Name": "FunctionName", "Value": "f"}

    def math(*all_dimensions: list[dict[str, str]]) -> AlarmRow:
        stats = [{"MetricStat": {"Metric": {"Dimensions": one}, "Period": 60}} for one in all_dimensions]
        return row(Metrics=[*stats, {"Expression": "m1/m2"}])

    assert row(Dimensions=[name, version]).pinned
    assert not row(Dimensions=[name]).pinned
    assert not row().pinned
    assert math([version], [name, version]).pinned
    assert not math([version], [name]).pinned


def test_since_is_the_transition() -> None:
    """StateUpdated moves with the reason alone; it counts only where AWS tells nothing better."""
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert row(StateTransitionedTimestamp=early, StateUpdatedTimestamp=late).since == early
    assert row(StateUpdatedTimestamp=late).since == late
    assert row().since is None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"NextToken": "x"},
        {"MetricAlarms": [{"AlarmName": "a"}]},
        {"MetricAlarms": [{"AlarmName": "a", "StateValue": "FINE"}]},
    ],
)
def test_half_a_sweep_is_none(broken: dict[str, Any]) -> None:
    """No list, a row without state, a state nobody knows: not an answer, never `absent` or OK."""
    with pytest.raises(ValidationError):
        Sweep.model_validate(broken)


@pytest.mark.parametrize(
    ("fields", "states"),
    [
        (
            {"HistoryData": '{"oldState":{"stateValue":"OK"},"newState":{"stateValue":"ALARM"}}'},
            ("OK", "ALARM"),
        ),
        ({"HistorySummary": "Alarm updated from ALARM to OK"}, ("ALARM", "OK")),
        (
            {"HistoryData": "{", "HistorySummary": "Alarm updated from OK to INSUFFICIENT_DATA."},
            ("OK", "INSUFFICIENT_DATA"),
        ),
        ({"HistoryData": "{}", "HistorySummary": "from to"}, ("", "")),
        ({}, ("", "")),
    ],
)
def test_history_is_read_from_json_or_words(fields: dict[str, str], states: tuple[str, str]) -> None:
    """Either tells from and to; neither is unreadable, not clean."""
    item = HistoryItem.model_validate({"Timestamp": datetime(2026, 1, 1, tzinfo=UTC)} | fields)
    assert item.states == states


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:my-app", "my-app"),
        ("arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:a:b/c <!channel>", "a:b/c <!channel>"),
        ("arn:aws:cloudwatch:eu-central-1:123456789012:insight-rule/x", ""),
        ("arn:aws:lambda:eu-central-1:123456789012:function:alarm", ""),
        ("my-app", ""),
    ],
)
def test_the_name_behind_an_arn(arn: str, name: str) -> None:
    """A name may have colons of its own; another resource is no alarm."""
    assert name_of(arn) == name


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "[" * 4000, '"x"'])
def test_json_that_is_no_object_is_empty(text: str) -> None:
    """Nested as deep as the field allows, too: it raises nothing."""
    assert read_json(text) == {}


def test_a_simple_alarm_is_one_query() -> None:
    """Drawing and wording know one form; a composite alarm has none."""
    simple = row(Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Unit="Count")
    (query,) = simple.queries
    assert query.metric_stat is not None
    assert (query.metric_stat.stat, query.metric_stat.period, query.metric_stat.unit) == ("Sum", 60, "Count")
    assert simple.watched == query
    assert row(AlarmRule="ALARM(b)").queries == () and row(AlarmRule="ALARM(b)").watched is None


def test_the_band_of_an_anomaly_alarm_is_not_what_is_watched() -> None:
    """Both of its lines return data; the values are the other one's."""
    band = row(
        ThresholdMetricId="ad1",
        Metrics=[{"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1)"}, {"Id": "m1", "MetricStat": {"Metric": {}}}],
    )
    assert band.watched is not None and band.watched.id == "m1"
