"""Rows of the audit trail: appended in the transaction they are about. The hash is rollout/audit.py's."""

import sqlite3
from typing import Any, NamedTuple

from rollout.audit import GENESIS, Entry, Link, link
from store.views import View

PAGE = 500
PAGE_BYTES = 1 << 20
"""A page ends before its rows are many or its text is long: no read holds a commit up for 20 ms."""
_AT_ONCE = 50


class Raw(NamedTuple):
    """One row as the file holds it, whatever it holds: somebody may have written to it with another program."""

    seq: Any
    body: bytes
    prev: bytes
    hash: bytes
    rollout: Any


# A CAST, because text that is no UTF-8 cannot be read as text at all.
_RAW = (
    "SELECT seq, coalesce(CAST(body AS BLOB), x''), coalesce(CAST(prev AS BLOB), x''),"
    " coalesce(CAST(hash AS BLOB), x''), rollout FROM audit "
)


def _read(rows: sqlite3.Cursor) -> list[Link]:
    return [Link(seq=seq, body=body, prev=prev, hash=own) for seq, body, prev, own in rows]


class AuditReads(View):
    """Reading the trail."""

    def head(self) -> Link | None:
        """The newest audit record."""
        rows = self._run("SELECT seq, body, prev, hash FROM audit ORDER BY seq DESC LIMIT 1")
        return next(iter(_read(rows)), None)

    def audit_page(self, after: int = 0, limit: int = 500) -> list[Link]:
        """Audit records by number, after the given one."""
        return _read(
            self._run("SELECT seq, body, prev, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
        )

    def audit_of(self, rollout: int, limit: int = 200) -> list[Link]:
        """The newest audit records about one rollout, oldest first."""
        rows = self._run(
            "SELECT seq, body, prev, hash FROM audit WHERE rollout = ? ORDER BY seq DESC LIMIT ?", rollout, limit
        )
        return _read(rows)[::-1]

    def raw_page(self, after: int | None = None, limit: int = PAGE, *, about: int | None = None) -> list[Raw]:
        """Records after a number, or from the very first row on, whatever stands there, none of them believed.

        `about` one rollout or all; empty at the end.
        """
        asked = {"seq > ?": after, "rollout = ?": about}
        given = {what: value for what, value in asked.items() if value is not None}
        where = f"WHERE {' AND '.join(given)} " if given else ""
        rows = self._run(f"{_RAW}{where}ORDER BY seq LIMIT ?", *given.values(), limit)
        found: list[Raw] = []
        size = 0
        while size < PAGE_BYTES and (some := [Raw._make(row) for row in rows.fetchmany(_AT_ONCE)]):
            found += some
            size += sum(len(row.body) for row in some)
        rows.close()  # one that was not read to its end would keep its lock
        return found


class AuditWrites(AuditReads):
    """Appending to the trail."""

    _newest: tuple[int, str] | None = None
    """Number and hash of what this block appended last: nobody else can append before it ends."""

    def audit(self, entry: Entry) -> Link:
        """Append to the chain: the record that follows the stored head."""
        head = self._newest or self._run("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        seq, prev = head or (0, GENESIS)
        record = link(entry, seq + 1, prev)
        self._run(
            "INSERT INTO audit (seq, body, prev, hash, rollout) VALUES (?, ?, ?, ?, ?)",
            record.seq, record.body, record.prev, record.hash, entry.rollout,
        )  # fmt: skip
        self._newest = record.seq, record.hash
        return record
