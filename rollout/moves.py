"""What is legal now, as buttons, and how far the plan is. A move that `apply` would refuse is never drawn."""

from datetime import datetime, timedelta
from typing import Literal

from rollout.errors import Refused
from rollout.model import TERMINAL, Phase, Rollout
from rollout.plan import Approve, SetWeight
from rollout.ports import Hold
from rollout.reports import Move, Stage
from rollout.values import ZERO
from rollout.watched_wishes import at_wait, removal, under_way, waived_here
from rollout.wishes import emergency, next_step

P = Phase


def moves(r: Rollout, hold: Hold | None = None, *, newest: bool = True) -> tuple[Move, ...]:
    """At most five, the expected one first and primary, the dangerous one last. `newest`: none of its target is newer.

    What an older one would do anew is refused while the newer one lives, and is not meant after it.
    """
    if r.phase in TERMINAL:
        return _ended(r, hold) if newest or (hold is not None and hold.rollout == r.id) else ()
    if r.watched and r.adopting is None and r.phase in _WATCHED:
        return _watched(r)
    rollback = Move(verb="rollback", percent=0, release=r.stable.id if r.stable else "", danger=True)
    if r.adopting is not None:
        return (rollback,)
    ship = _ship(r)
    by_phase: dict[Phase, tuple[Move, ...]] = {
        P.REQUESTED: (Move(verb="cancel"),),
        P.AWAITING_APPROVAL: (
            *_approve(r), Move(verb="reject", reason=True), Move(verb="cancel", danger=True)
        ),
        P.LAUNCHING: (Move(verb="pause"), rollback if r.peak else Move(verb="cancel", danger=True)),
        P.STEPPING: (*_promote(r), Move(verb="pause"), rollback),
        P.WAITING: (*_answer(r), rollback),
        P.PAUSED: (*_unpause(r), rollback),
        P.FINAL_BAKE: (*_promote(r), Move(verb="pause"), rollback),
        P.RETIRING: (rollback,),
        P.STUCK: tuple(move for move in _unstick(r, rollback) if move.verb != "adopt" or not under_way(r)),
    }  # fmt: skip
    return (*ship, *by_phase.get(r.phase, ()))[-5:]


def _ship(r: Rollout) -> tuple[Move, ...]:
    if r.phase is not P.STUCK or r.cause is None or r.cause.kind != "stable_sick":
        return ()  # elsewhere it can be typed; a button belongs where everything else is held
    try:
        emergency(r)
    except Refused:
        return ()
    return (Move(verb="ship", percent=100, reason=True),)


_WATCHED = (P.LAUNCHING, P.STEPPING, P.WAITING, P.FINAL_BAKE, P.RETIRING)


def _watched(r: Rollout) -> tuple[Move, ...]:
    """AWS moves the traffic: what its waits can be answered with, and the way back."""
    rollback = Move(verb="rollback", percent=0, release=r.stable.id if r.stable else "", danger=True)
    passed = r.verdict is not None and r.verdict.outcome == "PASS"
    if r.phase is P.LAUNCHING:
        return (Move(verb="cancel", danger=True),)
    if at_wait(r):
        return (*_from_wait(r), rollback)
    if r.phase is P.WAITING:
        return (*_answer(r), rollback)
    ends_bake = r.phase is P.FINAL_BAKE and r.proven == 100 and passed and r.hurry != r.bound
    removes = r.phase is P.RETIRING and removal(r) not in ("", r.go)
    return (*((Move(verb="promote", primary=True),) if ends_bake or removes else ()), rollback)


def _from_wait(r: Rollout) -> tuple[Move, ...]:
    if r.go == r.wait or r.verdict is None:
        return ()
    waived = waived_here(r)
    if r.verdict.cause in ("no_gate", "no_data") and not waived:
        return (Move(verb="go-on", primary=True, reason=True),)
    if not waived and r.verdict.outcome != "PASS":
        return ()
    if r.signs:
        return (*_approve(r), Move(verb="reject", reason=True))
    return (Move(verb="promote", primary=True),)


def approved(r: Rollout) -> bool:
    """As many have signed as it takes, and the next look goes on: there is nothing left to ask for."""
    terms, starts = r.terms, r.phase is P.AWAITING_APPROVAL
    if not (starts or r.phase is P.WAITING):
        return False
    here = r.here.by if isinstance(r.here, Approve) and not starts else 1
    need = max(here, terms.approval.by if terms.approval else 1, r.signs if r.watched and not starts else 1)
    same = (one for one in r.signatures if one.step == r.step and one.plan_hash == terms.plan.hash)
    return len({one.by.key for one in same}) >= need


def _approve(r: Rollout, percent: int | None = None) -> tuple[Move, ...]:
    return () if approved(r) else (Move(verb="approve", percent=percent, primary=True),)


def _promote(r: Rollout) -> tuple[Move, ...]:
    here = r.here
    settled = isinstance(here, SetWeight) and r.proven == here.percent
    if not settled or r.verdict is None or r.verdict.outcome != "PASS" or r.hurry == r.bound:
        return ()
    return (Move(verb="promote", percent=_next_weight(r), primary=True),)


def _next_weight(r: Rollout) -> int | None:
    if r.phase is P.FINAL_BAKE:
        return None
    weights = [step.percent for step in r.terms.plan.steps[next_step(r) :] if isinstance(step, SetWeight)]
    return weights[0] if weights else None


def _answer(r: Rollout) -> tuple[Move, ...]:
    if r.cause and r.cause.kind == "no_gate":
        if r.verdict is None or r.verdict.cause not in ("no_gate", "no_data"):
            return ()
        return (Move(verb="go-on", percent=_next_weight(r), primary=True, reason=True),)
    return (*_approve(r, _next_weight(r)), Move(verb="reject", reason=True))


def _unpause(r: Rollout) -> tuple[Move, ...]:
    kind = r.cause.kind if r.cause else "person"
    if kind == "no_data":
        lacking = r.verdict is not None and r.verdict.cause == "no_data"
        return (Move(verb="go-on", percent=_next_weight(r), reason=True),) if lacking else ()
    if kind == "drift":
        return (Move(verb="restore", percent=r.proven, primary=True), Move(verb="adopt", reason=True))
    if kind in ("blind", "deadline"):
        return (Move(verb="retry", primary=True),)
    return (Move(verb="resume", primary=True),)


def _unstick(r: Rollout, rollback: Move) -> tuple[Move, ...]:
    kind = r.cause.kind if r.cause else ""
    if kind == "stable_sick":
        return (
            Move(verb="retry", primary=True), Move(verb="adopt", reason=True),
            rollback.model_copy(update={"force": True, "reason": True}),
        )  # fmt: skip
    return (Move(verb="retry", primary=True), Move(verb="adopt", reason=True), rollback)


def _ended(r: Rollout, hold: Hold | None) -> tuple[Move, ...]:
    if hold is not None and hold.rollout == r.id:
        return (Move(verb="unlock", reason=True),)
    if r.phase is P.SUCCEEDED and r.stable is not None and not r.back:
        return (Move(verb="rollback", release=r.stable.id, danger=True),)
    if r.phase is P.REFUSED and r.cause is not None and r.cause.kind == "alarm" and r.cause.alarms:
        return (Move(verb="override", reason=True),)
    if r.phase is P.CANCELLED:
        return (Move(verb="retry"),)
    return ()


def stages(r: Rollout, now: datetime) -> tuple[Stage, ...]:
    """The plan's steps, the final bake, and `done`; moments only where everything ahead is known to move by itself."""
    if r.watched:
        return _course_stages(r)
    steps = r.terms.plan.steps
    at: datetime | None = now if r.phase in (P.LAUNCHING, P.STEPPING, P.FINAL_BAKE, P.RETIRING) else None
    if r.verdict is None or r.verdict.outcome != "PASS" or (r.seen is not None and r.seen.candidate.late):
        at = None  # a late count watches on, and nothing rises by it
    out = []
    for index, step in enumerate(steps):
        state = _state(r, index)
        percent = step.percent if isinstance(step, SetWeight) else None
        out.append(Stage(text=str(step), state=state, percent=percent, at=at if state == "next" else None))
        if state != "done":
            at = at + _length(r, index) if at is not None and isinstance(step, SetWeight) else None
    baking = r.phase is P.FINAL_BAKE
    over = r.phase in (P.RETIRING, P.SUCCEEDED)
    bake = "done" if over else "now" if baking else "next"
    out.append(Stage.model_validate({"text": "bake", "state": bake, "at": at if bake == "next" else None}))
    need = r.terms.final_bake
    left = max(need - r.baked, ZERO) if baking else ZERO if over else need
    out.append(Stage(text="done", state="done" if r.phase is P.SUCCEEDED else "next", at=at + left if at else None))
    return tuple(out)


def _course_stages(r: Rollout) -> tuple[Stage, ...]:
    """AWS's own stages, then our bake; moments are AWS's to know. Drivers name those of a way back `back: …`."""
    course = r.seen.course if r.seen is not None else None
    found = course.stages if course is not None else ()
    shown = [Stage(text=one.name, state=one.state, back=one.name.startswith("back: ")) for one in found]
    if any(stage.back for stage in shown):
        return tuple(shown)  # nothing bakes after these
    over = r.phase in (P.RETIRING, P.SUCCEEDED)
    bake: Literal["done", "now", "next"] = "done" if over else "now" if r.phase is P.FINAL_BAKE else "next"
    done: Literal["done", "next"] = "done" if r.phase is P.SUCCEEDED else "next"
    return (*shown, Stage(text="bake", state=bake), Stage(text="done", state=done))


def _state(r: Rollout, index: int) -> Literal["done", "now", "next"]:
    if r.phase in (P.FINAL_BAKE, P.RETIRING, P.SUCCEEDED) or index < r.step:
        return "done"
    begun = r.phase not in (P.REQUESTED, P.AWAITING_APPROVAL, P.LAUNCHING, P.REFUSED)
    return "now" if index == r.step and begun else "next"


def _length(r: Rollout, index: int) -> timedelta:
    """What is left of one weight step: its move, if it has not arrived, and its bake (at 100 % the move only)."""
    step = r.terms.plan.steps[index]
    if not isinstance(step, SetWeight):
        return ZERO
    bake = step.bake if step.percent < 100 else ZERO
    move = r.terms.timing.look_moving + r.terms.settle
    if index == r.step and r.phase is P.STEPPING:
        return max(bake - r.baked, ZERO) + (ZERO if r.proven == step.percent else move)
    return bake + move
