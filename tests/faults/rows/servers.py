"""Z01, A09: requests. Real drivers of servers over the embedded cloud, whose load balancer follows late; it counts."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import cycle, islice
from random import Random
from typing import Any, NamedTuple

from rollout.actions import Retire
from rollout.model import Phase, Rollout
from rollout.ports import World
from tests.faults.careless import Hasty, Unsettled, unpinned
from tests.faults.ground import IN_THE_CLOUD, KINDS, SETTLE, AnyBench, Ground, Kind, Wrap, a_cloud, a_ground
from tests.faults.row import Judge, Played, Row
from tests.rollout.scene import EVA

CANARY, BLUE_GREEN = "5% 20s, 25% 20s, 50% 20s, 100%", "0%, approve, 100%"
WAITED = 150
"""Seconds until somebody approves: longer than an autoscaler needs to find a side too big."""


class Course(NamedTuple):
    """One way through a rollout."""

    name: str
    plan: str
    back_at: int | None = None
    """Somebody says rollback when that share is proven."""


IDLE = Course("a wait at 0 %", "0% 15s, 100%")
"""Unpinned, its targets are seen healthy, and the autoscaler takes them while the load balancer still follows."""
AT_ONCE, BACK = Course("all at once", "100%"), Course("rollback", "10% 20s, 100%", 10)
SHORT, SHORT_BACK = Course("canary", "50%, 100%"), Course("rollback", "50% 20s, 100%", 50)
COURSES = (Course("canary", CANARY), Course("blue/green", BLUE_GREEN), Course("rollback", CANARY, 50), IDLE,
           Course("rollback", BLUE_GREEN, 100))  # fmt: skip


def play(ground: Ground, course: Course, late: Callable[[], int]) -> Rollout:
    """A whole rollout, from its start to the end of everything that is under way; weights follow so many s late."""
    ground.begin()
    said = False
    for _ in range(400):
        live = ground.live
        if live is None:
            break
        if ground.bench.driver.kind != "route53":
            ground.knobs.propagation(late())
        if live.phase is Phase.WAITING:
            ground.cloud.step(WAITED)
            ground.wish("approve", EVA)
        if not said and course.back_at is not None and live.proven == course.back_at:
            said = ground.wish("rollback", reason="the row says so").ok
        ground.look()
    if ground.bench.driver.kind == "route53" and ground.live is None:
        _take_down(ground)
    ground.rest()
    return ground.newest


def _take_down(ground: Ground) -> None:
    """What the owner of a stack does when Tidegate says that the other one has everything."""
    (serves,) = ground.shares()
    bench = ground.bench
    ground.knobs.stack_down(bench.candidate if serves == bench.stable else bench.stable)


# -- Z01: not one request --------------------------------------------------------------------------------------------


class Planted(NamedTuple):
    """One safeguard taken out; none in the sound variant."""

    name: str = ""
    driver: Callable[[AnyBench], Any] | None = None
    wrap: Callable[[AnyBench], Wrap] | None = None
    settle: int | None = None

    def ground(self, at: Any, kind: Kind, plan: str) -> AbstractContextManager[Ground]:
        """The ground, without that safeguard."""
        terms: dict[str, Any] = {} if self.settle is None else {"settle": timedelta(seconds=self.settle)}
        return a_ground(at, kind, plan, driver=self.driver, wrap=self.wrap, **terms)


def _remover(bench: AnyBench) -> Wrap:
    """Removes the side, or takes the stack down, on AWS's answer."""

    def remove(world: World, rollout: Rollout, action: Retire) -> None:
        if bench.driver.kind == "route53":
            bench.cloud.knobs.stack_down(bench.stable if action.side == "stable" else bench.candidate)
        else:
            world.perform(rollout, action, "hasty")

    return lambda world: Hasty(world, remove)


NO_PINS = Planted("no pins", driver=unpinned)
NO_SETTLE = Planted("no settle", settle=0)
NO_TTL = Planted("no wait for resolvers", driver=Unsettled)
ON_THE_ANSWER = Planted("removal on the answer", wrap=_remover)
PLANTED: tuple[tuple[Kind, Course, Planted], ...] = (
    ("ecs", IDLE, NO_PINS), ("ec2", IDLE, NO_PINS),
    ("ecs", AT_ONCE, NO_SETTLE), ("ec2", BACK, NO_SETTLE), ("route53", AT_ONCE, NO_TTL),
    ("ecs", BACK, ON_THE_ANSWER), ("ec2", AT_ONCE, ON_THE_ANSWER), ("route53", AT_ONCE, ON_THE_ANSWER),
)  # fmt: skip


def zero_downtime(count: int, seed: int, naive: bool) -> Played:
    """Canary, blue/green and rollback on each driver in turn; or each safeguard taken out, which must cost requests."""
    rng, judge, sums = Random(seed), Judge(), {kind: [0, 0] for kind in KINDS}
    sound = ((kind, course, Planted()) for kind, course in zip(cycle(KINDS), cycle(COURSES), strict=False))
    games = list(islice(PLANTED if naive else sound, count))
    with a_cloud() as at:
        for kind, course, planted in games:
            with planted.ground(at, kind, course.plan) as ground:
                row = play(ground, course, (lambda: 55) if naive else (lambda: rng.randint(0, SETTLE)))
                failed, whole = ground.failed, ground.requests
            told = f"{kind}, {course.name}: {failed:,} of {whole:,} requests failed"
            sums[kind] = [sums[kind][0] + failed, sums[kind][1] + whole]
            if naive:
                # Each of them, or the row could not see the safeguard it comes through without.
                assert failed, f"{told}, although it had {planted.name}"
                judge.found.append(f"{told} with {planted.name}")
                continue
            judge.same(failed, 0, told)
            wanted = Phase.SUCCEEDED if course.back_at is None else Phase.ROLLED_BACK
            judge.same(row.phase, wanted, f"how {kind}, {course.name} ended ({row.cause})")
    told = ", ".join(f"{kind} {failed:,} of {whole:,}" for kind, (failed, whole) in sums.items() if whole)
    return judge.played(len(games), f"failed requests: {told}")


# -- A09: removed too early ------------------------------------------------------------------------------------------


LATE: tuple[tuple[Kind, Course], ...] = (
    ("ecs", SHORT), ("ec2", SHORT_BACK), ("ec2", SHORT), ("ecs", SHORT_BACK),
)  # fmt: skip


def late_propagation(count: int, seed: int, naive: bool) -> Played:
    """Each write is followed by requests after a delay of its own; the old side goes, or on a rollback the new one.

    Every second delay is the longest that is waited for: what is too early by seconds would seldom show.
    """
    rng, judge, lost = Random(seed), Judge(), 0
    with a_cloud() as at:
        for kind, course in islice(cycle(LATE[2:3] if naive else LATE), count):
            with (NO_SETTLE if naive else Planted()).ground(at, kind, course.plan) as ground:
                row = play(ground, course, lambda: SETTLE if naive else rng.choice((SETTLE, rng.randint(0, SETTLE))))
                judge.same(ground.stranded, 0, f"requests to a removed target, {kind}, {course.name}")
                wanted = Phase.SUCCEEDED if course.back_at is None else Phase.ROLLED_BACK
                judge.holds(naive or row.phase is wanted, f"it ended {row.phase}: {row.cause}")
                lost += ground.stranded
    return judge.played(count, f"{lost:,} requests to removed targets")


ROWS = (
    Row("A09", "the load balancer follows each write after a delay of its own, 0 to 60 s",
        "no request is sent to a target that was taken away", IN_THE_CLOUD, late_propagation, ci=4, soak=100, part=20,
        naive="no settle: removed as soon as the weight was seen", naive_ci=1),
    Row("Z01", "canary, blue/green and rollback on ecs, ec2 and route53; the load balancer follows 0 to 60 s late",
        "not one request fails", IN_THE_CLOUD, zero_downtime, ci=3, soak=240, part=24,
        naive="each safeguard taken out: pins, settle, the wait for resolvers, removal by what was seen",
        naive_ci=len(PLANTED)),
)  # fmt: skip
