"""One ECS service and its tasks: starts, stops and replaces them second by second until it has what it was asked for.

The rolling deployment in the small: new tasks first, within maximumPercent, old ones away as soon as
minimumHealthyPercent allows. Kept apart, each deployment has all its tasks until it is turned off. No API here, and
no traffic.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from demo.cloud.targets import HEALTHY, UNHEALTHY, UNUSED, Targets
from demo.cloud.task import (
    COMPLETED,
    DEACTIVATING,
    ESSENTIAL,
    PENDING,
    PROVISIONING,
    RUNNING,
    STOPPED,
    Behaviour,
    Deployment,
    Task,
)

ALIVE = (PROVISIONING, PENDING, RUNNING)
Key = tuple[str, str, str, str]  # account, region, cluster, service
START_SECONDS = 6
CRASH_SECONDS = 2
STOPPED_KEPT = 3600  # AWS lists a stopped task for an hour
MOST_STOPPED = 100
MOST_EVENTS = 100
LONGEST_WAIT = 60
SCALED_IN = "Scaling activity initiated by"


@dataclass
class Ground:
    """What every fleet stands on."""

    targets: Targets
    used: Callable[[], set[str]]
    behaviour: Callable[[str, str, str], Behaviour]  # account, region, task definition


@dataclass
class Fleet:
    """One service. `static` is moto's own object of it, which other parts of moto look for."""

    key: Key
    ground: Ground
    static: Any
    settings: dict[str, Any]
    start_seconds: int = START_SECONDS
    capacity: float | None = None
    """Requests per second that one task can answer."""
    sick: bool = False
    crashing: bool = False
    apart: bool = False
    """Whether each deployment keeps tasks of its own, as many as desired, until it is turned off."""
    tasks: list[Task] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    events: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    _count: int = 0
    _not_before: int = 0
    _failures: int = 0
    _steady: bool = False

    @property
    def name(self) -> str:
        return self.key[3]

    @property
    def desired(self) -> int:
        return int(self.static.desired_count)

    @property
    def primary(self) -> Deployment:
        """The newest deployment."""
        return self.deployments[0]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Group and port of each load balancer that the newest deployment serves."""
        return self.groups_of(self.primary)

    def groups_of(self, deployment: Deployment) -> list[tuple[str, int]]:
        """Group and port of each load balancer that a deployment's tasks serve."""
        return [(group_of(one, deployment.side), int(one["containerPort"])) for one in self.static.load_balancers]

    def deploy(self, definition: str, second: int) -> None:
        """A new deployment; the one before drains away as its tasks are replaced."""
        self._failures = self._not_before = 0
        mark = _hex(f"{self.key} {len(self.events)} {self._count} {second} {definition}")
        self.deployments.insert(0, Deployment(f"ecs-svc/{int(mark[:16], 16)}", definition, second, second))
        self._steady = False

    def lead(self, deployment: Deployment) -> None:
        """Makes a deployment the newest one once more, be its tasks gone or not."""
        if deployment in self.deployments:
            self.deployments.remove(deployment)
        self.deployments.insert(0, deployment)
        self.static.task_definition = deployment.definition
        self._failures = self._not_before = 0
        self._steady = False

    def resize(self, count: int) -> None:
        """Another number of tasks wanted."""
        self._steady = self._steady and count == self.desired
        self.static.desired_count = count

    def step(self, second: int) -> None:
        """Everything that happens in one second."""
        for task in self.tasks:
            self._live(task, second)
        self._replace_sick(second)
        if self.apart:
            for deployment in self.deployments:
                self._keep(deployment, second)
        else:
            self._stop_spare(second)
            self._start_missing(second)
        self._forget(second)
        self._judge(second)

    def of(self, deployment: Deployment, *statuses: str) -> list[Task]:
        """A deployment's tasks in any of these states."""
        return [task for task in self.tasks if task.deployment is deployment and task.status in statuses]

    def stop(self, task: Task, second: int, reason: str, code: str) -> None:
        """Takes a task out of its groups and ends it when they have drained it."""
        task.stop(second, reason, code)
        for group, port in task.groups:
            self.ground.targets.deregister(group, task.address, port, second)

    def is_well(self, task: Task) -> bool:
        """Whether the task counts as healthy for a deployment."""
        found = [self.ground.targets.find(group, task.address, port) for group, port in task.groups]
        return task.status == RUNNING and all(one is not None and one.state in (HEALTHY, UNUSED) for one in found)

    # --- one task

    def _live(self, task: Task, second: int) -> None:
        if task.status == PROVISIONING and second >= task.ready - self.start_seconds // 2:
            task.status = PENDING
        if task.status == PENDING and second >= task.ready:
            self._run(task, second)
        elif task.status == RUNNING and (code := self._exits(task, second)) is not None:
            self.stop(task, second, ESSENTIAL, "EssentialContainerExited")
            self._fail(task, second, code)
        elif task.status == DEACTIVATING and all(
            self.ground.targets.find(group, task.address, port) is None for group, port in task.groups
        ):
            task.end(second, None if task.started is None else 0)

    def _exits(self, task: Task, second: int) -> int | None:
        """The code a running task exits with in this second; None where it goes on."""
        code = 1 if self.crashing else task.behaviour.exit_code
        return code if second >= (task.started or 0) + CRASH_SECONDS else None

    def _run(self, task: Task, second: int) -> None:
        if task.behaviour.missing:
            task.container_reason = "CannotPullContainerError: pull image manifest has been retried: not found"
            task.stop(second, task.container_reason, "TaskFailedToStart")
            self._fail(task, second, None)
            return
        task.status, task.started, task.groups = RUNNING, second, self.groups_of(task.deployment)
        for group, port in task.groups:
            self.ground.targets.register(group, task.address, port, second, used=group in self.ground.used())

    def _fail(self, task: Task, second: int, exit_code: int | None) -> None:
        """It ended by itself: AWS starts the next one later each time."""
        task.end(second, exit_code)
        task.deployment.failed += 1
        self._failures += 1
        self._not_before = second + min(LONGEST_WAIT, 5 * self._failures)

    # --- the service

    def _replace_sick(self, second: int) -> None:
        grace = int(self.settings.get("healthCheckGracePeriodSeconds", 0))
        for task in self.tasks:
            if task.status != RUNNING or second - (task.started or 0) < grace:
                continue
            for group, port in task.groups:
                target = self.ground.targets.find(group, task.address, port)
                if target is not None and target.state == UNHEALTHY:
                    told = f"Task failed ELB health checks in (target-group {group})"
                    self.stop(task, second, told, "ServiceSchedulerInitiated")
                    task.deployment.failed += 1
                    self.tell(second, f"task {task.id} is stopped: it {told.removeprefix('Task ')}.")
                    break

    def _stop_spare(self, second: int) -> None:
        alive = sorted((task for task in self.tasks if task.alive), key=self._dearness)
        well = sum(self.is_well(task) for task in alive)
        least = ceil(self.desired * self._percent("minimumHealthyPercent", 100) / 100)
        young = sum(task.deployment is self.primary for task in alive)
        for task in alive:
            old = task.deployment is not self.primary
            if not old and young <= self.desired:
                continue
            if self.is_well(task):
                if well <= least:
                    continue
                well -= 1
            young -= not old
            self.stop(task, second, f"{SCALED_IN} (deployment {self.primary.id})", "ServiceSchedulerInitiated")

    def _dearness(self, task: Task) -> tuple[bool, bool, int]:
        """The first to go are the old ones that serve nobody."""
        return task.deployment is self.primary, self.is_well(task), task.number

    def _start_missing(self, second: int) -> None:
        if second < self._not_before:
            return
        alive = [task for task in self.tasks if task.alive]
        young = sum(task.deployment is self.primary for task in alive)
        most = int(self.desired * self._percent("maximumPercent", 200) / 100)
        missing = min(self.desired - young, most - len(alive))
        for _ in range(missing):
            self._start(self.primary, second)
        if missing > 0:
            self.tell(second, f"has started {missing} tasks.")

    def _keep(self, deployment: Deployment, second: int) -> None:
        """As many tasks of one deployment as desired; none of one that is off."""
        alive = sorted(self.of(deployment, *ALIVE), key=self._dearness)
        wanted = 0 if deployment.off else self.desired
        for task in alive[: max(0, len(alive) - wanted)]:
            self.stop(task, second, f"{SCALED_IN} (deployment {self.primary.id})", "ServiceSchedulerInitiated")
        missing = wanted - len(alive) if second >= self._not_before else 0
        for _ in range(missing):
            self._start(deployment, second)
        if missing > 0:
            self.tell(second, f"has started {missing} tasks.")

    def _start(self, deployment: Deployment, second: int) -> None:
        self._count += 1
        account, region, cluster, _ = self.key
        mark = _hex(f"{self.key} task {self._count}")
        self.tasks.append(Task(
            f"arn:aws:ecs:{region}:{account}:task/{cluster}/{mark[:32]}", self._count,
            f"10.{int(mark[32:34], 16)}.{int(mark[34:36], 16)}.{self._count % 250 + 1}", deployment,
            self.ground.behaviour(account, region, deployment.definition), second, second + self.start_seconds,
        ))

    def _forget(self, second: int) -> None:
        ended = [task for task in self.tasks if task.status == STOPPED]
        gone = [task for task in ended if second - (task.stopped or second) > STOPPED_KEPT] + ended[:-MOST_STOPPED]
        if gone:
            self.tasks = [task for task in self.tasks if task not in gone]

    def _judge(self, second: int) -> None:
        young = [task for task in self.tasks if task.alive and task.deployment is self.primary]
        for old in self.deployments[1:]:
            if (old.off or not self.apart) and not self.of(old, *ALIVE):
                self.deployments.remove(old)
        steady = len(young) == self.desired and not self.deployments[1:] and all(map(self.is_well, young))
        if steady:
            self.primary.turn(COMPLETED, second)
            self._failures = 0
        if steady and not self._steady:
            self.tell(second, "has reached a steady state.")
        self._steady = steady

    def _percent(self, name: str, usual: int) -> int:
        return int(self.settings.get("deploymentConfiguration", {}).get(name, usual))

    def tell(self, second: int, text: str) -> None:
        """An event of the service."""
        self.events.appendleft((second, f"(service {self.name}) {text}"))


def group_of(balancer: dict[str, Any], side: int) -> str:
    """One of the two groups of a service's load balancer; where it has one only, that."""
    alternate = balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn")
    return str(alternate if side and alternate else balancer["targetGroupArn"])


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
