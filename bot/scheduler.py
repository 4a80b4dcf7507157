"""The tick, and the few things done at intervals. The only file that knows APScheduler, which holds no state.

Memory job store, `coalesce`, `max_instances=1`, `misfire_grace_time=None`: with the defaults 25 jobs due
together lose 15, and a clock set back by a minute stops everything for that minute (measured with 3.11.3).
Truth is in SQLite; a late or doubled tick does no harm. watchdog.py starts this anew when it falls silent.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.metrics import Metrics

log = logging.getLogger(__name__)
# It warns whenever a tick is skipped because the last one still runs; that is what we asked for.
logging.getLogger("apscheduler").setLevel(logging.ERROR)

TICK = 0.5
"""Seconds between two ticks."""


class Beat(NamedTuple):
    """Something done every `every` seconds; it must return at once."""

    name: str
    every: float
    run: Callable[[], None]


class Scheduler:
    """Calls `tick(poked)` every half second and at once after `poke()`; never two at a time."""

    def __init__(
        self,
        tick: Callable[[bool], None],
        beats: Sequence[Beat],
        metrics: Metrics,
        monotonic: Callable[[], float],
    ) -> None:
        self._tick = tick
        self._beats = beats
        self._metrics = metrics
        self._monotonic = monotonic
        self._ticking = threading.Lock()
        self._last = monotonic()
        self._engine: BackgroundScheduler | None = None
        self._poked = threading.Event()
        self._stopped = threading.Event()
        self._poker = threading.Thread(target=self._wait_for_pokes, name="poker", daemon=True)

    def start(self) -> None:
        """Begin ticking."""
        self._last = self._monotonic()
        self._engine = self._built()
        self._poker.start()

    def restart(self) -> None:
        """Throw the engine away, however broken it is, and begin anew. Only a real tick makes `age` small again."""
        old = self._engine
        self._engine = self._built()
        self._metrics.count("tidegate_scheduler_restarts_total")
        _discard(old)

    def stop(self) -> None:
        """No tick begins after this."""
        self._stopped.set()
        self._poked.set()
        _discard(self._engine)

    def poke(self) -> None:
        """Tick now: somebody clicked. Returns at once; several pokes may be one tick."""
        self._poked.set()

    def age(self) -> float:
        """Seconds since the last tick ended, or since the start, on the monotonic clock."""
        return self._monotonic() - self._last

    def _built(self) -> BackgroundScheduler:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        # No thread of it may keep the process alive: the pool's work is short, and stop() waits for nothing.
        engine = BackgroundScheduler(
            timezone="UTC", job_defaults=defaults, executors={"default": ThreadPoolExecutor(4)}, daemon=True
        )
        engine.add_job(self._beat, "interval", seconds=TICK, id="tick")
        for beat in self._beats:
            engine.add_job(self._guarded, "interval", args=[beat], seconds=beat.every, id=beat.name)
        engine.start()
        return engine

    def _beat(self) -> None:
        self._run(poked=False)

    def _wait_for_pokes(self) -> None:
        while not self._stopped.is_set():
            self._poked.wait()
            self._poked.clear()  # before the tick: a poke during it means one more
            self._run(poked=True)

    def _run(self, *, poked: bool) -> None:
        if not self._ticking.acquire(blocking=poked):
            return  # one is under way; a hanging one must not pile up threads
        try:
            if not self._stopped.is_set():
                self._tick(poked)
        except Exception:
            self._metrics.count("tidegate_tick_faults_total")
            log.exception("a tick failed")
        finally:
            self._metrics.count("tidegate_ticks_total")
            self._last = self._monotonic()
            self._ticking.release()

    def _guarded(self, beat: Beat) -> None:
        try:
            beat.run()
        except Exception:
            log.exception("%s failed", beat.name)


def _discard(engine: BackgroundScheduler | None) -> None:
    """Shut it down without waiting: it may be dead, or hang in a lock of its own for ever."""
    if engine is not None:
        threading.Thread(target=_shut_down, args=[engine], name="scheduler-end", daemon=True).start()


def _shut_down(engine: BackgroundScheduler) -> None:
    try:
        engine.shutdown(wait=False)
    except Exception as odd:  # noqa: BLE001 - a half-dead engine raises whatever it likes; it is out of use anyway
        log.info("the old scheduler did not shut down cleanly: %s", type(odd).__name__)
