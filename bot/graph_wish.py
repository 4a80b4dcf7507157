"""What a graph should show: which time, which weight steps, which two sides. Short reads; nothing is drawn here."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rollout.actions import Shift
from rollout.alarms.model import Alert, Line
from rollout.alarms.plot import Mark, PlotWish, Side
from rollout.model import Rollout
from rollout.ports import Reads
from rollout.values import ZERO
from store import Store

BEFORE = timedelta(minutes=45)
"""How much of the time before it turned bad is shown, at most."""
LEAST = timedelta(minutes=5)
WINDOWS = 15
"""The same in windows of the alarm: one that is judged within seconds was decided in minutes."""
LONGEST = timedelta(hours=6)
"""Longer spells are drawn from there: a graph of a week says nothing about the last hour."""
CANDIDATES = 5
"""Alarms of a notice that are tried for one with a metric of its own."""


def candidates(alert: Alert) -> tuple[Line, ...]:
    """The alarms worth a graph, the one that is red now and was first, first."""
    lines = [line for line in alert.lines if line.key.kind == "alarm" and line.state not in ("ABSENT", "UNWATCHED")]
    return tuple(sorted(lines, key=lambda line: (not line.bad, line.first))[:CANDIDATES])


def for_line(store: Store, alert: Alert, line: Line, now: datetime) -> PlotWish:
    """The graph of one alarm of a notice, with the rollouts of its app beside it."""
    with store.reads() as reads:
        state = reads.alarm_state(line.key)
        start = _start(line.first, state.window if state else ZERO, now)
        near = _near(reads, alert.app, line.key.lane, start)
        return _wish(reads, near, start, now)


def for_rollout(store: Store, rollout: Rollout, now: datetime) -> PlotWish:
    """The graph of an alarm that brought this rollout back."""
    start = _start(rollout.created_at, max((one.window for one in rollout.alarms), default=ZERO), now)
    with store.reads() as reads:
        return _wish(reads, [rollout], start, now)


def _start(first: datetime, window: timedelta, now: datetime) -> datetime:
    before = min(max(WINDOWS * window, LEAST), BEFORE) if window else BEFORE
    return max(min(first - before, now - before * 4 / 3), now - LONGEST)


def _near(reads: Reads, app: str, lane: str, start: datetime) -> list[Rollout]:
    """Rollouts of the app at that place that were live in this time, newest first."""
    found = reads.history(app, limit=20)
    return [one for one in found if one.terms.lane == lane and (one.live or one.phase_at >= start)]


def _wish(reads: Reads, rollouts: Sequence[Rollout], start: datetime, end: datetime) -> PlotWish:
    one = next((one for one in rollouts if one.stable and one.candidate), None)
    marks = [mark for each in rollouts for mark in _marks(reads, each, start, end, alone=len(rollouts) == 1)]
    return PlotWish(
        start=start, end=end, marks=tuple(sorted(marks, key=lambda mark: mark.at)),
        sides=_sides(one) if one else (), settings=one.terms.settings if one else {},
    )  # fmt: skip


def _sides(one: Rollout) -> tuple[Side, ...]:
    named = (("old", one.stable), ("new", one.candidate))
    return tuple(Side(name=f"{word} ({side.id})", release=side.id) for word, side in named if side is not None)


def _marks(reads: Reads, one: Rollout, start: datetime, end: datetime, *, alone: bool) -> list[Mark]:
    """Weight steps that AWS confirmed, when it did."""
    whose = "" if alone else f"#{one.id} "
    return [
        Mark(at=intent.settled_at, text=f"{whose}{intent.action.percent} %")
        for intent in reads.intents(one.id)
        if isinstance(intent.action, Shift) and intent.state == "done"
        and intent.settled_at is not None and start <= intent.settled_at <= end
    ]  # fmt: skip
