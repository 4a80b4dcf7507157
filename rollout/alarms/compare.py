"""Memory against reading: what one alarm did since it was seen last. Pure; what people are told is fold.py's.

CloudWatch's own times count, however late we look. A reading older than the memory changes nothing: reads of AWS may
be stale. One look alone makes no alarm ABSENT and no place BLIND.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from rollout.alarms.model import AlarmState, Key, Mute, Past, State, Turn
from rollout.durations import Duration
from rollout.seen import AlarmReading, Fault


class Role(NamedTuple):
    """What the configuration says of an alarm."""

    key: Key
    gate: bool = False
    bake: Duration | None = None
    slack: timedelta = timedelta(seconds=60)
    watched_since: datetime | None = None
    """When its place was first read for this app; None: this is the first time."""


class Compared(NamedTuple):
    """The new memory, and what happened, oldest first."""

    state: AlarmState
    turns: tuple[Turn, ...] = ()


def moved(stored: AlarmState | None, reading: AlarmReading) -> bool:
    """It changed since it was seen last, so its history is worth a read."""
    if stored is None or not reading.found or _stale(stored, reading):
        return False
    return (stored.state, stored.since) != (reading.state, reading.since)


def hidden(stored: AlarmState | None, reading: AlarmReading) -> bool:
    """It is as it was, and was something else in between: only its history knows what."""
    return moved(stored, reading) and stored is not None and stored.state == reading.state


def compare(
    stored: AlarmState | None, reading: AlarmReading, past: Sequence[Past], role: Role, now: datetime
) -> Compared:
    """What a reading means. `past`: its history since then; empty when unread, then only the last change is known."""
    if not reading.found:
        return _missing(stored, role, now)
    if stored is not None and _stale(stored, reading):
        return Compared(stored.model_copy(update={"doubt": None}))
    if stored is None:
        turns = _first(reading, role, now)
    elif moved(stored, reading):
        turns = _turns(stored, reading, past, role.key, now)
    else:
        turns = ()
    return Compared(_seen(stored, reading, role, turns, now), turns)


def place(
    stored: AlarmState | None, key: Key, faults: tuple[Fault | None, Fault | None], blind_after: timedelta,
    now: datetime,
) -> Compared:  # fmt: skip
    """What a sweep says of the place itself: readable, in doubt, or blind once that has lasted.

    `faults`: why nothing could be read; and why some of it could not, or could not be looked for: that is listed only.
    """
    fault, listed = faults
    before = stored or AlarmState(key=key, state="OK", since=now)
    before = before.model_copy(update={"muted": _still(before.muted, now, ok=fault is None)})
    if fault is None:
        turns = (Turn(key=key, state="OK", before="BLIND", at=now),) if before.state == "BLIND" else ()
        since = now if turns else before.since
        seeing = {"state": "OK", "since": since, "doubt": None, "fault": listed, "text": ""}
        return Compared(before.model_copy(update=seeing), turns)
    doubt = before.doubt or now
    known = before.model_copy(update={"doubt": doubt, "fault": fault, "text": fault.text})
    if before.state == "BLIND" or now - doubt < blind_after:
        return Compared(known)
    turn = Turn(key=key, state="BLIND", before=before.state, at=doubt, text=_told(fault))
    return Compared(known.model_copy(update={"state": "BLIND", "since": doubt}), (turn,))


def _told(fault: Fault) -> str:
    return f"{fault.text}; {fault.hint}" if fault.hint else fault.text


def _stale(stored: AlarmState, reading: AlarmReading) -> bool:
    """An older truth than the one we know. What we ourselves put down (ABSENT) has no time of CloudWatch's."""
    if stored.state == "ABSENT" or stored.since is None or reading.since is None:
        return False
    return reading.since < stored.since


def _missing(stored: AlarmState | None, role: Role, now: datetime) -> Compared:
    if stored is None:  # never there: a name of the configuration that is wrong is no news, lists and `check` name it
        never = AlarmState(key=role.key, state="ABSENT", since=now, gate=role.gate, bake=role.bake, slack=role.slack)
        return Compared(never)
    if stored.state == "ABSENT":
        return Compared(stored)
    if stored.doubt is None:
        return Compared(stored.model_copy(update={"doubt": now}))
    turn = Turn(key=role.key, state="ABSENT", before=stored.state, at=stored.doubt)
    gone = {"state": "ABSENT", "since": stored.doubt, "doubt": None, "text": ""}
    return Compared(stored.model_copy(update=gone), (turn,))


def _first(reading: AlarmReading, role: Role, now: datetime) -> tuple[Turn, ...]:
    """Seen for the first time: news only if it turned red while its place was watched already."""
    at = reading.since or now
    if reading.state != "ALARM" or role.watched_since is None or at < role.watched_since:
        return ()
    return (Turn(key=role.key, state="ALARM", before=None, at=at, text=reading.text, mixed=reading.mixed),)


def _turns(
    stored: AlarmState, reading: AlarmReading, past: Sequence[Past], key: Key, now: datetime
) -> tuple[Turn, ...]:
    known = stored.since if stored.state != "ABSENT" else None
    turns: list[Turn] = []
    before: State = stored.state

    def turn(state: State, at: datetime, text: str) -> None:
        nonlocal before
        if state != before:  # history tells some changes with a few milliseconds' difference: the same state is no turn
            turns.append(Turn(key=key, state=state, before=before, at=at, text=text, mixed=reading.mixed))
            before = state

    for item in past:
        if (known is None or item.at > known) and item.at <= (reading.since or now):
            turn(item.state, item.at, item.text)
    at = reading.since or now
    if known is None and stored.since is not None:
        at = max(at, stored.since)
    turn(reading.state, at, reading.text)
    if turns and turns[-1].state == reading.state and reading.text:
        turns[-1] = turns[-1].model_copy(update={"text": reading.text})
    return tuple(turns)


def _seen(
    stored: AlarmState | None, reading: AlarmReading, role: Role, turns: tuple[Turn, ...], now: datetime
) -> AlarmState:
    ok = reading.state == "OK" or _recovered(turns)
    muted = _still(stored.muted if stored else None, now, ok=ok)
    text = stored.text if stored and not turns else reading.text
    return AlarmState(
        key=role.key, state=reading.state, since=reading.since, text=text, clean=reading.clean,
        window=reading.window, mixed=reading.mixed, gate=role.gate, bake=role.bake, slack=role.slack,
        muted=muted,
    )  # fmt: skip


def _recovered(turns: Sequence[Turn]) -> bool:
    """It was OK for a moment at least: a mute until then is over, also when it was pressed before we learned of it."""
    return any(turn.state == "OK" for turn in turns)


def _still(muted: Mute | None, now: datetime, *, ok: bool) -> Mute | None:
    """The mute, unless its time or its reason is over."""
    over = muted is not None and (not muted.holds(now) or (muted.until is None and ok))
    return None if over else muted
