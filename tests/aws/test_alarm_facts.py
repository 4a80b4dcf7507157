"""CloudWatch's numbers in words; no calls."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from aws.alarm_facts import AlarmRow, HistoryItem, Sweep


def row(**fields: Any) -> AlarmRow:
    given = {
        "AlarmName": "a",
        "StateValue": "ALARM",
        "StateReason": "AWS says so",
        "Period": 60,
        "EvaluationPeriods": 3,
    }
    return AlarmRow.model_validate(given | fields)


def told(points: list[Any], limit: Any = 1.0, period: int = 60) -> str:
    return json.dumps({"version": "1.0", "period": period, "recentDatapoints": points, "threshold": limit})


@pytest.mark.parametrize(
    ("operator", "points", "words"),
    [
        ("GreaterThanThreshold", [0.3, 8.2, 4.0], "8.2 over limit 1 (2 of 3 × 60 s)"),
        ("GreaterThanThreshold", [1.0, 0.2], "1 within limit 1 (0 of 3 × 60 s)"),
        ("GreaterThanOrEqualToThreshold", [1.0], "1 at or over limit 1 (1 of 3 × 60 s)"),
        ("LessThanThreshold", [5.0, 0.25], "0.25 under limit 1 (1 of 3 × 60 s)"),
        ("LessThanOrEqualToThreshold", [1.0, 5], "1 at or under limit 1 (1 of 3 × 60 s)"),
        ("GreaterThanThreshold", [None, 2.0], "2 over limit 1 (1 of 3 × 60 s)"),
        ("GreaterThanThreshold", [1234567.0], "1234567 over limit 1 (1 of 3 × 60 s)"),
        ("GreaterThanThreshold", [], "no data points, limit 1 (3 × 60 s)"),
        ("GreaterThanUpperThreshold", [9.0], "AWS says so"),
    ],
)
def test_values_in_words(operator: str, points: list[Any], words: str) -> None:
    """The worst point, the limit, how many broke it, of how many, how long each."""
    assert row(ComparisonOperator=operator, StateReasonData=told(points)).words == words


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "{",
        "[]",
        "null",
        '{"threshold": true, "recentDatapoints": [1]}',
        '{"threshold": 1}',
        '{"threshold": 1, "recentDatapoints": 7}',
    ],
)
def test_without_numbers_it_is_awss_own_sentence(reason: str) -> None:
    """Reason JSON that is absent or strange falls back to StateReason."""
    assert row(ComparisonOperator="GreaterThanThreshold", StateReasonData=reason).words == "AWS says so"


def test_awss_sentence_is_clipped_to_one_line() -> None:
    """A composite alarm's reason may be long and have lines."""
    words = row(StateReason="a\nb" + "x" * 999).words
    assert len(words) == 200 and "\n" not in words


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
