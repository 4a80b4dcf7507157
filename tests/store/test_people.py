"""The directory: replaced whole, one entry at a time where somebody waits, read everywhere."""

from collections.abc import Iterator

import pytest

from rollout.people import Person
from store import Store
from tests.store.make import NOW, later, person


def test_directory_is_replaced_whole(store: Store) -> None:
    """Who is not in the new list is gone, groups too, and the time of reading is kept."""
    people = store.people
    assert people.read_at() is None
    people.replace([person("U1"), person("U2")], {"S1": ["U1", "U2"], "S2": ["U1"]}, NOW)
    people.replace([person("U2", name="Ben", guest=True, groups=("S1",))], {"S1": ["U2"]}, later(60))
    assert people.person("T1", "U1") is None
    assert people.person("T1", "U2") == person("U2", name="Ben", guest=True, groups=("S1",))
    assert people.person("T2", "U2") is None
    assert (people.group("S1"), people.group("S2")) == (("U2",), ())
    assert people.read_at() == later(60)


def test_broken_reading_keeps_the_old_directory(store: Store) -> None:
    """When the reading breaks off half way, everybody still is who they were."""
    store.people.replace([person("U1")], {}, NOW)

    def breaks() -> Iterator[Person]:
        yield person("U2")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.people.replace(breaks(), {}, later(60))
    assert store.people.person("T1", "U1") == person("U1")
    assert store.people.read_at() == NOW


def test_reading_slack_is_not_done_under_the_lock(store: Store) -> None:
    """Whatever makes the persons may take its time and even use the store: only then the write begins."""

    def slow() -> Iterator[Person]:
        assert store.people.person("T1", "U1") is None
        yield person("U1")

    store.people.replace(slow(), {}, NOW)
    assert store.people.person("T1", "U1") == person("U1")


def test_one_entry_can_be_added(store: Store) -> None:
    """A person looked up because they wait is known at once, and the whole is as old as before."""
    store.people.replace([person("U1")], {}, NOW)
    store.people.put(person("U9"))
    store.people.put(person("U9", deleted=True))
    with store.reads() as reads:
        assert reads.person("T1", "U9") == person("U9", deleted=True)
        assert reads.person("T1", "U1") == person("U1")
        assert reads.directory_read_at() == NOW
