"""Thread replies: what happened to a rollout, one line each; loud ones begin with the people they call."""

from datetime import datetime

from handlers.blocks.parts import (
    Message,
    actions,
    context,
    date,
    date_exact,
    join_mentions,
    link,
    mention,
    message,
    named,
    section,
)
from handlers.blocks.sentences import because
from handlers.blocks.state import candidate, stable, words
from handlers.buttons import HAVE_IT, ButtonValue, button
from handlers.cloudwatch import alarm_url
from handlers.escape import Mrkdwn, clip, join, md
from rollout.model import Rollout
from rollout.notices import Event, NeedsHuman

_TEXT = 1500
_LINKS = 5
_ADDRESS = 450
"""Five links, and their names, fit into one paragraph."""

_SAID = {
    "asked": "Asked for",
    "started": "Started",
    "raised": "Being raised",
    "proven": "Seen on AWS",
    "approval_wanted": "Approval wanted",
    "approved": "Approved",
    "promoted": "Going on early",
    "paused": "Paused",
    "resumed": "Resumed",
    "went_on": "Goes on without evidence",
    "going_back": "Going back",
    "rolled_back": "Rolled back",
    "succeeded": "Succeeded",
    "cancelled": "Cancelled",
    "refused": "Refused",
    "drift": "Paused",
    "restored": "Putting it back",
    "adopted": "Ended as AWS shows it",
    "blind": "Paused",
    "sight": "What held it is over",
    "no_data": "Paused",
    "no_gate": "Waiting for a person",
    "stuck": "Stuck, needs a person",
    "retried": "Trying again",
    "alarm": "Alarm",
    "reminder": "Still waiting",
    "not_promoted": "Not promoted",
    "unlocked": "Hold released",
    "alarm_over": "Alarm over",
    "away": "Tidegate is back",
    "foreign": "Somebody else is deploying here",
    "shipped": "Emergency ship: everything to the new release",
    "aws_went_on": "AWS went on by itself",
    "page_taken": "The call for a person was taken",
}


def event(one: Event, rollout: Rollout) -> Message:
    """One reply. What it says is complete without the card: broadcasts are read in the channel."""
    calls = join_mentions(one.mention) if one.loud else md("")
    by = md(" by {}", named(one.by)) if one.by else md("")
    said = _SAID[one.what]
    if one.what == "approval_wanted" and rollout.watched and not rollout.signs:
        said = "Waits for a person"  # whoever may deploy answers it: nobody is asked to approve anything
    head = md("{}{}{}", said, _at(one), by)
    fact = clip(_beyond(said, one.text), _TEXT)
    where = md("{} → {}, {}: ", rollout.app, rollout.env, _version(rollout)) if one.loud else md("")
    line = join(" ", [calls, md("{}{}{}.", where, head, md(": {}", fact) if fact else md(""))])
    links = _links(one, rollout)
    told = [section(line), *([section(links)] if links else [])]
    small = context(md("#{} · {}", rollout.id, date_exact(one.at)))
    return message(join("\n", [line, links]), [*told, small])


def page(one: NeedsHuman, rollout: Rollout, mention: tuple[str, ...] = ()) -> Message:
    """A call for a person: who, what, what to do, and the button that says somebody has it.

    About a rollout that has ended there is one call, and nobody has to take it.
    """
    calls = join_mentions(mention)
    where = md("{} → {} needs a person: ", rollout.app, rollout.env)
    fact = md("{}.", clip(one.text.rstrip(" ."), _TEXT))
    hint = md("{}.", clip(one.hint.rstrip(" ."), 600)).capitalized() if one.hint else md("")
    line = join(" ", [calls, md("{}{}", where, fact), hint])
    if not rollout.live:
        small = context(md("#{} · {}", rollout.id, date_exact(one.at)))
        return message(line, [section(join(" ", [line, ended(rollout, one.at)])), small])
    have = button("I have it", ButtonValue(verb=HAVE_IT, rollout=rollout.id), style="primary",
                  aloud=f"I have it: {rollout.app} in {rollout.env}")  # fmt: skip
    again = md("#{} · {} · called again until somebody presses the button", rollout.id, date_exact(one.at))
    return message(line, [section(line), *actions([have]), context(again)])


def page_closed(
    text: str, at: datetime, rollout: Rollout, taker: tuple[str, datetime] | None, now: datetime
) -> Message:
    """A call that is over: what it was about, and what became of it; no button. `taker`: who has it, by key."""
    fact = md("{} → {} needed a person: {}.", rollout.app, rollout.env, clip(text.rstrip(" ."), _TEXT))
    if not rollout.live:
        then = ended(rollout, now)
    elif taker is not None:
        whom = mention(taker[0].rpartition("/")[2])
        then = md("{} has had it since {}: nobody else is called.", whom, date(taker[1], now))
    else:
        then = md("That was over at {}: nobody is called any more.", date(now, now))
    line = join(" ", [fact, then])
    return message(line, [section(line), context(md("#{} · {}", rollout.id, date_exact(at)))])


def ended(rollout: Rollout, now: datetime) -> Mrkdwn:
    """When and how it ended."""
    how = join(" ", [md("It ended at {}: {}.", date(rollout.phase_at, now), words(rollout)),
                     because(rollout.cause, now)])  # fmt: skip
    return join(" ", [how, md("Nobody is called again.")])


def _links(one: Event, rollout: Rollout) -> Mrkdwn:
    """The alarms behind it, each a link to where its graph is; addresses too long for a text are left to the name."""
    if not one.alarms:
        return md("")
    region = str(rollout.terms.settings.get("region", ""))
    pages = [(alarm_url(region, name), name) for name in one.alarms[:_LINKS]]
    named = [link(url if len(url) <= _ADDRESS else "", name) for url, name in pages]
    more = [md("and {} more", len(one.alarms) - _LINKS)] if len(one.alarms) > _LINKS else []
    return md("CloudWatch: {}", join(", ", [*named, *more]))


def _beyond(said: str, text: str) -> str:
    """What the text says that the title has not said already."""
    text = text.rstrip(" .")
    while text.lower().startswith(said.lower()) and not text[len(said) :][:1].isalnum():
        text = text[len(said) :].lstrip(": .")
    return text


def _at(one: Event) -> Mrkdwn:
    """The share that the event names; what was adopted is AWS's own, and no share of ours."""
    if one.percent is None or one.what == "adopted":
        return md("")
    words = {"raised": "to", "restored": "to", "going_back": "from"}
    return md(" {} {} %", words.get(one.what, "at"), one.percent)


def _version(rollout: Rollout) -> Mrkdwn:
    return md("{} → {}", stable(rollout), candidate(rollout))
