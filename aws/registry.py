"""The drivers there are: one line each. Target models, plans, policies and docs derive from it."""

from collections.abc import Mapping
from typing import Final

from aws.codedeploy import CodeDeploy
from aws.driver import AwsDriver
from aws.ec2 import Ec2
from aws.ecs import Ecs
from aws.lambda_alias import LambdaAlias
from aws.native import EcsNative
from aws.route53 import Route53
from aws.sessions import Sessions
from rollout.errors import NotFound
from rollout.ports import Clock

DRIVERS: Final[Mapping[str, type[AwsDriver]]] = {
    driver.kind: driver
    for driver in (
        CodeDeploy,
        Ecs,
        EcsNative,
        Ec2,
        LambdaAlias,
        Route53,
    )
}  # fmt: skip


def driver_class(kind: str) -> type[AwsDriver]:
    """The driver of that kind; NotFound with the known kinds."""
    if kind not in DRIVERS:
        raise NotFound(f"there is no driver {kind[:40]!r}", f"known: {', '.join(sorted(DRIVERS))}")
    return DRIVERS[kind]


def open_drivers(sessions: Sessions, clock: Clock) -> dict[str, AwsDriver]:
    """One of each, over the same sessions."""
    return {kind: driver(sessions, clock) for kind, driver in DRIVERS.items()}
