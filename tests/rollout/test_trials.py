"""What the machine does with evidence of the test address, and with a count that is late: up waits, down goes."""

from datetime import timedelta

import pytest

from rollout.actions import Launch, Shift
from rollout.machine import decide
from rollout.model import Phase
from rollout.seen import SideHealth, Trial
from tests.rollout.make import T0, look_at, row

NOW = T0 + timedelta(seconds=30)
EXACT = SideHealth(state="healthy", ready=4, needed=4)
LATE = EXACT.model_copy(update={"late": True})
HALF = SideHealth(state="unknown", ready=2, needed=4, late=True)
URL = "https://t.example.com/"
AT_ZERO = {"proven": 0, "sighting": "0", "peak": 0}


def shifts(decision):
    """The shares that a decision asks for."""
    return [action.percent for action in decision.actions if isinstance(action, Shift)]


def baked(phase=Phase.STEPPING, **fields):
    """A row at a proven 10 % whose bake is over: the next look raises it."""
    return row(phase, baked=timedelta(minutes=5), last_good=T0, **fields)


def test_up_waits_for_a_count_that_is_not_late():
    """The bake is over and all is well, by a count of a minute ago: the raise comes with the next exact one."""
    late = decide(baked(), look_at(baked(), candidate=LATE), NOW)
    assert late.rollout.verdict is not None and late.rollout.verdict.outcome == "PASS" and shifts(late) == []
    assert late.rollout.phase is Phase.STEPPING and late.rollout.step == 1 and late.rollout.cause is None
    assert shifts(decide(late.rollout, look_at(late.rollout, candidate=LATE), NOW)) == []
    assert shifts(decide(late.rollout, look_at(late.rollout, candidate=EXACT), NOW)) == [50]


def test_a_late_count_counts_for_the_bake():
    """Watching goes on: alarms are fresh, and the side was well a minute ago."""
    live = row(Phase.STEPPING, baked=timedelta(minutes=1), last_good=T0)
    after = decide(live, look_at(live, candidate=LATE), NOW).rollout
    assert after.baked == timedelta(minutes=1, seconds=30) and after.phase is Phase.STEPPING


def test_what_a_late_count_lacks_is_not_launched_again():
    """Half of them by a late count, at 10 %: enough to watch, no raise, and no second Launch for what it lacks."""
    decision = decide(baked(), look_at(baked(), candidate=HALF), NOW)
    assert shifts(decision) == [] and not [one for one in decision.actions if isinstance(one, Launch)]
    assert decision.rollout.phase is Phase.STEPPING
    few = SideHealth(state="unknown", ready=0, needed=4, late=True)
    paused = decide(baked(), look_at(baked(), candidate=few), NOW)
    cause = paused.rollout.cause
    assert paused.rollout.phase is Phase.PAUSED and cause is not None and cause.kind == "no_data"


@pytest.mark.parametrize("stable", [LATE, HALF, SideHealth(state="unknown", ready=0, needed=4, late=True)])
def test_down_goes_whatever_a_late_count_says(stable):
    """Not known to be sick: a red alarm brings everything back at once, be the count of the old side late."""
    live = baked()
    decision = decide(live, look_at(live, alarm="ALARM", stable=stable, candidate=LATE), NOW)
    assert decision.rollout.phase is Phase.ROLLING_BACK and shifts(decision) == [0]


@pytest.mark.parametrize("state", ["waiting", "elsewhere", "failed", "unreachable"])
@pytest.mark.parametrize("plan", ["0%, 10%, 100%", "10% 5m, 100%"])
def test_out_of_nothing_only_with_the_evidence_of_the_test_address(plan, state):
    """S1: whatever else is well, a first raise needs PASS of it; the same look with it raises."""
    def look(live, **trial):
        return look_at(live, trial=Trial.model_validate({"url": URL, "asked": URL, **trial}))

    live = row(Phase.STEPPING, plan, **AT_ZERO)
    decision = decide(live, look(live, state=state, misses=1, text="x"), NOW)
    assert shifts(decision) == [] and decision.rollout.phase is Phase.PAUSED
    cause = decision.rollout.cause
    assert cause is not None and cause.text == f"GET {URL}: x (1 look)"
    after = decide(decision.rollout, look(decision.rollout, state="passed"), NOW).rollout
    assert after.phase is Phase.STEPPING
    assert shifts(decide(after, look(after, state="passed"), NOW)) == [10]


def test_the_third_wrong_answer_goes_back_and_no_trouble_on_the_way_there_ever_does():
    """Sick by its own answer; a name, a certificate or a closed port bring nobody back."""
    live = row(Phase.STEPPING, "0%, 10%, 100%", **AT_ZERO)
    for state, misses, phase in (("failed", 2, Phase.PAUSED), ("failed", 3, Phase.ROLLED_BACK),
                                 ("unreachable", 9, Phase.PAUSED)):  # fmt: skip
        trial = Trial.model_validate({"url": URL, "asked": URL, "state": state, "misses": misses, "text": "x"})
        after = decide(live, look_at(live, trial=trial), NOW).rollout
        assert after.phase is phase
        why = after.cause if phase is Phase.PAUSED else after.fell_for
        assert why is not None and why.kind == ("no_data" if phase is Phase.PAUSED else "sick")
