"""S13's exception: a second person starts what a red alarm refused; the alarm counts when it turns red anew."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.model import Phase, Rollout
from rollout.moves import moves
from rollout.people import Roles
from rollout.simulated import SimulatedAlarm
from rollout.terms import AlarmGate, Approval
from tests.rollout.scene import ANA, BEN, EVA, OneApp, Scene

MINUTE = timedelta(minutes=1)


@pytest.fixture
def scene(tmp_path: Path):
    """Two alarms; the first has been red for a minute."""
    policy = OneApp(alarms=(AlarmGate(name="my-app-errors"), AlarmGate(name="my-app-p99")))
    one = Scene(tmp_path / "tidegate.db", policy)
    one.world.alarms["my-app-p99"] = SimulatedAlarm()
    one.alarm.turn("ALARM", one.clock.now())
    one.clock.advance(MINUTE)
    yield one
    one.close()


def refused(scene: Scene) -> Rollout:
    """Ana asks for the newest release, and the red alarm says no."""
    assert scene.wish("start", ANA).ok
    return scene.until("refused")


def test_the_refusal_names_the_alarm_and_the_way_past_it(scene: Scene) -> None:
    """By name, with the words that a second person may type; the release that was looked at is pinned."""
    one = refused(scene)
    assert one.cause is not None and one.cause.kind == "alarm"
    assert set(one.cause.alarms) == {"my-app-errors"} and one.wanted == "2"
    assert one.cause.hint == 'wait until it is green; or another person: /deploy override #1 --reason "..."'
    assert [(move.verb, move.reason) for move in moves(one, None)] == [("override", True)]


def test_a_second_person_starts_it_and_the_card_says_so(scene: Scene) -> None:
    """The release that was refused, under that person's name, with the warning; it goes to its end while red."""
    refused(scene)
    scene.target.versions["3"] = scene.target.versions["1"]
    reply = scene.wish("override", BEN, reason="rings about the old billing job")
    assert (reply.ok, reply.text) == (True, "#2: looking at my-app in prod…")
    done = scene.until("succeeded")
    assert done.candidate is not None and done.candidate.id == "2" and done.by == BEN
    assert done.overridden is not None and (done.overridden.by, done.overridden.of) == (BEN, 1)
    assert done.warnings[0] == (
        "my-app-errors was red before the start; ben started it all the same: rings about the old billing job"
    )


def test_an_alarm_that_turns_red_anew_counts(scene: Scene) -> None:
    """Green and red again after the start brings the release back (S12)."""
    refused(scene)
    scene.wish("override", BEN, reason="known")
    scene.proven(10)
    scene.alarm.turn("OK", scene.clock.now())
    scene.look()
    assert scene.newest.phase is Phase.STEPPING
    scene.clock.advance(timedelta(seconds=1))
    scene.alarm.turn("ALARM", scene.clock.now())
    back = scene.until("rolled_back")
    assert back.fell_for is not None and "my-app-errors is red" in back.fell_for.text


def test_between_refusal_and_start_it_may_turn_red_anew(scene: Scene) -> None:
    """What the second person knew of is over then: it refuses again."""
    refused(scene)
    scene.alarm.turn("OK", scene.clock.now())
    scene.clock.advance(MINUTE)
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.wish("override", BEN, reason="known")
    again = scene.until("refused")
    assert again.id == 2 and again.cause is not None and "my-app-errors is red" in again.cause.text


def test_another_red_alarm_refuses_again(scene: Scene) -> None:
    """Only what the refusal named is overridden, and the new refusal names the other, and only that."""
    refused(scene)
    scene.world.alarms["my-app-p99"].turn("ALARM", scene.clock.now())
    scene.wish("override", BEN, reason="known")
    again = scene.until("refused")
    assert again.id == 2 and again.cause is not None and set(again.cause.alarms) == {"my-app-p99"}


def test_a_way_past_the_other_keeps_the_first(scene: Scene) -> None:
    """Two people may override one after the other: what was overridden before stays so."""
    refused(scene)
    scene.world.alarms["my-app-p99"].turn("ALARM", scene.clock.now())
    scene.wish("override", BEN, reason="known")
    scene.until("refused")
    assert scene.wish("override", EVA, reason="that one, too").ok
    scene.proven(10)
    assert set(scene.newest.known_red) == {"my-app-errors", "my-app-p99"}


def test_the_person_who_asked_cannot_override(scene: Scene) -> None:
    """Four eyes: denied, audited, nothing started."""
    refused(scene)
    reply = scene.wish("override", ANA, reason="I know better")
    assert (reply.ok, reply.text) == (False, "you asked for #1 yourself")
    assert scene.newest.id == 1
    with scene.store.reads() as reads:
        assert '"denied"' in reads.audit_page(limit=500)[-1].body


def test_it_needs_a_reason(scene: Scene) -> None:
    """Refused without one."""
    refused(scene)
    assert scene.wish("override", BEN, reason=" ").text == "override needs a reason"


@pytest.mark.parametrize("named", [True, False])
def test_only_the_newest_wish_is_overridden(scene: Scene, named: bool) -> None:
    """What has been deployed since was not known to the person who refused to wait."""
    first = refused(scene)
    scene.alarm.turn("OK", scene.clock.now())
    scene.wish("start", BEN)
    scene.until("succeeded")
    which: dict[str, Any] = {"ref": first.id} if named else {}
    reply = scene.wish("override", BEN, reason="late", **which)
    assert not reply.ok and scene.newest.id == 2
    assert "#2 has succeeded since" in reply.text or "#2 has ended, succeeded" in reply.text


def test_another_refusal_is_not_overridden(scene: Scene) -> None:
    """A release that does not exist is refused whatever a second person says."""
    scene.wish("start", ANA, release="99")
    scene.until("refused")
    reply = scene.wish("override", BEN, reason="do it")
    assert (reply.ok, reply.text) == (False, "#1 was not refused by a red alarm: there is no version 99")


def test_a_hold_holds_it_too(scene: Scene) -> None:
    """An override answers the alarm, not the hold."""
    scene.alarm.turn("OK", scene.clock.now())
    scene.wish("start", ANA)
    scene.proven(10)
    scene.wish("rollback", BEN, reason="slow")
    scene.until("rolled_back")
    with scene.store.work() as work:
        hold = work.hold("my-app", "prod")
        assert hold is not None
        work.drop_hold("my-app", "prod")
    scene.alarm.turn("ALARM", scene.clock.now())
    refused(scene)
    with scene.store.work() as work:
        work.put_hold(hold)
    assert scene.wish("override", BEN, reason="known").offer == "unlock"


def test_where_approval_is_configured_an_approver_overrides(tmp_path: Path) -> None:
    """A deployer cannot; an approver can, and it still waits for the approval of its start."""
    roles = Roles(deploy=("cli:ana", "cli:ben"), approve=("cli:eva",), admin=())
    one = Scene(tmp_path / "x.db", OneApp(approval=Approval(before_start=True), roles=roles))
    try:
        one.alarm.turn("ALARM", one.clock.now())
        one.clock.advance(MINUTE)
        refused(one)
        assert "an approver" in one.wish("override", BEN, reason="known").text
        assert one.wish("override", EVA, reason="known").ok
        one.until("awaiting_approval")
    finally:
        one.close()


def test_red_while_the_start_waits_for_approval_can_be_overridden(tmp_path: Path) -> None:
    """S13 holds there, too: refused by name, with the same way past it."""
    roles = Roles(deploy=("cli:ana",), approve=("cli:eva", "cli:ben"), admin=())
    one = Scene(tmp_path / "x.db", OneApp(approval=Approval(before_start=True), roles=roles))
    try:
        one.wish("start", ANA)
        one.until("awaiting_approval")
        one.alarm.turn("ALARM", one.clock.now())
        assert set(one.until("refused").cause.alarms) == {"my-app-errors"}  # type: ignore[union-attr]  # it has one
        assert one.wish("override", EVA, reason="known").ok
        one.until("awaiting_approval")
        assert one.wish("approve", BEN).ok
        one.proven(10)
    finally:
        one.close()
