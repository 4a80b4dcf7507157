"""A target-tracking autoscaler that really changes a service's size, as Application Auto Scaling would.

Scalable targets and policies are moto's. It sees requests per task, nothing else: a side of a deployment that
gets no traffic is too big in its eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends

from demo.cloud.calls import Answer, Call
from demo.cloud.fleet import Fleet, Key

EVERY = 10
OUT_SECONDS, IN_SECONDS = 20, 60  # AWS: three minutes and fifteen
CALLER = "arn:aws:sts::{}:assumed-role/AWSServiceRoleForApplicationAutoScaling_ECSService/AutoScaling-UpdateDesired"


@dataclass
class Scaling:
    """All autoscalers. `loads` tells the requests per second of each target group."""

    fleets: Mapping[Key, Fleet]
    loads: Mapping[str, float]
    perform: Callable[[Call], Answer | None]
    on: bool = True
    _since: dict[tuple[Key, str], int] = field(default_factory=dict)

    def step(self, second: int) -> None:
        """Looks at every service with a policy, now and then."""
        if not self.on or second % EVERY:
            return
        for key, fleet in list(self.fleets.items()):
            if fleet.static.status == "ACTIVE":
                self._look(key, fleet, second)

    def clear(self) -> None:
        """Forgets what it saw; on again."""
        self._since.clear()
        self.on = True

    def _look(self, key: Key, fleet: Fleet, second: int) -> None:
        account, region, cluster, name = key
        backend: Any = applicationautoscaling_backends[account][region]
        where = f"service/{cluster}/{name}"
        target = next(iter(backend.describe_scalable_targets("ecs", [where], None)), None)
        aim = _aim(backend, where)
        if target is None or aim is None or not fleet.groups:
            return
        # A service at zero has no metric: nothing but its least size wakes it.
        load = sum(self.loads.get(group, 0.0) for group, _ in fleet.groups)
        needed = ceil(load * 60 / aim) if fleet.desired else 0
        wanted = max(target.min_capacity, min(target.max_capacity, needed))
        suspended = target.suspended_state or {}
        for side, patience, asked, held in (
            ("out", OUT_SECONDS, wanted > fleet.desired, suspended.get("DynamicScalingOutSuspended")),
            ("in", IN_SECONDS, wanted < fleet.desired, suspended.get("DynamicScalingInSuspended")),
        ):
            if not asked or held:
                self._since.pop((key, side), None)
            elif second - self._since.setdefault((key, side), second) >= patience:
                del self._since[key, side]
                self._resize(key, wanted)

    def _resize(self, key: Key, wanted: int) -> None:
        account, region, cluster, name = key
        asked = {"cluster": cluster, "service": name, "desiredCount": wanted}
        self.perform(Call("ecs", "UpdateService", asked, account, region, CALLER.format(account)))


def _aim(backend: Any, where: str) -> float | None:
    """Requests per task and minute that the policy tracks; None without one."""
    for policy in backend.policies.values():
        body = policy.target_tracking_scaling_policy_configuration
        if policy.resource_id == where and body:
            return float(body["TargetValue"])
    return None
