"""Trigger ids (3 s, one use) and response_urls (30 min, five uses). Never reads a clock."""

from __future__ import annotations

import threading
from typing import TypeVar

from demo.workspace.config import Fixed, Limits
from demo.workspace.ids import mint, secret

T = TypeVar("T")


class SlackError(Exception):
    """Slack's own word for what is wrong, and the sentences of `response_metadata.messages`."""

    def __init__(self, error: str, messages: tuple[str, ...] = ()) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages


class NotYet(SlackError):
    """Refused only because Slack is not done with a file: right a moment later, so no problem of the bot's."""


KEPT = 5000
"""Ids remembered of each kind; older ones are invalid instead of expired. A soak must not grow without end."""


def _forget_oldest(known: dict[str, T]) -> None:
    while len(known) > KEPT:
        del known[next(iter(known))]


class Trigger(Fixed):
    user: str
    made_at: float
    used: bool = False


class Triggers:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._known: dict[str, Trigger] = {}

    def mint(self, user: str, now: float) -> str:
        trigger_id = f"{int(now * 1000)}.{mint('', 10)}.{secret(32)}"
        with self._lock:
            self._known[trigger_id] = Trigger(user=user, made_at=now)
            _forget_oldest(self._known)
        return trigger_id

    def exchange(self, trigger_id: str, now: float) -> str:
        """The user who made the gesture. A trigger works once and for 3 s, as Slack's."""
        with self._lock:
            trigger = self._known.get(trigger_id)
            if trigger is None:
                raise SlackError("invalid_trigger_id")
            if trigger.used:
                raise SlackError("exchanged_trigger_id")
            if now - trigger.made_at > self._limits.trigger_seconds:
                raise SlackError("expired_trigger_id")
            self._known[trigger_id] = trigger.model_copy(update={"used": True})
        return trigger.user


class Hook(Fixed):
    """Where a response_url leads: to `user` in `channel`, and for a press to the message it sat on."""

    kind: str
    user: str
    channel: str
    source_ts: str | None
    thread_ts: str | None
    made_at: float
    uses: int = 0


class Hooks:
    def __init__(self, limits: Limits, team_id: str) -> None:
        self._limits = limits
        self._team_id = team_id
        self._lock = threading.Lock()
        self._known: dict[str, Hook] = {}

    def mint(self, hook: Hook) -> str:
        """The path of a new response_url; the secret in it is the only key."""
        path = f"{hook.kind}/{self._team_id}/{int(hook.made_at * 1000)}/{secret(24)}"
        with self._lock:
            self._known[path] = hook
            _forget_oldest(self._known)
        return path

    def use(self, path: str, now: float) -> Hook:
        with self._lock:
            hook = self._known.get(path)
            if hook is None:
                raise SlackError("invalid_url")
            if now - hook.made_at > self._limits.response_url_seconds:
                raise SlackError("expired_url")
            if hook.uses >= self._limits.response_url_uses:
                raise SlackError("used_url")
            self._known[path] = hook.model_copy(update={"uses": hook.uses + 1})
        return hook
