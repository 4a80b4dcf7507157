"""Every write of `ecs-native` applied and its reply lost or cut, fifty times each: one effect, no false success."""

import pytest

from aws.native_course import Own
from aws.native_hands import NativeHands
from aws.native_look import NativeEyes, want
from aws.native_seen import Sight
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import image_uri
from demo.cloud.metrics import moment
from demo.cloud.seed_api import API
from rollout.actions import Action, Continue, Launch, Outcome, Stop
from rollout.model import Phase, Rollout
from rollout.release import Release
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

    def _definition(self, release: Release) -> str:
        self._eyes.marks.find = lambda *_: ""  # type: ignore[method-assign]  # the planted bug: it never looks for one
        return super()._definition(release)

    def _stop(self) -> Outcome:
        own = self._eyes.closely(self._one).newest
        assert own is not None
        self._eyes.closely = lambda one: Sight(  # type: ignore[method-assign]  # the planted bug: an old look counts
            one.rollout, None, self._one.rollout.created_at,  # type: ignore[arg-type]  # nothing else of it is asked for
            (Own(own.native.model_copy(update={"status": "IN_PROGRESS"}), own.release, forward=True),),
        )  # fmt: skip
        return super()._stop()


def begun(bench: NativeBench, number: int, digest: str = "") -> Rollout:
    """A rollout of an image that nobody has deployed or registered before; what a look would have prepared."""
    newest, served = bench.deployments()[-1], bench.api.definition
    image = image_uri(API, digest or f"sha256:{number:064x}")
    return bench.requested(number=number).but(
        phase=Phase.STEPPING,
        stable=Release(id="v1", pinned={"task_definition": served}),
        candidate=Release(id=f"r{number}", pinned={"from": served, "container": "app", "image": image}),
        snapshot={"deployment": newest.arn, "at": moment(newest.created).isoformat(), "definition": served},
    )


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
        rollout = begun(bench, number)
        launch = Launch(release=f"r{number}")
        for lost in (REGISTER, UPDATE):
            fault(bench, number, lost)
            assert bench.do(rollout, launch).state == "unknown"
        assert bench.do(rollout, launch).state == "done"
        fault(bench, number, STOP)
        assert bench.do(rollout, Stop()).state == "unknown"
        assert bench.do(rollout, Stop()).state == "done"
        assert counts(bench) == {REGISTER: number, UPDATE: number, STOP: number, CONTINUE: 0}
        assert len(bench.deployments()) == number + 1
        bench.cloud.step(12)
        assert bench.deployments()[-1].status == "ROLLBACK_SUCCESSFUL"


def test_no_answer_is_given_twice(bench: NativeBench) -> None:
    """ContinueServiceDeployment: unknown, then done without a second call; the next pause is not answered with it."""
    given = 0
    for number, tag in enumerate(("v2", "v3"), start=1):
        rollout = begun(bench, number, bench.api.digests[tag])
        assert bench.do(rollout, Launch(release=f"r{number}")).state == "done"
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


def step_to_pause(bench: NativeBench) -> None:
    """Until the newest deployment awaits an answer."""
    for _ in range(120):
        if any(hook.status == "AWAITING_ACTION" for hook in bench.deployments()[-1].hooks):
            return
        bench.cloud.step(1)
    raise AssertionError(bench.deployments()[-1].stage)
