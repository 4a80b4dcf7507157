"""The demo's application `catalog`: an ECS service that CodeDeploy deploys blue/green, with a wait before any traffic.

Nobody's traffic moves before a person says so, within an hour; then all of it at once, and the old task set stays for
five minutes. Three images lie in ECR: v1 serves, v2 is good and the newest, v3 fails 8 % of its requests.
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
    forward,
    image_uri,
    perform,
    subnets,
)
from demo.cloud.building_codedeploy import add_codedeploy, app_spec, remember_deployment, service_spec
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.codedeploy_words import ECS, ROLLBACK_EVENTS, STOP
from demo.cloud.metrics import epoch
from demo.cloud.seed_balancer_alarms import put_balancer_alarms
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING
from demo.cloud.world import World

CATALOG, CATALOG_A, CATALOG_B = "catalog", "catalog-a", "catalog-b"
CATALOG_IMAGES = {"v1": Behaviour(), "v2": Behaviour(), "v3": Behaviour(FAILING)}
PUSHED_AGO = {"v1": timedelta(days=3), "v2": timedelta(minutes=20), "v3": timedelta(days=1)}
CATALOG_TASKS, CATALOG_RPS, CATALOG_CAPACITY = 3, 90.0, 60.0
CATALOG_CONFIG = "CodeDeployDefault.ECSAllAtOnce"
READY_MINUTES, TERMINATION_MINUTES = 60, 5
PREROLL_PERIODS, WARM_UP_SECONDS = 6, 60


@dataclass(frozen=True)
class Catalog:
    """The ARNs of the application: the same in every run."""

    balancer: str
    listener: str
    test_listener: str
    first: str
    second: str
    definition: str
    digests: dict[str, str]


def seed_catalog(
    cloud: Cloud, period: int = 60, rps: float = CATALOG_RPS, minute: float | None = None
) -> Catalog:
    """v1 serves with three tasks behind the first group; requests come from now on.

    CodeDeploy's minutes last `minute` seconds, everywhere in this cloud; one period where that is not given.
    """
    world = cloud.world
    with world.lock:
        world.tick()
        world.codedeploy.engine.minute = minute or period
        catalog = build_catalog(world)
        fleet = world.servers.services.fleets[ACCOUNT, REGION, CATALOG, CATALOG]
        fleet.primary.created = fleet.primary.updated = epoch(world.now()) - WARM_UP_SECONDS
        world.servers.warm_up([fleet], world.now(), WARM_UP_SECONDS)
        world.servers.flow.begin(catalog.listener, rps)
        since = world.now() - timedelta(seconds=PREROLL_PERIODS * max(period, 60))
        put_balancer_alarms(world, CATALOG, catalog.balancer, since, period)
        world.tick()
        world.log.clear()
    return catalog


def build_catalog(world: World) -> Catalog:
    """The application without requests and alarms; its tasks start from now on."""
    balancer = add_balancer(world, CATALOG)
    first, second = add_group(world, CATALOG_A), add_group(world, CATALOG_B)
    for listener in (balancer.listener, balancer.test_listener):
        perform(world, "elbv2", "ModifyListener", {
            "ListenerArn": listener, "DefaultActions": [forward({first: 100, second: 0})],
        })
    # As if they had been written long ago: the first requests must not meet the 404 of a listener that is new.
    world.servers.routing.step(epoch(world.now()) + world.servers.routing.delay)
    digests = {}
    for tag, behaviour in CATALOG_IMAGES.items():
        digests[tag] = add_image(world, CATALOG, tag, {
            "org.opencontainers.image.version": tag,
            "org.opencontainers.image.source": "https://git.example.com/catalog",
        }, ago=PUSHED_AGO[tag])
        world.servers.images.put(digests[tag], behaviour)
    definition = add_definition(world, CATALOG, image_uri(CATALOG, digests["v1"]))
    catalog = Catalog(balancer.arn, balancer.listener, balancer.test_listener, first, second, definition, digests)
    _add_service(world, catalog)
    group = add_codedeploy(world, CATALOG, ECS, catalog_settings(catalog))
    remember_deployment(world, group, app_spec(service_spec(definition)))
    return catalog


def catalog_settings(catalog: Catalog) -> dict[str, Any]:
    """Its deployment group, as CreateDeploymentGroup takes it."""
    return {
        "deploymentConfigName": CATALOG_CONFIG,
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ecsServices": [{"clusterName": CATALOG, "serviceName": CATALOG}],
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"actionOnTimeout": STOP, "waitTimeInMinutes": READY_MINUTES},
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE", "terminationWaitTimeInMinutes": TERMINATION_MINUTES,
            },
        },
        "loadBalancerInfo": {"targetGroupPairInfoList": [{
            "targetGroups": [{"name": CATALOG_A}, {"name": CATALOG_B}],
            "prodTrafficRoute": {"listenerArns": [catalog.listener]},
            "testTrafficRoute": {"listenerArns": [catalog.test_listener]},
        }]},
        "alarmConfiguration": {
            "enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": f"{CATALOG}-errors"}],
        },
        "autoRollbackConfiguration": {"enabled": True, "events": list(ROLLBACK_EVENTS)},
    }


def _add_service(world: World, catalog: Catalog) -> None:
    ecs: Any = ecs_backends[ACCOUNT][REGION]
    ecs.create_cluster(CATALOG)
    perform(world, "ecs", "CreateService", {
        "cluster": CATALOG, "serviceName": CATALOG, "taskDefinition": catalog.definition,
        "desiredCount": CATALOG_TASKS, "launchType": "FARGATE", "healthCheckGracePeriodSeconds": 30,
        "deploymentController": {"type": "CODE_DEPLOY"},
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": subnets(), "securityGroups": []}},
        "loadBalancers": [{"targetGroupArn": catalog.first, "containerName": "app", "containerPort": PORT}],
    })
    world.servers.services.fleets[ACCOUNT, REGION, CATALOG, CATALOG].capacity = CATALOG_CAPACITY
