"""The composition root: every part is made, joined, started and ended here. Nothing is decided here."""

import logging
import os
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from functools import partial

from aws.registry import open_drivers
from aws.sessions import Sessions
from aws.topic import Topic
from aws.world import AwsWorld
from bot.away import say_away
from bot.cards import Office
from bot.checks.after_start import AfterStart, ground
from bot.clock import SystemClock
from bot.config import Access, Config
from bot.counter import Bells, CountedWorld, Counter
from bot.digests import Desk as DigestDesk
from bot.digests import Digests
from bot.directory import Directory
from bot.edge import Edge, Server, Slack
from bot.ending import Signals
from bot.failpoints import Hit, armed, never
from bot.foreground import drive
from bot.health import Health
from bot.lanes import Lanes
from bot.live_policy import LivePolicy
from bot.metrics import Metrics
from bot.nowlane import NowLane
from bot.outbox import Beside, Outbox
from bot.pager import SnsPager
from bot.paging import Paging
from bot.policy import ConfigPolicy
from bot.reloading import Ground as ReloadGround
from bot.reloading import Reloading
from bot.retention import Retention
from bot.scheduler import Beat, Scheduler
from bot.slack import Hello, bolt_app
from bot.socket import Ear
from bot.steady import Steady
from bot.sweeping import BEAT
from bot.taking import Taking
from bot.waiting import Waiting
from bot.watchdog import SILENCE, Watchdog
from bot.watching import Ground, Watching
from bot.wire import Wire, timed_client, web_client
from bot.wire_schedule import ScheduleWire
from handlers.blocks.digest import summary
from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.desk import Desk
from rollout.errors import BadConfig, Refused
from rollout.hooks import Hooks
from rollout.model import Phase, Rollout
from rollout.notices import Answer
from rollout.people import Actor
from rollout.policy import entries
from rollout.ports import Reply, StoredAsk
from rollout.verbs import VERBS
from store import Store, hold_lock, open_store
from store.lock import Lock, holder

log = logging.getLogger(__name__)

ENDING = 9.0
"""Seconds after SIGTERM at which the process ends whatever still hangs; what it did is in the store."""
PRUNE = 60.0
"""Seconds between two clearings of what is kept for a while only."""


def run(config: Config, access: Access) -> int:
    """Be the bot until SIGTERM or SIGINT. BadConfig, or Refused when another bot runs on this store."""
    hit = armed(os.environ)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what is being read already need not be read again
    lock = _locked(config)
    try:
        bot = Bot(config, access, hit)
        signals = Signals()
        bot.start()
        signals.wait(bot.reloading.ask)
        bot.stop()
    finally:
        lock.release()
    return 0


def open_desk(config: Config) -> Desk:
    """The desk for reading, beside a running bot or without one."""
    return _conductor(config, open_store(config.store_path, create=False))


def drive_rollback(config: Config, ask: Ask, actor: Actor, say: Callable[[str], None]) -> Reply:
    """Take the lock and drive a rollback here, when no bot runs. Refused when one does after all.

    `say` is told a line per change on the way.
    """
    lock = _locked(config)
    try:
        store = open_store(config.store_path, create=False)
        try:
            return drive(_conductor(config, store), store, ask, actor, say)
        finally:
            store.close()
    finally:
        lock.release()


def _conductor(config: Config, store: Store) -> Conductor:
    clock, sessions = SystemClock(), Sessions()
    world = AwsWorld(sessions, open_drivers(sessions, clock), clock)
    return Conductor(store, world, ConfigPolicy(config), clock)


def _locked(config: Config) -> Lock:
    path = config.store_path
    try:
        lock = hold_lock(path)
    except OSError as error:
        raise BadConfig(
            f"{path}.lock cannot be opened: {error.strerror}", "let [store] path name a writable folder"
        ) from None
    if lock is None:
        raise Refused(
            f"another bot (process {holder(path)}) runs on {path}", "stop it first: two would contradict each other"
        )
    return lock


class Bot:
    """One process's worth of parts."""

    def __init__(self, config: Config, access: Access, hit: Hit = never) -> None:
        self.config, self.access, self.hit = config, access, hit
        self.clock, self.metrics = SystemClock(), Metrics()
        self.health = Health({each.variable: each.address for each in access.overrides})
        self.store = open_store(config.store_path, boot_id=uuid.uuid4().hex, hit=hit)
        self.policy = LivePolicy(config)
        self.sessions = Sessions()
        self._ending = False
        self._web = web_client(access.bot_token.get_secret_value(), access.api_url)
        self.hello = Hello(self._web, self._known)
        self.lanes = Lanes(self._look, self.metrics)
        self.watching = self._made_watching()
        self.conductor = self._made_conductor()
        self.outbox = self._made_outbox()
        self.digests = self._made_digests()
        self.taking = Taking(self._take_wishes, self.outbox.nudge, self.metrics)
        self.directory = Directory(
            self._web, self.store.people, self._named, self.hello.identity, self.clock, self.metrics
        )
        self.now_lane = NowLane(
            lambda left: timed_client(self._web, left), self._tell, self.metrics, self.clock.monotonic
        )
        self.retention = Retention(self.store, self.clock.now)
        beats = [Beat("prune", PRUNE, self._prune), Beat("sweep", BEAT, self.watching.sweeping)]
        self.scheduler = Scheduler(self._tick, beats, self.metrics, self.clock.monotonic)
        self.watchdog = Watchdog(self.scheduler.age, self.scheduler.restart)
        self.ear, self.server = self._made_ways_in()
        told = self.ear.connections if self.ear else None
        asked = partial(ground, self.policy, access, self._web, self.sessions, self.clock, told)
        self.checks = AfterStart(asked, lambda: self.health.ready)
        again = ReloadGround(self.policy, self.store, self.clock, os.environ, access.mode, self._taken)
        self.reloading = Reloading(again)
        self._watch()

    # -- made of --------------------------------------------------------------------------------

    def _made_watching(self) -> Watching:
        ground = Ground(self.store, self.policy, self.sessions, self.clock, self.metrics, self._nudge)
        return Watching(ground, Hooks(home=self.hello.home, hit=self.hit, wake=self._wake), self.lanes)

    def _made_conductor(self) -> Conductor:
        world = AwsWorld(
            self.sessions, open_drivers(self.sessions, self.clock), self.clock, self.watching.reader
        )
        counted = CountedWorld(world, self.metrics, self.hit)
        return Conductor(self.store, counted, self.policy, self.clock, self.watching.hooks)

    def _made_outbox(self) -> Outbox:
        wire = Wire(self._web, self.metrics, self.clock.monotonic)
        office = Office(self.store.outbox, self.conductor, wire, self.clock, self.metrics, self.hit)
        policy, publish = self.policy, Topic(self.sessions).publish
        pager = SnsPager(lambda *said: publish(arn, *said) if (arn := policy.topic) else None, self.metrics)
        self.alerts = self.watching.sender(office, self._web, pager.say)
        beside = Beside(home=lambda: policy.home, alerts=self.alerts.turn, told=self.watching.told)
        return Outbox(office, mention=lambda: policy.called, pager=pager, beside=beside)

    def _made_digests(self) -> Digests:
        wire = ScheduleWire(self._web, self.metrics, self.clock.monotonic)
        report = self.watching.desk.report
        desk = DigestDesk(
            self.store.digests, wire, self.clock, self.metrics, report, lambda found: summary(found).payload
        )
        return Digests(self.config, desk)

    def _made_ways_in(self) -> tuple[Ear | None, Server | None]:
        """Socket or HTTP, and the HTTP server if there is to be one."""
        paging = Paging(self.store, self.clock, self.hello.home, lambda: self.policy.called)
        bells = Bells(outbox=self.outbox.nudge, directory=self.directory.wake, notice=self.alerts.pressed)
        desk = Steady(Counter(self.conductor, paging, self.metrics, bells, self.watching.desk), self.policy)
        app = bolt_app(self.access, desk, self.now_lane, self.hello.identity)
        ear = slack = None
        if self.access.mode == "socket":
            ear = Ear(app, self._web, self.access.app_token.get_secret_value(), self.metrics, self.clock.monotonic)
            ear.after_ack = lambda: self.hit("L3")
        else:
            secret = self.access.signing_secret.get_secret_value()
            slack = Slack(app, secret, lambda: self.clock.now().timestamp(), self._open)
        http = self.config.http
        if not http.port and slack is None:
            return ear, None
        try:
            return ear, Server(Edge(self.health, self.metrics, slack), http.host, http.port)
        except OSError as error:
            raise BadConfig(
                f"{http.host}:{http.port} cannot be listened on: {error.strerror}", "give [http] another port"
            ) from None

    def _watch(self) -> None:
        """What must be well for the bot to serve, and what is measured."""
        watch, gauge = self.health.watch, self.metrics.gauge
        watch("ending", lambda: "the bot is shutting down" if self._ending else "")
        watch("store", self._unwritable)
        watch("scheduler", self._silent)
        watch("wishes", self.taking.missing)
        watch("slack", self.hello.missing)
        watch("directory", self.directory.missing)
        if self.ear is not None:
            watch("socket", self.ear.deaf)
        gauge("tidegate_tick_age_seconds", self.scheduler.age)
        gauge("tidegate_live_rollouts", self._live)
        gauge("tidegate_outbox_waiting", self.store.outbox.waiting)
        gauge("tidegate_outbox_lag_seconds", self.outbox.lag)
        gauge("tidegate_ready", lambda: self.health.ready)
        for name, read in self.watching.gauges().items():
            gauge(name, read)
        self.health.show("alarms", self.watching.sweeping.report)
        gauge("tidegate_check_failures", self.checks.failures)
        self.health.show("checks", self.checks.report)
        self.health.show("configuration", self.reloading.report)

    # -- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """What moves traffic first, then what people see."""
        live = self.conductor.recover()
        log.info("%d rollouts are live in %s", live, self.store.path)
        say_away(self.store)
        self.watching.start()
        self.scheduler.start()
        self.watchdog.start()
        if self.server is not None:
            self.server.start()
        self.outbox.start()
        self.digests.start()
        self.now_lane.start()
        self.directory.start(Waiting(self.store, self._ask_again, self.clock, self.outbox.nudge))
        self.hello.start()
        self.checks.start()
        self.reloading.start()
        threading.Thread(target=self._announce, name="announce", daemon=True).start()

    def stop(self) -> None:
        """Intake ends first, then running calls, then what is quick to tell. At most about nine seconds."""
        self._ending = True
        log.info("ending")
        # Whatever hangs: SQLite has everything, and the next process finds it.
        last = threading.Timer(ENDING, os._exit, [0])
        last.daemon = True
        last.start()
        self.hello.stop()
        self.checks.stop()
        self.reloading.stop()
        closing = threading.Thread(target=self._close_ways_in, name="closing", daemon=True)
        closing.start()
        self.watchdog.stop()
        self.scheduler.stop()
        self.directory.stop()
        self.now_lane.stop()
        self.watching.stop()
        self.lanes.stop(5.0)
        closing.join(4.0)
        self.outbox.stop(2.0)
        self.digests.stop(1.0)
        self.store.close()
        log.info("ended")

    def _close_ways_in(self) -> None:
        if self.ear is not None:
            self.ear.close()
        if self.server is not None:
            self.server.stop()

    def _announce(self) -> None:
        """One line when the bot is able to serve."""
        pause = threading.Event()
        while not self.health.ready:
            pause.wait(0.5)  # each look at health asks the store
            if self._ending:
                return
        where = f", http://{self.config.http.host}:{self.server.port}/readyz" if self.server else ""
        sys.stdout.write(f"tidegate is ready: {self.access.mode}, {self.store.path}{where}\n")
        sys.stdout.flush()

    # -- joints ---------------------------------------------------------------------------------

    def _known(self) -> None:
        """Slack has told who we are."""
        self.directory.wake()
        if self.ear is not None and not self._ending:
            self.ear.connect()

    def _taken(self) -> None:
        """Another configuration counts from now on."""
        self.digests.take(self.policy.config)
        self.directory.wake()
        self.watching.taken()
        self.checks.start()

    def _open(self) -> bool:
        return not self._ending and self.hello.identity() is not None

    def _wake(self, rollout: Rollout) -> None:
        """A wish was stored: look at once. A rollback has a thread of its own."""
        back = rollout.phase is Phase.ROLLING_BACK
        try:
            self.lanes.look(rollout.terms.lane, [rollout.id], urgent=back, again=True)
        except RuntimeError:
            # No thread to be had. After the commit nothing may fail: the person would be told that nothing happened.
            log.exception("#%d is not looked at before the next tick", rollout.id)

    def _look(self, ids: Iterable[int]) -> None:
        self.conductor.look(list(ids))
        self.outbox.nudge()

    def _nudge(self) -> None:
        self.outbox.nudge()

    def _tick(self, poked: bool) -> None:  # noqa: FBT001 - the scheduler's word
        self.taking()
        for lane, ids in self.conductor.due().items():
            back = self._going_back(ids)
            self.lanes.look(lane, [each for each in ids if each not in back])
            self.lanes.look(lane, back, urgent=True)

    def _going_back(self, ids: Iterable[int]) -> list[int]:
        with self.store.reads() as reads:
            found = [reads.rollout(each) for each in ids]
        return [each.id for each in found if each is not None and each.phase is Phase.ROLLING_BACK]

    def _prune(self) -> None:
        self.retention()
        self.watching.tidy()

    def _ask_again(self, stored: StoredAsk) -> Reply:
        again = {"dedupe": stored.dedupe, "reply": stored.address}
        with self.policy.held():
            return self.conductor.ask(stored.ask, stored.actor, **again, known=True)

    def _take_wishes(self) -> int:
        with self.policy.held():
            return self.conductor.answer_waiting()

    def _tell(self, address: str, text: str) -> None:
        """A private line through the outbox; the text comes escaped and is escaped again when it is drawn."""
        for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            text = text.replace(entity, char)
        with self.store.work() as work:
            work.tell(Answer(reply=address, text=text, good=False, at=self.clock.now()))
        self.outbox.nudge()

    def _named(self) -> set[str]:
        """Everybody whom a role of the file or of a live rollout names, and who is called."""
        with self.policy.held():
            called = self.policy.called
            roles = [self.policy.terms(app, env, "")[1].roles for app, env in self.policy.targets()]
        with self.store.reads() as reads:
            roles += [rollout.terms.roles for rollout in reads.all_live()]
        found = {each for held in roles for each in entries(held, VERBS["pause"].right)}
        return {each for each in found | {called} if each[:1] in {"U", "W", "S"}}

    def _live(self) -> float:
        with self.store.reads() as reads:
            return len(reads.all_live())

    def _unwritable(self) -> str:
        try:
            with self.store.work():
                return ""
        except Exception as error:  # noqa: BLE001 - a full disk, a lock, a lost mount: all the same here
            return f"the store cannot be written: {error}"

    def _silent(self) -> str:
        age = self.scheduler.age()
        return f"no tick for {age:.0f} s" if age > SILENCE else ""
