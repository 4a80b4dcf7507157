"""The bot's way in, put together as bot/app.py does it: edge, Bolt, listeners, desk, store. No AWS, no Slack."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult

from bench.bare import Bare, Unit
from bench.ground import SECRET, STORE, TEAM, access, read_config
from bot.clock import SystemClock
from bot.counter import Bells, Counter
from bot.edge import Edge, Server, Slack
from bot.health import Health
from bot.metrics import Metrics
from bot.paging import Paging
from bot.policy import ConfigPolicy
from bot.slack import bolt_app
from handlers.ports import Identity
from rollout.actions import Action, Outcome
from rollout.alarms.ports import AlarmLedger
from rollout.conductor import Conductor
from rollout.hooks import Hooks
from rollout.model import Rollout
from rollout.seen import Observation
from store import Store, open_store


def home() -> str:
    """The workspace everybody here is of."""
    return TEAM


class NoWorld:
    """Nobody looks at AWS here: a click's answer does not wait for a look."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """Never asked."""
        raise NotImplementedError

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Never asked."""
        raise NotImplementedError


class NoForms:
    """Counts the forms that would open: a click that was refused before the desk opens one."""

    def __init__(self) -> None:
        self.opened = 0

    def open_view(self, trigger_id: str, view: dict[str, Any], *, reply: str = "", instead: str = "") -> None:
        """See handlers.ports.NowLane."""
        self.opened += 1


class Parts:
    """Everything between the socket and the file."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(folder / STORE)
        self.woken: list[Rollout] = []
        self.forms = NoForms()
        self.metrics = Metrics()
        clock = SystemClock()
        ledger: AlarmLedger = self.store
        hooks = Hooks(home=home, wake=self.woken.append)
        self.conductor = Conductor(ledger, NoWorld(), ConfigPolicy(read_config(folder)), clock, hooks)
        paging = Paging(self.store, clock, home, str)
        desk = Counter(self.conductor, paging, self.metrics, Bells(outbox=_nothing, directory=_nothing))
        self.app = bolt_app(access(), desk, self.forms, lambda: Identity(team=TEAM))
        self.edge = edge_for(self.app, self.metrics)


def _nothing() -> None:
    """Nobody is rung."""


def edge_for(app: App, metrics: Metrics | None = None) -> Edge:
    """The bot's own edge in front of any Bolt app."""
    return Edge(Health({}), metrics or Metrics(), Slack(app, SECRET, lambda: SystemClock().now().timestamp()))


def server_for(edge: Edge) -> Server:
    """The bot's own server, on a free port."""
    server = Server(edge, "127.0.0.1", 0)
    server.start()
    return server


def _authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token="xoxb-made-up")


def bare_app(bare: Bare, units: Iterator[Unit]) -> App:
    """The yardstick: Bolt does nothing but acknowledge, and the same rows are written by sqlite3."""
    app = App(name="bare", signing_secret=SECRET, authorize=_authorize, process_before_response=True)

    def listener(ack: Any) -> None:
        bare.write(next(units))
        ack("noted")

    app.command("/deploy")(listener)
    return app


def stock_app() -> App:
    """The other yardstick: Bolt as it comes, acknowledging and nothing else."""
    app = App(name="stock", signing_secret=SECRET, authorize=_authorize)
    app.command("/deploy")(lambda ack: ack("noted"))
    return app
