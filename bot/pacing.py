"""How fast we may speak to Slack. Says how long to wait; never sleeps, never reads a clock, never sends.

chat.update is Tier 3 (50+ a minute for the whole workspace), the bottleneck of living cards: we keep to
40, the last five of them for changes a person waits for. chat.postMessage takes about one a second per channel.
https://docs.slack.dev/apis/web-api/rate-limits
"""

UPDATES_PER_MINUTE = 40
UPDATE_BURST = 10
KEPT_FOR_PEOPLE = 5
POSTS_PER_SECOND = 1.0
POST_BURST = 2


class _Bucket:
    """`level` tokens, refilled at `rate` a second up to `full`."""

    def __init__(self, full: float, rate: float, now: float) -> None:
        self.full, self.rate, self.level, self.seen = full, rate, full, now

    def wait(self, now: float, keep: float = 0.0) -> float:
        """Seconds until a token can be taken so that `keep` remain."""
        self.level = min(self.full, self.level + max(0.0, now - self.seen) * self.rate)
        self.seen = now
        return max(0.0, (1 + keep - self.level) / self.rate)


class Pace:
    """The budget of one workspace. `now` is monotonic, in seconds. Not thread-safe: one sender has it."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}
        self._closed: dict[str, float] = {}

    def wait(self, method: str, channel: str, now: float, *, human: bool = False) -> float:
        """Seconds until this call may be made; 0 when it may be made now."""
        closed = max(self._closed.get(key, 0.0) for key in (method, f"{method} {channel}")) - now
        keep = 0.0 if human or method != "chat.update" else float(KEPT_FOR_PEOPLE)
        return max(0.0, closed, self._bucket(method, channel, now).wait(now, keep))

    def took(self, method: str, channel: str, now: float) -> None:
        """A call was made."""
        bucket = self._bucket(method, channel, now)
        bucket.wait(now)
        bucket.level -= 1

    def closed(self, method: str, channel: str, until: float) -> None:
        """Slack said 429: nothing of this kind before `until`. Posts are limited per channel."""
        key = f"{method} {channel}" if method == "chat.postMessage" else method
        self._closed[key] = max(self._closed.get(key, 0.0), until)

    def _bucket(self, method: str, channel: str, now: float) -> _Bucket:
        if method == "chat.postMessage":
            key, full, rate = f"{method} {channel}", float(POST_BURST), POSTS_PER_SECOND
        else:
            key, full, rate = method, float(UPDATE_BURST), UPDATES_PER_MINUTE / 60
        return self._buckets.setdefault(key, _Bucket(full, rate, now))
