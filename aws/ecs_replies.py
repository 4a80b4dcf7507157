"""The answers of ECS, ECR and Application Auto Scaling, as far as something here depends on them. Models only."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from aws.calls import Answer, Metadata, Reply
from rollout.values import Moment

Text = Annotated[str, Field(min_length=1)]
_CAMEL = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Camel(Reply):
    """A part of an answer of the services that write their names `likeThis`."""

    model_config = _CAMEL


class CamelAnswer(Answer):
    """The top of such an answer; what botocore adds is written otherwise."""

    model_config = _CAMEL
    response_metadata: Annotated[Metadata, Field(alias="ResponseMetadata")] = Metadata()


class Deployment(Camel):
    """One deployment inside a service: a task definition from some moment on."""

    id: str = ""
    status: str = ""
    task_definition: str = ""
    running_count: int = 0
    rollout_state: str = ""


class ServiceBalancer(Camel):
    target_group_arn: str = ""
    container_name: str = ""
    container_port: int | None = None


class Controller(Camel):
    type: str = "ECS"


class Breaker(Camel):
    enable: bool = False
    rollback: bool = False


class DeploymentConfiguration(Camel):
    strategy: str = "ROLLING"
    deployment_circuit_breaker: Breaker = Breaker()


class Network(Camel):
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


class NetworkConfiguration(Camel):
    awsvpc_configuration: Network = Network()


class Fleet(Camel):
    """One row of DescribeServices."""

    service_name: Text
    status: Text
    desired_count: int
    running_count: int
    task_definition: str = ""
    load_balancers: tuple[ServiceBalancer, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    task_sets: tuple[dict[str, Any], ...] = ()
    deployment_controller: Controller = Controller()
    deployment_configuration: DeploymentConfiguration = DeploymentConfiguration()
    network_configuration: NetworkConfiguration = NetworkConfiguration()
    scheduling_strategy: str = "REPLICA"
    launch_type: str = ""
    health_check_grace_period_seconds: int = 0

    @property
    def name(self) -> str:
        return self.service_name

    @property
    def runs(self) -> str:
        """`shop:7`."""
        return self.task_definition.rsplit("/", 1)[-1]

    @property
    def grace(self) -> int:
        return self.health_check_grace_period_seconds

    @property
    def groups(self) -> tuple[str, ...]:
        """The target groups that its tasks are in."""
        return tuple(one.target_group_arn for one in self.load_balancers if one.target_group_arn)

    @property
    def renews(self) -> bool:
        """ECS replaces tasks of another definition by itself."""
        return True

    @property
    def leftovers(self) -> int:
        """Tasks that still run another task definition than it was asked for last."""
        return sum(one.running_count for one in self.deployments if one.task_definition != self.task_definition)


class Missing(Camel):
    arn: str = ""
    reason: str = ""


class Fleets(CamelAnswer):
    """DescribeServices; what it does not know is a failure with status 200."""

    services: tuple[Fleet, ...] = ()
    failures: tuple[Missing, ...] = ()


class Updated(CamelAnswer):
    """UpdateService."""

    service: Fleet


class Described(CamelAnswer):
    """DescribeTaskDefinition and RegisterTaskDefinition. Kept as it came; it holds values of variables."""

    task_definition: Annotated[dict[str, Any], Field(repr=False)]
    tags: Annotated[tuple[dict[str, str], ...], Field(repr=False)] = ()


class Revisions(CamelAnswer):
    """ListTaskDefinitions."""

    task_definition_arns: tuple[str, ...]


class TaskArns(CamelAnswer):
    """ListTasks."""

    task_arns: tuple[str, ...]


class Ended(Camel):
    """A container of a stopped task."""

    name: str = ""
    exit_code: int | None = None
    reason: str = ""


class Task(Camel):
    """One task, as far as its end tells something."""

    task_definition_arn: str = ""
    stop_code: str = ""
    stopped_reason: str = ""
    created_at: Moment | None = None
    containers: tuple[Ended, ...] = ()


class Tasks(CamelAnswer):
    """DescribeTasks."""

    tasks: tuple[Task, ...]


class ImageRow(Camel):
    """One image in ECR."""

    image_digest: Text
    image_tags: tuple[str, ...] = ()
    image_pushed_at: Moment | None = None


class Images(CamelAnswer):
    """DescribeImages."""

    image_details: tuple[ImageRow, ...]
    next_token: str = ""


class ScalableTarget(Reply):
    """Between which sizes a service scales by itself."""

    resource_id: Text
    min_capacity: int
    max_capacity: int


class ScalableTargets(Answer):
    """DescribeScalableTargets."""

    scalable_targets: tuple[ScalableTarget, ...]
    next_token: str = ""


class Limited(Answer):
    """RegisterScalableTarget, which says nothing that matters."""
