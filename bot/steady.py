"""The desk as listeners get it while the configuration may be swapped: each call sees one, from beginning to end."""

from bot.live_policy import LivePolicy
from rollout.ask import Ask
from rollout.desk import Desk
from rollout.errors import TidegateError
from rollout.people import Actor
from rollout.ports import Reply
from rollout.reports import CardView, Report


class Steady:
    """Implements rollout.desk.Desk over another one that asks the policy several questions."""

    def __init__(self, desk: Desk, policy: LivePolicy) -> None:
        self._desk = desk
        self._policy = policy

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """See rollout.desk.Desk.ask."""
        with self._policy.held():
            return self._desk.ask(ask, actor, dedupe=dedupe, reply=reply)

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """See rollout.desk.Desk.turned_away."""
        self._desk.turned_away(words, actor, error)

    def report(self, ask: Ask, actor: Actor) -> Report:
        """See rollout.desk.Desk.report."""
        with self._policy.held():
            return self._desk.report(ask, actor)

    def card(self, rollout: int) -> CardView:
        """See rollout.desk.Desk.card."""
        return self._desk.card(rollout)
