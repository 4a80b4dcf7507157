"""Where messages about alerts stand: what has to be shown, in which order, found how."""

import time

import pytest

from rollout.alarms.model import Alert
from store import AlertPlace, Store
from tests.store.make import NOW, alert


def put(store: Store, one: Alert) -> Alert:
    """One commit of an alert."""
    with store.work() as work:
        return work.put_alert(one)


def show(store: Store, one: Alert, **fields: object) -> None:
    """The message now shows this version."""
    place = {"alert": one.id, "channel": "C1", "ts": f"{one.id}.0", "shown_version": one.version}
    store.alerts.save(AlertPlace.model_validate(place | fields))


def test_alert_is_to_be_shown_until_it_is(store: Store) -> None:
    """New ones are, changed ones are again, and showing an old version is not enough."""
    first, second = put(store, alert("a")), put(store, alert("b"))
    assert store.alerts.unsent() == [1, 2]
    assert store.alerts.place(1) is None
    show(store, first)
    assert store.alerts.unsent() == [2]
    changed = put(store, first.model_copy(update={"quiet_since": NOW}))
    assert store.alerts.unsent() == [1, 2]
    show(store, first)
    assert store.alerts.unsent() == [1, 2]
    show(store, changed)
    show(store, second)
    assert store.alerts.unsent() == []


def test_closed_alert_is_shown_a_last_time(store: Store) -> None:
    """Closing is a change like any: the message has to say so, and its place can still be written."""
    first = put(store, alert("a"))
    show(store, first)
    closed = put(store, first.model_copy(update={"open": False}))
    assert store.alerts.unsent() == [1]
    show(store, closed)
    assert store.alerts.unsent() == []


def test_post_under_way_is_kept_and_still_to_be_shown(store: Store) -> None:
    """`posting_since` is there after a crash, and nothing counts as shown before it was."""
    put(store, alert("a"))
    under_way = AlertPlace(alert=1, channel="C1", posting_since=NOW)
    store.alerts.save(under_way)
    assert store.alerts.place(1) == under_way
    assert store.alerts.unsent() == [1]


def test_what_is_to_be_shown_comes_in_pages_oldest_first(store: Store) -> None:
    """One that has to wait, for example because it is muted, does not hide those behind it."""
    for n in range(7):
        put(store, alert(f"a{n}"))
    assert store.alerts.unsent(3) == [1, 2, 3]
    assert store.alerts.unsent(3, after=3) == [4, 5, 6]
    assert store.alerts.unsent(3, after=7) == []


def test_alert_is_found_by_its_message(store: Store) -> None:
    """Channel and time together name it; what was never posted has no message to be found by."""
    for n in range(3):
        show(store, put(store, alert(f"a{n}")), channel=f"C{n % 2}", ts="" if n == 2 else "9.0")
    assert store.alerts.by_message("C0", "9.0") == 1
    assert store.alerts.by_message("C1", "9.0") == 2
    assert store.alerts.by_message("C0", "") is None
    assert store.alerts.by_message("C2", "9.0") is None


def test_place_of_no_alert_is_not_kept(store: Store) -> None:
    """Nothing points at an alert that does not exist."""
    store.alerts.save(AlertPlace(alert=5, channel="C1", ts="1.0"))
    assert store.alerts.place(5) is None
    assert store.alerts.by_message("C1", "1.0") is None


@pytest.mark.slow
def test_asking_what_is_to_be_shown_costs_no_walk_through_history(store: Store) -> None:
    """After 3,000 alerts that are over, asking for the one that changed takes no longer than among ten."""
    times = []
    for many in (10, 3000):
        with store.work() as work:
            added = [work.put_alert(alert(f"{many}-{n}")) for n in range(many)]
            for one in added[:-1]:
                work._run("UPDATE alert_places SET shown_version = 9 WHERE alert = ?", one.id)
        start = time.perf_counter()
        for _ in range(100):
            assert store.alerts.unsent(after=added[0].id) == [added[-1].id]
        times.append(time.perf_counter() - start)
    assert times[1] < 5 * times[0], times
