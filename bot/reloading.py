"""Reads the configuration again when asked to (SIGHUP), and swaps it in as a whole or not at all. Parses nothing.

What lives keeps its terms: they are in its row. What only a start can change is refused by name, so that nobody
believes that it took effect.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from bot.clock import SystemClock
from bot.config import BadConfigs, Config, load_to_run
from bot.live_policy import LivePolicy
from rollout.audit import Entry
from rollout.errors import TidegateError
from store import Store

log = logging.getLogger(__name__)

AT_START = ("slack", "http", "store", "aws", "page", "alarms")
"""Sections that are joined to threads, ports and files when the bot starts."""
ACTOR = "signal:SIGHUP"
"""A signal cannot say who sent it; `tidegate reload` writes that down itself."""


class Ground(NamedTuple):
    """What a reload stands on."""

    policy: LivePolicy
    store: Store
    clock: SystemClock
    environ: Mapping[str, str]
    swapped: Callable[[], None]
    """Called after each swap: who is named and what is watched may have changed."""


class Reloading:
    """`ask()` from a signal handler; the reading is done in a thread of its own."""

    def __init__(self, ground: Ground) -> None:
        self._policy, self._store, self._clock, self._environ, self._swapped = ground
        self._asked, self._stopped = threading.Event(), threading.Event()
        self._since = self._clock.now()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="reloading", daemon=True)

    def start(self) -> None:
        """Begin to wait for a wish."""
        self._thread.start()

    def stop(self) -> None:
        """No reload begins after this."""
        self._stopped.set()
        self._asked.set()

    def ask(self) -> None:
        """Read it again soon. Returns at once and takes no lock: a signal handler calls it."""
        self._asked.set()

    def report(self) -> dict[str, object]:
        """For /readyz: which configuration counts, since when, and why a newer one does not."""
        told = {"hash": self._policy.config.hash, "since": self._since.isoformat(timespec="seconds")}
        return {**told, "trouble": self._trouble} if self._trouble else dict(told)

    def turn(self) -> None:
        """Read it once; the old one stays where the new one has a mistake or needs a start."""
        before, now = self._policy.config, self._clock.now()
        try:
            after, _ = load_to_run(before.path, self._environ)
        except (BadConfigs, TidegateError) as wrong:
            self._kept(before, str(wrong), now)
            return
        fixed = [name for name in AT_START if getattr(before, name) != getattr(after, name)]
        if fixed:
            named = ", ".join(f"[{name}]" for name in fixed)
            self._kept(before, f"{named} changed, which needs a restart of the bot; nothing was taken", now)
            return
        self._policy.swap(after)
        self._since, self._trouble = now, ""
        changes = differences(before, after)
        self._write(now, ok=True, facts={"from": before.hash, "to": after.hash, "text": changes})
        log.warning("the configuration was read again: %s", changes)
        for warning in after.warnings:
            log.warning("%s", warning)
        self._swapped()

    def _kept(self, config: Config, why: str, now: datetime) -> None:
        self._trouble = why
        log.error("the configuration was not taken, the old one stays: %s", why)
        self._write(now, ok=False, facts={"from": config.hash, "to": config.hash, "text": why[:2000]})

    def _write(self, now: datetime, *, ok: bool, facts: dict[str, str]) -> None:
        entry = Entry(kind="bot", at=now, actor=ACTOR, facts={"did": "reload", "ok": ok, **facts})
        with self._store.work() as work:
            work.audit(entry)

    def _run(self) -> None:
        while self._asked.wait() and not self._stopped.is_set():
            self._asked.clear()
            try:
                self.turn()
            except Exception:
                # The disk may be full; the old configuration counts, or the new one as a whole.
                log.exception("a reload failed")


def differences(before: Config, after: Config) -> str:
    """What changed, by name: apps that came, went or changed, and sections."""
    if before.hash == after.hash:
        return "nothing changed"
    old, new = before.apps, after.apps
    parts = [
        ("came", [name for name in new if name not in old]),
        ("went", [name for name in old if name not in new]),
        ("changed", [name for name in new if name in old and new[name] != old[name]]),
    ]
    said = [f"{word}: {', '.join(names)}" for word, names in parts if names]
    sections = ("roles", "plans", "timing", "digests")
    said += [f"[{name}] changed" for name in sections if getattr(before, name) != getattr(after, name)]
    return "; ".join(said) or "nothing that counts changed"
