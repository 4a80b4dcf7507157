"""Services and tasks as DescribeServices and DescribeTasks show them. Changes nothing."""

from __future__ import annotations

from typing import Any

from demo.cloud.fleet import Fleet
from demo.cloud.metrics import moment
from demo.cloud.task import COMPLETED, PENDING, PROVISIONING, RUNNING, STOPPED, Deployment, Task


def service_shown(fleet: Fleet) -> dict[str, Any]:
    """One service with its deployments and last events."""
    static, settings = fleet.static, fleet.settings
    every = fleet.deployments
    shown = {
        "serviceArn": static.arn, "serviceName": static.name, "clusterArn": static.cluster_arn,
        "status": status_of(fleet), "desiredCount": fleet.desired, "launchType": static.launch_type,
        "runningCount": sum(len(fleet.of(one, RUNNING)) for one in every),
        "pendingCount": sum(len(fleet.of(one, PROVISIONING, PENDING)) for one in every),
        "taskDefinition": fleet.primary.definition,
        "loadBalancers": static.load_balancers, "serviceRegistries": [], "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"}, "platformVersion": "LATEST",
        "deploymentConfiguration": {
            "minimumHealthyPercent": 100, "maximumPercent": 200,
        } | settings.get("deploymentConfiguration", {}),
        "healthCheckGracePeriodSeconds": settings.get("healthCheckGracePeriodSeconds", 0),
        "createdAt": moment(min(one.created for one in every)),
        "deployments": [_deployment(fleet, one) for one in every],
        "events": [
            {"id": f"{second}-{len(text)}", "createdAt": moment(second), "message": text}
            for second, text in fleet.events
        ],
        "enableECSManagedTags": False, "propagateTags": "NONE", "enableExecuteCommand": False,
        "networkConfiguration": static.network_configuration,
    }
    return {key: value for key, value in shown.items() if value is not None}


def status_of(fleet: Fleet) -> str:
    """ACTIVE; once deleted DRAINING, and INACTIVE when its last task has ended."""
    if fleet.static.status == "ACTIVE":
        return "ACTIVE"
    return "DRAINING" if any(task.status != STOPPED for task in fleet.tasks) else "INACTIVE"


def essence(fleet: Fleet) -> dict[str, Any]:
    """What the oracle log keeps of a service before and after a change."""
    return {
        "desired": fleet.desired, "running": len(fleet.of(fleet.primary, RUNNING)),
        "definition": fleet.primary.definition,
    }


def task_shown(fleet: Fleet, task: Task) -> dict[str, Any]:
    """One task with its container and its address."""
    _, region, _, _ = fleet.key
    container = {
        "containerArn": task.arn.replace(":task/", ":container/"), "taskArn": task.arn, "name": "app",
        "lastStatus": "RUNNING" if task.status == RUNNING else "STOPPED" if task.status == STOPPED else "PENDING",
        "exitCode": task.exit_code, "reason": task.container_reason or None,
    }
    health = "UNKNOWN"
    shown: dict[str, Any] = {
        "taskArn": task.arn, "clusterArn": fleet.static.cluster_arn, "group": f"service:{fleet.name}",
        "taskDefinitionArn": task.deployment.definition, "startedBy": task.deployment.id,
        "lastStatus": task.status, "desiredStatus": "RUNNING" if task.alive else "STOPPED",
        "launchType": "FARGATE", "availabilityZone": f"{region}a", "healthStatus": health,
        "containers": [{key: value for key, value in container.items() if value is not None}],
        "attachments": [{"id": task.id, "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": [
            {"name": "privateIPv4Address", "value": task.address},
        ]}],
        "createdAt": moment(task.created),
        "startedAt": _maybe(task.started), "stoppingAt": _maybe(task.stopping), "stoppedAt": _maybe(task.stopped),
        "stopCode": task.stop_code or None, "stoppedReason": task.stopped_reason or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _deployment(fleet: Fleet, one: Deployment) -> dict[str, Any]:
    primary = one is fleet.primary
    done = one.state == COMPLETED
    return {
        "id": one.id, "status": "PRIMARY" if primary else "ACTIVE", "taskDefinition": one.definition,
        "desiredCount": 0 if one.off or not (primary or fleet.apart) else fleet.desired,
        "runningCount": len(fleet.of(one, RUNNING)), "pendingCount": len(fleet.of(one, PROVISIONING, PENDING)),
        "failedTasks": one.failed, "createdAt": moment(one.created), "updatedAt": moment(one.updated),
        "launchType": fleet.static.launch_type, "rolloutState": one.state,
        "rolloutStateReason": f"ECS deployment {one.id} {'completed' if done else 'in progress'}.",
    }


def _maybe(second: int | None) -> Any:
    return None if second is None else moment(second)
