"""What a configuration names for the driver `ec2`, and every permission that the driver needs. No calls."""

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
    "autoscaling:DescribeAutoScalingGroups": "*",
    "autoscaling:DescribeScalingActivities": "*",
    "autoscaling:UpdateAutoScalingGroup": "autoScalingGroup:*",
    "autoscaling:TerminateInstanceInAutoScalingGroup": "autoScalingGroup:*",
    "ec2:DescribeLaunchTemplateVersions": "*",
}


class Ec2Side(Frozen):
    """One of the two sides: an Auto Scaling group, and the target group that its instances are in."""

    auto_scaling_group: Annotated[str, Field(pattern=r"^[A-Za-z0-9 _./@+=,-]{1,255}$")]
    target_group: GroupArn


class Ec2Target(TargetModel):
    """`[apps.<app>.env.<env>]` with `kind = "ec2"`."""

    kind: Literal["ec2"] = "ec2"
    blue: Ec2Side
    green: Ec2Side
    rules: Rules
    test_rule: TestRule = ""
    test: Probe | None = None
    floor: Floor = 0
    region: Region
    iam_role: Role = ""

    @model_validator(mode="after")
    def _apart(self) -> "Ec2Target":
        told_apart(self)
        return self

    @property
    def groups(self) -> tuple[str, str]:
        return self.blue.target_group, self.green.target_group

    def crew(self, group: str) -> str:
        """The Auto Scaling group whose instances are in that target group."""
        return (self.blue if group == self.blue.target_group else self.green).auto_scaling_group

    def key(self, group: str) -> str:
        """The same: a name is unique in its region."""
        return self.crew(group)
