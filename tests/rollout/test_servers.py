"""Sides made of servers: how many a share needs, pins that are given back, writes that were cut in pieces."""

from datetime import timedelta

import pytest

from rollout.actions import Finish, Launch, Retire, Shift
from rollout.machine import decide
from rollout.model import Phase
from rollout.moves import moves
from rollout.seen import Fault, SideHealth
from rollout.simulated import SimulatedFleet
from tests.rollout.make import T0, cause, look_at, row
from tests.rollout.scene import ANA, Scene

MINUTE = timedelta(minutes=1)


def servers(ready: int | None, needed: int = 4, **more) -> SideHealth:
    """A side with so many healthy targets."""
    state = "healthy" if ready is not None and ready >= needed else "unknown"
    return SideHealth.model_validate({"state": state, "ready": ready, "needed": needed, "text": f"{ready}", **more})


@pytest.mark.parametrize(
    ("ready", "to", "bears"),
    [(0, 1, False), (1, 1, True), (1, 25, True), (1, 26, False), (2, 50, True), (3, 75, True), (3, 76, False),
     (4, 100, True), (3, 100, False)],
)  # fmt: skip
def test_a_raise_needs_as_many_targets_as_its_share(ready, to, bears):
    """S7: ceil(needed x share) healthy targets, never none; a side that is known sick bears nothing."""
    assert servers(ready).bears(to) is bears
    assert not servers(ready, state="sick").bears(to)
    live = row(Phase.STEPPING, f"10% 5m, {max(to, 11)}% 5m, 100%" if to < 100 else "10% 5m, 100%", step=1)
    if to > 10:
        asks = decide(live, look_at(live, candidate=servers(ready), pinned=True), T0).actions
        assert (Shift(percent=to) in asks) is bears


def test_launching_waits_for_everything_and_does_not_nag():
    """All of the new side healthy and both sides pinned; what AWS is already bringing up is not asked for again."""
    live = row(Phase.LAUNCHING, proven=0, sighting="0")
    few, all_up = servers(2, coming=True), servers(4)
    assert decide(live, look_at(live, candidate=servers(2), pinned=True), T0).actions == (Launch(release="2"),)
    assert decide(live, look_at(live, candidate=few, pinned=True), T0).actions == ()
    assert decide(live, look_at(live, candidate=few, pinned=False), T0).actions == (Launch(release="2"),)
    unpinned = decide(live, look_at(live, candidate=all_up, pinned=False), T0)
    assert (unpinned.rollout.phase, unpinned.actions) == (Phase.LAUNCHING, (Launch(release="2"),))
    assert decide(live, look_at(live, candidate=all_up, pinned=True), T0).rollout.phase is Phase.STEPPING


@pytest.mark.parametrize(("ready", "to"), [(4, 0), (3, 25), (1, 75), (0, None)])
def test_what_the_old_side_bears_goes_back_at_once(ready, to):
    """S4, S7: the share that its targets can serve now, the rest when more of them are up; nothing onto nothing."""
    live = row(Phase.ROLLING_BACK, proven=90, sighting="90", peak=90, cause=cause("alarm"))
    look = look_at(live, stable=servers(ready), pinned=True)
    shifts = () if to is None else (Shift(percent=to),)
    assert decide(live, look, T0).actions == shifts + (() if ready == 4 else (Launch(release="1"),))
    assert decide(live.but(force=True), look, T0).actions == (Shift(percent=0),), "a person knows better"
    coming = look_at(live, stable=servers(ready, coming=True), pinned=True)
    assert decide(live, coming, T0).actions == shifts, "what is coming is not asked for again"
    lately = live.but(asked=(to or 0,), asked_at=T0)
    assert decide(lately, look, T0).actions == ((Shift(percent=0),) if ready == 4 else ())


@pytest.mark.parametrize(("ready", "what", "asks"), [
    (4, "shift 100", (Shift(percent=0),)),
    (4, "retire stable", (Launch(release="1"),)),
    (0, "retire stable", (Launch(release="1"),)),
    (0, "shift 100", (Launch(release="1"),)),
    (3, "shift 100", (Shift(percent=25), Launch(release="1"))),
])  # fmt: skip
def test_nothing_is_sent_blindly_onto_a_side_that_was_removed(ready, what, asks):
    """S7, S11: the look fails and somebody says rollback: what was last seen, and removed since, is what is known."""
    live = row(Phase.ROLLING_BACK, proven=100, sighting="100", peak=100, cause=cause("person"), asked_what=what)
    seen = look_at(live, stable=servers(ready), pinned=True).seen
    dark = look_at(live).model_copy(update={"seen": None, "fault": Fault(kind="throttle", text="throttled")})
    assert decide(live.but(seen=seen), dark, T0).actions == asks
    assert decide(live.but(seen=seen, force=True), dark, T0).actions == (Shift(percent=0),), "a person knows better"


def test_a_write_in_pieces_is_steered_on_and_no_drift():
    """Rules that do not agree, each at a share of ours: asked for again. A share that is not ours is drift."""
    live = row(Phase.STEPPING, "10% 5m, 50% 5m, 100%", step=1, asked=(50,))
    cut = look_at(live, foreign="rule 1: 50 %, rule 2: 10 %", mix=(50, 10))
    for _ in range(3):
        after = decide(live, cut, T0)
        assert (after.rollout.phase, after.rollout.peak, after.actions) == (Phase.STEPPING, 50, (Shift(percent=50),))
        live = after.rollout.but(asked_at=None)
    strange = look_at(live, foreign="rule 1: 33 %, rule 2: 10 %", mix=(33, 10))
    once = decide(live, strange, T0).rollout
    assert once.phase is Phase.STEPPING
    assert decide(once, strange, T0).rollout.phase is Phase.PAUSED
    back = row(Phase.ROLLING_BACK, proven=10, asked=(50,), cause=cause("alarm"))
    assert decide(back, cut, T0).actions == (Shift(percent=0),)


def test_a_pin_that_somebody_else_takes_away_is_drift():
    """S14: noticed at once, [Restore] pins again before anything goes on, its undoing by whoever did it ends it."""
    live = row(Phase.STEPPING, pins=True)
    gone = look_at(live, candidate=servers(4), pinned=False)
    held = decide(live, gone, T0).rollout
    assert (held.phase, held.cause and held.cause.kind) == (Phase.PAUSED, "drift")
    assert decide(held, gone, T0).rollout.phase is Phase.PAUSED
    assert decide(held, look_at(live, candidate=servers(4), pinned=True), T0).rollout.phase is Phase.STEPPING
    restored = held.but(phase=Phase.STEPPING, cause=None, overwrite=True)
    again = decide(restored, gone, T0)
    assert (again.actions, again.rollout.baked) == ((Launch(release="2"),), timedelta(0))
    fine = decide(again.rollout.but(asked_at=None), look_at(live, candidate=servers(4), pinned=True), T0).rollout
    assert (fine.phase, fine.overwrite) == (Phase.STEPPING, False)
    assert decide(row(Phase.STEPPING), gone, T0).rollout.phase is Phase.STEPPING, "it never was pinned"


def test_pins_are_given_back_before_any_end():
    """Succeeded, rolled back and adopted come only after the limits are as they were."""
    done = row(Phase.RETIRING, pins=True)
    assert decide(done, look_at(done, retired=("stable",), pinned=True), T0).actions == (Finish(),)
    assert decide(done, look_at(done, retired=("stable",), pinned=False), T0).rollout.phase is Phase.SUCCEEDED
    home = row(Phase.ROLLING_BACK, proven=0, sighting="0", cause=cause("alarm"), pins=True)
    assert decide(home, look_at(home, retired=("candidate",), pinned=True), T0).actions == (Finish(),)
    assert decide(home, look_at(home, retired=("candidate",), pinned=False), T0).rollout.phase is Phase.ROLLED_BACK


def fleet_of(scene: Scene) -> SimulatedFleet:
    """The same scene with servers behind it."""
    scene.target.fleet = SimulatedFleet()
    return scene.target.fleet


def test_adopting_gives_the_pins_back_first(scene: Scene):
    """The person's answer is at once; it ends when nothing of ours is left, and a rollback still outranks it."""
    fleet = fleet_of(scene)
    scene.wish("start")
    scene.proven(10)
    scene.target.write(scene.clock.now(), "1", {"2": 30}, "hand")
    scene.until("paused")
    assert scene.wish("adopt", reason="fine as it is").ok
    assert scene.newest.phase == "paused"
    assert fleet.pinned
    scene.until("adopted")
    assert scene.target.fleet == SimulatedFleet(desired=fleet.desired, ready=fleet.ready, pinned=False)
    assert scene.target.share("2") == 30


def test_a_rollback_outranks_an_adoption(scene: Scene):
    """S4: a rollback said before the adoption is over goes back."""
    fleet_of(scene)
    scene.wish("start")
    scene.proven(10)
    scene.target.write(scene.clock.now(), "1", {"2": 30}, "hand")
    scene.until("paused")
    assert scene.wish("adopt", reason="fine as it is").ok
    assert scene.wish("rollback", reason="no").ok
    scene.until("rolled_back")
    assert scene.target.share("2") == 0


def test_refused_limits_page_while_it_keeps_trying():
    """An adoption that AWS does not let end calls somebody, once."""
    live = row(Phase.PAUSED, cause=cause("drift"), adopting=cause("person"), write_failures=5)
    look = look_at(live, pinned=True)
    first = decide(live, look, T0)
    assert [notice.kind for notice in first.notices] == ["page"] and first.actions == (Finish(),)
    assert decide(first.rollout, look, T0).notices == ()
    assert decide(live, blind(look), T0).actions == (), "blind: it waits"


def blind(look):
    """The same look without sight."""
    return look.model_copy(update={"seen": None})


def test_the_whole_way_with_servers(scene: Scene):
    """Launch, pins, steps, retiring, pins back; and back again by an alarm, the new side gone at the end."""
    fleet = fleet_of(scene)
    scene.wish("start")
    scene.until("succeeded")
    assert fleet == SimulatedFleet(desired={"1": 0, "2": 4}, ready={"1": 0, "2": 4})
    scene.wish("start", release="1")
    scene.proven(10)
    assert fleet.pinned and fleet.desired["1"] == 4
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("rolled_back")
    assert (fleet.desired, fleet.pinned, scene.target.share("2")) == ({"1": 0, "2": 4}, False, 100)


def test_a_rollback_after_the_old_side_went_brings_it_up_first(scene: Scene):
    """S7 in `retiring`: the old side stands at nothing; its servers come first, the traffic as they come."""
    fleet = fleet_of(scene)
    scene.wish("start")
    scene.until("retiring", 400)
    fleet.perform(scene.newest, Retire(side="stable"))
    fleet.limits["1"] = 2
    assert scene.wish("rollback", ANA).ok
    scene.look(6)
    assert scene.target.share("2") == 50, "two of four are up"
    fleet.limits.clear()
    scene.until("rolled_back")
    assert scene.target.share("2") == 0


def test_an_adoption_under_way_takes_no_other_wish_than_a_rollback(scene: Scene):
    """Neither twice nor put back: what it would do is being undone already; the card has the one button that counts."""
    fleet_of(scene)
    scene.wish("start")
    scene.proven(10)
    scene.target.write(scene.clock.now(), "1", {"2": 30}, "hand")
    scene.until("paused")
    assert scene.wish("adopt", reason="fine as it is").ok
    assert [move.verb for move in moves(scene.newest)] == ["rollback"]
    for verb in ("adopt", "restore"):
        reply = scene.wish(verb, reason="again")
        assert (reply.ok, "is about to end" in reply.text) == (False, True), verb
    scene.until("adopted")


def test_a_new_side_that_became_too_small_is_brought_up_in_mid_step():
    """What serves has grown since the launch: Launch is asked for again, once, and the raise waits for it."""
    live = row(Phase.STEPPING, "10% 5m, 50% 5m, 100%", step=1)
    small = look_at(live, candidate=servers(1), pinned=True)
    assert decide(live, small, T0).actions == (Launch(release="2"),)
    assert decide(live.but(asked_at=T0), small, T0).actions == ()
    assert decide(live, look_at(live, candidate=servers(1, coming=True), pinned=True), T0).actions == ()
    sick = look_at(live, candidate=servers(1, state="sick"), pinned=True)
    assert decide(live, sick, T0).actions == (Shift(percent=0),)
    assert decide(live, look_at(live, candidate=servers(2), pinned=True), T0).actions == (Shift(percent=50),)
