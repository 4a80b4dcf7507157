"""[Emergency ship]: away from an old release that is known to be sick, by an admin, with a reason, and only then."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.errors import Refused
from rollout.model import Phase
from rollout.moves import moves
from rollout.seen import SideHealth
from rollout.wishes import apply
from tests.rollout.make import T0, ask, look_at, row
from tests.rollout.scene import ANA, EVA, Scene

P = Phase
SICK = SideHealth(state="sick", text="version 1 is Inactive")


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[Scene]:
    """At 10 %, the old release dies, its alarm rings, and nothing can go back."""
    scene = Scene(tmp_path / "t.db")
    assert scene.wish("start").ok
    scene.proven(10)
    scene.target.versions["1"] = SICK
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("stuck")
    yield scene
    scene.close()


def test_an_admin_ships_and_the_old_alarm_no_longer_counts(stuck: Scene) -> None:
    """Everything goes to the new release though the alarm is still red; it bakes, and it has succeeded."""
    assert moves(stuck.newest)[0].verb == "ship"
    assert stuck.wish("ship", EVA, reason="version 1 cannot be saved").ok
    stuck.proven(100)
    ended = stuck.until("succeeded")
    assert ended.shipped is not None and ended.shipped.by.id == EVA.id
    assert stuck.target.main == "2"


def test_an_alarm_that_turns_red_anew_after_it_still_counts(stuck: Scene) -> None:
    """S13: green and red again is news, and the rollout is held where it is, for the old release is still sick."""
    assert stuck.wish("ship", EVA, reason="no way back").ok
    stuck.proven(100)
    stuck.clock.advance(timedelta(seconds=20))
    stuck.alarm.turn("OK", stuck.clock.now())
    stuck.clock.advance(timedelta(seconds=20))
    stuck.alarm.turn("ALARM", stuck.clock.now())
    held = stuck.until("stuck")
    assert held.cause is not None and held.cause.kind == "stable_sick"
    assert stuck.target.main == "2"


def test_it_is_not_raised_while_the_new_release_is_not_known_healthy(stuck: Scene) -> None:
    """S7, S1: shipped or not, a raise needs the receiving side known healthy at that moment."""
    stuck.target.versions["2"] = SideHealth(state="unknown", text="pending")
    assert stuck.wish("ship", EVA, reason="no way back").ok
    stuck.look(6)
    assert stuck.target.share("2") == 10
    stuck.target.versions["2"] = SideHealth(state="healthy")
    assert stuck.newest.live
    stuck.until("succeeded")


def test_nobody_but_an_admin_may(stuck: Scene) -> None:
    """A deployer is refused, and told who can."""
    answer = stuck.wish("ship", ANA, reason="please")
    assert not answer.ok and "admin" in answer.text
    assert stuck.newest.phase is P.STUCK


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ({"stable": SideHealth(state="healthy")}, "not known to be sick"),
        ({"stable": SideHealth(state="unknown")}, "not known to be sick"),
        ({"candidate": SideHealth(state="unknown", text="2 of 4 healthy")}, "2 of 4 healthy"),
        ({"candidate": SideHealth(state="sick", text="gone")}, "gone"),
        ({"percent": None, "foreign": "3: 100 %"}, "a split that is not ours"),
        (None, "nobody knows what is sick"),
    ],
)
def test_without_an_emergency_it_is_refused(seen: dict[str, object] | None, says: str) -> None:
    """Known sick, known healthy, ours, and read: each that lacks is named."""
    live = row(P.STUCK)
    if seen is not None:
        shown = look_at(live, stable=SICK).seen
        assert shown is not None
        live = live.but(seen=shown.model_copy(update=seen))
    with pytest.raises(Refused, match=says):
        apply(live, ask("ship"), EVA, T0)


def test_it_needs_a_reason_and_nothing_blind() -> None:
    """No reason, or a look that could not be read: refused."""
    live = row(P.STUCK)
    live = live.but(seen=look_at(live, stable=SICK).seen)
    with pytest.raises(Refused, match="needs a reason"):
        apply(live, ask("ship", reason=" "), EVA, T0)
    with pytest.raises(Refused, match="cannot be read"):
        apply(live.but(failures=1), ask("ship"), EVA, T0)
    assert apply(live, ask("ship"), EVA, T0).phase is P.STEPPING
