"""What an ECS look is judged by, without a cloud: health of a side, limits by role, content of task definitions."""

from typing import Any

import pytest
from botocore.loaders import Loader

from aws.alb_facts import Targets
from aws.ecs_definition import TOLD, Definition, differences
from aws.ecs_reads import alike, made
from aws.ecs_replies import Described, Fleet, Task
from aws.pair_health import Facts, health
from aws.pair_limits import Least, Pins, Side, floor_of
from rollout.errors import TargetError

SEVEN = "arn:aws:ecs:eu-central-1:123456789012:task-definition/shop:7"


def fleet(desired: int = 4, old: int = 0) -> Fleet:
    """A service of so many tasks, some of which run the definition before."""
    deployments = [{"taskDefinition": SEVEN, "runningCount": desired},
                   {"taskDefinition": SEVEN.replace("7", "6"), "runningCount": old}]  # fmt: skip
    return Fleet.model_validate({
        "serviceName": "shop-green", "status": "ACTIVE", "desiredCount": desired, "runningCount": desired,
        "taskDefinition": SEVEN, "deployments": deployments,
    })  # fmt: skip


def facts(desired: int = 4, targets: tuple[int, int, int] = (4, 0, 0), **more: Any) -> Facts:
    usual: dict[str, Any] = {"ours": True, "needed": 4, "traffic": False, "patient": False}
    service = fleet(desired, more.pop("old", 0))
    return Facts(crew=service, targets=Targets(*targets), **(usual | more))


@pytest.mark.parametrize(
    ("given", "new_side", "state"),
    [
        # All that is needed, no more and no less; what drains away does not count.
        (facts(), True, "healthy"), (facts(6, (6, 0, 0)), True, "healthy"), (facts(4, (3, 1, 0)), True, "unknown"),
        (facts(4, (4, 0, 0), needed=5), True, "unknown"), (facts(4, (6, 0, 0), old=2), True, "healthy"),
        (facts(4, (4, 0, 0), old=4), True, "unknown"), (facts(ours=False), True, "unknown"),
        # Asked for fewer, those that are still there are about to go.
        (facts(3), True, "unknown"), (facts(0), False, "unknown"), (facts(5, (5, 0, 0)), True, "healthy"),
        # Scaled down is not sick: the old side is brought up first. The new one with traffic is an outage.
        (facts(0, (0, 0, 0)), False, "unknown"), (facts(0, (0, 0, 0), traffic=True), False, "unknown"),
        (facts(0, (0, 0, 0)), True, "unknown"), (facts(0, (0, 0, 0), traffic=True), True, "sick"),
        # With traffic nothing is waited for, without it a side gets its time.
        (facts(4, (0, 4, 0), traffic=True), True, "sick"), (facts(4, (0, 0, 4), traffic=True), False, "sick"),
        (facts(4, (0, 0, 4), patient=True), True, "unknown"), (facts(4, (0, 0, 4)), True, "sick"),
        (facts(4, (0, 0, 4)), False, "sick"), (facts(4, (0, 1, 3)), True, "unknown"),
        (facts(4, (0, 0, 0)), True, "unknown"), (facts(4, (1, 0, 3), traffic=True), True, "unknown"),
        # A crash loop is news of the new side at once; the old one may lose a task now and then.
        (facts(4, (1, 0, 0), crash="3 stopped"), True, "sick"), (facts(crash="3 stopped"), True, "healthy"),
        (facts(4, (1, 0, 0), crash="3 stopped"), False, "unknown"), (facts(4, (0, 0, 0), crash="x"), False, "sick"),
    ],
)  # fmt: skip
def test_health_of_a_side(given: Facts, new_side: bool, state: str) -> None:
    """Up needs known healthy, down needs not known sick; what lies between is a number of targets."""
    found = health(given, new_side=new_side)
    assert found.state == state
    assert found.ready is not None and found.needed == given.needed


@pytest.mark.parametrize("part", ["crew", "targets", "ours"])
def test_health_of_a_side_that_cannot_be_read(part: str) -> None:
    """Unknown, with the reason and without a count: nothing is raised to it, and no way back is held."""
    changes: dict[str, Any] = {part: TargetError("auth", "no permission for it")}
    found = health(facts()._replace(**changes), new_side=True)
    assert (found.state, found.text, found.ready, found.most) == ("unknown", "no permission for it", None, 100)


# --- limits

BLUE, BOTH, GREEN, NONE = (frozenset[Side](names) for names in (
    ("stable",), ("stable", "candidate"), ("candidate",), (),
))  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "serving", "idle", "held"),
    [
        # shop: blue serves from 2 tasks on, green idles at 0; four carry all traffic.
        (Least(2, 0), Least(2, 0), BLUE, GREEN, False), (Least(2, 0), Least(4, 0), BLUE, GREEN, True),
        (Least(2, 0), Least(4, 4), BLUE, NONE, True), (Least(2, 0), Least(4, 1), BOTH, NONE, False),
        (Least(2, 0), Least(3, 4), BOTH, NONE, False), (Least(2, 0), Least(4, 4), GREEN, NONE, True),
        # After Retire(stable) green's pin is left, after Finish nothing.
        (Least(2, 0), Least(0, 4), GREEN, BLUE, True), (Least(2, 0), Least(0, 2), GREEN, BLUE, False),
        # A launch that stopped half way left a pin on the idle side.
        (Least(2, 0), Least(2, 4), BLUE, BOTH, True),
        # Nothing scales by itself, or nothing could shrink below what is needed.
        (Least(), Least(), BLUE, NONE, None), (Least(4, 4), Least(4, 4), BLUE, NONE, None),
        (Least(5, 4), Least(5, 4), GREEN, NONE, None),
        # One of the two scales by itself.
        (Least(2, None), Least(2, None), BLUE, GREEN, False), (Least(2, None), Least(4, None), BLUE, GREEN, True),
        (Least(None, 0), Least(None, 0), BLUE, NONE, False), (Least(None, 0), Least(None, 4), BOTH, NONE, True),
        # A limit that somebody made or removed meanwhile is not ours.
        (Least(), Least(1, 1), BOTH, NONE, None), (Least(2, 0), Least(None, 4), BOTH, NONE, True),
    ],
)  # fmt: skip
def test_limits_that_are_held(
    before: Least, now: Least, serving: frozenset[Side], idle: frozenset[Side], held: bool | None
) -> None:
    """True while something of ours keeps a side from shrinking, False when not (any more), None: nothing has to."""
    assert Pins(before, now, 4, serving, idle).held is held


def test_a_quiet_night_at_the_least_size_ends_too() -> None:
    """Two tasks serve, which is blue's least size: what is left after a rollout must not look like a pin for ever."""
    before = Least(2, 0)
    assert Pins(before, before, 2, BLUE, GREEN).held is False
    assert Pins(before, Least(2, 2), 2, BLUE, NONE).held is True
    assert Pins(before, Least(2, 2), 2, GREEN, NONE).held is True
    assert Pins(before, Least(0, 2), 2, GREEN, BLUE).held is False
    assert Pins(before, Least(2, 0), 2, BLUE, GREEN).held is False


@pytest.mark.parametrize(
    ("before", "serving", "left"),
    [
        (Least(2, 0), BLUE, (2, 0)), (Least(2, 0), GREEN, (0, 2)), (Least(2, 0), BOTH, (2, 2)),
        (Least(3, 3), GREEN, (3, 3)), (Least(2, None), GREEN, (2, None)), (Least(None, 1), GREEN, (None, 1)),
    ],
)  # fmt: skip
def test_limits_go_with_the_role(before: Least, serving: frozenset[Side], left: tuple[int | None, ...]) -> None:
    """Whoever serves afterwards keeps the least size of the serving side, whoever idles that of the idle one."""
    pins = Pins(before, Least(9, 9), 4, serving, NONE)
    assert (pins.released("stable"), pins.released("candidate")) == left


@pytest.mark.parametrize(
    ("before", "floor", "rest"), [(Least(2, 0), 0, 0), (Least(2, 0), 1, 1), (Least(2, 3), 1, 3), (Least(), 2, 2)]
)
def test_a_side_at_rest_stands_where_it_can_stay(before: Least, floor: int, rest: int) -> None:
    """Below its least size the autoscaler would only wake it again."""
    assert floor_of(before, "stable", floor) == rest


# --- task definitions


def raw(**container: Any) -> dict[str, Any]:
    return {
        "taskDefinitionArn": SEVEN, "family": "shop", "revision": 7, "status": "ACTIVE", "cpu": "256", "memory": "512",
        "volumes": [], "compatibilities": ["FARGATE"], "requiresAttributes": [{"name": "x"}],
        "containerDefinitions": [{"name": "app", "image": "shop:v1", "essential": True, **container}],
    }  # fmt: skip


def test_what_is_registered_is_what_aws_takes() -> None:
    """All that a definition holds is either ours to send or AWS's to tell: nothing is lost, nothing is refused."""
    shapes = Loader().load_service_model("ecs", "service-2")["shapes"]
    asked = shapes["RegisterTaskDefinitionRequest"]["members"].keys() - {"tags"}
    assert shapes["TaskDefinition"]["members"].keys() - TOLD == asked


def test_content_is_the_same_whatever_its_number() -> None:
    """Family, revision, what AWS fills in and the order of names make no difference; every value does."""
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    same = [
        raw(environment=env), raw(environment=env[::-1]), raw(environment=env, mountPoints=[], links=None),
        {**raw(environment=env), "family": "other", "revision": 9, "registeredBy": "x"},
    ]  # fmt: skip
    assert len({Definition(one).mark.shape for one in same}) == 1
    other = [
        raw(), raw(environment=env[:1]), raw(environment=[{"name": "A", "value": "2"}, env[1]]), raw(cpu=1),
        {**raw(), "cpu": "512"}, {**raw(), "taskRoleArn": "role"}, raw(command=["a", "b"]), raw(command=["b", "a"]),
    ]  # fmt: skip
    assert len({Definition(one).mark.shape for one in other}) == len(other)
    assert Definition(raw()).mark != Definition(raw(image="shop:v2")).mark
    assert Definition(raw()).mark.shape == Definition(raw(image="shop:v2")).mark.shape


def test_a_new_image_is_all_that_changes() -> None:
    """The request holds everything but what AWS tells; an image beside it stays; the mark says the same."""
    live = Definition(raw(environment=[{"name": "A", "value": "hidden"}]))
    new = live.with_image("app", "shop:v2")
    request = new.request()
    assert request.keys() == raw().keys() - TOLD
    assert request["containerDefinitions"][0]["image"] == "shop:v2"
    assert new.mark == live.mark.with_image("app", "shop:v2") and (new.arn, new.words) == ("", "shop, new")
    assert differences(live, new) == ()


def test_values_of_variables_appear_nowhere() -> None:
    """Neither in a name of a definition, nor in an error about one that cannot be read."""
    live = Definition(raw(environment=[{"name": "A", "value": "hidden"}]))
    assert "hidden" not in repr(live) + repr(live.contents) + repr(live.mark)
    broken = Described.model_validate({"taskDefinition": {**raw(environment=[{"value": "hidden"}])}})
    assert "hidden" not in repr(broken)
    with pytest.raises(TargetError) as caught:
        made(broken)
    assert "hidden" not in str(caught.value) and "environment.0.name" in caught.value.fact
    assert caught.value.__cause__ is None


def test_a_difference_that_has_no_words_is_said_all_the_same() -> None:
    """A log driver, a volume: something differs, and nobody is told that nothing does."""
    logs = {"logConfiguration": {"logDriver": "awslogs"}}
    assert differences(Definition(raw()), Definition(raw(**logs))) == (
        "something else of the task definition differs",
    )  # fmt: skip


# --- ended tasks

EXITED = "tasks stopped alike: Essential container in task exited · app exit code 1"
SCALED = "Scaling activity initiated by (deployment ecs-svc/1)"


def ended(reason: str = "Essential container in task exited", code: int | None = 1, **more: Any) -> Task:
    return Task.model_validate({
        "stopCode": "EssentialContainerExited", "stoppedReason": reason,
        "containers": [{"name": "app", "exitCode": code}], **more,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ([ended()] * 2, ""), ([ended()] * 3, f"3 {EXITED}"),
        ([ended(), ended(code=2), ended(code=3)], ""),
        ([ended(code=2), *[ended()] * 4], f"4 {EXITED}"),
        ([ended(SCALED, 0, stopCode="ServiceSchedulerInitiated")] * 5, ""),
        ([ended("by hand", stopCode="UserInitiated")] * 5, ""), ([ended("spot", stopCode="SpotInterruption")] * 5, ""),
        ([ended("Task failed ELB health checks in (target-group x)", 0)] * 3,
         "3 tasks stopped alike: Task failed ELB health checks in (target-group x)"),
        ([ended(code=137, containers=[{"name": "app", "exitCode": 137, "reason": "OutOfMemoryError: killed"}])] * 3,
         "3 tasks stopped alike: Essential container in task exited · app OutOfMemoryError: killed"),
        ([ended("CannotPullContainerError: not found", None)] * 3,
         "3 tasks stopped alike: CannotPullContainerError: not found"),
    ],
)  # fmt: skip
def test_tasks_that_ended_alike(tasks: list[Task], told: str) -> None:
    """Three with one reason will be followed by more; what people and autoscalers stop says nothing."""
    assert alike(tasks) == told
