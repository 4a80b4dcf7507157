"""The desk as listeners get it: the conductor with numbers, and a nudge for those who act on what was stored.

Local work only. Nothing here may raise once a wish is stored: the person would be told that it is not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from bot.failpoints import Hit
from bot.metrics import Metrics
from bot.paging import Paging
from handlers.buttons import HAVE_IT
from rollout.actions import Action, Outcome
from rollout.alarms.presses import PRESSES
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


class Presses(Protocol):
    """The desk of the alarm watch, as far as buttons need it."""

    def press(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """Acknowledge, mute, unmute."""
        ...


class Bells(NamedTuple):
    """Who wants to know that something was stored. None of them may block or raise."""

    outbox: Callable[[], None]
    directory: Callable[[], None]
    notice: Callable[[int], None] = lambda _: None
    """A person changed this notice about alarms and waits for its message."""


class Counter:
    """Implements rollout.desk.Desk."""

    def __init__(
        self, desk: Desk, paging: Paging, metrics: Metrics, bells: Bells, alarms: Presses | None = None
    ) -> None:
        self._desk = desk
        self._paging = paging
        self._alarms = alarms
        self._metrics = metrics
        self._bells = bells

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """See rollout.desk.Desk.ask; `have-it` and the buttons of notices are no wishes about traffic."""
        if ask.verb == HAVE_IT:
            answer = self._paging.have_it(ask, actor, dedupe=dedupe, reply=reply)
        elif ask.verb in PRESSES and self._alarms is not None:
            answer = self._alarms.press(ask, actor, dedupe=dedupe, reply=reply)
            if answer.ok and ask.alert is not None:
                self._bells.notice(ask.alert)
        else:
            answer = self._desk.ask(ask, actor, dedupe=dedupe, reply=reply)
        pending = answer.offer == "identity"
        outcome = "pending" if pending else "ok" if answer.ok else "refused"
        verb = ask.verb if ask.verb in {*VERBS, *PRESSES, HAVE_IT} else "unknown"
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
