"""Where each alert's message stands in Slack, and which alerts are newer than what is shown. Sends nothing."""

from pydantic import Field

from rollout.values import Frozen, Moment
from store.sessions import Sessions


class AlertPlace(Frozen):
    """One alert's message. `posting_since` without a `ts`: a post was sent and its reply is not known."""

    alert: int
    channel: str
    ts: str = ""
    shown_version: int = 0
    """The version of the alert that the message shows, or that was decided not to need one."""
    posting_since: Moment | None = None
    strays: tuple[str, ...] = Field(default=(), max_length=20)
    """Further posts of the same message that arrived although their reply was lost."""
    drawn: str = ""
    """A file that stays in the thread only: Slack did not take it into the message."""
    closed_channels: tuple[str, ...] = Field(default=(), max_length=20)
    """Channels that took nothing: not tried again for this alert."""


class AlertPlaces:
    """Places of messages: one per alert."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def place(self, alert: int) -> AlertPlace | None:
        """Where the message of that alert is; None when none was thought of yet."""
        with self._sessions.reading() as db:
            found = db.execute("SELECT body FROM alert_places WHERE alert = ?", [alert]).fetchone()
        return AlertPlace.model_validate_json(found[0]) if found and found[0] else None

    def save(self, place: AlertPlace) -> None:
        """Remember it; to be called before a post (`posting_since`) and after its reply.

        Where that alert does not exist nothing is kept.
        """
        with self._sessions.writing() as db:
            db.execute(
                "UPDATE alert_places SET shown_version = ?, channel = ?, ts = ?, body = ? WHERE alert = ?",
                [place.shown_version, place.channel, place.ts, place.model_dump_json(), place.alert],
            )

    def unsent(self, limit: int = 200, after: int = 0) -> list[int]:
        """Alerts that changed since they were shown, or were never shown; oldest first, page on with the last."""
        with self._sessions.reading() as db:
            rows = db.execute(
                "SELECT alert FROM alert_places WHERE shown_version < version AND alert > ? ORDER BY alert LIMIT ?",
                [after, limit],
            ).fetchall()
        return [number for (number,) in rows]

    def by_message(self, channel: str, ts: str) -> int | None:
        """The alert whose message that is."""
        with self._sessions.reading() as db:
            found = db.execute(
                "SELECT alert FROM alert_places WHERE channel = ? AND ts = ? AND ts <> ''", [channel, ts]
            ).fetchone()
        return int(found[0]) if found else None
