"""`reload`: the running bot reads its configuration again, and what came of it is printed. Swaps nothing itself."""

import json
import os
import signal
import threading
import time
from typing import Any

from bot.cli.options import Line, Usage
from bot.cli.place import configured, no_words, this_user
from bot.clock import SystemClock
from bot.config import Config
from bot.reloading import ACTOR
from rollout.audit import Entry
from rollout.errors import Refused
from store import lock_is_held, open_store
from store.lock import holder
from store.trail import open_trail

WAIT = 5.0
"""Seconds to wait for the bot."""
_PAUSE = 0.05


def run(line: Line) -> int:
    """0 when the new configuration counts (or nothing changed), 1 when the old one stays, 2 when the file is wrong."""
    if line.json:
        raise Usage("reload has no JSON", "tidegate reload; /readyz tells the same as JSON")
    no_words(line)
    config = configured(line)  # its mistakes are told here, where somebody looks at them
    bot = _bot(config)
    after = _asked(config)
    try:
        os.kill(bot, signal.SIGHUP)
    except PermissionError:
        fact = f"the bot on {config.store_path} is process {bot} of another user: nothing was done"
        raise Refused(fact, f"run this as that user, or: kill -HUP {bot}") from None
    if not line.wait:
        print(f"process {bot} was told to read {config.path} again")
        return 0
    said = _answer(config, after)
    if said is None:
        raise Refused(f"the bot has not answered within {WAIT:.0f} s", "see its log, and `configuration` in /readyz")
    print(f"{said['text']}" if said["ok"] else f"tidegate: the old configuration stays: {said['text']}")
    return 0 if said["ok"] else 1


def _bot(config: Config) -> int:
    path = config.store_path
    bot = holder(path) if path.exists() and lock_is_held(path) else None
    if bot is None:
        raise Refused(f"no bot is running on {path}: nothing to reload", "tidegate run reads the file when it starts")
    return bot


def _asked(config: Config) -> int:
    """Who wished it, written down: a signal cannot say. The number of that record."""
    store = open_store(config.store_path, create=False)
    try:
        with store.work() as work:
            facts = {"did": "asked for a reload", "file": str(config.path)}
            entry = Entry(kind="bot", at=SystemClock().now(), actor=this_user().key, facts=facts)
            return work.audit(entry).seq
    finally:
        store.close()


def _answer(config: Config, after: int) -> dict[str, Any] | None:
    """What the bot wrote down after that record; None when it was silent."""
    pause, until = threading.Event(), time.monotonic() + WAIT
    with open_trail(config.store_path) as trail:
        while time.monotonic() < until:
            for page in trail.pages(after):
                for row in page:
                    said = json.loads(row.body)
                    if said["kind"] == "bot" and said["actor"] == ACTOR:
                        facts: dict[str, Any] = said["facts"]
                        return facts
            pause.wait(_PAUSE)
    return None
