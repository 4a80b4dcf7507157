"""What the row itself refuses, and what each wish leaves in it: never an effect, always a look that is due at once."""

from datetime import timedelta

import pytest

from rollout.errors import Denied, Refused
from rollout.model import Phase
from rollout.seen import Reason
from rollout.terms import Approval
from rollout.wishes import apply, begin, next_step
from tests.rollout.make import T0, ask, cause, row, verdict, waiver
from tests.rollout.scene import ANA, BEN, EVA

P = Phase
NOW = T0 + timedelta(minutes=1)
COLD = verdict("no_data").model_copy(update={"reasons": (
    Reason(voter="target", vote="no_data", text="the new release is not known healthy: 1 of 3 targets healthy"),
)})  # fmt: skip
REFUSED = [
    ("promote", row(P.STEPPING, proven=0), "still moving: AWS has not yet shown 10% 5m"),
    ("promote", row(P.STEPPING, "10%, check a, 100%", step=1), "still moving"),
    ("promote", row(P.STEPPING, verdict=None), "not known healthy: nothing has been seen yet"),
    ("promote", row(P.STEPPING, verdict=verdict("blind")), "not known healthy"),
    ("promote", row(P.STEPPING, verdict=COLD), "not known healthy: 1 of 3 targets healthy"),
    ("promote", row(P.FINAL_BAKE, verdict=verdict("FAIL")), "not known healthy"),
    ("resume", row(P.PAUSED, cause=cause("no_data")), "not paused by a person: it waits for data"),
    ("resume", row(P.PAUSED, cause=cause("drift")), "not paused by a person: somebody else changed"),
    ("resume", row(P.PAUSED, cause=cause("blind")), "not paused by a person: AWS cannot be read"),
    ("approve", row(P.WAITING, cause=cause("no_gate")), "does not wait for an approval"),
    ("reject", row(P.WAITING, cause=cause("no_gate")), "does not wait for an approval"),
    ("go-on", row(P.PAUSED, cause=cause("person"), verdict=verdict("no_data")), "does not lack evidence"),
    ("go-on", row(P.PAUSED, cause=None, verdict=verdict("no_data")), "does not lack evidence"),
    ("go-on", row(P.PAUSED, cause=cause("no_data"), verdict=verdict("blind")), "does not lack evidence"),
    ("go-on", row(P.PAUSED, cause=cause("no_data"), verdict=verdict("FAIL")), "does not lack evidence"),
    ("go-on", row(P.PAUSED, cause=cause("no_data"), verdict=None), "does not lack evidence"),
    ("cancel", row(P.WAITING), "has already sent traffic"),
    ("cancel", row(P.LAUNCHING, peak=1), "has already sent traffic"),
    ("retry", row(P.PAUSED), "paused, but not for an error of AWS"),
    ("retry", row(P.PAUSED, cause=cause("drift")), "paused, but not for an error of AWS"),
    ("adopt", row(P.PAUSED), "shows nothing to adopt"),
    ("adopt", row(P.PAUSED, cause=None), "shows nothing to adopt"),
    ("restore", row(P.PAUSED), "shows nothing to restore"),
    ("restore", row(P.PAUSED, cause=None), "shows nothing to restore"),
]


@pytest.mark.parametrize(("verb", "live", "fact"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_the_row_refuses(verb, live, fact):
    """The verb fits the phase and not the row: a fact about this rollout, and what to do instead."""
    with pytest.raises(Refused) as no:
        apply(live, ask(verb), EVA, NOW)
    assert fact in no.value.fact
    assert (no.value.rollout, bool(no.value.hint)) == (1, True)


@pytest.mark.parametrize("verb", ["reject", "go-on", "adopt"])
@pytest.mark.parametrize("reason", ["", "  \n"])
def test_the_machine_asks_for_reasons_itself(verb, reason):
    """The rule holds whoever calls: also where no door stands before it."""
    rows = {
        "reject": row(P.WAITING, "10%, approve, 100%", step=1), "adopt": row(P.STUCK),
        "go-on": row(P.PAUSED, cause=cause("no_data"), verdict=verdict("no_data")),
    }  # fmt: skip
    with pytest.raises(Refused, match=f"{verb} needs a reason"):
        apply(rows[verb], ask(verb, reason=reason), EVA, NOW)
    assert apply(rows[verb], ask(verb), EVA, NOW) != rows[verb]


def test_promote_is_bound_to_what_was_seen():
    """A promote is a wish for this step of this plan; --full says so in the row and stops at an approve step."""
    live = row(P.STEPPING)
    assert apply(live, ask("promote"), ANA, NOW) == live.but(hurry=live.bound, hurry_by=ANA, wake_at=NOW)
    assert apply(live, ask("promote", full=True), ANA, NOW).hurry_full
    with pytest.raises(Refused, match="approve step ahead"):
        apply(row(P.STEPPING, "10%, approve, 100%"), ask("promote", full=True), ANA, NOW)
    past = row(P.STEPPING, "10%, approve, 100%", step=2, proven=100)
    assert apply(past, ask("promote", full=True), ANA, NOW).hurry_full


def test_a_pause_and_its_end_leave_the_bake_as_it_was():
    """Pause remembers where it was and what it waited for; resume goes on there, with the same watched time."""
    live = row(P.STEPPING, baked=timedelta(minutes=3), last_good=T0)
    live = live.but(hurry=live.bound)
    held = apply(live, ask("pause", reason="lunch"), BEN, NOW)
    assert (held.phase, held.resume_to, held.hurry, held.last_good) == (P.PAUSED, P.STEPPING, None, None)
    assert held.cause is not None and (held.cause.text, held.cause.by) == ("paused: lunch", BEN)
    assert held.person_pause == held.cause
    on = apply(held, ask("resume"), ANA, NOW)
    assert (on.phase, on.baked, on.cause, on.person_pause, on.resume_to) == (P.STEPPING, live.baked, None, None, None)
    waiting = row(P.WAITING, "10%, approve, 100%", step=1, cause=cause("approve"))
    again = apply(apply(waiting, ask("pause", reason=""), ANA, NOW), ask("resume"), ANA, NOW)
    assert (again.phase, again.cause) == (P.WAITING, waiting.cause)
    assert apply(row(P.PAUSED, resume_to=None), ask("resume"), ANA, NOW).phase is P.STEPPING


def test_a_persons_pause_on_top_of_another_stays():
    """Paused for lack of sight or data it would go on by itself; a person's pause on top keeps it, and only once."""
    for kind in ("no_data", "blind", "drift", "deadline"):
        live = row(P.PAUSED, cause=cause(kind))
        held = apply(live, ask("pause", reason="wait"), BEN, NOW)
        assert (held.phase, held.cause, held.resume_to) == (P.PAUSED, live.cause, live.resume_to)
        assert held.person_pause is not None and held.person_pause.by == BEN
        with pytest.raises(Refused, match="#1 is paused already"):
            apply(held, ask("pause"), ANA, NOW)


def test_approvals_are_signatures_and_the_requester_does_not_count():
    """Each approval is kept with who, step and plan; four eyes only where configured."""
    live = row(P.WAITING, "10%, approve 2, 100%", step=1)
    one = apply(live, ask("approve"), ANA, NOW)
    (signature,) = one.signatures
    assert (signature.by, signature.step, signature.plan_hash, signature.at) == (ANA, 1, live.terms.plan.hash, NOW)
    assert len(apply(one, ask("approve"), BEN, NOW).signatures) == 2
    strict = live.but(terms=live.terms.model_copy(update={"approval": Approval()}))
    with pytest.raises(Denied, match="you asked for #1 yourself"):
        apply(strict, ask("approve"), ANA, NOW)


def test_reject_goes_back_or_ends_before_it_began():
    """At an approve step it rolls back with the reason; before the start it is cancelled."""
    back = apply(row(P.WAITING, "10%, approve, 100%", step=1), ask("reject", reason="no"), EVA, NOW)
    assert (back.phase, back.cause and back.cause.text, back.fell_for) == (P.ROLLING_BACK, "rejected: no", back.cause)
    assert apply(row(P.AWAITING_APPROVAL), ask("reject"), EVA, NOW).phase is P.CANCELLED


@pytest.mark.parametrize(("proven", "step"), [(10, 1), (0, 0)])
def test_go_on_waives_the_step_that_comes_next(proven, step):
    """From a seen weight the waiver is for the next step, from one not yet seen for this; the reason is kept."""
    live = row(P.PAUSED, cause=cause("no_data"), verdict=verdict("no_data"), proven=proven)
    live = live.but(person_pause=cause("person"))
    on = apply(live, ask("go-on", reason="night"), EVA, NOW)
    assert next_step(live) == step
    assert (on.waiver, on.phase, on.person_pause) == (
        waiver(step).model_copy(update={"reason": "night", "at": NOW}), P.STEPPING, None
    )  # fmt: skip


def test_rollback_again_can_only_add_force():
    """While it goes back, rollback changes nothing but force, never takes it away; force needs a reason."""
    live = row(P.ROLLING_BACK)
    assert apply(live, ask("rollback"), ANA, NOW) == live.but(wake_at=NOW)
    forced = apply(live, ask("rollback", force=True), ANA, NOW)
    assert forced.force and apply(forced, ask("rollback"), ANA, NOW).force
    with pytest.raises(Refused, match="rollback needs a reason"):
        apply(live, ask("rollback", force=True, reason=""), ANA, NOW)


@pytest.mark.parametrize(
    ("phase", "goes", "overwrites"),
    [(P.REQUESTED, P.CANCELLED, False), (P.AWAITING_APPROVAL, P.CANCELLED, False), (P.LAUNCHING, P.ROLLING_BACK, False),
     (P.PAUSED, P.ROLLING_BACK, False), (P.STUCK, P.ROLLING_BACK, True)],
)  # fmt: skip
def test_rollback_from_each_side_of_the_start(phase, goes, overwrites):
    """Before anything was launched it is cancelled; after, it goes back with fresh tries, from stuck over anything."""
    after = apply(row(phase, write_failures=9, resume_to=P.RETIRING), ask("rollback", reason=""), BEN, NOW)
    assert (after.phase, after.overwrite) == (goes, overwrites)
    assert after.cause is not None and (after.cause.text, after.cause.by) == ("rolled back", BEN)
    if goes is P.ROLLING_BACK:
        assert (after.write_failures, after.resume_to) == (0, None)


def test_cancel_before_traffic():
    """Before the launch it just ends; after it the candidate is taken down first; never once traffic moved."""
    assert apply(row(P.REQUESTED), ask("cancel"), ANA, NOW).phase is P.CANCELLED
    after = apply(row(P.LAUNCHING), ask("cancel"), ANA, NOW)
    assert (after.phase, after.cause and after.cause.kind) == (P.ROLLING_BACK, "cancel")


@pytest.mark.parametrize(("resume_to", "goes"), [(P.RETIRING, P.RETIRING), (None, P.ROLLING_BACK)])
def test_retry_from_stuck_goes_where_it_was(resume_to, goes):
    """Stuck: the last change again, not over a foreign split, with fresh tries, for the reason it fell for."""
    live = row(P.STUCK, resume_to=resume_to, fell_for=cause("alarm"), write_failures=9, failures=9)
    after = apply(live, ask("retry"), ANA, NOW)
    assert (after.phase, after.overwrite, after.write_failures, after.failures) == (goes, False, 0, 0)
    assert after.cause is not None and after.cause.kind == "alarm"


def test_retry_from_a_pause_forgets_the_faults():
    """Paused for AWS's errors: on where it was, the counted faults forgotten; a person's pause beneath stays."""
    live = row(P.PAUSED, cause=cause("blind"), failures=9, write_failures=9, resume_to=P.FINAL_BAKE)
    after = apply(live, ask("retry"), ANA, NOW)
    assert (after.phase, after.failures, after.write_failures, after.fault) == (P.FINAL_BAKE, 0, 0, None)
    beneath = apply(live.but(person_pause=cause("person")), ask("retry"), ANA, NOW)
    assert (beneath.phase, beneath.cause and beneath.cause.kind) == (P.PAUSED, "person")


@pytest.mark.parametrize(
    ("resume_to", "goes"),
    [(P.STEPPING, P.STEPPING), (P.WAITING, P.WAITING), (P.FINAL_BAKE, P.STEPPING), (P.RETIRING, P.STEPPING)],
)
def test_restore_puts_back_and_bakes_a_hundred_anew(resume_to, goes):
    """Restore may overwrite; from the final bake on 100 % has to be reached, seen and baked again (S1, S5)."""
    live = row(P.PAUSED, cause=cause("drift"), resume_to=resume_to)
    after = apply(live, ask("restore"), ANA, NOW)
    assert (after.phase, after.overwrite, after.resume_to) == (goes, True, None)


def test_a_restored_step_begins_without_an_old_cause():
    """Restored from the final bake: the step that begins anew carries no cause of the phase before."""
    live = row(P.PAUSED, cause=cause("drift"), resume_to=P.FINAL_BAKE, resume_cause=cause("deadline"))
    after = apply(live, ask("restore"), ANA, NOW)
    assert (after.phase, after.cause, after.resume_cause) == (P.STEPPING, None, None)


def test_adopt_ends_it_as_it_stands():
    """Adopted: over at once, with who and why; nothing is written to AWS any more."""
    for live in (row(P.STUCK), row(P.PAUSED, cause=cause("drift"))):
        after = apply(live, ask("adopt", reason="mine"), ANA, NOW)
        assert (after.phase, after.cause and after.cause.text) == (P.ADOPTED, "adopted as AWS shows it: mine")


def test_a_new_rollout_is_due_at_once():
    """Begun: requested, by whom, wanting what, for which reason, with its terms, and looked at next."""
    terms = row(P.STEPPING).terms
    new = begin(ask("start", release="2", reason="fix"), terms, ANA, NOW, kind="lambda")
    assert (new.phase, new.wanted, new.reason, new.by, new.back, new.wake_at, new.id) == (
        P.REQUESTED, "2", "fix", ANA, False, NOW, 0
    )  # fmt: skip
    assert begin(ask("rollback"), terms, ANA, NOW, kind="lambda").back
