"""Ways back of `ecs-native` and AWS's own alarms, in virtual time: none turns one round, and none refuses it."""

from typing import Any

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.actions import Launch, Stop
from rollout.model import Override, Phase, Rollout
from rollout.people import Actor
from rollout.release import Check
from tests.aws.native_bench import MINUTE, UP, UPDATE, NativeBench, plain
from tests.aws.test_native_prepare import alarms
from tests.aws.test_native_whole import Stage, ended

HOME = Launch(release="v1")
BREAKER = {"enable": True, "rollback": True}
WATCHED = {"alarmNames": ["api-errors", "api-p99"], "enable": True, "rollback": True}
OFF = {"alarmNames": ["api-errors", "api-p99"], "enable": False, "rollback": False}
AT_ONCE: dict[str, Any] = {
    "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [],
    "minimumHealthyPercent": 100, "maximumPercent": 200,
    "alarms": {"alarmNames": ["api-errors"], "enable": True, "rollback": True},
}  # fmt: skip


@pytest.fixture
def stage(served: Cloud, sessions: Sessions) -> Stage:
    return Stage(NativeBench(served, sessions, seeded=True))


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> NativeBench:
    return NativeBench(served, sessions)


def watched(bench: NativeBench, configuration: dict[str, Any]) -> NativeBench:
    """The same, with two alarms that AWS watches; both are OK."""
    bench = NativeBench(bench.cloud, bench.sessions, {**configuration, "alarms": WATCHED})
    alarms(bench, "api-errors", "api-p99")
    return bench


def sent(bench: NativeBench) -> dict[str, Any]:
    """The deployment configuration that went along with the newest call."""
    return dict(bench.applied(UPDATE)[-1].parameters.get("deploymentConfiguration", {}))


def finished(bench: NativeBench, tag: str = "v2") -> Rollout:
    """One whose deployment has ended well, at once and without a pause."""
    rollout = bench.launched(tag)
    bench.wait("done")
    return bench.looked(rollout)


def serves(stage: Stage, tag: str) -> None:
    """A colleague has deployed it at once, and AWS has ended."""
    stage.bench.deploy(stage.bench.revision(tag), deploymentConfiguration=AT_ONCE)
    stage.bench.wait("done")


def begin_back(stage: Stage) -> None:
    """`/deploy rollback`, long after the end."""
    stage.begin("v1")
    stage.rollout = stage.rollout.but(back=True)


# --- AWS's own alarm turns no way back round


def test_an_alarm_turns_no_way_back_round_while_its_tasks_come_up(stage: Stage) -> None:
    """Alarms are late: it turns red when the old release is already on its way, and AWS must not undo that."""
    serves(stage, "v2")
    begin_back(stage)
    stage.until(lambda _: UPDATE in stage.bench.written())
    stage.cloud.step(15)
    stage.cloud.knobs.raise_alarm("api-errors")
    assert stage.until(ended, minutes=30).phase is Phase.SUCCEEDED
    assert stage.bench.shown()["taskDefinition"] == stage.bench.api.definition
    assert stage.bench.deployments()[-1].status == "SUCCESSFUL"


def test_nobody_is_told_that_it_is_back_while_aws_could_still_undo_it(stage: Stage) -> None:
    """Back in the bake of a live rollout's way back; an alarm that turns red after that changes nothing."""
    stage.begin("v2", "100% 5m", bake=300)
    stage.until(lambda rollout: rollout.seen is not None and rollout.seen.course is not None
                and rollout.seen.course.state == "done")  # fmt: skip
    stage.press("rollback")
    assert stage.until(ended).phase is Phase.ROLLED_BACK
    stage.cloud.knobs.raise_alarm("api-errors")
    stage.cloud.step(200)
    assert stage.bench.deployments()[-1].status == "SUCCESSFUL"
    assert stage.bench.shown()["taskDefinition"] == stage.bench.api.definition


@pytest.mark.parametrize("configuration", [
    plain(lifecycleHooks=[]), plain("BLUE_GREEN"), {"strategy": "ROLLING", "deploymentCircuitBreaker": BREAKER},
], ids=["CANARY", "BLUE_GREEN", "ROLLING"])  # fmt: skip
@pytest.mark.parametrize("back", [False, True])
def test_every_way_back_switches_the_alarms_off(
    bench: NativeBench, configuration: dict[str, Any], *, back: bool
) -> None:
    """Whatever the strategy, within a rollout and long after it; the rest of the configuration is kept."""
    bench = watched(bench, configuration)
    rollout = finished(bench) if not back else bench.begun()
    if back:
        bench.deploy(bench.revision("v2"), deploymentConfiguration={**AT_ONCE, "alarms": WATCHED})
        bench.wait("done")
        rollout = bench.accepted("v1", number=2, back=True)
    assert bench.do(rollout, HOME).state == "done"
    asked = sent(bench)
    assert asked["alarms"] == OFF
    assert asked["strategy"] == ("ROLLING" if configuration["strategy"] == "ROLLING" and not back else "BLUE_GREEN")


def test_a_way_back_that_aws_could_still_undo_is_not_home(bench: NativeBench) -> None:
    """One that was sent with alarms, as a colleague's pipeline does: home when it has ended, not in its bake."""
    bench = watched(bench, plain("BLUE_GREEN", bakeTimeInMinutes=5))
    rollout = finished(bench)
    bench.deploy(bench.api.definition)
    states = [bench.course(rollout).state]
    while bench.deployments()[-1].stage != "BAKE_TIME":
        bench.cloud.step(1)
    assert bench.deployments()[-1].alarms == "MONITORING"
    states.append(bench.course(rollout).state)
    assert states == ["going_back", "going_back"]
    assert bench.until(bench.looked(rollout), "back").release == "v1"


def test_a_fix_need_not_wait_for_the_bake_of_a_way_back(bench: NativeBench) -> None:
    """Where AWS bakes for a day, a way back would keep every start out for a day: it ends when all traffic is home."""
    bench = NativeBench(bench.cloud, bench.sessions, plain("BLUE_GREEN", bakeTimeInMinutes=1))
    rollout = finished(bench)
    with bench.cloud.world.lock:
        bench.cloud.world.servers.native.life.minute = 1440 * MINUTE
    bench.do(rollout, HOME)
    bench.cloud.step(2 * UP)
    assert bench.course(rollout).state == "back" and bench.deployments()[-1].status == "SUCCESSFUL"
    found = bench.driver.prepare(bench.requested("v3", 2))
    assert [check.text for check in found.checks if check.state != "ok"] == [
        "a way back left api without its bake: the start puts 1 min back"
    ]
    bench.do(bench.accepted("v3", number=2), Launch(release="v3"))
    assert sent(bench)["bakeTimeInMinutes"] == 1


# --- what it leaves, the next start puts right


@pytest.mark.parametrize("schedule", ["", "20% 5m, 100%"])
@pytest.mark.parametrize("strategy", ["CANARY", "BLUE_GREEN", "ROLLING"])
def test_the_next_start_has_its_alarms_watched_again(bench: NativeBench, strategy: str, schedule: str) -> None:
    """Said before, sent along, gates meanwhile: with a plan of its own as well, and whatever the strategy."""
    own = {"strategy": "ROLLING"} if strategy == "ROLLING" else plain(strategy, lifecycleHooks=[])
    bench = watched(bench, own)
    rollout = finished(bench)
    bench.do(rollout, HOME)
    bench.wait("back")
    bench.cloud.step(100)
    assert bench.shown()["deploymentConfiguration"]["alarms"] == OFF
    found = bench.driver.prepare(bench.requested("v3", 2, schedule))
    assert found.alarms == ("api-errors", "api-p99")
    left = {check.name: check.text for check in found.checks if check.name in ("left", "alarms")}
    assert left["left"].endswith("api-errors, api-p99 back") and "without its alarms" in left["left"]
    assert left["alarms"].startswith("on a red alarm (api-errors, api-p99) ECS goes back")
    assert bench.do(bench.accepted("v3", 2, schedule), Launch(release="v3")).state == "done"
    assert sent(bench)["alarms"] == WATCHED
    assert sent(bench)["strategy"] == ("CANARY" if schedule else strategy)


def test_alarms_that_somebody_switched_off_stay_off(bench: NativeBench) -> None:
    """With a release that had not been there before: no way back of ours, so nothing is switched on again."""
    bench = watched(bench, plain("BLUE_GREEN"))
    bench.deploy(bench.revision("v2"), deploymentConfiguration={**plain("BLUE_GREEN"), "alarms": OFF})
    bench.wait("done")
    found = bench.driver.prepare(bench.requested("v3", 2))
    assert found.snapshot["restore"] == "" and found.alarms == ()
    assert [check.text for check in found.checks if check.state == "warn"] == [
        "api names alarms for its deployments and does not watch them: api-errors, api-p99"
    ]
    bench.do(bench.accepted("v3", number=2), Launch(release="v3"))
    assert sent(bench) == {}


# --- what is red before


@pytest.mark.parametrize("names", ["red", "unknown", "green"])
def test_nothing_that_is_red_or_absent_refuses_a_way_back(bench: NativeBench, names: str) -> None:
    """It is the answer to a red alarm, and goes without all of them: that is said."""
    bench = watched(bench, plain("BLUE_GREEN"))
    bench.deploy(bench.revision("v2"))
    bench.wait("done")
    if names == "red":
        alarms(bench, "api-errors", red="api-errors")
    if names == "unknown":
        bench.deploy(bench.shown()["taskDefinition"], deploymentConfiguration={
            **plain("BLUE_GREEN"), "alarms": {**WATCHED, "alarmNames": ["gone"]},
        })  # fmt: skip
        bench.wait("done")
    check = checks(bench, bench.requested("v1", 2).but(back=True))["alarms"]
    assert check.state == ("warn" if names == "red" else "ok")
    assert "ECS does not watch the alarms of api" in check.text
    assert ("api-errors is in ALARM" in check.text) == (names == "red")


def test_a_red_alarm_lets_a_way_back_start_and_end(stage: Stage) -> None:
    """The bad release serves, its alarm is red: the old one is deployed, and serves."""
    serves(stage, "v3")
    stage.cloud.step(120)
    begin_back(stage)
    assert stage.until(ended).phase is Phase.SUCCEEDED
    assert stage.bench.shown()["taskDefinition"] == stage.bench.api.definition


def test_a_red_alarm_refuses_a_start_by_its_name(stage: Stage) -> None:
    """S13: what is named is what another person may override; no check of ours refuses first."""
    stage.cloud.knobs.raise_alarm("api-errors")
    stage.begin("v2")
    assert stage.until(ended).phase is Phase.REFUSED
    cause = stage.rollout.cause
    assert cause is not None and cause.kind == "alarm" and cause.alarms.keys() == {"api-errors"}
    assert stage.bench.written() == []


@pytest.mark.parametrize(("red", "kept"), [
    (["api-p99"], {**WATCHED, "alarmNames": ["api-errors"]}),
    (["api-errors", "api-p99"], {"alarmNames": [], "enable": False, "rollback": False}),
])  # fmt: skip
def test_an_overridden_start_leaves_out_what_was_red(bench: NativeBench, red: list[str], kept: dict[str, Any]) -> None:
    """With one red alarm ECS would watch none of them: the others are watched, and it is said that it stays so."""
    bench = watched(bench, plain("BLUE_GREEN"))
    for name in red:
        alarms(bench, name, red=name)
    now = bench.clock.now()
    word = Override(by=Actor(id="U0BEN"), reason="known, another cause", at=now, of=1)
    rollout = bench.requested("v2", 2).but(overridden=word, known_red=dict.fromkeys(red, now))
    check = checks(bench, rollout)["alarms"]
    assert check.state == "warn" and check.text == (
        f"the start leaves {', '.join(red)} out of the alarms of api, and it stays so"
    )
    prepared = bench.driver.prepare(rollout)
    rollout = rollout.but(stable=prepared.stable, candidate=prepared.candidate, snapshot=prepared.snapshot)
    assert bench.do(rollout, Launch(release="v2")).state == "done"
    assert sent(bench)["alarms"] == kept
    bench.cloud.step(UP)
    assert bench.deployments()[-1].alarms == ("MONITORING" if kept["enable"] else "DISABLED")


# --- home is where the service is asked for the old release


def test_a_way_back_that_leaves_the_service_asked_for_the_bad_release_is_no_way_back(bench: NativeBench) -> None:
    """AWS says ROLLBACK_SUCCESSFUL; the next task that it starts would run the bad release: it is asked for the old."""
    bench = NativeBench(bench.cloud, bench.sessions, plain("BLUE_GREEN"))
    rollout = bench.launched("v3")
    bench.do(rollout, Stop())
    bench.until(rollout, "back")
    (*_, bad) = bench.deployments()
    bad.fleet.lead(bad.target.deployment)
    rollout = bench.looked(rollout)
    assert rollout.seen is not None and rollout.seen.course is not None
    assert (rollout.seen.course.state, rollout.seen.percent) == ("failed", 0)
    assert rollout.seen.course.reason.startswith("AWS went back, and the service is still asked for api:2; ")
    assert bench.do(rollout, HOME).state == "done" and bench.shown()["taskDefinition"] == bench.api.definition
    bench.cloud.step(UP)
    assert bench.until(rollout, "back").release == "v1"
    assert bench.do(bench.looked(rollout), HOME).state == "done" and len(bench.applied(UPDATE)) == 2


def test_a_breaker_that_only_stops_leaves_nobody_asked_for_the_bad_release(served: Cloud, sessions: Sessions) -> None:
    """ROLLING at 0 %: no task of it ever ran, and the service would go on starting them whenever it grows."""
    breaker = {"enable": True, "rollback": False}
    bench = NativeBench(served, sessions, {"strategy": "ROLLING", "deploymentCircuitBreaker": breaker})
    stage = Stage(bench)
    stage.begin("v4")
    stage.rollout = stage.rollout.but(
        terms=stage.rollout.terms.model_copy(update={"alarms": (), "gates": "none"})
    )  # fmt: skip
    assert stage.until(ended, minutes=60).phase is Phase.ROLLED_BACK
    assert bench.shown()["taskDefinition"] == bench.api.definition


def checks(bench: NativeBench, rollout: Rollout) -> dict[str, Check]:
    return {check.name: check for check in bench.driver.prepare(rollout).checks}
