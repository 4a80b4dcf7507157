"""Revisions: whether what a deployment names exists, and what an AppSpec says. Deploys nothing."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import yaml
from moto.s3.models import s3_backends

from demo.cloud.calls import Call, Failure
from demo.cloud.codedeploy_deployment import Fault
from demo.cloud.codedeploy_words import SERVER

APP_SPEC, GITHUB, S3, STRING = "AppSpecContent", "GitHub", "S3", "String"
TEXTS = {APP_SPEC: "appSpecContent", STRING: "string"}
COMMIT = re.compile(r"[0-9a-f]{40}$")


def check_revision(call: Call, platform: str) -> None:
    """Refuses a revision that is not one, does not fit the platform, or does not exist."""
    revision = call.parameters["revision"]
    kind = revision.get("revisionType")
    if kind in TEXTS:
        if platform == SERVER:
            raise Failure("InvalidRevisionException", f"{kind} is not a revision of the Server compute platform")
        _check_text(revision.get(TEXTS[kind], {}))
    elif kind == S3:
        if found_on_s3(call.account, revision.get("s3Location", {})) is None:
            raise Failure("RevisionDoesNotExistException", "The named revision does not exist")
    elif kind == GITHUB and platform == SERVER:
        location = revision.get("gitHubLocation", {})
        if not location.get("repository") or not COMMIT.match(location.get("commitId", "")):
            raise Failure("InvalidRevisionException", "A GitHub revision needs a repository and a full commit id")
    else:
        raise Failure("InvalidRevisionException", f"The revision type {kind} is invalid here")


def found_on_s3(account: str, location: dict[str, Any]) -> Any:
    """The object that an S3 revision means; None where it is gone, or is not the one of that version and eTag."""
    bucket = s3_backends[account]["aws"].buckets.get(location.get("bucket", ""))
    if bucket is None:
        return None
    versions = [one for one in bucket.keys.getlist(location.get("key", ""), []) if hasattr(one, "etag")]
    version, tag = location.get("version"), location.get("eTag", "").strip('"')
    if version:
        versions = [one for one in versions if one.version_id == version]
    found = versions[-1] if versions else None
    return found if found is not None and (not tag or found.etag.strip('"') == tag) else None


def program_of(account: str, revision: dict[str, Any]) -> str:
    """What tells one program of a server from another: the object's eTag, or the commit."""
    if revision.get("revisionType") == GITHUB:
        return str(revision["gitHubLocation"]["commitId"])
    found = found_on_s3(account, revision.get("s3Location", {}))
    if found is None:
        raise Fault("REVISION_MISSING", revision.get("s3Location", {}).get("key", "?"))
    return str(found.etag).strip('"')


def resource_in(account: str, revision: dict[str, Any], kind: str, needed: tuple[str, ...]) -> dict[str, str]:
    """The needed properties of the AppSpec's one resource of that kind, as text."""
    spec = spec_in(account, revision)
    try:
        resources: Any = spec.get("Resources") or spec.get("resources")
        [resource] = resources[0].values()
        if resource["Type"] != kind:
            raise Fault("INVALID_REVISION", f"it has no resource of type {kind}")
        return {name: str(resource["Properties"][name]) for name in needed}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Fault("INVALID_REVISION", "it is not well formed") from error


def spec_in(account: str, revision: dict[str, Any]) -> dict[str, Any]:
    """The AppSpec as data, be it JSON or YAML."""
    try:
        spec = yaml.safe_load(_content(account, revision))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Fault("INVALID_REVISION", "it is neither JSON nor YAML") from error
    if not isinstance(spec, dict):
        raise Fault("INVALID_REVISION", "it is no mapping")
    return spec


def _content(account: str, revision: dict[str, Any]) -> str:
    if revision["revisionType"] in TEXTS:
        return str(revision[TEXTS[revision["revisionType"]]]["content"])
    found = found_on_s3(account, revision["s3Location"])
    if found is None:
        raise Fault("REVISION_MISSING", revision["s3Location"].get("key", "?"))
    return bytes(found.value).decode()


def _check_text(asked: dict[str, Any]) -> None:
    if not asked.get("content"):
        raise Failure("InvalidRevisionException", "The AppSpec file is empty")
    checksum = hashlib.sha256(asked["content"].encode()).hexdigest()
    if asked.get("sha256", checksum) != checksum:
        raise Failure("InvalidRevisionException", "The checksum of the AppSpec file does not match its content")
