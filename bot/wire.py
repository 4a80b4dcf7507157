"""One call to Slack at a time, and what came of it. No retries of its own, nothing stored, nothing sleeps.

slack_sdk's own retries re-send a post that may have arrived (one call, two messages, measured with 3.47.0),
its rate limit handler sleeps in the caller. So there are none, and whoever calls decides by `Came`.
"""

import logging
import socket
import urllib.error
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.metrics import Metrics
from bot.pacing import Pace

TIMEOUT = 10
PROBE = (0.5, 1.0, 2.0, 4.0)
"""Seconds between questions whether Slack is back; the last one goes on: cards are right soon after."""
_DEAF = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
_BUSY = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})


class Came(NamedTuple):
    """What came of a call.

    done; limited: 429, nothing applied; away: surely not applied; lost: nobody knows; refused: Slack said no,
    in `word`.
    """

    kind: Literal["done", "limited", "away", "lost", "refused"]
    word: str = ""
    after: float = 0.0
    channel: str = ""
    ts: str = ""


def quiet_logger() -> logging.Logger:
    """For slack_sdk: at other levels it writes payloads, headers and addresses."""
    logger = logging.getLogger("bot.slack_sdk")
    logger.setLevel(logging.CRITICAL)
    return logger


def web_client(token: str, base_url: str) -> WebClient:
    """The one client of the outbox, the directory and the now lane."""
    return WebClient(
        token=token, base_url=base_url, timeout=TIMEOUT, retry_handlers=[], logger=quiet_logger()
    )


def timed_client(web: WebClient, seconds: float) -> WebClient:
    """The same client with less patience. `timeout` counts whole seconds in its types, not in what it does."""
    return WebClient(
        token=web.token, base_url=web.base_url, timeout=seconds, retry_handlers=[], logger=quiet_logger()  # type: ignore[arg-type]  # see above
    )


class Wire:
    """Slack, paced. Used by one thread."""

    def __init__(self, web: WebClient, metrics: Metrics, monotonic: Callable[[], float]) -> None:
        self._web = web
        self._metrics = metrics
        self._monotonic = monotonic
        self._pace = Pace()
        self._failures = 0
        self._probe_at = 0.0

    def wait(self, method: str, channel: str, *, human: bool = False) -> float:
        """Seconds until this call may be made; while Slack is away, until it will be asked again."""
        now = self._monotonic()
        if self._failures:
            return max(0.1, self._probe_at - now)
        return self._pace.wait(method, channel, now, human=human)

    def back(self) -> bool:
        """Whether Slack answers. Once it did not, a harmless call asks from time to time.

        Never a post: its reply could be the next one to get lost, and a second card the consequence.
        """
        if self._failures and self._monotonic() >= self._probe_at:
            self._call("auth.test", "", self._web.auth_test)
        return not self._failures

    def post(
        self, channel: str, content: dict[str, Any], *, thread: str = "", broadcast: bool = False
    ) -> Came:
        """chat.postMessage. `lost` means that the message may be there."""
        place: dict[str, Any] = {"thread_ts": thread, "reply_broadcast": broadcast} if thread else {}
        return self._call(
            "chat.postMessage",
            channel,
            lambda: self._web.chat_postMessage(
                channel=channel, unfurl_links=False, unfurl_media=False, **place, **content
            ),
        )

    def update(self, channel: str, ts: str, content: dict[str, Any]) -> Came:
        """chat.update: repeating it is harmless."""
        return self._call(
            "chat.update", channel, lambda: self._web.chat_update(channel=channel, ts=ts, **content)
        )

    def answer(self, address: str, content: dict[str, Any]) -> Came:
        """A private answer at a response_url. The address is a secret: nothing here repeats it."""
        hook = WebhookClient(address, timeout=TIMEOUT, retry_handlers=[], logger=quiet_logger())
        body = {"response_type": "ephemeral", "replace_original": False, **content}
        return self._call("response_url", "", lambda: hook.send_dict(body))

    def _call(self, method: str, channel: str, send: Callable[[], Any]) -> Came:
        self._pace.took(method, channel, self._monotonic())
        came = came_of(send)
        self._metrics.count("tidegate_outbox_attempts_total", method=method, outcome=came.word or came.kind)
        if came.kind == "limited":
            self._pace.closed(method, channel, self._monotonic() + came.after)
        self._note(came)
        return came

    def _note(self, came: Came) -> None:
        """Remember whether Slack is there. An answer of any kind, even a refusal, means that it is."""
        if came.kind in ("away", "lost") or came.word in _DEAF:
            self._probe_at = self._monotonic() + PROBE[min(self._failures, len(PROBE) - 1)]
            self._failures += 1
        else:
            self._failures = 0


def came_of(send: Callable[[], Any]) -> Came:
    """Make one call and sort what came of it. Never raises."""
    try:
        return _answered(send())
    except Exception as error:  # noqa: BLE001 - sorted by what it means, and an unknown one is `lost`
        return _failed(error)


def _answered(reply: Any) -> Came:
    """Of a call that raised nothing; response_url posts never raise for a status."""
    if hasattr(reply, "data"):
        return Came("done", channel=str(reply.get("channel") or ""), ts=str(reply.get("ts") or ""))
    return _status(int(reply.status_code), dict(reply.headers), "" if reply.status_code == 200 else "gone")


def _failed(error: Exception) -> Came:
    if isinstance(error, SlackApiError):
        response = error.response
        word = response.get("error", "") if isinstance(response.get("ok"), bool) else ""
        return _status(int(response.status_code), dict(response.headers), str(word or "unreadable_answer"))
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    never_left = isinstance(reason, ConnectionRefusedError | socket.gaierror)
    return Came("away" if never_left else "lost", type(reason).__name__)


def _status(status: int, headers: dict[str, str], word: str) -> Came:
    if status == 429 or word in ("ratelimited", "rate_limited"):
        after = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
        return Came("limited", "ratelimited", float(after) if after.isdigit() else 30.0)
    if status >= 500 or word in _BUSY or word == "unreadable_answer":
        return Came("lost", word or str(status))
    return Came("done") if status == 200 and not word else Came("refused", word)
