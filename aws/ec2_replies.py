"""The answers of EC2 Auto Scaling and of launch templates, as far as something here depends on them. Models only."""

from typing import Annotated, Any

from pydantic import Field

from aws.calls import Answer, Reply
from rollout.values import Moment

Text = Annotated[str, Field(min_length=1)]


class TemplateRef(Reply):
    """A version of a launch template, or `$Latest`, `$Default`."""

    launch_template_id: str = ""
    launch_template_name: str = ""
    version: str = "$Default"

    @property
    def name(self) -> str:
        return self.launch_template_name or self.launch_template_id

    @property
    def words(self) -> str:
        """`search:2`."""
        return f"{self.name}:{self.version}"

    @property
    def asked(self) -> dict[str, str]:
        """How to ask for the template."""
        if self.launch_template_id:
            return {"LaunchTemplateId": self.launch_template_id}
        return {"LaunchTemplateName": self.launch_template_name}

    def same(self, other: "TemplateRef | None") -> bool:
        """The same version of the same template, by its id or its name."""
        if other is None or self.version != other.version:
            return False
        if self.launch_template_id and other.launch_template_id:
            return self.launch_template_id == other.launch_template_id
        return bool(self.launch_template_name) and self.launch_template_name == other.launch_template_name


class Instance(Reply):
    instance_id: Text
    lifecycle_state: str = ""
    launch_template: TemplateRef | None = None

    @property
    def ends(self) -> bool:
        """Whether it is on its way out."""
        return self.lifecycle_state.startswith("Terminat")


class Suspended(Reply):
    process_name: str = ""


class Pool(Reply):
    """One Auto Scaling group."""

    auto_scaling_group_name: Text
    min_size: int
    max_size: int
    desired_capacity: int
    launch_template: TemplateRef | None = None
    mixed_instances_policy: dict[str, Any] | None = None
    target_group_arns: Annotated[tuple[str, ...], Field(alias="TargetGroupARNs")] = ()
    health_check_type: str = ""
    health_check_grace_period: int = 0
    suspended_processes: tuple[Suspended, ...] = ()
    instances: tuple[Instance, ...] = ()
    status: str = ""
    """Set only while it is deleted."""

    @property
    def name(self) -> str:
        return self.auto_scaling_group_name

    @property
    def desired_count(self) -> int:
        return self.desired_capacity

    @property
    def runs(self) -> str:
        """`search:2`."""
        return self.launch_template.words if self.launch_template else "no launch template"

    @property
    def grace(self) -> int:
        return self.health_check_grace_period

    @property
    def old(self) -> tuple[Instance, ...]:
        """Instances that were started from another version than it has now, and that nobody ends yet."""
        template = self.launch_template
        return tuple(
            one for one in self.instances
            if not one.ends and (template is None or not template.same(one.launch_template))
        )  # fmt: skip

    @property
    def leftovers(self) -> int:
        return len(self.old)

    @property
    def renews(self) -> bool:
        """A new template changes no instance: somebody has to end the old ones."""
        return False


class Pools(Answer):
    """DescribeAutoScalingGroups; names that it does not know are left out."""

    auto_scaling_groups: tuple[Pool, ...]
    next_token: str = ""


class Activity(Reply):
    """What a group did, or could not do."""

    description: str = ""
    cause: str = ""
    start_time: Moment | None = None
    status_code: str = ""
    status_message: str = ""


class Activities(Answer):
    """DescribeScalingActivities, the newest first."""

    activities: tuple[Activity, ...]


class TemplateVersion(Reply):
    """One version of a launch template. Its data stay as they came; they may hold secrets, in UserData."""

    launch_template_id: Text
    launch_template_name: str = ""
    version_number: int
    version_description: str = ""
    create_time: Moment | None = None
    launch_template_data: Annotated[dict[str, Any], Field(repr=False)] = {}

    @property
    def words(self) -> str:
        """`search:2`."""
        return f"{self.launch_template_name or self.launch_template_id}:{self.version_number}"

    @property
    def image(self) -> str:
        return str(self.launch_template_data.get("ImageId", ""))


class TemplateVersions(Answer):
    """DescribeLaunchTemplateVersions."""

    launch_template_versions: tuple[TemplateVersion, ...]
    next_token: str = ""


class Written(Answer):
    """Of calls that say nothing that matters."""
