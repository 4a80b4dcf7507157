"""Random histories of alarms against an oracle that knows what really happened: nothing lost, nothing told twice.

Alarms change at any time, sweeps come when they come, the bot restarts, places and histories cannot be read, looks of
rollouts read in between. `TIDEGATE_SOAK` sets how many histories are played; `make soak` plays thousands.
"""

import os
import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rollout.alarms.model import Alert, Key, Line, Past, Timing
from rollout.model import Phase
from rollout.seen import AlarmReading, Fault, Observation
from tests.rollout.make import row
from tests.rollout.watching import Watching, key, scope

HISTORIES = int(os.environ.get("TIDEGATE_SOAK", "150"))
NAMES = ("my-app-errors", "my-app-p99", "my-app-queue", "found-a", "found-b")
STEPS = 60
FLAP = timedelta(minutes=15)


class History:
    """One random history and what really happened in it."""

    def __init__(self, path: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.w = Watching(path, scope(*NAMES[:3], prefixes=("found-",)), timing=Timing(discover=timedelta(0)))
        for name in NAMES:
            self.w.turn(name, "OK")
        self.w.sweep(30)
        self.begun = self.w.clock.now()
        self.restarts = self.faults = 0
        self.versions: dict[int, int] = {}

    def play(self) -> None:
        """Any order of everything that may happen; then all is well again and everything is read."""
        for _ in range(STEPS):
            self.w.clock.advance(timedelta(seconds=self.dice.choice((0.5, 3, 10, 30, 90, 400, 1200))))
            self.dice.choices(
                (self.change, self.w.sweep, self.look, self.restart, self.trouble), weights=(8, 6, 3, 1, 2)
            )[0]()
            self.at_most_one_open()
        self.w.cloud.fault, self.w.cloud.no_past = None, False
        self.w.cloud.unreadable.clear()
        self.w.sweep(30)
        self.w.sweep(30)

    def change(self) -> None:
        """An alarm changes, perhaps back at once, between two sweeps."""
        name = self.dice.choice(NAMES)
        for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
            self.w.turn(name, self.dice.choice(("ALARM", "OK", "ALARM", "OK", "INSUFFICIENT_DATA")), after=1)

    def look(self) -> None:
        """A rollout's look reads the gates."""
        if self.w.cloud.fault:
            return
        readings = self.w.cloud.sweep(scope().place, NAMES[:3]).readings
        seen = Observation(at=self.w.clock.now(), alarms=readings, alarms_at=self.w.clock.now())
        live = row(Phase.STEPPING)
        terms = live.terms.model_copy(update={"lane": "default/test"})
        if self.w.watch.sighted(live.but(terms=terms), seen):
            self.w.sweep()

    def restart(self) -> None:
        """The bot is killed and started again, after a while."""
        self.restarts += 1
        self.w.restart()

    def trouble(self) -> None:
        """Reads begin to fail, or stop failing."""
        self.faults += 1
        cloud = self.w.cloud
        cloud.fault = self.dice.choice((None, None, Fault(kind="auth", text="AccessDenied")))
        cloud.unreadable = set(self.dice.sample(NAMES, self.dice.choice((0, 0, 1))))

    def at_most_one_open(self) -> None:
        """Never two notices live for one alarm."""
        with self.w.store.reads() as reads:
            lines = [line.key for alert in reads.open_alerts() for line in alert.lines if not line.moved]
        assert len(lines) == len(set(lines))

    # -- what must have come of it ---------------------------------------------------------------

    def truth(self, name: str) -> list[Past]:
        """What the alarm did since it is watched."""
        return [item for item in self.w.cloud.alarms[name].past if item.at >= self.begun]

    def told(self, alerts: list[Alert]) -> dict[Key, int]:
        """How often each alarm turned bad, by the counters that people see."""
        counted: dict[Key, int] = defaultdict(int)
        for alert in alerts:
            for line in alert.lines:
                counted[line.key] += line.times
        return counted


def red_for(line: Line, now: datetime) -> timedelta:
    """What a line says of how long its alarm was bad."""
    return line.bad_for + (now - line.since if line.bad else timedelta(0))


def really_red(past: list[Past], until: datetime) -> tuple[int, timedelta]:
    """How often, and for how long in all."""
    times, length, since = 0, timedelta(0), None
    for item in past:
        if item.state == "ALARM":
            times, since = times + 1, item.at
        elif since is not None:
            length, since = length + (item.at - since), None
    return times, length + (until - since if since else timedelta(0))


@pytest.mark.parametrize("part", range(10))
def test_every_change_is_told_once_or_counted(tmp_path, part):
    """Over random histories: each change is noted once with its true time, and each red spell is counted once."""
    played = restarts = faults = changes = 0
    for seed in range(part, HISTORIES, 10):
        history = History(tmp_path / f"{seed}.db", seed)
        try:
            history.play()
            alerts, now = history.w.alerts(), history.w.clock.now()
            noted: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
            for turn in history.w.turns():
                if turn.key.kind == "alarm":
                    noted[turn.key.name].append((turn.at, turn.state))
            counters = history.told(alerts)
            for name in NAMES:
                past = history.truth(name)
                assert sorted(noted[name]) == [(item.at, item.state) for item in past], (seed, name)
                times, length = really_red(past, now)
                assert counters[key(name)] == times, (seed, name)
                lines = [line for alert in alerts for line in alert.lines if line.key == key(name)]
                assert sum((red_for(line, now) for line in lines), timedelta(0)) == length, (seed, name)
            edits = sum(alert.version for alert in alerts)
            told = sum(len(found) for found in noted.values()) + sum(t.key.kind == "place" for t in history.w.turns())
            assert edits <= told + 2 * len(alerts), (seed, edits, told)  # a notice may be closed and be claimed besides
            played, changes = played + 1, changes + told
            restarts, faults = restarts + history.restarts, faults + history.faults
        finally:
            history.w.close()
    assert played and restarts and faults and changes, "a run in which nothing went wrong proves nothing"


def test_flapping_is_one_notice_with_a_counter(tmp_path):
    """An alarm that flaps for an hour is one notice, and costs at most one message per change."""
    w = Watching(tmp_path / "t.db", scope("my-app-errors"))
    w.turn("my-app-errors", "OK")
    w.sweep(30)
    for _ in range(30):
        w.turn("my-app-errors", "ALARM", after=60)
        w.sweep(10)
        w.turn("my-app-errors", "OK", after=50)
        w.sweep(10)
    (alert,) = w.alerts()
    assert (alert.lines[0].times, alert.bad) == (30, ())
    assert alert.version <= 60
    w.close()


def test_a_history_that_cannot_be_read_delays_only_what_is_hidden(tmp_path):
    """Red now is told at once without its history; what was red in between waits for the history, and is not lost."""
    w = Watching(tmp_path / "t.db", scope("my-app-errors", "my-app-p99"))
    for name in ("my-app-errors", "my-app-p99"):
        w.turn(name, "OK")
    w.sweep(30)
    w.cloud.no_past = True
    w.turn("my-app-errors", "ALARM", after=5)
    w.turn("my-app-p99", "ALARM", after=1)
    w.turn("my-app-p99", "OK", after=1)
    w.sweep(10)
    assert [line.key.name for alert in w.alerts() for line in alert.lines] == ["my-app-errors"]
    w.cloud.no_past = False
    w.sweep(30)
    assert {line.key.name: line.state for alert in w.alerts() for line in alert.lines} == {
        "my-app-errors": "ALARM", "my-app-p99": "OK",
    }  # fmt: skip
    w.close()


def test_a_stale_read_is_no_change(tmp_path):
    """AWS shows an older state for a moment: nothing is told, nothing is forgotten."""
    w = Watching(tmp_path / "t.db", scope("my-app-errors"))
    w.turn("my-app-errors", "OK")
    w.sweep(30)
    old = AlarmReading(name="my-app-errors", state="OK", since=w.clock.now() - timedelta(seconds=30))
    w.turn("my-app-errors", "ALARM", after=5)
    w.sweep(10)
    live = row(Phase.STEPPING)
    terms = live.terms.model_copy(update={"lane": "default/test"})
    seen = Observation(at=w.clock.now(), alarms=(old,), alarms_at=w.clock.now())
    assert not w.watch.sighted(live.but(terms=terms), seen)
    w.cloud.stale["my-app-errors"] = old
    w.sweep(10)
    (alert,) = w.alerts()
    assert (alert.lines[0].state, alert.version) == ("ALARM", 1)
    w.close()
