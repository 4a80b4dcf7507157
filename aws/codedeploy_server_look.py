"""Instances of a CodeDeploy deployment in our words: which share has the new release, how it is there. No calls."""

from collections.abc import Sequence

from aws.codedeploy_course import Story, stages_of
from aws.codedeploy_ecs_look import whole
from aws.codedeploy_ground import Asked, Sides
from aws.codedeploy_replies import Deployment, TargetRow
from rollout.seen import SideHealth


def share_of(story: Story) -> int | None:
    """The candidate's share of the instances; None where it cannot be known.

    Of a way back it is the most that it can be: what was put back is known, what was never reached is not.
    """
    ours = story.ours
    if ours is None:
        return 0
    moved = _moved(ours, story.targets if story.back is None else ())
    if story.goes_back:
        return None if moved is None else whole(100 - moved)
    if story.back is None:
        return None if moved is None else whole(moved)
    if story.back.status == "Succeeded":
        return 0
    back = _moved(story.back, story.targets)
    if moved is None or back is None:
        return None
    return max(1, whole(min(moved, 100 - back)))


def sides_of(one: Asked, percent: int | None) -> Sides:
    """Both sides; of the one that nobody deploys to now CodeDeploy tells nothing."""
    rollout, ours = one.rollout, one.story.ours
    stable = SideHealth(text="CodeDeploy does not tell of instances that it does not deploy to")
    if ours is None or one.story.goes_back:
        return Sides(percent, stable, SideHealth(text="nothing was deployed yet" if ours is None else ""))
    counts = ours.deployment_overview
    name = rollout.candidate.id if rollout.candidate else ours.deployment_id
    text = f"{counts.succeeded} of {counts.total} instances have {name}"
    if counts.failed:
        text += f", {counts.failed} failed"
    # How many may fail is for the group's own configuration to say: its word is the deployment's status, with a reason.
    if ours.status == "Succeeded" or (ours.active and counts.succeeded + counts.ready):
        return Sides(percent, stable, SideHealth(state="healthy", text=text))
    return Sides(percent, stable, SideHealth(text=text, coming=ours.active))


def _moved(deployment: Deployment, targets: Sequence[TargetRow]) -> float | None:
    """How much of the fleet has what this deployment brings, in percent."""
    if deployment.status == "Succeeded":
        return 100.0
    if deployment.deployment_style.deployment_type == "BLUE_GREEN":
        return _routed(deployment, targets)
    counts = deployment.deployment_overview
    # An instance that failed, or that was left in the middle, may run either: it is not taken for untouched.
    touched = counts.succeeded + (0 if deployment.active else counts.failed + counts.in_progress)
    return 100.0 * touched / counts.total if counts.total else 0.0


def _routed(deployment: Deployment, targets: Sequence[TargetRow]) -> float | None:
    """Of the instances that get traffic, how many are new."""
    if deployment.instance_termination_wait_time_started:
        return 100.0
    if not targets:
        return 0.0 if deployment.status in ("Created", "Queued", "Ready") else None
    new = sum(_through(row, "AllowTraffic") for row in targets if row.instance_label == "Green")
    old = sum(not _through(row, "BlockTraffic") for row in targets if row.instance_label != "Green")
    return 100.0 * new / (new + old) if new + old else 0.0


def _through(row: TargetRow, event: str) -> bool:
    return any(stage.name == event and stage.state == "done" for stage in stages_of([row]))
