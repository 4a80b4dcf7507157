"""The tick comes, comes at once after a poke, survives its own faults, and is brought back when it dies."""

import ctypes
import threading
import time
from collections.abc import Iterator

import pytest

from bot.metrics import Metrics
from bot.scheduler import Beat, Scheduler
from bot.watchdog import Watchdog
from tests.bot.dial import Dial

WAIT = 15.0
# pytest reports any exception that ends a thread; here ending one is the point.
KILLED = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class Ticks:
    """Counts ticks; can be told to raise or to hang."""

    def __init__(self) -> None:
        self.ticked = threading.Semaphore(0)
        self.poked = threading.Semaphore(0)
        self.fault: Exception | None = None
        self.free = threading.Event()
        self.free.set()
        self.inside = threading.Lock()

    def __call__(self, poked: bool) -> None:
        assert self.inside.acquire(blocking=False), "two ticks at a time"
        try:
            (self.poked if poked else self.ticked).release()
            assert self.free.wait(WAIT)
            if self.fault:
                raise self.fault
        finally:
            self.inside.release()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def scheduler(ticks: Ticks, metrics: Metrics) -> Iterator[Scheduler]:
    scheduler = Scheduler(ticks, [], metrics, time.monotonic)
    yield scheduler
    ticks.free.set()
    scheduler.stop()


def test_it_ticks_by_itself(scheduler: Scheduler, ticks: Ticks):
    """Several ticks come without anybody asking, and the age of the last one stays small."""
    scheduler.start()
    for _ in range(3):
        assert ticks.ticked.acquire(timeout=WAIT)
    assert scheduler.age() < WAIT


def test_a_poke_is_a_tick_at_once(ticks: Ticks, metrics: Metrics):
    """A click is looked at without waiting for the clock, and marked as poked."""
    scheduler = Scheduler(ticks, [], metrics, time.monotonic)
    scheduler.start()
    try:
        scheduler.poke()
        assert ticks.poked.acquire(timeout=WAIT)
        assert not ticks.poked.acquire(timeout=0.5), "one poke is one tick"
    finally:
        scheduler.stop()


def test_a_poke_during_a_tick_is_not_lost(scheduler: Scheduler, ticks: Ticks):
    """What changed while a tick ran gets a tick of its own."""
    scheduler.start()
    ticks.free.clear()
    scheduler.poke()
    assert ticks.poked.acquire(timeout=WAIT)
    scheduler.poke()
    ticks.free.set()
    assert ticks.poked.acquire(timeout=WAIT)


def test_a_tick_that_raises_is_counted_and_the_next_one_comes(
    scheduler: Scheduler, ticks: Ticks, metrics: Metrics
):
    """A fault in one tick ends neither the scheduler nor its pokes."""
    ticks.fault = ValueError("boom")
    scheduler.start()
    for _ in range(2):
        assert ticks.ticked.acquire(timeout=WAIT)
    scheduler.poke()
    assert ticks.poked.acquire(timeout=WAIT)
    assert metrics.value("tidegate_tick_faults_total") >= 1


def test_beats_run_beside_the_tick_and_may_fail(ticks: Ticks, metrics: Metrics):
    """A beat runs at its interval; one that raises does not stop the others."""
    ran = threading.Semaphore(0)

    def broken() -> None:
        raise ValueError("boom")

    beats = [Beat("broken", 0.1, broken), Beat("good", 0.1, ran.release)]
    scheduler = Scheduler(ticks, beats, metrics, time.monotonic)
    scheduler.start()
    try:
        assert ran.acquire(timeout=WAIT)
        assert ran.acquire(timeout=WAIT)
    finally:
        scheduler.stop()


def kill(thread: threading.Thread) -> None:
    """End a thread as a bug would: SystemExit inside it, until it lands where APScheduler does not catch it."""
    assert thread.ident is not None
    while thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
        )
        thread.join(0.7)


def engine_thread() -> threading.Thread:
    return next(thread for thread in threading.enumerate() if thread.name == "APScheduler")


@KILLED
def test_the_watchdog_brings_a_dead_scheduler_back(scheduler: Scheduler, ticks: Ticks, metrics: Metrics):
    """APScheduler's thread is killed; within the silence it is replaced, counted, and ticks come again."""
    watchdog = Watchdog(scheduler.age, scheduler.restart, silence=1.5)
    scheduler.start()
    assert ticks.ticked.acquire(timeout=WAIT)
    kill(engine_thread())
    while ticks.ticked.acquire(timeout=0.1):  # ticks already handed to the pool
        pass
    watchdog.start()
    try:
        assert ticks.ticked.acquire(timeout=WAIT)
        assert metrics.value("tidegate_scheduler_restarts_total") >= 1
    finally:
        watchdog.stop()


@KILLED
def test_without_the_watchdog_a_dead_scheduler_stays_dead(scheduler: Scheduler, ticks: Ticks):
    """The control of the test above: nobody else revives it."""
    scheduler.start()
    assert ticks.ticked.acquire(timeout=WAIT)
    kill(engine_thread())
    while ticks.ticked.acquire(timeout=0.3):
        pass
    assert not ticks.ticked.acquire(timeout=2.0)
    assert scheduler.age() > 1.5


def test_a_clock_set_back_does_not_stop_the_tick(scheduler: Scheduler, ticks: Ticks, metrics: Metrics):
    """APScheduler believes the next tick is an hour away; the watchdog does not read that clock."""
    watchdog = Watchdog(scheduler.age, scheduler.restart, silence=1.5)
    scheduler.start()
    assert ticks.ticked.acquire(timeout=WAIT)
    engine = scheduler._engine
    assert engine is not None
    job = engine.get_job("tick")
    later = job.next_run_time.replace(year=job.next_run_time.year + 1)
    engine.modify_job("tick", next_run_time=later)  # what a clock set back by a year looks like from inside
    while ticks.ticked.acquire(timeout=0.3):
        pass
    watchdog.start()
    try:
        assert ticks.ticked.acquire(timeout=WAIT)
    finally:
        watchdog.stop()


def test_a_hanging_tick_piles_up_no_threads(scheduler: Scheduler, ticks: Ticks):
    """While one tick hangs the others are skipped, restarts included."""
    before = len([thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")])
    scheduler.start()
    assert ticks.ticked.acquire(timeout=WAIT)
    ticks.free.clear()
    assert ticks.ticked.acquire(timeout=WAIT)
    for _ in range(6):
        scheduler.restart()
        assert not ticks.ticked.acquire(timeout=0.7)  # its first tick comes, and is skipped
    pool = [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
    assert len(pool) - before <= 3
    ticks.free.set()
    assert ticks.ticked.acquire(timeout=WAIT)


def test_a_restart_is_no_tick(ticks: Ticks, metrics: Metrics):
    """Readiness must not lie: while every tick hangs, starting anew does not make the silence shorter."""
    dial = Dial()
    scheduler = Scheduler(ticks, [], metrics, dial.monotonic)
    ticks.free.clear()
    scheduler.start()
    try:
        assert ticks.ticked.acquire(timeout=WAIT)
        dial.turn(60)
        scheduler.restart()
        assert scheduler.age() == 60
        ticks.free.set()
        assert ticks.ticked.acquire(timeout=WAIT)
        assert ticks.ticked.acquire(timeout=WAIT)
        assert scheduler.age() == 0
    finally:
        ticks.free.set()
        scheduler.stop()


def test_the_watchdog_gives_a_new_scheduler_time_to_tick():
    """While silence lasts it starts anew once per silence, not at every glance."""
    ages = iter([6.0, 6.2, 7.0, 10.9, 11.1, 12.0, 1.0, 6.0])
    seen: list[float] = []
    restarts: list[float] = []
    done = threading.Event()

    def age() -> float:
        seen.append(next(ages, 0.0))
        if seen[-1] == 0.0:
            done.set()
        return seen[-1] / 100

    watchdog = Watchdog(age, lambda: restarts.append(seen[-1]), silence=0.05)
    watchdog.start()
    try:
        assert done.wait(WAIT)
    finally:
        watchdog.stop()
    assert restarts == [6.0, 11.1, 6.0]


def test_after_stop_nothing_ticks(scheduler: Scheduler, ticks: Ticks):
    """No tick, poked or not, begins after stop."""
    scheduler.start()
    assert ticks.ticked.acquire(timeout=WAIT)
    scheduler.stop()
    while ticks.ticked.acquire(timeout=0.3):
        pass
    scheduler.poke()
    assert not ticks.poked.acquire(timeout=0.7)
