"""What the shell may hang into the conductor: whose workspace it is, failpoints, waking. All silent by default."""

from collections.abc import Callable
from dataclasses import dataclass

from rollout.model import Rollout


def _nobody() -> str:
    return ""


def _silent(_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """`home`: the bot's own team id once Slack has told; `hit`: a failpoint was reached; `wake`: look at it at once."""

    home: Callable[[], str] = _nobody
    hit: Callable[[str], None] = _silent
    wake: Callable[[Rollout], None] = _silent
