"""The HTTP side on a real socket: routes, limits, and what a forger meets."""

import contextlib
import hashlib
import hmac
import http.client
import io
import json
import random
import socket as sockets
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult

from bot.edge import MAX_BODY, Edge, Server, Slack
from bot.health import Health
from bot.metrics import Metrics
from bot.signature import sign

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = b"command=%2Fdeploy&text=my-app+canary&team_id=T1&user_id=U1&trigger_id=1.2"
FORM = "application/x-www-form-urlencoded"


class Bot:
    """A Bolt app on the edge, and the list of commands that ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.metrics = Metrics()
        self.health = Health({"slack": "http://127.0.0.1:1/api/"})
        app = App(
            name="test",
            signing_secret=SECRET,
            authorize=lambda **_: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1"),
            process_before_response=True,
        )

        @app.command("/deploy")
        def deploy(ack: Any, command: Any) -> None:
            self.ran.append(command["text"])
            ack(f"heard {command['text']}")

        self.server = Server(Edge(self.health, self.metrics, Slack(app, SECRET, time.time)), "127.0.0.1", 0)
        self.server.start()

    def request(
        self, method: str, path: str, body: bytes = b"", headers: list[tuple[str, str]] | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in [*(headers or []), ("Content-Length", str(len(body)))]:
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def slack(self, body: bytes = BODY, **changed: str) -> tuple[int, str]:
        stamp = changed.get("stamp", str(int(time.time())))
        signature = changed.get("signature", sign(SECRET, stamp, body))
        headers = [
            ("Content-Type", FORM), ("X-Slack-Request-Timestamp", stamp), ("X-Slack-Signature", signature)
        ]  # fmt: skip
        return self.request("POST", "/slack/events", body, headers)


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.server.stop()


def test_a_genuine_command_runs_and_its_ack_comes_back(bot: Bot):
    """Signed as Slack signs, it reaches the listener, and the listener's ack is the answer."""
    bot.ran.clear()
    assert bot.slack() == (200, "heard my-app canary")
    assert bot.ran == ["my-app canary"]


def test_our_signature_is_the_one_of_slacks_documentation():
    """The worked example of docs.slack.dev/authentication/verifying-requests-from-slack."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
        b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    wanted = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign(SECRET, "1531420618", body) == wanted


STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"


def forgeries(rng: random.Random) -> list[list[tuple[str, str]]]:
    """Headers that are not Slack's, one list per kind; values may hold whatever fits on a wire."""
    now = str(int(time.time()))
    good = sign(SECRET, now, BODY)
    wrong = "v0=" + hmac.new(rng.randbytes(16), BODY, hashlib.sha256).hexdigest()
    letters = [*range(32, 127), 0xE9, 0x4E2D, 0x1F600]
    junk = "".join(chr(rng.choice(letters)) for _ in range(rng.randint(1, 90)))
    far = str(int(now) + rng.choice([-1, 1]) * rng.randint(302, 10**6))
    tail = rng.choice(["0", " x", "\u00e9"])
    pairs = [
        (now, wrong),
        (now, sign(SECRET, now, BODY + b"&x=1")),
        (now, good.upper()),
        (now, good[: rng.randint(0, 66)]),
        (now, good + tail),
        (now, junk),
        (junk, sign(SECRET, junk, BODY)),
        (far, sign(SECRET, far, BODY)),
        ("9" * rng.randint(11, 400), good),
        (f"-{now}", good),
        (f"{now}.0", sign(SECRET, f"{now}.0", BODY)),
        ("\u0661\u0662", good),
    ]
    return [
        *([(STAMP, stamp), (SIGNATURE, signature)] for stamp, signature in pairs),
        [],
        [(STAMP, now)],
        [(SIGNATURE, good)],
        [(STAMP, now), (SIGNATURE, good), (SIGNATURE, good)],
        [(STAMP, now), (SIGNATURE, wrong), (SIGNATURE, good)],
        [(STAMP, now), (STAMP, now), (SIGNATURE, good)],
    ]


def forged(rng: random.Random) -> dict[str, Any]:
    """One request that is not Slack's."""
    headers = rng.choice(forgeries(rng))
    body = rng.choice([BODY, BODY, b"ssl_check=1", b'{"type":"url_verification","challenge":"x"}'])
    kind = rng.choice([FORM, "application/json"])
    return {"headers": [("Content-Type", kind), *headers], "body": body}


def test_of_600_forged_requests_none_runs_and_none_is_a_server_error(
    bot: Bot, caplog: pytest.LogCaptureFixture
):
    """Unsigned, malformed, stale, foreign, doubled, not ASCII: 401 each, nothing ran, nothing of them logged."""
    bot.ran.clear()
    rng = random.Random(20260731)
    statuses: dict[int, int] = {}
    for _ in range(600):
        request = forged(rng)
        status, answer = bot.request("POST", "/slack/events", request["body"], request["headers"])
        statuses[status] = statuses.get(status, 0) + 1
        assert "challenge" not in answer
    assert statuses == {401: 600}
    assert bot.ran == []
    assert "my-app" not in caplog.text
    assert "v0=" not in caplog.text


def test_a_request_is_stale_after_five_minutes_in_either_direction(bot: Bot):
    """299 s off is served, 302 s off is not."""
    now = int(time.time())
    for off, status in ((-295, 200), (295, 200), (-302, 401), (310, 401)):
        assert bot.slack(stamp=str(now + off))[0] == status


def chunked_over_the_limit(bot: Bot) -> bytes:
    """The status; empty where what the server would not read turned its answer into a reset, which is TCP's right."""
    with (
        sockets.create_connection(("127.0.0.1", bot.server.port), timeout=30) as line,
        contextlib.suppress(ConnectionError),
    ):
        line.sendall(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(4):
            line.sendall(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
        line.sendall(b"1\r\na\r\n")
        return line.recv(1000).split(b" ")[1]
    return b""


def test_a_body_over_the_limit_is_413(bot: Bot):
    """256 KiB and a byte, announced or chunked, is refused before anything reads it."""
    big = b"a" * (MAX_BODY + 1)
    assert bot.slack(big)[0] == 413
    answers = [answer for _ in range(20) if (answer := chunked_over_the_limit(bot))]
    assert answers and set(answers) == {b"413"}
    assert bot.slack(b"a" * MAX_BODY)[0] != 413


def test_a_signed_body_that_is_not_utf8_is_401(bot: Bot):
    """Genuine, but no text: refused without a traceback."""
    assert bot.slack(b"\xff\xfe=1")[0] == 401


DEEP = "[" * 5000 + "]" * 5000
MISSHAPEN = [
    "payload=nope", "payload={nope", "payload=[1]", "payload=null", "payload=5", f"payload={DEEP}", "payload=",
    'payload={"type":"block_actions","actions":"x"}', 'payload={"type":"block_actions","actions":[5]}',
    'payload={"type":"block_actions","actions":[]}', 'payload={"type":"view_submission","view":5}',
    'payload={"type":"view_submission","view":{}}', 'payload={"type":5}', "payload={}", '{"type":"drop"}', "{nope",
    "a=b", "text=my-app", "", f"payload={'{' * 30}", f'payload={{"type":"block_actions","actions":{DEEP}}}',
    'payload={"type":"block_actions","user":5,"actions":[{"action_id":"tidegate:pause"}]}',
    'payload={"type":"block_actions","team":"T","enterprise":7,"user":[],"actions":[{"action_id":"x"}]}',
]  # fmt: skip


@pytest.mark.parametrize("body", MISSHAPEN, ids=[body[:60] for body in MISSHAPEN])
def test_a_signed_body_that_slack_does_not_send_is_401(bot: Bot, body: str, caplog: pytest.LogCaptureFixture):
    """Signed but malformed, as a form and as JSON: never a server error, nothing ran, nothing of it logged."""
    bot.ran.clear()
    assert bot.slack(body.encode())[0] in ((401, 404) if '"user":' in body else (401,))
    assert bot.ran == []
    assert "a request to /slack/events failed" not in caplog.text
    assert "nope" not in caplog.text


@pytest.mark.parametrize("body", ["[1]", "null", "5", DEEP, "nope", '{"type":"url_verification"}'])
def test_json_that_slack_does_not_send_is_401(bot: Bot, body: str):
    """The same where the content type says JSON."""
    stamp = str(int(time.time()))
    headers = [("Content-Type", "application/json; charset=utf-8"), (STAMP, stamp),
               (SIGNATURE, sign(SECRET, stamp, body.encode()))]  # fmt: skip
    assert bot.request("POST", "/slack/events", body.encode(), headers)[0] == 401


class Breaking(App):
    """Bolt, on a bad day."""

    def dispatch(self, req: Any) -> Any:
        """See App."""
        raise RuntimeError(f"secret {req.raw_body}")


def test_a_bolt_that_breaks_is_no_server_error(caplog: pytest.LogCaptureFixture):
    """A command is told so in words, a press gets 401; the log has the kind and the place, and nothing of the body."""
    app = Breaking(name="test", signing_secret=SECRET, token_verification_enabled=False, token="xoxb-1")
    edge = Edge(Health({}), Metrics(), Slack(app, SECRET, time.time))
    press = b'payload={"type":"block_actions","actions":[{"action_id":"tidegate:pause"}]}'
    for body, status, words in ((BODY, "200 OK", "something broke here"), (press, "401 Unauthorized", "")):
        stamp = str(int(time.time()))
        said: list[str] = []

        def start(given: str, _: object, said: list[str] = said) -> None:
            said.append(given)

        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/slack/events", "CONTENT_TYPE": FORM,
            "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "HTTP_X_SLACK_REQUEST_TIMESTAMP": stamp,
            "HTTP_X_SLACK_SIGNATURE": sign(SECRET, stamp, body),
        }  # fmt: skip
        answer = b"".join(edge(environ, start))
        assert said == [status]
        assert words in answer.decode()
    assert "RuntimeError" in caplog.text
    assert "my-app" not in caplog.text


def test_unknown_paths_are_404_and_wrong_methods_405(bot: Bot):
    """Nothing else answers, and the refusal says what does."""
    assert bot.request("GET", "/")[0] == 404
    assert bot.request("GET", "/slack/events/x")[0] == 404
    assert bot.request("POST", "/healthz") == (405, "use GET\n")
    assert bot.request("GET", "/slack/events") == (405, "use POST\n")


def test_readyz_names_every_reason_and_the_overrides(bot: Bot):
    """503 with reasons while something is wrong, 200 when nothing is; a check that breaks is a reason."""
    answers = {"store": "", "slack": ""}
    for name in answers:
        bot.health.watch(name, partial(answers.__getitem__, name))
    status, body = bot.request("GET", "/readyz")
    assert (status, json.loads(body)["ready"]) == (200, True)
    assert json.loads(body)["endpoint_overrides"] == {"slack": "http://127.0.0.1:1/api/"}
    answers["slack"] = "the socket to Slack is not connected"
    bot.health.watch("store", lambda: str(1 / 0))
    status, body = bot.request("GET", "/readyz")
    assert status == 503
    assert json.loads(body)["reasons"] == {
        "slack": "the socket to Slack is not connected",
        "store": "cannot be told: ZeroDivisionError",
    }
    assert bot.request("GET", "/healthz")[0] == 200
    for name in answers:
        bot.health.watch(name, lambda: "")


def test_metrics_are_prometheus_text(bot: Bot):
    """Every line is a comment or `name{labels} number`; counters show what was counted."""
    bot.metrics.count("tidegate_asks_total", verb='a"b\\c', outcome="ok")
    bot.metrics.gauge("tidegate_live_rollouts", lambda: 2)
    bot.metrics.gauge("tidegate_outbox_waiting", lambda: 1 / 0)
    status, text = bot.request("GET", "/metrics")
    assert status == 200
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert 'tidegate_asks_total{outcome="ok",verb="a\\"b\\\\c"} 1' in lines
    assert "tidegate_live_rollouts 2" in lines
    assert not any(line.startswith("tidegate_outbox_waiting") for line in lines)
    assert all(line.rsplit(" ", 1)[1].replace(".", "").isdigit() for line in lines)


def test_a_metric_with_a_typo_is_refused(bot: Bot):
    """A name that is not in the table never becomes a metric."""
    with pytest.raises(KeyError):
        bot.metrics.count("tidegate_ask_total")
    with pytest.raises(KeyError):
        bot.metrics.gauge("tidegate_live", lambda: 1)


def test_without_http_mode_slack_cannot_post():
    """In Socket Mode there is no /slack/events at all."""
    server = Server(Edge(Health({}), Metrics()), "127.0.0.1", 0)
    server.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", "/slack/events", b"")
        assert connection.getresponse().status == 404
        connection.close()
    finally:
        server.stop()


def test_a_stopped_server_takes_no_more_connections():
    """After stop the port is closed."""
    server = Server(Edge(Health({}), Metrics()), "127.0.0.1", 0)
    server.start()
    server.stop()
    with pytest.raises(OSError, match="refused"):
        sockets.create_connection(("127.0.0.1", server.port), timeout=5)
