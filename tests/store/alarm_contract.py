"""What every implementation of rollout.alarms.ports.AlarmLedger promises. Subclass it, give it a fixture `ledger`."""

from datetime import timedelta

import pytest

from rollout.alarms.model import Turn
from rollout.alarms.ports import AlarmLedger
from rollout.errors import Stale
from tests.store.make import NOW, alarm_state, alert, key, later, line


class AlarmLedgerContract:
    """The promises of the alarm ports, one test each."""

    def test_state_is_written_replaced_and_forgotten(self, ledger: AlarmLedger) -> None:
        """One state per alarm, the newest; forgetting what is not there is nothing."""
        with ledger.work() as work:
            work.save_alarm(alarm_state("errors"))
            work.save_alarm(alarm_state("errors", state="ALARM"))
            work.save_alarm(alarm_state("p99"))
            work.forget_alarm(key("p99"))
            work.forget_alarm(key("p99"))
        with ledger.reads() as reads:
            assert reads.alarm_state(key("errors")) == alarm_state("errors", state="ALARM")
            assert reads.alarm_state(key("p99")) is None
            assert [state.state for state in reads.alarm_states()] == ["ALARM"]

    def test_place_and_alarm_of_one_name_are_two(self, ledger: AlarmLedger) -> None:
        """A place that is blind stands beside an alarm that happens to be called like its lane."""
        with ledger.work() as work:
            work.save_alarm(alarm_state("default/eu"))
            work.save_alarm(alarm_state("default/eu", kind="place", state="BLIND"))
        with ledger.reads() as reads:
            assert [(one.key.kind, one.state) for one in reads.alarm_states()] == [("alarm", "OK"), ("place", "BLIND")]

    @pytest.mark.parametrize(
        ("app", "lane"), [("", ""), ("app-1", ""), ("", "default/eu"), ("app-1", "1234/us"), ("none", "")]
    )
    def test_states_page_by_key_in_order(self, ledger: AlarmLedger, app: str, lane: str) -> None:
        """Pages meet without gap or overlap, for all, for an app, for a lane and for both."""
        with ledger.work() as work:
            for n in range(24):
                place = ("1234/us", "default/eu")[n // 2 % 2]
                kind = "place" if n % 5 == 0 else "alarm"
                work.save_alarm(alarm_state(f"alarm-{n % 7}-{n}", app=f"app-{n % 2}", lane=place, kind=kind))
        with ledger.reads() as reads:
            whole = reads.alarm_states(app, lane)
            keys = [(s.key.app, s.key.lane, s.key.kind, s.key.name) for s in whole]
            assert keys == sorted(keys)
            written = [(a, p) for a in ("app-0", "app-1") for p in ("1234/us", "default/eu")]
            assert {k[:2] for k in keys} == {(a, p) for a, p in written if app in ("", a) and lane in ("", p)}
            paged, after = [], None
            while page := reads.alarm_states(app, lane, after=after, limit=5):
                assert len(page) <= 5
                paged += page
                after = page[-1].key
            assert paged == whole

    def test_first_mark_of_a_place_stays(self, ledger: AlarmLedger) -> None:
        """What turned bad before the very first reading is no news, however often it is read since."""
        with ledger.work() as work:
            assert work.watched_since("my-app", "default/eu") is None
            work.mark_watched("my-app", "default/eu", NOW)
            work.mark_watched("my-app", "default/eu", later(60))
            work.mark_watched("shop", "default/eu", later(90))
        with ledger.reads() as reads:
            assert reads.watched_since("my-app", "default/eu") == NOW
            assert reads.watched_since("shop", "default/eu") == later(90)
            assert reads.watched_since("my-app", "1234/us") is None

    def test_change_is_noted_once(self, ledger: AlarmLedger) -> None:
        """The same alarm, time and state is one change, whoever saw it first; another time or state is another."""
        first = Turn(key=key("errors"), state="ALARM", before="OK", at=NOW, text="first")
        with ledger.work() as work:
            work.note_turn(first)
            work.note_turn(first.model_copy(update={"text": "again", "before": None}))
            work.note_turn(first.model_copy(update={"at": later(1)}))
            work.note_turn(first.model_copy(update={"state": "OK"}))
            work.note_turn(first.model_copy(update={"key": key("errors", app="shop")}))
        with ledger.reads() as reads:
            found = [turn for _, turn in reads.turns(later(-9), later(9))]
            assert found[0] == first
            assert len(found) == 4

    def test_changes_of_a_span_page_by_number(self, ledger: AlarmLedger) -> None:
        """Spans that meet share no change and lose none; pages follow the order of noting, not of time."""
        with ledger.work() as work:
            for n in range(12):
                work.note_turn(Turn(key=key(f"a{n}"), state="OK", before=None, at=later((7 * n) % 12)))
        with ledger.reads() as reads:
            numbers, after = [], 0
            while page := reads.turns(later(-1), later(11), after=after, limit=5):
                numbers += [number for number, _ in page]
                after = numbers[-1]
            assert numbers == sorted(set(numbers))
            assert len(numbers) == 12
            for border in range(12):
                halves = [reads.turns(later(-1), later(border)), reads.turns(later(border), later(11))]
                before, after_it = [sorted(turn.at for _, turn in half) for half in halves]
                assert before == [later(n) for n in range(border + 1)]
                assert after_it == [later(n) for n in range(border + 1, 12)]
            assert reads.turns(later(100), later(200)) == []

    def test_new_alert_gets_an_id_and_version_one(self, ledger: AlarmLedger) -> None:
        """Ids count up from 1, and what was put is what is read."""
        with ledger.work() as work:
            first, second = work.put_alert(alert("errors")), work.put_alert(alert("p99"))
        with ledger.reads() as reads:
            assert (first.id, first.version, second.id) == (1, 1, 2)
            assert reads.alert(1) == first
            assert reads.alert(3) is None
            assert reads.open_alerts() == [first, second]

    def test_put_counts_versions_and_refuses_old_ones(self, ledger: AlarmLedger) -> None:
        """Compare-and-set: who read version 1 cannot write after version 2 was, and nothing of it is kept."""
        with ledger.work() as work:
            read = work.put_alert(alert("errors"))
            changed = work.put_alert(read.model_copy(update={"quiet_since": later(9)}))
        with ledger.work() as work, pytest.raises(Stale, match="alert 1 is at version 2, not 1"):
            work.put_alert(read)
        with ledger.reads() as reads:
            assert reads.alert(1) == changed
            assert changed.version == 2

    def test_put_of_an_unknown_alert_is_stale(self, ledger: AlarmLedger) -> None:
        """What is not there cannot be written."""
        with ledger.work() as work, pytest.raises(Stale, match="no alert 7"):
            work.put_alert(alert("errors", id=7, version=1))

    def test_closed_alerts_never_change(self, ledger: AlarmLedger) -> None:
        """A closed one is history: Stale even with the right version, and among the open ones no more."""
        with ledger.work() as work:
            closed = work.put_alert(work.put_alert(alert("errors")).model_copy(update={"open": False}))
        with ledger.work() as work, pytest.raises(Stale, match="closed"):
            work.put_alert(closed.model_copy(update={"open": True}))
        with ledger.reads() as reads:
            assert reads.alert(1) == closed
            assert reads.open_alerts() == []

    def test_open_alerts_are_of_one_app_or_all(self, ledger: AlarmLedger) -> None:
        """Oldest first, the closed ones left out."""
        with ledger.work() as work:
            for n in range(6):
                put = work.put_alert(alert(f"alarm-{n}", app=("my-app", "shop")[n % 2]))
                if n == 2:
                    work.put_alert(put.model_copy(update={"open": False}))
        with ledger.reads() as reads:
            assert [one.id for one in reads.open_alerts()] == [1, 2, 4, 5, 6]
            assert [one.id for one in reads.open_alerts("my-app")] == [1, 5]

    def test_alarm_is_in_one_open_alert_at_most(self, ledger: AlarmLedger) -> None:
        """A second open alert with a line of it is Stale, put anew or by joining; once closed it is free."""
        with ledger.work() as work:
            first, other = work.put_alert(alert("errors", "p99")), work.put_alert(alert("queue"))
        joined = other.model_copy(update={"lines": (*other.lines, line("p99"))})
        for second in (alert("p99"), joined):
            with ledger.work() as work, pytest.raises(Stale, match=r"p99 of my-app .* is in open alert 1 already"):
                work.put_alert(second)
        with ledger.work() as work:
            work.put_alert(first.model_copy(update={"open": False}))
            assert work.put_alert(joined).version == 2
            assert work.put_alert(alert("errors")).id == 3

    def test_line_that_left_frees_its_alarm(self, ledger: AlarmLedger) -> None:
        """An alert that loses a line does not keep that alarm out of another one."""
        with ledger.work() as work:
            first = work.put_alert(alert("errors", "p99"))
            work.put_alert(first.model_copy(update={"lines": first.lines[:1]}))
            assert work.put_alert(alert("p99")).id == 2

    def test_everything_of_a_block_is_kept_or_nothing(self, ledger: AlarmLedger) -> None:
        """S10: an exception at the end undoes state, change, mark and alert, and its alarm is free again."""

        def write_and_fail() -> None:
            with ledger.work() as work:
                work.save_alarm(alarm_state("errors"))
                work.mark_watched("my-app", "default/eu", NOW)
                work.note_turn(Turn(key=key("errors"), state="ALARM", before=None, at=NOW))
                work.put_alert(alert("errors"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        with ledger.work() as work:
            assert work.alarm_states() == []
            assert work.watched_since("my-app", "default/eu") is None
            assert work.turns(NOW - timedelta(days=1), later(9)) == []
            assert work.put_alert(alert("errors")).id == 1
