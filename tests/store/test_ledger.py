"""The SQLite store keeps the ledger's promises, and its guards hold against SQL too."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rollout.actions import Shift
from rollout.errors import BadInput
from rollout.model import Phase
from store import Store, StoreFault
from tests.store.contract import LedgerContract
from tests.store.make import NOW, entry, rollout


class TestSqliteLedger(LedgerContract):
    """The contract, on a real file."""

    @pytest.fixture
    def ledger(self, store: Store) -> Store:
        """The store is the ledger."""
        return store


@pytest.fixture
def filled(store: Store) -> Store:
    """One live rollout, one ended, an intent that is done and one that is not."""
    with store.work() as work:
        live = work.add(rollout())
        work.save(work.add(rollout("ended")).but(phase=Phase.SUCCEEDED))
        work.mark(work.plan(live, Shift(percent=10), NOW).id, "done", "", NOW)
        work.plan(live, Shift(percent=100), NOW)
        work.audit(entry(1))
    return store


GUARDED = {
    "terminal row is changed": "UPDATE rollouts SET body = '{}', version = version + 1 WHERE id = 2",
    "terminal row comes alive": "UPDATE rollouts SET live = 1, version = version + 1 WHERE id = 2",
    "version stays": "UPDATE rollouts SET body = '{}' WHERE id = 1",
    "version falls": "UPDATE rollouts SET version = version - 1 WHERE id = 1",
    "version jumps": "UPDATE rollouts SET version = version + 2 WHERE id = 1",
    "target changes": "UPDATE rollouts SET app = 'shop', version = version + 1 WHERE id = 1",
    "id changes": "UPDATE rollouts SET id = 9, version = version + 1 WHERE id = 1",
    "rollout is deleted": "DELETE FROM rollouts WHERE id = 1",
    "rollout is replaced": "INSERT OR REPLACE INTO rollouts SELECT * FROM rollouts WHERE id = 1",
    "empty app": "UPDATE rollouts SET app = '' WHERE id = 1",
    "settled intent changes": "UPDATE intents SET state = 'planned' WHERE id = 1",
    "intent is deleted": "DELETE FROM intents WHERE id = 2",
    "intent of nothing": "INSERT INTO intents SELECT 9, 99, 'k', 1, action, state, '', 0, NULL FROM intents",
    "same attempt twice": "UPDATE intents SET key = '1/0/shift/10', attempt = 1 WHERE id = 2",
    "empty key": "UPDATE intents SET key = '' WHERE id = 2",
    "empty ask": "INSERT INTO asks (dedupe, state, ok, address, at, body) VALUES ('', 'new', 0, '', 0, '{}')",
    "record is changed": "UPDATE audit SET body = '{}'",
    "record is deleted": "DELETE FROM audit",
    "record is replaced": "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    "record after a gap": "INSERT INTO audit SELECT 3, body, hash, 'x', rollout FROM audit",
    "record that follows nothing": "INSERT INTO audit SELECT 2, body, 'x', 'y', rollout FROM audit",
    "record with an old hash": "INSERT OR REPLACE INTO audit SELECT 2, body, hash, hash, rollout FROM audit",
    "text for a number": "UPDATE rollouts SET wake_at = 'soon', version = version + 1 WHERE id = 1",
}


@pytest.mark.parametrize("sql", GUARDED.values(), ids=GUARDED.keys())
def test_database_itself_guards_its_rows(filled: Store, sql: str) -> None:
    """Whatever SQL the program might send by mistake, the schema refuses it and the block is undone."""
    with pytest.raises(StoreFault, match="refused to break one of its own rules"), filled.work() as work:
        work._run(sql)


def test_one_live_rollout_is_an_index(filled: Store, path: Path) -> None:
    """S6 holds for every program that opens the file: the unique index refuses a second live row."""
    filled.close()
    with (
        closing(sqlite3.connect(path)) as shell,
        pytest.raises(sqlite3.IntegrityError, match=r"rollouts\.app"),
    ):
        shell.execute("INSERT INTO rollouts SELECT 9, app, env, phase, 1, 1, NULL, 0, body FROM rollouts WHERE id = 1")


def test_half_a_character_is_bad_input(store: Store) -> None:
    """A lone surrogate, which JSON can carry and a database cannot, is refused; nothing is kept."""

    def write() -> None:
        with store.work() as work:
            work.audit(entry())
            work.audit(entry(text="\ud83d"))

    with pytest.raises(BadInput, match=r"half a character \(U\+D83D\)"):
        write()
    assert store.verify() == (0, None)


def test_added_rollout_must_be_new(store: Store) -> None:
    """A row that has an id already is not inserted a second time under another one."""
    with pytest.raises(ValueError, match="#4 has an id"), store.work() as work:
        work.add(rollout(id=4))
