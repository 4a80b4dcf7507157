"""What `tidegate check` learns of the store: its place, its settings, a pending upgrade. It leaves no trace."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rollout.errors import BadConfig
from store import Store, StoreFault, health, open_store
from store.connect import journal_for
from store.schema import STEPS
from tests.store.test_upgrade import tables

KEPT = {"journal_mode": journal_for(sqlite3.sqlite_version_info), "synchronous": 2, "foreign_keys": 1}


def test_before_the_first_start_nothing_is_made(path: Path) -> None:
    """The folder is proven by a database of its own, which is gone afterwards; the store is not begun."""
    assert not health.place(path).exists
    assert health.place(path).free > 0
    assert health.settings_beside(path).values == KEPT
    assert list(path.parent.iterdir()) == []


def test_a_store_that_is_in_use_tells_its_own_settings(store: Store) -> None:
    """Beside a running bot, and without a step that is pending."""
    assert health.place(store.path).exists
    assert health.settings_of(store.path).values == KEPT
    assert health.pending(store.path) == ()


def test_pending_steps_are_named_and_not_applied(path: Path) -> None:
    """A file of one step ago: the step is named, and the file is as it was."""
    open_store(path).close()
    last = list(STEPS)[-1]
    with closing(sqlite3.connect(path)) as link:
        link.execute("DROP TABLE digests")
        link.execute("DELETE FROM _sqlite_migrations WHERE name = ?", [last])
        link.commit()
    before = tables(path)
    assert health.pending(path) == (last,)
    assert tables(path) == before


def test_a_newer_and_a_foreign_file_are_refused(path: Path) -> None:
    """As the start would refuse them."""
    open_store(path).close()
    with closing(sqlite3.connect(path)) as link:
        link.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('tidegate', '9', 'now')")
        link.commit()
    with pytest.raises(BadConfig, match="newer Tidegate"):
        health.pending(path)
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as link:
        link.execute("CREATE TABLE cooking (recipe TEXT)")
        link.commit()
    with pytest.raises(BadConfig, match="another program's"):
        health.pending(other)


def test_places_where_no_store_may_be_are_refused(path: Path, tmp_path: Path) -> None:
    """No folder, a folder in its place, text instead of a database: each said as the start says it."""
    with pytest.raises(BadConfig, match="there is no folder"):
        health.place(tmp_path / "no" / "tidegate.db")
    with pytest.raises(BadConfig, match="cannot be written"):
        health.settings_beside(tmp_path / "no" / "tidegate.db")
    with pytest.raises(BadConfig, match="is a folder"):
        health.place(tmp_path)
    path.write_text("no database, but long enough to be taken for one by its length alone" * 20)
    with pytest.raises(StoreFault, match="not a SQLite database"):
        health.pending(path)
