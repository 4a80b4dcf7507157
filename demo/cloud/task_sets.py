"""ECS services whose deployments CodeDeploy makes: their task sets, and what ECS refuses to do with them itself.

A task set is one deployment of a fleet that keeps its deployments apart, so its tasks live as any service's. Only
CodeDeploy makes and ends them here: a client cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo.cloud.calls import Answer, Call, Failure, Operation
from demo.cloud.fleet import Fleet, Key, group_of
from demo.cloud.fleet_api import FleetApi
from demo.cloud.metrics import moment
from demo.cloud.task import PENDING, PROVISIONING, RUNNING, Deployment

CONTROLLER = "CODE_DEPLOY"
NOT_ITS_OWN = ("currentServiceDeployment", "currentServiceRevisions")
"""What ECS tells of deployments that it makes itself."""
REFUSED = {
    "taskDefinition": "update task definition", "forceNewDeployment": "force a new deployment",
    "loadBalancers": "update load balancers",
}


@dataclass
class TaskSets:
    """The services of the controller CODE_DEPLOY, over the operations that are there for all services."""

    services: FleetApi
    _made_by: dict[str, str] = field(default_factory=dict)
    _keys: set[Key] = field(default_factory=set)

    def operations(self) -> dict[str, Operation]:
        """The operations that differ for these services; for others they do what they did."""
        return {"CreateService": self.create, "UpdateService": self.update, "DescribeServices": self.describe}

    def clear(self) -> None:
        """Forgets which services are CodeDeploy's."""
        self._made_by.clear()
        self._keys.clear()

    # --- over the API

    def create(self, call: Call) -> Answer:
        """A service of either controller. One of CodeDeploy begins with a first task set."""
        asked = dict(call.parameters)
        controller = asked.get("deploymentController", {}).get("type", "ECS")
        made = self._ask("CreateService", call, asked | ({"deploymentController": {"type": "ECS"}}
                                                         if controller == CONTROLLER else {}))
        if controller == CONTROLLER:
            fleet = self._fleet(call, asked["serviceName"])
            self.services.native.forget(fleet.key)
            fleet.apart = True
            self._keys.add(fleet.key)
        return self._reshaped(made)

    def update(self, call: Call) -> Answer:
        """ECS leaves task definitions of such a service to CodeDeploy."""
        if self._fleet(call, call.parameters["service"]).key in self._keys:
            for name, words in REFUSED.items():
                if call.parameters.get(name):
                    raise Failure("InvalidParameterException", (
                        f"Unable to {words} on services with a CODE_DEPLOY deployment controller. "
                        "Use AWS CodeDeploy to trigger a new deployment."
                    ))
        return self._reshaped(self._ask("UpdateService", call, call.parameters))

    def describe(self, call: Call) -> Answer:
        found = self._ask("DescribeServices", call, call.parameters)
        shown = [self._shaped(one) for one in found.result["services"]]
        return Answer(found.result | {"services": shown})

    # --- for CodeDeploy

    def fleet(self, key: Key) -> Fleet | None:
        """A service that CodeDeploy may deploy to."""
        return self.services.fleets.get(key) if key in self._keys else None

    def start(self, fleet: Fleet, definition: str, maker: str, second: int) -> Deployment:
        """A second task set beside the primary one, for the other target group."""
        primary = fleet.primary
        fleet.deploy(definition, second)
        made = fleet.primary
        made.side = 1 - primary.side
        fleet.lead(primary)
        self._made_by[made.id] = maker
        return made

    def promote(self, fleet: Fleet, made: Deployment) -> None:
        """Makes a task set the primary one."""
        if fleet.primary is not made:
            fleet.lead(made)

    # --- inside

    def _ask(self, operation: str, call: Call, asked: dict[str, Any]) -> Answer:
        return self.services.operations()[operation](Call(
            call.service, call.operation, asked, call.account, call.region, call.caller, call.protocol,
        ))

    def _fleet(self, call: Call, name: str) -> Fleet:
        return self.services.need(call, name)

    def _reshaped(self, answer: Answer) -> Answer:
        shown = self._shaped(answer.result["service"])
        return Answer({"service": shown}, answer.before, answer.after)

    def _shaped(self, shown: dict[str, Any]) -> dict[str, Any]:
        _, _, _, region, account, rest = shown["serviceArn"].split(":", 5)
        key = (account, region, shown["clusterArn"].rsplit("/", 1)[1], rest.rsplit("/", 1)[1])
        if key not in self._keys:
            return shown
        fleet = self.services.fleets[key]
        kept = {name: value for name, value in shown.items() if name not in NOT_ITS_OWN}
        return kept | {
            "deploymentController": {"type": CONTROLLER}, "deployments": [],
            "loadBalancers": _balancers(fleet, fleet.primary),
            "taskSets": [self._set_shown(fleet, one) for one in fleet.deployments],
        }

    def _set_shown(self, fleet: Fleet, one: Deployment) -> dict[str, Any]:
        account, region, cluster, name = fleet.key
        primary, wanted = one is fleet.primary, 0 if one.off else fleet.desired
        running, pending = len(fleet.of(one, RUNNING)), len(fleet.of(one, PROVISIONING, PENDING))
        steady = running == wanted and not pending and all(map(fleet.is_well, fleet.of(one, RUNNING)))
        told: dict[str, Any] = {
            "id": one.id, "taskSetArn": f"arn:aws:ecs:{region}:{account}:task-set/{cluster}/{name}/{one.id}",
            "serviceArn": fleet.static.arn, "clusterArn": fleet.static.cluster_arn, "startedBy": CONTROLLER,
            "externalId": self._made_by.get(one.id), "taskDefinition": one.definition,
            "status": "PRIMARY" if primary else "DRAINING" if one.off else "ACTIVE",
            "computedDesiredCount": wanted, "runningCount": running, "pendingCount": pending,
            "createdAt": moment(one.created), "updatedAt": moment(one.updated), "launchType": "FARGATE",
            "platformVersion": "LATEST", "networkConfiguration": fleet.static.network_configuration,
            "loadBalancers": _balancers(fleet, one), "serviceRegistries": [],
            "scale": {"value": 0.0 if one.off else 100.0, "unit": "PERCENT"},
            "stabilityStatus": "STEADY_STATE" if steady else "STABILIZING", "stabilityStatusAt": moment(one.updated),
            "tags": [],
        }
        return {key: value for key, value in told.items() if value is not None}


def _balancers(fleet: Fleet, one: Deployment) -> list[dict[str, Any]]:
    """The groups that a task set serves. Where its other group is, only CodeDeploy knows."""
    return [
        {"targetGroupArn": group_of(balancer, one.side), "containerName": balancer["containerName"],
         "containerPort": balancer["containerPort"]}
        for balancer in fleet.static.load_balancers
    ]
