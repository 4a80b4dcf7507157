"""Which image a release is: found in ECR by tag, by digest, or as the newest one pushed. Reads only."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aws.calls import Calls
from aws.ecs_replies import ImageRow, Images
from aws.faults import clip
from aws.sessions import Place, Sessions
from rollout.errors import NotFound, Refused, TargetError

SHOWN: Final = 10
A_PAGE: Final = 1000
MOST_PAGES: Final = 50
LATEST: Final = "latest"
_ECR: Final = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.aws)/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{8,64}")
_ATTACHED: Final = re.compile(r"sha256-[0-9a-f]{64}")
"""How signatures and attestations are tagged: pushed after the image, and no image."""


class Image(NamedTuple):
    """An image as a task definition names it, in a registry of ECR."""

    account: str
    region: str
    repository: str
    tag: str
    digest: str
    prefix: str

    def pinned(self, digest: str) -> str:
        """The image of that digest in the same repository."""
        return f"{self.prefix}@{digest}"


def parse(text: str) -> Image | None:
    """What an image's name says; None where it is not in ECR."""
    found = _ECR.fullmatch(text)
    if found is None:
        return None
    prefix = text.split("@", maxsplit=1)[0].removesuffix(f":{found['tag']}" if found["tag"] else "")
    return Image(
        found["account"], found["region"], found["repository"], found["tag"] or "", found["digest"] or "", prefix
    )


class Registries(NamedTuple):
    """Where the images of one target are found."""

    sessions: Sessions
    role: str
    operations: Mapping[str, str]

    def calls(self, image: Image) -> Calls:
        """Calls where that image lies: it may be in another region, and in another account."""
        return Calls(self.sessions, Place(self.role, image.region), "ecr", self.operations)


class Registry:
    """One repository."""

    def __init__(self, calls: Calls, image: Image) -> None:
        self._calls = calls
        self._asked = {"registryId": image.account, "repositoryName": image.repository}
        self._name = image.repository

    def resolve(self, wanted: str) -> ImageRow:
        """The image that `wanted` names: a tag, a digest or the beginning of one; empty or `latest`: the newest."""
        if wanted in ("", LATEST):
            return self._newest()
        if _DIGEST.fullmatch(wanted):
            return self._by_digest(wanted)
        found = self.find(imageTag=wanted)
        if found is None:
            raise self._not_found(wanted)
        return found

    def find(self, **image: str) -> ImageRow | None:
        """The image of that tag or digest; None where there is none."""
        try:
            page = self._calls.read("DescribeImages", Images, imageIds=[image], **self._asked)
        except TargetError as error:
            if error.kind == "absent" and "RepositoryNotFound" not in error.fact:
                return None
            raise
        return next(iter(page.image_details), None)

    def _newest(self) -> ImageRow:
        rows = [row for row in self._rows(filter={"tagStatus": "TAGGED"}) if _tags(row)]
        if not rows:
            raise Refused(f"{self._name} has no tagged image", "push one, or name a digest after @")
        return max(rows, key=_age)

    def _by_digest(self, wanted: str) -> ImageRow:
        rows = [row for row in self._rows() if row.image_digest.startswith(wanted)]
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise NotFound(f"{self._name} has several images {clip(wanted, 40)}", "write more of the digest")
        raise self._not_found(wanted)

    def _not_found(self, wanted: str) -> NotFound:
        rows = sorted(self._rows(filter={"tagStatus": "TAGGED"}), key=_age, reverse=True)
        tags = [tag for row in rows for tag in _tags(row)]
        more = f" and {len(tags) - SHOWN} older" if len(tags) > SHOWN else ""
        hint = f"it has {', '.join(tags[:SHOWN])}{more}" if tags else "it has no tagged image"
        return NotFound(f"{self._name} has no image {clip(wanted, 80)}", hint)

    def _rows(self, **asked: Any) -> list[ImageRow]:
        rows: list[ImageRow] = []
        more: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = self._calls.read("DescribeImages", Images, maxResults=A_PAGE, **self._asked, **asked, **more)
            rows += page.image_details
            if not page.next_token:
                return rows
            more = {"nextToken": page.next_token}
        raise TargetError("config", f"{self._name} has more than {MOST_PAGES} pages of images", "expire old ones")


def name_of(row: ImageRow, asked: str = "") -> str:
    """What people call it: the tag they gave, else one that it has, else the beginning of its digest."""
    if asked in row.image_tags and asked != LATEST:
        return asked
    return next(iter(_told(_tags(row))), short(row.image_digest))


def short(digest: str) -> str:
    """`sha256:abcdef12`."""
    return digest[:15]


def _told(tags: Sequence[str]) -> list[str]:
    return sorted((tag for tag in tags if tag != LATEST), key=lambda tag: (len(tag), tag))


def _tags(row: ImageRow) -> list[str]:
    return [tag for tag in row.image_tags if not _ATTACHED.match(tag)]


def _age(row: ImageRow) -> float:
    return row.image_pushed_at.timestamp() if row.image_pushed_at else 0.0
