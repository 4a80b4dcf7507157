"""The alarm watch in the real process: from CloudWatch to the channel and back, with the embedded cloud."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.cloud import Cloud
from demo.cloud.seed import perform
from demo.workspace import Message
from tests.end_to_end.rig import Rig, new_cloud, until

NOISE = "basket-noise"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    cloud = new_cloud()
    with cloud.world.lock:
        perform(cloud.world, "cloudwatch", "PutMetricAlarm", {
            "AlarmName": NOISE, "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1e6, "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{"Name": "FunctionName", "Value": "my-app"}], "TreatMissingData": "notBreaching",
        })  # fmt: skip
    yield cloud
    cloud.stop()


@pytest.fixture
def rig(tmp_path: Path, cloud: Cloud) -> Iterator[Rig]:
    cloud.knobs.clear_alarm(NOISE)
    rig = Rig(tmp_path / "bot", cloud)
    file = rig.folder / "tidegate.toml"
    text = file.read_text().replace('plan     = "canary"', f'plan     = "canary"\nalarm_prefix = ["{NOISE}"]')
    file.write_text('[alarms]\nsweep = "1s"\ngroup = "1s"\ndiscover = "1s"\n' + text)
    yield rig
    rig.close()


def notices(rig: Rig) -> list[Message]:
    """Messages about the alarm that gates nothing, without the threads."""
    return [each for each in rig.ws.channel("deploys").messages if NOISE in each.text and not each.in_thread]


def watched(rig: Rig) -> None:
    """The bot is up and has seen the alarm as it was before anything happened."""
    rig.start()
    until(lambda: NOISE in rig.tell("alarms", "my-app").stdout, rig.where)


@pytest.mark.parametrize("drawn_by", ["cloudwatch", "tidegate"])
def test_red_is_told_drawn_acknowledged_and_over(rig: Rig, cloud: Cloud, drawn_by: str):
    """An alarm found by prefix: one message, its graph in it, [Acknowledge], OK in place; the shell sees it too."""
    cloud.knobs.widget_images(drawn_by == "cloudwatch")
    watched(rig)
    cloud.knobs.raise_alarm(NOISE)
    message = until(lambda: notices(rig), rig.where)[0]
    assert f"{NOISE} is red" in message.text
    found = until(
        lambda: [block for block in notices(rig)[0].blocks if block["type"] == "image"], rig.where
    )
    assert NOISE in found[0]["alt_text"] or "Errors" in found[0]["alt_text"]
    assert "you have it" in rig.press("ana", notices(rig)[0], "Acknowledge")
    until(lambda: "Acknowledged" in notices(rig)[0].text, rig.where)
    report = rig.json("alarms", "my-app")
    assert [one["state"] for one in report["states"] if one["key"]["name"] == NOISE] == ["ALARM"]
    cloud.knobs.clear_alarm(NOISE)
    until(lambda: "OK again" in notices(rig)[0].text, rig.where)
    assert [each.ts for each in notices(rig)] == [message.ts]
    assert not rig.ws.problems


def test_sweeps_are_seen_on_readyz_and_in_the_numbers(rig: Rig):
    """No reason not to serve, but there: how many places, how old, what is wrong."""
    watched(rig)
    shown = json.loads(rig.get("/readyz")[1])["alarms"]
    assert shown["places"] == 1 and shown["trouble"] == {}
    numbers = rig.get("/metrics")[1]
    assert 'tidegate_sweeps_total{outcome="ok"}' in numbers
    assert "tidegate_sweep_age_seconds" in numbers and "tidegate_open_alerts 0" in numbers


def test_a_restart_in_the_middle_repeats_nothing(rig: Rig, cloud: Cloud):
    """Killed while it is red: the next process goes on with the same message."""
    watched(rig)
    cloud.knobs.raise_alarm(NOISE)
    before = until(lambda: notices(rig), rig.where)[0]
    until(lambda: (place := rig.store.alerts.place(1)) is not None and place.ts, rig.where)  # else one stray is right
    rig.bot.kill()
    rig.start()
    cloud.knobs.clear_alarm(NOISE)
    until(lambda: "OK again" in notices(rig)[0].text, rig.where)
    assert [each.ts for each in notices(rig)] == [before.ts]


def test_what_brings_a_rollout_back_is_told_once_on_its_card_with_its_graph(rig: Rig, cloud: Cloud):
    """The gate turns red at 10 %: rolled back, the card's thread says so and has the graph; no notice beside it."""
    cloud.knobs.widget_images(True)
    watched(rig)
    rig.calm()
    rig.slash("ana", "my-app long")
    rig.at(10)
    cloud.knobs.raise_alarm("my-app-errors")
    try:
        rig.phase("rolled_back")
        card = rig.card("rolled back")
        deploys = rig.ws.channel("deploys")
        until(lambda: [reply for reply in deploys.replies(card) if reply.files], rig.where)
        (graph,) = [reply for reply in deploys.replies(card) if reply.files]
        assert not graph.broadcast
        (file,) = [each for each in rig.ws.files if each.id in graph.files]
        assert "my-app-errors" in f"{file.title} {file.alt_txt}" and "10 %" in file.alt_txt
    finally:
        cloud.knobs.clear_alarm("my-app-errors")
    until(lambda: "tidegate_open_alerts 1" in rig.get("/metrics")[1], rig.where)
    own = [each for each in deploys.messages if not each.in_thread and "my-app-errors is" in each.text]
    assert [each.ts for each in own] in ([], [card.ts])
    assert not rig.ws.problems
