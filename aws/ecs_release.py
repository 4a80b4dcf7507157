"""What a rollout of an ECS target would ship: the served release and the one that is meant, both pinned. Reads only."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from aws.alb_facts import Sides
from aws.ecs_commits import Change, commits_of
from aws.ecs_definition import Definition, differences, release_container, short
from aws.ecs_images import Image, Registries, Registry, name_of, parse
from aws.ecs_images import short as short_digest
from aws.ecs_reads import Desk, Marks, definition_of, newest_of
from aws.ecs_replies import ImageRow
from aws.faults import clip
from rollout.errors import NotFound, Refused, Serves, TargetError
from rollout.release import Check, Release

BY_DEFINITION: Final = "td:"
"""A release that is named by its task definition, `td:shop:7`, whatever its image."""


class Shipment(NamedTuple):
    """Both releases and what they are made of."""

    stable: Release
    candidate: Release
    live: Definition
    new: Definition
    container: str
    """Of the new one."""
    served_by: str
    """The container of the live one."""
    checks: tuple[Check, ...] = ()
    """Why a link that names commits is left off."""

    @property
    def diff(self) -> tuple[str, ...]:
        """What will ship, in a person's words."""
        before, after = (self._image(one) for one in (self.stable, self.candidate))
        image = f"image unchanged: {after}" if before == after else f"image {before} → {after}"
        pushed = self.candidate.published_at
        told = f", pushed {pushed:%Y-%m-%d %H:%M} UTC" if pushed and before != after else ""
        return (
            f"{image}{told}", f"task definition {self.live.words} → {self.new.words}",
            *differences(self.live, self.new),
        )  # fmt: skip

    def _image(self, release: Release) -> str:
        digest = release.pinned.get("digest", "")
        known = short_digest(digest) if digest else clip(release.pinned["image"])
        by_digest = not release.id.startswith((BY_DEFINITION, known))
        return f"{release.id} ({known})" if by_digest else known


class Shipped(Protocol):
    """What finding a release asks of a target, whatever its driver."""

    @property
    def cluster(self) -> str:
        """Where its services are."""
        ...

    @property
    def container(self) -> str:
        """The one whose image is the release; empty where there is one only."""
        ...

    @property
    def links(self) -> Mapping[str, str]:
        """What stands on its cards: some name commits."""
        ...

    def crew(self, group: str) -> str:
        """The service whose tasks are in that group."""
        ...


class Where(NamedTuple):
    """The target, and which of its groups is which side."""

    target: Shipped
    sides: Sides


class Shipping:
    """Finds out what would ship to one target."""

    def __init__(self, desk: Desk, marks: Marks, registries: Registries, where: Where) -> None:
        self._desk = desk
        self._marks = marks
        self._registries = registries
        self._target, self._sides = where

    def plan(self, wanted: str, *, serving: str, back: bool = False, home: Release | None = None) -> Shipment:
        """What `wanted` means now. NotFound or Refused when it cannot be deployed. `serving`: the live definition.

        `home`: the release of a way back as it was recorded, whatever its name means by now.
        """
        one = self._plan(wanted, home, back=back, serving=serving)
        sides = {"stable": one.stable, "candidate": one.candidate}
        names = {side: release.id for side, release in sides.items()}
        change = Change(one.live, one.new, one.served_by, one.container, names)
        # A way back waits for nothing that it can do without.
        found = commits_of(self._registries, change, {} if back else self._target.links)
        stable, candidate = (_with_commit(release, found.by_side.get(side, "")) for side, release in sides.items())
        return one._replace(stable=stable, candidate=candidate, checks=found.checks)

    def _plan(self, wanted: str, home: Release | None, *, back: bool, serving: str) -> Shipment:
        live = definition_of(self._desk.ecs, serving)
        served_by = release_container(live, self._target.container)
        if wanted.startswith(BY_DEFINITION):
            return self._by_definition(wanted.removeprefix(BY_DEFINITION), live, served_by)
        text = live.containers[served_by].image
        image = parse(text)
        if image is None:
            raise Refused(
                f"the image of {served_by} is not in ECR: {clip(text)}",
                f"name a task definition: @{BY_DEFINITION}{live.contents.family}:<revision>",
            )
        registry = self._registry(image)
        served, row = _served(registry, image), registry.resolve(_digest(home, image) or wanted)
        name = _name(served, image)
        if row.image_digest == (served.image_digest if served else image.digest):
            raise Serves(f"{self._target.cluster} already serves {name}", "push a new image, or name another")
        new = live.with_image(served_by, image.pinned(row.image_digest))
        recorded = home.pinned.get("task_definition", "") if home is not None and _digest(home, image) else ""
        there = recorded or self._marks.find(self._desk.ecs, live.contents.family, new.mark)
        if back and not there:
            # A way back skips approval: it must not be a way to ship what a tag has come to mean since.
            fact = f"{name_of(row, wanted)} is {short_digest(row.image_digest)} now, which never ran here so"
            raise Refused(fact, f"start it as usual, or name a task definition: @{BY_DEFINITION}<family>:<revision>")
        stable = self._stable(name, live, served_by, served.image_digest if served else image.digest)
        candidate = self._release(name_of(row, wanted), "candidate", row, {
            "image": image.pinned(row.image_digest), "digest": row.image_digest, "container": served_by,
            **({"task_definition": there} if there else {"from": live.arn}),
        })  # fmt: skip
        return Shipment(stable, candidate, live, _known(self._desk, there, new), served_by, served_by)

    def _by_definition(self, wanted: str, live: Definition, served_by: str) -> Shipment:
        try:
            new = definition_of(self._desk.ecs, wanted)
        except TargetError as error:
            if error.kind != "absent":
                raise
            known = ", ".join(f"{BY_DEFINITION}{short(arn)}" for arn in newest_of(self._desk.ecs, live.contents.family))
            raise NotFound(error.fact, f"{live.contents.family} has {known}") from None
        if new.arn == live.arn:
            raise Serves(f"{self._target.cluster} already serves {BY_DEFINITION}{live.words}", "name another")
        container = release_container(new, self._target.container)
        row = self._found(new.containers[container].image)
        candidate = self._release(f"{BY_DEFINITION}{new.words}", "candidate", row, {
            "image": new.containers[container].image, "digest": row.image_digest if row else "",
            "container": container, "task_definition": new.arn,
        })  # fmt: skip
        before = self._found(live.containers[served_by].image)
        # Both by definition: with the same image in both, its tag would not tell them apart.
        stable = self._stable(
            f"{BY_DEFINITION}{live.words}", live, served_by, before.image_digest if before else ""
        )
        return Shipment(stable, candidate, live, new, container, served_by)

    def _stable(self, name: str, live: Definition, container: str, digest: str) -> Release:
        return self._release(name, "stable", None, {
            "image": live.containers[container].image, "digest": digest, "container": container,
            "task_definition": live.arn,
        })  # fmt: skip

    def _release(self, name: str, side: str, row: ImageRow | None, pinned: dict[str, str]) -> Release:
        sides, target = self._sides, self._target
        group = sides.stable if side == "stable" else sides.candidate
        kept = {key: value for key, value in pinned.items() if value}
        kept |= {"service": target.crew(group), "target_group": group}
        return Release(id=name, pinned=kept, published_at=row.image_pushed_at if row else None)

    def _found(self, text: str) -> ImageRow | None:
        """What ECR knows of an image; a definition may run one from elsewhere."""
        image = parse(text)
        return None if image is None else _served(self._registry(image), image)

    def _registry(self, image: Image) -> Registry:
        return Registry(self._registries.calls(image), image)


def _with_commit(release: Release, commit: str) -> Release:
    return release.model_copy(update={"pinned": {**release.pinned, "revision": commit}}) if commit else release


def _served(registry: Registry, image: Image) -> ImageRow | None:
    return registry.find(imageDigest=image.digest) if image.digest else registry.find(imageTag=image.tag or "latest")


def _name(served: ImageRow | None, image: Image) -> str:
    """What serves, by name; of an image that ECR has not kept only what the definition says."""
    if served is not None:
        return name_of(served, image.tag)
    return short_digest(image.digest) if image.digest else image.tag


def _digest(home: Release | None, image: Image) -> str:
    """The very image that was recorded, where it lies in the same repository as the one that serves."""
    was = parse(home.pinned.get("image", "")) if home is not None else None
    if home is None or was is None or (was.account, was.repository) != (image.account, image.repository):
        return ""
    return home.pinned.get("digest", "")


def _known(desk: Desk, there: str, new: Definition) -> Definition:
    """The registered revision where there is one already, with its number."""
    return definition_of(desk.ecs, there) if there else new
