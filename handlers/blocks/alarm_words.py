"""Words about one alarm: its name, what it is, what it was, who silenced it. A notice and a summary say the same."""

from collections.abc import Iterable
from datetime import datetime

from handlers.blocks.parts import date, length, named
from handlers.escape import Mrkdwn, clip, join, md
from rollout.alarms.model import PLACE, Key, Line, Mute
from rollout.values import ZERO

NAME = 120
TEXT = 400
_FLAPS = 3
"""Red as often as this within one notice is no accident."""


def region_of(key: Key, regions: dict[str, str]) -> str:
    """The region an alarm is in."""
    return regions.get(key.lane) or key.lane.rpartition("/")[2]


def name(key: Key, regions: dict[str, str]) -> Mrkdwn:
    """An alarm by its name; a place by its region, and by its account where it is not the bot's own."""
    if key.kind != PLACE:
        return clip(key.name, NAME) or md("an alarm without a name")
    region, account = region_of(key, regions), key.lane.rpartition("/")[0]
    own = account in ("", "default")
    return clip(region, NAME) if own else md("{} (account {})", clip(region, NAME), clip(account, NAME))


def few(names: Iterable[str], most: int = 3) -> Mrkdwn:
    """`a, b, c and 9 more`."""
    every = list(names)
    shown = join(", ", every[:most])
    return md("{} and {} more", shown, len(every) - most) if len(every) > most else shown


def nth(count: int) -> str:
    """`2nd`, `4th`, `11th`."""
    teen = 10 <= count % 100 <= 20
    return f"{count}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th')}"


def state(one: Line, regions: dict[str, str], now: datetime) -> Mrkdwn:
    """What it is now, since when, with its values: sentences that need nothing beside them."""
    subject, since = name(one.key, regions), date(one.since, now)
    if one.state == "ALARM":
        return join(" ", [_stop(md("{} is red since {}", subject, since), one.text), _again(one, now)])
    if one.state == "ABSENT":
        gone = md("{} was deleted in CloudWatch, noticed at {}: what it watched is watched no more.", subject, since)
        return join(" ", [gone, _again(one, now)])
    if one.state == "BLIND":
        blind = _stop(md("{} cannot be read since {}", subject, since), one.text)
        silence = md("Silence there is no good news: an alarm that turns red there is not told.")
        return join(" ", [blind, silence, _again(one, now)])
    return _quiet(one, subject, now)


def _quiet(one: Line, subject: Mrkdwn, now: datetime) -> Mrkdwn:
    """Not bad now; only OK is OK."""
    since, was = date(one.since, now), _was(one, now)
    if one.key.kind == PLACE and one.state == "OK":
        return md("{} can be read again since {}: it {}.", subject, since, was)
    if one.state == "OK":
        return md("{} is OK again since {}: it {}.", subject, since, was)
    if one.state == "UNWATCHED":
        return md("{} is watched no more since {}: the configuration does not name it. It {}.", subject, since, was)
    return md("{} has no data since {}: whether it is well is not known. It {}.", subject, since, was)


def _was(one: Line, now: datetime) -> Mrkdwn:
    """`was red for 12 min, 14:02 to 14:14; it read 8.2 over limit 1`."""
    # A deleted alarm has no values: of it only `not OK` is certain once it is back.
    how = "could not be read" if one.key.kind == PLACE else "was red" if one.text else "was not OK"
    span = one.bad_for if one.bad_for > ZERO else max(ZERO, one.since - one.first)
    text = clip(one.text.rstrip(" ."), TEXT) if one.key.kind != PLACE else md("")
    read = md("; it read {}", text) if text else text
    if one.times > 1:
        flaps = md(", it flaps") if one.times >= _FLAPS else md("")
        between = md("between {} and {}", date(one.first, now), date(one.since, now))
        return md("{} {} times {}, {} in all{}{}", how, one.times, between, length(span), flaps, read)
    return md("{} for {}, {} to {}{}", how, length(span), date(one.first, now), date(one.first + span, now), read)


def _again(one: Line, now: datetime) -> Mrkdwn:
    """The counter; empty the first time."""
    if one.times == 1:
        return md("")
    before = md(", {} in all before this", length(one.bad_for)) if one.bad_for > ZERO else md("")
    flaps = md(": it flaps") if one.times >= _FLAPS else md("")
    what = {"ALARM": "Red", "ABSENT": "Not OK", "BLIND": "Unreadable"}.get(one.state, "Bad")
    return md("{} for the {} time since {}{}{}.", what, nth(one.times), date(one.first, now), before, flaps)


def _stop(fact: Mrkdwn, values: str) -> Mrkdwn:
    """A fact with its values as one sentence."""
    said = clip(values.rstrip(" ."), TEXT)
    return md("{}: {}.", fact, said) if said else md("{}.", fact)


def silenced(mute: Mute, now: datetime) -> Mrkdwn:
    """`by @ana until 16:00`."""
    until = date(mute.until, now) if mute.until is not None else md("it is OK")
    return md("by {} until {}", named(mute.by), until)
