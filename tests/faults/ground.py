"""Where rows about servers play: conductor, SQLite, real drivers, the embedded cloud with 200 requests a second.

The oracle is the load balancer's own ledger (for DNS the stacks'): what became of each request. Releases here fail
none of them by themselves, so that a request that failed is one that a rollout has cost.
"""

import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any, Literal

from moto.autoscaling.models import autoscaling_backends

from aws.driver import AwsDriver
from aws.sessions import Sessions
from aws.world import AwsWorld
from demo.cloud import Cloud, CloudConfig, ManualClock
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.seed_edge import SITE
from demo.cloud.seed_search import INSTANCES, SEARCH_BLUE, SEARCH_GREEN
from demo.cloud.task import Behaviour
from demo.cloud.traffic import Profile
from rollout.actions import Action, Outcome
from rollout.conductor import Conductor
from rollout.model import Rollout
from rollout.ports import World
from rollout.seen import Observation
from rollout.terms import Terms, Timing
from tests.aws.bench import CloudClock
from tests.aws.ec2_bench import Ec2Bench
from tests.aws.ecs_bench import EcsBench
from tests.aws.pair_bench import PairBench
from tests.aws.route53_bench import Route53Bench
from tests.faults.rows.cloud import surroundings
from tests.rollout.scene import OneApp, Scene

Kind = Literal["ecs", "ec2", "route53"]
KINDS: tuple[Kind, ...] = ("ecs", "ec2", "route53")
PAIRS: tuple[Kind, ...] = ("ecs", "ec2")
RPS = 200.0
IN_THE_CLOUD = "in process: conductor, SQLite, real drivers, botocore, the embedded cloud over HTTP, 200 requests/s"
SETTLE = 60
FLAWLESS = Profile("flawless", errors=0.0)
TIMING = Timing(look_moving=timedelta(seconds=10))
"""Half as many looks as usual: each costs some milliseconds, and the seconds between them are lived through anyway."""
UNWATCHED: dict[str, Any] = {"alarms": (), "gates": "none"}

Wrap = Callable[[World], World]
AnyBench = PairBench | Route53Bench


class Stepped(CloudClock):
    """The cloud's clock, moved by the scene: requests, servers and autoscalers live through every second of it."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._cloud = cloud

    def advance(self, by: timedelta) -> Any:
        """Forwards only."""
        self._cloud.step(max(0, ceil(by.total_seconds())))
        return self.now()


class Served(OneApp):
    """A policy of one app whose servers are of that kind."""

    def __init__(self, kind: str, plan: str, **terms: object) -> None:
        super().__init__(plan, **terms)
        self.kind = kind

    def terms(self, app: str, env: str, plan: str, *, back: bool = False) -> tuple[str, Terms]:
        """See rollout.ports.Policy."""
        return self.kind, super().terms(app, env, plan, back=back)[1]


class Passing:
    """A world that passes everything on: what is added, or taken out, stands in its children."""

    def __init__(self, world: World) -> None:
        self._world = world

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        return self._world.observe(rollouts)

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World."""
        return self._world.perform(rollout, action, key)


class _Noting(Passing):
    """Tells of each call when it is done."""

    def __init__(self, world: World, ground: "Ground") -> None:
        super().__init__(world)
        self._ground = ground

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        outcome = super().perform(rollout, action, key)
        self._ground.after(action)
        return outcome


class Ground(Scene):
    """A scene over one of the demo's apps that is made of servers."""

    def __init__(
        self, bench: AnyBench, folder: Path, plan: str, *, driver: AwsDriver | None = None, wrap: Wrap | None = None,
        **terms: Any,
    ) -> None:
        self.bench, self.cloud, self.knobs = bench, bench.cloud, bench.cloud.knobs
        self.driver, self.wrap = driver or bench.driver, wrap
        self.after: Callable[[Action], object] = id
        """What is to be seen directly after each call, before the bot looks again."""
        settle = timedelta(seconds=SETTLE if isinstance(bench, PairBench) else 0)
        quick = {
            "bake": timedelta(0), "settings": bench.settings, "settle": settle, "timing": TIMING, **UNWATCHED, **terms,
        }  # fmt: skip
        super().__init__(folder / "t.db", Served(self.driver.kind, plan, **quick))

    def open(self) -> None:
        """See Scene."""
        self.clock = Stepped(self.cloud)  # type: ignore[assignment]  # the cloud's clock, which never goes back
        world: World = AwsWorld(self.bench.sessions, {self.driver.kind: self.driver}, self.clock)
        self.aws = _Noting(self.wrap(world) if self.wrap else world, self)
        super().open()
        self.bot = Conductor(self.store, self.aws, self.policy, self.clock)

    def begin(self, release: str = "") -> Rollout:
        """A live rollout of that release; else of the bench's candidate."""
        reply = self.wish("start", release=release or self.bench.candidate)
        assert reply.ok, reply.text
        return self.newest

    def reach(self, reached: Callable[[Rollout], bool], minutes: int = 40) -> Rollout:
        """Look on until it is so, the rollout has ended, or the time is over."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while not reached(self.newest) and self.live is not None and self.clock.now() < end:
            self.look()
        return self.newest

    def called(self) -> bool:
        """Whether somebody was called who has not answered yet."""
        return bool(self.store.outbox.waiting_pages(self.clock.now()))

    def rest(self, seconds: int = 2 * SETTLE) -> None:
        """Everything that is under way comes to its end."""
        self.cloud.step(seconds)

    # --- the truth

    @property
    def requests(self) -> int:
        """All that were sent."""
        return sum(ledger.requests for ledger in self._ledgers())

    @property
    def failed(self) -> int:
        """All that failed, for whatever reason."""
        return sum(ledger.failed for ledger in self._ledgers())

    @property
    def stranded(self) -> int:
        """Those that were sent to servers which had been taken away."""
        return sum(getattr(ledger, "stranded", 0) for ledger in self._ledgers())

    def _ledgers(self) -> list[Any]:
        if isinstance(self.bench, PairBench):
            return [self.cloud.world.servers.flow.ledgers[self.bench.rule]]
        return list(self.cloud.world.route53.sites.ledgers.values())

    def shares(self) -> dict[str, float]:
        """Who is written how much, in percent, by release."""
        if isinstance(self.bench, PairBench):
            return self.bench.shares()
        weights = self.bench.weights()
        return {name: 100 * weight / sum(weights.values()) for name, weight in weights.items() if weight}


_kept: list[tuple[int, Sessions]] = []
"""Port and clients of the cloud before: to make clients anew takes half a second, and they know only an address."""


@contextmanager
def a_cloud() -> Iterator[tuple[Cloud, Sessions]]:
    """A cloud of its own, and what calls it."""
    port, sessions = _kept.pop() if _kept and _free(_kept[-1][0]) else (0, Sessions())
    config = CloudConfig(now=ManualClock(), page_size=50, token="token-of-the-rows", port=port)
    with Cloud(config) as cloud, surroundings(cloud):
        yield cloud, sessions
        _kept[:] = [(int(cloud.endpoint_url.rsplit(":", 1)[1]), sessions)]


def _free(port: int) -> bool:
    """Whether nobody else has taken the port meanwhile."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def a_ground(
    at: tuple[Cloud, Sessions], kind: Kind, plan: str, *, driver: Callable[[AnyBench], AwsDriver] | None = None,
    wrap: Callable[[AnyBench], Wrap] | None = None, first: Callable[[Any], object] = id, **terms: Any,
) -> Iterator[Ground]:
    """The app of that kind as it was seeded, flawless, with 200 requests a second; blue serves.

    `first` is what somebody does to it before the bot starts.
    """
    bench = a_bench(kind, *at)
    first(bench)
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(
            bench, Path(folder), plan, driver=driver(bench) if driver else None, wrap=wrap(bench) if wrap else None,
            **terms,
        )  # fmt: skip
        try:
            yield ground
        finally:
            ground.close()


def a_bench(kind: Kind, cloud: Cloud, sessions: Sessions) -> AnyBench:
    """The bench of that kind, without a fault in any release."""
    benches: dict[Kind, Callable[..., AnyBench]] = {"ecs": EcsBench, "ec2": Ec2Bench, "route53": Route53Bench}
    bench = benches[kind](cloud, sessions, Stepped(cloud))
    good = Behaviour(FLAWLESS)
    servers = cloud.world.servers
    for image, behaviour in list(servers.images.known.items()):
        if behaviour.exit_code is None:
            servers.images.put(image, good)
    for fleet in servers.services.fleets.values():
        for task in fleet.tasks:
            task.behaviour = good
    if isinstance(bench, Ec2Bench):
        _as_large_as_the_shop(bench, good)
    if isinstance(bench, Route53Bench):
        cloud.world.route53.sites.profiles.update(dict.fromkeys((bench.stable, bench.candidate), FLAWLESS))
        cloud.knobs.edge_rps(RPS)
        cloud.world.route53.sites.ledgers.clear()
    else:
        cloud.knobs.rule_rps(RPS, bench.app)
        vars(servers.flow.ledgers[bench.rule]).update(requests=0, failed=0, unserved=0, stranded=0)
    return bench


def _as_large_as_the_shop(bench: Ec2Bench, good: Behaviour) -> None:
    """Three instances that bear what four tasks of the shop do, and an autoscaler that knows it."""
    for name in (SEARCH_BLUE, SEARCH_GREEN):
        pool = bench.pool(name)
        pool.capacity = 320 / INSTANCES
        for instance in pool.instances:
            instance.template = replace(instance.template, behaviour=good)
    policies = autoscaling_backends[ACCOUNT][REGION].policies
    for policy in policies.values():
        tracked: Any = policy.target_tracking_configuration
        tracked.TargetValue = 4 * 3600 / INSTANCES


def site_of(ground: Ground) -> dict[str, Any]:
    """The truth about the demo's site."""
    told: dict[str, Any] = ground.knobs.records()[SITE]
    return told
