"""Upwards: launching, stepping, waiting, the final bake, retiring. Every raise passes `_may_raise` (S1, S7)."""

from datetime import datetime, timedelta

from rollout.actions import Finish, Launch, Retire, Shift
from rollout.looking import watching
from rollout.looking.look import Look
from rollout.looking.requested import remind, signed, wanted
from rollout.model import Phase
from rollout.plan import Approve, SetWeight, Watch
from rollout.seen import Seen, Verdict
from rollout.values import ZERO


def launching(look: Look) -> None:
    """The candidate comes up at 0 % until it is known healthy."""
    if look.r.watched:
        watching.follow(look)
        return
    r, seen = look.r, look.obs.seen
    steer(look, 0)
    up = seen is not None and seen.candidate.state == "healthy" and seen.pinned is not False
    if seen is not None and up and seen.percent == 0 == r.proven:
        look.enter(Phase.STEPPING)
        stepping(look)
    elif seen is not None and r.candidate and not up and not look.asked_lately() and not _coming(seen):
        look.act(Launch(release=r.candidate.id))
    if look.r.phase is Phase.LAUNCHING and r.elapsed >= r.terms.timing.launching:
        text = f"the new release did not become healthy in time: {seen.candidate.text if seen else 'not seen'}"
        look.fall(look.cause("deadline", text))


def _bring_up(look: Look, seen: Seen, to: int) -> None:
    """The new side has become too small for the next share: what serves has grown, or some of it died."""
    r, side = look.r, seen.candidate
    # A late count is no news of what is missing: more is not asked for because of it.
    short = side.ready is not None and not side.late and side.state != "sick" and not side.bears(to)
    if short and r.candidate is not None and not look.asked_lately() and not _coming(seen):
        look.act(Launch(release=r.candidate.id))


def _coming(seen: Seen) -> bool:
    """All that Launch asks for stands already, and AWS is at it."""
    return seen.candidate.coming and seen.pinned is not False


def stepping(look: Look) -> None:
    """Moving to, checking and baking one step."""
    r, here, seen = look.r, look.r.here, look.obs.seen
    if isinstance(here, Approve):
        _ask_approval(look)
    elif isinstance(here, Watch):
        watching.follow(look)
    elif not isinstance(here, SetWeight):
        look.stick(look.cause("blind", f"nobody here can do the step `{here}`", "roll back"), Phase.STEPPING)
    elif seen is not None and seen.percent == here.percent == r.proven and not _unpinned(look):
        need = here.bake if here.percent < 100 else ZERO
        if bake(look, need):
            _advance(look)
    else:
        _move(look, here)


def _move(look: Look, here: SetWeight) -> None:
    r, seen = look.r, look.obs.seen
    verdict = r.verdict or Verdict(outcome="UNKNOWN", cause="blind")
    begun = seen is not None and seen.percent in r.asked
    lacking = verdict.cause in ("no_gate", "no_data") and not _waived(look, r.step)
    if lacking and seen is not None and not begun and here.percent > (seen.percent or 0):
        _lack(look, verdict)
        return
    steer(look, here.percent)
    if look.r.elapsed >= r.terms.timing.move and r.proven != here.percent:
        fault = r.write_fault.text if r.write_fault else f"AWS shows {seen.percent if seen else '?'} %"
        cause = look.cause("deadline", f"{here.percent} % was not seen in time: {fault}", "retry, or roll back")
        look.pause(cause)
        look.page(f"#{r.id}: {cause.text}", cause.hint)


def steer(look: Look, to: int) -> None:
    """Ask for `to` iff AWS shows something else that is ours (or may be overwritten). Level-triggered."""
    r, seen = look.r, look.obs.seen
    if _unpinned(look) and r.candidate and not look.asked_lately():
        look.act(Launch(release=r.candidate.id))
    if seen is None or not seen.settled or seen.percent == to:
        return
    if not r.made(seen.shares) and not r.overwrite:
        return  # a first foreign sighting: the next look tells whether it is drift
    up = to > min(seen.shares, default=0)
    if up and not _may_raise(look, to):
        _bring_up(look, seen, to)
        return
    if to in r.asked and look.asked_lately():
        return
    if up and to not in r.asked:
        look.tell("raised", percent=to)
    look.act(Shift(percent=to))


def _unpinned(look: Look) -> bool:
    """A person chose [Restore], and somebody else's limits still stand."""
    seen = look.obs.seen
    return look.r.overwrite and look.r.pins and seen is not None and seen.pinned is False


def _may_raise(look: Look, to: int) -> bool:
    """S1: PASS on the present weight, or a person's waiver for this very step over missing evidence. S7: the receiving
    side is known healthy, as much of it as that share needs, by a count that is not late.
    """
    r, seen = look.r, look.obs.seen
    if seen is None or not seen.candidate.bears(to) or r.verdict is None:
        return False
    return r.verdict.outcome == "PASS" or (_waived(look, r.step) and r.verdict.cause in ("no_data", "no_gate"))


def _waived(look: Look, step: int) -> bool:
    return look.r.waiver is not None and look.r.waiver.step == step


def bake(look: Look, need: timedelta) -> bool:
    """Count watched time over good looks only; True when it is enough, or a person hurries it and all is well."""
    r = look.r
    verdict = r.verdict or Verdict(outcome="UNKNOWN", cause="blind")
    if verdict.outcome != "PASS":
        look.set(last_good=None)
        if r.hurry is not None:
            look.set(hurry=None, hurry_full=False, go="")
            look.tell("not_promoted", verdict.said(verdict.cause) or verdict.said("fail"))
        if verdict.cause not in ("no_gate", "no_data"):
            return False
        if not _waived(look, r.step + 1):
            _lack(look, verdict)
            return False
        if r.phase is not Phase.FINAL_BAKE:
            return True  # S5: the final bake is watched out even where a person waived its evidence
    gained = min(max(look.now - r.last_good, ZERO), look.gap) if r.last_good else ZERO
    look.set(baked=r.baked + gained, last_good=look.now)
    return look.r.baked >= need or look.r.hurry == r.bound


def _lack(look: Look, verdict: Verdict) -> None:
    """No evidence: a person has to look (S2)."""
    if verdict.cause == "no_gate":
        look.enter(Phase.WAITING, look.cause("no_gate", verdict.said("no_gate"), "add `alarms` to the target"))
        look.tell("no_gate", verdict.said("no_gate"), loud=True)
    else:
        look.pause(look.cause("no_data", verdict.said("no_data")))
        look.tell("no_data", verdict.said("no_data"))


def _advance(look: Look) -> None:
    """The present step is done: on to the next, in the same look and on its evidence."""
    r = look.r
    last = len(r.terms.plan.steps) - 1
    if r.step == last:
        good = look.now if r.verdict and r.verdict.outcome == "PASS" else None
        look.enter(Phase.FINAL_BAKE, baked=ZERO, last_good=good, hurry=None, hurry_full=False)
        look.tell("proven", percent=100)
        return
    if r.hurry is not None:
        look.tell("promoted", by=r.hurry_by)
    target = last if r.hurry_full else r.step + 1
    look.enter(
        Phase.STEPPING, step=target, baked=ZERO, last_good=None, hurry=None, hurry_full=False,
        # What changed after these alarms were read belongs to the next step.
        gate_from=_evidence_at(look),
    )  # fmt: skip
    stepping(look)


def _evidence_at(look: Look) -> datetime:
    """When the alarms behind this step were read; where they were not, the present step's time goes on (S12)."""
    obs = look.obs
    if not look.r.terms.alarms:
        return obs.at
    return look.r.gate_from if obs.alarms_fault is not None or obs.alarms_at is None else obs.alarms_at


def _ask_approval(look: Look) -> None:
    look.enter(Phase.WAITING, look.cause("approve", f"waits for {wanted(look)} approval(s)"))
    look.tell("approval_wanted", f"#{look.r.id} waits for approval at {look.r.proven} %", loud=True)


def waiting(look: Look) -> None:
    """At an approve step, or where nothing watches: a person decides; an hour without goes back."""
    r = look.r
    if r.cause is not None and r.cause.kind == "wait":
        watching.at_wait(look)
        return
    steer(look, r.proven or 0)
    if isinstance(r.here, Approve) and signed(look) >= wanted(look):
        look.tell("approved")
        look.enter(Phase.STEPPING)
        _advance(look)
        return
    remind(look)
    if r.elapsed >= r.terms.timing.approval:
        look.fall(look.cause("deadline", "nobody decided in time"))


def final_bake(look: Look) -> None:
    """100 % on the candidate, stable still warm."""
    if look.r.watched and watching.ended_badly(look):
        return
    r, seen = look.r, look.obs.seen
    _page_red_after_going_back(look)
    need = r.terms.final_bake
    if seen is not None and seen.percent == 100 == r.proven and bake(look, need):
        look.enter(Phase.RETIRING)
        retiring(look)
    elif look.r.phase is Phase.FINAL_BAKE and r.elapsed >= need + r.terms.timing.final_slack:
        cause = look.cause("deadline", "the final bake did not get enough watched time", "retry, or roll back")
        look.pause(cause)
        look.page(f"#{r.id}: {cause.text}", cause.hint)


def _page_red_after_going_back(look: Look) -> None:
    """The old release serves everything, and an alarm turned red after that: no machine knows a better side."""
    r = look.r
    red = [
        alarm.name for alarm in look.obs.alarms
        if alarm.state == "ALARM" and alarm.since and r.proven_at and alarm.since > r.proven_at
    ]  # fmt: skip
    if r.back and red and r.reminded == 0:
        look.set(reminded=1)
        look.page(f"#{r.id} has gone back, and {', '.join(red)} turned red after that", "look at the old release too")


def retiring(look: Look) -> None:
    """S11: the old side goes only after the new one was seen at 100 % and settle has passed."""
    if look.r.watched:
        watching.finish(look)
        return
    r, seen = look.r, look.obs.seen
    if seen is None or seen.percent != 100 or r.proven != 100:
        return
    if "stable" in seen.retired and seen.pinned:
        if not look.asked_lately():
            look.act(Finish())
    elif "stable" in seen.retired:
        look.enter(Phase.SUCCEEDED)
        look.tell("succeeded", loud=True)
        look.hold = watching.went_back(look)
    elif r.proven_for >= r.terms.settle and not look.asked_lately():
        look.act(Retire(side="stable"))
    if look.r.phase is Phase.RETIRING and r.elapsed >= r.terms.timing.retiring:
        look.stick(look.cause("deadline", "the old side could not be removed", "retry, or adopt"), Phase.RETIRING)
