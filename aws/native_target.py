"""What a configuration names for the driver `ecs-native`, and every permission that the driver needs. No calls."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from aws.pair_target import Region, Role
from rollout.ports import TargetModel

_BOTH: Final = "service*/{cluster}/{service}/*"
"""The deployments or revisions of the service. AWS checks the service itself, too: `BOTH_SAID`."""
BOTH_SAID: Final = ("service*/", "service/{cluster}/{service} and service*/")
"""What begins so is said so: whoever allowed the one alone would be refused for the other."""

OPERATIONS: Final[Mapping[str, str]] = {
    "ecs:DescribeServices": "service/{cluster}/*",
    "ecs:UpdateService": "service/{cluster}/*",
    "ecs:ListServiceDeployments": "service/{cluster}/{service}",
    "ecs:DescribeServiceDeployments": _BOTH,
    "ecs:DescribeServiceRevisions": _BOTH,
    "ecs:ContinueServiceDeployment": _BOTH,
    "ecs:StopServiceDeployment": _BOTH,
    "ecs:ListClusters": "*",
    "ecs:ListServices": "*",
    "ecs:DescribeTaskDefinition": "*",
    "ecs:ListTaskDefinitions": "*",
    "ecs:RegisterTaskDefinition": "task-definition/*",
    "ecs:ListTasks": "*",
    "ecs:DescribeTasks": "task/{cluster}/*",
    "ecr:DescribeImages": "repository/*",
    "ecr:BatchGetImage": "repository/*",
    "ecr:GetDownloadUrlForLayer": "repository/*",
    "cloudwatch:DescribeAlarms": "*",
}

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]


class NativeTarget(TargetModel):
    """`[apps.<app>.env.<env>]` with `kind = "ecs-native"`."""

    kind: Literal["ecs-native"] = "ecs-native"
    cluster: Name
    service: Name
    container: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,255}$")] = ""
    region: Region
    iam_role: Role = ""
    plan: str = "watch"

    @property
    def has_commits(self) -> bool:
        """Its images' labels say them."""
        return True

    def crew(self, group: str) -> str:
        """The service that runs either release: there is one."""
        return self.service
