"""Prints docs/courses.md: what AWS says of a deployment it runs, and what the card then says, each through the real
code: `python -m scripts.courses_page > docs/courses.md`. tests/test_courses_page.py compares the page with what this
prints; the words are botocore's own lists.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session

from aws import codedeploy_course, native_course
from aws.codedeploy_replies import Deployment, TargetRow
from aws.codedeploy_server_look import share_of
from aws.native_replies import Native
from handlers.blocks.card import card
from handlers.blocks.state import words
from rollout.course import Course
from rollout.machine import decide
from rollout.model import Phase, Rollout
from rollout.moves import moves, stages
from rollout.people import Actor
from rollout.plan import Plan, Watch
from rollout.release import Release
from rollout.reports import CardView
from rollout.seen import AlarmReading, Observation, Seen, SideHealth
from rollout.terms import AlarmGate, Terms

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FINE = SideHealth(state="healthy")
WAITS = {
    "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60},
    "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5},
}
HEAD = """\
# What AWS says, and what the card says

<!-- Written by `python -m scripts.courses_page > docs/courses.md`: every status goes through the driver's own reading,
     the machine and the card. Change those, then run it. -->

For a rollout whose traffic AWS moves ([aws.md](aws.md#strategies-that-aws-runs)), two looks after AWS shows that
status, all alarms OK. Statuses are all that AWS's own model has.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, _table("CodeDeploy, 10 % on the new release", _codedeploy()),
             _table("CodeDeploy on servers that are replaced, three old and three new ones", _fleet()),
             _table("ECS, 10 % on the new release", _native())]  # fmt: skip
    return "\n".join(parts)


def _table(title: str, rows: Iterable[tuple[str, int | None, Course]]) -> str:
    head = [f"## {title}", "", "| AWS says | state of the card | what it says | buttons |", "|---|---|---|---|"]
    return "\n".join([*head, *(_row(said, percent, course) for said, percent, course in rows), ""])


def _row(said: str, percent: int | None, course: Course) -> str:
    row = _rollout()
    for minute in (1, 2, 3):
        seen = Seen(at=NOON, percent=percent, stable=FINE, candidate=FINE, course=course)
        alarm = AlarmReading(name="catalog-errors", state="OK", since=NOON - timedelta(days=1))
        at = NOON + timedelta(seconds=5 * minute)
        look = Observation(at=at, seen=seen, alarms=(alarm,), alarms_at=at)
        row = decide(row, look, at).rollout
    view = CardView(rollout=row, moves=moves(row), stages=stages(row, NOON), now=NOON)
    text = re.sub(r"<!date\^[^|]*\|([^>]*)>", r"\1", card(view).text.split("\n")[1]).replace(" UTC", "")
    buttons = [
        f"[{one['text']['text']}]" for block in card(view).blocks if block["type"] == "actions"
        for one in block["elements"]
    ]  # fmt: skip
    return f"| {said} | {words(row)} | {text.replace('|', '/')} | {' '.join(buttons)} |"


def _rollout() -> Rollout:
    terms = Terms(plan=Plan(name="watch", steps=(Watch(),)), alarms=(AlarmGate(name="catalog-errors"),))
    return Rollout(
        id=42, app="catalog", env="prod", kind="codedeploy", by=Actor(id="U0ANA", name="ana"), terms=terms,
        created_at=NOON, phase=Phase.STEPPING, phase_at=NOON, gate_from=NOON, last_look=NOON,
        stable=Release(id="v1"), candidate=Release(id="v2"), proven=10, sighting="10", peak=10,
    )  # fmt: skip


def _codedeploy() -> Iterable[tuple[str, int, Course]]:
    for status in _words("codedeploy", "DeploymentStatus"):
        yield _deployment(status, 100 if status in ("Succeeded", "Baking") else 0 if status == "Ready" else 10)
    code = {"code": "ALARM_ACTIVE", "message": "one or more alarms are in ALARM"}
    yield _deployment("Stopped", 10, errorInformation=code, said="Stopped, ALARM_ACTIVE, no rollback configured")


def _deployment(status: str, percent: int, said: str = "", **more: Any) -> tuple[str, int, Course]:
    ours = Deployment.model_validate({
        "deploymentId": "d-4XK2ABCDE", "applicationName": "catalog", "deploymentGroupName": "catalog",
        "status": status, "createTime": NOON, "blueGreenDeploymentConfiguration": WAITS, **more,
    })  # fmt: skip
    done = "Succeeded" if percent == 100 else "InProgress"
    events = [{"lifecycleEventName": "Install", "status": "Succeeded", "endTime": NOON},
              {"lifecycleEventName": "AllowTraffic", "status": done, "startTime": NOON}]  # fmt: skip
    target = TargetRow.model_validate({"lifecycleEvents": events if percent else events[:1]})
    story = codedeploy_course.Story(ours, "v2", targets=(target,))
    at = NOON + timedelta(hours=1) if more else NOON
    return said or status, percent, codedeploy_course.course_of(story, percent, at)


def _fleet() -> Iterable[tuple[str, int | None, Course]]:
    """From the new servers' start to the old ones' end, and the ways it can end before."""
    for status in ("Created", "InProgress"):
        yield _replaced(status, f"{status}, no new server yet", 0, 0, 0)
    yield _replaced("InProgress", "InProgress, one of the new servers is ready", 1, 0, 0)
    yield _replaced("Ready", "Ready", 3, 0, 0)
    yield _replaced("InProgress", "InProgress, one new server gets traffic", 3, 1, 0)
    yield _replaced("InProgress", "InProgress, all new servers get traffic, the old ones drain", 3, 3, 0)
    yield _replaced("InProgress", "InProgress, the old servers are out and kept", 3, 3, 3)
    yield _replaced("Succeeded", "Succeeded", 3, 3, 3)
    yield _replaced("Failed", "Failed before any traffic", 0, 0, 0)
    yield _replaced("Stopped", "Stopped at its wait, its way back is under way", 3, 0, 0, home=0)
    yield _replaced("Stopped", "Stopped in the re-routing, its way back has none of them in", 3, 2, 0, home=0)
    yield _replaced("Stopped", "Stopped while the old servers were kept, one of them is in again", 3, 3, 3, home=1)


def _replaced(
    status: str, said: str, ready: int, serving: int, out: int, home: int | None = None
) -> tuple[str, int | None, Course]:
    """`home`: how many of the old servers AWS's own way back has sent traffic to."""
    counts = {"Pending": 6 - ready, "Ready": ready - serving, "Succeeded": serving}
    counts = {"Skipped": 6 - serving, "Succeeded": serving} if status == "Stopped" else counts
    ours = _row_of(status, "d-4XK2ABCDE", deploymentOverview=counts, instanceTerminationWaitTimeStarted=out == 3)
    over = "Pending" if ours.active else "Skipped"
    new = [_server("Green", ("Install", ready > n), ("AllowTraffic", serving > n), rest=over) for n in range(3)]
    old = [_server("Blue", ("BlockTraffic", out > n), rest=over) for n in range(3)]
    story = codedeploy_course.Story(ours, "v2", targets=tuple(new + old) if ready else ())
    if home is not None:
        back = _row_of("InProgress", "d-9QW7FGHIJ")
        rows = [_server("Blue", ("AllowTraffic", home > n)) for n in range(3)]
        rows += [_server("Green", ("BlockTraffic", False)) for _ in range(3)]
        story = story._replace(back=back, targets=tuple(rows))
    percent = share_of(story)
    return said, percent, codedeploy_course.course_of(story, percent, NOON)


def _row_of(status: str, name: str, **more: Any) -> Deployment:
    return Deployment.model_validate({
        "deploymentId": name, "applicationName": "catalog", "deploymentGroupName": "catalog", "status": status,
        "createTime": NOON, "blueGreenDeploymentConfiguration": WAITS,
        "deploymentStyle": {"deploymentType": "BLUE_GREEN"}, **more,
    })  # fmt: skip


def _server(label: str, *events: tuple[str, bool], rest: str = "Pending") -> TargetRow:
    told = [
        {"lifecycleEventName": name, "status": "Succeeded" if done else rest, **({"endTime": NOON} if done else {})}
        for name, done in events
    ]  # fmt: skip
    ready = "Ready" if events[0] == ("Install", True) else "InProgress"
    return TargetRow.model_validate({"instanceLabel": label, "status": ready, "lifecycleEvents": told})


def _native() -> Iterable[tuple[str, int, Course]]:
    for status in _words("ecs", "ServiceDeploymentStatus"):
        percent = {"PENDING": 0, "SUCCESSFUL": 100, "ROLLBACK_SUCCESSFUL": 0}.get(status, 10)
        yield _deployed(status, percent, "PRODUCTION_TRAFFIC_SHIFT")
    for stage in _words("ecs", "ServiceDeploymentLifecycleStage"):
        late = stage in ("POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP")
        early = native_course.STAGES.index(stage) < native_course.SHIFTING
        yield _deployed("IN_PROGRESS", 100 if late else 0 if early else 10, stage)
    hook = {"hookId": "hook-1", "targetType": "PAUSE", "status": "AWAITING_ACTION", "timeoutAction": "ROLLBACK",
            "expiresAt": NOON + timedelta(hours=24)}  # fmt: skip
    yield _deployed("IN_PROGRESS", 0, "POST_TEST_TRAFFIC_SHIFT", lifecycleHookDetails=[hook])


def _deployed(status: str, percent: int, stage: str, **more: Any) -> tuple[str, int, Course]:
    told = Native.model_validate({
        "serviceDeploymentArn": "arn:aws:ecs:eu-central-1:123456789012:service-deployment/api/api/abc",
        "createdAt": NOON, "status": status, "lifecycleStage": stage,
        "targetServiceRevision": {"arn": "new", "requestedTaskCount": 3, "runningTaskCount": 3,
                                  "requestedProductionTrafficWeight": percent},
        "sourceServiceRevisions": [], "deploymentConfiguration": {"strategy": "CANARY"}, **more,
    })  # fmt: skip
    said = f"{status}, {stage}" if status == "IN_PROGRESS" else status
    waits = ", a PAUSE hook awaits action" if more else ""
    return said + waits, percent, native_course.course(native_course.Own(told, "v2", forward=True), None)


def _words(service: str, shape: str) -> list[str]:
    found: Any = botocore.session.get_session().get_service_model(service).shape_for(shape)
    return [str(word) for word in found.enum]


if __name__ == "__main__":
    print(page(), end="")
