"""Socket Mode against the stand-in workspace: acks, reconnects, outages, and knowing when it is deaf."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.metrics import Metrics
from bot.socket import Ear
from demo.workspace import Workspace

WAIT = 30.0


class Bot:
    """A Bolt app behind an Ear, in a workspace."""

    def __init__(self, ws: Workspace) -> None:
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

        web = WebClient(base_url=ws.api_url, timeout=5, retry_handlers=[])
        self.ear = Ear(app, web, ws.app_token, self.metrics, time.monotonic)


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace() as ws:
        yield ws


@pytest.fixture
def bot(ws: Workspace) -> Iterator[Bot]:
    bot = Bot(ws)
    yield bot
    bot.ear.close()


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


def test_a_silent_connection_is_thrown_away(ws: Workspace):
    """A socket that looks open but gives no sign of life is replaced from outside the SDK."""
    bot = Bot(ws)
    now = [0.0]
    bot.ear._monotonic = lambda: now[0]
    bot.ear.connect()
    try:
        ws.wait_connected()
        until(lambda: not bot.ear.deaf())
        first = bot.ear._client

        def hours_pass() -> bool:  # more between two looks than between two pongs
            now[0] += 3600.0
            return bot.ear._client is not first

        until(hours_pass)
        until(lambda: not bot.ear.deaf())
        assert said(ws, "again") == "heard again"
    finally:
        bot.ear.close()


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
