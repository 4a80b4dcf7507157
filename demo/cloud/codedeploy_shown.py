"""Applications, groups, deployments and targets as CodeDeploy's API shows them. Changes nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from demo.cloud.codedeploy_deployment import Application, Deployment, Event, Group, Target
from demo.cloud.codedeploy_words import FAILED, IN_PROGRESS, PENDING, READY, SERVER, SKIPPED, SUCCEEDED
from demo.cloud.metrics import moment

KINDS = {SERVER: ("InstanceTarget", "instanceTarget"), "Lambda": ("LambdaTarget", "lambdaTarget"),
         "ECS": ("ECSTarget", "ecsTarget")}
OVERVIEW = (PENDING, IN_PROGRESS, SUCCEEDED, FAILED, SKIPPED, READY)
GROUP_LISTS = ("ec2TagFilters", "triggerConfigurations", "autoScalingGroups")


def application_shown(app: Application) -> dict[str, Any]:
    """One application."""
    return {"applicationId": app.id, "applicationName": app.name, "computePlatform": app.platform,
            "createTime": moment(app.created), "linkedToGitHub": False}


def group_shown(group: Group) -> dict[str, Any]:
    """One deployment group with its last deployments."""
    told: dict[str, Any] = {name: [] for name in GROUP_LISTS}
    told |= group.settings | {
        "applicationName": group.app.name, "deploymentGroupName": group.name, "deploymentGroupId": group.id,
        "computePlatform": group.app.platform, "terminationHookEnabled": False,
        "deploymentStyle": group.settings.get("deploymentStyle", {
            "deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
        }),
    }
    told["autoScalingGroups"] = [{"name": name} for name in told["autoScalingGroups"]]
    if group.last_good:
        told["lastSuccessfulDeployment"] = _last(group.last_good)
        told["targetRevision"] = _revision(group.last_good.revision)
    if group.deployments:
        told["lastAttemptedDeployment"] = _last(group.deployments[-1])
    return told


def deployment_shown(one: Deployment) -> dict[str, Any]:
    """One deployment."""
    settings = one.settings
    told: dict[str, Any] = {
        "applicationName": one.group.app.name, "deploymentGroupName": one.group.name, "deploymentId": one.id,
        "deploymentConfigName": one.config.name, "status": one.status, "creator": one.creator,
        "createTime": moment(one.created), "revision": _revision(one.revision),
        "description": one.asked.get("description"), "computePlatform": one.group.app.platform,
        "deploymentStyle": group_shown(one.group)["deploymentStyle"], "ignoreApplicationStopFailures": False,
        "updateOutdatedInstancesOnly": False, "fileExistsBehavior": one.asked.get("fileExistsBehavior", "DISALLOW"),
        "deploymentStatusMessages": [], "instanceTerminationWaitTimeStarted": one.terminating,
        "autoRollbackConfiguration": settings.get("autoRollbackConfiguration", {"enabled": False, "events": []}),
        "overrideAlarmConfiguration": one.asked.get("overrideAlarmConfiguration"),
        "blueGreenDeploymentConfiguration": settings.get("blueGreenDeploymentConfiguration"),
        "loadBalancerInfo": settings.get("loadBalancerInfo"), "rollbackInfo": _link(one),
        "previousRevision": _revision(one.previous) if one.previous else None,
        "deploymentOverview": _overview(one), "targetInstances": one.asked.get("targetInstances"),
        "startTime": None if one.started is None else moment(one.started),
        "completeTime": None if one.completed is None else moment(one.completed),
        "errorInformation": None if one.error is None else {"code": one.error[0], "message": one.error[1]},
    }
    return {key: value for key, value in told.items() if value is not None}


def target_shown(one: Deployment, target: Target) -> dict[str, Any]:
    """One target of a deployment that has begun."""
    kind, key = KINDS[one.group.app.platform]
    told: dict[str, Any] = {
        "deploymentId": one.id, "targetId": target.id, "targetArn": target.arn, "status": target.status,
        "lastUpdatedAt": moment(target.updated), "lifecycleEvents": [_event(event) for event in target.events],
    }
    return {"deploymentTargetType": kind, key: told | (one.run.shown(target) if one.run else {})}


def essence(one: Deployment) -> dict[str, Any]:
    """What the oracle log keeps of a deployment before and after a change."""
    return {"id": one.id, "status": one.status, "error": one.error[0] if one.error else "",
            "undone_by": one.undone_by.id if one.undone_by else ""}


def _event(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {"lifecycleEventName": event.name, "status": event.status}
    if event.started is not None:
        told["startTime"] = moment(event.started)
    if event.ended is not None and event.status != SKIPPED:
        told["endTime"] = moment(event.ended)
    return told | ({"diagnostics": event.diagnosis} if event.diagnosis else {})


def _overview(one: Deployment) -> dict[str, int] | None:
    if one.run is None:
        return None
    counted = Counter(target.status for target in one.run.targets)
    return {status: counted[status] for status in OVERVIEW}


def _link(one: Deployment) -> dict[str, str] | None:
    told = {}
    if one.undone_by:
        told = {"rollbackDeploymentId": one.undone_by.id}
    if one.undoes:
        told = {"rollbackTriggeringDeploymentId": one.undoes.id}
    return told | ({"rollbackMessage": one.undo_message} if one.undo_message else {}) or None


def _revision(revision: dict[str, Any]) -> dict[str, Any]:
    """AWS keeps the AppSpec to itself and tells its checksum only."""
    if "appSpecContent" not in revision:
        return revision
    kept = {key: value for key, value in revision["appSpecContent"].items() if key != "content"}
    return revision | {"appSpecContent": kept}


def _last(one: Deployment) -> dict[str, Any]:
    told = {"deploymentId": one.id, "status": one.status, "createTime": moment(one.created)}
    return told | ({"endTime": moment(one.completed)} if one.completed is not None else {})
