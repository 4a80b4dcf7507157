"""Whole rollouts of the demo's `api`, in virtual time: machine, driver and AWS's own deployment, with real requests."""

from collections.abc import Callable
from datetime import timedelta
from math import ceil

import pytest

from aws.sessions import Sessions
from aws.world import AwsWorld
from demo.cloud import Cloud
from rollout.actions import intent_key
from rollout.ask import Ask
from rollout.machine import apply, decide
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.terms import AlarmGate, Timing
from tests.aws.native_bench import CONTINUE, REGISTER, STOP, UPDATE, NativeBench, plain

ANA = Actor(id="U0ANA")


class Stage:
    """One rollout, looked at whenever it asks to be."""

    def __init__(self, bench: NativeBench) -> None:
        self.bench, self.cloud, self.clock = bench, bench.cloud, bench.clock
        self.world = AwsWorld(bench.sessions, {bench.driver.kind: bench.driver}, bench.clock)
        self.begin("v2")

    def begin(self, wanted: str, schedule: str = "", *, bake: int = 20) -> None:
        rollout = self.bench.requested(wanted, 1, schedule)
        terms = rollout.terms.model_copy(update={
            "bake": timedelta(seconds=bake), "alarms": (AlarmGate(name="api-errors"),),
            "timing": Timing(look_moving=timedelta(seconds=10), look_waiting=timedelta(seconds=10)),
        })  # fmt: skip
        self.rollout = rollout.but(terms=terms)
        self.cloud.log.clear()

    def look(self) -> None:
        """One round of the conductor: observe, decide, perform."""
        now = self.clock.now()
        passed = now - self.rollout.last_look if self.rollout.last_look else None
        decision = decide(self.rollout, self.world.observe([self.rollout])[1], now, passed)
        self.rollout = decision.rollout
        for action in decision.actions:
            outcome = self.world.perform(self.rollout, action, intent_key(1, self.rollout.step, action))
            assert outcome.state == "done", (action, outcome)

    def until(self, reached: Callable[[Rollout], bool], minutes: int = 15) -> Rollout:
        """Look on, as often as the machine asks for, until it is so."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while not reached(self.rollout) and self.rollout.live and self.clock.now() < end:
            self.look()
            if self.rollout.wake_at:
                self.cloud.step(max(1, ceil((self.rollout.wake_at - self.clock.now()).total_seconds())))
        assert reached(self.rollout), (self.rollout.phase, self.rollout.cause, self.rollout.seen)
        return self.rollout

    def press(self, verb: str) -> None:
        """What a person does on the card."""
        ask = Ask(verb=verb, ref=1, bound=None if verb == "rollback" else self.rollout.bound)
        self.rollout = apply(self.rollout, ask, ANA, self.clock.now())

    def lost(self) -> int:
        """Requests that found no server, or one that was gone."""
        ledger = self.cloud.world.servers.flow.ledgers[self.bench.api.rule]
        return round(ledger.unserved + ledger.stranded)


@pytest.fixture
def stage(served: Cloud, sessions: Sessions) -> Stage:
    return Stage(NativeBench(served, sessions, seeded=True))


def at(phase: Phase) -> Callable[[Rollout], bool]:
    return lambda rollout: rollout.phase is phase


def ended(rollout: Rollout) -> bool:
    return not rollout.live


def test_a_good_image_is_answered_once_and_succeeds(stage: Stage) -> None:
    """Started, its pause answered by a person, 10 %, everything, baked: three calls, no request lost."""
    stage.until(at(Phase.WAITING))
    assert stage.rollout.proven == 0
    stage.press("promote")
    stage.until(lambda rollout: rollout.proven == 10)
    assert stage.until(ended).phase is Phase.SUCCEEDED
    assert stage.bench.written() == [REGISTER, UPDATE, CONTINUE] and stage.lost() == 0
    assert stage.rollout.seen is not None and stage.rollout.seen.percent == 100


def test_a_bad_image_goes_back_once_whoever_sees_it_first(stage: Stage) -> None:
    """8 % errors at 50 %: the alarm is AWS's and ours; the old release has everything, no request is lost."""
    stage.begin("v3", "50% 10m, 100%")
    rollout = stage.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.cause is not None
    assert rollout.cause.kind in ("alarm", "aws") and rollout.seen is not None and rollout.seen.percent == 0
    assert set(stage.bench.written()) <= {REGISTER, UPDATE, STOP} and stage.bench.written().count(UPDATE) == 1
    assert stage.lost() == 0 and len(stage.bench.deployments()) == 2


def test_a_rollback_from_the_very_end_is_a_deployment_of_the_old_release(stage: Stage) -> None:
    """AWS has ended: one more UpdateService, at once, without a pause; no request is lost on either way."""
    stage.begin("v2", "100% 1m", bake=300)
    stage.until(lambda rollout: rollout.seen is not None and rollout.seen.course is not None
                and rollout.seen.course.state == "done")  # fmt: skip
    assert stage.rollout.live
    stage.press("rollback")
    assert stage.until(ended).phase is Phase.ROLLED_BACK
    assert stage.bench.written() == [REGISTER, UPDATE, UPDATE] and stage.lost() == 0
    assert stage.bench.deployments()[-1].target.deployment.definition == stage.bench.api.definition


def test_a_pause_before_any_task_is_promoted_like_every_other(served: Cloud, sessions: Sessions) -> None:
    """At PRE_SCALE_UP nothing is asked for, so nothing of it can be known healthy: the alarms decide, and a person."""
    pause = {"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"],
             "timeoutConfiguration": {"timeoutInMinutes": 60, "action": "ROLLBACK"}}  # fmt: skip
    stage = Stage(NativeBench(served, sessions, plain("BLUE_GREEN", bakeTimeInMinutes=1, lifecycleHooks=[pause])))
    terms = stage.rollout.terms.model_copy(update={"alarms": (), "gates": "none"})
    stage.rollout = stage.rollout.but(terms=terms)
    stage.until(at(Phase.WAITING))
    stage.look()
    assert stage.rollout.verdict is not None and stage.rollout.verdict.outcome == "PASS"
    stage.press("promote")
    assert stage.until(ended).phase is Phase.SUCCEEDED
