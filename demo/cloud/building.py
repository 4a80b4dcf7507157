"""Builders of load balancers and ECS services, one call each, for the seed and for tests.

Every ARN follows from the names alone, so it is the same in every run and may stand in a configuration file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from moto.moto_api._internal import mock_random

from demo.cloud.calls import ACCOUNT, REGION, Answer, Call
from demo.cloud.flow import dimension_of
from demo.cloud.world import World

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ecs-execution"
SCALING_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)
PORT = 8080
DIMENSION = "ecs:service:DesiredCount"


@dataclass(frozen=True)
class Balancer:
    """A load balancer with one listener for everybody and one for tests, both answering 404 by default."""

    arn: str
    listener: str
    test_listener: str


def add_balancer(world: World, name: str) -> Balancer:
    """An application load balancer with listeners on port 80 and, for tests, on port 9000."""
    elb: Any = elbv2_backends[ACCOUNT][REGION]
    here = subnets()
    with ids_of("balancer", name):
        arn = elb.create_load_balancer(name, ["sg-balancers"], here).arn
    return Balancer(arn, add_listener(world, arn, 80), add_listener(world, arn, 9000))


def add_listener(world: World, balancer: str, port: int, weights: Mapping[str, int] | None = None) -> str:
    """A listener that forwards to groups by weight, or answers 404; gives its ARN."""
    elb: Any = elbv2_backends[ACCOUNT][REGION]
    missing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}
    action = missing if weights is None else forward(weights)
    with ids_of("listener", f"{balancer} {port}"):
        listener = elb.create_listener(balancer, "HTTP", port, "", None, [action | {"Order": 1}])
    # moto makes the default rule's ARN of a memory address.
    listener.rules[0].arn = f"{listener.arn.replace(':listener/', ':listener-rule/')}/{_hex(listener.arn)}"
    world.servers.note()
    return str(listener.arn)


def add_group(world: World, name: str, *, interval: int = 5, delay: int = 20, kind: str = "ip") -> str:
    """A target group of IP targets or instances: seconds between checks, and of deregistration; gives its ARN."""
    elb: Any = elbv2_backends[ACCOUNT][REGION]
    vpc = _vpc()
    with ids_of("group", name):
        group = elb.create_target_group(
            name, vpc_id=vpc, protocol="HTTP", protocol_version="HTTP1", port=PORT, target_type=kind,
            healthcheck_protocol="HTTP", healthcheck_port="traffic-port", healthcheck_path="/health",
            healthcheck_interval_seconds=interval, healthcheck_timeout_seconds=2, healthcheck_enabled="true",
            healthy_threshold_count="2", unhealthy_threshold_count="2", matcher={"HttpCode": "200"},
        )
    elb.modify_target_group_attributes(group.arn, {"deregistration_delay.timeout_seconds": str(delay)})
    world.servers.note()
    return str(group.arn)


def add_rule(world: World, listener: str, weights: Mapping[str, int], *, path: str = "/*", priority: int = 10) -> str:
    """A rule of a listener that forwards a path to groups by weight; gives its ARN."""
    elb: Any = elbv2_backends[ACCOUNT][REGION]
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}]
    with ids_of("rule", f"{listener} {priority}"):
        rule = elb.create_rule(listener, conditions, priority, [forward(weights) | {"Order": 1}])
    world.servers.note()
    return str(rule.arn)


def forward(weights: Mapping[str, int]) -> dict[str, Any]:
    """The action that forwards to groups by weight, as ModifyRule takes it."""
    groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {
        "TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False},
    }}


def add_image(
    world: World, repository: str, tag: str, annotations: Mapping[str, str] | None = None, *,
    ago: timedelta = timedelta(), labels: Mapping[str, str] | None = None,
) -> str:
    """An image pushed to ECR so long ago, its labels too, and its repository if need be; gives its digest."""
    ecr: Any = ecr_backends[ACCOUNT][REGION]
    if repository not in ecr.repositories:
        ecr.create_repository(repository, None, None, None, "MUTABLE", [])
    layer = f"{repository} {tag}"
    blob = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Env": ["STAGE=image"], "Labels": dict(labels or {})},
        "rootfs": {"type": "layers", "diff_ids": [_digest(f"files of {layer}")]},
    }).encode()
    configuration = world.servers.images.layers.put(ACCOUNT, REGION, repository, blob)
    text = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(blob),
                   "digest": configuration},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 3_276_912,
                    "digest": _digest(layer)}],
        "annotations": dict(annotations or {}),
    })
    image = ecr.put_image(repository, text, tag, MANIFEST, _digest(text))
    image.image_pushed_at = int((world.now() - ago).timestamp())
    return str(image.get_image_digest())


def image_uri(repository: str, tag: str) -> str:
    """How a task definition names an image by its tag, or by its digest where that is given."""
    sign = "@" if tag.startswith("sha256:") else ":"
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}{sign}{tag}"


def add_definition(world: World, family: str, image: str) -> str:
    """A revision of a task definition with one container; gives its ARN."""
    ecs: Any = ecs_backends[ACCOUNT][REGION]
    container = {
        "name": "app", "image": image, "essential": True,
        "portMappings": [{"containerPort": PORT, "hostPort": PORT, "protocol": "tcp"}],
        "environment": [{"name": "STAGE", "value": "production"}],
    }
    return str(ecs.register_task_definition(
        family, [container], network_mode="awsvpc", requires_compatibilities=["FARGATE"],
        cpu="256", memory="512", execution_role_arn=EXECUTION_ROLE,
    ).arn)


def add_service(
    world: World, cluster: str, name: str, definition: str, *, count: int, group: str | None = None
) -> str:
    """A service of so many tasks, its cluster where there is none yet, its tasks in a group; gives its ARN."""
    ecs: Any = ecs_backends[ACCOUNT][REGION]
    if cluster not in ecs.clusters:
        ecs.create_cluster(cluster)
    balancers = [{"targetGroupArn": group, "containerName": "app", "containerPort": PORT}] if group else []
    made = perform(world, "ecs", "CreateService", {
        "cluster": cluster, "serviceName": name, "taskDefinition": definition, "desiredCount": count,
        "launchType": "FARGATE", "loadBalancers": balancers, "healthCheckGracePeriodSeconds": 30,
        "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200},
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": subnets(), "securityGroups": []}},
    })
    return str(made.result["service"]["serviceArn"])


def add_scaling(
    world: World, cluster: str, service: str, *, least: int, most: int, requests: float
) -> None:
    """A scalable target with a target-tracking policy: so many requests per task and minute."""
    scaling: Any = applicationautoscaling_backends[ACCOUNT][REGION]
    group = ecs_backends[ACCOUNT][REGION].services[f"{cluster}:{service}"].load_balancers[0]["targetGroupArn"]
    balancer = elbv2_backends[ACCOUNT][REGION].target_groups[group].load_balancer_arns[0]
    where = f"service/{cluster}/{service}"
    with ids_of("scaling", where):
        scaling.register_scalable_target("ecs", where, DIMENSION, least, most, SCALING_ROLE, None)
        scaling.put_scaling_policy(f"{service}-requests", "ecs", where, DIMENSION, {
            "TargetValue": requests, "ScaleInCooldown": 60, "ScaleOutCooldown": 60,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ALBRequestCountPerTarget",
                "ResourceLabel": f"{dimension_of(balancer)}/{dimension_of(group)}",
            },
        }, "TargetTrackingScaling")


def perform(world: World, service: str, operation: str, parameters: dict[str, Any]) -> Answer:
    """Runs one operation that is answered here, as the people who built this world."""
    answer = world.perform(Call(service, operation, parameters))
    if answer is None:
        raise ValueError(f"{service}:{operation} is not answered here")
    return answer


@contextmanager
def ids_of(kind: str, name: str) -> Iterator[None]:
    """Inside it, moto's random ids follow from the name: make one thing there, and nothing that may exist by then."""
    before = mock_random.getstate()
    mock_random.seed(f"{kind} {name}")
    try:
        yield
    finally:
        mock_random.setstate(before)


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def subnets() -> list[str]:
    """The two subnets that everything stands in."""
    return sorted(subnet.id for subnet in ec2_backends[ACCOUNT][REGION].describe_subnets())[:2]


def _vpc() -> str:
    return str(ec2_backends[ACCOUNT][REGION].describe_subnets()[0].vpc_id)
