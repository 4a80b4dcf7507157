"""One connection to the file, with every setting read back. Who may use it, and when, is not decided here."""

import os
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from rollout.errors import BadConfig
from store.faults import StoreFault, translated

OLDEST = (3, 37, 0)
"""STRICT tables."""

NETWORK = frozenset(
    {
        "nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "glusterfs",
        "lustre", "gpfs", "beegfs", "efs", "davfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.goofys",
        "fuse.gcsfuse", "fuse.mount-s3", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.blobfuse",
        "fuse.davfs", "fuse.juicefs",
    }
)  # fmt: skip
"""Locks are advice at best there, and a second writer ends in a damaged file: https://sqlite.org/faq.html#q5"""


def journal_for(version: tuple[int, ...]) -> str:
    """WAL where the WAL-reset bug is fixed (https://sqlite.org/wal.html#walresetbug), else TRUNCATE."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "wal" if fixed else "truncate"


def refuse_network(path: Path, mounts: str) -> None:
    """BadConfig when the folder lies on a network file system; `mounts` is the text of /proc/self/mounts."""
    folder = path.resolve().parent
    best, kind = Path(), ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # the kernel writes a blank in a path as \040
        point = Path(fields[1].encode().decode("unicode_escape"))
        if folder.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, fields[2]
    if kind in NETWORK:
        raise BadConfig(
            f"{path} lies on a network file system ({kind} at {best})",
            "SQLite's locks cannot be trusted there: let [store] path name a local disk",
        )


def prepare_place(path: Path, *, create: bool) -> None:
    """The folder is there and local; a new file is for its owner only, it holds reply addresses."""
    if sqlite3.sqlite_version_info < OLDEST:
        raise BadConfig(
            f"this Python is linked with SQLite {sqlite3.sqlite_version}", "use one with SQLite 3.37 or newer"
        )
    if path.name.startswith((":", "file:")):
        raise BadConfig(f"{str(path)!r} is not a place for the store", "let [store] path name a file")
    if not path.parent.is_dir():
        raise BadConfig(f"there is no folder {path.parent} for the store", "make it, or change [store] path")
    mounts = Path("/proc/self/mounts")
    if mounts.exists():
        refuse_network(path, mounts.read_text(encoding="utf-8", errors="replace"))
    if path.is_dir():
        raise BadConfig(f"{path} is a folder, not a file", "let [store] path name a file")
    if path.exists():
        return
    if not create:
        raise StoreFault(f"there is no store at {path}", "start the bot once with `tidegate run`, or check --config")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise BadConfig(f"{path} cannot be made: {error.strerror}", "check the rights of its folder") from error


def connect(path: Path, busy_ms: int) -> Database:
    """A connection that is set as it must be, or BadConfig with the setting that would not hold."""
    with translated(path):
        # Views check the thread themselves (views.py), so that the leftovers of a dead thread can be closed.
        link = sqlite3.connect(
            path, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            db = Database(link, recursive_triggers=False, execute_plugins=False)
            for name, (value, _) in _settings(busy_ms).items():
                db.execute(f"PRAGMA {name} = {value}").fetchall()
            check_settings(db, path, busy_ms)
        except BaseException:
            link.close()
            raise
    return db


def check_settings(db: Database, path: Path, busy_ms: int) -> None:
    """Read every setting back; BadConfig at the first that differs."""
    for name, (value, wanted) in _settings(busy_ms).items():
        found = db.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise BadConfig(
                f"SQLite {sqlite3.sqlite_version} keeps {name} at {found} for {path}, not {value}",
                "close every other program that has the file open; if that does not help, use another disk",
            )


def _settings(busy_ms: int) -> dict[str, tuple[str, object]]:
    """Name, what is asked for, and what must be read back."""
    journal = journal_for(sqlite3.sqlite_version_info)
    return {
        "busy_timeout": (str(busy_ms), busy_ms),
        "journal_mode": (journal, journal),
        "synchronous": ("FULL", 2),
        "foreign_keys": ("ON", 1),
        # without it INSERT OR REPLACE deletes rows behind the back of the DELETE triggers
        "recursive_triggers": ("ON", 1),
        "trusted_schema": ("OFF", 0),
        # an erased reply address is really gone
        "secure_delete": ("ON", 1),
        # a large transaction must not lock readers out before its commit
        "cache_spill": ("OFF", 0),
    }
