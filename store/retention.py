"""How long each kind of row is kept, and the deleting of what is older. When that is done is not decided here.

The audit trail, rollouts and their intents are in no list: the schema refuses to delete one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from store.moments import stored
from store.sessions import Sessions

PAGE = 500
"""Rows that go in one transaction, so that nobody waits for it."""


class Rule(NamedTuple):
    """The age of one table's rows; each statement is told `:before` and `:limit`, the last one's rows are counted."""

    age: timedelta
    statements: tuple[str, ...]


_ASKS = "DELETE FROM asks WHERE id IN (SELECT id FROM asks WHERE at < :before LIMIT :limit)"
_RELOADS = "DELETE FROM reloads WHERE id IN (SELECT id FROM reloads WHERE at < :before ORDER BY id LIMIT :limit)"
_PAGES = (
    "DELETE FROM pages WHERE rollout IN (SELECT pages.rollout FROM pages JOIN rollouts ON rollouts.id = pages.rollout"
    " WHERE rollouts.live = 0 AND pages.told_at < :before AND (pages.sent > 0 OR pages.next_at IS NULL) LIMIT :limit)"
)
_TURNS = "DELETE FROM alarm_turns WHERE id IN (SELECT id FROM alarm_turns WHERE at < :before ORDER BY at LIMIT :limit)"
_DIGESTS = (
    "DELETE FROM digests WHERE rowid IN (SELECT rowid FROM digests AS old WHERE due < :before"
    " AND state NOT IN ('waiting', 'booked') AND (state <> 'sent' OR EXISTS"
    " (SELECT 1 FROM digests AS newer WHERE newer.digest = old.digest AND newer.state = 'sent'"
    " AND newer.due > old.due)) ORDER BY due LIMIT :limit)"
)
_OVER = (
    "(SELECT alerts.id FROM alerts LEFT JOIN alert_places AS place ON place.alert = alerts.id"
    " WHERE alerts.open = 0 AND alerts.noted_at < :before"
    " AND coalesce(place.shown_version, alerts.version) >= alerts.version"
    " AND alerts.id < (SELECT max(id) FROM alerts) ORDER BY alerts.id LIMIT :limit)"
)
_PLACES = f"DELETE FROM alert_places WHERE alert IN {_OVER}"  # noqa: S608 - two constants
_ALERTS = f"DELETE FROM alerts WHERE id IN {_OVER}"  # noqa: S608 - two constants

RULES: Mapping[str, Rule] = {
    # An exact replay gets the stored answer for that long.
    "asks": Rule(timedelta(days=7), (_ASKS,)),
    "reloads": Rule(timedelta(days=7), (_RELOADS,)),
    # For a rollout that has ended nobody is called any more, once it was told.
    "pages": Rule(timedelta(days=7), (_PAGES,)),
    # A summary of a month still finds all of it.
    "alarm_turns": Rule(timedelta(days=40), (_TURNS,)),
    # The newest that was sent stays, however old: the next one begins there.
    "digests": Rule(timedelta(days=40), (_DIGESTS,)),
    # Over, and shown as it is. The newest stays: its number stands under buttons, and is never given again.
    "alerts": Rule(timedelta(days=90), (_PLACES, _ALERTS)),
}
"""By table. docs/operations.md says the same, held to it by a test."""


def retain(sessions: Sessions, now: datetime) -> dict[str, int]:
    """Delete one page of each kind of what is older than its age; how many rows of which table went.

    Each kind in a transaction of its own. Empty: nothing that old is left.
    """
    gone = {}
    for table, rule in RULES.items():
        told = {"before": stored(now - rule.age), "limit": PAGE}
        with sessions.writing() as db:
            counts = [db.execute(statement, told).rowcount for statement in rule.statements]
        if counts[-1]:
            gone[table] = counts[-1]
    return gone
