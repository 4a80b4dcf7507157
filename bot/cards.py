"""One living card per rollout: when there is one, where it goes, when it is given up. How it lives is living.py's."""

import logging
from typing import NamedTuple

from bot.clock import SystemClock
from bot.failpoints import Hit, never
from bot.living import Living, Points, Subject, Told
from bot.metrics import Metrics
from bot.patience import Patience
from bot.wire import Came, Wire
from handlers.blocks.card import card as card_message
from rollout.desk import Desk
from rollout.model import Phase, Rollout
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

    def shown(self, rollout: Rollout) -> bool:
        """Whether it gets a card: not while it is only looked at, nor when refused because of that look."""
        if rollout.phase is Phase.REFUSED:
            return rollout.candidate is not None
        return rollout.phase is not Phase.REQUESTED

    def address(self, rollout: Rollout, place: CardPlace | None) -> str:
        """Where its card is or would be; empty when it has nowhere to go."""
        return (place.channel if place else rollout.terms.channel) or self._person(rollout)

    def show(self, number: int, *, human: bool) -> bool:
        """Make the card equal to the state. True when it is; False when that has to wait."""
        place = self._queue.card(number)
        if not self._living.may(f"card {number}", place, human=human):
            return False
        view = self._desk.card(number)
        if place is None and not self.shown(view.rollout):
            return True
        one = _subject(view)
        place = place or CardPlace(rollout=number, channel=self.address(view.rollout, None))
        if not place.channel:
            return self._give_up(number, "no channel")
        return self._came(view, place, one, self._living.show(place, one))

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
        strays = place.strays if place else ()
        self._queue.save_card(CardPlace(rollout=view.rollout.id, channel=other, strays=strays))
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
        shows={"sent_version": rollout.version}, needed=rollout.live,
    )  # fmt: skip
