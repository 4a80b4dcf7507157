"""A message that is posted once and then kept equal to a state: cards and notices about alarms. Draws nothing itself.

A post has no key on Slack's side: when its reply is lost nobody knows whether the message is there, and the bot
may not read channels. So it is noted before the post that one is under way; after a lost reply we wait, then
post once more, and the newest message counts: at most one stray per lost reply. While all
replies get lost the waiting bounds the strays: one in five minutes.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, NamedTuple, Protocol, Self, TypeVar

from bot.clock import SystemClock
from bot.failpoints import Hit
from bot.patience import Patience
from bot.wire import Came, Wire

log = logging.getLogger(__name__)

LOST = timedelta(seconds=30)
"""How long after a post without a reply the next one waits; doubled with each further one, up to LONGEST."""
LONGEST = timedelta(minutes=5)
"""A message that somebody needs is never given up for lost posts: its buttons must be there once Slack is well."""
UNKNOWN = "?"
"""Stands among the strays for a post whose reply was lost: perhaps there is none."""
MOST_STRAYS = 5
"""After so many messages that vanished no new one is posted: somebody does not want it there. Nor after so many
lost posts, once nobody needs it any more."""

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
CLOSED = frozenset(
    {"channel_not_found", "is_archived", "not_in_channel", "restricted_action", "missing_scope"}
)
UNFIT = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "too_many_attachments"}
)


class Place(Protocol):
    """Where a message stands, as stored. `posting_since` without a `ts`: a post was sent, its reply is not known."""

    @property
    def channel(self) -> str: ...
    @property
    def ts(self) -> str: ...
    @property
    def posting_since(self) -> datetime | None: ...
    @property
    def strays(self) -> tuple[str, ...]: ...
    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self: ...


P = TypeVar("P", bound=Place)


class Subject(NamedTuple):
    """What the message should show now."""

    key: str
    """What its failures are remembered under."""
    title: str
    """How the log calls it."""
    content: dict[str, Any]
    shows: Mapping[str, Any]
    """Fields of the place once it shows this, e.g. the version."""
    needed: bool = True
    """False once nobody waits for it: then lost posts may end it."""
    trial: bool = False
    """Something in the content may be refused for a while: the owner is told, and it does not fall to text only."""


class Told(NamedTuple):
    """shown (`came` has a ts where a call was needed); later: try again; closed: the channel takes nothing;
    unwanted: it vanished too often; lost: too many posts without a reply; unfit: Slack refused a trial.
    """

    kind: Literal["shown", "later", "closed", "unwanted", "lost", "unfit"]
    came: Came = Came("done")


LATER = Told("later")


class Points(NamedTuple):
    """The names of the failpoints on the way."""

    before: str
    after: str
    edit: str = ""


class Living(Generic[P]):
    """Keeps messages of one kind. Used by the outbox thread only."""

    def __init__(
        self,
        wire: Wire,
        clock: SystemClock,
        patience: Patience,
        save: Callable[[P], None],
        failpoints: tuple[Hit, Points],
    ) -> None:
        self._wire, self._clock, self._patience, self._save = wire, clock, patience, save
        self._hit, self._points = failpoints
        self._sent: dict[str, str] = {}  # key -> hash of what its message shows
        self._plain: set[str] = set()  # Slack refused the blocks: a bug, but people must still see the state

    def may(self, key: str, place: P | None, *, human: bool) -> bool:
        """Whether it makes sense to draw it now: fifty messages that wait for the budget cost nothing."""
        if not self._patience.over(key):
            return False
        return not (place and place.ts and self._wire.wait("chat.update", place.channel, human=human) > 0)

    def show(self, place: P, one: Subject) -> Told:
        """Make the message equal to `one`: post it, or edit it."""
        if one.key in self._plain:
            one = one._replace(content={"text": str(one.content["text"])[:3000], "blocks": []})
        return self._update(place, one) if place.ts else self._post(place, one)

    def failed(self, one: Subject, came: Came) -> Told:
        """Try again later; without blocks, when Slack does not take them."""
        if came.word in UNFIT and one.trial:
            return Told("unfit", came)
        if came.word in UNFIT and one.key not in self._plain:
            log.error("Slack refused the blocks of %s (%s): text only now", one.title, came.word)
            self._plain.add(one.key)
            return LATER
        if came.kind != "limited":
            self._patience.tried(one.key)
            log.warning("%s was not sent: %s", one.title, came.word)
        return LATER

    def forget(self, key: str) -> None:
        """It will not change any more."""
        self._sent.pop(key, None)
        self._plain.discard(key)
        self._patience.forget(key)

    # -- an existing message --------------------------------------------------------------------

    def _update(self, place: P, one: Subject) -> Told:
        digest = _digest(one.content)
        if self._sent.get(one.key) == digest:
            if any(getattr(place, name) != value for name, value in one.shows.items()):
                self._save(place.model_copy(update=one.shows))
            return Told("shown")
        if self._points.edit:
            self._hit(self._points.edit)
        came = self._wire.update(place.channel, place.ts, one.content)
        if came.kind == "done":
            self._save(place.model_copy(update=one.shows))
            return self._showing(one, digest, came)
        if came.word in GONE | CLOSED:
            return self._moved(place, one, came)
        return self.failed(one, came)

    def _moved(self, place: P, one: Subject, came: Came) -> Told:
        """It cannot be changed any more: deleted, or its channel closed. A new one takes its place."""
        strays = (*place.strays, place.ts)[-20:]
        log.warning("%s is gone: %s", one.title, came.word)
        if len(strays) - strays.count(UNKNOWN) > MOST_STRAYS:
            return Told("unwanted", came)
        self._save(place.model_copy(update={"ts": "", "posting_since": None, "strays": strays}))
        return Told("closed", came) if came.word in CLOSED else LATER

    # -- a new one ------------------------------------------------------------------------------

    def _post(self, place: P, one: Subject) -> Told:
        now = self._clock.now()
        if place.posting_since is not None:
            if now < place.posting_since + min(LOST * 2 ** min(len(place.strays), 5), LONGEST):
                return LATER
            place = place.model_copy(update={"strays": (*place.strays, UNKNOWN)[-20:]})
        if not one.needed and place.strays.count(UNKNOWN) > MOST_STRAYS:
            return Told("lost")
        if self._wire.wait("chat.postMessage", place.channel, human=True) > 0:
            return LATER
        self._save(place.model_copy(update={"posting_since": now}))
        self._hit(self._points.before)
        came = self._wire.post(place.channel, one.content)
        self._hit(self._points.after)
        return self._posted(place, one, came)

    def _posted(self, place: P, one: Subject, came: Came) -> Told:
        if came.kind == "lost":
            log.warning("nobody knows whether %s was posted: %s", one.title, came.word)
            return LATER
        settled = place.model_copy(update={"posting_since": None})
        if came.kind == "done":
            self._save(settled.model_copy(update={"channel": came.channel, "ts": came.ts, **one.shows}))
            return self._showing(one, _digest(one.content), came)
        self._save(settled)
        return Told("closed", came) if came.word in CLOSED else self.failed(one, came)

    def _showing(self, one: Subject, digest: str, came: Came) -> Told:
        self._sent[one.key] = digest
        self._patience.forget(one.key)
        return Told("shown", came)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
