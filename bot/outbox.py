"""The one thread that tells people: takes notices from the store, shows the present state, sends, remembers.

Slack is the weakest effect and never delays a rollback: it shares no lock with a lane, nobody waits for it.
A notice stays in the store until it is sent, so a crash sends it again, never not at all. Cards: cards.py;
notices about alarms: alerts.py, taking turns with everything else, so that neither starves the other.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from bot.cards import Cards, Office
from bot.living import CLOSED
from bot.page_posts import calm
from bot.patience import Patience
from bot.wire import Came
from handlers.blocks.answers import answer as answer_message
from handlers.blocks.events import event as event_message
from handlers.blocks.events import page as page_message
from rollout.errors import NotFound
from rollout.model import Rollout
from rollout.notices import Answer, CardChanged, Event, NeedsHuman
from store.cards import CardPlace
from store.outbox import Queued

log = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds between two looks into the queue when nobody nudges."""
TURN = 200
"""Notices read from the store at once; a turn reads on until it has seen all that may be sent."""
CARD_FIRST = timedelta(seconds=10)
"""A page waits that long for the card under which it belongs."""
GIVE_UP = 12
"""Attempts after which a reply or an answer that Slack keeps refusing is given up; cards are never."""


class Pager(Protocol):
    """The way of a page that does not lead through Slack. Returns at once, never raises."""

    def __call__(self, notice: NeedsHuman, rollout: Rollout, number: int) -> None: ...


class Beside(NamedTuple):
    """What goes on beside the queue; the home channel takes what others do not."""

    home: Callable[[], str] = str
    alerts: Callable[[], None] = lambda: None
    """Sends notices about alarms; called in every turn while Slack is there."""
    told: Callable[[Event, CardPlace], None] = lambda _event, _place: None
    """An event is in its card's thread."""


class Rung(NamedTuple):
    """The calls of one page so far: on their own time, since Slack may be away for longer than they may wait."""

    at: datetime
    due: datetime
    times: int


class Outbox:
    """Sends what waits. `nudge()` after something was written makes it look at once."""

    def __init__(
        self, office: Office, *, mention: Callable[[], str] = str, pager: Pager | None = None,
        beside: Beside | None = None,
    ) -> None:  # fmt: skip
        self._queue, self._desk, self._wire, self._clock, self._metrics, _ = office
        self._mention = mention
        self._pager = pager
        self._home, self._alerts, self._told = beside or Beside()
        self._alerts_first = False
        self._patience = Patience(self._clock.monotonic)
        self._cards = Cards(office, self._patience)
        self._rung: dict[int, Rung] = {}  # rollout -> calls of its present page
        self._nudged = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def nudge(self) -> None:
        """Look at once."""
        self._nudged.set()

    def stop(self, deadline: float) -> bool:
        """Send what can be sent right now, then end; False when a call hangs for `deadline` seconds."""
        self._stopped.set()
        self._nudged.set()
        self._thread.join(deadline)
        return not self._thread.is_alive()

    def lag(self) -> float:
        """Age in seconds of the oldest notice that waits and has an age; cards have none."""
        now = self._clock.now()
        ages = [
            (now - each.created_at).total_seconds()
            for each in self._queue.pending(now, TURN)
            if each.created_at is not None
        ]
        return max(ages, default=0.0)

    def turn(self) -> None:
        """Send everything that may be sent now, people's first."""
        now = self._clock.now()
        for page in self._queue.waiting_pages(now):
            broken = f"page {page.notice.rollout} raises"
            if not self._patience.over(broken):
                continue
            try:
                self._page(page.notice, page.sent)
            except Exception:
                self._patience.tried(broken)
                log.exception("a page for #%d failed", page.notice.rollout)
        if not self._wire.back():
            return
        # One budget for edits: who comes first in a turn takes what has come together since the last one.
        self._alerts_first = not self._alerts_first
        for send in (self._alerts, self._notices) if self._alerts_first else (self._notices, self._alerts):
            send()

    def _notices(self) -> None:
        now, waiting = self._clock.now(), set[int]()
        some = self._queue.pending(now, TURN)
        while some:
            for queued in some:
                self._one(queued, waiting)
            # Read on: hundreds of replies that wait for one card must not hide what can be sent.
            some = self._queue.pending(now, TURN, after=some[-1], held=waiting)

    def _run(self) -> None:
        while True:
            last = self._stopped.is_set()
            try:
                self.turn()
            except Exception:
                # The store may be locked or the disk full; what waits is still there.
                log.exception("a turn of the outbox failed")
            if last:
                return
            self._nudged.wait(PAUSE)
            self._nudged.clear()

    def _one(self, queued: Queued, waiting: set[int]) -> None:
        """Send one notice if it may be sent now. `waiting`: rollouts whose earlier replies must go first."""
        notice = queued.notice
        if not self._patience.over(_key(queued)):
            if isinstance(notice, Event):
                waiting.add(notice.rollout)
            return
        try:
            if isinstance(notice, CardChanged):
                if self._cards.show(notice.rollout, human=queued.human):
                    self._done(queued)
            elif isinstance(notice, Event):
                if notice.rollout in waiting or not self._event(queued, notice):
                    waiting.add(notice.rollout)
            elif isinstance(notice, Answer):
                self._answer(queued, notice)
        except NotFound:
            self._drop(queued, "its rollout is gone")
        except Exception as error:
            if isinstance(notice, Event):
                waiting.add(notice.rollout)
            self._failed(queued, Came("refused", type(error).__name__))
            if isinstance(notice, Answer):  # only the kind: the text may quote its address
                log.warning("an answer failed: %s", type(error).__name__)
            else:
                log.exception("notice %d (%s) failed", queued.id, notice.kind)

    # -- replies and answers --------------------------------------------------------------------

    def _event(self, queued: Queued, notice: Event) -> bool:
        """One thread reply; False when it has to wait, and later ones of its rollout with it."""
        place = self._queue.card(notice.rollout)
        rollout = self._desk.card(notice.rollout).rollout
        if place is None or not place.ts:
            if not self._cards.address(rollout, place):
                self._drop(queued, "no channel")
                return True
            if not rollout.live and not self._queue.card_waits(rollout.id):
                self._drop(queued, "no card")
                return True
            return False
        content = event_message(notice, rollout).payload
        if not self._may(queued, "chat.postMessage", place.channel):
            return False
        came = self._wire.post(place.channel, content, thread=place.ts, broadcast=notice.loud)
        if came.kind == "done":
            self._told(notice, place)
        return self._settle(queued, came)

    def _answer(self, queued: Queued, notice: Answer) -> None:
        """A private answer at the address the request brought."""
        if not self._may(queued, "response_url", ""):
            return
        bound = None
        if notice.rollout is not None and notice.offer:
            bound = self._desk.card(notice.rollout).rollout.bound
        came = self._wire.answer(notice.reply, answer_message(notice, bound).payload)
        if came.kind == "refused":  # used up, expired, or the channel is gone: no second try will help
            self._drop(queued, "refused")
        else:
            self._settle(queued, came)

    def _may(self, queued: Queued, method: str, channel: str) -> bool:
        return self._wire.wait(method, channel, human=queued.human) <= 0

    def _settle(self, queued: Queued, came: Came) -> bool:
        """Strike it off, or have it wait. What may have arrived is sent again: twice is better than never."""
        if came.kind == "done":
            self._done(queued)
            return True
        if came.kind != "limited":
            self._failed(queued, came)
        return False

    def _done(self, queued: Queued) -> None:
        self._queue.done(queued.id)
        self._patience.forget(_key(queued))
        self._metrics.count("tidegate_outbox_sent_total", kind=queued.notice.kind)

    def _failed(self, queued: Queued, came: Came) -> None:
        tries = self._patience.tried(_key(queued))
        if came.kind != "away" and queued.notice.kind != "card" and tries >= GIVE_UP:
            self._drop(queued, came.word)

    def _drop(self, queued: Queued, why: str) -> None:
        gone = self._queue.drop(queued.id, why)
        self._patience.forget(_key(queued))
        if not gone:  # it went with its card
            return
        self._metrics.count("tidegate_outbox_dropped_total", kind=queued.notice.kind, why=why)
        log.warning("%s about #%s was given up: %s", queued.notice.kind, queued.notice.rollout, why)

    # -- pages ----------------------------------------------------------------------------------

    def _page(self, notice: NeedsHuman, sent: int) -> None:
        """SNS whether or not Slack is there, then a loud reply. Repeats end when the trouble has."""
        rollout = self._desk.card(notice.rollout).rollout
        if sent and calm(rollout):
            self._queue.page_over(notice.rollout)
            self._rung.pop(notice.rollout, None)
            return
        self._call(notice, rollout, sent, over=calm(rollout))
        key = f"page {notice.rollout}"
        place = self._queue.card(notice.rollout)
        channel, thread = self._where(rollout, place)
        if not channel:
            self._queue.page_sent(notice.rollout, self._clock.now())
            log.error("a page for #%d has no channel to go to", notice.rollout)
            return
        if not self._patience.over(key) or not self._wire.back():
            return
        if not thread and self._clock.now() < notice.at + CARD_FIRST:
            return
        if self._wire.wait("chat.postMessage", channel, human=True) > 0:
            return
        content: dict[str, Any] = page_message(notice, rollout, tuple(filter(None, [self._mention()]))).payload
        came = self._wire.post(channel, content, thread=thread, broadcast=True)
        home = self._home()
        if came.word in CLOSED and home not in ("", channel):
            log.error("channel %s takes no page for #%d (%s): it goes home", channel, notice.rollout, came.word)
            came = self._wire.post(home, content)
        if came.kind == "done":
            self._queue.page_sent(notice.rollout, self._clock.now())
            self._cards.paged(notice, rollout, came)
            self._patience.forget(key)
            self._metrics.count("tidegate_outbox_sent_total", kind="page")
        elif came.kind != "limited":
            self._patience.tried(key)
            log.error("a page for #%d did not reach Slack: %s", notice.rollout, came.word)

    def _where(self, rollout: Rollout, place: CardPlace | None) -> tuple[str, str]:
        """Channel and thread of a page. A card that went to a person for want of a channel calls nobody else."""
        channel = place.channel if place is not None else rollout.terms.channel
        home = self._home()
        if home and (not channel or channel[0] in "DUW"):
            return home, ""
        return channel, place.ts if place is not None else ""

    def _call(self, notice: NeedsHuman, rollout: Rollout, sent: int, *, over: bool) -> None:
        """One SNS publish per page, then one each time it is due again, however often Slack was told."""
        if self._pager is None:
            return
        now, rung = self._clock.now(), self._rung.get(notice.rollout)
        if rung is None or rung.at != notice.at:
            # After a restart nobody remembers the calls before it: as many as were due by then, and one more at once.
            rung = Rung(at=notice.at, due=now, times=max(sent, (now - notice.at) // notice.every))
        elif now < rung.due or over:
            return
        self._rung[notice.rollout] = Rung(notice.at, now + notice.every, rung.times + 1)
        self._pager(notice, rollout, rung.times)


def _key(queued: Queued) -> str:
    """What a failure is remembered under. A card's is its rollout's: each change gives its notice another id."""
    if isinstance(queued.notice, CardChanged):
        return f"card {queued.notice.rollout}"
    return f"notice {queued.id}"
