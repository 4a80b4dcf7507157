"""The tables, one migration per step of their history; a migration that was released never changes.

Times are integer microseconds since 1970 (moments.py). `body` columns hold the JSON of a value; the other
columns are there to find it. Guards that must hold whatever the program does are triggers, not code.
"""

import secrets

from sqlite_utils import Database, Migrations

from rollout.audit import GENESIS
from store.schema_alarms import alarms, alert_lines, alerts, alerts_end, digests, run_all

APPLICATION_ID = 0x54494445
"""`TIDE`: written into the file's header, so that another program's database is never taken for ours."""


def _rollouts(db: Database) -> None:
    """Rollouts: at most one live per target (S6), ended ones never change (S3), the version rises by one."""
    run_all(
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
    run_all(
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
    run_all(
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
    run_all(
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
    run_all(
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
    run_all(
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
    run_all(
        db,
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        f"PRAGMA application_id = {APPLICATION_ID}",
    )
    db.execute("INSERT INTO meta (name, value) VALUES ('chain', ?)", [secrets.token_hex(8)])


def _rows_of_servers(db: Database) -> None:
    """No table changes: bodies of rollouts know counts, limits and absences. An older release sees a step that it does
    not know and refuses the file with what to do, instead of stumbling over its rows.
    """


def _courses(db: Database) -> None:
    """No table changes: bodies of rollouts know deployments that AWS runs, and their waits."""


def _reloads(db: Database) -> None:
    """Wishes to read the configuration again, and what came of them."""
    run_all(
        db,
        # AUTOINCREMENT: whoever waits for the answer to one must never read that of another
        """
        CREATE TABLE reloads (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            by TEXT NOT NULL CHECK (length(by) > 0),
            file TEXT NOT NULL,
            answer TEXT
        ) STRICT
        """,
        "CREATE INDEX reloads_that_wait ON reloads (id) WHERE answer IS NULL",
    )


STEPS = {
    "0001_rollouts": _rollouts,
    "0002_intents": _intents,
    "0003_asks": _asks,
    "0004_audit": _audit,
    "0005_outbox": _outbox,
    "0006_people": _people,
    "0007_meta": _meta,
    "0008_alarms": alarms,
    "0009_alerts": alerts,
    "0010_alert_lines": alert_lines,
    "0011_digests": digests,
    "0012_rows_of_servers": _rows_of_servers,
    "0013_reloads": _reloads,
    "0014_alerts_end": alerts_end,
    "0015_courses": _courses,
}
"""Every step by the name under which a file remembers it, in order."""

MIGRATIONS = Migrations("tidegate")
for _name, _step in STEPS.items():
    MIGRATIONS(name=_name)(_step)
