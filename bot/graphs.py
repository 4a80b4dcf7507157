"""Graphs for notices and cards: fetched, drawn, uploaded, on a thread of their own. Never in the way of the words.

Level-triggered for notices: whoever sends them shows each open one again and again, and here it is decided whether a
graph is missing. What cannot be had is tried a few times and then left out; a notice is complete without it.

A graph goes into the thread of its message, and from there into the message: an edit with a picture that was never
shown in the channel is taken by Slack, and people see a broken one (github.com/slackapi/java-slack-sdk/issues/1441).
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from bot.clock import SystemClock
from bot.graph_wish import candidates, for_line, for_rollout
from bot.metrics import Metrics
from bot.wire_files import FileWire, Picked, Thread
from rollout.alarms.model import Alert, Image, Place
from rollout.alarms.plot import Picture, Plot, PlotWish
from rollout.alarms.ports import GraphSource
from rollout.errors import NotFound, TargetError
from store import Store

log = logging.getLogger(__name__)

TRIES = 3
PAUSE = 20.0
"""Seconds between two tries of one graph."""
SETTLED = timedelta(seconds=30)
"""How long all must be quiet before it is drawn once more: CloudWatch's newest points come late."""
FORBIDDEN = 3600.0
"""Seconds before an upload is tried again after Slack said that the scope is missing."""
MOST = 100
"""Graphs that may wait; beyond that they would come when nobody looks any more."""
RED, QUIET = "red", "quiet"
_BEAT = 1.0

Make = Callable[[], None]
"""Makes one graph. NotFound: there is none; TargetError: try again; _Wait: not now; _Forbidden: not at all."""


class _Wait(Exception):
    """Slack has had enough for the moment."""


class _Forbidden(Exception):
    """The app may not upload."""


class Studio(NamedTuple):
    """What graphs are made of."""

    store: Store
    source: GraphSource
    draw: Callable[[Plot], bytes]
    wire: FileWire
    place: Callable[[str, str], Place | None]
    """(app, lane): as whom and where it is read."""
    clock: SystemClock
    metrics: Metrics


class _Job(NamedTuple):
    make: Make
    due: float
    tries: int = 0


class Graphs:
    """Implements alerts.Graphs. `made` is called after a notice got its graph."""

    def __init__(self, studio: Studio, made: Callable[[], None]) -> None:
        self._studio = studio
        self._made = made
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}
        self._spent: dict[str, None] = {}  # made, or given up
        self._forbidden_until = 0.0
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="graphs", daemon=True)

    def start(self) -> None:
        """Begin to draw."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more; what is under way is left alone."""
        self._stopped.set()
        self._woken.set()

    def look(self, alert: Alert) -> None:
        """Make the graph that this notice lacks, if it lacks one. Returns at once."""
        phase = RED if alert.bad else QUIET
        if alert.open and self._lacks(alert):
            self._queue(f"{phase} {alert.id}", lambda: self._for_alert(alert.id, phase))

    def event(self, rollout: int, names: Sequence[str], thread: Thread) -> None:
        """The graph of what brought a rollout back, for its card's thread."""
        self._queue(f"card {rollout}", lambda: self._for_card(rollout, names, thread))

    def work(self) -> None:
        """Make everything that is due now; what its thread does, and what tests do instead."""
        while not self._stopped.is_set() and (found := self._next()) is not None:
            self._tried(*found)

    # -- queue ----------------------------------------------------------------------------------

    def _lacks(self, alert: Alert) -> bool:
        """One while it is red; one more when all was quiet for a moment. However it flaps: no third one."""
        if alert.bad or alert.quiet_since is None:
            return alert.image is None
        if self._studio.clock.now() - alert.quiet_since < SETTLED:
            return False
        return alert.image is None or alert.image.of.startswith(RED)

    def _queue(self, key: str, make: Make) -> None:
        now = self._studio.clock.monotonic()
        with self._lock:
            if key in self._jobs or key in self._spent or len(self._jobs) >= MOST or now < self._forbidden_until:
                return
            self._jobs[key] = _Job(make, now)
        self._woken.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.wait(_BEAT)
            self._woken.clear()
            self.work()

    def _next(self) -> tuple[str, _Job] | None:
        now = self._studio.clock.monotonic()
        with self._lock:
            return next(((key, job) for key, job in self._jobs.items() if job.due <= now), None)

    def _tried(self, key: str, job: _Job) -> None:
        """One graph, whatever it runs into."""
        try:
            job.make()
        except NotFound as nothing:
            log.info("no graph (%s): %s", key, nothing.fact)
            self._over(key, "none")
        except _Wait:
            self._later(key, job)
        except _Forbidden:
            self._forbid()
        except Exception as error:
            if isinstance(error, TargetError):
                log.warning("no graph (%s): %s", key, error.fact)
            else:
                log.exception("a graph failed (%s)", key)
            if job.tries + 1 < TRIES:
                self._later(key, job._replace(tries=job.tries + 1))
            else:
                self._over(key, "failed")
        else:
            self._over(key, "made")

    def _later(self, key: str, job: _Job) -> None:
        with self._lock:
            self._jobs[key] = job._replace(due=self._studio.clock.monotonic() + PAUSE)

    def _over(self, key: str, outcome: str) -> None:
        self._studio.metrics.count("tidegate_graphs_total", outcome=outcome)
        with self._lock:
            self._jobs.pop(key, None)
            self._spent[key] = None
            while len(self._spent) > 50 * MOST:
                del self._spent[next(iter(self._spent))]

    def _forbid(self) -> None:
        """All of them: none could be shown."""
        with self._lock:
            if not self._forbidden_until:
                log.warning("there are no graphs: Slack misses the scope files:write; add it and reinstall the app")
            self._forbidden_until = self._studio.clock.monotonic() + FORBIDDEN
            self._jobs.clear()
        self._studio.metrics.count("tidegate_graphs_total", outcome="forbidden")

    # -- graphs ---------------------------------------------------------------------------------

    def _for_alert(self, number: int, phase: str) -> None:
        alert = self._alert(number)
        if not alert.open:
            raise NotFound(f"notice {number} is closed")
        place = self._studio.store.alerts.place(number)
        if place is None or not place.ts:
            raise _Wait
        at = self._studio.clock.now()
        name, picture = self._of(alert)
        file = self._uploaded(name, picture, Thread(place.channel, place.ts))
        drawn = Image(file=file, alt=picture.alt, of=f"{phase}: {name}", at=at)
        with self._studio.store.work() as work:
            now = work.alert(number)
            if now is None or not now.open:
                raise NotFound(f"notice {number} is closed")
            work.put_alert(now.model_copy(update={"image": drawn}))
        self._made()

    def _for_card(self, number: int, names: Sequence[str], thread: Thread) -> None:
        studio = self._studio
        with studio.store.reads() as reads:
            rollout = reads.rollout(number)
        if rollout is None:
            raise NotFound(f"there is no rollout #{number}")
        place = studio.place(rollout.app, rollout.terms.lane)
        wish = for_rollout(studio.store, rollout, studio.clock.now())
        self._uploaded(*self._first((name, place, wish) for name in names), thread)

    def _alert(self, number: int) -> Alert:
        with self._studio.store.reads() as reads:
            found = reads.alert(number)
        if found is None:
            raise NotFound(f"there is no notice {number}")
        return found

    def _of(self, alert: Alert) -> tuple[str, Picture]:
        store, now = self._studio.store, self._studio.clock.now()
        return self._first(
            (line.key.name, self._studio.place(alert.app, line.key.lane), for_line(store, alert, line, now))
            for line in candidates(alert)
        )

    def _first(self, wishes: Iterable[tuple[str, Place | None, PlotWish]]) -> tuple[str, Picture]:
        """The first alarm that has a metric: its name and its picture, CloudWatch's own where that is to be had."""
        for name, place, wish in wishes:
            if place is None:
                continue
            try:
                plot = self._studio.source.plot(place, name, wish)
            except NotFound:
                continue
            try:
                return name, self._studio.source.picture(place, plot)
            except TargetError as error:
                log.info("CloudWatch does not draw %s: %s", name, error.fact)
            return name, Picture(png=self._studio.draw(plot), alt=plot.alt, by="tidegate")
        raise NotFound("none of these alarms has a metric of its own")

    def _uploaded(self, name: str, picture: Picture, thread: Thread) -> str:
        if self._studio.wire.wait() > 0:
            raise _Wait
        one = Picked(name="graph.png", title=name, alt=picture.alt, content=picture.png)
        came, file = self._studio.wire.upload(one, thread)
        if came.kind == "done":
            return file
        if came.word == "missing_scope":
            raise _Forbidden
        if came.kind == "limited":
            raise _Wait
        raise TargetError("transient", f"the upload failed: {came.word or came.kind}")
