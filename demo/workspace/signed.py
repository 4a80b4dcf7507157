"""Signed HTTP delivery: one POST to the bot with Slack's headers and signature. No retries here."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from dataclasses import dataclass

from slack_sdk.signature import SignatureVerifier

from demo.workspace.core import Core
from demo.workspace.wire import Envelope, Json

USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


@dataclass
class Reply:
    """What the bot answered: a status, and its body as an ack payload ({} when empty)."""

    status: int
    ack: Json


def post(core: Core, url: str, envelope: Envelope, timeout: float) -> Reply:
    """Send as Slack does: commands as a form, interactions as `payload=`, events as JSON.

    Raises OSError when nobody answers (TimeoutError when too late).
    """
    body, content_type = _body(envelope)
    stamp = str(int(core.clock()))
    signature = SignatureVerifier(core.keys.signing_secret).generate_signature(timestamp=stamp, body=body)
    headers = {
        "Content-Type": content_type,
        "User-Agent": USER_AGENT,
        "Accept": "application/json,*/*",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature or "",
    }
    if envelope.attempt:
        headers |= {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": "http_error"}
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        connection.request("POST", parts.path or "/", body.encode(), headers)
        response = connection.getresponse()
        return Reply(response.status, _ack(response.read().decode("utf-8", "replace")))
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


def _body(envelope: Envelope) -> tuple[str, str]:
    form = "application/x-www-form-urlencoded"
    if envelope.kind == "slash_commands":
        return urllib.parse.urlencode(envelope.payload), form
    if envelope.kind == "interactive":
        return urllib.parse.urlencode({"payload": json.dumps(envelope.payload)}), form
    return json.dumps(envelope.payload), "application/json"


def _ack(text: str) -> Json:
    """An empty body is a plain ack; text that is no JSON object is a message."""
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        return {"text": text}
    return body if isinstance(body, dict) else {"text": text}
