"""A01 to A08: what AWS does to its callers. The real drivers over real HTTP; the cloud's log is the oracle."""

import itertools
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import botocore.endpoint

from aws.registry import open_drivers
from aws.sessions import Sessions
from aws.topic import Topic
from aws.world import AwsWorld
from demo.cloud import Cloud, CloudConfig, ManualClock, seed_demo
from demo.cloud.knobs import BY_HAND, weights_of_alias
from rollout.actions import Action, Outcome
from rollout.conductor import Conductor
from rollout.model import Phase, Rollout
from rollout.ports import World
from rollout.seen import Observation
from rollout.terms import AlarmGate
from tests.aws.bench import SETTINGS, CloudClock
from tests.faults.naive import Resending, Unguarded
from tests.faults.row import Judge, Played, Row
from tests.rollout.scene import OneApp, Scene

UP = [10, 50, 100]
GATES = (AlarmGate(name="my-app-errors"), AlarmGate(name="my-app-p99"))
WRITE = "lambda:UpdateAlias"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:oncall"


class _NoPauses:
    """botocore waits up to 3 s before it asks again; the tries are what matters here, the waits are left out."""

    @staticmethod
    def sleep(_: float) -> None:
        """Do not."""


@contextmanager
def surroundings(cloud: Cloud) -> Iterator[None]:
    """The environment in which boto3 finds that cloud."""
    before, clock = dict(os.environ), botocore.endpoint.time  # type: ignore[attr-defined]  # the module it imports
    os.environ.update(cloud.env())
    botocore.endpoint.time = _NoPauses  # type: ignore[attr-defined]  # see _NoPauses
    try:
        yield
    finally:
        botocore.endpoint.time = clock  # type: ignore[attr-defined]  # as it was
        os.environ.clear()
        os.environ.update(before)


class Bench(Scene):
    """A scene over the embedded cloud instead of a simulated world: my-app, versions 1 to 3, two alarms."""

    def __init__(self, cloud: Cloud, folder: Path, plan: str, wrap: Any = None, **terms: Any) -> None:
        self.cloud, self.wrap = cloud, wrap
        self.sessions = Sessions()
        quick = {"bake": timedelta(0), "settings": SETTINGS, "alarms": GATES, **terms}
        super().__init__(folder / "t.db", OneApp(plan, **quick))

    def open(self) -> None:
        """See Scene."""
        self.clock = _Moved(self.cloud)  # type: ignore[assignment]  # the cloud's clock, which never goes back
        world: World = AwsWorld(self.sessions, open_drivers(self.sessions, self.clock), self.clock)
        self.aws = self.wrap(world) if self.wrap else world
        super().open()
        self.bot = Conductor(self.store, self.aws, self.policy, self.clock)

    def begin(self) -> Rollout:
        """A live rollout to the version that does not serve."""
        self.cloud.knobs.clear_faults()
        self.wish("unlock", reason="again")
        (serves,) = [name for name, share in self.shares().items() if share == 100]
        self.began = len(self.cloud.log.applied)
        reply = self.wish("start", release="1" if serves != "1" else "2")
        assert reply.ok, reply.text
        return self.newest

    def shares(self) -> dict[str, float]:
        """Who serves how much."""
        return {name: share for name, share in weights_of_alias("my-app", "live").items() if share}

    def writes(self) -> list[int]:
        """The candidate's share after each write of ours since `begin`."""
        new = self.newest.candidate
        return [
            round((each.after or {}).get("shares", {}).get(new.id if new else "", 0))
            for each in self.cloud.log.applied[self.began :] if each.name == WRITE and each.caller != BY_HAND
        ]  # fmt: skip

    def moves(self) -> list[int]:
        """The writes that moved traffic: where AWS refused often, what is there already is asked for once more."""
        writes = self.writes()
        return [share for before, share in zip([0, *writes], writes, strict=False) if share != before]

    def to_the_end(self, judge: Judge, limit: int = 150, *, back: bool = False) -> Rollout:
        """Look until it has ended; whoever waits for a person is rolled back."""
        for number in range(limit):
            live = self.live
            if live is None:
                break
            if live.phase in (Phase.PAUSED, Phase.STUCK) and (back or number > limit // 2):
                self.wish("rollback", reason="the end")
            self.look()
        judge.holds(self.live is None, f"never ended: {self.newest.phase} {self.newest.cause}")
        return self.newest


class _Moved(CloudClock):
    """The cloud's clock, moved by the scene."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._cloud = cloud

    def advance(self, by: timedelta) -> Any:
        """Forwards only."""
        clock = self._cloud.config.now
        assert isinstance(clock, ManualClock)
        return clock.advance(max(by.total_seconds(), 0.0))


@contextmanager
def a_bench(plan: str = "10%, 50%, 100%", wrap: Any = None, **terms: Any) -> Iterator[Bench]:
    """A cloud of its own with a bench before it."""
    config = CloudConfig(now=ManualClock(), page_size=50, token="token-of-the-rows")
    with Cloud(config) as cloud, surroundings(cloud), tempfile.TemporaryDirectory() as folder:
        seed_demo(cloud, period=60)
        cloud.knobs.publish_good()
        for app in ("my-app", "radio", "lamp"):
            cloud.knobs.rps(0, app)  # nobody's requests need to be simulated here
        bench = Bench(cloud, Path(folder), plan, wrap, **terms)
        try:
            yield bench
        finally:
            bench.close()


UNWATCHED: dict[str, Any] = {"alarms": (), "gates": "none"}

# -- A01: throttles and server errors --------------------------------------------------------------------------------

READS = ("lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:ListVersionsByFunction",
         "cloudwatch:DescribeAlarms")  # fmt: skip


def throttled(count: int, seed: int, naive: bool) -> Played:
    """One to thirty per cent of all calls of each operation are throttled or meet a server error, often thrice."""
    rng, judge, rollouts, refused, rate = Random(seed), Judge(), 0, 0, 0.0
    with a_bench(**UNWATCHED) as bench:
        before = 0
        while (fired := len(bench.cloud.log.faults)) < count or bench.live is not None:
            if bench.live is None:
                rate, before, rollouts = rng.uniform(0.01, 0.3), fired, rollouts + 1
                bench.begin()
            standing = " ".join(bench.cloud.world.faults.standing())
            for operation in (*READS, WRITE):
                if rng.random() < rate and operation not in standing:
                    knob = rng.choice([bench.cloud.knobs.throttle, bench.cloud.knobs.outage])
                    knob(operation, times=rng.choice([1, 3, 6]) if operation != WRITE else 1)
            bench.look()
            if bench.live is None and bench.newest.phase is Phase.REFUSED:
                refused += 1  # within five minutes it could not be looked at once: told, and nothing was done
                judge.same(bench.writes(), [], "the writes of a refused one")
            elif bench.live is None:
                judge.same(bench.newest.phase, Phase.SUCCEEDED, "how it ended")
                judge.same(bench.moves(), UP, "the writes")
            elif fired - before > 400:
                row = bench.newest
                why = f"{row.phase} at {row.proven} %, reads failed {row.failures}, writes {row.write_failures} times"
                judge.found.append(f"it never ends: {why}: {row.cause.text if row.cause else ''}")
                bench.cloud.knobs.clear_faults()
                bench.wish("rollback", reason="the end")
                bench.to_the_end(judge, back=True)
    return judge.played(len(bench.cloud.log.faults), f"{rollouts} rollouts, {refused} refused")


# -- A02: done, and nobody heard -------------------------------------------------------------------------------------


def lost_replies(count: int, seed: int, naive: bool) -> Played:
    """Each write in turn is applied and its answer lost or cut in half: up, to 100 %, back; and a page."""
    judge, fired = Judge(), 0
    with a_bench(wrap=Resending if naive else None, **UNWATCHED) as bench:
        while fired < count:
            for at in (10, 50, 100, 0):
                for knob in (bench.cloud.knobs.lost_reply, bench.cloud.knobs.truncate_reply):
                    fired += _one_lost(bench, judge, at, knob)
            if not naive:
                fired += _page_lost(bench, judge)
        kinds = [kind for kind, _ in bench.cloud.log.faults]
    judge.same(len(kinds), fired, "faults in the cloud's log")
    return judge.played(fired, f"lost {kinds.count('lost_reply')}, cut {kinds.count('truncate')}")


def _one_lost(bench: Bench, judge: Judge, at: int, knob: Any) -> int:
    before = len(bench.cloud.log.faults)
    bench.begin()
    for _ in range(80):
        if bench.live is None:
            break
        done, seen = bench.writes()[-1:], bench.newest.proven
        if at == 0 and seen == 10 and bench.newest.phase is Phase.STEPPING:
            knob(WRITE)
            bench.wish("rollback")
        elif at and done == BEFORE[at] and bench.newest.phase is not Phase.REQUESTED:
            _arm(bench, knob, before)
        bench.look()
        _no_false_success(bench, judge)
    writes = bench.writes()
    path = [*UP[: len(writes) - 1], 0] if at == 0 else UP
    judge.same(writes, path, f"writes with the answer to {at} % {knob.__name__}")
    wanted = Phase.ROLLED_BACK if at == 0 else Phase.SUCCEEDED
    judge.same(bench.newest.phase, wanted, "how it ended")
    return len(bench.cloud.log.faults) - before


BEFORE = {10: [], 50: [10], 100: [50]}


def _arm(bench: Bench, knob: Any, before: int) -> None:
    if len(bench.cloud.log.faults) == before and not bench.cloud.world.faults.standing():
        knob(WRITE)


def _no_false_success(bench: Bench, judge: Judge) -> None:
    """What is called done was answered whole, or seen."""
    number, shown = bench.newest.id, bench.newest.proven
    with bench.store.reads() as reads:
        intents = reads.intents(number)
    for intent in intents:
        if intent.state == "done" and "AWS shows" in intent.outcome:
            judge.holds(f"AWS shows {intent.action.arg} %" == intent.outcome, f"{intent.key} by {intent.outcome}")
    judge.holds(shown is None or shown in (0, *UP), f"proven {shown} %")


def _page_lost(bench: Bench, judge: Judge) -> int:
    topic = Topic(bench.sessions)
    for knob in (bench.cloud.knobs.lost_reply, bench.cloud.knobs.truncate_reply):
        knob("sns:Publish")
        before = len(bench.cloud.log.of("sns:Publish"))
        outcome = topic.publish(TOPIC, "my-app needs a person", "stuck")
        judge.same(len(bench.cloud.log.of("sns:Publish")) - before, 1, f"pages, {knob.__name__}")
        judge.same(outcome.state, "unknown", f"the outcome of a page, {knob.__name__}")
    return 2


# -- A03: reads that lag behind --------------------------------------------------------------------------------------


LAGS = (9, 1, 5, 3, 7, 2, 8, 4, 6)


def stale_reads(count: int, seed: int, naive: bool) -> Played:
    """After each write up to nine reads still see the old alias."""
    judge, fired, lags = Judge(), 0, itertools.cycle(LAGS)
    with a_bench(**UNWATCHED) as bench:
        while fired < count:
            lag = next(lags)
            bench.begin()
            bench.cloud.knobs.stale_reads(lag)
            asked: list[int] = []
            for _ in range(150):
                if bench.live is None:
                    break
                done = len(bench.writes())
                bench.look()
                if len(bench.writes()) > done:
                    asked.append(bench.cloud.log.count("lambda:GetAlias"))
            fired += len(bench.writes())
            judge.same(bench.writes(), UP, f"the writes with {lag} stale reads")
            row = bench.newest
            why = row.cause.text if row.cause else ""
            judge.same(row.phase, Phase.SUCCEEDED, f"where it stands after {lag} stale reads ({why})")
            bench.cloud.knobs.stale_reads(0)
            bench.to_the_end(judge, back=True)
            between = [later - sooner for sooner, later in itertools.pairwise(asked)]
            judge.holds(all(reads >= lag + 2 for reads in between), f"after {lag} stale reads, it rose after {between}")
    return judge.played(fired)


# -- A05, A06: credentials and a region ------------------------------------------------------------------------------


def expired(count: int, seed: int, naive: bool) -> Played:
    """The token of every call is expired for one to seven looks, somewhere in a rollout."""
    rng, judge, fired = Random(seed), Judge(), 0
    with a_bench() as bench:
        while fired < count:
            bench.begin()
            at, looks = rng.randint(1, 9), rng.randint(1, 7)
            for number in range(100):
                if bench.live is None:
                    break
                if number == at:
                    bench.cloud.knobs.expired_token()
                    fired += 1
                if number == at + looks:
                    bench.cloud.knobs.clear_faults()
                before = bench.writes()
                bench.look()
                if at <= number < at + looks:
                    judge.same(bench.writes(), before, "written with an expired token")
                    judge.holds(bench.newest.phase is not Phase.SUCCEEDED, "success with an expired token")
            judge.same(bench.newest.phase, Phase.SUCCEEDED, "how it ended")
            judge.same(bench.writes(), UP, "the writes")
    return judge.played(fired)


def region_away(count: int, seed: int, naive: bool) -> Played:
    """AWS answers nothing but server errors for twenty minutes; every second time somebody says rollback meanwhile."""
    rng, judge, worst = Random(seed), Judge(), timedelta(0)
    with a_bench("10% 1m, 50% 1m, 100%") as bench:
        for number in range(count):
            bench.begin()
            bench.proven(rng.choice([10, 50]))
            before = bench.writes()
            bench.cloud.knobs.outage()
            away = bench.clock.now()
            if number % 2:
                bench.wish("rollback")
            while bench.clock.now() - away < timedelta(minutes=20):
                bench.look()
            judge.same(bench.writes(), before, "written while AWS was away")
            judge.holds(bench.live, f"it ended by itself: {bench.newest.phase}")
            bench.cloud.knobs.clear_faults()
            back = bench.clock.now()
            if number % 2:
                bench.look()
                judge.same(bench.writes()[-1:], [0], "the first look after the return")
                worst = max(worst, bench.clock.now() - back)
                judge.same(bench.to_the_end(judge, back=True).phase, Phase.ROLLED_BACK, "how it ended")
            else:
                judge.same(bench.to_the_end(judge).phase, Phase.SUCCEEDED, "how it ended")
                judge.same(bench.writes(), UP, "the writes")
        judge.holds(worst <= timedelta(seconds=60), f"a rollback waited {worst} after the return")
    return judge.played(count, f"rollback at most {worst.total_seconds():.0f} s after the return")


# -- A07, A08: other hands -------------------------------------------------------------------------------------------


class Meddled:
    """A world in which somebody writes between what was seen and what is done."""

    def __init__(self, world: World, meddling: list[Any]) -> None:
        self._world, self._meddling = world, meddling

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        return self._world.observe(rollouts)

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World."""
        self._meddling[0]()
        return self._world.perform(rollout, action, key)


def overtaken(count: int, seed: int, naive: bool) -> Played:
    """Somebody changes the alias between our read and our write."""
    rng, judge, fired = Random(seed), Judge(), [0]
    meddling: list[Any] = [lambda: None]

    def wrap(world: World) -> World:
        return Meddled(Unguarded(world) if naive else world, meddling)

    with a_bench(wrap=wrap, **UNWATCHED) as bench:
        while fired[0] < count:
            live = bench.begin()
            bench.look(3)
            if rng.random() < 0.5:
                bench.proven(10)
            live = bench.newest
            theirs: dict[str, float] = {}

            def meddle(live: Rollout = live, theirs: dict[str, float] = theirs) -> None:
                if theirs or live.stable is None or live.candidate is None:
                    return
                share = float(rng.choice([20, 30, 70]))
                theirs |= {live.stable.id: 100 - share, live.candidate.id: share}
                bench.cloud.knobs.edit_weights("my-app", "live", theirs)
                fired[0] += 1

            meddling[0] = meddle
            for _ in range(12):
                bench.look()
                if theirs:
                    break
            meddling[0] = lambda: None
            judge.same(bench.shares(), theirs, "what the other one wrote")
            bench.look(3)
            judge.same(bench.shares(), theirs, "three looks later")
            bench.wish("rollback", reason="the end")
            bench.to_the_end(judge, back=True)
    return judge.played(fired[0])


def other_hands(count: int, seed: int, naive: bool) -> Played:
    """Between looks somebody edits the weights; or writes the same split in another form, which is no change."""
    rng, judge, edits, same = Random(seed), Judge(), 0, 0
    with a_bench("10% 10m, 50% 10m, 100%", **UNWATCHED) as bench:
        while edits + same < count:
            bench.begin()
            bench.proven(rng.choice([10, 50]))
            live = bench.newest
            assert live.stable and live.candidate and live.proven
            stable, new, at = live.stable.id, live.candidate.id, float(live.proven)
            for _ in range(4):
                bench.cloud.knobs.edit_weights("my-app", "live", {stable: 100 - at, new: at})
                same += 1
                bench.look(2)
                judge.same(bench.newest.phase, Phase.STEPPING, "after an equal split")
            split = rng.choice([{stable: 70.0, new: 30.0}, {stable: 100.0}, {new: 100.0}, {"3": 100.0},
                                {stable: 60.0, "3": 40.0}, {stable: 100 - at, "3": at}])  # fmt: skip
            before = bench.writes()
            bench.cloud.knobs.edit_weights("my-app", "live", split)
            edits += 1
            bench.look(2)
            cause = bench.newest.cause
            judge.holds(cause and cause.kind == "drift", f"{split} was not noticed in two looks: {bench.newest.phase}")
            judge.same(bench.writes(), before, "written over somebody's change")
            bench.wish("restore")
            judge.same(bench.to_the_end(judge).phase, Phase.SUCCEEDED, "how it ended")
    return judge.played(edits + same, f"{edits} edits, {same} equal forms")


IN_THE_CLOUD = "in process: conductor, SQLite, real drivers, botocore, the embedded cloud over HTTP"
ROWS = (
    Row("A01", "throttles and server errors on 1 to 30 % of the calls of each operation",
        "all end right by themselves, no write twice", IN_THE_CLOUD, throttled, ci=25, soak=4000, part=500),
    Row("A02", "each mutating call applied, its answer lost or cut in half", "one effect each; never taken for success",
        IN_THE_CLOUD, lost_replies, ci=10, soak=500, part=125, naive="sends again what got no answer", naive_ci=8),
    Row("A03", "after a write, one to nine reads still see the old weights", "never rises before the weight was seen "
        "twice, never turns back", IN_THE_CLOUD, stale_reads, ci=6, soak=600, part=150),
    Row("A05", "credentials expire for one to seven looks", "holds, goes on, no false success", IN_THE_CLOUD, expired,
        ci=3, soak=100, part=50),
    Row("A06", "AWS is away for twenty minutes, half of the time with a rollback waiting",
        "nothing moves; the rollback is the first call after the return", IN_THE_CLOUD, region_away, ci=2, soak=20,
        part=10),
    Row("A07", "somebody writes between our read and our write", "their write stands, ours is refused", IN_THE_CLOUD,
        overtaken, ci=4, soak=500, part=125, naive="writes with whatever revision is there", naive_ci=3),
    Row("A08", "somebody edits the weights, or writes the same split in another form",
        "noticed in two looks, not overwritten; equal forms are no change", IN_THE_CLOUD, other_hands, ci=10, soak=1200,
        part=200),
)  # fmt: skip
