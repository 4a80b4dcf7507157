"""What the driver `ecs` reads of its services in a look: by ten, limits by fifty, what runs by its content.

Keeps nothing but marks of task definitions, which never change.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from aws.ecs_reads import Desk, Marks, crash_words, read_limits, read_services
from aws.ecs_replies import Fleet
from aws.ecs_target import OPERATIONS, EcsTarget
from aws.pair_health import Crew
from aws.pair_limits import Limit
from aws.pair_look import Eyes, Want
from aws.sessions import Sessions
from rollout.errors import TargetError
from rollout.ports import Clock
from rollout.release import Release


class EcsEyes(Eyes[EcsTarget]):
    """Sees services and their tasks."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        super().__init__(sessions, clock, OPERATIONS)
        self.marks = Marks()

    def desk(self, target: EcsTarget) -> Desk:
        """Where to ask about a target."""
        ecs, elb, scaling = (
            self.calls(target, service, cluster=target.cluster)
            for service in ("ecs", "elbv2", "application-autoscaling")
        )
        return Desk(ecs, elb, scaling)

    def crews(self, wants: Sequence[Want[EcsTarget]]) -> Mapping[str, Crew | TargetError]:
        """By `cluster/service`."""
        clusters: dict[str, list[Want[EcsTarget]]] = defaultdict(list)
        for one in wants:
            clusters[one.target.cluster].append(one)
        found: dict[str, Crew | TargetError] = {}
        for cluster, group in clusters.items():
            names = [name for one in group for name in one.crews]
            read = read_services(self.desk(group[0].target).ecs, cluster, names)
            found |= {f"{cluster}/{name}": fleet for name, fleet in read.items()}
        return found

    def limits(
        self, wants: Sequence[Want[EcsTarget]], crews: Mapping[str, Crew | TargetError]
    ) -> Mapping[str, Limit | TargetError] | TargetError:
        """Of the scalable targets."""
        read = read_limits(self.desk(wants[0].target).scaling, crews)
        return read if isinstance(read, TargetError) else {**read}

    def ours(self, one: Want[EcsTarget], release: Release, crew: Crew) -> bool | TargetError:
        """One that is not registered yet is known by its content."""
        if not isinstance(crew, Fleet):
            return False
        if release.pinned.get("task_definition"):
            return crew.task_definition == release.pinned["task_definition"]
        try:
            ecs = self.desk(one.target).ecs
            wanted = self.marks.of(ecs, release.pinned["from"])
            wanted = wanted.with_image(release.pinned["container"], release.pinned["image"])
            return self.marks.of(ecs, crew.task_definition) == wanted
        except TargetError as error:
            return error

    def crash(self, one: Want[EcsTarget], crew: Crew) -> str:
        """Out of the tasks that ended since the rollout began."""
        if not isinstance(crew, Fleet):
            return ""
        return crash_words(self.desk(one.target).ecs, one.target.cluster, crew, one.rollout.created_at)
