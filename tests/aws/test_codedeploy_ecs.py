
import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import EcsBench

CONTINUE = "codedeploy:ContinueDeployment"


@pytest.fixture
def bench(cloud: Cloud, sessions: Sessions, clock: CloudClock) -> EcsBench:
    return EcsBench(cloud, sessions, clock)


def test_a_deployment_from_its_start_to_its_end(bench: EcsBench) -> None:
    """Up beside the old one, waiting, all traffic, waiting again, done: each with its share and its health."""
    rollout = bench.looked(bench.accepted())
    assert rollout.seen is not None and rollout.seen.course is not None
    assert (rollout.seen.course.state, rollout.seen.percent) == ("none", 0)
    assert rollout.seen.stable.state == "healthy" and rollout.seen.candidate.text == "v2 has no tasks"
    assert bench.launch(rollout).state == "done"
    bench.cloud.step(10)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("running", 0)
    assert seen.candidate.state == "unknown" and seen.candidate.coming
    bench.cloud.step(120)
    rollout = bench.looked(rollout)
    wait = bench.course(rollout).wait
    assert wait is not None and (wait.id, wait.kind, wait.then) == ("READY_WAIT", "shift", "goes_back")
    seen = bench.seen(rollout)
    assert seen.percent == 0 and seen.candidate.state == "healthy"
    assert bench.go_on(rollout, "READY_WAIT").state == "done"
    bench.cloud.step(30)
    seen = bench.seen(rollout)
    assert seen.course is not None and seen.course.wait is not None and seen.percent == 100
    assert (seen.course.wait.id, seen.course.wait.kind) == ("TERMINATION_WAIT", "remove")
    assert bench.shares() == {"b": 100.0}
    bench.cloud.step(330)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("done", 100)
