"""Many threads at once: one winner where there can be one, everybody served where all can be."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from rollout.errors import Refused, Stale
from rollout.model import Phase
from store import Store, StoreBusy, open_store
from tests.store.make import answered, entry, rollout

MANY = 50


def at_once(jobs: int, job: Callable[[int], object]) -> list[object]:
    """Start all at the same instant; what each returned or raised."""
    start = threading.Barrier(jobs)

    def one(number: int) -> object:
        start.wait(30)
        try:
            return job(number)
        except Exception as error:  # noqa: BLE001 - the outcome of a race is what the test is about
            return error

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, range(jobs)))


def test_one_live_rollout_of_fifty_inserts(store: Store) -> None:
    """S6: fifty clicks on one target at one instant are one rollout and 49 refusals that name it."""

    def add(_: int) -> object:
        with store.work() as work:
            return work.add(rollout()).id

    outcomes = at_once(MANY, add)
    assert outcomes.count(1) == 1
    refused = [o for o in outcomes if isinstance(o, Refused)]
    assert len(refused) == MANY - 1
    assert {o.rollout for o in refused} == {1}


def test_one_of_fifty_saves_of_one_version(store: Store) -> None:
    """Compare-and-set: fifty threads read version 1, exactly one writes version 2, the others are Stale."""
    with store.work() as work:
        read = work.add(rollout())

    def save(number: int) -> object:
        with store.work() as work:
            return work.save(read.but(reason=str(number))).reason

    outcomes = at_once(MANY, save)
    winners = [o for o in outcomes if isinstance(o, str)]
    assert len(winners) == 1
    assert sum(isinstance(o, Stale) for o in outcomes) == MANY - 1
    with store.reads() as reads:
        stored = reads.rollout(1)
        assert stored
        assert (stored.version, stored.reason) == (2, winners[0])


def test_nothing_comes_back_from_the_end(store: Store) -> None:
    """S3: of fifty writers with the right version one ends it; the 49 that would go on are Stale."""
    with store.work() as work:
        read = work.add(rollout())

    def write(number: int) -> object:
        with store.work() as work:
            return work.save(read.but(phase=Phase.CANCELLED if number % 2 else Phase.STEPPING)).phase

    first = at_once(MANY, write)
    assert sum(isinstance(o, Stale) for o in first) == MANY - 1


def test_two_hundred_writers_are_all_served(store: Store) -> None:
    """200 threads, two writes each, reads in between: no SQLITE_BUSY, no lost write, no gap."""

    def write_twice(number: int) -> object:
        for turn in (0, 1):
            with store.work() as work:
                work.remember(answered(f"{number}/{turn}"))
                work.audit(entry(number=number))
            with store.reads() as reads:
                assert reads.stored_ask(f"{number}/{turn}")
        return "ok"

    assert Counter(map(str, at_once(200, write_twice))) == {"ok": 200}
    assert store.verify() == (400, None)


def test_same_request_fifty_times_is_one_answer(store: Store) -> None:
    """Fifty copies of one click: one is stored, the others find its answer."""

    def ask(number: int) -> object:
        with store.work() as work:
            if known := work.answered("click"):
                return known.text
            work.remember(answered("click", number))
            return "first"

    outcomes = at_once(MANY, ask)
    assert outcomes.count("first") == 1
    assert outcomes.count("looking at my-app in prod") == MANY - 1


def test_reader_sees_one_moment_while_others_write(store: Store) -> None:
    """A snapshot: between two reads of one block nothing changes, although writers commit all the time."""
    with store.work() as work:
        work.audit(entry())
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with store.work() as work:
                work.audit(entry())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen: set[int] = set()
        while len(seen) < 20:
            with store.reads() as reads:
                head = reads.head()
                assert head
                assert len(reads.audit_page(limit=100_000)) == head.seq
                seen.add(head.seq)
    finally:
        stop.set()
        writer.join(30)


def test_reader_does_not_wait_for_an_open_write(store: Store) -> None:
    """While a writer holds the lock in the middle of its block, a reader reads the state before it."""
    inside, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with store.work() as work:
            work.audit(entry())
            inside.set()
            assert go_on.wait(30)

    writer = threading.Thread(target=write)
    writer.start()
    assert inside.wait(30)
    with store.reads() as reads:
        assert reads.head() is None
    go_on.set()
    writer.join(30)
    with store.reads() as reads:
        assert reads.head()


def test_two_processes_lose_no_write(store: Store) -> None:
    """Two stores on one file, as two processes have them: read, add one, write, four threads each, none is lost."""
    other = open_store(store.path, busy_ms=30_000)
    with store.work() as work:
        work.add(rollout())

    def count(number: int) -> object:
        for _ in range(10):
            with (store if number % 2 else other).work() as work:
                read = work.rollout(1)
                assert read
                work.save(read.but(reminded=read.reminded + 1))
        return "ok"

    assert Counter(map(str, at_once(8, count))) == {"ok": 8}
    other.close()
    with store.reads() as reads:
        stored = reads.rollout(1)
        assert stored
        assert (stored.reminded, stored.version) == (80, 81)


def test_snapshot_holds_against_other_processes(store: Store) -> None:
    """Between two reads of one block another process commits, or is kept out: the block sees the same either way."""
    other = open_store(store.path, busy_ms=20)
    with store.reads() as reads:
        assert reads.head() is None
        with contextlib.suppress(StoreBusy), ThreadPoolExecutor(1) as pool:
            pool.submit(append, other).result(30)
        assert reads.head() is None
    append(other)
    with store.reads() as reads:
        assert reads.head()
    other.close()


def append(store: Store) -> None:
    """One record."""
    with store.work() as work:
        work.audit(entry())


def test_view_belongs_to_its_thread(store: Store) -> None:
    """The thread rule is asserted: another thread that gets hold of a view is refused, and writes nothing."""
    with store.work() as work:
        with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="stays in the thread"):
            pool.submit(work.audit, entry()).result(30)
        work.audit(entry())
    assert store.verify() == (1, None)


def test_connections_of_dead_threads_are_closed(store: Store) -> None:
    """A thread's connection ends with it: a hundred short threads leave none behind."""
    before = store._sessions.open_connections()

    def read() -> None:
        with store.reads() as reads:
            reads.head()

    for _ in range(100):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(30)
    assert store._sessions.open_connections() == before
