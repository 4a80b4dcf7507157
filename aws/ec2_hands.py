"""Changes two Auto Scaling groups. Decides nothing about traffic.

A new launch template changes no instance: on a side that has no traffic those of another version are ended, and the
group starts new ones in their place. On a side that has traffic they stay; what serves is never ended here.
"""

from typing import Any

from aws.calls import Calls
from aws.ec2_look import template_of
from aws.ec2_replies import Pool, Written
from aws.ec2_target import Ec2Target
from aws.pair_hands import Hands
from aws.pair_limits import SIDES, Side
from aws.pair_look import Want
from aws.pair_seen import Sight, crews_of
from rollout.errors import TargetError
from rollout.release import Release


class Ec2Hands(Hands):
    """Groups and instances."""

    def __init__(self, elb: Calls, scaling: Calls, one: Want[Ec2Target], sight: Sight) -> None:
        super().__init__(elb, one, sight)
        self._scaling = scaling
        self._pools = dict(zip(SIDES, crews_of(sight, Pool), strict=True))

    def bring_up(self, side: Side, release: Release) -> None:
        """With its template, as many instances as carry all traffic."""
        pool = self._pools[side]
        ours = self._sight.ours[SIDES.index(side)] is True
        wanted = max(self._sight.needed, pool.desired_capacity if ours else 0)
        if wanted > pool.max_size:
            fact = f"{pool.name} may have {pool.max_size} instances at most, all traffic needs {wanted}"
            raise TargetError("state", fact, "raise its largest size")
        self._update(pool, wanted, None if ours else release)
        if side not in self._sight.serving:
            self._replace_old(pool, release)

    def put_back(self, side: Side, release: Release) -> None:
        """Its own template, for whatever starts next."""
        pool = self._pools[side]
        self._update(pool, pool.desired_capacity, release)

    def shrink(self, side: Side, count: int) -> None:
        """Fewer instances."""
        pool = self._pools[side]
        if pool.desired_capacity > count:
            self._update(pool, count, None)

    def write_limit(self, side: Side, least: int) -> None:
        """Its least size; its largest stays. More than it has now makes it grow."""
        name = self._pools[side].name
        reply = self._scaling.write("UpdateAutoScalingGroup", Written, AutoScalingGroupName=name, MinSize=least)
        self.note(f"{name} scales by itself from {least} instances", reply.response_metadata.request_id)

    def _update(self, pool: Pool, count: int, release: Release | None) -> None:
        asked: dict[str, Any] = {}
        if release is not None:
            template = template_of(release)
            asked["LaunchTemplate"] = {**template.asked, "Version": template.version}
        if pool.desired_capacity != count:
            asked["DesiredCapacity"] = count
        if not asked:
            return
        reply = self._scaling.write("UpdateAutoScalingGroup", Written, AutoScalingGroupName=pool.name, **asked)
        what = f"{template_of(release).words}, " if release else ""
        self.note(f"{pool.name}: {what}{count} instances", reply.response_metadata.request_id)

    def _replace_old(self, pool: Pool, release: Release) -> None:
        """Instances of another version than the release's, now that the group starts that one."""
        for one in pool.instances:
            if one.ends or template_of(release).same(one.launch_template):
                continue
            reply = self._scaling.write(
                "TerminateInstanceInAutoScalingGroup", Written, InstanceId=one.instance_id,
                ShouldDecrementDesiredCapacity=False,
            )  # fmt: skip
            self.note(f"{one.instance_id} of {pool.name} is replaced", reply.response_metadata.request_id)
