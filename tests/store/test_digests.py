"""Slots of summaries: one open one each, ended ones stay, seconds are taken once, old ones go."""

from datetime import timedelta

import pytest

from rollout.errors import Stale
from store import Slot, Store, StoreFault
from store.digests import Ended
from tests.store.make import NOW, later

DAY = timedelta(days=1)


def planned(store: Store, digest: str = "a") -> Slot:
    """A slot that waits for NOW."""
    store.digests.plan(digest, NOW)
    return next(slot for slot in store.digests.open_slots() if slot.digest == digest)


def test_one_slot_of_a_summary_is_open(store: Store) -> None:
    """Planned twice, or for another time while one waits, it is one; summaries do not mind each other."""
    first = planned(store)
    store.digests.plan("a", NOW)
    store.digests.plan("a", NOW + DAY)
    store.digests.plan("b", NOW - DAY)
    assert store.digests.open_slots() == [Slot(digest="b", due=NOW - DAY), first]


@pytest.mark.parametrize("state", ["sent", "unknown", "missed", "refused"])
def test_an_ended_slot_never_opens_again(store: Store, state: Ended) -> None:
    """A time that is over is not planned anew, and the next one waits from the same commit on."""
    store.digests.end(planned(store), state, NOW + DAY)
    store.digests.plan("a", NOW)
    assert store.digests.open_slots() == [Slot(digest="a", due=NOW + DAY)]
    store.digests.end(store.digests.open_slots()[0], state, NOW)
    store.digests.plan("a", NOW)
    assert store.digests.open_slots() == []


def test_booking_is_kept_and_can_be_taken_back(store: Store) -> None:
    """Channel, second, content and when it was asked survive; unbooked it is as it was."""
    slot = planned(store)
    booked = store.digests.book(slot, "C1", 1000, '{"text": "x"}', later(1))
    assert store.digests.open_slots() == [booked]
    assert (booked.state, booked.channel, booked.post_at, booked.booked_at) == ("booked", "C1", 1000, later(1))
    again = store.digests.asked(booked, later(9))
    assert (again.asked_at, again.booked_at, again.post_at) == (later(9), later(1), 1000)
    assert store.digests.unbook(again) == slot
    assert store.digests.open_slots() == [slot]


def test_a_second_of_a_channel_is_taken_once(store: Store) -> None:
    """The next free one is given, also after the other was sent; another channel and its own second are free."""
    slots = {name: planned(store, name) for name in "abcd"}
    first = store.digests.book(slots["a"], "C1", 1000, "{}", NOW)
    store.digests.end(first, "sent", None)
    assert store.digests.book(slots["b"], "C1", 1000, "{}", NOW).post_at == 1001
    third = store.digests.book(slots["c"], "C1", 999, "{}", NOW)
    assert third.post_at == 999
    assert store.digests.book(store.digests.unbook(third), "C1", 999, "{}", NOW).post_at == 999
    assert store.digests.book(slots["d"], "C2", 1000, "{}", NOW).post_at == 1000


def test_who_read_an_older_state_cannot_write(store: Store) -> None:
    """Compare and set: a slot that moved on is Stale for whoever holds the old one, and stays as it is."""
    slot = planned(store)
    booked = store.digests.book(slot, "C1", 1000, "{}", NOW)
    with pytest.raises(Stale, match="has moved on"):
        store.digests.book(slot, "C1", 2000, "{}", NOW)
    with pytest.raises(Stale, match="has moved on"):
        store.digests.end(slot, "missed", NOW + DAY)
    store.digests.end(booked, "sent", None)
    with pytest.raises(Stale, match="has moved on"):
        store.digests.unbook(booked)
    assert store.digests.open_slots() == []


def test_content_goes_when_it_has_ended(store: Store) -> None:
    """What was said is Slack's to keep; when it was made is remembered for the next one."""
    booked = store.digests.book(planned(store), "C1", 1000, '{"text": "x"}', later(1))
    store.digests.end(booked, "sent", NOW + DAY)
    last = store.digests.last_sent("a")
    assert last
    assert (last.content, last.booked_at, last.post_at) == ("", later(1), 1000)
    assert store.digests.slot("a", NOW) == last
    assert store.digests.last_sent("b") is None


def test_the_last_sent_one_is_surely_sent(store: Store) -> None:
    """Missed, refused and unknown ones do not count."""
    states: list[Ended] = ["sent", "unknown", "missed", "refused"]
    for day, state in enumerate(states):
        store.digests.plan("a", NOW + day * DAY)
        (slot,) = store.digests.open_slots()
        store.digests.end(slot, state, None)
    last = store.digests.last_sent("a")
    assert last
    assert last.due == NOW


def test_only_configured_ones_stay_open(store: Store) -> None:
    """Waiting and booked ones of others go; what has ended stays."""
    store.digests.end(planned(store, "gone"), "sent", NOW + DAY)
    store.digests.book(planned(store, "booked"), "C1", 1, "{}", NOW)
    kept = planned(store, "kept")
    assert store.digests.keep_only({"kept"}) == 2
    assert store.digests.open_slots() == [kept]
    assert store.digests.slot("gone", NOW) is not None
    assert store.digests.keep_only({"kept"}) == 0


def test_old_slots_are_pruned_but_never_the_last_sent(store: Store) -> None:
    """After 40 days they go; the newest that was sent stays, for the next one begins there, and open ones stay."""
    states: list[Ended] = ["sent", "sent", "missed", "unknown"]
    for day, state in enumerate(states):
        store.digests.plan("a", NOW + day * DAY)
        (slot,) = store.digests.open_slots()
        store.digests.end(slot, state, None)
    store.digests.plan("a", NOW + 4 * DAY)
    store.retain(NOW + 40 * DAY)
    assert store.digests.slot("a", NOW) is not None
    store.retain(NOW + 400 * DAY)
    left = [day for day in range(5) if store.digests.slot("a", NOW + day * DAY) is not None]
    assert left == [1, 4]


GUARDED = {
    "ended one is changed": "UPDATE digests SET body = '{}' WHERE state = 'sent'",
    "ended one opens": "UPDATE digests SET state = 'waiting' WHERE state = 'sent'",
    "two open ones": "INSERT INTO digests VALUES ('b', 1, 'waiting', '', NULL, '{}')",
    "one time twice": "INSERT INTO digests SELECT * FROM digests WHERE state = 'sent'",
    "one second twice": "UPDATE digests SET state = 'booked', channel = 'C1', post_at = 1000 WHERE digest = 'b'",
    "booked for no second": "UPDATE digests SET state = 'booked' WHERE digest = 'b'",
    "no such state": "UPDATE digests SET state = 'lost' WHERE digest = 'b'",
    "no name": "UPDATE digests SET digest = '' WHERE digest = 'b'",
}


@pytest.mark.parametrize("sql", GUARDED.values(), ids=GUARDED.keys())
def test_database_itself_guards_its_rows(store: Store, sql: str) -> None:
    """Whatever SQL the program might send by mistake, the schema refuses it and the block is undone."""
    store.digests.end(store.digests.book(planned(store), "C1", 1000, "{}", NOW), "sent", None)
    planned(store, "b")
    with pytest.raises(StoreFault, match="refused to break one of its own rules"), store.work() as work:
        work._run(sql)
