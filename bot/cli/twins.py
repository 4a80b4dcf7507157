"""The verbs that wish: written into the store for the bot to take, answered there. It permits nothing."""

import json
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

from bot.cli import texts
from bot.cli.guarded import here, told
from bot.cli.options import Line
from bot.cli.place import ask_of, configured, this_user
from bot.clock import SystemClock
from bot.config import Config, may_act
from rollout.ask import Ask
from rollout.errors import Refused, Stale
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.ports import Reply, StoredAsk
from rollout.table import AFTER_END
from store import Store, lock_is_held, open_store

Found = TypeVar("Found")

WAIT = 5.0
"""Seconds a twin waits for the bot."""
_PAUSE = 0.05
_SILENCE = f"the bot has not answered within {WAIT:.0f} s"

CALMING = frozenset({"pause", "rollback", "reject", "cancel"})
"""Wishes that only take traffic away: they stay written when the bot is slow, all others are withdrawn."""


def run(line: Line) -> int:
    """Write the wish, wait for what the bot did, print it."""
    ask = ask_of(line)
    config = configured(line)
    actor = this_user()
    if not config.store_path.exists() or not lock_is_held(config.store_path):
        return _alone(config, ask, actor, line)
    store = open_store(config.store_path, create=False)
    try:
        return Twin(store, ask, actor).run(line)
    finally:
        store.close()


def _alone(config: Config, ask: Ask, actor: Actor, line: Line) -> int:
    if ask.verb != "rollback":
        raise Refused(
            f"no bot is running on {config.store_path}: nothing was done, and nothing was left for later",
            "start it with tidegate run; rollback works without it",
        )
    may_act(config, os.environ)
    from bot.app import drive_rollback  # late: brings AWS in

    return _say(drive_rollback(config, ask, actor, _progress), line)


def _progress(text: str) -> None:
    """To stderr: stdout is the answer's, which may be JSON."""
    print(texts.safe(text), file=sys.stderr, flush=True)


class Twin:
    """One wish on its way."""

    def __init__(self, store: Store, ask: Ask, actor: Actor) -> None:
        self._store = store
        self._ask = ask
        self._actor = actor
        self._dedupe = f"cli:{uuid.uuid4()}"
        self._until = time.monotonic() + WAIT
        with store.reads() as reads:
            self._newest = max((one.id for one in reads.history(limit=1)), default=0)

    def run(self, line: Line) -> int:
        """The exit code, by the bot's reply."""
        self._remember("new")
        if not line.wait:
            return _say(Reply(ok=True, text="written; the bot takes it at once"), line)
        reply = self._poll(self._reply) or self._late()
        if not reply.ok or not self._began(reply.rollout):
            return _say(reply, line)
        rollout = self._poll(lambda: self._settled(reply.rollout))
        return _say(_outcome(reply, rollout), line)

    def _began(self, rollout: int | None) -> bool:
        """Whether the answer is about a rollout that this wish began: its first look may still refuse it."""
        return rollout is not None and rollout > self._newest and self._ask.verb in ("start", *AFTER_END)

    def _remember(self, state: str, reply: Reply | None = None) -> None:
        stored = StoredAsk.model_validate(
            {"dedupe": self._dedupe, "ask": self._ask, "actor": self._actor, "state": state, "reply": reply,
             "at": SystemClock().now()}
        )  # fmt: skip
        with self._store.work() as work:
            work.remember(stored)

    def _reply(self) -> Reply | None:
        with self._store.reads() as reads:
            stored = reads.stored_ask(self._dedupe)
        return stored.reply if stored is not None and stored.state == "answered" else None

    def _settled(self, rollout: int | None) -> Rollout | None:
        with self._store.reads() as reads:
            found = reads.rollout(rollout) if rollout is not None else None
        return found if found is not None and found.phase is not Phase.REQUESTED else None

    def _poll(self, look: Callable[[], Found | None]) -> Found | None:
        """What `look` finds before the time is over; another process writes it, so nothing can wake us."""
        pause = threading.Event()
        while (found := look()) is None and time.monotonic() < self._until:
            pause.wait(_PAUSE)
        return found

    def _late(self) -> Reply:
        """The bot holds the lock and is silent: a wish that raises must not take effect by surprise later."""
        if self._ask.verb in CALMING:
            return Reply(
                ok=False, text=f"{_SILENCE}; the wish is written and will be taken",
                hint="see what it did: /deploy status",
            )  # fmt: skip
        withdrawn = Reply(
            ok=False, text=f"{_SILENCE}; the wish was withdrawn, nothing will be done",
            hint="see the bot's log, then ask again",
        )  # fmt: skip
        try:
            self._remember("answered", withdrawn)
        except Stale:
            return self._reply() or withdrawn  # it answered in this very moment
        return withdrawn


def _outcome(reply: Reply, rollout: Rollout | None) -> Reply:
    """What became of a new rollout by now: refused by the first look, under way, or still looked at."""
    if rollout is None:
        return reply
    if rollout.phase is Phase.REFUSED:
        cause = rollout.cause
        return Reply(ok=False, text=cause.text if cause else "refused", hint=cause.hint if cause else "",
                     rollout=rollout.id)  # fmt: skip
    return reply.model_copy(update={"text": f"{reply.text}\n{texts.headline(rollout)}"})


def _say(reply: Reply, line: Line) -> int:
    if line.json:
        print(json.dumps(reply.model_dump(mode="json")))
    elif reply.ok:
        hint = f"\n    {reply.hint}" if reply.hint else ""
        print(here(texts.safe(f"{reply.text}{hint}")))
    else:
        texts.complain(told(reply.text, reply.hint))
    return 0 if reply.ok else 1
