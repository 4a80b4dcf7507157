"""How checks are run: beside each other, each within its time, and whatever they raise is a line."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot.checks.model import Check, Ground, Line, Verdict, fail, ok
from bot.checks.registry import CHECKS
from bot.checks.runner import GENTLE, Pace, Runner, told
from bot.checks.slack_calls import Limited, Said, TokenRefused, Unanswered
from bot.logs import Redactor
from rollout.errors import BadConfig, TargetError
from tests.bot.check_rig import USUAL, Rig

PATIENCE = 20.0


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Rig(tmp_path).ground()


def run(ground: Ground, *checks: Check, pace: Pace = USUAL, redact: Redactor | None = None) -> list[Line]:
    """Everything found."""
    return Runner(ground, checks, redact or Redactor(), pace).lines()


def check(name: str, look, room="here", about=("",)) -> Check:
    """A check made for a test."""
    return Check(name, room, lambda _: about, look)


def test_lines_come_in_the_order_of_the_registry(ground: Ground):
    """Whoever is done first; one subject after the other, every finding of each."""
    gone = threading.Event()

    def slow(_: Ground, subject: str) -> Iterator[Verdict]:
        gone.wait(PATIENCE)
        yield ok(subject)
        yield fail(f"{subject} twice", "x")

    def quick(*_: object) -> Iterator[Verdict]:
        gone.set()
        yield ok("quick")

    found = run(ground, check("a", slow, "slack", ("1", "2")), check("b", quick, "aws"))
    assert [line.text for line in found] == ["1", "1 twice", "2", "2 twice", "quick"]
    assert [line.target for line in found] == ["1", "1", "2", "2", ""]


def test_a_check_that_hangs_takes_no_other_with_it(ground: Ground):
    """It fails at its limit; those that waited behind it in the same room still get their turn."""
    never = threading.Event()

    def hang(*_: object) -> list[Verdict]:
        never.wait(PATIENCE)
        return [ok("too late")]

    pace = Pace(limit=0.2, whole=PATIENCE, beside={"here": 1, "slack": 1, "aws": 1})
    found = run(ground, check("a", hang), check("b", lambda *_: [ok("done")]), pace=pace)
    never.set()
    assert [(line.state, line.text) for line in found] == [
        ("fail", "could not be asked: no answer within 0.2 s"), ("ok", "done"),
    ]  # fmt: skip


def test_what_comes_too_late_changes_no_line(ground: Ground):
    """A look that was given up and then answers after all: its line stays as it was told."""
    going, late = threading.Event(), []

    def hang(*_: object) -> list[Verdict]:
        late.append(threading.current_thread())
        going.wait(PATIENCE)
        return [ok("too late")]

    def behind(*_: object) -> list[Verdict]:
        going.set()
        late[0].join(PATIENCE)
        return [ok("done")]

    pace = Pace(limit=0.2, whole=PATIENCE, beside={"here": 1, "slack": 1, "aws": 1})
    assert [line.state for line in run(ground, check("a", hang), check("b", behind), pace=pace)] == ["fail", "ok"]


def test_all_of_it_ends_in_time(ground: Ground):
    """Forty hanging looks with one place beside each other: over when the whole time is, each with a line."""
    never = threading.Event()
    pace = Pace(limit=5.0, whole=0.3, beside={"here": 1, "slack": 1, "aws": 1})
    hang = check("a", lambda *_: never.wait(PATIENCE) and [], about=tuple(map(str, range(40))))
    began = time.monotonic()
    found = run(ground, hang, pace=pace)
    never.set()
    assert time.monotonic() - began < 5.0
    assert len(found) == 40 and {line.state for line in found} == {"fail"}


def test_no_more_looks_at_a_room_than_it_may_have(ground: Ground):
    """Slack and AWS limit their callers: so many beside each other, and no more."""
    lock, most, now = threading.Lock(), [0], [0]

    def look(*_: object) -> Iterator[Verdict]:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with lock:
            now[0] -= 1
        yield ok("")

    pace = Pace(beside={"here": 3, "slack": 1, "aws": 1})
    assert len(run(ground, check("a", look, about=tuple(map(str, range(30)))), pace=pace)) == 30
    assert 1 <= most[0] <= 3


def test_a_gentle_run_leaves_room_for_the_bots_own_calls(ground: Ground):
    """One at a time, and not before the gap is over: at most forty looks a minute at Slack."""
    assert GENTLE.gap >= 1.5 and set(GENTLE.beside.values()) == {1} and GENTLE.whole is None
    began: list[float] = []

    def look(*_: object) -> Iterator[Verdict]:
        began.append(time.monotonic())
        yield ok("")

    run(ground, check("a", look, about=("1", "2", "3")), pace=GENTLE._replace(gap=0.1))
    assert min(b - a for a, b in pairwise(began)) >= 0.09


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (TargetError("transient", "AWS is away", "wait"), "fail", "could not be asked: AWS is away"),
        (TargetError("throttle", "too fast"), "fail", "could not be asked: too fast"),
        (TargetError("auth", "not allowed", "allow it"), "fail", "not allowed"),
        (BadConfig("no folder", "make it"), "fail", "no folder"),
        (Unanswered("nobody there"), "fail", "could not be asked: nobody there"),
        (Limited(), "skip", "asks to wait"),
        (TokenRefused("invalid_auth"), "skip", "refuses the token"),
        (Said("team_access_not_granted"), "fail", "team_access_not_granted"),
        (KeyError("CANARY"), "fail", "the check itself failed (KeyError)"),
    ],
)
def test_what_a_check_raises_is_its_line(ground: Ground, error: Exception, state: str, said: str):
    """Each with a fix; an unforeseen error by its name only, and what was found before it stays."""

    def look(*_: object) -> Iterator[Verdict]:
        yield ok("first")
        raise error

    first, second = run(ground, check("a", look))
    assert first.text == "first"
    assert second.state == state and said in second.text
    assert "CANARY" not in second.text
    assert told(TargetError("auth", "x", "allow it")).fix == "allow it"


def test_secrets_are_taken_out_of_every_line(ground: Ground):
    """By their form and by their value, in text, fix and subject."""
    tell = check("a", lambda *_: [fail("xoxb-1-CANARY", "signed with hunter2hunter2")], about=("xapp-1-CANARY",))
    (line,) = run(ground, tell, redact=Redactor(["hunter2hunter2"]))
    assert "CANARY" not in repr(line) and "hunter2" not in repr(line)


def test_the_registry_names_every_kind_of_question():
    """One line each; no name stands twice for one room, and every function says what it looks at."""
    assert len({(check.name, check.room) for check in CHECKS}) == len(CHECKS)
    assert {check.room for check in CHECKS} == {"here", "slack", "aws"}
    assert all(check.look.__doc__ for check in CHECKS)
