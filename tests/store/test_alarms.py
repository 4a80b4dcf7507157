"""The SQLite store keeps the alarm ledger's promises, its guards hold against SQL, and its reads stay short."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest

from rollout.alarms.model import Turn
from rollout.alarms.ports import AlarmReads
from rollout.errors import Stale
from store import Store, StoreFault
from tests.store.alarm_contract import AlarmLedgerContract
from tests.store.make import NOW, alarm_state, alert, key, later, line

MANY = 600
"""Alarms that one app may have, and lines that one alert may."""


class TestSqliteAlarmLedger(AlarmLedgerContract):
    """The contract, on a real file."""

    @pytest.fixture
    def ledger(self, store: Store) -> Store:
        """The store is the ledger."""
        return store


@pytest.fixture
def filled(store: Store) -> Store:
    """Alert 1 is open, alert 2 is closed; one change."""
    with store.work() as work:
        work.put_alert(alert("errors"))
        work.put_alert(work.put_alert(alert("p99")).model_copy(update={"open": False}))
        work.note_turn(Turn(key=key(), state="ALARM", before="OK", at=NOW))
    return store


GUARDED = {
    "closed alert is changed": "UPDATE alerts SET body = '{}', version = version + 1 WHERE id = 2",
    "closed alert opens": "UPDATE alerts SET open = 1, version = version + 1 WHERE id = 2",
    "version stays": "UPDATE alerts SET body = '{}' WHERE id = 1",
    "version falls": "UPDATE alerts SET version = version - 1 WHERE id = 1",
    "app changes": "UPDATE alerts SET app = 'shop', version = version + 1 WHERE id = 1",
    "beginning changes": "UPDATE alerts SET noted_at = 0, version = version + 1 WHERE id = 1",
    "id changes": "UPDATE alerts SET id = 9, version = version + 1 WHERE id = 1",
    "open alert is deleted": "DELETE FROM alerts WHERE id = 1",
    "newest alert is deleted": "DELETE FROM alerts WHERE id = 2",
    "alert is replaced": "INSERT OR REPLACE INTO alerts SELECT * FROM alerts WHERE id = 1",
    "line of two alerts": "INSERT INTO alert_lines SELECT app, lane, kind, name, 2 FROM alert_lines",
    "line of a closed alert": "INSERT INTO alert_lines VALUES ('my-app', 'l', 'alarm', 'other', 2)",
    "line of no alert": "INSERT INTO alert_lines VALUES ('my-app', 'l', 'alarm', 'other', 9)",
    "place of no alert": "INSERT INTO alert_places (alert, version) VALUES (9, 1)",
    "change is changed": "UPDATE alarm_turns SET body = '{}'",
    "change twice": "INSERT INTO alarm_turns SELECT 9, app, lane, kind, name, state, at, body FROM alarm_turns",
    "state of no app": "INSERT INTO alarm_states VALUES ('', 'l', 'alarm', 'x', '{}')",
    "state of another kind": "INSERT INTO alarm_states VALUES ('a', 'l', 'thing', 'x', '{}')",
}


@pytest.mark.parametrize("sql", GUARDED.values(), ids=GUARDED.keys())
def test_database_itself_guards_its_rows(filled: Store, sql: str) -> None:
    """Whatever SQL the program might send by mistake, the schema refuses it and the block is undone."""
    with pytest.raises(StoreFault, match="refused to break one of its own rules"), filled.work() as work:
        work._run(sql)


def test_closing_by_any_program_frees_the_alarm(filled: Store, path: Path) -> None:
    """A trigger takes the lines of a closed alert away, whoever closes it."""
    with closing(sqlite3.connect(path)) as shell, shell:
        shell.execute("UPDATE alerts SET open = 0, version = version + 1 WHERE id = 1")
    with filled.work() as work:
        assert work.put_alert(alert("errors")).id == 3


def test_refused_alert_leaves_its_block_clean(store: Store) -> None:
    """Who catches a Stale may go on in the same block: nothing of the refused alert was written."""
    with store.work() as work:
        first = work.put_alert(alert("errors"))
        other = work.put_alert(alert("queue"))
        for refused in (alert("p99", "errors"), other.model_copy(update={"lines": (line("p99"), line("errors"))})):
            with pytest.raises(Stale):
                work.put_alert(refused)
        assert work.open_alerts() == [first, other]
        assert work.put_alert(alert("p99")).id == 3


def test_state_that_cannot_be_read_is_a_new_one(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """One damaged row does not blind the watch: it is said, takes no room in a page, and is written anew."""
    with store.work() as work:
        for name in ("a", "b", "c", "d"):
            work.save_alarm(alarm_state(name))
        work._run("UPDATE alarm_states SET body = '{' WHERE name = 'b'")
    with store.reads() as reads:
        assert [one.key.name for one in reads.alarm_states(limit=3)] == ["a", "c", "d"]
        assert reads.alarm_state(key("b")) is None
    assert "could not be read" in caplog.text
    with store.work() as work:
        work.save_alarm(alarm_state("b"))
        assert work.alarm_state(key("b")) == alarm_state("b")


def test_old_changes_are_pruned_in_small_steps(store: Store) -> None:
    """40 days are kept, at most 500 go at once, and a number is never given to another change."""
    with store.work() as work:
        for n in range(700):
            work.note_turn(Turn(key=key(f"a{n}"), state="OK", before=None, at=later(n)))
    last = NOW + timedelta(days=40)
    store.retain(last)
    with store.reads() as reads:
        assert len(reads.turns(later(-1), later(999), limit=999)) == 700
    for left in (200, 0):
        store.retain(last + timedelta(seconds=700))
        with store.reads() as reads:
            assert len(reads.turns(later(-1), later(999), limit=999)) == left
    with store.work() as work:
        work.note_turn(Turn(key=key(), state="OK", before=None, at=NOW))
        assert [number for number, _ in work.turns(later(-1), later(9))] == [701]


def test_pruning_never_takes_a_young_change(store: Store) -> None:
    """A change that was learned late is old by its own time, a young one stays whatever its number."""
    with store.work() as work:
        work.note_turn(Turn(key=key("young"), state="OK", before=None, at=NOW))
        work.note_turn(Turn(key=key("old"), state="OK", before=None, at=NOW - timedelta(days=41)))
    store.retain(NOW)
    with store.reads() as reads:
        assert [turn.key.name for _, turn in reads.turns(NOW - timedelta(days=99), NOW)] == ["young"]


@pytest.mark.slow
def test_reads_of_a_large_app_stay_short(store: Store) -> None:
    """600 alarms, an alert of 600 lines, 100,000 changes: each read is bounded, however large the whole is."""
    words = "8.2 over limit 1 (2 of 3 × 60 s) " * 2
    names = [f"alarm-{n:03}" for n in range(MANY)]
    with store.work() as work:
        for name in names:
            work.save_alarm(alarm_state(name, text=words))
        for n in range(100_000):
            at = NOW - timedelta(seconds=34 * n)
            work.note_turn(Turn(key=key(names[n % MANY]), state="ALARM", before="OK", at=at, text=words))
        work.put_alert(alert(*names).model_copy(update={"lines": tuple(line(name, text=words) for name in names)}))
    month = NOW - timedelta(days=40)
    reads: dict[str, Callable[[AlarmReads], object]] = {
        "states": lambda view: view.alarm_states("my-app"),
        "next page": lambda view: view.alarm_states("", "default/eu", after=key(names[300])),
        "alerts": lambda view: view.open_alerts("my-app"),
        "a day": lambda view: view.turns(NOW - timedelta(days=1), NOW),
        "a month": lambda view: view.turns(month, NOW),
        "its last page": lambda view: view.turns(month, NOW, after=99_500),
    }
    took = {name: _took(store, read) for name, read in reads.items()}
    assert {name: ms for name, ms in took.items() if ms > 100.0 * _slowness()} == {}, took


def _took(store: Store, read: Callable[[AlarmReads], object]) -> float:
    """Milliseconds, the middle one of nine."""
    times = []
    for _ in range(9):
        with store.reads() as view:
            start = time.perf_counter()
            read(view)
            times.append((time.perf_counter() - start) * 1000)
    return median(times)


def _slowness() -> float:
    """How much slower this machine is now than the one the limit is for: 1 there, never less."""
    start = time.perf_counter()
    sum(range(300_000))
    return max(1.0, (time.perf_counter() - start) * 1000 / 6)
