"""Messages that call for a person, after the call: who has it, that it is over, that the rollout has ended.

Sends no page: outbox.py does. A message that says so already is not touched again; used by the outbox thread only.
"""

import logging
from typing import Literal

from bot.clock import SystemClock
from bot.living import CLOSED, GONE
from bot.wire import Came, Wire
from handlers.blocks.events import page_closed
from rollout.model import Phase, Rollout
from rollout.notices import NeedsHuman
from store.cards import MOST_PAGES, CardPlace, PagePost
from store.outbox import Outbox as Queue

log = logging.getLogger(__name__)

CALM = frozenset(Phase) - {
    Phase.STUCK, Phase.PAUSED, Phase.WAITING, Phase.AWAITING_APPROVAL, Phase.ROLLING_BACK, Phase.RETIRING,
}  # fmt: skip
"""Phases in which a page that was sent need not be repeated: what called for a person has passed."""
KEPT = 500
"""Characters of its text."""


def calm(rollout: Rollout) -> bool:
    """Nobody has to come any more."""
    return rollout.phase in CALM and not rollout.failures


class PagePosts:
    """Remembers where pages stand, beside the card, and closes them."""

    def __init__(self, queue: Queue, wire: Wire, clock: SystemClock) -> None:
        self._queue, self._wire, self._clock = queue, wire, clock

    def note(self, notice: NeedsHuman, came: Came, empty: CardPlace) -> None:
        """This one was posted. `empty`: the place to begin with, where its rollout has no card."""
        place = self._queue.card(notice.rollout) or empty
        post = PagePost(channel=came.channel, ts=came.ts, text=notice.text[:KEPT], at=notice.at)
        self._queue.save_card(place.model_copy(update={"pages": (*place.pages, post)[-MOST_PAGES:]}))

    def close(self, rollout: Rollout) -> bool:
        """Make those that still call say what became of it. False when that has to wait."""
        place = self._queue.card(rollout.id)
        for index, post in enumerate(place.pages if place is not None else ()):
            says = self._says(rollout, post)
            if says == "calls" or post.says in (says, "ended"):
                continue
            if self._wire.wait("chat.update", post.channel, human=False) > 0:
                return False
            if not self._one(rollout, post, says):
                return False
            place = self._queue.card(rollout.id) or place
            if place is not None:
                told = post.model_copy(update={"says": says})
                pages = (*place.pages[:index], told, *place.pages[index + 1 :])
                self._queue.save_card(place.model_copy(update={"pages": pages}))
        return True

    def _says(self, rollout: Rollout, post: PagePost) -> Literal["calls", "taken", "over", "ended"]:
        """What called in the present phase is not over because that phase needs nobody by itself."""
        if not rollout.live:
            return "ended"
        if calm(rollout) and rollout.phase_at > post.at:
            return "over"
        return "taken" if self._queue.page_taker(rollout.id) is not None else "calls"

    def _one(self, rollout: Rollout, post: PagePost, says: str) -> bool:
        taker = self._queue.page_taker(rollout.id) if says == "taken" else None
        content = page_closed(post.text, post.at, rollout, taker, self._clock.now()).payload
        came = self._wire.update(post.channel, post.ts, content)
        if came.kind == "refused" and came.word not in GONE | CLOSED:
            log.error("a page for #%d cannot be closed: %s", rollout.id, came.word)
        return came.kind in ("done", "refused")  # deleted, or never to be changed: both need nothing more
