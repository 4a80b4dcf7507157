"""What stands under CodeDeploy: what every platform tells of a release and of its two sides. Words only, no calls."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from aws.codedeploy_course import Story
from aws.codedeploy_replies import Group
from aws.codedeploy_target import CodeDeployTarget
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.release import Check, Prepared, Release
from rollout.seen import SideHealth


class Sides(NamedTuple):
    """Who gets how much, and how both are."""

    percent: int | None
    stable: SideHealth
    candidate: SideHealth
    foreign: str = ""


class Asked(NamedTuple):
    """One rollout of a look: its target, what CodeDeploy showed of it."""

    rollout: Rollout
    target: CodeDeployTarget
    story: Story


class Ground(Protocol):
    """One compute platform."""

    def prepare(self, rollout: Rollout, target: CodeDeployTarget, group: Group) -> Prepared:
        """Both releases, pinned; what would change; what this platform would stumble over. Read only."""
        ...

    def examine(self, target: CodeDeployTarget, group: Group) -> Sequence[Check]:
        """What a rollout of the newest release would meet. Read only."""
        ...

    def revision(self, target: CodeDeployTarget, release: Release, other: Release) -> dict[str, Any]:
        """What CreateDeployment is told to deploy, where `other` serves. May register what it names."""
        ...

    def see(self, asked: Sequence[Asked]) -> dict[int, Sides | TargetError]:
        """Both sides of each rollout, batched. Never mutates, never raises a TargetError."""
        ...
