"""`tidegate alarms` as plain text: what is red first, one line each, then what happened. Values in, text out."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from rollout.alarms.model import PLACE, AlarmState
from rollout.alarms.views import AlarmsReport
from rollout.durations import print_duration

_NAME, _APP = 34, 16
_TURNED = {"ALARM": "turned red", "OK": "turned OK", "INSUFFICIENT_DATA": "lost their data", "ABSENT": "were deleted"}
_WORDS = {"INSUFFICIENT_DATA": "NO DATA"}


def alarm_lines(report: AlarmsReport) -> Iterator[str]:
    """Counts, a row per alarm and place, and what happened since. Foreign names inside: the caller makes them safe."""
    alarms = [one for one in report.states if one.key.kind != PLACE]
    counts = Counter(_word(one) for one in alarms)
    counted = ", ".join(f"{count} {word}" for word, count in counts.items())
    yield f"{', '.join(report.apps)}: {len(alarms)} alarms{': ' if counted else ''}{counted}"
    for one in report.states:
        if one.key.kind != PLACE or one.bad or one.fault is not None:
            yield _row(one, report)
    if unwatched := [app for app in report.apps if all(one.key.app != app for one in report.states)]:
        yield f"  no alarm is configured for {', '.join(unwatched)}, or none was read yet"
    yield from _happened(report)


def _row(one: AlarmState, report: AlarmsReport) -> str:
    notes = [one.fault.text if one.fault is not None else one.text]
    if one.muted is not None and one.muted.holds(report.now):
        until = f"until {_when(one.muted.until)}" if one.muted.until else "until it is OK"
        notes.append(f"muted {until} by {one.muted.by.name or one.muted.by.id}")
    if one.too_slow and one.bake is not None:
        notes.append(f"cannot fire within a bake of {print_duration(one.bake)}")
    if not one.clean:
        notes.append("CloudWatch could not evaluate it")
    gate = "gate" if one.gate else ""
    name = one.key.lane if one.key.kind == PLACE else one.key.name
    head = f"  {_word(one):<8} {_when(one.since):<25} {one.key.app:<{_APP}} {name:<{_NAME}} {gate:<4}"
    return f"{head} {'; '.join(filter(None, notes))}".rstrip()


def _happened(report: AlarmsReport) -> Iterator[str]:
    changes = [f"{count} {_TURNED[state]}" for state, count in report.changes.items() if state in _TURNED and count]
    if changes:
        yield f"since {_when(report.since)}: {', '.join(changes)}"
    if report.longest is not None:
        one = report.longest
        end = f"until {_when(one.end)}" if one.end else "and still is"
        yield f"longest: {one.app} {one.name} was red since {_when(one.start)} {end}"
    for gone in report.ended:
        cause = f": {gone.cause}" if gone.cause else ""
        yield f"#{gone.rollout} {gone.app}/{gone.env} {gone.outcome} after {print_duration(gone.took)}{cause}"
    if report.live:
        yield f"live: {', '.join(f'#{number}' for number in report.live)}"


def _word(one: AlarmState) -> str:
    return "unclear" if one.state == "OK" and not one.clean else _WORDS.get(one.state, one.state)


def _when(moment: datetime | None) -> str:
    """As texts.when, which imports this module."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds") if moment else "-"
