"""Workspaces with a tiny bot in them: over signed HTTP (one per test), over Socket Mode (one for all)."""

import time
from dataclasses import dataclass

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from demo.workspace import Limits, Workspace, WorkspaceConfig
from tests.demo.workspace.tiny_bot import HttpBot, Seen, new_app

MENTIONED = (*WorkspaceConfig().scopes, "app_mentions:read")


class MovableClock:
    """The real time plus what a test added, so that no test waits for a lifetime to pass."""

    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.time() + self.ahead

    def advance(self, seconds):
        self.ahead += seconds


@dataclass
class Scene:
    ws: Workspace
    seen: Seen
    clock: MovableClock
    client: WebClient

    def ana(self):
        return self.ws.person("ana")


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def ws(clock):
    """A workspace without a bot."""
    config = WorkspaceConfig(limits=Limits(ack_seconds=0.4), scopes=MENTIONED)
    with Workspace(config, clock=clock) as workspace:
        yield workspace


@pytest.fixture
def client(ws):
    return WebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])


@pytest.fixture
def scene(clock):
    """A workspace with the tiny bot behind signed HTTP."""
    bot, seen = HttpBot(), Seen()
    config = WorkspaceConfig(
        delivery="http", bot_events_url=bot.url, limits=Limits(ack_seconds=5), scopes=MENTIONED
    )  # fmt: skip
    with Workspace(config, clock=clock) as workspace:
        bot.start(workspace, seen)
        client = WebClient(token=workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])
        yield Scene(workspace, seen, clock, client)
        bot.stop()


@pytest.fixture(scope="session")
def socket_scene():
    """A workspace with the tiny bot over Socket Mode; shared, because closing its client takes 3 s."""
    clock, seen = MovableClock(), Seen()
    config = WorkspaceConfig(limits=Limits(ack_seconds=5), scopes=MENTIONED)
    with Workspace(config, clock=clock) as workspace:
        app = new_app(workspace, seen)
        handler = SocketModeHandler(app, workspace.app_token)
        handler.connect()
        workspace.wait_connected()
        yield Scene(workspace, seen, clock, app.client)
        handler.close()
