"""Rows of wishes: what was asked and answered, and for a short while where to answer. No word is parsed."""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from rollout.errors import Stale
from rollout.ports import Reply, StoredAsk
from store.moments import stored
from store.views import View

log = logging.getLogger(__name__)

ANSWERABLE = timedelta(minutes=25)
"""Slack takes answers at a response_url for 30 minutes; then the address is only a secret lying about."""


def _read(address: str, body: str) -> StoredAsk:
    return StoredAsk.model_validate_json(body).model_copy(update={"address": address})


def _one(address: str, body: str) -> StoredAsk | None:
    """One wish; None when it cannot be read. The error is not repeated: it quotes the row."""
    try:
        return _read(address, body)
    except ValueError:
        return None


def _readable(rows: sqlite3.Cursor) -> Iterator[StoredAsk]:
    """Those that can be read, the others must not keep them waiting: `erase_addresses` drops these and says so."""
    for row in rows:
        if found := _one(*row):
            yield found


class AskReads(View):
    """Finding wishes."""

    def waiting_asks(self, state: str = "new", limit: int = 100) -> list[StoredAsk]:
        """Wishes stored by others and not yet answered, oldest first. Unreadable ones take no room."""
        rows = self._run(
            "SELECT address, body FROM asks WHERE state = ? AND state <> 'answered' ORDER BY id", state
        )
        found = list(islice(_readable(rows), limit))
        rows.close()
        return found

    def stored_ask(self, dedupe: str) -> StoredAsk | None:
        """One wish by its key."""
        row = self._run("SELECT address, body FROM asks WHERE dedupe = ?", dedupe).fetchone()
        return _read(*row) if row else None

    def reply_address(self, rollout: int) -> str:
        """Where the person who started that rollout can be answered privately; empty once it was erased.

        The starter is the first accepted wish about it that is not younger than the rollout itself.
        """
        found = self._run(
            "SELECT asks.address FROM asks JOIN rollouts ON rollouts.id = asks.rollout"
            " WHERE asks.rollout = ? AND asks.ok = 1 AND asks.at <= rollouts.created_at"
            " ORDER BY asks.id LIMIT 1",
            rollout,
        ).fetchone()
        return found[0] if found else ""


class AskWrites(AskReads):
    """Keeping wishes."""

    def answered(self, dedupe: str) -> Reply | None:
        """The stored answer to exactly this request, if it was seen before."""
        found = self.stored_ask(dedupe)
        return found.reply if found and found.state == "answered" else None

    def remember(self, stored_ask: StoredAsk) -> None:
        """Keep a wish and its answer; one that waits under the same key becomes this one.

        Stale when that key was answered already: ask `answered` first.
        """
        reply = stored_ask.reply
        written = self._run(
            "INSERT INTO asks (dedupe, state, ok, rollout, address, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (dedupe) DO UPDATE SET state = excluded.state, ok = excluded.ok,"
            " rollout = excluded.rollout, address = excluded.address, at = excluded.at, body = excluded.body"
            " WHERE asks.state <> 'answered'",
            stored_ask.dedupe, stored_ask.state, bool(reply and reply.ok), reply.rollout if reply else None,
            stored_ask.address, stored(stored_ask.at), stored_ask.model_dump_json(exclude={"address"}),
        )  # fmt: skip
        if written.rowcount != 1:
            raise Stale("this request was answered already", "give the stored answer again")

    def erase_addresses(self, now: datetime, limit: int = 500) -> None:
        """Erase at most `limit` addresses that are older than 25 minutes.

        A waiting wish that cannot be read is dropped, too: nothing was done, and it can be asked again.
        """
        self._drop_unreadable(limit)
        self._run(
            "UPDATE asks SET address = '' WHERE id IN"
            " (SELECT id FROM asks WHERE address <> '' AND at < ? LIMIT ?)",
            stored(now - ANSWERABLE), limit,
        )  # fmt: skip

    def _drop_unreadable(self, limit: int) -> None:
        rows = self._run(
            "SELECT id, address, body FROM asks WHERE state <> 'answered' ORDER BY id LIMIT ?", limit
        ).fetchall()
        for number, address, body in rows:
            if _one(address, body) is None:
                self._run("DELETE FROM asks WHERE id = ?", number)
                log.error("waiting wish %d could not be read and was given up", number)
