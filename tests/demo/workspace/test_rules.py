"""Bad Block Kit is refused with JSON pointers, good Block Kit is not; every rule is broken once."""

import copy

import pytest
from slack_sdk.errors import SlackApiError

from demo.workspace import rules
from tests.demo.workspace.tiny_bot import CARD, CONFIRM, FORM, words


def section(**more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, **more}


def button(**more):
    return {"type": "button", "action_id": "a", "text": words("A"), **more}


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def option(value="v", **more):
    return {"text": words(value), "value": value, **more}


def select(**more):
    return {"type": "static_select", "action_id": "s", "options": [option()], **more}


def without(whole, key):
    return {k: v for k, v in whole.items() if k != key}


BAD = {
    "51 blocks": ([section()] * 51, "/blocks]"),
    "unknown block": ([{"type": "sektion"}], "/blocks/0/type"),
    "unknown key": ([section(colour="red")], "additional property: colour"),
    "header with mrkdwn": (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "/blocks/0/text/type",
    ),
    "header of 151": ([{"type": "header", "text": words("x" * 151)}], "must be less than 151 characters"),
    "empty text": ([section(text={"type": "mrkdwn", "text": ""})], "must be more than 0 characters"),
    "section of 3001": ([section(text={"type": "mrkdwn", "text": "x" * 3001})], "/blocks/0/text/text"),
    "section without text": ([{"type": "section"}], "missing required field: text"),
    "11 fields": ([{"type": "section", "fields": [words("x")] * 11}], "no more than 10 items"),
    "emoji on mrkdwn": ([section(text={"type": "mrkdwn", "text": "x", "emoji": True})], "property: emoji"),
    "26 elements": ([actions(*[button(action_id=str(n)) for n in range(26)])], "no more than 25 items"),
    "no elements": ([actions()], "at least 1 items"),
    "button text of 76": ([actions(button(text=words("x" * 76)))], "elements/0/text/text"),
    "button text mrkdwn": ([actions(button(text={"type": "mrkdwn", "text": "x"}))], "elements/0/text/type"),
    "button value of 2001": ([actions(button(value="x" * 2001))], "less than 2001"),
    "button style": ([actions(button(style="warning"))], "unsupported value: warning"),
    "action_id of 256": ([actions(button(action_id="x" * 256))], "less than 256"),
    "same action_id twice": ([actions(button(), button())], "action_id already exists: a"),
    "same block_id twice": ([section(block_id="b"), section(block_id="b")], "block_id already exists: b"),
    "confirm without deny": (
        [actions(button(confirm=without(CONFIRM, "deny")))],
        "missing required field: deny",
    ),
    "confirm title of 101": (
        [actions(button(confirm=CONFIRM | {"title": words("x" * 101)}))],
        "confirm/title",
    ),
    "input element in actions": ([actions({"type": "plain_text_input", "action_id": "a"})], "in actions"),
    "button in context": ([{"type": "context", "elements": [button()]}], "in a context"),
    "11 in a context": ([{"type": "context", "elements": [words("x")] * 11}], "no more than 10 items"),
    "101 options": (
        [actions(select(options=[option(str(n)) for n in range(101)]))],
        "no more than 100 items",
    ),
    "option value of 151": (
        [actions(select(options=[option("v") | {"value": "x" * 151}]))],
        "options/0/value",
    ),
    "option text of 76": ([actions(select(options=[option("x" * 76)]))], "options/0/text/text"),
    "same option twice": ([actions(select(options=[option(), option()]))], "option values must be unique"),
    "strange initial": ([actions(select(initial_option=option("w")))], "initial option must exactly match"),
    "options and groups": (
        [actions(select(option_groups=[{"label": words("g"), "options": [option()]}]))],
        "either options or option_groups",
    ),
    "6 in overflow": (
        [
            section(
                accessory={
                    "type": "overflow",
                    "action_id": "o",
                    "options": [option(str(n)) for n in range(6)],
                }
            )
        ],
        "no more than 5 items",
    ),
    "image without alt": ([{"type": "image", "image_url": "https://x/y.png"}], "alt_text"),
    "two tables": ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2, "only one table"),
    "101 rows": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
        "no more than 100",
    ),
    "long markdown": ([{"type": "markdown", "text": "x" * 7000}] * 2, "12001 characters together"),
    "alert in a message": ([{"type": "alert", "text": words("x")}], "in a message"),
    "blocks in blocks": ([[section()]], "must provide an object"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_blocks_are_refused(name):
    """Slack refuses this, and so does the stand-in, pointing at the place."""
    blocks, words_of_slack = BAD[name]
    found = rules.complaints(copy.deepcopy(blocks), "message")
    assert any(words_of_slack in sentence for sentence in found), found
    assert all("[json-pointer:/" in sentence for sentence in found)


GOOD = [
    CARD,
    [section(accessory=button(confirm=CONFIRM)), {"type": "divider"}],
    [{"type": "context", "elements": [{"type": "mrkdwn", "text": "a", "verbatim": True}, words("b")]}],
    [actions(select(), {"type": "datepicker", "action_id": "d", "initial_date": "2026-11-23"})],
    [
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
        }
    ],
    [
        {
            "type": "table",
            "rows": [[{"type": "raw_text", "text": "x"}]],
            "column_settings": [{"is_wrapped": True}],
        }
    ],
    [{"type": "image", "image_url": "https://x/y.png", "alt_text": "y"}],
    [section(text={"type": "mrkdwn", "text": "é" * 3000})],
    [],
]


@pytest.mark.parametrize("blocks", GOOD)
def test_good_blocks_are_taken(blocks):
    """No false alarms on what Slack accepts."""
    assert rules.complaints(blocks, "message") == []


BAD_VIEWS = {
    "title of 25": (FORM | {"title": words("x" * 25)}, "/view/title/text"),
    "no title": (without(FORM, "title"), "missing required field: title"),
    "inputs without submit": (without(FORM, "submit"), "submit"),
    "metadata of 3001": (FORM | {"private_metadata": "x" * 3001}, "/view/private_metadata"),
    "101 blocks": (FORM | {"blocks": [section()] * 101}, "no more than 100"),
    "unknown key": (FORM | {"colour": "red"}, "additional property: colour"),
    "table in a modal": (FORM | {"blocks": [{"type": "table", "rows": [[]]}]}, "in a modal"),
    "home with submit": (FORM | {"type": "home"}, "additional property: submit"),
    "no type": (without(FORM, "type"), "/view/type"),
    "no blocks": (without(FORM, "blocks"), "/view"),
}


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_bad_views_are_refused(name):
    """The same for modals and home tabs."""
    view, words_of_slack = BAD_VIEWS[name]
    found = rules.view_complaints(copy.deepcopy(view))
    assert any(words_of_slack in sentence for sentence in found), found


def test_a_good_view_is_taken():
    """The form of the tiny bot is valid."""
    assert rules.view_complaints(FORM) == []


@pytest.mark.parametrize("ack", [{}, {"options": [], "option_groups": []}, {"options": [{"text": "x"}]}])
def test_bad_options_are_refused(ack):
    """An answer to a block_suggestion is options or groups, well formed."""
    assert rules.options_complaints(ack)


def test_the_refusal_reaches_the_caller(ws, client):
    """invalid_blocks with messages, and a problem for tests to see; nothing is posted."""
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[section(colour="red")])
    assert caught.value.response["error"] == "invalid_blocks"
    assert "json-pointer:/blocks/0" in caught.value.response["response_metadata"]["messages"][0]
    assert ws.channel("deploys").messages == []
    assert ws.problems


def test_a_bad_view_is_invalid_arguments(client):
    """views.* refuse with invalid_arguments, before the trigger is looked at."""
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id="x", view=without(FORM, "title"))
    assert caught.value.response["error"] == "invalid_arguments"
