"""What really happened, read from the cloud: weights, alarms, requests. It never asks the bot, and changes nothing."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from moto.awslambda.models import lambda_backends

from demo.cloud import Cloud
from demo.cloud.alarm import CompositeAlarm
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.flow import dimension_of
from demo.cloud.knobs import weights_of_alias
from demo.cloud.machines import Machine
from demo.cloud.metrics import epoch
from demo.cloud.seed_alarms import ALIAS
from demo.cloud.seed_edge import EDGE, SITE
from demo.cloud.status_balancers import name_in
from demo.cloud.task import Behaviour, Task
from demo.cloud.traffic import GOOD, Profile, Route

FLAWLESS = Profile("flawless", errors=0.0)
LAMBDAS = ("my-app", "radio", "lamp", "thumbs")
IN_PLACE = "billing"
Shares = Mapping[str, float]


class Sight(NamedTuple):
    """One app at one moment: shares in percent as written and as requests follow them, and its red alarms."""

    at: datetime
    written: Shares
    followed: Shares
    red: tuple[str, ...]


class Counted(NamedTuple):
    """Requests so far, and those of them that failed."""

    requests: int
    failed: int

    def since(self, before: "Counted") -> "Counted":
        """What came after."""
        return Counted(self.requests - before.requests, self.failed - before.failed)


class Truth:
    """Looks twice a second from `start` to `stop`, and keeps what changed."""

    def __init__(self, cloud: Cloud, apps: tuple[str, ...]) -> None:
        self.cloud, self.apps = cloud, apps
        self.sights: dict[str, list[Sight]] = {app: [] for app in apps}
        self._since = epoch(cloud.world.now())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="truth", daemon=True)

    def start(self) -> None:
        """From now on nothing escapes it for longer than half a second."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """No more looks."""
        self._over.set()
        self._thread.join(10)

    def serving(self, app: str) -> str:
        """Who has most of an app's weight now: a version, a target group, a stack, a program."""
        shares = self.sights[app][-1].written
        return max(shares, key=lambda name: shares[name])

    def red(self, app: str) -> tuple[str, ...]:
        """Its red alarms now."""
        return self.sights[app][-1].red

    def counted(self, app: str) -> Counted:
        """Its requests since this began."""
        world = self.cloud.world
        with world.lock:
            world.tick()
            if app in LAMBDAS:
                return self._invoked(app)
            if app == EDGE:
                ledgers = list(world.route53.sites.ledgers.values())
                return Counted(sum(one.requests for one in ledgers), sum(one.failed for one in ledgers))
            ledger = world.servers.flow.ledgers[self._rule(app)]
            return Counted(ledger.requests, ledger.failed)

    def _invoked(self, app: str) -> Counted:
        world, route = self.cloud.world, Route(ACCOUNT, REGION, app, ALIAS)
        seconds = epoch(world.now()) - self._since
        requests, failed = (world.store.over(route.metric(name), self._since, seconds)
                            for name in ("Invocations", "Errors"))  # fmt: skip
        return Counted(int(requests.total) if requests else 0, int(failed.total) if failed else 0)

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self._look()

    def _look(self) -> None:
        world = self.cloud.world
        with world.lock:
            world.tick()
            for app in self.apps:
                sight = Sight(datetime.now(UTC), *self._shares(app), self._red(app))
                if not self.sights[app] or self.sights[app][-1][1:] != sight[1:]:
                    self.sights[app].append(sight)

    def _red(self, app: str) -> tuple[str, ...]:
        every = self.cloud.world.alarms.of(ACCOUNT, REGION)
        return tuple(sorted(
            alarm.name for alarm in every
            if alarm.name.startswith(f"{app}-") and not isinstance(alarm, CompositeAlarm)
            and alarm.state.value == "ALARM"
        ))  # fmt: skip

    def _shares(self, app: str) -> tuple[Shares, Shares]:
        world = self.cloud.world
        if app in LAMBDAS:
            shares = weights_of_alias(app, ALIAS)
            return shares, shares
        if app == IN_PLACE:
            programs = Counter(machine.program for _, machine in world.servers.machines.known.values())
            return percent(programs), percent(programs)
        if app == EDGE:
            site = self.cloud.knobs.records()[SITE]
            return percent(site["written"]), percent(site["followed"])
        rule, routing = self._rule(app), world.servers.routing
        return percent(_named(routing.written(rule))), percent(_named(routing.effective(rule)))

    def _rule(self, app: str) -> str:
        """What the requests of an app come through: a rule, or a listener."""
        rules = self.cloud.world.servers.flow.rates()
        return next(rule for rule in rules if name_in(dimension_of(rule)) == app)


def percent(weights: Mapping[str, int | None]) -> dict[str, float]:
    """Weights as shares of a hundred; those of nothing are left out."""
    whole = sum(weight or 0 for weight in weights.values()) or 1
    return {name: round(100 * weight / whole, 1) for name, weight in weights.items() if weight}


def _named(weights: Mapping[str, int]) -> dict[str, int]:
    return {name_in(dimension_of(group)): weight for group, weight in weights.items()}


def flawless(cloud: Cloud) -> None:
    """No good release fails a request by itself: one that fails after this is one that a rollout has cost."""
    world, plain, good = cloud.world, Behaviour(), Behaviour(FLAWLESS)
    servers, sites = world.servers, world.route53.sites
    with world.lock:
        world.tick()
        for programs in (servers.images.known, servers.machines.programs):
            programs.update({name: good for name, behaviour in programs.items() if behaviour == plain})
        tasks: list[Task | Machine] = [task for fleet in servers.services.fleets.values() for task in fleet.tasks]
        machines: list[Task | Machine] = [machine for _, machine in servers.machines.known.values()]
        for one in tasks + machines:
            if one.behaviour == plain:
                one.behaviour = good
        for instance in (one for pool in servers.pools.pools.values() for one in pool.instances):
            if instance.behaviour == plain:
                instance.template = replace(instance.template, behaviour=good)
        for stack in ("blue", "green"):
            if sites.profiles.get(stack, GOOD) == GOOD:
                sites.profiles[stack] = FLAWLESS
        for route in world.traffic.routes():
            for version in lambda_backends[ACCOUNT][REGION].list_versions_by_function(route.function):
                if world.traffic.profile(route.function, str(version.version)) == GOOD:
                    world.traffic.profiles[route.function, str(version.version)] = FLAWLESS
