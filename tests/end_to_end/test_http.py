"""HTTP mode: the whole path once, and what a request that is not Slack's, or not new, can do: nothing."""

import http.client
import json
import time
import urllib.parse
import uuid
from collections.abc import Iterator

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.end_to_end.rig import Rig, until


@pytest.fixture(scope="module")
def shared(cloud, tmp_path_factory) -> Iterator[Rig]:
    """A bot that Slack posts to."""
    with Rig(tmp_path_factory.mktemp("bot"), cloud, mode="http") as up:
        yield up


def post(bot: Rig, body: str, headers: dict[str, str]) -> tuple[int, str]:
    """One request as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", bot.port, timeout=30)
    try:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/slack/events", body.encode(), {**kind, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def signed(bot: Rig, body: str, *, at: float | None = None, secret: str = "") -> dict[str, str]:
    """The headers Slack would send."""
    stamp = str(int(at or time.time()))
    verifier = SignatureVerifier(secret or bot.ws.signing_secret)
    signature = verifier.generate_signature(timestamp=stamp, body=body) or ""
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}


def command(bot: Rig, words: str) -> str:
    """The body of `/deploy WORDS` by Ana, as Slack would send it, never sent before."""
    sample = bot.ws.person("ana").slash("deploys", "/deploy help").payload
    return urllib.parse.urlencode({**sample, "text": words, "trigger_id": f"1.2.{uuid.uuid4().hex}"})


def test_the_whole_path(bot):
    """Slash, card, pause, resume, end: everything over signed HTTP, and no socket anywhere."""
    new = bot.fresh
    assert "looking at my-app" in bot.slash("ana", "my-app canary")
    bot.card("baking at", button="Pause")
    assert "paused" in bot.press("ana", bot.card(button="Pause"), "Pause")
    assert "goes on" in bot.press("ben", bot.card("paused", button="Resume"), "Resume")
    bot.phase("succeeded")
    bot.card("succeeded")
    assert bot.shares() == {new: 100} and len(bot.applied()) == 3
    assert bot.ws.connections_opened == 0


def test_an_exact_replay_gets_the_same_answer_and_runs_nothing(bot):
    """The same bytes again, even after the rollout has ended: the first answer, one rollout, one audit record."""
    body = command(bot, "my-app short")
    headers = signed(bot, body)
    before = len(bot.rollouts())
    status, first = post(bot, body, headers)
    assert status == 200 and "looking at my-app" in first
    assert post(bot, body, headers) == (200, first)
    bot.phase("succeeded")
    assert post(bot, body, headers) == (200, first)
    assert len(bot.rollouts()) == before + 1 and len(bot.applied()) == 2
    with bot.store.reads() as reads:
        kinds = [json.loads(link.body)["kind"] for link in reads.audit_page(after=0)]
    assert kinds.count("replayed") == 1


def refusals(bot: Rig, body: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Requests that are not Slack's, by what is wrong with them: body and headers."""
    good = signed(bot, body)
    return {
        "forged": (body, signed(bot, body, secret="another secret")),
        "changed": (body.replace("my-app", "other"), good),
        "stale": (body, signed(bot, body, at=time.time() - 400)),
        "early": (body, signed(bot, body, at=time.time() + 400)),
        "unsigned": (body, {}),
        "no time": (body, {"X-Slack-Signature": good["X-Slack-Signature"]}),
        "time is no number": (body, {**good, "X-Slack-Request-Timestamp": "abc"}),
        "endless time": (body, {**good, "X-Slack-Request-Timestamp": "9" * 400}),
        "negative time": (body, {**good, "X-Slack-Request-Timestamp": "-1"}),
        "cut": (body, {**good, "X-Slack-Signature": good["X-Slack-Signature"][:-1]}),
        "not ascii": (body, {**good, "X-Slack-Signature": "v0=" + "\u00e9" * 64}),
        "empty": ("", {**good}),
    }


def test_what_is_not_from_slack_is_401_and_leaves_no_trace(bot):
    """Forged, stale, malformed: 401 and never 500; nothing is stored, nothing of it stands in the log."""
    body = command(bot, "my-app short")
    with bot.store.reads() as reads:
        head = reads.head()
    answers = {what: post(bot, *request)[0] for what, request in refusals(bot, body).items()}
    assert set(answers.values()) == {401}, answers
    with bot.store.reads() as reads:
        assert reads.head() == head
    log = bot.bot.tail(200)
    assert "my-app+short" not in log and "v0=" not in log


def test_too_much_is_refused_before_it_is_read(bot):
    """More than 256 KiB: 413, whatever it is."""
    body = "text=" + "x" * (300 * 1024)
    assert post(bot, body, signed(bot, body))[0] == 413


def test_it_tells_how_it_is(bot):
    """healthz, readyz and metrics answer; a wrong path and a wrong method say so."""
    assert bot.get("/healthz")[0] == 200
    status, ready = bot.get("/readyz")
    assert status == 200 and bot.cloud.endpoint_url in ready
    status, numbers = bot.get("/metrics")
    assert status == 200 and "tidegate_asks_total" in numbers and "tidegate_ready 1" in numbers
    assert bot.get("/nothing")[0] == 404
    assert bot.get("/slack/events")[0] == 405


def test_a_bot_that_is_down_is_slacks_to_tell(bot):
    """Killed: Slack says so itself; started again, the next command is answered."""
    bot.bot.kill()
    assert not bot.ws.person("ana").slash("deploys", "/deploy status my-app").ok
    bot.start()
    until(lambda: bot.ws.person("ana").slash("deploys", "/deploy status my-app").ok, bot.where)
