"""What a configuration names for the driver `ecs`, and every permission that the driver needs. No calls."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from aws import alb
from aws.alb_preflight import Named
from rollout.ports import TargetModel
from rollout.values import Frozen

OPERATIONS: Final[Mapping[str, str]] = {
    **alb.OPERATIONS,
    "ecs:DescribeServices": "service/{cluster}/*",
    "ecs:UpdateService": "service/{cluster}/*",
    "ecs:DescribeTaskDefinition": "*",
    "ecs:ListTaskDefinitions": "*",
    "ecs:RegisterTaskDefinition": "task-definition/*",
    "ecs:ListTasks": "*",
    "ecs:DescribeTasks": "task/{cluster}/*",
    "ecr:DescribeImages": "repository/*",
    "application-autoscaling:DescribeScalableTargets": "*",
    "application-autoscaling:RegisterScalableTarget": "scalable-target/*",
}

_ELB = r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:"
GroupArn = Annotated[str, Field(pattern=_ELB + r"targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]+$")]
RuleArn = Annotated[
    str, Field(pattern=_ELB + r"(listener/app(/[A-Za-z0-9-]+){3}|listener-rule/app(/[A-Za-z0-9-]+){4})$")
]
"""Of an Application Load Balancer: a listener rule, or a listener for what it does by default."""


class EcsSide(Frozen):
    """One of the two sides: a service, and the target group that its tasks are in."""

    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
    target_group: GroupArn


class EcsTarget(TargetModel):
    """`[apps.<app>.env.<env>]` with `kind = "ecs"`."""

    kind: Literal["ecs"] = "ecs"
    cluster: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
    blue: EcsSide
    green: EcsSide
    rules: Annotated[tuple[RuleArn, ...], Field(min_length=1, max_length=20)]
    test_rule: Annotated[str, Field(pattern=rf"^$|{_ELB}listener(-rule)?/app/")] = ""
    container: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,255}$")] = ""
    floor: Annotated[int, Field(ge=0, le=5000)] = 0
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
    iam_role: Annotated[str, Field(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+)?$")] = ""

    @model_validator(mode="after")
    def _apart(self) -> "EcsTarget":
        if self.blue.service == self.green.service:
            raise ValueError(f"blue and green are both the service {self.blue.service!r}: name two services")
        if self.blue.target_group == self.green.target_group:
            raise ValueError("blue and green have the same target_group: each service needs its own")
        twice = [arn for arn, count in Counter([*self.rules, self.test_rule]).items() if count > 1]
        if twice:
            raise ValueError(f"this rule is named twice: {twice[0]}")
        for arn in (*self.rules, self.blue.target_group, self.green.target_group):
            if arn.split(":")[3] != self.region:
                raise ValueError(f"{arn} is not in the region {self.region}")
        return self

    @property
    def named(self) -> Named:
        """What of it is the load balancer's."""
        return Named(self.rules, self.test_rule, self.blue.target_group, self.green.target_group)

    def side(self, group: str) -> EcsSide:
        """The side whose tasks are in that group."""
        return self.blue if group == self.blue.target_group else self.green
