"""One living message per notice about alarms. When one is due is telling.py's, how it lives living.py's.

Level-triggered: what is newer than what is shown is drawn as it is now, so nothing old is ever sent late. A notice
that flaps is edited every few seconds at most. What a graph or its upload does never delays the words.
"""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, Protocol

from bot.cards import Office
from bot.living import Living, Points, Subject, Told
from bot.patience import Patience
from bot.telling import due
from handlers.blocks.alert import alert as alert_message
from rollout.alarms.model import Alert
from rollout.alarms.views import AlertView
from rollout.errors import NotFound
from store import Store
from store.alert_places import AlertPlace

log = logging.getLogger(__name__)

PAGE = 200
CALM = 5.0
"""Seconds between two edits of one message; what a person pressed is shown at once."""
AGAIN = 5.0
"""Seconds between two comparisons of an open notice with its message: a rollout beside it may have moved on."""
IMAGE_AFTER = 4.0
"""Seconds after which a new picture is tried within the message: Slack shows it in the thread first."""
IMAGE_TRIES = 4
"""How often a picture that Slack refuses is tried within the message; then it stays in the thread alone."""
IN_VAIN = 60.0
"""Seconds for a card that tells a red alarm to stand in its channel; then the alarm's own notice comes."""
PAGED = "sns"
"""Stands among the closed channels once somebody was paged instead: once per notice."""


class Graphs(Protocol):
    """The graph worker. Returns at once."""

    def look(self, alert: Alert) -> None:
        """Make the graph that this notice lacks, if it lacks one."""
        ...


class Newsroom(NamedTuple):
    """What notices need beyond the outbox's own office."""

    store: Store
    view: Callable[[int], AlertView]
    home: Callable[[], str] = str
    """The channel that takes what others do not."""
    page: Callable[[str, str], None] | None = None
    """(subject, text): the way that does not lead through Slack."""
    graphs: Graphs | None = None


class Alerts:
    """Keeps messages equal to notices. `turn` is the outbox thread's; `pressed` anybody's."""

    def __init__(self, office: Office, room: Newsroom, patience: Patience) -> None:
        self._store, self._view, self._home, self._page, self._graphs = room
        self._places = room.store.alerts
        self._wire, self._monotonic, self._metrics = office.wire, office.clock.monotonic, office.metrics
        self._patience = patience
        points = (office.hit, Points(before="N1", after="N2"))
        self._living: Living[AlertPlace] = Living(office.wire, office.clock, patience, self._places.save, points)
        self._lock = threading.Lock()
        self._pressed: set[int] = set()
        self._not_before: dict[int, float] = {}
        self._edited: dict[int, float] = {}
        self._silenced: set[int] = set()  # held back by a mute; after a restart seen anew while the mute holds
        self._images: dict[int, tuple[str, float]] = {}  # its picture, and when that may be shown
        self._refused: dict[int, int] = {}  # how often Slack refused the picture of its message
        self._vain: dict[int, float] = {}  # told by cards that are nowhere: since when that is seen
        self._compare_at = 0.0

    def pressed(self, alert: int) -> None:
        """A person changed it: its next edit goes first."""
        with self._lock:
            self._pressed.add(alert)

    def turn(self) -> None:
        """Send everything that may be sent now, what a person waits for first."""
        with self._lock:
            pressed = sorted(self._pressed)
        # Whose last edit is longest ago goes first: a few that flap must not keep the others from being told.
        rest = sorted({*self._unsent(), *self._open()}, key=lambda number: (self._edited.get(number, 0.0), number))
        for number in [*pressed, *rest]:
            if not self._wire.back():
                return
            try:
                self._one(number, human=number in pressed)
            except Exception:
                self._patience.tried(_key(number))
                log.exception("notice %d failed", number)

    def _unsent(self) -> list[int]:
        found: list[int] = []
        while page := self._places.unsent(PAGE, found[-1] if found else 0):
            found += page
        return found

    def _open(self) -> list[int]:
        """Notices with a message that may have to look different, although nothing in them changed."""
        if self._monotonic() < self._compare_at:
            return []
        self._compare_at = self._monotonic() + AGAIN
        with self._store.reads() as reads:
            alerts = reads.open_alerts()
        posted = [alert for alert in alerts if (place := self._places.place(alert.id)) is not None and place.ts]
        for alert in posted:
            self._graph(alert)
        return [alert.id for alert in posted if alert.bad]

    def _one(self, number: int, *, human: bool) -> None:
        if not human and self._monotonic() < self._not_before.get(number, 0.0):
            return
        place = self._places.place(number)
        if not self._living.may(_key(number), place, human=human):
            return
        try:
            view = self._view(number)
        except NotFound:
            self._forget(number)
            return
        place = place or AlertPlace(alert=number, channel="")
        if self._has_message(place) or self._due(view, place):
            self._show(view, place)

    def _has_message(self, place: AlertPlace) -> bool:
        """One is there, or may be: its post is under way, or its reply was lost."""
        return bool(place.ts or place.strays or place.posting_since is not None)

    def _due(self, view: AlertView, place: AlertPlace) -> bool:
        number = view.alert.id
        match due(view, silenced=number in self._silenced):
            case "tell":
                self._silenced.discard(number)
                return True
            case "never" if self._told_elsewhere(view):
                self._settle(view, place)
            case "silent":
                self._silenced.add(number)
                self._not_before[number] = self._monotonic() + AGAIN
                self._seen(number)
        return False

    def _told_elsewhere(self, view: AlertView) -> bool:
        """Whether the cards that are said to tell it stand in a channel. One that never comes has told nobody: then
        the notice is told itself.
        """
        number = view.alert.id
        cards = [self._store.outbox.card(told) for told in {line.told_by for line in view.alert.lines} if told]
        if all(card is not None and card.ts and card.channel[:1] in ("C", "G") for card in cards):
            self._vain.pop(number, None)
            return True
        now = self._monotonic()
        if now - self._vain.setdefault(number, now) > IN_VAIN:
            self._vain.pop(number)
            with self._store.work() as work:
                alert = work.alert(number)
                if alert is not None and alert.open:
                    lines = tuple(line.model_copy(update={"told_by": None}) for line in alert.lines)
                    work.put_alert(alert.model_copy(update={"lines": lines}))
        return False

    # -- showing --------------------------------------------------------------------------------

    def _show(self, view: AlertView, place: AlertPlace) -> None:
        number = view.alert.id
        if not place.ts:
            place = place.model_copy(update={"channel": place.channel or self._channel(view.alert, place)})
        if not place.channel:
            self._nowhere(view, place, "no channel")
            return
        one = self._early(self._subject(view, place), view, place)
        told = self._living.show(place, one)
        if told.kind == "unfit":
            one, told = self._without_image(view, place)
        self._came(view, one, told, posted=not place.ts)
        if told.kind != "later":
            self._seen(number)

    def _subject(self, view: AlertView, place: AlertPlace) -> Subject:
        alert = view.alert
        image = alert.image if alert.image and alert.image.file and alert.image.file != place.drawn else None
        shown = view.model_copy(update={"alert": alert.model_copy(update={"image": image})})
        return Subject(
            key=_key(alert.id), title=f"notice {alert.id} of {alert.app}", content=alert_message(shown).payload,
            shows={"shown_version": alert.version}, needed=alert.open, trial=image is not None,
        )  # fmt: skip

    def _early(self, one: Subject, view: AlertView, place: AlertPlace) -> Subject:
        """A picture that the thread may not show yet waits, and this version stays due; the words do not wait."""
        number, image = view.alert.id, view.alert.image
        if not one.trial or image is None or not place.ts or not view.alert.open:
            return one
        if image.at is not None and view.now - image.at > timedelta(seconds=IMAGE_AFTER):
            return one  # the thread has shown it long since, perhaps to a process before this one
        file, at = self._images.get(number, ("", 0.0))
        if file != image.file:
            file, at = self._images[number] = (image.file, self._monotonic() + IMAGE_AFTER)
        if self._monotonic() >= at:
            return one
        self._not_before[number] = max(at, self._not_before.get(number, 0.0))
        return self._bare(view, place)._replace(shows={})

    def _bare(self, view: AlertView, place: AlertPlace) -> Subject:
        return self._subject(view.model_copy(update={"alert": view.alert.model_copy(update={"image": None})}), place)

    def _without_image(self, view: AlertView, place: AlertPlace) -> tuple[Subject, Told]:
        """Slack has not looked at the file yet, or never will: the words go at once, the picture is tried again."""
        number, image = view.alert.id, view.alert.image
        tries = self._refused[number] = self._refused.get(number, 0) + 1
        bare = self._bare(view, place)
        if tries < IMAGE_TRIES and view.alert.open:  # one that is over is not held open for its picture
            bare = bare._replace(shows={})  # not all of this version is shown: it stays due
            self._not_before[number] = self._monotonic() + AGAIN
        elif image is not None:
            log.warning("Slack does not take the graph of notice %d into its message", number)
            bare = bare._replace(shows={**bare.shows, "drawn": image.file})
            self._refused.pop(number)
        return bare, self._living.show(place, bare)

    def _came(self, view: AlertView, one: Subject, told: Told, *, posted: bool) -> None:
        number = view.alert.id
        match told.kind:
            case "shown":
                self._shown(view, told, posted=posted)
            case "closed":
                self._closed(view, told)
            case "unwanted" | "lost":
                self._dropped(told.came.word if told.kind == "unwanted" else "posts get lost", one.title)
                if (place := self._places.place(number)) is not None:
                    self._settle(view, place)

    def _shown(self, view: AlertView, told: Told, *, posted: bool) -> None:
        number = view.alert.id
        if told.came.ts:
            self._metrics.count("tidegate_alert_messages_total", kind="posted" if posted else "edited")
            if not posted:
                self._edited[number] = self._monotonic()
                later = self._edited[number] + CALM
                self._not_before[number] = max(later, self._not_before.get(number, 0.0))
        self._graph(view.alert)
        if not view.alert.open:
            self._forget(number)

    def _graph(self, alert: Alert) -> None:
        if self._graphs is not None:
            self._graphs.look(alert)

    # -- nowhere to go --------------------------------------------------------------------------

    def _channel(self, alert: Alert, place: AlertPlace) -> str:
        """Its own channel, else the home channel; empty when both took nothing."""
        return next((one for one in (alert.channel, self._home()) if one and one not in place.closed_channels), "")

    def _closed(self, view: AlertView, told: Told) -> None:
        """Archived, or the bot is no member: the next channel gets it, as a new message."""
        place = self._places.place(view.alert.id)
        if place is None:
            return
        closed = dict.fromkeys((*place.closed_channels, place.channel))
        place = place.model_copy(
            update={"channel": "", "ts": "", "posting_since": None, "closed_channels": tuple(closed)[-20:]}
        )
        log.error(
            "channel %s takes no notice of %s (%s): invite the bot, or correct `channel`",
            tuple(closed)[-1], view.alert.app, told.came.word,
        )  # fmt: skip
        self._places.save(place)
        if not self._channel(view.alert, place):
            self._nowhere(view, place, told.came.word)

    def _nowhere(self, view: AlertView, place: AlertPlace, why: str) -> None:
        """No channel takes it. Red and told nobody would be the worst: somebody is paged, once per notice."""
        alert = view.alert
        self._dropped(why, f"notice {alert.id} of {alert.app}")
        if alert.bad and place.closed_channels and PAGED not in place.closed_channels:
            if self._page is not None:
                self._page(*_words(view, place, why))
            place = place.model_copy(update={"closed_channels": (*place.closed_channels, PAGED)[-20:]})
        self._settle(view, place)

    def _dropped(self, why: str, title: str) -> None:
        self._metrics.count("tidegate_outbox_dropped_total", kind="alert", why=why)
        log.error("%s is told in no channel: %s", title, why)

    # -- bookkeeping ----------------------------------------------------------------------------

    def _settle(self, view: AlertView, place: AlertPlace) -> None:
        """This version needs nothing more."""
        self._places.save(place.model_copy(update={"shown_version": view.alert.version}))
        self._seen(view.alert.id)
        if not view.alert.open:
            self._forget(view.alert.id)

    def _seen(self, number: int) -> None:
        with self._lock:
            self._pressed.discard(number)

    def _forget(self, number: int) -> None:
        self._living.forget(_key(number))
        self._silenced.discard(number)
        self._not_before.pop(number, None)
        self._edited.pop(number, None)
        self._refused.pop(number, None)
        self._images.pop(number, None)
        self._seen(number)


def _key(number: int) -> str:
    return f"alert {number}"


def _words(view: AlertView, place: AlertPlace, why: str) -> tuple[str, str]:
    """Subject and text of the page: what is red, since when, and why nobody reads it in Slack."""
    alert = view.alert
    lines = [
        f"{line.key.name} is {line.state} since {line.since:%H:%M} UTC" + (f": {line.text}" if line.text else "")
        for line in alert.bad[:20]
    ]
    more = [f"and {len(alert.bad) - 20} more"] if len(alert.bad) > 20 else []
    tried = ", ".join(place.closed_channels)
    told = f"Slack takes no notice of it: {tried} ({why}). Unarchive it, invite the bot, or correct `channel`."
    return f"{alert.app}: {len(alert.bad)} alarms are red and no channel takes it", "\n".join([*lines, *more, told])
