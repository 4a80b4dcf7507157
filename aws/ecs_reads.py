"""Asks ECS and its autoscaler: services, limits, task definitions, tasks that ended; in batches. Judges nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import ValidationError

from aws.alb_reads import batches
from aws.calls import Calls
from aws.ecs_definition import Definition, Mark, short
from aws.ecs_replies import (
    Described,
    Fleet,
    Fleets,
    Revisions,
    ScalableTargets,
    Task,
    TaskArns,
    Tasks,
)
from aws.faults import clip
from aws.pair_limits import Limit
from rollout.errors import TargetError

DIMENSION: Final = "ecs:service:DesiredCount"
SERVICES_A_CALL: Final = 10
LIMITS_A_CALL: Final = 50
REVISIONS: Final = 10
"""So many of a family's newest are compared before another one is made."""
MARKS_KEPT: Final = 500
ALIKE: Final = 3
"""Tasks that ended for the same reason: more of them will."""
_OURS: Final = ("UserInitiated", "SpotInterruption", "TerminationNotice")
"""Ways of a task to end that say nothing of what it runs."""


class Desk(NamedTuple):
    """Calls at one place, by service."""

    ecs: Calls
    elb: Calls
    scaling: Calls


def read_services(ecs: Calls, cluster: str, names: Iterable[str]) -> dict[str, Fleet | TargetError]:
    """Fleets of a cluster by name; a failure is the value of each it is about."""
    found: dict[str, Fleet | TargetError] = {}
    for batch in batches(sorted(set(names)), SERVICES_A_CALL):
        try:
            reply = ecs.read("DescribeServices", Fleets, cluster=cluster, services=batch)
        except TargetError as error:
            found |= dict.fromkeys(batch, error)
            continue
        known = {one.service_name: one for one in reply.services}
        found |= {name: known.get(name) or _missing(cluster, name) for name in batch}
    return found


def read_limits(scaling: Calls, services: Iterable[str]) -> dict[str, Limit] | TargetError:
    """Between which sizes each of `cluster/service` scales by itself; absent where it does not."""
    found: dict[str, Limit] = {}
    try:
        for batch in batches(sorted({resource(service) for service in services}), LIMITS_A_CALL):
            page = scaling.read(
                "DescribeScalableTargets", ScalableTargets, ServiceNamespace="ecs", ResourceIds=batch,
                ScalableDimension=DIMENSION,
            )  # fmt: skip
            found |= {
                one.resource_id.removeprefix("service/"): Limit(one.min_capacity, one.max_capacity)
                for one in page.scalable_targets
            }
    except TargetError as error:
        return error
    return found


def resource(service: str) -> str:
    """What Application Auto Scaling calls `cluster/service`."""
    return f"service/{service}"


def definition_of(ecs: Calls, name: str) -> Definition:
    """A task definition by its ARN or `family:revision`. TargetError `absent` where there is none."""
    try:
        reply = ecs.read("DescribeTaskDefinition", Described, taskDefinition=name, include=["TAGS"])
    except TargetError as error:
        if error.kind == "config" and "Unable to describe task definition" in error.fact:
            raise TargetError("absent", f"there is no task definition {clip(short(name), 80)}", error.hint) from None
        raise
    return made(reply)


def made(reply: Described) -> Definition:
    """A reply as a definition. `from None`: pydantic's message holds the reply, and that holds variables."""
    try:
        return Definition(reply.task_definition, reply.tags)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        raise TargetError("transient", f"a task definition was shown without a usable {clip(wrong)}") from None


def newest_of(ecs: Calls, family: str) -> list[str]:
    """The ARNs of a family's newest active revisions, newest first."""
    reply = ecs.read(
        "ListTaskDefinitions", Revisions, familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=REVISIONS
    )
    mine = [arn for arn in reply.task_definition_arns if short(arn).rpartition(":")[0] == family]
    return sorted(mine, key=_revision, reverse=True)[:REVISIONS]


class Marks:
    """Marks of task definitions by ARN. A revision never changes, so each is asked for once."""

    def __init__(self) -> None:
        self._known: dict[str, Mark] = {}

    def of(self, ecs: Calls, arn: str) -> Mark:
        """The mark of that revision."""
        if arn not in self._known:
            if len(self._known) >= MARKS_KEPT:
                self._known.clear()
            self._known[arn] = definition_of(ecs, arn).mark
        return self._known[arn]

    def find(self, ecs: Calls, family: str, wanted: Mark) -> str:
        """The newest revision of a family with that content; empty where none of the newest has it."""
        return next((arn for arn in newest_of(ecs, family) if self.of(ecs, arn) == wanted), "")


def crash_words(ecs: Calls, cluster: str, service: Fleet, since: datetime) -> str:
    """Why tasks of a service's present task definition end one like the other since then; empty where they do not."""
    try:
        arns = ecs.read(
            "ListTasks", TaskArns, cluster=cluster, serviceName=service.service_name, desiredStatus="STOPPED"
        ).task_arns[:100]
        ended = ecs.read("DescribeTasks", Tasks, cluster=cluster, tasks=list(arns)).tasks if arns else ()
    except TargetError:
        return ""  # it only says sooner what the missing targets say anyway
    mine = [
        task for task in ended
        if task.task_definition_arn == service.task_definition and task.created_at and task.created_at >= since
    ]  # fmt: skip
    return alike(mine)


def alike(tasks: Sequence[Task]) -> str:
    """The reason that most of these tasks ended for, where it is that of three at least."""
    reasons = Counter(filter(None, map(_reason, tasks)))
    if not reasons or reasons.most_common(1)[0][1] < ALIKE:
        return ""
    reason, count = reasons.most_common(1)[0]
    return f"{count} tasks stopped alike: {reason}"


def _reason(task: Task) -> str:
    if task.stop_code in _OURS or task.stopped_reason.startswith("Scaling activity"):
        return ""
    ends = [
        f"{one.name} exit code {one.exit_code}" if one.exit_code is not None and not one.reason
        else f"{one.name} {one.reason}"
        for one in task.containers
        if one.exit_code or (one.reason and one.reason != task.stopped_reason)
    ]  # fmt: skip
    return clip(" · ".join([task.stopped_reason or task.stop_code, *ends]))


def _missing(cluster: str, name: str) -> TargetError:
    fact = f"the cluster {cluster} has no service {name}"
    return TargetError("absent", fact, "correct the name in the configuration, or create it")


def _revision(arn: str) -> int:
    number = arn.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0
