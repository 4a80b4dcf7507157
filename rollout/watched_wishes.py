"""Wishes about a deployment that AWS runs: what people may answer its waits with, and what cannot be done to it.

What they have in common with wishes about our own steps stands in wishes.py, which asks here first.
"""

from datetime import datetime

from rollout.ask import Ask
from rollout.errors import Refused
from rollout.model import Phase, Rollout, Waiver
from rollout.people import Actor


def at_wait(rollout: Rollout) -> bool:
    """AWS waits for a person before it sends traffic."""
    return rollout.phase is Phase.WAITING and rollout.cause is not None and rollout.cause.kind == "wait"


def removal(rollout: Rollout) -> str:
    """The wait in which AWS keeps the old side warm, while the new one has everything; empty where there is none."""
    course = rollout.seen.course if rollout.seen is not None else None
    wait = course.wait if course is not None else None
    return wait.id if wait is not None and wait.kind == "remove" and wait.id == rollout.wait else ""


def promote(rollout: Rollout, actor: Actor) -> Rollout:
    """Go on from AWS's wait; at 100 %, end the bake, and have the old side removed where AWS waits with that."""
    if at_wait(rollout):
        if rollout.signs:
            raise Refused(
                f"#{rollout.id} waits for an approval: promote does not answer that",
                "approve, or reject with a reason", rollout=rollout.id,
            )  # fmt: skip
        known_healthy(rollout)
        return rollout.but(go=rollout.wait, hurry_by=actor)
    if rollout.phase is Phase.FINAL_BAKE and rollout.proven == 100:
        known_healthy(rollout)
        return rollout.but(hurry=rollout.bound, hurry_by=actor, go=removal(rollout))
    if rollout.phase is Phase.RETIRING and removal(rollout):
        known_healthy(rollout)
        return rollout.but(go=rollout.wait)
    raise Refused(
        f"#{rollout.id} is moved by AWS's own schedule: there is nothing to promote now",
        "it can be promoted where AWS waits for it; rollback works at any time",
        rollout=rollout.id,
    )


def promoted(rollout: Rollout) -> str:
    """What comes of a promote that was taken."""
    if at_wait(rollout):
        return "AWS is told to go on at the next look, if all is still well"
    if rollout.go:
        return "AWS is told to remove the old side at the next look, if all is still well"
    return "the bake ends at the next look, if all is still well"


NEW = "the new release is not known healthy: "
"""How the health of the new side begins (rollout/health.py): said once is enough."""


def known_healthy(rollout: Rollout) -> None:
    """Up needs known healthy (S1)."""
    verdict = rollout.verdict
    if verdict is not None and verdict.outcome == "PASS":
        return
    said = verdict and (verdict.said("fail") or verdict.said(verdict.cause))
    lacks = verdict is not None and verdict.cause in ("no_gate", "no_data")
    raise Refused(
        f"#{rollout.id} is not known healthy: {(said or 'nothing has been seen yet').removeprefix(NEW)}",
        "go-on with a reason goes on without evidence" if lacks else "it needs every alarm OK at this weight",
        rollout=rollout.id,
    )


def waive(rollout: Rollout, ask: Ask, actor: Actor, now: datetime) -> Rollout:
    """Go on from AWS's wait without evidence, for this one wait."""
    waiver = Waiver(by=actor, step=rollout.step, reason=ask.reason, at=now, wait=rollout.wait)
    return rollout.but(waiver=waiver, go=rollout.go if rollout.signs else rollout.wait)


def waived_here(rollout: Rollout) -> bool:
    """A person went on without evidence at this very wait, and it is evidence that lacks."""
    waiver, verdict = rollout.waiver, rollout.verdict
    here = waiver is not None and waiver.step == rollout.step and waiver.wait == rollout.wait
    return here and verdict is not None and verdict.cause in ("no_gate", "no_data")


def under_way(rollout: Rollout) -> bool:
    """AWS still moves traffic, forward or back."""
    course = rollout.seen.course if rollout.seen is not None else None
    return course is not None and course.state in ("running", "waiting", "going_back")


def no_pause(rollout: Rollout) -> Refused:
    """AWS has no pause in mid-shift."""
    return Refused(
        f"#{rollout.id} cannot be paused: AWS moves its traffic by itself and knows no pause",
        "rollback brings the old release back; for a stop before traffic moves, configure a wait on AWS or an approve"
        " step in the plan",
        rollout=rollout.id,
    )
