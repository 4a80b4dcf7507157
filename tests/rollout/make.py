"""Rows and looks made by hand, for tests of one decision."""

from datetime import UTC, datetime
from typing import Any

from rollout.ask import Ask
from rollout.model import Cause, Phase, Rollout, Waiver
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Release
from rollout.seen import AlarmReading, Observation, Seen, SideHealth, Verdict
from rollout.terms import AlarmGate, Terms
from tests.rollout.scene import ANA, EVA, ROLES

T0 = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLAN = "10% 5m, 50% 10m, 100%"
PROVEN = {Phase.LAUNCHING: 0, Phase.FINAL_BAKE: 100, Phase.RETIRING: 100, Phase.AWAITING_APPROVAL: 0}


def ask(verb: str, **fields: Any) -> Ask:
    """A wish about my-app with a reason."""
    return Ask(verb=verb, app="my-app", env="prod", reason=fields.pop("reason", "because"), **fields)


def row(phase: Phase, plan: str = PLAN, **fields: Any) -> Rollout:
    """A rollout in that phase, at a proven 10 % where the phase allows."""
    terms = Terms(plan=Plan.parse("canary", plan), alarms=(AlarmGate(name="my-app-errors"),), roles=ROLES)
    causes = {
        Phase.PAUSED: Cause(kind="person", text="paused", at=T0),
        Phase.WAITING: Cause(kind="no_gate", text="no alarm", at=T0),
        Phase.STUCK: Cause(kind="deadline", text="takes long", at=T0),
    }
    proven = PROVEN.get(phase, 10)
    values: dict[str, Any] = {
        "id": 1, "app": "my-app", "env": "prod", "kind": "lambda", "by": ANA, "terms": terms, "created_at": T0,
        "phase": phase, "phase_at": T0, "gate_from": T0, "stable": Release(id="1"), "candidate": Release(id="2"),
        "proven": proven, "proven_at": T0, "sighting": str(proven), "peak": proven, "cause": causes.get(phase),
        "step": 2 if proven == 100 else 0, "resume_to": Phase.STEPPING if phase is Phase.PAUSED else None,
        "verdict": Verdict(outcome="PASS", at=T0), "last_look": T0,
    }  # fmt: skip
    return Rollout.model_validate(values | fields)


def look_at(
    live: Rollout, *, percent: int | None = None, alarm: str = "OK", foreign: str = "", **seen: Any
) -> Observation:
    """A good look at that row, with the split it has proven unless told otherwise."""
    sides = {"stable": SideHealth(state="healthy"), "candidate": SideHealth(state="healthy")}
    share = None if foreign else live.proven if percent is None else percent
    shown = Seen(at=T0, percent=share, foreign=foreign, **(sides | seen))
    reading = AlarmReading.model_validate(
        {"name": "my-app-errors", "state": alarm, "since": "2025-01-01T00:00:00Z"}
    )
    return Observation(at=T0, seen=shown, alarms=(reading,), alarms_at=T0)


def waiver(step: int) -> Waiver:
    """A waiver for that step."""
    return Waiver(by=EVA, step=step, reason="because", at=T0)


def cause(kind: str, text: str = "x", by: Actor | None = None) -> Cause:
    """A cause of that kind, as text draws it."""
    return Cause.model_validate({"kind": kind, "text": text, "at": T0, "by": by})


def verdict(said: str) -> Verdict:
    """`PASS`, `FAIL`, or the cause of an UNKNOWN: `blind`, `no_data`, `no_gate`."""
    parts = {"outcome": said} if said.isupper() else {"outcome": "UNKNOWN", "cause": said}
    return Verdict.model_validate({"at": T0} | parts)
