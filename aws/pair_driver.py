"""What drivers of two sides behind listener rules do alike: look at many, do one action. Judges nothing.

*Nothing is removed while it may have traffic.* Retire reads the rules itself and refuses; that the load balancer has
followed its rules is what the machine waits for (S11). What an autoscaler would shrink is pinned (pair_limits.py).

What somebody else deploys into one of the two sides shows as foreign traffic (S14); a restore puts it back.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Generic

from aws import pair_late
from aws.alb import Forwarding
from aws.alb_reads import NAMES
from aws.driver import failed, only_seen
from aws.faults import CallError
from aws.pair_hands import Hands
from aws.pair_limits import SIDES
from aws.pair_look import Eyes, T, Want, want
from aws.pair_probe import Probes
from aws.pair_seen import Sight, seen
from rollout.actions import Action, Finish, Launch, Outcome, Retire, Shift
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Capabilities, TargetModel
from rollout.release import Check
from rollout.seen import Seen

SERVERS: Final = Capabilities(weights="any", launches=True, servers=True)


class PairDriver(ABC, Generic[T]):
    """A look is one call for all rules, what the driver needs for its servers, and one a group, and a GET of the test
    address while there is no traffic; a step is two reads and a write a rule.
    """

    capabilities: ClassVar[Capabilities] = SERVERS
    operations: ClassVar[Mapping[str, str]]

    def __init__(self, model: type[T], eyes: Eyes[T]) -> None:
        self._model = model
        self._watch = eyes
        self._probes = Probes()

    @classmethod
    def needs(cls, target: TargetModel) -> Mapping[str, str]:
        """The load balancer's name is asked for only where a test rule has an address; late counts only help."""
        named = bool(getattr(target, "test_rule", ""))
        without = {*pair_late.OPERATIONS, *(() if named else (NAMES,))}
        return {action: resource for action, resource in cls.operations.items() if action not in without}

    @abstractmethod
    def hands(self, one: Want[T], sight: Sight) -> Hands:
        """What changes the servers of a target."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """What the rules show now, and how many targets of each side are healthy."""
        return only_seen(self.look(rollouts))

    def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen | TargetError]:
        """The same, with a reason for each that could not be read."""
        looks: dict[int, Seen | TargetError] = {}
        wants: dict[int, Want[T]] = {}
        for rollout in rollouts:
            try:
                wants[rollout.id] = want(rollout, self._model)
            except TargetError as error:
                looks[rollout.id] = error
        sights = self._watch.look(wants.values())
        looks |= {number: seen(one) if isinstance(one, Sight) else one for number, one in sights.items()}
        return looks | self._probes.tried([
            (wants[number], one, shown) for number, one in sights.items()
            if isinstance(one, Sight) and isinstance(shown := looks[number], Seen)
        ])  # fmt: skip

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """One absolute action. The key cannot travel: none of these calls has a token, a text or a tag for it."""
        try:
            one = want(rollout, self._model)
            if isinstance(action, Shift):
                return self._shift(one, action)
            hands = self._at(one)
            try:
                _do(hands, one, action)
            except TargetError as error:
                return hands.broken(error)
            return hands.outcome()
        except CallError as error:
            return failed(error)
        except TargetError as error:
            return Outcome(state="failed", text=error.fact, hint=error.hint)

    def _shift(self, one: Want[T], action: Shift) -> Outcome:
        if one.rollout.overwrite and one.revision:
            # A person chose [Restore]: what somebody deployed into a side that serves goes back, too.
            hands = self._at(one)
            try:
                hands.restore(dict(zip(SIDES, one.releases, strict=True)))
            except TargetError as error:
                return hands.broken(error)
        forwarding = Forwarding(self._watch.elb(one.target), one.target.rules)
        return forwarding.shift(one.sides, action.percent, one.revision)

    def _at(self, one: Want[T]) -> Hands:
        sight = self._watch.sights([one])[one.rollout.id]
        if isinstance(sight, TargetError):
            raise sight
        return self.hands(one, sight)


def standing(check: Check, *names: str) -> Check:
    """A finding outside of a start: what a live rollout of ours makes, too, is no failure."""
    if check.name not in names:
        return check
    return check.model_copy(update={"state": "warn", "hint": f"right while a rollout is live; else {check.hint}"})


def _do(hands: Hands, one: Want[T], action: Action) -> None:
    if isinstance(action, Launch):
        known = {release.id: release for release in one.releases}
        if action.release not in known:
            raise TargetError("state", f"{action.release} is no release of this rollout", ", ".join(known))
        hands.launch(known[action.release], one.revision)
    elif isinstance(action, Retire):
        hands.retire(action.side)
    elif isinstance(action, Finish):
        hands.finish()
