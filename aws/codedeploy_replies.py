"""The answers of CodeDeploy, as far as something here depends on them. Models only."""

from typing import Annotated, Final

from pydantic import Field

from aws.ecs_replies import Camel, CamelAnswer, Text
from rollout.values import Moment

ACTIVE: Final = frozenset({"Created", "Queued", "InProgress", "Baking", "Ready"})
"""A group has one such deployment at most."""
ENDED: Final = frozenset({"Succeeded", "Failed", "Stopped"})


class Application(Camel):
    application_name: str = ""
    compute_platform: str = "Server"


class Applied(CamelAnswer):
    """GetApplication."""

    application: Application


class AlarmName(Camel):
    name: str = ""


class AlarmSettings(Camel):
    enabled: bool = False
    ignore_poll_alarm_failure: bool = False
    alarms: tuple[AlarmName, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the alarms that stop a deployment; none where that is switched off."""
        return tuple(one.name for one in self.alarms if one.name) if self.enabled else ()


class AutoRollback(Camel):
    enabled: bool = False
    events: tuple[str, ...] = ()

    def on(self, event: str) -> bool:
        """Whether CodeDeploy goes back by itself then."""
        return self.enabled and f"DEPLOYMENT_{event}" in self.events


class Style(Camel):
    deployment_type: str = "IN_PLACE"
    deployment_option: str = ""


class BlueEnd(Camel):
    action: str = ""
    termination_wait_time_in_minutes: int = 0


class ReadyOption(Camel):
    action_on_timeout: str = "CONTINUE_DEPLOYMENT"
    wait_time_in_minutes: int = 0


class GreenFleet(Camel):
    action: str = ""


class BlueGreen(Camel):
    terminate_blue_instances_on_deployment_success: BlueEnd = BlueEnd()
    deployment_ready_option: ReadyOption = ReadyOption()
    green_fleet_provisioning_option: GreenFleet = GreenFleet()


class EcsPair(Camel):
    service_name: str = ""
    cluster_name: str = ""


class LastDeployment(Camel):
    deployment_id: str = ""
    status: str = ""


class Group(Camel):
    """GetDeploymentGroup's one part."""

    application_name: Text
    deployment_group_name: Text
    deployment_config_name: str = ""
    compute_platform: str = "Server"
    deployment_style: Style = Style()
    alarm_configuration: AlarmSettings = AlarmSettings()
    auto_rollback_configuration: AutoRollback = AutoRollback()
    blue_green_deployment_configuration: BlueGreen = BlueGreen()
    ecs_services: tuple[EcsPair, ...] = ()
    last_successful_deployment: LastDeployment = LastDeployment()
    last_attempted_deployment: LastDeployment = LastDeployment()

    @property
    def blue_green(self) -> bool:
        return self.deployment_style.deployment_type == "BLUE_GREEN"

    @property
    def waits(self) -> ReadyOption:
        """Its wait before traffic moves; no minutes where it does not wait."""
        return self.blue_green_deployment_configuration.deployment_ready_option


class Grouped(CamelAnswer):
    """GetDeploymentGroup."""

    deployment_group_info: Group


class Shares(Camel):
    """A canary's or a linear configuration's numbers."""

    canary_interval: int = 0
    linear_interval: int = 0


class Routing(Camel):
    type: str = "AllAtOnce"
    time_based_canary: Shares = Shares()
    time_based_linear: Shares = Shares()


class Configuration(Camel):
    deployment_config_name: Text
    compute_platform: str = "Server"
    traffic_routing_config: Routing = Routing()

    @property
    def interval(self) -> int:
        """Minutes between two moves of traffic."""
        routing = self.traffic_routing_config
        return max(routing.time_based_canary.canary_interval, routing.time_based_linear.linear_interval)


class Configured(CamelAnswer):
    """GetDeploymentConfig."""

    deployment_config_info: Configuration


class ConfigMade(CamelAnswer):
    """CreateDeploymentConfig."""

    deployment_config_id: Text


class Names(CamelAnswer):
    """ListApplications, ListDeploymentGroups, ListDeploymentConfigs."""

    applications: tuple[str, ...] = ()
    deployment_groups: tuple[str, ...] = ()
    deployment_configs_list: tuple[str, ...] = ()
    next_token: str = ""


class S3Place(Camel):
    bucket: str = ""
    key: str = ""
    bundle_type: str = ""
    version: str = ""
    e_tag: str = ""


class Commit(Camel):
    repository: str = ""
    commit_id: str = ""


class Revision(Camel):
    """What is deployed, of a server; an AppSpec of ours needs no reading back."""

    revision_type: str = ""
    s3_location: Annotated[S3Place, Field(alias="s3Location")] = S3Place()
    git_hub_location: Commit = Commit()


class ErrorWords(Camel):
    code: str = ""
    message: str = ""


class Overview(Camel):
    """Instances by their state; written with capitals, as nothing else is."""

    pending: Annotated[int, Field(alias="Pending")] = 0
    in_progress: Annotated[int, Field(alias="InProgress")] = 0
    succeeded: Annotated[int, Field(alias="Succeeded")] = 0
    failed: Annotated[int, Field(alias="Failed")] = 0
    skipped: Annotated[int, Field(alias="Skipped")] = 0
    ready: Annotated[int, Field(alias="Ready")] = 0

    @property
    def total(self) -> int:
        return self.pending + self.in_progress + self.succeeded + self.failed + self.skipped + self.ready


class RollbackLink(Camel):
    rollback_deployment_id: str = ""
    rollback_triggering_deployment_id: str = ""
    rollback_message: str = ""


class Deployment(Camel):
    """One row of BatchGetDeployments."""

    deployment_id: Text
    application_name: Text
    deployment_group_name: Text
    status: Text
    deployment_config_name: str = ""
    description: str = ""
    creator: str = ""
    create_time: Moment
    start_time: Moment | None = None
    complete_time: Moment | None = None
    error_information: ErrorWords = ErrorWords()
    deployment_overview: Overview = Overview()
    auto_rollback_configuration: AutoRollback = AutoRollback()
    rollback_info: RollbackLink = RollbackLink()
    instance_termination_wait_time_started: bool = False
    blue_green_deployment_configuration: BlueGreen = BlueGreen()
    deployment_style: Style = Style()
    additional_deployment_status_info: str = ""
    deployment_status_messages: tuple[str, ...] = ()
    revision: Revision = Revision()

    @property
    def active(self) -> bool:
        """It holds the group. A status that nobody knows yet is taken for one that does."""
        return self.status not in ENDED

    @property
    def keeps_old_side(self) -> bool:
        """All traffic has moved, as AWS itself says, and the old side waits for its end."""
        return self.active and (self.instance_termination_wait_time_started or self.status == "Baking")


class Deployments(CamelAnswer):
    """BatchGetDeployments."""

    deployments_info: tuple[Deployment, ...]


class Ids(CamelAnswer):
    """ListDeployments."""

    deployments: tuple[str, ...]
    next_token: str = ""


class TargetIds(CamelAnswer):
    """ListDeploymentTargets."""

    target_ids: tuple[str, ...]
    next_token: str = ""


class LifecycleEvent(Camel):
    lifecycle_event_name: str = ""
    status: str = ""
    start_time: Moment | None = None
    end_time: Moment | None = None


class TaskSetTraffic(Camel):
    identifer: str = ""
    """So written by AWS."""
    desired_count: int = 0
    running_count: int = 0
    status: str = ""
    traffic_weight: float = 0.0
    task_set_label: str = ""


class TargetRow(Camel):
    """What targets of all platforms tell."""

    target_id: str = ""
    status: str = ""
    lifecycle_events: tuple[LifecycleEvent, ...] = ()
    instance_label: str = ""
    task_sets_info: tuple[TaskSetTraffic, ...] = ()


class AnyTarget(Camel):
    instance_target: TargetRow | None = None
    lambda_target: TargetRow | None = None
    ecs_target: TargetRow | None = None
    cloud_formation_target: TargetRow | None = None

    @property
    def row(self) -> TargetRow | None:
        """The one that is there."""
        return self.instance_target or self.lambda_target or self.ecs_target or self.cloud_formation_target


class Targets(CamelAnswer):
    """BatchGetDeploymentTargets."""

    deployment_targets: tuple[AnyTarget, ...]


class Made(CamelAnswer):
    """CreateDeployment."""

    deployment_id: Text


class Stopping(CamelAnswer):
    """StopDeployment."""

    status: Text
    status_message: str = ""


class Continued(CamelAnswer):
    """ContinueDeployment, which says nothing."""


class Head(CamelAnswer):
    """HeadObject; S3 writes its names otherwise."""

    version_id: Annotated[str, Field(alias="VersionId")] = ""
    e_tag: Annotated[str, Field(alias="ETag", min_length=1)]
    encryption: Annotated[str, Field(alias="ServerSideEncryption")] = ""
    last_modified: Annotated[Moment | None, Field(alias="LastModified")] = None


class Listed(Camel):
    key: Annotated[str, Field(alias="Key")] = ""
    version_id: Annotated[str, Field(alias="VersionId")] = ""
    last_modified: Annotated[Moment | None, Field(alias="LastModified")] = None


class Objects(CamelAnswer):
    """ListObjectsV2."""

    contents: Annotated[tuple[Listed, ...], Field(alias="Contents")] = ()
    next_token: Annotated[str, Field(alias="NextContinuationToken")] = ""


class Versions(CamelAnswer):
    """ListObjectVersions, its first page."""

    versions: Annotated[tuple[Listed, ...], Field(alias="Versions")] = ()


