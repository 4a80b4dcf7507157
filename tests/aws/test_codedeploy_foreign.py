"""Servers: what a colleague deployed after ours is what they have, and is not overwritten (S14)."""

from typing import Any

import pytest

from aws.codedeploy_look import Want, story_of
from aws.codedeploy_replies import Deployment
from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.model import Phase, Rollout
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import ServerBench
from tests.aws.test_codedeploy_facts import ROLLOUT, TARGET, row
from tests.aws.test_codedeploy_whole import Stage, ended


class Shared(Stage):
    """Servers that two people deploy to."""

    def __init__(self, bench: ServerBench) -> None:
        super().__init__(bench)
        self.servers = bench
        bench.update(autoRollbackConfiguration={"enabled": False, "events": []})

    def by_hand(self, release: str, seconds: int = 0) -> str:
        """A colleague deploys that to all servers at once, in the console."""
        found = self.bench.console_create({
            "applicationName": self.bench.name, "deploymentGroupName": self.bench.name,
            "revision": self.servers.billing.revisions[release], "description": "fix forward",
            "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
        })  # fmt: skip
        self.cloud.log.clear()
        self.cloud.step(seconds)
        return found

    def fail(self) -> None:
        """Ours ends badly on its next server."""
        self.bench.engine.failing[self.bench.name] = "INTERNAL_ERROR"
        self.cloud.step(5)


@pytest.fixture
def shared(served: Cloud, sessions: Sessions) -> Shared:
    return Shared(ServerBench(served, sessions, CloudClock(served)))


def stuck_or_over(rollout: Rollout) -> bool:
    return rollout.phase is Phase.STUCK or not rollout.live


@pytest.mark.parametrize("seconds", [1, 240])
def test_a_colleagues_fix_is_not_overwritten(shared: Shared, seconds: int) -> None:
    """Ours fails, v3 is deployed by hand, seen while it runs or when it is through: it stays, and people are asked."""
    shared.until(lambda rollout: (rollout.proven or 0) > 0)
    shared.fail()
    name = shared.by_hand("v3", seconds)
    rollout = shared.until(stuck_or_over)
    assert rollout.phase is Phase.STUCK and rollout.cause is not None and rollout.cause.kind == "foreign"
    assert name in rollout.cause.text and "fix forward" in rollout.cause.text
    shared.cloud.step(300)
    shared.look()
    assert set(shared.servers.programs()) == {"v3"} and shared.written == []
    assert shared.rollout.cause is not None and "v3 by " in shared.rollout.cause.text


def test_a_second_word_of_a_persons_overwrites_it(shared: Shared) -> None:
    """[Roll back] once more: then the old release comes."""
    shared.until(lambda rollout: (rollout.proven or 0) > 0)
    shared.fail()
    shared.by_hand("v3", 240)
    shared.until(stuck_or_over)
    shared.press("rollback")
    assert shared.until(ended).phase is Phase.ROLLED_BACK
    assert set(shared.servers.programs()) == {"v1"} and shared.written == ["CreateDeployment"]


@pytest.mark.parametrize(("release", "percent"), [("v1", 0), ("v2", 100), ("v3", None)])
def test_after_ours_the_newest_deployment_says_what_serves(shared: Shared, release: str, percent: int | None) -> None:
    """At our bake: ours again is 100 %, the old one is 0 %, and another one is no share of ours at all."""
    shared.begin("v2", bake=3000)
    shared.until(lambda _: shared.state() == "done")
    shared.by_hand(release, 240)
    seen = shared.bench.seen(shared.rollout)
    assert seen.percent == percent and seen.foreign.startswith("v3 by " if percent is None else "")
    assert bool(seen.foreign) is (percent is None)
    assert seen.course is not None and "fix forward" in seen.course.reason


def test_what_was_put_back_by_hand_is_home(shared: Shared) -> None:
    """Ours fails, a colleague deploys the old release: nothing more is started."""
    shared.until(lambda rollout: (rollout.proven or 0) > 0)
    shared.fail()
    shared.by_hand("v1", 240)
    rollout = shared.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and shared.written == []


def test_nothing_is_started_over_what_came_after_it_was_prepared(shared: Shared) -> None:
    """A pipeline deploys v3 between our first look and our start."""
    accepted = shared.bench.accepted("v2")
    shared.cloud.step(1)
    shared.by_hand("v3", 240)
    seen = shared.bench.seen(accepted)
    assert (seen.percent, seen.foreign[:6]) == (None, "v3 by ") and seen.course is not None
    assert seen.course.state == "none"


def after(*rows: Deployment) -> str:
    found = story_of(Want(ROLLOUT, TARGET), rows).after
    return found.deployment_id if found else ""


@pytest.mark.parametrize("creator", ["autoscaling", "autoscalingTermination", "CodeDeployAutoUpdate"])
def test_a_deployment_to_one_new_server_says_nothing_of_the_others(creator: str) -> None:
    """AWS makes it when a group of servers grows: the others have what they had."""
    assert after(row(1, "v2", 1, "Failed"), row(2, "", 2, "Succeeded", creator=creator)) == ""


@pytest.mark.parametrize("backs", [False, True])
def test_only_what_came_after_all_of_ours_counts(backs: bool) -> None:
    """Older ones are history, AWS's own way back is ours; of several the newest one counts."""
    link: dict[str, Any] = {"rollbackInfo": {"rollbackTriggeringDeploymentId": "d-2"}}
    ours = [row(1, "", 1, "Succeeded"), row(2, "v2", 2, "Failed")]
    ours += [row(3, "", 3, "Succeeded", **link)] if backs else []
    assert after(*ours) == "" and after(*ours, row(4, "", 4, "Failed"), row(5, "", 5)) == "d-5"
    assert after(row(6, "", -1, "Succeeded")) == "" and after(row(6, "", 1, "Succeeded")) == "d-6"
