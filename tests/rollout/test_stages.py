"""How far the plan is, and when the rest is expected: absolute times only where everything moves by itself."""

from datetime import timedelta

from hypothesis import given, settings

from rollout.model import Phase
from rollout.moves import stages
from rollout.plan import SetWeight
from tests.rollout.make import T0, row, verdict
from tests.rollout.rows import CALM, rows, times

MANY = settings(max_examples=200, **CALM)
MINUTE = timedelta(minutes=1)


@MANY
@given(rows(), times)
def test_times_grow(live, now):
    """Read from top to bottom the expected times never fall, and none lies before now."""
    at = [stage.at for stage in stages(live, now) if stage.at is not None]
    assert at == sorted(at)
    assert all(moment >= now for moment in at)


@MANY
@given(rows(), times)
def test_no_time_where_nobody_can_know(live, now):
    """No time after a question to people, none unless the verdict is PASS, none where it does not move by itself."""
    shown = stages(live, now)
    moving = live.phase in (Phase.LAUNCHING, Phase.STEPPING, Phase.FINAL_BAKE, Phase.RETIRING)
    if live.verdict is None or live.verdict.outcome != "PASS" or not moving:
        assert not any(stage.at for stage in shown)
    for index, (step, stage) in enumerate(zip(live.terms.plan.steps, shown, strict=False)):
        if not isinstance(step, SetWeight) and stage.state != "done":
            assert not any(later.at for later in shown[index + 1 :])
    for stage in shown[:-2]:
        assert stage.at is None or stage.state == "next"


@MANY
@given(rows(), times)
def test_done_then_now_then_next(live, now):
    """One line per step, then `bake` and `done`; what is done comes first, then what is now, then what is next."""
    shown = stages(live, now)
    assert [stage.text for stage in shown] == [str(step) for step in live.terms.plan.steps] + ["bake", "done"]
    assert [stage.percent for stage in shown[:-2]] == [getattr(step, "percent", None) for step in live.terms.plan.steps]
    states = [stage.state for stage in shown]
    assert states == sorted(states, key=["done", "now", "next"].index)
    assert states.count("now") <= 1
    assert (states[-1] == "done") == (live.phase is Phase.SUCCEEDED)
    if live.phase in (Phase.FINAL_BAKE, Phase.RETIRING, Phase.SUCCEEDED):
        assert set(states[:-2]) == {"done"}


def test_what_is_done_has_no_time():
    """A time says when something is expected to begin; the bake of a retiring rollout is over."""
    shown = stages(row(Phase.RETIRING), T0)
    assert not [stage for stage in shown if stage.state == "done" and stage.at]


def test_the_times_of_an_ordinary_canary():
    """Two of five minutes watched at 10 %: 50 % in three, 100 % ten (and a move) later, the end a bake after that."""
    now = stages(row(Phase.STEPPING, baked=2 * MINUTE), T0)
    move = timedelta(seconds=5)
    assert [stage.state for stage in now] == ["now", "next", "next", "next", "next"]
    assert [stage.at - T0 if stage.at else None for stage in now] == [
        None, 3 * MINUTE, 13 * MINUTE + move, 13 * MINUTE + 2 * move, 28 * MINUTE + 2 * move
    ]  # fmt: skip


def test_a_weight_that_has_not_arrived_still_has_its_move_ahead():
    """Before the weight is seen the settle time and one look are added; watched time never counts below nothing."""
    live = row(Phase.STEPPING, proven=0)
    live = live.but(terms=live.terms.model_copy(update={"settle": MINUTE}))
    assert stages(live, T0)[1].at == T0 + 5 * MINUTE + MINUTE + timedelta(seconds=5)
    assert stages(row(Phase.STEPPING, baked=9 * MINUTE), T0)[1].at == T0


def test_the_last_bake():
    """While baking at 100 % the end is what is left of the bake: of the plan's own where it says one."""
    assert stages(row(Phase.FINAL_BAKE, baked=5 * MINUTE), T0)[-1].at == T0 + 10 * MINUTE
    assert stages(row(Phase.FINAL_BAKE, "10%, 50%, 100% 3m", baked=MINUTE), T0)[-1].at == T0 + 2 * MINUTE
    assert stages(row(Phase.FINAL_BAKE, verdict=verdict("blind")), T0)[-1].at is None
    assert [stage.state for stage in stages(row(Phase.FINAL_BAKE), T0)][-2:] == ["now", "next"]
    assert [stage.state for stage in stages(row(Phase.SUCCEEDED), T0)][-2:] == ["done", "done"]


def test_launching_shows_its_first_step_next():
    """Nothing has begun while the candidate comes up; the first step is next, from now on."""
    shown = stages(row(Phase.LAUNCHING), T0)
    assert [stage.state for stage in shown] == ["next"] * 5
    assert shown[0].at == T0
