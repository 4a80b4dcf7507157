"""Slack, as checks ask it: one call, its answer or one of four errors. No verdicts here."""

import json
import threading
import urllib.error
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

from bot.clock import SystemClock
from bot.wire import quiet_logger, timed_client
from handlers.ports import Identity

PATIENCE = 8.0
"""Seconds for one call: less than a check may take, so that its own words are told."""
TOKEN_WORDS = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})


class Unanswered(Exception):
    """Slack gave no answer that can be read; nothing follows from that."""


class Limited(Exception):
    """Slack asks to wait."""


class TokenRefused(Exception):
    """Slack does not take the token, whatever it is asked."""


class Said(Exception):
    """Slack said no, in a word of its own."""

    @property
    def word(self) -> str:
        """Slack's word."""
        return str(self.args[0])


class Answer(NamedTuple):
    """What came back, and when by both clocks."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    at: datetime
    """The middle of the call by our clock."""

    @property
    def ahead(self) -> timedelta | None:
        """How far our clock is ahead of theirs; None when they did not tell the time."""
        return ahead_of(self.headers.get("date", ""), self.at)


def ahead_of(date: str, at: datetime) -> timedelta | None:
    """Our clock against an HTTP `Date`, which is cut to whole seconds."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return None
    return at - theirs - timedelta(milliseconds=500) if theirs.tzinfo else None


class SlackSide:
    """Thread-safe. Who we are is asked once and remembered, whatever came of it."""

    def __init__(self, web: WebClient, app_token: str, clock: SystemClock) -> None:
        self._web = timed_client(web, PATIENCE)
        self._app_token = app_token
        self._clock = clock
        self._lock = threading.Lock()
        self._who: Answer | Exception | None = None

    def who(self) -> Answer:
        """auth.test."""
        with self._lock:
            if self._who is None:
                try:
                    self._who = self._ask(self._web.auth_test)
                except (Unanswered, Limited, TokenRefused, Said) as error:
                    self._who = error
        if isinstance(self._who, Exception):
            raise self._who
        return self._who

    def home(self) -> Identity:
        """The workspace that the token belongs to."""
        body = self.who().body
        enterprise = str(body.get("enterprise_id") or "") if body.get("is_enterprise_install") else ""
        return Identity(team=str(body.get("team_id") or enterprise), enterprise=enterprise)

    def scopes(self) -> frozenset[str]:
        """What the token may do; empty when Slack does not tell."""
        told = self.who().headers.get("x-oauth-scopes", "")
        return frozenset(scope.strip() for scope in told.split(",") if scope.strip())

    def app(self) -> str:
        """The id of the app that the bot token belongs to."""
        bot = str(self.who().body.get("bot_id") or "")
        return str(self._ask(lambda: self._web.bots_info(bot=bot)).body.get("bot", {}).get("app_id") or "")

    def person(self, number: str) -> Mapping[str, Any]:
        """users.info."""
        return _dict(self._ask(lambda: self._web.users_info(user=number)).body.get("user"))

    def group(self, number: str) -> list[str]:
        """The members of a group."""
        found = self._ask(lambda: self._web.usergroups_users_list(usergroup=number)).body.get("users")
        return [str(each) for each in found] if isinstance(found, list) else []

    def channel(self, number: str) -> Mapping[str, Any]:
        """conversations.info."""
        return _dict(self._ask(lambda: self._web.conversations_info(channel=number)).body.get("channel"))

    def address(self) -> str:
        """A one-time address for a socket: a secret, and no connection yet."""
        found = self._ask(lambda: self._web.apps_connections_open(app_token=self._app_token)).body.get("url")
        if not found:
            raise Unanswered("apps.connections.open named no address")
        return str(found)

    def greeting(self) -> Mapping[str, Any]:
        """What Slack says first on a new socket, which is closed at once."""
        return _greeting(self.address(), self._web.proxy)

    def _ask(self, call: Callable[[], Any]) -> Answer:
        began = self._clock.now()
        try:
            reply = call()
        except SlackApiError as error:
            raise _sorted(error) from None
        except OSError as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise Unanswered(f"Slack cannot be reached ({type(reason).__name__})") from None
        if not isinstance(reply.data, dict):
            raise Unanswered("what answered is not Slack")
        headers = {str(name).lower(): str(value) for name, value in dict(reply.headers).items()}
        return Answer(reply.data, headers, began + (self._clock.now() - began) / 2)


def _sorted(error: SlackApiError) -> Exception:
    reply: Any = error.response
    body = reply.data if isinstance(getattr(reply, "data", None), dict) else {}
    word, status = str(body.get("error") or ""), int(getattr(reply, "status_code", 0))
    if status == 429 or word == "ratelimited":
        return Limited()
    if word in TOKEN_WORDS:
        return TokenRefused(word)
    if status >= 500 or not isinstance(body.get("ok"), bool) or not word:
        return Unanswered(f"Slack answered {status}, and nothing that can be read")
    return Said(word)


def _dict(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unanswered("Slack's answer lacks what was asked for")
    return value


def _greeting(address: str, proxy: str | None) -> Mapping[str, Any]:
    heard: dict[str, Any] = {}
    state: Any = ConnectionState()  # type: ignore[no-untyped-call]  # slack_sdk leaves its constructor untyped

    def hear(text: str) -> None:
        found = json.loads(text)
        if isinstance(found, dict) and found.get("type") == "hello":
            heard.update(found)
            state.terminated = True

    def end(*_: object) -> None:
        state.terminated = True

    line = Connection(
        address, quiet_logger(), proxy=proxy, receive_timeout=PATIENCE / 2,
        on_message_listener=hear, on_error_listener=end, on_close_listener=end,
    )  # fmt: skip
    last = threading.Timer(PATIENCE, end)
    last.daemon = True
    last.start()
    try:
        line.connect()
        if line.is_active():
            line.run_until_completion(state)
    finally:
        last.cancel()
        line.disconnect()
    if not heard:
        raise Unanswered("Slack gave an address for a socket, and said no hello there")
    return heard
