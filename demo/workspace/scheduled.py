"""Messages for later, and Slack's rules about when that may be. Never reads a clock; posts nothing."""

from __future__ import annotations

import threading

from demo.workspace.config import Fixed
from demo.workspace.ids import mint
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json

# docs.slack.dev/reference/methods/chat.scheduleMessage, "Restrictions".
FARTHEST = 120 * 86_400
WINDOW = 300
MOST_IN_WINDOW = 30
# docs.slack.dev/reference/methods/chat.deleteScheduledMessage, "Restrictions".
TOO_CLOSE = 60


class ScheduledMessage(Fixed):
    id: str
    channel: str
    post_at: int
    created: float
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: Json | None = None


class Scheduled:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, ScheduledMessage] = {}

    def add(self, draft: ScheduledMessage) -> ScheduledMessage:
        """Keep it for its time, under a new id."""
        now, one = draft.created, draft.model_copy(update={"id": mint("Q")})
        if one.post_at <= now:
            raise SlackError("time_in_past")
        if one.post_at > now + FARTHEST:
            raise SlackError("time_too_far")
        with self._lock:
            times = [w.post_at for w in self._waiting.values() if w.channel == one.channel]
            if _crowded([*times, one.post_at]):
                raise SlackError("restricted_too_many")
            self._waiting[one.id] = one
        return one

    def cancel(self, message_id: str, channel: str, now: float) -> ScheduledMessage:
        """Take it back; too late when it is gone or about to go."""
        with self._lock:
            one = self._waiting.get(message_id)
            if one is None or one.channel != channel or one.post_at - now < TOO_CLOSE:
                raise SlackError("invalid_scheduled_message_id")
            return self._waiting.pop(message_id)

    def take(self, message_id: str) -> ScheduledMessage | None:
        """The message whose time has come; None when it was taken back."""
        with self._lock:
            return self._waiting.pop(message_id, None)

    @property
    def waiting(self) -> tuple[ScheduledMessage, ...]:
        """Those still to come, the next one first."""
        with self._lock:
            return tuple(sorted(self._waiting.values(), key=lambda w: (w.post_at, w.created)))


def _crowded(times: list[int]) -> bool:
    """More than 30 within five minutes, wherever the five minutes begin."""
    ordered = sorted(times)
    return any(late - early < WINDOW for early, late in zip(ordered, ordered[MOST_IN_WINDOW:], strict=False))
