"""Bringing a file to the present schema, whoever else starts at that moment. The tables are in schema.py."""

from collections.abc import Callable
from pathlib import Path

from sqlite_utils import Database

from rollout.errors import BadConfig
from store.connect import connect
from store.faults import translated
from store.schema import APPLICATION_ID, MIGRATIONS, STEPS

Hit = Callable[[str], object]
"""Told the name of a failpoint when it is reached: M1, all steps applied and nothing committed."""

PATIENCE_MS = 30_000
"""Many processes may start at once, and each waits for the others."""


def upgrade(path: Path, hit: Hit) -> None:
    """Apply what is missing, all or nothing. BadConfig when the file is another program's or newer."""
    with translated(path):
        db = connect(path, PATIENCE_MS)
        try:
            if _in_transaction(db, "BEGIN", path):
                # sqlite-utils looks first and writes later: of two that start together one would crash
                # without this lock. Under it we look again, somebody else may have done it meanwhile.
                _in_transaction(db, "BEGIN IMMEDIATE", path, hit)
        finally:
            db.close()


def _in_transaction(db: Database, begin: str, path: Path, hit: Hit | None = None) -> bool:
    """What is missing, seen in one snapshot; applied at once where the transaction may write."""
    db.execute(begin)
    try:
        lacks = missing(db, path)
        if lacks and hit:
            MIGRATIONS.apply(db)
            hit("M1")
        db.execute("COMMIT")
    except BaseException:
        if db.conn.in_transaction:
            db.execute("ROLLBACK")
        raise
    return lacks


def missing(db: Database, path: Path) -> bool:
    """Whether steps are to be applied; reads only. BadConfig when the file is another program's or newer."""
    owner = db.execute("PRAGMA application_id").fetchone()[0]
    applied = [step.name for step in MIGRATIONS.applied(db)]
    if owner not in {0, APPLICATION_ID} or (not applied and db.table_names()):
        raise BadConfig(
            f"{path} is another program's database",
            "let [store] path name a new file, or one that Tidegate made",
        )
    if newer := [name for name in applied if name not in STEPS]:
        raise BadConfig(
            f"{path} was written by a newer Tidegate ({newer[-1]} is unknown here)",
            "run that version again, or restore a backup made before the upgrade",
        )
    return bool(MIGRATIONS.pending(db))
