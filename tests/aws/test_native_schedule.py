"""Plans in the terms of ECS: what it can step through, what it does otherwise, what it is asked for. No cloud."""

from typing import Any

import pytest

from aws.native import EcsNative
from aws.native_schedule import AT_ONCE, BEFORE_STEPS, BEFORE_TRAFFIC, CAN, Schedule, schedule_of
from aws.native_target import NativeTarget
from rollout.plan import BUILT_IN, Plan
from rollout.ports import Scheduler

TARGET = NativeTarget(cluster="api", service="api", region="eu-central-1")


def plan(text: str) -> Plan:
    return Plan.parse("asked", text)


@pytest.mark.parametrize(("text", "schedule"), [
    ("100%", Schedule("BLUE_GREEN")),
    ("100% 20m", Schedule("BLUE_GREEN", bake=20)),
    ("0%, approve, 100%", Schedule("BLUE_GREEN", pauses=(BEFORE_TRAFFIC,))),
    ("approve, 100%", Schedule("BLUE_GREEN", pauses=(BEFORE_TRAFFIC,))),
    ("10% 5m, 100%", Schedule("CANARY", 10, 5)),
    ("50% 5m, 100% 90s", Schedule("CANARY", 50, 5, bake=2)),
    ("10% 5m, approve, 100%", Schedule("CANARY", 10, 5, pauses=(BEFORE_STEPS,))),
    ("0%, approve, 10% 5m, 100%", Schedule("CANARY", 10, 5, pauses=(BEFORE_TRAFFIC,))),
    ("approve, 10% 5m, approve, 100%", Schedule("CANARY", 10, 5, pauses=(BEFORE_STEPS,))),
    (BUILT_IN["linear"], Schedule("LINEAR", 10, 1)),
    ("30%, 60%, 90%, 100%", Schedule("LINEAR", 30)),
    ("25% 2m, approve, 50% 2m, approve, 75% 2m, approve, 100%", Schedule("LINEAR", 25, 2, pauses=(BEFORE_STEPS,))),
])  # fmt: skip
def test_what_ecs_can_step_through(text: str, schedule: Schedule) -> None:
    """Each plan that fits becomes exactly this."""
    assert schedule_of(plan(text)) == schedule
    assert EcsNative.misfit(TARGET, plan(text)) == ""


@pytest.mark.parametrize(("text", "why"), [
    (BUILT_IN["canary"], "its weights have different bakes"),
    ("10% 5m, 50% 5m, 100%", "its weights are not equal steps up to 100%"),
    ("10% 5m, 20% 5m, 100%", "its weights are not equal steps up to 100%"),
    ("2%, 4%, " + ", ".join(f"{n}%" for n in range(6, 100, 2)) + ", 100%", "its steps of 2% are smaller than 3%"),
    ("25%, 50%, approve, 75%, 100%", "it asks before some steps only"),
    ("25%, 50%, 75%, approve, 100%", "it asks before some steps only"),
    ("0% 5m, 100%", "it bakes at 0%"),
    ("10% 25h, 100%", "it holds a weight for 1d1h"),
    ("10% 5m, check smoke, 100%", "it holds a check or watch"),
    ("10% 5m, watch", "it holds a check or watch"),
])  # fmt: skip
def test_what_ecs_cannot_do_is_said_with_what_it_can(text: str, why: str) -> None:
    """A plan that does not fit is never bent into one that does."""
    misfit = EcsNative.misfit(TARGET, plan(text))
    assert misfit.startswith(why) and misfit.endswith(CAN)
    assert EcsNative.bounds(TARGET, plan(text)) == ()


def test_it_tells_of_schedules() -> None:
    """The configuration asks it, before anything is started."""
    assert issubclass(EcsNative, Scheduler)


def test_what_the_service_is_configured_to_do_always_fits() -> None:
    """`watch` alone asks ECS for nothing."""
    assert EcsNative.misfit(TARGET, plan("watch")) == "" and EcsNative.bounds(TARGET, plan("watch")) == ()


DAY = "ECS goes back by itself when nobody has answered a pause for 1d"


@pytest.mark.parametrize(("text", "bounds"), [
    ("10% 5m, 100%", ()),
    ("10% 90s, 100% 1h", ("1m30s becomes 2m: ECS counts whole minutes",)),
    ("10% 500ms, 100% 90s", (
        "500ms becomes 1m: ECS counts whole minutes", "1m30s becomes 2m: ECS counts whole minutes",
    )),
    ("10% 5m, approve, 100%", ("ECS asks before every step, so before 10% too", DAY)),
    ("approve, 10% 5m, approve, 100%", (DAY,)),
    ("0%, approve, 100%", (DAY,)),
    ("0%, 100%", ("ECS holds 0% only until the new tasks are healthy: nothing asks before the first traffic",)),
])  # fmt: skip
def test_where_ecs_does_otherwise_is_said(text: str, bounds: tuple[str, ...]) -> None:
    """Minutes are rounded up, a pause comes before every step, 0 % holds nothing by itself."""
    assert EcsNative.bounds(TARGET, plan(text)) == bounds


LIVE: dict[str, Any] = {
    "strategy": "LINEAR", "linearConfiguration": {"stepPercent": 20.0, "stepBakeTimeInMinutes": 3},
    "maximumPercent": 150, "minimumHealthyPercent": 50, "bakeTimeInMinutes": 7,
    "alarms": {"alarmNames": ["a"], "enable": True, "rollback": True},
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    "lifecycleHooks": [
        {"hookTargetArn": "arn:test", "roleArn": "arn:role", "lifecycleStages": ["POST_SCALE_UP"]},
        {"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]},
    ],
}  # fmt: skip


def test_the_rest_of_the_configuration_is_kept() -> None:
    """Alarms, sizes and Lambda hooks are the service's; strategy and pauses are the plan's."""
    asked = schedule_of(plan("10% 5m, approve, 100%")).configuration(LIVE)
    kept = ("maximumPercent", "minimumHealthyPercent", "bakeTimeInMinutes", "alarms")
    assert {key: asked[key] for key in kept} == {key: LIVE[key] for key in kept}
    assert asked.keys() == {*kept, "strategy", "canaryConfiguration", "lifecycleHooks"}
    assert asked["strategy"] == "CANARY"
    assert asked["canaryConfiguration"] == {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5}
    assert asked["lifecycleHooks"] == [LIVE["lifecycleHooks"][0], {
        "targetType": "PAUSE", "lifecycleStages": [BEFORE_STEPS],
        "timeoutConfiguration": {"timeoutInMinutes": 1440, "action": "ROLLBACK"},
    }]  # fmt: skip


def test_a_bake_of_the_plan_replaces_that_of_the_service() -> None:
    """What the last weight holds is bakeTimeInMinutes; a plan without one leaves the service's."""
    assert schedule_of(plan("100% 20m")).configuration(LIVE)["bakeTimeInMinutes"] == 20
    assert schedule_of(plan("100%")).configuration(LIVE)["bakeTimeInMinutes"] == 7
    assert schedule_of(plan("100%")).configuration({})["bakeTimeInMinutes"] == 0
    linear = schedule_of(plan(BUILT_IN["linear"])).configuration({})
    assert linear["linearConfiguration"] == {"stepPercent": 10.0, "stepBakeTimeInMinutes": 1}


def test_a_way_back_asks_nobody() -> None:
    """Without hooks there are none at all, neither pauses nor functions."""
    assert AT_ONCE.configuration(LIVE, hooks=False)["lifecycleHooks"] == []
