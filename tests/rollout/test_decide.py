"""decide is total: any row, any look, any clock; and whatever it says keeps the rules that need no history."""

from datetime import timedelta

import pytest
from hypothesis import given, settings

from rollout.actions import Retire, Shift
from rollout.audit import canonical
from rollout.entries import transition, verdict
from rollout.machine import LONGEST_WAIT, decide, desired
from rollout.model import LIVE, TERMINAL, Phase, Rollout
from rollout.seen import Observation
from rollout.table import ACCEPTS, WORDS
from tests.rollout.make import T0, look_at, row
from tests.rollout.rows import CALM, looks, rows, times
from tests.rollout.test_health import expected

MANY = settings(max_examples=250, **CALM)


def known_healthy(before: Rollout, look: Observation, now, proven_at) -> bool:
    """PASS, by the sentences of test_health and the freshness rule, not by judge."""
    if look.seen is None or look.seen.candidate.state != "healthy":
        return False
    if not before.terms.alarms:
        return before.terms.gates == "none" or before.back
    fresh = look.alarms_at is not None and proven_at <= look.alarms_at and now - look.alarms_at <= timedelta(seconds=60)
    (gate,), (alarm,) = before.terms.alarms, look.alarms
    since = None if alarm.since is None else T0 if alarm.since >= before.gate_from else T0 - timedelta(1)
    same = before.known_red.get(gate.name) == alarm.since is not None
    return fresh and expected(
        state=alarm.state, found=alarm.found, clean=alarm.clean, history=alarm.history,
        fault=look.alarms_fault is not None, since=since, no_data=gate.no_data, back=before.back,
        known=since if same else None,
    ) == "pass"  # fmt: skip


@MANY
@given(rows(), looks, times)
def test_decide_is_total(before, look, now):
    """Never an exception; an ended row is left alone; a live one has its next look within a minute."""
    decision = decide(before, look, now)
    after = decision.rollout
    assert (after.id, after.version, after.terms, after.by) == (before.id, before.version, before.terms, before.by)
    if not before.live:
        assert decision == decide(before, look, now).model_copy(update={"rollout": before})
        assert not decision.actions and not decision.notices and decision.hold is None and decision.wake_at is None
        return
    assert decision.wake_at == after.wake_at
    if after.live:
        assert decision.wake_at is not None and now < decision.wake_at <= now + LONGEST_WAIT
    else:
        assert decision.wake_at is None
    assert Rollout.model_validate_json(after.model_dump_json()) == after, "the row survives the file"
    assert canonical(transition(before, after, now).facts) and canonical(verdict(after, now).facts)


@MANY
@given(rows(sorted(LIVE)), looks, times)
def test_at_most_one_weight_is_asked_for(before, look, now):
    """One look asks for one weight at most, of the plan or the way back, never while AWS is still busy with another."""
    decision = decide(before, look, now)
    shifts = [action.percent for action in decision.actions if isinstance(action, Shift)]
    assert len(shifts) <= 1
    weights = {getattr(step, "percent", 0) for step in before.terms.plan.steps} | {0, before.proven}
    assert set(shifts) <= weights
    if look.seen is not None and not look.seen.settled:
        assert not shifts
    assert set(shifts) <= set(decision.rollout.asked), "what is asked for is known to be our own doing"


@MANY
@given(rows(sorted(LIVE)), looks, times)
def test_up_needs_evidence_or_a_waiver(before, look, now):
    """S1, S7: a rise has PASS by an independent reading, or a waiver over missing evidence; and a healthy side."""
    decision = decide(before, look, now)
    for action in decision.actions:
        if not isinstance(action, Shift) or action.percent <= (look.seen.percent or 0 if look.seen else 0):
            continue
        after = decision.rollout
        assert look.seen is not None and look.seen.candidate.state == "healthy"
        if known_healthy(before, look, now, after.proven_at):
            continue
        assert after.verdict is not None and after.verdict.cause in ("no_data", "no_gate")
        assert after.waiver is not None and after.waiver.step == after.step


@MANY
@given(rows(sorted(LIVE)), looks, times)
def test_the_end_is_what_was_seen(before, look, now):
    """S4, S5, S11: success only at 100 % seen and proven, rolled back only at 0 %; a side is removed likewise."""
    shown = look.seen.percent if look.seen is not None else None
    decision = decide(before, look, now)
    after = decision.rollout
    if before.phase is not Phase.REQUESTED:
        if after.phase is Phase.SUCCEEDED:
            assert (shown, after.proven) == (100, 100)
        if after.phase is Phase.ROLLED_BACK:
            assert (shown, after.proven) == (0, 0)
            assert decision.hold is not None
    for action in decision.actions:
        if isinstance(action, Retire):
            assert (shown, after.proven) == ((100, 100) if action.side == "stable" else (0, 0))
            assert now - after.proven_at >= after.terms.settle
    if after.phase is Phase.ADOPTED:
        pytest.fail("only a person adopts")


@MANY
@given(rows(sorted(LIVE)), looks, times)
def test_going_back_is_never_given_up(before, look, now):
    """S4: what goes back goes back, is stuck with a page, or has arrived; S12: FAIL after Launch goes nowhere else."""
    after = decide(before, look, now).rollout
    back = {Phase.ROLLING_BACK, Phase.STUCK, Phase.ROLLED_BACK, Phase.CANCELLED}
    if before.phase in (Phase.ROLLING_BACK, Phase.STUCK):
        assert after.phase in back
    elif before.phase not in (Phase.REQUESTED, Phase.AWAITING_APPROVAL) and after.verdict is not None:
        assert after.verdict.outcome != "FAIL" or after.phase in back
    if after.phase is Phase.STUCK and before.phase is not Phase.STUCK:
        pages = [notice for notice in decide(before, look, now).notices if notice.kind == "page"]
        assert pages


@MANY
@given(rows(sorted(LIVE)), looks, times)
def test_time_only_counts_forward_and_in_small_bites(before, look, now):
    """No look counts more than three look intervals, none takes away, none counts towards a deadline while blind."""
    after = decide(before, look, now).rollout
    most = 3 * before.terms.timing.look_waiting
    if (after.phase, after.phase_at) == (before.phase, before.phase_at) and before.phase_at != now:
        assert timedelta(0) <= after.elapsed - before.elapsed <= most
        assert timedelta(0) <= after.baked - before.baked <= most
    if before.phase is not Phase.REQUESTED and look.seen is None:
        # There time runs on: so that somebody is called, and so that nothing waits to begin for ever.
        if before.phase not in (Phase.ROLLING_BACK, Phase.STUCK, Phase.AWAITING_APPROVAL):
            assert after.elapsed in (before.elapsed, timedelta(0))
        assert after.baked in (before.baked, timedelta(0))


@MANY
@given(rows(sorted(LIVE)), looks, times)
def test_the_same_look_says_the_same(before, look, now):
    """No clock, no chance, no memory: the same row, look and moment lead to the same decision."""
    assert decide(before, look, now) == decide(before, look, now)


@pytest.mark.parametrize(
    ("phase", "share"),
    [
        (Phase.STEPPING, 10), (Phase.FINAL_BAKE, 100), (Phase.RETIRING, 100), (Phase.SUCCEEDED, 100),
        (Phase.ROLLING_BACK, 0), (Phase.STUCK, 0), (Phase.ROLLED_BACK, 0), (Phase.CANCELLED, 0), (Phase.LAUNCHING, 0),
        (Phase.PAUSED, None), (Phase.WAITING, None), (Phase.REQUESTED, None), (Phase.ADOPTED, None),
    ],
)  # fmt: skip
def test_what_a_row_wants_to_see(phase, share):
    """The share a phase wants on AWS; none where it holds whatever is there; an approve step wants none."""
    assert desired(row(phase)) == share
    assert desired(row(Phase.STEPPING, "10%, approve, 100%", step=1)) is None


@pytest.mark.parametrize("tries", range(1, 12))
def test_own_errors_back_off(tries):
    """After own errors the looks come later and later, a minute at most, never in step with other rollouts."""
    waits = []
    for id in range(1, 40):
        live = row(Phase.STEPPING).but(id=id, failures=tries - 1)
        blind = look_at(live).model_copy(update={"seen": None})
        wake = decide(live, blind, T0).wake_at
        assert wake is not None
        waits.append((wake - T0).total_seconds())
    least = min(60, 30 * 2 ** min(tries - 1, 4))
    assert all(least <= wait <= min(60, least * 1.25) for wait in waits)
    assert len(set(waits)) > 20 or least == 60


def test_a_look_comes_when_the_bake_ends():
    """The next look is the moment the bake could end, not a whole interval later, and never at once again."""
    for left, wait in ((7, 7), (100, 30), (0.05, 0.2)):
        live = row(Phase.STEPPING, baked=timedelta(seconds=300 - left), last_good=T0, verdict=None)
        assert decide(live, look_at(live), T0).wake_at == T0 + timedelta(seconds=wait)
        last = row(Phase.FINAL_BAKE, baked=timedelta(seconds=900 - left), last_good=T0)
        assert decide(last, look_at(last), T0).wake_at == T0 + timedelta(seconds=wait)


def test_every_live_phase_is_named_everywhere():
    """Each live phase can be decided, said and left: no phase was forgotten in a table."""
    for phase in LIVE:
        live = row(phase)
        assert decide(live, look_at(live), T0).rollout.phase in LIVE | TERMINAL
        assert WORDS[phase] and any(phase in phases for phases in ACCEPTS.values())
