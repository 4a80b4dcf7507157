"""Deployments to a service that end badly with traffic on both sides: nothing is called home that is not (S4)."""

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import perform
from demo.cloud.calls import ACCOUNT, REGION
from rollout.model import Phase
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import CATALOG, EcsBench
from tests.aws.test_codedeploy_whole import Stage, ended

SLOWLY = "10% 5m, 100%"


class Split(Stage):
    """A service whose group waits for nobody: v2 has a tenth of the traffic."""

    def __init__(self, bench: EcsBench) -> None:
        super().__init__(bench)
        self.service = bench
        options = bench.group.settings["blueGreenDeploymentConfiguration"]
        ready = {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0}
        bench.update(blueGreenDeploymentConfiguration={**options, "deploymentReadyOption": ready})

    def reach_a_tenth(self) -> None:
        self.begin("v2", SLOWLY)
        self.until(lambda rollout: rollout.proven == 10)
        assert self.truth() == {"catalog:1": 90.0, "catalog:2": 10.0}

    def truth(self) -> dict[str, float]:
        """Who gets how much, by task definition: groups take turns."""
        fleet = self.cloud.world.servers.services.fleets[ACCOUNT, REGION, CATALOG, CATALOG]
        written = self.cloud.world.servers.routing.written(self.service.catalog.listener)
        whole, shares = sum(written.values()), dict[str, float]()
        for one in fleet.deployments:
            if not one.off:
                share = sum(100 * written.get(group, 0) / whole for group, _ in fleet.groups_of(one))
                name = one.definition.rsplit("/", 1)[-1]
                shares[name] = shares.get(name, 0.0) + share
        return {name: share for name, share in shares.items() if share}

    def console_stop(self) -> None:
        """[Stop] in AWS's console, without [roll back]."""
        asked = {"deploymentId": self.bench.group.deployments[-1].id, "autoRollbackEnabled": False}
        perform(self.cloud.world, "codedeploy", "StopDeployment", asked)


@pytest.fixture
def split(served: Cloud, sessions: Sessions) -> Split:
    return Split(EcsBench(served, sessions, CloudClock(served)))


@pytest.mark.parametrize("how", ["it fails", "stopped in the console"])
def test_what_ends_in_the_middle_is_brought_home(split: Split, how: str) -> None:
    """No auto-rollback: the share it left off at is seen, and the old release comes by a deployment of ours."""
    split.bench.update(autoRollbackConfiguration={"enabled": False, "events": []})
    split.reach_a_tenth()
    if how == "it fails":
        split.bench.fail()
    else:
        split.console_stop()
        split.cloud.step(5)
    split.look()
    assert split.rollout.seen is not None and split.rollout.seen.percent == 10 and split.state() != "back"
    assert split.until(ended).phase is Phase.ROLLED_BACK
    assert split.truth() == {"catalog:1": 100.0} and split.written.count("CreateDeployment") == 2


def test_what_cannot_be_read_of_what_ended_is_not_known(split: Split) -> None:
    """AWS does not show how far it came: the share is unknown, and never 0."""
    split.bench.update(autoRollbackConfiguration={"enabled": False, "events": []})
    split.reach_a_tenth()
    split.bench.fail()
    split.cloud.knobs.deny("codedeploy:BatchGetDeploymentTargets")
    seen = split.bench.seen(split.rollout)
    assert (seen.percent, seen.course and seen.course.state) == (None, "failed")


@pytest.mark.parametrize("moment", ["at its first step", "before its traffic moves"])
def test_a_way_back_of_awss_that_fails_is_not_home(split: Split, moment: str) -> None:
    """[Roll back] at a tenth, and AWS's own way back ends badly: what it left is not taken for nothing."""
    split.reach_a_tenth()
    split.press("rollback")
    split.look()
    split.cloud.step(5)
    [*_, back] = split.bench.group.deployments
    assert back.undoes is not None and back.status == "Created"
    split.cloud.step(0 if moment == "at its first step" else 3)
    split.bench.engine.failing[CATALOG] = "ECS_UPDATE_ERROR"
    split.cloud.step(5)
    assert back.status == "Failed" and split.truth() == {"catalog:1": 90.0, "catalog:2": 10.0}
    split.look()
    assert split.rollout.seen is not None and split.state() == "failed"
    assert split.rollout.seen.percent == (None if back.run is None else 10)
    assert split.until(ended).phase is Phase.ROLLED_BACK
    assert split.truth() == {"catalog:1": 100.0} and split.written[-1] == "CreateDeployment"


def test_what_never_got_traffic_leaves_nothing_to_put_back(split: Split) -> None:
    """It fails while its tasks come up: 0 % is known, and no deployment is started for it."""
    split.bench.update(autoRollbackConfiguration={"enabled": False, "events": []})
    split.begin("v2", SLOWLY)
    split.look()
    split.cloud.step(8)
    split.bench.fail()
    assert split.until(ended).phase is Phase.ROLLED_BACK
    assert split.truth() == {"catalog:1": 100.0} and split.written == ["CreateDeployment"]
