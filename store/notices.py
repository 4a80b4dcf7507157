"""Rows of notices, written in the transaction that made them true. Sending them is the outbox's (outbox.py)."""

from datetime import timedelta
from typing import assert_never

from rollout.notices import Answer, CardChanged, Event, NeedsHuman, Notice
from store.moments import stored
from store.views import View

REPEAT = timedelta(minutes=30)
"""A page is repeated that often until somebody has it."""


class NoticeWrites(View):
    """Queueing notices."""

    def tell(self, notice: Notice) -> None:
        """Queue a notice. One card notice per rollout waits at most; one that a person waits for goes first."""
        if isinstance(notice, CardChanged):
            self._tell_card(notice)
        elif isinstance(notice, Event):
            self._tell_event(notice)
        elif isinstance(notice, Answer):
            self._queue(notice, human=True)
        elif isinstance(notice, NeedsHuman):
            self._tell_page(notice)
        else:
            assert_never(notice)

    def _tell_card(self, notice: CardChanged) -> None:
        # The waiting notice gets a new id but keeps its place, so that `done` of the old id, whose card was rendered
        # before this change, does not swallow the change.
        waiting = self._run(
            "DELETE FROM notices WHERE kind = 'card' AND rollout = ? RETURNING id, place, human, attempts, not_before",
            notice.rollout,
        ).fetchone()
        if waiting is None:
            self._queue(notice, human=notice.human)
            return
        id, place, human, attempts, not_before = waiting
        human = bool(human or notice.human)
        self._run(
            "INSERT INTO notices (place, kind, rollout, human, attempts, not_before, body)"
            " VALUES (?, 'card', ?, ?, ?, ?, ?)",
            place or id, notice.rollout, human, attempts, not_before,
            notice.model_copy(update={"human": human}).model_dump_json(),
        )  # fmt: skip

    def _tell_event(self, notice: Event) -> None:
        human = notice.loud or notice.by is not None
        if human:  # it must not overtake older replies of its thread: they go first with it
            self._run("UPDATE notices SET human = 1 WHERE kind = 'event' AND rollout = ?", notice.rollout)
        self._queue(notice, human=human)

    def _tell_page(self, notice: NeedsHuman) -> None:
        # The same page again while it is waiting or taken changes nothing; another text is another trouble.
        self._run(
            "INSERT INTO pages (rollout, next_at, body) VALUES (?, ?, ?) ON CONFLICT (rollout) DO UPDATE"
            " SET next_at = excluded.next_at, sent = 0, taken_at = NULL, taken_by = NULL, body = excluded.body"
            " WHERE json_extract(pages.body, '$.text') <> json_extract(excluded.body, '$.text')",
            notice.rollout, stored(notice.at), notice.model_dump_json(),
        )  # fmt: skip

    def _queue(self, notice: CardChanged | Event | Answer, *, human: bool) -> None:
        at = None if isinstance(notice, CardChanged) else stored(notice.at)
        self._run(
            "INSERT INTO notices (kind, rollout, human, at, body) VALUES (?, ?, ?, ?, ?)",
            notice.kind, notice.rollout, human, at, notice.model_dump_json(),
        )  # fmt: skip
