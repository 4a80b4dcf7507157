"""The health line: what each alarm said, with its values, and how long it was watched.

What is not known is never shown as fine.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from handlers.blocks.parts import date, link
from handlers.blocks.state import baking, unread
from handlers.escape import Mrkdwn, clip, join, md
from rollout.model import Phase, Rollout
from rollout.plan import SetWeight
from rollout.seen import AlarmReading

SHOWN = 6
"""Alarms named one by one; the rest is counted."""
_PLAIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,270}/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,600}")
_NAME = 120
_TEXT = 240


def checking(rollout: Rollout) -> bool:
    """The last look could not be read, or was none: neither success nor failure may be shown."""
    return unread(rollout) or rollout.verdict is None


def line(rollout: Rollout, now: datetime, said: str = "") -> Mrkdwn:
    """`my-app-errors OK · my-app-p99 OK · watched 3 of 5 min`; after the end what was seen last, and so said.

    `said`: the sentence above it, whose reasons are not repeated.
    """
    if not rollout.live:
        if unread(rollout):
            return md("the last look before the end could not be read")
        return md("at the end: {}", _alarms(rollout)) if rollout.terms.alarms else md("no alarm watched it")
    if checking(rollout):
        return join(" · ", [_checking(rollout, now), _refused(rollout), _watched(rollout)])
    return join(" · ", [
        _alarms(rollout), _trial(rollout), _target(rollout, said), _late(rollout), _refused(rollout), _watched(rollout),
    ])  # fmt: skip


def _checking(rollout: Rollout, now: datetime) -> Mrkdwn:
    why = rollout.fault.text if rollout.fault else _blind(rollout)
    parts = [md("checking"), md("the last look could not be read: {}", clip(why, 400)) if why else ""]
    if rollout.last_good:
        parts.append(md("last healthy look {}", date(rollout.last_good, now)))
    if rollout.verdict is not None and rollout.verdict.outcome == "FAIL":
        parts.append(clip(rollout.verdict.said("fail"), 400))
    if not why:
        names = (gate.name for gate in rollout.terms.alarms)
        parts = [md("not read yet: {}", _few(names)) if rollout.terms.alarms else md("not read yet")]
    return join(" · ", parts)


def _blind(rollout: Rollout) -> str:
    return rollout.verdict.said("blind") if rollout.verdict else ""


def _alarms(rollout: Rollout) -> Mrkdwn:
    if not rollout.terms.alarms:
        unwatched = rollout.terms.gates == "none" or rollout.back
        return (
            md("unwatched: time and target health decide")
            if unwatched
            else md("no alarm watches this target")
        )
    readings = {reading.name: reading for reading in rollout.alarms}
    found = [(gate.name, readings.get(gate.name)) for gate in rollout.terms.alarms]
    found.sort(key=lambda pair: _rank(pair[1]))
    shown = [_alarm(rollout, name, reading) for name, reading in found[:SHOWN]]
    if rest := found[SHOWN:]:
        fine = sum(1 for _, reading in rest if _rank(reading) == 3)
        shown.append(md("and {} more, {} of them OK", len(rest), fine))
    return join(" · ", shown)


def _rank(reading: AlarmReading | None) -> int:
    """Red first, then what nobody knows, then no data, then OK."""
    if reading is not None and reading.found and reading.state == "ALARM":
        return 0
    if reading is None or not reading.found or not reading.clean or reading.history == "unreadable":
        return 1
    return 3 if reading.state == "OK" and reading.history != "red" else 2


def _alarm(rollout: Rollout, name: str, reading: AlarmReading | None) -> Mrkdwn:
    return join(" ", [clip(name, _NAME), _says(reading), _notes(rollout, reading)])


def _says(reading: AlarmReading | None) -> Mrkdwn:
    if reading is None:
        return md("not read yet")
    if not reading.found:
        return md("does not exist in CloudWatch")
    if reading.state == "ALARM":
        return md("RED: {}", clip(reading.text, _TEXT)) if reading.text else md("RED")
    if not reading.clean:
        return md("could not be evaluated")
    if reading.state == "INSUFFICIENT_DATA":
        return md("no data")
    if reading.history == "red":
        return md("OK now, was red during this step")
    if reading.history == "unreadable":
        return md("OK now, its history could not be read")
    return md("OK")


def _notes(rollout: Rollout, reading: AlarmReading | None) -> Mrkdwn:
    """What makes an OK worth less; that an alarm is too slow for the bake stands in the warnings."""
    mixed = reading is not None and reading.found and reading.mixed and rollout.live
    return md("(sees both sides mixed)") if mixed else md("")


def _target(rollout: Rollout, said: str) -> Mrkdwn:
    """What the servers say. On a way back the new side goes: that it has not come up is no news then."""
    falls = rollout.phase is Phase.ROLLING_BACK
    reasons = rollout.verdict.reasons if rollout.verdict else ()
    trial = rollout.seen.trial if rollout.seen else None
    told = trial.said if trial else ""  # what the test address said stands beside its link already
    unlike = ("pass", "no_data") if falls else ("pass",)
    texts = [
        clip(one.text, _TEXT) for one in reasons
        if one.voter == "target" and one.vote not in unlike and one.text != told
    ]  # fmt: skip
    return join(" · ", (text for text in texts if text[1:] not in said))  # a sentence begins with a capital


def _trial(rollout: Rollout) -> Mrkdwn:
    """`new release at https://… · test 200 in 41 ms`: where to look at it before it has traffic, and what it answers.

    A rule that leads to another release gets no link: whoever clicks would judge the wrong one.
    """
    trial = rollout.seen.trial if rollout.seen else None
    if trial is None:
        return md("")
    if trial.state == "elsewhere":
        return md("no test address: {}", clip(trial.text, _TEXT))
    if trial.state == "waiting":
        return md("")
    # Nothing but an address that cannot end its own link; anything else is text.
    where = md("new release at {}", link(trial.url if _PLAIN.fullmatch(trial.url) else "", trial.url))
    if trial.state == "unasked":
        return where
    many = md(" ({} looks)", trial.misses) if trial.misses > 1 else md("")
    says = md("not reachable: {}", clip(trial.text, _TEXT)) if trial.state == "unreachable" else clip(trial.text, _TEXT)
    return join(" · ", [where, md("test {}{}", says, many)])


def _late(rollout: Rollout) -> Mrkdwn:
    """A count that is a minute or two old is shown as one, also while nothing is wrong."""
    side = rollout.seen.candidate if rollout.seen else None
    reasons = rollout.verdict.reasons if rollout.verdict else ()
    said = any(side.text in one.text for one in reasons) if side else True
    return clip(side.text, _TEXT) if side and side.late and not said else md("")


def _refused(rollout: Rollout) -> Mrkdwn:
    """A change that AWS did not take, or whose answer never came: two different things at 3 a.m."""
    fault = rollout.write_fault
    if fault is None:
        return md("")
    tries = md(" ({} times)", rollout.write_failures) if rollout.write_failures > 1 else md("")
    if fault.kind == "unknown":
        return md("AWS did not answer the last change{}: {}", tries, clip(fault.text, _TEXT))
    return md("AWS did not take the last change{}: {}", tries, clip(fault.text, _TEXT))


def _watched(rollout: Rollout) -> Mrkdwn:
    """How much of the bake was watched."""
    bake = timedelta(0)
    if rollout.phase is Phase.FINAL_BAKE:
        bake = rollout.terms.final_bake
    elif (
        rollout.phase in (Phase.STEPPING, Phase.PAUSED)
        and isinstance(rollout.here, SetWeight)
        and baking(rollout)
    ):
        bake = rollout.here.bake
    if not bake:
        return md("")
    unit, name = (60, "min") if bake >= timedelta(minutes=2) else (1, "s")
    done, whole = (int(span.total_seconds() // unit) for span in (min(rollout.baked, bake), bake))
    return md("watched {} of {} {}", done, whole, name)


def _few(names: Iterable[str]) -> Mrkdwn:
    every = list(names)
    more = [md("and {} more", len(every) - SHOWN)] if len(every) > SHOWN else []
    return join(", ", [*(clip(name, _NAME) for name in every[:SHOWN]), *more])
