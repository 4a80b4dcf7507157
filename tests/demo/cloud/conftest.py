"""One cloud with a manual clock per module, seeded anew for every test; boto3 clients over HTTP."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from demo.cloud import Cloud, CloudConfig, ManualClock, seed_demo
from demo.cloud.cloud import ACCESS_KEY
from demo.cloud.seed_shop import Shop, seed_shop

ONE_TRY = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=10)


@pytest.fixture(scope="module")
def served() -> Iterator[Cloud]:
    """A started cloud, paging after three rows."""
    with Cloud(CloudConfig(now=ManualClock(), page_size=3, token="token-of-the-test")) as cloud:
        yield cloud


@pytest.fixture
def cloud(served: Cloud) -> Cloud:
    """The cloud with my-app as the demo has it, one-minute periods."""
    served.reset()
    seed_demo(served, period=60)
    return served


@pytest.fixture
def bare(served: Cloud) -> Cloud:
    """The cloud with nothing in it."""
    served.reset()
    return served


@pytest.fixture
def shop(bare: Cloud) -> Shop:
    """The application `shop` as the demo has it, one-minute periods, in an otherwise empty cloud."""
    return seed_shop(bare, period=60)


@pytest.fixture
def manual(cloud: Cloud) -> ManualClock:
    """The clock behind the cloud, to be moved without a tick."""
    assert isinstance(cloud.config.now, ManualClock)
    return cloud.config.now


class Clients:
    """boto3 clients made once per service: making one costs tens of milliseconds."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._session = boto3.Session(ACCESS_KEY, "made-up", region_name="eu-central-1")
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            make: Any = self._session.client  # the stubs know each service only by its literal name
            self._made[service] = make(service, endpoint_url=self._cloud.endpoint_url, config=ONE_TRY)
        return self._made[service]


@pytest.fixture(scope="module")
def clients(served: Cloud) -> Clients:
    return Clients(served)


@pytest.fixture
def functions(clients: Clients, cloud: Cloud) -> Any:
    return clients("lambda")


@pytest.fixture
def elb(clients: Clients) -> Any:
    return clients("elbv2")


@pytest.fixture
def ecs(clients: Clients) -> Any:
    return clients("ecs")


@pytest.fixture
def watch(clients: Clients, cloud: Cloud) -> Any:
    return clients("cloudwatch")
