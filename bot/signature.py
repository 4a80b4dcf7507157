"""Is this request from Slack? Decided on shape and HMAC before anything parses the body. Knows no server.

Ours comes before Bolt's own check: Bolt answers 500 to a timestamp that is no number and to a signature
that is not ASCII, and logs signature and body when they do not fit (measured with 1.30.0).
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re

WINDOW = 300
"""Seconds a timestamp may lie off, in either direction."""

_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,10}", re.ASCII)


def objection(secret: str, signature: str, timestamp: str, body: bytes, now: float) -> str:
    """Why the request is refused, in one word for the metrics; empty when it is genuine and fresh.

    `signature` and `timestamp` are the header values, empty when absent, joined by a comma when sent twice.
    """
    if not signature or not timestamp:
        return "unsigned"
    if not _SIGNATURE.fullmatch(signature) or not _TIMESTAMP.fullmatch(timestamp):
        return "malformed"
    if abs(now - int(timestamp)) > WINDOW:
        return "stale"
    if not hmac.compare_digest(sign(secret, timestamp, body), signature):
        return "forged"
    return ""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature Slack would send."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
