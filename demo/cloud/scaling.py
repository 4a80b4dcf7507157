"""A target-tracking autoscaler that really changes sizes, as Application Auto Scaling and EC2 Auto Scaling do.

Scalable targets and policies are moto's. It sees requests per server, nothing else: a side of a deployment that
gets no traffic is too big in its eyes, as it would be in those of a policy on the processor. (Of no request at all
AWS has no datapoint, and a policy on requests alone may hold then: nothing a deployment should rest on.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.autoscaling.models import autoscaling_backends

from demo.cloud.calls import Answer, Call
from demo.cloud.fleet import Fleet, Key
from demo.cloud.pool import Pool, PoolKey
from demo.cloud.task import COMPLETED

EVERY = 10
OUT_SECONDS, IN_SECONDS = 20, 60  # AWS: three minutes and fifteen
CALLER = "arn:aws:sts::{}:assumed-role/AWSServiceRoleForApplicationAutoScaling_ECSService/AutoScaling-UpdateDesired"
POOL_CALLER = "arn:aws:sts::{}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"


@dataclass(frozen=True)
class Scaled:
    """Something with a size and a policy: its limits, what a server shall get a minute, what is suspended."""

    key: tuple[str, ...]
    groups: list[str]
    desired: int
    limits: tuple[int, int]
    aim: float
    suspended: frozenset[str]
    resize: Callable[[int], Call]


@dataclass
class Scaling:
    """All autoscalers. `loads` tells the requests per second of each target group."""

    fleets: Mapping[Key, Fleet]
    pools: Mapping[PoolKey, Pool]
    loads: Mapping[str, float]
    perform: Callable[[Call], Answer | None]
    on: bool = True
    _since: dict[tuple[tuple[str, ...], str], int] = field(default_factory=dict)

    def step(self, second: int) -> None:
        """Looks at everything that has a policy, now and then."""
        if not self.on or second % EVERY:
            return
        for one in [*self._services(), *self._groups()]:
            self._look(one, second)

    def clear(self) -> None:
        """Forgets what it saw; on again."""
        self._since.clear()
        self.on = True

    def _look(self, one: Scaled, second: int) -> None:
        # What stands at zero has no metric: nothing but its least size wakes it.
        load = sum(self.loads.get(group, 0.0) for group in one.groups)
        needed = ceil(load * 60 / one.aim) if one.desired else 0
        wanted = max(one.limits[0], min(one.limits[1], needed))
        for side, patience, asked in (
            ("out", OUT_SECONDS, wanted > one.desired), ("in", IN_SECONDS, wanted < one.desired),
        ):
            if not asked or side in one.suspended:
                self._since.pop((one.key, side), None)
            elif second - self._since.setdefault((one.key, side), second) >= patience:
                del self._since[one.key, side]
                self.perform(one.resize(wanted))

    def _services(self) -> Iterator[Scaled]:
        for key, fleet in self.fleets.items():
            account, region, cluster, name = key
            backend: Any = applicationautoscaling_backends[account][region]
            where = f"service/{cluster}/{name}"
            target = next(iter(backend.describe_scalable_targets("ecs", [where], None)), None)
            aim = _aim(backend, where)
            if target is None or aim is None or not fleet.groups or fleet.static.status != "ACTIVE":
                continue
            held = dict(target.suspended_state or {})
            # AWS turns scale-in off while a deployment is in progress, and scale-out goes on.
            held["DynamicScalingInSuspended"] = held.get("DynamicScalingInSuspended") or \
                fleet.primary.state != COMPLETED
            yield Scaled(
                key, [group for group, _ in fleet.groups], fleet.desired,
                (target.min_capacity, target.max_capacity), aim,
                frozenset(side for side in ("in", "out") if held.get(f"DynamicScaling{side.title()}Suspended")),
                partial(_service_call, key),
            )

    def _groups(self) -> Iterator[Scaled]:
        for key, pool in self.pools.items():
            account, region, name = key
            for policy in autoscaling_backends[account][region].policies.values():
                tracked: Any = policy.target_tracking_configuration
                if policy.auto_scaling_group_name == name and tracked and pool.groups:
                    stopped = frozenset(("in", "out")) if "AlarmNotification" in pool.suspended else frozenset[str]()
                    yield Scaled(
                        key, pool.groups, pool.desired, (pool.least, pool.most), float(tracked.TargetValue), stopped,
                        partial(_group_call, key),
                    )


def _service_call(key: Key, wanted: int) -> Call:
    account, region, cluster, name = key
    asked = {"cluster": cluster, "service": name, "desiredCount": wanted}
    return Call("ecs", "UpdateService", asked, account, region, CALLER.format(account))


def _group_call(key: PoolKey, wanted: int) -> Call:
    account, region, name = key
    asked = {"AutoScalingGroupName": name, "DesiredCapacity": wanted}
    return Call("autoscaling", "SetDesiredCapacity", asked, account, region, POOL_CALLER.format(account))


def _aim(backend: Any, where: str) -> float | None:
    """Requests per task and minute that the policy tracks; None without one."""
    for policy in backend.policies.values():
        body = policy.target_tracking_scaling_policy_configuration
        if policy.resource_id == where and body:
            return float(body["TargetValue"])
    return None
