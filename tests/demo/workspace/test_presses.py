"""Buttons of messages: what arrives, what changes, who may press what."""

import pytest

from tests.demo.workspace.tiny_bot import CARD


@pytest.fixture
def card(scene):
    """A card of the bot in #deploys."""
    scene.ana().slash("deploys", "/deploy card")
    return scene.ws.channel("deploys").messages[0]


def test_a_press_updates_the_message_in_place(scene, card):
    """chat.update keeps the ts, raises the revision and shows the new blocks."""
    assert scene.ana().press(card, "Pause").ok
    now = scene.ws.wait_for(lambda: scene.ws.channel("deploys").find("paused"))
    assert (now.ts, now.revision) == (card.ts, 2)
    assert len(scene.ws.channel("deploys").messages) == 1


def test_the_press_arrives_as_slack_sends_it(scene, card):
    """Keys, container, message, state and action are those of a captured block_actions payload."""
    scene.ws.person("ben").press(card, "pause")
    body = scene.ws.wait_for(lambda: scene.seen.bodies[1:])[0]
    assert set(body) == {
        "type", "user", "api_app_id", "token", "container", "trigger_id", "team", "enterprise",
        "is_enterprise_install", "channel", "message", "state", "response_url", "actions",
    }  # fmt: skip
    assert body["container"] == {
        "type": "message", "message_ts": card.ts, "channel_id": "C0DEPLOYS", "is_ephemeral": False,
    }  # fmt: skip
    assert body["user"] == {"id": "U0BEN", "username": "ben", "name": "ben", "team_id": "T0TIDE"}
    action = body["actions"][0]
    assert (action["action_id"], action["value"], action["type"]) == ("pause", "42", "button")
    assert action["block_id"] == body["message"]["blocks"][2]["block_id"]
    assert body["state"] == {"values": {}}


def test_a_denied_confirm_sends_nothing(scene, card):
    """Only the confirm button of the dialog lets a press through."""
    before = len(scene.ws.envelopes)
    assert scene.ana().press(card, "Roll back", confirm=False).error == "denied"
    assert len(scene.ws.envelopes) == before
    assert scene.ana().press(card, "Roll back").ok


def test_a_foreign_team_is_seen_in_the_payload(scene, card):
    """A person of another organisation carries their own team_id."""
    scene.ws.change_person("oskar", team_id="T0OTHER")
    scene.ws.person("oskar").press(card, "pause")
    body = scene.ws.wait_for(lambda: scene.seen.bodies[1:])[0]
    assert (body["user"]["team_id"], body["team"]["id"]) == ("T0OTHER", "T0TIDE")


def test_an_ephemeral_press_carries_no_message(scene, card):
    """Slack keeps no ephemeral messages: their presses have no `message`."""
    scene.client.chat_postEphemeral(channel="C0DEPLOYS", user="U0ANA", text="private", blocks=CARD)
    private = scene.ana().private[-1]
    scene.ana().press(private, "pause")
    body = scene.ws.wait_for(lambda: scene.seen.bodies[1:])[0]
    assert "message" not in body
    assert body["container"]["is_ephemeral"] is True
    assert scene.ws.person("ben").press(private, "pause").error == "message_not_found"


def test_a_press_on_an_older_state_still_arrives(scene, card):
    """A client that has not redrawn yet can press what is no longer there; the bot must cope."""
    scene.ana().press(card, "pause")
    scene.ws.wait_for(lambda: scene.ws.channel("deploys").find("paused"))
    assert scene.ana().press_stale(card, "pause").ok
    assert scene.ws.envelopes[-1].payload["message"]["text"] == "paused"


def test_an_unknown_button_is_refused_with_those_there_are(scene, card):
    """The driver names what could have been pressed."""
    with pytest.raises(LookupError, match=r"no 'Go' to press; there is pause \(Pause\), rollback"):
        scene.ana().press(card, "Go")


def test_the_same_payload_can_be_sent_twice(scene, card):
    """replay() delivers an exact copy under a new envelope."""
    first = scene.ana().press(card, "pause").envelope
    again = scene.ws.replay(first)
    assert (again.payload, again.acked, again.id != first.id) == (first.payload, True, True)
