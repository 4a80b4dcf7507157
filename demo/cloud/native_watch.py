"""What makes ECS give a deployment up by itself: its alarms and its circuit breaker. Rolls nothing back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from demo.cloud.native_deployment import ServiceDeployment
from demo.cloud.native_words import BOUNDED, COUNT, DISABLED, MONITORING, MONITORING_COMPLETE, ROLLING, TRIGGERED
from demo.cloud.task import RUNNING

AlarmState = Callable[[tuple[str, str, str]], str]  # account, region, name
LEAST_FAILURES, MOST_FAILURES, HALF = 3, 200, 50


@dataclass
class NativeWatch:
    """Watches deployments. `alarm_state` tells an alarm's state, or nothing where there is no such alarm."""

    alarm_state: AlarmState

    def begin(self, deployment: ServiceDeployment) -> None:
        """An alarm that is red at the start has ECS watch none of them for the whole deployment."""
        names = deployment.alarm_names
        deployment.alarms = MONITORING if names and not self._red(deployment) else DISABLED
        breaker = deployment.configuration.get("deploymentCircuitBreaker", {})
        watched = breaker.get("enable") and deployment.strategy == ROLLING
        deployment.breaker = MONITORING if watched else DISABLED

    def verdict(self, deployment: ServiceDeployment) -> tuple[str, bool]:
        """Why the deployment has failed, and whether it shall go back; an empty reason while it has not."""
        red = self._red(deployment) if deployment.alarms == MONITORING else []
        if red:
            deployment.alarms, deployment.triggered = TRIGGERED, red
            back = deployment.configuration["alarms"]["rollback"]
            return f"Service deployment failed because CloudWatch alarm(s) {', '.join(red)} detected.", back
        if deployment.breaker == MONITORING and self.failures(deployment) >= threshold(deployment):
            deployment.breaker = TRIGGERED
            back = deployment.configuration["deploymentCircuitBreaker"]["rollback"]
            return "Service deployment failed because the circuit breaker threshold was exceeded.", back
        return "", False

    def failures(self, deployment: ServiceDeployment) -> int:
        """Failed tasks that count: a healthy one wipes out those before it, unless that is switched off."""
        fleet, tasks = deployment.fleet, deployment.target.deployment
        breaker = deployment.configuration.get("deploymentCircuitBreaker", {})
        if breaker.get("resetOnHealthyTask", True) and any(fleet.is_well(task) for task in fleet.of(tasks, RUNNING)):
            deployment.healed = tasks.failed
        return tasks.failed - deployment.healed

    def end(self, deployment: ServiceDeployment) -> None:
        """Nothing is watched any more."""
        deployment.alarms = MONITORING_COMPLETE if deployment.alarms == MONITORING else deployment.alarms
        deployment.breaker = MONITORING_COMPLETE if deployment.breaker == MONITORING else deployment.breaker

    def _red(self, deployment: ServiceDeployment) -> list[str]:
        place = deployment.fleet.key[:2]
        return [name for name in deployment.alarm_names if self.alarm_state((*place, name)) == "ALARM"]


def threshold(deployment: ServiceDeployment) -> int:
    """How many failed tasks are too many."""
    breaker = deployment.configuration.get("deploymentCircuitBreaker", {})
    asked = breaker.get("thresholdConfiguration", {"type": BOUNDED, "value": HALF})
    if asked["type"] == COUNT:
        return int(asked["value"])
    share: int = ceil(asked["value"] * deployment.fleet.desired / 100)
    return min(MOST_FAILURES, max(LEAST_FAILURES, share)) if asked["type"] == BOUNDED else max(1, share)
