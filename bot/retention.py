"""Once a day what is old goes, page by page, so that nobody waits for it. How old that is, is store/retention.py's."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from store import Store

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
PAGES = 20
"""Pages of each kind in one go: the next go is a minute later, and a day that is not over goes on then."""


class Retention:
    """Called every minute. When a day was done is in the store, so that a restart neither skips nor repeats one."""

    def __init__(self, store: Store, now: Callable[[], datetime], pages: int = PAGES) -> None:
        self._store, self._now, self._pages = store, now, pages
        self._gone: dict[str, int] = {}

    def __call__(self) -> None:
        """Erase what is secret and of no use any more; once a day delete what is old."""
        now = self._now()
        self._store.prune(now)
        done = self._store.retained_at
        if done is not None and abs(now - done) < EVERY:  # a clock that was set back must not keep it from all work
            return
        for _ in range(self._pages):
            gone = self._store.retain(now)
            for table, rows in gone.items():
                self._gone[table] = self._gone.get(table, 0) + rows
            if not gone:
                self._end(now)
                return

    def _end(self, now: datetime) -> None:
        self._store.note_retained(now)
        if self._gone:
            log.info("old rows went: %s", ", ".join(f"{rows} of {table}" for table, rows in self._gone.items()))
        self._gone = {}
