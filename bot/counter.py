"""The desk as listeners get it: the conductor with numbers, and a nudge for those who act on what was stored.

Local work only. Nothing here may raise once a wish is stored: the person would be told that it is not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.failpoints import Hit
from bot.metrics import Metrics
from bot.paging import Paging
from handlers.buttons import HAVE_IT
from rollout.actions import Action, Outcome
from rollout.ask import Ask
from rollout.desk import Desk
from rollout.errors import TidegateError
from rollout.model import Rollout
from rollout.people import Actor
from rollout.ports import Reply, World
from rollout.reports import CardView, Report
from rollout.seen import Observation
from rollout.verbs import VERBS


class CountedWorld:
    """Implements rollout.ports.World over another one; counts what is asked of AWS."""

    def __init__(self, world: World, metrics: Metrics, hit: Hit) -> None:
        self._world = world
        self._metrics = metrics
        self._hit = hit

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        seen = self._world.observe(rollouts)
        for each in seen.values():
            fault = each.fault or each.alarms_fault
            outcome = fault.kind if fault else "ok"
            self._metrics.count("tidegate_aws_calls_total", operation="observe", outcome=outcome)
        return seen

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World. T4: AWS did it, and nobody will ever hear."""
        outcome = self._world.perform(rollout, action, key)
        self._hit("T4")
        self._metrics.count("tidegate_aws_calls_total", operation=action.kind, outcome=outcome.state)
        return outcome


class Bells(NamedTuple):
    """Who wants to know that something was stored. None of them may block or raise."""

    outbox: Callable[[], None]
    directory: Callable[[], None]


class Counter:
    """Implements rollout.desk.Desk."""

    def __init__(self, desk: Desk, paging: Paging, metrics: Metrics, bells: Bells) -> None:
        self._desk = desk
        self._paging = paging
        self._metrics = metrics
        self._bells = bells

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """See rollout.desk.Desk.ask; `have-it` is no wish about traffic and ends a page instead."""
        if ask.verb == HAVE_IT:
            answer = self._paging.have_it(ask, actor, dedupe=dedupe, reply=reply)
        else:
            answer = self._desk.ask(ask, actor, dedupe=dedupe, reply=reply)
        pending = answer.offer == "identity"
        outcome = "pending" if pending else "ok" if answer.ok else "refused"
        verb = ask.verb if ask.verb in VERBS or ask.verb == HAVE_IT else "unknown"
        self._metrics.count("tidegate_asks_total", verb=verb, outcome=outcome)
        self._bells.outbox()
        if pending:
            self._bells.directory()
        return answer

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """See rollout.desk.Desk.turned_away."""
        self._desk.turned_away(words, actor, error)
        self._metrics.count("tidegate_asks_total", verb="unknown", outcome="refused")

    def report(self, ask: Ask, actor: Actor) -> Report:
        """See rollout.desk.Desk.report."""
        return self._desk.report(ask, actor)

    def card(self, rollout: int) -> CardView:
        """See rollout.desk.Desk.card."""
        return self._desk.card(rollout)
