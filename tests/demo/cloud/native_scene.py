"""The application `api` under test: what boto3 shows of it, every answer held against botocore's model."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from moto.core.utils import get_service_model

from demo.cloud import Cloud
from demo.cloud.building import add_definition, image_uri
from demo.cloud.calls import ACCOUNT, REGION, Answer, Call, Operation
from demo.cloud.fleet import Fleet
from demo.cloud.native_shown import deployment_shown
from demo.cloud.seed_api import API, Api, api_configuration, build_api, seed_api

MINUTE, SEEDED_MINUTE = 4, 10
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "double": (int, float), "boolean": (bool,), "timestamp": (datetime,),
}


class Scene:
    """One service `api`; `seeded` with requests and alarms, else as it is built, its tasks up."""

    def __init__(self, cloud: Cloud, ecs: Any, configuration: dict[str, Any] | None = None) -> None:
        self.cloud, self.ecs, world = cloud, ecs, cloud.world
        if configuration is None:
            self.api: Api = seed_api(cloud, SEEDED_MINUTE)
        else:
            world.servers.native.life.minute = MINUTE
            self.api = build_api(world, configuration)
            cloud.step(30)

    @property
    def fleet(self) -> Fleet:
        return self.cloud.world.servers.services.fleets[ACCOUNT, REGION, API, API]

    def define(self, tag: str) -> str:
        """A new revision of the task definition with that image."""
        return add_definition(self.cloud.world, API, image_uri(API, self.api.digests[tag]))

    def update(self, **asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.update_service(cluster=API, service=API, **asked)["service"]
        return found

    def deploy(self, tag: str) -> str:
        """Starts the deployment of an image; gives the service deployment's ARN."""
        return str(self.update(taskDefinition=self.define(tag))["currentServiceDeployment"])

    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster=API, services=[API])["services"][0]
        return found

    def look(self, arn: str) -> dict[str, Any]:
        """A service deployment as it shows."""
        found: dict[str, Any] = self.ecs.describe_service_deployments(serviceDeploymentArns=[arn])[
            "serviceDeployments"
        ][0]
        return found

    def until(self, arn: str, holds: Callable[[dict[str, Any]], bool], most: int = 400) -> dict[str, Any]:
        """Steps until a deployment shows what is asked for: what boto3 shows then."""
        native = self.cloud.world.servers.native
        for _ in range(most):
            found = native.find(arn)
            # Looked at from inside until then: a call over HTTP for every second takes seconds in all.
            if found is not None and holds(deployment_shown(found, native.life.watch)):
                return self.look(arn)
            self.cloud.step(1)
        raise AssertionError(f"never within {most} s: {self.look(arn)}")

    def until_stage(self, arn: str, stage: str) -> dict[str, Any]:
        return self.until(arn, lambda shown: shown.get("lifecycleStage") == stage)

    def until_paused(self, arn: str) -> str:
        """Steps to the next pause; gives the hook's id."""
        shown = self.until(arn, lambda shown: waiting(shown) != "")
        return waiting(shown)

    def until_ended(self, arn: str) -> dict[str, Any]:
        return self.until(arn, lambda shown: "finishedAt" in shown)

    def answer(self, arn: str, hook: str, action: str = "CONTINUE") -> None:
        self.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action=action)

    def stop(self, arn: str) -> None:
        self.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")

    def weights(self) -> tuple[int, int]:
        """The written weights of the first and the second group at the production rule."""
        return self._weights(self.api.rule)

    def weights_for_tests(self) -> tuple[int, int]:
        return self._weights(self.api.test_rule)

    def tasks(self) -> dict[str, int]:
        """How many tasks run of each task definition's image tag."""
        images = {digest: tag for tag, digest in self.api.digests.items()}
        found: dict[str, int] = {}
        for task in self.fleet.tasks:
            if task.runs:
                definition = self.ecs.describe_task_definition(taskDefinition=task.deployment.definition)
                image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
                tag = images[image.partition("@")[2]]
                found[tag] = found.get(tag, 0) + 1
        return found

    def _weights(self, rule: str) -> tuple[int, int]:
        written = self.cloud.world.servers.routing.written(rule)
        return written[self.api.first], written[self.api.second]


@pytest.fixture
def modelled(bare: Cloud) -> Iterator[Cloud]:
    """The cloud, every answer of ECS held against botocore's model."""
    world, found = bare.world, list[str]()
    before = world.operations
    world.operations = {
        key: checked(run, key[1], found) if key[0] == "ecs" else run for key, run in before.items()
    }
    yield bare
    world.operations = before
    assert not found, found[:5]


def configured(**changed: Any) -> dict[str, Any]:
    """The application's own configuration without alarms and pauses, and with these changes; None takes one away."""
    whole = api_configuration() | {"lifecycleHooks": [], "alarms": None} | changed
    return {name: value for name, value in whole.items() if value is not None}


def pause(stage: str, minutes: int = 60, action: str = "ROLLBACK") -> dict[str, Any]:
    """A PAUSE hook at one stage."""
    return {"targetType": "PAUSE", "lifecycleStages": [stage],
            "timeoutConfiguration": {"timeoutInMinutes": minutes, "action": action}}


def waiting(shown: dict[str, Any]) -> str:
    """The id of the hook that awaits an answer, or nothing."""
    found = [hook["hookId"] for hook in shown["lifecycleHookDetails"] if hook["status"] == "AWAITING_ACTION"]
    return found[0] if found else ""


def share(shown: dict[str, Any]) -> float:
    """The target's requested share of the requests."""
    return float(shown["targetServiceRevision"]["requestedProductionTrafficWeight"])


def checked(operation: Operation, name: str, found: list[str]) -> Operation:
    """The same operation; what botocore's model does not know of its answer is noted."""
    shape = get_service_model("ecs").operation_model(name).output_shape

    def run(call: Call) -> Answer:
        answer = operation(call)
        found.extend(breaches(answer.result, shape, name))
        return answer

    return run


def breaches(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Every key, type and enum value of an answer that the model does not have."""
    if shape.type_name == "structure":
        for key, inner in value.items():
            if key not in shape.members:
                yield f"{path}.{key} is unknown"
            else:
                yield from breaches(inner, shape.members[key], f"{path}.{key}")
        yield from (f"{path}.{key} is missing" for key in shape.required_members if key not in value)
    elif shape.type_name == "list":
        for number, inner in enumerate(value):
            yield from breaches(inner, shape.member, f"{path}[{number}]")
    elif type(value) not in PYTHON_TYPES[shape.type_name]:
        yield f"{path} is {value!r}, not a {shape.type_name}"
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path} is {value!r}, not one of {shape.enum}"
