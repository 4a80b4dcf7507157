"""CodeDeploy on ECS: a second task set, its tests, the wait, the traffic, the second wait, the end of the first one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.ecs.models import ecs_backends

from demo.cloud.calls import Answer, Call
from demo.cloud.codedeploy_deployment import Deployment, Event, Fault, Target
from demo.cloud.codedeploy_hooks import Hooks
from demo.cloud.codedeploy_revisions import resource_in
from demo.cloud.codedeploy_routes import Routes
from demo.cloud.codedeploy_waits import Waits
from demo.cloud.codedeploy_words import (
    ALLOWING,
    IN_PROGRESS,
    INSTALLING,
    SUCCEEDED,
    TESTING,
)
from demo.cloud.codedeploy_words import PENDING as WAITING
from demo.cloud.fleet import Fleet
from demo.cloud.task import PENDING, PROVISIONING, RUNNING
from demo.cloud.task import Deployment as TaskSet
from demo.cloud.task_sets import TaskSets

RESOURCE = "AWS::ECS::Service"
LONGEST_INSTALL = 60


@dataclass
class Place:
    """What a deployment to ECS stands on."""

    sets: TaskSets
    perform: Callable[[Call], Answer | None]
    minute: float
    waiting: float


class EcsRun:
    """One deployment to a service. `second` is the present one; each step of its life yields the status."""

    def __init__(self, one: Deployment, second: int, place: Place) -> None:
        self._one, self._place, self.second = one, place, second
        self._routes = Routes(one.group, place.perform)
        self.fleet = self._service()
        self.blue = self.fleet.primary
        self.green: TaskSet | None = None
        events = (*INSTALLING, *(TESTING if self._routes.test else ()), *ALLOWING)
        if one.undoes:
            self._take_over(one.undoes)
            events = ALLOWING
        self.targets = [Target(
            f"{self.fleet.key[2]}:{self.fleet.name}", str(self.fleet.static.arn), [Event(name) for name in events],
            updated=second,
        )]
        self._waits = Waits(one.group, place.waiting, lambda: self.second)
        self._told: list[dict[str, Any]] = []
        self._hooks = Hooks(self.fleet.key[:2], one.revision, way_back=one.undoes is not None)
        self._life = self._back() if one.undoes else self._forward()

    def step(self, second: int) -> str:
        """The next thing that CodeDeploy does."""
        self.second = second
        if self.targets[0].status == WAITING:
            self.targets[0].turn(IN_PROGRESS, second)
        status = next(self._life)
        self._told = self._sets_shown()
        return status

    def proceed(self, wait: str, second: int) -> bool:
        """Ends the wait it stands in; False where it stands in another or none."""
        return self._waits.proceed(wait)

    def shown(self, target: Target) -> dict[str, Any]:
        """Both task sets with their shares of the traffic, as they were when the deployment last did something."""
        return {"taskSetsInfo": self._told}

    # --- its life

    def _forward(self) -> Iterator[str]:
        yield from self._pass("BeforeInstall")
        yield from self._install()
        yield from self._pass("AfterInstall")
        if self._routes.test:
            self._routes.send(self._routes.test, self._group(self._new), 100)
            yield from self._pass("AllowTestTraffic")
            yield from self._pass("AfterAllowTestTraffic")
        yield from self._waits.ready()
        yield from self._pass("BeforeAllowTraffic")
        yield from self._shift()
        yield from self._pass("AfterAllowTraffic")
        self.targets[0].turn(SUCCEEDED, self.second)
        yield from self._waits.bake()
        self.blue.off = True
        yield SUCCEEDED

    def _back(self) -> Iterator[str]:
        """All traffic to the task set that served before, at once; the new one ends."""
        yield from self._pass("BeforeAllowTraffic")
        self._send_back()
        self._place.sets.promote(self.fleet, self.blue)
        yield from self._pass("AllowTraffic")
        yield from self._pass("AfterAllowTraffic")
        if self.green is not None:
            self.green.off = True
        self.targets[0].turn(SUCCEEDED, self.second)
        yield SUCCEEDED

    def _install(self) -> Iterator[str]:
        """Starts the new task set, and waits until all of its tasks are healthy."""
        event = self._event("Install")
        event.begin(self.second)
        self._clean()
        asked = resource_in(self.fleet.key[0], self._one.revision, RESOURCE, ("TaskDefinition",))
        definition = self._known(asked["TaskDefinition"])
        self.green = self._place.sets.start(self.fleet, definition, self._one.id, self.second)
        latest = self.second + LONGEST_INSTALL * self._place.minute
        while not self._is_up(self.green):
            if self.second > latest:
                raise Fault("TIMEOUT", "the replacement task set did not become healthy")
            yield IN_PROGRESS
        event.end(self.second)

    def _shift(self) -> Iterator[str]:
        event, first = self._event("AllowTraffic"), self.second
        event.begin(first)
        group = self._group(self._new)
        sent = 0.0
        while sent < 100:
            share = self._one.config.routing.share_after(self.second - first, self._place.minute)
            # Only at a shift: what somebody else wrote in between stays until the next one.
            if share != sent:
                self._routes.send(self._routes.production, group, share)
                sent = share
            if sent < 100:
                yield IN_PROGRESS
        self._place.sets.promote(self.fleet, self._new)
        event.end(self.second)

    def _pass(self, name: str) -> Iterator[str]:
        """An event that is its hook, or nothing: begun in one second, over in the next."""
        event = self._event(name)
        event.begin(self.second)
        yield IN_PROGRESS
        self._hooks.run(name)
        event.end(self.second)

    # --- inside

    @property
    def _new(self) -> TaskSet:
        if self.green is None:
            raise Fault("ECS_UPDATE_ERROR", "the replacement task set is gone")
        return self.green

    def _service(self) -> Fleet:
        account, region = self._one.group.app.key[:2]
        asked = self._one.group.settings["ecsServices"][0]
        fleet = self._place.sets.fleet((account, region, asked["clusterName"], asked["serviceName"]))
        if fleet is None:
            raise Fault("INVALID_ECS_SERVICE", f"{asked['serviceName']} is not a service of the controller CODE_DEPLOY")
        for balancer in fleet.static.load_balancers:
            if balancer["targetGroupArn"] in self._routes.groups:
                other = self._routes.other(balancer["targetGroupArn"])
                balancer["advancedConfiguration"] = {"alternateTargetGroupArn": other}
                break
        else:
            raise Fault("INVALID_ECS_SERVICE", "it does not serve a target group of the deployment group")
        return fleet

    def _take_over(self, failed: Deployment) -> None:
        """The task sets of the deployment that this one undoes; none of a deployment that never began."""
        if isinstance(failed.run, EcsRun):
            self.blue, self.green = failed.run.blue, failed.run.green

    def _clean(self) -> None:
        """What a stopped deployment left beside the primary task set goes, and with it its traffic."""
        left = [one for one in self.fleet.deployments if one is not self.blue]
        for one in left:
            one.off = True
        if left or self._routes.share(self._group(self.blue)) < 100:
            self._routes.send(self._routes.production, self._group(self.blue), 100)

    def _send_back(self) -> None:
        group = self._group(self.blue)
        if self._routes.share(group) < 100:
            self._routes.send(self._routes.production, group, 100)
        if self._routes.test:
            self._routes.send(self._routes.test, group, 100)

    def _known(self, wanted: str) -> str:
        account, region = self._one.group.app.key[:2]
        known: Any = ecs_backends[account][region].task_definitions
        arns = {one.arn for revisions in known.values() for one in revisions.values()}
        if wanted not in arns:
            raise Fault("ECS_UPDATE_ERROR", f"the task definition {wanted} does not exist")
        return wanted

    def _is_up(self, one: TaskSet) -> bool:
        tasks = self.fleet.of(one, RUNNING)
        return len(tasks) >= self.fleet.desired and all(map(self.fleet.is_well, tasks))

    def _group(self, one: TaskSet) -> str:
        return next(group for group, _ in self.fleet.groups_of(one) if group in self._routes.groups)

    def _event(self, name: str) -> Event:
        return next(event for event in self.targets[0].events if event.name == name)

    def _sets_shown(self) -> list[dict[str, Any]]:
        sides = (("Blue", self.blue), ("Green", self.green))
        return [self._set_shown(label, one) for label, one in sides if one is not None]

    def _set_shown(self, label: str, one: TaskSet) -> dict[str, Any]:
        group = self._group(one)
        return {
            "identifer": one.id, "taskSetLabel": label, "targetGroup": {"name": self._routes.names[group]},
            "status": "PRIMARY" if one is self.fleet.primary else "DRAINING" if one.off else "ACTIVE",
            "desiredCount": 0 if one.off else self.fleet.desired, "runningCount": len(self.fleet.of(one, RUNNING)),
            "pendingCount": len(self.fleet.of(one, PROVISIONING, PENDING)), "trafficWeight": self._routes.share(group),
        }
