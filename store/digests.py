"""Rows of summaries: each time at which one is due is a slot that ends once. When, and what it says, is not known here.

A slot goes waiting -> booked -> sent, unknown or refused; or from waiting to missed. `booked` is written before
Slack is asked to post at `post_at`: whoever finds it later asks Slack whether it knows the message.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field
from sqlite_utils import Database

from rollout.errors import Stale
from rollout.values import Frozen, Moment
from store.moments import stored
from store.sessions import Sessions

State = Literal["waiting", "booked", "sent", "unknown", "missed", "refused"]
Ended = Literal["sent", "unknown", "missed", "refused"]


class Slot(Frozen):
    """One summary at one time. `due` is when people expect it, `post_at` the second that Slack was asked for."""

    digest: str
    due: Moment
    state: State = "waiting"
    channel: str = ""
    post_at: int | None = None
    """Seconds since 1970, no two summaries of one channel the same."""
    booked_at: Moment | None = None
    """When its content was made: the next summary begins there."""
    asked_at: Moment | None = None
    """When Slack was last asked to schedule it; what is on its way may still arrive some seconds after."""
    content: str = Field(default="", repr=False)
    """The message as JSON, while it is booked."""


class Digests:
    """Slots: at most one open one per summary."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def open_slots(self) -> list[Slot]:
        """Every slot that is waiting or booked, the first due first."""
        with self._sessions.reading() as db:
            rows = db.execute(
                "SELECT body FROM digests WHERE state IN ('waiting', 'booked') ORDER BY due, digest LIMIT 500"
            ).fetchall()
        return [Slot.model_validate_json(body) for (body,) in rows]

    def slot(self, digest: str, due: datetime) -> Slot | None:
        """One slot, open or ended."""
        with self._sessions.reading() as db:
            return _slot(db, digest, due)

    def last_sent(self, digest: str) -> Slot | None:
        """The newest slot of this summary that was surely sent."""
        with self._sessions.reading() as db:
            found = db.execute(
                "SELECT body FROM digests WHERE digest = ? AND state = 'sent' ORDER BY due DESC LIMIT 1", [digest]
            ).fetchone()
        return Slot.model_validate_json(found[0]) if found else None

    def plan(self, digest: str, due: datetime) -> None:
        """Have it wait for that time. Nothing happens when it waits already, or that time is over."""
        with self._sessions.writing() as db:
            _plan(db, digest, due)

    def book(self, slot: Slot, channel: str, not_before: int, content: str, at: datetime) -> Slot:
        """Note that Slack will be asked to post it: in the first free second of that channel from `not_before` on."""
        with self._sessions.writing() as db:
            post_at = not_before
            while _taken(db, slot, channel, post_at):
                post_at += 1
            booked = slot.model_copy(
                update={
                    "state": "booked", "channel": channel, "post_at": post_at, "booked_at": at, "asked_at": at,
                    "content": content,
                }
            )  # fmt: skip
            _write(db, slot, booked)
        return booked

    def asked(self, slot: Slot, at: datetime) -> Slot:
        """Note that Slack will be asked once more for the same second."""
        again = slot.model_copy(update={"asked_at": at})
        with self._sessions.writing() as db:
            _write(db, slot, again)
        return again

    def unbook(self, slot: Slot) -> Slot:
        """Slack surely does not have it: it waits again."""
        waiting = Slot(digest=slot.digest, due=slot.due)
        with self._sessions.writing() as db:
            _write(db, slot, waiting)
        return waiting

    def end(self, slot: Slot, state: Ended, following: datetime | None) -> None:
        """It has ended, and the next one waits from now on; together or not at all."""
        with self._sessions.writing() as db:
            _write(db, slot, slot.model_copy(update={"state": state, "content": ""}))
            if following is not None:
                _plan(db, slot.digest, following)

    def keep_only(self, digests: set[str]) -> int:
        """Drop open slots of summaries that are configured no more; how many."""
        gone = [slot for slot in self.open_slots() if slot.digest not in digests]
        for slot in gone:
            with self._sessions.writing() as db:
                db.execute(
                    "DELETE FROM digests WHERE digest = ? AND due = ? AND state IN ('waiting', 'booked')",
                    [slot.digest, stored(slot.due)],
                )
        return len(gone)


def _slot(db: Database, digest: str, due: datetime) -> Slot | None:
    found = db.execute("SELECT body FROM digests WHERE digest = ? AND due = ?", [digest, stored(due)]).fetchone()
    return Slot.model_validate_json(found[0]) if found else None


def _plan(db: Database, digest: str, due: datetime) -> None:
    waiting = Slot(digest=digest, due=due)
    db.execute(
        "INSERT INTO digests (digest, due, state, channel, body) SELECT ?1, ?2, 'waiting', '', ?3 WHERE NOT EXISTS"
        " (SELECT 1 FROM digests WHERE digest = ?1 AND (due = ?2 OR state IN ('waiting', 'booked')))",
        [digest, stored(due), waiting.model_dump_json()],
    )


def _taken(db: Database, slot: Slot, channel: str, post_at: int) -> bool:
    found = db.execute(
        "SELECT digest, due FROM digests WHERE channel = ? AND post_at = ?", [channel, post_at]
    ).fetchone()
    return found is not None and tuple(found) != (slot.digest, stored(slot.due))


def _write(db: Database, old: Slot, new: Slot) -> None:
    """Compare and set: Stale when the row is not what was read."""
    if _slot(db, old.digest, old.due) != old:
        raise Stale(f"digest {old.digest} of {old.due:%Y-%m-%d %H:%M} has moved on", "load it again")
    db.execute(
        "UPDATE digests SET state = ?, channel = ?, post_at = ?, body = ? WHERE digest = ? AND due = ?",
        [new.state, new.channel, new.post_at, new.model_dump_json(), old.digest, stored(old.due)],
    )
