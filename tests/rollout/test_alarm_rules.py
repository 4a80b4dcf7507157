"""Memory against reading, and turns into notices: each rule by itself."""

from datetime import timedelta

import pytest

from rollout.alarms.compare import Role, compare, hidden, moved, place
from rollout.alarms.fold import Fold, claimed
from rollout.alarms.model import AlarmState, Alert, Mute, Past, Timing, Turn
from rollout.model import Cause, Phase, Rollout
from rollout.seen import AlarmReading, Fault
from tests.rollout.make import T0, row
from tests.rollout.scene import ANA
from tests.rollout.watching import LANE, key, scope

KEY = key("my-app-errors")
NOW = T0 + timedelta(hours=1)


def at(minutes: float):
    """So many minutes after noon."""
    return T0 + timedelta(minutes=minutes)


def known(state: str, since: float = 0, **fields) -> AlarmState:
    """What was seen last."""
    return AlarmState.model_validate({"key": KEY, "state": state, "since": at(since), "gate": True, **fields})


def read(state: str, since: float = 0, **fields) -> AlarmReading:
    """What is read now."""
    return AlarmReading.model_validate({"name": KEY.name, "state": state, "since": at(since), **fields})


def past(*turns: tuple[float, str]) -> tuple[Past, ...]:
    """A history in minutes and states."""
    return tuple(Past.model_validate({"at": at(minutes), "state": state}) for minutes, state in turns)


def turned(state: str, minutes: float, name: str = "my-app-errors", before: str = "OK") -> Turn:
    """A change."""
    values = {"key": key(name), "state": state, "before": before, "at": at(minutes)}
    return Turn.model_validate(values)


ROLE = Role(KEY, gate=True, watched_since=at(-60))

TURNS = [
    # stored, read now, its history -> turns (minute, from, to)
    (known("OK"), read("OK"), (), []),
    (known("OK"), read("ALARM", 5), (), [(5, "OK", "ALARM")]),
    (known("OK"), read("ALARM", 5), past((2, "ALARM"), (3, "OK"), (5, "ALARM")),
     [(2, "OK", "ALARM"), (3, "ALARM", "OK"), (5, "OK", "ALARM")]),
    # red in between, OK again: only the history knows
    (known("OK"), read("OK", 9), past((4, "ALARM"), (9, "OK")), [(4, "OK", "ALARM"), (9, "ALARM", "OK")]),
    # the history writes the known change a few milliseconds later than the alarm itself
    (known("OK"), read("ALARM", 5), past((0.001, "OK"), (5, "ALARM")), [(5, "OK", "ALARM")]),
    # a history that reaches further back than the memory, or beyond what was read
    (known("OK"), read("ALARM", 5), past((-9, "ALARM"), (0, "OK"), (5, "ALARM"), (7, "OK")), [(5, "OK", "ALARM")]),
    # its last change has not been written down yet
    (known("OK"), read("ALARM", 9), past((4, "ALARM"), (5, "OK")),
     [(4, "OK", "ALARM"), (5, "ALARM", "OK"), (9, "OK", "ALARM")]),
    # stale: older than what is known
    (known("ALARM", 5), read("OK", 0), (), []),
    # first seen, red since it is watched; red since long before
    (None, read("ALARM", 5), (), [(5, None, "ALARM")]),
    (None, read("ALARM", -90), (), []),
    (None, read("OK", 5), (), []),
    # deleted and made anew: CloudWatch's time may be older than ours
    (known("ABSENT", 30), read("ALARM", 5), (), [(30, "ABSENT", "ALARM")]),
    (known("ABSENT", 30), read("OK", 35), (), [(35, "ABSENT", "OK")]),
]  # fmt: skip


@pytest.mark.parametrize(("stored", "reading", "history", "expected"), TURNS)
def test_what_a_reading_means(stored, reading, history, expected):
    """Each row: memory, reading and history, and the changes that follow from them, with CloudWatch's times."""
    done = compare(stored, reading, history, ROLE, NOW)
    assert [(turn.at, turn.before, turn.state) for turn in done.turns] == [(at(m), a, b) for m, a, b in expected]


def test_the_first_sweep_of_a_place_tells_nothing():
    """Before a place was ever read nothing is news, however red."""
    role = Role(KEY, gate=True, watched_since=None)
    assert compare(None, read("ALARM", 5), (), role, NOW).turns == ()


def test_one_look_makes_no_alarm_absent():
    """Not found once is doubt, twice is a deletion since the first time; found in between, the doubt is over."""
    lost = AlarmReading(name=KEY.name, found=False)
    doubted = compare(known("OK"), lost, (), ROLE, at(10))
    assert (doubted.turns, doubted.state.state, doubted.state.doubt) == ((), "OK", at(10))
    found = compare(doubted.state, read("OK"), (), ROLE, at(11))
    assert (found.turns, found.state.doubt) == ((), None)
    gone = compare(doubted.state, lost, (), ROLE, at(12))
    assert [(turn.state, turn.at) for turn in gone.turns] == [("ABSENT", at(10))]
    assert compare(gone.state, lost, (), ROLE, at(13)).turns == ()


def test_a_name_that_never_was_is_no_news():
    """A wrong name of the configuration is remembered as absent and told by lists, never by a notice."""
    done = compare(None, AlarmReading(name=KEY.name, found=False), (), ROLE, NOW)
    assert (done.state.state, done.turns) == ("ABSENT", ())


def test_what_is_hidden_and_what_moved():
    """Same state, other time: hidden. Other state: moved. Stale or unchanged: neither."""
    assert hidden(known("OK"), read("OK", 5)) and moved(known("OK"), read("OK", 5))
    assert moved(known("OK"), read("ALARM", 5)) and not hidden(known("OK"), read("ALARM", 5))
    assert not moved(known("OK", 5), read("ALARM", 0)) and not moved(known("OK"), read("OK"))
    assert not moved(None, read("OK"))


def test_a_mute_ends_by_time_or_by_ok():
    """A mute for an hour ends by the clock, one until OK by an OK after it, and by nothing else."""
    hour = Mute(by=ANA, at=at(1), until=at(61))
    ok = Mute(by=ANA, at=at(1))
    assert compare(known("ALARM", muted=hour), read("ALARM"), (), ROLE, at(60)).state.muted == hour
    assert compare(known("ALARM", muted=hour), read("ALARM"), (), ROLE, at(61)).state.muted is None
    assert compare(known("ALARM", muted=hour), read("OK", 5), (), ROLE, at(6)).state.muted == hour
    assert compare(known("ALARM", muted=ok), read("OK", 5), (), ROLE, at(6)).state.muted is None
    assert compare(known("ALARM", muted=ok), read("INSUFFICIENT_DATA", 5), (), ROLE, at(6)).state.muted == ok
    again = past((5, "OK"), (6, "ALARM"))
    assert compare(known("ALARM", muted=ok), read("ALARM", 6), again, ROLE, at(7)).state.muted is None


def test_a_place_is_blind_only_after_a_while():
    """Unreadable for less than the time is doubt; then it is told like an alarm, since the first failure; then over."""
    where, fault, wait = key(LANE), Fault(kind="auth", text="AccessDenied", hint="allow it"), timedelta(minutes=5)
    doubt = place(None, where, (fault, None), wait, at(0))
    assert (doubt.turns, doubt.state.fault) == ((), fault)
    assert place(doubt.state, where, (fault, None), wait, at(4)).turns == ()
    blind = place(doubt.state, where, (fault, None), wait, at(5))
    assert [(turn.state, turn.at, turn.text) for turn in blind.turns] == [("BLIND", at(0), "AccessDenied; allow it")]
    assert place(blind.state, where, (fault, None), wait, at(6)).turns == ()
    seeing = place(blind.state, where, (None, None), wait, at(9))
    assert ([turn.state for turn in seeing.turns], seeing.state.fault) == (["OK"], None)
    assert place(doubt.state, where, (None, None), wait, at(1)).turns == ()


# -- turns into notices -------------------------------------------------------------------------


def folded(*turns: Turn, alerts: tuple[Alert, ...] = (), now: float = 0) -> list[Alert]:
    """What turns make of these notices at that minute."""
    fold = Fold(alerts, scope(), Timing(), at(now))
    fold.take(turns)
    fold.close_quiet()
    return fold.changed


def stored(alert: Alert, number: int = 1) -> Alert:
    """As the store gives it back."""
    return alert.model_copy(update={"id": number, "version": 1})


def test_alarms_within_a_minute_are_one_notice():
    """The second alarm joins within the minute in which the first was noted, and begins its own notice after it."""
    (first,) = folded(turned("ALARM", 0), now=0)
    joined = folded(turned("ALARM", 1, "my-app-p99"), alerts=(stored(first),), now=1)
    assert [[line.key.name for line in alert.lines] for alert in joined] == [["my-app-errors", "my-app-p99"]]
    (own,) = folded(turned("ALARM", 1.1, "my-app-p99"), alerts=(stored(first),), now=1.1)
    assert (own.id, [line.key.name for line in own.lines]) == (0, ["my-app-p99"])


def test_a_clock_set_back_joins_nothing():
    """A notice noted in what is now the future takes no new alarms."""
    (first,) = folded(turned("ALARM", 0), now=30)
    (own,) = folded(turned("ALARM", 0, "my-app-p99"), alerts=(stored(first),), now=0)
    assert own.id == 0


def test_red_again_soon_raises_the_counter():
    """Within the flapping time it is the same notice; after it the old one is closed and another begins."""
    (first,) = folded(turned("ALARM", 0), turned("OK", 2), now=2)
    assert (first.quiet_since, first.lines[0].bad_for) == (at(2), timedelta(minutes=2))
    (again,) = folded(turned("ALARM", 16), alerts=(stored(first),), now=16)
    assert (again.id, again.lines[0].times, again.quiet_since) == (1, 2, None)
    old, new = folded(turned("ALARM", 18), alerts=(stored(first),), now=18)
    assert (old.id, old.open, new.id, new.lines[0].times) == (1, False, 0, 1)


def test_no_data_after_ok_makes_nothing_bad_and_quiet_no_younger():
    """Quiet counts from when the last alarm ceased to be bad, whatever else it does afterwards."""
    (first,) = folded(turned("ALARM", 0), turned("OK", 2), now=2)
    (same,) = folded(turned("INSUFFICIENT_DATA", 10), alerts=(stored(first),), now=10)
    assert (same.quiet_since, same.lines[0].state) == (at(2), "INSUFFICIENT_DATA")


def test_quiet_for_long_is_over_without_a_change():
    """A notice is closed by time alone, and only when it has been quiet for the flapping time."""
    (first,) = folded(turned("ALARM", 0), turned("OK", 2), now=2)
    assert folded(alerts=(stored(first),), now=17) == []
    (closed,) = folded(alerts=(stored(first),), now=17.1)
    assert not closed.open
    (red,) = folded(turned("ALARM", 0), now=0)
    assert folded(alerts=(stored(red),), now=9999) == []


def test_an_ok_of_nothing_is_nothing():
    """An alarm that no notice names may change as it likes."""
    assert folded(turned("OK", 1, before="INSUFFICIENT_DATA"), turned("INSUFFICIENT_DATA", 2), now=3) == []


def test_deleted_while_red_is_one_spell():
    """From red to absent is the same trouble: one count, its time goes on."""
    (alert,) = folded(turned("ALARM", 0), turned("ABSENT", 5, before="ALARM"), now=5)
    assert (alert.lines[0].times, alert.lines[0].bad_for, alert.lines[0].state) == (1, timedelta(minutes=5), "ABSENT")


def fallen(number: int = 42, lane: str = LANE, **alarms: float) -> Rollout:
    """A rollout that these alarms brought back, with the minute of the change that its look saw."""
    blamed = {name.replace("_", "-"): at(minute) for name, minute in alarms.items()}
    one = row(Phase.ROLLING_BACK, id=number, fell_for=Cause(kind="alarm", text="red", at=at(0), alarms=blamed))
    return one.but(terms=one.terms.model_copy(update={"lane": lane}))


def test_a_claim_marks_the_spell_that_the_look_saw_and_no_other():
    """What a card told needs no message. Another alarm, another place, a later spell and the next time all do."""
    (alert,) = folded(turned("ALARM", 0), turned("ALARM", 0, "my-app-p99"), now=0)
    begun = {line.key: line.since for line in alert.lines}
    one = claimed(alert, fallen(my_app_errors=0), begun)
    assert ([line.told_by for line in one.lines], one.to_tell) == ([42, None], True)
    assert not claimed(one, fallen(my_app_p99=3), begun).to_tell
    assert claimed(alert, fallen(my_app_errors=-1), begun) == alert
    assert claimed(alert, fallen(lane="default/elsewhere", my_app_errors=0), begun) == alert
    assert claimed(alert, fallen(app_errors=0), begun) == alert
    (again,) = folded(turned("OK", 2), turned("ALARM", 3), alerts=(stored(one),), now=3)
    assert [line.told_by for line in again.lines] == [None, None]


def test_deleted_after_a_card_told_it_is_told():
    """A gate that is gone is other news than a red one, and no card tells it."""
    (alert,) = folded(turned("ALARM", 0), now=0)
    told = claimed(alert, fallen(my_app_errors=0), {line.key: line.since for line in alert.lines})
    (gone,) = folded(turned("ABSENT", 5, before="ALARM"), alerts=(stored(told),), now=5)
    assert gone.to_tell and gone.lines[0].times == 1


def test_an_alarm_has_its_own_patience():
    """While another one keeps a notice open for days, an alarm that was calm for long is news when it turns red."""
    (alert,) = folded(turned("ALARM", 0), turned("ALARM", 0, "my-app-p99"), turned("OK", 1, "my-app-p99"), now=1)
    (soon,) = folded(turned("ALARM", 15, "my-app-p99"), alerts=(stored(alert),), now=15)
    assert (soon.id, soon.lines[1].times) == (1, 2)
    old, new = folded(turned("ALARM", 17, "my-app-p99"), alerts=(stored(alert),), now=17)
    assert ([(line.key.name, line.moved) for line in old.lines], old.open) == (
        [("my-app-errors", False), ("my-app-p99", True)], True,
    )  # fmt: skip
    assert (new.id, [line.key.name for line in new.lines]) == (0, ["my-app-p99"])


def test_a_mute_until_ok_cannot_outlive_an_ok():
    """Pressed a moment after CloudWatch turned OK, on a place that can be read again, or long ago: it is over."""
    late = Mute(by=ANA, at=at(6))
    assert compare(known("ALARM", muted=late), read("OK", 5), (), ROLE, at(7)).state.muted is None
    where = key(LANE)
    blind = AlarmState(key=where, state="BLIND", since=at(0), muted=late)
    fault = Fault(kind="auth", text="AccessDenied")
    assert place(blind, where, (fault, None), timedelta(0), at(7)).state.muted == late
    assert place(blind, where, (None, None), timedelta(0), at(7)).state.muted is None
    hour = blind.model_copy(update={"muted": Mute(by=ANA, at=at(0), until=at(60))})
    assert place(hour, where, (fault, None), timedelta(0), at(61)).state.muted is None


def test_what_is_only_listed_makes_no_place_blind():
    """A right that is missing for tags for hours is no doubt about reading: blindness begins when reading fails."""
    where, listed, fault = key(LANE), Fault(kind="auth", text="no tags"), Fault(kind="transient", text="away")
    wait = timedelta(minutes=5)
    state = place(None, where, (None, listed), wait, at(0)).state
    assert (state.fault, state.doubt, state.state) == (listed, None, "OK")
    assert place(state, where, (fault, listed), wait, at(120)).turns == ()
    doubt = place(state, where, (fault, listed), wait, at(120)).state
    (turn,) = place(doubt, where, (fault, None), wait, at(126)).turns
    assert (turn.state, turn.at) == ("BLIND", at(120))


def test_six_hundred_alarms_are_folded_in_no_time():
    """An app of 600 alarms that all turn red is one notice; the work grows with them, not with their square."""
    turns = [turned("ALARM", 0, f"alarm-{number}") for number in range(600)]
    (alert,) = folded(*turns, now=0)
    assert len(alert.lines) == 600


def test_too_slow_counts_what_an_alarm_needs_beyond_its_periods():
    """Its periods and the slack of the configuration together, against the bake that it gates."""
    two = timedelta(minutes=2)
    assert known("OK", window=two, bake=timedelta(minutes=2, seconds=59)).too_slow
    assert not known("OK", window=two, bake=timedelta(minutes=3)).too_slow
    quick = compare(known("OK"), read("OK", window=two), (), ROLE._replace(bake=two, slack=timedelta(0)), NOW).state
    assert (quick.needs, quick.too_slow) == (two, False)
    assert not known("OK", window=timedelta(0), bake=timedelta(seconds=1)).too_slow
