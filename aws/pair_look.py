"""Looks at many targets of two sides at once: rules by twenty, and what each driver can ask for together.

Only the health of targets costs a call a group. What servers are made of is each driver's own.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from aws.alb_facts import Rule, Sides, Targets
from aws.alb_reads import chosen, read_rules, target_health
from aws.calls import Calls
from aws.driver import misfit, sides
from aws.pair_health import Crew
from aws.pair_late import MINUTE, late_counts
from aws.pair_limits import Limit
from aws.pair_seen import Sight
from aws.pair_target import PairTarget
from aws.sessions import Place, Sessions
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Clock
from rollout.release import Release

T = TypeVar("T", bound=PairTarget)


class Want(NamedTuple, Generic[T]):
    """A rollout that is to be looked at."""

    rollout: Rollout
    target: T
    sides: Sides

    @property
    def releases(self) -> tuple[Release, Release]:
        """Stable and candidate."""
        return sides(self.rollout)

    @property
    def crews(self) -> tuple[str, str]:
        """The names of both, the stable one first."""
        stable, candidate = (self.target.crew(group) for group in self.sides.groups)
        return stable, candidate

    @property
    def keys(self) -> tuple[str, str]:
        """The same, told from others of the place."""
        stable, candidate = (self.target.key(group) for group in self.sides.groups)
        return stable, candidate

    @property
    def revision(self) -> str:
        """What the deciding look saw; without one nothing is compared, so nothing is written."""
        return self.rollout.seen.revision if self.rollout.seen else ""


def target_of(rollout: Rollout, model: type[T]) -> T:
    """Its settings. TargetError when they are not ones of this driver."""
    try:
        return model.model_validate(rollout.terms.settings)
    except ValidationError as error:
        raise misfit(rollout, error) from None


def want(rollout: Rollout, model: type[T]) -> Want[T]:
    """What a look at it needs. TargetError when it cannot be looked at."""
    target = target_of(rollout, model)
    stable, candidate = sides(rollout)
    first, second = (release.pinned.get("target_group", "") for release in (stable, candidate))
    if {first, second} != set(target.groups):
        fact = f"the releases of #{rollout.id} are not on the two target groups of {rollout.target}"
        raise TargetError("config", fact, "start it anew with the present configuration")
    return Want(rollout, target, Sides(first, second, {first: stable.id, second: candidate.id}))


class Eyes(ABC, Generic[T]):
    """Reads what a look needs. Thread-safe."""

    def __init__(self, sessions: Sessions, clock: Clock, operations: Mapping[str, str]) -> None:
        self._sessions = sessions
        self._clock = clock
        self._operations = operations
        self._unread: dict[Place, str] = {}

    def calls(self, target: T, service: str, **names: str) -> Calls:
        """Where to ask a service about a target."""
        return Calls(self._sessions, Place(target.iam_role, target.region), service, self._operations, **names)

    def elb(self, target: T) -> Calls:
        """Where to ask about its load balancer."""
        return self.calls(target, "elbv2")

    @abstractmethod
    def crews(self, wants: Sequence[Want[T]]) -> Mapping[str, Crew | TargetError]:
        """By key: everything that has servers on either side."""

    @abstractmethod
    def limits(
        self, wants: Sequence[Want[T]], crews: Mapping[str, Crew | TargetError]
    ) -> Mapping[str, Limit | TargetError] | TargetError:
        """By key: between which sizes each scales by itself; absent where it does not."""

    @abstractmethod
    def ours(self, one: Want[T], release: Release, crew: Crew) -> bool | TargetError:
        """Whether a crew was asked for that release."""

    @abstractmethod
    def crash(self, one: Want[T], crew: Crew) -> str:
        """Why servers of a crew end one like the other; empty where they do not."""

    def look(self, wants: Iterable[Want[T]]) -> dict[int, Sight | TargetError]:
        """Everything about each of them; a failure is the value of the one it is about."""
        places: dict[Place, list[Want[T]]] = defaultdict(list)
        for one in wants:
            places[Place(one.target.iam_role, one.target.region)].append(one)
        found: dict[int, Sight | TargetError] = {}
        for group in places.values():
            found |= self._with_health(group, self.sights(group))
        return found

    def sights(self, wants: Sequence[Want[T]]) -> dict[int, Sight | TargetError]:
        """Rules, crews and limits of targets at one place; who is healthy was not asked."""
        at = self._clock.now()  # before the reads: what is seen is at least as new as it says
        arns = [arn for one in wants for arn in (*one.target.rules, one.target.test_rule) if arn]
        rules = read_rules(self.elb(wants[0].target), arns)
        crews = self.crews(wants)
        limits = self.limits(wants, crews)
        found: dict[int, Sight | TargetError] = {}
        for one in wants:
            try:
                found[one.rollout.id] = self._sight(one, rules, crews)._replace(at=at, limits=_of(one.keys, limits))
            except TargetError as error:
                found[one.rollout.id] = error
        return found

    def _sight(
        self, one: Want[T], rules: Mapping[str, Rule | TargetError], crews: Mapping[str, Crew | TargetError]
    ) -> Sight:
        stable, candidate = (crews[key] for key in one.keys)
        first, second = (
            crew if isinstance(crew, TargetError) else self.ours(one, release, crew)
            for release, crew in zip(one.releases, (stable, candidate), strict=True)
        )
        return Sight(
            rollout=one.rollout, floor=one.target.floor, sides=one.sides, at=self._clock.now(),
            rules=chosen(rules, one.target.rules), keys=one.keys, crews=(stable, candidate), limits={},
            ours=(first, second), tried=rules.get(one.target.test_rule),
        )  # fmt: skip

    def _with_health(
        self, wants: Sequence[Want[T]], sights: Mapping[int, Sight | TargetError]
    ) -> dict[int, Sight | TargetError]:
        balancers = {
            group: sight.rules.rows[0].balancer
            for sight in sights.values() if isinstance(sight, Sight) for group in sight.sides.groups
        }  # fmt: skip
        targets = self._targets(wants[0].target, balancers)
        late = self._late(wants[0].target, balancers, targets)
        found = dict(sights)
        for one in wants:
            sight = sights[one.rollout.id]
            if isinstance(sight, Sight):
                found[one.rollout.id] = self._judged(one, sight, {**targets, **_of_now(one.rollout, late)})
        return found

    def _targets(self, target: T, groups: Iterable[str]) -> dict[str, Targets | TargetError]:
        """Exactly, as long as AWS answers: a call a group. The first that it throttles is the last that is asked for.

        Every try more would come out of the same bucket, which the whole account shares. The next look begins with
        those that this one did not read.
        """
        elb, place = self.elb(target), Place(target.iam_role, target.region)
        first = self._unread.pop(place, "")
        ordered = sorted(groups, key=lambda group: (group < first, group))
        found: dict[str, Targets | TargetError] = {}
        throttled: TargetError | None = None
        for group in ordered:
            found[group] = one = throttled or target_health(elb, group)
            if throttled is None and isinstance(one, TargetError) and one.kind == "throttle":
                throttled, self._unread[place] = one, group
        return found

    def _late(
        self, target: T, balancers: Mapping[str, str], targets: Mapping[str, Targets | TargetError]
    ) -> dict[str, Targets]:
        """CloudWatch's count of those that AWS throttled, in one call for all; none where it cannot be read either."""
        lacking = [
            (group, balancers[group]) for group, one in targets.items()
            if isinstance(one, TargetError) and one.kind == "throttle"
        ]  # fmt: skip
        if not lacking:
            return {}
        try:
            return late_counts(self.calls(target, "cloudwatch"), lacking, self._clock.now())
        except TargetError:
            return {}

    def _judged(self, one: Want[T], sight: Sight, targets: Mapping[str, Targets | TargetError]) -> Sight:
        """With the health of both groups; where servers are missing, with what the ended ones say."""
        stable, candidate = (targets[group] for group in sight.sides.groups)
        sight = sight._replace(targets=(stable, candidate))
        first, second = (self._crash(one, sight, index) for index in (0, 1))
        return sight._replace(crash=(first, second))

    def _crash(self, one: Want[T], sight: Sight, index: int) -> str:
        crew, targets = sight.crews[index], sight.targets[index]
        if isinstance(crew, TargetError) or isinstance(targets, TargetError) or sight.ours[index] is not True:
            return ""
        if not crew.desired_count or targets.healthy - crew.leftovers >= crew.desired_count:
            return ""
        return self.crash(one, crew)


def _of_now(rollout: Rollout, late: Mapping[str, Targets]) -> dict[str, Targets]:
    """Counts that speak of what runs by now: what was counted before a launch may be another release's targets."""
    asked = rollout.asked_at if rollout.asked_what.startswith("launch ") or rollout.overwrite else None
    return {
        group: one for group, one in late.items()
        if asked is None or (one.counted is not None and one.counted - MINUTE > asked)
    }  # fmt: skip


def _of(
    keys: tuple[str, str], limits: Mapping[str, Limit | TargetError] | TargetError
) -> Mapping[str, Limit] | TargetError:
    """The limits of one target; not known where one of them is not."""
    if isinstance(limits, TargetError):
        return limits
    mine: dict[str, Limit] = {}
    for key in keys:
        found = limits.get(key)
        if isinstance(found, TargetError):
            return found
        if found is not None:
            mine[key] = found
    return mine
