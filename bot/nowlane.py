"""What must reach Slack within seconds or not at all: forms. In memory, on threads of its own.

A trigger is good for three seconds, once. A form that comes too late is not tried again: the person is told
privately how to type the same wish.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from slack_sdk import WebClient

from bot.metrics import Metrics

log = logging.getLogger(__name__)

DEADLINE = 2.5
"""Seconds from the listener to Slack's answer."""
THREADS = 3
MOST = 100
"""Forms that may wait; beyond that they would come too late anyway."""


class _Form(NamedTuple):
    trigger: str
    view: dict[str, Any]
    reply: str
    instead: str
    until: float


class NowLane:
    """Implements handlers.ports.NowLane. `tell(address, text)` stores a private line for the outbox."""

    def __init__(
        self,
        web: Callable[[float], WebClient],
        tell: Callable[[str, str], None],
        metrics: Metrics,
        monotonic: Callable[[], float],
    ) -> None:
        self._web = web
        self._tell = tell
        self._metrics = metrics
        self._monotonic = monotonic
        self._forms: queue.Queue[_Form | None] = queue.Queue(MOST)
        self._threads = [
            threading.Thread(target=self._run, name=f"now-{number}", daemon=True) for number in range(THREADS)
        ]

    def start(self) -> None:
        """Begin to open what comes."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Open nothing more; who waits is told so."""
        for _ in self._threads:
            try:
                self._forms.put_nowait(None)
            except queue.Full:
                return

    def open_view(
        self, trigger_id: str, view: dict[str, Any], *, reply: str = "", instead: str = ""
    ) -> None:
        """Queue `views.open` and return at once; called from listeners."""
        form = _Form(trigger_id, view, reply, instead, self._monotonic() + DEADLINE)
        try:
            self._forms.put_nowait(form)
        except queue.Full:
            self._metrics.count("tidegate_windows_late_total")  # telling it would write to the store from here

    def _run(self) -> None:
        while form := self._forms.get():
            try:
                if not self._open(form):
                    self._metrics.count("tidegate_windows_late_total")
                    if form.reply and form.instead:
                        self._tell(form.reply, form.instead)
            except Exception:
                log.exception("a form was lost")

    def _open(self, form: _Form) -> bool:
        left = form.until - self._monotonic()
        if left <= 0:
            return False
        try:
            self._web(left).views_open(trigger_id=form.trigger, view=form.view)
        except Exception as error:  # noqa: BLE001 - refused, lost or late: in every case the words are told
            response = getattr(error, "response", None)
            word = response.get("error", "") if response is not None and hasattr(response, "get") else ""
            log.warning("a form was not opened: %s", word or type(error).__name__)
            return False
        return True
