"""Rows of the audit trail: appended in the transaction they are about. The hash is rollout/audit.py's."""

import sqlite3

from rollout.audit import GENESIS, Entry, Link, link
from store.views import View

BEFORE_ALL = -(2**63)
"""A page after this one begins at the very first row, also at one that should not be there."""


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

    def filed_page(self, after: int, limit: int) -> list[tuple[Link, bool]]:
        """Records after the given one, each with whether it is filed under the rollout it names."""
        rows = self._run(
            "SELECT seq, body, prev, hash,"
            " CASE WHEN json_valid(body) THEN rollout IS json_extract(body, '$.rollout') ELSE 0 END"
            " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
            after, limit,
        )  # fmt: skip
        return [(Link(seq=seq, body=body, prev=prev, hash=own), bool(filed)) for seq, body, prev, own, filed in rows]


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
