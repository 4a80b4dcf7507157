"""ECS's operations on services and their tasks; clusters and task definitions are moto's.

Knows services of the controller ECS only. A task that RunTask starts by itself is moto's and not listed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.fleet import Fleet, Ground, Key
from demo.cloud.fleet_shown import essence, service_shown, task_shown
from demo.cloud.metrics import epoch
from demo.cloud.moto_words import in_aws_words
from demo.cloud.native import Native
from demo.cloud.native_check import check_balancers, check_configuration
from demo.cloud.native_plan import strategy_of
from demo.cloud.native_shown import running_revisions
from demo.cloud.paging import BadToken, page
from demo.cloud.task import Task

MOST_SERVICES, MOST_TASKS = 10, 100
UPDATED = ("taskDefinition", "desiredCount", "forceNewDeployment", "deploymentConfiguration",
           "healthCheckGracePeriodSeconds", "loadBalancers")
KEPT = ("deploymentConfiguration", "healthCheckGracePeriodSeconds")


@dataclass
class FleetApi:
    """The services of all clusters."""

    now: Now
    ground: Ground
    native: Native
    page_size: int
    fleets: dict[Key, Fleet] = field(default_factory=dict)

    def operations(self) -> Operations:
        """The operations answered here."""
        table = {
            "CreateService": self.create, "UpdateService": self.update, "DeleteService": self.delete,
            "DescribeServices": self.describe, "ListTasks": self.list_tasks,
            "DescribeTasks": self.describe_tasks, "StopTask": self.stop_task,
        }
        return {name: in_aws_words(operation) for name, operation in table.items()}

    def create(self, call: Call) -> Answer:
        """A service without tasks yet."""
        asked = call.parameters
        if asked.get("deploymentController", {}).get("type", "ECS") != "ECS":
            raise Failure("InvalidParameterException", "the embedded cloud knows the deployment controller ECS only")
        cluster, name = _cluster(call), asked["serviceName"]
        key = (call.account, call.region, cluster, name)
        if key in self.fleets and self.fleets[key].static.status == "ACTIVE":
            raise Failure("InvalidParameterException", "Creation of service was not idempotent.")
        _check(call, asked.get("loadBalancers", []), asked.get("deploymentConfiguration", {}))
        network = asked.get("networkConfiguration")
        if network:
            network["awsvpcConfiguration"].setdefault("securityGroups", [])
        static = _ecs(call).create_service(
            cluster, name, asked.get("desiredCount", 0), asked["taskDefinition"], asked.get("loadBalancers", []),
            launch_type=asked.get("launchType"), tags=asked.get("tags"), network_configuration=network,
        )
        settings = {key: asked[key] for key in KEPT if key in asked}
        fleet = self.fleets[key] = Fleet(key, self.ground, static, settings)
        fleet.deploy(static.task_definition, epoch(self.now()))
        self.native.forget(key)
        self.native.begin(fleet, epoch(self.now()))
        return Answer({"service": self._shown(fleet)}, None, essence(fleet))

    def update(self, call: Call) -> Answer:
        """Another size, another task definition, or the same once more. The tasks follow by and by."""
        asked = call.parameters
        for name in asked:
            if name not in (*UPDATED, "cluster", "service"):
                raise Failure("InvalidParameterException", f"{name} is not known to the embedded cloud")
        fleet = self.need(call, asked["service"])
        if fleet.static.status != "ACTIVE":
            raise Failure("ServiceNotActiveException", "Service was not ACTIVE.")
        before, definition = essence(fleet), fleet.primary.definition
        if asked.get("taskDefinition"):
            found = _ecs(call).describe_task_definition(asked["taskDefinition"])
            if found.status != "ACTIVE":
                raise Failure("ClientException", "TaskDefinition is inactive")
            definition = found.arn
        if asked.get("desiredCount", 0) < 0:
            raise Failure("InvalidParameterException", "desiredCount cannot be negative")
        balancers = asked.get("loadBalancers", fleet.static.load_balancers)
        _check(call, balancers, {**fleet.settings, **asked}.get("deploymentConfiguration", {}))
        fleet.settings |= {key: asked[key] for key in KEPT if key in asked}
        if "desiredCount" in asked:
            fleet.resize(asked["desiredCount"])
        moved = balancers != fleet.static.load_balancers
        if moved or definition != fleet.primary.definition or asked.get("forceNewDeployment"):
            fleet.static.load_balancers = balancers
            self._deploy(fleet, definition)
        return Answer({"service": self._shown(fleet)}, before, essence(fleet))

    def _deploy(self, fleet: Fleet, definition: str) -> None:
        fleet.deploy(definition, epoch(self.now()))
        fleet.static.task_definition = definition
        self.native.begin(fleet, epoch(self.now()))

    def delete(self, call: Call) -> Answer:
        """Ends a service; one with tasks only by force."""
        fleet = self.need(call, call.parameters["service"])
        _ecs(call).delete_service(fleet.key[2], fleet.name, call.parameters.get("force", False))
        before = essence(fleet)
        fleet.resize(0)
        self.native.forget(fleet.key)
        return Answer({"service": self._shown(fleet)}, before, essence(fleet))

    def describe(self, call: Call) -> Answer:
        """At most ten services of one cluster; those it does not know are told as failures."""
        names = call.parameters["services"]
        if not 1 <= len(names) <= MOST_SERVICES:
            raise Failure("InvalidParameterException", f"Services must have 1 to {MOST_SERVICES} elements.")
        found, failures = [], []
        for name in names:
            fleet = self._find(call, name)
            if fleet is None:
                arn = f"arn:aws:ecs:{call.region}:{call.account}:service/{_cluster(call)}/{name.rsplit('/', 1)[-1]}"
                failures.append({"arn": name if name.startswith("arn:") else arn, "reason": "MISSING"})
            else:
                found.append(self._shown(fleet))
        return Answer({"services": found, "failures": failures})

    def list_tasks(self, call: Call) -> Answer:
        """The tasks that run or shall; with desiredStatus STOPPED those that ended or shall."""
        asked = call.parameters
        service, family, by = (asked.get(name) for name in ("serviceName", "family", "startedBy"))
        fleets = [self.need(call, service)] if service else self._of(call)
        running = asked.get("desiredStatus", "RUNNING") != "STOPPED"
        rows = sorted(
            task.arn for fleet in fleets for task in fleet.tasks
            if task.alive == running and by in (None, task.deployment.id)
            and family in (None, task.deployment.definition.rsplit("/", 1)[1].rsplit(":", 1)[0])
        )
        size = min(asked.get("maxResults", MOST_TASKS), MOST_TASKS, self.page_size)
        try:
            shown, token = page(rows, lambda arn: [arn], asked.get("nextToken"), size)
        except BadToken as error:
            raise Failure("InvalidParameterException", "Invalid token") from error
        return Answer({"taskArns": list(shown)} | ({"nextToken": token} if token else {}))

    def describe_tasks(self, call: Call) -> Answer:
        """At most a hundred tasks of one cluster, by id or ARN."""
        names = call.parameters["tasks"]
        if not 1 <= len(names) <= MOST_TASKS:
            raise Failure("InvalidParameterException", f"Tasks must have 1 to {MOST_TASKS} elements.")
        found, failures = [], []
        for name in names:
            one = self._task(call, name)
            if one is None:
                arn = f"arn:aws:ecs:{call.region}:{call.account}:task/{_cluster(call)}/{name.rsplit('/', 1)[-1]}"
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(task_shown(*one))
        return Answer({"tasks": found, "failures": failures})

    def stop_task(self, call: Call) -> Answer:
        """Ends one task; its service starts another."""
        one = self._task(call, call.parameters["task"])
        if one is None:
            raise Failure("InvalidParameterException", "The referenced task was not found.")
        fleet, task = one
        if task.alive:
            reason = call.parameters.get("reason") or "Task stopped by user"
            fleet.stop(task, epoch(self.now()), reason, "UserInitiated")
        return Answer({"task": task_shown(fleet, task)})

    def by_address(self) -> dict[str, tuple[Fleet, Task]]:
        """Every task that may have a target, by its IP address."""
        return {task.address: (fleet, task) for fleet in self.fleets.values() for task in fleet.tasks}

    def _shown(self, fleet: Fleet) -> dict[str, Any]:
        """A service with the deployment that AWS runs for it."""
        book = self.native.books.get(fleet.key)
        if book is None:
            return service_shown(fleet)
        return service_shown(fleet) | {
            "currentServiceDeployment": book.deployments[-1].arn,
            "currentServiceRevisions": running_revisions(fleet, book.revisions),
        }

    def _of(self, call: Call) -> Iterator[Fleet]:
        where = (call.account, call.region, _cluster(call))
        return (fleet for key, fleet in self.fleets.items() if key[:3] == where)

    def _find(self, call: Call, name: str) -> Fleet | None:
        return self.fleets.get((call.account, call.region, _cluster(call), name.rsplit("/", 1)[-1]))

    def need(self, call: Call, name: str) -> Fleet:
        """A service by name or ARN; refuses one that is not there."""
        fleet = self._find(call, name)
        if fleet is None:
            raise Failure("ServiceNotFoundException", "Service not found.")
        return fleet

    def _task(self, call: Call, name: str) -> tuple[Fleet, Task] | None:
        wanted = name.rsplit("/", 1)[-1]
        return next(((fleet, task) for fleet in self._of(call) for task in fleet.tasks if task.id == wanted), None)


def _ecs(call: Call) -> Any:
    return ecs_backends[call.account][call.region]


def _cluster(call: Call) -> str:
    """The cluster's name; refuses one that does not exist."""
    name = str(call.parameters.get("cluster", "default")).rsplit("/", 1)[-1]
    if name not in _ecs(call).clusters:
        raise Failure("ClusterNotFoundException", "Cluster not found.")
    return name


def _check(call: Call, balancers: list[dict[str, Any]], configuration: dict[str, Any]) -> None:
    """What AWS refuses of a service before it makes or changes anything."""
    check_configuration(configuration)
    elb = elbv2_backends[call.account][call.region]
    listeners = [one for balancer in elb.load_balancers.values() for one in balancer.listeners.values()]
    rules = {one.arn for one in listeners} | {rule.arn for one in listeners for rule in one.rules.values()}
    for one in balancers:
        _check_group(call, one["targetGroupArn"])
    check_balancers(balancers, strategy_of(configuration), elb.target_groups, rules)


def _check_group(call: Call, group: str) -> None:
    """AWS takes a group only once a load balancer may send to it."""
    found = elbv2_backends[call.account][call.region].target_groups.get(group)
    if found is None or not found.load_balancer_arns:
        raise Failure("InvalidParameterException", (
            f"The target group with targetGroupArn {group} does not have an associated load balancer."
        ))
