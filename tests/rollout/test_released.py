"""Who released a hold, out of real records of a real door."""

from rollout.released import released
from rollout.reports import Released
from tests.rollout.scene import EVA, Scene


def test_it_is_who_when_and_why(scene: Scene) -> None:
    """The newest release of the hold that a rollout left; before it there is none, whatever else was asked."""
    scene.wish("start")
    scene.proven(10)
    scene.wish("rollback")
    scene.until("rolled_back")
    scene.wish("pause")
    with scene.store.reads() as reads:
        assert released(reads.audit_of(1)) is None
    scene.wish("unlock", EVA, reason="version 3 fixes it")
    with scene.store.reads() as reads:
        found = released(reads.audit_of(1))
    assert found == Released(by=EVA, at=scene.clock.now(), reason="version 3 fixes it")


def test_a_refused_wish_released_nothing(scene: Scene) -> None:
    """A hold that was never there, a reason that was not given: no card may claim them."""
    scene.wish("start")
    scene.until("succeeded")
    for reason in ("", "why not"):
        assert not scene.wish("unlock", reason=reason, ref=1).ok
    with scene.store.reads() as reads:
        assert released(reads.audit_page(0)) is None
