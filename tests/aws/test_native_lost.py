"""Every write of `ecs-native` applied and its reply lost or cut, fifty times each: one effect, no false success."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws.native_course import Own
from aws.native_hands import NativeHands
from aws.native_look import NativeEyes, want
from aws.native_seen import Sight
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.calls import Call
from rollout.actions import Action, Continue, Launch, Outcome, Stop
from rollout.model import Rollout
from tests.aws.hooks import answers
from tests.aws.native_bench import CONTINUE, REGISTER, STOP, UPDATE, NativeBench, plain

TIMES = 50
PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}
EVERY_STEP = plain(
    "LINEAR", bakeTimeInMinutes=0, lifecycleHooks=[PAUSE],
    linearConfiguration={"stepPercent": 3.0, "stepBakeTimeInMinutes": 0},
)  # fmt: skip


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> NativeBench:
    """Steps of 3 %, a pause before each: many waits, and little time between them."""
    return NativeBench(served, sessions, EVERY_STEP)


class Naive(NativeHands):
    """A driver that does what it is asked, without reading first what stands."""

    def _there(self, sight: Sight, *, forward: bool) -> str:
        return ""

    def _refuse_busy(self, sight: Sight) -> None:
        pass

    def _launch(self, name: str) -> Outcome:
        self._eyes.marks.find = lambda *_: ""  # type: ignore[method-assign]  # the planted bug: it never looks for one
        return super()._launch(name)

    def _stop(self) -> Outcome:
        own = self._eyes.closely(self._one).newest
        assert own is not None
        self._eyes.closely = lambda one, **_: Sight(  # type: ignore[method-assign]  # the planted bug: an old look counts
            one.rollout, None, self._one.rollout.created_at,  # type: ignore[arg-type]  # nothing else of it is asked for
            (Own(own.native.model_copy(update={"status": "IN_PROGRESS"}), own.release, forward=True),),
        )  # fmt: skip
        return super()._stop()


def begun(bench: NativeBench, number: int) -> Rollout:
    """A rollout of an image that nobody has deployed or registered before."""
    return bench.begun(f"r{number}", number, digest=f"sha256:{number:064x}")


def fault(bench: NativeBench, number: int, operation: str) -> None:
    """Lost and cut in turns."""
    knobs = bench.cloud.knobs
    (knobs.lost_reply if number % 2 else knobs.truncate_reply)(operation)


def counts(bench: NativeBench) -> dict[str, int]:
    """How often each write took effect or was refused: everything that was sent."""
    log = bench.cloud.log
    return {name: len(log.of(name)) + log.refused[name] for name in (REGISTER, UPDATE, CONTINUE, STOP)}


def again(bench: NativeBench, rollout: Rollout, action: Action, *, hands: type[NativeHands] = NativeHands) -> Outcome:
    """By a process that remembers nothing."""
    return hands(NativeEyes(bench.sessions, bench.clock), want(rollout)).do(action)


def test_no_launch_and_no_stop_happens_twice(bench: NativeBench) -> None:
    """RegisterTaskDefinition, UpdateService, StopServiceDeployment: unknown, then done without a second call."""
    for number in range(1, TIMES + 1):
        if number % 5 == 1:
            bench = NativeBench(bench.cloud, bench.sessions, EVERY_STEP)  # long histories would only cost time
        rollout = begun(bench, number)
        launch = Launch(release=f"r{number}")
        for lost in (REGISTER, UPDATE):
            fault(bench, number, lost)
            assert bench.do(rollout, launch).state == "unknown"
        assert bench.do(rollout, launch).state == "done"
        fault(bench, number, STOP)
        assert bench.do(rollout, Stop()).state == "unknown"
        assert bench.do(rollout, Stop()).state == "done"
        assert counts(bench) == {REGISTER: 1, UPDATE: 1, STOP: 1, CONTINUE: 0}
        assert len(bench.deployments()) == (number - 1) % 5 + 2
        bench.cloud.step(12)
        assert bench.deployments()[-1].status == "ROLLBACK_SUCCESSFUL"
        bench.cloud.log.clear()


def test_no_answer_is_given_twice(bench: NativeBench) -> None:
    """ContinueServiceDeployment: unknown, then done without a second call; the next pause is not answered with it."""
    given = 0
    for number, tag in enumerate(("v2", "v3"), start=1):
        rollout = bench.begun(tag, number)
        assert bench.do(rollout, Launch(release=tag)).state == "done"
        while given < TIMES * number // 2:
            step_to_pause(bench)
            wait = bench.deployments()[-1].hooks[-1].id
            fault(bench, given, CONTINUE)
            assert bench.do(rollout, Continue(wait=wait)).state == "unknown"
            assert bench.do(rollout, Continue(wait=wait)).state == "done"
            given += 1
            assert counts(bench)[CONTINUE] == given == len(bench.applied(CONTINUE))
        bench.do(rollout, Stop())
        bench.cloud.step(30)
    assert given == TIMES


def test_the_count_sees_what_a_naive_driver_does(bench: NativeBench) -> None:
    """Planted: without reading first, the same three lost replies register, update and stop once more each."""
    rollout = begun(bench, 1)
    for lost in (REGISTER, UPDATE):
        fault(bench, 1, lost)
        assert again(bench, rollout, Launch(release="r1"), hands=Naive).state == "unknown"
    again(bench, rollout, Launch(release="r1"), hands=Naive)
    fault(bench, 1, STOP)
    for _ in range(2):
        again(bench, rollout, Stop(), hands=Naive)
    assert counts(bench) == {REGISTER: 3, UPDATE: 2, STOP: 2, CONTINUE: 0}


def test_a_definition_whose_reply_was_lost_is_found_by_its_content(bench: NativeBench) -> None:
    """Also by a process that remembers nothing, and with newer revisions beside it."""
    rollout = begun(bench, 1)
    fault(bench, 1, REGISTER)
    assert bench.do(rollout, Launch(release="r1")).state == "unknown"
    bench.revision("v3")
    assert again(bench, rollout, Launch(release="r1")).state == "done"
    assert counts(bench)[REGISTER] == 1
    assert bench.applied(UPDATE)[0].parameters["taskDefinition"].endswith("/api:2")


# --- AWS is slow to tell, or tells something else


def test_a_start_that_aws_does_not_list_yet_is_not_sent_again(bench: NativeBench) -> None:
    """The reply was lost and the list is behind: the service shows that it was asked."""
    rollout, before = begun(bench, 1), bench.shown()
    fault(bench, 1, UPDATE)
    assert bench.do(rollout, Launch(release="r1")).state == "unknown"
    with behind(bench, before):
        outcome = bench.do(rollout, Launch(release="r1"))
        assert outcome.state == "done" and "does not show the deployment yet" in outcome.text
        seen = bench.seen(rollout)
        # Where the traffic is nobody knows: 0 % would be called home, and nobody would look any more.
        assert seen.course is not None and (seen.course.state, seen.percent) == ("none", None)
    assert counts(bench)[UPDATE] == 1


def test_a_way_back_that_aws_does_not_list_yet_is_not_sent_again(bench: NativeBench) -> None:
    """The same after the end, for the deployment of the old release."""
    bench = NativeBench(bench.cloud, bench.sessions, plain("BLUE_GREEN", bakeTimeInMinutes=0))
    rollout = bench.launched()
    bench.until(rollout, "done")
    rollout, before = bench.looked(rollout), bench.shown()
    bench.cloud.log.clear()
    fault(bench, 1, UPDATE)
    assert bench.do(rollout, Launch(release="v1")).state == "unknown"
    with behind(bench, before, bench.deployments()[-2].arn):
        assert bench.do(rollout, Launch(release="v1")).state == "done"
    assert counts(bench)[UPDATE] == 1


def test_a_way_back_that_went_wrong_is_started_anew(bench: NativeBench) -> None:
    """AWS put the candidate back once more: what failed is no way back, and another one is started."""
    bench = NativeBench(bench.cloud, bench.sessions, plain("BLUE_GREEN", bakeTimeInMinutes=0))
    rollout = bench.launched()
    bench.until(rollout, "done")
    assert bench.do(bench.looked(rollout), Launch(release="v1")).state == "done"
    rollout = bench.looked(rollout)
    bench.cloud.world.perform(Call("ecs", "StopServiceDeployment", {
        "serviceDeploymentArn": bench.deployments()[-1].arn,
    }))  # fmt: skip
    bench.cloud.step(60)
    seen = bench.seen(rollout)
    assert seen.course is not None and (seen.course.state, seen.course.release, seen.percent) == ("failed", "v1", 100)
    assert bench.do(bench.looked(rollout), Launch(release="v1")).state == "done"
    assert bench.until(bench.looked(rollout), "back").release == "v1"
    assert counts(bench)[UPDATE] == 3


def test_what_ended_in_between_was_stopped_in_vain(bench: NativeBench) -> None:
    """ConflictException is no failure: what was wanted is so. One that still runs was really refused."""
    rollout = bench.launched()
    (shown,) = bench.described()
    conflict = ClientError({"Error": {"Code": "ConflictException", "Message": "ended"}}, "StopServiceDeployment")
    for status, state in (("ROLLBACK_SUCCESSFUL", "done"), ("IN_PROGRESS", "failed")):
        replies = [{"serviceDeployments": [shown | {"status": one}]} for one in ("IN_PROGRESS", status)]
        with (
            answers(bench.sessions, "ecs", "DescribeServiceDeployments", *replies),
            answers(bench.sessions, "ecs", "StopServiceDeployment", conflict),
        ):
            assert bench.do(rollout, Stop()).state == state


def test_a_hook_that_timed_out_in_between_was_answered_in_vain(bench: NativeBench) -> None:
    """InvalidParameterException because nothing waits any more is no failure; otherwise it is one."""
    rollout = bench.launched()
    (shown,) = bench.described()
    late = ClientError(
        {"Error": {"Code": "InvalidParameterException", "Message": "not awaiting"}}, "ContinueServiceDeployment"
    )
    for status, state in (("TIMED_OUT", "done"), ("AWAITING_ACTION", "failed")):
        hooks = [[{"hookId": "h-1", "targetType": "PAUSE", "status": one}] for one in ("AWAITING_ACTION", status)]
        replies = [
            {"serviceDeployments": [shown | {"status": "IN_PROGRESS", "lifecycleHookDetails": one}]} for one in hooks
        ]
        with (
            answers(bench.sessions, "ecs", "DescribeServiceDeployments", *replies),
            answers(bench.sessions, "ecs", "ContinueServiceDeployment", late),
        ):
            assert bench.do(rollout, Continue(wait="h-1")).state == state


WORDS = {"throttle": "too many calls", "outage": "the next look tells", "deny": "allow "}


@pytest.mark.parametrize(("operation", "kind"), [
    (REGISTER, "throttle"), (REGISTER, "outage"), (UPDATE, "deny"), (UPDATE, "outage"), (CONTINUE, "deny"),
    (CONTINUE, "throttle"), (STOP, "throttle"), (STOP, "deny"),
])  # fmt: skip
def test_a_write_that_is_refused_is_sent_once(bench: NativeBench, operation: str, kind: str) -> None:
    """Throttled and denied are surely not done, a failing server may have done it; the permission is named."""
    action: Action = Launch(release="v2")
    rollout = bench.begun()
    if operation in (CONTINUE, STOP):
        assert bench.do(rollout, action).state == "done"
        step_to_pause(bench)
        action = Stop() if operation == STOP else Continue(wait=bench.deployments()[-1].hooks[-1].id)
    elif operation == UPDATE:
        bench.revision("v2")
    getattr(bench.cloud.knobs, kind)(operation)
    outcome = bench.do(rollout, action)
    assert outcome.state == ("unknown" if kind == "outage" else "failed") and WORDS[kind] in outcome.hint
    assert operation in outcome.hint or kind != "deny"
    assert bench.cloud.log.refused[operation] == 1


def test_what_was_done_before_a_refusal_is_said(bench: NativeBench) -> None:
    """A revision was registered, the service was not asked: something did change."""
    rollout = bench.begun()
    bench.cloud.knobs.throttle(UPDATE)
    outcome = bench.do(rollout, Launch(release="v2"))
    assert outcome.state == "unknown" and outcome.text.startswith("a revision of api is registered; then ecs:UpdateS")


OTHER = {"family": "api", "taskDefinitionArn": "arn:x:task-definition/api:2", "revision": 2,
         "containerDefinitions": [{"name": "app", "image": "another"}]}  # fmt: skip


@pytest.mark.parametrize(("operation", "words"), [
    ("UpdateService", "asked for api:2, AWS answered api:1"),
    ("RegisterTaskDefinition", "api:2 was registered with another content"),
    ("StopServiceDeployment", "AWS answered arn:other"),
])  # fmt: skip
def test_an_answer_about_something_else_is_no_success(bench: NativeBench, operation: str, words: str) -> None:
    """What was not confirmed is not called done."""
    stops = operation == "StopServiceDeployment"
    rollout = bench.launched() if stops else begun(bench, 1)
    said = {"service": bench.shown(), "taskDefinition": OTHER, "serviceDeploymentArn": "arn:other"}
    with answers(bench.sessions, "ecs", operation, said):
        outcome = bench.do(rollout, Stop() if stops else Launch(release="r1"))
    assert outcome.state in ("unknown", "failed") and words in outcome.text


def step_to_pause(bench: NativeBench) -> None:
    """Until the newest deployment awaits an answer."""
    for _ in range(120):
        if any(hook.status == "AWAITING_ACTION" for hook in bench.deployments()[-1].hooks):
            return
        bench.cloud.step(1)
    raise AssertionError(bench.deployments()[-1].stage)


@contextmanager
def behind(bench: NativeBench, before: dict[str, Any], present: str = "") -> Iterator[None]:
    """AWS lists nothing new and shows the deployment of before as the present one; the service is what it is."""
    present = present or before["currentServiceDeployment"]
    shown = {"services": [bench.shown() | {"currentServiceDeployment": present}]}
    with (
        answers(bench.sessions, "ecs", "ListServiceDeployments", {"serviceDeployments": []}),
        answers(bench.sessions, "ecs", "DescribeServices", shown),
    ):
        yield
