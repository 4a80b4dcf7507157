"""Synthetic requests through load balancers: over the effective weights to groups, and there to healthy targets.

Counted per second and group, not one by one: 200 requests a second cost no more than two. A request without a
healthy target is answered 503 by the load balancer, which a real one does only where a group is empty: with
unhealthy ones it would try them all. Here both are a lost request, and that is what is counted.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from demo.cloud.metrics import KEPT_SECONDS, Metric, MetricStore, Tally, measured_by
from demo.cloud.routing import Routing
from demo.cloud.targets import HEALTHY, UNHEALTHY, Targets
from demo.cloud.task import Behaviour
from demo.cloud.traffic import GOOD, LATENCIES, WOBBLE

NAMESPACE = "AWS/ApplicationELB"
SAMPLES = 20
HOSTS_EVERY = 10
RECENT = 0.1


class Side(Protocol):
    """Servers that are alike: a service's tasks, an Auto Scaling group's instances."""

    sick: bool
    capacity: float | None


class Server(Protocol):
    """One task or instance. `served` is when its first request came."""

    served: int | None

    @property
    def runs(self) -> bool: ...

    @property
    def behaviour(self) -> Behaviour: ...


FindServer = Callable[[str], tuple[Side, Server] | None]


@dataclass
class Ledger:
    """What became of the requests of one rule. `stranded` are failed ones whose group had its targets taken away."""

    requests: int = 0
    failed: int = 0
    unserved: int = 0
    stranded: int = 0


@dataclass
class _Stream:
    rps: float
    dice: random.Random
    carry: dict[str, float] = field(default_factory=dict)
    debt: dict[str, float] = field(default_factory=dict)


@dataclass
class Flow:
    """The requests of all rules, by a rule's or a listener's ARN."""

    store: MetricStore
    routing: Routing
    targets: Targets
    find: FindServer
    seed: int = 1
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    loads: dict[str, float] = field(default_factory=dict)
    """Requests per second of each group, over the last ten seconds or so."""
    _streams: dict[str, _Stream] = field(default_factory=dict)
    _series: dict[tuple[str, str, str], Metric] = field(default_factory=dict)

    def begin(self, rule: str, rps: float) -> None:
        """Sends so many requests per second to a rule from now on."""
        self._streams[rule] = _Stream(rps, random.Random(f"{self.seed} {rule}"))
        self.ledgers.setdefault(rule, Ledger())

    def rates(self) -> dict[str, float]:
        """Requests per second of each rule that gets any."""
        return {rule: stream.rps for rule, stream in self._streams.items()}

    def step(self, second: int) -> None:
        """The requests of one second."""
        arrived: dict[str, int] = {}
        for rule, stream in self._streams.items():
            self._second(rule, stream, second, arrived)
        for group in self.loads.keys() | arrived.keys():
            past = self.loads.get(group, float(arrived.get(group, 0)))
            self.loads[group] = past + RECENT * (arrived.get(group, 0) - past)
        if second % HOSTS_EVERY == 0:
            self._count_hosts(second)

    def clear(self) -> None:
        """Stops all requests and forgets what became of them."""
        for kept in (self._streams, self.ledgers, self.loads, self._series):
            kept.clear()

    def _second(self, rule: str, stream: _Stream, second: int, arrived: dict[str, int]) -> None:
        wanted = stream.rps * (1 + stream.dice.uniform(-WOBBLE, WOBBLE))
        weights = self.routing.effective(rule)
        whole = sum(weights.values())
        if not whole:
            self._lose(rule, "", self._whole(stream, "", wanted), second)
            return
        for group, weight in weights.items():
            requests = self._whole(stream, group, wanted * weight / whole)
            if requests:
                arrived[group] = arrived.get(group, 0) + requests
                self._serve(rule, stream, group, requests, second)

    def _whole(self, stream: _Stream, group: str, wanted: float) -> int:
        carried = stream.carry.get(group, 0.5) + wanted
        stream.carry[group] = carried - int(carried)
        return int(carried)

    def _serve(self, rule: str, stream: _Stream, group: str, requests: int, second: int) -> None:
        healthy = self.targets.healthy(group)
        if not healthy:
            self._lose(rule, group, requests, second)
            return
        errors, durations = self._answers(stream, healthy, requests, second)
        due = stream.debt.get(group, 0.0) + errors
        failed = min(requests, int(due))
        stream.debt[group] = due - failed
        ledger = self.ledgers[rule]
        ledger.requests += requests
        ledger.failed += failed
        self._put("RequestCount", rule, group, second, _count(requests))
        if failed:
            self._put("HTTPCode_Target_5XX_Count", rule, group, second, _count(failed))
        sample = measured_by(durations)
        scale = requests / sample.samples
        whole = Tally(requests, sample.total * scale, sample.low, sample.high, durations)
        self._put("TargetResponseTime", rule, group, second, whole)

    def _answers(
        self, stream: _Stream, healthy: list[str], requests: int, second: int
    ) -> tuple[float, array[float]]:
        """How many of the requests fail, and how long a sample of them took, in seconds."""
        each = requests / len(healthy)
        share = max(1, SAMPLES // len(healthy))
        errors, durations = 0.0, array("d")
        for target in healthy:
            fault, slowness = self._behaviour(target, each, second)
            errors += each * fault
            durations.extend(ms * slowness / 1000 for ms in stream.dice.choices(LATENCIES, k=share))
        return errors, durations

    def _behaviour(self, target: str, each: float, second: int) -> tuple[float, float]:
        """Share of errors and factor on latency of one target that gets so many requests in that second."""
        found = self.find(target)
        if found is None:
            return GOOD.errors, 1.0
        side, server = found
        if side.sick or not server.runs:
            return 1.0, 1.0
        if server.served is None:
            server.served = second
        profile, age = server.behaviour.profile, second - server.served
        fault, slowness = profile.error_share(age), profile.slowness(age)
        if side.capacity is not None and each > side.capacity:
            too_much = 1 - side.capacity / each
            return fault + (1 - fault) * too_much, slowness * (1 + 4 * too_much)
        return fault, slowness

    def _lose(self, rule: str, group: str, requests: int, second: int) -> None:
        """Requests that meet no healthy target."""
        if not requests:
            return
        ledger = self.ledgers[rule]
        ledger.requests += requests
        ledger.failed += requests
        ledger.unserved += requests
        if self.targets.lost_some(group):
            ledger.stranded += requests
        self._put("RequestCount", rule, group, second, _count(requests))
        self._put("HTTPCode_ELB_5XX_Count", rule, "", second, _count(requests))

    def _count_hosts(self, second: int) -> None:
        rule_of = {group: rule for rule in self._streams for group in self.routing.written(rule)}
        for group, rule in rule_of.items():
            states = [target.state for target in self.targets.of(group)]
            for name, state in (("HealthyHostCount", HEALTHY), ("UnHealthyHostCount", UNHEALTHY)):
                many = float(states.count(state))
                self.store.put(self._metric(name, rule, group), second, Tally(1, many, many, many))

    def _put(self, name: str, rule: str, group: str, second: int, found: Tally) -> None:
        """Under the load balancer, and under its group where one is known."""
        self.store.put(self._metric(name, rule, ""), second, found)
        if group:
            self.store.put(self._metric(name, rule, group), second, found)

    def _metric(self, name: str, rule: str, group: str) -> Metric:
        found = self._series.get((name, rule, group))
        if found is None:
            found = self._series[name, rule, group] = metric(name, rule, group)
        return found


def metric(name: str, rule: str, group: str = "") -> Metric:
    """A series of the load balancer behind a rule's, a listener's or its own ARN, or of a group behind it."""
    _, _, _, region, account, _ = rule.split(":", 5)
    dimensions = [("LoadBalancer", dimension_of(rule))]
    if group:
        dimensions.append(("TargetGroup", dimension_of(group)))
    return Metric(account, region, NAMESPACE, name, tuple(dimensions))


def dimension_of(arn: str) -> str:
    """What stands for an ARN in a dimension: `app/NAME/ID` of a load balancer, `targetgroup/NAME/ID` of a group."""
    resource = arn.split(":", 5)[5]
    if resource.startswith("targetgroup/"):
        return resource
    return "/".join(resource.split("/")[1:4])


def oldest(now: int) -> int:
    """The first second worth stepping through: what is older is forgotten anyhow."""
    return now - KEPT_SECONDS


def _count(requests: int) -> Tally:
    """ELB counts each request as 1: only the sum says something."""
    return Tally(requests, requests, 1.0, 1.0)
