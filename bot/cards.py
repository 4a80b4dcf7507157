"""One living card per rollout: posted once, then kept equal to the state. Nothing else is sent from here.

A post has no key on Slack's side: when its reply is lost nobody knows whether the card is there, and the bot
may not read channels. So it is noted before the post that one is under way; after a lost reply we wait, then
post once more, and the newest message is the card: at most one stray per lost reply. While all
replies get lost the waiting bounds the strays: one in five minutes.
"""

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any, NamedTuple

from bot.clock import SystemClock
from bot.failpoints import Hit, never
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

LOST = timedelta(seconds=30)
"""How long after a post without a reply the next one waits; doubled with each further one, up to LONGEST."""
LONGEST = timedelta(minutes=5)
"""A live rollout's card is never given up for lost posts: people need its buttons as soon as Slack is well."""
UNKNOWN = "?"
"""Stands among the strays for a post whose reply was lost: perhaps there is none."""
MOST_STRAYS = 5
"""After so many cards that vanished no new one is posted: somebody does not want it there. Nor after so many
lost posts, once the rollout is over."""

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
CLOSED = frozenset(
    {"channel_not_found", "is_archived", "not_in_channel", "restricted_action", "missing_scope"}
)
UNFIT = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "too_many_attachments"}
)


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
        self._queue, self._desk, self._wire, self._clock, self._metrics, self._hit = office
        self._patience = patience
        self._sent: dict[int, str] = {}  # rollout -> hash of what its card shows
        self._plain: set[int] = set()  # Slack refused the blocks: a bug, but people must still see the state

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
        if not self._patience.over(f"card {number}"):
            return False
        # Asked before anything is drawn: fifty cards that wait for the budget cost nothing.
        if place and place.ts and self._wire.wait("chat.update", place.channel, human=human) > 0:
            return False
        view = self._desk.card(number)
        if place is None and not self.shown(view.rollout):
            return True
        content = self._content(view)
        if place is None or not place.ts:
            return self._post(view, place, content)
        return self._update(view, place, content)

    def _content(self, view: CardView) -> dict[str, Any]:
        content = card_message(view).payload
        if view.rollout.id in self._plain:
            content = {"text": str(content["text"])[:3000], "blocks": []}
        return content

    # -- an existing card -----------------------------------------------------------------------

    def _update(self, view: CardView, place: CardPlace, content: dict[str, Any]) -> bool:
        number, digest = view.rollout.id, _digest(content)
        if self._sent.get(number) == digest:
            return True
        self._hit("T6")
        came = self._wire.update(place.channel, place.ts, content)
        if came.kind == "done":
            self._queue.save_card(place.model_copy(update={"sent_version": view.rollout.version}))
            return self._showing(number, digest)
        if came.word in GONE | CLOSED:
            return self._moved(view, place, came)
        return self._not_shown(number, came)

    def _moved(self, view: CardView, place: CardPlace, came: Came) -> bool:
        """The card cannot be changed any more: deleted, or its channel closed. A new one takes its place."""
        strays = (*place.strays, place.ts)[-20:]
        log.warning("the card of #%d is gone: %s", view.rollout.id, came.word)
        if len(strays) - strays.count(UNKNOWN) > MOST_STRAYS:
            return self._give_up(view.rollout.id, came.word)
        self._queue.save_card(place.model_copy(update={"ts": "", "posting_since": None, "strays": strays}))
        if came.word in CLOSED:
            return self._elsewhere(view, place.channel, came)
        return False

    # -- a new card -----------------------------------------------------------------------------

    def _post(self, view: CardView, place: CardPlace | None, content: dict[str, Any]) -> bool:
        rollout, now = view.rollout, self._clock.now()
        place = place or CardPlace(rollout=rollout.id, channel=self.address(rollout, None))
        if not place.channel:
            return self._give_up(rollout.id, "no channel")
        if place.posting_since is not None:
            if now < place.posting_since + min(LOST * 2 ** min(len(place.strays), 5), LONGEST):
                return False
            place = place.model_copy(update={"strays": (*place.strays, UNKNOWN)[-20:]})
        if not rollout.live and place.strays.count(UNKNOWN) > MOST_STRAYS:
            return self._give_up(rollout.id, "posts get lost")
        if self._wire.wait("chat.postMessage", place.channel, human=True) > 0:
            return False
        self._queue.save_card(place.model_copy(update={"posting_since": now}))
        self._hit("B1")
        came = self._wire.post(place.channel, content)
        self._hit("B2")
        return self._posted(view, place, content, came)

    def _posted(self, view: CardView, place: CardPlace, content: dict[str, Any], came: Came) -> bool:
        number = view.rollout.id
        if came.kind == "lost":
            log.warning("nobody knows whether the card of #%d was posted: %s", number, came.word)
            return False
        settled = place.model_copy(update={"posting_since": None})
        if came.kind == "done":
            shows = {"channel": came.channel, "ts": came.ts, "sent_version": view.rollout.version}
            self._queue.save_card(settled.model_copy(update=shows))
            return self._showing(number, _digest(content))
        self._queue.save_card(settled)
        if came.word in CLOSED:
            return self._elsewhere(view, place.channel, came)
        return self._not_shown(number, came)

    def _elsewhere(self, view: CardView, channel: str, came: Came) -> bool:
        """The channel takes nothing: the person who asked gets the card, so that somebody has the buttons."""
        other = self._person(view.rollout)
        log.error(
            "channel %s takes no card of #%d (%s): invite the bot, or correct `channel` of %s",
            channel, view.rollout.id, came.word, view.rollout.app,
        )  # fmt: skip
        if not other or channel == other or channel.startswith("D"):
            return self._not_shown(view.rollout.id, came)
        place = self._queue.card(view.rollout.id)
        strays = place.strays if place else ()
        self._queue.save_card(CardPlace(rollout=view.rollout.id, channel=other, strays=strays))
        return False

    def _person(self, rollout: Rollout) -> str:
        """A person's id is an address, too: their conversation with the bot."""
        return rollout.by.id if rollout.by.kind == "person" else ""

    # -- outcomes -------------------------------------------------------------------------------

    def _showing(self, number: int, digest: str) -> bool:
        self._sent[number] = digest
        self._patience.forget(f"card {number}")
        return True

    def _not_shown(self, number: int, came: Came) -> bool:
        """Try again later; without blocks, when Slack does not take them."""
        if came.word in UNFIT and number not in self._plain:
            log.error("Slack refused the blocks of the card of #%d (%s): text only now", number, came.word)
            self._plain.add(number)
            return False
        if came.kind != "limited":
            self._patience.tried(f"card {number}")
            log.warning("the card of #%d was not sent: %s", number, came.word)
        return False

    def _give_up(self, number: int, why: str) -> bool:
        """Its replies go with it: without a card there is no thread."""
        self._metrics.count("tidegate_outbox_dropped_total", kind="card", why=why)
        if gone := self._queue.drop_replies(number, why):
            self._metrics.count("tidegate_outbox_dropped_total", gone, kind="event", why=why)
        log.error("the card of #%d is given up: %s", number, why)
        return True


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
