"""What CodeDeploy shows of a deployment, as a course: its state, its wait, its stages. No calls, nothing decided.

Two things of CodeDeploy's that the words of a course have to carry:

- Its way back is a deployment of its own, with an id of its own, that appears some seconds after the first one ended.
  Until it appears, a deployment that AWS was told to take back counts as going back, for `PROMISED`.
- A way back of ours may stand at the group's wait before traffic moves. Nothing goes on by itself there, so it counts
  as failed, and the launch that is asked for again answers the wait (codedeploy_hands.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from aws.codedeploy_mark import words
from aws.codedeploy_replies import Deployment, LifecycleEvent, TargetRow
from aws.codedeploy_server_rows import fleets_of, in_order
from aws.faults import clip
from rollout.course import Course, CourseStage, Wait

READY, TERMINATION = "READY_WAIT", "TERMINATION_WAIT"
PROMISED: Final = timedelta(minutes=2)
"""So long AWS may take until it shows the way back that it was asked for."""
UNTOLD: Final = timedelta(seconds=30)
"""Somebody else's stop does not say whether it was one with a rollback: that shows within seconds, or it was none."""
MINUTE: Final = timedelta(minutes=1)

REASON: Final = 1200
"""Characters of AWS's own words that are kept; a card shows their beginning, its thread all of them."""

State = Literal["running", "waiting", "done", "going_back", "back", "failed"]
StageState = Literal["done", "now", "next", "failed"]
STAGES: Final[Mapping[str, StageState]] = {
    "Pending": "next", "InProgress": "now", "Succeeded": "done", "Skipped": "done", "Failed": "failed",
    "Unknown": "next",
}  # fmt: skip


class Story(NamedTuple):
    """A rollout's newest deployment, and what belongs to it."""

    ours: Deployment | None
    release: str = ""
    """It was started for."""
    goes_back: bool = False
    """That is the stable one."""
    back: Deployment | None = None
    """AWS's own way back from it."""
    targets: tuple[TargetRow, ...] = ()
    """Of the one that moves, or moved last."""
    unread: bool = False
    """They could not be read: what they would tell is not known."""
    foreign: str = ""
    after: Deployment | None = None
    """The newest one of somebody else's to the whole group that came after all of these."""
    interval: int = 0
    """Minutes between two moves of traffic."""
    told_back: bool = False
    """The last thing that this rollout asked for was that AWS stops it and goes back."""

    @property
    def moving(self) -> Deployment | None:
        """The deployment that moves traffic, or moved it last."""
        return self.back or self.ours


def course_of(story: Story, percent: int | None, at: datetime) -> Course:
    """The course. `percent`: the candidate's share, where it is known."""
    ours = story.ours
    if ours is None:
        return Course(state="none", foreign=story.foreign)
    state = _state(story, ours, percent, at)
    return Course(
        id=ours.deployment_id,
        state=state,
        release=story.release,
        text=_told(story, ours),
        reason=_reason(story, ours),
        stages=_shown(story),
        wait=wait_of(story, at) if state == "waiting" else None,
        patience=_patience(ours, story.interval),
        foreign=story.foreign,
    )


def stages_of(targets: Sequence[TargetRow]) -> tuple[CourseStage, ...]:
    """Lifecycle events in their order; of several targets the least of each."""
    events: dict[str, list[StageState]] = {}
    for target in in_order(targets):
        for event in target.lifecycle_events:
            if event.lifecycle_event_name:
                events.setdefault(event.lifecycle_event_name, []).append(_stage(event))
    return tuple(CourseStage(name=clip(name, 60), state=_least(states)) for name, states in events.items())


def _shown(story: Story) -> tuple[CourseStage, ...]:
    """A way back has the same events, in a deployment of its own: they are not taken for those of the first one."""
    stages = stages_of(story.targets)
    if story.back is None and not story.goes_back:
        return stages
    return tuple(stage.model_copy(update={"name": f"back: {stage.name}"}) for stage in stages)


def _state(story: Story, ours: Deployment, percent: int | None, at: datetime) -> State:
    if ours.active:
        wait = wait_of(story, at)
        if not story.goes_back:
            return "waiting" if wait else "running"
        if wait is None:
            return "going_back"
        return "back" if wait.kind == "remove" else "failed"
    if ours.status == "Succeeded":
        return "back" if story.goes_back else "done"
    return _after_the_end(story, ours, percent, at)


def _after_the_end(story: Story, ours: Deployment, percent: int | None, at: datetime) -> State:
    """It failed or was stopped: does AWS put the old release back?"""
    # Failed with everything on the old side leaves nothing to put back.
    unhelped: State = "back" if percent == 0 else "failed"
    if story.goes_back:
        return unhelped
    if story.back is not None:
        if story.back.active:
            return "going_back"
        return "back" if story.back.status == "Succeeded" else unhelped
    link = ours.rollback_info
    if link.rollback_deployment_id:
        return "going_back"  # it is there, only its row was not read
    ended = ours.complete_time or ours.create_time
    if not link.rollback_message and at - ended < _promised(story, ours):
        return "going_back"
    return unhelped


def _promised(story: Story, ours: Deployment) -> timedelta:
    """How long a way back is to be expected from this end. What was stopped by us was stopped with that order."""
    events = ours.auto_rollback_configuration
    if ours.error_information.code == "ALARM_ACTIVE":
        told = events.on("STOP_ON_ALARM")
    elif ours.status == "Stopped":
        return PROMISED if story.told_back or events.on("STOP_ON_REQUEST") else UNTOLD
    else:
        told = events.on("FAILURE")
    return PROMISED if told else timedelta(0)


def wait_of(story: Story, at: datetime) -> Wait | None:
    """Where the deployment stands still. Two kinds; the second one after all traffic has moved."""
    ours = story.ours
    if ours is None or not ours.active:
        return None
    if _moved(ours, story.targets):
        return _removal(ours, story.targets, at)
    if ours.status != "Ready":
        return None
    option = ours.blue_green_deployment_configuration.deployment_ready_option
    return Wait(
        id=READY, kind="shift", text="the new side is ready, no traffic has moved",
        until=_after(story.targets, option.wait_time_in_minutes),
        then="goes_back" if option.action_on_timeout == "STOP_DEPLOYMENT" else "goes_on",
    )  # fmt: skip


def _removal(ours: Deployment, targets: Sequence[TargetRow], at: datetime) -> Wait | None:
    end = ours.blue_green_deployment_configuration.terminate_blue_instances_on_deployment_success
    minutes = 0 if end.action == "KEEP_ALIVE" else end.termination_wait_time_in_minutes
    until = _after(targets, minutes)
    if not minutes or (until is not None and at >= until):
        return None  # nothing is waited for, or what it waited for is under way
    text = "all traffic has moved, the old side is kept"
    return Wait(id=TERMINATION, kind="remove", text=text, until=until, then="goes_on")


def _moved(deployment: Deployment, targets: Sequence[TargetRow]) -> bool:
    """All traffic has moved, what is left is to remove the old side.

    CodeDeploy has a flag for it and a status, and has had times with neither on ECS (aws/containers-roadmap#269):
    then the lifecycle events tell.
    """
    stages = stages_of(targets)
    named = {stage.name: stage.state for stage in stages}
    last = "AfterAllowTraffic" if "AfterAllowTraffic" in named else "AllowTraffic"
    told = deployment.instance_termination_wait_time_started or deployment.status == "Baking"
    fleets = fleets_of(targets)
    if told or fleets is None:
        return told or named.get(last) == "done"
    # The old instances leave after the last new one is in, and may take minutes to drain.
    return fleets.moved and all(stage.state == "done" for stage in stages)


def _after(targets: Sequence[TargetRow], minutes: int) -> datetime | None:
    """When a wait ends that began with the last thing that ended; AWS does not tell it."""
    ends = [event.end_time for target in targets for event in target.lifecycle_events if event.end_time]
    return max(ends) + minutes * MINUTE if ends and minutes else None


def _stage(event: LifecycleEvent) -> StageState:
    if event.status == "Unknown" and event.start_time:
        return "now"
    return STAGES.get(event.status, "now" if event.start_time else "next")


def _least(states: Iterable[StageState]) -> StageState:
    seen = set(states)
    if "failed" in seen:
        return "failed"
    if len(seen) == 1:
        return seen.pop()
    return "now"


def _told(story: Story, ours: Deployment) -> str:
    """Of AWS's own way back with its id: the id on the card is that of the deployment that was started."""
    text = _text(story.back or ours, story.targets)
    return clip(f"{story.back.deployment_id}, {text}") if story.back is not None else text


def _text(shown: Deployment, targets: Sequence[TargetRow]) -> str:
    """`InProgress, AfterInstall`, or `InProgress, 3 of 10 instances`."""
    now = [stage.name for stage in stages_of(targets) if stage.state == "now"]
    counts = shown.deployment_overview  # of a blue/green deployment those of both sides together
    told = now[0] if now else ""
    fleets = fleets_of(targets)
    if fleets is not None:
        told = ", ".join(filter(None, (told, fleets.words)))
    elif counts.total > 1 and shown.deployment_style.deployment_type != "BLUE_GREEN":
        failed = f", {counts.failed} failed" if counts.failed else ""
        told = f"{counts.succeeded} of {counts.total} instances{failed}"
    return clip(", ".join(filter(None, (shown.status, told))))


def _reason(story: Story, ours: Deployment) -> str:
    """Why it failed or goes back, in AWS's words; of the way back too, where that has failed."""
    told = []
    for one in (ours, story.back):
        if one is not None and one.error_information.code:
            said = one.error_information
            told.append(f"{said.code}: {said.message}" if said.message else said.code)
    link = ours.rollback_info.rollback_message
    if link and story.back is None and not ours.rollback_info.rollback_deployment_id:
        told.append(link)
    if story.after is not None:
        told.append(f"after it came {words(story.after)}")
    if ours.active and story.goes_back and ours.status == "Ready":
        told.append("it waits for a word before traffic goes back")
    return clip("; ".join(told), REASON)


def _patience(ours: Deployment, interval: int) -> timedelta:
    settings = ours.blue_green_deployment_configuration
    waits = (
        interval,
        settings.deployment_ready_option.wait_time_in_minutes,
        settings.terminate_blue_instances_on_deployment_success.termination_wait_time_in_minutes,
    )
    return max(waits) * MINUTE
