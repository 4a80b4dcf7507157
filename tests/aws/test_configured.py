"""What AWS is configured to do by itself, read and put into times: held against what the embedded cloud then does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aws.native_plan import configured_of
from aws.native_replies import Configuration
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import perform
from rollout.actions import Launch
from rollout.errors import NotFound, TargetError
from rollout.forecast import Configured
from tests.aws import codedeploy_bench as codedeploy
from tests.aws import native_bench as native
from tests.aws.bench import CloudClock

MINUTE = timedelta(minutes=1)
STARTS = "AWS starts the new task set"
READY = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60}
BLUE_GREEN = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


def lines(found: Configured) -> list[str]:
    """`watch at 10 % 5`, `AWS waits … 60`: in minutes."""
    return [f"{one.text} {((one.waits if one.waits is not None else one.lasts) / MINUTE):g}" for one in found.stretches]


def reads(bench: Any, **changes: Any) -> Configured:
    """What the driver tells of its target."""
    found = bench.driver.configured(bench.driver.Target.model_validate({**bench.settings, **changes}))
    assert isinstance(found, Configured)
    return found


@pytest.fixture
def catalog(served: Cloud, sessions: Sessions) -> codedeploy.EcsBench:
    return codedeploy.EcsBench(served, sessions, CloudClock(served))


# --- CodeDeploy


def test_a_group_is_read_with_its_waits(catalog: codedeploy.EcsBench) -> None:
    """The demo's: an hour before traffic, all of it at once, five minutes before the old tasks go; two reads."""
    found = reads(catalog)
    assert found.text == "CodeDeployDefault.ECSAllAtOnce" and not found.unknown
    assert lines(found) == [f"{STARTS} 0", "AWS waits for a word before traffic 60", "move to 100 % 0"]
    assert (found.keeps, found.patience) == (5 * MINUTE, 0 * MINUTE)
    assert found.bounds == (
        "CodeDeploy stops where nobody has said go before traffic for 1h",
        "it keeps the old side for 5m at 100 %, or until somebody ends that wait",
    )
    assert catalog.reads() == {"codedeploy:GetDeploymentGroup": 1, "codedeploy:GetDeploymentConfig": 1}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent15Minutes"},
         ["move to 10 % 0", "watch at 10 % 15", "move to 100 % 0"]),
        ({"deploymentConfigName": "ours"},
         ["move to 30 % 0", "watch at 30 % 7", "move to 60 % 0", "watch at 60 % 7", "move to 90 % 0", "watch at 90 % 7",
          "move to 100 % 0"]),
    ],
)  # fmt: skip
def test_shares_and_intervals_are_those_of_the_configuration(
    catalog: codedeploy.EcsBench, changes: dict[str, Any], wanted: list[str]
) -> None:
    """AWS's own, and one that somebody made: the last step of a linear one takes what is left."""
    perform(catalog.cloud.world, "codedeploy", "CreateDeploymentConfig", {
        "deploymentConfigName": "ours", "computePlatform": "ECS",
        "trafficRoutingConfig": {"type": "TimeBasedLinear",
                                 "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 7}},
    })  # fmt: skip
    catalog.update(**changes)
    found = reads(catalog)
    assert lines(found)[2:] == wanted and found.patience == max(one.lasts for one in found.stretches)
    catalog.update(deploymentConfigName="CodeDeployDefault.ECSAllAtOnce")
    assert reads(catalog, configuration=str(changes["deploymentConfigName"])) == found


def test_what_is_not_configured_is_not_counted(catalog: codedeploy.EcsBench) -> None:
    """No wait, the old side kept for ever, a wait that goes on by itself; hooks are told, their time is nobody's."""
    keep = {"action": "KEEP_ALIVE", "terminationWaitTimeInMinutes": 5}
    catalog.update(blueGreenDeploymentConfiguration={"terminateBlueInstancesOnDeploymentSuccess": keep})
    found = reads(catalog, hooks={"AfterAllowTestTraffic": "smoke"})
    assert lines(found) == [f"{STARTS} 0", "move to 100 % 0"] and found.keeps == 0 * MINUTE
    assert found.bounds == ("the function smoke is asked at AfterAllowTestTraffic: its time is not counted",)
    catalog.update(blueGreenDeploymentConfiguration={
        "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 3},
    })  # fmt: skip
    assert reads(catalog).bounds == ("CodeDeploy goes on where nobody has said go before traffic for 3m",)


def test_servers_have_no_times(served: Cloud, sessions: Sessions) -> None:
    """How many at a time is known, how long is not; the waits of a blue/green group are told all the same."""
    bench = codedeploy.ServerBench(served, sessions, CloudClock(served))
    found = reads(bench)
    assert found.text == "CodeDeployDefault.OneAtATime: one instance after the other"
    assert "how many instances" in found.unknown and found.bounds == () and found.stretches == ()
    half = reads(bench, configuration="CodeDeployDefault.HalfAtATime")
    assert half.text == "CodeDeployDefault.HalfAtATime: at least 50 % of the instances stay healthy"
    bench.update(blueGreenDeploymentConfiguration={"deploymentReadyOption": READY})
    assert reads(bench).bounds == ()  # in place nothing waits, whatever was configured for another style
    bench.update(deploymentStyle=BLUE_GREEN)
    assert "nobody has said go" in reads(bench).bounds[0] and reads(bench).unknown


def test_a_group_that_is_not_there_is_said(catalog: codedeploy.EcsBench) -> None:
    """With the known ones; a configuration that is gone, and one that nobody may read, too."""
    with pytest.raises(NotFound, match="no deployment group gone"):
        reads(catalog, group="gone")
    with pytest.raises(TargetError, match="GetDeploymentConfig"):
        reads(catalog, configuration="gone")
    catalog.cloud.knobs.deny("codedeploy:GetDeploymentConfig")
    with pytest.raises(TargetError, match="is not allowed"):
        reads(catalog)


# --- ECS


def stages(**configuration: Any) -> Configured:
    return configured_of(Configuration.model_validate(configuration))


def pause(*where: str, minutes: int = 60, then: str = "ROLLBACK") -> dict[str, Any]:
    timeout = {"timeoutInMinutes": minutes, "action": then}
    return {"targetType": "PAUSE", "lifecycleStages": list(where), "timeoutConfiguration": timeout}


@pytest.mark.parametrize(
    ("configuration", "wanted"),
    [
        ({"strategy": "BLUE_GREEN"}, ["move to 100 % 0"]),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 2.5, "canaryBakeTimeInMinutes": 7}},
         ["move to 2.5 % 0", "watch at 2.5 % 7", "move to 100 % 0"]),
        ({"strategy": "CANARY"}, ["move to 5 % 0", "watch at 5 % 10", "move to 100 % 0"]),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 100.0}}, ["move to 100 % 0"]),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 40.0, "stepBakeTimeInMinutes": 2}},
         ["move to 40 % 0", "watch at 40 % 2", "move to 80 % 0", "watch at 80 % 2", "move to 100 % 0"]),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0}},
         ["move to 50 % 0", "move to 100 % 0"]),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 0.0}}, ["move to 100 % 0"]),
    ],
)  # fmt: skip
def test_a_strategy_as_ecs_steps_through_it(configuration: dict[str, Any], wanted: list[str]) -> None:
    """Every strategy that moves traffic, its defaults, and numbers that do not add up."""
    found = stages(**configuration, bakeTimeInMinutes=4)
    assert lines(found) == ["AWS starts the new tasks 0", *wanted]
    longest = max(one.lasts for one in found.stretches)
    assert found.keeps == 4 * MINUTE and found.patience >= longest + 4 * MINUTE


def test_pauses_stand_where_ecs_stands_still() -> None:
    """Before the tasks, before traffic, before every step, after the last one; each with its own end."""
    found = stages(
        strategy="LINEAR", linearConfiguration={"stepPercent": 50.0, "stepBakeTimeInMinutes": 1},
        lifecycleHooks=[
            pause("PRE_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", minutes=5),
            pause("PRE_PRODUCTION_TRAFFIC_SHIFT", minutes=10, then="CONTINUE"),
            pause("POST_PRODUCTION_TRAFFIC_SHIFT", "RECONCILE_SERVICE"),
            pause("POST_SCALE_UP"),
            {"hookTargetArn": "arn:aws:lambda:eu-central-1:123456789012:function:smoke",
             "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]},
        ],
    )  # fmt: skip
    waits = "AWS waits for a word at "
    assert [line.removeprefix(waits) for line in lines(found)] == [
        "PRE_SCALE_UP 5", "AWS starts the new tasks 0", "POST_SCALE_UP 60", "POST_TEST_TRAFFIC_SHIFT 5",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 10", "move to 50 % 0", "watch at 50 % 1",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 10", "move to 100 % 0", "POST_PRODUCTION_TRAFFIC_SHIFT 60",
    ]  # fmt: skip
    assert found.bounds == (
        "a pause at PRE_SCALE_UP, POST_TEST_TRAFFIC_SHIFT that nobody answers goes back by itself after 5m",
        "a pause at PRE_PRODUCTION_TRAFFIC_SHIFT that nobody answers goes on by itself after 10m",
        "a pause at POST_PRODUCTION_TRAFFIC_SHIFT, RECONCILE_SERVICE that nobody answers goes back by itself after 1h",
        "RECONCILE_SERVICE comes only where several revisions run: its pause is not counted",
        "a pause at POST_SCALE_UP that nobody answers goes back by itself after 1h",
        "the function smoke is asked at POST_TEST_TRAFFIC_SHIFT: its time is not counted",
    )


def test_rolling_has_no_times() -> None:
    """Tasks follow each other as they come up: nobody can say for how long."""
    found = stages(strategy="ROLLING")
    assert "ROLLING replaces tasks" in found.unknown and found.stretches == () and found.text == "ROLLING"


def test_a_configuration_that_a_way_back_replaced_counts_as_it_will_be(served: Cloud, sessions: Sessions) -> None:
    """The next start puts it back, so the times are those of before."""
    bench = native.NativeBench(served, sessions, native.plain(lifecycleHooks=[]))
    before = reads(bench)
    rollout = bench.launched()
    bench.wait("done")
    rollout = bench.looked(rollout)
    assert bench.do(rollout, Launch(release="v1")).state == "done"
    bench.cloud.step(native.LONG)
    assert bench.shown()["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert reads(bench) == before and before.text.startswith("CANARY 10 % 5 min")


# --- the truth


def seen(cloud: Cloud, share: Callable[[], float], seconds: int) -> list[tuple[float, int]]:
    """The new side's shares above nothing, each with the seconds that it stood so; without the last, which stays."""
    runs: list[tuple[float, int]] = []
    for _ in range(seconds):
        cloud.step(1)
        now = share()
        if now and runs and runs[-1][0] == now:
            runs[-1] = (now, runs[-1][1] + 1)
        elif now:
            runs.append((now, 1))
    return runs


def promised(found: Configured, minute: float) -> list[tuple[float, float]]:
    """The same out of what was read."""
    moves = [float(one.text.split()[2]) for one in found.stretches if one.text.startswith("move to")]
    holds = [one.lasts / MINUTE * minute for one in found.stretches if one.text.startswith("watch at")]
    return list(zip(moves, [*holds, 0], strict=True))


@pytest.mark.parametrize(
    "configuration",
    [native.plain(lifecycleHooks=[]), native.plain("LINEAR", linearConfiguration={"stepPercent": 30.0,
                                                                                 "stepBakeTimeInMinutes": 2})],
    ids=["CANARY", "LINEAR"],
)  # fmt: skip
def test_ecs_does_what_was_read(served: Cloud, sessions: Sessions, configuration: dict[str, Any]) -> None:
    """Share by share, and for as long, within the seconds that a listener rule needs to follow."""
    bench = native.NativeBench(served, sessions, configuration)
    told = promised(reads(bench), native.MINUTE)
    bench.launched()
    rule, groups = bench.api.rule, (bench.api.first, bench.api.second)

    def share() -> float:
        served.world.servers.note()
        written = served.world.servers.routing.written(rule)
        return 100 * written.get(groups[1], 0) / (sum(written.values()) or 1)

    truth = seen(served, share, 250)
    assert [one for one, _ in truth] == [one for one, _ in told]
    assert all(abs(took - long) <= 3 for (_, took), (_, long) in zip(truth[:-1], told[:-1], strict=True))


def test_codedeploy_does_what_was_read(served: Cloud, sessions: Sessions) -> None:
    """A version of a function, a tenth more each minute, as the group has it."""
    bench = codedeploy.LambdaBench(served, sessions, CloudClock(served))
    bench.schedule = ""
    bench.update(deploymentConfigName="CodeDeployDefault.LambdaLinear10PercentEvery2Minutes")
    told = promised(reads(bench), 60)
    assert told == [*((10.0 * number, 120.0) for number in range(1, 10)), (100.0, 0.0)]
    bench.launched()
    truth = seen(served, lambda: bench.shares().get("2", 0), 1300)
    assert [one for one, _ in truth] == [one for one, _ in told]
    assert all(abs(took - long) <= 3 for (_, took), (_, long) in zip(truth[:-1], told[:-1], strict=True))
