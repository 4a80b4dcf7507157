"""Requests to sites behind weighted names: they go where resolvers point, and meet the stack that stands there.

Counted per second and stack, not one by one. A stack is named by the set identifier of its record. Metrics of our own
in `Edge/Requests`: `RequestCount` and `Errors`, for each stack and for the whole site.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.metrics import Metric, MetricStore, counted
from demo.cloud.route53_resolvers import Name, Resolvers
from demo.cloud.traffic import GOOD, WOBBLE, Profile

NAMESPACE, REQUESTS, ERRORS = "Edge/Requests", "RequestCount", "Errors"
DOWN = Profile("down", errors=1.0)


@dataclass
class Ledger:
    """What became of the requests that one stack got."""

    requests: int = 0
    failed: int = 0


@dataclass
class _Site:
    rps: float
    dice: random.Random
    carry: dict[str, float] = field(default_factory=dict)
    debt: dict[str, float] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)


@dataclass
class Sites:
    """The requests of all sites."""

    store: MetricStore
    resolvers: Resolvers
    seed: int = 1
    profiles: dict[str, Profile] = field(default_factory=dict)
    """By stack; one nobody spoke of is good."""
    down: set[str] = field(default_factory=set)
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    _sites: dict[Name, _Site] = field(default_factory=dict)

    def begin(self, name: Name, rps: float) -> None:
        """Sends so many requests per second to a name from now on."""
        self._sites[name] = _Site(rps, random.Random(f"{self.seed} {name}"))

    def rates(self) -> dict[Name, float]:
        """Requests per second of each name that gets any."""
        return {name: site.rps for name, site in self._sites.items()}

    def step(self, second: int) -> None:
        """The requests of one second."""
        for name, site in self._sites.items():
            wanted = site.rps * (1 + site.dice.uniform(-WOBBLE, WOBBLE))
            for stack, share in self.resolvers.followed(name).items():
                if share:
                    self._serve(site, name, stack, second, wanted * share)
                else:
                    site.since.pop(stack, None)

    def clear(self) -> None:
        """Stops all requests and forgets what became of them."""
        for kept in (self.profiles, self.down, self.ledgers, self._sites):
            kept.clear()

    def _serve(self, site: _Site, name: Name, stack: str, second: int, wanted: float) -> None:
        carried = site.carry.get(stack, 0.5) + wanted
        requests = int(carried)
        site.carry[stack] = carried - requests
        age = second - site.since.setdefault(stack, second)
        if not requests:
            return
        profile = DOWN if stack in self.down else self.profiles.get(stack, GOOD)
        due = site.debt.get(stack, 0.0) + requests * profile.error_share(age)
        failed = min(requests, int(due))
        site.debt[stack] = due - failed
        ledger = self.ledgers.setdefault(stack, Ledger())
        ledger.requests += requests
        ledger.failed += failed
        for dimension in (("Stack", stack), ("Site", name[1].rstrip("."))):
            self._put(REQUESTS, dimension, second, requests, requests)
            self._put(ERRORS, dimension, second, requests, failed)

    def _put(self, metric: str, dimension: tuple[str, str], second: int, requests: int, total: int) -> None:
        series = Metric(ACCOUNT, REGION, NAMESPACE, metric, (dimension,))
        self.store.put(series, second, counted(requests, total))
