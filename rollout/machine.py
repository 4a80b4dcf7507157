"""The machine: begin, apply, decide, moves. The only module that the shell asks what happens next.

`begin` and `apply` take a person's wish and never touch the world. `decide` takes one look and is total: it never
raises, whatever was seen. Precedence where two rules speak: S8 S10 S3 > S7 > S4 > S12 > S14 > S1 S2 > S9.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from rollout.actions import Action
from rollout.looking.falling import adopting, begin_fall, paused, rolling_back, stuck
from rollout.looking.fold import fold
from rollout.looking.look import FALLING, MAX_TRIES, Look, pace
from rollout.looking.requested import awaiting_approval, requested
from rollout.looking.rising import final_bake, launching, retiring, stepping, waiting
from rollout.looking.watching import taken_back
from rollout.model import Phase, Rollout
from rollout.notices import Notice
from rollout.plan import SetWeight
from rollout.ports import Hold
from rollout.seen import Observation
from rollout.values import Frozen, Moment
from rollout.wishes import apply, begin

__all__ = ["Decision", "apply", "begin", "decide", "desired"]

LONGEST_WAIT = timedelta(seconds=60)
SHORTEST_WAIT = timedelta(milliseconds=200)


class Decision(Frozen):
    """What one look leads to: the row to store, then the actions to take, in order."""

    rollout: Rollout
    actions: tuple[Action, ...] = ()
    notices: tuple[Notice, ...] = ()
    hold: Hold | None = None
    wake_at: Moment | None = None


_PHASES: dict[Phase, Callable[[Look], None]] = {
    Phase.AWAITING_APPROVAL: awaiting_approval,
    Phase.LAUNCHING: launching,
    Phase.STEPPING: stepping,
    Phase.WAITING: waiting,
    Phase.PAUSED: paused,
    Phase.FINAL_BAKE: final_bake,
    Phase.RETIRING: retiring,
    Phase.ROLLING_BACK: rolling_back,
    Phase.STUCK: stuck,
}


def decide(
    rollout: Rollout, observation: Observation, now: datetime, passed: timedelta | None = None
) -> Decision:
    """What happens next. Total: every phase, every observation, any clock.

    `passed`: time since the look before, by a clock that nobody can set; without it the moments themselves count.
    """
    if not rollout.live:
        return Decision(rollout=rollout)
    look = Look(r=rollout, obs=observation, now=now, passed=passed)
    if rollout.phase is Phase.REQUESTED:
        requested(look)
    else:
        fold(look)
        _phase(look)
    wake = now + _wait(look) if look.r.live else None
    look.set(wake_at=wake)
    return Decision(
        rollout=look.r, actions=tuple(look.actions), notices=tuple(look.notices), hold=look.hold, wake_at=wake
    )


def _phase(look: Look) -> None:
    phase = look.r.phase
    if look.r.adopting is not None:
        adopting(look)
    elif phase is Phase.AWAITING_APPROVAL or phase in FALLING:
        _PHASES[phase](look)
    elif begin_fall(look) or (_held_for_people(look) and taken_back(look)):
        rolling_back(look)
    elif look.drift and not _drifting(look):
        look.pause(look.cause("drift", look.drift, "adopt accepts it, restore puts it back; or roll back"))
        look.tell("drift", look.drift, loud=True)
    elif _blind(look):
        return
    else:
        _PHASES[phase](look)


def _held_for_people(look: Look) -> bool:
    """Paused, or asking for evidence, while AWS's own deployment goes its way. At its waits it is asked there."""
    r = look.r
    asks = r.phase is Phase.WAITING and r.cause is not None and r.cause.kind != "wait"
    return r.watched and (asks or r.phase is Phase.PAUSED)


def _drifting(look: Look) -> bool:
    return look.r.phase is Phase.PAUSED and look.r.cause is not None and look.r.cause.kind == "drift"


def _blind(look: Look) -> bool:
    """S2: after five tries hold and page. A pause that a person or a drift began stays what it is."""
    r = look.r
    if max(r.failures, r.write_failures) < MAX_TRIES:
        return False
    fault = r.fault or r.write_fault
    text = fault.text if fault else (r.verdict.said("blind") if r.verdict else "AWS cannot be read")
    if r.phase is Phase.PAUSED:
        if r.failures == MAX_TRIES and r.cause is not None and r.cause.kind != "blind":
            look.page(f"#{r.id} is paused, and nobody watches it now: {text}", fault.hint if fault else "")
        return False
    refused = r.failures < MAX_TRIES
    waits = "it asks again every minute; retry asks now" if refused else "nothing moves until AWS can be read again"
    if r.watched and not refused:
        waits = "AWS's own deployment goes on meanwhile; rollback stops it"
    cause = look.cause("blind", text, (fault.hint if fault else "") or waits)
    look.pause(cause)
    look.tell("blind", text)
    look.page(f"#{r.id} is held: {text}", cause.hint)
    return True


def desired(rollout: Rollout) -> int | None:
    """The candidate's share that this row wants to see on AWS; None where it holds whatever is proven."""
    if rollout.phase is Phase.STEPPING and isinstance(rollout.here, SetWeight):
        return rollout.here.percent
    if rollout.phase in (Phase.FINAL_BAKE, Phase.RETIRING, Phase.SUCCEEDED):
        return 100
    if rollout.phase in (*FALLING, Phase.ROLLED_BACK, Phase.CANCELLED, Phase.LAUNCHING):
        return 0
    return None


def _wait(look: Look) -> timedelta:
    """Until the next look: the pace, stretched by own errors, shortened to the end of the bake."""
    r = look.r
    wait = pace(r)
    tries = max(r.failures, r.write_failures)
    if tries:
        longer: float = (1 << min(tries - 1, 4)) * (1 + _jitter(r.id, tries))
        return min(wait * longer, LONGEST_WAIT)
    if r.last_good is not None and r.phase in (Phase.STEPPING, Phase.FINAL_BAKE):
        here = r.here
        need = r.terms.final_bake if r.phase is Phase.FINAL_BAKE else here.bake if isinstance(here, SetWeight) else wait
        wait = min(wait, max(need - r.baked, SHORTEST_WAIT))
    return wait


def _jitter(rollout: int, attempt: int) -> float:
    """0 up to 0.25, the same for the same rollout and attempt: no randomness in here."""
    return hashlib.sha256(f"{rollout}/{attempt}".encode()).digest()[0] / 1024
