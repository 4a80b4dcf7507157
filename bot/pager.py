"""Pages on the way that does not lead through Slack: one SNS publish each, on a thread of its own."""

import logging
import queue
import threading
from collections.abc import Callable

from bot.metrics import Metrics
from rollout.actions import Outcome
from rollout.model import Rollout
from rollout.notices import NeedsHuman

log = logging.getLogger(__name__)

Publish = Callable[[str, str], Outcome | None]
"""(subject, text); aws.topic.Topic with the topic filled in. None: no topic is named now."""


class SnsPager:
    """Implements outbox.Pager. A publish that failed is logged and counted; the next comes in half an hour."""

    def __init__(self, publish: Publish, metrics: Metrics) -> None:
        self._publish = publish
        self._metrics = metrics
        self._calls: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="pager", daemon=True).start()

    def __call__(self, notice: NeedsHuman, rollout: Rollout, number: int) -> None:
        """Queue one publish and return at once."""
        again = f" (call {number + 1})" if number else ""
        subject = f"{rollout.app} -> {rollout.env} needs a person{again}"
        head = f"#{rollout.id} {rollout.target}: {notice.text}"
        lines = [head, notice.hint, f"/deploy status #{rollout.id}"]
        self.say(subject, "\n".join(filter(None, lines)))

    def say(self, subject: str, text: str) -> None:
        """The same for anything else that must reach somebody although no channel takes it."""
        self._calls.put((subject, text))

    def _run(self) -> None:
        while True:
            subject, text = self._calls.get()
            try:
                outcome = self._publish(subject, text)
            except Exception:
                log.exception("a page was not published")
                continue
            if outcome is None:
                continue
            self._metrics.count("tidegate_aws_calls_total", operation="sns:Publish", outcome=outcome.state)
            if outcome.state != "done":
                log.error("a page was not published: %s. %s", outcome.text, outcome.hint)
