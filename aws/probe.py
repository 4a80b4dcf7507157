"""One GET of a test address: what came back and after how long, or why nothing did. Judges nothing.

urllib3, because botocore brings it: redirects stay where they are, nothing is sent twice, a body counts up to 64 KiB.
Its time-outs are for each read from the socket; who trickles bytes is cut off by the clock here, and a name that does
not resolve cannot be hurried at all: whoever asks waits beside this, not for it (pair_probe.py).
"""

import time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from aws.faults import clip

MOST_BYTES: Final = 64 * 1024
A_READ: Final = 8 * 1024


class Answered(NamedTuple):
    """Its status, and the seconds until so much of it was there as is read."""

    status: int
    seconds: float


class Unanswered(NamedTuple):
    """Why there is no answer, in words."""

    why: str


def get(url: str, via: str, seconds: float) -> Answered | Unanswered:
    """Ask it once. `via`: the name to connect to, where that is not the address's own host. Never raises."""
    try:
        return _get(url, via, seconds)
    except Exception as error:  # noqa: BLE001 - whatever broke on the way, it is no answer
        return Unanswered(_words(error, seconds))


def _get(url: str, via: str, seconds: float) -> Answered | Unanswered:
    parts, begun = urlsplit(url), time.monotonic()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    limit = urllib3.Timeout(total=seconds)
    with _pool(parts.scheme, parts.hostname or "", via, parts.port) as pool:
        reply = pool.urlopen(
            "GET", path, headers={"Host": parts.netloc, "User-Agent": "tidegate", "Connection": "close"},
            retries=False, redirect=False, assert_same_host=False, timeout=limit, preload_content=False,
            decode_content=False,
        )  # fmt: skip
        try:
            read = 0
            while read < MOST_BYTES and (chunk := reply.read1(min(A_READ, MOST_BYTES - read))):
                read += len(chunk)
                if time.monotonic() - begun > seconds:
                    return Unanswered(_late(seconds))
        finally:
            reply.close()
    return Answered(reply.status, time.monotonic() - begun)


def _pool(scheme: str, host: str, via: str, port: int | None) -> urllib3.HTTPConnectionPool:
    """Its certificate has to be the host's, whoever is connected to."""
    if scheme == "https":
        return urllib3.HTTPSConnectionPool(via or host, port or 443, server_hostname=host)
    return urllib3.HTTPConnectionPool(via or host, port or 80)


def _words(error: Exception, seconds: float) -> str:
    """Only what is known to hold no foreign text, but for a certificate's reason."""
    if isinstance(error, NameResolutionError):
        return "its name is not known"
    if isinstance(error, NewConnectionError):  # of the same family as the next, but quick
        return "no connection"
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return _late(seconds)
    if isinstance(error, SSLError):
        reason = getattr(error.args[0], "verify_message", "") if error.args else ""
        return f"its certificate is not trusted: {clip(reason, 80)}" if reason else "TLS failed"
    if isinstance(error, HTTPError):
        return f"its answer could not be read ({type(error).__name__})"
    return f"it could not be asked ({type(error).__name__})"


def _late(seconds: float) -> str:
    return f"no whole answer within {seconds:g} s"
