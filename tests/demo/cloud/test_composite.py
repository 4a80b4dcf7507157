"""Composite alarms over boto3: put, refused, weighed when a child changes, shown only when asked for, deleted."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud, ManualClock

ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"
BOTH = ["MetricAlarm", "CompositeAlarm"]


def one(watch: Any, name: str = "my-app-health") -> dict[str, Any]:
    """The composite alarm as DescribeAlarms shows it."""
    found: list[dict[str, Any]] = watch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])[
        "CompositeAlarms"
    ]
    return found[0]


def states(watch: Any, name: str) -> list[str]:
    """The changes of state in the alarm's history, oldest first."""
    pages = watch.get_paginator("describe_alarm_history").paginate(
        AlarmName=name, AlarmTypes=["CompositeAlarm"], HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )
    items = [item for page in pages for item in page["AlarmHistoryItems"]]
    return [item["HistorySummary"].removeprefix("Alarm updated from ") for item in items]


def refusal(call: Any, **asked: Any) -> tuple[str, str]:
    """Code and message of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**asked)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_born_without_data_and_weighed_soon(watch: Any, cloud: Cloud, manual: ManualClock) -> None:
    """INSUFFICIENT_DATA at once, a verdict at the next moment however late one looks, told with every child."""
    cloud.step(3)
    watch.put_composite_alarm(AlarmName="calm", AlarmRule='OK("lamp-errors") AND NOT ALARM(radio-errors)')
    assert (one(watch, "calm")["StateValue"], one(watch, "calm")["StateReason"]) == (
        "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"
    )
    manual.advance(300)
    born = one(watch, "calm")
    assert born["StateValue"] == "ALARM"
    assert (born["StateTransitionedTimestamp"] - born["AlarmConfigurationUpdatedTimestamp"]).total_seconds() <= 10
    assert born["StateReason"] == f"{ARN}calm was created and its alarm rule evaluates to ALARM"
    told = json.loads(born["StateReasonData"])["triggeringAlarms"]
    assert [(child["arn"], child["state"]["value"]) for child in told] == [
        (f"{ARN}lamp-errors", "OK"), (f"{ARN}radio-errors", "OK")
    ]
    assert states(watch, "calm") == ["INSUFFICIENT_DATA to ALARM"]


def test_follows_a_child_at_the_childs_time(watch: Any, cloud: Cloud, manual: ManualClock) -> None:
    """However late somebody looks, state, time, reason and numbers are those of the child's change."""
    cloud.knobs.misbehave("my-app", "1", 0.5)
    manual.advance(600)
    child = watch.describe_alarms(AlarmNames=["my-app-errors"])["MetricAlarms"][0]
    red = one(watch)
    assert red["StateValue"] == "ALARM"
    assert red["StateTransitionedTimestamp"] == child["StateTransitionedTimestamp"] < cloud.config.now()
    at = child["StateTransitionedTimestamp"]
    assert red["StateReason"] == f"{ARN}my-app-errors transitioned to ALARM at {at:%A %d %B, %Y %H:%M:%S} UTC"
    assert json.loads(red["StateReasonData"]) == {"triggeringAlarms": [
        {"arn": f"{ARN}my-app-errors", "state": {"value": "ALARM", "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.000+0000"}}
    ]}


def test_children_change_in_order_of_time(watch: Any, cloud: Cloud, manual: ManualClock) -> None:
    """What was never true at one moment is not found true, though one look sees two children turn red and back."""
    for name, ahead in (("late", 420), ("early", 60)):
        watch.put_metric_alarm(
            AlarmName=name, Namespace="Shop", MetricName=name, Statistic="Maximum", Period=60, EvaluationPeriods=1,
            Threshold=1.0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
        )
        datum = {"MetricName": name, "Value": 5.0, "Timestamp": manual() + timedelta(seconds=ahead)}
        watch.put_metric_data(Namespace="Shop", MetricData=[datum])
    watch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(late) AND NOT OK(early)")
    watch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(late) OR ALARM(early)")
    manual.advance(900)
    assert states(watch, "both") == ["INSUFFICIENT_DATA to OK"]
    assert states(watch, "any").count("OK to ALARM") == 2


def test_composites_of_composites(watch: Any, cloud: Cloud) -> None:
    """A change climbs through two levels at once, and a NOT turns it around."""
    watch.put_composite_alarm(AlarmName="top", AlarmRule="ALARM(my-app-health) OR ALARM(lamp-errors)")
    watch.put_composite_alarm(AlarmName="fine", AlarmRule="NOT ALARM(top)")
    cloud.step(20)
    cloud.knobs.raise_alarm("my-app-p99")
    assert [one(watch, name)["StateValue"] for name in ("my-app-health", "top", "fine")] == ["ALARM", "ALARM", "OK"]
    cloud.knobs.clear_alarm("my-app-p99")
    assert [one(watch, name)["StateValue"] for name in ("my-app-health", "top", "fine")] == ["OK", "OK", "ALARM"]


def test_shown_only_when_asked_for(watch: Any) -> None:
    """Without AlarmTypes a composite alarm does not exist, by name, by prefix, in the history; as in AWS."""
    hidden = watch.describe_alarms(AlarmNames=["my-app-health"])
    assert (hidden["MetricAlarms"], hidden["CompositeAlarms"]) == ([], [])
    assert watch.describe_alarms(AlarmNamePrefix="my-app-health")["CompositeAlarms"] == []
    assert watch.describe_alarm_history(AlarmName="my-app-health")["AlarmHistoryItems"] == []
    kinds = {item["AlarmType"] for item in watch.describe_alarm_history(AlarmTypes=["CompositeAlarm"])[
        "AlarmHistoryItems"
    ]}
    assert kinds == {"CompositeAlarm"}
    shown = one(watch)
    assert shown["AlarmRule"] == "ALARM(my-app-errors) OR ALARM(my-app-p99)"
    assert (shown["AlarmArn"], shown["ActionsEnabled"], shown["OKActions"]) == (f"{ARN}my-app-health", True, [])
    assert refusal(watch.describe_alarms, AlarmTypes=["Compost"])[0] == "ValidationError"


def test_pages_hold_both_kinds(watch: Any) -> None:
    """Three rows a page, of whatever kind; the paginator finds each alarm once; a prefix pages as well."""
    for number in range(4):
        watch.put_composite_alarm(AlarmName=f"my-app-{number}", AlarmRule="TRUE")
    pages = list(watch.get_paginator("describe_alarms").paginate(AlarmNamePrefix="my-app-", AlarmTypes=BOTH))
    assert [len(page["MetricAlarms"]) + len(page["CompositeAlarms"]) for page in pages] == [3, 3, 1]
    names = [alarm["AlarmName"] for page in pages for alarm in (*page["MetricAlarms"], *page["CompositeAlarms"])]
    assert sorted(names) == ["my-app-0", "my-app-1", "my-app-2", "my-app-3", "my-app-errors", "my-app-health",
                             "my-app-p99"]


def test_pages_stay_whole_while_alarms_go(watch: Any) -> None:
    """An alarm deleted between two pages makes nobody miss or see twice another one."""
    for number in range(6):
        watch.put_composite_alarm(AlarmName=f"p{number}", AlarmRule="TRUE")
    first = watch.describe_alarms(AlarmNamePrefix="p", AlarmTypes=BOTH)
    watch.delete_alarms(AlarmNames=["p0"])
    second = watch.describe_alarms(AlarmNamePrefix="p", AlarmTypes=BOTH, NextToken=first["NextToken"])
    assert [alarm["AlarmName"] for alarm in first["CompositeAlarms"]] == ["p0", "p1", "p2"]
    assert [alarm["AlarmName"] for alarm in second["CompositeAlarms"]] == ["p3", "p4", "p5"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"AlarmRule": "ALARM(my-app-errors) AND"}, "Error in AlarmRule [Unexpected end at char 24"),
        ({"AlarmRule": "ALARM(gone) OR OK(my-app-p99) OR OK(lost)"},
         "Could not save the composite alarm as alarms [gone, lost] in the alarm rule do not exist"),
        ({"AlarmRule": "ALARM(new)"}, "alarms [new] in the alarm rule do not exist"),
        ({"AlarmRule": "ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:my-app-errors)"}, "do not exist"),
        ({"AlarmRule": "TRUE", "ActionsSuppressor": "lamp-errors", "ActionsSuppressorWaitPeriod": 60,
          "ActionsSuppressorExtensionPeriod": 60}, "ActionsSuppressor is not known to the embedded cloud"),
        ({"AlarmRule": "TRUE OR " * 1400 + "TRUE"}, "less than or equal to 10240"),
        ({"AlarmName": "lamp-errors", "AlarmRule": "TRUE"}, "lamp-errors is a MetricAlarm"),
    ],
)
def test_refused_composites(watch: Any, asked: dict[str, Any], words: str) -> None:
    """What AWS or this cloud cannot take is a ValidationError with the reason, and nothing is put."""
    code, message = refusal(watch.put_composite_alarm, **{"AlarmName": "new"} | asked)
    assert code == "ValidationError"
    assert words in message
    assert watch.describe_alarms(AlarmNames=["new"], AlarmTypes=BOTH)["CompositeAlarms"] == []


def test_circles_are_refused(watch: Any) -> None:
    """A rule that leads back to its own alarm, at once or over another one, is refused; the old one stays."""
    watch.put_composite_alarm(AlarmName="one", AlarmRule="ALARM(my-app-health)")
    watch.put_composite_alarm(AlarmName="two", AlarmRule="ALARM(one)")
    for rule in ("ALARM(one)", "OK(lamp-errors) AND ALARM(two)"):
        assert "leads back to one itself" in refusal(watch.put_composite_alarm, AlarmName="one", AlarmRule=rule)[1]
    assert one(watch, "one")["AlarmRule"] == "ALARM(my-app-health)"


def test_a_hundred_children_and_no_more(watch: Any, cloud: Cloud) -> None:
    """100 different children pass, 101 do not; naming one twice counts once."""
    cloud.knobs.crowd("c", 101)
    names = [f"ALARM(c-{number:03})" for number in range(101)]
    watch.put_composite_alarm(AlarmName="many", AlarmRule=" OR ".join([*names[:100], names[0]]))
    assert "101 alarms" in refusal(watch.put_composite_alarm, AlarmName="more", AlarmRule=" OR ".join(names))[1]


def test_deleting_from_the_top(watch: Any) -> None:
    """AWS keeps children of a composite alarm, and deletes one composite a call; refused, nothing is gone."""
    watch.put_composite_alarm(AlarmName="top", AlarmRule="ALARM(lamp-errors)")
    assert refusal(watch.delete_alarms, AlarmNames=["my-app-errors"]) == (
        "ValidationError", "Cannot delete my-app-errors as there are composite alarm(s) depending on it."
    )
    assert "my-app-errors,lamp-errors as there are composite alarm(s) depending on them" in refusal(
        watch.delete_alarms, AlarmNames=["my-app-errors", "lamp-errors", "radio-errors"]
    )[1]
    assert refusal(watch.delete_alarms, AlarmNames=["my-app-health", "top"])[0] == "ValidationError"
    assert len(watch.describe_alarms(AlarmNames=["radio-errors", "my-app-errors"])["MetricAlarms"]) == 2
    watch.delete_alarms(AlarmNames=["my-app-health", "my-app-errors", "my-app-p99"])
    assert watch.describe_alarms(AlarmNamePrefix="my-app", AlarmTypes=BOTH)["MetricAlarms"] == []


def test_a_set_state_lasts_until_a_child_changes(watch: Any, cloud: Cloud) -> None:
    """SetAlarmState on a composite alarm is not put right by time, only by a child."""
    watch.set_alarm_state(AlarmName="my-app-health", StateValue="ALARM", StateReason="a drill")
    cloud.step(600)
    assert (one(watch)["StateValue"], one(watch)["StateReason"]) == ("ALARM", "a drill")
    cloud.knobs.raise_alarm("my-app-p99")
    cloud.knobs.clear_alarm("my-app-p99")
    assert one(watch)["StateValue"] == "OK"


def test_a_new_rule_is_weighed_anew(watch: Any, cloud: Cloud) -> None:
    """An update keeps the state until the next moment, says so in the reason, and follows the new children only."""
    watch.put_composite_alarm(AlarmName="my-app-health", AlarmRule="OK(my-app-errors)")
    assert one(watch)["StateValue"] == "OK"
    cloud.step(20)
    assert one(watch)["StateReason"].endswith("my-app-health was updated and its alarm rule evaluates to ALARM")
    cloud.knobs.raise_alarm("my-app-p99")
    assert one(watch)["StateReason"].endswith("evaluates to ALARM")
    watch.delete_alarms(AlarmNames=["my-app-p99"])


def test_a_held_composite_ignores_its_children(watch: Any, cloud: Cloud) -> None:
    """Raised by hand it stays red whatever its children do; cleared, it is weighed again soon."""
    cloud.knobs.raise_alarm("my-app-health")
    cloud.knobs.raise_alarm("my-app-p99")
    cloud.knobs.clear_alarm("my-app-p99")
    assert one(watch)["StateReason"] == "Turned red by hand"
    cloud.knobs.raise_alarm("my-app-p99")
    cloud.knobs.clear_alarm("my-app-health")
    assert one(watch)["StateValue"] == "OK"
    cloud.step(20)
    assert one(watch)["StateValue"] == "ALARM"


def test_family(watch: Any) -> None:
    """Children come with their states, parents with their names; neither goes with other filters."""
    children = watch.describe_alarms(ChildrenOfAlarmName="my-app-health")["MetricAlarms"]
    assert [(child["AlarmName"], child["StateValue"]) for child in children] == [
        ("my-app-errors", "OK"), ("my-app-p99", "OK")
    ]
    assert "Threshold" not in children[0]
    parents = watch.describe_alarms(ParentsOfAlarmName="my-app-p99")["CompositeAlarms"]
    assert parents == [{"AlarmName": "my-app-health", "AlarmArn": f"{ARN}my-app-health"}]
    assert refusal(watch.describe_alarms, ParentsOfAlarmName="my-app-p99", StateValue="OK")[0] == "ValidationError"
