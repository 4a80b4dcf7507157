"""After a late rollback: our way back has arrived and still keeps the bad release; the fix does not wait for that."""

import pytest

from aws.codedeploy_mark import mark, only_keeps
from aws.codedeploy_replies import Deployment
from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.model import Phase, Rollout
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import EcsBench, FleetBench
from tests.aws.test_codedeploy_facts import NOON, ROLLOUT
from tests.aws.test_codedeploy_whole import Stage, at, ended

CONTINUE = "codedeploy:ContinueDeployment"


class Late(Stage):
    """A group whose way back keeps its old side for an hour."""

    def roll_back_late(self) -> None:
        """v2 is left when it had everything and its old side was gone: v1 serves again, and v2 is kept."""
        self.begin("v2", bake=5000)
        self.until(at(Phase.WAITING))
        self.press("promote")
        self.until(lambda _: self.state() == "done", minutes=20)
        options = self.bench.group.settings["blueGreenDeploymentConfiguration"]
        an_hour = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 60}
        kept = {**options, "terminateBlueInstancesOnDeploymentSuccess": an_hour}
        self.bench.update(blueGreenDeploymentConfiguration=kept)
        self.press("rollback")
        assert self.until(ended).phase is Phase.ROLLED_BACK and self.bench.group.active is not None

    def checks(self, rollout: Rollout) -> dict[str, tuple[str, str]]:
        return {one.name: (one.state, one.hint) for one in self.bench.driver.prepare(rollout).checks}


@pytest.fixture(params=[EcsBench, FleetBench])
def late(request: pytest.FixtureRequest, served: Cloud, sessions: Sessions) -> Late:
    return Late(request.param(served, sessions, CloudClock(served)))


def test_a_fix_starts_at_once(late: Late) -> None:
    """The wait of our own way back is ended first, once, and the fix is launched when AWS is free."""
    late.roll_back_late()
    rest = late.bench.group.deployments[-1]
    late.begin("v3")
    late.until(at(Phase.WAITING))
    assert late.rollout.wait == "READY_WAIT" and rest.status == "Succeeded"
    assert late.written == ["ContinueDeployment", "CreateDeployment"]
    assert late.rollout.stable is not None and late.rollout.stable.id == "v1"


def test_a_lost_word_to_our_way_back_ends_it_once(served: Cloud, sessions: Sessions) -> None:
    """A02, twenty minutes later, when no list has it any more: it ends, nobody was told, and the fix starts."""
    bench = EcsBench(served, sessions, CloudClock(served))
    late = Late(bench)
    late.roll_back_late()
    late.cloud.step(1200)
    rollout = bench.accepted("v3", 2)
    late.cloud.knobs.lost_reply(CONTINUE)
    late.cloud.log.clear()
    assert bench.launch(rollout, "v3").state == "unknown"
    assert bench.launch(rollout, "v3").state == "done"
    late.cloud.step(2)
    assert "d-" in bench.launch(rollout, "v3").text and late.written == ["ContinueDeployment", "CreateDeployment"]


def test_somebody_elses_wait_is_not_ended(served: Cloud, sessions: Sessions) -> None:
    """A colleague's deployment keeps its old side: refused, and nobody is told to stop what would go back then."""
    bench = EcsBench(served, sessions, CloudClock(served))
    late = Late(bench)
    late.begin("v2")
    late.until(at(Phase.WAITING))
    late.press("promote")
    late.until(at(Phase.FINAL_BAKE))
    late.cloud.log.clear()
    other = bench.requested("v3", 2)
    state, hint = late.checks(other)["busy"]
    assert state == "fail" and "TERMINATION_WAIT" in hint and "stopped by" not in hint
    assert bench.launch(bench.accepted("v3", 2), "v3").state == "failed" and not late.written


def kept(description: str, **more: object) -> Deployment:
    return Deployment.model_validate({
        "deploymentId": "d-1", "applicationName": "shop", "deploymentGroupName": "shop", "status": "InProgress",
        "createTime": NOON, "instanceTerminationWaitTimeStarted": True, "description": description, **more,
    })  # fmt: skip


def test_only_a_way_back_that_has_arrived_is_let_go() -> None:
    """By its mark, its release and AWS's own word; a launch's old side is somebody's way back."""
    back = mark(ROLLOUT, "v1", "1/0/launch/v1")
    assert only_keeps(kept(back), "v1") and only_keeps(kept(back, status="Baking"), "v1")
    assert not only_keeps(kept(back), "v2") and not only_keeps(kept(mark(ROLLOUT, "v2", "k")), "v2")
    assert not only_keeps(kept(back, instanceTerminationWaitTimeStarted=False), "v1")
    assert not only_keeps(kept(back, status="Succeeded"), "v1") and not only_keeps(kept("nightly"), "v1")
