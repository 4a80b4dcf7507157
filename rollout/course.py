"""A deployment that AWS itself runs, as it shows: its stages, its waits, its end. Readings only, nothing decided.

Steps of a plan are ours; a course is AWS's. Under `Watch` the machine starts one, follows it, answers its waits, and
has it stopped.
"""

from typing import Literal

from rollout.durations import Duration
from rollout.values import ZERO, Frozen, Moment


class Wait(Frozen):
    """AWS stands still here until somebody says go, or until `until`."""

    id: str
    """What AWS calls it: `READY_WAIT`, `TERMINATION_WAIT`, the id of a hook. Unique within one course."""
    kind: Literal["shift", "remove"]
    """What going on does: send traffic to the new release, or remove the old side."""
    text: str
    """Where it stands, e.g. `the new task set is ready, no traffic has moved`."""
    until: Moment | None = None
    """When AWS stops waiting; None where it does not tell."""
    then: Literal["goes_on", "goes_back", "unknown"] = "unknown"
    """What it does at that moment, if nobody has answered."""


class CourseStage(Frozen):
    """One of AWS's own stages or lifecycle events."""

    name: str
    state: Literal["done", "now", "next", "failed"]


class Course(Frozen):
    """The newest deployment that was started for a rollout, by its marker; AWS's own way back counts as part of it."""

    id: str = ""
    """What AWS calls it; empty where there is none."""
    state: Literal["none", "running", "waiting", "done", "going_back", "back", "failed"]
    """none: it was not started. done: ended well, the release it was started for serves. going_back, back: AWS, or a
    deployment of ours that was started for it, puts the old release back, or has. failed: ended, and nothing puts the
    old release back by itself.
    """
    release: str = ""
    """Id of the release it was started for: the candidate, or stable where it was started to go back."""
    text: str = ""
    """What AWS says, in its words: `InProgress, AfterInstall`; foreign text inside: escape before showing."""
    reason: str = ""
    """Why it failed or goes back, as AWS says: `ALARM_ACTIVE: one or more alarms …`."""
    stages: tuple[CourseStage, ...] = ()
    wait: Wait | None = None
    """Exactly where `state` is waiting."""
    patience: Duration = ZERO
    """How long AWS may rightly show no change: the longest interval of its schedule."""
    foreign: str = ""
    """A deployment on the same target that is not ours and is under way, in words: its id, who started it."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever AWS gets on."""
        stages = ",".join(f"{stage.name}={stage.state}" for stage in self.stages)
        return f"{self.id} {self.state} {self.text} {stages} {self.wait.id if self.wait else ''}"
