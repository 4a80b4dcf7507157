"""Servers behind load balancers: services, targets, rules, autoscalers and requests, in step with each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from demo.cloud.balancer_api import BalancerApi, checks_on_moto
from demo.cloud.calls import Answer, Call, Operation
from demo.cloud.clock import Now
from demo.cloud.fleet import Fleet, Ground
from demo.cloud.fleet_api import FleetApi
from demo.cloud.flow import Flow, oldest
from demo.cloud.images import Images
from demo.cloud.metrics import MetricStore, epoch
from demo.cloud.routing import Routing
from demo.cloud.scaling import Scaling
from demo.cloud.targets import Targets
from demo.cloud.task import RUNNING, Task

SERVICES = ("elbv2", "ecs")


@dataclass
class Servers:
    """Everything behind every load balancer. `perform` runs a call as any client's."""

    now: Now
    store: MetricStore
    perform: Callable[[Call], Answer | None]
    page_size: int
    seed: int = 1
    images: Images = field(default_factory=Images)
    routing: Routing = field(default_factory=Routing)

    def __post_init__(self) -> None:
        self.targets = Targets(checks_on_moto)
        ground = Ground(self.targets, self.routing.used, self.images.of_definition)
        self.balancers = BalancerApi(self.now, self.routing, self.targets)
        self.services = FleetApi(self.now, ground, self.page_size)
        self.flow = Flow(self.store, self.routing, self.targets, self._task, self.seed)
        self.scaling = Scaling(self.services.fleets, self.flow.loads, self.perform)
        self._tasks: dict[str, tuple[Fleet, Task]] = {}
        self._at = epoch(self.now())

    def operations(self) -> dict[tuple[str, str], Operation]:
        """The operations answered here, by service and name."""
        return {
            **{("elbv2", name): run for name, run in self.balancers.operations().items()},
            **{("ecs", name): run for name, run in self.services.operations().items()},
        }

    def catch_up(self, now: datetime) -> None:
        """Lives every whole second up to now."""
        begin, self._at = max(self._at, oldest(epoch(now))), epoch(now)
        if self._at <= begin:
            return
        self.balancers.note()
        if self.routing.rules() or self.services.fleets:
            for second in range(begin + 1, self._at + 1):
                self._second(second)

    def note(self) -> None:
        """Takes over rules and groups that moto was given."""
        self.balancers.note()

    def begin(self, since: datetime) -> None:
        """Lives from that moment on, which may lie in the past: for a world that is just being built."""
        self._at = epoch(since)

    def clear(self) -> None:
        """Nothing behind nothing."""
        self.services.fleets.clear()
        self.targets.clear()
        self.routing.clear()
        self.flow.clear()
        self.scaling.clear()
        self.images.known.clear()
        self._at = epoch(self.now())

    def _second(self, second: int) -> None:
        self._tasks = self.services.by_address()
        self.routing.step(second)
        self.targets.step(second, self.routing.used(), self._passes)
        for fleet in self.services.fleets.values():
            fleet.step(second)
        # What happened up to now belongs to the second that has just gone by.
        self.flow.step(second - 1)
        self.scaling.step(second)

    def _task(self, address: str) -> tuple[Fleet, Task] | None:
        return self._tasks.get(address)

    def _passes(self, address: str) -> bool:
        """Whether a health check of that address succeeds; a target that is no task of ours is always well."""
        found = self._tasks.get(address)
        return found is None or (found[1].status == RUNNING and not found[0].sick)
