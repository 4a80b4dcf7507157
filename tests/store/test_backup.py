"""Backups of a store in use are whole; nothing is replaced and nothing half is left."""

import stat
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from rollout.errors import Refused
from store import Store, StoreFault, open_store
from store.backup import back_up
from store.sessions import Sessions
from tests.store.make import entry


def fill(store: Store, count: int) -> None:
    """So many units."""
    for number in range(count):
        with store.work() as work:
            work.audit(entry(number=number, text="x" * 500))


def test_backup_is_a_whole_store(store: Store, tmp_path: Path) -> None:
    """The copy opens, its chain holds to the same head, and only its owner may read it."""
    fill(store, 30)
    copy = tmp_path / "copy.db"
    store.backup(copy)
    opened = open_store(copy, create=False)
    assert opened.verify() == (30, None)
    assert opened.chain_id == store.chain_id
    opened.close()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_backup_under_writes_is_whole(store: Store, tmp_path: Path) -> None:
    """While somebody writes all the time every copy is one moment, however often SQLite begins anew."""
    fill(store, 100)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            fill(store, 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = []
        for number in range(5):
            back_up(store._sessions, tmp_path / f"{number}.db", step=2)
            copy = open_store(tmp_path / f"{number}.db")
            count, broken = copy.verify()
            assert broken is None
            counts.append(count)
            copy.close()
    finally:
        stop.set()
        writer.join(30)
    assert counts == sorted(counts)
    assert counts[0] >= 100


class Busy(Sessions):
    """Somebody writes in every gap between two steps."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.path, 2000)
        self._store = store
        self.gaps = 0

    def looking(self) -> AbstractContextManager[None]:
        """A write first."""
        self.gaps += 1
        fill(self._store, 1)
        return super().looking()


def test_backup_that_always_begins_anew_ends(store: Store, tmp_path: Path) -> None:
    """When a write comes into every gap SQLite never gets to the end: then writers wait for the rest, once."""
    fill(store, 20)
    busy = Busy(store)
    back_up(busy, tmp_path / "copy.db", step=4)
    copy = open_store(tmp_path / "copy.db")
    with store.reads() as reads:
        head = reads.head()
        assert head
        assert copy.verify() == (head.seq, None)
    assert busy.gaps > 20
    copy.close()
    busy.close()


def test_backup_never_replaces_a_file(store: Store, tmp_path: Path) -> None:
    """An older backup, or the store itself, is not overwritten."""
    (tmp_path / "old.db").write_text("old")
    for target in (tmp_path / "old.db", store.path):
        with pytest.raises(Refused, match="exists already"):
            store.backup(target)
    assert (tmp_path / "old.db").read_text() == "old"
    assert store.verify() == (0, None)


def test_backup_to_nowhere_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """A folder that is not there is named, and no half copy lies about."""
    before = set(tmp_path.iterdir())
    with pytest.raises(StoreFault, match="cannot be written"):
        store.backup(tmp_path / "nowhere" / "copy.db")
    assert set(tmp_path.iterdir()) == before
