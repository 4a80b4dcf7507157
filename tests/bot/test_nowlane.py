"""Forms reach Slack in time or the person is told how to type it; the listener never waits."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bot.metrics import Metrics
from bot.nowlane import NowLane
from bot.wire import timed_client, web_client
from demo.workspace import Workspace

VIEW: dict[str, Any] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Why?"},
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "because"}}],
}


class Lane:
    """A now lane in a workspace, and what it told privately."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.told: list[tuple[str, str]] = []
        self.heard = threading.Event()
        self.metrics = Metrics()
        self.ahead = 0.0
        web = web_client(ws.bot_token, ws.api_url)
        self.lane = NowLane(
            lambda left: timed_client(web, left), self.tell, self.metrics,
            lambda: time.monotonic() + self.ahead,
        )  # fmt: skip

    def tell(self, address: str, text: str) -> None:
        self.told.append((address, text))
        self.heard.set()

    def trigger(self) -> str:
        self.ws.person("ana").slash("deploys", "/deploy x")
        return str(self.ws.envelopes[-1].payload["trigger_id"])


@pytest.fixture
def lane() -> Iterator[Lane]:
    with Workspace() as ws:
        lane = Lane(ws)
        yield lane
        lane.lane.stop()


def test_a_form_opens_in_time(lane: Lane):
    """views.open is called with the trigger, nothing else is told."""
    lane.lane.start()
    lane.lane.open_view(lane.trigger(), VIEW, reply="https://x/secret", instead="type it")
    lane.ws.wait_for(lambda: lane.ws.person("ana").view)
    assert lane.told == []
    assert lane.metrics.value("tidegate_windows_late_total") == 0


def test_a_form_that_slack_refuses_is_told_instead(lane: Lane):
    """An expired trigger: the private line says how to type the wish, once."""
    lane.lane.start()
    lane.lane.open_view("1.2.expired", VIEW, reply="https://x/secret", instead="type it")
    assert lane.heard.wait(30)
    assert lane.told == [("https://x/secret", "type it")]
    assert lane.metrics.value("tidegate_windows_late_total") == 1


def test_a_form_that_waited_too_long_is_not_tried(lane: Lane):
    """The trigger has died meanwhile: no call, the words are told."""
    trigger = lane.trigger()
    lane.lane.open_view(trigger, VIEW, reply="https://x/secret", instead="type it")
    lane.ahead = 2.6
    lane.lane.start()
    assert lane.heard.wait(30)
    assert not [call for call in lane.ws.calls if call.method == "views.open"]


def test_a_slow_slack_costs_the_deadline_and_no_more(lane: Lane):
    """A hanging views.open is given up within its 2.5 seconds; the next form is not behind it."""
    lane.ws.fault("slow", "views.open", seconds=8.0, times=1)
    lane.lane.start()
    started = time.monotonic()
    lane.lane.open_view(lane.trigger(), VIEW, reply="https://x/secret", instead="type it")
    lane.ws.wait_for(lambda: any(call.method == "views.open" for call in lane.ws.calls))
    lane.lane.open_view(lane.trigger(), VIEW)
    assert lane.heard.wait(30)
    assert time.monotonic() - started < 7.5
    lane.ws.wait_for(lambda: lane.ws.person("ana").view)


def test_a_flood_of_forms_never_blocks_a_listener(lane: Lane, caplog: pytest.LogCaptureFixture):
    """More than can wait are dropped and counted; open_view returns at once, with nobody taking any."""
    for _ in range(150):
        lane.lane.open_view("1.2.x", VIEW)
    assert lane.metrics.value("tidegate_windows_late_total") == 50


def test_nothing_secret_is_logged(lane: Lane, caplog: pytest.LogCaptureFixture):
    """Neither the address nor the trigger, only Slack's word."""
    caplog.set_level("DEBUG")
    lane.lane.start()
    lane.lane.open_view("1.2.expired", VIEW, reply="https://x/secret", instead="type it")
    assert lane.heard.wait(30)
    assert "a form was not opened: " in caplog.text
    assert "secret" not in caplog.text
    assert "1.2.expired" not in caplog.text
