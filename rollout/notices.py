"""What people should learn, stored in the transaction that made it true. Facts only; wording for Slack is elsewhere."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from rollout.durations import Duration
from rollout.people import Actor
from rollout.values import Frozen, Moment


class CardChanged(Frozen):
    """The card of a rollout no longer shows its state."""

    kind: Literal["card"] = "card"
    rollout: int
    human: bool = False
    """A person is waiting for it: goes first."""


What = Literal[
    "asked", "started", "raised", "proven", "approval_wanted", "approved", "promoted", "paused", "resumed",
    "went_on", "going_back", "rolled_back", "succeeded", "cancelled", "refused", "drift", "restored", "adopted",
    "blind", "sight", "no_data", "no_gate", "stuck", "retried", "alarm", "reminder", "not_promoted", "unlocked",
    "alarm_over", "away", "foreign", "aws_went_on", "shipped", "page_taken",
]  # fmt: skip


class Event(Frozen):
    """Something happened to a rollout: one reply in its card's thread."""

    kind: Literal["event"] = "event"
    rollout: int
    what: What
    text: str = ""
    """The fact with its values; foreign text inside: escape before showing."""
    by: Actor | None = None
    percent: int | None = None
    loud: bool = False
    """Needs a human or ends the rollout: broadcast to the channel, with mentions."""
    mention: tuple[str, ...] = ()
    """Ids of persons and groups."""
    alarms: tuple[str, ...] = ()
    """Names of the alarms that brought the rollout back."""
    at: Moment


class Answer(Frozen):
    """A private answer to one request; `reply` is a secret address: never logged, never audited."""

    kind: Literal["answer"] = "answer"
    reply: str = Field(repr=False)
    text: str
    hint: str = ""
    offer: str = ""
    rollout: int | None = None
    who: tuple[str, ...] = ()
    """Ids of those who could, after a denial."""
    good: bool = True
    at: Moment


class NeedsHuman(Frozen):
    """Page: a loud thread reply with the on-call mention, plus one SNS publish, repeated until somebody has it."""

    kind: Literal["page"] = "page"
    rollout: int
    text: str
    hint: str = ""
    every: Duration = timedelta(minutes=30)
    """How long until it is said again."""
    at: Moment


Notice = Annotated[CardChanged | Event | Answer | NeedsHuman, Field(discriminator="kind")]
