"""The demo's application `shop`: a blue and a green ECS service behind one load balancer.

A rule forwards everything to blue and nothing to green; a second listener is for looking at green before anybody
else does. Green stands idle, without tasks. Four images lie in ECR: v1 serves, v2 is good and the newest,
v3 fails 8 % of its requests, v4 exits at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from demo.cloud.alarm import MetricAlarm
from demo.cloud.building import (
    add_balancer,
    add_definition,
    add_group,
    add_image,
    add_rule,
    add_scaling,
    add_service,
    image_uri,
    perform,
)
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.flow import dimension_of
from demo.cloud.metrics import epoch, moment
from demo.cloud.seed_alarms import tags
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING, GOOD
from demo.cloud.world import World

SHOP = CLUSTER = REPOSITORY = "shop"
BLUE, GREEN = "shop-blue", "shop-green"
SHOP_ERRORS, SHOP_UNSERVED, SHOP_P99 = "shop-errors", "shop-unserved", "shop-p99"
IMAGES = {"v1": Behaviour(GOOD), "v2": Behaviour(GOOD), "v3": Behaviour(FAILING), "v4": Behaviour(exit_code=1)}
PUSHED_AGO = {"v1": timedelta(days=3), "v2": timedelta(minutes=20), "v3": timedelta(days=1), "v4": timedelta(days=2)}
TASKS, RPS = 4, 200.0
CAPACITY = 80.0  # requests per second that one task can answer
PER_TASK = 3600.0  # requests per minute that the autoscaler keeps a task at
LEAST, MOST = 2, 10
ERRORS_PERCENT, P99_SECONDS = 0.4, 0.4
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
    """Blue serves v1 with four tasks, green has none, both alarms are OK with history."""
    world = cloud.world
    with world.lock:
        world.tick()
        now = epoch(world.now())
        since = moment(now - now % period - PREROLL_PERIODS * max(period, 60))
        shop = build_shop(world)
        _warm_up(world, since)
        world.servers.flow.begin(shop.rule, rps)
        for settings in shop_alarms(shop, period):
            perform(world, "cloudwatch", "PutMetricAlarm", settings)
            alarm = world.alarms.get((ACCOUNT, REGION, settings["AlarmName"]))
            if isinstance(alarm, MetricAlarm):
                world.alarms.backdate(alarm, since)
                alarm.judged += period
        world.tick()
        world.log.clear()
    return shop


def _warm_up(world: World, until: datetime) -> None:
    """Blue's tasks are up before its first request comes."""
    begun = until - timedelta(seconds=WARM_UP_SECONDS)
    for fleet in world.servers.services.fleets.values():
        fleet.primary.created = fleet.primary.updated = epoch(begun)
    world.servers.begin(begun)
    world.servers.catch_up(until)


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
        }, ago=PUSHED_AGO[tag])
        world.servers.images.put(digests[tag], behaviour)
    for name, group, count in ((BLUE, blue, TASKS), (GREEN, green, 0)):
        definition = add_definition(world, name, image_uri(REPOSITORY, digests["v1"]))
        add_service(world, CLUSTER, name, definition, count=count, group=group)
        world.servers.services.fleets[ACCOUNT, REGION, CLUSTER, name].capacity = CAPACITY
        add_scaling(world, CLUSTER, name, least=LEAST if count else 0, most=MOST, requests=PER_TASK)
    return Shop(balancer.arn, balancer.listener, balancer.test_listener, rule, test_rule, blue, green, digests)


def shop_alarms(shop: Shop, period: int) -> list[dict[str, Any]]:
    """Answers of 5xx in percent, requests that found no server, and the slowest hundredth: of both sides together.

    A real load balancer counts no error as nothing at all, not as zero: missing data is good news here.
    """
    dimensions = [{"Name": "LoadBalancer", "Value": dimension_of(shop.balancer)}]

    def stat(name: str) -> dict[str, Any]:
        return {"Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions},
                "Period": period, "Stat": "Sum"}

    usual = {
        "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 2, "DatapointsToAlarm": 2,
        "TreatMissingData": "notBreaching", "Tags": tags(SHOP, "storefront"),
    }
    one = {"Namespace": "AWS/ApplicationELB", "Dimensions": dimensions, "Period": period}
    return [
        {"AlarmName": SHOP_ERRORS, "AlarmDescription": "shop: 5xx answers in percent of all requests",
         "Threshold": ERRORS_PERCENT, "Metrics": [
             {"Id": "errors", "MetricStat": stat("HTTPCode_Target_5XX_Count"), "ReturnData": False},
             {"Id": "requests", "MetricStat": stat("RequestCount"), "ReturnData": False},
             {"Id": "percent", "Expression": "100*errors/requests", "Label": "5xx %"},
         ], **usual},
        {"AlarmName": SHOP_UNSERVED, "AlarmDescription": "shop: requests that found no healthy server",
         "MetricName": "HTTPCode_ELB_5XX_Count", "Statistic": "Sum", "Threshold": 0, **one, **usual},
        {"AlarmName": SHOP_P99, "AlarmDescription": "shop: the slowest hundredth, in seconds",
         "MetricName": "TargetResponseTime", "ExtendedStatistic": "p99", "Threshold": P99_SECONDS, **one, **usual},
    ]
