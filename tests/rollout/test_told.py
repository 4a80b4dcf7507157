"""What is said to people, to the word, and small turns that only a person would miss: each once lived unnoticed."""

from datetime import timedelta

import pytest

from rollout.actions import Finish, Shift
from rollout.errors import BadPlan, Refused
from rollout.machine import apply, decide
from rollout.model import Phase
from rollout.notices import Event, NeedsHuman
from rollout.plan import Plan
from rollout.seen import Fault, SideHealth, Verdict
from rollout.terms import AlarmGate, Timing
from tests.rollout.make import T0, ask, cause, look_at, row
from tests.rollout.scene import ANA
from tests.rollout.test_looking import but_terms

MINUTE = timedelta(minutes=1)
FAULT = Fault(kind="throttle", text="DescribeAlarms was throttled", hint="wait a little")


def pages(decision) -> list[tuple[str, str]]:
    """Text and hint of every page."""
    return [(one.text, one.hint) for one in decision.notices if isinstance(one, NeedsHuman)]


def test_a_paused_rollout_that_nobody_can_watch_pages_with_the_reason():
    """The fifth look without sight during a person's pause: what fails, and what to do."""
    live = row(Phase.PAUSED, failures=4)
    dark = look_at(live).model_copy(update={"seen": None, "fault": FAULT})
    said = "#1 is paused, and nobody watches it now: DescribeAlarms was throttled"
    assert pages(decide(live, dark, T0)) == [(said, "wait a little")]


@pytest.mark.parametrize(("tries", "least", "most"), [(1, 1, 1.25), (3, 4, 5), (5, 16, 20), (9, 16, 20)])
def test_own_errors_stretch_the_next_look_up_to_sixteen_times(tries, least, most):
    """Doubled each time, four times at most, and a little jitter; never beyond a minute."""
    quick = but_terms(row(Phase.ROLLING_BACK, failures=tries - 1), timing=Timing(look_moving=timedelta(seconds=1)))
    dark = look_at(quick).model_copy(update={"seen": None, "fault": FAULT})
    wake = decide(quick, dark, T0).wake_at
    assert wake is not None
    assert least <= (wake - T0).total_seconds() <= most


def test_refusals_say_what_to_do():
    """The hints of two refusals that a person meets."""
    live = row(Phase.STEPPING, "10% 5m, approve, 100%")
    with pytest.raises(Refused) as full:
        apply(live, ask("promote", full=True), ANA, T0)
    assert full.value.hint == "promote step by step and approve"
    with pytest.raises(BadPlan) as plan:
        Plan.parse("mine", "10%, 50%")
    assert plan.value.hint == "let its last item be 100%"


def test_an_alarm_that_asks_calls_at_once():
    """`no_data = "ask"`: the page goes out with the first look, and says which alarm is silent; `wait` waits."""
    quiet = Verdict.model_validate(
        {"outcome": "UNKNOWN", "cause": "no_data", "reasons": [{"voter": "x", "vote": "no_data", "text": "silent"}]}
    )
    live = row(Phase.PAUSED, cause=cause("no_data", "my-app-errors has no data"), verdict=quiet)
    silent = look_at(live, alarm="INSUFFICIENT_DATA")
    for no_data, said in (
        ("wait", []),
        ("ask", [("#1 has no evidence: my-app-errors has no data", "go on without evidence, or roll back")]),
    ):
        gate = AlarmGate.model_validate({"name": "my-app-errors", "no_data": no_data})
        assert pages(decide(but_terms(live, alarms=(gate,)), silent, T0)) == said


def test_an_end_without_traffic_says_why():
    """Cancelled, loudly, with the cause."""
    live = row(Phase.ROLLING_BACK, proven=0, sighting="0", peak=0, cause=cause("cancel", "cancelled by ana"))
    told = decide(live, look_at(live, percent=0), T0).notices
    assert [(one.what, one.text, one.loud) for one in told if isinstance(one, Event)] == [
        ("cancelled", "cancelled by ana", True)
    ]


@pytest.mark.parametrize(("force", "actions"), [(False, ()), (True, (Shift(percent=0),))])
def test_a_blind_way_back_onto_a_sick_side_needs_a_persons_word(force, actions):
    """S7: one failed read is no news of the old side's health; [Roll back anyway] counts."""
    live = row(Phase.ROLLING_BACK, cause=cause("alarm"), force=force)
    sick = look_at(live, stable=SideHealth(state="sick", text="gone")).seen
    dark = look_at(live).model_copy(update={"seen": None, "fault": FAULT})
    assert decide(live.but(seen=sick), dark, T0).actions == actions


def test_an_adoption_ends_with_its_cause_and_says_what_keeps_it():
    """Who accepted it stays on the row; what AWS refuses stands in the page, once."""
    wish = cause("person", "adopted as AWS shows it: fine", by=ANA)
    live = row(Phase.PAUSED, cause=cause("drift"), adopting=wish)
    assert decide(live, look_at(live, pinned=False), T0).rollout.cause == wish
    stuck = live.but(write_failures=5, write_fault=FAULT)
    held = decide(stuck, look_at(live, pinned=True), T0)
    said = "#1 cannot give its capacity limits back yet, it keeps trying: DescribeAlarms was throttled"
    assert (pages(held), held.rollout.reminded, held.actions) == ([(said, "")], 1, (Finish(),))


def test_what_was_seen_pinned_is_remembered_and_a_new_weight_settles_anew():
    """The row knows that both sides were pinned; the time that a weight was seen begins with that weight."""
    live = row(Phase.STEPPING, proven=0, asked=(10,), sighting="10", proven_for=60 * MINUTE)
    after = decide(live, look_at(live, percent=10, pinned=True), T0).rollout
    assert (after.pins, after.proven, after.proven_for) == (True, 10, timedelta(0))


def test_a_red_alarm_after_going_back_pages_with_its_name():
    """No machine knows a better side by then: once, and to the old release's people."""
    live = row(Phase.FINAL_BAKE, back=True, proven=100, proven_at=T0 - MINUTE)
    late = look_at(live, alarm="ALARM")
    alarms = tuple(one.model_copy(update={"since": T0}) for one in late.alarms)
    said = pages(decide(live, late.model_copy(update={"alarms": alarms}), T0))
    assert said == [("#1 has gone back, and my-app-errors turned red after that", "look at the old release too")]
