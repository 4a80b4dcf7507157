"""How long rows are kept: what is old goes in pages, what lives, is newest or is the trail stays whatever its age."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.model import Phase
from rollout.notices import NeedsHuman
from store import AlertPlace, Reloaded, Store
from store.retention import PAGE, RULES
from tests.store.make import ANA, NOW, alert, answered, entry, later, rollout, stored_ask

LONG = timedelta(days=4000)
FOR_EVER = {"audit", "rollouts", "intents"}


def count(path: Path, table: str) -> int:
    """Rows of a table, seen by another program."""
    with closing(sqlite3.connect(path)) as link:
        return int(link.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - the test's own words


def over(store: Store, name: str, *, shown: bool = True) -> int:
    """A notice that is over, and whose message says so if it is `shown`."""
    with store.work() as work:
        ended = work.put_alert(work.put_alert(alert(name)).model_copy(update={"open": False}))
    if shown:
        store.alerts.save(AlertPlace(alert=ended.id, channel="C1", ts=f"1.{ended.id}", shown_version=ended.version))
    return ended.id


def test_each_rule_is_of_a_table_and_none_of_the_trail(store: Store, path: Path) -> None:
    """Every table with an age exists; rollouts, intents and audit records have none."""
    assert not FOR_EVER & RULES.keys()
    for table in RULES:
        assert count(path, table) == 0
    assert store.retain(NOW) == {}


def test_old_wishes_go_in_pages_each_its_own_transaction(store: Store, path: Path) -> None:
    """At most 500 of a kind at once, until nothing old is left."""
    with store.work() as work:
        for number in range(PAGE + 7):
            work.remember(stored_ask(f"key-{number}"))
    assert store.retain(later(days=7)) == {}
    assert store.retain(later(days=8)) == {"asks": PAGE}
    assert store.retain(later(days=8)) == {"asks": 7}
    assert store.retain(later(days=8)) == {}
    assert count(path, "asks") == 0


def test_a_notice_that_is_over_and_shown_goes_after_ninety_days(store: Store, path: Path) -> None:
    """With its place; one that is open, not shown as it is, or the newest stays, and no number is given again."""
    with store.work() as work:
        open_one = work.put_alert(alert("errors")).id
    unshown, gone, newest = over(store, "p99", shown=False), over(store, "p50"), over(store, "p10")
    assert store.retain(later(days=90)) == {}
    assert store.retain(NOW + LONG) == {"alerts": 1}
    with store.reads() as reads:
        assert [number for number in range(1, 6) if reads.alert(number)] == [open_one, unshown, newest]
    assert store.alerts.place(gone) is None
    assert count(path, "alert_places") == 3
    with store.work() as work:
        assert work.put_alert(alert("p1")).id == newest + 1


def test_the_page_of_an_ended_rollout_goes_and_that_of_a_live_one_stays(store: Store, path: Path) -> None:
    """Seven days after it was told; one that nobody was told yet stays."""
    with store.work() as work:
        live, told, untold = (work.add(rollout(app)) for app in ("live", "told", "untold"))
        for one in (live, told, untold):
            work.tell(NeedsHuman(rollout=one.id, text="come", at=NOW))
        for one in (told, untold):
            work.save(one.but(phase=Phase.ROLLED_BACK))
        assert work.take_page(live.id, ANA, NOW)
    store.outbox.page_sent(told.id, NOW)
    assert store.retain(later(days=7)) == {}
    assert store.retain(NOW + LONG) == {"pages": 1}
    assert count(path, "pages") == 2
    assert [page.notice.rollout for page in store.outbox.waiting_pages(NOW + LONG)] == [untold.id]


def test_wishes_to_reload_go_and_the_trail_stays(store: Store, path: Path) -> None:
    """What is asked for and answered is forgotten after a week, what was written down about it never."""
    number = store.reloads.wish("cli:ana", "/etc/tidegate.toml", NOW)
    store.reloads.answer(number, Reloaded(ok=True, why="taken", text="nothing changed"))
    with store.work() as work:
        began = work.add(rollout())
        work.audit(entry(began.id))
    assert store.retain(NOW + LONG) == {"reloads": 1}
    assert {table: count(path, table) for table in ("audit", "rollouts")} == {"audit": 1, "rollouts": 1}
    assert store.reloads.answered(number) is None
    assert store.reloads.wish("cli:ana", "/etc/tidegate.toml", NOW) == number + 1


@pytest.mark.parametrize("table", sorted(FOR_EVER))
def test_the_file_itself_refuses_to_forget_the_trail(store: Store, path: Path, table: str) -> None:
    """Whatever a later rule would say: records, rollouts and intents cannot be deleted."""
    from rollout.actions import Shift

    with store.work() as work:
        began = work.add(rollout())
        work.plan(began, Shift(percent=10), NOW)
        work.audit(entry(began.id))
        work.remember(answered())
    with closing(sqlite3.connect(path)) as link, pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        link.execute(f"DELETE FROM {table}")  # noqa: S608 - the test's own words


def test_when_nothing_old_was_left_is_remembered(store: Store) -> None:
    """A restart does not begin the day anew."""
    assert store.retained_at is None
    store.note_retained(NOW)
    assert store.retained_at == NOW
    store.note_retained(later(days=1))
    assert store.retained_at == later(days=1)


def test_a_wish_to_reload_is_answered_once(store: Store) -> None:
    """Whoever is first stands: the bot, or the command that withdrew it."""
    first, second = (store.reloads.wish(by, "/t.toml", NOW) for by in ("cli:ana", "cli:ben"))
    assert [(each.id, each.by, each.file) for each in store.reloads.waiting()] == [
        (first, "cli:ana", "/t.toml"), (second, "cli:ben", "/t.toml"),
    ]  # fmt: skip
    said = Reloaded(ok=True, why="taken", text="[roles] changed")
    assert store.reloads.answered(first) is None
    assert store.reloads.answer(first, said)
    assert not store.reloads.answer(first, Reloaded(ok=False, why="late", text="withdrawn"))
    assert store.reloads.answered(first) == said
    assert [each.id for each in store.reloads.waiting()] == [second]
