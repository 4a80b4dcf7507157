"""A rollout that AWS moves by itself, in every state its card can show."""

from datetime import timedelta
from typing import Any

from rollout.course import Course, CourseStage, Wait
from rollout.model import Phase, Rollout, Signature
from rollout.plan import Plan, Watch
from rollout.release import Release
from rollout.terms import Approval
from tests.handlers.samples import (
    ANA,
    EVA,
    NO_GATE,
    NOW,
    RED,
    UNREAD,
    cause,
    minutes,
    rollout,
    seen,
    terms,
    view,
)

P = Phase
IMAGES: dict[str, Any] = {
    "kind": "codedeploy", "stable": Release(id="v1"), "candidate": Release(id="v2"), "step": 0,
}  # fmt: skip
WATCH = Plan(name="canary", steps=(Watch(),))
READY = Wait(id="READY_WAIT", kind="shift", text="the new task set is ready, no traffic has moved",
             until=NOW + minutes(58), then="goes_back")  # fmt: skip
HOOK = Wait(id="hook-7f3a", kind="shift", text="PAUSE hook at POST_TEST_TRAFFIC_SHIFT", until=NOW + minutes(600),
            then="goes_on")  # fmt: skip
BLUE = Wait(id="TERMINATION_WAIT", kind="remove", text="the old task set is kept", until=NOW + minutes(4),
            then="goes_on")  # fmt: skip
NAMES = ("BeforeInstall", "Install", "AfterInstall", "AllowTraffic", "AfterAllowTraffic")


def course(state: str, text: str, *, at: int = 2, back: bool = False, **more: Any) -> Course:
    """AWS's deployment d-4XK2, so many of its five events done, or of those of its way back."""
    words = ["done"] * at + ["now"] * (at < len(NAMES)) + ["next"] * len(NAMES)
    names = [f"back: {name}" if back else name for name in NAMES]
    stages = tuple(
        CourseStage.model_validate({"name": name, "state": word}) for name, word in zip(names, words, strict=False)
    )
    fields = {"id": "d-4XK2ABCDE", "state": state, "text": text, "release": "v2", "stages": stages, **more}
    return Course.model_validate(fields)


def watched(phase: Phase, percent: int, shown: Course, **more: Any) -> Rollout:
    """#42: my-app to prod by CodeDeploy, v1 → v2."""
    fields = {"terms": terms(plan=WATCH), "seen": seen(percent, course=shown), **IMAGES, **more}
    return rollout(phase, percent, **fields)


def rising() -> dict[str, Rollout]:
    """Up to the end."""
    none = Course(state="none")
    moves = course("running", "InProgress, AllowTraffic", at=3, patience=minutes(5))
    waits = cause("wait", READY.text)
    ready: dict[str, Any] = {"cause": waits, "wait": READY.id}
    at_ready = course("waiting", "Ready", at=3, wait=READY)
    done = course("done", "Succeeded", at=5)
    warm = course("waiting", "Baking, the old task set is kept", at=5, wait=BLUE)
    four = terms(plan=WATCH, approval=Approval(by=2))
    signed = Signature(by=EVA, step=0, plan_hash=WATCH.hash, at=NOW)
    return {
        "watched-launching": watched(P.LAUNCHING, 0, none, elapsed=minutes(1)),
        "watched-installing": watched(P.STEPPING, 0, course("running", "InProgress, Install", at=1)),
        "watched-moving": watched(P.STEPPING, 10, moves, still_for=minutes(2)),
        "watched-moving-foreign": watched(P.STEPPING, 10, moves.model_copy(update={
            "foreign": "d-OTHER1234, created by user, 3 min ago"})),
        "watched-moving-blind": watched(P.STEPPING, 10, moves, **UNREAD | {
            "seen": seen(10, at=NOW - minutes(1), course=moves)}),
        "watched-ready": watched(P.WAITING, 0, at_ready, **ready),
        "watched-ready-told": watched(P.WAITING, 0, at_ready, **ready, go=READY.id),
        "watched-ready-four-eyes": watched(P.WAITING, 0, at_ready, **ready, signatures=(signed,)).but(terms=four),
        "watched-ready-approved": watched(P.WAITING, 0, at_ready, **ready, signatures=(signed,)).but(
            terms=terms(plan=WATCH, approval=Approval(by=1))),
        "watched-ready-no-gate": watched(P.WAITING, 0, at_ready, **ready, verdict=NO_GATE, alarms=()).but(
            terms=terms(plan=WATCH, alarms=())),
        "watched-ready-blind": watched(P.WAITING, 0, at_ready, **ready, **UNREAD | {
            "seen": seen(0, at=NOW - minutes(1), course=at_ready)}),
        "watched-hook": watched(P.WAITING, 0, course("waiting", "IN_PROGRESS, POST_TEST_TRAFFIC_SHIFT", wait=HOOK),
                                cause=cause("wait", HOOK.text), wait=HOOK.id, kind="ecs-native"),
        "watched-final-warm": watched(P.FINAL_BAKE, 100, warm, wait=BLUE.id, baked=minutes(3)),
        "watched-final-done": watched(P.FINAL_BAKE, 100, done, baked=minutes(3)),
        "watched-retiring": watched(P.RETIRING, 100, warm, wait=BLUE.id),
        "watched-retiring-told": watched(P.RETIRING, 100, warm, wait=BLUE.id, go=BLUE.id),
    }  # fmt: skip


def falling() -> dict[str, Rollout]:
    """Back to the old release."""
    red = cause("alarm", RED)
    stops = course("running", "InProgress, AllowTraffic", at=3)
    failed = cause("aws", "the deployment failed on AWS: HEALTH_CONSTRAINTS: too many instances failed")
    back = course("going_back", "d-BACK12345, InProgress, Install", at=1, back=True, reason="MANUAL_STOP")
    home = course("back", "d-BACK12345, Succeeded", at=5, back=True)
    late = cause("deadline", "the old release does not have all traffic yet: AWS does not show it",
                 hint="it keeps trying; look at AWS")  # fmt: skip
    return {
        "watched-paused-blind": watched(P.PAUSED, 10, stops, cause=cause("blind", "DescribeAlarms was throttled"),
                                        **UNREAD | {"failures": 5, "seen": seen(10, course=stops)}),
        "watched-back-stopping": watched(P.ROLLING_BACK, 10, stops, cause=red),
        "watched-back-followed": watched(P.ROLLING_BACK, 10, back, cause=red),
        "watched-back-put": watched(P.ROLLING_BACK, 0, home, cause=red, peak=25),
        "watched-rolled-back-by-aws": watched(P.ROLLED_BACK, 0, home, phase_at=NOW, peak=25, cause=cause(
            "aws", "taken back by AWS itself: ALARM_ACTIVE: one or more alarms are in ALARM")),
        "watched-back-by-aws": watched(P.ROLLING_BACK, 10, back, cause=cause(
            "aws", "taken back by AWS itself: ALARM_ACTIVE: one or more alarms are in ALARM")),
        "watched-back-anew": watched(P.ROLLING_BACK, 100, course("done", "Succeeded", at=5), cause=red),
        "watched-back-never-seen": watched(P.ROLLING_BACK, 0, Course(state="none"), cause=cause(
            "cancel", "cancelled", ANA)),
        "watched-stuck": watched(P.STUCK, 50, course("failed", "Failed", at=3, reason="TIMEOUT"), cause=late,
                                 resume_to=P.ROLLING_BACK),
        "watched-rolled-back": watched(P.ROLLED_BACK, 0, home, cause=failed, phase_at=NOW, peak=25,
                                       traffic_from=NOW - minutes(2), traffic_to=NOW - timedelta(seconds=20)),
        "watched-succeeded": watched(P.SUCCEEDED, 100, course("done", "Succeeded", at=5), phase_at=NOW),
    }  # fmt: skip


WATCHED = {name: view(one) for name, one in (rising() | falling()).items()}
