"""Requests as Slack makes them: a command, a press, signed. Knows no server."""

import http.client
import itertools
import json
import time
import urllib.parse
from typing import Any, NamedTuple

from bench.ground import ANA, CHANNEL, SECRET, TEAM
from bot.signature import sign
from handlers.buttons import ButtonValue

FORM = "application/x-www-form-urlencoded"
_numbers = itertools.count(1)


class Signed(NamedTuple):
    """A body and the headers that go with it."""

    body: bytes
    headers: dict[str, str]


def command(text: str) -> bytes:
    """`/deploy TEXT`, with a trigger nobody saw before."""
    number = next(_numbers)
    fields = {
        "token": "made-up", "team_id": TEAM, "team_domain": "harbour", "channel_id": CHANNEL,
        "channel_name": "deploys", "user_id": ANA, "user_name": "ana", "command": "/deploy", "text": text,
        "api_app_id": "A0TIDE", "is_enterprise_install": "false", "trigger_id": f"{number}.13345224609.738474920b",
        "response_url": f"http://127.0.0.1:9/hook/{number:040d}",
    }  # fmt: skip
    return urllib.parse.urlencode(fields).encode()


def press(value: ButtonValue) -> bytes:
    """A press of a card's button."""
    number = next(_numbers)
    ts = f"1700000000.{number:06d}"
    payload: dict[str, Any] = {
        "type": "block_actions", "token": "made-up", "api_app_id": "A0TIDE", "trigger_id": f"{number}.1334.7384",
        "team": {"id": TEAM, "domain": "harbour"}, "enterprise": None, "is_enterprise_install": False,
        "user": {"id": ANA, "username": "ana", "name": "ana", "team_id": TEAM},
        "channel": {"id": CHANNEL, "name": "deploys"},
        "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": False},
        "message": {"type": "message", "ts": ts, "text": "a card"}, "state": {"values": {}},
        "response_url": f"http://127.0.0.1:9/hook/{number:040d}",
        "actions": [{"type": "button", "block_id": "b1", "action_id": f"tidegate:{value.verb}", "action_ts": ts,
                     "value": value.model_dump_json(), "text": {"type": "plain_text", "text": value.verb}}],
    }  # fmt: skip
    return urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, secret: str = SECRET) -> Signed:
    """The same with Slack's headers, made now."""
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": FORM, "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(secret, stamp, body), "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "Accept": "application/json,*/*",
    }  # fmt: skip
    return Signed(body, headers)


class Caller:
    """One connection, kept open; `send` is what is timed."""

    def __init__(self, port: int, secret: str = SECRET) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._secret = secret
        self._line.connect()

    def send(self, body: bytes) -> tuple[float, str]:
        """Seconds from the request to the whole answer, signing left out; RuntimeError when it is not a 200."""
        ready = signed(body, self._secret)
        begun = time.perf_counter()
        self._line.request("POST", "/slack/events", ready.body, ready.headers)
        answer = self._line.getresponse()
        text = answer.read().decode()
        took = time.perf_counter() - begun
        if answer.status != 200:
            raise RuntimeError(f"answered {answer.status}: {text[:200]}")
        return took, text

    def close(self) -> None:
        """Hang up."""
        self._line.close()
