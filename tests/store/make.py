"""Rollouts, wishes and records for tests of the store, short to write; each may be varied by keyword."""

from datetime import UTC, datetime, timedelta

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
