"""The driver `ecs-native` against the demo's `api`: launches, pauses, stops, ways back, what a look shows and costs."""

from datetime import timedelta
from typing import Any

import pytest

from aws.ecs_commits import OPTIONAL
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.seed_api import API
from rollout.actions import Continue, Finish, Launch, Retire, Shift, Stop
from rollout.errors import NotFound, TargetError
from rollout.model import Phase, Rollout
from rollout.release import Release
from tests.aws.hooks import answers
from tests.aws.native_bench import CONTINUE, REGISTER, STOP, UP, UPDATE, NativeBench, plain

LAUNCH, HOME = Launch(release="v2"), Launch(release="v1")


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> NativeBench:
    """The api and nothing else in the cloud."""
    return NativeBench(served, sessions)


def with_(bench: NativeBench, configuration: dict[str, Any]) -> NativeBench:
    """The same with another configuration of the service."""
    return NativeBench(bench.cloud, bench.sessions, configuration)


# --- before, and launch


def test_before_a_launch_there_is_no_course(bench: NativeBench) -> None:
    """The old release has everything; AWS has not begun; nothing was changed by looking."""
    seen = bench.seen(bench.begun())
    assert (seen.percent, seen.foreign, seen.course and seen.course.state) == (0, "", "none")
    assert (seen.stable.state, seen.stable.text) == ("healthy", "api: 3 of 3 tasks running")
    assert (seen.candidate.state, seen.candidate.ready) == ("unknown", None)
    assert (seen.retired, seen.pinned) == (("stable", "candidate"), None)
    assert bench.cloud.log.applied == []


def test_a_launch_is_a_definition_and_a_service(bench: NativeBench) -> None:
    """The live definition with one other image; the service's own configuration is not sent."""
    outcome = bench.do(bench.begun(), LAUNCH)
    assert outcome.state == "done" and outcome.request_id and "api:2, by CANARY" in outcome.text
    assert [entry.name for entry in bench.cloud.log.applied] == [REGISTER, UPDATE]
    (asked,) = bench.applied(UPDATE)
    assert asked.parameters == {
        "cluster": API, "service": API,
        "taskDefinition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/api:2",
    }  # fmt: skip
    (container,) = bench.applied(REGISTER)[0].parameters["containerDefinitions"]
    assert container["image"].endswith(f"@{bench.api.digests['v2']}")


def test_a_launch_twice_is_one_effect(bench: NativeBench) -> None:
    """Whenever it is asked again, also when it has gone back since: it was started, and that is all."""
    rollout = bench.begun()
    bench.do(rollout, LAUNCH)
    assert bench.do(rollout, LAUNCH).state == "done"
    bench.cloud.step(UP)
    assert bench.do(bench.looked(rollout), LAUNCH).state == "done"
    bench.do(rollout, Stop())
    bench.until(rollout, "back")
    assert bench.do(rollout, LAUNCH).state == "done"
    assert bench.written() == [REGISTER, UPDATE, STOP]


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_wrong_starts_nothing_twice(bench: NativeBench, minutes: int) -> None:
    """What is later than the start is told by AWS's own clock; ours may be ten minutes off, either way."""
    first = bench.paused("v3")
    bench.do(first, Stop())
    bench.until(first, "back")
    rollout = bench.begun("v3", number=2)
    rollout = rollout.but(created_at=rollout.created_at + timedelta(minutes=minutes))
    assert bench.course(rollout).state == "none"
    for _ in range(2):
        assert bench.do(rollout, Launch(release="v3")).state == "done"
    assert len(bench.applied(UPDATE)) == 2 and bench.course(rollout).state == "running"


@pytest.mark.parametrize("ahead", [-60, 0, 60, 600])
def test_a_clock_that_is_ahead_hides_no_deployment(bench: NativeBench, ahead: int) -> None:
    """AWS listed none before, so there is no moment of AWS's own to count from: ours is found, and followed."""
    rollout = bench.begun()
    rollout = rollout.but(
        created_at=rollout.created_at + timedelta(seconds=ahead),
        snapshot={"deployment": "", "at": None, "definition": bench.api.definition},
    )  # fmt: skip
    assert bench.course(rollout).state == "none"
    assert bench.do(rollout, LAUNCH).state == "done"
    bench.cloud.step(1)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.course.release) == ("running", "v2")


def test_a_definition_that_is_there_is_taken(bench: NativeBench) -> None:
    """A revision with that content is not registered once more."""
    there = bench.revision("v2")
    bench.cloud.log.clear()
    bench.do(bench.begun(), LAUNCH)
    assert bench.applied(REGISTER) == []
    assert bench.applied(UPDATE)[0].parameters["taskDefinition"] == there


def test_a_schedule_goes_along_with_the_definition(bench: NativeBench) -> None:
    """One call asks for both; what else is configured is sent back as it was."""
    bench.do(bench.begun(schedule="20% 90s, approve, 100%"), LAUNCH)
    asked = bench.applied(UPDATE)[0].parameters["deploymentConfiguration"]
    assert asked["canaryConfiguration"] == {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 2}
    assert asked["lifecycleHooks"][0]["lifecycleStages"] == ["PRE_PRODUCTION_TRAFFIC_SHIFT"]
    assert (asked["bakeTimeInMinutes"], asked["maximumPercent"]) == (5, 200)
    assert bench.deployments()[-1].configuration["canaryConfiguration"]["canaryPercent"] == 20


def test_a_launch_beside_somebody_elses_deployment_is_refused(bench: NativeBench) -> None:
    """ECS would stop theirs for ours: nothing is sent, and it is named."""
    rollout = bench.begun()
    bench.deploy(bench.revision("v3"))
    bench.cloud.log.clear()
    outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "failed" and "is under way" in outcome.text and "of api:2, begun" in outcome.text
    assert bench.cloud.log.applied == []


def test_an_unknown_release_is_not_launched(bench: NativeBench) -> None:
    """Neither the one side nor the other: nothing is called."""
    rollout = bench.begun()
    bench.cloud.log.clear()
    assert bench.do(rollout, Launch(release="v9")).state == "failed"
    assert bench.called() == set()


# --- a whole way, with its pause


def test_a_canary_is_followed_to_its_end(bench: NativeBench) -> None:
    """Up at 0 %, the pause, 10 %, everything, the bake, done: as AWS says, and with no call of ours but two."""
    rollout = bench.launched()
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.percent, seen.course.state, seen.course.release) == (0, "running", "v2")
    wait = bench.until(rollout, "waiting").wait
    assert wait is not None and (wait.kind, wait.then) == ("shift", "goes_back")
    assert bench.seen(rollout).candidate.state == "healthy"
    shares = [bench.seen(rollout).percent]
    assert bench.do(bench.looked(rollout), Continue(wait=wait.id)).state == "done"
    while (seen := bench.seen(rollout)).course is not None and seen.course.state != "done":
        shares.append(seen.percent)
        rollout = rollout.but(seen=seen)
        bench.cloud.step(10)
    assert list(dict.fromkeys(shares)) == [0, 10, 100] and seen.percent == 100
    assert seen.stable.state == "unknown" and seen.candidate.state == "healthy"
    assert bench.written() == [REGISTER, UPDATE, CONTINUE]


def test_an_answer_names_its_wait_and_says_continue(bench: NativeBench) -> None:
    """AWS's default is the same today; what is said cannot come to mean something else."""
    rollout = bench.paused()
    wait = bench.course(rollout).wait
    assert wait is not None
    outcome = bench.do(rollout, Continue(wait=wait.id))
    assert outcome.state == "done" and "goes on from POST_TEST_TRAFFIC_SHIFT" in outcome.text
    asked = bench.applied(CONTINUE)[0].parameters
    assert (asked["hookId"], asked["action"]) == (wait.id, "CONTINUE")
    assert bench.do(rollout, Continue(wait=wait.id)).state == "done"
    assert len(bench.applied(CONTINUE)) == 1


def test_an_answer_to_another_wait_is_none(bench: NativeBench) -> None:
    """A button of a pause that is over lets nothing go on."""
    rollout = bench.paused()
    outcome = bench.do(rollout, Continue(wait="ecs-pause-of-yesterday"))
    assert outcome.state == "done" and outcome.text.startswith("nothing waits there any more")
    assert bench.applied(CONTINUE) == [] and bench.course(rollout).state == "waiting"


def test_each_step_of_a_linear_way_has_a_pause_of_its_own(bench: NativeBench) -> None:
    """PRE_PRODUCTION_TRAFFIC_SHIFT pauses before every step, with another id: one answer is for one step."""
    bench = with_(bench, plain("LINEAR", linearConfiguration={"stepPercent": 50.0, "stepBakeTimeInMinutes": 1}))
    rollout = bench.launched(schedule="50% 1m, approve, 100%")
    waits, shares = [], []
    for _ in range(2):
        wait = bench.until(rollout, "waiting").wait
        assert wait is not None
        waits.append(wait.id)
        shares.append(bench.seen(rollout).percent)
        bench.do(rollout, Continue(wait=wait.id))
        bench.cloud.step(1)
    assert len(set(waits)) == 2 and shares == [0, 50]
    assert bench.until(rollout, "done").wait is None


def test_a_rolling_deployment_is_followed_by_its_tasks(bench: NativeBench) -> None:
    """No weights, no stages of AWS: the share of tasks, and quarters."""
    bench = with_(bench, {"strategy": "ROLLING", "deploymentCircuitBreaker": {"enable": True, "rollback": True}})
    rollout = bench.launched()
    shares = []
    while (seen := bench.seen(rollout)).percent != 100:
        rollout = rollout.but(seen=seen)
        shares.append(seen.percent or 0)
        bench.cloud.step(2)
    assert set(shares) == {0, 50} and shares == sorted(shares)
    course = bench.until(rollout, "done")
    assert [stage.state for stage in course.stages] == ["done"] * 4


# --- stop, and ways back


@pytest.mark.parametrize("where", ["running", "waiting"])
def test_a_stop_brings_it_back(bench: NativeBench, where: str) -> None:
    """While it runs and while it pauses alike; from the answer on it goes back, and never looks failed."""
    rollout = bench.launched()
    bench.until(rollout, where)
    rollout = bench.looked(rollout)
    outcome = bench.do(rollout, Stop())
    assert outcome.state == "done" and outcome.request_id
    states = []
    while "back" not in states:
        states.append(bench.course(rollout).state)
        bench.cloud.step(1 if len(states) < 4 else 10)
    assert states[0] == "going_back" and set(states) == {"going_back", "back"}
    assert bench.course(rollout).reason and bench.seen(rollout).percent == 0
    assert bench.do(rollout, Stop()).state == "done" and len(bench.applied(STOP)) == 1
    assert bench.applied(STOP)[0].parameters["stopType"] == "ROLLBACK"


def test_a_stop_of_what_has_ended_is_done(bench: NativeBench) -> None:
    """Nothing is sent: after the end the way back is a launch."""
    rollout = finished(bench)
    assert bench.do(rollout, Stop()).state == "done" and bench.applied(STOP) == []


def test_a_stop_without_a_deployment_is_not_done(bench: NativeBench) -> None:
    """One that AWS does not show may be there: saying `done` would be a guess."""
    assert bench.do(bench.begun(), Stop()).state == "failed"


def test_after_the_end_the_old_release_is_deployed_again(bench: NativeBench) -> None:
    """At once and without asking anybody: by its recorded definition, as one deployment, followed until it is home."""
    rollout = finished(bench)
    outcome = bench.do(rollout, HOME)
    assert outcome.state == "done" and "by BLUE_GREEN" in outcome.text
    assert bench.do(rollout, HOME).state == "done"
    assert bench.do(rollout, Stop()).state == "done" and bench.applied(STOP) == []
    (asked,) = bench.applied(UPDATE)
    assert asked.parameters["taskDefinition"] == bench.api.definition
    assert asked.parameters["deploymentConfiguration"]["lifecycleHooks"] == []
    states: list[tuple[str, int | None]] = []
    while ("back", 0) not in states:
        rollout = bench.looked(rollout)
        assert rollout.seen is not None and rollout.seen.course is not None
        states.append((rollout.seen.course.state, rollout.seen.percent))
        bench.cloud.step(2)
    assert list(dict.fromkeys(states)) == [("going_back", 100), ("going_back", 0), ("back", 0)]
    assert bench.course(rollout).release == "v1"
    assert len(bench.applied(UPDATE)) == 1 and bench.do(rollout, Stop()).state == "done"


@pytest.mark.parametrize("shown", ["the one before", "none"])
def test_a_way_back_is_found_although_aws_shows_another_deployment(bench: NativeBench, shown: str) -> None:
    """What the service is asked for tells that there is a newer one: then the list is read."""
    rollout = finished(bench)
    first = bench.deployments()[-1].arn
    bench.do(rollout, HOME)
    present = {"currentServiceDeployment": first if shown == "the one before" else ""}
    with answers(bench.sessions, "ecs", "DescribeServices", {"services": [bench.shown() | present]}):
        course = bench.course(rollout)
        assert (course.state, course.release) == ("going_back", "v1") and course.id != first
        assert bench.course(bench.looked(rollout)).id == course.id


@pytest.mark.parametrize("tries", [1, 2])
def test_what_a_way_back_left_is_put_right_by_the_next_start(bench: NativeBench, tries: int) -> None:
    """The service's own canary and pause are sent along, and said before; from then on nothing is to be put right."""
    own = dict(bench.deployments()[-1].configuration)
    rollout = finished(bench)
    bench.do(rollout, HOME)
    bench.until(rollout, "back")
    if tries == 2:
        bench.deploy(bench.api.definition, forceNewDeployment=True)
    bench.cloud.step(100)
    assert bench.deployments()[-1].configuration["strategy"] == "BLUE_GREEN"
    left = {check.name: check for check in bench.driver.prepare(bench.requested("v3")).checks}["left"]
    assert left.text == "a way back left api on BLUE_GREEN: the start puts CANARY 10 % 5 min back"
    bench.do(bench.accepted("v3", number=2), Launch(release="v3"))
    assert {key: bench.deployments()[-1].configuration[key] for key in own} == own
    assert bench.driver.prepare(bench.requested("v2")).snapshot["restore"] == ""


def test_somebody_who_goes_back_with_a_configuration_of_their_own_keeps_it(bench: NativeBench) -> None:
    """The old release at once, as a way back of ours, but with other sizes: what was changed by hand stays."""
    finished(bench)
    bench.deploy(bench.api.definition, deploymentConfiguration={**plain("BLUE_GREEN"), "maximumPercent": 150})
    bench.cloud.step(150)
    assert bench.deployments()[-1].status == "SUCCESSFUL"
    assert bench.driver.prepare(bench.requested("v3")).snapshot["restore"] == ""


def test_a_new_release_by_another_strategy_is_no_way_back(bench: NativeBench) -> None:
    """Alike in everything but strategy and hooks: what had never been there before was not put back."""
    bench.deploy(bench.revision("v2"), deploymentConfiguration={**plain("BLUE_GREEN"), "lifecycleHooks": []})
    bench.cloud.step(150)
    assert bench.deployments()[-1].status == "SUCCESSFUL"
    assert bench.driver.prepare(bench.requested("v3")).snapshot["restore"] == ""


def test_a_rollout_that_goes_back_asks_nobody(bench: NativeBench) -> None:
    """After a success the old release comes at once, without pauses and functions; what changes is said before."""
    rollout = finished(bench)
    role, function = "arn:aws:iam::123456789012:role/x", "arn:aws:lambda:eu-central-1:123456789012:function:smoke"
    hooks = [{"hookTargetArn": function, "roleArn": role, "lifecycleStages": ["POST_SCALE_UP"]}]
    bench.deploy(bench.shown()["taskDefinition"], deploymentConfiguration=plain(lifecycleHooks=hooks))
    bench.cloud.log.clear()
    back = bench.accepted("v1", number=2, schedule="100%", back=True)
    prepared = bench.driver.prepare(bench.requested("v1", 2, "100%").but(back=True))
    checks = {check.name: check for check in prepared.checks}
    assert "from CANARY to BLUE_GREEN" in checks["changed"].text and "hook" not in checks
    assert rollout.candidate is not None and back.stable is not None and back.stable.id == rollout.candidate.id
    assert bench.do(back, HOME).state == "done" and bench.written() == [UPDATE]
    asked = bench.applied(UPDATE)[0].parameters["deploymentConfiguration"]
    assert (asked["strategy"], asked["lifecycleHooks"]) == ("BLUE_GREEN", [])
    assert bench.until(back, "done").release == "v1"


def test_a_way_back_is_not_started_over_one_that_runs(bench: NativeBench) -> None:
    """It is stopped first: AWS's own way back is shorter than a new deployment."""
    rollout = bench.paused()
    outcome = bench.do(rollout, HOME)
    assert outcome.state == "failed" and outcome.hint == "stop it first"
    assert len(bench.applied(UPDATE)) == 1


def test_what_aws_puts_back_is_not_put_back_again(bench: NativeBench) -> None:
    """While AWS goes back, and when it is back, a launch of the old release is done."""
    rollout = bench.paused()
    bench.do(rollout, Stop())
    assert bench.do(rollout, HOME).state == "done"
    bench.until(rollout, "back")
    assert bench.do(rollout, HOME).state == "done" and len(bench.applied(UPDATE)) == 1


def test_a_failed_way_back_is_started_anew(bench: NativeBench) -> None:
    """ROLLBACK_FAILED with traffic on the candidate: nothing puts the old release back, so a new deployment does."""
    rollout = bench.paused()
    wait = bench.course(rollout).wait
    assert wait is not None
    bench.do(rollout, Continue(wait=wait.id))
    bench.cloud.step(20)
    bench.cloud.world.servers.native.life.failing.add(API)
    bench.do(bench.looked(rollout), Stop())
    course = bench.until(rollout, "failed")
    assert "ROLLBACK_FAILED" in course.text and bench.seen(rollout).percent == 10
    bench.cloud.world.servers.native.life.failing.clear()
    rollout = bench.looked(rollout)
    assert bench.do(rollout, HOME).state == "done"
    begun = bench.seen(rollout)
    assert begun.course is not None and "PENDING" in begun.course.text and begun.percent == 10
    assert bench.until(bench.looked(rollout), "back").release == "v1"
    assert bench.seen(rollout).percent == 0


def test_moving_removing_and_tidying_are_not_ours(bench: NativeBench) -> None:
    """A shift fails, for AWS moves the traffic; retire and finish are done; no call is made."""
    rollout = bench.launched()
    bench.cloud.log.clear()
    shift = bench.do(rollout, Shift(percent=10))
    assert (shift.state, shift.text) == ("failed", "AWS moves the traffic here by itself")
    for action in (Retire(side="stable"), Finish()):
        assert bench.do(rollout, action).state == "done"
    assert bench.called() == set()


# --- somebody else


def test_somebody_elses_deployment_is_shown_and_left_alone(bench: NativeBench) -> None:
    """It is foreign while it runs; what it brought is no release of ours, so no share is known."""
    rollout = bench.looked(bench.begun())
    bench.deploy(bench.revision("v3"))
    seen = bench.seen(rollout)
    assert seen.course is not None and seen.course.state == "none"
    assert "of api:2, begun 2026-01-05" in seen.course.foreign
    assert seen.percent == 0


def test_what_somebody_else_brought_is_no_release_of_ours(bench: NativeBench) -> None:
    """A third release serves: there is no share, and it is named."""
    bench = with_(bench, plain("BLUE_GREEN", bakeTimeInMinutes=0))
    rollout = bench.looked(bench.begun())
    bench.deploy(bench.revision("v3"))
    bench.cloud.step(120)
    seen = bench.seen(rollout)
    assert (seen.percent, seen.foreign) == (None, "api:2: 100 %")


def test_one_that_supersedes_ours_is_foreign(bench: NativeBench) -> None:
    """ECS stops ours for it: the course says how ours ends, and who came."""
    rollout = bench.paused()
    bench.deploy(bench.revision("v3"))
    bench.cloud.step(3)
    course = bench.course(rollout)
    assert course.state == "failed" and course.release == "v2" and "of api:3" in course.foreign


def test_the_old_release_once_more_by_somebody_else_is_no_way_back(bench: NativeBench) -> None:
    """Before ours was started it is theirs: it is not taken for a rollback of something that never began."""
    bench = with_(bench, plain("BLUE_GREEN", bakeTimeInMinutes=0))
    rollout = bench.looked(bench.begun())
    bench.deploy(bench.api.definition, forceNewDeployment=True)
    course = bench.course(rollout)
    assert course.state == "none" and "of api:1" in course.foreign
    bench.cloud.step(120)
    assert bench.deployments()[-1].status == "SUCCESSFUL"
    seen = bench.seen(rollout)
    assert (seen.percent, seen.foreign, seen.course and seen.course.foreign) == (0, "", "")


def test_an_earlier_deployment_of_the_same_release_is_not_ours(bench: NativeBench) -> None:
    """A try of yesterday that went back: the new rollout begins anew, although the release is the same."""
    first = bench.paused()
    bench.do(first, Stop())
    bench.until(first, "back")
    second = bench.begun(number=2)
    assert bench.course(second).state == "none"
    assert bench.do(second, LAUNCH).state == "done"
    assert len(bench.applied(UPDATE)) == 2
    assert first.seen is not None and first.seen.course is not None
    assert bench.course(second).id not in ("", first.seen.course.id)


# --- health


def test_a_release_that_crashes_is_sick(bench: NativeBench) -> None:
    """ECS itself would try for hours: the reason that its tasks end for is told."""
    rollout = bench.looked(bench.begun("v4"))
    bench.do(rollout, Launch(release="v4"))
    bench.cloud.step(90)
    seen = bench.seen(rollout)
    assert seen.candidate.state == "sick" and "tasks stopped alike" in seen.candidate.text
    assert "app exit code 1" in seen.candidate.text and seen.stable.state == "healthy"


def test_a_circuit_breaker_that_was_triggered_makes_it_sick(bench: NativeBench) -> None:
    """Its count is told while it rolls, and its verdict is the reason it goes back."""
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 3}}
    bench = with_(bench, {"strategy": "ROLLING", "deploymentCircuitBreaker": breaker})
    rollout = bench.looked(bench.begun("v4"))
    bench.do(rollout, Launch(release="v4"))
    bench.cloud.step(15)
    assert "circuit breaker" in bench.course(rollout).text
    course = bench.until(rollout, "back")
    assert "the circuit breaker was triggered" in course.reason
    assert bench.seen(rollout).percent == 0


def test_a_stage_that_never_moves_keeps_its_fingerprint(bench: NativeBench) -> None:
    """What tells progress stands still, so that the deadline of watching can speak up."""
    bench.cloud.world.servers.native.life.stuck[API] = "TEST_TRAFFIC_SHIFT"
    rollout = bench.launched()
    bench.cloud.step(2 * UP)
    rollout = bench.looked(rollout)
    before = bench.course(rollout).fingerprint
    bench.cloud.step(600)
    assert bench.course(rollout).state == "running" and bench.course(rollout).fingerprint == before


# --- what a look costs, and what it does not know


@pytest.mark.parametrize("state", ["waiting", "back", "done"])
def test_a_look_is_two_calls(bench: NativeBench, state: str) -> None:
    """While it pauses, when it is back, when it has ended: services and deployments, no list, no revisions."""
    rollout = finished(bench) if state == "done" else bench.paused()
    if state == "back":
        bench.do(rollout, Stop())
        bench.until(rollout, "back")
        rollout = bench.looked(rollout)
    bench.cloud.log.clear()
    assert bench.course(rollout).state == state
    assert bench.calls() == {"DescribeServices": 1, "DescribeServiceDeployments": 1}


def test_a_stop_is_two_calls(bench: NativeBench) -> None:
    """What is known is read once more, and stopped: somebody is waiting for it."""
    rollout = bench.paused()
    bench.cloud.log.clear()
    assert bench.do(rollout, Stop()).state == "done"
    assert bench.calls() == {"DescribeServiceDeployments": 1, "StopServiceDeployment": 1}


@pytest.mark.parametrize("read", [
    "DescribeServices", "DescribeServiceRevisions", "ListServiceDeployments", "DescribeTaskDefinition",
])  # fmt: skip
def test_an_outage_of_another_read_keeps_nothing_from_being_stopped(bench: NativeBench, read: str) -> None:
    """By a process that has just started and knows nothing but the id: the last look left it in the row."""
    rollout = bench.launched()
    bench.driver = bench.fresh_driver()
    bench.cloud.knobs.outage(f"ecs:{read}")
    assert bench.do(rollout, Stop()).state == "done" and len(bench.applied(STOP)) == 1


def test_looks_are_batched_as_large_as_aws_takes_them(bench: NativeBench) -> None:
    """Twenty-one services of a cluster: ten in a call, and twenty deployments; each finds its own."""
    rollout, shown, (native,) = bench.paused(), bench.shown(), bench.described()
    assert rollout.seen is not None and rollout.seen.course is not None
    many, services, natives = [], [], []
    for number in range(21):
        name, arn = f"api-{number}", f"arn:x:service-deployment/api/api-{number}/d"
        course = rollout.seen.course.model_copy(update={"id": arn})
        seen = rollout.seen.model_copy(update={"course": course})
        many.append(moved(rollout, name).but(id=number + 1, seen=seen, stable=rollout.stable))
        services.append(shown | {"serviceName": name, "currentServiceDeployment": arn})
        natives.append(native | {"serviceDeploymentArn": arn})
    with (
        answers(bench.sessions, "ecs", "DescribeServices", {"services": services}) as asked,
        answers(bench.sessions, "ecs", "DescribeServiceDeployments", {"serviceDeployments": natives}) as read,
    ):
        looks = bench.driver.observe(many)
    assert [len(one["services"]) for one in asked] == [10, 10, 1]
    assert [len(one["serviceDeploymentArns"]) for one in read] == [20, 1]
    assert {number: look.course and look.course.id for number, look in looks.items()} == {
        number + 1: one["serviceDeploymentArn"] for number, one in enumerate(natives)
    }


def test_a_list_is_read_only_while_the_deployment_is_unknown(bench: NativeBench) -> None:
    """Before the launch each look lists; revisions are asked for once."""
    rollout = bench.looked(bench.begun())
    bench.do(rollout, LAUNCH)
    costs = []
    for _ in range(2):
        bench.cloud.log.clear()
        rollout = bench.looked(rollout)
        costs.append(bench.calls())
    assert costs[0]["ListServiceDeployments"] == 1 and "ListServiceDeployments" not in costs[1]
    assert costs[1] == {"DescribeServices": 1, "DescribeServiceDeployments": 1}


def test_a_known_deployment_that_is_not_shown_is_not_none(bench: NativeBench) -> None:
    """AWS's gap is blindness: `none` would have it launched once more."""
    rollout = bench.launched()
    empty = {"serviceDeployments": [], "failures": [{"arn": "x", "reason": "MISSING"}]}
    with (
        answers(bench.sessions, "ecs", "DescribeServiceDeployments", empty),
        pytest.raises(TargetError, match="does not show the deployment") as blind,
    ):
        bench.driver.observe([rollout])
    assert blind.value.kind == "transient"


def test_a_revision_that_is_not_shown_is_blindness(bench: NativeBench) -> None:
    """Without its definition nobody can say whose a deployment is."""
    rollout = bench.begun()
    bench.do(rollout, LAUNCH)
    with (
        answers(bench.sessions, "ecs", "DescribeServiceRevisions", {"serviceRevisions": []}),
        pytest.raises(TargetError, match="was not shown"),
    ):
        bench.fresh_driver().observe([rollout])


def test_one_that_cannot_be_seen_does_not_hide_the_others(bench: NativeBench) -> None:
    """A service that is gone is missing from the look; the other one is in it."""
    gone = moved(bench.begun(), "gone")
    looks = bench.driver.look([gone, bench.begun(number=2)])
    assert isinstance(looks[1], TargetError) and looks[1].kind == "absent" and not isinstance(looks[2], TargetError)


def test_each_region_is_asked_apart(bench: NativeBench) -> None:
    """A look over two of them answers for both: what is missing in one says nothing of the other."""
    here, there = bench.begun(), bench.begun(number=2)
    settings = {**there.terms.settings, "region": "us-east-1"}
    looks = bench.driver.look([here, there.but(terms=there.terms.model_copy(update={"settings": settings}))])
    assert not isinstance(looks[1], TargetError) and isinstance(looks[2], TargetError)
    assert "ClusterNotFound" in looks[2].fact


def test_settings_of_another_driver_are_refused(bench: NativeBench) -> None:
    """In a look as a value, in an action as an outcome that changed nothing."""
    rollout = bench.begun()
    settings = {**rollout.terms.settings, "alias": "live"}
    rollout = rollout.but(terms=rollout.terms.model_copy(update={"settings": settings}))
    looks = bench.driver.look([rollout])
    assert isinstance(looks[1], TargetError) and looks[1].kind == "config"
    assert bench.do(rollout, LAUNCH).state == "failed"


@pytest.mark.parametrize("operation", [
    "DescribeServiceDeployments", "DescribeServiceRevisions", "StopServiceDeployment",
])  # fmt: skip
def test_a_refusal_names_both_that_aws_checks(bench: NativeBench, operation: str) -> None:
    """The service itself and what belongs to it, by name: api-admin's is not asked for."""
    rollout = bench.launched()
    bench.driver = bench.fresh_driver()
    bench.cloud.knobs.deny(f"ecs:{operation}")
    if operation == "StopServiceDeployment":
        hint = bench.do(rollout, Stop()).hint
    else:
        with pytest.raises(TargetError) as denied:
            bench.seen(rollout)
        hint = denied.value.hint
    assert hint.startswith(f"allow ecs:{operation} on service/api/api and service*/api/api/* to ")


def test_every_call_stands_in_its_table(bench: NativeBench) -> None:
    """A policy made from `operations` allows all that is called, and nothing that is not."""
    bench = with_(bench, plain(alarms={"alarmNames": ["api-errors"], "enable": True, "rollback": True}))
    rollout = bench.paused()
    wait = bench.course(rollout).wait
    assert wait is not None
    bench.do(rollout, Continue(wait=wait.id))
    bench.do(rollout, Stop())
    bench.until(rollout, "back")
    crash = bench.looked(bench.accepted("v4", number=2))
    bench.do(crash, Launch(release="v4"))
    bench.cloud.step(UP)
    bench.seen(crash)
    for nowhere in (bench.requested(cluster="nowhere"), bench.requested(service="nobody")):
        with pytest.raises(NotFound):
            bench.driver.prepare(nowhere)
    # What links ask for is another piece: test_ecs_commits.py.
    assert bench.called() == bench.driver.operations.keys() - OPTIONAL


def finished(bench: NativeBench) -> Rollout:
    """A rollout whose deployment has ended well; what was called until then is forgotten."""
    rollout = bench.paused()
    wait = bench.course(rollout).wait
    assert wait is not None
    bench.do(rollout, Continue(wait=wait.id))
    bench.wait("done")
    bench.cloud.log.clear()
    return bench.looked(rollout.but(phase=Phase.FINAL_BAKE))


def moved(rollout: Rollout, service: str) -> Rollout:
    """The same on another service."""
    settings = {**rollout.terms.settings, "service": service}
    return rollout.but(terms=rollout.terms.model_copy(update={"settings": settings}), stable=Release(id="x"))
