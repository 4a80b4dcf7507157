"""Where the cheap rows play: the real conductor on a real SQLite file, in a simulated world, its clock set by hand."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from rollout.model import Phase, Rollout
from rollout.seen import SideHealth
from rollout.simulated import SimulatedTarget
from store import Store
from tests.faults.row import Judge
from tests.rollout.scene import OneApp, Scene

QUICK = "10% 1m, 50% 1m, 100%"
PLANS = (QUICK, "10% 5m, 50% 10m, 100%", "100%", "0%, approve, 100%", "5%, 20% 2m, approve, 100% 3m")
SICK = SideHealth(state="sick", text="State Failed")
FINE = SideHealth(state="healthy")
WAITS_FOR_PEOPLE = {Phase.PAUSED, Phase.WAITING, Phase.STUCK, Phase.AWAITING_APPROVAL}


@contextmanager
def a_scene(plan: str = QUICK, **terms: Any) -> Iterator[Scene]:
    """A scene in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder) / "t.db", OneApp(plan, **{"bake": timedelta(minutes=1), **terms}))
        try:
            yield scene
        finally:
            scene.close()


class Fleet(OneApp):
    """A policy of many apps, all alike."""

    def __init__(self, apps: int, plan: str = QUICK, **terms: Any) -> None:
        super().__init__(plan, **terms)
        self.apps = [f"app-{number}" for number in range(apps)]

    def targets(self) -> list[tuple[str, str]]:
        """Every app in prod."""
        return [(app, "prod") for app in self.apps]

    def find(self, app: str, env: str) -> tuple[str, str]:
        """See rollout.ports.Policy."""
        return app, "prod"


@contextmanager
def a_fleet(apps: int, plan: str = QUICK, **terms: Any) -> Iterator[Scene]:
    """A scene of many apps that share one alarm."""
    with tempfile.TemporaryDirectory() as folder:
        policy = Fleet(apps, plan, **{"bake": timedelta(0), **terms})
        scene = Scene(Path(folder) / "t.db", policy)
        scene.world.targets = {f"{app}/prod": SimulatedTarget() for app in policy.apps}
        try:
            yield scene
        finally:
            scene.close()


def start(scene: Scene) -> Rollout:
    """A live rollout: the one there is, or a new one to the release that does not serve, holds released, all well."""
    if scene.live is not None:
        return scene.live
    calm(scene)
    scene.wish("unlock", reason="again")
    target = scene.target
    target.extra.clear()
    reply = scene.wish("start", release="1" if target.main == "2" else "2")
    assert reply.ok, reply.text
    return scene.newest


def calm(scene: Scene) -> None:
    """No trouble any more."""
    scene.world.faults = type(scene.world.faults)()
    for alarm in scene.world.alarms.values():
        alarm.turn("OK", scene.clock.now())
    for target in scene.world.targets.values():
        for version in target.versions:
            target.versions[version] = FINE


def end(scene: Scene, limit: int = 300) -> Rollout:
    """Look until the rollout has ended; whoever waits for a person is rolled back by one."""
    for _ in range(limit):
        live = scene.live
        if live is None:
            break
        if live.phase in WAITS_FOR_PEOPLE:
            scene.wish("rollback", reason="the end")
        scene.look()
    return scene.newest


def bring(scene: Scene, phase: Phase) -> Rollout:
    """A rollout in that live phase, by the way that leads there."""
    start(scene)
    ways: dict[Phase, Callable[[], object]] = {
        Phase.REQUESTED: lambda: None,
        Phase.AWAITING_APPROVAL: lambda: scene.until("awaiting_approval"),
        Phase.LAUNCHING: lambda: _unready(scene),
        Phase.STEPPING: lambda: scene.proven(10),
        Phase.WAITING: lambda: scene.until("waiting"),
        Phase.PAUSED: lambda: (scene.proven(10), scene.wish("pause")),
        Phase.FINAL_BAKE: lambda: scene.until("final_bake"),
        Phase.RETIRING: lambda: _put(scene, Phase.RETIRING),
        Phase.ROLLING_BACK: lambda: (scene.proven(10), scene.wish("rollback")),
        Phase.STUCK: lambda: _stuck(scene),
    }
    ways[phase]()
    live = scene.live
    assert live is not None and live.phase is phase, f"{live and live.phase}, not {phase}"
    return live


TERMS: dict[Phase, dict[str, Any]] = {
    Phase.AWAITING_APPROVAL: {"approval": {"by": 1, "before_start": True}},
    Phase.WAITING: {"approval": {"by": 1}},
}
"""What a target needs for a phase to exist."""
PLAN_FOR = {Phase.WAITING: "10%, approve, 100%"}


def _unready(scene: Scene) -> None:
    candidate = "1" if scene.target.main == "2" else "2"
    scene.target.versions[candidate] = SideHealth(state="unknown", text="Pending")
    scene.until("launching")


def _stuck(scene: Scene) -> None:
    scene.proven(10)
    stable = scene.newest.stable
    assert stable
    scene.target.versions[stable.id] = SICK
    scene.wish("rollback")
    scene.until("stuck")


def _put(scene: Scene, phase: Phase) -> None:
    scene.until("final_bake")
    with scene.store.work() as work:
        live = work.live("my-app", "prod")
        assert live
        work.save(live.enter(phase, scene.clock.now()))


def look_due(scene: Scene) -> None:
    """What the tick does, without moving the clock."""
    for ids in scene.bot.due().values():
        scene.bot.look(ids)


def chain_holds(judge: Judge, store: Store) -> None:
    """The trail verifies."""
    _, broken = store.verify()
    judge.holds(broken is None, f"the audit trail breaks at {broken}")


def books_agree(judge: Judge, scene: Scene) -> None:
    """Every write of ours had an intent before it, every ended rollout's intents are settled, trail and rows agree."""
    with scene.store.reads() as reads:
        rows = reads.history(limit=500)
        intents = [intent for row in rows for intent in reads.intents(row.id)]
        trails = {row.id: [json.loads(link.body) for link in reads.audit_of(row.id, 2000)] for row in rows[:20]}
    keys = {intent.key for intent in intents}
    for target in scene.world.targets.values():
        for *_, by in target.applied:
            judge.holds(by == "hand" or by in keys, f"S8: {by} was applied without an intent")
    ended = {row.id for row in rows if not row.live}
    for intent in intents:
        settled = intent.state in ("done", "failed")
        judge.holds(settled or intent.rollout not in ended, f"intent {intent.key} is {intent.state} after the end")
    for row in rows[:20]:
        last = [body["facts"]["to"] for body in trails[row.id] if body["kind"] == "transition"][-1:]
        judge.holds(last == [row.phase.value], f"S10: #{row.id} is {row.phase}, its trail says {last}")


def a_moment(rng: Random, most: float) -> timedelta:
    """A span up to so many seconds."""
    return timedelta(seconds=rng.uniform(0, most))
