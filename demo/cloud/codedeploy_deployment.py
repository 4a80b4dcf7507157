"""One CodeDeploy deployment and its group, as data. They start and stop nothing by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from demo.cloud.codedeploy_configs import Config
from demo.cloud.codedeploy_words import (
    CREATED,
    DISCOVER,
    ENDED,
    FAILED,
    IN_PROGRESS,
    PENDING,
    READY,
    SKIPPED,
    SUCCEEDED,
    USER,
    message_of,
)

AppKey = tuple[str, str, str]  # account, region, application


@dataclass
class Application:
    """One application: a name for the groups in it."""

    key: AppKey
    id: str
    platform: str
    created: int

    @property
    def name(self) -> str:
        return self.key[2]


@dataclass(eq=False)
class Group:
    """One deployment group. `settings` is what it was created with, in CodeDeploy's own words."""

    app: Application
    name: str
    id: str
    settings: dict[str, Any]
    deployments: list[Deployment] = field(default_factory=list)
    """Oldest first."""

    @property
    def active(self) -> Deployment | None:
        """The one that has not ended: AWS lets a group have one."""
        return next((one for one in reversed(self.deployments) if one.status not in ENDED), None)

    @property
    def last_good(self) -> Deployment | None:
        return next((one for one in reversed(self.deployments) if one.status == SUCCEEDED), None)

    @property
    def blue_green(self) -> dict[str, Any]:
        """The options of a blue/green group; empty for others."""
        return dict(self.settings.get("blueGreenDeploymentConfiguration", {}))

    @property
    def is_blue_green(self) -> bool:
        return bool(self.settings.get("deploymentStyle", {}).get("deploymentType") == "BLUE_GREEN")

    @property
    def green_fleet(self) -> str:
        """Where the new instances of a blue/green deployment to servers come from."""
        return str(self.blue_green.get("greenFleetProvisioningOption", {}).get("action", DISCOVER))


@dataclass
class Event:
    """One lifecycle event of one target. Times are seconds since 1970."""

    name: str
    status: str = PENDING
    started: int | None = None
    ended: int | None = None
    diagnosis: dict[str, str] | None = None

    def begin(self, second: int) -> None:
        self.status, self.started = IN_PROGRESS, second

    def end(self, second: int, status: str = SUCCEEDED) -> None:
        self.status, self.ended = status, second
        self.started = second if self.started is None and status != SKIPPED else self.started


@dataclass
class Target:
    """What a deployment works on: a function, a service, an instance."""

    id: str
    arn: str
    events: list[Event]
    status: str = PENDING
    updated: int = 0

    def turn(self, status: str, second: int) -> None:
        if status != self.status:
            self.status, self.updated = status, second

    def skip_rest(self, second: int) -> None:
        """What is not done yet will not be."""
        for event in self.events:
            if event.status == IN_PROGRESS:
                event.end(second, FAILED)
            elif event.status == PENDING:
                event.status = SKIPPED


class Fault(Exception):
    """The deployment cannot go on: its code and words for errorInformation, and whether it counts as stopped."""

    def __init__(self, code: str, subject: str = "", *, stopped: bool = False) -> None:
        super().__init__(code)
        self.code, self.message, self.stopped = code, message_of(code, subject), stopped


class Run(Protocol):
    """How one platform carries a deployment out. `step` raises Fault where it cannot go on."""

    targets: list[Target]

    def step(self, second: int) -> str:
        """Gets on by one second; the deployment's status from then on."""
        ...

    def proceed(self, wait: str, second: int) -> bool:
        """Ends a wait before its time; False where it does not stand there."""
        ...

    def shown(self, target: Target) -> dict[str, Any]:
        """What GetDeploymentTarget tells of a target beside what all platforms have."""
        ...


@dataclass(eq=False)
class Deployment:
    """One deployment. Times are seconds since 1970, None before they come."""

    id: str
    group: Group
    config: Config
    asked: dict[str, Any]
    created: int
    creator: str = USER
    status: str = CREATED
    started: int | None = None
    completed: int | None = None
    error: tuple[str, str] | None = None
    run: Run | None = None
    undoes: Deployment | None = None
    """The deployment whose failure it is the way back from."""
    undone_by: Deployment | None = None
    undo_at: int | None = None
    """When its way back begins, if it has one and that has not begun."""
    undo_message: str = ""
    stopping: int | None = None
    previous: dict[str, Any] | None = None
    """The revision that was deployed before."""
    terminating: bool = False
    """Whether all traffic is moved and the old side still waits for its end."""
    hidden: int = 0
    """How many more times ListDeployments leaves it out."""

    @property
    def revision(self) -> dict[str, Any]:
        return dict(self.asked.get("revision", {}))

    @property
    def settings(self) -> dict[str, Any]:
        """Its group's settings, under those it was given itself."""
        own = {key: self.asked[key] for key in ("autoRollbackConfiguration",) if key in self.asked}
        alarms = self.asked.get("overrideAlarmConfiguration")
        return self.group.settings | own | ({"alarmConfiguration": alarms} if alarms else {})

    @property
    def alarms(self) -> list[str]:
        """Names of the alarms that stop it. A way back watches none: they are red already."""
        found = self.settings.get("alarmConfiguration", {})
        if self.undoes or not found.get("enabled"):
            return []
        return [one["name"] for one in found.get("alarms", [])]

    def goes_back_on(self, event: str) -> bool:
        """Whether CodeDeploy rolls back by itself then."""
        found = self.settings.get("autoRollbackConfiguration", {})
        return bool(found.get("enabled")) and event in found.get("events", [])

    def end(self, status: str, second: int, error: tuple[str, str] | None = None) -> None:
        """Its last status. What its targets had not done is not done any more."""
        self.status, self.completed, self.error = status, second, error
        if status != SUCCEEDED and self.run is not None:
            for target in self.run.targets:
                if target.status != SUCCEEDED:
                    target.skip_rest(second)
                    target.turn(SKIPPED if target.status in (PENDING, READY) else FAILED, second)
