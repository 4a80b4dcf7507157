"""`reload`: the running bot reads its configuration again, and what came of it is printed. Swaps nothing itself."""

import os
import threading
import time
import tomllib
from pathlib import Path

from bot.cli.guarded import told
from bot.cli.options import Line, Usage
from bot.cli.place import config_path, no_words, this_user
from bot.cli.texts import complain, safe
from bot.clock import SystemClock
from bot.config import BadConfigs, load
from rollout.errors import Refused
from store import Reloaded, Store, lock_is_held, open_store

WAIT = 10.0
"""Seconds to wait for the bot."""
_PAUSE = 0.05
_CODES = {"taken": 0, "broken": 2}


def run(line: Line) -> int:
    """0 when the new configuration counts (or nothing changed), 1 when the old one stays, 2 when the file is wrong."""
    if line.json:
        raise Usage("reload has no JSON", "tidegate reload; /readyz tells the same as JSON")
    no_words(line)
    file = config_path(line, os.environ).absolute()
    path = _store_path(file)
    if not path.exists() or not lock_is_held(path):
        load(file, os.environ)  # its mistakes are worth more than that nobody runs
        hint = "tidegate run reads the file when it starts; another [store] path needs a restart of the bot"
        raise Refused(f"no bot is running on {path}: nothing to reload", hint)
    store = open_store(path, create=False)
    try:
        number = store.reloads.wish(this_user().key, str(file), SystemClock().now())
        if not line.wait:
            print("written; the bot reads its configuration at once")
            return 0
        said = answer_to(store, number)
    finally:
        store.close()
    return _say(said)


def _store_path(file: Path) -> Path:
    """Where the store of that file is, as far as a broken one tells: the bot itself says what is wrong with it."""
    try:
        return load(file, os.environ).store_path
    except BadConfigs:
        try:
            found = tomllib.loads(file.read_text(encoding="utf-8")).get("store", {})
            name = found.get("path", "tidegate.db") if isinstance(found, dict) else "tidegate.db"
            return file.parent / Path(str(name)).expanduser()
        except (OSError, ValueError, RecursionError):
            return file.parent / "tidegate.db"


def answer_to(store: Store, number: int, wait: float = WAIT) -> Reloaded:
    """What the bot says; withdrawn when it is silent, so that nothing is swapped in by surprise later."""
    pause, until = threading.Event(), time.monotonic() + wait
    while time.monotonic() < until:
        if (said := store.reloads.answered(number)) is not None:
            return said
        pause.wait(_PAUSE)
    late = Reloaded(ok=False, why="late", text=f"the bot has not answered within {wait:.0f} s; the wish was withdrawn")
    return late if store.reloads.answer(number, late) else store.reloads.answered(number) or late


def _say(said: Reloaded) -> int:
    if said.ok:
        print(safe(said.text))
    else:
        complain(told("the old configuration stays, nothing was taken:", ""))
        complain(said.text)
    return _CODES.get(said.why, 1)
