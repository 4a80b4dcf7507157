"""The queue of notices for the one thread that sends: in what order, until when, and that nothing gets lost.

A notice stays until it is `done` or dropped: a crash between sending and `done` sends it twice, not never.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from pydantic import Field, TypeAdapter

from rollout.notices import Notice
from rollout.values import Frozen, Moment
from store.asks import ANSWERABLE
from store.cards import Cards
from store.moments import moment, moment_or_none, stored
from store.pages import Pages
from store.sessions import Sessions

log = logging.getLogger(__name__)

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
    place: int
    """Where it stands among those that are as urgent."""


class Outbox(Cards, Pages):
    """What people should learn: the queue, the cards' places, the pages."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self._sessions = sessions

    def pending(
        self, now: datetime, limit: int = 50, *, after: Queued | None = None, held: Iterable[int] = ()
    ) -> list[Queued]:
        """What may be sent now: first what a person waits for, then the oldest. Late answers are left out.

        The next page comes `after` the last one of this; empty when there is no more. Replies of rollouts that
        are `held` take no room in it. What cannot be read is dropped and counted: it must not stop the others.
        """
        human, place = (after.human, after.place) if after else (True, -1)
        with self._sessions.reading() as db:
            rows = db.execute(
                _PENDING,
                [stored(now), stored(now - ANSWERABLE), human, human, place, str(sorted(held)), limit],
            ).fetchall()
        found = [(row[0], _queued(row)) for row in rows]
        unreadable = [number for number, queued in found if queued is None]
        for number in unreadable:
            self.drop(number, "unreadable")
            log.error("notice %d could not be read and was given up", number)  # no more: it may hold an address
        readable = [queued for _, queued in found if queued is not None]
        if unreadable and not readable:
            return self.pending(now, limit, after=after, held=held)
        return readable

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

    def drop(self, id: int, why: str) -> int:
        """Give it up; `why` is one of a few words and counted. How many went: 0 when it was gone before."""
        with self._sessions.writing() as db:
            gone = db.execute("DELETE FROM notices WHERE id = ?", [id]).rowcount
            db.execute(_COUNT, [why, gone])
        return gone

    def drop_replies(self, rollout: int, why: str) -> int:
        """Give up every reply that waits for the card of this rollout, which will not come; how many."""
        with self._sessions.writing() as db:
            gone = db.execute("DELETE FROM notices WHERE kind = 'event' AND rollout = ?", [rollout]).rowcount
            if gone:
                db.execute(_COUNT, [why, gone])
        return gone

    def card_waits(self, rollout: int) -> bool:
        """Whether the card of this rollout still has to be made equal to its state."""
        with self._sessions.reading() as db:
            found = db.execute("SELECT 1 FROM notices WHERE kind = 'card' AND rollout = ?", [rollout])
            return found.fetchone() is not None

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


_PENDING = (
    "SELECT id, body, human, attempts, at, not_before, coalesce(place, id) FROM notices WHERE not_before <= ?"
    " AND NOT (kind = 'answer' AND at < ?) AND (human < ? OR (human = ? AND coalesce(place, id) > ?))"
    " AND NOT (kind = 'event' AND rollout IN (SELECT value FROM json_each(?)))"
    " ORDER BY human DESC, coalesce(place, id) LIMIT ?"
)
_COUNT = (
    "INSERT INTO given_up (why, times) VALUES (?, ?) ON CONFLICT (why) DO UPDATE SET times = times + excluded.times"
)


def _queued(row: tuple[int, str, int, int, int | None, int, int]) -> Queued | None:
    """One row; None when it cannot be read."""
    number, body, human, attempts, at, not_before, place = row
    try:
        return Queued(
            id=number, notice=_NOTICE.validate_json(body), human=bool(human), attempts=attempts,
            created_at=moment_or_none(at), not_before=moment(not_before), place=place,
        )  # fmt: skip
    except (ValueError, OverflowError):  # pydantic's is a ValueError and quotes the row: it is not repeated
        return None
