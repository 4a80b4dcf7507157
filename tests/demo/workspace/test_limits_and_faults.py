"""Rate limits as Slack's, and faults that can be switched on and off."""

import http.client
import time

import pytest
from slack_sdk.errors import SlackApiError


def post(client, text="x", channel="C0DEPLOYS"):
    return client.chat_postMessage(channel=channel, text=text)


def limited(call):
    """The Retry-After of the first refusal among 400 calls, and how many passed before."""
    passed = 0

    def until_refused():
        nonlocal passed
        for _ in range(400):
            call()
            passed += 1

    with pytest.raises(SlackApiError, match="ratelimited") as caught:
        until_refused()
    assert caught.value.response.status_code == 429
    return passed, int(caught.value.response.headers["Retry-After"])


class Still:
    """A clock that stands until told to go."""

    def __init__(self):
        self.now = float(int(time.time()))

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Still()


def test_a_channel_takes_one_post_a_second(ws, client, clock):
    """A short burst passes, then 429 for a second; other channels are not held up."""
    assert limited(lambda: post(client)) == (5, 1)
    post(client, channel="C0GENERAL")
    clock.now += 1
    post(client)
    assert limited(lambda: post(client)) == (0, 1)
    assert len(ws.channel("deploys").messages) == 6


def test_updates_share_fifty_a_minute(client, clock):
    """chat.update is Tier 3 for the whole workspace, all cards together."""
    ts = post(client)["ts"]
    assert limited(lambda: client.chat_update(channel="C0DEPLOYS", ts=ts, text="y")) == (50, 2)
    clock.now += 60
    assert limited(lambda: client.chat_update(channel="C0DEPLOYS", ts=ts, text="y")) == (50, 2)


def test_group_members_are_tier_two(client):
    """usergroups.users.list allows twenty a minute."""
    assert limited(lambda: client.usergroups_users_list(usergroup="S0PAYMENTS")) == (20, 3)


def test_a_lost_reply_applies_once(ws, client):
    """The post is there, the caller sees a broken connection, the log says when it was applied."""
    ws.fault("lost_reply", "chat.postMessage", times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        post(client, "only once")
    assert [m.text for m in ws.channel("deploys").messages] == ["only once"]
    call = ws.calls[-1]
    assert (call.fault, call.applied_at is not None) == ("lost_reply", True)
    post(client, "healed")


def test_down_applies_nothing(ws, client):
    """The connection breaks before anything happens, for every method, until healed."""
    ws.fault("down")
    for call in (lambda: post(client), client.auth_test):
        with pytest.raises(http.client.RemoteDisconnected):
            call()
    ws.heal()
    post(client)
    assert len(ws.channel("deploys").messages) == 1


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("503", 503), ("429", 429)])
def test_answered_faults_apply_nothing(ws, client, kind, status):
    """Server errors and forced limits, by method pattern, a number of times."""
    ws.fault(kind, "chat.*", times=2, retry_after=7)
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            post(client)
        assert caught.value.response.status_code == status
        assert caught.value.response.headers.get("Retry-After") == ("7" if status == 429 else None)
    client.auth_test()
    post(client)
    assert len(ws.channel("deploys").messages) == 1


def test_slow_is_late_but_applied(ws, client):
    """The answer comes after the given time; the message is there before."""
    ws.fault("slow", "chat.postMessage", times=1, seconds=0.2)
    started = time.monotonic()
    post(client)
    assert time.monotonic() - started >= 0.2
    assert len(ws.channel("deploys").messages) == 1


def test_response_urls_can_fail_too(scene):
    """The hook `response_url` is faulted under its own name."""
    scene.ws.fault("500", "response_url")
    card = scene.ana().slash("deploys", "/deploy card")
    scene.ana().press(scene.ws.channel("deploys").messages[0], "rollback")
    assert card.ok
    scene.ws.wait_for(lambda: [c for c in scene.ws.calls if c.method == "response_url" and c.status == 500])
    assert all(m.text != "rolling back" for m in scene.ana().private)


def test_an_unknown_fault_is_refused(ws):
    """A misspelt kind would switch nothing on."""
    with pytest.raises(ValueError, match="lost_reply"):
        ws.fault("lost_answer")
