"""How a rollout ended: what serves now and since when, how much the new side got, who holds the target."""

from collections.abc import Callable

from handlers.blocks.parts import date, date_exact, length, who
from handlers.blocks.sentences import because
from handlers.blocks.state import candidate, stable
from handlers.escape import Mrkdwn, clip, join, md
from rollout.model import Phase, Rollout
from rollout.reports import CardView


def sentence(view: CardView) -> Mrkdwn:
    """What came of it."""
    return _SAYS.get(view.rollout.phase, _ended)(view)


def _succeeded(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    return md(
        "{} serves everything since {}; it took {}.", candidate(rollout),
        date(rollout.proven_at or rollout.phase_at, view.now), length(rollout.phase_at - rollout.created_at),
    ).capitalized()  # fmt: skip


def _rolled_back(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    since = date_exact(rollout.traffic_to or rollout.phase_at)
    exposure = md("")
    if rollout.traffic_from and rollout.peak:
        span = (rollout.traffic_to or rollout.phase_at) - rollout.traffic_from
        exposure = md("; {} with up to {} %", length(span), rollout.peak)
    serves = md("{} serves everything since {}{}.", stable(rollout), since, exposure).capitalized()
    return join(" ", [because(rollout.cause, view.now), serves, held(view)])


def held(view: CardView) -> Mrkdwn:
    """`Held for you: @ana. Version 3 will not be deployed again until someone releases it.`"""
    hold = view.hold
    if hold is None:
        return md("")
    holder = who(hold.by) if hold.by else who(view.rollout.by)
    veto = md("Nothing is deployed to {}", view.rollout.target)
    if hold.veto:
        veto = md("{} will not be deployed again", _version(view.rollout, hold.veto)).capitalized()
    return md("Held for {}. {} until someone releases it.", holder, veto)


def _version(rollout: Rollout, id: str) -> Mrkdwn:
    return md("version {}", clip(id, 60)) if rollout.kind == "lambda" else clip(id, 60)


def _ended(view: CardView) -> Mrkdwn:
    rollout = view.rollout
    serves = md("No traffic moved; {} serves everything.", stable(rollout)) if not rollout.peak else md("")
    return join(" ", [because(rollout.cause, view.now), serves])


def _adopted(view: CardView) -> Mrkdwn:
    return join(
        " ", [because(view.rollout.cause, view.now), md("It ended as AWS shows it; nothing is moved back.")]
    )


_SAYS: dict[Phase, Callable[[CardView], Mrkdwn]] = {
    Phase.SUCCEEDED: _succeeded,
    Phase.ROLLED_BACK: _rolled_back,
    Phase.ADOPTED: _adopted,
}
