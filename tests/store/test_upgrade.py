"""Making and upgrading the tables: many at once, all or nothing, and files that are not ours."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from rollout.errors import BadConfig
from store import StoreFault, open_store
from store.schema import MIGRATIONS, STEPS
from tests.store.make import alert, entry, rollout

ROOT = Path(__file__).parents[2]
STARTS = 20
OPEN = """
import sys
from store import open_store
print("up", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).close()
"""


def tables(path: Path) -> set[str]:
    """What the file holds."""
    with closing(sqlite3.connect(path)) as link:
        return {name for (name,) in link.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.mark.slow
def test_twenty_first_starts_at_once(path: Path) -> None:
    """Twenty processes open a store that is not there yet: all succeed, and each migration ran once."""
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(STARTS)
    ]
    for start in starts:
        assert start.stdout
        assert start.stdout.readline() == "up\n"
    for start in starts:  # all are up and wait for this line
        assert start.stdin
        start.stdin.write("go\n")
        start.stdin.flush()
    ends = [(start.communicate(timeout=100)[1], start.returncode) for start in starts]
    assert ends == [("", 0)] * STARTS
    with closing(sqlite3.connect(path)) as link:
        assert [row[0] for row in link.execute("SELECT name FROM _sqlite_migrations ORDER BY id")] == list(STEPS)


KILL = """
import os, signal, sys
from store import open_store
open_store(sys.argv[1], hit=lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == "M1" else None)
"""


def test_killed_upgrade_leaves_nothing(path: Path) -> None:
    """M1: a kill in the middle of the first start keeps no table, and the next start is a first start."""
    killed = subprocess.run([sys.executable, "-c", KILL, str(path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert tables(path) == set()
    open_store(path).close()
    assert "audit" in tables(path)


@pytest.mark.parametrize("step", list(STEPS)[1:])
def test_store_of_an_earlier_release_is_upgraded(path: Path, step: str) -> None:
    """A file that stopped before any step gets the rest, and keeps what it has."""
    with closing(sqlite3.connect(path, isolation_level=None)) as link:
        MIGRATIONS.apply(Database(link, execute_plugins=False), stop_before=step)
        link.execute(
            "INSERT INTO rollouts VALUES (1, 'my-app', 'prod', 'requested', 1, 1, NULL, 0, ?)",
            [rollout(id=1, version=1).model_dump_json()],
        )
    store = open_store(path)
    with store.work() as work:
        assert work.live("my-app", "prod") == rollout(id=1, version=1)
        work.audit(entry(1))
        work.put_alert(alert("errors"))
    assert store.alerts.unsent() == [1]
    store.close()


def test_opening_again_changes_nothing(path: Path) -> None:
    """The second start finds everything: the same trail under the same name, byte for byte the same file."""
    first = open_store(path)
    name = first.chain_id
    first.close()
    before = path.read_bytes()
    second = open_store(path)
    assert second.chain_id == name
    second.close()
    assert path.read_bytes() == before


def test_two_stores_have_two_names(tmp_path: Path) -> None:
    """A trail begun anew in the place of another can be told from it."""
    names = set()
    for file in ("a.db", "b.db"):
        store = open_store(tmp_path / file)
        names.add(store.chain_id)
        store.close()
    assert len(names) == 2


def test_last_boot_is_remembered(path: Path) -> None:
    """A run with a name leaves it in the file; one without, like a CLI's, changes nothing."""
    for boot, last in [("", ""), ("boot-1", "boot-1"), ("", "boot-1"), ("boot-2", "boot-2")]:
        store = open_store(path, boot_id=boot)
        assert store.last_boot == last
        store.close()


def test_newer_store_is_refused(path: Path) -> None:
    """A file that a newer release has written is left alone, with what to do."""
    open_store(path).close()
    with closing(sqlite3.connect(path)) as link, link:
        link.execute("INSERT INTO _sqlite_migrations VALUES (99, 'tidegate', '0099_queues', '2027')")
    with pytest.raises(BadConfig, match=r"newer Tidegate.*0099_queues.*restore a backup"):
        open_store(path)


def test_foreign_database_is_refused(path: Path) -> None:
    """Another program's tables are never mixed with ours; the file stays as it was."""
    with closing(sqlite3.connect(path)) as link:
        link.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(BadConfig, match="another program's database"):
        open_store(path)
    assert tables(path) == {"songs"}


def test_marked_foreign_database_is_refused(path: Path) -> None:
    """An empty database that says it is another program's is not taken either."""
    with closing(sqlite3.connect(path)) as link:
        link.execute("PRAGMA application_id = 1")
        link.execute("VACUUM")
    with pytest.raises(BadConfig, match="another program's database"):
        open_store(path)


def test_no_database_at_all_is_refused(path: Path) -> None:
    """A text file in the place of the store is named as what it is not."""
    path.write_text("not a database, " * 100)
    with pytest.raises(StoreFault, match=r"is not a SQLite database\. check \[store\] path"):
        open_store(path)
