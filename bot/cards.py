"""One living card per rollout: when there is one, where it goes, when it is given up. How it lives is living.py's."""

import logging
from typing import NamedTuple

from bot.clock import SystemClock
from bot.failpoints import Hit, never
from bot.living import Living, Points, Subject, Told
from bot.metrics import Metrics
from bot.page_posts import PagePosts
from bot.patience import Patience
from bot.wire import Came, Wire
from handlers.blocks.card import card as card_message
from rollout.anew import WITHOUT_TRAFFIC
from rollout.desk import Desk
from rollout.model import Phase, Rollout
from rollout.notices import NeedsHuman
from rollout.reports import CardView
from store.cards import CardPlace
from store.outbox import Outbox as Queue

log = logging.getLogger(__name__)


class Office(NamedTuple):
    """What the outbox works with."""

    queue: Queue
    desk: Desk
    wire: Wire
    clock: SystemClock
    metrics: Metrics
    hit: Hit = never


class Cards:
    """Keeps cards equal to rollouts. Used by the outbox thread only."""

    def __init__(self, office: Office, patience: Patience) -> None:
        self._queue, self._desk, self._metrics = office.queue, office.desk, office.metrics
        points = (office.hit, Points(edit="T6", before="B1", after="B2"))
        self._living = Living(office.wire, office.clock, patience, office.queue.save_card, points)
        self._pages = PagePosts(office.queue, office.wire, office.clock)
        self._after: set[tuple[int, bool]] = set()  # whose older cards were looked at: since it began, since its end

    def shown(self, rollout: Rollout) -> bool:
        """Whether it gets a card: not while it is only looked at, nor when refused because of that look."""
        if rollout.phase is Phase.REFUSED:
            return rollout.candidate is not None
        return rollout.phase is not Phase.REQUESTED

    def address(self, rollout: Rollout, place: CardPlace | None) -> str:
        """Where its card is or would be; empty when it has nowhere to go."""
        return (place.channel if place else rollout.terms.channel) or self._person(rollout)

    def show(self, number: int, *, human: bool) -> bool:
        """Make the card equal to the state, and what depends on it. True when it is; False when that has to wait."""
        place = self._queue.card(number)
        if not self._living.may(f"card {number}", place, human=human):
            return False
        view = self._desk.card(number)
        shown = self._show(view, place)
        self._older(view.rollout)
        return self._pages.close(view.rollout) and shown

    def paged(self, notice: NeedsHuman, rollout: Rollout, came: Came) -> None:
        """A call for a person about it was posted."""
        self._pages.note(notice, came, CardPlace(rollout=rollout.id, channel=self.address(rollout, None)))

    def _show(self, view: CardView, place: CardPlace | None) -> bool:
        if place is None and not self.shown(view.rollout):
            return True
        one = _subject(view)
        place = place or CardPlace(rollout=view.rollout.id, channel=self.address(view.rollout, None))
        if not place.channel:
            return self._give_up(view.rollout.id, "no channel")
        return self._came(view, place, one, self._living.show(place, one))

    def _older(self, rollout: Rollout) -> None:
        """Buttons that a newer rollout of the target takes away, or gives back by ending without traffic.

        Done in passing: what has to wait is tried again with the next change.
        """
        key = (rollout.id, rollout.live)
        if key in self._after or rollout.phase is Phase.REQUESTED:
            return
        plain = rollout.phase in WITHOUT_TRAFFIC
        done = [self._redraw(number) for number in self._queue.older_cards(rollout.id, plain=plain)]
        if all(done):
            self._after = {one for one in self._after if one[0] != rollout.id} | {key}

    def _redraw(self, number: int) -> bool:
        """One that was deleted is not posted anew: nobody needs it."""
        place = self._queue.card(number)
        if place is None or not place.ts:
            return True
        if not self._living.may(f"card {number}", place, human=False):
            return False
        return self._living.show(place, _subject(self._desk.card(number))).kind == "shown"

    def _came(self, view: CardView, place: CardPlace, one: Subject, told: Told) -> bool:
        match told.kind:
            case "closed":
                return self._elsewhere(view, place.channel, one, told.came)
            case "unwanted":
                return self._give_up(view.rollout.id, told.came.word)
            case "lost":
                return self._give_up(view.rollout.id, "posts get lost")
        return told.kind == "shown"

    def _elsewhere(self, view: CardView, channel: str, one: Subject, came: Came) -> bool:
        """The channel takes nothing: the person who asked gets the card, so that somebody has the buttons."""
        other = self._person(view.rollout)
        log.error(
            "channel %s takes no card of #%d (%s): invite the bot, or correct `channel` of %s",
            channel, view.rollout.id, came.word, view.rollout.app,
        )  # fmt: skip
        if not other or channel == other or channel.startswith("D"):
            self._living.failed(one, came)
            return False
        place = self._queue.card(view.rollout.id)
        kept = {"strays": place.strays, "pages": place.pages} if place else {}
        self._queue.save_card(CardPlace(rollout=view.rollout.id, channel=other).model_copy(update=kept))
        return False

    def _person(self, rollout: Rollout) -> str:
        """A person's id is an address, too: their conversation with the bot."""
        return rollout.by.id if rollout.by.kind == "person" else ""

    def _give_up(self, number: int, why: str) -> bool:
        """Its replies go with it: without a card there is no thread."""
        self._metrics.count("tidegate_outbox_dropped_total", kind="card", why=why)
        if gone := self._queue.drop_replies(number, why):
            self._metrics.count("tidegate_outbox_dropped_total", gone, kind="event", why=why)
        log.error("the card of #%d is given up: %s", number, why)
        return True


def _subject(view: CardView) -> Subject:
    rollout = view.rollout
    return Subject(
        key=f"card {rollout.id}", title=f"the card of #{rollout.id}", content=card_message(view).payload,
        shows={"sent_version": rollout.version, "buttons": bool(view.moves)}, needed=rollout.live,
    )  # fmt: skip
