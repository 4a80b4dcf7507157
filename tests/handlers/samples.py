"""One rollout in every state a card can show, with the moves and stages the real machine gives it."""

from datetime import UTC, datetime, timedelta

from rollout.model import Cause, Phase, Rollout, Signature, Waiver
from rollout.moves import moves, stages
from rollout.people import Actor, Roles
from rollout.plan import Plan
from rollout.ports import Hold
from rollout.release import Release
from rollout.reports import CardView
from rollout.seen import AlarmReading, Fault, Reason, Seen, SideHealth, Verdict
from rollout.terms import AlarmGate, Approval, Terms

NOW = datetime(2026, 11, 23, 14, 27, tzinfo=UTC)
ANA = Actor(id="U0ANA", team="T0HOME", name="ana")
EVA = Actor(id="U0EVA", team="T0HOME", name="eva")
HEALTHY = SideHealth(state="healthy")
V1 = Release(id="1", published_at=NOW - timedelta(days=9))
V2 = Release(id="2", published_at=NOW - timedelta(minutes=29))
GATES = (AlarmGate(name="my-app-errors"), AlarmGate(name="my-app-p99"))
ROLES = Roles(deploy=("U0ANA", "U0BEN", "S0PAYMENTS"), approve=("U0EVA",), admin=("U0EVA",))
PASS = Verdict(
    outcome="PASS",
    at=NOW,
    reasons=tuple(Reason(voter=g.name, vote="pass", text=f"{g.name} OK") for g in GATES),
)
UNKNOWN = Verdict(outcome="UNKNOWN", cause="no_data", at=NOW, reasons=(
    Reason(voter="my-app-p99", vote="no_data", text="my-app-p99 has no data"),
))  # fmt: skip
PLANS = {
    "canary": "10% 5m, 50% 10m, 100%",
    "careful": "5% 5m, 25% 10m, approve, 100%",
    "linear": ", ".join(f"{n}% 1m" for n in range(10, 100, 10)) + ", 100%",
}


def minutes(count: float) -> timedelta:
    """A span."""
    return timedelta(minutes=count)


def alarm(name: str, state: str = "OK", **more) -> AlarmReading:
    """A reading that tells the sides apart and is fast enough, unless told otherwise."""
    fields = {"mixed": False, "window": minutes(3), "since": NOW - minutes(300), **more}
    return AlarmReading.model_validate({"name": name, "state": state, **fields})


def terms(plan: str = "canary", **more) -> Terms:
    """What was promised."""
    fields = {
        "plan": Plan.parse(plan, PLANS[plan]),
        "alarms": GATES,
        "roles": ROLES,
        "channel": "C0DEPLOYS",
        **more,
    }
    return Terms.model_validate(fields)


def seen(percent: int | None, **more) -> Seen:
    """A look at AWS."""
    return Seen.model_validate(
        {"at": NOW, "percent": percent, "stable": HEALTHY, "candidate": HEALTHY, **more}
    )


def rollout(phase: Phase, percent: int = 0, **more) -> Rollout:
    """#42: my-app to prod, 1 → 2, asked by ana twelve minutes ago."""
    fields = {
        "id": 42, "app": "my-app", "env": "prod", "kind": "lambda", "by": ANA, "reason": "fix basket rounding",
        "terms": terms(), "created_at": NOW - minutes(12), "phase": phase, "phase_at": NOW - minutes(6),
        "elapsed": minutes(6), "stable": V1, "candidate": V2, "gate_from": NOW - minutes(6), "proven": percent,
        "seen": seen(percent), "last_look": NOW, "last_good": NOW, "verdict": PASS, "peak": percent,
        "alarms": tuple(alarm(gate.name) for gate in GATES), "traffic_from": NOW - minutes(6) if percent else None,
        **more,
    }  # fmt: skip
    return Rollout.model_validate(fields)


def view(one: Rollout, hold: Hold | None = None) -> CardView:
    """Its card, as the desk would hand it out."""
    return CardView(
        rollout=one, moves=moves(one, hold), stages=stages(one, NOW), hold=hold, head_seq=1234,
        head_hash="9f3a55aa01bc", now=NOW,
    )  # fmt: skip


def cause(kind: str, text: str, by: Actor | None = None, hint: str = "") -> Cause:
    """Why, two minutes ago."""
    return Cause.model_validate({"kind": kind, "text": text, "by": by, "hint": hint, "at": NOW - minutes(2)})


def _hold(by: Actor | None, veto: str = "") -> Hold:
    return Hold(app="my-app", env="prod", rollout=42, by=by, reason="rolled back", veto=veto, at=NOW)


P = Phase
RED = "my-app-errors is red: 8.2 over limit 1 (2 of 3 × 60 s)"
FAULT = Fault(kind="throttle", text="DescribeAlarms was throttled (Rate exceeded)", hint="wait")
FOUR_EYES = Approval(by=2, before_start=True)


def _red() -> tuple[AlarmReading, ...]:
    return (alarm("my-app-errors", "ALARM", text="8.2 over limit 1 (2 of 3 × 60 s)"), alarm("my-app-p99"))


def _live() -> dict[str, CardView]:
    approving = rollout(
        P.WAITING, 25, terms=terms("careful"), step=2, cause=cause("approve", "waits for 1 approval(s)")
    )
    unwatched = {
        "terms": terms(alarms=()),
        "alarms": (),
        "verdict": Verdict(outcome="UNKNOWN", cause="no_gate"),
    }
    slow = (alarm("my-app-errors", window=minutes(15), mixed=True), alarm("my-app-p99", "INSUFFICIENT_DATA"))
    return {
        "awaiting-approval": view(rollout(
            P.AWAITING_APPROVAL, terms=terms(approval=FOUR_EYES),
            diff=("code sha256 a1b2 → c3d4", "memory 512 → 1024 MB", "environment: + FEATURE_BASKET"),
            signatures=(Signature(by=EVA, step=0, plan_hash="", at=NOW),),
        )),
        "launching": view(rollout(P.LAUNCHING, elapsed=minutes(1), kind="ecs")),
        "moving": view(rollout(P.STEPPING, 0, asked=(10,))),
        "moving-refused": view(rollout(P.STEPPING, 10, step=1, write_failures=2, write_fault=Fault(
            kind="auth", text="UpdateAlias was denied: lambda:UpdateAlias is missing"))),
        "baking": view(rollout(P.STEPPING, 10, baked=minutes(3))),
        "baking-slow-alarms": view(rollout(P.STEPPING, 10, baked=minutes(1), alarms=slow, verdict=UNKNOWN,
            warnings=("my-app-errors cannot fire within a bake of 5m; needs 16m",))),
        "baking-checking": view(rollout(P.STEPPING, 10, baked=minutes(3), fault=FAULT, failures=1)),
        "baking-hurried": view(rollout(P.STEPPING, 10, baked=minutes(1), hurry=rollout(P.STEPPING, 10).bound)),
        "linear": view(rollout(P.STEPPING, 40, terms=terms("linear"), step=3, baked=timedelta(seconds=20))),
        "waiting-approve": view(approving),
        "waiting-no-gate": view(rollout(P.WAITING, 10, cause=cause("no_gate", "no alarm watches this target"), **unwatched)),
        "paused-person": view(rollout(P.PAUSED, 10, baked=minutes(3), cause=cause("person", "paused: looking at p99", ANA))),
        "paused-no-data": view(rollout(P.PAUSED, 10, cause=cause("no_data", "my-app-p99 has no data"), verdict=UNKNOWN,
            alarms=(alarm("my-app-errors"), alarm("my-app-p99", "INSUFFICIENT_DATA")))),
        "paused-drift": view(rollout(P.PAUSED, 10, seen=seen(None, foreign="3: 100 %"), cause=cause(
            "drift", "the traffic was changed by somebody else, by ops-role: 10 % → 3: 100 %"))),
        "paused-blind": view(rollout(P.PAUSED, 10, fault=FAULT, failures=5, cause=cause("blind", FAULT.text))),
        "paused-deadline": view(rollout(P.PAUSED, 10, step=1, cause=cause(
            "deadline", "50 % was not seen in time: AWS shows 10 %", hint="retry, or roll back"))),
        "final-bake": view(rollout(P.FINAL_BAKE, 100, step=2, baked=minutes(4))),
        "retiring": view(rollout(P.RETIRING, 100, step=2, kind="ecs")),
        "rolling-back-alarm": view(rollout(P.ROLLING_BACK, 10, alarms=_red(), cause=cause("alarm", RED),
            verdict=Verdict(outcome="FAIL", reasons=(Reason(voter="my-app-errors", vote="fail", text=RED),), at=NOW))),
        "rolling-back-person": view(rollout(P.ROLLING_BACK, 50, cause=cause("person", "rolled back: p99 too high", EVA))),
        "stuck": view(rollout(P.STUCK, 50, step=1, cause=cause(
            "stable_sick", "the old release is not healthy either: version 1 is Inactive", hint="roll back anyway, or mend it"))),
    }  # fmt: skip


def _ended() -> dict[str, CardView]:
    back = {
        "phase_at": NOW,
        "traffic_to": NOW - timedelta(seconds=53),
        "traffic_from": NOW - timedelta(seconds=94),
        "peak": 10,
    }
    waiver = Waiver(by=EVA, step=1, reason="metrics are late, checked by hand", at=NOW)
    return {
        "succeeded": view(
            rollout(
                P.SUCCEEDED,
                100,
                step=2,
                waiver=waiver,
                proven_at=NOW - minutes(17),
                phase_at=NOW,
                created_at=NOW - minutes(34),
            )
        ),
        "rolled-back-alarm": view(
            rollout(P.ROLLED_BACK, 0, alarms=_red(), cause=cause("alarm", RED), **back), _hold(None, "2")
        ),
        "rolled-back-person": view(
            rollout(P.ROLLED_BACK, 0, cause=cause("person", "rolled back: p99 too high", EVA), **back),
            _hold(EVA),
        ),
        "cancelled": view(rollout(P.CANCELLED, cause=cause("cancel", "cancelled", ANA))),
        "refused": view(rollout(P.REFUSED, cause=cause("alarm", RED, hint="wait until it is green"))),
        "adopted": view(
            rollout(P.ADOPTED, 10, cause=cause("person", "adopted as AWS shows it: hotfix 3 stays", EVA))
        ),
    }


CARDS: dict[str, CardView] = _live() | _ended()
