"""The shell's one object: wishes in, looks out, answers. It speaks only to ports; threads and waking live outside."""

from collections.abc import Sequence

from rollout.alarms.ports import AlarmLedger
from rollout.answers import Answers
from rollout.ask import Ask
from rollout.door import Door
from rollout.errors import TidegateError
from rollout.hooks import Hooks
from rollout.people import Actor
from rollout.ports import Clock, Policy, Reply, World
from rollout.reports import CardView, Report
from rollout.rounds import Rounds


class Conductor:
    """Implements desk.Desk, and the loop that the scheduler drives."""

    def __init__(
        self, ledger: AlarmLedger, world: World, policy: Policy, clock: Clock, hooks: Hooks | None = None
    ) -> None:
        hooks = hooks or Hooks()
        self._door = Door(ledger, policy, clock, hooks)
        self._rounds = Rounds(ledger, world, clock, hooks)
        self._answers = Answers(ledger, policy, clock, hooks)

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "", known: bool = False) -> Reply:
        """See desk.Desk.ask. `known`: the directory was asked just now."""
        return self._door.ask(ask, actor, dedupe=dedupe, reply=reply, known=known)

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """See desk.Desk.turned_away."""
        self._door.turned_away(words, actor, error)

    def answer_waiting(self) -> int:
        """Take the wishes that CLI twins wrote into the ledger; how many."""
        return self._door.answer_waiting()

    def report(self, ask: Ask, actor: Actor) -> Report:
        """See desk.Desk.report."""
        return self._answers.report(ask, actor)

    def card(self, rollout: int) -> CardView:
        """See desk.Desk.card."""
        return self._answers.card(rollout)

    def look(self, ids: Sequence[int]) -> None:
        """Look at these rollouts of one lane: observe, decide, commit, perform."""
        self._rounds.look(ids)

    def due(self) -> dict[str, list[int]]:
        """What has to be looked at now, by lane."""
        return self._rounds.due()

    def recover(self) -> int:
        """After a start: settle what was under way; how many rollouts are live."""
        return self._rounds.recover()
