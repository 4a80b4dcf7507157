"""The store itself: opened, used by blocks, closed. Every table and every guard is in a file of its own."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from rollout.audit import Break
from store.alert_places import AlertPlaces
from store.asks import AskWrites
from store.backup import back_up
from store.connect import prepare_place
from store.digests import Digests
from store.ledger import Looking, Writing
from store.moments import moment, stored
from store.outbox import Outbox
from store.people import People
from store.reloads import Reloads
from store.retention import retain
from store.sessions import Sessions
from store.upgrade import Hit, upgrade
from store.verify import verify_trail


class Store:
    """The memory of one process: implements rollout.ports.Ledger and rollout.alarms.ports.AlarmLedger."""

    def __init__(self, sessions: Sessions, boot_id: str = "") -> None:
        self._sessions = sessions
        self.path = sessions.path
        self.boot_id = boot_id
        """Names this run of the program; kept in the file as the latest."""
        self.people = People(sessions)
        self.outbox = Outbox(sessions)
        self.alerts = AlertPlaces(sessions)
        self.digests = Digests(sessions)
        self.reloads = Reloads(sessions)
        if boot_id:
            self._note("boot", boot_id)

    @contextlib.contextmanager
    def work(self) -> Iterator[Writing]:
        """A transaction: commits at the end of the block, keeps nothing on any exception.

        Writers queue in the order of asking. One block at a time in one thread: inside another, RuntimeError.
        StoreFault when the file could not be written; then nothing was kept, and trying again is safe.
        """
        with self._sessions.writing() as db:
            view = Writing(db)
            try:
                yield view
            finally:
                view.end()

    @contextlib.contextmanager
    def reads(self) -> Iterator[Looking]:
        """One snapshot for a short read: at most 20 ms or 500 rows, longer ones page by key."""
        with self._sessions.reading() as db:
            view = Looking(db)
            try:
                yield view
            finally:
                view.end()

    def verify(self, page: int = 500, *, anchors: Mapping[int, str] | None = None) -> tuple[int, Break | None]:
        """How many audit records hold, and the first break, if any; each page is a short read of its own.

        `anchors`: numbers and beginnings of hashes that were shown elsewhere. Without them nobody can tell
        that the newest records were cut off or that the whole trail was written anew.
        """
        return verify_trail(self._sessions, page, anchors or {})

    def backup(self, path: Path | str) -> None:
        """A whole copy while everybody goes on; Refused when `path` exists."""
        back_up(self._sessions, Path(path).absolute())

    def prune(self, now: datetime) -> None:
        """Erase addresses and drop answers that are older than 25 minutes: secrets, and of no use any more.

        At most 500 of each: to be called every minute or so.
        """
        with self._sessions.writing() as db:
            AskWrites(db).erase_addresses(now)
        self.outbox.drop_late_answers(now)

    def retain(self, now: datetime) -> dict[str, int]:
        """Delete a page of each kind of old rows, see retention.RULES; how many of which table went.

        The audit trail, rollouts and intents are never deleted.
        """
        return retain(self._sessions, now)

    @property
    def retained_at(self) -> datetime | None:
        """When nothing old was left last; None when that was never noted."""
        found = self._meta("retained")
        return moment(int(found)) if found else None

    def note_retained(self, at: datetime) -> None:
        """Nothing old is left."""
        self._note("retained", str(stored(at)))

    @property
    def chain_id(self) -> str:
        """What tells this trail from one begun anew in its place."""
        return self._meta("chain")

    @property
    def last_boot(self) -> str:
        """Which run of the program opened it last under a name; empty when none did."""
        return self._meta("boot")

    def close(self) -> None:
        """End the present write and close every connection."""
        self._sessions.close()

    def _meta(self, name: str) -> str:
        with self._sessions.reading() as db:
            found = db.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
        return str(found[0]) if found else ""

    def _note(self, name: str, value: str) -> None:
        with self._sessions.writing() as db:
            db.execute(
                "INSERT INTO meta (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value],
            )


def never(_: str) -> None:
    """No failpoint is armed."""


def open_store(
    path: Path | str, *, busy_ms: int = 2000, boot_id: str = "", create: bool = True, hit: Hit = never
) -> Store:
    """Open the file, make or upgrade its tables, prove every setting.

    `busy_ms` is how long another process may hold the file. BadConfig when the place or the file cannot be used;
    StoreFault when there is none and `create` is False. `hit` is told when failpoint M1 is reached.
    """
    place = Path(path).absolute()
    prepare_place(place, create=create)
    upgrade(place, hit)
    return Store(Sessions(place, busy_ms), boot_id)
