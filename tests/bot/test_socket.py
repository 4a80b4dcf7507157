"""Socket Mode against the stand-in workspace: acks, reconnects, outages, and knowing when it is deaf."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.metrics import Metrics
from bot.socket import Ear
from demo.workspace import Workspace
from tests.bot.relay import Relay, Rerouted

WAIT = 30.0


class Bot:
    """A Bolt app behind an Ear, in a workspace."""

    def __init__(self, ws: Workspace, relay: Relay | None = None) -> None:
        self.now = time.monotonic
        self.ran: list[str] = []
        self.metrics = Metrics()
        app = App(
            name="test",
            authorize=lambda **_: AuthorizeResult(
                enterprise_id=None, team_id=ws.config.team_id, bot_token=ws.bot_token
            ),
            process_before_response=True,
        )

        @app.command("/deploy")
        def deploy(ack: Any, command: Any) -> None:
            self.ran.append(command["text"])
            ack(f"heard {command['text']}")

        options: dict[str, Any] = {"base_url": ws.api_url, "timeout": 5, "retry_handlers": []}
        web = WebClient(**options) if relay is None else Rerouted(relay, ws.port, **options)
        self.ear = Ear(app, web, ws.app_token, self.metrics, self.passed)


    def passed(self) -> float:
        """Seconds on the clock that the test may set."""
        return self.now()

    def close(self, ws: Workspace) -> None:
        """End it; a broken line spares the three seconds for which the SDK's reader listens on."""
        self.ear._stopped.set()
        ws.drop_connections()
        self.ear.close()
        until(lambda: not running("socket-end", "socket-connect"))
        gc.collect()  # what the SDK leaves to it is collected in the test that made it


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace() as ws:
        yield ws


@pytest.fixture
def bot(ws: Workspace) -> Iterator[Bot]:
    bot = Bot(ws)
    yield bot
    bot.close(ws)


def running(*names: str) -> bool:
    """Whether a thread of ours by one of these names lives."""
    return any(each.name in names for each in threading.enumerate())


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no event announces."""
    pause = threading.Event()
    for _ in range(int(WAIT / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it never came")


def said(ws: Workspace, text: str) -> str | None:
    result = ws.person("ana").slash("deploys", f"/deploy {text}")
    return result.text


def test_a_command_is_acked_with_the_listeners_words(ws: Workspace, bot: Bot):
    """It hears, answers with the envelope's id, and says that it is not deaf."""
    assert bot.ear.deaf()
    bot.ear.connect()
    ws.wait_connected()
    until(lambda: not bot.ear.deaf())
    assert said(ws, "my-app canary") == "heard my-app canary"
    assert bot.metrics.value("tidegate_envelopes_total", outcome="ok") == 1
    assert not ws.problems


def test_it_follows_when_slack_asks_to_reconnect(ws: Workspace, bot: Bot):
    """After `disconnect` a new socket takes over and commands are heard again."""
    bot.ear.connect()
    ws.wait_connected()
    opened = ws.connections_opened
    ws.disconnect()
    ws.wait_for(lambda: ws.connections_opened > opened and ws.connections == 1, WAIT)
    until(lambda: not bot.ear.deaf())
    assert said(ws, "again") == "heard again"


def test_a_line_that_breaks_without_a_word_is_replaced(ws: Workspace, bot: Bot):
    """The network drops the socket; it is open again soon and the next command is heard."""
    bot.ear.connect()
    ws.wait_connected()
    opened = ws.connections_opened
    ws.drop_connections()
    ws.wait_for(lambda: ws.connections_opened > opened and ws.connections == 1, WAIT)
    until(lambda: not bot.ear.deaf())
    assert said(ws, "again") == "heard again"


def test_slack_away_makes_it_deaf_and_back_makes_it_hear(ws: Workspace, bot: Bot):
    """Started while Slack is away it says so; when Slack is back it connects by itself."""
    ws.fault("down")
    bot.ear.connect()
    until(lambda: any(call.method == "apps.connections.open" for call in ws.calls))
    assert "not connected" in bot.ear.deaf()
    ws.heal()
    ws.wait_connected(timeout=WAIT)
    until(lambda: not bot.ear.deaf())
    ws.fault("503")
    until(lambda: bool(bot.ear.deaf()))
    ws.heal()
    until(lambda: not bot.ear.deaf())
    assert said(ws, "here") == "heard here"


class Leaps:
    """A clock that stands, and goes on by leaps: the SDK's own is the machine's."""

    def __init__(self, bot: Bot) -> None:
        self.at = time.monotonic()
        bot.now = lambda: self.at

    def by(self, seconds: float) -> None:
        """So much later at once."""
        self.at += seconds


@pytest.fixture
def relay(ws: Workspace) -> Iterator[Relay]:
    with Relay(ws.port) as relay:
        yield relay


@pytest.fixture
def far(ws: Workspace, relay: Relay) -> Iterator[Bot]:
    """A bot whose sockets lead through the relay, connected."""
    bot = Bot(ws, relay)
    bot.ear.connect()
    ws.wait_connected()
    until(lambda: not bot.ear.deaf())
    yield bot
    bot.close(ws)


def test_a_frozen_line_is_replaced_and_commands_are_heard_again(ws: Workspace, relay: Relay, far: Bot):
    """No FIN, no reset, no pong: after 25 s without a sign of life the client is thrown away, and a new one hears."""
    clock, first = Leaps(far), far.ear._client
    relay.freeze()

    def given_up() -> bool:  # a pong that came before the frost may be taken in after a leap
        clock.by(26.0)
        return far.ear._client is not first

    until(given_up)
    until(lambda: not far.ear.deaf())
    assert relay.accepted == 2
    until(lambda: said(ws, "again") == "heard again")


def test_pongs_alone_are_a_sign_of_life(far: Bot):
    """No envelope, but pongs: the client stays, each of them counts anew."""
    clock, first = Leaps(far), far.ear._client
    for _ in range(2):
        heard = far.ear._heard
        clock.by(20.0)
        until(lambda: far.ear._heard > heard)  # noqa: B023 - asked before the next turn
    assert far.ear._client is first
    assert not far.ear.deaf()


# The SDK leaves the socket of a greeting that never came to the garbage collector, which warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_network_that_swallows_everything_makes_it_deaf_until_it_is_back(ws: Workspace, relay: Relay, far: Bot):
    """New lines are frozen as well: it stays deaf and goes on trying; back again, it hears without a restart."""
    clock, first = Leaps(far), far.ear._client
    relay.freeze(new=True)

    def given_up() -> bool:
        clock.by(26.0)
        return far.ear._client is not first

    until(given_up)
    until(lambda: relay.accepted > 1)
    assert far.ear.deaf()
    relay.thaw()

    def hears() -> bool:
        if far.ear._trying is None:
            clock.by(8.0)  # the longest pause between two attempts
        return not far.ear.deaf()

    until(hears)
    until(lambda: said(ws, "again") == "heard again")


def test_a_client_that_hangs_in_a_lock_of_its_own_is_given_up(ws: Workspace, bot: Bot):
    """A thread of the SDK never lets its lock go: nothing of ours waits for it, and a new client hears."""
    bot.ear.connect()
    ws.wait_connected()
    until(lambda: not bot.ear.deaf())
    first = bot.ear._client
    assert first is not None
    first.connect_operation_lock.acquire()
    first.current_app_monitor.event.set()  # the SDK's own watch is dead, too
    first.disconnect()
    assert "not connected" in bot.ear.deaf()
    until(lambda: bot.ear._trying is first)
    Leaps(bot).by(26.0)
    until(lambda: not bot.ear.deaf())
    assert bot.ear._client is not first
    first.connect_operation_lock.release()
    assert said(ws, "again") == "heard again"
    bot.ear._greeted = False
    bot.ear._hear(first, {"type": "hello"}, None)
    assert bot.ear.deaf(), "a client that was thrown away says nothing about the one that is used"


def test_what_a_client_opened_after_it_was_given_up_is_closed(ws: Workspace, bot: Bot):
    """Thrown away while it connects, and connected in the end: no second socket takes commands away."""
    asked, go = threading.Event(), threading.Event()
    address = bot.ear._address

    def slow() -> str:
        found = address()
        if not asked.is_set():
            asked.set()
            assert go.wait(WAIT)
        return found

    bot.ear._address = slow  # type: ignore[method-assign]  # the SDK's thread that calls it is to be held up
    bot.ear.connect()
    assert asked.wait(WAIT)
    Leaps(bot).by(26.0)
    until(lambda: not bot.ear.deaf())
    until(lambda: not running("socket-end"))
    go.set()
    until(lambda: not running("socket-connect"))
    until(lambda: ws.connections == 1)
    assert [said(ws, f"{n}") for n in range(4)] == [f"heard {n}" for n in range(4)]


def test_slack_is_not_asked_before_it_allows_and_nothing_sleeps(ws: Workspace, bot: Bot):
    """`Retry-After: 30`: nobody sleeps it through and nobody asks again, the SDK's threads neither; then it hears."""
    clock = Leaps(bot)
    ws.fault("429", "apps.connections.open", times=1, retry_after=30)
    bot.ear.connect()
    until(lambda: bot.ear._not_before == clock.at + 30.0 and bot.ear._trying is None)
    clock.by(29.0)
    assert bot.ear._client is not None
    with pytest.raises(SlackClientError):
        bot.ear._client.connect_to_new_endpoint()
    assert [call.method for call in ws.calls].count("apps.connections.open") == 1
    clock.by(1.5)
    until(lambda: not bot.ear.deaf())


@pytest.mark.slow
def test_a_quiet_connection_lasts(ws: Workspace, bot: Bot):
    """Half a minute without an envelope: pings alone keep it, and nobody reconnects."""
    bot.ear.connect()
    ws.wait_connected()
    threading.Event().wait(31)
    assert ws.connections_opened == 1
    assert not bot.ear.deaf()
    assert said(ws, "still here") == "heard still here"


def test_closed_means_closed(ws: Workspace, bot: Bot):
    """After close no socket is open and none is opened."""
    bot.ear.connect()
    ws.wait_connected()
    bot.ear.close()
    assert not bot.ear._keeper.is_alive()
    ws.wait_for(lambda: ws.connections == 0, WAIT)
    opened = ws.connections_opened
    assert said(ws, "anyone") != "heard anyone"
    assert ws.connections_opened == opened
    assert bot.ran == []


def lasting(thread: threading.Thread) -> bool:
    """One of the SDK's or the pool's that would keep a process from ending."""
    return not thread.daemon and thread.name.startswith(("ThreadPool", "Thread-"))


def test_closed_while_connecting_leaves_no_socket_behind(ws: Workspace):
    """A bot that ends in the moment it connects ends: no thread of the SDK, no connection stays."""
    before = {thread.ident for thread in threading.enumerate()}
    for _ in range(5):
        bot = Bot(ws)
        bot.ear.connect()
        ws.wait_connected(timeout=WAIT)
        bot.ear.close()
        ws.wait_for(lambda: ws.connections == 0, WAIT)
    until(lambda: not [each for each in threading.enumerate() if each.ident not in before and lasting(each)])


def test_nothing_secret_is_logged_when_connecting_fails(
    ws: Workspace, bot: Bot, caplog: pytest.LogCaptureFixture
):
    """The word of Slack is logged, never a token or the address with its ticket."""
    ws.fault("500", "apps.connections.open", times=2)
    bot.ear.connect()
    ws.wait_connected(timeout=WAIT)
    assert "cannot connect to Slack: SlackApiError internal_error" in caplog.text
    assert "xapp-" not in caplog.text
    assert not any("ticket" in line.getMessage() for line in caplog.records if line.name.startswith("bot."))
