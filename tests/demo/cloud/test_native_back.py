"""Deployments that ECS runs by itself, backward: alarms, breakers, pauses refused, stops, and what comes in between."""

from typing import Any

import pytest

from demo.cloud import Cloud
from tests.demo.cloud.native_scene import MINUTE, Scene, configured, modelled, pause, share

__all__ = ["modelled"]
BREAKER = {"enable": True, "rollback": True}


def test_a_bad_image_meets_its_alarm(modelled: Cloud, ecs: Any) -> None:
    """The errors come of requests that really went there; ECS rolls back, and everything is as before."""
    scene = Scene(modelled, ecs)
    arn = scene.deploy("v3")
    scene.answer(arn, scene.until_paused(arn))
    back = scene.until(arn, lambda shown: shown["status"] == "ROLLBACK_IN_PROGRESS")
    assert (back["lifecycleStage"], share(back), scene.weights()) == ("PRODUCTION_TRAFFIC_SHIFT", 10, (90, 10))
    assert back["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"] == 90
    assert back["alarms"] == {
        "status": "TRIGGERED", "alarmNames": ["api-errors"], "triggeredAlarmNames": ["api-errors"],
    }
    assert "api-errors" in back["rollback"]["reason"]
    assert back["rollback"]["serviceRevisionArn"] == back["sourceServiceRevisions"][0]["arn"]
    home = scene.until_ended(arn)
    assert (home["status"], share(home)) == ("ROLLBACK_SUCCESSFUL", 0)
    assert (scene.weights(), scene.weights_for_tests()) == ((100, 0), (100, 0))
    scene.cloud.step(25)
    assert scene.tasks() == {"v1": 3}
    service = scene.service()
    assert service["taskDefinition"] == scene.api.definition
    assert [one["arn"] for one in service["currentServiceRevisions"]] == [home["rollback"]["serviceRevisionArn"]]


def test_an_alarm_that_is_red_from_the_start_blinds_ecs(modelled: Cloud, ecs: Any) -> None:
    """None is watched for the whole deployment, and the bad image goes through to the end."""
    scene = Scene(modelled, ecs)
    scene.cloud.knobs.raise_alarm("api-errors")
    arn = scene.deploy("v3")
    scene.answer(arn, scene.until_paused(arn))
    assert scene.look(arn)["alarms"]["status"] == "DISABLED"
    scene.cloud.knobs.clear_alarm("api-errors")
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"


def test_alarms_without_rollback_only_stop(modelled: Cloud, ecs: Any) -> None:
    """The deployment ends STOPPED and the requests stay where they are; the next one puts things in order first."""
    scene = Scene(modelled, ecs)
    watched = {"alarmNames": ["api-errors"], "enable": True, "rollback": False}
    scene.update(deploymentConfiguration=configured(alarms=watched))
    arn = scene.deploy("v3")
    scene.until(arn, lambda shown: share(shown) == 10)
    shown = scene.until_ended(arn)
    assert (shown["status"], "stoppedAt" in shown, "rollback" in shown) == ("STOPPED", True, False)
    assert scene.weights() == (90, 10)
    scene.cloud.step(60)
    arn = scene.deploy("v2")
    shown = scene.until_stage(arn, "PRE_SCALE_UP")
    assert len(shown["sourceServiceRevisions"]) == 2
    assert scene.weights() == (100, 0)
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"


def test_no_alarm_counts_once_the_bake_is_over(modelled: Cloud, ecs: Any) -> None:
    """In CLEAN_UP the old tasks go: a red alarm comes too late."""
    scene = Scene(modelled, ecs)
    arn = scene.deploy("v2")
    scene.answer(arn, scene.until_paused(arn))
    assert scene.until_stage(arn, "CLEAN_UP")["alarms"]["status"] == "MONITORING_COMPLETE"
    scene.cloud.knobs.raise_alarm("api-errors")
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"


def test_a_pause_is_refused_or_runs_out(modelled: Cloud, ecs: Any) -> None:
    """Both roll back; no hook runs on the way, and the pause cannot be answered twice."""
    scene = Scene(modelled, ecs, configured(lifecycleHooks=[pause("POST_SCALE_UP", 1)]))
    arn = scene.deploy("v2")
    hook = scene.until_paused(arn)
    scene.answer(arn, hook, "ROLLBACK")
    assert scene.look(arn)["status"] == "ROLLBACK_REQUESTED"
    with pytest.raises(scene.ecs.exceptions.InvalidParameterException):
        scene.answer(arn, hook)
    assert scene.until_ended(arn)["status"] == "ROLLBACK_SUCCESSFUL"
    arn = scene.deploy("v2")
    hook = scene.until_paused(arn)
    scene.cloud.step(MINUTE + 1)
    shown = scene.look(arn)
    assert (shown["status"], shown["statusReason"]) == ("ROLLBACK_IN_PROGRESS", f"Lifecycle hook {hook} timed out.")


@pytest.mark.parametrize("stage", ["PENDING", "SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"])
def test_a_stop_rolls_back_from_anywhere(modelled: Cloud, ecs: Any, stage: str) -> None:
    """Also where the old tasks are on their way out already: they come back before the requests do."""
    scene = Scene(modelled, ecs, configured())
    scene.cloud.world.servers.flow.begin(scene.api.rule, 60)
    arn = scene.deploy("v2")
    if stage != "PENDING":
        scene.until_stage(arn, stage)
    scene.stop(arn)
    assert scene.look(arn)["status"] == "ROLLBACK_REQUESTED"
    scene.stop(arn)
    scene.cloud.step(2)
    scene.stop(arn)
    assert scene.look(arn)["status"] == "ROLLBACK_IN_PROGRESS"
    assert scene.until_ended(arn)["status"] == "ROLLBACK_SUCCESSFUL"
    assert (scene.weights(), scene.tasks()) == ((100, 0), {"v1": 3})
    assert scene.cloud.world.servers.flow.ledgers[scene.api.rule].unserved == 0
    with pytest.raises(scene.ecs.exceptions.ConflictException):
        scene.stop(arn)


def test_a_newer_deployment_stops_the_one_before(modelled: Cloud, ecs: Any) -> None:
    """The old one ends STOPPED with a tenth of the requests; the new one takes them home, then begins."""
    scene = Scene(modelled, ecs, configured(lifecycleHooks=[pause("PRE_PRODUCTION_TRAFFIC_SHIFT")]))
    first = scene.deploy("v3")
    scene.answer(first, scene.until_paused(first))
    scene.until_paused(first)
    assert scene.weights() == (90, 10)
    second = scene.deploy("v2")
    assert (scene.look(first)["status"], scene.look(second)["status"]) == ("STOP_REQUESTED", "PENDING")
    shown = scene.until_stage(second, "RECONCILE_SERVICE")
    assert scene.look(first)["status"] == "STOPPED"
    assert shown["sourceServiceRevisions"][0]["runningTaskCount"] == 3
    assert scene.weights() == (100, 0)
    scene.until_paused(second)
    scene.cloud.step(20)
    assert scene.tasks() == {"v1": 3, "v2": 3}


def test_a_rollback_is_let_finish_first(modelled: Cloud, ecs: Any) -> None:
    """A deployment that is asked for on the way back waits, and is the service's newest one afterwards."""
    scene = Scene(modelled, ecs, configured())
    first = scene.deploy("v3")
    scene.until_stage(first, "BAKE_TIME")
    scene.stop(first)
    second = scene.deploy("v2")
    wanted = scene.service()["taskDefinition"]
    scene.cloud.step(5)
    assert (scene.look(first)["status"], scene.look(second)["status"]) == ("ROLLBACK_IN_PROGRESS", "PENDING")
    assert scene.until_ended(first)["status"] == "ROLLBACK_SUCCESSFUL"
    shown = scene.until_ended(second)
    assert shown["status"] == "SUCCESSFUL"
    assert [one["arn"] for one in shown["sourceServiceRevisions"]] == [
        scene.look(first)["sourceServiceRevisions"][0]["arn"]
    ]
    assert (scene.service()["taskDefinition"], scene.tasks()) == (wanted, {"v2": 3})


def test_a_rollback_that_fails_leaves_everything_where_it_is(modelled: Cloud, ecs: Any) -> None:
    """Then only a new deployment of the old task definition brings the requests home."""
    scene = Scene(modelled, ecs, configured())
    scene.cloud.knobs.native_rollback_fails("api")
    arn = scene.deploy("v3")
    scene.until_stage(arn, "BAKE_TIME")
    scene.stop(arn)
    shown = scene.until_ended(arn)
    assert (shown["status"], share(shown), scene.weights()) == ("ROLLBACK_FAILED", 100, (0, 100))
    scene.cloud.knobs.native_rollback_fails("api", on=False)
    arn = scene.update(taskDefinition=scene.api.definition)["currentServiceDeployment"]
    scene.until_stage(arn, "PRE_SCALE_UP")
    assert scene.weights() == (100, 0)
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"
    assert scene.cloud.knobs.native()["api"]["status"] == "SUCCESSFUL"
    arn = scene.deploy("v2")
    scene.stop(arn)
    assert scene.until_ended(arn)["status"] == "ROLLBACK_SUCCESSFUL"


def test_a_stage_that_never_moves(modelled: Cloud, ecs: Any) -> None:
    """The knob holds it there; a stop gets out of it, and so does turning the knob back."""
    scene = Scene(modelled, ecs, configured())
    scene.cloud.knobs.native_stuck("api", "BAKE_TIME")
    arn = scene.deploy("v2")
    scene.until_stage(arn, "BAKE_TIME")
    scene.cloud.step(60 * MINUTE)
    assert scene.look(arn)["lifecycleStage"] == "BAKE_TIME"
    scene.stop(arn)
    assert scene.until_ended(arn)["status"] == "ROLLBACK_SUCCESSFUL"
    arn = scene.deploy("v2")
    scene.until_stage(arn, "BAKE_TIME")
    scene.cloud.knobs.native_stuck("api")
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"
    with pytest.raises(ValueError, match="no stage 'BAKED'; known: RECONCILE_SERVICE, "):
        scene.cloud.knobs.native_stuck("api", "BAKED")


def test_a_pause_may_be_made_to_run_out_soon(modelled: Cloud, ecs: Any) -> None:
    """The knob moves the time that AWS shows; where nobody waits it says so."""
    scene = Scene(modelled, ecs, configured(lifecycleHooks=[pause("POST_SCALE_UP")]))
    with pytest.raises(LookupError, match="no deployment of api waits"):
        scene.cloud.knobs.native_hook_expires("api", 5)
    arn = scene.deploy("v2")
    scene.until_paused(arn)
    scene.cloud.knobs.native_hook_expires("api", 5)
    scene.cloud.step(6)
    assert scene.look(arn)["status"] == "ROLLBACK_IN_PROGRESS"


def test_a_crash_loop_never_gets_traffic(modelled: Cloud, ecs: Any) -> None:
    """Outside ROLLING no breaker ends it: it stays in SCALE_UP until somebody does."""
    scene = Scene(modelled, ecs, configured(deploymentCircuitBreaker=BREAKER))
    arn = scene.deploy("v4")
    scene.until_stage(arn, "SCALE_UP")
    scene.cloud.step(200)
    shown = scene.look(arn)
    assert (shown["lifecycleStage"], shown["deploymentCircuitBreaker"]["status"]) == ("SCALE_UP", "DISABLED")
    assert (scene.weights(), scene.service()["deployments"][0]["failedTasks"] > 3) == ((100, 0), True)
    scene.stop(arn)
    assert scene.until_ended(arn)["status"] == "ROLLBACK_SUCCESSFUL"


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(None, 3), ({"type": "COUNT", "value": 5}, 5), ({"type": "UNBOUNDED_PERCENT", "value": 50}, 2),
     ({"type": "BOUNDED_PERCENT", "value": 200}, 6)],
)
def test_the_circuit_breaker_of_a_rolling_update(
    modelled: Cloud, ecs: Any, threshold: dict[str, Any] | None, expected: int
) -> None:
    """It trips at its threshold and rolls back; until then the failed tasks are counted."""
    breaker = BREAKER | ({"thresholdConfiguration": threshold} if threshold else {})
    scene = Scene(modelled, ecs, {"strategy": "ROLLING", "deploymentCircuitBreaker": breaker})
    arn = scene.deploy("v4")
    shown = scene.until(arn, lambda shown: shown["deploymentCircuitBreaker"].get("failureCount", 0) > 0)
    assert shown["deploymentCircuitBreaker"]["threshold"] == expected
    shown = scene.until_ended(arn)
    assert (shown["status"], shown["deploymentCircuitBreaker"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert shown["deploymentCircuitBreaker"]["failureCount"] >= expected
    scene.cloud.step(25)
    assert (scene.tasks(), scene.service()["taskDefinition"]) == ({"v1": 3}, scene.api.definition)


def test_a_breaker_that_may_not_roll_back_stops(modelled: Cloud, ecs: Any) -> None:
    """STOPPED, and the old tasks serve on."""
    scene = Scene(modelled, ecs, {"strategy": "ROLLING", "deploymentCircuitBreaker": BREAKER | {"rollback": False}})
    assert scene.until_ended(scene.deploy("v4"))["status"] == "STOPPED"
    assert scene.tasks()["v1"] == 3


def test_a_rolling_update_bakes_under_its_alarms(modelled: Cloud, ecs: Any) -> None:
    """Good ones succeed after the bake; during it a red alarm brings the old task definition back."""
    scene = Scene(modelled, ecs)
    watched = {"alarmNames": ["api-errors"], "enable": True, "rollback": True}
    scene.update(deploymentConfiguration={"strategy": "ROLLING", "alarms": watched, "bakeTimeInMinutes": 3})
    arn = scene.deploy("v2")
    scene.until(arn, lambda _: scene.tasks() == {"v2": 3})
    scene.cloud.step(15)
    shown = scene.look(arn)
    assert (shown["status"], shown["alarms"]["status"]) == ("IN_PROGRESS", "MONITORING")
    assert "lifecycleStage" not in shown
    scene.cloud.knobs.raise_alarm("api-errors")
    scene.cloud.step(1)
    assert scene.until_ended(arn)["status"] == "ROLLBACK_SUCCESSFUL"
    scene.cloud.knobs.clear_alarm("api-errors")
    scene.cloud.step(40)
    assert scene.tasks() == {"v1": 3}
    assert scene.until_ended(scene.deploy("v2"))["status"] == "SUCCESSFUL"


def test_failures_before_a_healthy_task_do_not_count(modelled: Cloud, ecs: Any) -> None:
    """Unless that is switched off."""
    counts = []
    for heals in (True, False):
        modelled.reset()
        breaker = BREAKER | {"resetOnHealthyTask": heals, "thresholdConfiguration": {"type": "COUNT", "value": 50}}
        scene = Scene(modelled, ecs, {"strategy": "ROLLING", "deploymentCircuitBreaker": breaker})
        arn = scene.deploy("v2")
        scene.cloud.knobs.crash_loop("api")
        scene.until(arn, lambda shown: shown["deploymentCircuitBreaker"].get("failureCount", 0) > 0)
        scene.cloud.knobs.crash_loop("api", on=False)
        shown = scene.until_ended(arn)
        counts.append((shown["status"], shown["deploymentCircuitBreaker"]["failureCount"] > 0))
    assert counts == [("SUCCESSFUL", False), ("SUCCESSFUL", True)]


def test_a_service_without_tasks_goes_back_all_the_same(modelled: Cloud, ecs: Any) -> None:
    """The revision that succeeded last is the candidate, whatever runs."""
    scene = Scene(modelled, ecs, configured())
    scene.update(desiredCount=0)
    scene.cloud.step(20)
    arn = scene.deploy("v2")
    scene.until_stage(arn, "BAKE_TIME")
    scene.stop(arn)
    assert scene.until_ended(arn)["status"] == "ROLLBACK_SUCCESSFUL"
    assert scene.service()["taskDefinition"] == scene.api.definition


def test_an_answered_pause_runs_out_no_more(modelled: Cloud, ecs: Any) -> None:
    """Two pauses at one stage: the first was answered in time, the second still waits when the first's time comes."""
    stage = "POST_SCALE_UP"
    scene = Scene(modelled, ecs, configured(lifecycleHooks=[pause(stage, 1), pause(stage, 10)]))
    arn = scene.deploy("v2")
    scene.answer(arn, scene.until_paused(arn))
    scene.cloud.step(3 * MINUTE)
    assert [hook["status"] for hook in scene.look(arn)["lifecycleHookDetails"]] == ["SUCCEEDED", "AWAITING_ACTION"]
    assert scene.look(arn)["status"] == "IN_PROGRESS"


def test_nothing_to_go_back_to(modelled: Cloud, ecs: Any) -> None:
    """A service's first deployment that is stopped has no candidate for a rollback."""
    scene = Scene(modelled, ecs, configured())
    scene.ecs.create_service(cluster="api", serviceName="young", taskDefinition=scene.api.definition, desiredCount=1)
    listed = scene.ecs.list_service_deployments(cluster="api", service="young")["serviceDeployments"]
    arn = listed[0]["serviceDeploymentArn"]
    scene.stop(arn)
    shown = scene.until_ended(arn)
    assert (shown["status"], shown["sourceServiceRevisions"]) == ("ROLLBACK_FAILED", [])
