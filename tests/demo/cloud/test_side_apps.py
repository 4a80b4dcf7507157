"""radio, which falls silent, and lamp, which flaps: their alarms, and the knobs that make them so."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from demo.cloud import Cloud, ManualClock, seed_demo
from demo.cloud.flap import Flap


def state(watch: Any, name: str) -> str:
    """The state that DescribeAlarms shows."""
    return str(watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def changes(watch: Any, name: str) -> list[tuple[str, str]]:
    """Time and summary of every change of state, oldest first."""
    pages = watch.get_paginator("describe_alarm_history").paginate(
        AlarmName=name, HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )
    return [(str(item["Timestamp"]), item["HistorySummary"]) for page in pages for item in page["AlarmHistoryItems"]]


def app(cloud: Cloud, name: str) -> dict[str, Any]:
    """One app of the status."""
    return next(one for one in cloud.knobs.status()["apps"] if one["name"] == name)


def test_three_apps_and_their_alarms(cloud: Cloud, functions: Any) -> None:
    """my-app first; each app on version 1 with version 2 published, and every alarm OK under its own app."""
    apps = cloud.knobs.status()["apps"]
    assert {one["name"]: [alarm["name"] for alarm in one["alarms"]] for one in apps} == {
        "my-app": ["my-app-errors", "my-app-p99", "my-app-health"],
        "radio": ["radio-errors"], "lamp": ["lamp-errors", "lamp-v2-errors", "lamp-any"],
    }
    assert apps[0]["name"] == "my-app"
    assert {alarm["state"] for one in apps for alarm in one["alarms"]} == {"OK"}
    for name in ("my-app", "radio", "lamp"):
        versions = functions.list_versions_by_function(FunctionName=name)["Versions"]
        assert [one["Version"] for one in versions] == ["$LATEST", "1", "2"]
        assert app(cloud, name)["weights"] == {"1": 100.0}


def test_radio_falls_silent_and_speaks_again(cloud: Cloud, watch: Any) -> None:
    """Without listeners its alarm becomes INSUFFICIENT_DATA within minutes, my-app's do not; then it is OK again."""
    cloud.step(60)
    cloud.knobs.silence("radio")
    cloud.step(90)
    assert state(watch, "radio-errors") == "OK"
    cloud.step(300)
    assert state(watch, "radio-errors") == "INSUFFICIENT_DATA"
    assert app(cloud, "radio")["rps"] == 0
    assert app(cloud, "radio")["errors"] == {"1": None}
    assert state(watch, "my-app-errors") == "OK"
    cloud.knobs.speak("radio")
    cloud.step(180)
    assert state(watch, "radio-errors") == "OK"
    assert app(cloud, "radio")["rps"] == 6.0


def test_silence_leaves_no_gap_filled(cloud: Cloud, watch: Any, manual: ManualClock) -> None:
    """One look after silence and speech: the silent minutes stay without a datapoint."""
    cloud.knobs.silence("radio")
    manual.advance(600)
    cloud.knobs.speak("radio")
    manual.advance(600)
    now = manual()
    stat = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Invocations",
                       "Dimensions": [{"Name": "FunctionName", "Value": "radio"}]}, "Period": 60, "Stat": "Sum"}
    end = now.timestamp() - now.timestamp() % 60
    result = watch.get_metric_data(
        MetricDataQueries=[{"Id": "i", "MetricStat": stat}], StartTime=end - 1200, EndTime=end
    )["MetricDataResults"][0]
    assert 9 <= len(result["Values"]) <= 11


def test_lamp_flaps_until_it_is_calm(cloud: Cloud, watch: Any) -> None:
    """Red and OK in turn every few minutes; the pinned alarm of version 2 stays OK, it serves nobody; then calm."""
    before = len(changes(watch, "lamp-errors"))
    cloud.knobs.flap("lamp")
    cloud.step(3600)
    flapped = [summary for _, summary in changes(watch, "lamp-errors")][before:]
    assert 12 <= len(flapped) <= 24
    assert set(flapped[::2]) == {"Alarm updated from OK to ALARM"}
    assert set(flapped[1::2]) == {"Alarm updated from ALARM to OK"}
    assert state(watch, "lamp-v2-errors") == "OK"
    cloud.knobs.calm("lamp")
    cloud.step(240)
    calm = len(changes(watch, "lamp-errors"))
    assert state(watch, "lamp-errors") == "OK"
    cloud.step(1800)
    assert len(changes(watch, "lamp-errors")) == calm


def test_a_version_pinned_alarm_tells_sides_apart(cloud: Cloud, watch: Any, functions: Any) -> None:
    """Only version 2 is bad: its own alarm is red; version 1's share hides nothing from it."""
    cloud.knobs.misbehave("lamp", "2", 0.1)
    functions.update_alias(
        FunctionName="lamp", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.3}}
    )
    cloud.step(240)
    assert state(watch, "lamp-v2-errors") == "ALARM"
    alarm = watch.describe_alarms(AlarmNames=["lamp-v2-errors"])["MetricAlarms"][0]
    dimensions = alarm["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"]
    assert {"Name": "ExecutedVersion", "Value": "2"} in dimensions


def test_flapping_is_the_same_however_one_looks(cloud: Cloud, watch: Any, manual: ManualClock) -> None:
    """Second by second or in one look an hour later, every change comes at the same second after the start."""
    def played(pass_time: Callable[[], object]) -> list[tuple[float, str]]:
        cloud.reset()
        manual.advance(60 - manual().timestamp() % 60)
        seed_demo(cloud)
        cloud.knobs.flap("lamp")
        begin = manual().timestamp()
        pass_time()
        cloud.knobs.status()
        items = cloud.world.alarms.history.of(("123456789012", "eu-central-1"), "lamp-errors", manual())
        return [(item.at.timestamp() - begin, item.summary) for item in items]

    stepped = played(lambda: cloud.step(3600))
    assert stepped == played(lambda: manual.advance(3600))
    assert len(stepped) > 12


@pytest.mark.parametrize("knob", ["silence", "speak", "flap", "calm"])
def test_unknown_apps_are_refused(cloud: Cloud, knob: str) -> None:
    """A name without traffic is refused with the known ones."""
    with pytest.raises(LookupError, match="no traffic goes to lampe; known: my-app, radio, lamp"):
        getattr(cloud.knobs, knob)("lampe")


def test_spells_last_whole_periods() -> None:
    """Sick from the first second, three or four periods a spell, and asking for an old second changes nothing."""
    flap, twin = (Flap(1000, 10, 0.08, Random("x")) for _ in range(2))
    sick = [flap.sick(second) for second in range(1000, 4000)]
    assert sick[0]
    edges = [at for at in range(1, 3000) if sick[at] != sick[at - 1]]
    assert {later - earlier for earlier, later in zip([0, *edges], edges, strict=False)} == {30, 40}
    assert [twin.sick(second) for second in range(3999, 999, -1)] == sick[::-1]
