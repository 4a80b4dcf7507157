import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import botocore.session
import pytest

from aws.codedeploy_course import PROMISED, STAGES, Story, course_of
from aws.codedeploy_replies import ACTIVE, ENDED, Deployment, TargetRow
from aws.codedeploy_server_look import share_of
from rollout.course import Course, CourseStage

MODEL = botocore.session.get_session().get_service_model("codedeploy")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVENTS = ("BeforeInstall", "Install", "AfterInstall", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")


def enum(shape: str) -> list[str]:
    """Every word that AWS has for something, from botocore's own model."""
    found: Any = MODEL.shape_for(shape)
    return list(found.enum)


def deployment(status: str = "InProgress", number: int = 1, **more: Any) -> Deployment:
    return Deployment.model_validate({
        "deploymentId": f"d-{number}", "applicationName": "my-app", "deploymentGroupName": "prod", "status": status,
        "createTime": NOON, **more,
    })  # fmt: skip


def green(done: int = 6, minute: int = 10, **more: Any) -> TargetRow:
    """A target whose first events are through, the last of them at that minute."""
    events = [
        {"lifecycleEventName": name, "status": "Succeeded" if n < done else "InProgress" if n == done else "Pending",
         **({"endTime": NOON + timedelta(minutes=minute - done + n + 1)} if n < done else {})}
        for n, name in enumerate(EVENTS)
    ]  # fmt: skip
    return TargetRow.model_validate({"lifecycleEvents": events, **more})


def settings(ready: int = 0, then: str = "STOP_DEPLOYMENT", terminate: int = 0) -> dict[str, Any]:
    return {"blueGreenDeploymentConfiguration": {
        "deploymentReadyOption": {"actionOnTimeout": then, "waitTimeInMinutes": ready},
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": terminate},
    }}  # fmt: skip


ROLLBACK: dict[str, Any] = {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}}
ON_ALARM: dict[str, Any] = {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]}}


def state(ours: Deployment, percent: int | None = 10, minutes: float = 1, **story: Any) -> str:
    return course_of(Story(ours, "2", **story), percent, NOON + timedelta(minutes=minutes)).state


# --- every word that AWS has


def test_every_deployment_status_is_one_of_ours() -> None:
    """No status of CodeDeploy's is forgotten, none is both under way and over."""
    assert set(enum("DeploymentStatus")) == ACTIVE | ENDED and not ACTIVE & ENDED


@pytest.mark.parametrize("status", [*enum("DeploymentStatus"), "SomethingNew"])
@pytest.mark.parametrize("goes_back", [False, True])
def test_every_status_has_a_state(status: str, goes_back: bool) -> None:
    """Whatever CodeDeploy says, the course says one definite thing; what nobody knows yet counts as under way."""
    forward = {"Succeeded": "done", "Failed": "failed", "Stopped": "going_back", "Ready": "waiting"}
    home = {"Succeeded": "back", "Failed": "failed", "Stopped": "failed", "Ready": "failed"}
    known = home if goes_back else forward
    expected = known.get(status, "going_back" if goes_back else "running")
    assert state(deployment(status, **settings(ready=60)), goes_back=goes_back, told_back=True) == expected


@pytest.mark.parametrize("status", [*enum("LifecycleEventStatus"), "SomethingNew"])
@pytest.mark.parametrize("began", [False, True])
def test_every_event_status_is_a_stage(status: str, began: bool) -> None:
    """Lifecycle events of every status are done, now, next or failed; an unknown one is now once it began."""
    event = {"lifecycleEventName": "Install", "status": status, **({"startTime": NOON} if began else {})}
    row = TargetRow.model_validate({"lifecycleEvents": [event]})
    [stage] = course_of(Story(deployment(), targets=(row,)), 0, NOON).stages
    known = {"Pending": "next", "InProgress": "now", "Succeeded": "done", "Skipped": "done", "Failed": "failed"}
    assert stage.state == known.get(status, "now" if began else "next")
    assert STAGES.keys() == set(enum("LifecycleEventStatus"))


@pytest.mark.parametrize("code", [*enum("ErrorCode"), "SOMETHING_NEW", ""])
@pytest.mark.parametrize("ended", ["Failed", "Stopped"])
def test_every_error_code_ends_in_words(code: str, ended: str) -> None:
    """All reasons that CodeDeploy has are passed on in its own words, and none of them is taken for success."""
    error: dict[str, Any] = {"errorInformation": {"code": code, "message": "what AWS says"}} if code else {}
    course = course_of(Story(deployment(ended, **error), "2"), 10, NOON + timedelta(hours=1))
    assert course.state == "failed" and course.wait is None
    assert course.reason == (f"{code}: what AWS says" if code else "")


@pytest.mark.parametrize("status", [*enum("TargetStatus"), "SomethingNew"])
def test_no_target_status_ends_a_course(status: str) -> None:
    """A target may be done or failed while the deployment is not: only the deployment's own status ends it."""
    assert state(deployment(), targets=(green(3, status=status),)) == "running"


@pytest.mark.parametrize("creator", enum("DeploymentCreator"))
def test_no_creator_is_taken_for_us(creator: str) -> None:
    """Who started it plays no part for what it is; AWS's way back is known by its link."""
    assert state(deployment(creator=creator)) == "running"


def test_a_deployment_that_never_moves_keeps_its_fingerprint() -> None:
    """A14: nothing but the clock changes while AWS hangs, so that the machine sees that it hangs."""
    hangs = Story(deployment(), "2", targets=(green(2),), interval=15)
    looks = [course_of(hangs, 10, NOON + timedelta(minutes=n)) for n in (0, 60, 6000)]
    assert len({look.fingerprint for look in looks}) == 1 and looks[0].patience == timedelta(minutes=15)
    moved = course_of(hangs._replace(targets=(green(3),)), 10, NOON)
    assert moved.fingerprint != looks[0].fingerprint


# --- waits


@pytest.mark.parametrize(("action", "then"), [("STOP_DEPLOYMENT", "goes_back"), ("CONTINUE_DEPLOYMENT", "goes_on")])
def test_the_wait_before_traffic(action: str, then: str) -> None:
    """Ready: it says until when AWS waits, counted from the last thing that ended, and what AWS does then."""
    waits = deployment("Ready", **settings(ready=30, then=action))
    course = course_of(Story(waits, "2", targets=(green(3),)), 0, NOON + timedelta(minutes=12))
    assert course.state == "waiting" and course.wait is not None
    assert (course.wait.id, course.wait.kind, course.wait.then) == ("READY_WAIT", "shift", then)
    assert course.wait.until == NOON + timedelta(minutes=40)
    assert course.patience == timedelta(minutes=30)


@pytest.mark.parametrize("how", ["flag", "Baking", "events", "Ready"])
def test_the_wait_before_the_old_side_goes(how: str) -> None:
    """AWS has said it by a flag, by a status and not at all: after the last event it is the same wait."""
    told: dict[str, Any] = {"flag": {"instanceTerminationWaitTimeStarted": True}}.get(how, {})
    status = how if how in ("Baking", "Ready") else "InProgress"
    targets = () if how in ("flag", "Baking") else (green(6),)
    waits = deployment(status, **settings(terminate=60), **told)
    course = course_of(Story(waits, "2", targets=targets), 100, NOON + timedelta(minutes=12))
    assert course.state == "waiting" and course.wait is not None
    assert (course.wait.id, course.wait.kind, course.wait.then) == ("TERMINATION_WAIT", "remove", "goes_on")
    assert course.wait.until == (NOON + timedelta(minutes=70) if targets else None)


def test_a_wait_that_is_over_is_none() -> None:
    """While AWS removes the old side nothing waits for anybody any more."""
    ends = deployment(**settings(terminate=5), instanceTerminationWaitTimeStarted=True)
    assert state(ends, 100, minutes=14, targets=(green(6),)) == "waiting"
    assert state(ends, 100, minutes=15, targets=(green(6),)) == "running"


def test_nothing_waits_where_nothing_is_kept() -> None:
    """A group that removes the old side at once has no such wait."""
    assert state(deployment(**settings()), 100, minutes=12, targets=(green(6),)) == "running"


# --- the way back


def test_what_aws_was_told_to_take_back_is_going_back_before_it_shows() -> None:
    """S4: right after a stop nobody may take it for failed, for then a second way back would be started."""
    events = {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_REQUEST"]}
    on_request: dict[str, Any] = {"autoRollbackConfiguration": events}
    for ours, told in (
        (deployment("Stopped"), True),
        (deployment("Stopped", **on_request), False),
        (deployment("Failed", **ROLLBACK), False),
        (deployment("Stopped", errorInformation={"code": "ALARM_ACTIVE"}, **ON_ALARM), False),
    ):
        ended = ours.model_copy(update={"complete_time": NOON})
        assert state(ended, minutes=1, told_back=told) == "going_back"
        assert state(ended, minutes=PROMISED.total_seconds() / 60, told_back=told) == "failed"


def test_somebody_elses_stop_promises_little() -> None:
    """With a rollback that shows in seconds; without one nobody waits for it for minutes while the bad one serves."""
    stopped = deployment("Stopped", completeTime=NOON, errorInformation={"code": "MANUAL_STOP"})
    assert [state(stopped, minutes=minutes) for minutes in (0.4, 0.5, 1)] == ["going_back", "failed", "failed"]


@pytest.mark.parametrize(
    "ours",
    [
        deployment("Failed"),
        deployment("Failed", **ON_ALARM),
        deployment("Stopped", errorInformation={"code": "ALARM_ACTIVE"}, **ROLLBACK),
        deployment("Failed", rollbackInfo={"rollbackMessage": "there is no last revision"}, **ROLLBACK),
    ],
)
def test_what_aws_leaves_where_it_is_has_failed(ours: Deployment) -> None:
    """Where nobody told AWS to go back, or it says that it cannot, waiting for it would be for ever."""
    assert state(ours, minutes=0) == "failed"


def test_a_failure_before_any_traffic_has_nothing_to_put_back() -> None:
    """Everything is on the old side: it is home already."""
    assert state(deployment("Failed"), 0) == "back"
    assert state(deployment("Failed"), None) == "failed"


@pytest.mark.parametrize("status", enum("DeploymentStatus"))
def test_the_way_back_is_followed_to_its_end(status: str) -> None:
    """AWS's own way back is a deployment of its own; only its success is home."""
    ours = deployment("Failed", rollbackInfo={"rollbackDeploymentId": "d-2"})
    expected = {"Succeeded": "back", "Failed": "failed", "Stopped": "failed"}.get(status, "going_back")
    back = deployment(status, 2, errorInformation={"code": "TIMEOUT"})
    assert state(ours, back=back) == expected
    assert state(ours) == "going_back"  # its row could not be read
    course = course_of(Story(ours, "2", back=back), 10, NOON)
    assert (course.id, course.text.split(", ")[:2], course.reason) == ("d-1", ["d-2", status], "TIMEOUT")


def test_our_own_way_back_that_waits_for_a_word_does_not_pass_for_going() -> None:
    """Nobody would answer that wait: it counts as failed, and the launch asked for again answers it."""
    waits = deployment("Ready", **settings(ready=60))
    course = course_of(Story(waits, "1", goes_back=True, targets=(green(3),)), 100, NOON)
    assert course.state == "failed" and "waits for a word" in course.reason
    removes = deployment("InProgress", **settings(terminate=60))
    assert state(removes, 0, goes_back=True, targets=(green(6, minute=0),)) == "back"


def test_a_failed_way_back_of_ours_is_no_promise() -> None:
    """AWS would take it back to what served last, which is the bad release: it is not told to, and not waited for."""
    assert state(deployment("Failed", **ROLLBACK), 100, minutes=0, goes_back=True) == "failed"


def test_nothing_of_ours_is_no_course() -> None:
    """Without a deployment there is nothing but what others do."""
    assert course_of(Story(None, foreign="d-9"), 0, NOON) == Course(state="none", foreign="d-9")


# --- several targets


def test_stages_of_several_targets_are_the_least_of_each() -> None:
    """One instance that failed is seen, one that lags keeps the stage at now."""
    def stages(*states: str) -> tuple[CourseStage, ...]:
        rows = [{"lifecycleEvents": [{"lifecycleEventName": "Install", "status": one}]} for one in states]
        return course_of(Story(deployment(), targets=tuple(map(TargetRow.model_validate, rows))), 0, NOON).stages

    expected = {"Succeeded": "done", "Failed": "failed", "Pending": "next", "InProgress": "now"}
    for one, other in itertools.product(expected, repeat=2):
        [stage] = stages(one, other)
        failed = "Failed" in (one, other)
        assert stage.state == ("failed" if failed else expected[one] if one == other else "now")
    assert set(expected.values()) == set(get_args(CourseStage.model_fields["state"].annotation))


def test_events_of_a_way_back_are_told_from_those_of_the_first_deployment() -> None:
    """Both have an Install, in deployments of their own: whichever is shown is named, AWS's way back by its id."""
    row = TargetRow.model_validate({"lifecycleEvents": [{"lifecycleEventName": "Install", "status": "InProgress"}]})
    stopped, second = deployment("Stopped", **ROLLBACK), deployment("InProgress", deploymentId="d-2")
    forth = course_of(Story(deployment("InProgress"), "2", targets=(row,)), 0, NOON)
    assert ([one.name for one in forth.stages], forth.text) == (["Install"], "InProgress, Install")
    back = course_of(Story(stopped, "2", back=second, targets=(row,)), 10, NOON)
    assert ([one.name for one in back.stages], back.text) == (["back: Install"], "d-2, InProgress, Install")
    ours = course_of(Story(deployment("InProgress"), "1", goes_back=True, targets=(row,)), 10, NOON)
    assert ([one.name for one in ours.stages], ours.text) == (["back: Install"], "InProgress, Install")


# --- shares of instances


def instances(**counts: int) -> dict[str, Any]:
    return {"deploymentOverview": {name[0].upper() + name[1:]: count for name, count in counts.items()}}


@pytest.mark.parametrize(
    ("ours", "percent"),
    [
        (deployment("Created"), 0),
        (deployment(**instances(pending=3)), 0),
        (deployment(**instances(succeeded=1, pending=2)), 33),
        (deployment(**instances(succeeded=1, pending=999)), 1),
        (deployment(**instances(succeeded=999, inProgress=1)), 99),
        (deployment("Succeeded", **instances(succeeded=3)), 100),
        (deployment("Failed", **instances(failed=1, pending=2)), 33),
        (deployment("Stopped", **instances(succeeded=1, inProgress=1, skipped=2)), 50),
    ],
)
def test_the_share_of_instances_in_place(ours: Deployment, percent: int) -> None:
    """Neither end is said before it is reached; after a bad end what was touched counts as new."""
    assert share_of(Story(ours, "2")) == percent


def test_the_share_while_going_back_is_the_most_that_it_can_be() -> None:
    """Instances that the way back has reached are old for sure; 0 only when it has reached all."""
    ours = deployment("Failed", **instances(succeeded=2, failed=1, pending=1))
    for done, expected in ((0, 75), (1, 75), (2, 50), (3, 25), (4, 1)):
        back = deployment("InProgress", 2, **instances(succeeded=done, pending=4 - done))
        assert share_of(Story(ours, "2", back=back)) == expected
    assert share_of(Story(ours, "2", back=deployment("Succeeded", 2))) == 0
    again = deployment(**instances(succeeded=3, pending=1))
    assert share_of(Story(again, "1", goes_back=True)) == 25


def test_the_share_of_a_new_fleet_is_by_who_gets_traffic() -> None:
    """Blue/green: a green instance counts once it is registered, a blue one until it is blocked."""
    style: dict[str, Any] = {"deploymentStyle": {"deploymentType": "BLUE_GREEN"}}

    def row(label: str, event: str, status: str) -> TargetRow:
        events = [{"lifecycleEventName": event, "status": status}]
        return TargetRow.model_validate({"instanceLabel": label, "lifecycleEvents": events})

    ours = deployment(**style)
    rows = (row("Green", "AllowTraffic", "Succeeded"), row("Green", "AllowTraffic", "Pending"),
            row("Blue", "BlockTraffic", "Pending"), row("Blue", "BlockTraffic", "Succeeded"))  # fmt: skip
    assert share_of(Story(ours, "2", targets=rows)) == 50
    assert share_of(Story(ours, "2", targets=rows[1:3])) == 0
    assert share_of(Story(ours, "2")) is None
    assert share_of(Story(deployment("Ready", **style), "2")) == 0
    assert share_of(Story(deployment(instanceTerminationWaitTimeStarted=True, **style), "2")) == 100


BLUE_GREEN: dict[str, Any] = {"deploymentStyle": {"deploymentType": "BLUE_GREEN"}}
ORDER = ("ValidateService", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
OUT = ("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic")


def host(events: tuple[str, ...], done: int, rest: str = "Pending", status: str = "InProgress") -> TargetRow:
    """An instance that is through its first events."""
    told = [
        {"lifecycleEventName": name, "status": "Succeeded" if n < done else rest,
         **({"endTime": NOON + timedelta(minutes=5)} if n < done else {})}
        for n, name in enumerate(events)
    ]  # fmt: skip
    label = "Green" if events is ORDER else "Blue"
    return TargetRow.model_validate({"instanceLabel": label, "status": status, "lifecycleEvents": told})


def crowd(new: tuple[int, ...], old: tuple[int, ...], rest: str = "Pending") -> tuple[TargetRow, ...]:
    """The old ones first, as AWS may list them."""
    return (*(host(OUT, done, rest) for done in old), *(host(ORDER, done, rest) for done in new))


@pytest.mark.parametrize(
    ("new", "old", "rest", "percent"),
    [
        ((1, 0), (0, 0), "Pending", 0),
        ((3, 1), (0, 0), "Pending", 33),
        ((4, 4), (0, 0), "Pending", 50),
        ((4, 4), (3, 0), "Pending", 67),
        ((4, 4), (3, 3), "Pending", 100),
        ((1, 1), (0, 0), "Skipped", 0),  # stopped at its wait: skipped is neither sent nor taken away
        ((4, 1), (0, 0), "Skipped", 33),
        ((4, 4), (3, 0), "Skipped", 67),
    ],
)
def test_the_share_of_a_new_fleet_at_every_point(
    new: tuple[int, int], old: tuple[int, int], rest: str, percent: int
) -> None:
    """What was skipped at a stop has not happened: no traffic came to it, none was taken from it."""
    ours = deployment("Stopped" if rest == "Skipped" else "InProgress", **BLUE_GREEN)
    assert share_of(Story(ours, "2", targets=crowd(new, old, rest))) == percent


def test_the_share_of_a_new_fleet_is_not_said_where_it_is_not_known() -> None:
    """Nothing was read, or nothing is told of the old instances, which may all be there; nothing touched is nothing."""
    ours = deployment(**BLUE_GREEN)
    assert share_of(Story(ours, "2")) is None
    assert share_of(Story(ours, "2", targets=(host(ORDER, 3), host(ORDER, 1)))) is None
    assert share_of(Story(ours, "2", targets=(host(ORDER, 1),))) == 0
    assert share_of(Story(deployment(**BLUE_GREEN, **instances(pending=6)), "2")) == 0
    stopped = deployment("Stopped", **BLUE_GREEN, **instances(skipped=6))
    back = deployment("InProgress", 2, **BLUE_GREEN)
    assert share_of(Story(stopped, "2", back=back, targets=crowd((4, 4), (0, 0)))) == 0
    kept = deployment("Stopped", **BLUE_GREEN, instanceTerminationWaitTimeStarted=True)
    assert [
        share_of(Story(kept, "2", back=back, targets=crowd(new, (0, 0)))) for new in ((2, 2), (3, 1), (4, 4))
    ] == [100, 67, 50]


def test_a_new_fleet_has_all_traffic_when_the_old_one_is_out() -> None:
    """Old instances may drain for minutes after the last new one is in: until then there is no wait to answer."""
    ours = deployment(**settings(terminate=60), **BLUE_GREEN)
    for old, expected in (((0, 0), "running"), ((3, 2), "running"), ((3, 3), "waiting")):
        assert state(ours, 50, minutes=12, targets=crowd((4, 4), old)) == expected
    kept = {"terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE", "terminationWaitTimeInMinutes": 60}}
    ends = deployment(**BLUE_GREEN, blueGreenDeploymentConfiguration=kept)
    assert state(ends, 100, minutes=12, targets=crowd((4, 4), (3, 3))) == "running"


def test_a_new_fleet_is_told_by_what_its_instances_do() -> None:
    """New instances first; the counts of AWS are of both sides together and say nothing."""
    ours = deployment(**BLUE_GREEN, **instances(succeeded=2, pending=2))
    course = course_of(Story(ours, "2", targets=crowd((4, 2), (0, 0))), 33, NOON)
    assert [stage.name for stage in course.stages] == [*ORDER, *OUT]
    assert course.text == "InProgress, AllowTraffic, 2 of 2 instances ready, 1 get traffic"
    assert course_of(Story(ours, "2"), None, NOON).text == "InProgress"


def test_a_fleet_too_large_to_be_read_is_not_taken_for_whole() -> None:
    """A hundred instances are read, and there may be more: neither its share nor its end is told by them."""
    ours = deployment(**settings(terminate=60), **BLUE_GREEN)
    for many, percent, expected in ((99, 100, "waiting"), (100, None, "running")):
        story = Story(ours, "2", targets=crowd((4,) * (many - 50), (3,) * 50))
        assert share_of(story) == percent and course_of(story, percent, NOON + timedelta(minutes=12)).state == expected


def test_a_way_back_tells_who_gets_traffic_again() -> None:
    """Nothing is installed there, so nothing is said to be ready."""
    rows = [host(OUT, 0), *(host(("BeforeAllowTraffic", "AllowTraffic"), done) for done in (2, 1))]
    course = course_of(Story(deployment("Stopped"), "2", back=deployment(number=2), targets=tuple(rows)), 50, NOON)
    assert course.text == "d-2, InProgress, AllowTraffic, 1 of 2 instances get traffic again"
