"""A start that a red alarm of the deployment group refused and a second person overrode: CodeDeploy does as told."""

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.model import Override, Phase, Rollout
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import LambdaBench
from tests.aws.test_codedeploy_whole import Stage, ended


@pytest.fixture
def red(served: Cloud, sessions: Sessions) -> Stage:
    """The served version has errors, so the group's alarm is red before anything begins."""
    stage = Stage(LambdaBench(served, sessions, CloudClock(served)))
    stage.cloud.knobs.misbehave("my-app", "1", 0.9)
    stage.cloud.step(300)
    return stage


def refused(stage: Stage) -> Rollout:
    """The refusal, by name."""
    stage.begin("2", "10% 1m, 100%")
    rollout = stage.until(ended)
    assert rollout.phase is Phase.REFUSED and rollout.cause is not None
    assert set(rollout.cause.alarms) == {stage.bench.alarm} and rollout.wanted == "2"
    return rollout


def test_the_fix_gets_past_the_red_alarm(red: Stage) -> None:
    """Refused; overridden it is deployed although the alarm rings on, and nothing takes it back."""
    no = refused(red)
    assert red.written == [] and no.cause is not None
    red.begin("2", "10% 1m, 100%")
    known = {name: since for name, since in no.cause.alarms.items() if since is not None}
    over = Override(by=no.by, reason="it is the fix", at=no.created_at, of=1)
    red.rollout = red.rollout.but(overridden=over, known_red=known)
    done = red.until(ended)
    assert done.phase is Phase.SUCCEEDED and red.written == ["CreateDeployment"]
    assert any(warning.endswith("started it all the same: it is the fix") for warning in done.warnings)


def test_a_bad_fix_still_comes_back_when_the_alarm_rings_anew(red: Stage) -> None:
    """The alarm turns green by the new version and red again by it: that counts (S12)."""
    no = refused(red)
    assert no.cause is not None
    red.begin("2", "100%", bake=1500)
    known = {name: since for name, since in no.cause.alarms.items() if since is not None}
    over = Override(by=no.by, reason="it is the fix", at=no.created_at, of=1)
    red.rollout = red.rollout.but(overridden=over, known_red=known)
    red.until(lambda rollout: all(one.state == "OK" for one in rollout.alarms) and rollout.proven == 100)
    red.cloud.knobs.misbehave("my-app", "2", 0.9)
    back = red.until(ended, minutes=60)
    assert back.phase is Phase.ROLLED_BACK and back.fell_for is not None and back.fell_for.kind == "alarm"
