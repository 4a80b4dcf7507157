"""Each phase's own rule, one look at a time: rows made by hand, so that every branch has a case that names it."""

from datetime import timedelta
from typing import Any

import pytest

from rollout.actions import Launch, Retire, Shift
from rollout.errors import TargetError
from rollout.machine import Decision, decide
from rollout.model import Phase, Signature
from rollout.ports import Hold
from rollout.release import Check, Prepared, Release
from rollout.seen import AlarmReading, Fault, Observation, SideHealth
from rollout.terms import AlarmGate, Approval
from tests.rollout.make import T0, cause, look_at, row, verdict, waiver
from tests.rollout.scene import ANA, BEN, EVA

P = Phase
MINUTE = timedelta(minutes=1)
SICK = SideHealth(state="sick", text="0 of 2")
UNKNOWN = SideHealth(state="unknown", text="Pending")
FAULT = Fault(kind="throttle", text="throttled", hint="wait")


def prepared(**fields: Any) -> Observation:
    """A look at a requested rollout that found everything in order, unless told otherwise."""
    ready = Prepared(stable=Release(id="1"), candidate=Release(id="2"), checks=fields.pop("checks", ()))
    alarm = AlarmReading.model_validate({"name": "my-app-errors", "state": "OK"} | fields.pop("alarm", {}))
    parts = {"at": T0, "prepared": ready, "alarms": (alarm,), "alarms_at": T0}
    return Observation.model_validate(parts | fields)


def said(decision: Decision) -> list[str]:
    """What the thread is told, and pages."""
    return [notice.what if notice.kind == "event" else notice.kind for notice in decision.notices]


def signed(live, *who, step: int | None = None, plan_hash: str = ""):
    """The row with these approvals of its step."""
    at = live.step if step is None else step
    hashed = plan_hash or live.terms.plan.hash
    return live.but(signatures=tuple(Signature(by=one, step=at, plan_hash=hashed, at=T0) for one in who))


def but_terms(live, **fields: Any):
    """The row with other terms."""
    return live.but(terms=live.terms.model_copy(update=fields))


@pytest.mark.parametrize(
    ("look", "text", "hint"),
    [
        (prepared(refusal=Fault(kind="absent", text="no version 9", hint="there is 1")), "no version 9", "there is 1"),
        (prepared(checks=(Check(name="a", state="fail", text="no role", hint="add it"),)), "no role", "add it"),
        (prepared(alarm={"found": False}), "CloudWatch knows no alarm named my-app-errors", "correct `alarms` of"),
        (prepared(alarm={"state": "ALARM", "text": "9 over 1"}), "my-app-errors is red: 9 over 1", "wait until it"),
    ],
)  # fmt: skip
def test_what_refuses_a_start(look, text, hint):
    """Release, preflight, an alarm that does not exist, an alarm that is red (S13): refused with fact and hint."""
    after = decide(row(P.REQUESTED), look, T0)
    assert after.rollout.phase is P.REFUSED and after.rollout.cause is not None
    assert (after.rollout.cause.text, after.rollout.cause.hint.startswith(hint)) == (text, True)
    assert after.rollout.wake_at is None


@pytest.mark.parametrize(
    "look",
    [
        prepared(prepared=None, fault=FAULT),
        prepared(alarms=(), alarms_at=None, alarms_fault=FAULT),
        prepared(alarms=(), alarms_at=None),
    ],
)  # fmt: skip
def test_a_start_waits_for_aws_and_not_for_ever(look):
    """Neither refused nor begun while AWS does not answer; five watched minutes of that refuse it with the reason."""
    waits = decide(row(P.REQUESTED), look, T0)
    assert (waits.rollout.phase, waits.rollout.failures, waits.actions) == (P.REQUESTED, 1, ())
    late = row(P.REQUESTED).but(elapsed=5 * MINUTE, last_look=None)
    ends = decide(late, look, T0).rollout
    assert ends.phase is P.REFUSED and ends.cause is not None
    fault = look.fault or look.alarms_fault
    assert ends.cause.text == f"my-app/prod could not be looked at within 5m: {fault.text if fault else 'no answer'}"
    assert ends.cause.hint == (fault.hint if fault else "try again later")


def test_a_start_keeps_what_it_found():
    """Release, warnings, quiet alarms and alarms too slow for the bake stand in the row; the candidate is launched."""
    warn = Check(name="a", state="warn", text="no concurrency left")
    alarm = {"state": "INSUFFICIENT_DATA", "window": timedelta(minutes=15)}
    after = decide(row(P.REQUESTED, proven=None), prepared(checks=(warn,), alarm=alarm), T0)
    assert after.rollout.phase is P.LAUNCHING
    assert after.rollout.warnings == (
        "no concurrency left", "my-app-errors has no data",
        "my-app-errors cannot fire within a bake of 5m; needs 16m",
    )  # fmt: skip
    assert (after.rollout.proven, after.rollout.gate_from, after.rollout.failures) == (0, T0, 0)
    quick = decide(row(P.REQUESTED), prepared(alarm={"window": 4 * MINUTE}), T0).rollout
    assert quick.warnings == ()


def test_going_back_knows_which_alarms_were_red():
    """S13: a way back is not refused by a red alarm; it remembers since when it was red. A start remembers nothing."""
    red = prepared(alarm={"state": "ALARM", "since": T0 - MINUTE})
    after = decide(row(P.REQUESTED, back=True), red, T0).rollout
    assert (after.phase, after.known_red) == (P.LAUNCHING, {"my-app-errors": T0 - MINUTE})
    assert decide(row(P.REQUESTED), prepared(), T0).rollout.known_red == {}


@pytest.mark.parametrize(("back", "phase"), [(False, P.AWAITING_APPROVAL), (True, P.LAUNCHING)])
def test_approval_before_the_start(back, phase):
    """Where it is configured a start waits for it, loudly; a way back does not."""
    live = but_terms(row(P.REQUESTED, back=back), approval=Approval(before_start=True))
    after = decide(live, prepared(), T0)
    assert after.rollout.phase is phase
    assert said(after) == (["started"] if back else ["approval_wanted"])


@pytest.mark.parametrize(
    ("phase", "step", "plan"), [(P.AWAITING_APPROVAL, 0, "10%, 100%"), (P.WAITING, 1, "10%, approve 2, 100%")]
)
def test_approvals_are_counted_per_person_step_and_plan(phase, step, plan):
    """Enough distinct persons for this step of this plan go on; the same one twice, another step or plan does not."""
    asked = Approval(by=2, before_start=phase is P.AWAITING_APPROVAL)
    live = but_terms(row(phase, plan, step=step, cause=cause("approve")), approval=asked)
    good = look_at(live)
    for unsigned in (
        live, signed(live, BEN), signed(live, BEN, BEN), signed(live, BEN, EVA, step=step + 1),
        signed(live, BEN, EVA, plan_hash="other"),
    ):  # fmt: skip
        assert decide(unsigned, good, T0).rollout.phase is phase
    after = decide(signed(live, BEN, EVA), good, T0)
    assert after.rollout.phase is (P.LAUNCHING if phase is P.AWAITING_APPROVAL else P.STEPPING)
    assert "approved" in said(after)


@pytest.mark.parametrize(("phase", "ends"), [(P.AWAITING_APPROVAL, P.CANCELLED), (P.WAITING, P.ROLLING_BACK)])
def test_an_hour_without_an_answer_ends_it(phase, ends):
    """Reminders at half and nine tenths of the hour, each once; then cancelled, or back where traffic is split."""
    live = row(phase, "10%, approve, 100%", step=1, cause=cause("approve"))
    for minutes, reminded, due in ((29, 0, False), (30, 0, True), (53, 1, False), (54, 1, True), (58, 2, False)):
        after = decide(live.but(elapsed=minutes * MINUTE, reminded=reminded), look_at(live), T0)
        assert (said(after), after.rollout.phase) == (["reminder"] * due, phase)
        assert after.rollout.reminded == reminded + due
    over = decide(live.but(elapsed=60 * MINUTE, reminded=2), look_at(live), T0)
    assert over.rollout.phase is ends
    assert over.rollout.cause is not None and over.rollout.cause.kind == "deadline"


def test_launching_launches_waits_and_gives_up():
    """Launch until it is up, not again within two looks, back after ten minutes; healthy at 0 % goes on."""
    live = row(P.LAUNCHING)
    pending = look_at(live, candidate=UNKNOWN)
    assert [action.kind for action in decide(live, pending, T0).actions] == ["launch"]
    lately = live.but(asked_at=T0 - timedelta(seconds=9))
    assert decide(lately, pending, T0).actions == ()
    assert [action.kind for action in decide(lately, pending, T0 + timedelta(seconds=1)).actions] == ["launch"]
    late = decide(live.but(elapsed=10 * MINUTE), pending, T0).rollout
    assert (late.phase, late.cause and late.cause.text) == (
        P.ROLLING_BACK, "the new release did not become healthy in time: Pending"
    )  # fmt: skip
    assert decide(live, look_at(live), T0).rollout.phase is P.STEPPING
    once = decide(live.but(proven=None, sighting="", asked=(0,)), look_at(live, percent=0), T0).rollout
    assert once.phase is P.LAUNCHING, "one reading is none"
    assert decide(once, look_at(live, percent=0), T0).rollout.phase is P.STEPPING


def test_a_step_nobody_here_can_do_is_stuck():
    """A hook without anybody to ask: stuck and paged, never passed over."""
    after = decide(row(P.STEPPING, "10%, check smoke, 100%", step=1), look_at(row(P.STEPPING)), T0)
    assert (after.rollout.phase, said(after)) == (P.STUCK, ["page"])
    assert after.rollout.cause is not None and "`check smoke`" in after.rollout.cause.text


@pytest.mark.parametrize(("fault", "why"), [(FAULT, "throttled"), (None, "AWS shows 0 %")])
def test_a_weight_that_does_not_come_is_paused(fault, why):
    """Five minutes without seeing the weight: paused with the reason, and paged."""
    live = row(P.STEPPING, proven=0, sighting="0", elapsed=5 * MINUTE, write_fault=fault, asked=(10,), asked_at=T0)
    after = decide(live, look_at(live), T0)
    assert after.rollout.phase is P.PAUSED and after.rollout.cause is not None
    assert (after.rollout.cause.kind, after.rollout.cause.text) == ("deadline", f"10 % was not seen in time: {why}")
    assert said(after)[-1] == "page"


def test_a_raise_is_asked_once_and_again_only_after_a_while():
    """The same weight is not asked for again before its effect had time to show; a lost one is asked for again."""
    live = row(P.STEPPING, proven=0, sighting="0", asked=(10,), asked_at=T0)
    assert decide(live, look_at(live), T0 + timedelta(seconds=9)).actions == ()
    assert decide(live, look_at(live), T0 + timedelta(seconds=10)).actions == (Shift(percent=10),)
    assert said(decide(live, look_at(live), T0 + timedelta(seconds=10))) == [], "said the first time only"
    assert said(decide(live.but(asked=()), look_at(live), T0)) == ["raised"]
    unsettled = look_at(live, settled=False)
    assert decide(live.but(asked=()), unsettled, T0).actions == ()


@pytest.mark.parametrize(("kind", "phase"), [("no_gate", P.WAITING), ("no_data", P.PAUSED)])
def test_missing_evidence_asks_and_a_waiver_is_for_one_step(kind, phase):
    """Nobody watches, or no data: a person is asked; the waiver for the next step passes that one and no other."""
    live = row(P.STEPPING, baked=5 * MINUTE)
    live = but_terms(live, alarms=()) if kind == "no_gate" else live
    look = look_at(live, alarm="INSUFFICIENT_DATA")
    after = decide(live, look, T0)
    assert (after.rollout.phase, said(after)) == (phase, [kind])
    for step, goes in ((0, False), (1, True), (2, False)):
        went = decide(live.but(waiver=waiver(step)), look, T0)
        assert (went.actions == (Shift(percent=50),)) is goes
        assert (went.rollout.step == 1) is goes


def test_a_waiver_holds_while_its_raise_is_under_way():
    """Asked for and not yet seen: the waived step does not ask again; unwaived it is not raised in the first place."""
    live = row(P.STEPPING, step=1, asked=(50,), asked_at=T0, waiver=waiver(1))
    assert decide(live, look_at(live, alarm="INSUFFICIENT_DATA"), T0).rollout.phase is P.STEPPING
    unwaived = live.but(waiver=None, asked=())
    assert decide(unwaived, look_at(live, alarm="INSUFFICIENT_DATA"), T0).rollout.phase is P.PAUSED


def test_a_promote_is_dropped_when_it_is_no_longer_well():
    """A hurried bake ends at once while all is well, and the wish is forgotten, and said, when it is not."""
    live = row(P.STEPPING)
    live = live.but(hurry=live.bound)
    assert decide(live, look_at(live), T0).actions == (Shift(percent=50),)
    blind = look_at(live).model_copy(update={"alarms_fault": FAULT})
    after = decide(live, blind, T0)
    assert (after.rollout.hurry, after.actions, said(after)) == (None, (), ["not_promoted"])
    full = decide(live.but(hurry_full=True), look_at(live), T0)
    assert (full.actions, full.rollout.step) == ((Shift(percent=100),), 2)
    other = live.but(hurry=live.bound.model_copy(update={"step": 1}))
    assert decide(other, look_at(live), T0).actions == (), "bound to another step"


def test_the_bake_counts_good_looks_only():
    """PASS to PASS counts, at most three looks; a look without PASS between two counts neither gap."""
    live = row(P.STEPPING, last_good=T0 - MINUTE, last_look=T0 - MINUTE)
    assert decide(live, look_at(live), T0).rollout.baked == MINUTE
    assert decide(live, look_at(live), T0 + 60 * MINUTE).rollout.baked == timedelta(0), "too old to be evidence"
    blind = look_at(live).model_copy(update={"alarms_fault": FAULT})
    dark = decide(live, blind, T0).rollout
    assert (dark.baked, dark.last_good) == (timedelta(0), None)
    assert decide(dark, look_at(live), T0).rollout.baked == timedelta(0)
    backwards = row(P.STEPPING, last_good=T0 + MINUTE, last_look=T0 + MINUTE, baked=MINUTE)
    assert decide(backwards, look_at(live), T0).rollout.baked == MINUTE


def test_the_final_bake_ends_or_asks():
    """Baked: on to retiring. Not watched enough in time: paused and paged. The way there needs 100 % seen."""
    live = row(P.FINAL_BAKE, baked=15 * MINUTE, last_good=T0)
    assert decide(live, look_at(live), T0).rollout.phase is P.SUCCEEDED
    assert decide(live, look_at(live, retired=()), T0).rollout.phase is P.RETIRING
    late = decide(row(P.FINAL_BAKE, elapsed=30 * MINUTE), look_at(live), T0)
    assert (late.rollout.phase, said(late)) == (P.PAUSED, ["page"])
    assert decide(live, look_at(live, percent=50), T0).rollout.phase is P.FINAL_BAKE


def test_the_old_side_is_removed_after_settling():
    """S11: asked for once settled, not again at once; gone is the end; not gone in time is stuck."""
    live = but_terms(row(P.RETIRING), settle=MINUTE)
    warm = look_at(live, retired=("candidate",))
    settled = live.but(proven_for=MINUTE)
    assert decide(live.but(proven_for=0.9 * MINUTE), warm, T0 + 60 * MINUTE, timedelta(0)).actions == ()
    assert [action.arg for action in decide(settled, warm, T0).actions] == ["stable"]
    assert decide(settled.but(asked_at=T0), warm, T0).actions == ()
    late = decide(live.but(elapsed=15 * MINUTE), warm, T0)
    assert (late.rollout.phase, late.rollout.resume_to, said(late)) == (P.STUCK, P.RETIRING, ["page"])
    done = decide(live, look_at(live), T0)
    assert (done.rollout.phase, said(done), done.hold) == (P.SUCCEEDED, ["succeeded"], None)


@pytest.mark.parametrize(("stable", "veto"), [(Release(id="3"), "3"), (None, "")])
def test_a_way_back_that_arrived_holds_the_target(stable, veto):
    """Going back holds the target for whoever asked and vetoes what was left; the reason is theirs."""
    live = row(P.RETIRING, back=True, stable=stable, reason="slow")
    hold = decide(live, look_at(live), T0).hold
    assert hold == Hold(app="my-app", env="prod", rollout=1, by=ANA, reason="slow", veto=veto, at=T0)
    unsaid = decide(live.but(reason=""), look_at(live), T0).hold
    assert unsaid is not None and unsaid.reason == "rolled back by hand"


def test_a_rollback_keeps_trying_and_says_so_once():
    """Refused five times: one page, and the next try all the same; ten minutes: stuck, which tries on."""
    live = row(P.ROLLING_BACK, write_failures=5, write_fault=FAULT)
    after = decide(live, look_at(live), T0)
    assert (after.actions, said(after), after.rollout.reminded) == ((Shift(percent=0),), ["page"], 1)
    assert said(decide(after.rollout, look_at(live), T0)) == []
    plain = decide(live.but(write_fault=None), look_at(live), T0).notices[0]
    assert plain.kind == "page" and "AWS refuses" in plain.text
    late = decide(live.but(elapsed=10 * MINUTE, reminded=1, write_fault=None), look_at(live), T0)
    assert (late.rollout.phase, late.actions) == (P.STUCK, (Shift(percent=0),))
    assert late.rollout.cause is not None and late.rollout.cause.text.endswith("AWS does not show it")
    assert decide(late.rollout, look_at(live), T0).actions == (Shift(percent=0),)


def test_down_needs_no_sight():
    """A rollback writes even when it cannot read, guarded by the revision last seen; never before anything was seen."""
    live = row(P.ROLLING_BACK)
    dark = look_at(live).model_copy(update={"seen": None, "fault": FAULT})
    assert decide(live, dark, T0).actions == ()
    known = live.but(seen=look_at(live).seen)
    assert decide(known, dark, T0).actions == (Shift(percent=0),)
    assert decide(known.but(proven=0), dark, T0).actions == ()
    assert decide(known, look_at(live, settled=False), T0).actions == ()
    assert decide(known, look_at(live, percent=0), T0).actions == (), "there once; the second reading proves it"


@pytest.mark.parametrize(
    ("peak", "kind", "phase"),
    [(0, "cancel", P.CANCELLED), (0, "person", P.CANCELLED), (0, "deadline", P.CANCELLED), (0, "reject", P.CANCELLED),
     (0, "alarm", P.ROLLED_BACK), (0, None, P.ROLLED_BACK), (10, "person", P.ROLLED_BACK)],
)  # fmt: skip
def test_home_is_cancelled_or_rolled_back(peak, kind, phase):
    """Without traffic and by a person's wish it was cancelled and holds nothing; else it was rolled back and holds."""
    why = cause(kind, by=BEN if kind == "person" else None) if kind else None
    live = row(P.ROLLING_BACK, proven=0, sighting="0", peak=peak, cause=why)
    after = decide(live, look_at(live), T0)
    assert (after.rollout.phase, after.hold is None) == (phase, phase is P.CANCELLED)
    if after.hold is not None:
        assert (after.hold.by, after.hold.veto) == ((BEN, "") if kind == "person" else (None, "2"))
        assert after.hold.reason == ("x" if kind else "rolled back")


def test_why_it_fell_is_kept_whatever_keeps_it_up():
    """Fell for an alarm, then stuck over a sick stable side: the end still names the alarm, and vetoes."""
    live = row(P.STEPPING)
    fell = decide(live, look_at(live, alarm="ALARM"), T0).rollout
    sick = look_at(fell, stable=SICK)
    held = decide(fell, sick, T0).rollout
    assert (held.phase, held.cause and held.cause.kind) == (P.STUCK, "stable_sick")
    home = decide(held.but(proven=0, sighting="0"), look_at(held, percent=0), T0)
    assert (home.rollout.phase, home.rollout.cause and home.rollout.cause.kind) == (P.ROLLED_BACK, "alarm")


def test_stuck_over_a_sick_stable_side_waits_for_it():
    """S7: held and paged once while stable is known sick; on by itself when it is not; force goes anyway."""
    live = row(P.ROLLING_BACK)
    sick = look_at(live, stable=SICK)
    first = decide(live, sick, T0)
    assert (first.rollout.phase, said(first), first.actions) == (P.STUCK, ["page"], ())
    again = decide(first.rollout, sick, T0)
    assert (said(again), again.actions) == ([], ())
    well = decide(first.rollout, look_at(live), T0)
    assert (well.rollout.phase, well.actions) == (P.ROLLING_BACK, (Shift(percent=0),))
    assert decide(live.but(force=True), sick, T0).actions == (Shift(percent=0),)
    dark = look_at(live).model_copy(update={"seen": None})
    assert decide(first.rollout, dark, T0).rollout.phase is P.STUCK


def test_stuck_over_a_foreign_split_waits_for_a_person():
    """S14: a split with a third side is left alone, paged once, in every later look too; gone, it goes on by itself."""
    live = row(P.ROLLING_BACK)
    third = look_at(live, foreign="7: 100 %")
    once = decide(live, third, T0)
    assert (once.rollout.phase, once.actions) == (P.ROLLING_BACK, ())
    twice = decide(once.rollout, third, T0)
    assert (twice.rollout.phase, said(twice)) == (P.STUCK, ["page"])
    still = decide(twice.rollout, third, T0)
    assert (still.rollout.phase, still.actions, said(still)) == (P.STUCK, (), [])
    other = decide(twice.rollout, look_at(live, foreign="9: 5 %"), T0)
    assert other.actions == (), "another third side is no more ours"
    gone = decide(twice.rollout, look_at(live), T0)
    assert (gone.rollout.phase, gone.actions) == (P.ROLLING_BACK, (Shift(percent=0),))
    assert decide(live.but(overwrite=True), third, T0).actions == (Shift(percent=0),)


@pytest.mark.parametrize(("proven", "share", "phase"), [(0, 0, P.ROLLED_BACK), (10, 10, P.STUCK)])
def test_stuck_by_time_goes_on_trying(proven, share, phase):
    """Stuck because it took too long: tried in every look, and home the moment AWS shows it."""
    live = row(P.STUCK, resume_to=P.ROLLING_BACK, proven=proven, sighting=str(share), peak=10)
    after = decide(live, look_at(live), T0)
    assert after.rollout.phase is phase
    assert after.actions == (() if phase is P.ROLLED_BACK else (Shift(percent=0),))


@pytest.mark.parametrize(("resume_to", "why"), [(P.RETIRING, cause("deadline")), (P.ROLLING_BACK, None)])
def test_stuck_on_the_way_up_waits_for_a_person(resume_to, why):
    """Neither forward nor back by itself: nothing is tried until somebody says retry, rollback or adopt."""
    live = row(P.STUCK, resume_to=resume_to, cause=why)
    after = decide(live, look_at(live), T0)
    assert (after.rollout.phase, after.actions) == (P.STUCK, ())


def test_a_persons_pause_reminds_and_ends():
    """Reminders at one and four hours, each once; after a day it goes back."""
    live = row(P.PAUSED)
    for hours, reminded, told in ((0.9, 0, []), (1, 0, ["reminder"]), (3.9, 1, []), (4, 1, ["reminder"]), (23, 2, [])):
        after = decide(live.but(elapsed=timedelta(hours=hours), reminded=reminded), look_at(live), T0)
        assert (said(after), after.rollout.phase) == (told, P.PAUSED)
    over = decide(live.but(elapsed=timedelta(hours=24), reminded=2), look_at(live), T0).rollout
    assert (over.phase, over.cause and over.cause.text) == (P.ROLLING_BACK, "it was paused for too long")


@pytest.mark.parametrize(("policy", "phase"), [("rollback", P.ROLLING_BACK), ("hold", P.PAUSED)])
def test_a_pause_for_data_asks_then_follows_the_policy(policy, phase):
    """S2: a page after a quarter of an hour, once; after another the target's policy; back when data come."""
    live = but_terms(row(P.PAUSED, cause=cause("no_data")), no_data_policy=policy)
    quiet = look_at(live, alarm="INSUFFICIENT_DATA")
    assert said(decide(live.but(elapsed=14 * MINUTE), quiet, T0)) == []
    asks = decide(live.but(elapsed=15 * MINUTE), quiet, T0)
    assert (said(asks), asks.rollout.phase, asks.rollout.reminded) == (["page"], P.PAUSED, 1)
    assert decide(live.but(elapsed=29 * MINUTE, reminded=1), quiet, T0).rollout.phase is P.PAUSED
    assert decide(live.but(elapsed=30 * MINUTE, reminded=1), quiet, T0).rollout.phase is phase
    back = decide(live.but(elapsed=30 * MINUTE, reminded=1), look_at(live), T0)
    assert (back.rollout.phase, said(back)) == (P.STEPPING, ["sight"])
    blind = look_at(live).model_copy(update={"alarms_fault": FAULT})
    assert decide(live, blind, T0).rollout.phase is P.PAUSED, "not seeing is not data"


@pytest.mark.parametrize(("writes", "back"), [(0, True), (4, True), (5, False)])
def test_a_blind_pause_ends_with_sight(writes, back):
    """One good look ends a pause for blindness, unless AWS still refuses what is asked of it."""
    live = row(P.PAUSED, cause=cause("blind"), failures=4, write_failures=writes, baked=MINUTE)
    after = decide(live, look_at(live), T0)
    assert (after.rollout.phase is P.STEPPING, said(after) == ["sight"]) == (back, back)
    assert after.rollout.baked == MINUTE, "a pause takes nothing away"


@pytest.mark.parametrize(
    ("before", "asks"),
    [(P.LAUNCHING, Launch(release="2")), (P.STEPPING, Shift(percent=10)), (P.RETIRING, Retire(side="stable"))],
)
def test_refusals_are_tried_again_without_moving_anything(before, asks):
    """While AWS refuses, what is there already is asked for; not at once again, not over what is not proven."""
    live = row(P.PAUSED, cause=cause("blind"), resume_to=before, write_failures=5)
    assert decide(live, look_at(live), T0).actions == (asks,)
    lately = live.but(asked_at=T0)
    assert decide(lately, look_at(live), T0).actions == ()
    assert decide(live, look_at(live, percent=30), T0).actions == ()
    assert decide(live, look_at(live, settled=False), T0).actions == ()
    after = decide(live.but(write_failures=0), look_at(live), T0)
    assert (after.rollout.phase, after.actions) == (before, ()) or before is not P.STEPPING


def test_a_weight_that_came_to_be_was_no_refusal():
    """AWS shows what was asked for, though it answered with an error: the failures in a row are over."""
    live = row(P.STEPPING, proven=0, asked=(10,), sighting="10", write_failures=4, write_fault=FAULT)
    after = decide(live, look_at(live, percent=10), T0).rollout
    assert (after.proven, after.write_failures, after.write_fault) == (10, 0, None)
    same = row(P.PAUSED, cause=cause("blind"), asked=(10,), sighting="10", write_failures=5)
    assert decide(same, look_at(same), T0).rollout.write_failures == 5, "it was there before it was asked for"


def test_nothing_waits_to_begin_for_ever():
    """Before the start nothing was touched: time runs on though AWS cannot be read, and it ends as cancelled."""
    live = row(P.AWAITING_APPROVAL, elapsed=59 * MINUTE, reminded=2)
    dark = look_at(live).model_copy(update={"seen": None, "fault": FAULT})
    assert decide(live, dark, T0 + 0.9 * MINUTE).rollout.phase is P.AWAITING_APPROVAL
    assert decide(live, dark, T0 + MINUTE).rollout.phase is P.CANCELLED


def test_a_clock_set_ahead_adds_nothing():
    """S5: bake, deadline and settling count the time that passed by a clock nobody can set."""
    live, late = row(P.STEPPING, last_good=T0), T0 + 60 * MINUTE
    good = look_at(live).model_copy(update={"at": late, "alarms_at": late})
    after = decide(live, good, late, timedelta(seconds=5)).rollout
    assert (after.baked, after.elapsed, after.proven_for) == (timedelta(seconds=5),) * 3
    still = decide(live, good, late, timedelta(0)).rollout
    assert (still.baked, still.elapsed) == (timedelta(0),) * 2
    assert decide(live, look_at(live), T0, timedelta(seconds=5)).rollout.baked == timedelta(0), "nor does one set back"


def test_blindness_is_held_and_paged_after_five_tries_with_its_reason():
    """S2: five looks without sight hold and page with the operation that failed; AWS's silence has words too."""
    live = row(P.STEPPING, failures=4)
    dark = look_at(live).model_copy(update={"seen": None, "fault": FAULT})
    after = decide(live, dark, T0)
    assert (after.rollout.phase, said(after)) == (P.PAUSED, ["blind", "page"])
    why = after.rollout.cause
    assert why is not None and (why.text, why.hint) == ("throttled", "wait")
    silent = decide(live, dark.model_copy(update={"fault": None}), T0).rollout.cause
    assert silent is not None and silent.text == "the target was not read"
    assert decide(row(P.STEPPING, failures=3), dark, T0).rollout.phase is P.STEPPING
    paused = decide(row(P.PAUSED, failures=9), dark, T0).rollout
    assert paused.cause is not None and paused.cause.kind == "person", "a person's pause stays one"


def test_no_deadline_runs_while_nothing_is_seen():
    """S2: time without sight counts towards no deadline, however often it looks; time with sight does."""
    live = row(P.WAITING, "10%, approve, 100%", step=1, cause=cause("approve"), elapsed=59 * MINUTE)
    dark = look_at(live).model_copy(update={"seen": None})
    assert decide(live, dark, T0 + 9 * MINUTE).rollout.elapsed == 59 * MINUTE
    after = decide(live.but(last_look=T0 - MINUTE), look_at(live), T0).rollout
    assert after.phase is P.ROLLING_BACK, "one more watched minute"


def test_drift_needs_two_looks_and_ends_with_two():
    """S14: one strange reading is none; the second pauses and names who did it; two of the old one end it."""
    live = row(P.STEPPING)
    strange = look_at(live, percent=30, edited_by="carl")
    once = decide(live, strange, T0)
    assert (once.rollout.phase, once.actions) == (P.STEPPING, ())
    twice = decide(once.rollout, strange, T0).rollout
    assert (twice.phase, twice.cause and twice.cause.text) == (
        P.PAUSED, "the traffic was changed by somebody else, by carl: 10 % → 30 % on the new release"
    )  # fmt: skip
    back = decide(twice, look_at(live), T0).rollout
    assert back.phase is P.PAUSED
    assert decide(back, look_at(live), T0).rollout.phase is P.STEPPING


def test_what_is_restored_is_steered_and_the_licence_ends():
    """[Restore] may overwrite until the weight is seen again, on the way up only with evidence; then no longer."""
    live = row(P.PAUSED, overwrite=True, sighting="30")
    assert decide(live, look_at(live, percent=30), T0).actions == (Shift(percent=10),)
    assert decide(live, look_at(live, percent=0), T0).actions == (Shift(percent=10),)
    dark = look_at(live, percent=0, alarm="INSUFFICIENT_DATA")
    assert decide(live, dark, T0).actions == ()
    seen = live.but(sighting="10", asked=(10,))
    assert decide(seen, look_at(live), T0).rollout.overwrite is False


def test_red_while_retiring_still_goes_back():
    """S12: up to the last moment a red alarm takes it back, with the alarm or the sick side as its cause."""
    live = row(P.RETIRING)
    red = decide(live, look_at(live, alarm="ALARM", retired=()), T0).rollout
    assert (red.phase, red.cause and red.cause.kind) == (P.ROLLING_BACK, "alarm")
    sick = look_at(live, candidate=SICK)
    assert (found := decide(live, sick, T0).rollout.cause) is not None and found.kind == "sick"


@pytest.mark.parametrize(("states", "names"), [
    (("ALARM", "OK", "ALARM"), ("a", "c")), (("OK", "ALARM", "OK"), ("b",)), (("OK", "OK", "OK"), ()),
])  # fmt: skip
def test_a_fall_names_the_alarms_that_caused_it(states, names):
    """Those that voted FAIL, in the order of the terms; a side that is sick by itself names none."""
    gates = tuple(AlarmGate(name=name) for name in "abc")
    live = but_terms(row(P.STEPPING), alarms=gates)
    readings = tuple(
        AlarmReading.model_validate({"name": gate.name, "state": state, "since": "2025-01-01T00:00:00Z"})
        for gate, state in zip(gates, states, strict=True)
    )
    look = look_at(live, candidate=SideHealth(state="healthy") if names else SICK)
    (event,) = decide(live, look.model_copy(update={"alarms": readings}), T0).notices[-1:]
    assert (event.kind, event.kind == "event" and event.what) == ("event", "going_back")
    assert event.kind == "event" and event.alarms == names


def test_an_alarm_that_was_red_during_the_step_caused_the_fall_too():
    """OK again by now, but red in between: its history brought the rollout back."""
    live = row(P.STEPPING)
    late = AlarmReading.model_validate({"name": "my-app-errors", "state": "OK", "since": T0, "history": "red"})
    notices = decide(live, look_at(live).model_copy(update={"alarms": (late,)}), T0).notices
    assert [one.alarms for one in notices if one.kind == "event"] == [("my-app-errors",)]


def test_a_fall_without_an_alarm_names_none():
    """A pause that took too long, while all is green."""
    live = row(P.PAUSED, elapsed=timedelta(hours=24))
    notices = decide(live, look_at(live), T0).notices
    assert [one.alarms for one in notices if one.kind == "event" and one.what == "going_back"] == [()]


def test_a_stale_verdict_never_waits_in_the_row():
    """The verdict of the row is of this look: yesterday's PASS does not outlive a look that saw nothing."""
    live = row(P.STEPPING, verdict=verdict("PASS"), baked=5 * MINUTE)
    dark = look_at(live).model_copy(update={"seen": None, "alarms_at": None})
    after = decide(live, dark, T0).rollout
    assert after.verdict is not None and after.verdict.cause == "blind"


def test_an_error_of_aws_keeps_its_kind():
    """Who catches it decides by kind; the fact and the hint read as one sentence and a half."""
    error = TargetError("throttle", "DescribeAlarms was throttled", "wait")
    assert (error.kind, str(error), str(TargetError("done", "already so"))) == (
        "throttle", "DescribeAlarms was throttled. wait", "already so"
    )  # fmt: skip


def test_a_waiver_sends_nothing_to_a_side_not_known_healthy():
    """S7: go-on answers missing evidence about the traffic, not a receiving side that may not be there."""
    live = row(P.STEPPING, step=1, waiver=waiver(1))
    assert decide(live, look_at(live, alarm="INSUFFICIENT_DATA"), T0).actions == (Shift(percent=50),)
    for side in (UNKNOWN, SICK):
        assert Shift(percent=50) not in decide(live, look_at(live, candidate=side), T0).actions


def test_the_candidate_is_removed_after_settling():
    """S11 downwards: its side goes only after 0 % was seen and has settled, not again at once; then it is over."""
    live = but_terms(row(P.ROLLING_BACK, proven=0, sighting="0", cause=cause("alarm")), settle=MINUTE)
    warm = look_at(live, retired=("stable",))
    settled = live.but(proven_for=MINUTE)
    assert decide(live.but(proven_for=0.9 * MINUTE), warm, T0 + 60 * MINUTE, timedelta(0)).actions == ()
    assert [action.arg for action in decide(settled, warm, T0).actions] == ["candidate"]
    assert decide(settled.but(asked_at=T0), warm, T0).actions == ()
    assert decide(live, warm, T0).rollout.phase is P.ROLLING_BACK
    assert decide(live, look_at(live), T0).rollout.phase is P.ROLLED_BACK


def test_a_red_alarm_counts_during_a_pause():
    """S12: whoever paused it, and whatever for, a red alarm takes it back."""
    for kind in ("person", "no_data", "drift", "blind", "deadline"):
        live = row(P.PAUSED, cause=cause(kind))
        after = decide(live, look_at(live, alarm="ALARM"), T0)
        assert (after.rollout.phase, after.actions) == (P.ROLLING_BACK, (Shift(percent=0),))


def test_what_is_asked_for_in_the_look_that_ends_a_blind_pause_is_remembered():
    """A restore that was cut short by blindness goes on when sight returns: the weight it asks for is known as ours."""
    live = row(P.PAUSED, cause=cause("blind"), overwrite=True)
    done = decide(live, look_at(live, percent=30), T0)
    assert done.actions == (Shift(percent=10),)
    assert (done.rollout.asked, done.rollout.asked_at) == ((10,), T0)
