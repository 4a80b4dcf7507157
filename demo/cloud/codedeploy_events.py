"""What CodeDeploy tells EventBridge: each state of a deployment, and of each instance, once.

AWS's words are START, READY, SUCCESS, FAILURE and STOP. That it goes on after READY is no START again; what was
skipped, and functions and services, are told of by their deployment only. Whether AWS does so, too, is not documented.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from demo.cloud.codedeploy_deployment import Deployment
from demo.cloud.codedeploy_words import (
    BAKING,
    ENDED,
    FAILED,
    IN_PROGRESS,
    READY,
    SERVER,
    STOPPED,
    SUCCEEDED,
)
from demo.cloud.event_bus import Event, publish

SOURCE = "aws.codedeploy"
OF_DEPLOYMENT, OF_INSTANCE = "CodeDeploy Deployment State-change Notification", (
    "CodeDeploy Instance State-change Notification"
)
WORDS = {
    IN_PROGRESS: "START", BAKING: "START", READY: "READY", SUCCEEDED: "SUCCESS", FAILED: "FAILURE", STOPPED: "STOP",
}


@dataclass
class Herald:
    """Remembers what it has told."""

    _told: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    _over: set[str] = field(default_factory=set)

    def look(self, deployments: Iterable[Deployment], second: int) -> None:
        """Tells what is new in that second. One that had ended before anybody looked is history."""
        for one in deployments:
            if one.id in self._over:
                continue
            if one.status in ENDED and one.id not in self._told:
                self._over.add(one.id)
                continue
            self._tell(one, self._told.setdefault(one.id, set()), second)
            if one.status in ENDED:
                self._over.add(one.id)
                del self._told[one.id]

    def clear(self) -> None:
        """Forgets everything."""
        self._told.clear()
        self._over.clear()

    def _tell(self, one: Deployment, told: set[tuple[str, str]], second: int) -> None:
        """Instances first: a deployment begins a second before them, and ends after the last of them."""
        instances = one.run.targets if one.run is not None and one.group.app.platform == SERVER else []
        rows = [(target.id, WORDS.get(target.status, "")) for target in instances]
        for row in (*rows, ("", WORDS.get(one.status, ""))):
            if row[1] and row not in told:
                told.add(row)
                publish(one.group.app.key[:2], second, _event(one, *row))


def _event(one: Deployment, instance: str, word: str) -> Event:
    account, region, app = one.group.app.key
    place = f"arn:aws:codedeploy:{region}:{account}"
    resources = (f"{place}:application:{app}", f"{place}:deploymentgroup:{app}/{one.group.name}")
    detail = {
        "region": region, "deploymentId": one.id, "instanceGroupId": one.group.id, "deploymentGroup": one.group.name,
        "state": word, "application": app,
    }
    if not instance:
        return Event(SOURCE, OF_DEPLOYMENT, resources, detail)
    arn = f"arn:aws:ec2:{region}:{account}:instance/{instance}"
    return Event(SOURCE, OF_INSTANCE, (arn, *resources[::-1]), detail | {"instanceId": instance})
