"""Runs checks beside each other, each within its time, and turns whatever they raise into a line. Decides nothing else.

A look that overstays is left alone in its daemon thread: nothing that it would still find is waited for.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from bot.checks.model import Check, Ground, Line, Room, Verdict, fail, skip
from bot.checks.slack_calls import Limited, Said, TokenRefused, Unanswered
from rollout.errors import TargetError, TidegateError

_LATER: Final = frozenset({"throttle", "transient", "unknown"})
_SLACK_FIX = "see whether Slack can be reached from here, and its status page; then ask again"
_TOKEN_FIX = "see auth"  # noqa: S105 - the name of another check


class Pace(NamedTuple):
    """How fast, and how long at most."""

    limit: float = 10.0
    """Seconds for one look."""
    whole: float | None = 28.0
    """Seconds for all of them; None: as long as it takes."""
    beside: Mapping[Room, int] = {"here": 2, "slack": 8, "aws": 12}
    gap: float = 0.0
    """Seconds between the begin of two looks at one room."""


GENTLE = Pace(whole=None, beside={"here": 1, "slack": 1, "aws": 1}, gap=1.5)
"""Within a running bot, whose own calls come first: Slack allows twenty look-ups of groups a minute."""


class _Job:
    """One look. `lines` is set once: by its thread, or by whoever gave up on it."""

    def __init__(self, check: Check, subject: str) -> None:
        self.check, self.subject = check, subject
        self.began: float | None = None
        self.lines: list[Line] | None = None

    def end(self, verdicts: Iterable[Verdict], redact: Callable[[str], str]) -> None:
        """Keep what was found, without what could be a secret."""
        name, target = self.check.name, redact(self.subject)
        self.lines = [
            Line(name=name, target=target, state=each.state, text=redact(each.text), fix=redact(each.fix))
            for each in verdicts
        ]


class Runner:
    """One run. `lines()` comes within the whole time, `stop()` ends it early."""

    def __init__(self, ground: Ground, checks: Sequence[Check], redact: Callable[[str], str], pace: Pace) -> None:
        self._ground, self._redact, self._pace = ground, redact, pace
        self._jobs = [_Job(check, subject) for check in checks for subject in check.about(ground)]
        self._change = threading.Condition()
        self._next: dict[Room, float] = {}
        self._stopped = False

    def lines(self) -> list[Line]:
        """Everything found, in the order of the registry."""
        end = None if self._pace.whole is None else self._now() + self._pace.whole
        with self._change:
            while not self._stopped and any(job.lines is None for job in self._jobs):
                now = self._now()
                if end is not None and now >= end:
                    break
                self._give_up(now)
                self._begin(now)
                self._change.wait(self._pause(now, end))
            for job in self._jobs:
                if job.lines is None:
                    job.end([_late(f"not within {self._pace.whole or 0:g} s for all")], self._redact)
            return [line for job in self._jobs for line in job.lines or ()]

    def stop(self) -> None:
        """Wait for nothing more."""
        with self._change:
            self._stopped = True
            self._change.notify_all()

    def _now(self) -> float:
        return self._ground.clock.monotonic()

    def _give_up(self, now: float) -> None:
        for job in self._running():
            if job.began is not None and now - job.began >= self._pace.limit:
                job.end([_late(f"no answer within {self._pace.limit:g} s")], self._redact)

    def _begin(self, now: float) -> None:
        for job in self._jobs:
            room = job.check.room
            if job.began is not None or now < self._next.get(room, now):
                continue
            if sum(each.check.room == room for each in self._running()) < self._pace.beside[room]:
                job.began = now
                self._next[room] = now + self._pace.gap
                threading.Thread(target=self._look, args=[job], name=f"check-{job.check.name}", daemon=True).start()

    def _running(self) -> list[_Job]:
        return [job for job in self._jobs if job.began is not None and job.lines is None]

    def _pause(self, now: float, end: float | None) -> float:
        ends = [job.began + self._pace.limit for job in self._running() if job.began is not None]
        waits = [at for at in (*ends, *self._next.values()) if at > now] + ([end] if end is not None else [])
        return max(0.01, min(waits, default=now + 1.0) - now)

    def _look(self, job: _Job) -> None:
        verdicts: list[Verdict] = []
        try:
            verdicts.extend(job.check.look(self._ground, job.subject))
        except Exception as error:  # noqa: BLE001 - whatever a check stumbles over is its line, and no other's
            verdicts.append(told(error))
        with self._change:
            if job.lines is None:
                job.end(verdicts, self._redact)
            self._change.notify_all()


def told(error: Exception) -> Verdict:
    """What it means that a check could not be made."""
    match error:
        case TargetError() if error.kind in _LATER:
            return fail(f"could not be asked: {error.fact}", error.hint)
        case TidegateError():
            return fail(error.fact, error.hint)
        case Unanswered():
            return fail(f"could not be asked: {error}", _SLACK_FIX)
        case Limited():
            return skip("Slack asks to wait: nothing was proven", "ask again in a minute")
        case TokenRefused():
            return skip("not asked: Slack refuses the token", _TOKEN_FIX)
        case Said():
            return fail(f"Slack says no ({error.word})", _SLACK_FIX)
    # Only the name: the text of an unforeseen error may hold anything.
    return fail(f"the check itself failed ({type(error).__name__})", "tell Tidegate's makers")


def _late(why: str) -> Verdict:
    return fail(f"could not be asked: {why}", "see whether it can be reached from here; then ask again")
