"""What the driver `ec2` reads of its Auto Scaling groups in a look: by fifty, their limits with them."""

from collections.abc import Mapping, Sequence

from aws.ec2_reads import crash_words, read_pools
from aws.ec2_replies import Pool, TemplateRef
from aws.ec2_target import OPERATIONS, Ec2Target
from aws.pair_health import Crew
from aws.pair_limits import Limit
from aws.pair_look import Eyes, Want
from aws.sessions import Sessions
from rollout.errors import TargetError
from rollout.ports import Clock
from rollout.release import Release


class Ec2Eyes(Eyes[Ec2Target]):
    """Sees Auto Scaling groups and their instances."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        super().__init__(sessions, clock, OPERATIONS)

    def crews(self, wants: Sequence[Want[Ec2Target]]) -> Mapping[str, Crew | TargetError]:
        """By name."""
        scaling = self.calls(wants[0].target, "autoscaling")
        return {**read_pools(scaling, [name for one in wants for name in one.crews])}

    def limits(
        self, wants: Sequence[Want[Ec2Target]], crews: Mapping[str, Crew | TargetError]
    ) -> Mapping[str, Limit | TargetError] | TargetError:
        """A group has its own."""
        unread = {name: one for name, one in crews.items() if isinstance(one, TargetError)}
        return {**limits_of(crews), **unread}

    def ours(self, one: Want[Ec2Target], release: Release, crew: Crew) -> bool | TargetError:
        """By the template and its number."""
        return isinstance(crew, Pool) and has(crew, release)

    def crash(self, one: Want[Ec2Target], crew: Crew) -> str:
        """Out of what the group did since the rollout began."""
        return crash_words(self.calls(one.target, "autoscaling"), crew.name, one.rollout.created_at)


def has(pool: Pool, release: Release) -> bool:
    """Whether new instances of the group are of that release."""
    return template_of(release).same(pool.launch_template)


def template_of(release: Release) -> TemplateRef:
    """The version of a launch template that a release is pinned to."""
    pinned = release.pinned
    return TemplateRef(
        launch_template_id=pinned.get("template", ""), launch_template_name=pinned.get("template_name", ""),
        version=pinned.get("version", ""),
    )  # fmt: skip


def limits_of(crews: Mapping[str, Crew | TargetError]) -> dict[str, Limit]:
    """Between which sizes each group scales by itself."""
    return {name: Limit(one.min_size, one.max_size) for name, one in crews.items() if isinstance(one, Pool)}
