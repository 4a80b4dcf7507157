"""What servers behind load balancers take for granted of moto: a release that breaks one of these says so here."""

import inspect
from typing import Any

import pytest
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    applicationautoscaling_backends,
)
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.moto_api._internal import mock_random

from demo.cloud.balancer_api import DELAY
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.seed_shop import BLUE, CLUSTER, REPOSITORY, Shop


@pytest.mark.parametrize(
    ("function", "leading"),
    [
        (ELBv2Backend.create_load_balancer, ["name", "security_groups", "subnet_ids"]),
        (ELBv2Backend.create_listener,
         ["load_balancer_arn", "protocol", "port", "ssl_policy", "certificate", "actions"]),
        (ELBv2Backend.create_rule, ["listener_arn", "conditions", "priority", "actions"]),
        (ELBv2Backend.describe_rules, ["listener_arn", "rule_arns"]),
        (ELBv2Backend.describe_listeners, ["load_balancer_arn", "listener_arns"]),
        (ELBv2Backend.modify_rule, ["rule_arn", "conditions", "actions"]),
        (ELBv2Backend.modify_listener, ["arn", "port", "protocol", "ssl_policy", "certificates", "actions"]),
        (ELBv2Backend.modify_target_group_attributes, ["target_group_arn", "attributes"]),
        (EC2ContainerServiceBackend.create_cluster, ["cluster_name"]),
        (EC2ContainerServiceBackend.create_service,
         ["cluster_str", "service_name", "desired_count", "task_definition_str", "load_balancers"]),
        (EC2ContainerServiceBackend.delete_service, ["cluster_name", "service_name", "force"]),
        (EC2ContainerServiceBackend.describe_task_definition, ["task_definition_str"]),
        (EC2ContainerServiceBackend.register_task_definition, ["family", "container_definitions"]),
        (ECRBackend.create_repository, ["repository_name", "registry_id", "encryption_config", "image_scan_config",
                                        "image_tag_mutability", "tags"]),
        (ECRBackend.put_image,
         ["repository_name", "image_manifest", "image_tag", "image_manifest_mediatype", "digest"]),
        (ApplicationAutoscalingBackend.describe_scalable_targets, ["namespace", "r_ids", "dimension"]),
        (ApplicationAutoscalingBackend.register_scalable_target,
         ["namespace", "r_id", "dimension", "min_capacity", "max_capacity", "role_arn", "suspended_state"]),
        (ApplicationAutoscalingBackend.put_scaling_policy,
         ["policy_name", "service_namespace", "resource_id", "scalable_dimension", "policy_body", "policy_type"]),
    ],
)
def test_signatures_we_call(function: Any, leading: list[str]) -> None:
    """Every method of moto's backends that we call still takes these parameters in this order."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    assert names[: len(leading)] == leading


def test_attributes_we_read_and_write(shop: Shop) -> None:
    """The fields of moto's objects that ours rests on are still there."""
    elb, ecs = elbv2_backends[ACCOUNT][REGION], ecs_backends[ACCOUNT][REGION]
    group = elb.target_groups[shop.blue]
    assert {"health_check_interval_seconds", "healthy_threshold_count", "unhealthy_threshold_count",
            "attributes", "load_balancer_arns", "health_check_port", "port"} <= vars(group).keys()
    assert DELAY in group.attributes
    listener = elb.load_balancers[shop.balancer].listeners[shop.listener]
    rule: Any = listener.rules[shop.rule]
    assert {"default_actions", "certificates", "ssl_policy", "load_balancer_arn"} <= vars(listener).keys()
    assert {"arn", "actions", "conditions", "priority", "is_default"} <= vars(rule).keys()
    assert {"data", "type"} <= vars(rule.actions[0]).keys()
    service = ecs.services[f"{CLUSTER}:{BLUE}"]
    assert {"desired_count", "task_definition", "load_balancers", "status", "launch_type", "cluster_arn",
            "network_configuration"} <= vars(service).keys()
    image = ecr_backends[ACCOUNT][REGION].repositories[REPOSITORY].images[0]
    assert {"image_tags", "image_pushed_at"} <= vars(image).keys()
    scaling: Any = applicationautoscaling_backends[ACCOUNT][REGION]
    policy = next(iter(scaling.policies.values()))
    assert {"resource_id", "target_tracking_scaling_policy_configuration"} <= vars(policy).keys()


def test_ids_come_out_of_one_well() -> None:
    """Moto draws ids of one seeded generator: so ARNs follow from names."""
    before = mock_random.getstate()
    mock_random.seed("x")
    first = mock_random.get_random_hex(16)
    mock_random.seed("x")
    assert mock_random.get_random_hex(16) == first
    mock_random.setstate(before)


def test_moto_still_needs_us(shop: Shop) -> None:
    """Moto's own services have no tasks, its targets no health: the day they do, ours can go."""
    ecs, elb = ecs_backends[ACCOUNT][REGION], elbv2_backends[ACCOUNT][REGION]
    assert ecs.services[f"{CLUSTER}:{BLUE}"].running_count == 0
    elb.register_targets(shop.green, [{"Id": "10.0.0.1"}])
    assert [one.status for one in elb.describe_target_health(shop.green, [])] == ["healthy"]
