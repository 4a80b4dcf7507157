"""What the tests of CodeDeploy share: replies held against botocore's own model, short questions to a deployment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from demo.cloud import Cloud
from demo.cloud.calls import Answer, Call, Operation
from demo.cloud.codedeploy_words import ENDED

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "integer": (int,), "long": (int,), "double": (float, int),
    "timestamp": (datetime,),
}
MODELS = {name: botocore.session.get_session().get_service_model(name) for name in ("codedeploy", "ecs")}


def misfits(value: Any, shape: Shape | None, path: str = "") -> list[str]:
    """Everything in a reply that AWS would not send: unknown names, other types, words outside an enumeration."""
    if shape is None:
        return [f"{path}: nothing is expected"] if value else []
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            return [f"{path}: no structure"]
        unknown = [f"{path}.{name}: unknown" for name in value if name not in shape.members]
        return unknown + [
            told for name, member in shape.members.items() if name in value
            for told in misfits(value[name], member, f"{path}.{name}")
        ]
    if isinstance(shape, ListShape):
        return [told for at, one in enumerate(value) for told in misfits(one, shape.member, f"{path}[{at}]")]
    if isinstance(shape, MapShape):
        return [told for key, one in value.items() for told in misfits(one, shape.value, f"{path}[{key}]")]
    right = isinstance(value, TYPES[shape.type_name]) and (shape.type_name == "boolean") == isinstance(value, bool)
    words = getattr(shape, "enum", [])
    if not right or (words and value not in words):
        return [f"{path}: {value!r} is no {shape.name}"]
    return []


@contextmanager
def held_to_the_model(cloud: Cloud) -> Iterator[list[str]]:
    """Inside it, every reply of CodeDeploy and ECS is compared with botocore's model; gives what did not fit."""
    found: list[str] = []
    before = cloud.world.operations

    def checked(service: str, name: str, operation: Operation) -> Operation:
        def run(call: Call) -> Answer:
            answer = operation(call)
            found.extend(misfits(answer.result, MODELS[service].operation_model(name).output_shape, name))
            return answer

        return run

    cloud.world.operations = {**before, **{
        (service, name): checked(service, name, operation)
        for (service, name), operation in dict(before).items() if service in MODELS
    }}
    try:
        yield found
    finally:
        cloud.world.operations = before


class Deployer:
    """Short questions to CodeDeploy about one application, whose group has the same name."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.where = {"applicationName": name, "deploymentGroupName": name}

    def start(self, revision: dict[str, Any], **more: Any) -> str:
        """Creates a deployment; its id."""
        return str(self.client.create_deployment(**self.where, revision=revision, **more)["deploymentId"])

    def info(self, name: str) -> Any:
        """What GetDeployment tells of it."""
        return self.client.get_deployment(deploymentId=name)["deploymentInfo"]

    def until_ended(self, cloud: Cloud, name: str, most: int = 240) -> None:
        """Lives on until a deployment has ended, without a call a second: those would be most of the time."""
        one = cloud.world.codedeploy.engine.deployments[name]
        for _ in range(most):
            if one.status in ENDED:
                return
            cloud.step(1)
        raise AssertionError(f"{one.status} for {most} s")

    def status(self, name: str) -> str:
        """Its status, with the error code where there is one."""
        told = self.info(name)
        code = told.get("errorInformation", {}).get("code")
        return f"{told['status']} {code}" if code else str(told["status"])

    def targets(self, name: str) -> list[Any]:
        """Its targets, without the wrapping of their platform."""
        pages = self.client.get_paginator("list_deployment_targets").paginate(deploymentId=name)
        ids = [one for page in pages for one in page["targetIds"]]
        found = self.client.batch_get_deployment_targets(deploymentId=name, targetIds=ids)["deploymentTargets"]
        return [next(value for key, value in one.items() if key != "deploymentTargetType") for one in found]

    def events(self, name: str) -> dict[str, str]:
        """The lifecycle events of its first target with their statuses."""
        return {one["lifecycleEventName"]: one["status"] for one in self.targets(name)[0]["lifecycleEvents"]}

    def way_back(self, name: str) -> str:
        """The id of the deployment that undoes it; empty while there is none."""
        return str(self.info(name).get("rollbackInfo", {}).get("rollbackDeploymentId", ""))

    def ids(self, **more: Any) -> list[str]:
        """The deployments of the group, page by page."""
        pages = self.client.get_paginator("list_deployments").paginate(**self.where, **more)
        return [one for page in pages for one in page["deployments"]]


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Inside it a call must be refused with that code."""
    with pytest.raises(ClientError) as refusal:
        yield
    assert refusal.value.response["Error"]["Code"] == code
