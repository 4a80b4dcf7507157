"""A person's wish changes the row, never the world: `begin` and `apply`. Effects come from decide.py alone.

table.py says which verb fits which phase; here stands what the row itself may still refuse.
"""

from collections.abc import Callable
from datetime import datetime

from rollout import watched_wishes as watched
from rollout.ask import Ask
from rollout.errors import Refused
from rollout.model import Cause, CauseKind, Phase, Rollout, Signature, Waiver
from rollout.people import Actor
from rollout.plan import Approve, SetWeight
from rollout.policy import may_sign
from rollout.table import misfit, require
from rollout.terms import Terms
from rollout.values import ZERO
from rollout.verbs import VERBS


def begin(ask: Ask, terms: Terms, actor: Actor, now: datetime, *, kind: str) -> Rollout:
    """A new rollout of the ask's target: it holds the target from the moment it is stored."""
    return Rollout(
        app=ask.app,
        env=ask.env,
        kind=kind,
        by=actor,
        reason=ask.reason,
        wanted=ask.release,
        back=ask.verb == "rollback",
        terms=terms,
        created_at=now,
        phase_at=now,
        gate_from=now,
        wake_at=now,
    )


def apply(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    """The rollout after the wish; Refused when it does not fit. Whatever it wishes, the next look is due at once."""
    require(rollout, ask.verb)
    if rollout.adopting is not None and ask.verb != "rollback":
        raise Refused(
            f"#{rollout.id} was adopted and is about to end: its capacity limits are given back first",
            "wait for it, or roll back", rollout=rollout.id,
        )  # fmt: skip
    if VERBS[ask.verb].upward:
        _current(rollout, ask)
    return _WISHES[ask.verb](rollout, ask, actor, now).but(wake_at=now)


def _current(rollout: Rollout, ask: Ask) -> None:
    """S9: an upward click counts only for the step and the plan that its card showed."""
    if ask.bound is not None and ask.bound.wait != rollout.bound.wait and ask.bound.step == rollout.step:
        raise Refused(
            f"this button is for something that #{rollout.id} no longer waits for",
            "use the buttons on the present card", rollout=rollout.id, offer="status",
        )  # fmt: skip
    if ask.bound is not None and ask.bound != rollout.bound:
        raise Refused(
            f"this button is from step {ask.bound.step + 1}; #{rollout.id} is at step {rollout.step + 1} now",
            "nothing was changed; use the buttons on the present card",
            rollout=rollout.id,
            offer="status",
        )


def _cause(kind: CauseKind, text: str, ask: Ask, actor: Actor, now: datetime) -> Cause:
    return Cause(kind=kind, text=f"{text}: {ask.reason}" if ask.reason else text, at=now, by=actor)


def _promote(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    if rollout.watched:
        return watched.promote(rollout, actor)
    if rollout.phase not in (Phase.STEPPING, Phase.FINAL_BAKE):
        raise misfit(rollout, "promote")
    here = rollout.here
    if not isinstance(here, SetWeight) or rollout.proven != here.percent:
        raise Refused(
            f"#{rollout.id} is still moving: AWS has not yet shown {here}", "wait until the weight is seen",
            rollout=rollout.id,
        )  # fmt: skip
    verdict = rollout.verdict
    if verdict is None or verdict.outcome != "PASS":
        said = verdict and (verdict.said("fail") or verdict.said("blind") or verdict.said("no_data"))
        raise Refused(
            f"#{rollout.id} is not known healthy: {(said or 'nothing has been seen yet').removeprefix(watched.NEW)}",
            "promote needs every alarm OK at this weight",
            rollout=rollout.id,
        )
    if ask.full and any(isinstance(step, Approve) for step in rollout.terms.plan.steps[rollout.step :]):
        raise Refused(
            f"#{rollout.id} has an approve step ahead; --full does not skip it",
            "promote step by step and approve",
            rollout=rollout.id,
        )
    return rollout.but(hurry=rollout.bound, hurry_full=ask.full, hurry_by=actor)


def _pause(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    if rollout.watched:
        raise watched.no_pause(rollout)
    cause = _cause("person", "paused", ask, actor, now)
    if rollout.phase is Phase.PAUSED and rollout.person_pause is not None:
        raise Refused(f"#{rollout.id} is paused already", "resume goes on", rollout=rollout.id)
    if rollout.phase is Phase.PAUSED:  # it would go on by itself when sight or data return; now it will not
        return rollout.but(person_pause=cause)
    return rollout.enter(
        Phase.PAUSED, now, cause, resume_to=rollout.phase, hurry=None, hurry_full=False, last_good=None,
        resume_cause=rollout.cause, person_pause=cause,
    )  # fmt: skip


def back_to(rollout: Rollout, now: datetime, **changes: object) -> Rollout:
    """The phase before the pause, with its bake as it was: pauses lengthen a bake and never shorten it.

    Where a person had paused before something else did, back to that person's pause.
    """
    if rollout.person_pause is not None:
        return rollout.enter(Phase.PAUSED, now, rollout.person_pause, last_good=None, **changes)
    return rollout.enter(
        rollout.resume_to or Phase.STEPPING, now, rollout.resume_cause, resume_to=None, resume_cause=None,
        last_good=None, **changes,
    )  # fmt: skip


def _resume(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    kind = rollout.cause.kind if rollout.cause else "person"
    ways = {
        "no_data": ("it waits for data", "go-on with a reason goes on without evidence; or roll back"),
        "drift": (
            "somebody else changed the traffic",
            "adopt accepts it, restore puts it back; or roll back",
        ),
        "blind": ("AWS cannot be read", "it goes on by itself when sight returns; retry looks now"),
    }
    if kind in ways:
        fact, hint = ways[kind]
        raise Refused(f"#{rollout.id} is not paused by a person: {fact}", hint, rollout=rollout.id)
    return back_to(rollout.but(person_pause=None), now)


def _approve(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    _at_question(rollout, "approve")
    if watched.at_wait(rollout) and not watched.waived_here(rollout):
        watched.known_healthy(rollout)
    may_sign(rollout, rollout.terms.approval, actor)
    signature = Signature(by=actor, step=rollout.step, plan_hash=rollout.terms.plan.hash, at=now)
    return rollout.but(signatures=(*rollout.signatures, signature))


def _reject(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    _at_question(rollout, "reject")
    _with_reason(rollout, ask)
    cause = _cause("reject", "rejected", ask, actor, now)
    if rollout.phase is Phase.WAITING:
        return rollout.enter(Phase.ROLLING_BACK, now, cause, resume_to=None)
    return rollout.enter(Phase.CANCELLED, now, cause)


def _at_question(rollout: Rollout, verb: str) -> None:
    at_step = rollout.phase is Phase.WAITING and (isinstance(rollout.here, Approve) or watched.at_wait(rollout))
    if rollout.phase is not Phase.AWAITING_APPROVAL and not at_step:
        raise Refused(
            f"#{rollout.id} does not wait for an approval: nothing watches it, it needs go-on",
            f"{verb} answers approve steps only; go-on with a reason goes on without evidence",
            rollout=rollout.id,
        )


def _with_reason(rollout: Rollout, ask: Ask) -> None:
    if not ask.reason.strip():
        raise Refused(f"{ask.verb} needs a reason", f'add --reason "..." after #{rollout.id}', rollout=rollout.id)


def _go_on(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    """S1: only over no_data or no_gate, never on FAIL, never blind; for the one step that comes next."""
    _with_reason(rollout, ask)
    kind = rollout.cause.kind if rollout.cause else ""
    verdict = rollout.verdict
    waits = watched.at_wait(rollout)
    lacks = ("no_data", "no_gate")
    if (kind not in lacks and not waits) or verdict is None or verdict.cause not in lacks:
        raise Refused(
            f"#{rollout.id} does not lack evidence", "go-on answers only missing data or missing gates",
            rollout=rollout.id,
        )  # fmt: skip
    if waits:
        return watched.waive(rollout, ask, actor, now)
    waiver = Waiver(by=actor, step=next_step(rollout), reason=ask.reason, at=now)
    return rollout.enter(
        Phase.STEPPING,
        now,
        None,
        resume_to=None,
        resume_cause=None,
        last_good=None,
        waiver=waiver,
        person_pause=None,
    )


def next_step(rollout: Rollout) -> int:
    """The step that a raise would enter: the present one until its weight is proven, then the following one."""
    here = rollout.here
    arrived = rollout.proven == (100 if rollout.watched else here.percent if isinstance(here, SetWeight) else None)
    return rollout.step + 1 if arrived else rollout.step


def _ship(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    """Away from an old release that is known to be sick, to a new one that is known to bear everything (S7)."""
    _with_reason(rollout, ask)
    emergency(rollout)
    red = {one.name: one.since for one in rollout.alarms if one.state == "ALARM" and one.since}
    last = len(rollout.terms.plan.steps) - 1
    waiver = Waiver(by=actor, step=last, reason=ask.reason, at=now)
    return rollout.enter(
        Phase.STEPPING, now, None, step=last, shipped=waiver, waiver=waiver, known_red={**rollout.known_red, **red},
        gate_from=now, baked=ZERO, last_good=None, hurry=None, hurry_full=False, resume_to=None, resume_cause=None,
        person_pause=None, fell_for=None, force=False, write_failures=0, signatures=(),
    )  # fmt: skip


def emergency(rollout: Rollout) -> None:
    """Refuse an emergency ship unless there is an emergency, and something that could be shipped."""
    seen, says = rollout.seen, ""
    if rollout.watched:
        says = "AWS moves its traffic by itself"
    elif seen is None or rollout.failures or rollout.fault is not None:
        says = "AWS cannot be read, so nobody knows what is sick"
    elif seen.stable.state != "sick":
        says = f"the old release is not known to be sick ({seen.stable.state})"
    elif not seen.candidate.bears(100):
        says = f"the new release is not known to bear all traffic: {seen.candidate.text or seen.candidate.state}"
    elif seen.percent is None or not rollout.made(seen.shares):
        says = "AWS shows a split that is not ours"
    if says:
        raise Refused(
            f"#{rollout.id} is no case for an emergency ship: {says}",
            "promote goes on step by step; rollback goes back", rollout=rollout.id,
        )  # fmt: skip


def _rollback(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    if ask.force:
        _with_reason(rollout, ask)
    if rollout.phase is Phase.ROLLING_BACK:
        return rollout.but(force=rollout.force or ask.force)
    cause = _cause("person", "rolled back", ask, actor, now)
    if rollout.phase in (Phase.REQUESTED, Phase.AWAITING_APPROVAL):
        return rollout.enter(Phase.CANCELLED, now, cause)
    overwrite = rollout.overwrite or rollout.phase is Phase.STUCK
    return rollout.enter(
        Phase.ROLLING_BACK, now, cause, resume_to=None, force=rollout.force or ask.force, overwrite=overwrite,
        write_failures=0, adopting=None,
    )  # fmt: skip


def _cancel(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    cause = _cause("cancel", "cancelled", ask, actor, now)
    if rollout.phase in (Phase.REQUESTED, Phase.AWAITING_APPROVAL):
        return rollout.enter(Phase.CANCELLED, now, cause)
    if rollout.peak > 0:
        raise Refused(
            f"#{rollout.id} has already sent traffic to the new release", f"/deploy rollback #{rollout.id}",
            rollout=rollout.id, offer="rollback",
        )  # fmt: skip
    return rollout.enter(Phase.ROLLING_BACK, now, cause, resume_to=None)


def _retry(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    if rollout.phase is Phase.STUCK:
        return rollout.enter(rollout.resume_to or Phase.ROLLING_BACK, now, rollout.fell_for or rollout.cause,
                             resume_to=None, overwrite=rollout.overwrite, write_failures=0, failures=0)  # fmt: skip
    if rollout.cause and rollout.cause.kind not in ("blind", "deadline"):
        raise Refused(
            f"#{rollout.id} is paused, but not for an error of AWS", "resume, go-on, adopt or restore answer a pause",
            rollout=rollout.id,
        )  # fmt: skip
    return back_to(rollout, now, failures=0, write_failures=0, fault=None, write_fault=None)


def _adopt(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    _with_reason(rollout, ask)
    if rollout.phase is Phase.PAUSED and (rollout.cause is None or rollout.cause.kind != "drift"):
        raise Refused(f"#{rollout.id} shows nothing to adopt", "adopt answers a foreign change", rollout=rollout.id)
    if watched.under_way(rollout):
        raise Refused(
            f"#{rollout.id} cannot be adopted yet: AWS's own deployment is still under way",
            "wait until it has ended, stop it on AWS, or roll back", rollout=rollout.id,
        )  # fmt: skip
    cause = _cause("person", "adopted as AWS shows it", ask, actor, now)
    if rollout.seen is not None and rollout.seen.pinned is not None:  # the next look tells whether any are left
        return rollout.but(adopting=cause, reminded=0)
    return rollout.enter(Phase.ADOPTED, now, cause)


def _restore(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    if rollout.cause is None or rollout.cause.kind != "drift":
        raise Refused(f"#{rollout.id} shows nothing to restore", "restore answers a foreign change", rollout=rollout.id)
    if rollout.resume_to in (Phase.FINAL_BAKE, Phase.RETIRING):
        # 100 % has to be reached, seen and baked anew (S1, S5), as if the last step had just begun.
        return back_to(rollout.but(resume_to=Phase.STEPPING, resume_cause=None), now, overwrite=True)
    return back_to(rollout, now, overwrite=True)


_WISHES: dict[str, Callable[[Rollout, Ask, Actor, datetime], Rollout]] = {
    "promote": _promote,
    "pause": _pause,
    "resume": _resume,
    "approve": _approve,
    "reject": _reject,
    "go-on": _go_on,
    "ship": _ship,
    "rollback": _rollback,
    "cancel": _cancel,
    "retry": _retry,
    "adopt": _adopt,
    "restore": _restore,
}
