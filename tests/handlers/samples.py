"""One rollout in every state a card can show, with the moves and stages the real machine gives it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rollout.model import Away, Cause, Phase, Rollout, Signature, Waiver
from rollout.moves import moves, stages
from rollout.people import Actor, Roles
from rollout.plan import Plan
from rollout.ports import Hold
from rollout.release import Release
from rollout.reports import CardView, Released
from rollout.seen import AlarmReading, Fault, Reason, Seen, SideHealth, Verdict
from rollout.terms import AlarmGate, Approval, Terms

NOW = datetime(2026, 11, 23, 14, 27, tzinfo=UTC)
ANA = Actor(id="U0ANA", team="T0HOME", name="ana")
EVA = Actor(id="U0EVA", team="T0HOME", name="eva")
SHELL = Actor(kind="principal", id="cli:ben", name="ben at a shell")
HEALTHY = SideHealth(state="healthy")
V1 = Release(id="1", published_at=NOW - timedelta(days=9))
V2 = Release(id="2", published_at=NOW - timedelta(minutes=29))
GATES = (AlarmGate(name="my-app-errors"), AlarmGate(name="my-app-p99"))
ROLES = Roles(deploy=("U0ANA", "U0BEN", "S0PAYMENTS"), approve=("U0EVA", "U0BEN"), admin=("U0EVA",))
PASS = Verdict(
    outcome="PASS",
    at=NOW,
    reasons=tuple(Reason(voter=g.name, vote="pass", text=f"{g.name} OK") for g in GATES),
)
NO_DATA = Verdict(outcome="UNKNOWN", cause="no_data", at=NOW, reasons=(
    Reason(voter="my-app-p99", vote="no_data", text="my-app-p99 has no data"),
))  # fmt: skip
PLANS = {
    "canary": "10% 5m, 50% 10m, 100%",
    "careful": "5% 5m, 25% 10m, approve, 100%",
    "back": "100%",
    "linear": ", ".join(f"{n}% 1m" for n in range(10, 100, 10)) + ", 100%",
}


def minutes(count: float) -> timedelta:
    """A span."""
    return timedelta(minutes=count)


def alarm(name: str, state: str = "OK", **more) -> AlarmReading:
    """A reading that tells the sides apart and is fast enough, unless told otherwise."""
    fields = {"mixed": False, "window": minutes(3), "since": NOW - minutes(300), **more}
    return AlarmReading.model_validate({"name": name, "state": state, **fields})


def terms(plan: str | Plan = "canary", **more) -> Terms:
    """What was promised."""
    fields = {
        "plan": Plan.parse(plan, PLANS[plan]) if isinstance(plan, str) else plan,
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
        "proven_at": NOW - minutes(6),
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
REFUSED = Fault(kind="auth", text="UpdateAlias was denied: lambda:UpdateAlias is missing")
BLIND = Verdict(
    outcome="UNKNOWN", cause="blind", at=NOW, reasons=(Reason(voter="alarms", vote="blind", text=FAULT.text),)
)
FAIL = Verdict(outcome="FAIL", at=NOW, reasons=(Reason(voter="my-app-errors", vote="fail", text=RED),))
NO_GATE = Verdict(
    outcome="UNKNOWN", cause="no_gate", at=NOW,
    reasons=(Reason(voter="gates", vote="no_gate", text="no alarm watches this target"),),
)  # fmt: skip
UNREAD: dict[str, Any] = {
    "fault": FAULT, "failures": 2, "verdict": BLIND, "seen": seen(10, at=NOW - minutes(1)), "last_good": None,
}  # fmt: skip
UNGATED: dict[str, Any] = {"terms": terms(alarms=()), "alarms": (), "verdict": NO_GATE}
QUIET = (alarm("my-app-errors"), alarm("my-app-p99", "INSUFFICIENT_DATA"))
REDS = (alarm("my-app-errors", "ALARM", text="8.2 over limit 1 (2 of 3 × 60 s)"), alarm("my-app-p99"))
SERVERS: dict[str, Any] = {"kind": "ecs", "stable": Release(id="web:41"), "candidate": Release(id="web:42")}
COLD = SideHealth(state="unknown", text="1 of 3 targets healthy")
HALF = SideHealth(state="unknown", text="2 of 4 targets healthy", ready=2, needed=4)
SICK = "the old release is not healthy either: version 1 is Inactive"
DRIFT = "the traffic was changed by somebody else, by ops-role: 10 % → 3: 100 %"
SLOW = "my-app-errors cannot fire within a bake of 5m; needs 16m"
FOUR_EYES = Approval(by=2, before_start=True)
DIFF = ("code sha256 a1b2 → c3d4", "memory 512 → 1024 MB", "environment: + FEATURE_BASKET")


def _rising() -> dict[str, Rollout]:
    signed = Signature(by=EVA, step=0, plan_hash=terms().plan.hash, at=NOW)
    nothing: dict[str, Any] = {
        "stable": None, "candidate": None, "proven": None, "seen": None, "verdict": None, "alarms": (),
        "last_good": None,
    }  # fmt: skip
    baking = rollout(P.STEPPING, 10, baked=minutes(3))
    linked = terms(settings={"region": "eu-central-1", "links": {
        "logs": "https://logs.example.com/{app}/{env}", "commits": "https://example.com/compare/{from}...{to}"}})
    return {
        "baking-with-links": rollout(P.STEPPING, 10, baked=minutes(3), terms=linked,
                                     candidate=Release(id="v2|<https://evil>&x")),
        "baking-after-away": rollout(P.STEPPING, 10, baked=minutes(3), away=Away(since=NOW - minutes(16),
                                                                               until=NOW - minutes(2))),
        "requested": rollout(P.REQUESTED, elapsed=minutes(1), **nothing),
        "awaiting-approval": rollout(
            P.AWAITING_APPROVAL, terms=terms(approval=FOUR_EYES), diff=DIFF, signatures=(signed,)
        ),
        "awaiting-approved": rollout(
            P.AWAITING_APPROVAL, terms=terms(approval=Approval(before_start=True)), diff=DIFF, signatures=(signed,)
        ),
        "awaiting-blind": rollout(
            P.AWAITING_APPROVAL, terms=terms(approval=Approval(before_start=True)), **UNREAD | {"seen": None}
        ),
        "launching": rollout(P.LAUNCHING, elapsed=minutes(1)),
        "launching-cold": rollout(
            P.LAUNCHING, elapsed=minutes(1), **SERVERS, seen=seen(0, candidate=COLD, retired=()), verdict=Verdict(
                outcome="UNKNOWN", cause="no_data", at=NOW, reasons=(Reason(
                    voter="target", vote="no_data", text=f"the new release is not known healthy: {COLD.text}"),))),
        "moving": rollout(P.STEPPING, 0, asked=(10,), elapsed=minutes(0)),
        "moving-seen-once": rollout(P.STEPPING, 0, asked=(10,), elapsed=minutes(0), seen=seen(10)),
        "moving-not-settled": rollout(P.STEPPING, 0, asked=(10,), elapsed=minutes(0), seen=seen(10, settled=False)),
        "moving-back": rollout(
            P.STEPPING, 0, back=True, terms=terms("back"), asked=(100,), elapsed=minutes(0), seen=seen(100),
            stable=V2, candidate=V1,
        ),
        "moving-refused": rollout(
            P.STEPPING, 10, step=1, elapsed=minutes(1), asked=(50,), write_failures=2, write_fault=REFUSED
        ),
        "moving-unknown": rollout(
            P.STEPPING, 10, step=1, elapsed=minutes(1), asked=(50,), write_failures=1,
            write_fault=Fault(kind="unknown", text="no answer to UpdateAlias within 10 s"),
        ),
        "moving-blind": rollout(P.STEPPING, 10, step=1, **UNREAD, elapsed=minutes(1)),
        "baking": baking,
        "baking-before-approval": rollout(P.STEPPING, 25, terms=terms("careful"), step=1, baked=minutes(3)),
        "baking-slow-alarms": rollout(P.STEPPING, 10, baked=minutes(1), warnings=(SLOW,), alarms=(
            alarm("my-app-errors", window=minutes(15), mixed=True), alarm("my-app-p99"))),
        "baking-checking": rollout(P.STEPPING, 10, baked=minutes(3), **UNREAD),
        "baking-hurried": rollout(P.STEPPING, 10, baked=minutes(1), hurry=baking.bound),
        "baking-hurried-full": rollout(P.STEPPING, 10, baked=minutes(1), hurry=baking.bound, hurry_full=True),
        "baking-unwatched": rollout(P.STEPPING, 10, baked=minutes(3), terms=terms(alarms=(), gates="none"), alarms=()),
        "linear": rollout(P.STEPPING, 40, terms=terms("linear"), step=3, baked=timedelta(seconds=20)),
        "final-bake": rollout(P.FINAL_BAKE, 100, step=2, baked=minutes(4)),
        "final-bake-hurried": rollout(P.FINAL_BAKE, 100, step=2, baked=minutes(4), hurry=baking.bound.model_copy(
            update={"step": 2})),
        "final-bake-blind": rollout(
            P.FINAL_BAKE, 100, step=2, baked=minutes(4), **UNREAD | {"seen": seen(100, at=NOW - minutes(1))}
        ),
        "retiring": rollout(P.RETIRING, 100, step=2, **SERVERS, seen=seen(100, retired=())),
    }  # fmt: skip


def _held() -> dict[str, Rollout]:
    careful = terms("careful")
    unwritten = cause("blind", REFUSED.text, hint="nothing moves until AWS can be read again")
    return {
        "waiting-approve": rollout(
            P.WAITING, 25, terms=terms("careful"), step=2, cause=cause("approve", "waits for 1 approval(s)")
        ),
        "waiting-approve-two": rollout(
            P.WAITING, 25, terms=terms("careful", approval=Approval(by=2)), step=2,
            cause=cause("approve", "waits for 2 approval(s)"),
        ),
        "waiting-approved": rollout(
            P.WAITING, 25, terms=careful, step=2, cause=cause("approve", "waits for 1 approval(s)"),
            signatures=(Signature(by=EVA, step=2, plan_hash=careful.plan.hash, at=NOW),),
        ),
        "waiting-no-gate": rollout(P.WAITING, 10, cause=cause("no_gate", "no alarm watches this target"), **UNGATED),
        "waiting-no-gate-at-0": rollout(
            P.WAITING, 0, cause=cause("no_gate", "no alarm watches this target"), **UNGATED
        ),
        "paused-person": rollout(
            P.PAUSED, 10, baked=minutes(3), cause=cause("person", "paused: looking at p99", ANA)
        ),
        "paused-person-blind": rollout(
            P.PAUSED, 10, baked=minutes(3), cause=cause("person", "paused", ANA), **UNREAD
        ),
        "paused-no-data": rollout(
            P.PAUSED, 10, cause=cause("no_data", "my-app-p99 has no data"), verdict=NO_DATA, alarms=QUIET
        ),
        "paused-no-data-hold": rollout(
            P.PAUSED, 10, cause=cause("no_data", "my-app-p99 has no data"), verdict=NO_DATA, alarms=QUIET,
            terms=terms(no_data_policy="hold"),
        ),
        "paused-drift": rollout(P.PAUSED, 10, seen=seen(None, foreign="3: 100 %"), cause=cause("drift", DRIFT)),
        "paused-drift-of-weight": rollout(P.PAUSED, 10, seen=seen(30), cause=cause(
            "drift", "the traffic was changed by somebody else: 10 % → 30 % on the new release")),
        "paused-blind": rollout(
            P.PAUSED, 10, cause=cause("blind", FAULT.text), **UNREAD | {"failures": 5}
        ),
        "paused-blind-and-by-a-person": rollout(
            P.PAUSED, 10, cause=cause("blind", FAULT.text), person_pause=cause("person", "paused: looking at p99", EVA),
            **UNREAD | {"failures": 5},
        ),
        "paused-no-data-and-by-a-person": rollout(
            P.PAUSED, 10, cause=cause("no_data", "my-app-p99 has no data"), verdict=NO_DATA, alarms=QUIET,
            person_pause=cause("person", "paused", EVA),
        ),
        "paused-adopting": rollout(
            P.PAUSED, 10, step=1, **SERVERS, resume_to=P.STEPPING, pins=True,
            cause=cause("drift", DRIFT), adopting=cause("person", "adopted as AWS shows it: known", ANA),
        ),
        "paused-refused": rollout(
            P.PAUSED, 10, step=1, write_failures=5, write_fault=REFUSED, cause=unwritten
        ),
        "paused-deadline": rollout(P.PAUSED, 10, step=1, cause=cause(
            "deadline", "50 % was not seen in time: AWS shows 10 %", hint="retry, or roll back")),
    }  # fmt: skip


def _falling() -> dict[str, Rollout]:
    back: dict[str, Any] = {"resume_to": P.ROLLING_BACK, "step": 1}
    late = "the old release does not have all traffic yet: AWS does not show it"
    return {
        "rolling-back-alarm": rollout(P.ROLLING_BACK, 10, alarms=REDS, cause=cause("alarm", RED), verdict=FAIL),
        "rolling-back-blind": rollout(
            P.ROLLING_BACK, 10, alarms=REDS, cause=cause("alarm", RED), **UNREAD
        ),
        "rolling-back-red-and-unread": rollout(
            P.ROLLING_BACK, 10, alarms=REDS, cause=cause("alarm", RED), **UNREAD | {"verdict": FAIL}
        ),
        "rolling-back-refused": rollout(
            P.ROLLING_BACK, 10, alarms=REDS, cause=cause("alarm", RED), verdict=FAIL, write_failures=3,
            write_fault=REFUSED,
        ),
        "rolling-back-arrived": rollout(
            P.ROLLING_BACK, 0, alarms=REDS, cause=cause("alarm", RED), verdict=FAIL, peak=10
        ),
        "rolling-back-sick": rollout(P.ROLLING_BACK, 10, cause=cause(
            "sick", "the new release is not healthy: version 2 is Failed")),
        "rolling-back-rejected": rollout(P.ROLLING_BACK, 25, terms=terms("careful"), step=2, cause=cause(
            "reject", "rejected: the basket is wrong", EVA)),
        "rolling-back-cancelled": rollout(P.ROLLING_BACK, 0, cause=cause("cancel", "cancelled", ANA)),
        "rolling-back-unanswered": rollout(P.ROLLING_BACK, 25, cause=cause("deadline", "nobody decided in time")),
        "rolling-back-no-data": rollout(P.ROLLING_BACK, 10, alarms=QUIET, cause=cause(
            "no_data", "no data for too long: my-app-p99 has no data")),
        "rolling-back-cold": rollout(
            P.ROLLING_BACK, 90, **SERVERS, cause=cause("alarm", RED), asked=(50,), pins=True,
            seen=seen(90, stable=HALF, retired=(), pinned=True),
        ),
        "rolling-back-crash-loop": rollout(P.ROLLING_BACK, 10, **SERVERS, cause=cause(
            "crash_loop", "three tasks of web:42 stopped: Essential container in task exited")),
        "rolling-back-person": rollout(
            P.ROLLING_BACK, 50, cause=cause("person", "rolled back: p99 too high", EVA)
        ),
        "stuck-both-sick": rollout(P.STUCK, 50, **back, alarms=REDS, verdict=FAIL, cause=cause(
            "stable_sick", SICK, hint="roll back anyway, or mend it")),
        "stuck-foreign": rollout(P.STUCK, 50, **back, seen=seen(None, foreign="3: 100 %"), cause=cause(
            "foreign", "somebody else changed the traffic: 3: 100 %",
            hint="rollback once more overwrites it; adopt accepts it")),
        "stuck-refused": rollout(P.STUCK, 50, **back, write_failures=7, write_fault=REFUSED, cause=cause(
            "deadline", f"the old release does not have all traffic yet: {REFUSED.text}",
            hint="it keeps trying; look at AWS")),
        "stuck-blind": rollout(
            P.STUCK, 50, **back, **UNREAD, cause=cause("deadline", late, hint="it keeps trying; look at AWS")
        ),
        "stuck-retiring": rollout(P.STUCK, 100, step=2, resume_to=P.RETIRING, **SERVERS, cause=cause(
            "deadline", "the old side could not be removed", hint="retry, or adopt")),
    }  # fmt: skip


def _ended() -> dict[str, CardView]:
    end: dict[str, Any] = {"phase_at": NOW}
    back: dict[str, Any] = end | {
        "traffic_to": NOW - timedelta(seconds=53), "traffic_from": NOW - timedelta(seconds=94), "peak": 10,
    }  # fmt: skip
    waiver = Waiver(by=EVA, step=1, reason="metrics are late, checked by hand", at=NOW)
    served = rollout(
        P.SUCCEEDED, 100, step=2, waiver=waiver, proven_at=NOW - minutes(17), created_at=NOW - minutes(34), **end
    )
    fell = rollout(P.ROLLED_BACK, 0, alarms=REDS, verdict=FAIL, cause=cause("alarm", RED), **back)
    asked = cause("person", "rolled back: p99 too high", EVA)
    adopted = cause("person", "adopted as AWS shows it: hotfix 3 stays", EVA)
    return {
        "succeeded": view(served),
        "succeeded-back": view(served.but(
            back=True, waiver=None, reason="", terms=terms("back", alarms=()), alarms=(), step=0), _hold(ANA, "1")),
        "rolled-back-alarm": view(fell, _hold(None, "2")),
        "rolled-back-free": view(fell),
        "rolled-back-released": view(rollout(P.ROLLED_BACK, 0, cause=asked, **back)).model_copy(
            update={"released": Released(by=EVA, at=NOW + minutes(35), reason="version 3 fixes it")}),
        "rolled-back-person": view(rollout(P.ROLLED_BACK, 0, cause=asked, **back), _hold(EVA)),
        "rolled-back-by-a-shell": view(rollout(
            P.ROLLED_BACK, 0, cause=cause("person", "rolled back", SHELL), by=SHELL, **back), _hold(SHELL)),
        "rolled-back-blind": view(rollout(P.ROLLED_BACK, 0, cause=asked, **back, verdict=BLIND)),
        "cancelled": view(rollout(P.CANCELLED, cause=cause("cancel", "cancelled", ANA), **end)),
        "cancelled-by-rollback": view(rollout(P.CANCELLED, cause=cause("person", "rolled back", EVA), **end)),
        "cancelled-unanswered": view(rollout(
            P.CANCELLED, cause=cause("deadline", "nobody approved the start in time"), **end)),
        "refused-release": view(rollout(P.REFUSED, candidate=None, stable=None, wanted="9", proven=None, seen=None,
            cause=cause("refused", "there is no version 9", hint="there are 1, 2"), **end)),
        "refused": view(rollout(P.REFUSED, cause=cause("alarm", RED, hint="wait until it is green"), **end)),
        "adopted": view(rollout(P.ADOPTED, 10, seen=seen(None, foreign="3: 100 %"), cause=adopted, **end)),
    }  # fmt: skip


OURS: dict[str, CardView] = {name: view(one) for name, one in (_rising() | _held() | _falling()).items()} | _ended()
