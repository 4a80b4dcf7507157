"""The buttons: few, legal, and rollback always among them."""

import pytest
from hypothesis import assume, given, settings

from rollout.errors import Refused
from rollout.model import LIVE, TERMINAL, Phase
from rollout.moves import moves
from rollout.people import Actor
from rollout.plan import Approve, SetWeight
from rollout.ports import Hold
from rollout.table import AFTER_END
from rollout.wishes import apply
from tests.rollout.make import T0, ask, cause, row, verdict
from tests.rollout.rows import CALM, holds, rows

ZOE = Actor(kind="principal", id="cli:zoe", name="zoe")
"""Somebody with every right, who neither asked nor signed."""
MANY = settings(max_examples=250, **CALM)
live_rows = rows(sorted(LIVE))


def press(live, move):
    """What a press of that button does to the row, with a reason where it asks for one."""
    wish = ask(move.verb, reason="because" if move.reason else "", bound=live.bound, force=move.force, full=move.full)
    return apply(live, wish, ZOE, T0)


def reachable(live):
    """Rows that a history can lead to; the machine keeps cause, step and phase together."""
    kind = live.cause.kind if live.cause else None
    if live.phase is Phase.WAITING:
        return (kind == "no_gate") != isinstance(live.here, Approve) and kind in ("no_gate", "approve")
    if live.phase is Phase.PAUSED:
        return kind in ("person", "no_data", "drift", "blind", "deadline")
    return True



@MANY
@given(live_rows)
def test_every_button_of_a_live_card_is_taken(live):
    """What is drawn is accepted: with a reason where it asks for one, by somebody with the right who did not ask."""
    assume(reachable(live))
    for move in moves(live):
        after = press(live, move)
        assert after != live or move.verb == "rollback"


@MANY
@given(rows(), holds)
def test_few_and_in_order(live, hold):
    """At most five, none twice, at most one primary and it comes first, the dangerous one last."""
    drawn = moves(live, hold)
    assert len(drawn) <= 5
    assert len({move.verb for move in drawn}) == len(drawn)
    assert [i for i, move in enumerate(drawn) if move.primary] in ([], [0])
    assert [i for i, move in enumerate(drawn) if move.danger] in ([], [len(drawn) - 1])


@MANY
@given(live_rows)
def test_the_way_back_is_always_drawn(live):
    """S4 as a button: rollback wherever traffic can be split, cancel before that, nothing only while it goes back."""
    verbs = {move.verb for move in moves(live)}
    if live.phase is Phase.ROLLING_BACK:
        assert not verbs
    elif live.phase in (Phase.REQUESTED, Phase.AWAITING_APPROVAL) or (live.phase is Phase.LAUNCHING and not live.peak):
        assert "cancel" in verbs
    else:
        assert "rollback" in verbs
        (back,) = [move for move in moves(live) if move.verb == "rollback"]
        assert (back.percent, back.release, back.danger) == (0, live.stable.id if live.stable else "", True)


@MANY
@given(live_rows)
def test_up_is_drawn_only_on_evidence_or_lack_of_it(live):
    """S1 as buttons: promote only on PASS at the seen weight, go-on only while evidence lacks and with a reason."""
    for move in moves(live):
        if move.verb == "promote":
            assert live.verdict is not None and live.verdict.outcome == "PASS"
            assert isinstance(live.here, SetWeight) and live.proven == live.here.percent
            assert live.hurry != live.bound, "pressed already"
        if move.verb == "go-on":
            assert live.cause.kind in ("no_data", "no_gate") and move.reason
        if move.verb in ("adopt", "reject"):
            assert move.reason
        if move.verb in ("promote", "approve", "go-on") and move.percent is not None:
            assert move.percent in [s.percent for s in live.terms.plan.steps[live.step :] if isinstance(s, SetWeight)]


@MANY
@given(rows(sorted(TERMINAL)), holds)
def test_after_the_end_only_what_begins_anew_or_releases(live, hold):
    """An ended card offers unlock for its own hold, else what the table lets begin anew, else nothing."""
    own = hold is not None and hold.rollout == live.id
    for move in moves(live, hold):
        assert move.verb == "unlock" if own else live.phase in AFTER_END[move.verb]
        assert not own or move.reason
    if own:
        assert moves(live, hold)


def test_an_ended_card_takes_its_buttons(scene):
    """Through the real door: rollback of a success, unlock of a rollback's hold, retry of a cancelled one."""
    scene.wish("start")
    scene.until("succeeded")
    (back,) = scene.bot.card(1).moves
    assert (back.verb, back.release) == ("rollback", "1")
    assert scene.wish("rollback", bound=scene.newest.bound).ok
    scene.until("succeeded")
    (unlock,) = scene.bot.card(2).moves
    assert unlock.verb == "unlock" and unlock.reason
    assert scene.wish("unlock", bound=scene.newest.bound, reason="mended").ok
    assert scene.bot.card(2).moves == (), "a way back has no way back of its own"
    scene.wish("start")
    scene.wish("cancel")
    (retry,) = scene.bot.card(3).moves
    assert retry.verb == "retry"
    assert scene.wish("retry", bound=scene.newest.bound).ok


def test_go_on_is_not_drawn_while_blind():
    """At a step without a gate: while nothing can be seen go-on would be refused, so it is not drawn."""
    for said in (verdict("blind"), verdict("PASS"), None):
        waits = row(Phase.WAITING).but(verdict=said, cause=cause("no_gate"))
        with pytest.raises(Refused):
            apply(waits, ask("go-on"), ZOE, T0)
        assert [move.verb for move in moves(waits)] == ["rollback"]


def test_launching_with_traffic_offers_rollback():
    """Somebody shifted traffic to the candidate while it launched and put it back: cancel is over, rollback is not."""
    launching = row(Phase.LAUNCHING).but(peak=30)
    with pytest.raises(Refused):
        apply(launching, ask("cancel"), ZOE, T0)
    verbs = [move.verb for move in moves(launching)]
    assert "cancel" not in verbs and "rollback" in verbs


def test_roll_back_anyway_is_drawn_only_over_a_sick_stable():
    """[Roll back anyway] asks for a reason and forces; any other stuck card has the plain button."""
    sick = row(Phase.STUCK).but(cause=cause("stable_sick"))
    (force,) = [move for move in moves(sick) if move.verb == "rollback"]
    (plain,) = [move for move in moves(row(Phase.STUCK)) if move.verb == "rollback"]
    assert (force.force, force.reason, plain.force, plain.reason) == (True, True, False, False)
    assert press(sick, force).force


@pytest.mark.parametrize(
    ("phase", "kind", "verbs"),
    [
        (Phase.PAUSED, "person", ["resume", "rollback"]),
        (Phase.PAUSED, "drift", ["restore", "adopt", "rollback"]),
        (Phase.PAUSED, "blind", ["retry", "rollback"]),
        (Phase.PAUSED, "deadline", ["retry", "rollback"]),
        (Phase.WAITING, "no_gate", ["go-on", "rollback"]),
        (Phase.WAITING, "approve", ["approve", "reject", "rollback"]),
        (Phase.STUCK, "foreign", ["retry", "adopt", "rollback"]),
        (Phase.RETIRING, None, ["rollback"]),
        (Phase.REQUESTED, None, ["cancel"]),
        (Phase.AWAITING_APPROVAL, None, ["approve", "reject", "cancel"]),
    ],
)
def test_each_state_has_its_buttons(phase, kind, verbs):
    """The expected answer first, the way back last."""
    said = verdict(kind) if kind in ("no_gate", "blind") else verdict("PASS")
    live = row(phase).but(cause=cause(kind) if kind else None, verdict=said)
    assert [move.verb for move in moves(live)] == verbs


@pytest.mark.parametrize(("said", "verbs"), [("no_data", ["go-on", "rollback"]), ("blind", ["rollback"])])
def test_a_pause_for_data_asks_only_while_they_lack(said, verbs):
    """Go on without evidence is no answer to blindness."""
    paused = row(Phase.PAUSED).but(cause=cause("no_data"), verdict=verdict(said))
    assert [move.verb for move in moves(paused)] == verbs


def test_promote_says_where_it_leads():
    """From 10 % to 50 %, from 50 % to 100 %, from the final bake to the end; not before an approve step's answer."""
    for step, here, following in ((0, 10, 50), (1, 50, 100)):
        assert moves(row(Phase.STEPPING, step=step, proven=here))[0].percent == following
    assert moves(row(Phase.FINAL_BAKE))[0].percent is None
    assert [move.verb for move in moves(row(Phase.STEPPING, proven=0))] == ["pause", "rollback"]
    assert moves(row(Phase.STEPPING, "10%, check smoke, 100%", step=1))[0].verb == "pause"


def test_a_hold_of_another_rollout_is_not_this_cards_business():
    """Only the card whose rollout left the hold offers to release it."""
    other = Hold(app="my-app", env="prod", rollout=9, reason="bad", at=T0)
    assert moves(row(Phase.ROLLED_BACK), other) == ()
    assert moves(row(Phase.SUCCEEDED).but(back=True)) == ()
    assert moves(row(Phase.SUCCEEDED).but(stable=None)) == ()


@MANY
@given(rows(sorted(TERMINAL)), holds)
def test_an_older_card_offers_nothing_but_to_release_its_own_hold(ended, hold):
    """A newer rollout of the target has begun: what an old card would begin anew is not meant, and mostly refused."""
    drawn = moves(ended, hold, newest=False)
    own = hold is not None and hold.rollout == ended.id
    assert [move.verb for move in drawn] == (["unlock"] if own else [])
    assert moves(ended, hold) == (drawn if own else moves(ended, hold, newest=True))
