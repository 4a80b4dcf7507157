"""What tests count by: the deeds of a workspace in order, and channels that stop taking posts."""

import http.client

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from demo.workspace import Workspace, WorkspaceConfig, channel_knobs
from demo.workspace.limits import TIERS
from demo.workspace.methods import METHODS
from demo.workspace.scopes import NEEDED
from tests.demo.workspace.test_limits_and_faults import Still, limited


@pytest.fixture
def clock():
    return Still()


def test_deeds_come_in_order_with_their_times(ws, client, clock):
    """Posts, edits, removals and private lines, each at the time it happened; channels apart."""
    ts = client.chat_postMessage(channel="C0OPS", text="one")["ts"]
    clock.now += 5
    client.chat_update(channel="C0OPS", ts=ts, text="two")
    client.chat_postMessage(channel="C0DEPLOYS", text="elsewhere")
    client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="psst")
    ws.person("ben").say("ops", "hello")
    client.chat_delete(channel="C0OPS", ts=ts)
    found = [(d.kind, d.text, d.at - clock.now) for d in ws.deeds("ops")]
    assert found == [
        ("posted", "one", -5), ("updated", "two", 0), ("private", "psst", 0), ("posted", "hello", 0),
        ("deleted", "two", 0),
    ]  # fmt: skip
    assert [d.text for d in ws.deeds("ops", "posted") if d.by == "U0TIDE"] == ["one"]
    assert (ws.count("posted"), ws.count("posted", "ops"), ws.count("updated", "ops")) == (3, 2, 1)
    assert [d.number for d in ws.deeds()] == [1, 2, 3, 4, 5, 6]


def test_a_lost_reply_is_counted_and_a_refusal_is_not(ws, client):
    """The oracle is what people see: a retry after a lost reply shows as two posts."""
    ws.fault("lost_reply", "chat.postMessage", times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        client.chat_postMessage(channel="C0OPS", text="once?")
    client.chat_postMessage(channel="C0OPS", text="once?")
    ws.fault("refuse", "chat.*", times=1, error="channel_not_found")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        client.chat_postMessage(channel="C0OPS", text="never")
    assert [d.text for d in ws.deeds("ops", "posted")] == ["once?", "once?"]
    assert ws.problems == ()


def test_refused_addresses_do_nothing(scene):
    """A response_url can be refused as well."""
    scene.ws.fault("refuse", "response_url", times=1)
    scene.ana().slash("deploys", "/deploy card")
    scene.ana().press(scene.ws.channel("deploys").messages[0], "rollback")
    scene.ws.wait_for(lambda: [c for c in scene.ws.calls if c.method == "response_url" and c.status == 400])
    assert scene.ws.count("private") == 1


@pytest.mark.parametrize(("how", "word"), [("archive", "is_archived"), ("remove_bot", "not_in_channel")])
def test_a_closed_channel_takes_nothing(ws, client, how, word):
    """Posts, edits, removals, private lines and files are refused with one word, until the channel is back."""
    ts = client.chat_postMessage(channel="C0OPS", text="x")["ts"]
    getattr(ws, how)("#ops")
    for call in (
        lambda: client.chat_postMessage(channel="C0OPS", text="y"),
        lambda: client.chat_postMessage(channel="#ops", text="y"),
        lambda: client.chat_update(channel="C0OPS", ts=ts, text="y"),
        lambda: client.chat_delete(channel="C0OPS", ts=ts),
        lambda: client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="y"),
        lambda: client.files_upload_v2(content="y", filename="y.txt", channel="C0OPS"),
    ):
        with pytest.raises(SlackApiError) as caught:
            call()
        assert caught.value.response["error"] == word
    assert client.chat_getPermalink(channel="C0OPS", message_ts=ts)["permalink"]
    shown = client.conversations_info(channel="C0OPS")["channel"]
    assert (shown["is_archived"], shown["is_member"]) == (how == "archive", how != "remove_bot")
    ws.unarchive("ops")
    ws.invite_bot("ops")
    client.chat_update(channel="C0OPS", ts=ts, text="y")
    assert ws.count("updated", "ops") == 1


def test_chat_write_public_posts_without_an_invitation():
    """With that scope messages pass, files do not: sharing needs membership."""
    scopes = (*WorkspaceConfig().scopes, "chat:write.public")
    with Workspace(WorkspaceConfig(scopes=scopes)) as ws:
        ws.remove_bot("ops")
        client = WebClient(token=ws.bot_token, base_url=ws.api_url)
        client.chat_postMessage(channel="C0OPS", text="x")
        with pytest.raises(SlackApiError, match="not_in_channel"):
            client.files_upload_v2(content="y", filename="y.txt", channel="C0OPS")


def test_channel_knobs_close_and_open_a_channel(ws, client):
    """Each says what it did; the last one undoes both."""
    archive, remove, restore = channel_knobs(ws, "ops")
    for knob in (archive, remove):
        assert knob.run().endswith(".")
        with pytest.raises(SlackApiError):
            client.chat_postMessage(channel="C0OPS", text="x")
        restore.run()
        client.chat_postMessage(channel="C0OPS", text="x")


def test_every_method_has_a_limit():
    """chat.postMessage has its own buckets, every other one a tier; no tier or scope is for a method not here."""
    assert set(METHODS) == (set(TIERS) - {"apps.connections.open"}) | {"chat.postMessage"}
    assert set(NEEDED) <= set(METHODS)


CALLS = {
    "files.getUploadURLExternal": (100, {"filename": "x.txt", "length": 1}),
    "files.completeUploadExternal": (100, {"files": []}),
    "chat.scheduleMessage": (50, {"channel": "C0OPS", "text": "x", "post_at": 1}),
    "chat.scheduledMessages.list": (50, {}),
    "chat.deleteScheduledMessage": (50, {"channel": "C0OPS", "scheduled_message_id": "Q"}),
}


@pytest.mark.parametrize("method", CALLS)
def test_the_new_methods_have_their_tiers(ws, client, method):
    """So many calls a minute, whatever their answer, then 429 with Retry-After."""
    allowed, args = CALLS[method]

    def call():
        try:
            client.api_call(method, json=args)
        except SlackApiError as refused:
            if refused.response["error"] == "ratelimited":
                raise

    passed, after = limited(call)
    assert (passed, after > 0) == (allowed, True)
