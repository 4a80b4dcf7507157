"""Whole rollouts of the demo's `shop`, in virtual time: no request is lost to a target that was taken away."""

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.seed_shop import BLUE, GREEN, TASKS
from rollout.ask import Ask
from rollout.machine import apply
from rollout.model import Phase
from tests.aws.bench import CloudClock
from tests.aws.ecs_bench import LIMIT, REGISTER, RULE, UPDATE, EcsBench
from tests.aws.stage import ANA, PairStage, ended


@pytest.fixture
def stage(served: Cloud, sessions: Sessions) -> PairStage[EcsBench]:
    return PairStage(EcsBench(served, sessions, CloudClock(served)))


def test_a_good_image_ends_on_the_other_side_without_a_lost_request(stage: PairStage[EcsBench]) -> None:
    """Argo 4595, 3333: the load balancer follows 40 s after its answer, and blue stands until then."""
    assert stage.until(ended).phase is Phase.SUCCEEDED
    stage.rest()
    assert stage.lost() == (0, 0)
    assert stage.bench.shares() == {"v2": 100} and stage.bench.desired()[BLUE] == 0
    assert stage.bench.desired()[GREEN] >= 2 and stage.bench.least() == {BLUE: 0, GREEN: 2}
    log = stage.cloud.log
    assert [len(log.of(name)) for name in (RULE, REGISTER)] == [3, 1]
    mine = [entry for entry in log.of(UPDATE) if "AutoScaling" not in entry.caller]
    assert [(one.parameters["service"], one.parameters["desiredCount"]) for one in mine] == [(GREEN, 4), (BLUE, 0)]
    assert len(log.of(LIMIT)) == 4
    assert stage.cost().over <= 1.22, stage.cost()


def test_a_bad_image_goes_back_without_a_lost_request(stage: PairStage[EcsBench]) -> None:
    """Argo 4867: red alarms bring it back; green stands until the load balancer has followed, too."""
    stage.start("v3", "50% 10m, 100%")
    rollout = stage.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.cause is not None and rollout.cause.kind == "alarm"
    stage.rest()
    assert stage.lost() == (0, 0)
    assert stage.bench.shares() == {"v1": 100} and stage.bench.desired()[GREEN] == 0
    assert stage.bench.least() == {BLUE: 2, GREEN: 0} and stage.bench.desired()[BLUE] >= 3


def test_an_image_that_crashes_never_meets_a_request(stage: PairStage[EcsBench]) -> None:
    """Three tasks ended alike: back at once, with AWS's reason, long before the launch's deadline."""
    stage.start("v4")
    rollout = stage.until(ended, minutes=3)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.cause is not None
    assert "tasks stopped alike: Essential container in task exited" in rollout.cause.text
    assert stage.cloud.log.of(RULE) == [] and stage.lost() == (0, 0)
    stage.rest()
    assert stage.bench.desired() == {BLUE: TASKS, GREEN: 0} and stage.bench.least() == {BLUE: 2, GREEN: 0}


def test_a_rollback_from_the_very_end_brings_the_old_side_up_first(stage: PairStage[EcsBench]) -> None:
    """Argo 1748: blue was just removed; nothing is sent there before its targets are healthy again."""
    stage.start("v2", "100%")
    stage.until(lambda r: r.phase is Phase.RETIRING and r.seen is not None and "stable" in r.seen.retired)
    stage.rollout = apply(stage.rollout, Ask(verb="rollback", ref=1), ANA, stage.clock.now())
    rollout = stage.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK
    stage.rest()
    assert stage.lost() == (0, 0) and stage.bench.shares() == {"v1": 100}
    assert stage.bench.desired()[GREEN] == 0 and stage.bench.least() == {BLUE: 2, GREEN: 0}


def test_going_back_after_success_is_one_step_to_the_definition_that_served(stage: PairStage[EcsBench]) -> None:
    """A cold side is launched, checked, and gets everything at once; nothing is registered, nothing lost."""
    stage.start("v2", "100%")
    stage.until(ended)
    stage.rest()
    stage.start("v1", "100%", back=True)
    assert stage.until(ended).phase is Phase.SUCCEEDED
    stage.rest()
    assert stage.lost() == (0, 0) and stage.bench.shares() == {"v1": 100}
    assert [len(stage.cloud.log.of(name)) for name in (RULE, REGISTER)] == [1, 0]
    assert stage.bench.fleet(BLUE).primary.definition.endswith("shop-blue:1")
    assert stage.bench.least() == {BLUE: 2, GREEN: 0}


def test_weights_edited_by_hand_pause_it(stage: PairStage[EcsBench]) -> None:
    """Noticed within two looks, told old and new; nothing is written over."""
    stage.start("v2", "10% 10m, 100%")
    stage.until(lambda r: r.proven == 10)
    stage.cloud.knobs.edit_rule({BLUE: 40, GREEN: 60})
    rollout = stage.until(lambda r: r.phase is Phase.PAUSED, minutes=3)
    assert rollout.cause is not None and "10 % → 60 %" in rollout.cause.text
    assert stage.bench.shares() == {"v1": 40, "v2": 60}


def test_a_side_that_dies_with_traffic_brings_it_back(stage: PairStage[EcsBench]) -> None:
    """Green turns sick at 50 %: known from its targets, before any alarm has its periods."""
    stage.start("v2", "50% 10m, 100%")
    stage.until(lambda r: r.proven == 50)
    stage.cloud.knobs.sicken(GREEN)
    rollout = stage.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.cause is not None and rollout.cause.kind in ("sick", "alarm")
    assert stage.bench.shares() == {"v1": 100}
