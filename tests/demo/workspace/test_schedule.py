"""Messages for later, by the real client: when they may be, how they are listed and taken back, how they appear."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from demo.workspace import Workspace, WorkspaceConfig
from tests.demo.workspace.test_limits_and_faults import Still
from tests.demo.workspace.tiny_bot import CARD

HOUR, DAY = 3600, 86_400


@pytest.fixture
def clock():
    return Still()


@pytest.fixture
def later(client, clock):
    """Schedules a message so many seconds from now; the id."""

    def schedule(seconds=HOUR, text="are you there?", channel="C0OPS", **more):
        at = int(clock()) + seconds
        answer = client.chat_scheduleMessage(channel=channel, text=text, post_at=at, **more)
        return answer["scheduled_message_id"]

    return schedule


def error(call, *args, **more):
    with pytest.raises(SlackApiError) as caught:
        call(*args, **more)
    return caught.value.response["error"]


def test_a_message_posts_itself_at_its_time(ws, client, clock, later):
    """Not a second before; as the bot's own message, with its blocks, and it can be updated like any other."""
    later(HOUR, "the bot is silent", blocks=CARD)
    clock.now += HOUR - 1
    assert (ws.run_due(), ws.channel("ops").messages) == (0, [])
    clock.now += 1
    ws.wait_for(lambda: ws.run_due() or ws.channel("ops").messages)
    (shown,) = ws.wait_for(lambda: ws.channel("ops").messages)
    assert (shown.text, len(shown.blocks), shown.user) == ("the bot is silent", 3, "U0TIDE")
    assert ws.scheduled == ()
    assert [(d.kind, d.at) for d in ws.deeds("ops")] == [("scheduled", clock.now - HOUR), ("posted", clock.now)]
    client.chat_update(channel="C0OPS", ts=shown.ts, text="it is back")
    assert ws.channel("ops").messages[0].text == "it is back"


def test_the_stand_in_posts_without_being_asked():
    """On a running clock the message comes by itself, also while every call breaks."""
    with Workspace() as ws:
        client = WebClient(token=ws.bot_token, base_url=ws.api_url)
        now = int(client.users_list()["cache_ts"])
        client.chat_scheduleMessage(channel="C0OPS", text="late", post_at=str(now + 2))
        ws.fault("down")
        assert ws.wait_for(lambda: ws.channel("ops").messages)[0].text == "late"


def test_a_reply_lands_in_its_thread(ws, client, clock, later):
    """thread_ts and reply_broadcast do what they do in chat.postMessage; a thread that is gone drops it."""
    root = client.chat_postMessage(channel="C0OPS", text="root")["ts"]
    later(text="quiet", thread_ts=root)
    later(text="loud", thread_ts=root, reply_broadcast=True)
    later(2 * HOUR, text="too late", thread_ts=root)
    clock.now += HOUR
    ws.wait_for(lambda: ws.run_due() or ws.count("posted", "ops") == 3)
    assert [m.text for m in ws.channel("ops").messages] == ["root", "loud"]
    assert [m.text for m in ws.channel("ops").replies(root)] == ["quiet", "loud"]
    ws.delete_message("ops", root)
    clock.now += HOUR
    ws.wait_for(lambda: ws.run_due() or ws.count("dropped", "ops"))
    assert [d.text for d in ws.deeds("ops", "dropped")] == ["too late"]


@pytest.mark.parametrize("how", ["archive", "remove_bot"])
def test_a_channel_that_takes_nothing_drops_it(ws, clock, later, how):
    """Archived or left meanwhile: the message never appears, not even when the channel is back."""
    later()
    getattr(ws, how)("ops")
    clock.now += HOUR
    ws.wait_for(lambda: ws.run_due() or ws.count("dropped", "ops"))
    ws.unarchive("ops")
    ws.invite_bot("ops")
    ws.run_due()
    assert (ws.channel("ops").messages, ws.scheduled, ws.count("dropped", "ops")) == ([], (), 1)


TIMES = [
    (0, "time_in_past"),
    (-HOUR, "time_in_past"),
    (120 * DAY + 1, "time_too_far"),
]


@pytest.mark.parametrize(("seconds", "word"), TIMES)
def test_times_slack_does_not_take(later, ws, seconds, word):
    """The past, and more than 120 days ahead; 120 days are fine."""
    assert error(later, seconds) == word
    later(120 * DAY)
    assert ws.count("scheduled") == 1


BAD = [
    ({"post_at": "soon"}, "invalid_time"),
    ({"post_at": None}, "invalid_time"),
    ({"channel": "C0NOWHERE"}, "channel_not_found"),
    ({"text": ""}, "no_text"),
    ({"thread_ts": "1.2"}, "thread_not_found"),
    ({"blocks": [{"type": "sekshun"}]}, "invalid_blocks"),
]


@pytest.mark.parametrize(("args", "word"), BAD, ids=[w for _, w in BAD])
def test_bad_schedules_get_slacks_words(client, clock, ws, args, word):
    """Everything chat.postMessage refuses is refused at once, not at the time."""
    wanted = {"channel": "C0OPS", "text": "x", "post_at": int(clock()) + HOUR} | args
    assert error(client.api_call, "chat.scheduleMessage", json=wanted) == word
    assert ws.scheduled == ()


def test_an_archived_channel_takes_no_schedule(ws, later):
    """is_archived, as for every post."""
    ws.archive("ops")
    assert error(later) == "is_archived"


def test_thirty_in_five_minutes_are_the_most(later, ws):
    """Per channel, wherever the five minutes begin; one outside of them or elsewhere is fine."""
    for number in range(30):
        later(HOUR + 9 * number)
    assert error(later, HOUR + 299) == "restricted_too_many"
    assert error(later, HOUR + 9 * 29 - 299) == "restricted_too_many"
    later(HOUR + 300)
    later(HOUR + 299, channel="C0DEPLOYS")
    assert len(ws.scheduled) == 32


def test_metadata_keeps_a_message_from_being_posted(ws, clock, later):
    """Slack's own bug, in its reference: taken, listed, never posted; noted at once."""
    later(metadata={"event_type": "x", "event_payload": {}})
    assert ws.problems == ("chat.scheduleMessage: metadata: Slack will not post this message",)
    clock.now += HOUR
    ws.wait_for(lambda: ws.run_due() or ws.count("dropped"))
    assert ws.channel("ops").messages == []


def test_the_list_shows_what_is_still_to_come(client, clock, later):
    """By time, with Slack's five fields; bounds by post_at, one channel, pages."""
    start = int(clock())
    ids = [later(n * HOUR, f"in {n} h", channel) for n, channel in ((2, "C0OPS"), (1, "C0OPS"), (3, "C0DEPLOYS"))]
    listed = client.chat_scheduledMessages_list()["scheduled_messages"]
    assert listed[0] == {
        "id": ids[1], "channel_id": "C0OPS", "post_at": start + HOUR, "date_created": start, "text": "in 1 h",
    }  # fmt: skip
    assert [one["id"] for one in listed] == [ids[1], ids[0], ids[2]]

    def texts(**args):
        return [one["text"] for one in client.chat_scheduledMessages_list(**args)["scheduled_messages"]]

    assert texts(channel="C0OPS") == ["in 1 h", "in 2 h"]
    assert texts(oldest=str(start + 2 * HOUR)) == ["in 2 h", "in 3 h"]
    assert texts(latest=str(start + 2 * HOUR)) == ["in 1 h", "in 2 h"]
    assert error(client.chat_scheduledMessages_list, channel="C0NOWHERE") == "invalid_channel"
    first = client.chat_scheduledMessages_list(limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    assert (len(first["scheduled_messages"]), texts(cursor=cursor)) == (2, ["in 3 h"])


def test_a_message_can_be_taken_back_until_a_minute_before(ws, client, clock, later):
    """Once, by its own channel and id; in the last minute it is too late."""
    mine, near = later(), later(59)

    def take_back(message_id, channel="C0OPS"):
        return client.chat_deleteScheduledMessage(channel=channel, scheduled_message_id=message_id)

    word = "invalid_scheduled_message_id"
    assert error(take_back, mine, "C0DEPLOYS") == word
    assert error(take_back, mine, "C0NOWHERE") == "channel_not_found"
    ws.archive("ops")
    take_back(mine)
    ws.unarchive("ops")
    assert [error(take_back, one) for one in (mine, near, "Q0UNKNOWN00")] == [word] * 3
    clock.now += HOUR
    ws.wait_for(lambda: ws.run_due() or ws.count("posted", "ops"))
    assert [d.kind for d in ws.deeds("ops")] == ["scheduled", "scheduled", "unscheduled", "posted"]


METHODS = ["chat.scheduleMessage", "chat.deleteScheduledMessage"]


@pytest.mark.parametrize("kind", ["lost_reply", "down", "503", "429", "500", "refuse"])
@pytest.mark.parametrize("method", METHODS)
def test_faults_hit_these_methods_too(ws, client, later, kind, method):
    """A lost reply is applied, any other fault is not."""
    call = later
    if method == METHODS[1]:
        found = later()

        def call():
            return client.chat_deleteScheduledMessage(channel="C0OPS", scheduled_message_id=found)

    before = len(ws.deeds("ops"))
    ws.fault(kind, method, times=1)
    with pytest.raises((SlackApiError, OSError)):
        call()
    assert len(ws.deeds("ops")) - before == (1 if kind == "lost_reply" else 0)
    assert (ws.calls[-1].applied_at is not None) == (kind == "lost_reply")


def test_scheduling_needs_chat_write():
    """The list needs no scope, the other two need chat:write."""
    with Workspace(WorkspaceConfig(scopes=("commands",))) as ws:
        client = WebClient(token=ws.bot_token, base_url=ws.api_url)
        assert error(client.chat_scheduleMessage, channel="C0OPS", text="x", post_at=1) == "missing_scope"
        assert client.chat_scheduledMessages_list()["scheduled_messages"] == []
