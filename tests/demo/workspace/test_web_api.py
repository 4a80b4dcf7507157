"""The Web API's answers and errors, through slack_sdk."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from demo.workspace import Channel, Workspace, WorkspaceConfig
from tests.demo.workspace.tiny_bot import CARD, words


def test_a_post_becomes_a_message_with_filled_in_ids(ws, client):
    """Missing block_ids are filled in and returned; the call is logged with the time it was applied."""
    answer = client.chat_postMessage(channel="C0DEPLOYS", text="card", blocks=CARD, unfurl_links=False)
    assert all(b["block_id"] for b in answer["message"]["blocks"])
    assert ws.channel("deploys").messages[0].ts == answer["ts"]
    call = ws.calls[-1]
    assert (call.method, call.ok, call.applied_at is not None) == ("chat.postMessage", True, True)
    assert "token" not in call.args


def test_an_update_with_text_alone_removes_the_blocks(ws, client):
    """As Slack does; metadata stays."""
    meta = {"event_type": "card", "event_payload": {"id": 42}}
    ts = client.chat_postMessage(channel="C0DEPLOYS", text="a", blocks=CARD, metadata=meta)["ts"]
    client.chat_update(channel="C0DEPLOYS", ts=ts, text="b")
    now = ws.channel("deploys").messages[0]
    assert (now.text, now.blocks, now.metadata) == ("b", (), meta)


def test_replies_and_broadcasts(ws, client):
    """A reply is in its thread only, a broadcast one in the channel too; a reply's reply joins the root."""
    root = client.chat_postMessage(channel="C0DEPLOYS", text="root")["ts"]
    reply = client.chat_postMessage(channel="C0DEPLOYS", text="reply", thread_ts=root)["ts"]
    client.chat_postMessage(channel="C0DEPLOYS", text="loud", thread_ts=reply, reply_broadcast=True)
    assert [m.text for m in ws.channel("deploys").messages] == ["root", "loud"]
    assert [m.text for m in ws.channel("deploys").replies(root)] == ["reply", "loud"]


BAD_POSTS = [
    ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
    ({"channel": "C0DEPLOYS"}, "no_text"),
    ({"channel": "C0DEPLOYS", "text": "x" * 40_001}, "msg_too_long"),
    ({"channel": "C0DEPLOYS", "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
    ({"channel": "C0OLD", "text": "x"}, "is_archived"),
    ({"channel": "C0DEPLOYS", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    (
        {
            "channel": "C0DEPLOYS",
            "text": "x",
            "blocks": [{"type": "section", "text": words("y" * 3000)} for _ in range(5)],
        },
        "msg_blocks_too_long",
    ),
]


@pytest.mark.parametrize(("args", "error"), BAD_POSTS, ids=[e for _, e in BAD_POSTS])
def test_bad_posts_get_slacks_words(args, error):
    """Every refusal of chat.postMessage the bot must know."""
    channels = (*WorkspaceConfig().channels, Channel(id="C0OLD", name="old", archived=True))
    with Workspace(WorkspaceConfig(channels=channels)) as ws:
        with pytest.raises(SlackApiError) as caught:
            WebClient(token=ws.bot_token, base_url=ws.api_url).api_call("chat.postMessage", json=args)
        assert caught.value.response["error"] == error
        assert ws.calls[-1].applied_at is None


def test_updates_of_what_is_not_ours_are_refused(ws, client):
    """Unknown, private and foreign messages cannot be updated."""
    said = ws.person("ana").say("deploys", "hello").message
    private = client.chat_postEphemeral(channel="C0DEPLOYS", user="U0ANA", text="psst")["message_ts"]
    for ts, error in (
        ("1.2", "message_not_found"),
        (private, "message_not_found"),
        (said.ts, "cant_update_message"),
    ):
        with pytest.raises(SlackApiError, match=error):
            client.chat_update(channel="C0DEPLOYS", ts=ts, text="x")


def test_a_deleted_message_is_gone(ws, client):
    """chat.delete removes it; later updates do not find it; the permalink neither."""
    ts = client.chat_postMessage(channel="C0DEPLOYS", text="x")["ts"]
    assert client.chat_getPermalink(channel="C0DEPLOYS", message_ts=ts)["permalink"].endswith(ts.replace(".", ""))
    client.chat_delete(channel="C0DEPLOYS", ts=ts)
    assert ws.channel("deploys").messages == []
    with pytest.raises(SlackApiError, match="message_not_found"):
        client.chat_update(channel="C0DEPLOYS", ts=ts, text="y")


@pytest.mark.parametrize(("token", "error"), [("xoxb-wrong", "invalid_auth"), (None, "not_authed")])
def test_a_wrong_token_is_refused(ws, token, error):
    """No method works without the bot's token."""
    with pytest.raises(SlackApiError, match=error):
        WebClient(token=token, base_url=ws.api_url).auth_test()


def test_each_token_opens_its_own_door(ws, client):
    """The app token opens sockets only, the bot token everything else."""
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        client.apps_connections_open(app_token=ws.bot_token)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        WebClient(token=ws.app_token, base_url=ws.api_url).auth_test()


def test_scopes_and_identity(ws, client):
    """auth.test names bot and team; the header lists the scopes."""
    answer = client.auth_test()
    assert (answer["user_id"], answer["team_id"], answer["bot_id"]) == ("U0TIDE", "T0TIDE", "B0TIDE")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_a_bot_says_of_which_app_it_is(ws, client):
    """bots.info knows the workspace's own bot, by the id that auth.test tells, and no other; it needs users:read."""
    bot = client.bots_info(bot=client.auth_test()["bot_id"])["bot"]
    assert (bot["app_id"], bot["user_id"], bot["deleted"]) == ("A0TIDE", "U0TIDE", False)
    with pytest.raises(SlackApiError) as caught:
        client.bots_info(bot="B0OTHER")
    assert caught.value.response["error"] == "bot_not_found"
    with Workspace(WorkspaceConfig(scopes=("commands",))) as other:
        few = WebClient(token=other.bot_token, base_url=other.api_url, retry_handlers=[])
        with pytest.raises(SlackApiError) as caught:
            few.bots_info(bot="B0TIDE")
    assert caught.value.response["error"] == "missing_scope"


def test_an_unknown_method_is_a_problem(ws, client):
    """Slack's unknown_method, noted so that a test sees it."""
    with pytest.raises(SlackApiError, match="unknown_method"):
        client.api_call("chat.postMesage")
    assert "unknown_method" in ws.problems[0]


def test_people_carry_their_flags(ws, client):
    """users.info shows guests, strangers and leavers as Slack does."""
    ws.change_person("oskar", is_restricted=True, is_stranger=True)
    ws.change_person("ben", deleted=True)
    oskar = client.users_info(user="U0OSKAR")["user"]
    assert (oskar["is_restricted"], oskar["is_stranger"], oskar["deleted"]) == (True, True, False)
    ben = client.users_info(user="U0BEN")["user"]
    assert (ben["deleted"], "is_restricted" in ben) == (True, False)
    with pytest.raises(SlackApiError, match="user_not_found"):
        client.users_info(user="U0NOBODY")


def test_lists_are_paged(client):
    """Cursors lead through users.list and conversations.list."""
    names, cursor = [], ""
    while True:
        page = client.users_list(limit=2, cursor=cursor)
        names += [m["name"] for m in page["members"]]
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert names == ["ana", "ben", "eva", "oskar", "tidegate"]
    assert [c["name"] for c in client.conversations_list()["channels"]] == ["deploys", "ops", "general"]


def test_groups_and_channels(ws, client):
    """Members of groups, shared channels, direct conversations."""
    assert client.usergroups_users_list(usergroup="S0PAYMENTS")["users"] == ["U0ANA", "U0BEN"]
    assert [g["handle"] for g in client.usergroups_list()["usergroups"]] == ["payments", "oncall"]
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        client.usergroups_users_list(usergroup="S0NONE")
    ws.change_channel("deploys", shared=True)
    assert client.conversations_info(channel="C0DEPLOYS")["channel"]["is_ext_shared"] is True
    dm = client.conversations_open(users="U0ANA")["channel"]["id"]
    client.chat_postMessage(channel=dm, text="only us")
    assert [m.text for m in ws.person("ana").sees(dm)] == ["only us"]


def test_the_default_configuration_refuses_doubles():
    """Two people with one name would make tests lie."""
    people = WorkspaceConfig().people
    with pytest.raises(ValueError, match="person U0ANA is listed twice"):
        WorkspaceConfig(people=(*people, people[0]))


def test_the_environment_is_all_a_bot_needs(ws):
    """Address and tokens by the names the bot reads; the app token only where sockets are used."""
    found = ws.environment()
    assert (found["SLACK_API_URL"], found["SLACK_BOT_TOKEN"]) == (ws.api_url, ws.bot_token)
    assert found["SLACK_APP_TOKEN"].startswith("xapp-")
    http = WorkspaceConfig(delivery="http", bot_events_url="http://127.0.0.1:9/x", signing_secret="s3cret")
    with Workspace(http) as other:
        assert set(other.environment()) == {"SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"}
        with pytest.raises(SlackApiError, match="socket_mode_not_enabled"):
            WebClient(base_url=other.api_url).apps_connections_open(app_token=other.app_token)
