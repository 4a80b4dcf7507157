"""Builders of EC2 Auto Scaling groups, one call each, for the seed and for tests."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends

from demo.cloud.building import ids_of, perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.pool import Pool
from demo.cloud.world import World


def add_template(world: World, name: str, image: str, description: str = "") -> str:
    """A launch template, or its next version where there is one by that name; gives the version's number."""
    with world.lock:
        ec2: Any = ec2_backends[ACCOUNT][REGION]
        settings = {"ImageId": image, "InstanceType": "t3.small"}
        known = [one for one in ec2.launch_templates.values() if one.name == name]
        if known:
            return str(known[0].create_version(settings, description).number)
        with ids_of("template", name):
            ec2.create_launch_template(name, description, settings, {})
        return "1"


def add_pool(world: World, name: str, template: str, *, count: int, group: str | None = None, most: int = 10) -> Pool:
    """An Auto Scaling group of so many instances of a template's `$Default` or `template:VERSION`."""
    named, _, version = template.partition(":")
    perform(world, "autoscaling", "CreateAutoScalingGroup", {
        "AutoScalingGroupName": name, "MinSize": 0, "MaxSize": most, "DesiredCapacity": count,
        "LaunchTemplate": {"LaunchTemplateName": named, "Version": version or "$Default"},
        "HealthCheckType": "ELB", "HealthCheckGracePeriod": 30, "TargetGroupARNs": [group] if group else [],
        "AvailabilityZones": [f"{REGION}a"],
    })
    return world.servers.pools.pools[ACCOUNT, REGION, name]


def add_pool_scaling(name: str, requests: float) -> None:
    """A target-tracking policy: so many requests per instance and minute."""
    scaling: Any = autoscaling_backends[ACCOUNT][REGION]
    scaling.put_scaling_policy(
        f"{name}-requests", "TargetTrackingScaling", None, None, name, None, None, None,
        {"TargetValue": requests, "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget"}}, None, None, None,
    )
