"""A12, A13, A15: what alarms say, in every order and every phase."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from rollout.actions import Shift
from rollout.health import judge as product_judge
from rollout.machine import decide
from rollout.model import Phase, Rollout
from rollout.plan import Plan
from rollout.seen import AlarmReading, Fault, Observation, Seen, SideHealth
from rollout.simulated import SimulatedAlarm, SimulatedWorld
from rollout.terms import AlarmGate
from tests.faults.naive import hopeful
from tests.faults.row import Judge, Played, Row
from tests.faults.stage import PLAN_FOR, TERMS, a_scene, bring, end, look_due
from tests.rollout.make import T0, row

# -- A12: the algebra of verdicts ------------------------------------------------------------------------------------

NAMES = ("errors", "p99", "throttles")


def verdicts(count: int, seed: int, naive: bool) -> Played:
    """Sequences of six looks: alarms OK, red, silent, absent, half evaluated, unreadable, stale, red in between."""
    rng, judge, raised = Random(seed), Judge(), 0
    say = hopeful if naive else product_judge
    for _ in range(count):
        live = _begin(rng)
        now = T0
        for _ in range(6):
            now += timedelta(seconds=rng.choice([1, 5, 30, 30, 60]))
            look = _look(rng, live, now)
            fine, red = _all_ok(live, look, now), _known_red(live, look, now)
            outcome = say(live, look, now).outcome
            judge.holds(outcome != "PASS" or fine, f"PASS, and not all is OK: {_shown(look)}")
            judge.holds(outcome == "FAIL" or not red, f"{outcome}, and {red} is red: {_shown(look)}")
            if naive:
                continue
            decision = decide(live, look, now)
            ups = [a for a in decision.actions if isinstance(a, Shift) and a.percent > _percent(look)]
            raised += len(ups)
            judge.holds(not ups or fine, f"a raise to {ups} without all OK: {_shown(look)}")
            judge.holds(not red or decision.rollout.phase is Phase.ROLLING_BACK, f"{red} is red, and it stays up")
            live = decision.rollout
            if live.phase is not Phase.STEPPING:
                break
    return judge.played(count, "" if naive else f"{raised} raises")


def _begin(rng: Random) -> Rollout:
    gates = tuple(AlarmGate(name=name) for name in NAMES[: rng.randint(1, 3)])
    live = row(Phase.STEPPING)
    terms = live.terms.model_copy(update={"alarms": gates, "plan": Plan.parse("p", "10% 30s, 50% 30s, 100%")})
    return live.but(terms=terms, verdict=None, proven_at=T0 - timedelta(seconds=rng.choice([0, 60])))


def _percent(look: Observation) -> int:
    return look.seen.percent or 0 if look.seen else 0


def _look(rng: Random, live: Rollout, now: datetime) -> Observation:
    bad = rng.random() < 0.5
    side = rng.choice(["healthy", "sick", "unknown"]) if bad and rng.random() < 0.2 else "healthy"
    percent = rng.choice([live.proven, *live.asked[-1:]]) if live.asked else live.proven
    candidate = SideHealth.model_validate({"state": side, "text": "x"})
    seen = Seen(at=now, percent=percent, stable=SideHealth(state="healthy"), candidate=candidate)
    fault = Fault(kind="throttle", text="throttled") if bad and rng.random() < 0.2 else None
    late = timedelta(seconds=rng.choice([61, 300])) if bad and rng.random() < 0.2 else timedelta(0)
    readings = [_reading(rng, gate.name, live, bad=bad) for gate in live.terms.alarms]
    some = tuple(each for each in readings if not bad or rng.random() < 0.8)
    return Observation(
        at=now, seen=seen if not bad or rng.random() < 0.9 else None, alarms=() if fault else some,
        alarms_at=None if fault else now - late, alarms_fault=fault,
    )  # fmt: skip


def _reading(rng: Random, name: str, live: Rollout, *, bad: bool) -> AlarmReading:
    wrong = bad and rng.random() < 0.5
    lately = live.gate_from + timedelta(seconds=1)
    return AlarmReading.model_validate({
        "name": name, "found": not (wrong and rng.random() < 0.2), "clean": not (wrong and rng.random() < 0.2),
        "state": rng.choice(["ALARM", "INSUFFICIENT_DATA", "OK"]) if wrong else "OK",
        "since": rng.choice([None, lately]) if wrong else T0 - timedelta(days=1),
        "history": rng.choice(["unread", "clean", "red", "unreadable"]),
    })  # fmt: skip


def _read_now(live: Rollout, look: Observation, now: datetime) -> dict[str, AlarmReading]:
    """The readings that count: taken after the weight was seen, and not older than two of the longer looks."""
    at = look.alarms_at
    if at is None or look.alarms_fault is not None or (live.proven_at and at < live.proven_at):
        return {}
    if now - at > 2 * max(live.terms.timing.look_waiting, live.terms.timing.look_moving):
        return {}
    return {reading.name: reading for reading in look.alarms}


def _all_ok(live: Rollout, look: Observation, now: datetime) -> bool:
    """The oracle, from the words of docs/safety.md S1 and S2: read, there, evaluated, OK, and quiet in between."""
    read = _read_now(live, look, now)
    for gate in live.terms.alarms:
        one = read.get(gate.name)
        if one is None or not one.found or not one.clean or one.state != "OK":
            return False
        if one.since is not None and one.since >= live.gate_from and one.history != "clean":
            return False
    return look.seen is not None and look.seen.candidate.state == "healthy"


def _known_red(live: Rollout, look: Observation, now: datetime) -> str:
    """An alarm that was read and is red, or was red since the step began."""
    for gate in live.terms.alarms:
        one = _read_now(live, look, now).get(gate.name)
        if one is None or not one.found:
            continue
        if one.state == "ALARM":
            return one.name
        changed = one.since is not None and one.since >= live.gate_from
        if one.state == "OK" and one.clean and changed and one.history == "red":
            return one.name
    return ""


def _shown(look: Observation) -> str:
    alarms = [(a.name, a.state, a.found, a.clean, a.history) for a in look.alarms]
    return f"{alarms} at {look.alarms_at}, fault {look.alarms_fault}, seen {look.seen is not None}"


# -- A13: red in every phase -----------------------------------------------------------------------------------------

WITH_TRAFFIC = (Phase.STEPPING, Phase.WAITING, Phase.PAUSED, Phase.FINAL_BAKE, Phase.RETIRING)


class Dozing(SimulatedWorld):
    """A world that looks at no alarm while a rollout waits for a person."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        seen = super().observe(rollouts)
        waits = {each.id for each in rollouts if each.phase in (Phase.PAUSED, Phase.WAITING)}
        return {id: self._fine(look) if id in waits else look for id, look in seen.items()}

    def _fine(self, look: Observation) -> Observation:
        calm = tuple(each.model_copy(update={"state": "OK", "history": "clean"}) for each in look.alarms)
        return look.model_copy(update={"alarms": calm})


def red_in_every_phase(count: int, seed: int, naive: bool) -> Played:
    """The alarm turns red, or flickers between two looks, while a rollout is in each phase that has traffic."""
    rng, judge = Random(seed), Judge()
    for number in range(count):
        phase = WITH_TRAFFIC[number % len(WITH_TRAFFIC)]
        with a_scene(PLAN_FOR.get(phase, "10% 1m, 50% 1m, 100%"), **TERMS.get(phase, {})) as scene:
            if naive:
                scene.world.__class__ = Dozing
            bring(scene, phase)
            scene.look(rng.randint(0, 2) if phase in (Phase.PAUSED, Phase.WAITING) else 0)
            live = scene.live
            if live is None or live.candidate is None:
                continue
            scene.clock.advance(timedelta(seconds=1))
            scene.alarm.turn("ALARM", scene.clock.now())
            if flicker := rng.random() < 0.4:
                scene.clock.advance(timedelta(seconds=1))
                scene.alarm.turn("OK", scene.clock.now())
            scene.look()
            look_due(scene)
            share = scene.target.share(live.candidate.id)
            judge.same(share, 0, f"on the candidate one look after red{' (a flicker)' * flicker} in {phase}")
            scene.alarm.turn("OK", scene.clock.now())
            judge.same(end(scene).phase, Phase.ROLLED_BACK, f"the end, from {phase}")
    return judge.played(count)


# -- A15: red before the start ---------------------------------------------------------------------------------------


def red_before(count: int, seed: int, naive: bool) -> Played:
    """One of three alarms is red, silent or unknown to AWS when somebody says start."""
    rng, judge = Random(seed), Judge()
    for _ in range(count):
        gates = tuple(AlarmGate(name=name) for name in NAMES)
        with a_scene(alarms=gates) as scene:
            scene.world.alarms = {name: SimulatedAlarm() for name in NAMES}
            one, how = rng.choice(NAMES), rng.choice(["ALARM", "ALARM", "INSUFFICIENT_DATA", "absent"])
            if how == "absent":
                del scene.world.alarms[one]
            else:
                scene.world.alarms[one].turn(how, scene.clock.now())  # type: ignore[arg-type]  # a sampled literal
            start_red(scene)
            said = scene.newest.cause.text if scene.newest.cause else ""
            judge.same(scene.target.applied, [], f"writes although {one} is {how}")
            if how == "ALARM":
                judge.same(scene.newest.phase, Phase.REFUSED, f"{one} is red")
                judge.holds(one in said, f"the refusal does not name {one}: {said}")
    return judge.played(count)


def start_red(scene: Any) -> None:
    """Say start without making all well first, and look for a minute."""
    scene.wish("start")
    for _ in range(12):
        scene.look()


ROWS = (
    Row("A12", "alarms OK, red, silent, absent, half evaluated, unreadable, stale, red in between, in any sequence",
        "it rises only if all are OK and fresh; any red goes back", "the machine alone, against an oracle", verdicts,
        ci=2500, soak=100_000, part=25_000, naive="an empty list of alarms is OK", naive_ci=300),
    Row("A13", "an alarm turns red, or flickers, in every phase with traffic", "0 % one look later",
        "in process: conductor, SQLite, simulated AWS", red_in_every_phase, ci=30, soak=1000, part=250,
        naive="looks at no alarm while a person is waited for", naive_ci=15,
        missing="the seconds from alarm to call are in docs/bench.md"),
    Row("A15", "an alarm is red, silent or absent before the start", "no traffic; red is refused by name",
        "in process: conductor, SQLite, simulated AWS", red_before, ci=20, soak=500, part=250,
        missing="an override by another person: tests/rollout/test_override.py"),
)  # fmt: skip
