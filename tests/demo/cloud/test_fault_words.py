"""Faults of the services behind load balancers, as boto3 sees them: each service has codes of its own."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.building import forward
from tests.demo.cloud.conftest import Clients

WHERE = "eu-central-1:123456789012"
RULE = f"arn:aws:elasticloadbalancing:{WHERE}:listener-rule/app/shop/1/2/3"

CALLS = {
    "ecs:UpdateService": lambda client: client.update_service(cluster="shop", service="shop-blue"),
    "ecr:DescribeImages": lambda client: client.describe_images(repositoryName="shop"),
    "application-autoscaling:DescribeScalableTargets":
        lambda client: client.describe_scalable_targets(ServiceNamespace="ecs"),
    "elbv2:ModifyRule": lambda client: client.modify_rule(RuleArn=RULE, Actions=[forward({})]),
    "elbv2:DescribeTargetHealth": lambda client: client.describe_target_health(TargetGroupArn=RULE),
    "autoscaling:DescribeAutoScalingGroups": lambda client: client.describe_auto_scaling_groups(),
}
JSON = ("AccessDeniedException", "ExpiredTokenException", "ThrottlingException")
QUERY = ("AccessDenied", "ExpiredToken", "Throttling")
CODES = {"ecs": JSON, "ecr": JSON, "application-autoscaling": JSON, "elbv2": QUERY, "autoscaling": QUERY}
DOWN = {"ecs": "ServerException", "ecr": "ServerException", "application-autoscaling": "InternalServiceException"}
RESOURCES = {
    "ecs:UpdateService": f"arn:aws:ecs:{WHERE}:service/shop/shop-blue",
    "ecr:DescribeImages": f"arn:aws:ecr:{WHERE}:repository/shop",
    "elbv2:ModifyRule": RULE,
}


def refusal(clients: Clients, name: str) -> dict[str, Any]:
    """The error that a call meets."""
    with pytest.raises(ClientError) as refused:
        CALLS[name](clients(name.partition(":")[0]))
    answer: Any = refused.value.response
    return {**answer["Error"], "Status": answer["ResponseMetadata"]["HTTPStatusCode"]}


@pytest.mark.parametrize("name", CALLS)
def test_every_fault_has_the_code_of_its_service(bare: Cloud, clients: Clients, name: str) -> None:
    """Denied, expired and throttled in the service's own words, and 5xx where it is down."""
    service = name.partition(":")[0]
    bare.knobs.deny(name, times=1)
    denied = refusal(clients, name)
    bare.knobs.expired_token(times=1)
    expired = refusal(clients, name)
    bare.knobs.throttle(name, times=1)
    throttled = refusal(clients, name)
    assert (denied["Code"], expired["Code"], throttled["Code"]) == CODES[service]
    assert (throttled["Status"], throttled["Message"]) == (400, "Rate exceeded")
    bare.knobs.outage(name, times=1)
    down = refusal(clients, name)
    assert down["Code"] == DOWN.get(service, "ServiceUnavailable")
    assert down["Status"] >= 500
    assert bare.log.applied == []


@pytest.mark.parametrize("name", CALLS)
def test_a_denial_names_action_and_resource(bare: Cloud, clients: Clients, name: str) -> None:
    """As IAM writes them: the prefix of ELB, the ARN where the action knows one, `*` where it knows none."""
    bare.knobs.deny(name)
    action = name.replace("elbv2:", "elasticloadbalancing:")
    assert f"perform: {action} on resource: {RESOURCES.get(name, '*')} because" in refusal(clients, name)["Message"]
