"""What the store stands on: its place, the settings that hold there, what an upgrade would do. Changes no store."""

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from rollout.errors import BadConfig
from store.connect import check_settings, connect, prepare_place
from store.faults import StoreFault
from store.schema import MIGRATIONS
from store.upgrade import missing

_PATIENCE_MS = 2000
_SHOWN = ("journal_mode", "synchronous", "foreign_keys")


class Place(NamedTuple):
    """Where the file lies, or will lie."""

    exists: bool
    free: int
    """Bytes that a user without rights may still write on that disk."""
    local: bool
    """Proven to be no network file system; False where the system does not tell, a network one is refused."""


class Settings(NamedTuple):
    """What SQLite keeps for a connection made like the bot's, read back."""

    version: str
    values: dict[str, object]


def place(path: Path) -> Place:
    """Where the file lies; BadConfig when no store may be there. Makes nothing."""
    path = path.absolute()
    exists = path.exists()
    try:
        prepare_place(path, create=False)
    except StoreFault:
        if exists:
            raise
    if exists and not os.access(path, os.R_OK | os.W_OK):
        raise BadConfig(f"{path} cannot be written by this user", "let the bot's user own it, and check as that user")
    free = shutil.disk_usage(path.parent).free
    return Place(exists=exists, free=free, local=Path("/proc/self/mounts").exists())


def settings_beside(path: Path) -> Settings:
    """Settings that hold in the store's folder, proven on a database made there and removed: it can be written, too."""
    try:
        with tempfile.TemporaryDirectory(prefix=".tidegate-check-", dir=path.absolute().parent) as folder:
            db = connect(Path(folder) / "probe.db", _PATIENCE_MS)
            try:
                db.execute("CREATE TABLE probe (n INTEGER)")
                return _settings(db)
            finally:
                db.close()
    except OSError as error:
        raise BadConfig(
            f"{path.absolute().parent} cannot be written: {error.strerror}",
            "let [store] path name a writable folder, and check as the bot's user",
        ) from None


def settings_of(path: Path) -> Settings:
    """Settings of the store's own file, from a connection made like the bot's. BadConfig when one does not hold."""
    db = connect(path, _PATIENCE_MS)
    try:
        check_settings(db, path, _PATIENCE_MS)
        return _settings(db)
    finally:
        db.close()


def pending(path: Path) -> tuple[str, ...]:
    """Steps that the next start would apply. BadConfig when the file is another program's or a newer one's."""
    db = connect(path, _PATIENCE_MS)
    try:
        return tuple(step.name for step in MIGRATIONS.pending(db)) if missing(db, path) else ()
    finally:
        db.close()


def _settings(db: Database) -> Settings:
    values = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in _SHOWN}
    return Settings(sqlite3.sqlite_version, values)
