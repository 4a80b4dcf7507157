"""Pieces of sentences that every phase needs: a cause, a deadline, a fact of foreign words."""

from datetime import datetime, timedelta

from handlers.blocks.parts import date, who
from handlers.blocks.state import candidate, percent, share, unread
from handlers.escape import Mrkdwn, clip, md
from rollout.model import Cause
from rollout.reports import CardView

FACT = 900
"""Characters of a foreign fact inside a sentence."""
CAUSE = 300
"""Of a cause: the rest stands in the thread, and in `show`."""


def because(cause: Cause | None, now: datetime) -> Mrkdwn:
    """The cause as a sentence, with who and when."""
    if cause is None:
        return md("")
    at = date(cause.at, now)
    text = clip(cause.text.rstrip(" ."), CAUSE)
    what = md("{}{}", "Alarm " if cause.kind == "alarm" else "", text).capitalized()
    return md("{} ({}, {}).", what, who(cause.by), at) if cause.by else md("{}, at {}.", what, at)


def asked_back(cause: Cause | None, now: datetime) -> Mrkdwn:
    """The same where nothing has shown yet, or never will, that a person's `rolled back` is done."""
    if cause is None or not cause.text.startswith("rolled back"):
        return because(cause, now)
    text = "asked to roll back" + cause.text.removeprefix("rolled back")
    return because(cause.model_copy(update={"text": text}), now)


def shows(view: CardView) -> Mrkdwn:
    """What AWS shows; only what the last look did read is said in the present tense."""
    rollout = view.rollout
    if share(rollout) is None and rollout.seen is None:
        return md("AWS has not shown it yet")
    foreign = rollout.seen.foreign if rollout.seen else ""
    new = candidate(rollout) if rollout.back else "the new release"  # the way back to an old one calls it by name
    split = clip(foreign, 200) if foreign else md("{} on {}", percent(rollout), new)
    at = rollout.seen.at if rollout.seen else rollout.proven_at
    if not unread(rollout):
        return md("AWS shows {}", split)
    if at is None:
        return md("AWS could not be read yet")
    return md("AWS last showed {} at {}", split, date(at, view.now))


def and_shows(view: CardView, said: str) -> Mrkdwn:
    """`; AWS shows 10 % on the new release`, unless that share was just said, by AWS or as `no traffic`."""
    told = f"{percent(view.rollout)} of " in said or (share(view.rollout) == 0 and "no traffic has moved" in said)
    return md("") if told and not unread(view.rollout) else md("; {}", shows(view))


def stands(view: CardView) -> Mrkdwn:
    """Deadlines are watched time: they stand still while the machine is blind. Empty when they run."""
    return md("Its deadline stands still until AWS can be read.") if unread(view.rollout) else md("")


def until(view: CardView, limit: timedelta) -> Mrkdwn:
    """When a deadline of watched time ends, if looks go on as they should."""
    rollout = view.rollout
    left = max(timedelta(0), limit - rollout.elapsed)
    return date(minute((rollout.last_look or view.now) + left), view.now)


def minute(at: datetime) -> datetime:
    """Down to the whole minute: a card must not change because a look came a second later, and nothing may happen
    before the time it names.
    """
    return at.replace(second=0, microsecond=0)


def fact(text: str) -> Mrkdwn:
    return clip(text.rstrip(" ."), FACT)


def stop(text: str) -> Mrkdwn:
    return md("{}.", clip(text.rstrip(" ."), FACT)) if text else md("")
