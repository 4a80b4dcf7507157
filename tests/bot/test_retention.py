"""The daily clearing: once a day whatever restarts, in pages, and going on a minute later where much is old."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.retention import EVERY, Retention
from store import Store, open_store
from store.retention import PAGE
from tests.bot.dial import Dial
from tests.store.make import SECRET, answered, stored_ask

DAY = timedelta(days=1)


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "t.db")
    yield store
    store.close()


def wishes(store: Store, dial: Dial, count: int) -> None:
    """So many wishes of now."""
    with store.work() as work:
        begun = len(work.waiting_asks(limit=10**6))
        for number in range(count):
            work.remember(stored_ask(f"{begun + number}", at=dial.now()))


def left(store: Store) -> int:
    """Wishes that are still there."""
    with store.reads() as reads:
        return len(reads.waiting_asks(limit=10**6))


def test_once_a_day_what_is_old_goes(store: Store, dial: Dial, caplog: pytest.LogCaptureFixture) -> None:
    """At the first minute, then not before a day has passed, also for a bot that was started anew."""
    caplog.set_level("INFO")
    Retention(store, dial.now)()
    wishes(store, dial, 3)
    dial.turn(8 * 86400)
    Retention(store, dial.now)()
    assert left(store) == 0
    assert "old rows went: 3 of asks" in caplog.text
    wishes(store, dial, 2)
    with store.work() as work:
        for one in work.waiting_asks():
            work.remember(one.model_copy(update={"at": dial.now() - 30 * DAY}))
    dial.turn(EVERY.total_seconds() - 60)
    Retention(store, dial.now)()
    assert left(store) == 2
    dial.turn(60)
    Retention(store, dial.now)()
    assert left(store) == 0


def test_much_that_is_old_goes_on_a_minute_later(store: Store, dial: Dial) -> None:
    """One go ends after so many pages, and the day is done only when nothing old is left."""
    wishes(store, dial, 2 * PAGE + 1)
    dial.turn(8 * 86400)
    clearing = Retention(store, dial.now, pages=2)
    clearing()
    assert (left(store), store.retained_at) == (1, None)
    dial.turn(60)
    clearing()
    assert (left(store), store.retained_at) == (0, dial.now())


def test_addresses_do_not_wait_for_the_day(store: Store, dial: Dial) -> None:
    """They are secrets: gone at the first minute after their time."""
    Retention(store, dial.now)()
    with store.work() as work:
        work.remember(answered("a", address=SECRET, at=dial.now()))
    dial.turn(26 * 60)
    Retention(store, dial.now)()
    with store.reads() as reads:
        kept = reads.stored_ask("a")
    assert kept is not None
    assert kept.address == ""


def test_a_clock_set_back_by_years_stops_no_clearing(store: Store, dial: Dial) -> None:
    """A day that was done in the future counts for nothing."""
    store.note_retained(dial.now() + 900 * DAY)
    Retention(store, dial.now)()
    assert store.retained_at == dial.now()
