"""The demo's application `api`: one ECS service that AWS itself deploys, with its own strategy CANARY.

A tenth of the requests first, a pause for a person before any, a bake at the end; two target groups that take turns,
and a second listener for looking at the new tasks before anybody else does. Four images lie in ECR: v1 serves, v2 is
good and the newest, v3 fails 8 % of its requests, v4 exits at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.ecs.models import ecs_backends

from demo.cloud.building import (
    PORT,
    add_balancer,
    add_definition,
    add_group,
    add_image,
    add_rule,
    image_uri,
    perform,
    subnets,
)
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.metrics import epoch
from demo.cloud.native_words import CANARY, PAUSE, POST_TEST_SHIFT
from demo.cloud.seed_balancer_alarms import put_balancer_alarms
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING
from demo.cloud.world import World

API, API_A, API_B = "api", "api-a", "api-b"
API_IMAGES = {"v1": Behaviour(), "v2": Behaviour(), "v3": Behaviour(FAILING), "v4": Behaviour(exit_code=1)}
PUSHED_AGO = {"v1": timedelta(days=3), "v2": timedelta(minutes=20), "v3": timedelta(days=1), "v4": timedelta(days=2)}
API_TASKS, API_RPS, API_CAPACITY = 3, 90.0, 60.0
BAKE_MINUTES, CANARY_PERCENT, CANARY_MINUTES, PAUSE_MINUTES = 5, 10.0, 5, 60
DELAY = 10  # seconds that a task which goes is drained: CLEAN_UP lasts that long
PREROLL_PERIODS, WARM_UP_SECONDS = 6, 60


@dataclass(frozen=True)
class Api:
    """The ARNs of the application: the same in every run."""

    balancer: str
    rule: str
    test_rule: str
    first: str
    second: str
    definition: str
    digests: dict[str, str]


def api_configuration() -> dict[str, Any]:
    """How AWS deploys it."""
    return {
        "strategy": CANARY, "minimumHealthyPercent": 100, "maximumPercent": 200, "bakeTimeInMinutes": BAKE_MINUTES,
        "canaryConfiguration": {"canaryPercent": CANARY_PERCENT, "canaryBakeTimeInMinutes": CANARY_MINUTES},
        "lifecycleHooks": [{
            "targetType": PAUSE, "lifecycleStages": [POST_TEST_SHIFT],
            "timeoutConfiguration": {"timeoutInMinutes": PAUSE_MINUTES, "action": "ROLLBACK"},
        }],
        "alarms": {"alarmNames": [f"{API}-errors"], "enable": True, "rollback": True},
    }


def seed_api(cloud: Cloud, period: int = 60, rps: float = API_RPS, minute: int | None = None) -> Api:
    """v1 serves with three tasks behind the first group; requests come from now on.

    ECS's minutes last `minute` seconds, everywhere in this cloud; one period where that is not given.
    """
    world = cloud.world
    with world.lock:
        world.tick()
        world.servers.native.life.minute = minute or period
        api = build_api(world)
        fleet = world.servers.services.fleets[ACCOUNT, REGION, API, API]
        fleet.primary.created = fleet.primary.updated = epoch(world.now()) - WARM_UP_SECONDS
        world.servers.warm_up([fleet], world.now(), WARM_UP_SECONDS)
        world.servers.flow.begin(api.rule, rps)
        since = world.now() - timedelta(seconds=PREROLL_PERIODS * max(period, 60))
        put_balancer_alarms(world, API, api.balancer, since, period)
        world.tick()
        world.log.clear()
    return api


def build_api(world: World, configuration: dict[str, Any] | None = None) -> Api:
    """The application without requests and alarms; its tasks start from now on."""
    balancer = add_balancer(world, API)
    first, second = add_group(world, API_A, delay=DELAY), add_group(world, API_B, delay=DELAY)
    rule = add_rule(world, balancer.listener, {first: 100, second: 0})
    test_rule = add_rule(world, balancer.test_listener, {first: 100, second: 0})
    digests = {}
    for tag, behaviour in API_IMAGES.items():
        digests[tag] = add_image(world, API, tag, {
            "org.opencontainers.image.version": tag,
            "org.opencontainers.image.source": "https://git.example.com/api",
        }, ago=PUSHED_AGO[tag])
        world.servers.images.put(digests[tag], behaviour)
    definition = add_definition(world, API, image_uri(API, digests["v1"]))
    api = Api(balancer.arn, rule, test_rule, first, second, definition, digests)
    _add_service(world, api, api_configuration() if configuration is None else configuration)
    return api


def _add_service(world: World, api: Api, configuration: dict[str, Any]) -> None:
    ecs: Any = ecs_backends[ACCOUNT][REGION]
    ecs.create_cluster(API)
    perform(world, "ecs", "CreateService", {
        "cluster": API, "serviceName": API, "taskDefinition": api.definition, "desiredCount": API_TASKS,
        "launchType": "FARGATE", "healthCheckGracePeriodSeconds": 30, "deploymentConfiguration": configuration,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": subnets(), "securityGroups": []}},
        "loadBalancers": [{
            "targetGroupArn": api.first, "containerName": "app", "containerPort": PORT,
            "advancedConfiguration": {
                "alternateTargetGroupArn": api.second, "productionListenerRule": api.rule,
                "testListenerRule": api.test_rule, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/ecs-load-balancers",
            },
        }],
    })
    world.servers.services.fleets[ACCOUNT, REGION, API, API].capacity = API_CAPACITY
