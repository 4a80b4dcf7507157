"""The one door for wishes: slash words, buttons and the CLI all come through it. conductor.py implements it."""

from typing import Protocol

from rollout.ask import Ask
from rollout.errors import TidegateError
from rollout.people import Actor
from rollout.ports import Reply
from rollout.reports import CardView, Report


class Desk(Protocol):
    """Takes wishes and answers questions; local work only, no AWS and no Slack call behind it."""

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """Permit, decide and store one wish in one transaction; the Reply is the ack.

        Never raises for a refusal: that is a Reply with ok=False. The same `dedupe` again returns the stored Reply and
        runs nothing. `reply` is where a later private answer goes (a secret).
        """
        ...

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """Write down a request that never became a wish: outside the grammar, or a question that was denied.

        `words` is foreign text of any length and content; what is kept of it is clipped and printable.
        """
        ...

    def report(self, ask: Ask, actor: Actor) -> Report:
        """Answer a reading verb. NotFound or Denied when it cannot."""
        ...

    def card(self, rollout: int) -> CardView:
        """The present state of one rollout's card."""
        ...
