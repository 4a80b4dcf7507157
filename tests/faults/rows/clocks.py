"""S01 to S07: clocks that jump, a scheduler that dies, a call that hangs, waits without end."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from bot.lanes import Lanes
from bot.metrics import Metrics
from bot.scheduler import Scheduler
from bot.watchdog import Watchdog
from rollout.looking.look import MAX_TRIES
from rollout.model import LIVE, Phase, Rollout
from rollout.plan import SetWeight
from rollout.seen import Observation
from rollout.simulated import ManualClock, SimulatedWorld
from rollout.values import ZERO
from tests.faults.row import Judge, Played, Row
from tests.faults.stage import PLAN_FOR, SICK, TERMS, a_fleet, a_scene, bring, calm, end, look_due, start
from tests.rollout.scene import Scene

# -- S01, S02: the clock is set --------------------------------------------------------------------------------------

TICK = timedelta(seconds=2)
BACK = (-60, -3600, -86_400)
AHEAD = (45, 60, 3600, 86_400)
APART = timedelta(seconds=160)
"""Between two jumps; set back twice a minute, a clock is more than set wrong."""
BAKED_PLAN = "10% 3m, 50% 4m, 100%"


class TrueTime:
    """What an honest clock beside the bot's would show, and when each write was really made."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.now = ZERO
        self.writes: list[tuple[timedelta, int]] = []
        """When, and the candidate's share from then on."""

    def tick(self, jump: timedelta = ZERO) -> None:
        """Real time passes, and the bot's clock with it; then, maybe, somebody sets that clock."""
        before = len(self._scene.target.applied)
        self.now += TICK
        self._scene.clock.advance(TICK)
        self._scene.clock.set(jump)
        look_due(self._scene)
        candidate = self._scene.newest.candidate
        for _, main, percent, _ in self._scene.target.applied[before:]:
            self.writes.append((self.now, 100 if candidate and main == candidate.id else percent))


class OneHand:
    """A clock whose steady time is the wall's: the naive way to measure a bake."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """See rollout.ports.Clock."""
        return self._clock.now()

    def monotonic(self) -> float:
        """See rollout.ports.Clock; this one can be set."""
        return self._clock.now().timestamp()


def _clock_is_set(jumps: Sequence[int]) -> Callable[[int, int, bool], Played]:
    def play(count: int, seed: int, naive: bool) -> Played:
        rng, judge, fired, worst = Random(seed), Judge(), 0, ZERO
        while fired < count:
            with a_scene(BAKED_PLAN, bake=timedelta(minutes=4)) as scene:
                if naive:
                    scene.bot._rounds._clock = OneHand(scene.clock)
                start(scene)
                true = TrueTime(scene)
                stalled, last, jumped = ZERO, (scene.newest.version, true.now), ZERO
                for _ in range(2000):
                    jump = ZERO
                    if true.now - jumped > APART and rng.random() < 1 / 15:
                        jump, jumped, fired = timedelta(seconds=rng.choice(jumps)), true.now, fired + 1
                    true.tick(jump)
                    if scene.live is None:
                        break
                    if scene.newest.version != last[0]:
                        last = (scene.newest.version, true.now)
                    stalled = max(stalled, true.now - last[1])
                judge.same(scene.newest.phase, Phase.SUCCEEDED, "how it ended")
                judge.holds(stalled <= timedelta(seconds=155), f"nobody looked for {stalled}")
                worst = max(worst, _early(judge, scene.newest, true))
        return judge.played(fired, f"at most {worst.total_seconds():.0f} s early")

    return play


def _early(judge: Judge, row: Rollout, true: TrueTime) -> timedelta:
    """The most by which a step or the end came before its bake was over, by the honest clock."""
    needs = [step.bake for step in row.terms.plan.steps if isinstance(step, SetWeight)]
    needs[-1] = row.terms.bake
    moments = [at for at, _ in true.writes] + [true.now]
    judge.same([share for _, share in true.writes], [10, 50, 100], "the writes")
    worst = ZERO
    for need, begun, over in zip(needs, moments, moments[1:], strict=False):
        short = need - (over - begun)
        worst = max(worst, short)
        judge.holds(short <= ZERO, f"a bake of {need} was over {short} early")
    return worst


# -- S04: the scheduler dies -----------------------------------------------------------------------------------------

SILENCE = 1.5


def scheduler_dies(count: int, seed: int, naive: bool) -> Played:
    """APScheduler is shut down, or its thread hangs for good; a watchdog (1.5 s here, 5 s in the product) looks on."""
    rng, judge, fired, worst = Random(seed), Judge(), 0, 0.0
    ticked, hung = threading.Event(), threading.Event()
    scheduler = Scheduler(lambda _: ticked.set(), [], Metrics(), time.monotonic)
    watchdog = Watchdog(scheduler.age, (lambda: None) if naive else scheduler.restart, SILENCE)
    scheduler.start()
    watchdog.start()
    try:
        for _ in range(count):
            judge.holds(ticked.wait(30), "it never ticked")
            engine: Any = scheduler._engine
            if rng.random() < 0.5:
                engine.shutdown(wait=False)
            else:
                engine._process_jobs = hung.wait
                engine.wakeup()
            fired += 1
            ticked.clear()
            begun = time.monotonic()
            back = ticked.wait(5 if naive else 30)
            worst = max(worst, time.monotonic() - begun)
            judge.holds(back and worst < 20, "no tick came back")
            if not back:
                break
    finally:
        watchdog.stop()
        scheduler.stop()
        hung.set()
    return judge.played(fired, f"ticked again after at most {worst:.1f} s")


# -- S05: a call that hangs ------------------------------------------------------------------------------------------


class Hanging:
    """A world whose reads of one lane hang, for whoever reads on that lane's main thread first."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world, self.hung, self.go_on = world, 0, threading.Event()
        self._lock = threading.Lock()

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        slow = any(one.terms.lane == "slow" for one in rollouts) and threading.current_thread().name == "lane-slow"
        if slow:
            self.hung += 1
            self.go_on.wait(60)
        with self._lock:
            return self._world.observe(rollouts)

    def perform(self, *call: Any) -> Any:
        """See rollout.ports.World."""
        with self._lock:
            return self._world.perform(*call)


def one_lane_hangs(count: int, seed: int, naive: bool) -> Played:
    """Fifty rollouts in two lanes; a read of one lane hangs for good. The other lane, and a rollback, go on."""
    judge, fired, worst, back = Judge(), 0, 0.0, 0.0
    for _ in range(count):
        with a_fleet(50, "50%, 100%") as scene:
            for number in range(50):
                scene.policy.changes["lane"] = "slow" if number % 2 and not naive else "fast"
                if naive and number == 1:
                    scene.policy.changes["lane"] = "slow"
                scene.wish("start", app=f"app-{number}")
            lanes, world = _driven(scene, naive=naive)
            slow = _until(partial(_hangs, world), 10)
            judge.holds(slow, "nothing hung")
            fired += world.hung
            quick = [n for n in range(50) if n % 2 == 0]
            begun = time.monotonic()
            _until(partial(_all_moved, scene, quick), 3 if naive else 10)
            worst = max(worst, time.monotonic() - begun)
            judge.holds(_all_moved(scene, quick), "the other lane stood still")
            begun = time.monotonic()
            row = next(one for one in _rows(scene) if one.app == "app-1")
            scene.wish("rollback", app="app-1")
            lanes.look(row.terms.lane, [row.id], urgent=True, again=True)
            gone = _until(lambda: any(not r.live for r in _rows(scene) if r.app == "app-1"), 10)
            back = max(back, time.monotonic() - begun)
            judge.holds(gone, "the rollback waited for the hung read")
            world.go_on.set()
            lanes.stop(10)
    return judge.played(fired, f"other lane {worst:.1f} s, rollback {back:.2f} s")


def _driven(scene: Scene, *, naive: bool) -> tuple[Lanes, Hanging]:
    world = Hanging(scene.world)
    scene.bot._rounds._world = world
    lanes = Lanes(lambda ids: scene.bot.look(list(ids)), Metrics())
    for lane, ids in scene.bot.due().items():
        lanes.look("slow" if naive else lane, ids)
    return lanes, world


def _rows(scene: Scene) -> list[Rollout]:
    with scene.store.reads() as reads:
        return reads.history(limit=200)


def _hangs(world: Hanging) -> bool:
    return world.hung > 0


def _all_moved(scene: Scene, numbers: Sequence[int]) -> bool:
    return all(_moved(scene, number) for number in numbers)


def _moved(scene: Scene, number: int) -> bool:
    return any(row.app == f"app-{number}" and row.phase is not Phase.REQUESTED for row in _rows(scene))


def _until(look: Callable[[], bool], seconds: float) -> bool:
    over = time.monotonic() + seconds
    while not look() and time.monotonic() < over:
        threading.Event().wait(0.02)
    return look()


# -- S06: nobody ever answers ----------------------------------------------------------------------------------------

SHORT = {"approval": "10m", "paused": "2h"}
"""The two longest deadlines, so that a row is played in a second."""
FOR_A_PERSON = {Phase.PAUSED: {"drift", "blind", "no_data"}, Phase.STUCK: set()}


def nobody_answers(count: int, seed: int, naive: bool) -> Played:
    """From every live phase, with a random trouble, the longest deadline passes twice and no person says anything."""
    rng, judge, fired = Random(seed), Judge(), 0
    phases = sorted(LIVE)
    for number in range(count):
        phase = phases[number % len(phases)]
        with a_scene(PLAN_FOR.get(phase, "10% 1m, 50% 1m, 100%"), **TERMS.get(phase, {}), timing=SHORT) as scene:
            bring(scene, phase)
            trouble = rng.choice(["none", "sick", "silent", "blind", "refused", "foreign", "dropped"])
            _trouble(scene, trouble)
            begun = scene.clock.now()
            while scene.live is not None and scene.clock.now() - begun < timedelta(hours=4) and not _steady(scene):
                scene.look()
            paged = scene.store.outbox.waiting_pages(scene.clock.now())
            fired += 1
            row = scene.newest
            cause = row.cause.kind if row.cause else ""
            blind = row.failures >= MAX_TRIES  # S2: no deadline acts then
            waits = row.phase is Phase.STUCK or blind or cause in FOR_A_PERSON.get(row.phase, set())
            judge.holds(not row.live or waits, f"{phase} with {trouble}: immortal {row.phase} ({cause})")
            called = paged or cause == "drift"
            judge.holds(not row.live or called, f"{phase} with {trouble}: {row.phase} and nobody was called")
    return judge.played(fired)


def _steady(scene: Scene) -> bool:
    """It waits for a person alone: more looks change nothing."""
    row = scene.newest
    cause = row.cause.kind if row.cause else ""
    return row.phase is Phase.STUCK or cause in {"drift", "blind"}


def _trouble(scene: Scene, trouble: str) -> None:
    faults, target = scene.world.faults, scene.target
    if trouble == "sick":
        for version in target.versions:
            target.versions[version] = SICK
    elif trouble == "silent":
        scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    elif trouble == "blind":
        faults.targets_unreadable = 10**9
    elif trouble == "refused":
        faults.writes_refused = 10**9
    elif trouble == "dropped":
        faults.writes_dropped = 10**9
    elif trouble == "foreign":
        target.write(scene.clock.now(), "7", {}, "hand")


# -- S07: ten thousand attempts --------------------------------------------------------------------------------------


def without_end(count: int, seed: int, naive: bool) -> Played:
    """AWS refuses, is silent or cannot be read so often in a row; then it answers, and the rollout ends right."""
    judge, fired = Judge(), 0
    kinds = ("targets_unreadable", "alarms_unreadable", "writes_refused", "writes_dropped")
    for kind in kinds:
        with a_scene(bake=ZERO) as scene:
            start(scene)
            scene.proven(10)
            if kind.startswith("writes"):
                scene.wish("rollback")
            setattr(scene.world.faults, kind, 10**9)
            for _ in range(count // len(kinds)):
                scene.look()
            fired += count // len(kinds)
            judge.holds(scene.live, f"{kind}: it ended by itself: {scene.newest.phase}")
            judge.same(scene.target.share("2"), 10, f"{kind}: traffic")
            calm(scene)
            row = scene.newest
            if row.phase is Phase.PAUSED and row.cause and row.cause.kind == "blind":
                scene.look(3)
            ended = end(scene).phase
            wanted = Phase.ROLLED_BACK if kind.startswith("writes") else Phase.SUCCEEDED
            judge.same(ended, wanted, f"{kind}: how it ended")
    return judge.played(fired)


IN_PROCESS = "in process: conductor, SQLite, simulated AWS, a clock set by hand"
ROWS = (
    Row("S01", "the clock is set back by a minute, an hour, a day", "it goes on within 2½ min, no bake is shorter",
        IN_PROCESS, _clock_is_set(BACK), ci=20, soak=500, part=125),
    Row("S02", "the clock is set ahead by a minute, an hour, a day", "no bake is shorter, no burst of steps",
        IN_PROCESS, _clock_is_set(AHEAD), ci=20, soak=500, part=125, naive="the wall clock measures a bake",
        naive_ci=20),
    Row("S04", "the scheduler is shut down, or its thread hangs", "it ticks again by itself",
        "bot.scheduler and bot.watchdog, real threads", scheduler_dies, ci=3, soak=20, part=20,
        naive="no watchdog", naive_ci=1),
    Row("S05", "a read of AWS hangs for good under fifty rollouts", "the other lane moves, a rollback is not blocked",
        "bot.lanes, conductor, SQLite, real threads", one_lane_hangs, ci=1, soak=20, part=10,
        naive="one lane for all", naive_ci=1),
    Row("S06", "nobody ever answers, in every live phase, with seven kinds of trouble", "everything ends, or waits for "
        "a person who was called", IN_PROCESS, nobody_answers, ci=10, soak=700, part=140),
    Row("S07", "thousands of failed attempts in a row", "nothing overflows, nothing is given up, it ends right",
        IN_PROCESS, without_end, ci=200, soak=10_000, part=2500),
)  # fmt: skip
