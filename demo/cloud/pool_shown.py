"""Auto Scaling groups as DescribeAutoScalingGroups shows them. Changes nothing."""

from __future__ import annotations

from typing import Any

from demo.cloud.metrics import moment
from demo.cloud.pool import IN_SERVICE, Instance, Pool


def essence(pool: Pool) -> dict[str, Any]:
    """What the oracle log keeps of a group before and after a change."""
    return {"least": pool.least, "most": pool.most, "desired": pool.desired,
            "template": pool.asked["LaunchTemplate"], "running": sum(one.runs for one in pool.instances)}


def pool_shown(pool: Pool) -> dict[str, Any]:
    """One group as DescribeAutoScalingGroups shows it."""
    account, region, name = pool.key
    place = f"arn:aws:autoscaling:{region}:{account}"
    return {
        "AutoScalingGroupName": name,
        "AutoScalingGroupARN": f"{place}:autoScalingGroup:demo:autoScalingGroupName/{name}",
        "LaunchTemplate": pool.asked["LaunchTemplate"], "MinSize": pool.least, "MaxSize": pool.most,
        "DesiredCapacity": pool.desired, "DefaultCooldown": pool.asked.get("DefaultCooldown", 300),
        "AvailabilityZones": [f"{region}a"], "TargetGroupARNs": pool.groups, "LoadBalancerNames": [],
        "HealthCheckType": pool.asked.get("HealthCheckType", "EC2"),
        "HealthCheckGracePeriod": pool.asked.get("HealthCheckGracePeriod", 0), "CreatedTime": moment(pool.created),
        "SuspendedProcesses": [
            {"ProcessName": process, "SuspensionReason": "User suspended"} for process in sorted(pool.suspended)
        ],
        "Instances": [_instance(pool, one) for one in pool.instances],
        "Tags": [], "TerminationPolicies": ["Default"], "NewInstancesProtectedFromScaleIn": False,
    }


def activities_shown(pool: Pool) -> list[dict[str, Any]]:
    """What a group did, the newest first."""
    return [
        {"ActivityId": f"{second}-{text[-17:]}", "AutoScalingGroupName": pool.name, "Description": text,
         "Cause": cause, "StartTime": moment(second), "StatusCode": "Successful", "Progress": 100}
        for second, text, cause in pool.activities
    ]


def _instance(pool: Pool, one: Instance) -> dict[str, Any]:
    template = one.template
    return {
        "InstanceId": one.id, "AvailabilityZone": f"{pool.key[1]}a", "LifecycleState": one.state,
        "HealthStatus": "Unhealthy" if one.state == IN_SERVICE and pool.is_ill(one) else "Healthy",
        "ProtectedFromScaleIn": False, "InstanceType": "t3.small", "LaunchTemplate": {
            "LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": template.version,
        },
    }
