"""A whole rollout in virtual time: machine, driver and cloud, looked at whenever the machine asks for it.

The oracle is the cloud: what became of requests, and how many calls it took.
"""

from collections.abc import Callable
from datetime import timedelta
from math import ceil
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from aws.driver import AwsDriver
from aws.sessions import Sessions
from aws.world import AwsWorld
from demo.cloud import Cloud
from demo.cloud.flow import Ledger
from rollout.actions import Action, Outcome, intent_key
from rollout.machine import decide
from rollout.model import Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.terms import AlarmGate, Terms, Timing
from tests.aws.bench import CloudClock
from tests.aws.pair_bench import PairBench

ANA = Actor(id="U0ANA")


class Staged(Protocol):
    """A bench whose app goes through whole rollouts."""

    app: str
    cloud: Cloud
    clock: CloudClock
    sessions: Sessions
    settings: dict[str, Any]

    @property
    def driver(self) -> AwsDriver: ...


S = TypeVar("S", bound=Staged)
B = TypeVar("B", bound=PairBench)


class Stage(Generic[S]):
    """One rollout."""

    def __init__(self, bench: S) -> None:
        self.bench, self.cloud, self.clock = bench, bench.cloud, bench.clock
        self.world = AwsWorld(bench.sessions, {bench.driver.kind: bench.driver}, bench.clock)

    def begin(self, wanted: str, plan: str, alarms: tuple[str, ...], *, back: bool = False, **terms: Any) -> None:
        """Ask for it; nothing is looked at yet."""
        now, self.looks = self.clock.now(), 0
        gates = tuple(AlarmGate(name=name) for name in alarms)
        asked = Terms(plan=Plan.parse("canary", plan), alarms=gates, settings=self.bench.settings, **terms)
        self.rollout = Rollout(
            id=1, app=self.bench.app, env="prod", kind=self.bench.driver.kind, by=ANA, terms=asked, wanted=wanted,
            back=back, created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip
        self.cloud.log.clear()

    def look(self) -> None:
        """One round of the conductor: observe, decide, perform, keep what came of it."""
        now = self.clock.now()
        passed = now - self.rollout.last_look if self.rollout.last_look else None
        decision = decide(self.rollout, self.world.observe([self.rollout])[1], now, passed)
        self.rollout, self.looks = decision.rollout, self.looks + 1
        for action in decision.actions:
            self.came(action, self.world.perform(self.rollout, action, intent_key(1, self.rollout.step, action)))

    def came(self, action: Action, outcome: Outcome) -> None:
        """What the conductor keeps of an outcome."""
        if outcome.state != "done":
            self.rollout = self.rollout.but(write_failures=self.rollout.write_failures + 1)
        elif outcome.revision and self.rollout.seen:
            seen = self.rollout.seen.model_copy(update={"revision": outcome.revision})
            self.rollout = self.rollout.but(seen=seen, write_failures=0)

    def until(self, reached: Callable[[Rollout], bool], minutes: int = 40) -> Rollout:
        """Look on, as often as the machine asks for, until it is so."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while not reached(self.rollout) and self.rollout.live and self.clock.now() < end:
            self.look()
            if self.rollout.wake_at:
                self.cloud.step(max(1, ceil((self.rollout.wake_at - self.clock.now()).total_seconds())))
        assert reached(self.rollout), (self.rollout.phase, self.rollout.cause, self.rollout.seen)
        return self.rollout

    def cost(self) -> "Cost":
        """The calls of the rollout so far."""
        return Cost.of(self)


class PairStage(Stage[B]):
    """A rollout of two sides behind a load balancer that follows 40 s late: no call fails, and no request is lost."""

    def __init__(self, bench: B) -> None:
        super().__init__(bench)
        bench.cloud.knobs.propagation(40)  # a minute is waited for
        self.start(bench.candidate)

    def start(self, wanted: str, plan: str = "10% 1m, 50% 1m, 100%", *, back: bool = False) -> None:
        """Ask for it on the terms of most tests."""
        alarms = (f"{self.bench.app}-errors", f"{self.bench.app}-unserved")
        self.begin(
            wanted, plan, alarms, back=back, bake=timedelta(seconds=20), settle=timedelta(seconds=60),
            timing=Timing(look_moving=timedelta(seconds=10)),
        )  # fmt: skip

    def came(self, action: Action, outcome: Outcome) -> None:
        assert outcome.state == "done", (action, outcome)
        super().came(action, outcome)

    def rest(self, seconds: int = 90) -> None:
        """Everything that is under way comes to its end."""
        self.cloud.step(seconds)

    @property
    def ledger(self) -> Ledger:
        return self.cloud.world.servers.flow.ledgers[self.bench.rule]

    def lost(self) -> tuple[int, int]:
        """Requests that found no server, and those that were sent to one that was gone."""
        return self.ledger.unserved, self.ledger.stranded


def ended(rollout: Rollout) -> bool:
    return not rollout.live


class Needs(NamedTuple):
    """What a rollout of a kind cannot do without: calls of its start and of a look, and what moves its traffic."""

    once: int
    look: int
    write: str


LEAST: Final = {
    # Rules, groups, services, limits, the live definition, the image; rules, services, limits, and targets by group.
    "ecs": Needs(6, 5, "elbv2:ModifyRule"),
    # Rules, groups, Auto Scaling groups, versions; rules, Auto Scaling groups, and targets by group.
    "ec2": Needs(4, 4, "elbv2:ModifyRule"),
    # Records, and both checks; records, and the health of both at once.
    "route53": Needs(3, 2, "route53:ChangeResourceRecordSets"),
}
ALARMS: Final = "cloudwatch:DescribeAlarms"


class Cost(NamedTuple):
    """What a rollout asked of AWS, alarms left out: they are read in one sweep for all."""

    looks: int
    calls: int
    writes: int
    least: int

    @classmethod
    def of(cls, stage: Stage[Any]) -> "Cost":
        """Least: its start, its looks, each write, and one read before each write of traffic, which has no guard."""
        log, needs = stage.cloud.log, LEAST[stage.bench.driver.kind]
        writes = sum("AutoScaling" not in entry.caller for entry in log.applied)
        calls = sum(many for (name, _), many in log.calls.items() if name != ALARMS)
        return cls(stage.looks, calls, writes, needs.once + needs.look * stage.looks + writes + log.count(needs.write))

    @property
    def over(self) -> float:
        """How many times the least it was."""
        return self.calls / self.least
