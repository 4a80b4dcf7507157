"""When the file cannot be written: nothing half, an error a person can act on, and recovery by itself."""

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from rollout.errors import TidegateError
from store import Store, StoreBusy, StoreClosed, StoreFault, StoreFull, open_store
from tests.store.make import answered, entry, rollout


def limit_pages(store: Store, pages: int) -> None:
    """Let the disk be full at that many pages, for this thread's connection."""
    with store.reads() as reads:
        reads._run(f"PRAGMA max_page_count = {pages}")


def pages_of(store: Store) -> int:
    """How many the file has."""
    with store.reads() as reads:
        return int(reads._run("PRAGMA page_count").fetchone()[0])


def fill(store: Store, number: int) -> None:
    """One unit with a record of 3 KB."""
    with store.work() as work:
        work.remember(answered(f"key-{number}"))
        work.audit(entry(text="x" * 3000, number=number))


def test_full_disk_keeps_nothing_half_and_recovers(store: Store) -> None:
    """Units fit or are refused whole; reading goes on; with room again writing goes on by itself."""
    limit_pages(store, pages_of(store) + 20)
    kept = 0
    with contextlib.suppress(StoreFull):
        for kept in range(1000):
            fill(store, kept)
    assert 2 < kept < 100
    for _ in range(3):
        with pytest.raises(StoreFull, match=r"no room left to write .*free some space"):
            fill(store, kept)
        assert store.verify() == (kept, None)
        with store.reads() as reads:
            assert reads.stored_ask(f"key-{kept}") is None
    limit_pages(store, 10**6)
    fill(store, kept)
    assert store.verify() == (kept + 1, None)


def test_full_disk_is_an_error_of_ours(store: Store) -> None:
    """What crosses the room is a TidegateError with a fact and a hint; SQLite's own is only its cause."""
    limit_pages(store, pages_of(store))
    with pytest.raises(TidegateError) as full, store.work() as work:
        work.add(rollout(reason="x" * 100_000))
    assert str(store.path) in full.value.fact
    assert full.value.hint
    assert isinstance(full.value.__cause__, sqlite3.Error)


def test_another_program_that_holds_the_file(path: Path) -> None:
    """After `busy_ms` a write is refused, nothing is kept, and it works once the other is done."""
    store = open_store(path, busy_ms=50)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="another program holds"), store.work() as work:
            work.audit(entry())
        with store.reads() as reads:  # a writer that has not committed blocks nobody
            assert reads.head() is None
        other.execute("COMMIT")
    with store.work() as work:
        work.audit(entry())
    assert store.verify() == (1, None)
    store.close()


def test_another_program_that_reads_for_long(path: Path) -> None:
    """A foreign reader that never ends keeps a commit out: the block is undone whole, the next works."""
    store = open_store(path, busy_ms=50)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM audit").fetchone()
        try:
            with store.work() as work:
                work.audit(entry())
        except StoreBusy:
            assert store.verify() == (0, None)
        other.execute("COMMIT")
    with store.work() as work:
        work.audit(entry())
    assert store.verify()[1] is None
    store.close()


def test_closed_store_is_refused(store: Store) -> None:
    """After close nothing is read or written, and closing twice is nothing."""
    store.close()
    store.close()
    with pytest.raises(StoreClosed, match="was closed"), store.work():
        pass
    with pytest.raises(StoreClosed, match="was closed"), store.reads():
        pass


def test_child_of_a_fork_is_refused(store: Store) -> None:
    """A forked child must not use its parent's connection: locks do not cross a fork."""
    child = os.fork()
    if not child:
        try:
            with store.work() as work:
                work.audit(entry())
        except StoreClosed:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_damaged_file_is_named(path: Path) -> None:
    """A file with its middle overwritten says that it is damaged and that a backup is needed."""
    store = open_store(path)
    for number in range(20):
        fill(store, number)
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x7f" * (len(whole) - 4096))
    with pytest.raises(StoreFault, match=r"is damaged.*restore the last backup"):
        open_store(path).verify()
