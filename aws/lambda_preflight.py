"""May this Lambda version ship? Finds the version meant, and what AWS would refuse later. No calls."""

from collections.abc import Sequence
from typing import Final

from aws.faults import clip
from aws.lambda_facts import (
    LATEST,
    Alias,
    Listed,
    Version,
    Versions,
    differences,
    health,
    number,
    split_words,
)
from rollout.errors import NotFound, Refused, Serves
from rollout.release import Check, Prepared, Release

SHOWN: Final = 10


def resolve(function: str, wanted: str, pages: Sequence[Versions]) -> str:
    """The version that `wanted` names; empty or `latest` is the highest published one."""
    known = sorted((row.version for row in rows(pages) if row.version.isdecimal()), key=number, reverse=True)
    if not known:
        raise Refused(
            f"{function} has no published version",
            f"publish one: aws lambda publish-version --function-name {function}",
        )
    if wanted in ("", "latest"):
        return known[0]
    if wanted not in known:
        more = f" and {len(known) - SHOWN} older" if len(known) > SHOWN else ""
        hint = f"it has {', '.join(known[:SHOWN])}{more}"
        raise NotFound(f"{function} has no version {clip(wanted, 40)}", hint)
    return wanted


def refuse_same(function: str, alias: Alias, wanted: str) -> None:
    """Refused when the whole traffic is already where it should go."""
    if alias.shares.keys() == {wanted}:
        hint = "publish a new version, or name another one after @"
        raise Serves(f"{function} already serves {wanted}", hint)


def rows(pages: Sequence[Versions]) -> list[Listed]:
    """All rows of all pages."""
    return [row for page in pages for row in page.versions]


def prepared(
    function: str, name: str, alias: Alias, versions: tuple[Version, Version], pages: Sequence[Versions]
) -> Prepared:
    """Everything the look at a requested rollout found out."""
    old, new = versions
    weights = dict(alias.routing_config.additional_version_weights)
    checks = [
        *_split(name, alias),
        *_same(function, "role", old, new, (old.role, new.role)),
        *_same(function, "dead-letter", old, new, _dead_letters(old, new)),
        *_states(old, new),
        *_unpublished(function, new, rows(pages)),
    ]
    return Prepared(
        stable=release(old),
        candidate=release(new),
        diff=differences(old, new),
        checks=tuple(checks),
        snapshot={
            "FunctionVersion": alias.function_version,
            "RoutingConfig": {"AdditionalVersionWeights": weights},
            "Description": alias.description,
            "RevisionId": alias.revision_id,
        },
    )


def standing(function: str, name: str, alias: Alias, versions: Sequence[Version]) -> tuple[Check, ...]:
    """How a rollout would find things now: what serves, and whether it could share traffic with what would come.

    `versions`: the served ones first, then the newest published one if it is another.
    """
    served, newest = versions[0], versions[-1]
    tells = "nothing newer is published" if newest.version in alias.shares else f"{newest.version} would come next"
    checks = [
        *_standing_split(name, alias),
        *_same(function, "role", served, newest, (served.role, newest.role)),
        *_same(function, "dead-letter", served, newest, _dead_letters(served, newest)),
        *_states(served, newest),
    ]
    if any(check.state == "fail" for check in checks):
        return tuple(checks)
    text = f"function {function}, alias {name}: {split_words(alias.shares)}; {tells}"
    return (Check(name="names", state="ok", text=text), *checks)


def release(version: Version) -> Release:
    """The version, pinned."""
    return Release(
        id=version.version,
        pinned={"arn": version.function_arn, "sha256": version.code_sha256},
        published_at=version.last_modified,
        description=version.description,
    )


def _split(name: str, alias: Alias) -> list[Check]:
    shares = alias.shares
    if LATEST in shares:
        text = f"the alias {name} points to $LATEST, which changes with every upload and cannot share traffic"
        return [Check(name="alias", state="fail", text=text, hint="point it to a published version first")]
    if len(shares) > 1:
        text = f"the alias {name} already splits traffic: {split_words(shares)}"
        hint = f"finish what began it, or give one version ({alias.function_version}) everything"
        return [Check(name="alias", state="fail", text=text, hint=hint)]
    return []


def _standing_split(name: str, alias: Alias) -> list[Check]:
    """A split that was found outside of a start: a live rollout of ours looks the same."""
    return [
        check if LATEST in alias.shares
        else check.model_copy(update={"state": "warn", "hint": f"right while a rollout is live; else {check.hint}"})
        for check in _split(name, alias)
    ]  # fmt: skip


def _same(function: str, what: str, old: Version, new: Version, values: tuple[str, str]) -> list[Check]:
    """Lambda splits traffic only between versions that agree on these two."""
    before, after = values
    if before == after:
        return []
    text = (
        f"versions {old.version} and {new.version} of {function} differ in {what}: "
        f"{clip(before) or 'none'} and {clip(after) or 'none'}"
    )
    hint = f"Lambda splits traffic only between versions with the same {what}: publish one that has it"
    return [Check(name=what, state="fail", text=text, hint=hint)]


def _dead_letters(old: Version, new: Version) -> tuple[str, str]:
    return old.dead_letter_config.target_arn, new.dead_letter_config.target_arn


def _states(old: Version, new: Version) -> list[Check]:
    checks = []
    for side, version in (("stable", old), ("candidate", new)):
        seen = health(version)
        if seen.state == "healthy":
            continue
        # A sick stable is a reason to leave it, not a reason to stay.
        state = "fail" if seen.state == "sick" and side == "candidate" else "warn"
        hint = "publish one that works" if state == "fail" else "no traffic is raised until it is Active"
        checks.append(Check(name=side, state=state, text=seen.text, hint=hint))
    return checks


def _unpublished(function: str, new: Version, listed: Sequence[Listed]) -> list[Check]:
    """Code that was uploaded but not published does not ship; people expect it to."""
    highest = max((row.version for row in listed if row.version.isdecimal()), key=number, default="")
    latest = next((row for row in listed if row.version == LATEST), None)
    if latest is None or new.version != highest or latest.code_sha256 == new.code_sha256:
        return []
    text = f"{function} has newer code that is not published: it does not ship with version {new.version}"
    return [Check(name="unpublished", state="warn", text=text, hint="publish it if it should ship")]
