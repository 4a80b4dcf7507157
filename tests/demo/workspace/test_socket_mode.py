"""Socket Mode with slack_sdk's own client: acks, timeouts, reconnects, redelivered events."""

import json

import pytest
import simple_websocket
from slack_sdk import WebClient

from tests.demo.workspace.raw import Socket


def test_a_command_and_a_press_travel_over_the_socket(socket_scene):
    """hello, envelope, ack with payload, update: the whole way."""
    scene = socket_scene
    assert scene.ana().slash("deploys", "/deploy card now").text == "looking at card now"
    card = scene.ws.channel("deploys").find("baking")
    assert scene.ana().press(card, "Pause").ok
    scene.ws.wait_for(lambda: scene.ws.channel("deploys").find("paused"))
    assert scene.ws.envelopes[-1].outcome == "acked"


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_the_bot_comes_back_after_a_disconnect(socket_scene, reason):
    """A notice, the old socket closed, a new one opened; the next command is answered."""
    scene = socket_scene
    before = scene.ws.connections_opened
    scene.ws.disconnect(reason)
    scene.ws.wait_for(lambda: scene.ws.connections_opened > before and scene.ws.connections == 1)
    assert scene.ana().slash("deploys", "/deploy again").text == "looking at again"


class RawBot:
    """A socket held by hand, to see the wire itself."""

    def __init__(self, ws):
        url = WebClient(base_url=ws.api_url).apps_connections_open(app_token=ws.app_token)["url"]
        self.socket = Socket.connect(url)
        self.hello = self.receive()

    def receive(self):
        return json.loads(self.socket.receive(10))

    def ack(self, envelope, payload=None):
        self.socket.send(json.dumps({"envelope_id": envelope["envelope_id"], "payload": payload}))


def test_no_ack_is_an_operation_timeout(ws):
    """After the ack time the person reads operation_timeout; a late ack changes nothing."""
    bot = RawBot(ws)
    ws.wait_connected()
    result = ws.person("ana").slash("deploys", "/deploy x")
    assert result.error == "operation_timeout"
    assert "operation_timeout" in ws.person("ana").private[0].text
    bot.ack(bot.receive())
    assert ws.envelopes[-1].outcome == "operation_timeout"
    bot.socket.close()


def test_the_wire_looks_like_slacks(ws):
    """Hello and envelope carry Slack's keys; commands accept an answer in the ack."""
    bot = RawBot(ws)
    ws.wait_connected()
    assert bot.hello["type"] == "hello"
    assert bot.hello["connection_info"] == {"app_id": "A0TIDE"}
    ws.person("ana").slash("deploys", "/deploy x")
    envelope = bot.receive()
    assert set(envelope) == {"envelope_id", "payload", "type", "accepts_response_payload"}
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    bot.socket.close()


def test_events_are_sent_again_and_commands_are_not(ws, clock):
    """An event nobody took comes back as a retry with its number; a command never does."""
    ws.person("ana").slash("deploys", "/deploy lost")
    ws.person("ana").say("general", "@tidegate hello")
    bot = RawBot(ws)
    ws.wait_connected()
    first = bot.receive()
    assert (first["type"], first["retry_attempt"]) == ("events_api", 1)
    ws.wait_for(lambda: ws.envelopes[-1].outcome == "operation_timeout")
    clock.advance(61)
    second = bot.receive()
    assert (second["retry_attempt"], second["retry_reason"]) == (2, "timeout")
    assert second["payload"]["event_id"] == first["payload"]["event_id"]
    bot.ack(second)
    ws.wait_for(lambda: ws.envelopes[-1].acked)
    clock.advance(10_000)
    assert ws.retry_due_events() == 0
    bot.socket.close()


def test_each_payload_goes_to_one_connection(ws):
    """Two connections share the payloads; none is delivered twice."""
    bots = [RawBot(ws), RawBot(ws)]
    ws.wait_connected(2)
    for number in range(2):
        ws.person("ana").slash("deploys", f"/deploy {number}")
    assert [bot.receive()["payload"]["text"] for bot in bots] in (["0", "1"], ["1", "0"])
    for bot in bots:
        bot.socket.close()


def test_a_socket_address_works_once(ws):
    """The address of apps.connections.open is for one connection."""
    url = WebClient(base_url=ws.api_url).apps_connections_open(app_token=ws.app_token)["url"]
    first = Socket.connect(url)
    assert json.loads(first.receive(10))["type"] == "hello"
    with pytest.raises((simple_websocket.ConnectionClosed, simple_websocket.ConnectionError)):
        Socket.connect(url).receive(10)
    assert ws.wait_for(lambda: ws.connections_opened) == 1
    first.close()


def test_down_closes_the_sockets(ws):
    """When all of Slack is away, sockets break and new ones are refused."""
    bot = RawBot(ws)
    ws.wait_connected()
    ws.fault("down")
    ws.wait_for(lambda: ws.connections == 0)
    assert ws.person("ana").slash("deploys", "/deploy x").error == "dispatch_failed"
    ws.heal()
    RawBot(ws).socket.close()
    with pytest.raises(simple_websocket.ConnectionClosed):
        bot.socket.receive(5)
