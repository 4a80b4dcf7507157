"""The queue of notices for the one thread that sends: in what order, until when, and that nothing gets lost.

A notice stays until it is `done` or dropped: a crash between sending and `done` sends it twice, not never.
"""

from datetime import datetime

from pydantic import Field, TypeAdapter

from rollout.notices import Notice
from rollout.values import Frozen, Moment
from store.asks import ANSWERABLE
from store.cards import Cards
from store.moments import moment, moment_or_none, stored
from store.pages import Pages
from store.sessions import Sessions

_NOTICE: TypeAdapter[Notice] = TypeAdapter(Notice)


class Queued(Frozen):
    """A notice that waits. `created_at` is None for a card: only its newest state matters."""

    id: int
    notice: Notice = Field(repr=False)
    human: bool
    attempts: int
    """How often sending it has failed."""
    created_at: Moment | None
    not_before: Moment


class Outbox(Cards, Pages):
    """What people should learn: the queue, the cards' places, the pages."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self._sessions = sessions

    def pending(self, now: datetime, limit: int = 50) -> list[Queued]:
        """What may be sent now: first what a person waits for, then the oldest. Late answers are left out."""
        with self._sessions.reading() as db:
            rows = db.execute(
                "SELECT id, body, human, attempts, at, not_before FROM notices WHERE not_before <= ?"
                " AND NOT (kind = 'answer' AND at < ?) ORDER BY human DESC, coalesce(place, id) LIMIT ?",
                [stored(now), stored(now - ANSWERABLE), limit],
            ).fetchall()
        return [
            Queued(
                id=number, notice=_NOTICE.validate_json(body), human=bool(human), attempts=attempts,
                created_at=moment_or_none(at), not_before=moment(not_before),
            )
            for number, body, human, attempts, at, not_before in rows
        ]  # fmt: skip

    def waiting(self) -> int:
        """How many notices wait, whatever they wait for."""
        with self._sessions.reading() as db:
            return int(db.execute("SELECT count(*) FROM notices").fetchone()[0])

    def done(self, id: int) -> None:
        """It was sent. A card that changed again meanwhile waits on, under another id."""
        with self._sessions.writing() as db:
            db.execute("DELETE FROM notices WHERE id = ?", [id])

    def retry(self, id: int, at: datetime, error: str) -> None:
        """It was not sent and may be tried again from `at`; `error` must not hold an answer's address."""
        with self._sessions.writing() as db:
            db.execute(
                "UPDATE notices SET attempts = attempts + 1, not_before = ?, error = ? WHERE id = ?",
                [stored(at), error, id],
            )

    def drop(self, id: int, why: str) -> None:
        """Give it up; `why` is one of a few words and counted."""
        with self._sessions.writing() as db:
            gone = db.execute("DELETE FROM notices WHERE id = ?", [id]).rowcount
            db.execute(_COUNT, [why, gone])

    def given_up(self) -> dict[str, int]:
        """How many notices were dropped since the beginning, by reason."""
        with self._sessions.reading() as db:
            return dict(db.execute("SELECT why, times FROM given_up ORDER BY why").fetchall())

    def drop_late_answers(self, now: datetime, limit: int = 500) -> None:
        """Answers that nobody can be given any more go, and their addresses with them."""
        with self._sessions.writing() as db:
            gone = db.execute(
                "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE kind = 'answer' AND at < ? LIMIT ?)",
                [stored(now - ANSWERABLE), limit],
            ).rowcount
            if gone:
                db.execute(_COUNT, ["too late", gone])


_COUNT = (
    "INSERT INTO given_up (why, times) VALUES (?, ?) ON CONFLICT (why) DO UPDATE SET times = times + excluded.times"
)
