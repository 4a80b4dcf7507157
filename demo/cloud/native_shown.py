"""Service deployments and revisions as AWS's read operations show them. Changes nothing."""

from __future__ import annotations

from typing import Any

from moto.ecs.models import ecs_backends

from demo.cloud.fleet import ALIVE, Fleet, group_of
from demo.cloud.images import Images
from demo.cloud.metrics import moment
from demo.cloud.native_deployment import Hook, Revision, ServiceDeployment
from demo.cloud.native_watch import NativeWatch, threshold
from demo.cloud.native_words import DISABLED
from demo.cloud.task import PENDING, PROVISIONING, RUNNING


def brief(one: ServiceDeployment) -> dict[str, Any]:
    """A row of ListServiceDeployments."""
    return _present({
        "serviceDeploymentArn": one.arn, "serviceArn": one.fleet.static.arn,
        "clusterArn": one.fleet.static.cluster_arn, "createdAt": moment(one.created),
        "startedAt": _when(one.started), "finishedAt": _when(one.finished),
        "targetServiceRevisionArn": one.target.arn, "status": one.status, "statusReason": one.reason or None,
    })


def deployment_shown(one: ServiceDeployment, watch: NativeWatch) -> dict[str, Any]:
    """A deployment of DescribeServiceDeployments."""
    back, alarms = one.rollback, one.alarm_names
    return _present({
        "serviceDeploymentArn": one.arn, "serviceArn": one.fleet.static.arn,
        "clusterArn": one.fleet.static.cluster_arn, "createdAt": moment(one.created),
        "startedAt": _when(one.started), "finishedAt": _when(one.finished), "stoppedAt": _when(one.stopped),
        "updatedAt": moment(one.updated), "status": one.status, "statusReason": one.reason or None,
        "sourceServiceRevisions": [_summary(one, source, first=not at) for at, source in enumerate(one.sources)],
        "targetServiceRevision": _summary(one, one.target, first=False),
        "lifecycleStage": one.stage or None,
        "lifecycleHookDetails": [_hook(hook) for hook in one.hooks],
        "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200} | one.configuration,
        "rollback": {
            "reason": back.reason, "startedAt": moment(back.started), "serviceRevisionArn": back.revision,
        } if back else None,
        "alarms": {"status": one.alarms, "alarmNames": alarms, "triggeredAlarmNames": one.triggered},
        "deploymentCircuitBreaker": {"status": DISABLED} if one.breaker == DISABLED else {
            "status": one.breaker, "failureCount": watch.failures(one), "threshold": threshold(one),
        },
    })


def revision_shown(fleet: Fleet, one: Revision, images: Images) -> dict[str, Any]:
    """A revision of DescribeServiceRevisions: its images by digest, and the groups its tasks really serve."""
    account, region, _, _ = fleet.key
    backend: Any = ecs_backends[account][region]
    definition = backend.describe_task_definition(one.deployment.definition)
    return _present({
        "serviceRevisionArn": one.arn, "serviceArn": fleet.static.arn, "clusterArn": fleet.static.cluster_arn,
        "taskDefinition": one.deployment.definition, "launchType": fleet.static.launch_type,
        "platformVersion": "LATEST", "platformFamily": "Linux", "loadBalancers": one.balancers,
        "networkConfiguration": fleet.static.network_configuration, "createdAt": moment(one.created),
        "guardDutyEnabled": False,
        "containerImages": [
            _present({"containerName": container["name"], "image": container["image"],
                      "imageDigest": images.digest_of(container["image"])})
            for container in definition.container_definitions
        ],
        "resolvedConfiguration": {"loadBalancers": [
            _present({"targetGroupArn": group_of(balancer, one.deployment.side), "productionListenerRule": rule})
            for balancer in one.balancers
            for rule in (balancer.get("advancedConfiguration", {}).get("productionListenerRule"),)
        ]},
    })


def running_revisions(fleet: Fleet, revisions: list[Revision]) -> list[dict[str, Any]]:
    """DescribeServices's currentServiceRevisions: those with tasks, and the one that is being deployed."""
    return [
        {"arn": one.arn, **_counts(fleet, one)} for one in reversed(revisions)
        if one.deployment is fleet.primary or fleet.of(one.deployment, *ALIVE)
    ]


def _summary(one: ServiceDeployment, revision: Revision, *, first: bool) -> dict[str, Any]:
    shown = {"arn": revision.arn, **_counts(one.fleet, revision)}
    if one.shifts:
        mine = revision is one.target
        shown["requestedProductionTrafficWeight"] = one.production if mine else 100 - one.production if first else 0.0
        shown["requestedTestTrafficWeight"] = one.test if mine else 100 - one.test if first else 0.0
    return shown


def _counts(fleet: Fleet, revision: Revision) -> dict[str, int]:
    tasks = revision.deployment
    wanted = not tasks.off if fleet.apart else tasks is fleet.primary
    return {
        "requestedTaskCount": fleet.desired if wanted else 0,
        "runningTaskCount": len(fleet.of(tasks, RUNNING)),
        "pendingTaskCount": len(fleet.of(tasks, PROVISIONING, PENDING)),
    }


def _hook(hook: Hook) -> dict[str, Any]:
    return _present({
        "hookId": hook.id, "targetType": hook.kind, "targetArn": hook.target or None, "status": hook.status,
        "expiresAt": moment(hook.expires), "timeoutAction": hook.action,
    })


def _present(shown: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if value is not None}


def _when(second: int | None) -> Any:
    return None if second is None else moment(second)
