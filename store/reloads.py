"""Rows of wishes to read the configuration again: written by a command, answered by the bot. Nothing is read here."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from rollout.values import Frozen
from store.moments import stored
from store.sessions import Sessions


class Reloaded(Frozen):
    """What came of one wish."""

    ok: bool
    why: Literal["taken", "broken", "restart", "elsewhere", "failed", "late"]
    """taken: it counts now. broken: the file has mistakes. restart: only a start can change that. elsewhere: the bot
    runs with another file. failed: it could not be written down. late: withdrawn, the bot was silent.
    """
    text: str = Field(max_length=8000)


class ReloadWish(Frozen):
    """One that waits. `file` is the one that whoever wishes it looked at."""

    id: int
    by: str
    file: str


class Reloads:
    """Wishes and their answers."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def wish(self, by: str, file: str, at: datetime) -> int:
        """Write one down; its number."""
        with self._sessions.writing() as db:
            found = db.execute(
                "INSERT INTO reloads (at, by, file) VALUES (?, ?, ?) RETURNING id", [stored(at), by, file]
            ).fetchone()
        return int(found[0])

    def waiting(self, limit: int = 100) -> list[ReloadWish]:
        """Those without an answer, oldest first."""
        with self._sessions.reading() as db:
            rows = db.execute(
                "SELECT id, by, file FROM reloads WHERE answer IS NULL ORDER BY id LIMIT ?", [limit]
            ).fetchall()
        return [ReloadWish(id=number, by=by, file=file) for number, by, file in rows]

    def answer(self, id: int, answer: Reloaded) -> bool:
        """Answer it; False when it has an answer already: that one stands."""
        with self._sessions.writing() as db:
            written = db.execute(
                "UPDATE reloads SET answer = ? WHERE id = ? AND answer IS NULL", [answer.model_dump_json(), id]
            )
        return written.rowcount == 1

    def answered(self, id: int) -> Reloaded | None:
        """Its answer; None while it waits."""
        with self._sessions.reading() as db:
            found = db.execute("SELECT answer FROM reloads WHERE id = ?", [id]).fetchone()
        return Reloaded.model_validate_json(found[0]) if found and found[0] else None
