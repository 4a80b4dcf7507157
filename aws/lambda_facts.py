"""What Lambda answers, in our words: shares of an alias, health of a version, what differs. No calls."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, SecretStr

from aws.calls import Answer, Reply
from aws.faults import clip
from rollout.seen import SideHealth
from rollout.values import Moment

LATEST: Final = "$LATEST"
NEAR: Final = 1e-6

Text = Annotated[str, Field(min_length=1)]


class Routing(Reply):
    """The additional version and its weight, 0..1."""

    additional_version_weights: Mapping[str, float] = Field(default_factory=dict)


class Alias(Answer):
    """GetAlias and UpdateAlias."""

    name: Text
    function_version: Text
    revision_id: Text
    description: str = ""
    routing_config: Routing = Routing()

    @property
    def shares(self) -> dict[str, float]:
        """Every version that gets traffic and its share in percent: one form for all equivalent ones."""
        extra = self.routing_config.additional_version_weights
        shares = {version: weight * 100 for version, weight in extra.items()}
        shares[self.function_version] = 100 - sum(
            share for version, share in shares.items() if version != self.function_version
        )
        return {version: share for version, share in shares.items() if abs(share) > NEAR}

    @property
    def served(self) -> str:
        """The version that gets everything; of a split, the one the alias names."""
        shares = self.shares
        return next(iter(shares)) if len(shares) == 1 else self.function_version


class Listed(Reply):
    """One row of ListVersionsByFunction."""

    version: Text
    code_sha256: str = ""
    description: str = ""
    last_modified: Moment | None = None
    function_arn: str = ""


class Versions(Answer):
    """One page of ListVersionsByFunction; even a function never published has a row."""

    versions: Annotated[tuple[Listed, ...], Field(min_length=1)]
    next_marker: str = ""


class Variables(Reply):
    """Environment variables: their values never leave this model."""

    variables: Mapping[str, SecretStr] = Field(default_factory=dict)


class DeadLetter(Reply):
    target_arn: str = ""


class Layer(Reply):
    arn: str = ""


class Version(Answer):
    """GetFunctionConfiguration of one version."""

    version: Text
    function_arn: Text
    code_sha256: str = ""
    description: str = ""
    last_modified: Moment | None = None
    state: str = ""
    state_reason: str = ""
    role: str = ""
    dead_letter_config: DeadLetter = DeadLetter()
    memory_size: int | None = None
    timeout: int | None = None
    runtime: str = ""
    handler: str = ""
    architectures: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()
    environment: Variables = Variables()


def candidate_share(alias: Alias, stable: str, candidate: str) -> int | None:
    """The candidate's percent when the alias names only our two sides in whole percents; else None."""
    shares = alias.shares
    if shares.keys() - {stable, candidate}:
        return None
    share = shares.get(candidate, 0.0)
    return round(share) if abs(share - round(share)) <= NEAR * 100 else None


def split_words(shares: Mapping[str, float]) -> str:
    """`3: 50 %, 2: 50 %`: the larger share first, then the newer version."""
    ordered = sorted(shares.items(), key=lambda one: (-one[1], -number(one[0])))
    return ", ".join(f"{version}: {share:.6g} %" for version, share in ordered)


def number(version: str) -> float:
    """Orders versions; `$LATEST` is newer than every published one."""
    return int(version) if version.isdecimal() else float("inf")


def health(version: Version) -> SideHealth:
    """A version is healthy when it is Active; a state that is neither good nor bad is not known."""
    name = f"version {version.version}"
    why = f": {clip(version.state_reason)}" if version.state_reason else ""
    if version.state == "Active":
        return SideHealth(state="healthy", text=f"{name} is Active")
    if version.state in ("Failed", "Deactivated", "Deactivating", "Deleting"):
        return SideHealth(state="sick", text=f"{name} is {version.state}{why}")
    return SideHealth(text=f"{name} is {version.state or 'in no state that Lambda tells'}{why}")


def differences(old: Version, new: Version) -> tuple[str, ...]:
    """What will ship, in a person's words. Names of environment variables, never their values."""
    published = f", published {new.last_modified:%Y-%m-%d %H:%M} UTC" if new.last_modified else ""
    lines = [f"version {old.version} → {new.version}{published}"]
    if new.description:
        lines.append(f"description: {clip(new.description)}")
    same_code = old.code_sha256 == new.code_sha256
    code = f"unchanged, {_sha(new)}" if same_code else f"{_sha(old)} → {_sha(new)}"
    lines.append(f"code {code}")
    lines += [f"{what} {before} → {after}" for what, before, after in _settings(old, new) if before != after]
    return tuple(lines + _variables(old, new))


def _sha(version: Version) -> str:
    return version.code_sha256[:8] or "of unknown sha"


def _settings(old: Version, new: Version) -> list[tuple[str, str, str]]:
    def both(what: str, before: object, after: object, unit: str = "") -> tuple[str, str, str]:
        return what, f"{before or 'none'}{unit}", f"{after or 'none'}{unit}"

    return [
        both("memory", old.memory_size, new.memory_size, " MB"),
        both("timeout", old.timeout, new.timeout, " s"),
        both("runtime", old.runtime, new.runtime),
        both("handler", clip(old.handler), clip(new.handler)),
        both("architecture", ", ".join(old.architectures), ", ".join(new.architectures)),
        both("layers", _layers(old), _layers(new)),
        both("role", _role(old), _role(new)),
        both("dead letters", old.dead_letter_config.target_arn, new.dead_letter_config.target_arn),
    ]


def _layers(version: Version) -> str:
    return ", ".join(":".join(layer.arn.split(":")[-2:]) for layer in version.layers)


def _role(version: Version) -> str:
    return version.role.rsplit("/", 1)[-1]


def _variables(old: Version, new: Version) -> list[str]:
    before, after = old.environment.variables, new.environment.variables
    named = {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(name for name in before.keys() & after.keys() if before[name] != after[name]),
    }
    return [f"environment {what}: {', '.join(names)}" for what, names in named.items() if names]
