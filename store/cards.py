"""Where each rollout's card stands in Slack, also while nobody knows if a post arrived. Sends nothing."""

from typing import Literal

from pydantic import Field

from rollout.values import Frozen, Moment
from store.sessions import Sessions

MOST_PAGES = 50
"""A page that is repeated every half hour for longer than a day loses its oldest messages from memory."""


class PagePost(Frozen):
    """One message that called for a person."""

    channel: str
    ts: str
    text: str
    at: Moment
    says: Literal["calls", "taken", "over", "ended"] = "calls"


class CardPlace(Frozen):
    """One rollout's card. `posting_since` without a `ts`: a post was sent and its reply is not known."""

    rollout: int
    channel: str
    ts: str = ""
    sent_version: int = 0
    """The version of the rollout that the card shows."""
    posting_since: Moment | None = None
    strays: tuple[str, ...] = Field(default=(), max_length=20)
    """Further posts of the same card that arrived although their reply was lost."""
    buttons: bool = True
    """Whether the message has any."""
    pages: tuple[PagePost, ...] = Field(default=(), max_length=MOST_PAGES)
    """Calls for a person about it, oldest first: they lose their button when nobody is wanted any more."""


class Cards:
    """Card places: one per rollout."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def card(self, rollout: int) -> CardPlace | None:
        """Where the card of that rollout is; None when it was never posted."""
        with self._sessions.reading() as db:
            found = db.execute("SELECT body FROM cards WHERE rollout = ?", [rollout]).fetchone()
        return CardPlace.model_validate_json(found[0]) if found else None

    def older_cards(self, rollout: int, *, plain: bool = False, limit: int = 5) -> list[int]:
        """Older rollouts of the same target whose cards have buttons, newest first; `plain`: those without, too."""
        with self._sessions.reading() as db:
            rows = db.execute(
                "SELECT cards.rollout FROM cards JOIN rollouts AS older ON older.id = cards.rollout"
                " JOIN rollouts AS one ON one.app = older.app AND one.env = older.env AND one.id > older.id"
                " WHERE one.id = ? AND (? OR coalesce(json_extract(cards.body, '$.buttons'), 1))"
                " ORDER BY cards.rollout DESC LIMIT ?",
                [rollout, plain, limit],
            ).fetchall()
        return [number for (number,) in rows]

    def save_card(self, place: CardPlace) -> None:
        """Remember it; to be called before a post (`posting_since`) and after its reply."""
        with self._sessions.writing() as db:
            db.execute(
                "INSERT INTO cards (rollout, body) VALUES (?, ?)"
                " ON CONFLICT (rollout) DO UPDATE SET body = excluded.body",
                [place.rollout, place.model_dump_json()],
            )
