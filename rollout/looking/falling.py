"""Downwards and on hold: rolling back, stuck, paused. A rollback is held only where stable is known sick (S7)."""

from datetime import datetime

from rollout.actions import Action, Finish, Launch, Retire, Shift
from rollout.looking import watching
from rollout.looking.look import MAX_TRIES, Look
from rollout.looking.rising import steer
from rollout.model import Cause, Phase, Rollout
from rollout.ports import Hold
from rollout.seen import Seen
from rollout.wishes import back_to

TRIES_BEFORE_PAGE = 5


def rolling_back(look: Look) -> None:
    """Stable back to 100 %, then the candidate retired; keeps trying for ever, says so when it takes long."""
    r = look.r
    if _held(look):
        return
    if _arrived(look):
        _home(look)
    else:
        _send_home(look)
    if r.reminded == 0 and r.write_failures >= TRIES_BEFORE_PAGE and look.r.phase is Phase.ROLLING_BACK:
        look.set(reminded=1)
        text = r.write_fault.text if r.write_fault else "AWS refuses"
        look.page(
            f"#{r.id} cannot be rolled back yet, it keeps trying: {text}",
            r.write_fault.hint if r.write_fault else "",
        )
    late = watching.late(look) if r.watched else r.elapsed >= r.terms.timing.rolling_back
    if look.r.phase is Phase.ROLLING_BACK and late:
        fault = r.write_fault or r.fault
        text = f"the old release does not have all traffic yet: {fault.text if fault else 'AWS does not show it'}"
        look.stick(look.cause("deadline", text, "it keeps trying; look at AWS"), Phase.ROLLING_BACK)


def _arrived(look: Look) -> bool:
    """0 % proven and seen, and no raise of ours that could still land: one in flight is fenced by a `Shift(0)` first,
    whose revision AWS then refuses it for.
    """
    r, seen = look.r, look.obs.seen
    if r.watched:
        return watching.is_home(look)
    return r.proven == 0 and seen is not None and seen.percent == 0 and not any(r.asked)


def _held(look: Look) -> bool:
    """S7: never onto a side known sick. S14: never over a split that names more than our two sides."""
    r, seen = look.r, look.obs.seen
    if seen is None:
        return False
    if seen.stable.state == "sick" and not r.force and seen.percent != 0:
        text = f"the old release is not healthy either: {seen.stable.text}"
        text += "; AWS's own deployment goes on meanwhile" if r.watched else ""
        if r.phase is not Phase.STUCK or (r.cause and r.cause.kind != "stable_sick"):
            look.stick(look.cause("stable_sick", text, "roll back anyway, or mend it"), Phase.ROLLING_BACK)
        return True
    if seen.percent is None and not r.overwrite and r.sighting == f"foreign {seen.foreign}" and _again(look):
        text = f"somebody else changed the traffic: {seen.foreign}"
        cause = look.cause("foreign", text, "rollback once more overwrites it; adopt accepts it")
        if r.phase is not Phase.STUCK or (r.cause and r.cause.kind != "foreign"):
            look.stick(cause, Phase.ROLLING_BACK)
        elif r.cause and r.cause.text != text:
            look.set(cause=cause)  # what it says of somebody else's deployment is what it is now
        return True
    return False


def _again(look: Look) -> bool:
    """The same foreign split as in the look before."""
    return bool(look.drift) or look.r.phase is Phase.STUCK or (look.r.watched and look.twice)


def _send_home(look: Look) -> None:
    """Down needs not known sick, and not even sight: AWS's own revision guards a write after a failed read."""
    if look.r.watched:
        watching.send_home(look)
        return
    r, seen = look.r, look.obs.seen or look.r.seen
    blind = look.obs.seen is None
    if seen is None or (not blind and not seen.settled) or (blind and r.proven == 0 and not any(r.asked)):
        return
    if not r.made(seen.mix) and seen.percent is None and not r.overwrite:
        return  # S14, also when this look could not be read: what was last seen names somebody else's version
    if blind and seen.stable.state == "sick" and not r.force:
        return  # S7: one failed read is no news of the old side's health
    fenced = not any(r.asked) or 0 in r.asked
    if not blind and seen.percent == 0 and fenced:
        return
    # What was seen before the old side was removed is no news of what is left of it.
    most = 0 if blind and r.asked_what == "retire stable" else seen.stable.most
    if most < 100 and any(seen.shares) and not r.force:
        _bring_up(look, seen, most)
    else:
        look.act(Shift(percent=0))


def _bring_up(look: Look, seen: Seen, most: int) -> None:
    """Not all of the old side is there: what it bears goes back at once, the rest when more of it is up (S7)."""
    r, to = look.r, 100 - most
    lately = look.asked_lately()
    # Where rules disagree one share for all of them could raise one: then more of the old side has to come up first.
    if to < max(seen.shares) and to <= min(seen.shares) and not (lately and to in r.asked):
        look.act(Shift(percent=to))
    if r.stable is not None and not seen.stable.coming and not lately:
        look.act(Launch(release=r.stable.id))


def _home(look: Look) -> None:
    r, seen = look.r, look.obs.seen
    if seen is not None and "candidate" not in seen.retired:
        if r.proven_for >= r.terms.settle and not look.asked_lately():
            look.act(Retire(side="candidate"))
        return
    if seen is not None and seen.pinned:
        if not look.asked_lately():
            look.act(Finish())
        return
    cause = r.fell_for or r.cause
    no_traffic = r.peak == 0 and cause is not None and cause.kind in ("cancel", "reject", "deadline", "person")
    if no_traffic:
        look.enter(Phase.CANCELLED, cause)
        look.tell("cancelled", cause.text if cause else "", loud=True)
        return
    look.enter(Phase.ROLLED_BACK, cause)
    look.tell("rolled_back", cause.text if cause else "", loud=True)
    look.hold = held(r, cause, look)


def held(r: Rollout, cause: Cause | None, look: Look) -> Hold:
    """A person's rollback holds the target; an automatic one also vetoes the release, but never one that served before:
    a way back that did not arrive is no reason to keep people from the release it led to.
    """
    by = cause.by if cause else None
    veto = "" if by is not None or r.candidate is None or r.back else r.candidate.id
    text = cause.text if cause else "rolled back"
    return Hold(app=r.app, env=r.env, rollout=r.id, by=by, reason=text, veto=veto, at=look.now)


def stuck(look: Look) -> None:
    """Every look tries again where only the world stands in the way; a person answers the rest."""
    r, seen = look.r, look.obs.seen
    if r.resume_to is not Phase.ROLLING_BACK or r.cause is None:
        return
    if _held(look):
        return
    if r.cause.kind in ("stable_sick", "foreign") and seen is not None:
        look.enter(Phase.ROLLING_BACK, r.fell_for or r.cause, resume_to=None)
        rolling_back(look)
    elif _arrived(look):
        _home(look)
    else:
        _send_home(look)


def paused(look: Look) -> None:
    """Holds the weight. What ends a pause depends on why it began."""
    r = look.r
    kind = r.cause.kind if r.cause else "person"
    if r.overwrite:
        steer(look, r.proven or 0)
    if kind == "no_data":
        _no_data(look)
    elif kind == "drift":
        _drift(look)
    elif kind == "blind":
        _sight_again(look)
    elif kind == "person":
        _by_person(look)


def _sight_again(look: Look) -> None:
    """Goes on when AWS can be read, and no longer refuses. Where refusals began the pause, something that changes
    nothing is asked for again, at the slow pace of errors: when AWS takes that, it takes the rest.
    """
    r, seen = look.r, look.obs.seen
    if r.failures or seen is None:
        return
    if r.watched and r.write_failures >= MAX_TRIES:
        watching.ask_again(look)
    elif r.write_failures < MAX_TRIES:
        look.r = back_to(look.r, look.now)  # as it is by now: what was just asked for is ours
        look.tell("sight")
    elif seen.settled and seen.percent is not None and seen.percent == r.proven and not look.asked_lately():
        look.act(_harmless(r, seen.percent))


def _harmless(r: Rollout, percent: int) -> Action:
    """What is there already, asked for once more: the call that failed, where it moves no traffic."""
    if r.resume_to is Phase.LAUNCHING and r.candidate is not None:
        return Launch(release=r.candidate.id)
    if r.resume_to is Phase.RETIRING:
        return Retire(side="stable")
    return Shift(percent=percent)


def _by_person(look: Look) -> None:
    r = look.r
    day = r.terms.timing.paused
    due = (day / 24, day / 6)
    if r.reminded < len(due) and r.elapsed >= due[r.reminded]:
        look.set(reminded=r.reminded + 1)
        look.tell("reminder", f"#{r.id} is still paused", loud=True)
    if r.elapsed >= day:
        look.fall(look.cause("deadline", "it was paused for too long"))


def _no_data(look: Look) -> None:
    r, wait = look.r, look.r.terms.timing.no_data
    if r.verdict and r.verdict.outcome == "PASS":
        look.r = back_to(r, look.now)
        look.tell("sight")
    elif r.reminded == 0 and (r.elapsed >= wait or _asks_at_once(r)):
        look.set(reminded=1)
        text = r.cause.text if r.cause else "no data"
        look.page(f"#{r.id} has no evidence: {text}", "go on without evidence, or roll back")
    elif r.reminded and r.elapsed >= 2 * wait and r.terms.no_data_policy == "rollback":
        look.fall(look.cause("no_data", f"no data for too long: {r.cause.text if r.cause else ''}"))


def _asks_at_once(r: Rollout) -> bool:
    quiet = {reason.voter for reason in (r.verdict.reasons if r.verdict else ()) if reason.vote == "no_data"}
    return any(gate.no_data == "ask" and gate.name in quiet for gate in r.terms.alarms)


def _drift(look: Look) -> None:
    """Undone by whoever did it: the reading from before the change, twice."""
    r, seen = look.r, look.obs.seen
    back = seen is not None and seen.percent is not None and seen.percent == r.proven and look.twice
    if back and not look.drift:
        look.r = back_to(r, look.now)
        look.tell("sight", "the foreign change is gone")


def adopting(look: Look) -> None:
    """A person accepted what AWS shows: what we pinned is given back, then it ends. A rollback still outranks it."""
    r, seen = look.r, look.obs.seen
    if seen is None:
        return
    if not seen.pinned:
        look.enter(Phase.ADOPTED, r.adopting)
    elif not look.asked_lately():
        look.act(Finish())
    if r.reminded == 0 and r.write_failures >= MAX_TRIES:
        look.set(reminded=1)
        fault = r.write_fault.text if r.write_fault else "AWS refuses"
        look.page(f"#{r.id} cannot give its capacity limits back yet, it keeps trying: {fault}")


def begin_fall(look: Look) -> bool:
    """S12: FAIL after Launch goes back from every phase."""
    r = look.r
    if r.verdict is None or r.verdict.outcome != "FAIL":
        return False
    sick = [reason for reason in r.verdict.reasons if reason.vote == "fail" and reason.voter == "target"]
    cause = look.cause("sick" if sick else "alarm", r.verdict.said("fail"))
    look.fall(cause.model_copy(update={"alarms": _red(r)}))
    return True


def _red(r: Rollout) -> dict[str, datetime | None]:
    """The alarms that voted FAIL, in the order of the terms, and since when they are as they were read."""
    failed = {reason.voter for reason in (r.verdict.reasons if r.verdict else ()) if reason.vote == "fail"}
    since = {reading.name: reading.since for reading in r.alarms}
    return {gate.name: since.get(gate.name) for gate in r.terms.alarms if gate.name in failed}
