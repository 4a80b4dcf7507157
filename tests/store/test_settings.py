"""How the file is opened: settings proven on every connection, places that cannot be trusted refused."""

import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from rollout.errors import BadConfig
from store import Store, StoreFault, open_store
from store.connect import check_settings, connect, journal_for, refuse_network


@pytest.mark.parametrize(
    "version,journal",
    [
        ((3, 40, 1), "truncate"), ((3, 44, 5), "truncate"), ((3, 44, 6), "wal"), ((3, 45, 0), "truncate"),
        ((3, 50, 6), "truncate"), ((3, 50, 7), "wal"), ((3, 51, 0), "truncate"), ((3, 51, 2), "truncate"),
        ((3, 51, 3), "wal"), ((3, 52, 0), "wal"), ((4, 0, 0), "wal"),
    ],
)  # fmt: skip
def test_wal_only_where_its_bug_is_fixed(version: tuple[int, ...], journal: str) -> None:
    """The WAL-reset bug can lose commits: fixed in 3.51.3, 3.50.7 and 3.44.6 of their lines, nowhere else."""
    assert journal_for(version) == journal


def test_every_connection_is_set(store: Store) -> None:
    """Each thread's connection has the settings, not only the first: durable, checked, with all triggers."""
    wanted = {
        "foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2, "trusted_schema": 0,
        "busy_timeout": 2000, "secure_delete": 1, "journal_mode": journal_for(sqlite3.sqlite_version_info),
    }  # fmt: skip
    found: list[dict[str, object]] = []

    def look() -> None:
        with store.reads() as reads:
            found.append({name: reads._run(f"PRAGMA {name}").fetchone()[0] for name in wanted})

    for _ in range(2):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(30)
    look()
    assert found == [wanted] * 3


@pytest.mark.parametrize("setting", ["synchronous = OFF", "foreign_keys = OFF", "recursive_triggers = OFF"])
def test_setting_that_does_not_hold_is_refused(path: Path, setting: str) -> None:
    """What is read back differs: refused with the name, the value found and the value wanted."""
    open_store(path).close()
    with closing(connect(path, 100)) as db:
        db.execute(f"PRAGMA {setting}")
        with pytest.raises(BadConfig, match=rf"keeps {setting.split(maxsplit=1)[0]} at 0 .* not (FULL|ON)"):
            check_settings(db, path, 100)


MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
10.0.0.7:/home /home nfs4 rw,vers=4.1 0 0
/dev/vdb /home/local xfs rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
ana@box: /mnt/box fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    "place,kind",
    [
        ("/var/lib/tidegate/t.db", ""), ("/run/t.db", ""), ("/home/ana/t.db", "nfs4"),
        ("/home/local/t.db", ""), ("/homestead/t.db", ""), ("/mnt/my share/deep/t.db", "cifs"),
        ("/mnt/box/t.db", "fuse.sshfs"),
    ],
)  # fmt: skip
def test_network_file_systems_are_refused(place: str, kind: str) -> None:
    """The longest mount point that holds the folder decides; the refusal names the kind and the fix."""
    if not kind:
        refuse_network(Path(place), MOUNTS)
        return
    with pytest.raises(BadConfig, match=rf"network file system \({kind} at .*\).*local disk"):
        refuse_network(Path(place), MOUNTS)


@pytest.mark.parametrize("place", ["", ":memory:", "file:t.db?mode=memory"])
def test_places_that_are_no_file_are_refused(place: str, tmp_path: Path) -> None:
    """A store in memory would be another one for each thread, and gone with the process."""
    with pytest.raises(BadConfig, match=r"is not a place|is a folder"):
        open_store(f"{tmp_path}/{place}")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """Nothing is made but the file itself."""
    with pytest.raises(BadConfig, match=r"there is no folder .*nowhere"):
        open_store(tmp_path / "nowhere" / "t.db")


def test_reader_does_not_make_a_store(path: Path) -> None:
    """Who only asks and looks in the wrong place is told so, and leaves no empty store behind."""
    with pytest.raises(StoreFault, match="there is no store at"):
        open_store(path, create=False)
    assert not path.exists()
    open_store(path).close()
    open_store(path, create=False).close()


def test_file_is_for_its_owner_only(path: Path) -> None:
    """It holds addresses at which people can be answered: nobody else of this machine may read it."""
    open_store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_commit_is_forced_to_the_disk(path: Path, tmp_path: Path) -> None:
    """A power cut is not a kill: what is acknowledged was synced. Counted with strace, where there is one."""
    strace = Path("/usr/bin/strace")
    if not strace.exists():
        pytest.skip("strace is not installed")
    script = (
        "import sys; from store import open_store; from tests.store.make import entry\n"
        "s = open_store(sys.argv[1])\n"
        "for n in range(20):\n"
        "    with s.work() as w: w.audit(entry(n=n))\n"
    )
    log = tmp_path / "trace"
    subprocess.run(
        [strace, "-f", "-e", "trace=fsync,fdatasync", "-o", log, sys.executable, "-c", script, path],
        check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert log.read_text().count("sync(") >= 20
