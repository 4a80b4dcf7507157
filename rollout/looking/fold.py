"""Folds an observation into the row: watched time, what is proven, what is foreign, the verdict. Decides no phase."""

from rollout.course import Course
from rollout.health import judge
from rollout.looking.look import AWAY, FALLING, Look, pace
from rollout.model import Phase
from rollout.seen import Seen
from rollout.values import ZERO

KEPT_PINNED = (Phase.STEPPING, Phase.WAITING, Phase.PAUSED, Phase.FINAL_BAKE)


def fold(look: Look) -> None:
    """Take in one look: time first, then the weights, then the verdict over the weight that is there."""
    r, obs = look.r, look.obs
    _clock_set_back(look)
    if r.last_look is not None and look.passed is not None and look.passed >= AWAY:
        look.nobody_looked(r.last_look)  # the machine slept; a clock that was set ahead is none of this
    look.gap = look.watched(3 * pace(r))
    look.set(proven_for=r.proven_for + look.gap)
    if obs.seen is not None:
        _sight(look, obs.seen)
    verdict = judge(look.r, obs, look.now)
    blind = obs.seen is None or verdict.cause == "blind"
    runs_on = r.phase in FALLING or r.phase is Phase.AWAITING_APPROVAL
    look.set(
        last_look=look.now,
        # A deadline must not run out while nothing can be seen: unknown never acts by itself (S2). Going back has
        # nothing left to decide: its time runs on, so that somebody is called. Before the start nothing was touched:
        # it ends, instead of waiting for AWS and for people for ever.
        elapsed=r.elapsed + (look.gap if runs_on or not blind else ZERO),
        failures=r.failures + 1 if blind else 0,
        fault=obs.fault or obs.alarms_fault,
        alarms=obs.alarms if obs.alarms_at is not None else r.alarms,
        verdict=verdict,
    )


def _clock_set_back(look: Look) -> None:
    """Moments of ours ahead of this look come from a clock that was set back: nothing was seen in the future."""
    r = look.r
    if r.proven_at is not None and r.proven_at > look.obs.at:
        look.set(proven_at=look.obs.at)
    if r.gate_from > look.obs.at:
        look.set(gate_from=look.obs.at)


def _sight(look: Look, seen: Seen) -> None:
    """The second equal reading proves a weight that we asked for, and is drift for any other (S14)."""
    r, before = look.r, look.r.seen
    look.set(seen=seen)
    most = max(seen.shares, default=0)
    if most:
        look.set(peak=max(r.peak, most), traffic_from=r.traffic_from or seen.at)
    if seen.course is not None:
        _follow(look, seen, seen.course, before.course if before else None)
        return
    if seen.pinned:
        look.set(pins=True)
    if not seen.settled or (seen.mix and r.made(seen.mix)):
        look.set(sighting="")  # a write in pieces, cut short: as good as one that is still under way
        return
    sight = str(seen.percent) if seen.percent is not None else f"foreign {seen.foreign}"
    look.twice = sight == r.sighting
    look.set(sighting=sight)
    ours = r.resume_to is Phase.RETIRING  # a Retire of ours that was cut short takes the limits away, too
    if r.pins and seen.pinned is False and r.phase in KEPT_PINNED and not r.overwrite and not ours:
        look.drift = "somebody else changed the limits that keep both sides from shrinking"
    if not look.twice:
        return
    falling = r.phase in FALLING
    if seen.percent is not None and (falling or seen.percent == r.proven or seen.percent in r.asked):
        _prove(look, seen, seen.percent)
    elif not r.overwrite:
        shown = seen.foreign or f"{seen.percent} % on the new release"
        who = f", by {seen.edited_by}" if seen.edited_by else ""
        look.drift = f"the traffic was changed by somebody else{who}: {r.proven} % → {shown}"


def _follow(look: Look, seen: Seen, course: Course, before: Course | None) -> None:
    """AWS moves the traffic: whatever is read twice is proven, and somebody else's deployment is told, not drift."""
    r, mark = look.r, course.fingerprint
    same = mark == r.still
    look.set(still=mark, still_for=r.still_for + look.gap if same else ZERO)
    if course.foreign and (before is None or course.foreign != before.foreign):
        look.tell("foreign", course.foreign, loud=True)
    sight = str(seen.percent) if seen.percent is not None else f"foreign {seen.foreign}" if seen.foreign else ""
    look.twice = bool(sight) and sight == r.sighting
    if look.twice and seen.percent is None and not r.overwrite and f"foreign {seen.foreign}" != r.foreign_told:
        look.set(foreign_told=sight)
        look.tell("foreign", f"AWS shows {seen.foreign}", loud=True)
    look.set(sighting=sight)
    if look.twice and seen.percent is not None:
        _prove(look, seen, seen.percent)
        if (r.proven or 0) < seen.percent < 100:
            look.tell("proven", percent=seen.percent)


def _prove(look: Look, seen: Seen, percent: int) -> None:
    r = look.r
    if percent in r.asked:
        last = len(r.asked) - 1 - r.asked[::-1].index(percent)
        look.set(asked=r.asked[last + 1 :])
    if percent != r.proven:
        if percent in r.asked:
            look.set(write_failures=0, write_fault=None)  # AWS took that call, whatever it answered
        look.set(proven=percent, proven_at=seen.at, proven_for=ZERO, last_good=None)
    if percent == 0 and r.traffic_from and not r.traffic_to:
        look.set(traffic_to=seen.at)
    if look.r.overwrite and not look.r.asked and seen.pinned is not False:
        look.set(overwrite=False)
