"""A cloud over real HTTP per module, seeded anew for every test; clients find it by the environment."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from aws.registry import open_drivers
from aws.sessions import Sessions
from aws.world import AwsWorld
from demo.cloud import Cloud, CloudConfig, ManualClock, seed_demo
from tests.aws.bench import CloudClock, LambdaBench


@pytest.fixture(scope="module")
def served() -> Iterator[Cloud]:
    """A started cloud, its address in the environment for as long as the module runs."""
    before = dict(os.environ)
    with Cloud(CloudConfig(now=ManualClock(), page_size=50, token="token-of-the-test")) as cloud:
        os.environ.update(cloud.env())
        yield cloud
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def cloud(served: Cloud) -> Cloud:
    """my-app:live on version 1, version 2 published, two alarms OK."""
    served.reset()
    seed_demo(served, period=60)
    return served


@pytest.fixture(scope="module")
def sessions(served: Cloud) -> Sessions:
    return Sessions()


@pytest.fixture
def clock(cloud: Cloud) -> CloudClock:
    return CloudClock(cloud)


@pytest.fixture
def world(cloud: Cloud, sessions: Sessions, clock: CloudClock) -> AwsWorld:
    return AwsWorld(sessions, open_drivers(sessions, clock), clock)


@pytest.fixture
def bench(cloud: Cloud, sessions: Sessions, clock: CloudClock) -> LambdaBench:
    return LambdaBench(cloud, sessions, clock)


@pytest.fixture(scope="module")
def console(served: Cloud) -> Any:
    """A colleague at the AWS console: clients by service name."""
    session: Any = boto3.Session(region_name="eu-central-1")
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service)
        return made[service]

    return client
