"""What `tidegate plan` promises of times, held against rollouts that are really played."""

from datetime import timedelta
from pathlib import Path

import pytest

from rollout.forecast import AT_AWS, Configured, Stretch, forecast, shift
from rollout.model import Phase
from rollout.plan import Plan, Watch
from rollout.terms import Approval, Terms, Timing
from rollout.values import ZERO
from tests.rollout.scene import BEN, EVA, OneApp, Scene


def terms(plan: str, **more: object) -> Terms:
    """Terms of a plan, everything else as it is by default."""
    return Terms.model_validate({"plan": Plan.parse("p", plan), **more})


@pytest.mark.parametrize("plan", ["10% 5m, 50% 10m, 100%", "100%", "0%, approve, 100% 3m", "5% 1m, approve 2, 100%"])
def test_a_healthy_rollout_takes_what_was_promised(tmp_path: Path, plan: str) -> None:
    """The shortest time is that of a healthy rollout whose questions are answered at once, but for its looks."""
    scene = Scene(tmp_path / "t.db", OneApp(plan))
    begun = scene.clock.now()
    assert scene.wish("start").ok
    for _ in range(400):
        live = scene.live
        if live is None:
            break
        if live.phase is Phase.WAITING:
            for who in (EVA, BEN):
                scene.wish("approve", who)
        scene.look()
    assert scene.newest.phase is Phase.SUCCEEDED
    took, way = scene.clock.now() - begun, forecast(scene.newest.terms, launches=False)
    looks = timedelta(seconds=35) * len(way.legs)
    assert way.shortest - looks <= took <= way.shortest + looks
    assert took <= way.longest
    scene.close()


def test_one_that_nobody_answers_ends_before_the_longest_time(tmp_path: Path) -> None:
    """Every deadline is in it: a rollout that only waits has ended by then."""
    scene = Scene(tmp_path / "t.db", OneApp("10% 1m, approve, 100%"))
    begun = scene.clock.now()
    assert scene.wish("start").ok
    scene.until("rolled_back")
    assert scene.clock.now() - begun <= forecast(scene.newest.terms, launches=False).longest
    scene.close()


def test_legs_follow_each_other_and_add_up() -> None:
    """Each begins where the one before ends, none is longer than its deadline, and the sums are the whole."""
    four = Approval(by=2, before_start=True)
    way = forecast(terms("10% 5m, approve, 100%", settle="60s", approval=four), launches=True)
    at = ZERO
    for leg in way.legs:
        assert leg.begins == at and leg.lasts <= leg.longest
        at += leg.lasts
    assert way.shortest == at == timedelta(minutes=5 + 15 + 1, seconds=4 * 5)
    assert [leg.text for leg in way.legs][1] == "approval to start by 2"
    assert way.longest == sum((leg.longest for leg in way.legs), ZERO)


def test_what_aws_steps_through_counts_by_the_schedule() -> None:
    """Under watch the asked weights are the way, each move with AWS's own deadline."""
    parts = {"plan": Plan(name="c", steps=(Watch(),)), "schedule": Plan.parse("c", "10% 5m, 100% 4m")}
    watched = terms("watch").model_copy(update=parts)
    way = forecast(watched, launches=False)
    texts = [leg.text for leg in way.legs]
    assert "AWS begins its deployment" in texts and "watch at 10 %" in texts
    assert way.legs[-1].lasts == timedelta(minutes=4)


def by_aws(keeps: int = 0) -> Configured:
    """A wait of an hour, a tenth for five minutes, and then all."""
    wait = Stretch(text="AWS waits", waits=timedelta(hours=1))
    return Configured(
        text="canary", stretches=(wait, *shift(10, timedelta(minutes=5)), *shift(100)), keeps=timedelta(minutes=keeps),
        patience=timedelta(minutes=5),
    )  # fmt: skip


def test_what_aws_is_configured_to_do_is_the_way() -> None:
    """Its waits answered at once, its intervals in full; what it works at may stand still for the longest of them."""
    found = {leg.text: leg for leg in forecast(terms("watch"), launches=False, configured=by_aws()).legs}
    watch = Timing().watch
    assert list(found)[1:3] == ["AWS begins its deployment", "AWS waits"]
    assert list(found)[3:-2] == ["move to 10 %", "watch at 10 %", "move to 100 %"]
    assert (found["AWS waits"].lasts, found["AWS waits"].longest) == (ZERO, timedelta(hours=1) + watch)
    assert found["watch at 10 %"].lasts == found["watch at 10 %"].longest == timedelta(minutes=5)
    assert found["move to 100 %"].longest == timedelta(minutes=5) + watch
    assert AT_AWS not in found and [*found][-2:] == ["bake at 100 %", "AWS ends its deployment"]


@pytest.mark.parametrize(("keeps", "rest"), [(0, ZERO), (14, ZERO), (40, timedelta(minutes=25))])
def test_the_old_side_that_aws_keeps_is_kept_while_we_bake(keeps: int, rest: timedelta) -> None:
    """Both clocks run since all traffic has moved: only what is longer than the bake comes on top."""
    way = forecast(terms("watch", bake="15m"), launches=False, configured=by_aws(keeps))
    assert way.legs[-1].lasts == max(rest, Timing().look_moving)


def test_a_plan_that_is_left_to_aws_and_was_not_read_says_which_part_is_not_known() -> None:
    """Ours stand in it, with their times; AWS's has a name and no times."""
    texts = [leg.text for leg in forecast(terms("watch"), launches=False).legs]
    assert texts == ["find the release, check, alarms", "bring the new release up", AT_AWS, "bake at 100 %"]
