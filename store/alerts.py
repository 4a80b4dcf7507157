"""Rows of alerts: written only by compare-and-set, their lines kept apart so that no alarm is in two open ones."""

import logging
import sqlite3

from rollout.alarms.model import Alert
from rollout.errors import Stale
from store.alarms import columns
from store.moments import stored
from store.views import View

log = logging.getLogger(__name__)

Row = tuple[str, str, str, str]
"""An alarm's columns."""
_LINE = " FROM alert_lines WHERE app = ? AND lane = ? AND kind = ? AND name = ?"


def _read(rows: sqlite3.Cursor) -> list[Alert]:
    """Those that can be read: one that a newer version wrote must hold up no other, and no rollback."""
    found = []
    for (body,) in rows:
        try:
            found.append(Alert.model_validate_json(body))
        except ValueError:
            log.exception("a notice about alarms could not be read: it is left as it stands")
    return found


class AlertReads(View):
    """Finding alerts."""

    def open_alerts(self, app: str = "") -> list[Alert]:
        """Alerts that may still change, oldest first: all, or of one app."""
        if app:
            return _read(self._run("SELECT body FROM alerts WHERE open = 1 AND app = ? ORDER BY id", app))
        return _read(self._run("SELECT body FROM alerts WHERE open = 1 ORDER BY id"))

    def alert(self, id: int) -> Alert | None:
        """One alert, open or closed."""
        return next(iter(_read(self._run("SELECT body FROM alerts WHERE id = ?", id))), None)


class AlertWrites(AlertReads):
    """Opening, changing and closing alerts."""

    def put_alert(self, alert: Alert) -> Alert:
        """Insert (id 0) as version 1, or write back with version + 1.

        Stale when it moved on or was closed, or when another open alert has one of its alarms: load them again.
        """
        return self._changed(alert) if alert.id else self._added(alert)

    def _added(self, alert: Alert) -> Alert:
        # No other writer can come between: this transaction holds the write lock, and the newest row is never deleted.
        newest = self._run("SELECT coalesce(max(id), 0) FROM alerts").fetchone()[0]
        added = alert.model_copy(update={"id": newest + 1, "version": 1})
        coming, _ = self._moved_lines(added)
        self._run(
            "INSERT INTO alerts (id, app, open, version, noted_at, body) VALUES (?, ?, ?, ?, ?, ?)",
            added.id, added.app, added.open, added.version, stored(added.noted_at), added.model_dump_json(),
        )  # fmt: skip
        self._run("INSERT INTO alert_places (alert, version) VALUES (?, ?)", added.id, added.version)
        self._keep_lines(added, coming, [])
        return added

    def _changed(self, alert: Alert) -> Alert:
        changed = alert.model_copy(update={"version": alert.version + 1})
        coming, going = self._moved_lines(changed)
        written = self._run(
            "UPDATE alerts SET open = ?, version = ?, body = ? WHERE id = ? AND version = ? AND open = 1",
            changed.open, changed.version, changed.model_dump_json(), alert.id, alert.version,
        )  # fmt: skip
        if written.rowcount != 1:
            raise self._moved_on(alert)
        self._run("UPDATE alert_places SET version = ? WHERE alert = ?", changed.version, changed.id)
        self._keep_lines(changed, coming, going)
        return changed

    def _moved_lines(self, alert: Alert) -> tuple[list[Row], list[Row]]:
        """Lines that came and that went since the last commit; most change none.

        Nothing was written when this raises, so that whoever catches it may go on in the same block.
        """
        rows = self._run("SELECT app, lane, kind, name FROM alert_lines WHERE alert = ?", alert.id).fetchall()
        lines = [line for line in alert.lines if alert.open and not line.moved]
        kept, wanted = set(rows), {columns(line.key): line.key for line in lines}
        coming = [row for row in wanted if row not in kept]
        for row in coming:
            other = self._run("SELECT alert" + _LINE, *row).fetchone()
            if other and self.alert(other[0]) is None:
                # Unreadable: it is closed, its lines go with it, and its alarms are told anew.
                self._run("UPDATE alerts SET open = 0, version = version + 1 WHERE id = ?", other[0])
            elif other:
                key = wanted[row]
                raise Stale(
                    f"{key.name} of {key.app} at {key.lane} is in open alert {other[0]} already",
                    "load the open alerts again",
                )
        return coming, [row for row in rows if row not in wanted]

    def _keep_lines(self, alert: Alert, coming: list[Row], going: list[Row]) -> None:
        for row in going:
            self._run("DELETE" + _LINE, *row)
        for row in coming:
            self._run("INSERT INTO alert_lines (app, lane, kind, name, alert) VALUES (?, ?, ?, ?, ?)", *row, alert.id)

    def _moved_on(self, alert: Alert) -> Stale:
        now = self.alert(alert.id)
        if now is None:
            return Stale(f"there is no alert {alert.id}", "load the open alerts again")
        end = "" if now.open else " and is closed"
        return Stale(f"alert {now.id} is at version {now.version}, not {alert.version}{end}", "load it again")
