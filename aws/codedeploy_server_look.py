"""Instances of a CodeDeploy deployment in our words: which share has the new release, how it is there. No calls."""

from collections.abc import Sequence

from aws.codedeploy_course import Story
from aws.codedeploy_ecs_look import whole
from aws.codedeploy_ground import Asked, Sides
from aws.codedeploy_replies import Deployment, TargetRow
from aws.codedeploy_server_rows import fleets_of
from rollout.seen import SideHealth


def share_of(story: Story) -> int | None:
    """The candidate's share of the instances; None where it cannot be known.

    Of a way back it is the most that it can be: what was put back is known, what was never reached is not.
    """
    ours = story.ours
    if ours is None:
        return 0
    moved = _moved(ours, story.targets if story.back is None else (), certain=story.goes_back)
    if story.goes_back:
        return None if moved is None else whole(100 - moved)
    if story.back is None:
        return None if moved is None else whole(moved)
    if story.back.status == "Succeeded":
        return 0
    back = _moved(story.back, story.targets, certain=True)
    if moved is None or back is None:
        return None
    return max(1, whole(min(moved, 100 - back))) if moved else 0


def sides_of(one: Asked, percent: int | None) -> Sides:
    """Both sides; of the one that nobody deploys to now CodeDeploy tells nothing."""
    rollout, ours = one.rollout, one.story.ours
    stable = SideHealth(text="CodeDeploy does not tell of instances that it does not deploy to")
    if ours is None or one.story.goes_back:
        return Sides(percent, stable, SideHealth(text="nothing was deployed yet" if ours is None else ""))
    counts, fleets = ours.deployment_overview, fleets_of(one.story.targets) if one.story.back is None else None
    name = rollout.candidate.id if rollout.candidate else ours.deployment_id
    text = f"{counts.succeeded} of {counts.total} instances have {name}"
    if counts.failed:
        text += f", {counts.failed} failed"
    ready = counts.succeeded + counts.ready
    if ours.deployment_style.deployment_type == "BLUE_GREEN":
        # The counts are of both sides together.
        ready, text = (fleets.ready, f"{name}: {fleets.words}") if fleets else (counts.ready, "")
    # How many may fail is for the group's own configuration to say: its word is the deployment's status, with a reason.
    if ours.status == "Succeeded" or (ours.active and ready):
        return Sides(percent, stable, SideHealth(state="healthy", text=text))
    return Sides(percent, stable, SideHealth(text=text, coming=ours.active))


def _moved(deployment: Deployment, targets: Sequence[TargetRow], *, certain: bool) -> float | None:
    """How much of the fleet has what this deployment brings, in percent. `certain`: at least; else at most."""
    if deployment.status == "Succeeded":
        return 100.0
    if deployment.deployment_style.deployment_type == "BLUE_GREEN":
        return _routed(deployment, targets, certain=certain)
    counts = deployment.deployment_overview
    # An instance that failed, or that was left in the middle, may run either: it is not taken for untouched.
    touched = counts.succeeded + (0 if deployment.active else counts.failed + counts.in_progress)
    return 100.0 * touched / counts.total if counts.total else 0.0


def _routed(deployment: Deployment, targets: Sequence[TargetRow], *, certain: bool) -> float | None:
    """Of the instances that get traffic, how many are new."""
    if deployment.instance_termination_wait_time_started:
        return 100.0
    fleets = fleets_of(targets)
    if fleets is None or fleets.partly:
        counts = deployment.deployment_overview
        untouched = counts.total > 0 and counts.total == counts.pending + counts.skipped
        return 0.0 if untouched or deployment.status in ("Created", "Queued", "Ready") else None
    if fleets.moved and fleets.leaving:
        return 100.0
    new, old = fleets.serving if certain else fleets.reached, fleets.leaving - fleets.left
    if new and not fleets.leaving:
        return None  # nothing is told of the old ones, which may all be there
    return min(99.0, 100.0 * new / (new + old)) if new else 0.0
