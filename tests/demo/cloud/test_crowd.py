"""Hundreds of alarms: made by one knob, read in pages, cheap to judge and to describe; alarms deleted by hand."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from demo.cloud import Cloud, ManualClock
from demo.cloud.calls import Call
from demo.cloud.wire import write_answer

NAMES = [f"crowd-{number:03}" for number in range(600)]


def cpu(run: Callable[[], object]) -> float:
    """Milliseconds of processor time, the best of five."""
    best = 1e9
    for _ in range(5):
        begun = time.process_time()
        run()
        best = min(best, (time.process_time() - begun) * 1000)
    return best


@pytest.fixture
def crowd(cloud: Cloud) -> Cloud:
    """The demo with 600 more alarms, 40 of them red."""
    assert cloud.knobs.crowd("crowd", 600, red=40) == "600 alarms crowd-000 to crowd-599, 40 of them red."
    return cloud


def test_a_crowd_is_there_and_stays(crowd: Cloud, watch: Any) -> None:
    """600 alarms, 40 red, whatever time passes; the status counts them and shows them under no app."""
    crowd.step(120)
    red = [
        alarm["AlarmName"] for page in watch.get_paginator("describe_alarms").paginate(
            StateValue="ALARM", AlarmNamePrefix="crowd-") for alarm in page["MetricAlarms"]
    ]
    assert red == NAMES[:40]
    status = crowd.knobs.status()
    assert status["other_alarms"] == {"ALARM": 40, "OK": 560}
    assert sum(len(app["alarms"]) for app in status["apps"]) == 7


def test_a_crowd_can_turn(crowd: Cloud, watch: Any) -> None:
    """The knob again gives them new states with history, and makes nobody twice."""
    crowd.knobs.crowd("crowd", 600, red=1)
    assert crowd.knobs.status()["other_alarms"] == {"ALARM": 1, "OK": 599}
    items = watch.describe_alarm_history(AlarmName="crowd-001", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == [
        'Alarm "crowd-001" created', "Alarm updated from INSUFFICIENT_DATA to ALARM", "Alarm updated from ALARM to OK",
    ]
    with pytest.raises(ValueError, match="red 0 to count"):
        crowd.knobs.crowd("crowd", 3, red=4)


def test_a_hundred_of_six_hundred_cost_little(crowd: Cloud) -> None:
    """Describing 100 named alarms among 600, written answer included, takes less than 30 ms of processor time."""
    call = Call("cloudwatch", "DescribeAlarms", {"AlarmNames": NAMES[300:400], "MaxRecords": 100})
    crowd.world.operations["cloudwatch", "DescribeAlarms"].__self__.page_size = 100  # type: ignore[attr-defined]  # as AWS pages

    def described() -> None:
        crowd.world.tick()
        answer = crowd.world.perform(call)
        assert answer is not None
        assert len(answer.result["MetricAlarms"]) == 100
        write_answer(call, answer)

    assert cpu(described) < 30


def test_six_hundred_busy_alarms_are_judged_in_time(crowd: Cloud, manual: ManualClock) -> None:
    """600 percentile alarms over my-app's traffic cost less than 300 ms a minute; a second later nothing."""
    for name in NAMES:
        crowd.world.perform(Call("cloudwatch", "PutMetricAlarm", {
            "AlarmName": f"busy-{name}", "Namespace": "AWS/Lambda", "MetricName": "Duration", "Period": 60,
            "ExtendedStatistic": "p99", "Dimensions": [{"Name": "FunctionName", "Value": "my-app"}],
            "EvaluationPeriods": 3, "Threshold": 9000.0, "ComparisonOperator": "GreaterThanThreshold",
        }))

    def minute() -> None:
        manual.advance(60)
        crowd.world.tick()

    assert cpu(minute) < 300
    assert cpu(crowd.world.tick) < 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("radio-errors", "Alarm radio-errors is deleted."),
        ("my-app-errors", "Alarm my-app-errors is deleted, and before it my-app-health."),
    ],
)
def test_alarms_deleted_by_hand(cloud: Cloud, watch: Any, name: str, said: str) -> None:
    """The alarm is gone, composite alarms over it first, each in the log; an unknown one is refused with names."""
    assert cloud.knobs.delete_alarm(name) == said
    found = watch.describe_alarms(AlarmNames=[name, "my-app-health"], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert found["MetricAlarms"] == []
    assert len(found["CompositeAlarms"]) == (name == "radio-errors")
    assert {entry.caller for entry in cloud.log.of("cloudwatch:DeleteAlarms")} == {
        "arn:aws:iam::123456789012:user/by-hand"
    }
    with pytest.raises(LookupError, match=f"no alarm {name}; known: "):
        cloud.knobs.delete_alarm(name)


def test_known_names_are_told_in_short(crowd: Cloud) -> None:
    """Among hundreds the refusal tells a dozen and counts the rest."""
    with pytest.raises(LookupError, match=r"known: crowd-000, .*crowd-011 and 595 more$"):
        crowd.knobs.raise_alarm("nobody")
