"""Rows of rollouts: found by target and by time, written only by compare-and-set. Nothing is decided here."""

import sqlite3
from datetime import datetime, timedelta

from rollout.errors import Refused, Stale
from rollout.model import Rollout
from store.moments import stored, stored_or_none
from store.views import View

FAR = timedelta(seconds=120)
"""No rollout sleeps longer: a `wake_at` beyond it was written before the clock was set back."""

_PAGE = "SELECT body FROM rollouts WHERE id < ? ORDER BY id DESC LIMIT ?"
_PAGE_OF_TARGET = "SELECT body FROM rollouts WHERE app = ? AND env = ? AND id < ? ORDER BY id DESC LIMIT ?"
_PAGE_OF_APP = "SELECT body FROM rollouts WHERE app = ? AND id < ? ORDER BY id DESC LIMIT ?"
_PAGE_OF_ENV = "SELECT body FROM rollouts WHERE env = ? AND id < ? ORDER BY id DESC LIMIT ?"


def _read(rows: sqlite3.Cursor) -> list[Rollout]:
    return [Rollout.model_validate_json(body) for (body,) in rows]


class RolloutReads(View):
    """Finding rollouts."""

    def rollout(self, id: int) -> Rollout | None:
        """The rollout with that id."""
        return next(iter(_read(self._run("SELECT body FROM rollouts WHERE id = ?", id))), None)

    def live(self, app: str, env: str) -> Rollout | None:
        """The one live rollout of a target (S6)."""
        rows = self._run("SELECT body FROM rollouts WHERE app = ? AND env = ? AND live = 1", app, env)
        return next(iter(_read(rows)), None)

    def last(self, app: str, env: str, *, phase: str = "") -> Rollout | None:
        """The newest rollout of a target that ended, in that phase if one is given."""
        rows = self._run(
            "SELECT body FROM rollouts WHERE app = ? AND env = ? AND live = 0 AND ? IN ('', phase)"
            " ORDER BY id DESC LIMIT 1",
            app, env, phase,
        )  # fmt: skip
        return next(iter(_read(rows)), None)

    def all_live(self, limit: int = 500) -> list[Rollout]:
        """Every live rollout, oldest first."""
        return _read(self._run("SELECT body FROM rollouts WHERE live = 1 ORDER BY id LIMIT ?", limit))

    def history(self, app: str = "", env: str = "", *, before: int = 0, limit: int = 20) -> list[Rollout]:
        """Rollouts, newest first; `before` is the id to page on from, 0 is the newest."""
        bound = before or 2**62
        if app and env:
            rows = self._run(_PAGE_OF_TARGET, app, env, bound, limit)
        elif app or env:
            rows = self._run(_PAGE_OF_APP if app else _PAGE_OF_ENV, app or env, bound, limit)
        else:
            rows = self._run(_PAGE, bound, limit)
        return _read(rows)

    def due(self, now: datetime, limit: int = 500) -> list[Rollout]:
        """Live rollouts whose `wake_at` has come, is not set, or lies absurdly far ahead (clock set back)."""
        rows = self._run(
            "SELECT body FROM rollouts WHERE live = 1 AND (wake_at IS NULL OR wake_at <= ? OR wake_at > ?)"
            " ORDER BY wake_at, id LIMIT ?",
            stored(now), stored(now + FAR), limit,
        )  # fmt: skip
        return _read(rows)


class RolloutWrites(RolloutReads):
    """Beginning and changing rollouts."""

    def add(self, rollout: Rollout) -> Rollout:
        """Insert a new one as version 1 and give it its id; Refused, naming the live one, if there is one.

        The unique index is the lock (S6): of any number of inserts for one target one succeeds.
        """
        if rollout.id:
            raise ValueError(f"#{rollout.id} has an id already")
        # No other writer can come between: this transaction holds the write lock, and rows are never deleted.
        newest = self._run("SELECT coalesce(max(id), 0) FROM rollouts").fetchone()[0]
        added = rollout.but(id=newest + 1, version=1)
        try:
            self._run(
                "INSERT INTO rollouts (id, app, env, phase, live, version, wake_at, created_at, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                added.id, added.app, added.env, added.phase.value, added.live, added.version,
                stored_or_none(added.wake_at), stored(added.created_at), added.model_dump_json(),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            if busy := self.live(rollout.app, rollout.env):
                raise _busy(busy) from error
            raise
        return added

    def save(self, rollout: Rollout) -> Rollout:
        """Write it back as the next version; Stale when the stored version is not the one that was read.

        An ended rollout never changes (S3): Stale as well.
        """
        saved = rollout.but(version=rollout.version + 1)
        written = self._run(
            "UPDATE rollouts SET phase = ?, live = ?, version = ?, wake_at = ?, body = ?"
            " WHERE id = ? AND version = ? AND live = 1",
            saved.phase.value, saved.live, saved.version, stored_or_none(saved.wake_at),
            saved.model_dump_json(), rollout.id, rollout.version,
        )  # fmt: skip
        if written.rowcount != 1:
            raise self._stale(rollout)
        return saved

    def _stale(self, rollout: Rollout) -> Stale:
        now = self.rollout(rollout.id)
        if now is None:
            return Stale(f"there is no rollout #{rollout.id}", "load it again")
        end = "" if now.live else f" and it has ended: {now.phase}"
        return Stale(f"#{now.id} is at version {now.version}, not {rollout.version}{end}", "load it again")


def _busy(live: Rollout) -> Refused:
    who = live.by.name or live.by.id
    phase = live.phase.value.replace("_", " ")
    return Refused(
        f"{live.target} is busy: #{live.id} is {phase}, started by {who}",
        f"wait until it has ended, or look at it: /deploy status {live.target}",
        offer="status",
        rollout=live.id,
    )
