"""Looks at many services that ECS deploys to by itself: services by ten, deployments and revisions by twenty.

A deployment is ours when it was created since the rollout began and its task definition is that of one of the two
releases: UpdateService has no token, so nothing else can tell. What the machine saw last says which one to ask about;
a list is read only while there is none, or where AWS shows that there must be a newer one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from pydantic import ValidationError

from aws.calls import Calls
from aws.driver import misfit, sides
from aws.ecs_reads import Marks, crash_words
from aws.native_course import Own
from aws.native_reads import Definitions, listed, read_fleets, read_natives
from aws.native_replies import Native, NativeFleet
from aws.native_seen import Foreign, Sight, since
from aws.native_target import BOTH_SAID, OPERATIONS, NativeTarget
from aws.sessions import Place, Sessions
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Clock
from rollout.release import Release

MOST_OF_ONE: Final = 20
"""Newest deployments of one rollout that are read: more of them than a person could ever start."""
_SAME: Final = timedelta(seconds=1)
"""AWS may tell a moment in whole seconds: the list begins a little earlier, and is sifted here."""


class Want(NamedTuple):
    """A rollout that is to be looked at."""

    rollout: Rollout
    target: NativeTarget
    stable: Release
    candidate: Release

    @property
    def known(self) -> str:
        """The deployment that the last look showed as its course."""
        seen = self.rollout.seen
        return seen.course.id if seen and seen.course else ""

    def moved(self, asked: tuple[bool, bool]) -> bool:
        """Whether the service is asked for something else than what ended last: there must be a newer deployment."""
        seen = self.rollout.seen
        if seen is None or seen.course is None or seen.course.state not in ("done", "failed"):
            return False
        return not asked[seen.course.release != self.stable.id]


def target_of(rollout: Rollout) -> NativeTarget:
    """Its settings. TargetError when they are not ones of this driver."""
    try:
        return NativeTarget.model_validate(rollout.terms.settings)
    except ValidationError as error:
        raise misfit(rollout, error) from None


def want(rollout: Rollout) -> Want:
    """What a look at it needs. TargetError when it cannot be looked at."""
    return Want(rollout, target_of(rollout), *sides(rollout))


class NativeEyes:
    """Reads what a look needs. Thread-safe: it keeps only what never changes."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self.marks = Marks()
        self.definitions = Definitions()

    def ecs(self, target: NativeTarget, service: str = "") -> Calls:
        """Where to ask about a target; without `service` about several of its cluster."""
        place = Place(target.iam_role, target.region)
        named = {
            call: resource.replace(*BOTH_SAID).replace("{service}", service or "*")
            for call, resource in OPERATIONS.items()
        }
        return Calls(self._sessions, place, "ecs", named, cluster=target.cluster)

    def look(self, wants: Iterable[Want]) -> dict[int, Sight | TargetError]:
        """Everything about each of them; a failure is the value of the one it is about."""
        places: dict[Place, list[Want]] = defaultdict(list)
        for one in wants:
            places[Place(one.target.iam_role, one.target.region)].append(one)
        found: dict[int, Sight | TargetError] = {}
        for group in places.values():
            found |= self._at(group)
        return found

    def closely(self, one: Want, *, every: bool = False) -> Sight:
        """One rollout, before anything is changed; `every`: its deployments read from the list, whatever is known.

        TargetError where it fails.
        """
        sight = self._at([one], every=every)[one.rollout.id]
        if isinstance(sight, TargetError):
            raise sight
        return sight

    def _at(self, wants: Sequence[Want], *, every: bool = False) -> dict[int, Sight | TargetError]:
        at = self._clock.now()  # before the reads: what is seen is at least as new as it says
        found: dict[int, Sight | TargetError] = {}
        fleets = self._fleets(wants)
        begun: list[tuple[Want, Sight, list[str]]] = []
        for one in wants:
            fleet = fleets[one.target.cluster, one.target.service]
            try:
                if isinstance(fleet, TargetError):
                    raise fleet
                sight = Sight(one.rollout, fleet, at, asked=self._asked(one, fleet))
                begun.append((one, sight, self._names(one, sight, every=every)))
            except TargetError as error:
                found[one.rollout.id] = error
        services = {one.target.service for one in wants}
        calls = self.ecs(wants[0].target, services.pop() if len(services) == 1 else "")
        read = read_natives(calls, [arn for _, _, arns in begun for arn in arns])
        trouble = self._learn(calls, read.values())
        for one, sight, arns in begun:
            try:
                found[one.rollout.id] = self._whole(one, sight, arns, read)
            except TargetError as error:
                found[one.rollout.id] = trouble or error
        return found

    def _fleets(self, wants: Sequence[Want]) -> dict[tuple[str, str], NativeFleet | TargetError]:
        clusters: dict[str, list[Want]] = defaultdict(list)
        for one in wants:
            clusters[one.target.cluster].append(one)
        found: dict[tuple[str, str], NativeFleet | TargetError] = {}
        for cluster, group in clusters.items():
            read = read_fleets(self.ecs(group[0].target), cluster, [one.target.service for one in group])
            found |= {(cluster, name): fleet for name, fleet in read.items()}
        return found

    def _asked(self, one: Want, fleet: NativeFleet) -> tuple[bool, bool]:
        stable, candidate = (
            self.runs(one.target, release, fleet.task_definition) for release in (one.stable, one.candidate)
        )
        return stable, candidate

    def runs(self, target: NativeTarget, release: Release, definition: str) -> bool:
        """Whether a task definition is that of a release; one that is not registered yet is known by its content."""
        if pinned := release.pinned.get("task_definition"):
            return definition == pinned
        calls = self.ecs(target)
        wanted = self.marks.of(calls, release.pinned["from"])
        return self.marks.of(calls, definition) == wanted.with_image(
            release.pinned["container"], release.pinned["image"]
        )

    def _names(self, one: Want, sight: Sight, *, every: bool) -> list[str]:
        """Which deployments may be its own: the one that is known and the service's present one, else the list."""
        first, start = since(one.rollout)
        present = sight.fleet.current_service_deployment
        near = [arn for arn in dict.fromkeys((one.known, present)) if arn and arn != first]
        if one.known and present and not every and not (present == one.known and one.moved(sight.asked)):
            return near
        target = one.target
        rows = listed(self.ecs(target, target.service), target.cluster, target.service, start - _SAME)
        mine = [row.service_deployment_arn for row in rows if row.service_deployment_arn != first]
        return list(dict.fromkeys([*near, *mine[:MOST_OF_ONE]]))

    def _learn(self, calls: Calls, natives: Iterable[Native | TargetError]) -> TargetError | None:
        arns = [one.target_service_revision.arn for one in natives if isinstance(one, Native)]
        try:
            self.definitions.read(calls, arns)
        except TargetError as error:
            return error
        return None

    def _whole(
        self, one: Want, sight: Sight, arns: Sequence[str], read: Mapping[str, Native | TargetError]
    ) -> Sight:
        """With its deployments, told apart. One that cannot be read must not look like none: TargetError."""
        _, start = since(one.rollout)
        natives: list[Native] = []
        for arn in arns:
            native = read[arn]
            if isinstance(native, TargetError):
                raise native
            if native.created_at >= start or arn == one.known:
                natives.append(native)
        sight = self._told_apart(one, sight, sorted(natives, key=lambda native: native.created_at))
        return sight._replace(crash=self._crash(one, sight))

    def _told_apart(self, one: Want, sight: Sight, natives: Sequence[Native]) -> Sight:
        own: list[Own] = []
        foreign: list[Foreign] = []
        for native in natives:
            definition = self.definitions.of(native.target_service_revision.arn)
            if self.runs(one.target, one.candidate, definition):
                own.append(Own(native, one.candidate.id, forward=True))
            elif not self.runs(one.target, one.stable, definition):
                foreign.append(Foreign(native, definition))
            elif own or native.service_deployment_arn == one.known:
                own.append(Own(native, one.stable.id, forward=False))
            elif not native.ended:
                # Somebody deploys what serves anyway: no way back of ours, but no start of ours fits beside it.
                foreign.append(Foreign(native, definition))
        return sight._replace(own=tuple(own), foreign=tuple(foreign))

    def _crash(self, one: Want, sight: Sight) -> str:
        """Two calls more while tasks are missing that should be there: ECS itself waits for them for hours."""
        own = sight.newest
        if own is None or not own.forward or own.native.ended or own.native.paused:
            return ""
        target = own.native.target_service_revision
        if target.running_task_count >= target.requested_task_count:
            return ""
        calls = self.ecs(one.target, one.target.service)
        return crash_words(calls, one.target.cluster, sight.fleet, own.native.created_at)
