"""What ECS tells EventBridge of its service deployments: each status that has an event, once.

A way back is told as AWS told it when it was a deployment of its own: the new one has failed, the old one is in
progress, and then completed. That a deployment was stopped for a newer one, and what is only asked for, has no event.
"""

from __future__ import annotations

from demo.cloud.event_bus import Event, publish
from demo.cloud.metrics import moment
from demo.cloud.native_deployment import ServiceDeployment
from demo.cloud.native_words import (
    IN_PROGRESS,
    ROLLBACK_FAILED,
    ROLLBACK_IN_PROGRESS,
    ROLLBACK_SUCCESSFUL,
    STOPPED,
    SUCCESSFUL,
    SUPERSEDED,
)

SOURCE = "aws.ecs"
OF_DEPLOYMENT, OF_SERVICE = "ECS Deployment State Change", "ECS Service Action"
BEGUN, COMPLETED, FAILED = (f"SERVICE_DEPLOYMENT_{word}" for word in ("IN_PROGRESS", "COMPLETED", "FAILED"))
STEADY = "SERVICE_STEADY_STATE"


def tell(one: ServiceDeployment, second: int) -> None:
    """Tells of the status that a deployment has come to in that second."""
    for event in _events(one, second):
        publish(one.fleet.key[:2], second, event)


def _events(one: ServiceDeployment, second: int) -> list[Event]:
    new = one.target.deployment.id
    old = one.sources[0].deployment.id if one.rollback else new
    if one.status == IN_PROGRESS:
        return [_deployed(one, second, BEGUN, new, f"ECS deployment {new} in progress.")]
    if one.status in (SUCCESSFUL, ROLLBACK_SUCCESSFUL):
        return [_deployed(one, second, COMPLETED, old, f"ECS deployment {old} completed."), _steady(one, second)]
    if one.status == ROLLBACK_IN_PROGRESS:
        return [_deployed(one, second, FAILED, new, one.reason),
                _deployed(one, second, BEGUN, old, f"ECS deployment {new}: rolling back to deploymentId {old}.")]
    if one.status == ROLLBACK_FAILED or (one.status == STOPPED and one.reason != SUPERSEDED):
        return [_deployed(one, second, FAILED, old, one.reason)]
    return []


def _deployed(one: ServiceDeployment, second: int, name: str, deployment: str, reason: str) -> Event:
    return Event(SOURCE, OF_DEPLOYMENT, (one.fleet.static.arn,), {
        "eventType": "ERROR" if name == FAILED else "INFO", "eventName": name, "deploymentId": deployment,
        "updatedAt": moment(second).strftime("%Y-%m-%dT%H:%M:%SZ"), "reason": reason,
    })


def _steady(one: ServiceDeployment, second: int) -> Event:
    return Event(SOURCE, OF_SERVICE, (one.fleet.static.arn,), {
        "eventType": "INFO", "eventName": STEADY, "clusterArn": one.fleet.static.cluster_arn,
        "createdAt": moment(second).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    })
