"""What is inside an image: found by its digest, through ECR where a task definition names it by a tag."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends

from demo.cloud.layers import Layers
from demo.cloud.task import Behaviour

PRIVATE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
                     r"(?P<repository>[^:@]+)(?:@(?P<digest>sha256:[0-9a-f]+)|:(?P<tag>[^@]+))?$")
WELL, MISSING = Behaviour(), Behaviour(missing=True)


@dataclass
class Images:
    """The behaviour of every image somebody spoke of; every other one is good."""

    known: dict[str, Behaviour] = field(default_factory=dict)
    layers: Layers = field(default_factory=Layers)

    def put(self, image: str, behaviour: Behaviour) -> None:
        """How an image behaves: given by its digest, or by its whole name outside our registry."""
        self.known[image] = behaviour

    def clear(self) -> None:
        """Nobody spoke of any; the address stays, for the cloud does."""
        self.known.clear()
        self.layers.blobs.clear()

    def of(self, image: str) -> Behaviour:
        """How an image behaves: one that our registry does not hold cannot be pulled."""
        found = PRIVATE.match(image)
        if found is None:
            return self.known.get(image, WELL)
        digest = _digest(found)
        return MISSING if digest is None else self.known.get(digest, WELL)

    def digest_of(self, image: str) -> str | None:
        """The digest that ECS resolves an image's name to; nothing outside our registry."""
        found = PRIVATE.match(image)
        return None if found is None else _digest(found)

    def of_definition(self, account: str, region: str, definition: str) -> Behaviour:
        """How the tasks of a task definition behave: as its first container that is not good."""
        backend: Any = ecs_backends[account][region]
        each = [self.of(one["image"]) for one in backend.describe_task_definition(definition).container_definitions]
        return next((one for one in each if one != WELL), WELL)


def _digest(found: re.Match[str]) -> str | None:
    backend: Any = ecr_backends[found["account"]][found["region"]]
    repository = backend.repositories.get(found["repository"])
    for image in repository.images if repository else ():
        digest = str(image.get_image_digest())
        if digest == found["digest"] or (not found["digest"] and (found["tag"] or "latest") in image.image_tags):
            return digest
    return None
