"""The two task sets of a CodeDeploy service in our words: who gets how much, how both are. No calls of its own."""

from collections.abc import Callable, Container, Sequence
from typing import Final

from aws.codedeploy_course import Story
from aws.codedeploy_ground import Asked, Sides
from aws.codedeploy_server_rows import shifted
from aws.ecs_definition import short
from aws.ecs_replies import Camel, Fleet, ServiceBalancer
from rollout.errors import TargetError
from rollout.release import Release
from rollout.seen import SideHealth

NEAR: Final = 1e-6
Runs = Callable[[str, Release], bool]
"""Whether a task definition is a release's."""


class TaskSet(Camel):
    """One task set of a service."""

    id: str = ""
    status: str = ""
    task_definition: str = ""
    computed_desired_count: int = 0
    running_count: int = 0
    stability_status: str = ""
    load_balancers: tuple[ServiceBalancer, ...] = ()


def serving(fleet: Fleet) -> str:
    """The task definition that gets the traffic while nothing deploys; TargetError where there is none."""
    primary = next((one.task_definition for one in sets_of(fleet) if one.status == "PRIMARY"), "")
    found = primary or fleet.task_definition
    if not found:
        raise TargetError("state", f"{fleet.service_name} runs no task definition", "deploy to it once by hand")
    return found


def sets_of(fleet: Fleet) -> list[TaskSet]:
    """Its task sets."""
    return [TaskSet.model_validate(row) for row in fleet.task_sets]


def seen_of(one: Asked, fleet: Fleet, runs: Runs) -> Sides:
    """Shares and health of both sides."""
    rollout, sets = one.rollout, sets_of(fleet)
    if rollout.stable is None or rollout.candidate is None:
        raise TargetError("config", f"#{rollout.id} has no stable and candidate release yet")
    both = (rollout.stable, rollout.candidate)
    shares = _shares(one, fleet, sets, runs)
    stable, candidate = (_health(release, sets, runs) for release in both)
    if not shares:
        return Sides(None, stable, candidate)
    if shares.keys() - {release.id for release in both}:
        told = ", ".join(f"{name}: {share:g} %" for name, share in shares.items())
        return Sides(None, stable, candidate, told)
    return Sides(whole(shares.get(both[1].id, 0.0)), stable, candidate)


def whole(share: float) -> int:
    """In percent; neither end is said before it is reached."""
    if share <= NEAR or share >= 100 - NEAR:
        return 0 if share <= NEAR else 100
    return min(99, max(1, round(share)))


def _shares(one: Asked, fleet: Fleet, sets: Sequence[TaskSet], runs: Runs) -> dict[str, float]:
    """Percent by release; what is neither of ours by the name of its task definition. Empty where nobody knows.

    A deployment that ended in the middle leaves traffic where it was, and ECS goes on calling the old task set the
    primary one: what its targets showed last stays true until another deployment moves the traffic.
    """
    story = one.story
    if story.foreign and story.ours is not None:
        return {}  # somebody else's moves traffic now: a group has one that does, so ours has ended
    told = [row for target in story.targets for row in target.task_sets_info]
    weights = {row.identifer: (row.traffic_weight, row.task_set_label) for row in told if row.traffic_weight > NEAR}
    if weights and _tells(story, {row.identifer for row in told}, sets):
        known = {row.id: row.task_definition for row in sets}
        shares: dict[str, float] = {}
        for set_id, (weight, label) in weights.items():
            name = _name(one, known.get(set_id, ""), label, runs)
            shares[name] = shares.get(name, 0.0) + weight
        return shares
    if weights or _settled(story):
        return {_name(one, serving(fleet), "", runs): 100.0}
    return {}


def _tells(story: Story, shown: Container[str], sets: Sequence[TaskSet]) -> bool:
    """Whether its weights are those of now: it moves traffic, or ended in the middle and nothing came after it."""
    moving = story.moving
    if moving is None or moving.status == "Succeeded":
        return False
    primary = next((one.id for one in sets if one.status == "PRIMARY"), "")
    return moving.active or not primary or primary in shown


def _settled(story: Story) -> bool:
    """Whether the primary task set has everything for certain: nothing has begun to move traffic, or all has moved."""
    moving = story.moving
    if moving is None or moving.status == "Succeeded":
        return True
    if story.unread or story.back is not None or story.goes_back:
        return False  # what it takes back may have left off anywhere
    return not shifted(story.targets)


def _name(one: Asked, arn: str, label: str, runs: Runs) -> str:
    stable, candidate = one.rollout.stable, one.rollout.candidate
    for release in (stable, candidate):
        if arn and release is not None and runs(arn, release):
            return release.id
    if not arn and label and stable is not None and candidate is not None:
        # A task set that the service does not list any more: Green is what the deployment was started for.
        green, blue = (candidate.id, stable.id)
        if one.story.goes_back or one.story.back is not None:
            green, blue = blue, green
        return green if label == "Green" else blue
    return short(arn) or "something else"


def _health(release: Release, sets: Sequence[TaskSet], runs: Runs) -> SideHealth:
    there = [one for one in sets if one.task_definition and one.status != "DRAINING"]
    mine = [one for one in there if runs(one.task_definition, release)]
    if not mine:
        return SideHealth(text=f"{release.id} has no tasks")
    best = max(mine, key=lambda one: one.running_count)
    needed, ready = best.computed_desired_count, best.running_count
    text = f"{release.id}: {ready} of {needed} tasks run"
    if needed and ready >= needed and best.stability_status in ("", "STEADY_STATE"):
        return SideHealth(state="healthy", text=text, ready=ready, needed=needed)
    steady = ready if best.stability_status == "STEADY_STATE" else 0
    return SideHealth(text=text, ready=steady, needed=needed, coming=True)
