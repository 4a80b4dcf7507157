from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.codedeploy_course import Story
from aws.codedeploy_ecs_look import seen_of, serving
from aws.codedeploy_ground import Asked, Sides
from aws.codedeploy_look import Want, story_of
from aws.codedeploy_mark import mark
from aws.codedeploy_replies import Deployment, TargetRow
from aws.codedeploy_target import CodeDeployTarget
from aws.ecs_replies import Fleet
from rollout.actions import Stop
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Release
from rollout.terms import Terms

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SETTINGS = {
    "kind": "codedeploy", "application": "shop", "group": "shop", "platform": "ecs", "region": "eu-central-1",
    "cluster": "shop", "service": "shop",
}  # fmt: skip
TARGET = CodeDeployTarget.model_validate(SETTINGS)
ROLLOUT = Rollout(
    id=1, app="shop", env="prod", kind="codedeploy", by=Actor(id="U0ANA"), created_at=NOON, phase_at=NOON,
    gate_from=NOON, terms=Terms(plan=Plan.parse("watch", "watch"), settings=SETTINGS),
    stable=Release(id="v1", pinned={"task_definition": "td/shop:1"}),
    candidate=Release(id="v2", pinned={"task_definition": "td/shop:2"}),
)  # fmt: skip
WANT = Want(ROLLOUT, TARGET)


def row(number: int, release: str = "", minute: int = 0, status: str = "InProgress", **more: Any) -> Deployment:
    """One of the group; with a release it is ours."""
    return Deployment.model_validate({
        "deploymentId": f"d-{number}", "applicationName": "shop", "deploymentGroupName": "shop", "status": status,
        "createTime": NOON + timedelta(minutes=minute), "creator": "user",
        "description": mark(ROLLOUT, release, "k") if release else "nightly", **more,
    })  # fmt: skip


# --- which deployment is what


def test_the_newest_of_ours_is_the_story() -> None:
    """By the time of its creation, not by its id or its place in the list."""
    rows = [row(9, "v2", 1, "Succeeded"), row(1, "v1", 5)]
    for order in (rows, rows[::-1]):
        story = story_of(WANT, order)
        assert story.ours is not None and (story.ours.deployment_id, story.release) == ("d-1", "v1")
        assert story.goes_back and story.foreign == ""


@pytest.mark.parametrize("known", ["by both", "by the first", "by the second"])
def test_the_way_back_is_found_by_either_link(known: str) -> None:
    """AWS's two rows are not written in one moment."""
    links: tuple[Any, Any] = ({"rollbackDeploymentId": "d-2"}, {"rollbackTriggeringDeploymentId": "d-1"})
    first, second = ({"rollbackInfo": link} for link in links)
    first, second = ({} if known == "by the second" else first, {} if known == "by the first" else second)
    story = story_of(WANT, [row(1, "v2", 1, "Stopped", **first), row(2, "", 2, **second)])
    assert story.back is not None and story.back.deployment_id == "d-2" and story.moving is story.back
    assert story.foreign == ""


def test_what_is_under_way_and_not_ours_is_foreign() -> None:
    """Ours is not, nor what has ended; the other one is named with who started it."""
    story = story_of(WANT, [row(1, "v2"), row(2), row(3, status="Succeeded")])
    assert story.foreign == "d-2 (InProgress, started by user: nightly)"
    assert story_of(WANT, [row(2, status="Failed")]).foreign == ""


def test_a_stop_of_ours_is_known_by_what_the_rollout_asked_for_last() -> None:
    """One that asked for something else since has not stopped it."""
    stop = Stop()
    asked = ROLLOUT.but(asked_what=f"{stop.kind} {stop.arg}")
    assert story_of(Want(asked, TARGET), [row(1, "v2", 1, "Stopped")]).told_back
    assert not story_of(Want(asked.but(asked_what="launch v2"), TARGET), [row(1, "v2", 1, "Stopped")]).told_back


def test_without_releases_there_is_no_story() -> None:
    """A rollout that was never prepared has nothing to look for."""
    with pytest.raises(TargetError, match="no stable and candidate"):
        story_of(Want(ROLLOUT.but(candidate=None), TARGET), [row(1, "v2")])


# --- who gets what on ECS


def fleet(primary: int = 1, other: int = 2, **more: Any) -> Fleet:
    """The service with two task sets; the first one is that of the given revision and serves."""
    sets = [
        {"id": f"ecs-svc/{n}", "status": status, "taskDefinition": f"td/shop:{n}", "computedDesiredCount": 3,
         "runningCount": 3, "stabilityStatus": "STEADY_STATE"}
        for n, status in ((primary, "PRIMARY"), (other, "ACTIVE"))
    ]  # fmt: skip
    return Fleet.model_validate({
        "serviceName": "shop", "status": "ACTIVE", "desiredCount": 3, "runningCount": 6,
        "taskDefinition": "td/shop:1", "taskSets": sets, **more,
    })  # fmt: skip


def weights(**shares: float) -> tuple[TargetRow, ...]:
    """What CodeDeploy shows, by task set and label: `Blue1=90`."""
    sets = [
        {"identifer": f"ecs-svc/{name[-1]}", "taskSetLabel": name[:-1], "trafficWeight": share}
        for name, share in shares.items()
    ]
    return (TargetRow.model_validate({"taskSetsInfo": sets}),)


def see(story: Story, service: Fleet) -> Sides:
    def runs(arn: str, release: Release) -> bool:
        return release.pinned["task_definition"] == arn

    return seen_of(Asked(ROLLOUT, TARGET, story), service, runs)


@pytest.mark.parametrize(
    ("shares", "percent"),
    [
        ({"Blue1": 100.0}, 0), ({"Blue1": 90.0, "Green2": 10.0}, 10), ({"Green2": 100.0}, 100),
        ({"Blue1": 99.6, "Green2": 0.4}, 1), ({"Blue1": 0.4, "Green2": 99.6}, 99),
    ],
)  # fmt: skip
def test_weights_are_those_of_the_task_sets(shares: dict[str, float], percent: int) -> None:
    """By what each task set runs; neither end is said before it is reached."""
    assert see(Story(row(1, "v2"), "v2", targets=weights(**shares)), fleet()).percent == percent


def test_labels_are_not_believed_where_the_task_definition_is_known() -> None:
    """On a way back AWS may call either one green."""
    back = Story(row(1, "v2", status="Stopped"), "v2", back=row(2), targets=weights(Green1=100.0))
    assert see(back, fleet()).percent == 0


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_what_ended_in_the_middle_left_its_share(status: str) -> None:
    """Nobody moved the traffic after it: blue is still the primary one, and green keeps what it got."""
    ended = Story(row(1, "v2", status=status), "v2", targets=weights(Blue1=90.0, Green2=10.0))
    assert see(ended, fleet()).percent == 10 == see(ended, fleet(taskSets=[])).percent
    back = Story(row(1, "v2", status="Stopped"), "v2", back=row(2, status=status), targets=weights(Green2=60, Blue1=40))
    assert see(back, fleet()).percent == 60
    again = Story(row(1, "v1", status=status), "v1", goes_back=True, targets=weights(Blue2=10.0, Green1=90.0))
    assert see(again, fleet(2, 1)).percent == 10


def test_after_somebody_elses_deployment_ours_says_nothing_of_weights() -> None:
    """A task set serves that ours never had: its weights are old. What ended well left the primary one everything."""
    ended = Story(row(1, "v2", status="Stopped"), "v2", targets=weights(Blue8=90.0, Green2=10.0))
    assert see(ended, fleet()).percent == 0 and see(ended, fleet(7)).foreign == "shop:7: 100 %"
    assert see(ended._replace(ours=row(1, "v2", status="Succeeded")), fleet(2, 1)).percent == 100
    assert see(ended._replace(foreign="d-9 (InProgress, started by user)"), fleet()).percent is None


@pytest.mark.parametrize("status", ["InProgress", "Failed", "Stopped"])
def test_without_weights_a_share_is_known_before_the_traffic_moves(status: str) -> None:
    """Nothing begun is 0 %. Begun, not read, or on the way back from somewhere: not known, which is not 0."""
    ours = Story(row(1, "v2", status=status), "v2")
    assert see(ours, fleet()).percent == 0
    allow = {"lifecycleEventName": "AllowTraffic", "status": "Failed"}
    begun = TargetRow.model_validate({"lifecycleEvents": [allow]})
    skipped = TargetRow.model_validate({"lifecycleEvents": [{**allow, "status": "Skipped"}]})
    assert see(ours._replace(targets=(skipped,)), fleet()).percent == 0
    for unknown in (
        ours._replace(targets=(begun,)), ours._replace(unread=True), ours._replace(back=row(2, status=status)),
        Story(row(1, "v1", status=status), "v1", goes_back=True),
    ):  # fmt: skip
        sides = see(unknown, fleet())
        assert (sides.percent, sides.foreign) == (None, "")


@pytest.mark.parametrize(("release", "back", "percent"), [("v2", None, 30), ("v1", None, 70), ("v2", row(2), 70)])
def test_a_task_set_that_is_gone_is_known_by_its_label(release: str, back: Deployment | None, percent: int) -> None:
    """Green is what the deployment brings: the candidate, or on a way back the stable one."""
    story = Story(row(1, release), release, release == "v1", back, weights(Blue8=70.0, Green9=30.0))
    assert see(story, fleet()).percent == percent


def test_a_third_release_is_foreign() -> None:
    """The share is not known then, and the text says who gets what."""
    sides = see(Story(row(1, "v2"), "v2", targets=weights(Blue1=60.0, Green7=40.0)), fleet(1, 7))
    assert (sides.percent, sides.foreign) == (None, "v1: 60 %, shop:7: 40 %")


def test_health_is_that_of_the_sides_own_task_set() -> None:
    """All tasks run and steady: healthy; fewer: counted and coming; draining ones are no side any more."""
    sides = see(Story(row(1, "v2"), "v2"), fleet())
    assert (sides.stable.state, sides.candidate.state) == ("healthy", "healthy")
    sets = [dict(one) for one in fleet().task_sets]
    sets[1] |= {"runningCount": 1, "stabilityStatus": "STABILIZING"}
    coming = see(Story(row(1, "v2"), "v2"), fleet(taskSets=sets)).candidate
    assert (coming.state, coming.coming, coming.text) == ("unknown", True, "v2: 1 of 3 tasks run")
    sets[1] |= {"status": "DRAINING"}
    assert see(Story(row(1, "v2"), "v2"), fleet(taskSets=sets)).candidate.text == "v2 has no tasks"


def test_a_service_without_tasks_serves_nothing() -> None:
    """It says so; one that never deployed by CodeDeploy serves its own definition."""
    assert serving(fleet(taskSets=[])) == "td/shop:1"
    with pytest.raises(TargetError, match="runs no task definition"):
        serving(fleet(taskSets=[], taskDefinition=""))
