"""CloudWatch alarms over boto3: they judge themselves, word it as AWS does, and remember."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud, ManualClock

OWN = {
    "AlarmName": "queue", "Namespace": "Shop", "MetricName": "Depth", "Statistic": "Maximum", "Period": 60,
    "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def depth(watch: Any, cloud: Cloud, value: float) -> None:
    """Reports one value now and lets a minute pass."""
    now = cloud.config.now()
    watch.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Depth", "Value": value, "Timestamp": now}]
    )
    cloud.step(60)


def one(watch: Any, name: str = "queue") -> dict[str, Any]:
    """The alarm as DescribeAlarms shows it."""
    found: list[dict[str, Any]] = watch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found[0]


def test_an_alarm_is_born_without_data(watch: Any, cloud: Cloud) -> None:
    """INSUFFICIENT_DATA with AWS's sentence until data come; then OK."""
    watch.put_metric_alarm(**OWN)
    assert (one(watch)["StateValue"], one(watch)["StateReason"]) == (
        "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"
    )
    depth(watch, cloud, 0.5)
    assert one(watch)["StateValue"] == "OK"


def test_two_breaching_points_turn_it_red_and_say_so(watch: Any, cloud: Cloud) -> None:
    """State, wording, numbers and both timestamps are those of CloudWatch."""
    watch.put_metric_alarm(**OWN)
    for value in (0.5, 8.1, 8.3):
        depth(watch, cloud, value)
    now = cloud.config.now()
    newer, older = (f"{now - timedelta(minutes=ago):%d/%m/%y %H:%M:%S}" for ago in (1, 2))
    red = one(watch)
    assert red["StateValue"] == "ALARM"
    assert red["StateReason"] == (
        f"Threshold Crossed: 2 out of the last 2 datapoints [8.3 ({newer}), 8.1 ({older})] "
        "were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    numbers = json.loads(red["StateReasonData"])
    assert (numbers["recentDatapoints"], numbers["threshold"], numbers["period"]) == ([8.1, 8.3], 1.0, 60)
    assert numbers["queryDate"] == f"{now:%Y-%m-%dT%H:%M:%S}.000+0000"
    assert red["StateUpdatedTimestamp"] == red["StateTransitionedTimestamp"] == now
    assert "EvaluationState" not in red


def test_time_catches_up_when_somebody_looks(watch: Any, cloud: Cloud, manual: ManualClock) -> None:
    """Nobody ticks: the next call alone brings traffic and alarms up to the clock."""
    cloud.knobs.misbehave("my-app", "1", 0.5)
    manual.advance(200)
    red = one(watch, "my-app-errors")
    assert red["StateValue"] == "ALARM"
    assert red["StateTransitionedTimestamp"] < cloud.config.now()


def test_one_bad_point_of_two_is_no_alarm(watch: Any, cloud: Cloud) -> None:
    """8.1 between two fine minutes changes nothing."""
    watch.put_metric_alarm(**OWN)
    for value in (0.5, 8.1, 0.5):
        depth(watch, cloud, value)
        assert one(watch)["StateValue"] == "OK"


@pytest.mark.parametrize(
    ("missing", "state", "said"),
    [
        ("missing", "INSUFFICIENT_DATA", "Insufficient Data: 2 datapoints were unknown."),
        ("ignore", "ALARM", "were greater than the threshold"),
        ("breaching", "ALARM", "was greater than the threshold"),
        ("notBreaching", "OK", "Threshold Crossed: 1 missing datapoint was treated as [NonBreaching]."),
    ],
)
def test_silence_after_red(watch: Any, cloud: Cloud, missing: str, state: str, said: str) -> None:
    """What happens to a red alarm when the data stop depends on TreatMissingData alone."""
    watch.put_metric_alarm(**OWN, TreatMissingData=missing)
    for value in (8.0, 8.0):
        depth(watch, cloud, value)
    assert one(watch)["StateValue"] == "ALARM"
    cloud.step(600)
    assert one(watch)["StateValue"] == state
    assert said in one(watch)["StateReason"]


def test_silence_from_the_start_is_fine_where_the_alarm_says_so(watch: Any, cloud: Cloud) -> None:
    """Without a single datapoint a notBreaching alarm is OK, in AWS's words."""
    watch.put_metric_alarm(**OWN, TreatMissingData="notBreaching")
    cloud.step(60)
    assert one(watch)["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated "
        "as [NonBreaching]."
    )
    assert one(watch)["StateValue"] == "OK"


def test_a_set_state_lasts_until_the_next_evaluation(watch: Any, cloud: Cloud) -> None:
    """SetAlarmState shows at once and is gone a minute later."""
    cloud.step(5)
    watch.set_alarm_state(AlarmName="my-app-errors", StateValue="ALARM", StateReason="a drill")
    red = one(watch, "my-app-errors")
    assert (red["StateValue"], red["StateReason"]) == ("ALARM", "a drill")
    assert red["StateTransitionedTimestamp"] == cloud.config.now()
    cloud.step(60)
    assert one(watch, "my-app-errors")["StateValue"] == "OK"


def test_a_held_alarm_keeps_a_set_state(watch: Any, cloud: Cloud) -> None:
    """With the hold knob SetAlarmState stays for an hour, and goes once the hold is gone."""
    cloud.knobs.hold_alarm("my-app-errors")
    watch.set_alarm_state(AlarmName="my-app-errors", StateValue="ALARM", StateReason="a drill")
    cloud.step(3600)
    assert one(watch, "my-app-errors")["StateValue"] == "ALARM"
    cloud.knobs.hold_alarm("my-app-errors", on=False)
    cloud.step(60)
    assert one(watch, "my-app-errors")["StateValue"] == "OK"


def test_raised_by_hand_until_cleared(watch: Any, cloud: Cloud) -> None:
    """The raise knob holds red; the clear knob makes it OK at once."""
    assert cloud.knobs.raise_alarm("my-app-p99") == "Alarm my-app-p99 is red until you clear it."
    cloud.step(600)
    assert one(watch, "my-app-p99")["StateValue"] == "ALARM"
    cloud.knobs.clear_alarm("my-app-p99")
    assert one(watch, "my-app-p99")["StateValue"] == "OK"
    with pytest.raises(LookupError, match="known: lamp-any, lamp-errors, lamp-v2-errors, my-app-errors"):
        cloud.knobs.raise_alarm("my-app-p95")


def test_an_unclean_evaluation_shows(watch: Any, cloud: Cloud) -> None:
    """EvaluationState appears when set and disappears when cleared."""
    cloud.knobs.evaluation_state("my-app-errors", "PARTIAL_DATA")
    assert one(watch, "my-app-errors")["EvaluationState"] == "PARTIAL_DATA"
    cloud.knobs.evaluation_state("my-app-errors")
    assert "EvaluationState" not in one(watch, "my-app-errors")


def test_describe_by_name_prefix_state_and_type(watch: Any, cloud: Cloud) -> None:
    """Unknown names are simply absent; composite alarms are a kind of their own; filters are exclusive."""
    cloud.knobs.raise_alarm("my-app-p99")
    asked = watch.describe_alarms(AlarmNames=["my-app-errors", "nobody"])["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in asked] == ["my-app-errors"]
    assert len(watch.describe_alarms(AlarmNamePrefix="my-app-")["MetricAlarms"]) == 2
    red = watch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in red] == ["my-app-p99"]
    assert watch.describe_alarms(AlarmTypes=["CompositeAlarm"])["MetricAlarms"] == []
    both = ["MetricAlarm", "CompositeAlarm"]
    assert len(watch.describe_alarms(AlarmNamePrefix="my-app-", AlarmTypes=both)["MetricAlarms"]) == 2
    with pytest.raises(ClientError, match="mutually exclusive"):
        watch.describe_alarms(AlarmNames=["a"], AlarmNamePrefix="a")


def test_a_hundred_names_and_no_more(watch: Any) -> None:
    """100 names pass, 101 are refused as AWS refuses them."""
    watch.describe_alarms(AlarmNames=[f"a{n}" for n in range(100)])
    with pytest.raises(ClientError) as refusal:
        watch.describe_alarms(AlarmNames=[f"a{n}" for n in range(101)])
    assert refusal.value.response["Error"]["Code"] == "ValidationError"


def test_alarms_come_in_pages(watch: Any) -> None:
    """Three a page here; the paginator finds each alarm once; a made-up token is refused."""
    for number in range(5):
        watch.put_metric_alarm(**OWN | {"AlarmName": f"q{number}"})
    pages = list(watch.get_paginator("describe_alarms").paginate())
    names = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
    assert names == ["lamp-errors", "lamp-v2-errors", "my-app-errors", "my-app-p99",
                     "q0", "q1", "q2", "q3", "q4", "radio-errors"]
    assert len(pages) == 4
    with pytest.raises(ClientError) as refusal:
        watch.describe_alarms(NextToken="!")
    assert refusal.value.response["Error"]["Code"] == "InvalidNextToken"


def test_the_history_tells_every_change(watch: Any, cloud: Cloud) -> None:
    """Newest first, both states with their reasons, filtered by kind and date, paged."""
    cloud.step(30)
    begun = cloud.config.now()
    for state in ("ALARM", "OK", "ALARM", "INSUFFICIENT_DATA"):
        watch.set_alarm_state(AlarmName="my-app-errors", StateValue=state, StateReason=f"now {state}")
        cloud.step(1)
    asked = {"AlarmName": "my-app-errors", "HistoryItemType": "StateUpdate", "StartDate": begun}
    first = watch.describe_alarm_history(**asked)
    assert [item["HistorySummary"] for item in first["AlarmHistoryItems"]] == [
        "Alarm updated from ALARM to INSUFFICIENT_DATA", "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    rest = watch.describe_alarm_history(**asked, NextToken=first["NextToken"])["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in rest] == ["Alarm updated from OK to ALARM"]
    told = json.loads(rest[0]["HistoryData"])
    assert told["newState"]["stateValue"] == "ALARM"
    assert told["newState"]["stateReason"] == "now ALARM"
    assert told["oldState"]["stateValue"] == "OK"
    oldest = watch.describe_alarm_history(**asked, ScanBy="TimestampAscending", MaxRecords=1)
    assert oldest["AlarmHistoryItems"] == rest
    later = asked | {"StartDate": cloud.config.now()}
    assert watch.describe_alarm_history(**later)["AlarmHistoryItems"] == []
    before = watch.describe_alarm_history(AlarmName="my-app-errors", EndDate=begun)["AlarmHistoryItems"]
    assert {item["HistoryItemType"] for item in before} == {"ConfigurationUpdate", "StateUpdate"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "ValidationError"),
        ({"DatapointsToAlarm": 3}, "ValidationError"),
        ({"Period": 45}, "ValidationError"),
        ({"Statistic": None}, "ValidationError"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "ValidationError"),
        ({"TreatMissingData": "whatever"}, "ValidationError"),
        ({"Threshold": None}, "ValidationError"),
        ({"Metrics": [{"Id": "e", "Expression": "1+"}]}, "ValidationError"),
    ],
)
def test_alarms_that_make_no_sense(watch: Any, change: dict[str, Any], code: str) -> None:
    """PutMetricAlarm refuses what cannot be evaluated, and nothing is created."""
    asked = {key: value for key, value in (OWN | change).items() if value is not None}
    with pytest.raises(ClientError) as refusal:
        watch.put_metric_alarm(**asked)
    assert refusal.value.response["Error"]["Code"] == code
    assert watch.describe_alarms(AlarmNames=["queue"])["MetricAlarms"] == []


def test_math_over_unknown_ids_or_functions_is_refused(watch: Any) -> None:
    """A formula with an undefined id or with IF is refused by name."""
    alarm = {key: OWN[key] for key in ("AlarmName", "EvaluationPeriods", "Threshold", "ComparisonOperator")}
    for text, said in (("100*e/i", "unknown id e"), ("IF(e,1,0)", "brackets are known")):
        with pytest.raises(ClientError, match=said):
            watch.put_metric_alarm(**alarm, Metrics=[{"Id": "r", "Expression": text}])


def test_new_settings_keep_the_state(watch: Any, cloud: Cloud) -> None:
    """Putting an alarm again changes its settings, not its state; deleting it makes it unknown."""
    cloud.knobs.raise_alarm("my-app-p99")
    was = one(watch, "my-app-p99")
    keep = ("AlarmName", "Namespace", "MetricName", "ExtendedStatistic", "Dimensions", "Period",
            "EvaluationPeriods", "Threshold", "ComparisonOperator")
    watch.put_metric_alarm(**{key: was[key] for key in keep} | {"Threshold": 900.0})
    now = one(watch, "my-app-p99")
    assert (now["Threshold"], now["StateValue"]) == (900.0, "ALARM")
    watch.disable_alarm_actions(AlarmNames=["my-app-p99"])
    assert one(watch, "my-app-p99")["ActionsEnabled"] is False
    watch.delete_alarms(AlarmNames=["my-app-p99", "my-app-health"])
    with pytest.raises(ClientError) as refusal:
        watch.set_alarm_state(AlarmName="my-app-p99", StateValue="OK", StateReason="x")
    assert refusal.value.response["Error"]["Code"] == "ResourceNotFound"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_the_demo_begins_healthy(watch: Any, cloud: Cloud) -> None:
    """Every alarm is OK with history from before the start, and the clock of the cloud is the test's."""
    pages = watch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = [alarm for page in pages for alarm in (*page["MetricAlarms"], *page["CompositeAlarms"])]
    assert {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms} == dict.fromkeys(
        ("lamp-errors", "lamp-v2-errors", "my-app-errors", "my-app-p99", "my-app-health", "radio-errors",
         "lamp-any"), "OK"
    )
    assert all(alarm["StateTransitionedTimestamp"] < cloud.config.now() for alarm in alarms)
    assert cloud.config.now() < datetime(2026, 1, 6, tzinfo=UTC)
    assert watch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
