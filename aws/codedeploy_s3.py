"""Bundles in S3: which object a release is. Reads heads and lists, never a content."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from aws.calls import Answer, Calls
from aws.codedeploy_replies import Head, Listed, Objects, Versions
from aws.codedeploy_target import CodeDeployTarget
from aws.faults import CallError, clip
from aws.sessions import Place, Sessions
from rollout.errors import NotFound, Refused, TargetError
from rollout.release import Release

_CALLS: Final[Mapping[str, str]] = {
    "s3:HeadObject": "{bucket}/{key}",
    "s3:ListObjectsV2": "{bucket}",
    "s3:ListObjectVersions": "{bucket}",
}
_ALLOW: Final[Mapping[str, str]] = {
    "s3:HeadObject": "s3:GetObject, s3:GetObjectVersion and s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
}
"""IAM's names of them: no permission is called as its call here."""
MOST_PAGES: Final = 20
SHOWN: Final = 10
LATEST: Final = ("", "latest")

R = TypeVar("R", bound=Answer)


class Bundle(NamedTuple):
    """One object, as it is now."""

    bucket: str
    key: str
    version: str
    etag: str
    encryption: str
    at: datetime | None
    name: str
    """The release."""

    @property
    def words(self) -> str:
        return f"{self.bucket}/{self.key}"

    def release(self, target: CodeDeployTarget) -> Release:
        """Pinned: bucket, key, version where the bucket keeps versions, and the hash of its content."""
        pinned = {
            "bucket": self.bucket, "key": self.key, "version": self.version, "etag": self.etag,
            "bundle": target.bundle,
        }  # fmt: skip
        kept = {key: value for key, value in pinned.items() if value}
        return Release(id=self.name, pinned=kept, published_at=self.at)


class Bundles:
    """Those of one target."""

    def __init__(self, sessions: Sessions, target: CodeDeployTarget) -> None:
        self._target = target
        place = Place(target.iam_role, target.region)
        self._calls = Calls(sessions, place, "s3", _CALLS, bucket=target.bucket, key=target.key)

    def find(self, wanted: str) -> Bundle:
        """The bundle that `wanted` names; empty or `latest`: the newest. NotFound with those there are."""
        return self._by_key(wanted) if self._target.by_key else self._by_version(wanted)

    def again(self, release: Release) -> Bundle:
        """The very bundle that served before, by its pins. Refused where it is gone, or was written anew since."""
        pinned, key = release.pinned, self._target.key
        version = pinned.get("version", "")
        what = f"{self._target.bucket}/{key}" + (f" in its version {clip(version, 60)}" if version else "")
        head = self._head(key, **({"VersionId": version} if version else {}))
        if head is None:
            raise Refused(f"{what} served before and is gone", "put it there again, or name another release after @")
        found = self._bundle(release.id, key, head)
        if pinned.get("etag", "").strip('"') not in ("", found.etag):
            raise Refused(f"{what} is not what served before: it was written since", "name another release after @")
        return found

    def _by_key(self, wanted: str) -> Bundle:
        if wanted in LATEST:
            known = self._keys()
            if not known:
                raise Refused(f"{self._target.bucket} has no object {self._target.key}", "upload one")
            wanted = known[0]
        head = self._head(self._target.key_of(wanted))
        if head is None:
            raise NotFound(f"{self._target.bucket} has no {self._target.key_of(wanted)}", _known(self._keys()))
        return self._bundle(wanted, self._target.key_of(wanted), head)

    def _by_version(self, wanted: str) -> Bundle:
        key = self._target.key
        head = self._head(key, **({} if wanted in LATEST else {"VersionId": wanted}))
        if head is None:
            raise NotFound(f"{self._target.bucket}/{key} has no version {clip(wanted, 60)}", _known(self._versions()))
        if head.version_id in ("", "null"):
            fact = f"the bucket {self._target.bucket} keeps no versions: a release of {key} could not be pinned"
            raise Refused(fact, "turn versioning on and upload it anew, or put {release} into key")
        return self._bundle(head.version_id, key, head)

    def _bundle(self, name: str, key: str, head: Head) -> Bundle:
        version = "" if head.version_id == "null" else head.version_id
        etag = head.e_tag.strip('"')
        return Bundle(self._target.bucket, key, version, etag, head.encryption, head.last_modified, name)

    def _head(self, key: str, **which: str) -> Head | None:
        try:
            return self._read("HeadObject", Head, Key=key, **which)
        except TargetError as error:
            # A version id that S3 never gave out is a bad request to it, not a missing object.
            if error.kind == "absent" or " 404" in error.fact or (which and " 400" in error.fact):
                return None
            raise

    def _keys(self) -> list[str]:
        """Releases by key, newest first."""
        rows: list[Listed] = []
        more: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = self._read("ListObjectsV2", Objects, Prefix=self._target.key.partition("{release}")[0], **more)
            rows += page.contents
            if not page.next_token:
                break
            more = {"ContinuationToken": page.next_token}
        else:
            raise TargetError("config", f"{self._target.bucket} has too many objects like {self._target.key}", "expire")
        named = [(row, self._target.release_of(row.key)) for row in rows]
        return [name for _, name in sorted(named, key=lambda one: _age(one[0]), reverse=True) if name]

    def _versions(self) -> list[str]:
        page = self._read("ListObjectVersions", Versions, Prefix=self._target.key)
        rows = [row for row in page.versions if row.key == self._target.key]
        return [row.version_id for row in sorted(rows, key=_age, reverse=True)]

    def _read(self, operation: str, reply: type[R], **asked: Any) -> R:
        try:
            return self._calls.read(operation, reply, Bucket=self._target.bucket, **asked)
        except CallError as error:
            if error.kind != "auth" or not error.hint.startswith("allow "):
                raise
            hint = f"allow {_ALLOW[f's3:{operation}']} on {self._target.bucket}"
            raise CallError("auth", error.fact, hint, request_id=error.request_id) from None


def _known(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} older" if len(names) > SHOWN else ""
    return f"it has {', '.join(clip(name, 60) for name in names[:SHOWN])}{more}" if names else "it has none"


def _age(row: Listed) -> float:
    return row.last_modified.timestamp() if row.last_modified else 0.0
