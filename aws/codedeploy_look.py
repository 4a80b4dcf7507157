"""Finds a rollout's deployments: by the id that the last look left in its row, or by their mark. Reads only.

A deployment of ours that is under way holds its group, so nothing else needs looking for; once it has ended, AWS's way
back, a way back of ours or somebody else's deployment may have come, and the group is listed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from aws import codedeploy_mark
from aws.codedeploy_course import Story
from aws.codedeploy_reads import Desk, Intervals, TargetNames, deployments_of, desk, ids_since, targets_of
from aws.codedeploy_replies import Deployment
from aws.codedeploy_target import CodeDeployTarget
from aws.driver import sides
from aws.sessions import Sessions
from rollout.actions import Stop
from rollout.errors import FaultKind, TargetError
from rollout.model import Rollout

FINAL: Final[frozenset[FaultKind]] = frozenset({"absent", "auth", "config", "state"})
"""Faults of what was asked for; others are AWS's or the line's, and asking more would make them worse."""
FOR_ONE: Final = ("autoscaling", "CodeDeployAutoUpdate")
"""Who AWS says has started a deployment to instances that are new, or that were left out."""


class Want(NamedTuple):
    """One rollout of a look."""

    rollout: Rollout
    target: CodeDeployTarget

    @property
    def known(self) -> str:
        """The deployment that the last look showed."""
        seen = self.rollout.seen
        return seen.course.id if seen is not None and seen.course is not None else ""


class Eyes:
    """Keeps nothing but what never changes: ids of targets, intervals of configurations."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._names = TargetNames()
        self._intervals = Intervals()

    def desk(self, target: CodeDeployTarget) -> Desk:
        """Where to ask about a target."""
        return desk(self._sessions, target)

    def listed(self, want: Want) -> Story:
        """One rollout's deployments, the whole group listed: before something is started."""
        return self._one(want, listed=True)

    def bare(self, want: Want) -> Story:
        """Only whose it is and whether it is under way: nothing else may stand between it and being stopped."""
        return self._one(want, listed=False)

    def whole(self, want: Want, story: Story) -> Story:
        """The same with its targets: before its wait is answered."""
        moving = story.moving
        if moving is None:
            return story
        one = self.desk(want.target)
        story = story._replace(interval=self._intervals.of(one, moving.deployment_config_name))
        in_place = moving.deployment_style.deployment_type != "BLUE_GREEN"
        if moving.status == "Succeeded" or (want.target.platform == "server" and in_place):
            return story  # counts tell enough, and there may be a thousand instances
        try:
            return story._replace(targets=targets_of(one, self._names, moving.deployment_id))
        except TargetError:
            if moving.active:
                raise
            return story._replace(unread=True)  # of what has ended they only tell how far it came

    def stories(self, wants: Sequence[Want]) -> dict[int, Story | TargetError]:
        """All rollouts of one place; a failure is the value of each it is about."""
        found = self._bare(wants, listed=False)
        for want in wants:
            story = found[want.rollout.id]
            try:
                found[want.rollout.id] = story if isinstance(story, TargetError) else self.whole(want, story)
            except TargetError as error:
                found[want.rollout.id] = error
        return found

    def _one(self, want: Want, *, listed: bool) -> Story:
        story = self._bare([want], listed=listed)[want.rollout.id]
        if isinstance(story, TargetError):
            raise story
        return story

    def _bare(self, wants: Sequence[Want], *, listed: bool) -> dict[int, Story | TargetError]:
        """Deployments without targets. `listed`: whatever the last look showed."""
        calls = self.desk(wants[0].target).calls
        found: dict[int, Story | TargetError] = {}
        try:
            rows = deployments_of(calls, [] if listed else [want.known for want in wants if want.known])
            ids: set[str] = set()
            for want in wants:
                if not _under_way(want, rows.get(want.known)):
                    try:
                        ids.update(ids_since(self.desk(want.target), want.rollout.created_at))
                    except TargetError as error:
                        found[want.rollout.id] = error
            missing = ids - rows.keys()
            rows |= deployments_of(calls, sorted(missing))
        except TargetError as error:
            if len(wants) > 1 and error.kind in FINAL:
                # One group that may not be read would hide all others: IAM refuses the batch as a whole.
                return {number: story for want in wants for number, story in self._bare([want], listed=listed).items()}
            return {want.rollout.id: found.get(want.rollout.id, error) for want in wants}
        for want in wants:
            if want.rollout.id not in found:
                found[want.rollout.id] = _told(want, rows.values())
        return found


def story_of(want: Want, rows: Iterable[Deployment]) -> Story:
    """What these deployments are to that rollout. TargetError where it does not know its releases yet."""
    rollout, target = want
    here = (target.application, target.group)
    group = [row for row in rows if (row.application_name, row.deployment_group_name) == here]
    stable, candidate = sides(rollout)
    ours = [
        (row, release.id) for row in group for release in (stable, candidate)
        if codedeploy_mark.is_for(row, rollout, target, release.id)
    ]  # fmt: skip
    if not ours:
        return Story(
            None, foreign=_others(group, (), stable.id), after=_after(group, (), rollout.created_at),
        )  # fmt: skip
    newest, release = max(ours, key=lambda one: (one[0].create_time, one[0].deployment_id))
    back = next((row for row in group if _takes_back(row, newest)), None)
    known = {row.deployment_id for row, _ in ours} | ({back.deployment_id} if back else set())
    after = _after(group, known, (back or newest).create_time)
    return Story(
        newest, release, release == stable.id, told_back=_told_back(rollout), back=back,
        foreign=_others(group, known, stable.id), after=after,
    )  # fmt: skip


def _told_back(rollout: Rollout) -> bool:
    """Kept with the decision, before the call: a stop of ours that AWS took is never without it."""
    stop = Stop()
    return rollout.asked_what == f"{stop.kind} {stop.arg}"


def _told(want: Want, rows: Iterable[Deployment]) -> Story | TargetError:
    try:
        return story_of(want, rows)
    except TargetError as error:
        return error


def _under_way(want: Want, row: Deployment | None) -> bool:
    if row is None or not row.active:
        return False
    try:
        return story_of(want, [row]).ours is not None
    except TargetError:
        return True  # told by whoever makes the story


def _takes_back(row: Deployment, ours: Deployment) -> bool:
    return ours.deployment_id == row.rollback_info.rollback_triggering_deployment_id or (
        row.deployment_id == ours.rollback_info.rollback_deployment_id
    )


def _after(group: Iterable[Deployment], ours: Iterable[str], moment: datetime) -> Deployment | None:
    """Somebody else's newest since then. One that AWS makes for a single new instance tells nothing of the others."""
    known = set(ours)
    later = [
        row for row in group
        if row.create_time > moment and row.deployment_id not in known and not row.creator.startswith(FOR_ONE)
    ]  # fmt: skip
    return max(later, key=lambda row: (row.create_time, row.deployment_id), default=None)


def _others(group: Iterable[Deployment], ours: Iterable[str], serving: str) -> str:
    """Deployments on the same target that are under way and not ours; an earlier way back that has arrived is."""
    known = set(ours)
    others = [row for row in group if row.active and row.deployment_id not in known]
    return "; ".join(codedeploy_mark.words(row) for row in others if not codedeploy_mark.only_keeps(row, serving))


