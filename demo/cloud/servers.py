"""Servers behind load balancers: services, targets, rules, autoscalers and requests, in step with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from demo.cloud.balancer_api import BalancerApi, checks_on_moto
from demo.cloud.balancer_reading import BalancerReading
from demo.cloud.calls import Answer, Call, Operation
from demo.cloud.clock import Now
from demo.cloud.fleet import Fleet, Ground
from demo.cloud.fleet_api import FleetApi
from demo.cloud.flow import Flow, Server, Side, oldest
from demo.cloud.images import Images
from demo.cloud.machines import Machines
from demo.cloud.metrics import MetricStore, epoch, moment
from demo.cloud.native import Native
from demo.cloud.native_api import NativeApi
from demo.cloud.native_watch import AlarmState
from demo.cloud.pool import Pool
from demo.cloud.pool_api import PoolApi
from demo.cloud.routing import Routing
from demo.cloud.scaling import Scaling
from demo.cloud.targets import Targets
from demo.cloud.tryout import Tryouts


@dataclass
class Servers:
    """Everything behind every load balancer. `perform` runs a call as any client's."""

    now: Now
    store: MetricStore
    perform: Callable[[Call], Answer | None]
    page_size: int
    alarm_state: AlarmState
    seed: int = 1
    images: Images = field(default_factory=Images)
    routing: Routing = field(default_factory=Routing)
    machines: Machines = field(default_factory=Machines)

    def __post_init__(self) -> None:
        self.targets = Targets(checks_on_moto)
        ground = Ground(self.targets, self.routing.used, self.images.of_definition)
        self.balancers = BalancerApi(self._moment, self.routing, self.targets)
        self.native = Native(self.perform, self.alarm_state)
        self.services = FleetApi(self.now, ground, self.native, self.page_size)
        self.pools = PoolApi(self.now, self.targets, self.routing.used, self.images.of, self.page_size)
        self.flow = Flow(self.store, self.routing, self.targets, self._server, self.seed)
        self.tryouts = Tryouts(self.routing, self.targets)
        self.scaling = Scaling(self.services.fleets, self.pools.pools, self.flow.loads, self.perform)
        self._servers: dict[str, tuple[Side, Server]] = {}
        self._at = epoch(self.now())
        self._lived: int | None = None

    def operations(self) -> dict[tuple[str, str], Operation]:
        """The operations answered here, by service and name."""
        balancing = {**self.balancers.operations(), **BalancerReading(self.page_size).operations()}
        deploying = NativeApi(self.now, self.native, self.services, self.images, self.page_size).operations()
        return {
            **{("elbv2", name): run for name, run in balancing.items()},
            **{("ecs", name): run for name, run in {**self.services.operations(), **deploying}.items()},
            **{("autoscaling", name): run for name, run in self.pools.operations().items()},
            **{("ecr", name): run for name, run in self.images.layers.operations().items()},
        }

    def catch_up(self, now: datetime) -> None:
        """Lives every whole second up to now."""
        begin, self._at = max(self._at, oldest(epoch(now))), epoch(now)
        if self._at <= begin:
            return
        self.balancers.note()
        if self.routing.rules() or self.services.fleets or self.pools.pools:
            for second in range(begin + 1, self._at + 1):
                with self.living(second):
                    self._second(second)

    def seconds(self, now: datetime) -> range:
        """The seconds to be lived one by one up to now; none where ECS deploys nothing."""
        begin = max(self._at, oldest(epoch(now))) if self.native.is_busy else epoch(now)
        return range(begin + 1, epoch(now) + 1)

    @contextmanager
    def living(self, second: int) -> Iterator[None]:
        """Inside it a rule or a target that is written takes effect from that second on, be it long ago."""
        self._lived = second
        try:
            yield
        finally:
            self._lived = None

    def note(self) -> None:
        """Takes over rules and groups that moto was given."""
        self.balancers.note()

    def warm_up(self, sides: Iterable[Fleet | Pool], until: datetime, seconds: int) -> None:
        """Lets services and groups live through so many seconds before a moment, so that they are up by then."""
        for second in range(epoch(until) - seconds, epoch(until) + 1):
            self._find_servers()
            self.targets.step(second, self.routing.used(), self._passes)
            for side in sides:
                side.step(second)
            self.native.step(second)

    def begin(self, since: datetime) -> None:
        """Lives from that moment on, which may lie in the past: for a world that is just being built."""
        self._at = epoch(since)

    def clear(self) -> None:
        """Nothing behind nothing."""
        self.services.fleets.clear()
        self.native.clear()
        self.pools.pools.clear()
        self.machines.clear()
        self.targets.clear()
        self.routing.clear()
        self.flow.clear()
        self.tryouts.broken.clear()
        self.scaling.clear()
        self.images.clear()
        self._at = epoch(self.now())

    def _second(self, second: int) -> None:
        self._find_servers()
        self.routing.step(second)
        self.targets.step(second, self.routing.used(), self._passes)
        for fleet in self.services.fleets.values():
            fleet.step(second)
        for pool in self.pools.pools.values():
            pool.step(second)
        self.native.step(second)
        # What happened up to now belongs to the second that has just gone by.
        self.flow.step(second - 1)
        self.scaling.step(second)

    def _moment(self) -> datetime:
        """The second being lived: a rule that a deployment writes in it takes effect from then on, not from today."""
        return self.now() if self._lived is None else moment(self._lived)

    def _find_servers(self) -> None:
        self._servers = {**self.services.by_address(), **self.pools.by_id(), **self.machines.known}

    def _server(self, target: str) -> tuple[Side, Server] | None:
        return self._servers.get(target)

    def _passes(self, target: str) -> bool:
        """Whether a health check of that target succeeds; one that is no server of ours is always well."""
        found = self._servers.get(target)
        return found is None or (found[1].runs and not found[0].sick)
