"""Deployments that ECS runs by itself, forward: stages, pauses, weights that really move, tasks that come and go."""

from typing import Any

import pytest

from demo.cloud import Cloud, ManualClock
from demo.cloud.native_plan import shares
from tests.demo.cloud.native_scene import MINUTE, Scene, configured, modelled, pause, share, waiting

__all__ = ["modelled"]


def test_a_canary_goes_through_its_stages(modelled: Cloud, ecs: Any) -> None:
    """Pause, a tenth, everything, a bake; each stage once and in order, each weight where it belongs."""
    scene = Scene(modelled, ecs)
    arn = scene.deploy("v2")
    assert scene.look(arn)["status"] == "PENDING"
    hook = scene.until_paused(arn)
    assert (scene.weights(), scene.weights_for_tests()) == ((100, 0), (0, 100))
    scene.cloud.step(60)
    assert waiting(scene.look(arn)) == hook
    scene.answer(arn, hook)
    seen = []
    while "finishedAt" not in (shown := scene.look(arn)):
        seen.append((shown["lifecycleStage"], share(shown), scene.weights()))
        scene.cloud.step(1)
    assert list(dict.fromkeys(seen)) == [
        ("POST_TEST_TRAFFIC_SHIFT", 0, (100, 0)), ("PRODUCTION_TRAFFIC_SHIFT", 10, (90, 10)),
        ("PRODUCTION_TRAFFIC_SHIFT", 100, (0, 100)), ("POST_PRODUCTION_TRAFFIC_SHIFT", 100, (0, 100)),
        ("BAKE_TIME", 100, (0, 100)), ("CLEAN_UP", 100, (0, 100)),
    ]
    assert seen.count(("PRODUCTION_TRAFFIC_SHIFT", 10, (90, 10))) == pytest.approx(50, abs=1)
    assert seen.count(("BAKE_TIME", 100, (0, 100))) == pytest.approx(50, abs=1)
    assert shown["status"] == "SUCCESSFUL"


def test_tasks_come_before_traffic_and_go_after_the_bake(modelled: Cloud, ecs: Any) -> None:
    """Both revisions run in full all the time between; at the end the old one is gone and no request was lost."""
    scene = Scene(modelled, ecs, configured())
    scene.cloud.world.servers.flow.begin(scene.api.rule, 60)
    arn = scene.deploy("v2")
    scene.until(arn, lambda shown: shown["targetServiceRevision"]["runningTaskCount"] == 3)
    scene.ecs.stop_task(cluster="api", task=scene.fleet.of(scene.fleet.primary, "RUNNING")[0].arn)
    scene.until_stage(arn, "POST_SCALE_UP")
    assert scene.tasks() == {"v1": 3, "v2": 3}
    bake = scene.until_stage(arn, "BAKE_TIME")
    assert scene.tasks() == {"v1": 3, "v2": 3}
    both = (bake["targetServiceRevision"], *bake["sourceServiceRevisions"])
    assert [one["requestedTaskCount"] for one in both] == [3, 3]
    told = [(one["rolloutState"], one["desiredCount"]) for one in scene.service()["deployments"]]
    assert told == [("IN_PROGRESS", 3), ("COMPLETED", 3)]
    scene.until_stage(arn, "CLEAN_UP")
    scene.cloud.step(5)
    assert (scene.tasks(), scene.look(arn)["status"]) == ({"v2": 3}, "IN_PROGRESS")  # the old ones drain
    scene.until_ended(arn)
    assert {task.status for task in scene.fleet.tasks if task.deployment is not scene.fleet.primary} == {"STOPPED"}
    ledger = scene.cloud.world.servers.flow.ledgers[scene.api.rule]
    assert (ledger.unserved, ledger.stranded) == (0, 0)
    assert ledger.requests > 3000
    assert [one["rolloutState"] for one in scene.service()["deployments"]] == ["COMPLETED"]


def test_the_groups_take_turns(modelled: Cloud, ecs: Any) -> None:
    """The next deployment starts from the group that serves now, and ends in the other one."""
    scene = Scene(modelled, ecs, configured(strategy="BLUE_GREEN", canaryConfiguration=None, bakeTimeInMinutes=1))
    ends = []
    for tag in ("v2", "v1"):
        arn = scene.deploy(tag)
        shown = scene.until_ended(arn)
        revision = scene.ecs.describe_service_revisions(
            serviceRevisionArns=[shown["targetServiceRevision"]["arn"]]
        )["serviceRevisions"][0]
        ends.append((scene.weights(), revision["resolvedConfiguration"]["loadBalancers"][0]["targetGroupArn"]))
        assert revision["containerImages"][0]["imageDigest"] == scene.api.digests[tag]
    assert ends == [((0, 100), scene.api.second), ((100, 0), scene.api.first)]


def test_blue_green_moves_everything_at_once(modelled: Cloud, ecs: Any) -> None:
    """No share between nothing and everything is ever written."""
    scene = Scene(modelled, ecs, configured(strategy="BLUE_GREEN", canaryConfiguration=None, bakeTimeInMinutes=1))
    scene.until_ended(scene.deploy("v2"))
    written = [
        [one["Weight"] for one in entry.parameters["Actions"][0]["ForwardConfig"]["TargetGroups"]]
        for entry in scene.cloud.log.of("elbv2:ModifyRule", lambda entry: entry.parameters["RuleArn"] == scene.api.rule)
    ]
    assert written == [[100, 0], [100, 0]]  # the first one made the service


def test_linear_pauses_before_every_step(modelled: Cloud, ecs: Any) -> None:
    """A PAUSE at PRE_PRODUCTION_TRAFFIC_SHIFT is one question per step, each with an id of its own."""
    scene = Scene(modelled, ecs, configured(
        strategy="LINEAR", canaryConfiguration=None, bakeTimeInMinutes=0,
        linearConfiguration={"stepPercent": 40.0, "stepBakeTimeInMinutes": 1},
        lifecycleHooks=[pause("PRE_PRODUCTION_TRAFFIC_SHIFT")],
    ))
    arn, asked = scene.deploy("v2"), []
    for _ in range(3):
        hook = scene.until_paused(arn)
        asked.append((hook, share(scene.look(arn))))
        scene.answer(arn, hook)
    assert [before for _, before in asked] == [0, 40, 80]
    assert len({hook for hook, _ in asked}) == 3
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"strategy": "CANARY"}, [(5.0, 10), (100.0, 0)]),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 100.0}}, [(100.0, 10)]),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.4, "stepBakeTimeInMinutes": 2}},
         [(33.4, 2), (66.8, 2), (100.0, 0)]),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50.0}}, [(50.0, 6), (100.0, 0)]),
        ({"strategy": "BLUE_GREEN"}, [(100.0, 0)]),
    ],
)
def test_shares(configuration: dict[str, Any], expected: list[tuple[float, int]]) -> None:
    """AWS's own defaults, and no bake after the last step of a linear deployment."""
    assert shares(configuration) == expected


def test_tenths_of_a_percent(modelled: Cloud, ecs: Any) -> None:
    """A share that whole weights of a hundred cannot tell is written in thousandths."""
    scene = Scene(modelled, ecs, configured(canaryConfiguration={"canaryPercent": 0.5, "canaryBakeTimeInMinutes": 1}))
    arn = scene.deploy("v2")
    assert share(scene.until_stage(arn, "PRODUCTION_TRAFFIC_SHIFT")) == 0.5
    assert scene.weights() == (995, 5)


@pytest.mark.parametrize("minute", [None, 60])
def test_a_pause_that_runs_out_may_go_on(modelled: Cloud, ecs: Any, minute: int | None) -> None:
    """With the action CONTINUE; it shows when it runs out, and what then. Its minutes may be real ones."""
    scene = Scene(modelled, ecs, configured(lifecycleHooks=[pause("POST_SCALE_UP", 2, "CONTINUE")]))
    scene.cloud.world.servers.native.life.wait_minute = minute
    arn = scene.deploy("v2")
    scene.until_paused(arn)
    shown = scene.look(arn)["lifecycleHookDetails"][0]
    assert shown["timeoutAction"] == "CONTINUE"
    left = (shown["expiresAt"] - scene.cloud.world.now()).total_seconds()
    assert left == pytest.approx(2 * (minute or MINUTE), abs=1)
    scene.cloud.step(2 * (minute or MINUTE) - 2)
    assert waiting(scene.look(arn)) == shown["hookId"]
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"


def test_functions_answer_by_themselves(modelled: Cloud, ecs: Any) -> None:
    """A Lambda hook shows as in progress for a moment; nobody can answer it instead."""
    function = "arn:aws:lambda:eu-central-1:123456789012:function:smoke"
    hook = {"hookTargetArn": function, "roleArn": "arn:aws:iam::123456789012:role/hooks",
            "lifecycleStages": ["PRE_SCALE_UP"]}
    scene = Scene(modelled, ecs, configured(lifecycleHooks=[hook]))
    arn = scene.deploy("v2")
    shown = scene.until(arn, lambda shown: bool(shown["lifecycleHookDetails"]))["lifecycleHookDetails"][0]
    assert (shown["targetType"], shown["status"], shown["targetArn"]) == ("AWS_LAMBDA", "IN_PROGRESS", function)
    with pytest.raises(scene.ecs.exceptions.InvalidParameterException):
        scene.answer(arn, shown["hookId"])
    assert scene.until_ended(arn)["status"] == "SUCCESSFUL"


def test_sizes_and_settings_deploy_nothing(modelled: Cloud, ecs: Any) -> None:
    """They apply at once, or to the next deployment; one that is under way keeps the settings it began with."""
    scene = Scene(modelled, ecs, configured())
    first = scene.service()["currentServiceDeployment"]
    assert scene.look(first)["targetServiceRevision"]["requestedTestTrafficWeight"] == 100
    scene.update(desiredCount=4)
    scene.update(deploymentConfiguration=configured(bakeTimeInMinutes=2))
    assert scene.service()["currentServiceDeployment"] == first
    arn = scene.deploy("v2")
    scene.update(deploymentConfiguration=configured(bakeTimeInMinutes=7), desiredCount=2)
    assert scene.look(arn)["deploymentConfiguration"]["bakeTimeInMinutes"] == 2
    scene.until_stage(arn, "BAKE_TIME")
    assert scene.tasks() == {"v1": 2, "v2": 2}


def test_an_old_side_that_dies_is_started_again(modelled: Cloud, ecs: Any) -> None:
    """All tasks crash in the middle of a deployment: each side gets its own again, as there may be a way back."""
    scene = Scene(modelled, ecs, configured(lifecycleHooks=[pause("POST_SCALE_UP")]))
    scene.until_paused(scene.deploy("v2"))
    scene.cloud.knobs.crash_loop("api")
    scene.cloud.step(3)
    assert scene.tasks() == {}
    scene.cloud.knobs.crash_loop("api", on=False)
    scene.cloud.step(60)
    assert scene.tasks() == {"v1": 3, "v2": 3}
    targets = scene.cloud.world.servers.targets
    assert [len(targets.healthy(group)) for group in (scene.api.first, scene.api.second)] == [3, 3]


def test_a_load_balancer_that_refuses_is_tried_again(modelled: Cloud, ecs: Any, elb: Any) -> None:
    """The deployment stands still before the shift, and the service's events say why."""
    scene = Scene(modelled, ecs, configured())
    arn = scene.deploy("v2")
    scene.until_stage(arn, "POST_TEST_TRAFFIC_SHIFT")
    elb.delete_rule(RuleArn=scene.api.rule)
    scene.cloud.step(30)
    assert (scene.look(arn)["lifecycleStage"], share(scene.look(arn))) == ("POST_TEST_TRAFFIC_SHIFT", 0)
    assert "unable to shift traffic: RuleNotFound" in scene.service()["events"][0]["message"]


def test_a_long_sleep_changes_nothing(modelled: Cloud, ecs: Any) -> None:
    """Nobody looks for minutes: requests have followed each shift in its own second, and none met an empty group."""
    scene = Scene(modelled, ecs, configured())
    scene.cloud.world.servers.flow.begin(scene.api.rule, 60)
    arn, clock = scene.deploy("v2"), scene.cloud.config.now
    assert isinstance(clock, ManualClock)
    clock.advance(300)
    assert scene.look(arn)["status"] == "SUCCESSFUL"
    scene.cloud.step(10)
    ledger = scene.cloud.world.servers.flow.ledgers[scene.api.rule]
    assert (ledger.unserved, ledger.stranded, ledger.requests > 15_000) == (0, 0, True)


def test_alarms_ring_in_a_long_sleep_too(modelled: Cloud, ecs: Any) -> None:
    """A bad image meets its alarm in the second it would have, though nobody looks for minutes."""
    scene = Scene(modelled, ecs)
    watched = {"alarmNames": ["api-errors"], "enable": True, "rollback": True}
    scene.update(deploymentConfiguration=configured(alarms=watched))
    arn, clock = scene.deploy("v3"), scene.cloud.config.now
    assert isinstance(clock, ManualClock)
    clock.advance(300)
    assert scene.look(arn)["status"] == "ROLLBACK_SUCCESSFUL"
