"""One service deployment as a course: its state, its stages, its wait, why it goes back. Pure: no calls."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from aws.ecs_definition import short
from aws.faults import clip
from aws.native_replies import HookDetail, Native
from rollout.course import Course, CourseStage, Wait

State = Literal["running", "waiting", "done", "going_back", "back", "failed"]

STAGES: Final = (
    "RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP",
)  # fmt: skip
SHIFTING: Final = STAGES.index("PRODUCTION_TRAFFIC_SHIFT")
REASON: Final = 1200
"""Characters of AWS's own words that are kept; a card shows their beginning, its thread all of them."""
QUARTERS: Final = (25, 50, 75, 100)

FORWARD: Final[Mapping[str, State]] = {
    "PENDING": "running",
    "IN_PROGRESS": "running",
    "SUCCESSFUL": "done",
    # Nothing puts the old release back: AWS stops like this where its own rollback is switched off.
    "STOPPED": "failed",
    # AWS stops it where it is, because of a newer one or of an alarm without rollback: STOPPED comes next, and nothing
    # goes back. A stop of ours, which does go back, shows ROLLBACK_REQUESTED.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
    "STOP_REQUESTED": "running",
    "ROLLBACK_REQUESTED": "going_back",
    "ROLLBACK_IN_PROGRESS": "going_back",
    "ROLLBACK_SUCCESSFUL": "back",
    "ROLLBACK_FAILED": "failed",
}
"""Of a deployment of the candidate."""

BACKWARD: Final[Mapping[str, State]] = {
    "PENDING": "going_back",
    "IN_PROGRESS": "going_back",
    "SUCCESSFUL": "back",
    "STOPPED": "failed",
    # AWS stops it where it is, or puts the candidate back: the end of it tells, and then another one can be started.
    "STOP_REQUESTED": "going_back",
    "ROLLBACK_REQUESTED": "going_back",
    "ROLLBACK_IN_PROGRESS": "going_back",
    "ROLLBACK_SUCCESSFUL": "failed",
    "ROLLBACK_FAILED": "failed",
}
"""Of a deployment that was started to put the stable release back."""

_FELL: Final = ("failed", "going_back", "back")
_GOES_BACK: Final = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
_THEN: Final[Mapping[str, Literal["goes_on", "goes_back"]]] = {"CONTINUE": "goes_on", "ROLLBACK": "goes_back"}


class Own(NamedTuple):
    """A deployment of this rollout."""

    native: Native
    release: str
    forward: bool
    """Of the candidate; else of the stable release."""

    @property
    def state(self) -> State:
        """A word that AWS has learnt since is no end: it is watched, and the deadline of watching speaks up."""
        if not self.forward:
            # Its bake and what it removes then keep nobody from being home: all traffic is on the old release, and
            # nothing turns it round any more. Where ECS watches alarms in the bake, one that is red does.
            over = ("CLEAN_UP",) if self.native.deployment_configuration.alarms.enable else ("BAKE_TIME", "CLEAN_UP")
            home = self.native.status == "IN_PROGRESS" and self.native.lifecycle_stage in over
            return "back" if home and self.percent == 0 else BACKWARD.get(self.native.status, "going_back")
        return "waiting" if self.native.paused else FORWARD.get(self.native.status, "running")

    @property
    def percent(self) -> int | None:
        """The candidate's share. A way back that has not begun has moved nothing, and so does not tell it."""
        if not self.forward and self.native.status == "PENDING":
            return None
        share = share_of(self.native)
        return share if share is None or self.forward else 100 - share


def course(own: Own, before: Course | None) -> Course:
    """How far it is. `before`: the course as it was last seen; tasks that come and go are no progress."""
    native, state = own.native, own.state
    kept = before if before is not None and before.id == native.service_deployment_arn else None
    return Course(
        id=native.service_deployment_arn, state=state, release=own.release, text=_text(native),
        reason=_reason(native) if state in _FELL else "", stages=_stages(own, kept),
        wait=_wait(native) if state == "waiting" else None, patience=native.deployment_configuration.patience,
    )  # fmt: skip


def share_of(native: Native) -> int | None:
    """How much of the traffic the target revision has, in percent; None where AWS does not tell.

    Once AWS says how it ended, that counts: weights of an ended deployment are a snapshot of some moment.
    """
    ended = {"SUCCESSFUL": 100, "ROLLBACK_SUCCESSFUL": 0, "PENDING": 0}.get(native.status)
    if ended is not None:
        return ended
    if native.deployment_configuration.strategy == "ROLLING":
        return _share_of_tasks(native)
    weight = native.target_service_revision.requested_production_traffic_weight
    if weight is not None:
        return _whole(weight)
    stage = native.lifecycle_stage
    return 0 if stage in STAGES and STAGES.index(stage) < SHIFTING else None


def began(native: Native, definition: str) -> str:
    """A deployment in words, for those who look for whose it is: `abc123 of api:9, begun 12:04 UTC, IN_PROGRESS`."""
    return f"{native.id} of {clip(short(definition))}, begun {_time(native.created_at)}, {clip(native.status, 40)}"


def _share_of_tasks(native: Native) -> int | None:
    new = native.target_service_revision.running_task_count
    every = new + sum(one.running_task_count for one in native.source_service_revisions)
    return _whole(100 * new / every) if every else None


def _whole(share: float) -> int:
    """Neither end is said before it is reached."""
    return round(share) if share in (0, 100) else max(1, min(99, round(share)))


def _text(native: Native) -> str:
    told = [native.status, native.lifecycle_stage]
    weight = native.target_service_revision.requested_production_traffic_weight
    if weight is not None and native.deployment_configuration.strategy != "ROLLING":
        told.append(f"{weight:g} % of production traffic")
    breaker = native.deployment_circuit_breaker
    if breaker.threshold:
        told.append(f"circuit breaker {breaker.failure_count} of {breaker.threshold} failures")
    if native.status == "STOP_REQUESTED":
        told.append(f"AWS is stopping it where it is: {native.status_reason or 'it does not say why'}")
    told += [f"hook {_name(hook)} runs" for hook in native.lifecycle_hook_details if hook.status == "IN_PROGRESS"]
    return clip(", ".join(filter(None, told)))


def _reason(native: Native) -> str:
    told = [native.rollback.reason if native.rollback else "", native.status_reason]
    if native.alarms.triggered_alarm_names:
        told.append(f"alarms: {', '.join(native.alarms.triggered_alarm_names)}")
    if native.deployment_circuit_breaker.status == "TRIGGERED":
        told.append("the circuit breaker was triggered")
    ends = {"FAILED": "failed", "TIMED_OUT": "was not answered in time"}
    told += [
        f"hook {_name(hook)} {ends[hook.status]}" for hook in native.lifecycle_hook_details if hook.status in ends
    ]
    return clip("; ".join(dict.fromkeys(filter(None, told))), REASON)


def _wait(native: Native) -> Wait | None:
    hook = native.paused
    if hook is None:
        return None
    share = share_of(native)
    where = f"paused at {clip(native.lifecycle_stage, 60) or 'a hook'}"
    told = "" if share is None else f", {share} % of the traffic is on the new release"
    return Wait(
        id=hook.hook_id, kind="shift", text=f"{where}{told}", until=hook.expires_at,
        then=_THEN.get(hook.timeout_action, "unknown"),
    )  # fmt: skip


def _stages(own: Own, before: Course | None) -> tuple[CourseStage, ...]:
    native = own.native
    if native.deployment_configuration.strategy == "ROLLING":
        return _quarters(own, before)
    if native.status in _GOES_BACK:
        return _ran(before)
    at = len(STAGES) if native.status == "SUCCESSFUL" else _index(native)
    here: Literal["now", "failed"] = "now" if native.status in ("PENDING", "IN_PROGRESS") else "failed"
    return tuple(
        _stage(own, name, "done" if index < at else here if index == at else "next")
        for index, name in enumerate(STAGES)
    )


def _index(native: Native) -> int:
    return STAGES.index(native.lifecycle_stage) if native.lifecycle_stage in STAGES else -1


def _ran(before: Course | None) -> tuple[CourseStage, ...]:
    """AWS goes through its stages on its way back, too, and tells by the same field at which it is: that a stage is
    named then does not say that the new release came that far. What was seen on the way there is what ran.
    """
    return tuple(
        CourseStage(name=stage.name, state="failed" if stage.state == "now" else stage.state)
        for stage in (before.stages if before else ())
    )


def _stage(own: Own, name: str, state: Literal["done", "now", "next", "failed"]) -> CourseStage:
    return CourseStage(name=name if own.forward else f"back: {name}", state=state)


def _quarters(own: Own, before: Course | None) -> tuple[CourseStage, ...]:
    """How many tasks run the new revision. A quarter once reached stays so: tasks that crash and come again are no
    progress, and a deployment that makes none has to be noticed.
    """
    share = share_of(own.native) or 0
    reached = {stage.name for stage in before.stages if stage.state == "done"} if before else set()
    found = (_stage(own, f"{quarter} % of tasks", "done" if share >= quarter else "next") for quarter in QUARTERS)
    return tuple(one.model_copy(update={"state": "done"}) if one.name in reached else one for one in found)


def _name(hook: HookDetail) -> str:
    """Of a Lambda hook the function's name, of a pause its id."""
    return hook.target_arn.rsplit(":", 1)[-1] or hook.hook_id


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
