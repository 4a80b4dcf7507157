"""Pieces of sentences that every phase needs: a cause, a deadline, a fact of foreign words."""

from datetime import datetime, timedelta

from handlers.blocks.parts import date, who
from handlers.escape import Mrkdwn, clip, md
from rollout.model import Cause
from rollout.reports import CardView

FACT = 900
"""Characters of a foreign fact inside a sentence."""


def because(cause: Cause | None, now: datetime) -> Mrkdwn:
    """The cause as a sentence, with who and when."""
    if cause is None:
        return md("")
    at = date(cause.at, now)
    what = md("{}{}", "Alarm " if cause.kind == "alarm" else "", fact(cause.text)).capitalized()
    return md("{} ({}, {}).", what, who(cause.by), at) if cause.by else md("{}, at {}.", what, at)


def until(view: CardView, limit: timedelta) -> Mrkdwn:
    """When a deadline of watched time ends, if looks go on as they should."""
    rollout = view.rollout
    left = max(timedelta(0), limit - rollout.elapsed)
    return date(minute((rollout.last_look or view.now) + left), view.now)


def minute(at: datetime) -> datetime:
    """Up to the next whole minute: a card must not change because a look came a second later."""
    return (
        at if at.second == at.microsecond == 0 else at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    )


def fact(text: str) -> Mrkdwn:
    return clip(text.rstrip(" ."), FACT)


def stop(text: str) -> Mrkdwn:
    return md("{}.", clip(text.rstrip(" ."), FACT)) if text else md("")
