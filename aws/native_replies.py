"""The answers of ECS about deployments that it runs itself, as far as something here depends on them. Models only.

What a later botocore may add to one of AWS's lists of words must not break a look: they are kept as text.
"""

from datetime import timedelta
from typing import Any

from pydantic import Field

from aws.ecs_replies import Breaker, Camel, CamelAnswer, Fleet, Missing, Text
from rollout.values import Moment

ENDED = frozenset({"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"})


class Canary(Camel):
    canary_percent: float = 5.0
    canary_bake_time_in_minutes: int = 10


class Linear(Camel):
    step_percent: float = 10.0
    step_bake_time_in_minutes: int = 6


class HookTimeout(Camel):
    timeout_in_minutes: int = 1440
    action: str = "ROLLBACK"


class Hook(Camel):
    """A hook of a configuration: a Lambda function, or a pause."""

    target_type: str = "AWS_LAMBDA"
    hook_target_arn: str = ""
    lifecycle_stages: tuple[str, ...] = ()
    timeout_configuration: HookTimeout = HookTimeout()


class Watched(Camel):
    """The alarms of a configuration."""

    alarm_names: tuple[str, ...] = ()
    enable: bool = False
    rollback: bool = False


class Configuration(Camel):
    """How a service is deployed to."""

    strategy: str = "ROLLING"
    bake_time_in_minutes: int = 0
    canary_configuration: Canary | None = None
    linear_configuration: Linear | None = None
    lifecycle_hooks: tuple[Hook, ...] = ()
    alarms: Watched = Watched()
    deployment_circuit_breaker: Breaker = Breaker()

    @property
    def patience(self) -> timedelta:
        """How long nothing may rightly change: one interval of the traffic, and the bake after it."""
        minutes = 0
        if self.strategy == "CANARY":
            minutes = (self.canary_configuration or Canary()).canary_bake_time_in_minutes
        if self.strategy == "LINEAR":
            minutes = (self.linear_configuration or Linear()).step_bake_time_in_minutes
        return timedelta(minutes=minutes + self.bake_time_in_minutes)


class Advanced(Camel):
    """What ECS needs to move traffic."""

    alternate_target_group_arn: str = ""
    production_listener_rule: str = ""
    test_listener_rule: str = ""


class Balanced(Camel):
    target_group_arn: str = ""
    advanced_configuration: Advanced | None = None


class RevisionName(Camel):
    """A revision, and how much of it there is."""

    arn: Text
    requested_task_count: int = 0
    running_task_count: int = 0
    pending_task_count: int = 0
    requested_production_traffic_weight: float | None = None


class NativeFleet(Fleet):
    """One row of DescribeServices with what only ECS's own strategies need."""

    current_service_deployment: str = ""
    current_service_revisions: tuple[RevisionName, ...] = ()
    pending_count: int = 0
    configuration: Configuration = Field(default=Configuration(), alias="deploymentConfiguration")
    as_configured: dict[str, Any] = Field(default={}, alias="deploymentConfiguration", repr=False)
    """The same as it came, to be sent back."""
    balanced: tuple[Balanced, ...] = Field(default=(), alias="loadBalancers")


class NativeFleets(CamelAnswer):
    """DescribeServices."""

    services: tuple[NativeFleet, ...] = ()
    failures: tuple[Missing, ...] = ()


class NativeUpdated(CamelAnswer):
    """UpdateService."""

    service: NativeFleet


class HookDetail(Camel):
    """A hook of a deployment that runs or ran."""

    hook_id: str = ""
    target_type: str = ""
    target_arn: str = ""
    status: str = ""
    expires_at: Moment | None = None
    timeout_action: str = ""


class Rollback(Camel):
    reason: str = ""
    started_at: Moment | None = None


class BreakerCount(Camel):
    status: str = ""
    failure_count: int = 0
    threshold: int = 0


class AlarmCount(Camel):
    status: str = ""
    triggered_alarm_names: tuple[str, ...] = ()


class Native(Camel):
    """One service deployment."""

    service_deployment_arn: Text
    created_at: Moment
    target_service_revision: RevisionName
    source_service_revisions: tuple[RevisionName, ...] = ()
    status: Text
    status_reason: str = ""
    lifecycle_stage: str = ""
    lifecycle_hook_details: tuple[HookDetail, ...] = ()
    deployment_configuration: Configuration = Configuration()
    as_configured: dict[str, Any] = Field(default={}, alias="deploymentConfiguration", repr=False)
    """The same as it came, to be sent back."""
    rollback: Rollback | None = None
    deployment_circuit_breaker: BreakerCount = BreakerCount()
    alarms: AlarmCount = AlarmCount()

    @property
    def id(self) -> str:
        """The last part of its ARN, for people."""
        return self.service_deployment_arn.rsplit("/", 1)[-1]

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def paused(self) -> HookDetail | None:
        """The hook that waits for an answer; AWS takes one only while the deployment is in progress."""
        if self.status != "IN_PROGRESS":
            return None
        return next((hook for hook in self.lifecycle_hook_details if hook.status == "AWAITING_ACTION"), None)


class Natives(CamelAnswer):
    """DescribeServiceDeployments."""

    service_deployments: tuple[Native, ...]
    failures: tuple[Missing, ...] = ()


class Brief(Camel):
    """One row of ListServiceDeployments."""

    service_deployment_arn: Text
    created_at: Moment
    target_service_revision_arn: str = ""
    status: Text

    @property
    def id(self) -> str:
        """The last part of its ARN, for people."""
        return self.service_deployment_arn.rsplit("/", 1)[-1]

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class Briefs(CamelAnswer):
    """ListServiceDeployments, newest first."""

    service_deployments: tuple[Brief, ...]
    next_token: str = ""


class Revision(Camel):
    """A service revision never changes."""

    service_revision_arn: Text
    task_definition: Text


class Revisions(CamelAnswer):
    """DescribeServiceRevisions."""

    service_revisions: tuple[Revision, ...]
    failures: tuple[Missing, ...] = ()


class Answered(CamelAnswer):
    """ContinueServiceDeployment and StopServiceDeployment."""

    service_deployment_arn: Text


class ClusterArns(CamelAnswer):
    """ListClusters."""

    cluster_arns: tuple[str, ...]


class ServiceArns(CamelAnswer):
    """ListServices."""

    service_arns: tuple[str, ...]


