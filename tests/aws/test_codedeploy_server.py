import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import ServerBench


@pytest.fixture
def bench(cloud: Cloud, sessions: Sessions, clock: CloudClock) -> ServerBench:
    return ServerBench(cloud, sessions, clock)


def test_a_deployment_from_its_start_to_its_end(bench: ServerBench) -> None:
    """One server after the other: the share is that of the servers that have it."""
    rollout = bench.looked(bench.accepted())
    assert bench.launch(rollout).state == "done"
    shares = []
    while not shares or shares[-1] != 100:
        bench.cloud.step(5)
        rollout = bench.looked(rollout)
        assert rollout.seen is not None and rollout.seen.course is not None
        shares.append(rollout.seen.percent)
    assert list(dict.fromkeys(shares)) == [0, 25, 50, 75, 100]
    assert rollout.seen.course.state == "done" and bench.programs() == ["v2"] * 4
