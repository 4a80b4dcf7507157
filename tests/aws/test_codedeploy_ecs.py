import json
from collections.abc import Callable

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.actions import Launch
from rollout.model import Rollout
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import EcsBench
from tests.aws.hooks import answers

CONTINUE, REGISTER = "codedeploy:ContinueDeployment", "ecs:RegisterTaskDefinition"


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> EcsBench:
    return EcsBench(served, sessions, CloudClock(served))


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


def at_ready(bench: EcsBench) -> Rollout:
    """One that stands at the wait before traffic."""
    rollout = bench.launched(100)
    assert bench.course(rollout).wait is not None
    return rollout


def at_the_end(bench: EcsBench) -> Rollout:
    """One whose old side is about to be removed."""
    rollout = at_ready(bench)
    bench.go_on(rollout, "READY_WAIT")
    bench.cloud.step(20)
    return bench.looked(rollout)


def finished(bench: EcsBench) -> Rollout:
    rollout = at_the_end(bench)
    bench.cloud.step(330)
    return bench.looked(rollout)


def test_the_appspec_is_of_the_live_service(bench: EcsBench) -> None:
    """The task definition that was registered for it, and the port that the service itself has."""
    rollout = bench.accepted(hooks={"AfterAllowTestTraffic": "CodeDeployHook_smoke"})
    bench.launch(rollout)
    [registered] = bench.cloud.log.of(REGISTER)
    spec = json.loads(bench.created()[0].parameters["revision"]["appSpecContent"]["content"])
    [resource] = spec["Resources"]
    properties = resource["TargetService"]["Properties"]
    assert properties["LoadBalancerInfo"] == {"ContainerName": "app", "ContainerPort": 8080}
    assert properties["TaskDefinition"].endswith("catalog:2") and registered.parameters["family"] == "catalog"
    assert spec["Hooks"] == [{"AfterAllowTestTraffic": "CodeDeployHook_smoke"}]


def test_a_task_definition_is_registered_once(bench: EcsBench) -> None:
    """A lost answer of the registration: the next launch finds the revision by its content."""
    rollout = bench.accepted()
    bench.cloud.knobs.lost_reply(REGISTER)
    assert bench.launch(rollout).state == "unknown" and bench.created() == []
    assert bench.launch(rollout).state == "done"
    assert len(bench.cloud.log.of(REGISTER)) == 1 == len(bench.created())


def test_a_release_by_its_task_definition(bench: EcsBench) -> None:
    """Named by its revision, nothing is registered, and both sides are told apart by it."""
    rollout = bench.accepted()
    bench.launch(rollout)
    bench.stop(rollout)
    bench.cloud.step(120)
    named = bench.looked(bench.accepted("td:catalog:2", number=2))
    bench.cloud.log.clear()
    assert bench.do(named, Launch(release="td:catalog:2")).state == "done"
    assert bench.cloud.log.of(REGISTER) == []
    bench.cloud.step(60)
    bench.go_on(named, "READY_WAIT")
    bench.cloud.step(20)
    assert bench.seen(named).percent == 100


@pytest.mark.parametrize(("wait", "stand"), [("READY_WAIT", at_ready), ("TERMINATION_WAIT", at_the_end)])
def test_a_lost_continue_goes_on_once(
    bench: EcsBench, wait: str, stand: Callable[[EcsBench], Rollout]
) -> None:
    """A02: it went on, nobody was told: asked again, it is past that wait and nothing is called."""
    for fault in ("lost_reply", "truncate_reply"):
        rollout = stand(bench)
        bench.cloud.log.clear()
        getattr(bench.cloud.knobs, fault)(CONTINUE)
        first = bench.go_on(rollout, wait).state
        bench.cloud.step(2)
        assert bench.go_on(rollout, wait).state == "done" and len(bench.cloud.log.of(CONTINUE)) == 1
        # ContinueDeployment answers nothing: half of nothing is a whole answer.
        assert first == ("unknown" if fault == "lost_reply" else first)
        bench.again()


def test_fifty_lost_continues_go_on_once_each(bench: EcsBench) -> None:
    """A02, 50 of 50: a reply lost or cut, asked again in the same second and a second later: one call each."""
    rollout = at_ready(bench)
    run = bench.group.deployments[-1].run
    for fault in ["lost_reply", "truncate_reply"] * 25:
        bench.cloud.log.clear()
        getattr(bench.cloud.knobs, fault)(CONTINUE)
        bench.go_on(rollout, "READY_WAIT")
        bench.cloud.step(1)
        assert bench.go_on(rollout, "READY_WAIT").state == "done"
        assert len(bench.cloud.log.of(CONTINUE)) == 1
        bench.stand_again(run)


def test_a_word_for_one_wait_is_none_for_another(bench: EcsBench) -> None:
    """[Go on] pressed late must not remove the old side, nor [Terminate blue now] move traffic."""
    for stand, other in ((at_ready, "TERMINATION_WAIT"), (at_the_end, "READY_WAIT")):
        rollout = stand(bench)
        bench.cloud.log.clear()
        assert bench.go_on(rollout, other).state == "done"
        assert not bench.cloud.log.applied and not bench.cloud.log.refused
        bench.again()


def test_a_refusal_because_it_went_on_meanwhile_is_done(bench: EcsBench) -> None:
    """Somebody pressed in the console between our look and our call: AWS refuses, and it is so already."""
    rollout = at_ready(bench)
    before = bench.info(rollout)
    bench.console_continue(rollout)
    refused = bench.go_on(rollout, "READY_WAIT")
    assert refused.state == "failed" and "DeploymentIsNotInReadyState" in refused.text  # AWS still shows the wait
    bench.cloud.step(1)
    rows = [{"deploymentsInfo": [row]} for row in (before, bench.info(rollout))]
    with answers(bench.sessions, "codedeploy", "BatchGetDeployments", *rows) as asked:
        outcome = bench.go_on(rollout, "READY_WAIT")
        assert (outcome.state, len(asked)) == ("done", 2) and "had gone on" in outcome.text


@pytest.mark.parametrize(("baking", "waiting"), [(False, True), (True, True), (True, False), (False, False)])
def test_the_last_wait_whatever_aws_calls_it(bench: EcsBench, baking: bool, waiting: bool) -> None:
    """By flag, by status, or by neither (containers-roadmap 269): the same wait, until the same moment."""
    bench.cloud.knobs.codedeploy_words(baking=baking, waiting=waiting)
    rollout = at_the_end(bench)
    wait = bench.course(rollout).wait
    assert wait is not None and wait.id == "TERMINATION_WAIT" and wait.until is not None
    left = (wait.until - bench.clock.now()).total_seconds()
    assert 280 <= left <= 300
    assert bench.go_on(rollout, "TERMINATION_WAIT").state == "done"
    bench.cloud.step(3)
    assert bench.course(rollout).state == "done"


def test_nobody_answers_and_aws_stops_it(bench: EcsBench) -> None:
    """After the group's time AWS gives up: before any traffic, so everything is where it was."""
    options = bench.group.settings["blueGreenDeploymentConfiguration"]
    short = {**options["deploymentReadyOption"], "waitTimeInMinutes": 3}
    bench.update(blueGreenDeploymentConfiguration={**options, "deploymentReadyOption": short})
    rollout = at_ready(bench)
    wait = bench.course(rollout).wait
    assert wait is not None and wait.until is not None
    states = []
    bench.cloud.step(int((wait.until - bench.clock.now()).total_seconds()))
    for seconds in (1, 1, 2, 3, 5, 60, 60):
        bench.cloud.step(seconds)
        rollout = bench.looked(rollout)
        states.append(bench.course(rollout).state)
    assert states[-1] == "back" and set(states) <= {"going_back", "back"}
    assert bench.seen(rollout).percent == 0 and bench.shares() == {"a": 100.0}


@pytest.mark.parametrize("stand", [lambda bench: bench.launched(10), at_ready, at_the_end])
def test_a_stop_from_everywhere_goes_back(bench: EcsBench, stand: Callable[[EcsBench], Rollout]) -> None:
    """While it comes up, at the wait, with all traffic moved: never failed in between, and home in the end."""
    rollout = stand(bench)
    assert bench.stop(rollout).state == "done"
    states = []
    for seconds in (1, 1, 1, 1, 1, 1, 2, 2, 60):
        bench.cloud.step(seconds)
        rollout = bench.looked(rollout)
        states.append(bench.course(rollout).state)
    assert states[-1] == "back" and "failed" not in states and "done" not in states
    seen = bench.seen(rollout)
    assert seen.percent == 0 and bench.shares() == {"a": 100.0} and seen.stable.state == "healthy"


def test_after_the_end_the_way_back_answers_its_own_wait(bench: EcsBench) -> None:
    """The group waits before any traffic, a way back too: the launch asked for again says the word."""
    rollout = finished(bench)
    assert bench.launch(rollout, "v1").state == "done"
    bench.cloud.step(60)
    assert bench.course(rollout).state == "failed"  # nothing goes on by itself
    assert bench.launch(rollout, "v1").state == "done" and len(bench.cloud.log.of(CONTINUE)) == 2
    bench.cloud.step(1)
    assert bench.course(rollout).state == "going_back"
    bench.cloud.step(30)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.percent) == ("back", 0)
    assert len(bench.created()) == 2


def test_a_look_is_three_calls(bench: EcsBench) -> None:
    """Deployments, targets, services: one call each; definitions are compared once and remembered."""
    rollout = at_ready(bench)
    bench.cloud.log.clear()
    bench.looked(rollout)
    assert bench.reads() == {
        "codedeploy:BatchGetDeployments": 1, "codedeploy:BatchGetDeploymentTargets": 1, "ecs:DescribeServices": 1,
    }  # fmt: skip


def test_a_third_definition_is_foreign(bench: EcsBench) -> None:
    """Somebody's deployment of something else ends: the share is not known, what serves is named."""
    rollout = bench.looked(bench.accepted())
    bench.serve_something_else()
    seen = bench.seen(rollout)
    assert seen.percent is None and seen.foreign.startswith("catalog:") and seen.foreign.endswith("100 %")


def test_a_definition_that_became_another_is_not_deployed(bench: EcsBench) -> None:
    """What AWS registered is compared with what was asked for, before anything is started."""
    rollout = bench.accepted()
    other = {
        "taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/catalog:9", "family": "catalog",
        "revision": 9, "containerDefinitions": [{"name": "app", "image": "somebody-elses"}],
    }  # fmt: skip
    with answers(bench.sessions, "ecs", "RegisterTaskDefinition", {"taskDefinition": other}):
        outcome = bench.launch(rollout)
    assert outcome.state == "failed" and "registered with another content" in outcome.text
    assert bench.created() == []
