"""Pages: repeated until somebody has them or the rollout has ended. Nothing is sent here."""

import logging
from datetime import datetime, timedelta

from sqlite_utils import Database

from rollout.notices import NeedsHuman
from rollout.people import Actor
from rollout.values import Frozen
from store.moments import moment, stored
from store.sessions import Sessions
from store.views import View

log = logging.getLogger(__name__)


class Page(Frozen):
    """A page that is to be sent now; `sent` counts how often it was already."""

    notice: NeedsHuman
    sent: int


class PageWrites(View):
    """Raising a page."""

    def raise_page(self, notice: NeedsHuman) -> None:
        """Page for a rollout, at once. The same text again before it is due once more changes nothing."""
        self._run(
            "INSERT INTO pages (rollout, told_at, next_at, text, body) VALUES (?1, ?2, ?2, ?3, ?4)"
            " ON CONFLICT (rollout) DO UPDATE SET told_at = ?2, next_at = ?2, text = ?3, body = ?4, sent = 0"
            " WHERE pages.text <> ?3 OR ?2 - pages.told_at >= ?5",
            notice.rollout, stored(notice.at), notice.text, notice.model_dump_json(),
            notice.every // timedelta.resolution,
        )  # fmt: skip

    def take_page(self, rollout: int, by: Actor, at: datetime) -> bool:
        """Somebody has it: no repeats, until another page is raised. False when none was waiting."""
        taken = self._run(
            "UPDATE pages SET next_at = NULL, told_at = ?, taken_by = ?"
            " WHERE rollout = ? AND next_at IS NOT NULL",
            stored(at), by.key, rollout,
        )  # fmt: skip
        return taken.rowcount == 1


class Pages:
    """Pages for whoever sends them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def waiting_pages(self, now: datetime, limit: int = 200) -> list[Page]:
        """Pages to send now, oldest first. A rollout that has ended is paged for once at most.

        One that cannot be read is not lost: what its row says besides is enough to call somebody.
        """
        with self._sessions.reading() as db:
            rows = db.execute(
                "SELECT pages.rollout, pages.body, pages.sent FROM pages JOIN rollouts ON rollouts.id = pages.rollout"
                " WHERE pages.next_at <= ? AND (rollouts.live = 1 OR pages.sent = 0)"
                " ORDER BY pages.next_at, pages.rollout LIMIT ?",
                [stored(now), limit],
            ).fetchall()
        found = [(_read(body) or self._mended(rollout), sent) for rollout, body, sent in rows]
        return [Page(notice=notice, sent=sent) for notice, sent in found if notice is not None]

    def page_sent(self, rollout: int, at: datetime) -> None:
        """It went out; the next is due as much later as the page itself says."""
        with self._sessions.writing() as db:
            row = db.execute("SELECT body FROM pages WHERE rollout = ?", [rollout]).fetchone()
            if row is None:
                return
            notice = _read(row[0]) or _mend(db, rollout)
            if notice is None:
                return
            again = at + notice.every
            db.execute(
                "UPDATE pages SET sent = sent + 1, next_at = ? WHERE rollout = ? AND next_at IS NOT NULL",
                [stored(again), rollout],
            )

    def page_taken(self, rollout: int, by: Actor, at: datetime) -> bool:
        """The same, in a transaction of its own."""
        with self._sessions.writing() as db:
            return PageWrites(db).take_page(rollout, by, at)

    def page_taker(self, rollout: int) -> tuple[str, datetime] | None:
        """Who has it, by key, and since when; None while nobody has."""
        with self._sessions.reading() as db:
            row = db.execute(
                "SELECT taken_by, told_at FROM pages WHERE rollout = ? AND next_at IS NULL AND taken_by <> ''",
                [rollout],
            ).fetchone()
        return (row[0], moment(row[1])) if row is not None else None

    def page_over(self, rollout: int) -> None:
        """Nothing needs a person any more."""
        with self._sessions.writing() as db:
            db.execute("DELETE FROM pages WHERE rollout = ?", [rollout])

    def _mended(self, rollout: int) -> NeedsHuman | None:
        with self._sessions.writing() as db:
            return _mend(db, rollout)


def _read(body: str) -> NeedsHuman | None:
    """A page as it was raised; None when it cannot be read."""
    try:
        return NeedsHuman.model_validate_json(body)
    except ValueError:
        return None


def _mend(db: Database, rollout: int) -> NeedsHuman | None:
    """Make an unreadable page readable by the row's own columns; dropped when those do not help either."""
    row = db.execute("SELECT text, told_at FROM pages WHERE rollout = ?", [rollout]).fetchone()
    if row is None:
        return None
    try:
        notice = NeedsHuman(rollout=rollout, text=row[0], at=moment(row[1]))
    except (ValueError, OverflowError):
        db.execute("DELETE FROM pages WHERE rollout = ?", [rollout])
        log.exception("the page for #%d could not be read and was given up", rollout)
        return None
    db.execute("UPDATE pages SET body = ? WHERE rollout = ?", [notice.model_dump_json(), rollout])
    log.error("the page for #%d could not be read: sent without its hint", rollout)
    return notice
