"""The stand-in workspace against rules it did not write: it sends and takes what Slack does."""

import pytest
from slack_sdk import WebClient

from demo.workspace import Limits, Workspace, WorkspaceConfig
from demo.workspace.rules import complaints, view_complaints
from tests.slack_rules import assert_payload
from tests.slack_rules.corpus import (
    ACCEPTED,
    ACCEPTED_VIEWS,
    ASKED,
    REFUSED,
    REFUSED_VIEWS,
    actions,
    button,
    field,
    modal,
    select,
)

# The stand-in leaves these to the payload rules of the tests.
NOT_ITS_BUSINESS = {"section text blank", "empty cell", "unknown rich text", "too much text in all"}


@pytest.fixture(scope="module")
def sent():
    """What the workspace sent for a command, presses in a message and a modal, a submission and a closing."""
    with Workspace(WorkspaceConfig(limits=Limits(ack_seconds=0.1))) as ws:
        client = WebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])
        ana = ws.person("ana")
        ana.slash("deploys", "/deploy my-app canary")
        card = [actions(button(value="42", style="primary"))]
        client.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=card)
        ana.press(ws.channel("deploys").messages[-1], "promote")
        client.chat_postMessage(
            channel="C0OPS", text="x", blocks=[actions(button("Graph", "graph", url="https://example.com"))]
        )
        ana.press(ws.channel("ops").messages[-1], "graph")
        menu = field(select("external_select", min_query_length=0), block_id="app", optional=True)
        form = modal(actions(button()), {**ASKED, "block_id": "why"}, menu)
        trigger = ws.envelopes[-1].payload["trigger_id"]
        client.views_open(trigger_id=trigger, view={**form, "notify_on_close": True})
        ana.press_in_view("promote")
        ana.suggest("pick", "my")
        ana.submit_view({"why": "fix"})
        ana.close_view()
        return [envelope.payload for envelope in ws.envelopes]


@pytest.mark.parametrize(
    "kind", ["slash_command", "block_actions", "block_suggestion", "view_submission", "view_closed"]
)
def test_it_sends_what_slack_sends(kind, sent):
    """Each payload has the keys and types of Slack's own declaration, no more and no less."""
    payloads = [payload for payload in sent if payload.get("type", "slash_command") == kind]
    assert payloads
    for payload in payloads:
        assert_payload(kind, payload)


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_takes_what_slack_takes(name):
    """A message Slack takes is not refused in the demo."""
    assert complaints(ACCEPTED[name], "message") == []


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in NOT_ITS_BUSINESS])
def test_it_refuses_what_slack_refuses(name):
    """A message Slack refuses fails in the demo already."""
    assert complaints(REFUSED[name], "message")


@pytest.mark.parametrize("name", ACCEPTED_VIEWS)
def test_it_takes_views_slack_takes(name):
    """A view Slack takes is not refused in the demo."""
    assert view_complaints(ACCEPTED_VIEWS[name]) == []


@pytest.mark.parametrize("name", REFUSED_VIEWS)
def test_it_refuses_views_slack_refuses(name):
    """A view Slack refuses fails in the demo already."""
    assert view_complaints(REFUSED_VIEWS[name])
