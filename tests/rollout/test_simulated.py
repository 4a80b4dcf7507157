"""The shipped doubles behave like AWS where it matters; what the other tests rest on is tested itself."""

from datetime import timedelta

import pytest

from rollout.actions import Finish, Launch, Retire, Shift, intent_key
from rollout.model import Phase
from rollout.seen import Seen
from rollout.simulated import Faults, ManualClock, SimulatedAlarm, SimulatedTarget, SimulatedWorld
from tests.rollout.make import T0, row


@pytest.fixture
def world() -> SimulatedWorld:
    """One alias with versions 1 and 2, one alarm."""
    world = SimulatedWorld(ManualClock(T0))
    world.targets["my-app/prod"] = SimulatedTarget()
    world.alarms["my-app-errors"] = SimulatedAlarm()
    return world


def test_the_clock_stands_until_it_is_moved() -> None:
    """Moved by hand, forwards or backwards, and never by itself."""
    clock = ManualClock(T0)
    assert clock.now() == clock.now() == T0
    assert clock.advance(timedelta(seconds=-5)) == clock.now() == T0 - timedelta(seconds=5)


@pytest.mark.parametrize(
    ("wanted", "extra", "fact"),
    [
        ("9", {}, "there is no version 9"),
        ("1", {}, "my-app already serves 1"),
        ("", {"2": 10}, "the alias already splits its traffic"),
    ],
)
def test_what_cannot_be_deployed_is_refused(world: SimulatedWorld, wanted: str, extra: dict, fact: str) -> None:
    """An unknown version, the one that serves, a split that is there already: a refusal, not a release."""
    world.targets["my-app/prod"].extra = extra
    look = world.observe([row(Phase.REQUESTED, wanted=wanted)])[1]
    assert look.prepared is None and look.refusal is not None
    assert look.refusal.text == fact and look.refusal.hint


def test_the_latest_is_resolved_once(world: SimulatedWorld) -> None:
    """No version named: the highest, with what serves now."""
    prepared = world.observe([row(Phase.REQUESTED)])[1].prepared
    assert prepared is not None and (prepared.stable.id, prepared.candidate.id) == ("1", "2")


def test_a_write_with_an_old_revision_is_refused(world: SimulatedWorld) -> None:
    """Compare-and-set as AWS has it: what somebody changed since the look is not overwritten."""
    live = row(Phase.STEPPING).but(seen=Seen(at=T0, percent=10, revision="0"))
    outcome = world.perform(live, Shift(percent=50), "k")
    assert (outcome.state, outcome.text) == ("failed", "somebody changed the alias in between")
    assert world.targets["my-app/prod"].applied == []
    fresh = live.but(seen=Seen(at=T0, percent=10, revision="1"))
    assert world.perform(fresh, Shift(percent=50), "k").state == "done"
    assert world.calls == [("k", "failed"), ("k", "done")]


@pytest.mark.parametrize("action", [Launch(release="2"), Retire(side="stable"), Finish()])
def test_what_an_alias_has_no_need_of_is_done(world: SimulatedWorld, action) -> None:
    """An alias holds no capacity: launching, retiring and finishing succeed and change nothing."""
    before = world.targets["my-app/prod"].revision
    assert world.perform(row(Phase.RETIRING), action, "k").state == "done"
    assert world.targets["my-app/prod"].revision == before
    assert intent_key(1, 2, action) == f"1/2/{action.kind}/{action.arg}"


@pytest.mark.parametrize("percent", [0, 10, 100])
def test_a_shift_is_absolute(world: SimulatedWorld, percent: int) -> None:
    """Twice is once: the split is what was asked for; at 100 % the candidate is the alias and nothing is left over."""
    target = world.targets["my-app/prod"]
    for _ in range(2):
        world.perform(row(Phase.STEPPING), Shift(percent=percent), "k")
    assert (target.share("2"), target.share("1"), target.share("9")) == (percent, 100 - percent, 0)
    assert target.main == ("2" if percent == 100 else "1")


def test_faults_are_used_up() -> None:
    """Each fault spoils as many calls as it was set to, and no more."""
    faults = Faults(writes_refused=2)
    assert [faults.use("writes_refused") for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("fault", "state", "applied"),
    [("writes_refused", "failed", 0), ("writes_dropped", "unknown", 0), ("replies_lost", "unknown", 1)],
)
def test_a_call_fails_in_three_ways(world: SimulatedWorld, fault: str, state: str, applied: int) -> None:
    """Refused; lost before it was applied; applied with the reply lost. The last two look the same from outside."""
    setattr(world.faults, fault, 1)
    assert world.perform(row(Phase.STEPPING), Shift(percent=50), "k").state == state
    assert len(world.targets["my-app/prod"].applied) == applied


def test_alarms_keep_their_past(world: SimulatedWorld) -> None:
    """Turning to the same state is no change; an alarm that was red since the step began says so; an absent one is."""
    alarm = world.alarms["my-app-errors"]
    alarm.turn("OK", T0)
    assert alarm.past == []
    live = row(Phase.STEPPING)
    alarm.turn("INSUFFICIENT_DATA", T0)
    alarm.turn("OK", T0 + timedelta(seconds=1))
    assert world.observe([live])[1].alarms[0].history == "clean"
    alarm.turn("ALARM", T0 + timedelta(seconds=2))
    alarm.turn("OK", T0 + timedelta(seconds=3))
    assert world.observe([live])[1].alarms[0].history == "red"
    assert world.observe([live.but(gate_from=T0 + timedelta(seconds=3))])[1].alarms[0].history == "clean"
    del world.alarms["my-app-errors"]
    assert world.observe([live])[1].alarms[0].found is False
