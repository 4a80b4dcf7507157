"""EC2 Auto Scaling's operations on groups; launch templates and policies are moto's.

Instances exist here and as targets only: EC2 itself does not list them. No instance refresh, no lifecycle hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from moto.ec2.models import ec2_backends

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.metrics import epoch
from demo.cloud.paging import BadToken, page
from demo.cloud.pool import Instance, Pool, PoolKey, Template
from demo.cloud.pool_shown import activities_shown, essence, pool_shown
from demo.cloud.targets import Targets
from demo.cloud.task import Behaviour

MOST_GROUPS = 100
UPDATED = ("AutoScalingGroupName", "LaunchTemplate", "MinSize", "MaxSize", "DesiredCapacity", "HealthCheckType",
           "HealthCheckGracePeriod", "DefaultCooldown")
KEPT = ("LaunchTemplate", "HealthCheckType", "HealthCheckGracePeriod", "DefaultCooldown")
PROCESSES = ("Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck",
             "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions")


@dataclass
class PoolApi:
    """The Auto Scaling groups of all places."""

    now: Now
    targets: Targets
    used: Callable[[], set[str]]
    behaviour: Callable[[str], Behaviour]
    page_size: int
    pools: dict[PoolKey, Pool] = field(default_factory=dict)

    def operations(self) -> Operations:
        """The operations answered here."""
        return {
            "CreateAutoScalingGroup": self.create, "UpdateAutoScalingGroup": self.update,
            "SetDesiredCapacity": self.set_desired, "DeleteAutoScalingGroup": self.delete,
            "DescribeAutoScalingGroups": self.describe, "DescribeScalingActivities": self.activities,
            "SuspendProcesses": partial(self._switch, on=False), "ResumeProcesses": partial(self._switch, on=True),
            "AttachLoadBalancerTargetGroups": self.attach, "DetachLoadBalancerTargetGroups": self.detach,
            "TerminateInstanceInAutoScalingGroup": self.terminate,
        }

    def create(self, call: Call) -> Answer:
        """A group without instances yet."""
        asked = call.parameters
        name = asked["AutoScalingGroupName"]
        key = (call.account, call.region, name)
        if key in self.pools:
            raise Failure("AlreadyExists", f"AutoScalingGroup by this name already exists: {name}")
        if "LaunchTemplate" not in asked:
            raise Failure("ValidationError", "the embedded cloud starts instances from a LaunchTemplate only")
        self._template(call, asked["LaunchTemplate"])
        _check_sizes(asked["MinSize"], asked["MaxSize"])
        settings = {key: asked[key] for key in KEPT if key in asked}
        pool = Pool(
            key, self.targets, self.used, lambda: self._template(call, settings["LaunchTemplate"]), settings,
            epoch(self.now()), asked["MinSize"], asked["MaxSize"], asked["MinSize"],
            groups=list(asked.get("TargetGroupARNs", [])),
        )
        pool.resize(desired=asked.get("DesiredCapacity"))
        self.pools[key] = pool
        return Answer({}, None, essence(pool))

    def update(self, call: Call) -> Answer:
        """Other limits, another size or template. The instances follow by and by; a template only in new ones."""
        asked, pool = call.parameters, self._need(call)
        for name in asked:
            if name not in UPDATED:
                raise Failure("ValidationError", f"{name} is not known to the embedded cloud")
        least, most = asked.get("MinSize", pool.least), asked.get("MaxSize", pool.most)
        _check_sizes(least, most)
        if "LaunchTemplate" in asked:
            self._template(call, asked["LaunchTemplate"])
        if "DesiredCapacity" in asked:
            _check_desired(asked["DesiredCapacity"], least, most, "desired capacity")
        before = essence(pool)
        pool.asked.update({key: asked[key] for key in KEPT if key in asked})
        pool.resize(least=least, most=most, desired=asked.get("DesiredCapacity"))
        return Answer({}, before, essence(pool))

    def set_desired(self, call: Call) -> Answer:
        """Another size within the limits."""
        pool, wanted = self._need(call), call.parameters["DesiredCapacity"]
        _check_desired(wanted, pool.least, pool.most, "SetDesiredCapacity")
        before = essence(pool)
        pool.resize(desired=wanted)
        return Answer({}, before, essence(pool))

    def delete(self, call: Call) -> Answer:
        """Ends a group; one with instances only by force, and at once."""
        pool = self._need(call)
        if pool.instances and not call.parameters.get("ForceDelete", False):
            raise Failure("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances in it")
        for group in list(pool.groups):
            pool.withdraw(group, epoch(self.now()))
        del self.pools[pool.key]
        return Answer({}, essence(pool), None)

    def describe(self, call: Call) -> Answer:
        """Groups with their instances, in pages; names it does not know are left out, as AWS does."""
        names = call.parameters.get("AutoScalingGroupNames")
        rows = sorted(
            (pool for key, pool in self.pools.items()
             if key[:2] == (call.account, call.region) and (not names or key[2] in names)),
            key=lambda pool: pool.name,
        )
        size = min(call.parameters.get("MaxRecords", MOST_GROUPS), MOST_GROUPS, self.page_size)
        try:
            shown, token = page(rows, lambda pool: [pool.name], call.parameters.get("NextToken"), size)
        except BadToken as error:
            raise Failure("InvalidNextToken", "The NextToken value is not valid.") from error
        told: dict[str, Any] = {"AutoScalingGroups": [pool_shown(one) for one in shown]}
        return Answer(told | ({"NextToken": token} if token else {}))

    def activities(self, call: Call) -> Answer:
        """What a group did, the newest first."""
        return Answer({"Activities": activities_shown(self._need(call))})

    def attach(self, call: Call) -> Answer:
        """More target groups: every instance in service becomes a target of them."""
        pool = self._need(call)
        pool.groups += [group for group in call.parameters["TargetGroupARNs"] if group not in pool.groups]
        return Answer()

    def detach(self, call: Call) -> Answer:
        """Fewer target groups: they drain."""
        pool = self._need(call)
        for group in call.parameters["TargetGroupARNs"]:
            if group not in pool.groups:
                raise Failure("ValidationError", f"Trying to remove Target Groups that are not part of {pool.name}")
            pool.withdraw(group, epoch(self.now()))
        return Answer()

    def terminate(self, call: Call) -> Answer:
        """Ends one instance; another takes its place unless the size shrinks with it."""
        wanted = call.parameters["InstanceId"]
        for pool in self.pools.values():
            for instance in pool.instances:
                if instance.id == wanted and pool.key[:2] == (call.account, call.region):
                    if call.parameters["ShouldDecrementDesiredCapacity"]:
                        _check_desired(pool.desired - 1, pool.least, pool.most, "desired capacity")
                        pool.resize(desired=pool.desired - 1)
                    pool.end(instance, epoch(self.now()), "an instance was taken out of service by a user request")
                    return Answer()
        raise Failure("ValidationError", f"Instance Id not found - No managed instance found for instance ID: {wanted}")

    def by_id(self) -> dict[str, tuple[Pool, Instance]]:
        """Every instance by its id."""
        return {one.id: (pool, one) for pool in self.pools.values() for one in pool.instances}

    def _switch(self, call: Call, *, on: bool) -> Answer:
        pool = self._need(call)
        named = call.parameters.get("ScalingProcesses") or PROCESSES
        for name in named:
            if name not in PROCESSES:
                raise Failure("ValidationError", f"{name} is not a scaling process; known: {', '.join(PROCESSES)}")
        pool.suspended = pool.suspended - set(named) if on else pool.suspended | set(named)
        return Answer()

    def _need(self, call: Call) -> Pool:
        name = call.parameters["AutoScalingGroupName"]
        pool = self.pools.get((call.account, call.region, name))
        if pool is None:
            raise Failure("ValidationError", f"AutoScalingGroup name not found - null: {name}")
        return pool

    def _template(self, call: Call, asked: dict[str, Any]) -> Template:
        """The version of a launch template that is meant right now."""
        templates: Any = ec2_backends[call.account][call.region].launch_templates
        wanted = str(asked.get("Version", "$Default"))
        for one in templates.values():
            if (asked.get("LaunchTemplateId", one.id), asked.get("LaunchTemplateName", one.name)) == (one.id, one.name):
                named = {"$latest": len(one.versions), "$default": one.default_version_number}
                number = named.get(wanted.lower(), int(wanted) if wanted.isdigit() else 0)
                if 1 <= number <= len(one.versions):
                    image = one.versions[number - 1].image_id
                    return Template(one.id, one.name, str(number), image, self.behaviour(image))
        raise Failure("ValidationError", f"You must use a valid fully-formed launch template: {asked}")


def _check_sizes(least: int, most: int) -> None:
    if not 0 <= least <= most:
        raise Failure("ValidationError", f"Min bound, {least}, must be less than or equal to max bound, {most}")


def _check_desired(wanted: int, least: int, most: int, what: str) -> None:
    if not least <= wanted <= most:
        side = f"above max value {most}" if wanted > most else f"below min value {least}"
        raise Failure("ValidationError", f"New {what} value {wanted} is {side} for the AutoScalingGroup.")
