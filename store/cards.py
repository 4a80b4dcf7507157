"""Where each rollout's card stands in Slack, also while nobody knows if a post arrived. Sends nothing."""

from pydantic import Field

from rollout.values import Frozen, Moment
from store.sessions import Sessions


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


class Cards:
    """Card places: one per rollout."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def card(self, rollout: int) -> CardPlace | None:
        """Where the card of that rollout is; None when it was never posted."""
        with self._sessions.reading() as db:
            found = db.execute("SELECT body FROM cards WHERE rollout = ?", [rollout]).fetchone()
        return CardPlace.model_validate_json(found[0]) if found else None

    def save_card(self, place: CardPlace) -> None:
        """Remember it; to be called before a post (`posting_since`) and after its reply."""
        with self._sessions.writing() as db:
            db.execute(
                "INSERT INTO cards (rollout, body) VALUES (?, ?)"
                " ON CONFLICT (rollout) DO UPDATE SET body = excluded.body",
                [place.rollout, place.model_dump_json()],
            )
