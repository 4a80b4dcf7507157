"""A parsed wish, and what it was bound to when it was made. After this nothing knows that it came from Slack."""

from rollout.values import Frozen


class Bound(Frozen):
    """What a button showed when it was drawn; upward verbs are refused when it no longer holds (S9)."""

    rollout: int
    step: int
    plan_hash: str
    wait: str = ""
    """The wait of AWS's deployment that it answers, where there is one."""


class Ask(Frozen):
    """One wish. Which fields count depends on the verb (verbs.py: `takes`)."""

    verb: str
    app: str = ""
    env: str = ""
    ref: int | None = None
    """A rollout id, when the person wrote `#42` or pressed its button."""
    release: str = ""
    """What stood after `@`; empty means latest (start) or previous (rollback)."""
    plan: str = ""
    reason: str = ""
    dry_run: bool = False
    full: bool = False
    force: bool = False
    """[Roll back anyway]: although stable is known sick."""
    bound: Bound | None = None
    alert: int | None = None
    """The notice about alarms whose button was pressed."""
    channel: str = ""
    """Where it was asked: the card goes there when the app has no channel of its own."""

    @property
    def words(self) -> str:
        """The wish as it could be typed, for the audit."""
        place = f"#{self.ref}" if self.ref is not None else self.app + (f"/{self.env}" if self.env else "")
        place = f"notice {self.alert}" if self.alert is not None else place
        place += f"@{self.release}" if self.release else ""
        flags = (" --full" if self.full else "") + (" --force" if self.force else "")
        return " ".join(filter(None, [self.verb, place, self.plan])) + flags
