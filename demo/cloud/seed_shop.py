"""The demo's application `shop`: a blue and a green ECS service behind one load balancer.

A rule forwards everything to blue and nothing to green; a second listener is for looking at green before anybody
else does. Green stands idle, without tasks. Four images lie in ECR: v1 serves, v2 is good and the newest,
v3 fails 8 % of its requests, v4 exits at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from demo.cloud.building import (
    add_balancer,
    add_definition,
    add_group,
    add_image,
    add_rule,
    add_scaling,
    add_service,
    image_uri,
)
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.metrics import epoch, moment
from demo.cloud.seed_balancer_alarms import put_balancer_alarms
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING, GOOD
from demo.cloud.world import World

SHOP = CLUSTER = REPOSITORY = "shop"
BLUE, GREEN = "shop-blue", "shop-green"
IMAGES = {"v1": Behaviour(GOOD), "v2": Behaviour(GOOD), "v3": Behaviour(FAILING), "v4": Behaviour(exit_code=1)}
COMMITS = {
    "v1": "3f2c1d9e5a7b48c6d0e1f2a3b4c5d6e7f8091a2b", "v2": "9d41c7a0be35f28617c94d3aa05e6b1f7283c4d9",
    "v3": "c07be1f49a2d5638e1047bd9f6a3c258e9b01d74", "v4": "71a9d3e82c5f4b06a8e3f19d7c40b25e6d8f9a13",
}
"""What each image was made of: its label says it, as `docker build --label` writes it."""
PUSHED_AGO = {"v1": timedelta(days=3), "v2": timedelta(minutes=20), "v3": timedelta(days=1), "v4": timedelta(days=2)}
TASKS, RPS = 4, 200.0
CAPACITY = 80.0  # requests per second that one task can answer
PER_TASK = 3600.0  # requests per minute that the autoscaler keeps a task at
REVISION = "org.opencontainers.image.revision"
LEAST, MOST = 2, 10
PREROLL_PERIODS, WARM_UP_SECONDS = 6, 30


@dataclass(frozen=True)
class Shop:
    """The ARNs of the application: the same in every run."""

    balancer: str
    listener: str
    test_listener: str
    rule: str
    test_rule: str
    blue: str
    green: str
    digests: dict[str, str]


def seed_shop(cloud: Cloud, period: int = 60, rps: float = RPS) -> Shop:
    """Blue serves v1 with four tasks, green has none, every alarm is OK with history.

    Other servers of this world would live through the last minutes once more: seed the shop before them.
    """
    world = cloud.world
    with world.lock:
        world.tick()
        now = epoch(world.now())
        since = moment(now - now % period - PREROLL_PERIODS * max(period, 60))
        shop = build_shop(world)
        fleets = [world.servers.services.fleets[ACCOUNT, REGION, CLUSTER, name] for name in (BLUE, GREEN)]
        for fleet in fleets:
            fleet.primary.created = fleet.primary.updated = epoch(since) - WARM_UP_SECONDS
        world.servers.warm_up(fleets, since, WARM_UP_SECONDS)
        world.servers.begin(since)
        world.servers.flow.begin(shop.rule, rps)
        put_balancer_alarms(world, SHOP, shop.balancer, since, period)
        world.tick()
        world.log.clear()
    return shop


def build_shop(world: World) -> Shop:
    """The application without requests and alarms; its tasks start from now on."""
    balancer = add_balancer(world, SHOP)
    blue, green = add_group(world, BLUE), add_group(world, GREEN)
    rule = add_rule(world, balancer.listener, {blue: 100, green: 0})
    test_rule = add_rule(world, balancer.test_listener, {green: 100})
    digests = {}
    for tag, behaviour in IMAGES.items():
        digests[tag] = add_image(world, REPOSITORY, tag, {
            "org.opencontainers.image.version": tag,
            "org.opencontainers.image.source": "https://git.example.com/shop",
        }, ago=PUSHED_AGO[tag], labels={REVISION: COMMITS[tag]})
        world.servers.images.put(digests[tag], behaviour)
    for name, group, count in ((BLUE, blue, TASKS), (GREEN, green, 0)):
        definition = add_definition(world, name, image_uri(REPOSITORY, digests["v1"]))
        add_service(world, CLUSTER, name, definition, count=count, group=group)
        world.servers.services.fleets[ACCOUNT, REGION, CLUSTER, name].capacity = CAPACITY
        add_scaling(world, CLUSTER, name, least=LEAST if count else 0, most=MOST, requests=PER_TASK)
    return Shop(balancer.arn, balancer.listener, balancer.test_listener, rule, test_rule, blue, green, digests)
