"""Which commits a rollout goes from and to: what the label `org.opencontainers.image.revision` of its images says.

Reads only, refuses nothing: what cannot be read costs a link on the card, and a check says so. Annotations of the
manifest come first, for they need no second call; then the labels of the image's configuration, where
`docker build --label` writes.
https://github.com/opencontainers/image-spec/blob/main/annotations.md
ECR tells labels in no simpler way: https://github.com/aws/containers-roadmap/issues/178
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, NamedTuple, TypeVar

from pydantic import BaseModel, Field, ValidationError

from aws.calls import Calls
from aws.ecs_blobs import fetch, refuse_large
from aws.ecs_definition import Definition, Runtime
from aws.ecs_images import Image, Registries, parse, short
from aws.ecs_replies import Camel, CamelAnswer, Text
from aws.faults import clip
from rollout.errors import TargetError
from rollout.release import Check

LABEL: Final = "org.opencontainers.image.revision"
OPTIONAL: Final = frozenset({"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
"""Only for links that name commits: nothing else lacks where they are not allowed."""
WRITE_IT: Final = f'build it with --label {LABEL}="$(git rev-parse HEAD)"'
_AWAY: Final = ("transient", "throttle", "auth")
PLACES: Final[Mapping[str, str]] = {"stable": "{from_commit}", "candidate": "{to_commit}"}
"""What a link of a target writes for the commit of each side."""
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_ACCEPTED: Final = (
    "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
)  # fmt: skip
_BESIDE: Final = "attestation-manifest"
"""What lies in an index beside the images: statements about how they were built."""
_ARCHITECTURES: Final[Mapping[str, str]] = {"": "amd64", "X86_64": "amd64", "ARM64": "arm64"}
M = TypeVar("M", bound=BaseModel)


class _Row(Camel):
    image_manifest: Text


class _Failure(Camel):
    failure_code: str = ""


class _Manifests(CamelAnswer):
    """BatchGetImage; what it does not know is a failure with status 200."""

    images: tuple[_Row, ...] = ()
    failures: tuple[_Failure, ...] = ()


class _Address(CamelAnswer):
    """GetDownloadUrlForLayer. Whoever has the address can read the blob."""

    download_url: Annotated[Text, Field(repr=False)]


class _Platform(Camel):
    os: str = ""
    architecture: str = ""


class _Part(Camel):
    """What a manifest points to: a configuration, or the manifest of one platform."""

    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    size: int = 0
    platform: _Platform = _Platform()
    annotations: Mapping[str, str] = {}


class _Manifest(Camel):
    """One image, or an index of several; of OCI or of Docker, which differ in names that nobody needs here."""

    config: _Part | None = None
    manifests: tuple[_Part, ...] = ()
    annotations: Mapping[str, str] = {}


class _Inner(BaseModel):
    labels: Annotated[Mapping[str, str] | None, Field(alias="Labels")] = None


class _Configuration(BaseModel):
    config: _Inner | None = None


class Change(NamedTuple):
    """Both task definitions, the container of each whose image is the release, and what the releases are called."""

    live: Definition
    new: Definition
    served_by: str
    container: str
    names: Mapping[str, str]
    """By side."""

    def tellers(self) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """The container of each side whose image tells the commit; and others whose images change, too."""
        before = {name: one.image for name, one in self.live.containers.items()}
        after = {name: one.image for name, one in self.new.containers.items()}
        pairs = {name: (before[name], after[name]) for name in after if name in before and before[name] != after[name]}
        first, second = self.served_by, self.container
        if before[first] == after[second] and pairs:
            first = second = next(iter(pairs))  # by its task definition: the release's own image stays
        told = (before[first], after[second])
        return {"stable": first, "candidate": second}, tuple(name for name, pair in pairs.items() if pair != told)


class Commits(NamedTuple):
    """What was found out."""

    by_side: Mapping[str, str]
    checks: tuple[Check, ...]


def commits_of(registries: Registries, change: Change, links: Mapping[str, str]) -> Commits:
    """The commits that these links name, by side; without such a link nothing is asked. Never raises a TargetError."""
    wanted = [side for side, place in PLACES.items() if any(place in address for address in links.values())]
    tellers, others = change.tellers()
    found: dict[str, str] = {}
    gaps: dict[str, list[str]] = {}
    hint = ""
    for side in wanted:
        definition = change.live if side == "stable" else change.new
        try:
            found[side] = _commit(registries, definition, tellers[side])
        except TargetError as error:
            hint = hint or error.hint
            # What ECR does not give now it does not give for the other side either: a start waits for it once.
            together = wanted if error.kind in _AWAY else [side]
            gaps.setdefault(error.fact, []).extend(change.names[one] for one in together if one not in found)
            if error.kind in _AWAY:
                break
    checks = [_left_off(links, gaps, hint)] if gaps else []
    if found and others:
        text = f"the images of {', '.join(others)} change, too: the commits are those of {tellers['candidate']}"
        checks.append(Check(name="commits", state="warn", text=text))
    return Commits(found, tuple(checks))


def _commit(registries: Registries, definition: Definition, container: str) -> str:
    text = definition.containers[container].image
    image = parse(text)
    if image is None:
        raise TargetError("config", f"the image of {container} is not in ECR: {clip(text)}")
    return Labels(registries.calls(image), image, definition.contents.runtime_platform).commit()


def _left_off(links: Mapping[str, str], gaps: Mapping[str, Sequence[str]], hint: str) -> Check:
    names = [name for name, address in links.items() if any(place in address for place in PLACES.values())]
    why = "; ".join(f"{', '.join(dict.fromkeys(sides))}: {fact}" for fact, sides in gaps.items())
    return Check(name="commits", state="warn", text=f"no link {', '.join(names)}, for {why}", hint=hint)


class Labels:
    """What one image in ECR says of itself."""

    def __init__(self, calls: Calls, image: Image, runtime: Runtime) -> None:
        self._calls = calls
        self._image = image
        self._runtime = runtime
        self._repository = {"registryId": image.account, "repositoryName": image.repository}

    def commit(self) -> str:
        """The commit; TargetError says why none is known, never NotFound: it is no reason to refuse anything."""
        odd = ""
        for table in self._tables():
            said = table.get(LABEL, "")
            if _COMMIT.fullmatch(said):
                return said
            odd = odd or said
        if odd:
            raise TargetError("config", f"its label {LABEL} says {clip(odd, 40)}, which is no commit", WRITE_IT)
        raise TargetError("absent", f"it has no label {LABEL}", WRITE_IT)

    def _tables(self) -> Iterator[Mapping[str, str]]:
        """The nearest first; a call is made only where the tables before it were not enough."""
        image = self._image
        named = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
        manifest = self._manifest(named)
        yield manifest.annotations
        if manifest.manifests:
            manifest = self._manifest({"imageDigest": fitting(manifest.manifests, self._runtime).digest})
            yield manifest.annotations
        if manifest.config is None:
            raise TargetError("config", "it has no configuration")
        yield self._labels(manifest.config)

    def _manifest(self, named: Mapping[str, str]) -> _Manifest:
        reply = self._calls.read(
            "BatchGetImage", _Manifests, imageIds=[named], acceptedMediaTypes=list(_ACCEPTED), **self._repository
        )
        if not reply.images:
            codes = ", ".join(clip(one.failure_code, 40) for one in reply.failures) or "nothing"
            name = short(named.get("imageDigest", "")) or named["imageTag"]
            raise TargetError("absent", f"ECR answered {codes} for {name}")
        return _read(_Manifest, reply.images[0].image_manifest, "manifest")

    def _labels(self, part: _Part) -> Mapping[str, str]:
        refuse_large(part.size)
        reply = self._calls.read("GetDownloadUrlForLayer", _Address, layerDigest=part.digest, **self._repository)
        found = _read(_Configuration, fetch(reply.download_url, part.digest), "configuration")
        return (found.config.labels if found.config else None) or {}


def fitting(parts: Sequence[_Part], runtime: Runtime) -> _Part:
    """The image of an index that these tasks run; where the index has none such its first one."""
    images = [part for part in parts if _BESIDE not in part.annotations.values()] or parts
    wanted = (runtime.os, _ARCHITECTURES.get(runtime.cpu_architecture, ""))
    return next((part for part in images if (part.platform.os, part.platform.architecture) == wanted), images[0])


def _read(model: type[M], text: str | bytes, what: str) -> M:
    """`from None`: pydantic's message holds the text, and a configuration holds values of variables."""
    try:
        return model.model_validate(json.loads(text))
    except (ValidationError, ValueError, RecursionError):
        raise TargetError("config", f"its {what} cannot be read") from None
