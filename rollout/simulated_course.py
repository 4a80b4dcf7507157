"""A shipped double: what AWS does where it moves the traffic by itself. One deployment at a time, stages, waits, a way
back. Progress is a function of the clock it is given; nothing happens between looks.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from rollout.actions import Action, Continue, Launch, Outcome, Stop
from rollout.course import Course, CourseStage, Wait
from rollout.model import Rollout


@dataclass(frozen=True, slots=True)
class SimulatedStage:
    """One stage: how long it takes, the candidate's share in it, and whether AWS waits there for a person."""

    name: str
    seconds: int
    percent: int
    wait: Literal["", "shift", "remove"] = ""
    then: Literal["goes_on", "goes_back"] = "goes_on"


SCHEDULE = (
    SimulatedStage("Install", 20, 0),
    SimulatedStage("Ready", 3600, 0, "shift", "goes_back"),
    SimulatedStage("Shift10", 300, 10),
    SimulatedStage("Hook", 1800, 10, "shift", "goes_on"),
    SimulatedStage("Shift100", 10, 100),
    SimulatedStage("Warm", 1200, 100, "remove", "goes_on"),
    SimulatedStage("CleanUp", 5, 100),
)
ANEW = (SimulatedStage("Install", 20, 100), SimulatedStage("Back", 5, 0))
"""A deployment of the old release, after the other one has ended: what it shows is the candidate's share."""
BACK = 15
"""Seconds that AWS takes to put the old release back."""


@dataclass(slots=True)
class SimulatedDeployment:
    """One deployment, as AWS keeps it."""

    id: str
    release: str
    marker: str
    stages: tuple[SimulatedStage, ...]
    since: datetime
    made: datetime
    at: int = 0
    state: Literal["running", "done", "going_back", "back", "failed"] = "running"
    reason: str = ""
    percent: int = 0
    stop_at: datetime | None = None

    @property
    def stage(self) -> SimulatedStage:
        """Where it is."""
        return self.stages[self.at]

    @property
    def active(self) -> bool:
        """Not ended."""
        return self.state in ("running", "going_back")


@dataclass(slots=True)
class SimulatedAws:
    """A deployment group: what it runs, and what goes wrong with it."""

    schedule: tuple[SimulatedStage, ...] = SCHEDULE
    runs: list[SimulatedDeployment] = field(default_factory=list)
    stuck: bool = False
    """Nothing gets on any more."""
    way_back_fails: bool = False
    shows_late: int = 0
    """Seconds until a deployment shows that it was told to stop."""
    foreign: str = ""
    split: str = ""
    """What serves where somebody else has deployed over it all, in words: `9: 100 %`."""
    unknown: bool = False
    """Who gets what is shown nowhere."""
    lists_late: int = 0
    """Seconds until a new deployment is listed."""
    deaf: bool = False
    """It takes every word and does nothing."""
    stops: int = 0
    """How often something that runs was told to stop."""
    continued: list[tuple[str, str]] = field(default_factory=list)
    """Waits that were really left by Continue: deployment, wait."""

    def tick(self, now: datetime) -> None:
        """Let everything get as far as it is by now."""
        for run in self.runs:
            while run.active and not self.stuck and self._step(run, now):
                pass

    def _step(self, run: SimulatedDeployment, now: datetime) -> bool:
        if run.state == "running" and run.stop_at is not None and now >= run.stop_at:
            self._turn(run, run.stop_at, "MANUAL_STOP")
            return True
        long = timedelta(seconds=BACK if run.state == "going_back" else run.stage.seconds)
        if now < run.since + long:
            return False
        run.since += long
        if run.state == "going_back":
            failed = self.way_back_fails
            run.state, run.percent = ("failed", run.percent) if failed else ("back", 0)
        elif run.stage.wait and run.stage.then == "goes_back":
            self._turn(run, run.since, "nobody answered its wait")
        else:
            self._on(run)
        return True

    def _on(self, run: SimulatedDeployment) -> None:
        if run.at + 1 < len(run.stages):
            run.at += 1
            run.percent = run.stage.percent
        else:
            run.state = "back" if run.stages is ANEW else "done"

    def _turn(self, run: SimulatedDeployment, now: datetime, why: str) -> None:
        run.state, run.since, run.reason = "going_back", now, why

    def break_down(self, now: datetime, *, back: bool) -> None:
        """AWS itself ends what runs, and takes it back or leaves it where it is."""
        for run in self.runs:
            if run.state == "running" and back:
                self._turn(run, now, "ALARM_ACTIVE")
            elif run.state == "running":
                run.state, run.reason = "failed", "HEALTH_CONSTRAINTS"

    def mine(self, rollout: int) -> list[SimulatedDeployment]:
        """Those that were started for that rollout, the newest last."""
        return [run for run in self.runs if run.marker == f"#{rollout}"]

    def percent(self, rollout: int) -> int:
        """The candidate's share."""
        return self.mine(rollout)[-1].percent if self.mine(rollout) else 0

    def perform(self, rollout: Rollout, action: Action, now: datetime) -> Outcome:
        """Launch, Continue, Stop, as a driver does them: looked up first, absolute."""
        self.tick(now)
        mine = self.mine(rollout.id)
        if isinstance(action, Launch):
            return self._launch(rollout, action, mine, now)
        run = mine[-1] if mine else None
        if self.deaf:
            return Outcome(state="done")
        if isinstance(action, Continue) and run is not None and run.state == "running" and self._id(run) == action.wait:
            self.continued.append((run.id, action.wait))
            run.since = now
            self._on(run)
        elif isinstance(action, Stop) and run is not None and run.state == "running":
            self.stops += 1
            run.stop_at = run.stop_at or now + timedelta(seconds=self.shows_late)
            self.tick(now)
        return Outcome(state="done")

    def _launch(
        self, rollout: Rollout, action: Launch, mine: list[SimulatedDeployment], now: datetime
    ) -> Outcome:
        if mine and mine[-1].release == action.release and mine[-1].state != "failed":
            return Outcome(state="done", text="it was started already")
        if any(run.active for run in self.runs):
            return Outcome(state="failed", text="another deployment is under way")
        self.split = ""
        anew = rollout.stable is not None and action.release == rollout.stable.id
        stages = ANEW if anew else self.schedule
        run = SimulatedDeployment(f"d-{len(self.runs) + 1}", action.release, f"#{rollout.id}", stages, now, now)
        run.percent = self.percent(rollout.id) if anew else stages[0].percent
        self.runs.append(run)
        return Outcome(state="done")

    def _id(self, run: SimulatedDeployment) -> str:
        return run.stage.name if run.stage.wait else ""

    def course(self, rollout: Rollout, now: datetime) -> Course:
        """What a look shows of the newest deployment of that rollout."""
        self.tick(now)
        hidden = timedelta(seconds=self.lists_late)
        mine = [run for run in self.mine(rollout.id) if now - run.made >= hidden]
        if not mine:
            return Course(state="none", foreign=self.foreign)
        run = mine[-1]
        wait = self._wait(run) if run.state == "running" else None
        anew = run.stages is ANEW and run.state == "running"
        state = "going_back" if anew else "waiting" if wait is not None and run.state == "running" else run.state
        return Course.model_validate({
            "id": run.id, "state": state, "release": run.release, "text": f"{run.state}, {run.stage.name}",
            "reason": run.reason, "wait": None if anew else wait, "foreign": self.foreign,
            "stages": tuple(self._shown(run, index) for index in range(len(run.stages))),
            "patience": timedelta(seconds=max(stage.seconds for stage in run.stages)),
        })  # fmt: skip

    def _wait(self, run: SimulatedDeployment) -> Wait | None:
        stage = run.stage
        if not stage.wait:
            return None
        until = run.since + timedelta(seconds=stage.seconds)
        return Wait(id=stage.name, kind=stage.wait, text=f"waits at {stage.name}", until=until, then=stage.then)

    def _shown(self, run: SimulatedDeployment, index: int) -> CourseStage:
        ended = run.state in ("done", "back") and run.stages is not ANEW
        state = "done" if index < run.at or ended else "next" if index > run.at else "now"
        failed = state == "now" and run.state == "failed"
        return CourseStage.model_validate({"name": run.stages[index].name, "state": "failed" if failed else state})
