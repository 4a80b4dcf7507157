"""What a reader is told: the values behind a card, a status, a list. Rendering them is for handlers and the CLI."""

from typing import Annotated, Any, Literal

from pydantic import Field

from rollout.actions import Intent
from rollout.alarms.views import AlarmsReport
from rollout.model import Rollout
from rollout.people import Actor
from rollout.ports import Hold
from rollout.values import Frozen, Moment


class Move(Frozen):
    """One thing that is legal now: a button on the card. Generated from the table, never written by hand."""

    verb: str
    percent: int | None = None
    """Where it leads: promote to 50, roll back to 0."""
    release: str = ""
    """The release it leads to, where that is not the candidate."""
    primary: bool = False
    danger: bool = False
    reason: bool = False
    """Asks for a reason first."""
    force: bool = False
    full: bool = False


class Stage(Frozen):
    """One line of the plan on the card: a step and how far it is."""

    text: str
    state: Literal["done", "now", "next", "failed"]
    percent: int | None = None
    back: bool = False
    """Of a deployment that puts the old release back."""
    at: Moment | None = None
    """When it is expected to begin, if everything stays healthy and nobody stops it; None when nobody can know."""


class Released(Frozen):
    """The hold that this rollout left is over: who released it, and why."""

    by: Actor
    at: Moment
    reason: str = ""


class CardView(Frozen):
    """Everything a card shows, read in one transaction."""

    kind: Literal["card"] = "card"
    rollout: Rollout
    moves: tuple[Move, ...]
    stages: tuple[Stage, ...]
    hold: Hold | None = None
    released: Released | None = None
    head_seq: int = 0
    head_hash: str = ""
    now: Moment


class Line(Frozen):
    """One audit record, opened: what `show` prints."""

    seq: int
    at: Moment
    kind: str
    actor: str
    facts: dict[str, Any]


class Show(Frozen):
    """One rollout in full."""

    kind: Literal["show"] = "show"
    card: CardView
    intents: tuple[Intent, ...]
    lines: tuple[Line, ...]


class Status(Frozen):
    """One target: its live rollout, or the last one with its outcome, or nothing yet."""

    kind: Literal["status"] = "status"
    app: str
    env: str
    card: CardView | None


class Listing(Frozen):
    """Several rollouts, in brief; `live` tells whether these are running ones or history."""

    kind: Literal["list"] = "list"
    live: bool
    app: str = ""
    cards: tuple[CardView, ...]


class Whoami(Frozen):
    """What one actor may do, target by target."""

    kind: Literal["whoami"] = "whoami"
    actor: str
    known: bool
    rights: dict[str, tuple[str, ...]]
    """Target -> rights held."""


class Help(Frozen):
    """The verbs, and the apps that exist."""

    kind: Literal["help"] = "help"
    apps: tuple[str, ...]
    plans: tuple[str, ...]


Report = Annotated[Status | Listing | Show | Whoami | Help | CardView | AlarmsReport, Field(discriminator="kind")]
