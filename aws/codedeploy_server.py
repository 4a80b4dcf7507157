"""CodeDeploy's platform `server`: instances that get a bundle from S3 or GitHub, in place or as a new fleet.

A release is an object of S3, pinned by version and ETag, or a commit by its full hash. What serves is what was deployed
last with success: CodeDeploy's agents know, nobody else. Traffic is not shared out by percent here: a share is that of
the instances.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from aws.codedeploy_ground import Asked, Sides
from aws.codedeploy_look import FINAL
from aws.codedeploy_mark import words
from aws.codedeploy_reads import deployments_of, desk
from aws.codedeploy_replies import Deployment, Group, Revision
from aws.codedeploy_s3 import Bundle, Bundles
from aws.codedeploy_server_look import share_of, sides_of
from aws.codedeploy_target import CodeDeployTarget
from aws.faults import clip
from aws.sessions import Sessions
from rollout.errors import Refused, Serves, TargetError
from rollout.model import Rollout
from rollout.release import Check, Prepared, Release
from rollout.seen import SideHealth

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_WHAT: Final = ("version", "etag", "repository", "commit")
"""What tells two releases of one name apart."""
_PINS: Final = ("bucket", "key", *_WHAT)


class ServerGround:
    """Nothing is asked in a look beyond what CodeDeploy tells."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def prepare(self, rollout: Rollout, target: CodeDeployTarget, group: Group) -> Prepared:
        """Both releases; the bundle is there, and encrypted where it has to be."""
        stable = self._serving(target, group)
        home = rollout.home
        if home is not None and home.pinned.keys() & {"commit", "key"}:
            candidate, checks = home, self._again(target, home)
        else:
            candidate, checks = self._wanted(target, rollout.wanted)
        if candidate.id == stable.id:
            raise _same(target, stable, candidate)
        return Prepared(
            stable=stable, candidate=candidate, diff=_diff(stable, candidate), checks=tuple(checks),
            snapshot={"revision": stable.pinned},
        )  # fmt: skip

    def examine(self, target: CodeDeployTarget, group: Group) -> Sequence[Check]:
        """What serves, and what would come."""
        serves = self._serving(target, group)
        if target.repository:
            text = f"{serves.id} of {target.repository} serves; a commit is named after @"
            return (Check(name="names", state="ok", text=text),)
        newest, checks = self._wanted(target, "")
        tells = "nothing newer is there" if newest.id == serves.id else f"{newest.id} would come next"
        text = f"group {target.group}: {serves.id} serves; {tells}"
        return (Check(name="names", state="ok", text=text), *checks)

    def revision(self, target: CodeDeployTarget, release: Release, other: Release) -> dict[str, Any]:
        """The bundle, pinned: CodeDeploy refuses one that has changed since."""
        pinned = release.pinned
        if "commit" in pinned:
            place = {"repository": pinned["repository"], "commitId": pinned["commit"]}
            return {"revisionType": "GitHub", "gitHubLocation": place}
        names = {"bucket": "bucket", "key": "key", "version": "version", "etag": "eTag", "bundle": "bundleType"}
        location = {aws: pinned[ours] for ours, aws in names.items() if pinned.get(ours)}
        return {"revisionType": "S3", "s3Location": location}

    def see(self, asked: Sequence[Asked]) -> dict[int, Sides | TargetError]:
        """Instances by what they have: after a deployment of somebody else's to all of them that is its release."""
        return {one.rollout.id: _seen(one) for one in asked}

    def _wanted(self, target: CodeDeployTarget, wanted: str) -> tuple[Release, list[Check]]:
        if target.repository:
            return _commit(target, wanted), []
        bundle = Bundles(self._sessions, target).find(wanted)
        return bundle.release(target), _encryption(target, bundle)

    def _again(self, target: CodeDeployTarget, home: Release) -> list[Check]:
        """A way back goes to what was recorded, wherever it lies: the layout may have been another one then.

        It served: that it is not encrypted as new ones have to be is no reason to stay with a bad release.
        """
        if "commit" in home.pinned:
            return []
        bucket, key = home.pinned["bucket"], home.pinned["key"]
        there = target.model_copy(update={"bucket": bucket, "key": key})
        try:
            found = Bundles(self._sessions, there).again(home)
        except TargetError as error:
            if bucket == target.bucket or error.kind not in FINAL:
                raise
            # The servers read it by their own role, and CodeDeploy refuses one that is not there.
            text = f"{bucket}/{key}, which served before, could not be read: {error.fact}"
            return [Check(name="bundle", state="warn", text=text, hint=error.hint)]
        return [check.model_copy(update={"state": "warn"}) for check in _encryption(target, found)]

    def _serving(self, target: CodeDeployTarget, group: Group) -> Release:
        last, newest = group.last_successful_deployment.deployment_id, group.last_attempted_deployment.deployment_id
        found = deployments_of(desk(self._sessions, target).calls, filter(None, (last, newest)))
        if newest in found and found[newest].keeps_old_side:
            return _served(target, found[newest])  # all traffic is there, although it has not ended
        if last not in found:
            fact = f"nothing was deployed to {target.group} with success yet: there is nothing to go back to"
            raise Refused(fact, "deploy to it once by hand")
        return _served(target, found[last])


def _seen(one: Asked) -> Sides:
    after, story = one.story.after, one.story
    if after is None or (story.ours is None and after.status != "Succeeded"):
        return sides_of(one, share_of(story))
    try:
        deployed = _served(one.target, after)
    except Refused:
        name = "another revision"  # of a kind that cannot be read back
    else:
        name = deployed.id
        for release, percent in ((one.rollout.stable, 0), (one.rollout.candidate, 100)):
            if after.status == "Succeeded" and release is not None and _alike(deployed, release):
                return sides_of(one, percent)
    unknown = SideHealth(text=f"{after.deployment_id} came after it")
    return Sides(None, unknown, unknown, f"{clip(name, 80)} by {words(after)}")


def _alike(one: Release, other: Release) -> bool:
    """The same bundle or commit, by every pin that both have."""
    shared = [name for name in _PINS if one.pinned.get(name) and other.pinned.get(name)]
    alike = all(one.pinned[name].strip('"') == other.pinned[name].strip('"') for name in shared)
    return alike and bool({"key", "commit"} & set(shared))


def _served(target: CodeDeployTarget, deployment: Deployment) -> Release:
    revision: Revision = deployment.revision
    if revision.revision_type == "GitHub":
        commit = revision.git_hub_location
        pinned = {"repository": commit.repository, "commit": commit.commit_id}
        return Release(id=commit.commit_id, pinned=pinned, published_at=deployment.create_time)
    place = revision.s3_location
    if revision.revision_type != "S3" or not place.key:
        fact = f"{deployment.deployment_id} deployed a revision of type {revision.revision_type or 'none'} last"
        raise Refused(fact, "deploy one from S3 or GitHub by hand: what serves must be known to go back to it")
    ours = place.bucket == target.bucket
    name = target.release_of(place.key) if target.by_key else place.version if place.key == target.key else ""
    pinned = {
        "bucket": place.bucket, "key": place.key, "version": place.version, "etag": place.e_tag,
        "bundle": place.bundle_type,
    }  # fmt: skip
    kept = {key: value for key, value in pinned.items() if value}
    release = name if ours and name else f"s3:{place.bucket}/{place.key}"
    return Release(id=release, pinned=kept, published_at=deployment.create_time)


def _same(target: CodeDeployTarget, stable: Release, candidate: Release) -> Refused:
    """It serves, or another one by its name: two of one name could not be told apart."""
    old, new = ({name: one.pinned.get(name, "").strip('"') for name in _WHAT} for one in (stable, candidate))
    apart = [name for name in _WHAT if old[name] and new[name] and old[name] != new[name]]
    if not apart:
        return Serves(f"{target.group} already serves {stable.id}", "name another release after @")
    told = ", ".join(f"{name} {clip(old[name], 60)}, not {clip(new[name], 60)}" for name in apart)
    fact = f"{target.group} serves another {clip(stable.id)} than the one that served before: {told}"
    return Refused(fact, "give that one a name of its own, and ship it")


def _commit(target: CodeDeployTarget, wanted: str) -> Release:
    if not _COMMIT.fullmatch(wanted):
        fact = f"{clip(wanted, 60) or 'latest'} is not a commit by its full hash, and nobody here reads GitHub"
        raise Refused(fact, f"name one of {target.repository} after @, all 40 digits of it")
    return Release(id=wanted, pinned={"repository": target.repository, "commit": wanted})


def _encryption(target: CodeDeployTarget, bundle: Bundle) -> list[Check]:
    if not target.kms or bundle.encryption.startswith("aws:kms"):
        return []
    text = f"{bundle.words} is not encrypted with a key of KMS: it has {bundle.encryption or 'no encryption'}"
    return [Check(name="kms", state="fail", text=text, hint="upload it with --sse aws:kms, then name that version")]


def _diff(old: Release, new: Release) -> tuple[str, ...]:
    lines = [f"release {clip(old.id)} → {clip(new.id)}"]
    for name in ("key", "version", "etag", "commit"):
        before, after = old.pinned.get(name, ""), new.pinned.get(name, "")
        if after not in (before, new.id):
            lines.append(f"{name} {clip(before, 60) or 'none'} → {clip(after, 60) or 'none'}")
    return tuple(lines)
