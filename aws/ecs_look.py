"""Looks at many ECS targets at once, in few calls: rules by twenty, services by ten, limits by fifty.

Only the health of targets costs a call a group. Keeps nothing but marks of task definitions, which never change.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from aws.alb_facts import Rule, Sides, Targets
from aws.alb_reads import chosen, read_rules, target_health
from aws.calls import Calls
from aws.driver import misfit, sides
from aws.ecs_reads import Desk, Marks, crash_words, read_limits, read_services
from aws.ecs_replies import Fleet
from aws.ecs_target import OPERATIONS, EcsTarget
from aws.pair_seen import Sight
from aws.sessions import Place, Sessions
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Clock
from rollout.release import Release


class Want(NamedTuple):
    """A rollout that is to be looked at."""

    rollout: Rollout
    target: EcsTarget
    sides: Sides

    @property
    def releases(self) -> tuple[Release, Release]:
        """Stable and candidate."""
        return sides(self.rollout)

    @property
    def services(self) -> tuple[str, str]:
        """The names of both services, the stable one first."""
        stable, candidate = (self.target.side(group).service for group in self.sides.groups)
        return stable, candidate

    @property
    def keys(self) -> tuple[str, str]:
        """Both as `cluster/service`."""
        stable, candidate = (f"{self.target.cluster}/{name}" for name in self.services)
        return stable, candidate


def target_of(rollout: Rollout) -> EcsTarget:
    """Its settings. TargetError when they are not ones of this driver."""
    try:
        return EcsTarget.model_validate(rollout.terms.settings)
    except ValidationError as error:
        raise misfit(rollout, error) from None


def want(rollout: Rollout) -> Want:
    """What a look at it needs. TargetError when it cannot be looked at."""
    target = target_of(rollout)
    stable, candidate = sides(rollout)
    first, second = (release.pinned.get("target_group", "") for release in (stable, candidate))
    if {first, second} != set(target.named.groups):
        fact = f"the releases of #{rollout.id} are not on the two target groups of {rollout.target}"
        raise TargetError("config", fact, "start it anew with the present configuration")
    return Want(rollout, target, Sides(first, second, {first: stable.id, second: candidate.id}))


class Eyes:
    """Reads what a look needs. Thread-safe."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self.marks = Marks()

    def desk(self, target: EcsTarget) -> Desk:
        """Where to ask about a target."""
        place = Place(target.iam_role, target.region)
        ecs, elb, scaling = (
            Calls(self._sessions, place, service, OPERATIONS, cluster=target.cluster)
            for service in ("ecs", "elbv2", "application-autoscaling")
        )
        return Desk(ecs, elb, scaling)

    def look(self, wants: Iterable[Want]) -> dict[int, Sight | TargetError]:
        """Everything about each of them; a failure is the value of the one it is about."""
        places: dict[Place, list[Want]] = defaultdict(list)
        for one in wants:
            places[Place(one.target.iam_role, one.target.region)].append(one)
        found: dict[int, Sight | TargetError] = {}
        for group in places.values():
            found |= self._with_health(group, self.sights(group))
        return found

    def sights(self, wants: Sequence[Want]) -> dict[int, Sight | TargetError]:
        """Rules, services and limits of targets at one place; who is healthy was not asked."""
        at = self._clock.now()  # before the reads: what is seen is at least as new as it says
        desk = self.desk(wants[0].target)
        rules = read_rules(desk.elb, [arn for one in wants for arn in one.target.rules])
        services = self._services(wants)
        limits = read_limits(desk.scaling, [key for one in wants for key in one.keys])
        found: dict[int, Sight | TargetError] = {}
        for one in wants:
            try:
                found[one.rollout.id] = self._sight(one, rules, services)._replace(at=at, limits=limits)
            except TargetError as error:
                found[one.rollout.id] = error
        return found

    def _sight(
        self, one: Want, rules: Mapping[str, Rule | TargetError], services: Mapping[str, Fleet | TargetError]
    ) -> Sight:
        stable, candidate = (services[key] for key in one.keys)
        both = (stable, candidate)
        first, second = (
            self._ours(one, release, service) for release, service in zip(one.releases, both, strict=True)
        )
        return Sight(
            rollout=one.rollout, floor=one.target.floor, sides=one.sides, at=self._clock.now(),
            rules=chosen(rules, one.target.rules), keys=one.keys, crews=both, limits={}, ours=(first, second),
        )  # fmt: skip

    def _services(self, wants: Sequence[Want]) -> dict[str, Fleet | TargetError]:
        """By `cluster/service`."""
        clusters: dict[str, list[Want]] = defaultdict(list)
        for one in wants:
            clusters[one.target.cluster].append(one)
        found: dict[str, Fleet | TargetError] = {}
        for cluster, group in clusters.items():
            names = [name for one in group for name in one.services]
            read = read_services(self.desk(group[0].target).ecs, cluster, names)
            found |= {f"{cluster}/{name}": service for name, service in read.items()}
        return found

    def _ours(self, one: Want, release: Release, service: Fleet | TargetError) -> bool | TargetError:
        """Whether a service was asked for that release; one that is not registered yet is known by its content."""
        if isinstance(service, TargetError):
            return service
        if release.pinned.get("task_definition"):
            return service.task_definition == release.pinned["task_definition"]
        try:
            ecs = self.desk(one.target).ecs
            wanted = self.marks.of(ecs, release.pinned["from"])
            wanted = wanted.with_image(release.pinned["container"], release.pinned["image"])
            return self.marks.of(ecs, service.task_definition) == wanted
        except TargetError as error:
            return error

    def _with_health(
        self, wants: Sequence[Want], sights: Mapping[int, Sight | TargetError]
    ) -> dict[int, Sight | TargetError]:
        elb = self.desk(wants[0].target).elb
        groups = dict.fromkeys(
            group for sight in sights.values() if isinstance(sight, Sight) for group in sight.sides.groups
        )
        targets = {group: target_health(elb, group) for group in groups}
        found = dict(sights)
        for one in wants:
            sight = sights[one.rollout.id]
            if isinstance(sight, Sight):
                found[one.rollout.id] = self._judged(one, sight, targets)
        return found

    def _judged(self, one: Want, sight: Sight, targets: Mapping[str, Targets | TargetError]) -> Sight:
        """With the health of both groups; where tasks are missing, with what the ended ones say."""
        stable, candidate = (targets[group] for group in sight.sides.groups)
        sight = sight._replace(targets=(stable, candidate))
        first, second = (self._crash(one, sight, index) for index in (0, 1))
        return sight._replace(crash=(first, second))

    def _crash(self, one: Want, sight: Sight, index: int) -> str:
        fleet, targets = sight.crews[index], sight.targets[index]
        if not isinstance(fleet, Fleet) or isinstance(targets, TargetError) or sight.ours[index] is not True:
            return ""
        if not fleet.desired_count or targets.healthy - fleet.leftovers >= fleet.desired_count:
            return ""
        return crash_words(self.desk(one.target).ecs, one.target.cluster, fleet, one.rollout.created_at)
