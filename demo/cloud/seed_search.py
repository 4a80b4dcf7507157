"""The demo's application `search`: a blue and a green EC2 Auto Scaling group behind one load balancer.

Version 1 of each launch template serves, version 2 is good, 3 fails 8 % of its requests, and the program of 4 does not
start: its instances run and are never healthy. Version 5, the newest, is good. Green stands idle, without instances.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from demo.cloud.building import add_balancer, add_group, add_rule
from demo.cloud.building_pools import add_pool, add_pool_scaling, add_template
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.seed_balancer_alarms import put_balancer_alarms
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING
from demo.cloud.world import World

SEARCH, SEARCH_BLUE, SEARCH_GREEN = "search", "search-blue", "search-green"
MACHINES = {
    "ami-0000000000000a001": Behaviour(), "ami-0000000000000a002": Behaviour(),
    "ami-0000000000000a003": Behaviour(FAILING), "ami-0000000000000a004": Behaviour(exit_code=1),
    "ami-0000000000000a005": Behaviour(),
}
INSTANCES, SEARCH_RPS = 3, 60.0
SEARCH_CAPACITY, PER_INSTANCE = 35.0, 1500.0
WARM_UP_SECONDS, PREROLL_PERIODS = 60, 6


@dataclass(frozen=True)
class Search:
    """The ARNs of the application: the same in every run."""

    balancer: str
    rule: str
    test_rule: str
    blue: str
    green: str


def seed_search(cloud: Cloud, period: int = 60, rps: float = SEARCH_RPS) -> Search:
    """Blue serves version 1 with three instances, green has none; requests come from now on."""
    world = cloud.world
    with world.lock:
        world.tick()
        search = build_search(world)
        pools = [world.servers.pools.pools[ACCOUNT, REGION, name] for name in (SEARCH_BLUE, SEARCH_GREEN)]
        world.servers.warm_up(pools, world.now(), WARM_UP_SECONDS)
        world.servers.flow.begin(search.rule, rps)
        since = world.now() - timedelta(seconds=PREROLL_PERIODS * max(period, 60))
        put_balancer_alarms(world, SEARCH, search.balancer, since, period)
        world.tick()
        world.log.clear()
    return search


def build_search(world: World) -> Search:
    """The application without requests; its instances start from now on."""
    balancer = add_balancer(world, SEARCH)
    blue, green = (add_group(world, name, kind="instance") for name in (SEARCH_BLUE, SEARCH_GREEN))
    rule = add_rule(world, balancer.listener, {blue: 100, green: 0})
    test_rule = add_rule(world, balancer.test_listener, {green: 100})
    for image, behaviour in MACHINES.items():
        world.servers.images.put(image, behaviour)
        for name in (SEARCH_BLUE, SEARCH_GREEN):
            add_template(world, name, image)
    for name, group, count in ((SEARCH_BLUE, blue, INSTANCES), (SEARCH_GREEN, green, 0)):
        add_pool(world, name, f"{name}:1", count=count, group=group).capacity = SEARCH_CAPACITY
        add_pool_scaling(name, PER_INSTANCE)
    return Search(balancer.arn, rule, test_rule, blue, green)
