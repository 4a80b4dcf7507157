"""response_url: five uses, thirty minutes, private unless asked, replacing and deleting the original."""

import json
import urllib.error
import urllib.request

import pytest
from slack_sdk.webhook import WebhookClient

from tests.demo.workspace.tiny_bot import CARD


@pytest.fixture
def card(scene):
    scene.ana().slash("deploys", "/deploy card")
    return scene.ws.channel("deploys").messages[0]


def respond(url, **body):
    """What the stand-in answers to a post at a response_url: status and body."""
    answer = WebhookClient(url).send_dict(body)
    return answer.status_code, json.loads(answer.body)


def test_the_sixth_use_is_refused(scene):
    """Slack takes five posts per URL."""
    url = scene.ana().slash("deploys", "/deploy quiet").payload["response_url"]
    assert [respond(url, text=str(n))[0] for n in range(5)] == [200] * 5
    assert respond(url, text="6") == (404, {"ok": False, "error": "used_url", "messages": []})
    assert len(scene.ana().private) == 5


def test_it_expires_after_thirty_minutes(scene):
    """By the injected clock: valid at 29:59, refused at 30:01."""
    url = scene.ana().slash("deploys", "/deploy quiet").payload["response_url"]
    scene.clock.advance(1799)
    assert respond(url, text="x")[0] == 200
    scene.clock.advance(2)
    assert respond(url, text="x")[1]["error"] == "expired_url"


def test_replies_are_private_unless_in_channel(scene):
    """The default is ephemeral, to the one who asked."""
    url = scene.ana().slash("deploys", "/deploy quiet").payload["response_url"]
    respond(url, text="for you")
    respond(url, text="for all", response_type="in_channel")
    assert [m.text for m in scene.ws.person("ben").sees("deploys")] == ["for all"]
    assert [m.text for m in scene.ana().private] == ["for you"]


def test_a_press_can_replace_and_delete_its_message(scene, card):
    """replace_original edits the message in place, delete_original removes it."""
    url = scene.ana().press(card, "pause").payload["response_url"]
    respond(url, text="replaced", replace_original=True)
    now = scene.ws.channel("deploys").messages[0]
    assert (now.ts, now.text, now.blocks) == (card.ts, "replaced", ())
    respond(url, delete_original=True)
    assert scene.ws.channel("deploys").messages == []


def test_a_private_message_is_edited_only_this_way(scene):
    """chat.update cannot touch an ephemeral message; its own response_url can."""
    scene.client.chat_postEphemeral(channel="C0DEPLOYS", user="U0ANA", text="private", blocks=CARD)
    url = scene.ana().press(scene.ana().private[-1], "pause").payload["response_url"]
    respond(url, text="still private", replace_original=True)
    assert [m.text for m in scene.ana().private] == ["still private"]
    assert scene.ws.channel("deploys").messages == []


def test_bad_blocks_are_refused_here_too(scene):
    """What comes through a response_url passes the same rules and stands among the problems."""
    url = scene.ana().slash("deploys", "/deploy quiet").payload["response_url"]
    bad = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]
    assert respond(url, text="x", blocks=bad)[1]["error"] == "invalid_blocks"
    assert any("response_url: invalid_blocks" in p for p in scene.ws.problems)


def test_a_guessed_url_is_refused(scene):
    """Only minted addresses work."""
    assert respond(scene.ws.api_url.replace("/api/", "/hook/commands/T0TIDE/1/abc"), text="x")[0] == 404


def test_a_form_is_no_reply(scene):
    """A response_url takes JSON only."""
    url = scene.ana().slash("deploys", "/deploy quiet").payload["response_url"]
    request = urllib.request.Request(url, b"payload=x")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request)
