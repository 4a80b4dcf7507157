"""Reads the configuration again when asked to, and swaps it in as a whole or not at all. Parses nothing.

Asked by a signal (SIGHUP) or by a row that `tidegate reload` wrote: a signal from there could reach whoever holds the
lock without listening, a rollback at a terminal for one. What lives keeps its terms: they are in its row. What only a
start can change is refused by name, so that nobody believes that it took effect.
"""

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from bot.clock import SystemClock
from bot.config import Access, BadConfigs, Config, load_to_run
from bot.live_policy import LivePolicy
from rollout.audit import Entry
from rollout.errors import TidegateError
from store import Reloaded, Store

log = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds between two questions whether somebody wrote a wish."""
SIGNAL = "signal:SIGHUP"
"""Who asks by a signal: it cannot say more."""
MOST = 4000
"""Characters of an answer; a file can have hundreds of mistakes."""
TOLD = ("slack", "page", "roles", "plans", "timing", "alarms", "digests", "aws")
"""Sections that are named when they changed; apps are named one by one."""


class Ground(NamedTuple):
    """What a reload stands on."""

    policy: LivePolicy
    store: Store
    clock: SystemClock
    environ: Mapping[str, str]
    mode: Literal["socket", "http"]
    """How Slack is reached since the start."""
    swapped: Callable[[], None]
    """Called after each swap: who is named and what is watched may have changed."""


class Reloading:
    """`ask()` after a signal; everything else is done in a thread of its own."""

    def __init__(self, ground: Ground) -> None:
        self._policy, self._store, self._clock, self._environ, self._mode, self._swapped = ground
        self._signals: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._since = self._clock.now()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="reloading", daemon=True)

    def start(self) -> None:
        """Begin to wait for a wish."""
        self._thread.start()

    def stop(self) -> None:
        """No reload begins after this."""
        self._signals.put(False)

    def ask(self) -> None:
        """Read it again soon. Returns at once."""
        self._signals.put(True)

    def report(self) -> dict[str, object]:
        """For /readyz: which configuration counts, since when, and why a newer one does not."""
        told = {"hash": self._policy.config.hash, "since": self._since.isoformat(timespec="seconds")}
        return {**told, "trouble": self._trouble} if self._trouble else dict(told)

    def answer(self) -> None:
        """Do what was written down, each wish once."""
        for wish in self._store.reloads.waiting():
            try:
                said = self.turn(wish.by, wish.file)
            except Exception as error:
                # The disk may be full: the old configuration counts.
                log.exception("a reload failed")
                said = Reloaded(ok=False, why="failed", text=f"it could not be written down ({type(error).__name__})")
            self._store.reloads.answer(wish.id, said)

    def turn(self, by: str = SIGNAL, file: str = "") -> Reloaded:
        """Read it once; the old one stays where the new one has a mistake or needs a start."""
        before = self._policy.config
        if file and Path(file).resolve() != before.path.resolve():
            return Reloaded(ok=False, why="elsewhere", text=f"the bot runs with {before.path}, not with {file}")
        try:
            after, access = load_to_run(before.path, self._environ)
        except TidegateError as wrong:
            return self._kept(by, before, "broken", str(wrong) if isinstance(wrong, BadConfigs) else wrong.fact)
        if fixed := self._fixed(before, after, access):
            text = f"{', '.join(fixed)} changed, which needs a restart of the bot; nothing was taken"
            return self._kept(by, before, "restart", text)
        return self._take(by, before, after)

    def _fixed(self, before: Config, after: Config, access: Access) -> list[str]:
        """What the start made files, ports and connections of."""
        return [
            name
            for name, same in (
                ("[slack] mode", access.mode == self._mode),
                ("[http] host", after.http.host == before.http.host),
                ("[http] port", after.http.port == before.http.port),
                ("[store] path", after.store_path == before.store_path),
            )
            if not same
        ]

    def _take(self, by: str, before: Config, after: Config) -> Reloaded:
        """In one transaction with its record: what stands after that in the trail was decided by the new one."""
        now, new, changes = self._clock.now(), self._policy.prepared(after), differences(before, after)
        old = None
        try:
            with self._store.work() as work:
                work.audit(self._entry(by, ok=True, before=before, after=after, text=changes))
                old = self._policy.swap(new)
        except BaseException:
            if old is not None:
                self._policy.swap(old)
            raise
        self._since, self._trouble = now, ""
        log.warning("the configuration was read again, for %s: %s", by, changes)
        for warning in after.warnings:
            log.warning("%s", warning)
        try:
            self._swapped()
        except Exception:
            log.exception("not everything could be told at once that the configuration is another one")
        return Reloaded(ok=True, why="taken", text="\n".join([changes, *after.warnings])[:MOST])

    def _kept(self, by: str, config: Config, why: Literal["broken", "restart"], text: str) -> Reloaded:
        text = text if len(text) <= MOST else f"{text[:MOST]} …"
        self._trouble = text
        log.error("the configuration was not taken, the old one stays: %s", text)
        with self._store.work() as work:
            work.audit(self._entry(by, ok=False, before=config, after=config, text=text))
        return Reloaded(ok=False, why=why, text=text)

    def _entry(self, by: str, *, ok: bool, before: Config, after: Config, text: str) -> Entry:
        facts = {"did": "reload", "ok": ok, "from": before.hash, "to": after.hash, "text": text}
        return Entry(kind="bot", at=self._clock.now(), actor=by, facts=facts)

    def _run(self) -> None:
        while True:
            try:
                if not self._signals.get(timeout=PAUSE):
                    return
                self.turn()
            except queue.Empty:
                pass
            except Exception:
                log.exception("a reload failed")
            try:
                self.answer()
            except Exception as error:  # noqa: BLE001 - the store says the same in every other thread
                log.warning("wishes to read the configuration again cannot be read: %s", type(error).__name__)


def differences(before: Config, after: Config) -> str:
    """What changed, by name: apps that came, went or changed, and sections."""
    old, new = before.apps, after.apps
    parts = [
        ("came", [name for name in new if name not in old]),
        ("went", [name for name in old if name not in new]),
        ("changed", [name for name in new if name in old and new[name] != old[name]]),
    ]
    said = [f"{word}: {', '.join(names)}" for word, names in parts if names]
    said += [f"[{name}] changed" for name in TOLD if getattr(before, name) != getattr(after, name)]
    return "; ".join(said) or "nothing changed"
