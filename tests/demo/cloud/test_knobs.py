"""Releases, foreign edits and the status, as the demo's page uses them."""

from typing import Any

import pytest

from demo.cloud import Cloud, seed_demo
from demo.cloud.knobs import BY_HAND


def test_a_foreign_edit(cloud: Cloud, functions: Any) -> None:
    """edit_weights moves the alias under another caller and another revision."""
    old = functions.get_alias(FunctionName="my-app", Name="live")["RevisionId"]
    said = cloud.knobs.edit_weights("my-app", "live", {"1": 70, "2": 30})
    assert said.startswith("my-app:live was edited by hand: version 1 70 %, version 2 30 %; revision ")
    now = functions.get_alias(FunctionName="my-app", Name="live")
    assert now["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.3}}
    assert now["RevisionId"] != old
    assert cloud.log.of("lambda:UpdateAlias")[0].caller == BY_HAND
    cloud.knobs.edit_weights("my-app", "live", {"2": 100})
    assert "RoutingConfig" not in functions.get_alias(FunctionName="my-app", Name="live")


@pytest.mark.parametrize("weights", [{}, {"1": 50}, {"1": 40, "2": 40, "3": 20}, {"1": 100, "9": 0}])
def test_impossible_edits(cloud: Cloud, weights: dict[str, float]) -> None:
    """Weights that do not make 100 %, or name a version nobody published, are refused."""
    with pytest.raises(ValueError, match=r"100 %|Function not found"):
        cloud.knobs.edit_weights("my-app", "live", weights)
    assert cloud.log.applied == []


def test_the_status_of_a_bad_canary(cloud: Cloud, functions: Any) -> None:
    """The page sees weights, alarms with reasons, error shares per version, and the load."""
    assert cloud.knobs.publish_v3() == "Version 3 of my-app is published: 8 % errors."
    functions.update_alias(
        FunctionName="my-app", Name="live", RoutingConfig={"AdditionalVersionWeights": {"3": 0.1}}
    )
    cloud.step(180)
    app = cloud.knobs.status()["apps"][0]
    assert (app["name"], app["alias"], app["rps"]) == ("my-app", "live", 40.0)
    assert app["weights"] == {"1": 90.0, "3": 10.0}
    assert app["errors"]["1"] < 0.2
    assert app["errors"]["3"] == pytest.approx(8, abs=0.8)
    errors, p99, health = app["alarms"]
    assert (errors["name"], errors["state"], p99["state"]) == ("my-app-errors", "ALARM", "OK")
    assert (health["name"], health["state"], health["kind"]) == ("my-app-health", "ALARM", "CompositeAlarm")
    assert errors["reason"].startswith("Threshold Crossed: 2 out of the last 2 datapoints [")


def test_releases_get_the_next_number(cloud: Cloud) -> None:
    """Knobs name the version they really published, in any order."""
    assert cloud.knobs.publish_v4() == "Version 3 of my-app is published: slow leak."
    assert cloud.knobs.publish_v3() == "Version 4 of my-app is published: 8 % errors."
    assert cloud.knobs.publish_good() == "Version 5 of my-app is published: good."


def test_a_stable_version_can_turn_sick(cloud: Cloud) -> None:
    """Misbehave changes a version that serves, and its errors show in the next minutes."""
    cloud.knobs.misbehave("my-app", "1", 0.5)
    cloud.step(180)
    app = cloud.knobs.status()["apps"][0]
    assert app["errors"]["1"] == pytest.approx(50, abs=2)
    assert app["alarms"][0]["state"] == "ALARM"
    with pytest.raises(ValueError, match="from 0 to 1"):
        cloud.knobs.misbehave("my-app", "1", 8)


def test_traffic_can_stop(cloud: Cloud) -> None:
    """Without requests there are no error shares, and nobody makes up a zero."""
    cloud.knobs.rps(0)
    cloud.step(180)
    app = cloud.knobs.status()["apps"][0]
    assert app["errors"] == {"1": None}


@pytest.mark.parametrize("period", [10, 60])
def test_a_reset_cloud_can_be_seeded_again(cloud: Cloud, period: int) -> None:
    """Reset leaves nothing behind, and a second seed is as good as the first."""
    cloud.knobs.raise_alarm("my-app-errors")
    cloud.knobs.outage()
    cloud.reset()
    assert cloud.knobs.status() == {"apps": [], "faults": [], "other_alarms": {}}
    seed_demo(cloud, period)
    app = cloud.knobs.status()["apps"][0]
    assert [alarm["state"] for alarm in app["alarms"]] == ["OK", "OK", "OK"]
    assert cloud.log.applied == []
