"""CodeDeploy on servers, blue/green: new hosts get the program, are waited on, get the traffic; the old ones go.

What AWS's documentation says is done as it says: the events of each side and their order, the deployment configuration
over the new hosts when they are installed on and when traffic is sent to them, KEEP_ALIVE waits for nothing, a copied
group is called CodeDeploy_GROUP_DEPLOYMENT and takes the old one's place in the deployment group.

Not known to be faithful, for the documentation does not tell: all old hosts leave the load balancer together, after the
last new one is in; they are targets, Pending, and counted in the overview as soon as the new ones are; a way back is
a deployment whose targets keep their labels, and sends everything back at once; what was copied for a deployment that
came to nothing stays; a way back of what never began has nothing to do and succeeds. An old host always leaves (AWS
fails the deployment where one does not). No ec2TagSet, no termination hooks, no lifecycle hooks of Auto Scaling, and
with DISCOVER_EXISTING the deployment group keeps its tags.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from demo.cloud.codedeploy_deployment import Deployment, Fault, Target
from demo.cloud.codedeploy_hand import Hand
from demo.cloud.codedeploy_hosts import Host, HostFleet, Yard
from demo.cloud.codedeploy_revisions import program_of
from demo.cloud.codedeploy_server import target_of
from demo.cloud.codedeploy_waits import Waits
from demo.cloud.codedeploy_wave import Row, Wave
from demo.cloud.codedeploy_words import (
    ALLOWING,
    BLOCKING,
    COPY,
    IN_PROGRESS,
    KEEP_ALIVE,
    ON_INSTANCE,
    READY,
    SUCCEEDED,
)

BLUE, GREEN = "Blue", "Green"
LONGEST_PROVISION = 60
ENDING_SECONDS = 20
"""How long the old hosts take to shut down. Nothing tells it from the wait before: AWS may take minutes."""


class BlueGreenRun:
    """One deployment from an old fleet to a new one, or back. `second` is the present one."""

    blue: HostFleet
    green: HostFleet | None

    def __init__(self, one: Deployment, second: int, yard: Yard, minute: float, waiting: float) -> None:
        self._one, self._yard, self._minute, self.second = one, yard, minute, second
        self._hand = Hand(one.group, yard, second)
        self._waits = Waits(one.group, waiting, lambda: self.second)
        self.targets: list[Target] = []
        self._labels: dict[str, str] = {}
        failed = one.undoes.run if one.undoes else None
        if isinstance(failed, BlueGreenRun):
            self.blue, self.green = failed.blue, failed.green
        else:
            self.blue, self.green = self._fleet(one.group.settings, "ec2TagFilters"), None
        if not self.blue.hosts():
            raise Fault("NO_INSTANCES")
        self._life = self._back() if one.undoes else self._forward()

    def step(self, second: int) -> str:
        """The next thing that CodeDeploy does."""
        self.second = self._hand.second = second
        return next(self._life)

    def proceed(self, wait: str, second: int) -> bool:
        """Ends the wait it stands in; False where it stands in another or none."""
        return self._waits.proceed(wait)

    def shown(self, target: Target) -> dict[str, Any]:
        """Which side it is on."""
        return {"instanceLabel": self._labels[target.id]}

    # --- its life

    def _forward(self) -> Iterator[str]:
        self._hand.program = program_of(self._one.group.app.key[0], self._one.revision)
        green = yield from self._provision()
        new = self._rows(green.hosts(), GREEN, (*ON_INSTANCE, *ALLOWING))
        old = self._rows(self.blue.hosts(), BLUE, BLOCKING)
        least = self._one.config.least_healthy(len(new))
        yield from self._go(Wave(self._hand, new, ON_INSTANCE, least, READY))
        yield from self._waits.ready()
        good = [row for row in new if row[0].status == READY]
        yield from self._go(Wave(self._hand, good, ALLOWING, self._one.config.least_healthy(len(good))))
        green.attach(self._hand.group, self._yard.machines.behaviour(self._hand.program))
        yield from self._leave(self.blue, old)
        yield from self._waits.bake()
        yield from self._finish(green)
        yield SUCCEEDED

    def _back(self) -> Iterator[str]:
        """The old hosts get all traffic again, then the new ones lose theirs."""
        old = self._rows(self.blue.hosts(), BLUE, ALLOWING)
        new = self._rows(self.green.hosts(), GREEN, BLOCKING) if self.green else []
        yield from self._go(Wave(self._hand, old, ALLOWING, 0))
        self.blue.attach(self._hand.group)
        if self.green:
            yield from self._leave(self.green, new)
        yield SUCCEEDED

    def _provision(self) -> Generator[str, None, HostFleet]:
        """The new hosts: a copy of the old group, or those that were named for this deployment."""
        if self._one.group.green_fleet == COPY:
            self.green = self.blue.copy(f"CodeDeploy_{self._one.group.name}_{self._one.id}")
        else:
            self.green = self._fleet(self._one.asked.get("targetInstances", {}), "tagFilters")
        latest = self.second + LONGEST_PROVISION * self._minute
        while not self.green.is_up:
            if self.second > latest:
                raise Fault("TIMEOUT", "the replacement instances did not start")
            yield IN_PROGRESS
        if not self.green.hosts():
            raise Fault("NO_INSTANCES")
        return self.green

    def _leave(self, fleet: HostFleet, rows: Sequence[Row]) -> Iterator[str]:
        """All of a fleet out of the load balancer."""
        if rows:  # none where it was stopped before the first one had started
            yield from self._go(Wave(self._hand, rows, BLOCKING, 0))
        fleet.detach(self._hand.group)

    def _finish(self, green: HostFleet) -> Iterator[str]:
        """The old hosts go unless they are to be kept; the new group is the deployment group's from then on."""
        option = self._one.group.blue_green.get("terminateBlueInstancesOnDeploymentSuccess", {})
        if option.get("action") != KEEP_ALIVE:
            for _ in range(ENDING_SECONDS):
                yield IN_PROGRESS
            self.blue.end()
        if green.names:
            self._one.group.settings = self._one.group.settings | {"autoScalingGroups": green.names}

    # --- inside

    def _go(self, wave: Wave) -> Iterator[str]:
        while not wave.step():
            yield IN_PROGRESS

    def _rows(self, hosts: Sequence[Host], label: str, events: tuple[str, ...]) -> list[Row]:
        made = [target_of(self._one, host.id, events, self.second) for host in hosts]
        self.targets += made
        self._labels |= {target.id: label for target in made}
        return list(zip(made, hosts, strict=True))

    def _fleet(self, named: dict[str, Any], tags: str) -> HostFleet:
        place = self._one.group.app.key[:2]
        return HostFleet.named(self._yard, place, named.get(tags, []), named.get("autoScalingGroups", []))
