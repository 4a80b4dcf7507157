"""Pages: repeated until somebody has them or the rollout has ended. Nothing is sent here."""

from datetime import datetime, timedelta

from rollout.notices import NeedsHuman
from rollout.people import Actor
from rollout.values import Frozen
from store.moments import stored
from store.sessions import Sessions
from store.views import View


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

    def waiting_pages(self, now: datetime, limit: int = 50) -> list[Page]:
        """Pages to send now, oldest first. A rollout that has ended is paged for once at most."""
        with self._sessions.reading() as db:
            rows = db.execute(
                "SELECT pages.body, pages.sent FROM pages JOIN rollouts ON rollouts.id = pages.rollout"
                " WHERE pages.next_at <= ? AND (rollouts.live = 1 OR pages.sent = 0)"
                " ORDER BY pages.next_at, pages.rollout LIMIT ?",
                [stored(now), limit],
            ).fetchall()
        return [Page(notice=NeedsHuman.model_validate_json(body), sent=sent) for body, sent in rows]

    def page_sent(self, rollout: int, at: datetime) -> None:
        """It went out; the next is due as much later as the page itself says."""
        with self._sessions.writing() as db:
            row = db.execute("SELECT body FROM pages WHERE rollout = ?", [rollout]).fetchone()
            if row is None:
                return
            again = at + NeedsHuman.model_validate_json(row[0]).every
            db.execute(
                "UPDATE pages SET sent = sent + 1, next_at = ? WHERE rollout = ? AND next_at IS NOT NULL",
                [stored(again), rollout],
            )

    def page_taken(self, rollout: int, by: Actor, at: datetime) -> bool:
        """The same, in a transaction of its own."""
        with self._sessions.writing() as db:
            return PageWrites(db).take_page(rollout, by, at)

    def page_over(self, rollout: int) -> None:
        """Nothing needs a person any more."""
        with self._sessions.writing() as db:
            db.execute("DELETE FROM pages WHERE rollout = ?", [rollout])
