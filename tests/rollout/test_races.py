"""Interleavings that once ended wrongly: a click during a call, one failed read in the worst moment."""

from datetime import timedelta

from rollout.actions import Action, Outcome
from rollout.model import Phase, Rollout
from rollout.seen import SideHealth
from tests.rollout.conftest import Open
from tests.rollout.scene import BEN, EVA, Scene

SICK = SideHealth(state="sick", text="State Failed")


def at_ten(scene: Scene) -> Scene:
    """Bring a rollout to a proven 10 %."""
    scene.wish("start")
    scene.proven(10)
    return scene


def paged(scene: Scene) -> list[str]:
    """The pages in the outbox."""
    return [page.notice.text for page in scene.store.outbox.waiting_pages(scene.clock.now())]


def test_a_raise_in_flight_is_fenced_before_a_rollback_ends(scene: Scene) -> None:
    """S4: the first raise is under way when the click comes and AWS still shows 0 %: it never ends at 10 %."""
    scene.wish("start")
    real = scene.world.perform
    fired: list[str] = []

    def perform(rollout: Rollout, action: Action, key: str) -> Outcome:
        if getattr(action, "percent", None) == 10 and not fired:
            fired.append(key)
            assert scene.wish("rollback", BEN).ok
            for ids in scene.bot.due().values():  # the lane's second thread
                scene.bot.look(ids)
        return real(rollout, action, key)

    scene.world.perform = perform  # type: ignore[method-assign]  # the interleaving is the test
    for _ in range(40):
        scene.look()
    assert fired
    assert scene.newest.phase in (Phase.CANCELLED, Phase.ROLLED_BACK)
    assert scene.target.share("2") == 0


def test_one_failed_read_does_not_send_traffic_to_a_sick_side(scene: Scene) -> None:
    """S7: held because stable is known sick, one throttled look later it is still held."""
    at_ten(scene)
    scene.target.versions["1"] = SICK
    scene.wish("rollback")
    scene.until("stuck")
    scene.world.faults.targets_unreadable = 1
    scene.look(3)
    assert scene.target.share("2") == 10


def test_one_failed_read_does_not_overwrite_a_foreign_split(scene: Scene) -> None:
    """S14: stuck on somebody else's version, one throttled look later it still stands."""
    at_ten(scene)
    scene.target.write(scene.clock.now(), "7", {}, "hand")
    scene.wish("rollback")
    scene.until("stuck")
    scene.world.faults.targets_unreadable = 1
    scene.look(3)
    assert scene.target.main == "7"


def test_go_on_at_a_hundred_does_not_skip_the_final_bake(opened: Open) -> None:
    """S5: a waiver stands for the evidence, not for the time: 100 % is still watched for the whole bake."""
    scene = opened("100%", alarms=())
    scene.wish("start")
    scene.until("waiting")
    scene.wish("go-on", EVA, reason="no alarms yet")
    scene.proven(100)
    scene.until("waiting")
    scene.wish("go-on", EVA, reason="looked by hand")
    begun = scene.clock.now()
    row = scene.until("succeeded")
    assert row.baked >= row.terms.bake
    assert scene.clock.now() - begun >= row.terms.bake


def test_one_failed_read_late_in_a_long_bake_is_no_missed_move(scene: Scene) -> None:
    """A look that could not be read after minute five of a bake neither pauses nor pages."""
    scene.wish("start")
    scene.proven(50)
    scene.look(14)
    scene.world.faults.targets_unreadable = 1
    scene.look(2)
    assert scene.newest.phase == "stepping"
    assert paged(scene) == []


def test_a_rollback_that_sees_nothing_calls_somebody(scene: Scene) -> None:
    """S4: going back while AWS cannot be read at all: after ten minutes it is stuck and pages."""
    at_ten(scene)
    scene.world.faults.targets_unreadable = scene.world.faults.writes_dropped = 10_000
    scene.wish("rollback")
    scene.look(80)
    assert scene.newest.phase == "stuck"
    assert paged(scene)


def test_a_clock_set_back_blinds_nothing(scene: Scene) -> None:
    """Two hours back: the weight was not proven in the future; looks go on judging."""
    at_ten(scene)
    scene.clock.advance(-timedelta(hours=2))
    scene.look(4)
    assert scene.newest.verdict is not None and scene.newest.verdict.outcome == "PASS"


def test_a_pause_that_nobody_watches_any_more_pages(scene: Scene) -> None:
    """S2: paused by a person and then blind: somebody is told, once."""
    at_ten(scene)
    scene.wish("pause")
    scene.world.faults.targets_unreadable = 10_000
    scene.look(30)
    assert ["nobody watches" in text for text in paged(scene)] == [True]


def test_a_blind_pause_can_be_made_a_persons(scene: Scene) -> None:
    """Paused because AWS could not be read, a person says pause: sight returns, and it stays paused."""
    at_ten(scene)
    scene.world.faults.targets_unreadable = 8
    scene.until("paused")
    assert scene.wish("pause").ok
    scene.look(30)
    row = scene.newest
    assert (row.phase, row.cause and row.cause.kind) == (Phase.PAUSED, "person")
    assert scene.wish("resume").ok
    scene.until("succeeded")


def test_what_nobody_answered_is_settled_by_what_is_seen(scene: Scene) -> None:
    """An unknown outcome becomes known with the weight that is proven."""
    at_ten(scene)
    scene.world.faults.replies_lost = 1
    scene.proven(50)
    with scene.store.reads() as reads:
        assert [intent.state for intent in reads.intents(1)] == ["done", "done"]
