"""The one sentence: what is happening, what comes next and when: absolute times out of the view's stages."""

import itertools
from collections.abc import Callable
from datetime import datetime

from handlers.blocks import outcome, watched
from handlers.blocks.health import checking
from handlers.blocks.parts import date, length, mention, named
from handlers.blocks.sentences import asked_back, because, fact, minute, shows, stands, stop, until
from handlers.blocks.state import baking, candidate, percent, refused, share, stable, unread, waits_for_approval
from handlers.escape import Mrkdwn, clip, code, join, md
from rollout.model import Phase, Rollout
from rollout.moves import approved
from rollout.people import Actor
from rollout.plan import Approve, SetWeight
from rollout.reports import CardView, Stage
from rollout.watched_wishes import at_wait, under_way

_NAMED = 5
"""Approvers named; a group counts as one."""
_AHEAD = 3
"""Steps ahead named with their time: the next ones and the last."""


def sentence(view: CardView) -> Mrkdwn:
    """What happens and what comes next."""
    if not view.rollout.live:
        return outcome.sentence(view)
    if view.rollout.adopting is not None:
        return _adopting(view)
    return _SAYS.get(view.rollout.phase, _stepping)(view)


def _adopting(view: CardView) -> Mrkdwn:
    ends = md("It ends when the limits that keep both sides from shrinking are what they were before.")
    return join(" ", [because(view.rollout.adopting, view.now), md("{}.", shows(view)), ends])


def _requested(view: CardView) -> Mrkdwn:
    by = until(view, view.rollout.terms.timing.requested)
    looks = md("Looking at the release, at what serves now and at the alarms; nothing has moved.")
    return join(" ", [looks, md("If AWS does not answer by {}, it is refused.", by)])


def _stepping(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if rollout.watched:
        return watched.stepping(view, _known)
    if not baking(rollout):
        return _moving(view)
    if rollout.hurry == rollout.bound:
        return join(" ", [_known(rollout), _hurried(rollout)])
    return join(" ", [_known(rollout), _ahead(view)])


def _hurried(rollout: Rollout) -> Mrkdwn:
    if rollout.phase is Phase.FINAL_BAKE:
        return md("Asked to end the bake early: done at the next healthy look.")
    if rollout.hurry_full:
        return md("Asked to go to 100 % at once: it does at the next healthy look.")
    return md("Asked to go on early: it does at the next healthy look.")


def _known(rollout: Rollout) -> Mrkdwn:
    if checking(rollout) or rollout.verdict is None:
        if rollout.phase is Phase.FINAL_BAKE:
            return md("Checking: it is not known whether this is healthy; until it is, the bake stands still.")
        return md("Checking: it is not known whether this is healthy; until it is, nothing rises.")
    red = sorted(alarm.name for alarm in rollout.alarms if alarm.state == "ALARM")
    if rollout.verdict.outcome == "PASS" and red:
        # It passes, because it rang before or because this is the answer to it; healthy is another word.
        return md("{} is red, which does not stop this one.", clip(", ".join(red), 200))
    if rollout.verdict.outcome == "PASS":
        return md("Healthy so far.") if rollout.terms.alarms else md("Unwatched: no alarm guards this.")
    if rollout.verdict.outcome == "FAIL":
        return md("Not healthy: {}.", fact(rollout.verdict.said("fail")))
    said = fact(rollout.verdict.said(rollout.verdict.cause))
    return md("{}.", said).capitalized() if "not known healthy" in said else md("Not known healthy: {}.", said)


def _launching(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if rollout.watched:
        return watched.launching(view)
    parts = [md("Bringing {} up at 0 %.", candidate(rollout)), _serves(view, stable(rollout), 0), _ahead(view)]
    if rollout.verdict is None or rollout.verdict.outcome != "PASS":
        by = until(view, rollout.terms.timing.launching)
        parts.append(stands(view) or md("If it is not known healthy by {}, this is stopped.", by))
    return join(" ", parts)


def _serves(view: CardView, name: str, whole: int) -> Mrkdwn:
    """Who serves everything, if that is what AWS shows; else what it does show."""
    if share(view.rollout) == whole and not unread(view.rollout):
        return md("{} serves everything.", name).capitalized()
    return md("{}.", shows(view))


def _moving(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    here = rollout.here
    if not isinstance(here, SetWeight):
        return join(" ", [md("Working on: {}.", clip(str(here), 200)), _ahead(view)])
    if rollout.write_failures:
        by = until(view, rollout.terms.timing.move)
        tries = md("Moving to {} % has not worked yet and is tried again; {}.", here.percent, shows(view))
        then = md("If it is not seen by {}, or fails five times, this pauses and a person is called.", by)
        return join(" ", [tries, stands(view) or then])
    waived = rollout.waiver is not None and rollout.waiver.step == rollout.step
    passed = rollout.verdict is not None and rollout.verdict.outcome == "PASS"
    if share(rollout) == here.percent and not unread(rollout):
        return join(" ", [md("{}; that counts once {}.", shows(view), _proves(rollout)), _ahead(view)])
    if here.percent in rollout.asked or waived or passed:
        return join(" ", [md("Moving to {} %; {}.", here.percent, shows(view)), _ahead(view)])
    return join(" ", [md("{} % comes next; {}.", here.percent, shows(view)), _known(rollout)])


def _proves(rollout: Rollout) -> Mrkdwn:
    """What a weight that AWS shows still lacks."""
    late = rollout.seen is not None and not rollout.seen.settled
    return md("it has taken effect everywhere") if late else md("it is seen a second time")


def _ahead(view: CardView) -> Mrkdwn:
    """`Goes to 50 % at 14:32, to 100 % at 14:42; version 1 stays warm until 14:57.`"""
    steps = [stage for stage in view.stages if stage.state == "next" and stage.text not in ("bake", "done")]
    if not steps:
        return md("")
    if steps[0].at is None or checking(view.rollout):
        return md("Next: {}, once it is known to be healthy.", _short(steps[0]))
    known = list(itertools.takewhile(lambda stage: stage.at is not None, steps))
    shown = known if len(known) <= _AHEAD else [*known[: _AHEAD - 1], known[-1]]
    said = join(", ", (_comes(stage, view.now, first=stage is known[0]) for stage in shown[:_AHEAD - 1]))
    if len(shown) == _AHEAD:
        last = _comes(shown[-1], view.now, first=False)
        said = join(", " if len(known) == _AHEAD else ", then step by step ", [said, last])
    warm = _warm(view)
    return md("{}{}.", said, md("; {}", warm) if warm else "").capitalized()


def _comes(stage: Stage, now: datetime, *, first: bool) -> Mrkdwn:
    at = date(minute(stage.at), now) if stage.at else md("")
    if stage.percent is not None:
        return md("goes to {} % at {}" if first else "to {} % at {}", stage.percent, at)
    if stage.text.startswith("approve"):
        return md("waits for approval at {}" if first else "then waits for approval at {}", at)
    return md("{} at {}" if first else "then {} at {}", clip(stage.text, 80), at)


def _short(stage: Stage) -> Mrkdwn:
    return md("{} %", stage.percent) if stage.percent is not None else clip(stage.text, 80)


def _warm(view: CardView) -> Mrkdwn:
    """Until when the old side could serve at once, where anybody can know."""
    end = next((stage.at for stage in view.stages if stage.text == "done"), None)
    if end is None or view.rollout.stable is None:
        return md("")
    return md("{} stays warm until {}", stable(view.rollout), date(minute(end), view.now))


def _awaiting(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if approved(rollout):
        return join(" ", [_serves(view, stable(rollout), 0), _signed(rollout, md("it starts at the next look"))])
    return join(" ", [
        _serves(view, stable(rollout), 0),
        _signatures(rollout, 1),
        md("Without an answer it is cancelled at {}.", until(view, rollout.terms.timing.approval)),
    ])  # fmt: skip


def _waiting(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if at_wait(rollout):
        return watched.waiting(view, _known, _signatures, _signed)
    if approved(rollout):
        return join(" ", [_holds(view), _signed(rollout, md("it goes on at the next healthy look"))])
    if waits_for_approval(rollout):
        need = rollout.here.by if isinstance(rollout.here, Approve) else 1
        asks = join(" ", [_holds(view), _signatures(rollout, need)])
    else:
        why = fact(rollout.cause.text) if rollout.cause else md("nothing watches this target")
        each = md("{}, so each step waits for a click.", why).capitalized()
        asks = join(" ", [_holds(view), each, _how_to_watch(rollout)])
    by = until(view, rollout.terms.timing.approval)
    return join(" ", [asks, stands(view) or md("Without an answer it {} at {}.", _end(rollout), by)])


def _end(rollout: Rollout) -> Mrkdwn:
    """What going back is called: where no traffic was ever asked for it is a cancellation."""
    return md("rolls back") if rollout.peak else md("is cancelled")


def _holds(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if rollout.watched:
        return md("{}.", shows(view))
    if unread(rollout):
        return md("{}; nothing is raised.", shows(view))
    if share(rollout) is None or (rollout.cause and rollout.cause.kind == "drift"):
        return md("{}.", shows(view))
    still = md(", and the bake stands still") if rollout.phase is Phase.PAUSED and baking(rollout) else md("")
    return md("The weight holds at {}{}.", percent(rollout), still)


def _how_to_watch(rollout: Rollout) -> Mrkdwn:
    place = code(f"[apps.{rollout.app}.env.{rollout.env}]")
    return md("To let alarms decide, add {} under {}.", code('alarms = ["…"]'), place)


def _signatures(rollout: Rollout, need: int) -> Mrkdwn:
    """`Needs 2 approvals (1 so far: @eva). These can: @eva, @ben; @ana asked for it and cannot.`"""
    four_eyes = rollout.terms.approval
    need = max(need, four_eyes.by if four_eyes else 1)
    given = _given(rollout)
    so_far = md(" ({} so far: {})", len(given), join(", ", map(named, given))) if given else md("")
    needs = md("Needs {} {}{}.", need, "approval" if need == 1 else "approvals", so_far)
    roles = rollout.terms.roles
    spent = {one.id for one in given} | ({rollout.by.id} if four_eyes else set())
    others = [one for one in dict.fromkeys(roles.approve + roles.admin) if one not in spent]
    can = join(", ", map(mention, others[:_NAMED])) or md("nobody")
    more = md(" and {} more", len(others) - _NAMED) if others[_NAMED:] else md("")
    not_you = md("; {} asked for it and cannot", named(rollout.by)) if four_eyes else md("")
    return md("{} These can: {}{}{}.", needs, can, more, not_you)


def _signed(rollout: Rollout, then: Mrkdwn) -> Mrkdwn:
    """Nobody is asked any more, although the look that acts on it is still to come."""
    return md("Approved by {}: {}.", join(", ", map(named, _given(rollout))), then)


def _given(rollout: Rollout) -> list[Actor]:
    return [one.by for one in rollout.signatures if one.step == rollout.step]


def _paused(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    cause = rollout.cause
    kind = cause.kind if cause else "person"
    return join(" ", [because(cause, view.now), _holds(view), _then(view, kind), _beneath(view, kind)])


def _beneath(view: CardView, kind: str) -> Mrkdwn:
    """A person's pause under one that ends by itself: it outlasts that one."""
    own = view.rollout.person_pause
    if own is None or kind == "person":
        return md("")
    return md("{} It stays paused after that until a person resumes it.", because(own, view.now))


def _clears(rollout: Rollout) -> Mrkdwn:
    """What a pause that needs nobody does when its cause is gone."""
    return md("This ends by itself" if rollout.person_pause else "Goes on by itself")


def _then(view: CardView, kind: str) -> Mrkdwn:
    rollout = view.rollout
    timing = rollout.terms.timing
    if kind == "blind" and refused(rollout):
        again = md("{} when AWS takes what is asked of it", _clears(rollout))
        return md("{}; it is asked about every minute, and at once by [Try again].", again)
    if kind == "blind":
        on = md(" AWS's own deployment goes on meanwhile.") if under_way(rollout) else md("")
        return md("{} when AWS can be read again.{}", _clears(rollout), on)
    if kind == "drift":
        until_then = md("Nothing moves until it is undone on AWS or a person chooses:")
        return join(" ", [until_then, md("put it back, adopt what AWS shows, or roll back.")])
    if kind == "no_data":
        goes_on = md("{} when data comes and is fine", _clears(rollout))
        if rollout.terms.no_data_policy != "rollback":
            return md("{}; without data it keeps holding until a person chooses.", goes_on)
        back = md("{}; without data it {} at {}.", goes_on, _end(rollout), until(view, 2 * timing.no_data))
        return join(" ", [md("{}.", goes_on), stands(view)]) if unread(rollout) else back
    if kind == "person":
        alarms = md("A red alarm still brings it back at once.") if rollout.terms.alarms else md("")
        by = until(view, timing.paused)
        return stands(view) or join(" ", [md("If nobody resumes it, it {} at {}.", _end(rollout), by), alarms])
    hint = stop(rollout.cause.hint).capitalized() if rollout.cause else ""
    return join(" ", [md("Nothing moves until a person chooses."), hint])


def _final(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    serves = _serves(view, candidate(rollout), 100)
    if rollout.hurry == rollout.bound:
        return join(" ", [serves, _known(rollout), _hurried(rollout)])
    if rollout.watched:
        return watched.final(view, serves, _known(rollout))
    warm = _warm(view)
    then = (
        md("{}, then this is done.", warm)
        if warm
        else md("{} stays warm until it has baked.", stable(rollout))
    )
    return join(" ", [serves, _known(rollout), then.capitalized()])


def _retiring(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if rollout.watched:
        return watched.retiring(view, _serves(view, candidate(rollout), 100))
    by = until(view, rollout.terms.timing.retiring)
    removing = md("The bake is over; removing {}.", stable(rollout))
    called = stands(view) or md("If that is not done by {}, a person is called.", by)
    return join(" ", [_serves(view, candidate(rollout), 100), removing, called])


def _back(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if rollout.watched:
        return watched.going_back(view)
    by = until(view, rollout.terms.timing.rolling_back)
    goes = md("All traffic goes back to {}; {}.", stable(rollout), shows(view))
    if not rollout.peak:
        goes = md("No traffic was sent to {}; {}.", candidate(rollout), shows(view))
    if unread(rollout):
        goes_on = md("It keeps trying; nobody knows how far it is until AWS can be read.")
    elif share(rollout) == 0:
        goes_on = md("It counts as done once {} and the new side is retired.", _proves(rollout))
    elif rollout.seen is not None and rollout.seen.stable.most < 100 and not rollout.force:
        up = md("{} bears {} % now ({})", stable(rollout), rollout.seen.stable.most, fact(rollout.seen.stable.text))
        goes_on = md("{}, more of it is brought up for the rest; by {} a person is called.", up, by).capitalized()
    else:
        goes_on = md("If that is not seen by {}, a person is called and it keeps trying.", by)
    return join(" ", [asked_back(rollout.cause, view.now), goes, goes_on])


def _stuck(view: CardView) -> Mrkdwn:
    cause = view.rollout.cause
    hint = stop(cause.hint.removeprefix("it keeps trying; ")).capitalized() if cause else md("")
    call = md("A person is called every {} until somebody has it.", length(view.rollout.terms.timing.remind))
    return join(" ", [because(cause, view.now), md("{}.", shows(view)), _keeps_trying(view.rollout), hint, call])


def _keeps_trying(rollout: Rollout) -> Mrkdwn:
    """What the machine does by itself while it is stuck: only a way back is tried again, and only where it may."""
    kind = rollout.cause.kind if rollout.cause else ""
    if rollout.resume_to is not Phase.ROLLING_BACK:
        return md("Nothing is tried until a person chooses.")
    if kind == "stable_sick":
        return md("It goes back by itself as soon as {} is no longer known to be sick.", stable(rollout))
    if kind == "foreign":
        return md("It goes back by itself as soon as AWS shows only the old and the new release.")
    return md("It keeps trying to put all traffic back on {}.", stable(rollout))


_SAYS: dict[Phase, Callable[[CardView], Mrkdwn]] = {
    Phase.REQUESTED: _requested,
    Phase.AWAITING_APPROVAL: _awaiting,
    Phase.LAUNCHING: _launching,
    Phase.STEPPING: _stepping,
    Phase.WAITING: _waiting,
    Phase.PAUSED: _paused,
    Phase.FINAL_BAKE: _final,
    Phase.RETIRING: _retiring,
    Phase.ROLLING_BACK: _back,
    Phase.STUCK: _stuck,
}
