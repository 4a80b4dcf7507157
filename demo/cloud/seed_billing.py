"""The demo's application `billing`: four servers that CodeDeploy updates in place, one at a time.

Its releases are archives in S3, one object each, encrypted with a key of KMS: v1 is deployed, v2 is good and the
newest, v3 fails 8 % of its requests, v4 does not come up: ValidateService fails on the first server that gets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from demo.cloud.building import PORT, add_balancer, add_group, forward, perform
from demo.cloud.building_codedeploy import BILLING, add_bundle, add_codedeploy, remember_deployment
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.codedeploy_words import ROLLBACK_EVENTS, SERVER
from demo.cloud.machines import Crew, Machine
from demo.cloud.metrics import epoch
from demo.cloud.seed_balancer_alarms import put_balancer_alarms
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING
from demo.cloud.world import World

BILLING_PROGRAMS = {"v1": Behaviour(), "v2": Behaviour(), "v3": Behaviour(FAILING), "v4": Behaviour(exit_code=1)}
BUILT_AGO = {"v1": timedelta(days=3), "v2": timedelta(minutes=20), "v3": timedelta(days=1), "v4": timedelta(days=2)}
BILLING_MACHINES, BILLING_RPS = 4, 60.0
BILLING_CONFIG = "CodeDeployDefault.OneAtATime"
DRAIN_SECONDS, WARM_UP_SECONDS, PREROLL_PERIODS = 5, 60, 6


@dataclass(frozen=True)
class Billing:
    """What the application consists of: the same in every run. `revisions` are pinned by version and eTag."""

    balancer: str
    listener: str
    group: str
    machines: tuple[str, ...]
    revisions: dict[str, dict[str, Any]]


def seed_billing(
    cloud: Cloud, period: int = 60, rps: float = BILLING_RPS, minute: float | None = None
) -> Billing:
    """v1 serves on all four servers; requests come from now on.

    CodeDeploy's minutes last `minute` seconds, everywhere in this cloud; one period where that is not given.
    """
    world = cloud.world
    with world.lock:
        world.tick()
        world.codedeploy.engine.minute = minute or period
        billing = build_billing(world)
        world.servers.warm_up([], world.now(), WARM_UP_SECONDS)
        world.servers.flow.begin(billing.listener, rps)
        since = world.now() - timedelta(seconds=PREROLL_PERIODS * max(period, 60))
        put_balancer_alarms(world, BILLING, billing.balancer, since, period)
        world.tick()
        world.log.clear()
    return billing


def build_billing(world: World) -> Billing:
    """The application without requests and alarms."""
    balancer = add_balancer(world, BILLING)
    group = add_group(world, BILLING, delay=DRAIN_SECONDS, kind="instance")
    perform(world, "elbv2", "ModifyListener", {
        "ListenerArn": balancer.listener, "DefaultActions": [forward({group: 100})],
    })
    # As if it had been written long ago: the first requests must not meet the 404 of a listener that is new.
    world.servers.routing.step(epoch(world.now()) + world.servers.routing.delay)
    revisions = {
        name: add_bundle(world, name, BILLING_PROGRAMS[name], ago=BUILT_AGO[name])
        for name in sorted(BUILT_AGO, key=lambda name: -BUILT_AGO[name])
    }
    machines = _add_machines(world, group, revisions["v1"])
    deployed = add_codedeploy(world, BILLING, SERVER, {
        "deploymentConfigName": BILLING_CONFIG,
        "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ec2TagFilters": [{"Key": "app", "Value": BILLING, "Type": "KEY_AND_VALUE"}],
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": BILLING}]},
        "alarmConfiguration": {
            "enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": f"{BILLING}-errors"}],
        },
        "autoRollbackConfiguration": {"enabled": True, "events": list(ROLLBACK_EVENTS)},
    })
    remember_deployment(world, deployed, revisions["v1"])
    return Billing(balancer.arn, balancer.listener, group, machines, revisions)


def _add_machines(world: World, group: str, revision: dict[str, Any]) -> tuple[str, ...]:
    crew, since = Crew((ACCOUNT, REGION)), epoch(world.now()) - WARM_UP_SECONDS
    names = tuple(f"i-0b111{number:012x}" for number in range(1, BILLING_MACHINES + 1))
    for number, name in enumerate(names):
        machine = Machine(name, number, {"app": BILLING}, revision["s3Location"]["eTag"])
        world.servers.machines.add(crew, machine)
        world.servers.targets.register(group, name, PORT, since, used=True)
    return names
