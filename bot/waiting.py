"""Wishes of people who were not recognised at once: answered when the directory was read, or given up soon.

A wish that waited too long is refused, not done: somebody who heard nothing for two minutes went another way.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from bot.clock import SystemClock
from rollout.audit import Entry
from rollout.errors import Stale
from rollout.notices import Answer
from rollout.ports import Ledger, Reply, StoredAsk

log = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=2)


class Asking(Protocol):
    """The conductor, as far as needed here."""

    def __call__(self, stored: StoredAsk) -> object:
        """Ask again, the directory being fresh."""
        ...


class Waiting:
    """Called by the directory after each attempt to read."""

    def __init__(self, ledger: Ledger, ask: Asking, clock: SystemClock, nudge: Callable[[], None]) -> None:
        self._ledger = ledger
        self._ask = ask
        self._clock = clock
        self._nudge = nudge

    def __call__(self, fresh: bool) -> bool:  # noqa: FBT001 - the directory's only word
        """Answer whom can be answered; True when somebody still waits."""
        with self._ledger.reads() as reads:
            waiting = reads.waiting_asks("identity")
        left = 0
        for stored in waiting:
            if self._clock.now() - stored.at > PATIENCE:
                self._give_up(stored)
            elif fresh:
                self._ask(stored)
            else:
                left += 1
        if waiting:
            self._nudge()
        return left > 0

    def _give_up(self, stored: StoredAsk) -> None:
        now = self._clock.now()
        reply = Reply(
            ok=False, text="Slack did not tell in time who you are; nothing was done", hint="ask again"
        )
        facts = {"words": stored.ask.words, "answer": reply.text}
        try:
            with self._ledger.work() as work:
                work.remember(stored.model_copy(update={"state": "answered", "reply": reply}))
                work.audit(Entry(kind="denied", at=now, actor=stored.actor.key, facts=facts))
                if stored.address:
                    said = {"text": reply.text, "hint": reply.hint, "good": False}
                    work.tell(Answer.model_validate({"reply": stored.address, "at": now, **said}))
        except Stale:
            log.info("a waiting wish was answered by somebody else")
