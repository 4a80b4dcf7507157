import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import CodeDeployBench


@pytest.fixture
def stage(cloud: Cloud, sessions: Sessions, clock: CloudClock) -> CodeDeployBench:
    return CodeDeployBench(cloud, sessions, clock)


def test_a_deployment_from_its_start_to_its_end(stage: CodeDeployBench) -> None:
    """Nothing, a tenth of the traffic, all of it: as AWS shows it, and as the alias has it."""
    rollout = stage.looked(stage.accepted())
    assert rollout.seen is not None and rollout.seen.course is not None
    assert (rollout.seen.course.state, rollout.seen.percent) == ("none", 0)
    outcome = stage.launch(rollout)
    assert outcome.state == "done" and outcome.request_id
    stage.cloud.step(10)
    seen = stage.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("running", 10)
    assert stage.shares() == {"1": 90.0, "2": 10.0}
    assert [(one.name, one.state) for one in seen.course.stages] == [
        ("BeforeAllowTraffic", "done"), ("AllowTraffic", "now"), ("AfterAllowTraffic", "next"),
    ]  # fmt: skip
    assert seen.course.text == "InProgress, AllowTraffic" and seen.course.release == "2"
    stage.cloud.step(320)
    seen = stage.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("done", 100)
