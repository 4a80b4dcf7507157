"""Canary secrets through real failures of Bolt and slack_sdk: one line of JSON each, and no canary in it."""

import contextlib
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Sequence

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.webhook import WebhookClient

from bot import logs
from bot.logs import Redactor, bound, set_up

BOT = "xoxb-1111-2222-CANARYbotCANARY"
APP = "xapp-1-A1-2222-CANARYappCANARY"
SIGNING = "CANARY42231b10e8888abcd99yyyzzz8"
LEGACY = "CANARYgIkuvaNzQIHg97AT"
HOOK = "https://hooks.slack.com/commands/T1/22/CANARYhook"
STAND_IN = "http://127.0.0.1:9/hook/CANARYreply"
KEY = "AKIACANARY7EXAMPLE12"
BODY = (
    f"command=%2Fdeploy&text=my-app&token={LEGACY}&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1%2FCANARY"
    "&user_id=U1&team_id=T1&channel_id=C1&trigger_id=1.2.3"
)


@pytest.fixture
def stream():
    """A stream that gets every log of the process while the test runs."""
    root = logging.getLogger()
    before = (root.level, sys.excepthook, threading.excepthook, warnings.showwarning)
    out = io.StringIO()
    set_up(out, secrets=[SIGNING])
    yield out
    logging.captureWarnings(capture=False)
    root.removeHandler(ours())
    root.level, sys.excepthook, threading.excepthook, warnings.showwarning = before


def ours():
    """The one handler that set_up installed."""
    (found,) = [handler for handler in logging.getLogger().handlers if isinstance(handler, logs._Handler)]
    return found


def lines(stream):
    """What was logged, each line read as JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def bolt():
    """A real Bolt app, built as the bot builds it: no token, its own authorize."""

    def authorize():
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token=BOT, bot_id="B1", bot_user_id="U9")

    return App(signing_secret=SIGNING, authorize=authorize, process_before_response=True)


def test_a_record_is_one_line_of_json_with_its_fields(stream):
    """Level, logger, text and correlation fields stand in one line, whatever the text holds."""
    with bound(rollout=42, ask="cli:1"):
        logging.getLogger("bot.x").warning("two\nlines: %s", "ü", extra={"lane": "default/eu"})
    logging.getLogger("bot.x").info("after")
    first, second = lines(stream)
    assert (first["level"], first["logger"], first["text"]) == ("warning", "bot.x", "two\nlines: ü")
    assert (first["rollout"], first["ask"], first["lane"]) == (42, "cli:1", "default/eu")
    assert first["at"].endswith("Z")
    assert "rollout" not in second


@pytest.mark.parametrize(
    "secret",
    [
        BOT, "xoxe.xoxp-1-CANARY", "xoxp-1-CANARY", APP, KEY, "ASIACANARY7EXAMPLE12", SIGNING, HOOK, STAND_IN,
        f"response_url={HOOK.replace('/', '%2F').replace(':', '%3A')}", HOOK.replace("/", "\\/"),
        "Authorization: Bearer CANARYtoken", "{'Authorization': 'Basic CANARY'}", "b'authorization': b'Bearer CANARY'",
        f"token={LEGACY}&x=1", f'{{"token": "{LEGACY}"}}', "wss://wss.slack.com/link/?ticket=CANARY-1&app_id=2",
        "'x-slack-signature': ['v0=CANARY']", "X-Amz-Security-Token: CANARY", "aws_secret_access_key = CANARYCANARY",
        "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_a_secret_is_taken_out_wherever_it_stands(secret, stream):
    """In the text, an argument, a field, an exception, its cause, and a record that cannot be formatted."""
    log = logging.getLogger("bot.x")
    in_the_format = f"text {secret}"
    log.warning(in_the_format)
    log.warning("argument %s and %r", secret, {"deep": [secret]})
    log.warning("field", extra={"where": secret, "deep": {"a": secret}})
    unreadable = {"name": "bot.x", "levelno": logging.WARNING, "msg": "too few %s %s", "args": (secret,)}
    ours().handle(logging.makeLogRecord(unreadable))
    try:
        try:
            raise ValueError(secret)
        except ValueError as cause:
            raise RuntimeError(f"because of {secret}") from cause
    except RuntimeError:
        log.exception("failed", stack_info=True)
    with bound(url=secret):
        log.error("bound")
    assert len(lines(stream)) == 6
    assert "CANARY" not in stream.getvalue()


def test_ordinary_words_are_left_alone():
    """What only looks a little like a secret is printed as it is."""
    for text in (
        "my-app -> prod is at 10 %", "https://slack.com/api/chat.update", "the token is missing", "hook smoke failed",
        "arn:aws:iam::123456789012:role/tidegate-prod", "audit 1234 9f3a", "AKIA is a prefix", "/var/hooks/tidegate.db",
        "secret",
    ):  # fmt: skip
        assert Redactor()(text) == text


def test_a_bad_signature_never_brings_the_body_to_the_log(stream):
    """Bolt logs the whole request at INFO when a signature is wrong; nothing of it arrives, whatever level Bolt set."""
    app = bolt()
    logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.DEBUG)
    headers: dict[str, str | Sequence[str]] = {"x-slack-signature": ["v0=CANARY"], "x-slack-request-timestamp": ["1"]}
    reply = app.dispatch(BoltRequest(body=BODY, headers=headers))
    assert reply.status == 401
    logging.getLogger("slack_bolt.RequestVerification").error("body: CANARY")
    assert "CANARY" not in stream.getvalue()
    assert not [line for line in lines(stream) if "Verification" in line["logger"]]


def test_a_request_nobody_listens_to_is_logged_without_its_body(stream):
    """Bolt's warning quotes the whole payload, reply address and token included; ours does not."""
    app = bolt()
    request = BoltRequest(body={"type": "block_actions", "token": LEGACY, "response_url": HOOK, "text": "CANARY",
                                "user": {"id": "U1"}, "team": {"id": "T1"}}, mode="socket_mode")  # fmt: skip
    assert app.dispatch(request).status == 404
    assert any("nothing here listens" in line["text"] for line in lines(stream))
    assert "CANARY" not in stream.getvalue()


def test_a_listener_that_fails_with_secrets_in_its_words(stream):
    """An exception in a listener is logged by Bolt with its text; the secrets in it are not."""
    app = bolt()

    @app.command("/deploy")
    def broken(ack, body):
        raise RuntimeError(f"could not answer {body['response_url']} with {BOT}")

    request = BoltRequest(body=BODY, mode="socket_mode")
    with contextlib.suppress(Exception):
        app.dispatch(request)
    assert any("could not answer" in json.dumps(line) for line in lines(stream))
    assert "CANARY" not in stream.getvalue()


def test_slack_sdk_failures_show_no_token(stream):
    """A refused connection through the web client, a webhook and Socket Mode, logged with its exception."""
    web = WebClient(token=BOT, base_url="http://127.0.0.1:9/", timeout=1)
    calls = (
        lambda: web.api_call("chat.postMessage", json={"token": BOT}),
        lambda: WebhookClient(STAND_IN, timeout=1).send(text="x"),
        lambda: SocketModeClient(app_token=APP, web_client=web).connect(),
    )
    for call in calls:
        try:
            call()
        except (OSError, SlackApiError):
            logging.getLogger("bot.outbox").exception("could not send with %s to %s", BOT, STAND_IN)
    assert len([line for line in lines(stream) if line["logger"] == "bot.outbox"]) == len(calls)
    assert "CANARY" not in stream.getvalue()


def test_debug_noise_of_libraries_does_not_arrive(stream):
    """slack_sdk and botocore print requests at DEBUG and INFO: below WARNING nothing of theirs is kept."""
    for name in (
        "slack_sdk.web.base_client",
        "slack_bolt.App",
        "botocore.hooks",
        "urllib3.connectionpool",
        "App:X",
    ):
        noisy = logging.getLogger(name)
        noisy.setLevel(logging.DEBUG)
        noisy.info("noise")
        noisy.warning("kept")
    assert [line["text"] for line in lines(stream)] == ["kept"] * 5


def test_what_kills_a_thread_or_the_process_is_logged_redacted(stream):
    """Uncaught exceptions go through the same log instead of raw to stderr; so do warnings."""

    def die():
        raise RuntimeError(BOT)

    thread = threading.Thread(target=die, name="lane-1")
    thread.start()
    thread.join()
    try:
        die()
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(BOT, stacklevel=1)
    texts = [line["text"] for line in lines(stream)]
    assert texts[:2] == ["the thread lane-1 was stopped by a defect", "stopped by a defect"]
    assert "CANARY" not in stream.getvalue()


def test_text_style_is_for_people(stream):
    """TIDEGATE_LOG=text: one readable line, fields behind it, the traceback below; redacted all the same."""
    out = io.StringIO()
    set_up(out, style="text")
    logging.getLogger("bot.x").warning("look %s", BOT, extra={"rollout": 42})
    assert out.getvalue().rstrip().endswith("warning bot.x: look [secret] rollout=42")
    assert stream.getvalue() == ""


def test_set_up_twice_logs_once(stream):
    """A second set_up replaces the first: no line is written twice."""
    again = io.StringIO()
    set_up(again)
    logging.getLogger("bot").info("once")
    assert len(again.getvalue().splitlines()) == 1
    assert logs.GONE == "[secret]"
