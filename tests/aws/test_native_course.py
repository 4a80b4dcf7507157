"""One service deployment as a course: every word of AWS's own lists, shares, stages, waits, reasons. No cloud."""

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest

from aws.native_course import BACKWARD, FORWARD, STAGES, Own, began, course, share_of
from aws.native_replies import ENDED, Native
from rollout.course import Course

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
ARN = "arn:aws:ecs:eu-central-1:123456789012:service-deployment/api/api/abc"
MODEL = botocore.session.get_session().get_service_model("ecs")


def words(shape: str) -> list[str]:
    """One of AWS's lists of words, out of botocore's own model."""
    return [str(word) for word in MODEL.shape_for(shape).metadata["enum"]]


STATUSES = words("ServiceDeploymentStatus")
HOOK_STATUSES = words("DeploymentLifecycleHookStatus")


def native(status: str = "IN_PROGRESS", stage: str = "", weight: float | None = None, **more: Any) -> Native:
    """As DescribeServiceDeployments shows one, by CANARY unless told otherwise."""
    target = {"arn": "new", "requestedTaskCount": 4, "runningTaskCount": more.pop("new", 4)}
    if weight is not None:
        target["requestedProductionTrafficWeight"] = weight
    return Native.model_validate({
        "serviceDeploymentArn": ARN, "createdAt": AT, "status": status, "lifecycleStage": stage,
        "targetServiceRevision": target,
        "sourceServiceRevisions": [{"arn": "old", "requestedTaskCount": 4, "runningTaskCount": more.pop("old", 4)}],
        "deploymentConfiguration": {"strategy": more.pop("strategy", "CANARY")}, **more,
    })  # fmt: skip


def told(one: Native, *, forward: bool = True, before: Course | None = None) -> Course:
    return course(Own(one, "v2" if forward else "v1", forward=forward), before)


def hook(status: str, **more: Any) -> dict[str, Any]:
    return {"hookId": "h-1", "targetType": "PAUSE", "status": status, **more}


# --- states: every status, both ways


def test_every_status_has_a_meaning_both_ways() -> None:
    """The tables name exactly the statuses that AWS's own model has."""
    assert FORWARD.keys() == BACKWARD.keys() == set(STATUSES)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_an_end_or_it_is_not(status: str) -> None:
    """What ended is never running, waiting or on its way; what has not ended is nothing else."""
    for forward in (True, False):
        state = told(native(status), forward=forward).state
        assert (state in ("done", "back", "failed")) == (status in ENDED), state


@pytest.mark.parametrize(("status", "state"), [
    ("STOP_REQUESTED", "running"), ("ROLLBACK_REQUESTED", "going_back"), ("ROLLBACK_IN_PROGRESS", "going_back"),
    ("ROLLBACK_SUCCESSFUL", "back"), ("ROLLBACK_FAILED", "failed"), ("STOPPED", "failed"), ("SUCCESSFUL", "done"),
])  # fmt: skip
def test_after_a_stop_it_goes_back_until_aws_says_how_that_ended(status: str, state: str) -> None:
    """A rollback that was asked for is never told as a failure before it is one; only a stop is never told as one."""
    assert told(native(status)).state == state


@pytest.mark.parametrize("reason", ["Service deployment was stopped because a newer one was started.", ""])
def test_a_deployment_that_aws_stops_is_not_told_as_going_back(reason: str) -> None:
    """A newer one superseded it: nothing puts the old release back, and AWS's own words say why."""
    course = told(native("STOP_REQUESTED", "PRODUCTION_TRAFFIC_SHIFT", 10, statusReason=reason))
    assert course.text.endswith(f"AWS is stopping it where it is: {reason or 'it does not say why'}")
    assert course.state == "running" and course.reason == ""
    assert told(native("STOPPED", statusReason=reason)).state == "failed"


@pytest.mark.parametrize(("status", "state"), [
    ("PENDING", "going_back"), ("IN_PROGRESS", "going_back"), ("SUCCESSFUL", "back"), ("ROLLBACK_SUCCESSFUL", "failed"),
    ("ROLLBACK_IN_PROGRESS", "going_back"), ("STOPPED", "failed"),
])  # fmt: skip
def test_a_deployment_of_the_old_release_is_the_way_back(status: str, state: str) -> None:
    """It is back when it has succeeded; where AWS undid it the candidate serves again, and it has failed."""
    shown = told(native(status), forward=False)
    assert (shown.state, shown.release) == (state, "v1")


def test_a_way_back_is_over_when_all_traffic_is_home() -> None:
    """The bake that the service is configured with keeps nobody from being home."""
    assert told(native(stage="BAKE_TIME", weight=100), forward=False).state == "back"
    assert told(native(stage="BAKE_TIME", weight=90), forward=False).state == "going_back"
    assert told(native(stage="PRODUCTION_TRAFFIC_SHIFT", weight=100), forward=False).state == "going_back"
    assert told(native("ROLLBACK_IN_PROGRESS", "CLEAN_UP", 100), forward=False).state == "going_back"


def test_a_way_back_that_has_not_begun_tells_no_share() -> None:
    """It has moved nothing: where the traffic is depends on what came before."""
    assert Own(native("PENDING", weight=0), "v1", forward=False).percent is None
    assert Own(native("PENDING"), "v2", forward=True).percent == 0


def test_a_word_that_aws_has_learnt_since_is_no_end() -> None:
    """It is watched: the deadline of watching speaks up, nothing is started or called done."""
    assert told(native("PAUSED_BY_AWS")).state == "running"
    assert told(native("PAUSED_BY_AWS"), forward=False).state == "going_back"


# --- waits: every status of a hook


@pytest.mark.parametrize("status", HOOK_STATUSES)
def test_only_a_hook_that_awaits_an_answer_is_a_wait(status: str) -> None:
    """All other statuses of hooks leave it running."""
    shown = told(native(lifecycleHookDetails=[hook(status)]))
    assert (shown.state == "waiting") == (status == "AWAITING_ACTION") == (shown.wait is not None)


@pytest.mark.parametrize("status", STATUSES)
def test_aws_takes_an_answer_only_while_it_is_in_progress(status: str) -> None:
    """A hook that is left over from before a rollback is no wait."""
    shown = told(native(status, lifecycleHookDetails=[hook("AWAITING_ACTION")]))
    assert (shown.state == "waiting") == (status == "IN_PROGRESS") == (shown.wait is not None)
    assert told(native(status, lifecycleHookDetails=[hook("AWAITING_ACTION")]), forward=False).wait is None


@pytest.mark.parametrize(("action", "then"), [
    *zip(words("DeploymentLifecycleHookAction"), ["goes_back", "goes_on"], strict=True), ("", "unknown"),
    ("EXPLODE", "unknown"),
])  # fmt: skip
def test_what_aws_does_when_nobody_answers(action: str, then: str) -> None:
    """Every action of AWS's list; what it does not say is not guessed."""
    until = AT + timedelta(minutes=60)
    wait = told(native(
        stage="POST_TEST_TRAFFIC_SHIFT", weight=0,
        lifecycleHookDetails=[hook("SUCCEEDED"), hook("AWAITING_ACTION", hookId="h-2", expiresAt=until,
                                                      **({"timeoutAction": action} if action else {}))],
    )).wait  # fmt: skip
    assert wait is not None
    assert (wait.id, wait.kind, wait.until, wait.then) == ("h-2", "shift", until, then)
    assert wait.text == "paused at POST_TEST_TRAFFIC_SHIFT, 0 % of the traffic is on the new release"


# --- shares


@pytest.mark.parametrize("status", STATUSES)
def test_a_weight_is_the_share_until_it_ended(status: str) -> None:
    """Weights of what has ended are a snapshot of some moment: there the end counts."""
    share = share_of(native(status, weight=10))
    assert share == {"SUCCESSFUL": 100, "ROLLBACK_SUCCESSFUL": 0, "PENDING": 0}.get(status, 10)


@pytest.mark.parametrize(("weight", "share"), [
    (0.0, 0), (0.1, 1), (0.5, 1), (12.5, 12), (66.7, 67), (99.4, 99), (99.9, 99), (100.0, 100),
])  # fmt: skip
def test_neither_end_is_said_before_it_is_reached(weight: float, share: int) -> None:
    """Tenths of a percent are rounded, but never to nothing or to everything."""
    assert share_of(native(weight=weight)) == share
    assert Own(native(weight=weight), "v1", forward=False).percent == 100 - share


@pytest.mark.parametrize(("new", "old", "share"), [
    (0, 4, 0), (1, 4, 20), (2, 2, 50), (4, 0, 100), (1, 400, 1), (400, 1, 99), (0, 0, None),
])  # fmt: skip
def test_of_a_rolling_deployment_the_tasks_are_the_share(new: int, old: int, share: int | None) -> None:
    """Traffic follows the tasks; without any nobody knows. A weight that AWS shows beside them is none."""
    assert share_of(native(strategy="ROLLING", new=new, old=old, weight=77)) == share


@pytest.mark.parametrize("stage", words("ServiceDeploymentLifecycleStage"))
def test_without_a_weight_only_the_stages_before_the_shift_say_something(stage: str) -> None:
    """Nothing has moved before PRODUCTION_TRAFFIC_SHIFT; from there on it cannot be known."""
    before = STAGES.index(stage) < STAGES.index("PRODUCTION_TRAFFIC_SHIFT")
    assert share_of(native(stage=stage)) == (0 if before else None)
    assert share_of(native(stage="")) is None


# --- stages, progress


def test_the_stages_are_those_of_aws() -> None:
    """In AWS's order, none forgotten."""
    assert list(STAGES) == words("ServiceDeploymentLifecycleStage")


@pytest.mark.parametrize("stage", words("ServiceDeploymentLifecycleStage"))
def test_where_it_stands(stage: str) -> None:
    """What came before is done, what comes is next; where it was stopped has failed."""
    at = STAGES.index(stage)
    for status, here in (("IN_PROGRESS", "now"), ("STOPPED", "failed"), ("STOP_REQUESTED", "failed")):
        shown = [one.state for one in told(native(status, stage)).stages]
        assert shown == ["done"] * at + [here] + ["next"] * (len(STAGES) - at - 1)
    assert {one.state for one in told(native("SUCCESSFUL", stage)).stages} == {"done"}


@pytest.mark.parametrize("status", [one for one in STATUSES if one.startswith("ROLLBACK_")])
def test_on_a_way_back_only_what_ran_is_shown(status: str) -> None:
    """AWS names the stages of its way back by the same field: CLEAN_UP then says nothing of the new release."""
    was = told(native(stage="PRODUCTION_TRAFFIC_SHIFT", weight=10))
    at = STAGES.index("PRODUCTION_TRAFFIC_SHIFT")
    shown = was
    for stage in ("PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"):
        shown = told(native(status, stage, 0), before=shown)
        assert [one.state for one in shown.stages] == ["done"] * at + ["failed"] + ["next"] * (len(STAGES) - at - 1)
    assert told(native(status, "CLEAN_UP", 0)).stages == ()


def test_a_way_back_of_ours_is_not_taken_for_the_first_deployment() -> None:
    """It is another deployment, and has the same stages: each says so."""
    back = told(native(stage="SCALE_UP"), forward=False)
    assert [one.name for one in back.stages] == [f"back: {name}" for name in STAGES]
    rolling = told(native(strategy="ROLLING", new=2, old=2), forward=False)
    assert [(one.name, one.state) for one in rolling.stages][:3] == [
        ("back: 25 % of tasks", "done"), ("back: 50 % of tasks", "done"), ("back: 75 % of tasks", "next"),
    ]  # fmt: skip


def test_every_step_of_the_traffic_is_progress() -> None:
    """The fingerprint changes with the weight and with the stage, and with nothing else."""
    stage = "PRODUCTION_TRAFFIC_SHIFT"
    prints = [told(native(stage=stage, weight=weight)).fingerprint for weight in (10, 20, 20)]
    assert prints[0] != prints[1] == prints[2]
    assert told(native(stage="BAKE_TIME", weight=20)).fingerprint != prints[2]


@pytest.mark.parametrize("strategy", words("DeploymentStrategy"))
def test_tasks_that_come_and_go_are_no_progress(strategy: str) -> None:
    """A crash loop must not look like one that gets on: a quarter once reached stays reached."""
    shown, prints = None, set()
    for new in (2, 0, 1, 2, 0, 1):
        shown = told(native(stage="SCALE_UP", strategy=strategy, new=new, weight=0), before=shown)
        prints.add(shown.fingerprint)
    assert len(prints) == 1


def test_a_rolling_deployment_tells_its_quarters() -> None:
    """Each is done when so many tasks run the new revision; those of another deployment do not count."""
    first = told(native(strategy="ROLLING", new=2, old=2))
    assert [one.state for one in first.stages] == ["done", "done", "next", "next"]
    other = first.model_copy(update={"id": "arn:another"})
    assert [one.state for one in told(native(strategy="ROLLING", new=0), before=other).stages] == ["next"] * 4


@pytest.mark.parametrize(("configuration", "minutes"), [
    ({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": 30}, "bakeTimeInMinutes": 5}, 35),
    ({"strategy": "LINEAR", "linearConfiguration": {"stepBakeTimeInMinutes": 12}}, 12),
    ({"strategy": "CANARY"}, 10), ({"strategy": "LINEAR"}, 6), ({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 7}, 7),
    ({"strategy": "ROLLING"}, 0),
])  # fmt: skip
def test_patience_is_its_longest_interval_and_the_bake(configuration: dict[str, Any], minutes: int) -> None:
    """So long nothing may rightly change; what is not set is AWS's default."""
    shown = told(native(deploymentConfiguration=configuration))
    assert shown.patience == timedelta(minutes=minutes)


# --- words


@pytest.mark.parametrize("monitor", words("ServiceDeploymentRollbackMonitorsStatus"))
def test_what_aws_watches_is_told(monitor: str) -> None:
    """Counts of the circuit breaker while it runs; alarms and a breaker that brought it back as its reason."""
    more: dict[str, Any] = {
        "deploymentCircuitBreaker": {"status": monitor, "failureCount": 2, "threshold": 3},
        "alarms": {"status": monitor, "alarmNames": ["api-errors"], "triggeredAlarmNames": ["api-errors"]},
        "statusReason": "Service deployment rolled back.", "rollback": {"reason": "Service deployment rolled back."},
    }
    running = told(native(stage="SCALE_UP", weight=0, **more))
    assert running.text == "IN_PROGRESS, SCALE_UP, 0 % of production traffic, circuit breaker 2 of 3 failures"
    assert running.reason == ""
    back = told(native("ROLLBACK_IN_PROGRESS", **more))
    assert back.reason.startswith("Service deployment rolled back.; alarms: api-errors")
    assert ("the circuit breaker was triggered" in back.reason) == (monitor == "TRIGGERED")


@pytest.mark.parametrize(("status", "end"), [("FAILED", "failed"), ("TIMED_OUT", "was not answered in time")])
def test_a_hook_that_ended_badly_is_the_reason(status: str, end: str) -> None:
    """Of a function its name is told, of a pause its id."""
    function = hook(status, targetType="AWS_LAMBDA", targetArn="arn:aws:lambda:eu-central-1:1:function:smoke-test")
    shown = told(native("ROLLBACK_IN_PROGRESS", lifecycleHookDetails=[function, hook(status)]))
    assert shown.reason == f"hook smoke-test {end}; hook h-1 {end}"


def test_a_function_that_runs_is_told() -> None:
    """Who waits for it should know its name."""
    function = hook("IN_PROGRESS", targetType="AWS_LAMBDA", targetArn="arn:aws:lambda:eu-central-1:1:function:smoke")
    assert told(native(stage="POST_SCALE_UP", lifecycleHookDetails=[function])).text.endswith("hook smoke runs")


def test_a_deployment_in_words() -> None:
    """Its id, what it deploys, since when, how far."""
    assert began(native(), "arn:x:task-definition/api:9") == "abc of api:9, begun 2026-01-05 12:00 UTC, IN_PROGRESS"
