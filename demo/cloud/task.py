"""One ECS task from PROVISIONING to STOPPED, and the deployment it belongs to. Starts and stops nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from demo.cloud.traffic import GOOD, Profile

PROVISIONING, PENDING, RUNNING, DEACTIVATING, STOPPED = (
    "PROVISIONING", "PENDING", "RUNNING", "DEACTIVATING", "STOPPED"
)
ESSENTIAL = "Essential container in task exited"
IN_PROGRESS, COMPLETED = "IN_PROGRESS", "COMPLETED"


@dataclass(frozen=True)
class Behaviour:
    """How the program in an image behaves: its requests, or the code it exits with; `missing` cannot be pulled."""

    profile: Profile = GOOD
    exit_code: int | None = None
    missing: bool = False


@dataclass
class Deployment:
    """One deployment of a service: a task definition from some moment on. Times are seconds since 1970."""

    id: str
    definition: str
    created: int
    updated: int
    failed: int = 0
    state: str = IN_PROGRESS
    side: int = 0
    """Which of its service's two target groups its tasks register in: 0 the first, 1 the alternate."""
    off: bool = False
    """Whether it shall have no tasks, in a service that keeps its deployments apart."""

    def turn(self, state: str, second: int) -> None:
        if state != self.state:
            self.state, self.updated = state, second


@dataclass
class Task:
    """One task. Times are seconds since 1970, None before they come."""

    arn: str
    number: int
    address: str
    deployment: Deployment
    behaviour: Behaviour
    created: int
    ready: int
    status: str = PROVISIONING
    started: int | None = None
    stopping: int | None = None
    stopped: int | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    container_reason: str = ""
    exit_code: int | None = None
    served: int | None = None
    """When its first request came."""
    groups: list[tuple[str, int]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def runs(self) -> bool:
        """Whether its program answers."""
        return self.status == RUNNING

    @property
    def alive(self) -> bool:
        """Whether it runs or will."""
        return self.status in (PROVISIONING, PENDING, RUNNING)

    def stop(self, second: int, reason: str, code: str) -> None:
        """Begins its end."""
        self.status, self.stopping, self.stopped_reason, self.stop_code = DEACTIVATING, second, reason, code

    def end(self, second: int, exit_code: int | None) -> None:
        """Ends it."""
        self.status, self.stopped, self.exit_code = STOPPED, second, exit_code
