"""Steps of the schema about alarms and summaries; released ones never change. Their order is schema.py's."""

from sqlite_utils import Database


def run_all(db: Database, *statements: str) -> None:
    """Run these statements in the transaction of the step."""
    for statement in statements:
        db.execute(statement)


def alarms(db: Database) -> None:
    """The alarm watch: what was seen last, what is read since when, the history of changes."""
    run_all(
        db,
        """
        CREATE TABLE alarm_states (
            app TEXT NOT NULL CHECK (app <> ''),
            lane TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('alarm', 'place')),
            name TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (app, lane, kind, name)
        ) STRICT
        """,
        "CREATE INDEX alarm_states_of_lane ON alarm_states (lane, app, kind, name)",
        """
        CREATE TABLE watched (
            app TEXT NOT NULL,
            lane TEXT NOT NULL,
            since INTEGER NOT NULL,
            PRIMARY KEY (app, lane)
        ) STRICT
        """,
        # AUTOINCREMENT: readers page by number, so that of a pruned one is never given again
        """
        CREATE TABLE alarm_turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            app TEXT NOT NULL,
            lane TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            state TEXT NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (app, lane, kind, name, at, state)
        ) STRICT
        """,
        "CREATE INDEX alarm_turns_by_time ON alarm_turns (at)",
        """
        CREATE TRIGGER alarm_turns_never_change BEFORE UPDATE ON alarm_turns
        BEGIN SELECT RAISE(ABORT, 'a change of an alarm is history'); END
        """,
    )


def alerts(db: Database) -> None:
    """Notices about alarms: closed ones never change, the version rises by one."""
    run_all(
        db,
        """
        CREATE TABLE alerts (
            id INTEGER PRIMARY KEY CHECK (id > 0),
            app TEXT NOT NULL CHECK (app <> ''),
            open INTEGER NOT NULL CHECK (open IN (0, 1)),
            version INTEGER NOT NULL CHECK (version > 0),
            noted_at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX open_alerts ON alerts (app, id) WHERE open = 1",
        """
        CREATE TRIGGER closed_alerts_stay BEFORE UPDATE ON alerts WHEN OLD.open = 0
        BEGIN SELECT RAISE(ABORT, 'a closed alert never changes'); END
        """,
        """
        CREATE TRIGGER alert_versions_rise BEFORE UPDATE ON alerts WHEN NEW.version <> OLD.version + 1
        BEGIN SELECT RAISE(ABORT, 'the version of an alert rises by one'); END
        """,
        """
        CREATE TRIGGER alerts_keep_their_app BEFORE UPDATE ON alerts
        WHEN NEW.id <> OLD.id OR NEW.app <> OLD.app OR NEW.noted_at <> OLD.noted_at
        BEGIN SELECT RAISE(ABORT, 'an alert keeps its id, its app and its beginning'); END
        """,
        """
        CREATE TRIGGER alerts_are_kept BEFORE DELETE ON alerts
        BEGIN SELECT RAISE(ABORT, 'alerts are never deleted'); END
        """,
    )


def alert_lines(db: Database) -> None:
    """Which alarm is in which open alert, and where the message of each alert is."""
    run_all(
        db,
        # the lines of open alerts only: the key is what keeps an alarm out of a second one
        """
        CREATE TABLE alert_lines (
            app TEXT NOT NULL,
            lane TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            alert INTEGER NOT NULL REFERENCES alerts (id),
            PRIMARY KEY (app, lane, kind, name)
        ) STRICT
        """,
        "CREATE INDEX alert_lines_of_alert ON alert_lines (alert)",
        """
        CREATE TRIGGER closed_alerts_have_no_lines AFTER UPDATE ON alerts WHEN NEW.open = 0
        BEGIN DELETE FROM alert_lines WHERE alert = NEW.id; END
        """,
        """
        CREATE TRIGGER lines_are_of_open_alerts BEFORE INSERT ON alert_lines
        WHEN (SELECT open FROM alerts WHERE id = NEW.alert) IS NOT 1
        BEGIN SELECT RAISE(ABORT, 'only an open alert has lines'); END
        """,
        # a row from the first commit of the alert on; no body: no message of it was thought of yet
        """
        CREATE TABLE alert_places (
            alert INTEGER PRIMARY KEY REFERENCES alerts (id),
            version INTEGER NOT NULL,
            shown_version INTEGER NOT NULL DEFAULT 0,
            channel TEXT NOT NULL DEFAULT '',
            ts TEXT NOT NULL DEFAULT '',
            body TEXT
        ) STRICT
        """,
        "CREATE INDEX alerts_to_show ON alert_places (alert) WHERE shown_version < version",
        "CREATE UNIQUE INDEX alert_messages ON alert_places (channel, ts) WHERE ts <> ''",
    )


def digests(db: Database) -> None:
    """Summaries: a time at which one is due is one row, and what has ended never changes."""
    run_all(
        db,
        """
        CREATE TABLE digests (
            digest TEXT NOT NULL CHECK (digest <> ''),
            due INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'booked', 'sent', 'unknown', 'missed', 'refused')),
            channel TEXT NOT NULL,
            post_at INTEGER,
            body TEXT NOT NULL,
            PRIMARY KEY (digest, due),
            CHECK (state <> 'booked' OR post_at IS NOT NULL)
        ) STRICT
        """,
        "CREATE UNIQUE INDEX one_open_digest ON digests (digest) WHERE state IN ('waiting', 'booked')",
        # by channel and second a message that was scheduled is told from every other
        "CREATE UNIQUE INDEX one_digest_a_second ON digests (channel, post_at) WHERE post_at IS NOT NULL",
        "CREATE INDEX digests_by_time ON digests (due)",
        """
        CREATE TRIGGER ended_digests_stay BEFORE UPDATE ON digests WHEN OLD.state NOT IN ('waiting', 'booked')
        BEGIN SELECT RAISE(ABORT, 'a digest that has ended never changes'); END
        """,
    )


def alerts_end(db: Database) -> None:
    """Notices that are over may go when they are old; the newest stays, for its number must not be given again."""
    run_all(
        db,
        "DROP TRIGGER alerts_are_kept",
        """
        CREATE TRIGGER open_alerts_are_kept BEFORE DELETE ON alerts
        WHEN OLD.open = 1 OR OLD.id = (SELECT max(id) FROM alerts)
        BEGIN SELECT RAISE(ABORT, 'an open alert and the newest one are never deleted'); END
        """,
        "CREATE INDEX alerts_by_age ON alerts (noted_at) WHERE open = 0",
    )
