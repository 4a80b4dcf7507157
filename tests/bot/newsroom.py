"""One bot's notices for tests: real store, watch, desk, outbox and workspace over HTTP; simulated alarms, a dial."""

from pathlib import Path
from typing import Any

from bot.alerts import Alerts, Graphs, Newsroom
from bot.cards import Office
from bot.counter import Bells, Counter
from bot.metrics import Metrics
from bot.outbox import Beside, Outbox
from bot.patience import Patience
from bot.wire import Wire, web_client
from demo.workspace import Channel, Message, Workspace, WorkspaceConfig
from rollout.alarms.desk import AlarmDesk
from rollout.alarms.model import Alert, Place, Scope, Timing
from rollout.alarms.simulated import SimulatedCloudWatch
from rollout.alarms.watch import Watch, claim
from rollout.answers import Answers
from rollout.ask import Ask
from rollout.hooks import Hooks
from rollout.model import Cause, Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Release
from rollout.seen import AlarmReading, Observation
from rollout.terms import AlarmGate, Terms
from store import open_store
from tests.bot.dial import Dial
from tests.rollout.scene import OneApp

ANA = Actor(kind="principal", id="cli:ana", name="ana")
LANE = "default/eu-central-1"
PLACE = Place(lane=LANE, region="eu-central-1")
HOME = Channel(id="C0HOME", name="home")


class Killed(BaseException):
    """What SIGKILL is, as far as one process can do it to itself: nothing after it runs."""


def workspace(dial: Dial, **fields: object) -> Workspace:
    """A workspace with a home channel beside the usual ones."""
    usual = WorkspaceConfig()
    return Workspace(usual.model_copy(update={"channels": (*usual.channels, HOME), **fields}), clock=dial.epoch)


class Room:
    """Everything a test of notices touches."""

    def __init__(self, path: Path, ws: Workspace, dial: Dial, *, home: str = "", graphs: Graphs | None = None) -> None:
        self.path, self.ws, self.dial, self.home, self.graphs = path, ws, dial, home, graphs
        self.cloud = SimulatedCloudWatch(dial)
        self.scope = Scope(app="my-app", envs=("prod",), channel="C0DEPLOYS", place=PLACE, gates=("errors", "p99"))
        self.paged: list[tuple[str, str]] = []
        self.killed_at = ""
        self.presses = 0
        self.store = open_store(path)
        self.wire_up()
        for name in ("errors", "p99"):
            self.cloud.turn(name, "OK")
        self.sweep()

    def open(self) -> None:
        """A new process: what was only in memory is gone."""
        self.store.close()
        self.store = open_store(self.path)
        self.wire_up()

    def wire_up(self) -> None:
        """The parts over the store."""
        store = self.store
        self.metrics = Metrics()
        self.watch = Watch(store, self.cloud, self.dial, Timing, Hooks())
        self.desk = AlarmDesk(store, OneApp(), self.dial, Hooks())
        wire = Wire(web_client(self.ws.bot_token, self.ws.api_url), self.metrics, self.dial.monotonic)
        answers: Any = Answers(store, OneApp(), self.dial, Hooks())
        office = Office(store.outbox, answers, wire, self.dial, self.metrics, self.hit)
        pages: Any = self.paged
        newsroom = Newsroom(store, self.desk.view, lambda: self.home, lambda *said: pages.append(said), self.graphs)
        self.alerts = Alerts(office, newsroom, Patience(self.dial.monotonic))
        self.outbox = Outbox(office, beside=Beside(home=lambda: self.home, alerts=self.alerts.turn))
        bells = Bells(outbox=lambda: None, directory=lambda: None, notice=self.alerts.pressed)
        nothing: Any = None
        self.counter = Counter(answers, nothing, self.metrics, bells, self.desk)

    def hit(self, name: str) -> None:
        """The failpoint that is armed."""
        if name and name == self.killed_at:
            raise Killed

    def close(self) -> None:
        """The end; Slack was never sent what it refuses."""
        self.store.close()
        assert not self.ws.problems, self.ws.problems

    # -- what happens ---------------------------------------------------------------------------

    def turn(self, name: str, state: Any, text: str = "8.2 over limit 1") -> None:
        """An alarm changes and is swept at once."""
        self.cloud.turn(name, state, text=text)
        self.sweep()

    def sweep(self) -> None:
        """One sweep."""
        self.watch.sweep([self.scope])

    def run(self, seconds: float = 0, step: float = 0.5) -> None:
        """Turns, as the outbox thread makes them, for so long."""
        self.outbox.turn()
        for _ in range(round(seconds / step)):
            self.dial.turn(step)
            self.outbox.turn()

    def press(self, verb: str, alert: int = 1) -> Any:
        """A button of the notice."""
        self.presses += 1
        return self.counter.ask(Ask(verb=verb, alert=alert), ANA, dedupe=f"press:{self.presses}")

    def begin(self, gate: str = "errors", **fields: object) -> Rollout:
        """A live rollout of my-app at 10 %, gated by one alarm."""
        now = self.dial.now()
        terms = Terms(
            plan=Plan.parse("canary", "10% 5m, 100%"), channel="C0DEPLOYS", lane=LANE,
            alarms=(AlarmGate(name=gate),),
        )  # fmt: skip
        with self.store.work() as work:
            new = work.add(
                Rollout(app="my-app", env="prod", kind="lambda", by=ANA, created_at=now, phase_at=now, gate_from=now,
                        terms=terms)
            )  # fmt: skip
            values = {"phase": Phase.STEPPING, "proven": 10, "stable": Release(id="1"), "candidate": Release(id="2")}
            return work.save(new.but(**{**values, **fields}))

    def change(self, rollout: Rollout, **fields: object) -> Rollout:
        """It moves on."""
        with self.store.work() as work:
            current = work.rollout(rollout.id)
            assert current is not None
            return work.save(current.but(**fields))

    def looked(self, rollout: Rollout, *, red: str = "") -> None:
        """A look of the rollout; with a red alarm it goes back, and its card tells that."""
        now = self.dial.now()
        if not red:
            self.change(rollout, last_look=now)
            return
        seen = AlarmReading(name=red, state="ALARM", since=now)
        self.watch.sighted(rollout, Observation(at=now, alarms=(seen,), alarms_at=now))
        with self.store.work() as work:
            current = work.rollout(rollout.id)
            assert current is not None
            fell = Cause(kind="alarm", text=f"{red} is red", at=now, alarms={red: now})
            claim(work, work.save(current.but(phase=Phase.ROLLING_BACK, last_look=now, fell_for=fell)))

    # -- what is there --------------------------------------------------------------------------

    def alert(self, number: int = 1) -> Alert:
        """One notice, as stored."""
        with self.store.reads() as reads:
            found = reads.alert(number)
        assert found is not None
        return found

    def messages(self, channel: str = "deploys") -> list[Message]:
        """What stands in a channel, threads left out."""
        return [each for each in self.ws.channel(channel).messages if each.thread_ts is None]

    def only(self, channel: str = "deploys") -> Message:
        """The one message there."""
        (message,) = self.messages(channel)
        return message

    def calls(self, method: str) -> list[Any]:
        """Calls of one method."""
        return [call for call in self.ws.calls if call.method == method]


