"""The payload rules themselves: a corpus of what Slack refuses and of what it takes.

Without it a rule could quietly stop seeing anything, and every test that leans on it would stay green.
"""

from copy import deepcopy
from typing import Any

import pytest

from tests import slack_rules
from tests.slack_rules import problems
from tests.slack_rules.corpus import (
    ACCEPTED,
    ACCEPTED_VIEWS,
    ASKED,
    REFUSED,
    REFUSED_VIEWS,
    actions,
    button,
    confirm,
    modal,
    section,
    table,
)


@pytest.mark.parametrize("blocks", REFUSED.values(), ids=REFUSED)
def test_what_slack_refuses_is_seen(blocks):
    """Each of these messages has a problem, and the blocks are left as they were."""
    before = deepcopy(blocks)
    assert problems(blocks, text="x")
    assert blocks == before


@pytest.mark.parametrize("blocks", ACCEPTED.values(), ids=ACCEPTED)
def test_what_slack_takes_is_left_alone(blocks):
    """None of these messages has a problem, and the blocks are left as they were."""
    before = deepcopy(blocks)
    assert problems(blocks, text="x") == []
    assert blocks == before


@pytest.mark.parametrize("text", [None, "", "  ", "x" * 40_001], ids=["none", "empty", "blank", "too long"])
def test_a_message_needs_text_beside_its_blocks(text):
    """Blocks alone leave phones and screen readers with nothing, too much text is cut."""
    assert len(problems([section()], text=text)) == 1


def test_a_problem_says_where_and_what():
    """The path leads to the very field, not to the message as a whole."""
    found = problems([section(), actions(button("x" * 76))], text="x")
    assert any(line.startswith("blocks[1].elements[0].text.text: ") and "too long" in line for line in found)


def test_assert_valid_shows_the_blocks():
    """A failing test prints the problem and the blocks it is about."""
    with pytest.raises(AssertionError, match=r"Slack would refuse this:\n- .*\n(.|\n)*sekshun"):
        slack_rules.assert_valid([{"type": "sekshun"}], text="x")
    slack_rules.assert_valid([section()], text="x")


@pytest.mark.parametrize("block", [table(["a"]), {"type": "markdown", "text": "x"}], ids=["table", "markdown"])
def test_blocks_that_belong_to_messages_are_refused_in_a_modal(block):
    """What Slack shows in a message only is refused elsewhere; a modal needs no text beside."""
    assert problems([block], text="x") == []
    assert problems([section()], surface="modal") == []
    assert problems([block], surface="modal")


@pytest.mark.parametrize("view", REFUSED_VIEWS.values(), ids=REFUSED_VIEWS)
def test_views_slack_refuses_are_seen(view):
    """Each of these views has a problem."""
    assert slack_rules.view_problems(view)
    with pytest.raises(AssertionError, match="Slack would refuse this"):
        slack_rules.assert_view_valid(view)


@pytest.mark.parametrize("view", ACCEPTED_VIEWS.values(), ids=ACCEPTED_VIEWS)
def test_views_slack_takes_are_left_alone(view):
    """None of these views has a problem, and the view is left as it was."""
    before = deepcopy(view)
    slack_rules.assert_view_valid(view)
    assert view == before


SLASH = {
    "token": "t",
    "team_id": "T0TIDE",
    "team_domain": "tide",
    "channel_id": "C0DEPLOYS",
    "channel_name": "deploys",
    "user_id": "U0ANA",
    "user_name": "ana",
    "command": "/deploy",
    "text": "my-app canary",
    "api_app_id": "A0TIDE",
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/1",
    "trigger_id": "1.2.3",
}
INTERACTION = {
    "team": {"id": "T0TIDE", "domain": "tide"},
    "enterprise": None,
    "is_enterprise_install": False,
    "user": {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0TIDE"},
    "api_app_id": "A0TIDE",
    "token": "t",
}
VIEW = {
    **modal({**ASKED, "block_id": "b"}),
    "id": "V1",
    "team_id": "T0TIDE",
    "app_id": "A0TIDE",
    "bot_id": "B1",
    "app_installed_team_id": "T0TIDE",
    "hash": "1.a",
    "private_metadata": "",
    "external_id": "",
    "root_view_id": "V1",
    "previous_view_id": None,
    "clear_on_close": False,
    "notify_on_close": False,
    "state": {"values": {"b": {"why": {"type": "plain_text_input", "value": None}}}},
}
PRESSED = {**button(value="42"), "block_id": "b", "action_ts": "1.2"}
CLICK: dict[str, Any] = {
    **INTERACTION,
    "type": "block_actions",
    "trigger_id": "1.2.3",
    "actions": [PRESSED],
    "container": {"type": "message", "message_ts": "1.1", "channel_id": "C0DEPLOYS", "is_ephemeral": False},
    "channel": {"id": "C0DEPLOYS", "name": "deploys"},
    "response_url": "https://hooks.slack.com/actions/1",
    "message": {"type": "message", "ts": "1.1", "text": "x", "blocks": []},
    "state": {"values": {}},
}
SUBMITTED: dict[str, Any] = {
    **INTERACTION,
    "type": "view_submission",
    "trigger_id": "1.2.3",
    "view": VIEW,
    "response_urls": [],
}
CLOSED = {**INTERACTION, "type": "view_closed", "view": VIEW, "is_cleared": False}
TYPED = {
    **INTERACTION,
    "type": "block_suggestion",
    "action_id": "pick",
    "block_id": "b",
    "value": "my",
    "container": {"type": "view", "view_id": "V1"},
    "view": VIEW,
}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("slash_command", SLASH),
        ("block_actions", CLICK),
        ("block_actions", {**CLICK, "actions": [{**PRESSED, "style": "danger", "confirm": confirm()}]}),
        ("view_submission", SUBMITTED),
        ("view_closed", CLOSED),
        ("block_suggestion", TYPED),
    ],
)
def test_payloads_as_slack_sends_them_are_left_alone(kind, payload):
    """What Slack sends, enterprise null included, has no problem."""
    slack_rules.assert_payload(kind, payload)


def without(payload, *keys):
    return {key: value for key, value in payload.items() if key not in keys}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("slash_command", without(SLASH, "trigger_id")),
        ("slash_command", without(SLASH, "response_url")),
        ("slash_command", {**SLASH, "text": None}),
        ("slash_command", {**SLASH, "is_enterprise_install": False}),
        ("block_actions", {**CLICK, "type": "block_action"}),
        ("block_actions", without(CLICK, "response_url")),
        ("block_actions", without(CLICK, "container")),
        ("block_actions", {**CLICK, "made_up": 1}),
        ("block_actions", {**CLICK, "actions": [without(PRESSED, "action_ts")]}),
        ("block_actions", {**CLICK, "actions": [without(PRESSED, "block_id")]}),
        ("block_actions", {**CLICK, "actions": [{**PRESSED, "type": "knopf"}]}),
        ("block_actions", {**CLICK, "user": {"name": "ana"}}),
        ("view_submission", without(SUBMITTED, "view")),
        ("view_submission", {**SUBMITTED, "view": without(VIEW, "hash")}),
        ("view_submission", {**SUBMITTED, "view": {**VIEW, "blocks": [ASKED]}}),
        ("view_closed", without(CLOSED, "is_cleared")),
        ("block_suggestion", without(TYPED, "value")),
    ],
)
def test_payloads_slack_never_sends_are_seen(kind, payload):
    """A stand-in that forgets or invents a key is told so."""
    assert slack_rules.payload_problems(kind, payload)
    with pytest.raises(AssertionError):
        slack_rules.assert_payload(kind, payload)


def test_an_unknown_kind_of_payload_is_refused():
    """A misspelt kind would check nothing: it is an error that lists the known ones."""
    with pytest.raises(ValueError, match=r"'slash'; known: slash_command, block_actions, "):
        slack_rules.payload_problems("slash", SLASH)
