"""How a rollout ended: what serves now and since when, how much the new side got, who holds the target."""

from collections.abc import Callable

from handlers.blocks.parts import date, date_exact, length, who
from handlers.blocks.sentences import asked_back, because, stop
from handlers.blocks.state import candidate, percent, stable
from handlers.escape import Mrkdwn, clip, join, md
from rollout.model import Phase, Rollout
from rollout.reports import CardView


def sentence(view: CardView) -> Mrkdwn:
    """What came of it."""
    return _SAYS.get(view.rollout.phase, _ended)(view)


def _succeeded(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    return md(
        "{} has served everything since {}; the rollout took {}.", candidate(rollout),
        date(rollout.proven_at or rollout.phase_at, view.now), length(rollout.phase_at - rollout.created_at),
    ).capitalized()  # fmt: skip


def _rolled_back(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    since = date_exact(rollout.traffic_to or rollout.phase_at)
    exposure = md("")
    if rollout.traffic_from and rollout.peak:
        span = (rollout.traffic_to or rollout.phase_at) - rollout.traffic_from
        exposure = md("; {} had up to {} % for {}", candidate(rollout), rollout.peak, length(span))
    serves = md("{} has served everything since {}{}.", stable(rollout), since, exposure).capitalized()
    return join(" ", [because(rollout.cause, view.now), serves, held(view)])


def held(view: CardView) -> Mrkdwn:
    """`Held for @ana: nothing is deployed to my-app/prod, version 3 least of all, until someone releases it.`

    Once somebody has: who, when and why.
    """
    hold = view.hold
    if hold is None:
        return _released(view)
    holder = who(hold.by) if hold.by else who(view.rollout.by)
    if hold.rollout != view.rollout.id:
        holder = md("since #{}", hold.rollout)
    bad = join(" and ", [_version(view.rollout, name) for name in hold.vetoes])
    veto = md(", {} least of all,", bad) if hold.vetoes else md("")
    target = view.rollout.target
    return md("Held {}{}: nothing is deployed to {}{} until someone releases the hold.",
              md("for ") if hold.rollout == view.rollout.id else md(""), holder, target, veto)  # fmt: skip


def _released(view: CardView) -> Mrkdwn:
    one = view.released
    if one is None:
        return md("")
    why = md(": “{}”", clip(one.reason, 300)) if one.reason else md("")
    return md("The hold was released by {}, {}{}.", who(one.by), date(one.at, view.now), why)


def _version(rollout: Rollout, id: str) -> Mrkdwn:
    return md("version {}", clip(id, 60)) if rollout.kind == "lambda" or id.isdecimal() else clip(id, 60)


def _ended(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    kept = md("No traffic moved; {} kept serving.", stable(rollout)) if not rollout.peak else md("")
    hint = stop(rollout.cause.hint).capitalized() if rollout.cause else md("")
    return join(" ", [asked_back(rollout.cause, view.now), kept, hint])


def _adopted(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    foreign = rollout.seen.foreign if rollout.seen else ""
    split = clip(foreign, 200) if foreign else md("{} on {}", percent(rollout), candidate(rollout))
    return join(" ", [because(rollout.cause, view.now), md("AWS last showed {}; nothing is moved back.", split)])


_SAYS: dict[Phase, Callable[[CardView], Mrkdwn]] = {
    Phase.SUCCEEDED: _succeeded,
    Phase.ROLLED_BACK: _rolled_back,
    Phase.ADOPTED: _adopted,
}
