"""The alarm watch's parts, made and joined: reading, telling, drawing. Nothing is decided here."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from slack_sdk import WebClient

from aws.alarms import AlarmReader
from aws.graphs import Graphs as AwsGraphs
from aws.sessions import Sessions
from aws.sweeps import AlarmSweeps
from bot.alerts import Alerts, Newsroom
from bot.cards import Office
from bot.clock import SystemClock
from bot.drawing import Drawer
from bot.graphs import Graphs, Studio
from bot.live_policy import LivePolicy
from bot.metrics import Metrics
from bot.patience import Patience
from bot.sweeping import CountedAlarms, Sweeping
from bot.wire_files import FileWire, Thread
from rollout.alarms.desk import AlarmDesk
from rollout.alarms.model import Place, Sweep
from rollout.alarms.watch import Watch, claim
from rollout.hooks import Hooks
from rollout.model import Rollout
from rollout.notices import Event
from rollout.ports import Lanes, Work
from rollout.seen import Observation
from store import Store
from store.cards import CardPlace

log = logging.getLogger(__name__)


class Ground(NamedTuple):
    """What the watch stands on."""

    store: Store
    policy: LivePolicy
    sessions: Sessions
    clock: SystemClock
    metrics: Metrics
    nudge: Callable[[], None]
    """There may be something to tell."""


class Watching:
    """Everything about alarms in one process."""

    def __init__(self, ground: Ground, hooks: Hooks, lanes: Lanes) -> None:
        self._ground, self._base = ground, hooks
        policy = ground.policy
        self.reader = AlarmReader(ground.sessions)
        source = CountedAlarms(AlarmSweeps(ground.sessions, ground.clock, self.reader), self._came)
        self.watch = Watch(ground.store, source, ground.clock, lambda: policy.config.alarms, hooks)
        measured = (ground.metrics, ground.clock.monotonic, self._every)
        self.sweeping = Sweeping(self.watch, policy.scopes, lanes, ground.nudge, measured)
        self.desk = AlarmDesk(ground.store, policy, ground.clock, hooks, lambda: policy.called)
        self._drawer = Drawer(cache=policy.config.store_path.with_suffix(".fonts"))
        self._graphs: Graphs | None = None
        self._unsettled = False

    @property
    def hooks(self) -> Hooks:
        """What the conductor calls, so that gates and notices never disagree."""
        return replace(self._base, sighted=self._sighted, blamed=self._blamed)

    def sender(self, office: Office, web: WebClient, say: Callable[[str, str], None] | None) -> Alerts:
        """What sends notices, in the outbox thread; graphs have a thread and a wire of their own."""
        ground = self._ground
        wire = FileWire(web, ground.metrics, ground.clock.monotonic)
        studio = Studio(
            ground.store, AwsGraphs(ground.sessions), self._drawer.draw, wire, self._place, ground.clock, ground.metrics
        )
        self._graphs = Graphs(studio, ground.nudge)
        room = Newsroom(ground.store, self.desk.view, lambda: ground.policy.home, say, self._graphs)
        return Alerts(office, room, Patience(ground.clock.monotonic))

    def told(self, event: Event, place: CardPlace) -> None:
        """An event is in its card's thread: the graph of what it tells follows there."""
        if event.alarms and place.ts and self._graphs is not None:
            self._graphs.event(event.rollout, event.alarms, Thread(place.channel, place.ts))

    def gauges(self) -> Mapping[str, Callable[[], float]]:
        """Numbers by name."""
        return {"tidegate_sweep_age_seconds": self.sweeping.age, "tidegate_open_alerts": self._open}

    def start(self) -> None:
        """Forget what is watched no more, begin to draw. Sweeps begin with the scheduler."""
        self.watch.settle(self._ground.policy.scopes())
        if self._graphs is not None:
            self._graphs.start()

    def taken(self) -> None:
        """Another configuration counts: forget what is watched no more."""
        self._unsettled = True
        self.watch.settle(self._ground.policy.scopes())

    def tidy(self) -> None:
        """Once more a while after that: a sweep that was under way may have written down what is watched no more."""
        if self._unsettled:
            self._unsettled = False
            self.watch.settle(self._ground.policy.scopes())

    def stop(self) -> None:
        """Draw nothing more."""
        if self._graphs is not None:
            self._graphs.stop()
        self._drawer.close()

    def _every(self) -> float:
        return self._ground.policy.config.alarms.sweep.total_seconds()

    def _came(self, place: Place, sweep: Sweep) -> None:
        self.sweeping.came(place, sweep)

    def _blamed(self, work: Work, rollout: Rollout) -> None:
        """In the transaction of a rollback: whatever is wrong with a notice, traffic goes back."""
        alarms: Any = work  # the store's unit of work is an AlarmWork, too
        try:
            claim(alarms, rollout)
        except Exception:
            log.exception("#%d could not claim its alarms' notice", rollout.id)

    def _sighted(self, rollout: Rollout, observation: Observation) -> None:
        """In the middle of a look: whatever is wrong here, the look goes on."""
        try:
            if self.watch.sighted(rollout, observation):
                self.sweeping.hurry(rollout.terms.lane)
        except Exception:
            log.exception("what a look of #%d read was not compared", rollout.id)

    def _open(self) -> float:
        with self._ground.store.reads() as reads:
            return len(reads.open_alerts())

    def _place(self, app: str, lane: str) -> Place | None:
        """As whom and where an app's alarms are read; by the lane alone where the app watches nothing there now."""
        here = [scope for scope in self._ground.policy.scopes() if scope.place.lane == lane]
        own = [scope for scope in here if scope.app == app]
        return next((scope.place for scope in (*own, *here)), None)
