"""Rollouts, wishes and records for tests of the store, short to write; each may be varied by keyword."""

from datetime import UTC, datetime, timedelta

from rollout.alarms.model import AlarmState, Alert, Key, Line
from rollout.ask import Ask
from rollout.audit import Entry
from rollout.model import Rollout
from rollout.people import Actor, Person
from rollout.plan import Plan
from rollout.ports import Reply, StoredAsk
from rollout.terms import Terms

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANA = Actor(id="U0ANA", team="T1", name="Ana")
SECRET = "https://hooks.slack.com/actions/T1/1/secret"


def later(seconds: float = 0, **parts: float) -> datetime:
    """NOW and some time."""
    return NOW + timedelta(seconds=seconds, **parts)


def rollout(app: str = "my-app", env: str = "prod", **fields: object) -> Rollout:
    """A new rollout that was just asked for."""
    values: dict[str, object] = {
        "app": app, "env": env, "kind": "lambda", "by": ANA,
        "terms": Terms(plan=Plan.parse("canary", "10% 5m, 100%")), "created_at": NOW, "phase_at": NOW,
        "gate_from": NOW,
    }  # fmt: skip
    return Rollout.model_validate(values | fields)


def entry(rollout: int | None = None, **facts: object) -> Entry:
    """An audit entry."""
    return Entry(kind="ask", at=NOW, actor="T1/U0ANA", rollout=rollout, facts=facts)


def stored_ask(dedupe: str = "key-1", **fields: object) -> StoredAsk:
    """A wish that waits."""
    values: dict[str, object] = {
        "dedupe": dedupe, "ask": Ask(verb="start", app="my-app"), "actor": ANA, "state": "new", "at": NOW,
    }  # fmt: skip
    return StoredAsk.model_validate(values | fields)


def answered(dedupe: str = "key-1", rollout: int | None = None, *, ok: bool = True, **fields: object) -> StoredAsk:
    """A wish that was answered."""
    reply = Reply(ok=ok, text="looking at my-app in prod", rollout=rollout)
    return stored_ask(dedupe, state="answered", reply=reply, **fields)


def person(id: str = "U0ANA", **fields: object) -> Person:
    """An entry of the directory."""
    values: dict[str, object] = {"team": "T1", "id": id, "name": id, "read_at": NOW}
    return Person.model_validate(values | fields)


def key(name: str = "errors", **fields: object) -> Key:
    """An alarm of an app."""
    return Key.model_validate({"app": "my-app", "lane": "default/eu", "name": name} | fields)


def alarm_state(name: str = "errors", state: str = "OK", **fields: object) -> AlarmState:
    """What was seen last of an alarm; `app`, `lane` and `kind` are its key's."""
    of = {part: fields.pop(part) for part in ("app", "lane", "kind") if part in fields}
    return AlarmState.model_validate({"key": key(name, **of), "state": state, "since": NOW} | fields)


def line(name: str = "errors", app: str = "my-app", **fields: object) -> Line:
    """An alarm within a notice, bad since NOW."""
    values: dict[str, object] = {"key": key(name, app=app), "state": "ALARM", "first": NOW, "since": NOW}
    return Line.model_validate(values | fields)


def alert(*names: str, app: str = "my-app", **fields: object) -> Alert:
    """A notice about these alarms."""
    values: dict[str, object] = {"app": app, "noted_at": NOW, "lines": tuple(line(name, app) for name in names)}
    return Alert.model_validate(values | fields)
