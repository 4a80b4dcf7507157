"""What is deployed, always pinned, and what will change when it ships. Looked up by drivers, never decided here."""

from rollout.values import Frozen, Moment


class Release(Frozen):
    """One deployable thing; `id` is what people type after `@` and what AWS calls it, e.g. Lambda version `2`."""

    id: str
    pinned: dict[str, str] = {}
    """What pins it: ARN, digest, sha. Names and identifiers only, never secrets."""
    published_at: Moment | None = None
    description: str = ""
    """Foreign text: escape before showing."""

    @property
    def content(self) -> str:
        """What it is made of, the same in every environment: an image's digest, a code's hash; else its name."""
        return next((self.pinned[name] for name in ("digest", "sha256") if self.pinned.get(name)), self.id)


class Check(Frozen):
    """One preflight finding. `fail` refuses the start, `warn` stands on the card."""

    name: str
    state: str
    """`ok`, `warn` or `fail`."""
    text: str
    hint: str = ""


class Prepared(Frozen):
    """Everything the look at a requested rollout found out: what serves, what comes, what would change."""

    stable: Release
    candidate: Release
    diff: tuple[str, ...] = ()
    """Lines in a person's words; names, never secret values."""
    checks: tuple[Check, ...] = ()
    alarms: tuple[str, ...] = ()
    """Names of alarms that AWS's own configuration of the target watches: they become gates of this rollout, too."""
    snapshot: dict[str, object] = {}
    """The driver's own record of how things stood before the first write; `Restore` puts it back."""
