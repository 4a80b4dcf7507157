"""Whole rollouts of the demo's `search`, in virtual time: no request is lost to a target that was taken away."""

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.seed_search import SEARCH_BLUE, SEARCH_GREEN
from rollout.ask import Ask
from rollout.machine import apply
from rollout.model import Phase
from tests.aws.bench import CloudClock
from tests.aws.ec2_bench import Ec2Bench
from tests.aws.stage import ANA, PairStage, ended


@pytest.fixture
def stage(served: Cloud, sessions: Sessions) -> PairStage[Ec2Bench]:
    return PairStage(Ec2Bench(served, sessions, CloudClock(served)))


def test_a_good_version_ends_on_the_other_side_without_a_lost_request(stage: PairStage[Ec2Bench]) -> None:
    """The load balancer follows 40 s after its answer, and blue stands until then."""
    stage.start("2", "50% 1m, 100%")
    assert stage.until(ended).phase is Phase.SUCCEEDED
    stage.rest()
    assert stage.lost() == (0, 0) and stage.bench.shares() == {"2": 100}
    assert stage.bench.desired()[SEARCH_BLUE] == 0 and stage.bench.desired()[SEARCH_GREEN] >= 2
    assert stage.bench.least() == {SEARCH_BLUE: 0, SEARCH_GREEN: 0}
    assert stage.cost().over <= 1.2, stage.cost()


def test_a_bad_version_goes_back_without_a_lost_request(stage: PairStage[Ec2Bench]) -> None:
    """Red alarms bring it back; green stands until the load balancer has followed, too."""
    stage.start("3", "50% 10m, 100%")
    rollout = stage.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.cause is not None and rollout.cause.kind == "alarm"
    stage.rest()
    assert stage.lost() == (0, 0) and stage.bench.shares() == {"1": 100}
    assert stage.bench.desired()[SEARCH_GREEN] == 0 and stage.bench.least()[SEARCH_BLUE] == 0


def test_a_rollback_from_the_very_end_brings_the_old_side_up_first(stage: PairStage[Ec2Bench]) -> None:
    """Blue was just asked to go: what is still there does not count, and nothing is sent there too early."""
    stage.start("2", "100%")
    stage.until(lambda r: r.phase is Phase.RETIRING and r.seen is not None and "stable" in r.seen.retired)
    stage.rollout = apply(stage.rollout, Ask(verb="rollback", ref=1), ANA, stage.clock.now())
    assert stage.until(ended).phase is Phase.ROLLED_BACK
    stage.rest()
    assert stage.lost() == (0, 0) and stage.bench.shares() == {"1": 100}
