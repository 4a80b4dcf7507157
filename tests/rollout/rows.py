"""Rows, looks and moments from a seed: also such as no history would lead to, for what must be total.

Hypothesis draws the seed only, so that thousands of rows cost seconds; a failing seed gives the same row again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, get_args

import hypothesis.strategies as st
from hypothesis import HealthCheck

from rollout.model import CauseKind, Phase, Rollout, Signature
from rollout.people import Actor
from rollout.plan import Plan
from rollout.ports import Hold
from rollout.release import Check, Prepared, Release
from rollout.seen import AlarmReading, Fault, Observation, Seen, SideHealth
from rollout.terms import AlarmGate, Approval, Terms
from tests.rollout.make import T0, cause, row, verdict, waiver
from tests.rollout.scene import ANA, BEN, EVA, ROLES

PLANS = ("10% 5m, 50% 10m, 100%", "100%", "0%, approve, 100%", "5%, approve 2, 40% 1m, 100% 3m", "10%, check a, 100%")
VERDICTS = ("PASS", "PASS", "FAIL", "blind", "no_data", "no_gate")
SHARES = (0, 5, 10, 30, 40, 50, 100)
HEALTH = ("healthy", "healthy", "healthy", "sick", "unknown")
SECONDS = (0, 1, 59, 60, 299, 300, 599, 600, 900, 1800, 3600, 86_400)
OFFSETS = (-86_400, -60, -10, -5, -1, 0, 0, 0, 1, 30, 86_400)
FAULT = Fault(kind="throttle", text="throttled", hint="wait")
CHECKS = ((), (), (Check(name="a", state="warn", text="w"),), (Check(name="a", state="fail", text="f"),))
AFTER_A_PAUSE = (
    None, Phase.LAUNCHING, Phase.STEPPING, Phase.WAITING, Phase.FINAL_BAKE, Phase.RETIRING, Phase.ROLLING_BACK
)  # fmt: skip


def _at(seed: Random) -> datetime:
    return T0 + timedelta(seconds=seed.choice(OFFSETS))


def _span(seed: Random) -> timedelta:
    return timedelta(seconds=seed.choice(SECONDS))


def _or_none(seed: Random, n: int, make: Callable[[Random], Any]) -> Any:
    """That once in `n` times, else None."""
    return make(seed) if seed.randrange(n) == 0 else None


def _why(seed: Random) -> Any:
    return cause(seed.choice(get_args(CauseKind)))


@cache
def _terms(*parts: Any) -> Terms:
    plan, no_data, gates, settle, approval, policy, bake = parts
    return Terms.model_validate({
        "plan": Plan.parse("canary", plan), "roles": ROLES, "gates": gates, "settle": settle, "bake": bake,
        "alarms": (AlarmGate.model_validate({"name": "my-app-errors", "no_data": no_data}),) if no_data else (),
        "approval": Approval(by=approval, before_start=approval == 2) if approval else None, "no_data_policy": policy,
    })  # fmt: skip


def some_terms(seed: Random) -> Terms:
    """Terms of every kind."""
    choices: tuple[Sequence[Any], ...] = (
        PLANS, ("", "wait", "wait", "ask", "pass"), ("alarms", "none"), ("0s", "60s"), (0, 0, 1, 2),
        ("rollback", "hold"), ("0s", "15m"),
    )  # fmt: skip
    return _terms(*(seed.choice(some) for some in choices))


def _signed(live: Rollout, who: Actor) -> Signature:
    return Signature(by=who, step=live.step, plan_hash=live.terms.plan.hash, at=T0)


def some_row(seed: Random, phase: Phase) -> Rollout:
    """Any row there could be in that phase, and more."""
    terms = some_terms(seed)
    step = seed.randrange(len(terms.plan.steps))
    base = row(phase).but(terms=terms, step=step)
    proven = seed.choice([*SHARES, None, *[getattr(base.here, "percent", 10)] * 8])
    signers = [who for who in (BEN, EVA) if seed.random() < 0.2]
    return base.but(
        proven=proven, proven_at=_at(seed), peak=seed.choice(SHARES), back=seed.random() < 0.2, baked=_span(seed),
        sighting=seed.choice(["", str(proven), str(proven), "foreign 7: 100 %", "30"]), elapsed=_span(seed),
        cause=seed.choice([None, _why(seed), _why(seed), _why(seed)]), resume_cause=_or_none(seed, 2, _why),
        fell_for=_or_none(seed, 3, _why), person_pause=_or_none(seed, 4, lambda _: cause("person", by=ANA)),
        resume_to=seed.choice(AFTER_A_PAUSE), asked_at=_or_none(seed, 2, _at),
        asked=tuple(seed.choice(SHARES) for _ in range(seed.choice([0, 0, 1, 2]))),
        verdict=verdict(seed.choice(VERDICTS)) if seed.random() < 0.9 else None,
        hurry=_or_none(seed, 4, lambda _: base.bound), hurry_full=seed.random() < 0.3, overwrite=seed.random() < 0.2,
        force=seed.random() < 0.2, waiver=_or_none(seed, 2, lambda s: waiver(s.randrange(len(terms.plan.steps) + 1))),
        last_good=_or_none(seed, 2, _at), last_look=_or_none(seed, 2, _at), reminded=seed.choice([0, 0, 1, 2]),
        failures=seed.choice([0, 0, 0, 1, 5, 9]), write_failures=seed.choice([0, 0, 0, 1, 5, 9]),
        write_fault=_or_none(seed, 3, lambda _: FAULT), signatures=tuple(_signed(base, who) for who in signers),
        known_red=seed.choice([{}, {}, {"my-app-errors": T0}]), traffic_from=_or_none(seed, 2, _at),
        stable=seed.choice([Release(id="1"), Release(id="1"), None]),
        seen=_or_none(seed, 2, lambda _: Seen(at=T0, percent=10)),
    )  # fmt: skip


def some_reading(seed: Random) -> AlarmReading:
    """The alarm, mostly OK."""
    return AlarmReading.model_validate({
        "name": "my-app-errors", "found": seed.random() < 0.9, "clean": seed.random() < 0.9, "window": _span(seed),
        "state": seed.choice(["OK", "OK", "OK", "ALARM", "INSUFFICIENT_DATA"]), "since": _or_none(seed, 2, _at),
        "history": seed.choice(["unread", "clean", "clean", "red", "unreadable"]),
    })  # fmt: skip


def some_look(seed: Random) -> Observation:
    """Any look: read or not, ours or not, with every health, prepared or refused."""
    sides = [SideHealth.model_validate({"state": seed.choice(HEALTH), "text": "x"}) for _ in range(2)]
    percent = seed.choice([*SHARES, None])
    seen = Seen(
        at=_at(seed), percent=percent, foreign="" if percent is not None else "7: 100 %", settled=seed.random() < 0.8,
        stable=sides[0], candidate=sides[1], edited_by=seed.choice(["", "carl"]),
        retired=seed.choice([("stable", "candidate"), ("stable",), ("candidate",), ()]),
    )  # fmt: skip
    prepared = Prepared(stable=Release(id="1"), candidate=Release(id="2"), checks=seed.choice(CHECKS))
    return Observation(
        at=_at(seed), seen=seed.choice([seen, seen, seen, None]), fault=_or_none(seed, 5, lambda _: FAULT),
        alarms=(some_reading(seed),), alarms_at=seed.choice([T0, T0, _at(seed), None]),
        alarms_fault=_or_none(seed, 6, lambda _: FAULT), prepared=seed.choice([prepared, prepared, None]),
        refusal=_or_none(seed, 4, lambda _: FAULT),
    )  # fmt: skip


CALM: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""For settings(): a busy machine makes no test fail."""
seeds = st.integers(0, 2**32).map(Random)
looks = seeds.map(some_look)
times = seeds.map(_at)
holds = seeds.map(lambda seed: _or_none(seed, 2, lambda s: _hold(s.choice([1, 2]))))


def _hold(rollout: int) -> Hold:
    return Hold(app="my-app", env="prod", rollout=rollout, reason="bad", at=T0)


def rows(phases: Sequence[Phase] = tuple(Phase)) -> st.SearchStrategy[Rollout]:
    """Rows in any of those phases."""
    return seeds.map(lambda seed: some_row(seed, seed.choice(phases)))
