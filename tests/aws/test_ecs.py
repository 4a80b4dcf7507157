"""The driver `ecs` against the demo's `shop`: the contract, launches, health, what is pinned and what is removed."""

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from tests.aws.bench import CloudClock
from tests.aws.contract import DriverContract
from tests.aws.ecs_bench import EcsBench


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> EcsBench:
    """The shop and nothing else in the cloud."""
    return EcsBench(served, sessions, CloudClock(served))


class TestEcs(DriverContract):
    """The driver `ecs` keeps the contract."""
