"""A rollout of two sides behind a load balancer that follows late, in virtual time: machine, driver and cloud.

The oracle counts requests: no rollout that goes well, or back, may lose one to a target that was taken away.
"""

from collections.abc import Callable
from datetime import timedelta
from math import ceil
from typing import Generic, TypeVar

from aws.world import AwsWorld
from demo.cloud.flow import Ledger
from rollout.actions import intent_key
from rollout.machine import decide
from rollout.model import Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.terms import AlarmGate, Terms, Timing
from tests.aws.pair_bench import PairBench

ANA = Actor(id="U0ANA")
B = TypeVar("B", bound=PairBench)


class Stage(Generic[B]):
    """One rollout, looked at whenever it asks to be."""

    def __init__(self, bench: B) -> None:
        self.bench, self.cloud, self.clock = bench, bench.cloud, bench.clock
        self.world = AwsWorld(bench.sessions, {bench.driver.kind: bench.driver}, bench.clock)
        bench.cloud.knobs.propagation(40)  # a minute is waited for
        self.begin(bench.candidate)

    def begin(self, wanted: str, plan: str = "10% 1m, 50% 1m, 100%", *, back: bool = False) -> None:
        now = self.clock.now()
        alarms = tuple(AlarmGate(name=f"{self.bench.app}-{what}") for what in ("errors", "unserved"))
        terms = Terms(
            plan=Plan.parse("canary", plan), bake=timedelta(seconds=20),
            settings=self.bench.settings, settle=timedelta(seconds=60), alarms=alarms,
            timing=Timing(look_moving=timedelta(seconds=10)),
        )  # fmt: skip
        self.rollout = Rollout(
            id=1, app=self.bench.app, env="prod", kind=self.bench.driver.kind, by=ANA, terms=terms, wanted=wanted,
            back=back, created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip
        self.cloud.log.clear()

    def look(self) -> None:
        """One round of the conductor: observe, decide, perform, keep what came of it."""
        now = self.clock.now()
        passed = now - self.rollout.last_look if self.rollout.last_look else None
        decision = decide(self.rollout, self.world.observe([self.rollout])[1], now, passed)
        self.rollout = decision.rollout
        for action in decision.actions:
            outcome = self.world.perform(self.rollout, action, intent_key(1, self.rollout.step, action))
            assert outcome.state == "done", (action, outcome)
            if outcome.revision and self.rollout.seen:
                seen = self.rollout.seen.model_copy(update={"revision": outcome.revision})
                self.rollout = self.rollout.but(seen=seen)

    def until(self, reached: Callable[[Rollout], bool], minutes: int = 30) -> Rollout:
        """Look on, as often as the machine asks for, until it is so."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while not reached(self.rollout) and self.rollout.live and self.clock.now() < end:
            self.look()
            if self.rollout.wake_at:
                self.cloud.step(max(1, ceil((self.rollout.wake_at - self.clock.now()).total_seconds())))
        assert reached(self.rollout), (self.rollout.phase, self.rollout.cause, self.rollout.seen)
        return self.rollout

    def rest(self, seconds: int = 90) -> None:
        """Everything that is under way comes to its end."""
        self.cloud.step(seconds)

    @property
    def ledger(self) -> Ledger:
        return self.cloud.world.servers.flow.ledgers[self.bench.rule]

    def lost(self) -> tuple[int, int]:
        """Requests that found no server, and those that were sent to one that was gone."""
        return round(self.ledger.unserved), round(self.ledger.stranded)


def ended(rollout: Rollout) -> bool:
    return not rollout.live
