"""The one sentence: what is happening, what comes next and when: absolute times out of the view's stages."""

import itertools
from collections.abc import Callable
from datetime import datetime

from handlers.blocks import outcome
from handlers.blocks.health import checking
from handlers.blocks.parts import date, length, mention, named
from handlers.blocks.sentences import because, fact, minute, stop, until
from handlers.blocks.state import baking, candidate, percent, share, stable, waits_for_approval
from handlers.escape import Mrkdwn, clip, code, join, md
from rollout.model import Phase, Rollout
from rollout.plan import Approve
from rollout.reports import CardView, Stage

_NAMED = 5
"""Approvers named; a group counts as one."""
_AHEAD = 3
"""Steps ahead named with their time: the next ones and the last."""


def sentence(view: CardView) -> Mrkdwn:
    """What happens and what comes next."""
    if not view.rollout.live:
        return outcome.sentence(view)
    return _SAYS.get(view.rollout.phase, _stepping)(view)


def _stepping(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    now = _known(rollout) if baking(rollout) else _moving(view)
    if rollout.hurry == rollout.bound:
        return join(" ", [now, md("Asked to go on early: rises at the next healthy look.")])
    return join(" ", [now, _ahead(view)])


def _known(rollout: Rollout) -> Mrkdwn:
    if checking(rollout) or rollout.verdict is None:
        return md("Checking: it is not known whether this is healthy, and nothing rises until it is.")
    if rollout.verdict.outcome == "PASS":
        return md("Healthy so far.") if rollout.terms.alarms else md("Unwatched: no alarm guards this.")
    if rollout.verdict.outcome == "FAIL":
        return md("Not healthy: {}.", fact(rollout.verdict.said("fail")))
    return md("Not known healthy: {}.", fact(rollout.verdict.said(rollout.verdict.cause)))


def _launching(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    up = md("Bringing {} up at 0 %; {} serves everything.", candidate(rollout), stable(rollout))
    return join(" ", [up, _ahead(view)])


def _moving(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    here = next((stage for stage in view.stages if stage.state == "now"), None)
    if here is None or here.percent is None:
        return md("Working on: {}.", clip(here.text, 200)) if here else md("Working.")
    seen = share(rollout)
    shown = md("AWS shows {} %", seen) if seen is not None else md("not seen on AWS yet")
    return md("Moving to {} %; {}.", here.percent, shown)


def _ahead(view: CardView) -> Mrkdwn:
    """`Goes to 50 % at 14:32, to 100 % at 14:42; version 1 stays warm until 14:57.`"""
    steps = [stage for stage in view.stages if stage.state == "next" and stage.text not in ("bake", "done")]
    if not steps:
        return md("")
    if steps[0].at is None or checking(view.rollout):
        return md("Next: {}, once it is known to be healthy.", _short(steps[0]))
    known = list(itertools.takewhile(lambda stage: stage.at is not None, steps))
    shown = known if len(known) <= _AHEAD else [*known[: _AHEAD - 1], known[-1]]
    said = join(", ", (_comes(stage, view.now, first=stage is known[0]) for stage in shown))
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
    return join(" ", [
        md("Nothing has moved: {} serves everything.", stable(rollout)),
        _signatures(rollout, rollout.terms.approval.by if rollout.terms.approval else 1),
        md("Without an answer it is cancelled at {}.", until(view, rollout.terms.timing.approval)),
    ])  # fmt: skip


def _waiting(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    if waits_for_approval(rollout):
        need = rollout.here.by if isinstance(rollout.here, Approve) else 1
        asks = join(" ", [md("Holds at {}.", percent(rollout)), _signatures(rollout, need)])
    else:
        why = fact(rollout.cause.text) if rollout.cause else md("nothing watches this target")
        holds = md("Holds at {}: {}. Each step waits for a click.", percent(rollout), why)
        asks = join(" ", [holds, _how_to_watch(rollout)])
    end = md("rolls back") if rollout.peak or share(rollout) else md("is cancelled")
    by = until(view, rollout.terms.timing.approval)
    return join(" ", [asks, md("Without an answer it {} at {}.", end, by)])


def _how_to_watch(rollout: Rollout) -> Mrkdwn:
    place = code(f"[apps.{rollout.app}.env.{rollout.env}]")
    return md("To let alarms decide, add {} under {}.", code('alarms = ["…"]'), place)


def _signatures(rollout: Rollout, need: int) -> Mrkdwn:
    given = [one.by for one in rollout.signatures if one.step == rollout.step]
    roles = rollout.terms.roles
    may = [mention(one) for one in roles.approve or roles.deploy]
    people = "person" if need == 1 else "people"
    ask = md(
        "Needs {} {} to approve: {}{}", need, people, join(", ", may[:_NAMED]), " …" if may[_NAMED:] else ""
    )
    if rollout.terms.approval:
        ask = md("{}; {} does not count", ask, named(rollout.by))
    so_far = md("; given by {}", join(", ", map(named, given))) if given else md("")
    return md("{}{}.", ask, so_far)


def _paused(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    cause = rollout.cause
    kind = cause.kind if cause else "person"
    holds = md("The weight holds at {} and the bake does not run.", percent(rollout))
    return join(" ", [because(cause, view.now), holds, _then(view, kind)])


def _then(view: CardView, kind: str) -> Mrkdwn:
    timing = view.rollout.terms.timing
    if kind == "blind":
        return md("Goes on by itself when AWS can be read again; nothing is raised blind.")
    if kind in ("drift", "foreign"):
        return md("Nothing moves until a person chooses: adopt what AWS shows, put it back, or roll back.")
    if kind == "no_data":
        goes_on = md("Goes on by itself when data comes")
        if view.rollout.terms.no_data_policy != "rollback":
            return md("{}; without data it keeps holding until a person chooses.", goes_on)
        return md("{}; without data it rolls back at {}.", goes_on, until(view, 2 * timing.no_data))
    if kind == "person":
        return md("If nobody resumes it, it rolls back at {}.", until(view, timing.paused))
    return md("Nothing moves until a person chooses.")


def _final(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    serves = md("{} serves everything.", candidate(rollout)).capitalized()
    warm = _warm(view)
    then = (
        md("{}, then this is done.", warm)
        if warm
        else md("{} stays warm until it has baked.", stable(rollout))
    )
    return join(" ", [serves, _known(rollout), then.capitalized()])


def _retiring(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    by = until(view, rollout.terms.timing.retiring)
    return md(
        "{} serves everything and has baked. Removing {}; if that is not done by {}, a person is called.",
        candidate(rollout), stable(rollout), by,
    ).capitalized()  # fmt: skip


def _back(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    by = until(view, rollout.terms.timing.rolling_back)
    return join(" ", [
        _asked_back(view),
        md("All traffic goes back to {}; AWS shows {} on the new side.", stable(rollout), percent(rollout)),
        md("If that is not seen by {}, a person is called and it keeps trying.", by),
    ])  # fmt: skip


def _asked_back(view: CardView) -> Mrkdwn:
    """A person's rollback is called `rolled back` by its cause, which nothing has shown yet."""
    cause = view.rollout.cause
    if cause is None or not cause.text.startswith("rolled back"):
        return because(cause, view.now)
    return because(
        cause.model_copy(update={"text": "asked to roll back" + cause.text[len("rolled back") :]}), view.now
    )


def _stuck(view: CardView) -> Mrkdwn:
    cause = view.rollout.cause
    hint = stop(cause.hint).capitalized() if cause else md("")
    call = md("A person is called every {} until somebody has it.", length(view.rollout.terms.timing.remind))
    return join(" ", [because(cause, view.now), hint, call])


_SAYS: dict[Phase, Callable[[CardView], Mrkdwn]] = {
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
