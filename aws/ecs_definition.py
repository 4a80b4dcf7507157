"""Task definitions in our words: the same but for its image, what differs, what would be registered. No calls.

A definition holds values of environment variables: they are compared and sent back to AWS, and appear nowhere else.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, SecretStr

from aws.ecs_replies import Camel, Text
from aws.faults import clip
from rollout.errors import Refused

TOLD: Final = frozenset({
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy",
    "deregisteredAt", "deleteRequestedAt",
})  # fmt: skip
"""What AWS tells of a definition and takes from nobody."""


class Variable(Camel):
    name: str
    value: SecretStr = SecretStr("")


class Secret(Camel):
    name: str
    value_from: str = ""


class Port(Camel):
    container_port: int | None = None
    protocol: str = "tcp"


class Container(Camel):
    """One container of a definition."""

    name: Text
    image: str = ""
    cpu: int | None = None
    memory: int | None = None
    command: tuple[str, ...] = ()
    environment: tuple[Variable, ...] = ()
    secrets: tuple[Secret, ...] = ()
    port_mappings: tuple[Port, ...] = ()


class Runtime(Camel):
    """What machines its tasks run on; empty: what ECS takes by itself, X86_64 and LINUX."""

    cpu_architecture: str = ""
    operating_system_family: str = ""

    @property
    def os(self) -> str:
        """As images name it."""
        return "windows" if self.operating_system_family.startswith("WINDOWS") else "linux"


class Contents(Camel):
    """What people want to know of a definition."""

    task_definition_arn: str = ""
    family: Text
    revision: int = 0
    status: str = ""
    cpu: str = ""
    memory: str = ""
    task_role_arn: str = ""
    execution_role_arn: str = ""
    runtime_platform: Runtime = Runtime()
    container_definitions: Annotated[tuple[Container, ...], Field(min_length=1)]


class Mark(NamedTuple):
    """What tells a definition from others and holds no values: its shape without images, and its images."""

    shape: str
    images: Mapping[str, str]

    def with_image(self, container: str, image: str) -> "Mark":
        """The same with another image, in every container that has the one of this container."""
        old = self.images.get(container)
        return Mark(self.shape, {name: image if one == old else one for name, one in self.images.items()})


class Definition:
    """One task definition. Its text names it and nothing that is in it."""

    def __init__(self, raw: Mapping[str, Any], tags: tuple[Mapping[str, str], ...] = ()) -> None:
        self._raw = dict(raw)
        self._tags = tags
        self.contents = Contents.model_validate(self._raw)

    def __repr__(self) -> str:
        return f"Definition({self.words})"

    @property
    def arn(self) -> str:
        """Empty where it is not registered yet."""
        return self.contents.task_definition_arn

    @property
    def words(self) -> str:
        """`shop:7`."""
        return f"{self.contents.family}:{self.contents.revision}" if self.arn else f"{self.contents.family}, new"

    @property
    def containers(self) -> dict[str, Container]:
        return {one.name: one for one in self.contents.container_definitions}

    @property
    def mark(self) -> Mark:
        """The same for the same content, whatever its family and revision."""
        content = {key: value for key, value in self._raw.items() if key not in TOLD and key != "family"}
        blank = [{**one, "image": ""} for one in content["containerDefinitions"]]
        text = json.dumps(_plain({**content, "containerDefinitions": blank}), sort_keys=True, default=str)
        images = {name: one.image for name, one in self.containers.items()}
        return Mark(hashlib.sha256(text.encode()).hexdigest(), images)

    def with_image(self, container: str, image: str) -> "Definition":
        """The same with another image, not registered yet."""
        images = self.mark.with_image(container, image).images
        rows = [{**row, "image": images[row["name"]]} for row in self._raw["containerDefinitions"]]
        kept = {key: value for key, value in self._raw.items() if key not in TOLD}
        return Definition({**kept, "containerDefinitions": rows}, self._tags)

    def request(self) -> dict[str, Any]:
        """What RegisterTaskDefinition takes to make it; tags of AWS's own are not ours to set."""
        asked = {key: value for key, value in self._raw.items() if key not in TOLD}
        tags = [dict(tag) for tag in self._tags if not tag.get("key", "").startswith("aws:")]
        return asked | ({"tags": tags} if tags else {})


def release_container(definition: Definition, named: str) -> str:
    """The container whose image is the release; Refused where that is not clear."""
    known = list(definition.containers)
    if named in known:
        return named
    if not named and len(known) == 1:
        return known[0]
    fact = f"{definition.words} has no container {named}" if named else f"{definition.words} has several containers"
    raise Refused(fact, f"name one as `container`: {', '.join(known)}")


def differences(old: Definition, new: Definition) -> tuple[str, ...]:
    """What will ship beside the image, in a person's words. Names of variables, never their values."""
    before, after = old.contents, new.contents
    lines = [
        *_changed("cpu", before.cpu, after.cpu),
        *_changed("memory", before.memory, after.memory),
        *_changed("task role", _role(before.task_role_arn), _role(after.task_role_arn)),
        *_changed("execution role", _role(before.execution_role_arn), _role(after.execution_role_arn)),
        *_named("container", old.containers, new.containers),
    ]
    for name in sorted(old.containers.keys() & new.containers.keys()):
        lines += [f"{name}: {line}" for line in _container(old.containers[name], new.containers[name])]
    same = old.mark.shape == new.mark.shape
    return tuple(lines) if lines or same else ("something else of the task definition differs",)


def short(arn: str) -> str:
    """`shop:7` of its ARN."""
    return arn.rsplit("/", 1)[-1]


def _container(old: Container, new: Container) -> Iterator[str]:
    yield from _changed("cpu", old.cpu, new.cpu)
    yield from _changed("memory", old.memory, new.memory)
    yield from _changed("ports", _ports(old), _ports(new))
    if old.command != new.command:
        yield "command changed"
    yield from _compared("environment", {one.name: one.value for one in old.environment},
                         {one.name: one.value for one in new.environment})  # fmt: skip
    yield from _compared("secret", {one.name: one.value_from for one in old.secrets},
                         {one.name: one.value_from for one in new.secrets})  # fmt: skip


def _compared(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    yield from _named(what, before, after)
    changed = sorted(name for name in before.keys() & after.keys() if before[name] != after[name])
    if changed:
        yield f"{what} changed: {', '.join(changed)}"


def _named(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for word, names in (("added", after.keys() - before.keys()), ("removed", before.keys() - after.keys())):
        if names:
            yield f"{what} {word}: {', '.join(sorted(names))}"


def _changed(what: str, before: object, after: object) -> Iterator[str]:
    if before != after:
        yield f"{what} {clip(str(before or 'none'))} → {clip(str(after or 'none'))}"


def _ports(container: Container) -> str:
    return ", ".join(sorted(f"{one.container_port}/{one.protocol}" for one in container.port_mappings))


def _role(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _plain(value: Any) -> Any:
    """Without what says nothing, and named things in one order: AWS fills some in and sorts some anew."""
    if isinstance(value, Mapping):
        found = {key: _plain(inner) for key, inner in value.items()}
        return {key: inner for key, inner in found.items() if inner not in (None, [], {}, "")}
    if isinstance(value, list | tuple):
        rows = [_plain(inner) for inner in value]
        named = all(isinstance(row, Mapping) and "name" in row for row in rows)
        return sorted(rows, key=lambda row: str(row["name"])) if named else rows
    return value
