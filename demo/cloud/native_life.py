"""The life of one service deployment, second by second: through its stages, or back. Knows nothing of the others."""

from __future__ import annotations

from dataclasses import dataclass, field

from demo.cloud.fleet import ALIVE, Fleet
from demo.cloud.native_deployment import Revision, Rollback, ServiceDeployment
from demo.cloud.native_hooks import lived, opened
from demo.cloud.native_plan import Act, Until, way_back, way_there
from demo.cloud.native_traffic import NativeTraffic
from demo.cloud.native_watch import NativeWatch
from demo.cloud.native_words import (
    IN_PROGRESS,
    PENDING,
    ROLLBACK_FAILED,
    ROLLBACK_IN_PROGRESS,
    ROLLBACK_REQUESTED,
    ROLLBACK_SUCCESSFUL,
    STOP_REQUESTED,
    STOPPED,
    SUCCESSFUL,
)
from demo.cloud.task import DEACTIVATING, Deployment

MINUTE = 60
SHORTEST = 2  # so that somebody who looks every few seconds sees most stages
NO_CANDIDATE = "No rollback candidate was found to run the rollback."


@dataclass
class NativeLife:
    """What moves a deployment on. A minute of its configuration lasts `minute` seconds."""

    traffic: NativeTraffic
    watch: NativeWatch
    minute: int = MINUTE
    wait_minute: int | None = None
    """The same of pauses; as others where it is not given."""
    stuck: dict[str, str] = field(default_factory=dict)
    """The stage that deployments of a service never leave, by the service's name."""
    failing: set[str] = field(default_factory=set)
    """Services whose rollbacks fail."""

    def step(self, deployment: ServiceDeployment, second: int) -> None:
        """One second of a deployment whose turn has come."""
        if deployment.status == PENDING:
            self._start(deployment, second)
        elif deployment.status == ROLLBACK_REQUESTED:
            self.go_back(deployment, second, deployment.reason)
        elif deployment.status == STOP_REQUESTED:
            deployment.end(STOPPED, second)
            deployment.stopped = second
        elif deployment.status == ROLLBACK_IN_PROGRESS:
            self._come_back(deployment, second)
        elif not self._gives_up(deployment, second):
            self._walk(deployment, second)

    def go_back(self, deployment: ServiceDeployment, second: int, reason: str) -> None:
        """Begins the rollback to the revision that served before."""
        if not deployment.sources:
            deployment.end(ROLLBACK_FAILED, second, NO_CANDIDATE)
            return
        source = deployment.sources[0]
        deployment.turn(ROLLBACK_IN_PROGRESS, second, reason)
        deployment.rollback = Rollback(reason, second, source.arn)
        deployment.take(way_back(deployment.strategy), second)
        deployment.fleet.tell(second, f"deployment {deployment.arn.rsplit('/', 1)[1]} is rolled back: {reason}")

    # --- beginning and end

    def _start(self, deployment: ServiceDeployment, second: int) -> None:
        deployment.turn(IN_PROGRESS, second)
        deployment.started = second
        deployment.created = min(deployment.created, second)
        # A rollback that went before has made the old deployment the newest once more.
        deployment.fleet.lead(deployment.target.deployment)
        self.watch.begin(deployment)
        legs = way_there(deployment.configuration, self.minute, sources=len(deployment.sources))
        deployment.take(legs, second)

    def _gives_up(self, deployment: ServiceDeployment, second: int) -> bool:
        """Whether its alarms, its breaker or a hook that ran out end its way forward in this second."""
        reason, back = self.watch.verdict(deployment)
        late = lived(deployment.hooks, second)
        if late is not None:
            reason, back = f"Lifecycle hook {late.id} timed out.", True
        if not reason:
            return False
        if back:
            self.go_back(deployment, second, reason)
        else:
            deployment.turn(STOP_REQUESTED, second, reason)
        return True

    def _come_back(self, deployment: ServiceDeployment, second: int) -> None:
        if deployment.fleet.name in self.failing:
            deployment.end(ROLLBACK_FAILED, second, "Service deployment rollback failed.")
        else:
            self._walk(deployment, second)

    def _arrive(self, deployment: ServiceDeployment, second: int) -> None:
        self.watch.end(deployment)
        deployment.end(SUCCESSFUL if deployment.status == IN_PROGRESS else ROLLBACK_SUCCESSFUL, second)

    # --- legs

    def _walk(self, deployment: ServiceDeployment, second: int) -> None:
        while deployment.at < len(deployment.legs):
            if deployment.status == IN_PROGRESS and self.stuck.get(deployment.fleet.name) == deployment.stage:
                return
            if not deployment.entered and not self._enter(deployment, second):
                return
            if not self._is_over(deployment, second):
                return
            deployment.at, deployment.entered = deployment.at + 1, False
        self._arrive(deployment, second)

    def _is_over(self, deployment: ServiceDeployment, second: int) -> bool:
        leg = deployment.leg
        least = max(leg.seconds, SHORTEST if leg.stage else 0)
        waits = second - deployment.since < least or any(hook.is_open for hook in deployment.hooks)
        return not waits and has_come(deployment, leg.until)

    def _enter(self, deployment: ServiceDeployment, second: int) -> bool:
        """Does what a leg begins with; False where the load balancer refused: it is tried again."""
        leg = deployment.leg
        for share, test in ((leg.production, False), (leg.test, True)):
            if share is not None and not self._shift(deployment, share, second, test=test):
                return False
        if leg.act == "reconcile" and not self._shift(deployment, 0, second, test=False):
            return False
        if leg.act == "sources_off":
            # The bake is over: from here on no alarm brings it back.
            self.watch.end(deployment)
        act(deployment, leg.act)
        deployment.stage = leg.stage or deployment.stage
        deployment.updated = deployment.since = second
        deployment.entered = True
        deployment.hooks = opened(deployment, second, self.minute if self.wait_minute is None else self.wait_minute)
        return True

    def _shift(self, deployment: ServiceDeployment, share: float, second: int, *, test: bool) -> bool:
        fleet = deployment.fleet
        refused = self.traffic.shift(fleet, deployment.target.deployment.side, share, test=test)
        if refused:
            fleet.tell(second, f"is unable to shift traffic: {refused}")
            return False
        if test:
            deployment.test = share
        else:
            deployment.production = share
        return True


def act(deployment: ServiceDeployment, what: Act) -> None:
    """Turns tasks of revisions on or off."""
    target, sources = deployment.target, deployment.sources
    if what == "target_on":
        target.deployment.off = False
    elif what == "target_off":
        target.deployment.off = True
    elif what == "source_on":
        sources[0].deployment.off = False
        deployment.fleet.lead(sources[0].deployment)
    else:
        for source in sources[1:] if what == "reconcile" else sources if what == "sources_off" else ():
            source.deployment.off = True


def has_come(deployment: ServiceDeployment, until: Until) -> bool:
    """Whether what a leg waits for is there."""
    fleet, target, sources = deployment.fleet, deployment.target, deployment.sources
    if until == "rolled":
        return _is_up(fleet, fleet.primary) and not fleet.deployments[1:]
    if until == "target_up":
        return _is_up(fleet, target.deployment)
    if until == "source_up":
        return _is_up(fleet, sources[0].deployment)
    gone: list[Revision] = []
    if until == "target_gone":
        gone = [target]
    elif until:
        gone = sources[1:] if until == "alone" else sources
    return not any(fleet.of(one.deployment, *ALIVE, DEACTIVATING) for one in gone)


def _is_up(fleet: Fleet, deployment: Deployment) -> bool:
    return sum(fleet.is_well(task) for task in fleet.tasks if task.deployment is deployment) >= fleet.desired
