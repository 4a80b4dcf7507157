"""Wishes of the command line beside moving traffic: one that cannot be read stops nothing else."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.app import Bot
from bot.config import load_to_run
from bot.metrics import Metrics
from bot.taking import Taking
from rollout.ask import Ask
from rollout.people import Actor
from tests.bot.test_config import SLACK, SMALL


class Wishes:
    """What waits in the store: a number of wishes, or a fault."""

    def __init__(self) -> None:
        self.waits: int | Exception = 0

    def __call__(self) -> int:
        if isinstance(self.waits, Exception):
            raise self.waits
        return self.waits


def test_a_wish_that_cannot_be_read_is_logged_once_counted_and_named(caplog: pytest.LogCaptureFixture):
    """Never raised; each kind of fault once in the log; /readyz names it until it is over."""
    metrics, wishes, taken = Metrics(), Wishes(), []
    taking = Taking(wishes, lambda: taken.append(True), metrics)
    for fault in (ValueError("x"), ValueError("y"), KeyError("z"), ValueError("x")):
        wishes.waits = fault
        taking()
        assert taking.missing() == f"wishes of the command line cannot be taken: {type(fault).__name__}"
    assert caplog.text.count("the rest goes on") == 2
    assert metrics.value("tidegate_tick_faults_total") == 4
    assert taken == []
    wishes.waits = 1
    taking()
    assert (taking.missing(), taken) == ("", [True])


class Looks:
    """Lanes that only note what they were told to look at."""

    def __init__(self) -> None:
        self.looked: list[int] = []

    def look(self, lane: str, ids: Sequence[int], *, urgent: bool = False, again: bool = False) -> None:
        """See bot.lanes.Lanes."""
        self.looked += ids


def test_an_unreadable_row_does_not_keep_live_rollouts_from_being_looked_at(tmp_path: Path):
    """A row that no version understands: the tick looks at what is due."""
    path = tmp_path / "tidegate.toml"
    path.write_text("[http]\nport = 0\n" + SMALL.replace('"U0ANA"', '"cli:ana"'))
    bot = Bot(*load_to_run(path, SLACK))
    bot.lanes = looks = Looks()  # type: ignore[assignment] # the real ones would ask AWS
    started = bot.conductor.ask(
        Ask(verb="start", app="my-app"), Actor(kind="principal", id="cli:ana", name="ana"), dedupe="cli:1"
    )
    assert started.ok, started
    looks.looked.clear()
    with sqlite3.connect(bot.store.path) as db:
        db.execute("INSERT INTO asks (dedupe, state, ok, address, at, body) "
                   "VALUES ('cli:2', 'new', 0, '', 0, '{}')")
    db.close()
    bot._tick(poked=False)
    assert looks.looked == [started.rollout]
    bot.store.close()


def test_a_store_that_cannot_give_wishes_is_named_and_forgotten_when_it_can():
    """Whatever keeps wishes from being taken is a reason of /readyz as long as it lasts, and raises nothing."""
    broken = [True]

    def take() -> int:
        if broken:
            raise OSError("the mount is gone")
        return 0

    taking = Taking(take, lambda: None, Metrics())
    taking()
    assert "OSError" in taking.missing()
    broken.clear()
    taking()
    assert taking.missing() == ""
