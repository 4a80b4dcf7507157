"""What can go wrong with the file, as errors a person can act on. No exception of SQLite leaves the room."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from rollout.errors import BadInput, TidegateError


class StoreFault(TidegateError):
    """The store could not do it; nothing of the transaction was kept."""


class StoreBusy(StoreFault):
    """Somebody held the file or the lock for too long; trying again is safe."""


class StoreFull(StoreFault):
    """No room to write; reading goes on, and writing too as soon as there is room."""


class StoreClosed(StoreFault):
    """The store was closed, or the process forked away from it."""


_KINDS: dict[int, tuple[type[StoreFault], str, str]] = {
    sqlite3.SQLITE_FULL: (
        StoreFull, "there is no room left to write {path}",
        "free some space on that disk; nothing was kept, and it works again by itself",
    ),
    sqlite3.SQLITE_BUSY: (
        StoreBusy, "another program holds {path}",
        "close whatever has the file open (a backup or a shell), then try again; nothing was kept",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreFault, "{path} cannot be written to", "let this user write the file and its folder",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreFault, "{path} cannot be opened", "let the folder exist and this user write there",
    ),
    sqlite3.SQLITE_PERM: (StoreFault, "{path} may not be opened", "let this user read and write the file"),
    sqlite3.SQLITE_CORRUPT: (
        StoreFault, "{path} is damaged", "stop Tidegate, keep the file, restore the last backup",
    ),
    sqlite3.SQLITE_NOTADB: (StoreFault, "{path} is not a SQLite database", "check [store] path"),
    sqlite3.SQLITE_IOERR: (
        StoreFault, "the disk failed while {path} was used",
        "look at the system log for that disk; nothing of this transaction was kept",
    ),
}  # fmt: skip


def explained(error: sqlite3.Error, path: Path) -> StoreFault:
    """The same fault as a fact with a hint."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the number is a detail
    if code in _KINDS:
        kind, fact, hint = _KINDS[code]
        return kind(fact.format(path=path), hint)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return StoreFault(
            f"the store refused to break one of its own rules: {error}",
            "this is a bug in Tidegate; please report it",
        )
    return StoreFault(f"SQLite could not use {path}: {error}", "nothing of this transaction was kept; try again")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """What SQLite says inside leaves as a StoreFault; text that no database can hold, as BadInput."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error, path) from error
    except UnicodeEncodeError as error:
        half = f"U+{ord(error.object[error.start]):04X}"
        raise BadInput(f"the text holds half a character ({half})", "type it again without that character") from error
