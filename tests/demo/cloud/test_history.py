"""The alarm history: configuration updates with AWS's JSON, filters, pages that stay whole, thirty days."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud, ManualClock

OWN: dict[str, Any] = {
    "AlarmName": "queue", "Namespace": "Shop", "MetricName": "Depth", "Statistic": "Maximum", "Period": 60,
    "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "Threshold": 1.0, "TreatMissingData": "missing",
    "ComparisonOperator": "GreaterThanThreshold", "AlarmDescription": "how deep",
    "Dimensions": [{"Name": "Shop", "Value": "north"}],
}


def items(watch: Any, **asked: Any) -> list[dict[str, Any]]:
    """Every item over all pages."""
    pages = watch.get_paginator("describe_alarm_history").paginate(**{"AlarmName": "queue"} | asked)
    return [item for page in pages for item in page["AlarmHistoryItems"]]


def test_a_life_in_configuration_updates(watch: Any, cloud: Cloud) -> None:
    """Created, updated, deleted: each with AWS's summary and JSON; what changed is told with its old value."""
    born = cloud.config.now()
    watch.put_metric_alarm(**OWN)
    cloud.step(30)
    watch.put_metric_alarm(**OWN | {"Threshold": 2.5})
    watch.delete_alarms(AlarmNames=["queue"])
    deleted, updated, created = items(watch, HistoryItemType="ConfigurationUpdate")
    assert [item["HistorySummary"] for item in (created, updated, deleted)] == [
        'Alarm "queue" created', 'Alarm "queue" updated', 'Alarm "queue" deleted'
    ]
    assert {item["AlarmType"] for item in (created, updated, deleted)} == {"MetricAlarm"}
    told = json.loads(created["HistoryData"])
    assert told == {"version": "1.0", "type": "Create", "createdAlarm": {
        "alarmName": "queue", "alarmDescription": "how deep", "namespace": "Shop", "metricName": "Depth",
        "alarmArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:queue", "statistic": "Maximum", "period": 60,
        "alarmConfigurationUpdatedTimestamp": f"{born:%Y-%m-%dT%H:%M:%S}.000+0000",
        "dimensions": [{"name": "Shop", "value": "north"}], "threshold": 1.0, "evaluationPeriods": 2,
        "comparisonOperator": "GreaterThanThreshold", "datapointsToAlarm": 2, "treatMissingData": "missing",
        "stateValue": "INSUFFICIENT_DATA", "stateUpdatedTimestamp": f"{born:%Y-%m-%dT%H:%M:%S}.000+0000",
        "actionsEnabled": True, "alarmActions": [], "insufficientDataActions": [], "okactions": [],
    }}
    changed = json.loads(updated["HistoryData"])
    assert changed["type"] == "Update"
    stamp = "alarmConfigurationUpdatedTimestamp"
    assert changed["originalUpdatedFields"] == {"threshold": 1.0, stamp: told["createdAlarm"][stamp]}
    assert changed["updatedAlarm"]["threshold"] == 2.5
    assert json.loads(deleted["HistoryData"])["type"] == "Delete"


def test_a_state_update_has_both_sides_with_their_numbers(watch: Any, cloud: Cloud) -> None:
    """HistoryData of a change by data: version, old and new state, each with value, reason and reason data."""
    cloud.knobs.misbehave("my-app", "1", 0.5)
    cloud.step(300)
    newest = items(watch, AlarmName="my-app-errors", HistoryItemType="StateUpdate")[0]
    told = json.loads(newest["HistoryData"])
    assert told["version"] == "1.0"
    assert [told[side]["stateValue"] for side in ("oldState", "newState")] == ["OK", "ALARM"]
    for side in ("oldState", "newState"):
        assert told[side]["stateReason"].startswith("Threshold Crossed: ")
        assert {"queryDate", "startDate", "recentDatapoints", "threshold"} <= told[side]["stateReasonData"].keys()


def test_pages_stay_whole_while_things_happen(watch: Any, cloud: Cloud) -> None:
    """Newest first, with new items between two pages: the second page goes on exactly where the first ended."""
    watch.put_metric_alarm(**OWN)
    for number in range(6):
        watch.set_alarm_state(AlarmName="queue", StateValue=("ALARM", "OK")[number % 2], StateReason=f"{number}")
    first = watch.describe_alarm_history(AlarmName="queue")
    watch.set_alarm_state(AlarmName="queue", StateValue="ALARM", StateReason="late")
    second = watch.describe_alarm_history(AlarmName="queue", NextToken=first["NextToken"])
    reasons = [json.loads(item["HistoryData"])["newState"]["stateReason"]
               for item in (*first["AlarmHistoryItems"], *second["AlarmHistoryItems"])]
    assert reasons == ["5", "4", "3", "2", "1", "0"]


def test_items_of_one_moment_keep_their_order(watch: Any, cloud: Cloud) -> None:
    """Ascending and descending are each other's mirror, even within the same second and over pages."""
    watch.put_metric_alarm(**OWN)
    for number in range(7):
        watch.set_alarm_state(AlarmName="queue", StateValue=("ALARM", "OK")[number % 2], StateReason=f"{number}")
    forward, back = items(watch, ScanBy="TimestampAscending"), items(watch)
    assert forward == back[::-1]
    assert forward[0]["HistorySummary"] == 'Alarm "queue" created'


def test_dates_are_inclusive(watch: Any, cloud: Cloud) -> None:
    """StartDate and EndDate both take in an item of that very moment."""
    watch.put_metric_alarm(**OWN)
    cloud.step(7)
    at = cloud.config.now()
    watch.set_alarm_state(AlarmName="queue", StateValue="ALARM", StateReason="x")
    cloud.step(1)
    assert len(items(watch, StartDate=at, EndDate=at)) == 1
    assert items(watch, StartDate=at + timedelta(seconds=1)) == []
    assert [item["HistoryItemType"] for item in items(watch, EndDate=at - timedelta(seconds=1))] == [
        "ConfigurationUpdate"
    ]


def test_thirty_days_are_kept(watch: Any, cloud: Cloud, manual: ManualClock) -> None:
    """After thirty days the items of the first day are gone, and those of later ones are there."""
    watch.put_metric_alarm(**OWN)
    for app in ("my-app", "radio", "lamp"):
        cloud.knobs.silence(app)
    manual.advance(20 * 86_400)
    watch.set_alarm_state(AlarmName="queue", StateValue="ALARM", StateReason="x")
    manual.advance(9 * 86_400)
    assert 'Alarm "queue" created' in [item["HistorySummary"] for item in items(watch)]
    manual.advance(2 * 86_400)
    left = [item["HistorySummary"] for item in items(watch)]
    assert 'Alarm "queue" created' not in left
    assert "Alarm updated from INSUFFICIENT_DATA to ALARM" in left


@pytest.mark.parametrize("operation", ["describe_alarms", "describe_alarm_history"])
def test_limits_of_records(watch: Any, operation: str) -> None:
    """100 records a page pass, 101 are refused; a token of the other operation is refused."""
    call = getattr(watch, operation)
    call(MaxRecords=100)
    other = {"describe_alarms": watch.describe_alarm_history, "describe_alarm_history": watch.describe_alarms}
    token = other[operation](MaxRecords=1)["NextToken"]
    for asked, code in (({"MaxRecords": 101}, "ValidationError"), ({"NextToken": token}, "InvalidNextToken")):
        with pytest.raises(ClientError) as refused:
            call(**asked)
        assert refused.value.response["Error"]["Code"] == code


def test_a_long_sleep_invents_nothing(watch: Any, cloud: Cloud, manual: ManualClock) -> None:
    """Nobody looked for eight hours: alarms whose old datapoints are forgotten do not fall silent in hindsight."""
    manual.advance(8 * 3600)
    changes = items(watch, AlarmName="radio-errors", HistoryItemType="StateUpdate")
    assert [item["HistorySummary"] for item in changes] == ["Alarm updated from INSUFFICIENT_DATA to OK"]
