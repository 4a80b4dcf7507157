"""Rows of notices, written in the transaction that made them true. Taking them out is outbox.py's."""

from typing import assert_never

from rollout.notices import Answer, CardChanged, Event, NeedsHuman, Notice
from store.moments import stored
from store.pages import PageWrites


class NoticeWrites(PageWrites):
    """Queueing notices."""

    def tell(self, notice: Notice) -> None:
        """Queue a notice. At most one card notice per rollout waits; what a person waits for goes first."""
        match notice:
            case CardChanged():
                self._tell_card(notice)
            case Event():
                self._tell_event(notice)
            case Answer():
                self._queue(notice, human=True)
            case NeedsHuman():
                self.raise_page(notice)
            case _:
                assert_never(notice)

    def _tell_card(self, notice: CardChanged) -> None:
        body = notice.model_dump_json()
        fresh = self._run(
            "INSERT INTO notices (kind, rollout, human, body) VALUES ('card', ?, ?, ?)"
            " ON CONFLICT (rollout) WHERE kind = 'card' DO NOTHING",
            notice.rollout, notice.human, body,
        )  # fmt: skip
        if fresh.rowcount == 1:
            return
        # The waiting notice gets a new id but keeps its place: `done` of the old id, whose card was rendered
        # before this change, then does not swallow the change.
        waiting = self._run(
            "DELETE FROM notices WHERE kind = 'card' AND rollout = ?"
            " RETURNING coalesce(place, id), human, attempts, not_before",
            notice.rollout,
        ).fetchall()
        place, waited_for, attempts, not_before = waiting[0]
        human = bool(waited_for) or notice.human
        self._run(
            "INSERT INTO notices (place, kind, rollout, human, attempts, not_before, body)"
            " VALUES (?, 'card', ?, ?, ?, ?, ?)",
            place, notice.rollout, human, attempts, not_before,
            notice.model_copy(update={"human": human}).model_dump_json(),
        )  # fmt: skip

    def _tell_event(self, notice: Event) -> None:
        human = notice.loud or notice.by is not None
        if human:  # it must not overtake older replies of its thread: they go first with it
            self._run("UPDATE notices SET human = 1 WHERE kind = 'event' AND rollout = ? AND human = 0", notice.rollout)
        self._queue(notice, human=human)

    def _queue(self, notice: Event | Answer, *, human: bool) -> None:
        self._run(
            "INSERT INTO notices (kind, rollout, human, at, body) VALUES (?, ?, ?, ?, ?)",
            notice.kind, notice.rollout, human, stored(notice.at), notice.model_dump_json(),
        )  # fmt: skip
