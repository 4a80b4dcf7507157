"""The tables, one migration per step of their history; a migration that was released never changes.

Times are integer microseconds since 1970 (moments.py). `body` columns hold the JSON of a value; the other
columns are there to find it. Guards that must hold whatever the program does are triggers, not code.
"""

import secrets

from sqlite_utils import Database, Migrations

from rollout.audit import GENESIS

APPLICATION_ID = 0x54494445
"""`TIDE`: written into the file's header, so that another program's database is never taken for ours."""


def _all(db: Database, *statements: str) -> None:
    for statement in statements:
        db.execute(statement)


def _rollouts(db: Database) -> None:
    """Rollouts: at most one live per target (S6), ended ones never change (S3), the version rises by one."""
    _all(
        db,
        """
        CREATE TABLE rollouts (
            id INTEGER PRIMARY KEY CHECK (id > 0),
            app TEXT NOT NULL CHECK (length(app) > 0),
            env TEXT NOT NULL CHECK (length(env) > 0),
            phase TEXT NOT NULL CHECK (length(phase) > 0),
            live INTEGER NOT NULL CHECK (live IN (0, 1)),
            version INTEGER NOT NULL CHECK (version > 0),
            wake_at INTEGER,
            created_at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX one_live_rollout ON rollouts (app, env) WHERE live = 1",
        "CREATE INDEX rollouts_due ON rollouts (wake_at) WHERE live = 1",
        "CREATE INDEX rollouts_of_target ON rollouts (app, env, id)",
        """
        CREATE TRIGGER ended_rollouts_stay BEFORE UPDATE ON rollouts WHEN OLD.live = 0
        BEGIN SELECT RAISE(ABORT, 'an ended rollout never changes'); END
        """,
        """
        CREATE TRIGGER rollout_versions_rise BEFORE UPDATE ON rollouts WHEN NEW.version <> OLD.version + 1
        BEGIN SELECT RAISE(ABORT, 'the version of a rollout rises by one'); END
        """,
        """
        CREATE TRIGGER rollouts_keep_their_target BEFORE UPDATE ON rollouts
        WHEN NEW.id <> OLD.id OR NEW.app <> OLD.app OR NEW.env <> OLD.env OR NEW.created_at <> OLD.created_at
        BEGIN SELECT RAISE(ABORT, 'a rollout keeps its id, its target and its beginning'); END
        """,
        """
        CREATE TRIGGER rollouts_are_kept BEFORE DELETE ON rollouts
        BEGIN SELECT RAISE(ABORT, 'rollouts are never deleted'); END
        """,
    )


def _intents(db: Database) -> None:
    """The row that precedes every call (S8): one key and attempt once, settled ones never change."""
    _all(
        db,
        """
        CREATE TABLE intents (
            id INTEGER PRIMARY KEY,
            rollout INTEGER NOT NULL REFERENCES rollouts (id),
            key TEXT NOT NULL CHECK (length(key) > 0),
            attempt INTEGER NOT NULL CHECK (attempt > 0),
            action TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'done', 'failed', 'unknown')),
            outcome TEXT NOT NULL,
            planned_at INTEGER NOT NULL,
            settled_at INTEGER,
            UNIQUE (key, attempt)
        ) STRICT
        """,
        "CREATE INDEX intents_of_rollout ON intents (rollout, id)",
        """
        CREATE TRIGGER settled_intents_stay BEFORE UPDATE ON intents WHEN OLD.state IN ('done', 'failed')
        BEGIN SELECT RAISE(ABORT, 'a settled intent never changes'); END
        """,
        """
        CREATE TRIGGER intents_are_kept BEFORE DELETE ON intents
        BEGIN SELECT RAISE(ABORT, 'intents are never deleted'); END
        """,
    )


def _asks(db: Database) -> None:
    """Wishes and their answers, for replays and for those who wait; `address` is a secret and erased soon."""
    _all(
        db,
        """
        CREATE TABLE asks (
            id INTEGER PRIMARY KEY,
            dedupe TEXT NOT NULL UNIQUE CHECK (length(dedupe) > 0),
            state TEXT NOT NULL CHECK (state IN ('new', 'identity', 'answered')),
            ok INTEGER NOT NULL CHECK (ok IN (0, 1)),
            rollout INTEGER,
            address TEXT NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX asks_that_wait ON asks (state, id) WHERE state <> 'answered'",
        "CREATE INDEX asks_of_rollout ON asks (rollout, id) WHERE rollout IS NOT NULL",
        "CREATE INDEX asks_with_address ON asks (at) WHERE address <> ''",
        "CREATE INDEX asks_by_age ON asks (at)",
    )


def _audit(db: Database) -> None:
    """The chain: appended only, each record after the last. `rollout` is for finding; verify compares it."""
    _all(
        db,
        """
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY,
            body TEXT NOT NULL,
            prev TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            rollout INTEGER
        ) STRICT
        """,
        "CREATE INDEX audit_of_rollout ON audit (rollout, seq) WHERE rollout IS NOT NULL",
        """
        CREATE TRIGGER audit_is_a_chain BEFORE INSERT ON audit
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
            OR NEW.prev IS NOT coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), '{}')
        BEGIN SELECT RAISE(ABORT, 'an audit record follows the last one'); END
        """.replace("{}", GENESIS),
        """
        CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit records never change'); END
        """,
        """
        CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit records are never deleted'); END
        """,
    )


def _outbox(db: Database) -> None:
    """What people should learn: the queue, where cards stand, who is paged, what was given up."""
    _all(
        db,
        # AUTOINCREMENT: an id that was sent is never given to another notice
        """
        CREATE TABLE notices (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            place INTEGER,
            kind TEXT NOT NULL CHECK (kind IN ('card', 'event', 'answer')),
            rollout INTEGER,
            human INTEGER NOT NULL CHECK (human IN (0, 1)),
            at INTEGER,
            attempts INTEGER NOT NULL DEFAULT 0,
            not_before INTEGER NOT NULL DEFAULT 0,
            error TEXT NOT NULL DEFAULT '',
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX one_card_notice ON notices (rollout) WHERE kind = 'card'",
        "CREATE INDEX events_of_rollout ON notices (rollout) WHERE kind = 'event'",
        """
        CREATE TABLE cards (
            rollout INTEGER PRIMARY KEY REFERENCES rollouts (id),
            body TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE pages (
            rollout INTEGER PRIMARY KEY REFERENCES rollouts (id),
            told_at INTEGER NOT NULL,
            next_at INTEGER,
            sent INTEGER NOT NULL DEFAULT 0,
            taken_by TEXT NOT NULL DEFAULT '',
            text TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE TABLE given_up (why TEXT PRIMARY KEY, times INTEGER NOT NULL) STRICT",
    )


def _people(db: Database) -> None:
    """The directory as last read from Slack, and the holds that people release."""
    _all(
        db,
        """
        CREATE TABLE people (
            team TEXT NOT NULL,
            id TEXT NOT NULL CHECK (length(id) > 0),
            body TEXT NOT NULL,
            PRIMARY KEY (team, id)
        ) STRICT
        """,
        "CREATE TABLE groups (id TEXT PRIMARY KEY CHECK (length(id) > 0), members TEXT NOT NULL) STRICT",
        "CREATE TABLE holds (app TEXT, env TEXT, body TEXT NOT NULL, PRIMARY KEY (app, env)) STRICT",
    )


def _meta(db: Database) -> None:
    """Single facts about this store: the name of its chain, the present boot, when the directory was read."""
    _all(
        db,
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        f"PRAGMA application_id = {APPLICATION_ID}",
    )
    db.execute("INSERT INTO meta (name, value) VALUES ('chain', ?)", [secrets.token_hex(8)])


def _alarms(db: Database) -> None:
    """The alarm watch: what was seen last, what is read since when, the history of changes."""
    _all(
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


def _alerts(db: Database) -> None:
    """Notices about alarms: closed ones never change, the version rises by one."""
    _all(
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


def _alert_lines(db: Database) -> None:
    """Which alarm is in which open alert, and where the message of each alert is."""
    _all(
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


def _digests(db: Database) -> None:
    """Summaries: a time at which one is due is one row, and what has ended never changes."""
    _all(
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


def _rows_of_servers(db: Database) -> None:
    """No table changes: bodies of rollouts know counts, limits and absences. An older release sees a step that it does
    not know and refuses the file with what to do, instead of stumbling over its rows.
    """


STEPS = {
    "0001_rollouts": _rollouts,
    "0002_intents": _intents,
    "0003_asks": _asks,
    "0004_audit": _audit,
    "0005_outbox": _outbox,
    "0006_people": _people,
    "0007_meta": _meta,
    "0008_alarms": _alarms,
    "0009_alerts": _alerts,
    "0010_alert_lines": _alert_lines,
    "0011_digests": _digests,
    "0012_rows_of_servers": _rows_of_servers,
}
"""Every step by the name under which a file remembers it, in order."""

MIGRATIONS = Migrations("tidegate")
for _name, _step in STEPS.items():
    MIGRATIONS(name=_name)(_step)
