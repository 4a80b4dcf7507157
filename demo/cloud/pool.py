"""One Auto Scaling group and its instances: starts, replaces and ends them until it has what it was asked for.

A new launch template changes nothing by itself: only instances that start later have it. No API here, no traffic.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from demo.cloud.targets import UNHEALTHY, Targets
from demo.cloud.task import Behaviour

PENDING, IN_SERVICE, TERMINATING = "Pending", "InService", "Terminating"
START_SECONDS = 20
MOST_ACTIVITIES = 100
PoolKey = tuple[str, str, str]  # account, region, group


@dataclass(frozen=True)
class Template:
    """One version of a launch template, and what its image does."""

    id: str
    name: str
    version: str
    image: str
    behaviour: Behaviour


@dataclass
class Instance:
    """One instance. Times are seconds since 1970."""

    id: str
    number: int
    template: Template
    ready: int
    state: str = PENDING
    started: int | None = None
    served: int | None = None
    groups: list[str] = field(default_factory=list)

    @property
    def behaviour(self) -> Behaviour:
        return self.template.behaviour

    @property
    def runs(self) -> bool:
        """Whether its program answers: an image may start and its program not."""
        return self.state == IN_SERVICE and self.behaviour.exit_code is None and not self.behaviour.missing


@dataclass
class Pool:
    """One group. `template` is asked at every start: `$Latest` means another version tomorrow."""

    key: PoolKey
    targets: Targets
    used: Callable[[], set[str]]
    template: Callable[[], Template]
    asked: dict[str, Any]
    created: int
    least: int
    most: int
    desired: int
    port: int = 8080
    start_seconds: int = START_SECONDS
    capacity: float | None = None
    sick: bool = False
    groups: list[str] = field(default_factory=list)
    suspended: set[str] = field(default_factory=set)
    instances: list[Instance] = field(default_factory=list)
    activities: deque[tuple[int, str, str]] = field(default_factory=lambda: deque(maxlen=MOST_ACTIVITIES))
    _count: int = 0

    @property
    def name(self) -> str:
        return self.key[2]

    def resize(self, *, least: int | None = None, most: int | None = None, desired: int | None = None) -> None:
        """Other limits or another size. The limits carry the size with them, as AWS does."""
        self.least = self.least if least is None else least
        self.most = self.most if most is None else most
        self.desired = max(self.least, min(self.most, self.desired if desired is None else desired))

    def step(self, second: int) -> None:
        """Everything that happens in one second."""
        for instance in list(self.instances):
            self._live(instance, second)
        if "ReplaceUnhealthy" not in self.suspended:
            self._replace_sick(second)
        alive = [one for one in self.instances if one.state != TERMINATING]
        if "Launch" not in self.suspended:
            for _ in range(self.desired - len(alive)):
                self._start(second)
        if "Terminate" not in self.suspended and len(alive) > self.desired:
            current = self.template()
            alive.sort(key=lambda one: (one.template == current, one.number))
            for one in alive[: len(alive) - self.desired]:
                self.end(one, second, "a user request or an alarm changed the desired capacity")

    def end(self, instance: Instance, second: int, cause: str) -> None:
        """Takes an instance out of its groups and ends it when they have drained it."""
        instance.state = TERMINATING
        for group in instance.groups:
            self.targets.deregister(group, instance.id, self.port, second)
        self.activities.appendleft((second, f"Terminating EC2 instance: {instance.id}", f"At this time {cause}."))

    def register(self, instance: Instance, second: int) -> None:
        """Makes the instance a target of every group the pool has now."""
        for group in self.groups:
            if group not in instance.groups:
                instance.groups.append(group)
                self.targets.register(group, instance.id, self.port, second, used=group in self.used())

    def withdraw(self, group: str, second: int) -> None:
        """Takes every instance out of one group; they live on."""
        self.groups.remove(group)
        for instance in self.instances:
            if group in instance.groups:
                instance.groups.remove(group)
                self.targets.deregister(group, instance.id, self.port, second)

    def is_ill(self, instance: Instance) -> bool:
        """Whether a load balancer says so."""
        found = [self.targets.find(group, instance.id, self.port) for group in instance.groups]
        return any(one is not None and one.state == UNHEALTHY for one in found)

    def _live(self, instance: Instance, second: int) -> None:
        if instance.state == PENDING and second >= instance.ready:
            instance.state, instance.started = IN_SERVICE, second
        if instance.state == IN_SERVICE and "AddToLoadBalancer" not in self.suspended:
            self.register(instance, second)
        elif instance.state == TERMINATING and all(
            self.targets.find(group, instance.id, self.port) is None for group in instance.groups
        ):
            self.instances.remove(instance)

    def _replace_sick(self, second: int) -> None:
        grace = int(self.asked.get("HealthCheckGracePeriod", 0))
        if self.asked.get("HealthCheckType", "EC2") != "ELB":
            return
        for one in self.instances:
            if one.state == IN_SERVICE and second - (one.started or 0) >= grace and self.is_ill(one):
                self.end(one, second, "an instance was taken out of service in response to an ELB system health "
                                      "check failure")

    def _start(self, second: int) -> None:
        self._count += 1
        mark = hashlib.sha256(f"{self.key} {self._count}".encode()).hexdigest()[:17]
        instance = Instance(f"i-{mark}", self._count, self.template(), second + self.start_seconds)
        self.instances.append(instance)
        self.activities.appendleft((second, f"Launching a new EC2 instance: {instance.id}",
                                    f"At this time the desired capacity is {self.desired}."))
