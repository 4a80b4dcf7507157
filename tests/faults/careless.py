"""Real drivers and worlds with one safeguard taken out, for the naive variants of rows about servers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws.alb import OPERATIONS, Forwarding
from aws.alb_facts import Sides
from aws.calls import Calls
from aws.driver import AwsDriver
from aws.ec2 import Ec2
from aws.ec2_look import Ec2Eyes
from aws.ecs import Ecs
from aws.ecs_look import EcsEyes
from aws.route53 import Route53
from aws.route53_facts import Mark, Records
from rollout.actions import Action, Outcome, Retire, Shift
from rollout.model import Rollout
from rollout.ports import World
from rollout.seen import Observation, SideHealth
from tests.aws.hooks import HERE
from tests.aws.pair_bench import PairBench
from tests.faults.ground import AnyBench, Passing


class _NoLimitsEcs(EcsEyes):
    """Sees nothing that scales by itself, so nothing is pinned."""

    def limits(self, *_: Any) -> Mapping[str, Any]:
        return {}


class _NoLimitsEc2(Ec2Eyes):
    """The same."""

    def limits(self, *_: Any) -> Mapping[str, Any]:
        return {}


def unpinned(bench: AnyBench) -> AwsDriver:
    """The bench's own driver, that keeps no side from shrinking."""
    driver: Any
    eyes: Any
    if isinstance(bench.driver, Ecs):
        driver, eyes = Ecs(bench.sessions, bench.clock), _NoLimitsEcs(bench.sessions, bench.clock)
    else:
        driver, eyes = Ec2(bench.sessions, bench.clock), _NoLimitsEc2(bench.sessions, bench.clock)
    vars(driver).update(_eyes=eyes, _watch=eyes)
    made: AwsDriver = driver
    return made


class Unsettled(Route53):
    """Takes a weight for followed when AWS has answered."""

    def __init__(self, bench: AnyBench) -> None:
        super().__init__(bench.sessions, bench.clock)

    def _mark(self, calls: Calls, rollout: Rollout, found: Records, at: Any) -> Mark:
        return Mark(found.fingerprint)


class Hasty(Passing):
    """Removes a side when AWS has answered that it gets nothing any more, instead of when that was seen."""

    def __init__(self, world: World, remove: Callable[[World, Rollout, Retire], object]) -> None:
        super().__init__(world)
        self._remove = remove

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World."""
        outcome = super().perform(rollout, action, key)
        if isinstance(action, Shift) and action.percent in (0, 100) and outcome.state == "done":
            self._remove(self._world, rollout, Retire(side="stable" if action.percent else "candidate"))
        return outcome


class Answered(Passing):
    """Takes a split for what AWS did not say no to, instead of what it shows."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._said: dict[int, int] = {}

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        found = super().observe(rollouts)
        return {number: self._believed(number, one) for number, one in found.items()}

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World."""
        outcome = super().perform(rollout, action, key)
        if isinstance(action, Shift) and outcome.state != "failed":
            self._said[rollout.id] = action.percent
        return outcome

    def _believed(self, number: int, found: Observation) -> Observation:
        if found.seen is None or number not in self._said:
            return found
        changes = {"percent": self._said[number], "foreign": "", "mix": (), "settled": True}
        return found.model_copy(update={"seen": found.seen.model_copy(update=changes)})


class RuleByRule(Passing):
    """Writes one rule after the other and stops at the first that fails, up or down; nothing is taken back."""

    def __init__(self, world: World, bench: PairBench) -> None:
        super().__init__(world)
        self._calls = Calls(bench.sessions, HERE, "elbv2", OPERATIONS)
        self._sides = Sides(bench.groups[bench.stable], bench.groups[bench.candidate], {})
        self._rules: tuple[str, ...] = bench.settings["rules"]

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World."""
        if not isinstance(action, Shift):
            return super().perform(rollout, action, key)
        outcome = Outcome(state="done", text="nothing to write")
        for arn in self._rules:
            one = Forwarding(self._calls, [arn])
            outcome = one.shift(self._sides, action.percent, one.read().fingerprint)
            if outcome.state != "done":
                break
        return outcome


class Rosy(Passing):
    """Takes every side for healthy."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        return {number: _rosy(found) for number, found in super().observe(rollouts).items()}


def _rosy(found: Observation) -> Observation:
    if found.seen is None:
        return found
    well = SideHealth(state="healthy")
    return found.model_copy(update={"seen": found.seen.model_copy(update={"stable": well, "candidate": well})})




class Believing(Passing):
    """Takes the split for what it proved last: its own books, instead of what AWS shows."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        found = super().observe(rollouts)
        return {one.id: _believed(one, found[one.id]) for one in rollouts if one.id in found}


def _believed(rollout: Rollout, found: Observation) -> Observation:
    if found.seen is None or rollout.proven is None or rollout.asked:
        return found
    changes = {"percent": rollout.proven, "foreign": "", "mix": (), "pinned": rollout.seen and rollout.seen.pinned}
    return found.model_copy(update={"seen": found.seen.model_copy(update=changes)})
