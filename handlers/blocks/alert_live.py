"""What a notice about alarms says of the rollouts that are live meanwhile, and of what gates them."""

from collections.abc import Sequence

from handlers.blocks.alarm_words import few, name
from handlers.blocks.state import percent, share, short, unread, words
from handlers.escape import Mrkdwn, join, md
from rollout.alarms.model import PLACE, Line
from rollout.alarms.views import AlertView
from rollout.model import Phase, Rollout

_SHOWN = 4


def gating(view: AlertView, rollout: Rollout) -> tuple[Line, ...]:
    """The alarms that are bad now and gate this rollout: by name, and at its own account and region."""
    gates = {gate.name for gate in rollout.terms.alarms}
    return tuple(line for line in _alarms(view) if line.key.lane == rollout.terms.lane and line.key.name in gates)


def first_gated(view: AlertView) -> list[Rollout]:
    """The live rollouts, those that a bad alarm gates first."""
    return sorted(view.live, key=lambda rollout: not gating(view, rollout))


def live(view: AlertView) -> Mrkdwn:
    """One line per live rollout: where it stands, and whether these alarms stop it. Empty once nothing is bad."""
    if not view.alert.bad:
        return md("")
    lines = [_live(view, rollout) for rollout in first_gated(view)]
    more = [md("and {} more rollouts are live", len(lines) - _SHOWN)] if len(lines) > _SHOWN else []
    return join("\n", [*lines[:_SHOWN], *more])


def _live(view: AlertView, rollout: Rollout) -> Mrkdwn:
    """`#42 in prod is at 10 % (1 → 2), baking at 10 %, and this alarm gates it.`"""
    old = short(rollout.stable.id) if rollout.stable else "?"
    new = short(rollout.candidate.id) if rollout.candidate else short(rollout.wanted) or "?"
    return md("#{} in {} {} ({} → {}){}.", rollout.id, rollout.env, _stands(rollout), old, new, _gates(view, rollout))


def _stands(rollout: Rollout) -> Mrkdwn:
    says = words(rollout)
    if share(rollout) is None or percent(rollout) in says:
        return md("is {}", says)
    return md("is {}, {} {}", says, "last seen at" if unread(rollout) else "now at", percent(rollout))


def _gates(view: AlertView, rollout: Rollout) -> Mrkdwn:
    alarms, gates = _alarms(view), gating(view, rollout)
    blind = any(line.key.lane == rollout.terms.lane for line in view.alert.bad if line.key.kind == PLACE)
    unreadable = md(", at a place that cannot be read") if blind else md("")
    if not alarms or rollout.phase is Phase.ROLLING_BACK:
        return unreadable
    if rollout.back:
        return md("{}; it is a way back itself, and no alarm turns that round", unreadable)
    return md("{}, and {}", unreadable, _who_gates(view, alarms, gates))


def _who_gates(view: AlertView, alarms: Sequence[Line], gates: Sequence[Line]) -> Mrkdwn:
    if len(alarms) == 1:
        return md("this alarm gates it") if gates else md("this alarm does not gate it")
    if not gates:
        return md("none of these alarms gates it")
    if len(gates) == len(alarms):
        return md("these alarms gate it")
    verb = "gates" if len(gates) == 1 else "gate"
    return md("{} {} it", few(name(line.key, view.regions) for line in gates), verb)


def _alarms(view: AlertView) -> tuple[Line, ...]:
    return tuple(line for line in view.alert.bad if line.key.kind != PLACE)
