"""What a configuration names for the driver `ecs`, and every permission that the driver needs. No calls."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from aws import alb, pair_late
from aws.pair_target import Floor, GroupArn, Region, Role, Rules, TestRule, told_apart
from aws.probe_target import Probe
from rollout.ports import TargetModel
from rollout.values import Frozen

OPERATIONS: Final[Mapping[str, str]] = {
    **alb.OPERATIONS,
    **pair_late.OPERATIONS,
    "ecs:DescribeServices": "service/{cluster}/*",
    "ecs:UpdateService": "service/{cluster}/*",
    "ecs:DescribeTaskDefinition": "*",
    "ecs:ListTaskDefinitions": "*",
    "ecs:RegisterTaskDefinition": "task-definition/*",
    "ecs:ListTasks": "*",
    "ecs:DescribeTasks": "task/{cluster}/*",
    "ecr:DescribeImages": "repository/*",
    "ecr:BatchGetImage": "repository/*",
    "ecr:GetDownloadUrlForLayer": "repository/*",
    "application-autoscaling:DescribeScalableTargets": "*",
    "application-autoscaling:RegisterScalableTarget": "scalable-target/*",
}


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
    rules: Rules
    test_rule: TestRule = ""
    test: Probe | None = None
    container: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,255}$")] = ""
    floor: Floor = 0
    region: Region
    iam_role: Role = ""

    @model_validator(mode="after")
    def _apart(self) -> "EcsTarget":
        told_apart(self)
        return self

    @property
    def has_commits(self) -> bool:
        """Its images' labels say them."""
        return True

    @property
    def groups(self) -> tuple[str, str]:
        return self.blue.target_group, self.green.target_group

    def crew(self, group: str) -> str:
        """The service whose tasks are in that group."""
        return (self.blue if group == self.blue.target_group else self.green).service

    def key(self, group: str) -> str:
        """`cluster/service`."""
        return f"{self.cluster}/{self.crew(group)}"
