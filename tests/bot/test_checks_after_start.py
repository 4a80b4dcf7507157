"""The checks of a bot that has just started: in the background, logged, counted, shown, in nobody's way."""

import json
import logging
import threading
from pathlib import Path

import pytest

from bot.checks.after_start import AfterStart
from bot.checks.model import Check, Ground, Verdict, fail, ok, skip, warn
from bot.checks.runner import GENTLE
from tests.bot.check_rig import Rig

PATIENCE = 20.0
QUICK = GENTLE._replace(gap=0.0)
LINES = {
    "one": [ok("right")],
    "two": [fail("xoxb-1-CANARY is wrong", "mend it"), warn("odd", "look")],
    "three": [fail("also wrong", ""), skip("unknown")],
    "configuration": [fail("said at the start already", "")],
}


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Rig(tmp_path).ground()


def made(ground: Ground, *, ready: bool = True) -> AfterStart:
    """With checks that find LINES."""
    checks = [Check(name, "here", lambda _: ("it",), _finding(found)) for name, found in LINES.items()]
    return AfterStart(lambda: ground, lambda: ready, checks, QUICK)


def _finding(found: list[Verdict]):
    return lambda *_: found


def finished(after: AfterStart) -> None:
    """Until its thread is over."""
    after._thread.join(PATIENCE)
    assert not after._thread.is_alive()


def test_failures_are_logged_counted_and_shown(ground: Ground, caplog: pytest.LogCaptureFixture):
    """One WARNING line each with its fix; counted; /readyz gets all; what was said at the start is not repeated."""
    after = made(ground)
    assert (after.failures(), after.report()) == (0, {"state": "running"})
    with caplog.at_level(logging.WARNING, "bot.checks"):
        after.start()
        finished(after)
    assert [record.getMessage() for record in caplog.records] == [
        "check failed: two it: [secret] is wrong; mend it", "check failed: three it: also wrong",
    ]  # fmt: skip
    assert after.failures() == 2
    assert after.report() == {
        "state": "done", "ok": 1, "fail": ["two it: [secret] is wrong; mend it", "three it: also wrong"],
        "warn": ["two it: odd; look"], "skip": ["three it: unknown"],
    }  # fmt: skip
    assert "CANARY" not in json.dumps(after.report())


def test_another_configuration_is_asked_anew(ground: Ground):
    """The first run is given up in the middle: what it still finds is not shown, the second one's is."""
    asked, going, more, runs = threading.Event(), threading.Event(), threading.Event(), list[int]()

    def look(*_: object) -> list[Verdict]:
        runs.append(1)
        if len(runs) == 1:
            asked.set()
            going.wait(PATIENCE)
            return [fail("of the old file", "")]
        more.wait(PATIENCE)
        return [ok("right")]

    after = AfterStart(lambda: ground, lambda: True, [Check("a", "here", lambda _: ("",), look)], QUICK)
    after.start()
    assert asked.wait(PATIENCE)
    old = after._thread
    after.start()
    old.join(PATIENCE)
    assert after.report() == {"state": "running"}
    more.set()
    finished(after)
    assert after.report() == {"state": "done", "ok": 1, "fail": [], "warn": [], "skip": []}
    going.set()


def test_a_bot_that_ends_says_nothing_more(ground: Ground, caplog: pytest.LogCaptureFixture):
    """Stopped before it is ready, and in the middle: no line, no failure, and no thread is waited for."""
    early = made(ground, ready=False)
    early.start()
    early.stop()
    finished(early)
    asked, going = threading.Event(), threading.Event()

    def hang(*_: object) -> list[Verdict]:
        asked.set()
        going.wait(PATIENCE)
        return [fail("never heard", "")]

    late = AfterStart(lambda: ground, lambda: True, [Check("a", "here", lambda _: ("",), hang)], QUICK)
    late.start()
    assert asked.wait(PATIENCE)
    late.stop()
    finished(late)
    going.set()
    assert early.failures() == late.failures() == 0
    assert not [record for record in caplog.records if "check failed" in record.getMessage()]
