"""The checks of a bot that has just started, or read its configuration again: once, in the background, one look at a
time. They keep nobody from serving.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence

from slack_sdk import WebClient

from aws.sessions import Sessions
from bot.checks.cloud_calls import CloudSide
from bot.checks.model import Check, Ground, Line
from bot.checks.registry import CHECKS
from bot.checks.runner import GENTLE, Pace, Runner
from bot.checks.slack_calls import SlackSide
from bot.clock import SystemClock
from bot.config import Access
from bot.config.access import known_secrets
from bot.live_policy import AnyPolicy
from bot.logs import Redactor

log = logging.getLogger(__name__)

_SETTLED = 60.0
"""Seconds that the bot is given to find Slack and AWS by itself."""
_KNOWN = ("configuration", "endpoints", "lock")
"""Said at the start already, or no question here."""


def ground(  # every part that checks stand on
    policy: AnyPolicy, access: Access, web: WebClient, sessions: Sessions, clock: SystemClock,
    connections: Callable[[], int] | None = None,
) -> Ground:  # fmt: skip
    """What the checks look at."""
    slack = SlackSide(web, access.app_token.get_secret_value(), clock)
    return Ground(policy.config, access, policy, slack, CloudSide(sessions, clock), clock, connections)


class AfterStart:
    """`start()` at each configuration; `failures` and `report` are to be shown, and may be asked at any time."""

    def __init__(
        self, ground: Callable[[], Ground], ready: Callable[[], bool], checks: Sequence[Check] = CHECKS,
        pace: Pace = GENTLE,
    ) -> None:  # fmt: skip
        self._ground, self._ready, self._pace = ground, ready, pace
        self._asked = [check for check in checks if check.name not in _KNOWN]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._lines: list[Line] | None = None
        self._runner: Runner | None = None
        self._thread = threading.Thread()

    def start(self) -> None:
        """Begin as soon as the bot serves, at the latest in a minute; what was asked before is of no use any more."""
        runner = Runner(self._ground(), self._asked, Redactor(known_secrets(os.environ)), self._pace)
        with self._lock:
            before, self._runner, self._lines = self._runner, runner, None
        if before is not None:
            before.stop()
        self._thread = threading.Thread(target=self._run, args=[runner], name="checks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask nothing more."""
        self._ended.set()
        if self._runner is not None:
            self._runner.stop()

    def failures(self) -> float:
        """How many checks failed; 0 while they are not over."""
        return sum(line.state == "fail" for line in self._lines or ())

    def report(self) -> Mapping[str, object]:
        """For /readyz: no reason not to serve, but worth seeing."""
        lines = self._lines
        if lines is None:
            return {"state": "running"}
        told = {state: [_said(line) for line in lines if line.state == state] for state in ("fail", "warn", "skip")}
        return {"state": "done", "ok": sum(line.state == "ok" for line in lines), **told}

    def _run(self, runner: Runner) -> None:
        for _ in range(int(_SETTLED)):
            if self._ready() or self._ended.wait(1.0):
                break
        if self._ended.is_set():
            return
        lines = runner.lines()
        with self._lock:
            if self._ended.is_set() or runner is not self._runner:
                return  # what was not asked any more has not failed
            self._lines = lines
        for line in lines:
            if line.state == "fail":
                log.warning("check failed: %s", _said(line))


def _said(line: Line) -> str:
    subject = f"{line.name} {line.target}".strip()
    return f"{subject}: {line.text}" + (f"; {line.fix}" if line.fix else "")
