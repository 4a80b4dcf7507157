"""Slack's rate limits as token buckets. Says how long a caller must wait; never sleeps, never reads a clock.

Source: docs.slack.dev/apis/web-api/rate-limits. Where Slack publishes only "50+", the floor is used.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

from demo.workspace.config import Limits
from demo.workspace.wire import Json

TIERS = {
    "apps.connections.open": 3,
    "auth.test": 4,
    "bots.info": 3,
    "chat.delete": 3,
    "chat.deleteScheduledMessage": 3,
    "chat.getPermalink": 4,
    "chat.postEphemeral": 4,
    "chat.scheduleMessage": 3,
    "chat.scheduledMessages.list": 3,
    "chat.update": 3,
    "conversations.info": 3,
    "conversations.list": 2,
    "conversations.open": 3,
    "files.completeUploadExternal": 4,
    "files.delete": 3,
    "files.getUploadURLExternal": 4,
    "files.info": 4,
    "team.info": 3,
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "users.info": 4,
    "users.list": 2,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}


class Bucket:
    """Holds `capacity` tokens, refilled at `per_second`."""

    def __init__(self, capacity: float, per_second: float, now: float) -> None:
        self.capacity = capacity
        self.per_second = per_second
        self.tokens = capacity
        self.seen = now

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 when one is."""
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.seen) * self.per_second)
        self.seen = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / self.per_second


class Buckets:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def retry_after(self, method: str, args: Json, now: float) -> int | None:
        """Whole seconds to wait, or None after taking a token from every bucket the call falls into."""
        with self._lock:
            mine = list(self._of(method, args, now))
            longest = max((b.wait(now) for b in mine), default=0.0)
            if longest > 0:
                return max(1, math.ceil(longest))
            for bucket in mine:
                bucket.tokens -= 1
        return None

    def _of(self, method: str, args: Json, now: float) -> Iterator[Bucket]:
        if method == "chat.postMessage":
            rate = self._limits.posts_per_second_per_channel
            yield self._bucket(f"post {args.get('channel')}", float(self._limits.post_burst), rate, now)
            minute = float(self._limits.posts_per_minute)
            yield self._bucket("post", minute, minute / 60, now)
        elif method in TIERS:
            minute = float(getattr(self._limits, f"tier{TIERS[method]}"))
            yield self._bucket(method, minute, minute / 60, now)

    def _bucket(self, name: str, capacity: float, per_second: float, now: float) -> Bucket:
        return self._buckets.setdefault(name, Bucket(capacity, per_second, now))
