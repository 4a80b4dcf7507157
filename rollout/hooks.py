"""What the shell may hang into the conductor: whose workspace it is, failpoints, waking. All silent by default."""

from collections.abc import Callable
from dataclasses import dataclass

from rollout.model import Rollout
from rollout.ports import Work
from rollout.seen import Observation


def _nobody() -> str:
    return ""


def _silent(_: object) -> None:
    """Nobody listens."""


def _unseen(_rollout: Rollout, _observation: Observation) -> None:
    """Nobody listens."""


def _unblamed(_work: Work, _rollout: Rollout) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """`home`: the bot's own team id once Slack has told; `hit`: a failpoint was reached; `wake`: look at it at once.

    `sighted`: what a look read, before it is decided; must not raise. `blamed`: in the transaction in which a rollout
    begins to go back; must not raise.
    """

    home: Callable[[], str] = _nobody
    hit: Callable[[str], None] = _silent
    wake: Callable[[Rollout], None] = _silent
    sighted: Callable[[Rollout, Observation], None] = _unseen
    blamed: Callable[[Work, Rollout], None] = _unblamed
