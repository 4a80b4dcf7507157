import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from aws.codedeploy_look import Want, story_of
from aws.codedeploy_mark import is_for
from aws.codedeploy_replies import Deployment
from aws.codedeploy_target import IMPLIED, CodeDeployTarget
from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.actions import Finish, Launch, Retire, Shift
from rollout.errors import TargetError
from rollout.release import Release
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import LambdaBench
from tests.aws.hooks import answers

CREATE, STOP, CONFIG = "codedeploy:CreateDeployment", "codedeploy:StopDeployment", "codedeploy:CreateDeploymentConfig"


def stop_statuses() -> list[str]:
    """Every word that AWS has for what comes of a stop."""
    found: Any = botocore.session.get_session().get_service_model("codedeploy").shape_for("StopStatus")
    return list(found.enum)


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> LambdaBench:
    return LambdaBench(served, sessions, CloudClock(served))


def test_a_deployment_from_its_start_to_its_end(bench: LambdaBench) -> None:
    """Nothing, a tenth of the traffic, all of it: as AWS shows it, and as the alias has it."""
    rollout = bench.looked(bench.accepted())
    assert rollout.seen is not None and rollout.seen.course is not None
    assert (rollout.seen.course.state, rollout.seen.percent) == ("none", 0)
    outcome = bench.launch(rollout)
    assert outcome.state == "done" and outcome.request_id
    bench.cloud.step(10)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("running", 10)
    assert bench.shares() == {"1": 90.0, "2": 10.0}
    assert [(one.name, one.state) for one in seen.course.stages] == [
        ("BeforeAllowTraffic", "done"), ("AllowTraffic", "now"), ("AfterAllowTraffic", "next"),
    ]  # fmt: skip
    assert seen.course.text == "InProgress, AllowTraffic" and seen.course.release == "2"
    assert seen.course.patience.total_seconds() == 300 and seen.candidate.state == "healthy"
    bench.cloud.step(320)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("done", 100)


def test_what_is_asked_is_all_that_matters(bench: LambdaBench) -> None:
    """The AppSpec with its hash, the configuration, the group's own events, and whose it is."""
    bench.launch(bench.accepted(hooks={"BeforeAllowTraffic": "CodeDeployHook_smoke"}))
    [asked] = [entry.parameters for entry in bench.created()]
    content = asked["revision"]["appSpecContent"]["content"]
    assert asked["revision"]["appSpecContent"]["sha256"] == sha256(content.encode()).hexdigest()
    spec = json.loads(content)
    assert spec["Resources"] == [{"my-app": {"Type": "AWS::Lambda::Function", "Properties": {
        "Name": "my-app", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2",
    }}}]  # fmt: skip
    assert spec["Hooks"] == [{"BeforeAllowTraffic": "CodeDeployHook_smoke"}]
    assert asked["deploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert asked["autoRollbackConfiguration"]["events"] == bench.group.settings["autoRollbackConfiguration"]["events"]
    assert asked["description"].startswith("tidegate #1 launch 2 key=1/0/launch/2 token=")
    assert "overrideAlarmConfiguration" not in asked


def test_the_groups_own_configuration_is_left_untouched(bench: LambdaBench) -> None:
    """`watch` names no configuration at all."""
    rollout = bench.accepted()
    terms = rollout.terms.model_copy(update={"schedule": None})
    bench.launch(rollout.but(terms=terms))
    assert "deploymentConfigName" not in bench.created()[0].parameters


def test_own_configurations_are_made_once_and_found_again(bench: LambdaBench) -> None:
    """Named by their content: the second rollout with that schedule makes none."""
    first = bench.looked(bench.accepted(schedule="20% 2m, 100%"))
    assert bench.launch(first).state == "done"
    [made] = bench.cloud.log.of(CONFIG)
    assert made.parameters == {
        "deploymentConfigName": "tidegate-lambda-canary-20-2m", "computePlatform": "Lambda",
        "trafficRoutingConfig": {
            "type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 20, "canaryInterval": 2},
        },
    }  # fmt: skip
    bench.cloud.step(10)
    assert bench.seen(first).percent == 20 and bench.course(first).patience.total_seconds() == 120
    bench.cloud.step(200)
    bench.cloud.knobs.edit_weights("my-app", "live", {"1": 100})
    assert bench.launch(bench.accepted(number=2, schedule="20% 2m, 100%")).state == "done"
    assert len(bench.cloud.log.of(CONFIG)) == 1 and len(bench.created()) == 2


def test_a_configuration_made_in_between_by_another_rollout_is_fine(bench: LambdaBench) -> None:
    """Two launches meet: the second one's `already exists` is what it wanted."""
    rollout = bench.accepted(schedule="20% 2m, 100%")
    bench.launch(rollout)
    bench.cloud.step(400)
    bench.cloud.knobs.edit_weights("my-app", "live", {"1": 100})
    second = bench.accepted(number=2, schedule="20% 2m, 100%")
    missing: Any = {"Error": {"Code": "DeploymentConfigDoesNotExistException", "Message": "not there yet"}}
    with answers(bench.sessions, "codedeploy", "GetDeploymentConfig", ClientError(missing, "GetDeploymentConfig")):
        assert bench.launch(second).state == "done"
    assert len(bench.created()) == 2


# --- ends


def test_a_red_alarm_is_aws_own_way_back(bench: LambdaBench) -> None:
    """AWS stops it, and puts the old version back by a deployment of its own: one course, never failed in between."""
    rollout = bench.launched(10)
    bench.cloud.knobs.misbehave("my-app", "2", 0.9)
    states = ["running"]
    while states[-1] != "back" and len(states) < 60:
        bench.cloud.step(5)
        rollout = bench.looked(rollout)
        states.append(bench.course(rollout).state)
    assert list(dict.fromkeys(states)) == ["running", "going_back", "back"]
    assert bench.seen(rollout).percent == 0 and bench.shares() == {"1": 100.0}
    reason = bench.course(rollout).reason
    assert "ALARM_ACTIVE" in reason and bench.alarm in reason


@pytest.mark.parametrize("seconds", [0, 1, 10])
def test_a_stop_goes_back_and_never_shows_as_failed(bench: LambdaBench, seconds: int) -> None:
    """From every second after it: running, going back, back; and a second stop changes nothing more."""
    rollout = bench.launched(seconds)
    assert bench.stop(rollout).state == "done"
    assert bench.cloud.log.of(STOP)[0].parameters["autoRollbackEnabled"] is True
    states = []
    for passes in (*[1] * 9, 20):
        bench.cloud.step(passes)
        rollout = bench.looked(rollout)
        assert rollout.seen is not None and rollout.seen.course is not None
        states.append(rollout.seen.course.state)
    order = [state for state, before in zip(states, ["", *states], strict=False) if state != before]
    assert order in (["running", "going_back", "back"], ["going_back", "back"]), states
    assert bench.shares() == {"1": 100.0}
    stops = len(bench.cloud.log.of(STOP))
    assert bench.stop(rollout).state == "done" and len(bench.cloud.log.of(STOP)) == stops


def test_after_the_end_the_old_release_comes_by_a_deployment_of_ours(bench: LambdaBench) -> None:
    """All at once, without the alarms that are red, and never bounced to the bad one again."""
    rollout = bench.launched(400)
    bench.cloud.log.clear()
    assert bench.launch(rollout, bench.stable).state == "done"
    [asked] = [entry.parameters for entry in bench.created()]
    assert asked["deploymentConfigName"] == "CodeDeployDefault.LambdaAllAtOnce"
    assert asked["autoRollbackConfiguration"] == {"enabled": False, "events": []}
    assert asked["overrideAlarmConfiguration"] == {"enabled": False, "alarms": []}
    assert bench.course(rollout).state == "going_back" and bench.course(rollout).release == "1"
    bench.cloud.step(20)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("back", 0)
    assert bench.launch(rollout, bench.stable).state == "done" and len(bench.created()) == 1
    assert bench.launch(rollout).state == "failed"  # it has gone back: the candidate is not started anew


def test_a_way_back_that_failed_is_tried_again(bench: LambdaBench) -> None:
    """It must arrive: asked for again some time after its bad end, it is started anew, and not before."""
    rollout = bench.launched(400)
    bench.launch(rollout, bench.stable)
    bench.engine.failing["my-app"] = "INTERNAL_ERROR"
    bench.cloud.step(5)
    assert bench.course(rollout).state == "failed"
    assert bench.launch(rollout, bench.stable).state == "done" and len(bench.created()) == 2
    bench.cloud.step(40)
    assert bench.launch(rollout, bench.stable).state == "done" and len(bench.created()) == 3
    bench.cloud.step(20)
    assert bench.course(rollout).state == "back" and bench.shares() == {"1": 100.0}


def test_a_stop_of_our_own_way_back_is_none(bench: LambdaBench) -> None:
    """What puts the old release back is never stopped by us."""
    rollout = bench.launched(400)
    bench.launch(rollout, bench.stable)
    bench.cloud.log.clear()
    assert bench.stop(rollout).state == "done" and bench.cloud.log.of(STOP) == []


def test_a_deployment_that_hangs_shows_no_change(bench: LambdaBench) -> None:
    """A14: hours of looks have one fingerprint."""
    rollout = bench.launched(10)
    bench.engine.stuck.add("my-app")
    prints = set()
    for _ in range(5):
        bench.cloud.step(1)
        prints.add(bench.course(rollout).fingerprint)
    assert len(prints) == 1


# --- a lost answer (A02)


FAULTS = ["lost_reply", "truncate_reply"]


def test_a_lost_launch_is_one_deployment(bench: LambdaBench) -> None:
    """A02, 50 of 50: applied, never answered, asked again at once and after its end: one deployment every time."""
    for rollout, fault in zip(bench.many(50), FAULTS * 25, strict=True):
        bench.cloud.log.clear()
        getattr(bench.cloud.knobs, fault)(CREATE)
        assert bench.launch(rollout).state == "unknown"
        assert bench.launch(rollout).state == "done"
        bench.fail()
        assert bench.launch(rollout).state == "done"
        assert len(bench.created()) == 1, rollout.id
    assert bench.course(rollout).state == "back"


def test_a_launch_without_a_search_would_be_two(bench: LambdaBench) -> None:
    """What the search is for: the same call sent again by hand after a quick end is a second deployment."""
    rollout = bench.looked(bench.accepted())
    bench.cloud.knobs.lost_reply(CREATE)
    assert bench.launch(rollout).state == "unknown"
    asked = bench.created()[0].parameters
    bench.fail()
    bench.console_create(asked)
    assert len(bench.created()) == 2


def test_a_lost_stop_is_one_way_back(bench: LambdaBench) -> None:
    """A02, 50 of 50: stopped, never answered, asked again: it stops once, and AWS goes back once."""
    for rollout, fault in zip(bench.many(50), FAULTS * 25, strict=True):
        bench.launch(rollout)
        bench.cloud.step(5)
        bench.cloud.log.clear()
        getattr(bench.cloud.knobs, fault)(STOP)
        assert bench.stop(rollout).state == "unknown"
        bench.cloud.step(4)
        assert bench.stop(rollout).state == "done" and len(bench.cloud.log.of(STOP)) == 1
        bench.cloud.step(10)
        assert len(bench.group.deployments) == 2 and bench.shares() == {"1": 100.0}
    assert bench.stop(rollout).state == "done" and bench.course(rollout).state == "back"


@pytest.mark.parametrize("fault", ["lost_reply", "truncate_reply"])
def test_a_lost_configuration_is_found_by_its_name(bench: LambdaBench, fault: str) -> None:
    """A02: made, never answered: the launch is unknown, the next one finds it and starts one deployment."""
    rollout = bench.looked(bench.accepted(schedule="20% 2m, 100%"))
    getattr(bench.cloud.knobs, fault)(CONFIG)
    assert bench.launch(rollout).state == "unknown" and bench.created() == []
    assert bench.launch(rollout).state == "done"
    assert len(bench.created()) == 1 == len(bench.cloud.log.of(CONFIG))


def test_a_list_that_lags_starts_nothing_twice(bench: LambdaBench) -> None:
    """AWS lists a new deployment late: its refusal names the one that holds the group, and that is ours."""
    bench.engine.hides = 3
    rollout = bench.looked(bench.accepted())
    bench.cloud.knobs.lost_reply(CREATE)
    assert bench.launch(rollout).state == "unknown"
    again = bench.launch(rollout)
    assert again.state == "done" and "was started already" in again.text and len(bench.created()) == 1


@pytest.mark.parametrize("operation", [CREATE, STOP])
def test_a_throttled_call_surely_changed_nothing(bench: LambdaBench, operation: str) -> None:
    """Failed, sent once, and the next try does it."""
    rollout = bench.launched(5) if operation == STOP else bench.looked(bench.accepted())

    def act() -> str:
        return (bench.stop(rollout) if operation == STOP else bench.launch(rollout)).state

    bench.cloud.knobs.throttle(operation, times=1)
    assert act() == "failed" and bench.cloud.log.refused[operation] == 1
    assert act() == "done"


def test_a_denied_launch_names_the_permission(bench: LambdaBench) -> None:
    """The hint can be pasted into a request to whoever writes the policies."""
    rollout = bench.looked(bench.accepted())
    bench.cloud.knobs.deny(CREATE)
    outcome = bench.launch(rollout)
    assert outcome.state == "failed" and f"allow {CREATE} on deploymentgroup:my-app/my-app" in outcome.hint


# --- somebody else's (A16)


def test_somebody_elses_deployment_is_never_touched(bench: LambdaBench) -> None:
    """A16, 50 of 50: not replaced, not stopped, not continued, and named."""
    rollout = bench.looked(bench.accepted())
    foreign = bench.deploy("nightly build")
    bench.engine.stuck.add("my-app")
    for turn in range(50):
        launch = bench.launch(rollout)
        assert launch.state == "failed" and foreign in launch.text and "started by user" in launch.text
        assert turn % 2 or bench.stop(rollout).state == "done"
        assert not turn % 2 or bench.go_on(rollout, "READY_WAIT").state == "failed"
    assert bench.cloud.log.applied == []
    course = bench.course(rollout)
    assert course.state == "none" and foreign in course.foreign and "nightly build" in course.foreign


@pytest.mark.parametrize(
    "description",
    ["tidegate #1 launch 2 key=1/0/launch/2", "tidegate #1 launch 2 key=1/0/launch/2 token=0123456789abcdef", ""],
)
def test_a_mark_that_is_not_ours_word_for_word_is_somebody_elses(bench: LambdaBench, description: str) -> None:
    """Another Tidegate's #1, or a person's imitation, is foreign."""
    rollout = bench.looked(bench.accepted())
    foreign = bench.deploy(description)
    assert bench.launch(rollout).state == "failed" and bench.created() == []
    assert foreign in bench.course(rollout).foreign


def test_another_rollouts_deployment_is_somebody_elses(bench: LambdaBench) -> None:
    """The rollout after one that was given up does not take its deployment for its own."""
    first = bench.launched(10)
    second = bench.looked(bench.requested(number=2).but(stable=first.stable, candidate=first.candidate))
    bench.cloud.log.clear()
    assert bench.launch(second).state == "failed" and bench.stop(second).state == "done"
    assert bench.cloud.log.applied == [] and bench.course(second).state == "none"


def test_a_refusal_because_the_group_is_busy_is_no_unknown(bench: LambdaBench) -> None:
    """Somebody was faster between the look and the call: failed, in AWS's words."""
    rollout = bench.looked(bench.accepted())
    foreign = bench.deploy()
    with answers(bench.sessions, "codedeploy", "ListDeployments", {"deployments": []}):
        outcome = bench.launch(rollout)
    assert outcome.state == "failed" and foreign in outcome.text


# --- what a look costs


def test_a_look_is_four_calls_and_one_for_all_deployments(bench: LambdaBench) -> None:
    """Under way: deployments in one call, targets in one, and the three of the alias."""
    rollout = bench.launched(10)
    bench.cloud.log.clear()
    bench.looked(rollout)
    assert bench.reads() == {
        "codedeploy:BatchGetDeployments": 1, "codedeploy:BatchGetDeploymentTargets": 1,
        "lambda:GetAlias": 1, "lambda:GetFunctionConfiguration": 2,
    }  # fmt: skip


def test_before_and_after_the_group_is_listed(bench: LambdaBench) -> None:
    """Where nothing of ours is under way somebody else's may be; the rest is as little as there can be."""
    rollout = bench.looked(bench.accepted())
    bench.cloud.log.clear()
    bench.looked(rollout)
    assert {name: n for name, n in bench.reads().items() if "codedeploy" in name} == {"codedeploy:ListDeployments": 1}
    done = bench.looked(bench.launched(400))
    bench.cloud.log.clear()
    bench.looked(done)
    assert {name: n for name, n in bench.reads().items() if "codedeploy" in name} == {
        "codedeploy:ListDeployments": 1, "codedeploy:BatchGetDeployments": 1,
    }  # fmt: skip


def test_thirty_rollouts_are_two_calls_for_all(bench: LambdaBench) -> None:
    """BatchGetDeployments takes 25: known ids are asked for together, whatever their group."""
    rollout = bench.launched(10)
    many = [rollout.but(id=number) for number in range(1, 31)]
    assert rollout.seen is not None and rollout.seen.course is not None
    for number, one in enumerate(many):
        course = rollout.seen.course.model_copy(update={"id": f"d-{number:09}"})
        many[number] = one.but(seen=rollout.seen.model_copy(update={"course": course}))
    bench.cloud.log.clear()
    assert len(bench.driver.look(many)) == 30
    # 30 ids that are gone in two calls, 30 lists, and one call for the one deployment that they show.
    assert bench.reads()["codedeploy:BatchGetDeployments"] == 3


def test_a_process_that_remembers_nothing_finds_it_again(bench: LambdaBench) -> None:
    """By the row's own id, or without one by the mark."""
    rollout = bench.launched(10)
    fresh = bench.fresh_driver()
    for one in (rollout, rollout.but(seen=None)):
        course = fresh.observe([one])[1].course
        assert course is not None and course.id == bench.course(rollout).id


def test_one_that_cannot_be_read_does_not_hide_the_others(bench: LambdaBench) -> None:
    """A group that is gone is that rollout's own trouble."""
    gone = bench.accepted(number=1)
    settings = {**gone.terms.settings, "group": "gone"}
    gone = gone.but(terms=gone.terms.model_copy(update={"settings": settings}))
    looks = bench.driver.look([gone, bench.accepted(number=2)])
    assert isinstance(looks[1], TargetError) and "ListDeployments" in looks[1].fact
    assert not isinstance(looks[2], TargetError)
    broken = gone.but(terms=gone.terms.model_copy(update={"settings": {"kind": "codedeploy"}}))
    with pytest.raises(TargetError, match="do not fit codedeploy"):
        bench.driver.observe([broken])


def test_reads_that_fail_are_the_rollouts_trouble(bench: LambdaBench) -> None:
    """Blind, with the operation named, whichever read it was."""
    rollout = bench.launched(10)
    for operation in ("BatchGetDeployments", "BatchGetDeploymentTargets"):
        bench.cloud.knobs.deny(f"codedeploy:{operation}")
        look = bench.driver.look([rollout])[1]
        assert isinstance(look, TargetError) and operation in look.fact
        bench.cloud.knobs.clear_faults()


def test_somebody_elses_weights_are_seen(bench: LambdaBench) -> None:
    """The alias says who gets what, not the deployment."""
    rollout = bench.launched(10)
    bench.cloud.knobs.publish_good()
    bench.cloud.knobs.edit_weights("my-app", "live", {"3": 100})
    seen = bench.seen(rollout)
    assert seen.percent is None and seen.foreign == "3: 100 %"


# --- the rest of the contract


def test_actions_that_aws_does_by_itself_are_no_calls(bench: LambdaBench) -> None:
    """Shift says so and fails; Retire and Finish have nothing to do."""
    rollout = bench.accepted()
    bench.cloud.log.clear()
    assert bench.do(rollout, Shift(percent=10)).state == "failed"
    assert "AWS moves the traffic by itself" in bench.do(rollout, Shift(percent=10)).text
    for action in (Retire(side="stable"), Finish()):
        assert bench.do(rollout, action).state == "done"
    assert not bench.cloud.log.calls


def test_a_release_that_is_neither_side_is_not_launched(bench: LambdaBench) -> None:
    """A launch of something else is refused before anything is asked."""
    rollout = bench.accepted()
    bench.cloud.log.clear()
    assert bench.do(rollout, Launch(release="9")).state == "failed" and not bench.cloud.log.calls
    assert bench.launch(rollout.but(stable=None)).state == "failed"


def test_a_continue_where_nothing_waits_is_done_without_a_call(bench: LambdaBench) -> None:
    """Whatever it was asked for, it is past it."""
    rollout = bench.launched(10)
    bench.cloud.log.clear()
    for wait in ("READY_WAIT", "TERMINATION_WAIT", "nonsense"):
        assert bench.go_on(rollout, wait).state == "done"
    assert bench.cloud.log.applied == []


def test_a_very_long_release_is_told_apart_still(bench: LambdaBench) -> None:
    """A description takes 256 characters: what is cut is for people, the token stands."""
    long = bench.accepted().but(candidate=Release(id="2" * 1000))
    outcome = bench.do(long, Launch(release="2" * 1000))
    assert outcome.state == "done"
    assert len(bench.created()[0].parameters["description"]) <= 256
    assert bench.course(long).state in ("running", "failed")
    assert bench.do(long, Launch(release="2" * 1000)).state == "done" and len(bench.created()) == 1


def test_every_call_stands_in_its_table(bench: LambdaBench) -> None:
    """What Lambda's deployments need is in the table of permissions, and nothing is called that is not."""
    rollout = bench.looked(bench.accepted(schedule="20% 2m, 100%"))
    bench.driver.prepare(rollout)
    bench.launch(rollout)
    bench.cloud.step(10)
    bench.stop(bench.looked(rollout))
    log = bench.cloud.log
    called = {*log.reads, *log.refused, *(entry.name for entry in log.applied if "Lambda" not in entry.caller)}
    needed = {name for name in bench.driver.operations if name.split(":")[0] in ("codedeploy", "lambda", "cloudwatch")}
    assert called - {"lambda:UpdateAlias"} <= needed
    assert needed - called - IMPLIED == {
        "codedeploy:ContinueDeployment", "codedeploy:ListApplications", "codedeploy:ListDeploymentGroups",
        "codedeploy:ListDeploymentConfigs",
    }  # fmt: skip


def test_a_number_that_begins_anew_is_another_rollout(bench: LambdaBench) -> None:
    """After a new database #1 comes again: what the old #1 deployed minutes ago is not its own."""
    first = bench.launched(5)
    bench.stop(first)
    bench.cloud.step(60)
    second = first.but(created_at=bench.clock.now(), seen=None)
    assert bench.course(second).state == "none"
    assert bench.launch(second).state == "done" and len(bench.created()) == 2


def test_a_mark_in_another_group_is_not_ours(bench: LambdaBench) -> None:
    """A16: a description can be copied; application and group must be ours, too."""
    rollout = bench.launched(5)
    target = CodeDeployTarget.model_validate(bench.settings)
    row = Deployment.model_validate(bench.info(rollout))
    assert is_for(row, rollout, target, "2") and not is_for(row, rollout, target, "1")
    for change in ({"deployment_group_name": "other"}, {"application_name": "other"}):
        other = row.model_copy(update=change)
        assert not is_for(other, rollout, target, "2")
        assert story_of(Want(rollout, target), [other]).ours is None


def test_a_stop_needs_no_targets_and_no_list(bench: LambdaBench) -> None:
    """S4: what is only looked at must not hold a rollback: one read and the stop, whatever else is throttled."""
    rollout = bench.launched(10)
    for operation in ("ListDeployments", "ListDeploymentTargets", "BatchGetDeploymentTargets", "GetDeploymentConfig"):
        bench.cloud.knobs.deny(f"codedeploy:{operation}")
    bench.cloud.log.clear()
    assert bench.stop(rollout).state == "done"
    assert bench.reads() == {"codedeploy:BatchGetDeployments": 1} and not bench.cloud.log.refused


def test_a_group_that_may_not_be_read_hides_no_other(bench: LambdaBench) -> None:
    """IAM refuses a batch as a whole: each is asked for by itself then; in an outage nothing is asked for more."""
    rollout = bench.launched(10)
    both = [rollout, rollout.but(id=2)]
    bench.cloud.knobs.deny("codedeploy:BatchGetDeployments", times=2)
    looks = bench.driver.look(both)
    assert isinstance(looks[1], TargetError) and not isinstance(looks[2], TargetError)
    bench.cloud.log.clear()
    bench.cloud.knobs.outage("codedeploy:BatchGetDeployments")
    assert all(isinstance(look, TargetError) and look.kind == "transient" for look in bench.driver.look(both).values())
    assert bench.cloud.log.refused["codedeploy:BatchGetDeployments"] == 3


def test_the_end_is_seen_without_its_targets(bench: LambdaBench) -> None:
    """What has ended is known by its own row: nothing else may keep a way back from being seen as home."""
    rollout = bench.launched(10)
    bench.stop(rollout)
    bench.cloud.step(60)
    fresh = bench.fresh_driver()
    bench.cloud.knobs.deny("codedeploy:ListDeploymentTargets")
    seen = fresh.observe([rollout])[1]
    assert seen.course is not None and (seen.course.state, seen.percent) == ("back", 0)


def test_a_group_that_was_deleted_meanwhile_starts_nothing(bench: LambdaBench) -> None:
    """Failed, with those that there are; not unknown."""
    rollout = bench.looked(bench.accepted())
    answer: Any = {"deployments": []}
    groups = bench.cloud.world.codedeploy.groups.groups
    groups.clear()
    with answers(bench.sessions, "codedeploy", "ListDeployments", answer):
        outcome = bench.launch(rollout)
    assert outcome.state == "failed" and "no deployment group my-app" in outcome.text


@pytest.mark.parametrize("status", [*stop_statuses(), "SomethingNew"])
def test_every_answer_to_a_stop_is_one(bench: LambdaBench, status: str) -> None:
    """Pending or over, it was taken; an answer without a status is none."""
    rollout = bench.launched(10)
    with answers(bench.sessions, "codedeploy", "StopDeployment", {"status": status}):
        outcome = bench.stop(rollout)
    assert outcome.state == "done" and status in outcome.text
    with answers(bench.sessions, "codedeploy", "StopDeployment", {}):
        assert bench.stop(rollout).state == "unknown"


def test_a_clock_that_is_ahead_finds_its_own(bench: LambdaBench) -> None:
    """Ours may be ten minutes ahead of AWS's: the deployment seems older than the rollout that started it."""
    ahead = bench.accepted()
    ahead = ahead.but(created_at=ahead.created_at + timedelta(minutes=10))
    assert bench.launch(ahead).state == "done"
    bench.fail()
    assert bench.launch(ahead).state == "done" and len(bench.created()) == 1


def test_ours_is_found_on_the_last_page(bench: LambdaBench) -> None:
    """A busy group lists by pages, the newest first; a list without an end is given up."""
    rollout = bench.launched(5)
    bench.stop(rollout)
    bench.cloud.step(30)
    mine = bench.group.deployments[0]
    for _ in range(60):
        bench.engine.remember(bench.group, mine.config, mine.asked | {"description": ""}, mine.created + 20)
    course = bench.course(rollout.but(seen=None))
    assert (course.id, course.state) == (mine.id, "back")
    endless: Any = {"deployments": ["d-1"], "nextToken": "again"}
    with answers(bench.sessions, "codedeploy", "ListDeployments", endless), pytest.raises(TargetError, match="pages"):
        bench.looked(rollout)


def test_a_list_that_lags_behind_a_quick_end_starts_nothing_twice(bench: LambdaBench) -> None:
    """Taken, never answered, failed, and not listed yet: the group itself names its last deployment."""
    bench.engine.hides = 9
    rollout = bench.looked(bench.accepted())
    bench.cloud.knobs.lost_reply(CREATE)
    assert bench.launch(rollout).state == "unknown"
    bench.fail()
    again = bench.launch(rollout)
    assert again.state == "done" and "was started already" in again.text and len(bench.created()) == 1


def test_a_stop_of_what_has_just_ended_is_read_once_more(bench: LambdaBench) -> None:
    """AWS says that it is over: done where it is seen so, failed where AWS contradicts itself."""
    rollout = bench.launched(10)
    running = bench.info(rollout)
    bench.stop(rollout)
    bench.cloud.step(10)
    rows = [{"deploymentsInfo": [row]} for row in (running, bench.info(rollout))]
    with answers(bench.sessions, "codedeploy", "BatchGetDeployments", *rows):
        outcome = bench.stop(rollout)
    assert (outcome.state, outcome.text) == ("done", "it has ended in between") and outcome.request_id
    with answers(bench.sessions, "codedeploy", "BatchGetDeployments", rows[0]):
        assert bench.stop(rollout).state == "failed"


def test_a_way_back_of_aws_is_in_the_way_of_ours(bench: LambdaBench) -> None:
    """Asked for in the seconds in which AWS goes back by itself, nothing is started beside it."""
    rollout = bench.launched(10)
    bench.stop(rollout)
    bench.cloud.step(2)
    while len(bench.group.deployments) == 1:
        bench.cloud.step(1)
    bench.cloud.log.clear()
    outcome = bench.launch(rollout, bench.stable)
    assert outcome.state == "failed" and "codeDeployRollback" in outcome.text and bench.created() == []
    outcome = bench.launch(rollout)
    assert outcome.state == "done" and bench.created() == []


def test_a_configuration_that_may_not_be_read_starts_nothing(bench: LambdaBench) -> None:
    """Neither made blindly nor deployed without it."""
    rollout = bench.looked(bench.accepted(schedule="20% 2m, 100%"))
    for operation in ("codedeploy:GetDeploymentConfig", CONFIG):
        bench.cloud.knobs.deny(operation)
        outcome = bench.launch(rollout)
        assert outcome.state == "failed" and operation in outcome.hint
        bench.cloud.knobs.clear_faults()
    assert bench.cloud.log.applied == []
