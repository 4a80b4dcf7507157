"""The application `bookings`: an Auto Scaling group that CodeDeploy replaces, blue/green, behind one load balancer.

Its releases are archives in S3 like billing's: v1 is deployed, v2 is good and the newest, v3 fails 8 % of its requests,
v4 does not come up. CodeDeploy waits an hour at most before traffic moves, and five minutes before the old group goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from demo.cloud.building import add_balancer, add_group, forward, perform
from demo.cloud.building_codedeploy import add_bundle, add_codedeploy, remember_deployment
from demo.cloud.building_pools import add_pool, add_template
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.codedeploy_words import COPY, ROLLBACK_EVENTS, SERVER, STOP, TERMINATE
from demo.cloud.metrics import epoch
from demo.cloud.seed_balancer_alarms import put_balancer_alarms
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING
from demo.cloud.world import World

BOOKINGS, BOOKINGS_IMAGE = "bookings", "ami-0000000000000b001"
BOOKINGS_PROGRAMS = {"v1": Behaviour(), "v2": Behaviour(), "v3": Behaviour(FAILING), "v4": Behaviour(exit_code=1)}
BUILT_AGO = {"v1": timedelta(days=3), "v2": timedelta(minutes=20), "v3": timedelta(days=1), "v4": timedelta(days=2)}
BOOKINGS_HOSTS, BOOKINGS_RPS = 3, 40.0
READY_MINUTES, TERMINATION_MINUTES = 60, 5
DRAIN_SECONDS, WARM_UP_SECONDS, PREROLL_PERIODS = 5, 60, 6


@dataclass(frozen=True)
class Bookings:
    """What the application consists of: the same in every run. `revisions` are pinned by version and eTag."""

    balancer: str
    listener: str
    group: str
    revisions: dict[str, dict[str, Any]]


def seed_bookings(
    cloud: Cloud, period: int = 60, rps: float = BOOKINGS_RPS, minute: float | None = None
) -> Bookings:
    """v1 serves on the first group; requests come from now on.

    CodeDeploy's minutes last `minute` seconds, everywhere in this cloud; one period where that is not given.
    """
    world = cloud.world
    with world.lock:
        world.tick()
        world.codedeploy.engine.minute = minute or period
        bookings = build_bookings(world)
        pool = world.servers.pools.pools[ACCOUNT, REGION, BOOKINGS]
        world.servers.warm_up([pool], world.now(), WARM_UP_SECONDS)
        for instance in pool.instances:
            world.servers.machines.installed[instance.id] = bookings.revisions["v1"]["s3Location"]["eTag"]
        world.servers.flow.begin(bookings.listener, rps)
        since = world.now() - timedelta(seconds=PREROLL_PERIODS * max(period, 60))
        put_balancer_alarms(world, BOOKINGS, bookings.balancer, since, period)
        world.tick()
        world.log.clear()
    return bookings


def build_bookings(world: World) -> Bookings:
    """The application without requests and alarms; its instances start from now on."""
    balancer = add_balancer(world, BOOKINGS)
    group = add_group(world, BOOKINGS, delay=DRAIN_SECONDS, kind="instance")
    perform(world, "elbv2", "ModifyListener", {
        "ListenerArn": balancer.listener, "DefaultActions": [forward({group: 100})],
    })
    # As if it had been written long ago: the first requests must not meet the 404 of a listener that is new.
    world.servers.routing.step(epoch(world.now()) + world.servers.routing.delay)
    world.servers.images.put(BOOKINGS_IMAGE, Behaviour())
    add_template(world, BOOKINGS, BOOKINGS_IMAGE)
    add_pool(world, BOOKINGS, f"{BOOKINGS}:1", count=BOOKINGS_HOSTS, group=group)
    revisions = {
        name: add_bundle(world, name, BOOKINGS_PROGRAMS[name], ago=BUILT_AGO[name], name=BOOKINGS)
        for name in sorted(BUILT_AGO, key=lambda name: -BUILT_AGO[name])
    }
    deployed = add_codedeploy(world, BOOKINGS, SERVER, bookings_settings())
    remember_deployment(world, deployed, revisions["v1"])
    return Bookings(balancer.arn, balancer.listener, group, revisions)


def bookings_settings() -> dict[str, Any]:
    """The settings of its deployment group."""
    return {
        "deploymentConfigName": "CodeDeployDefault.OneAtATime", "autoScalingGroups": [BOOKINGS],
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": BOOKINGS}]},
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"actionOnTimeout": STOP, "waitTimeInMinutes": READY_MINUTES},
            "greenFleetProvisioningOption": {"action": COPY},
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": TERMINATE, "terminationWaitTimeInMinutes": TERMINATION_MINUTES,
            },
        },
        "alarmConfiguration": {
            "enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": f"{BOOKINGS}-errors"}],
        },
        "autoRollbackConfiguration": {"enabled": True, "events": list(ROLLBACK_EVENTS)},
    }
