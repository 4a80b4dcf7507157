"""What state a rollout is in, in the few words of its heading: card, list and history agree."""


from handlers.escape import clean
from rollout.looking.look import MAX_TRIES
from rollout.model import Phase, Rollout
from rollout.moves import approved
from rollout.plan import Approve, Check, SetWeight, Watch
from rollout.release import Release


def release(one: Release | None, kind: str, *, other: str = "the release") -> str:
    """A release as people call it: `version 2` where it is a number, else its id, digests shortened. Foreign text."""
    if one is None:
        return other
    return f"version {one.id}" if kind == "lambda" or one.id.isdecimal() else short(one.id)


def short(id: str) -> str:
    """A release id that fits into a sentence."""
    last = clean(id).rsplit("/", 1)[-1]
    digest = last.rpartition("sha256:")
    last = f"{digest[0]}sha256:{digest[2][:12]}" if digest[1] else last
    return last if len(last) <= 40 else last[:39] + "…"


def stable(rollout: Rollout) -> str:
    """The old release by name."""
    return release(rollout.stable, rollout.kind, other="the old release")


def candidate(rollout: Rollout) -> str:
    """The new release by name."""
    return release(rollout.candidate, rollout.kind, other=rollout.wanted[:40] or "the newest release")


def share(rollout: Rollout) -> int | None:
    """The candidate's share as last seen, or as proven where nothing was ever seen. None: somebody else's split."""
    if rollout.seen is None:
        return rollout.proven
    return None if rollout.seen.foreign else rollout.seen.percent


def percent(rollout: Rollout) -> str:
    """The share as text; a question mark says that nobody knows."""
    now = share(rollout)
    return "? %" if now is None else f"{now} %"


def unread(rollout: Rollout) -> bool:
    """The last look, or a part of it, could not be read. Deadlines stand still meanwhile."""
    blind = rollout.verdict is not None and rollout.verdict.cause == "blind"
    return rollout.fault is not None or rollout.failures > 0 or blind


def refused(rollout: Rollout) -> bool:
    """It is held because AWS takes no change, not because it cannot be read."""
    return rollout.write_failures >= MAX_TRIES


def heading(rollout: Rollout) -> str:
    """`my-app → prod · canary · baking at 10 %`."""
    return f"{rollout.app} → {rollout.env} · {rollout.terms.plan.name} · {words(rollout)}"


def words(rollout: Rollout) -> str:
    """The state of a rollout, e.g. `baking at 10 %`; complete without colour, emoji or anything beside it."""
    at = _at(rollout)
    back = f"rolled back from {rollout.peak} %" if rollout.peak else "rolled back, no traffic was sent"
    back_now = f"rolling back from {rollout.peak} %" if rollout.peak else "stopping, no traffic was sent"
    fixed = {
        Phase.REQUESTED: "being looked at",
        Phase.AWAITING_APPROVAL: "approved, about to start" if approved(rollout) else "waiting for approval to start",
        Phase.LAUNCHING: "bringing the new release up at 0 %",
        Phase.WAITING: f"{_awaited(rollout)}{at}",
        Phase.PAUSED: f"paused{_why(rollout)}{at}" if unread(rollout) else f"paused{at}{_why(rollout)}",
        Phase.FINAL_BAKE: "baking at 100 %",
        Phase.RETIRING: "at 100 %, removing the old side",
        Phase.ROLLING_BACK: back_now,
        Phase.STUCK: f"stuck{at}, needs a person",
        Phase.SUCCEEDED: "succeeded",
        Phase.ROLLED_BACK: back,
        Phase.CANCELLED: "cancelled",
        Phase.REFUSED: "refused",
        Phase.ADOPTED: "ended as AWS shows it",
    }
    return fixed.get(rollout.phase) or _stepping(rollout)


def _at(rollout: Rollout) -> str:
    """Where it stands, said only of what was read; a foreign split has no share."""
    if share(rollout) is None:
        return ""
    return f", last seen at {percent(rollout)}" if unread(rollout) else f" at {percent(rollout)}"


def waits_for_approval(rollout: Rollout) -> bool:
    """At an approve step of the plan, or before the start."""
    return rollout.phase is Phase.AWAITING_APPROVAL or isinstance(rollout.here, Approve)


def baking(rollout: Rollout) -> bool:
    """The present step's weight was proven: from here on time is watched."""
    here = rollout.here
    return isinstance(here, SetWeight) and rollout.proven == here.percent


def _stepping(rollout: Rollout) -> str:
    here = rollout.here
    if isinstance(here, SetWeight):
        if baking(rollout):
            return f"baking at {here.percent} %"
        return f"moving to {here.percent} %"
    if isinstance(here, Check):
        return f"running the check {here.hook} at {percent(rollout)}"
    if isinstance(here, Watch):
        course = rollout.seen.course if rollout.seen is not None else None
        if course is None or course.state == "none":
            return f"starting AWS's deployment, {percent(rollout)} now"
        return f"AWS moves the traffic, {percent(rollout)} now"
    return f"rising, {percent(rollout)} now"


def _awaited(rollout: Rollout) -> str:
    if approved(rollout):
        return "approved, about to go on"
    return "waiting for approval" if waits_for_approval(rollout) else "waiting for a person"


def _why(rollout: Rollout) -> str:
    kind = rollout.cause.kind if rollout.cause else "person"
    return {
        "person": " by a person",
        "no_data": ": no data",
        "no_gate": ": nothing watches it",
        "drift": ": somebody else changed it",
        "foreign": ": somebody else changed it",
        "blind": ": AWS refuses the change" if refused(rollout) else ": AWS cannot be read",
        "deadline": ": took too long",
        "stable_sick": ": the old side is not healthy",
    }.get(kind, ": needs a person")
