"""What a configuration names for the driver `codedeploy`, and every permission that the driver needs. No calls."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from aws.pair_target import Region, Role
from rollout.ports import TargetModel

Platform = Literal["server", "ecs", "lambda"]
AS_AWS: Final[Mapping[str, str]] = {"server": "Server", "ecs": "ECS", "lambda": "Lambda"}
"""What CodeDeploy calls a compute platform."""

_GROUP: Final = "deploymentgroup:{application}/{group}"
OPERATIONS: Final[Mapping[str, str]] = {
    "codedeploy:GetApplication": "application:{application}",
    "codedeploy:ListApplications": "*",
    "codedeploy:GetDeploymentGroup": _GROUP,
    "codedeploy:ListDeploymentGroups": "application:{application}",
    "codedeploy:GetDeploymentConfig": "deploymentconfig:*",
    "codedeploy:ListDeploymentConfigs": "*",
    "codedeploy:CreateDeploymentConfig": "deploymentconfig:tidegate-*",
    "codedeploy:ListDeployments": _GROUP,
    "codedeploy:BatchGetDeployments": _GROUP,
    "codedeploy:ListDeploymentTargets": "*",
    "codedeploy:BatchGetDeploymentTargets": "*",
    "codedeploy:CreateDeployment": _GROUP,
    # These two have no resource of their own in IAM: what they may touch is compared here, before each call.
    "codedeploy:ContinueDeployment": "*",
    "codedeploy:StopDeployment": "*",
    # CodeDeploy asks for it of whoever creates a deployment, beside GetDeploymentConfig.
    "codedeploy:RegisterApplicationRevision": "application:{application}",
    "cloudwatch:DescribeAlarms": "*",
    "s3:GetObject": "{bucket}/*",
    "s3:GetObjectVersion": "{bucket}/*",
    "s3:ListBucket": "{bucket}",
    "s3:ListBucketVersions": "{bucket}",
    "ecs:DescribeServices": "service/{cluster}/*",
    "ecs:DescribeTaskDefinition": "*",
    "ecs:ListTaskDefinitions": "*",
    "ecs:RegisterTaskDefinition": "task-definition/*",
    "ecr:DescribeImages": "repository/*",
    "ecr:BatchGetImage": "repository/*",
    "ecr:GetDownloadUrlForLayer": "repository/*",
    "lambda:GetAlias": "function:{function}",
    "lambda:ListVersionsByFunction": "function:{function}",
    "lambda:GetFunctionConfiguration": "function:{function}",
}
IMPLIED: Final = frozenset({"codedeploy:RegisterApplicationRevision"})
"""Asked for by calls that need them, never made by themselves."""

SERVICES: Final[Mapping[str, tuple[str, ...]]] = {"server": ("s3",), "ecs": ("ecs", "ecr"), "lambda": ("lambda",)}
"""Beside CodeDeploy itself and the alarms, by platform."""
HOOKS: Final[Mapping[str, tuple[str, ...]]] = {
    "ecs": ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"),
    "lambda": ("BeforeAllowTraffic", "AfterAllowTraffic"),
    "server": (),
}
_BELONGS: Final[Mapping[str, tuple[str, ...]]] = {
    "bucket": ("server",), "key": ("server",), "repository": ("server",), "kms": ("server",),
    "cluster": ("ecs",), "service": ("ecs",), "container": ("ecs",), "container_port": ("ecs",),
    "function": ("lambda",), "alias": ("lambda",), "hooks": ("ecs", "lambda"),
}  # fmt: skip
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "server": (), "ecs": ("cluster", "service"), "lambda": ("function", "alias"),
}  # fmt: skip
_BUNDLES: Final[Mapping[str, str]] = {
    ".tar.gz": "tgz", ".tgz": "tgz", ".tar": "tar", ".zip": "zip",
}  # fmt: skip
_RELEASE: Final = "{release}"

Name = Annotated[str, Field(pattern=r"^[^\s/\x00-\x1f]{1,100}$")]


class CodeDeployTarget(TargetModel):
    """`[apps.<app>.env.<env>]` with `kind = "codedeploy"`."""

    kind: Literal["codedeploy"] = "codedeploy"
    application: Name
    group: Name
    platform: Platform
    region: Region
    iam_role: Role = ""
    plan: str = "watch"
    """The schedule is the group's own, unless a plan says otherwise."""
    configuration: Annotated[str, Field(pattern=r"^[A-Za-z0-9+=,.@_-]{0,100}$")] = ""
    """A deployment configuration by name, instead of the group's own: `CodeDeployDefault.OneAtATime`."""

    bucket: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")] = ""
    key: Annotated[str, Field(max_length=900)] = ""
    """One object whose versions are the releases, or `my-app-{release}.zip`: an object per release."""
    repository: Annotated[str, Field(pattern=r"^([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)?$")] = ""
    kms: bool = False
    """The artefact must lie encrypted with a key of KMS."""

    cluster: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,255}$")] = ""
    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,255}$")] = ""
    container: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,255}$")] = ""
    """The one whose image is the release."""
    container_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Which of the ports gets the traffic, where the service has several behind load balancers."""

    function: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    alias: Annotated[str, Field(max_length=128, pattern=r"^([0-9]*[A-Za-z_-][A-Za-z0-9_-]*)?$")] = ""
    hooks: dict[str, Annotated[str, Field(pattern=r"^[A-Za-z0-9:_-]{1,140}$")]] = {}
    """Lambda functions that CodeDeploy runs: `{ BeforeAllowTraffic = "CodeDeployHook_smoke" }`."""

    @model_validator(mode="after")
    def _one_platform(self) -> "CodeDeployTarget":
        for name in _NEEDS[self.platform]:
            if not getattr(self, name):
                raise ValueError(f"platform {self.platform} needs {name}")
        for name, platforms in _BELONGS.items():
            if getattr(self, name) and self.platform not in platforms:
                raise ValueError(f"{name} belongs to platform {' and '.join(platforms)}, and this is {self.platform}")
        for hook in self.hooks:
            if hook not in HOOKS[self.platform]:
                raise ValueError(f"{hook!r} is not a hook of {self.platform}: {', '.join(HOOKS[self.platform])}")
        if self.platform == "server":
            self._one_source()
        return self

    def _one_source(self) -> None:
        if bool(self.repository) == bool(self.bucket):
            raise ValueError("platform server needs either bucket and key, or repository")
        if self.bucket and not self.bundle:
            known = ", ".join(_BUNDLES)
            raise ValueError(f"key {self.key!r} does not end in one of {known}: CodeDeploy takes no other bundle")
        if self.key.count(_RELEASE) > 1:
            raise ValueError("key has {release} twice")
        if self.kms and not self.bucket:
            raise ValueError("kms is about objects in a bucket")

    @property
    def has_commits(self) -> bool:
        """Its images' labels say them."""
        return self.platform == "ecs"

    @property
    def bundle(self) -> str:
        """What CodeDeploy calls the kind of archive; empty where it takes none such."""
        return next((kind for ending, kind in _BUNDLES.items() if self.key.endswith(ending)), "")

    @property
    def by_key(self) -> bool:
        """A release is an object of its own, not a version of one object."""
        return _RELEASE in self.key

    def key_of(self, release: str) -> str:
        """The object of a release."""
        return self.key.replace(_RELEASE, release)

    def release_of(self, key: str) -> str:
        """The release that an object is; empty where it is none of ours."""
        before, _, after = self.key.partition(_RELEASE)
        inner = key[len(before) : len(key) - len(after)]
        return inner if inner and key == before + inner + after else ""

    @property
    def names(self) -> dict[str, str]:
        """What stands in braces in `OPERATIONS`."""
        wanted = ("application", "group", "bucket", "cluster", "function")
        return {name: str(getattr(self, name)) for name in wanted}
