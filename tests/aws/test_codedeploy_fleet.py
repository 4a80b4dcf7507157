"""The driver on servers that are replaced: a new fleet, both of its waits, and replies that are lost there (A02)."""

from collections.abc import Callable

import pytest

from aws.codedeploy_course import wait_of
from aws.codedeploy_ground import Ground
from aws.codedeploy_hands import Hands
from aws.codedeploy_look import Want
from aws.codedeploy_replies import Continued
from aws.codedeploy_target import CodeDeployTarget
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.codedeploy_blue_green import ENDING_SECONDS
from rollout.actions import Outcome
from rollout.model import Rollout
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import FleetBench

CONTINUE, CREATE, STOP = (f"codedeploy:{name}Deployment" for name in ("Continue", "Create", "Stop"))
TIMES = 50
Stand = Callable[[FleetBench], Rollout]


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> FleetBench:
    return FleetBench(served, sessions, CloudClock(served))


def until(bench: FleetBench, rollout: Rollout, state: str, percent: int) -> Rollout:
    """Lives on until a look shows that."""
    for _ in range(40):
        looked = bench.looked(rollout)
        assert looked.seen is not None and looked.seen.course is not None
        if (looked.seen.course.state, looked.seen.percent) == (state, percent):
            return looked
        bench.cloud.step(5)
    raise AssertionError(f"not {state} at {percent} % in time")


def at_ready(bench: FleetBench) -> Rollout:
    rollout = bench.looked(bench.accepted())
    assert bench.launch(rollout).state == "done"
    return until(bench, rollout, "waiting", 0)


def at_the_end(bench: FleetBench) -> Rollout:
    rollout = at_ready(bench)
    assert bench.go_on(rollout, "READY_WAIT").state == "done"
    return until(bench, rollout, "waiting", 100)


@pytest.mark.parametrize(("action", "refused"), [("DISCOVER_EXISTING", True), ("COPY_AUTO_SCALING_GROUP", False)])
def test_servers_that_would_have_to_be_named_are_refused_at_the_start(
    bench: FleetBench, action: str, refused: bool
) -> None:
    """AWS would refuse the launch: that is said before, with what to change."""
    bench.group.settings["blueGreenDeploymentConfiguration"]["greenFleetProvisioningOption"] = {"action": action}
    failed = [one for one in bench.driver.prepare(bench.requested("v2")).checks if one.state == "fail"]
    assert [one.name for one in failed] == (["servers"] if refused else [])
    assert all("COPY_AUTO_SCALING_GROUP" in one.hint for one in failed)


def test_while_the_old_side_is_removed_its_wait_is_over(bench: FleetBench) -> None:
    """AWS shows the wait until the last server is gone; told again it refuses, and that is no failure of ours."""
    rollout = at_the_end(bench)
    assert bench.go_on(rollout, "TERMINATION_WAIT").state == "done"
    bench.cloud.step(2)
    again = bench.go_on(bench.looked(rollout), "TERMINATION_WAIT")
    assert again.state == "done" and "it had gone on from TERMINATION_WAIT already" in again.text
    assert bench.cloud.log.refused[CONTINUE] == 1, "the refusal told it"


def sent(bench: FleetBench) -> int:
    """How often an answer to a wait was sent, whatever came of it."""
    return len(bench.cloud.log.of(CONTINUE)) + bench.cloud.log.refused[CONTINUE]


class Naive(Hands):
    """A driver that is asked again and answers again: whatever stands, or the same where nothing does."""

    def go_on(self, wait: str) -> Outcome:
        story = self._present()
        assert story.ours is not None
        present = wait_of(story, self._at)
        asked = present.id if present is not None else wait
        self._desk.calls.write(
            "ContinueDeployment", Continued, deploymentId=story.ours.deployment_id, deploymentWaitType=asked
        )
        return Outcome(state="done", text="sent")


WAITS: list[tuple[str, Stand]] = [("READY_WAIT", at_ready), ("TERMINATION_WAIT", at_the_end)]


@pytest.mark.parametrize(("wait", "stand"), WAITS)
def test_fifty_lost_answers_to_a_wait_are_one_each(bench: FleetBench, wait: str, stand: Stand) -> None:
    """A02, 50 of 50: lost or cut, asked again a second later, when AWS re-routes or has ended: sent once."""
    rollout = stand(bench)
    then = "InProgress" if wait == "READY_WAIT" else "Succeeded"
    for number in range(TIMES):
        bench.cloud.log.clear()
        (bench.cloud.knobs.truncate_reply if number % 2 else bench.cloud.knobs.lost_reply)(CONTINUE)
        first = bench.go_on(rollout, wait)
        # ContinueDeployment answers nothing: half of nothing is a whole answer.
        assert first.state == "unknown" or number % 2
        bench.run._life = iter([then])
        bench.cloud.step(1)
        assert bench.go_on(rollout, wait).state == "done" and sent(bench) == 1
        bench.stand_again(wait)


def test_a_naive_client_takes_the_next_wait_for_the_same(bench: FleetBench) -> None:
    """Planted: [Promote], its reply lost, asked again when the old servers are kept: they are gone at once."""
    rollout = at_ready(bench)
    target = CodeDeployTarget.model_validate(bench.settings)

    def naive() -> Outcome:
        ground: Ground = bench.driver._grounds["server"]
        return Naive(bench.driver._eyes, ground, Want(rollout, target), bench.clock.now()).go_on("READY_WAIT")

    bench.cloud.knobs.lost_reply(CONTINUE)
    assert bench.go_on(rollout, "READY_WAIT").state == "unknown"
    wait = bench.course(until(bench, rollout, "waiting", 100)).wait
    assert wait is not None and wait.until is not None
    assert bench.go_on(rollout, "READY_WAIT").state == "done" and sent(bench) == 1
    assert naive().state == "done" and sent(bench) == 2
    bench.cloud.step(ENDING_SECONDS + 2)
    assert bench.course(rollout).state == "done" and bench.clock.now() < wait.until


def test_a_lost_launch_and_a_lost_stop_are_one_each(bench: FleetBench) -> None:
    """A02: one deployment, one new fleet, one way back."""
    rollout = bench.looked(bench.accepted())
    bench.cloud.knobs.lost_reply(CREATE)
    assert bench.launch(rollout).state == "unknown" and bench.launch(rollout).state == "done"
    rollout = until(bench, rollout, "waiting", 0)
    bench.cloud.knobs.lost_reply(STOP)
    assert bench.stop(rollout).state == "unknown"
    bench.cloud.step(2)
    assert bench.stop(rollout).state == "done"
    until(bench, rollout, "back", 0)
    assert len(bench.created()) == 1 and len(bench.cloud.log.of(STOP)) == 1
    assert len(bench.group.deployments) == 3 and len(bench.cloud.world.servers.pools.pools) == 2


def test_a_word_for_one_wait_is_none_for_another(bench: FleetBench) -> None:
    """[Promote] pressed late must not end the old servers, nor [Terminate blue now] move traffic."""
    rollout = at_ready(bench)
    bench.cloud.log.clear()
    assert bench.go_on(rollout, "TERMINATION_WAIT").state == "done" and sent(bench) == 0
    bench.go_on(rollout, "READY_WAIT")
    until(bench, rollout, "waiting", 100)
    assert bench.go_on(rollout, "READY_WAIT").state == "done" and sent(bench) == 1


def test_a_look_is_three_calls(bench: FleetBench) -> None:
    """The deployment, which targets it has, which come and go, and what they do."""
    rollout = at_ready(bench)
    bench.cloud.log.clear()
    bench.looked(rollout)
    assert bench.reads() == {
        "codedeploy:BatchGetDeployments": 1, "codedeploy:ListDeploymentTargets": 1,
        "codedeploy:BatchGetDeploymentTargets": 1,
    }  # fmt: skip


def test_a_candidate_is_healthy_when_it_is_ready(bench: FleetBench) -> None:
    """Before that it comes; what is told counts the new servers only."""
    rollout = bench.looked(bench.accepted())
    bench.launch(rollout)
    bench.cloud.step(25)
    coming = bench.seen(rollout).candidate
    assert (coming.state, coming.coming) == ("unknown", True)
    ready = bench.seen(until(bench, rollout, "waiting", 0)).candidate
    assert (ready.state, ready.text) == ("healthy", "v2: 3 of 3 instances ready")
