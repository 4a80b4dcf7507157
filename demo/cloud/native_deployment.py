"""What service deployments and revisions are made of. Times are seconds since 1970. Does nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo.cloud.fleet import Fleet
from demo.cloud.native_plan import Leg, strategy_of
from demo.cloud.native_words import AWAITING, DISABLED, IN_PROGRESS, PENDING, ROLLING, RUNNING_HOOK, UNDER_WAY
from demo.cloud.task import Deployment


@dataclass
class Revision:
    """A service's workload as it was deployed once; its tasks are those of `deployment`."""

    arn: str
    created: int
    deployment: Deployment
    balancers: list[dict[str, Any]]


@dataclass
class Hook:
    """One run of a lifecycle hook."""

    id: str
    kind: str
    target: str
    since: int
    expires: int
    action: str
    status: str

    @property
    def is_open(self) -> bool:
        """Whether the deployment stands still for it."""
        return self.status in (AWAITING, RUNNING_HOOK)


@dataclass
class Rollback:
    """Why and when it went back, and to what."""

    reason: str
    started: int
    revision: str


@dataclass
class ServiceDeployment:
    """One deployment of a service, from PENDING to its end."""

    arn: str
    fleet: Fleet
    target: Revision
    sources: list[Revision]
    configuration: dict[str, Any]
    created: int
    updated: int
    status: str = PENDING
    reason: str = ""
    stage: str = ""
    started: int | None = None
    finished: int | None = None
    stopped: int | None = None
    production: float = 0.0
    """The target's share of the requests, in percent."""
    test: float = 0.0
    rollback: Rollback | None = None
    hooks: list[Hook] = field(default_factory=list)
    """Those of the leg it is in."""
    legs: tuple[Leg, ...] = ()
    at: int = 0
    since: int = 0
    entered: bool = False
    alarms: str = DISABLED
    triggered: list[str] = field(default_factory=list)
    breaker: str = DISABLED
    healed: int = 0
    """Failed tasks that no longer count, because a task became healthy after them."""

    @property
    def strategy(self) -> str:
        return strategy_of(self.configuration)

    @property
    def shifts(self) -> bool:
        """Whether traffic moves between two groups, and each revision has tasks of its own."""
        return self.strategy != ROLLING

    @property
    def under_way(self) -> bool:
        return self.status in UNDER_WAY

    @property
    def leg(self) -> Leg:
        return self.legs[self.at]

    @property
    def alarm_names(self) -> list[str]:
        """The alarms it is configured to watch."""
        alarms = self.configuration.get("alarms", {})
        return list(alarms.get("alarmNames", ())) if alarms.get("enable") else []

    def turn(self, status: str, second: int, reason: str = "") -> None:
        """Another status, with what AWS says about it."""
        self.status, self.updated = status, second
        self.reason = reason or self.reason

    def end(self, status: str, second: int, reason: str = "") -> None:
        """Its last status."""
        self.turn(status, second, reason)
        self.finished = second
        self.hooks = []

    def take(self, legs: tuple[Leg, ...], second: int) -> None:
        """Starts on another way."""
        self.legs, self.at, self.since, self.entered, self.hooks = legs, 0, second, False, []

    @property
    def is_at_work(self) -> bool:
        """Whether it goes forward, and may still be asked to go back."""
        return self.status in (PENDING, IN_PROGRESS)
