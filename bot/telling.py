"""Whether a notice about alarms gets a message of its own now. A rule over values: nothing is read or sent here."""

from datetime import datetime, timedelta
from typing import Literal

from rollout.alarms.model import Alert, Line
from rollout.alarms.views import AlertView
from rollout.values import ZERO

LOOK_FIRST = timedelta(seconds=10)
"""How long a notice waits for the look of a rollout that its alarm gates: then the card may tell it already."""

Due = Literal["tell", "wait", "silent", "never"]
"""wait: a look comes first; silent: all that is bad is muted; never: this version needs no message."""


def due(view: AlertView, *, silenced: bool) -> Due:
    """For a notice that has no message yet; one that has is kept up to date in any case.

    `silenced`: it was held back by a mute before. Over by now, it is never told; otherwise it is, however late.
    """
    alert = view.alert
    if not alert.to_tell:
        return "never"
    if _looked_at_soon(view):
        return "wait"
    if not alert.bad:
        return "never" if silenced else "tell"
    return "silent" if _muted(view) else "tell"


def _muted(view: AlertView) -> bool:
    muted = {state.key for state in view.states if state.muted is not None and state.muted.holds(view.now)}
    return all(line.key in muted for line in view.alert.bad)


def _looked_at_soon(view: AlertView) -> bool:
    """A live rollout that one of these alarms gates was not looked at since the notice was noted, and soon will be."""
    if not ZERO <= view.now - view.alert.noted_at < LOOK_FIRST:
        return False
    own = [line for line in view.alert.bad if line.told_by is None]
    return any(
        _gated(own, rollout.terms.lane, {gate.name for gate in rollout.terms.alarms})
        and _before(rollout.last_look, view.alert)
        for rollout in view.live
    )


def _gated(lines: list[Line], lane: str, gates: set[str]) -> bool:
    return any(line.key.lane == lane and line.key.name in gates for line in lines)


def _before(look: datetime | None, alert: Alert) -> bool:
    return look is None or look < alert.noted_at
