"""The hosts that CodeDeploy's agent runs on, as fleets: tagged machines and Auto Scaling groups, copied, moved, ended.

Which host gets what, and when, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from demo.cloud.calls import Answer, Call
from demo.cloud.codedeploy_words import caller_in
from demo.cloud.machines import Machine, Machines
from demo.cloud.pool import IN_SERVICE, TERMINATING, Instance, Pool
from demo.cloud.pool_api import PoolApi
from demo.cloud.targets import Targets
from demo.cloud.task import Behaviour

Place = tuple[str, str]
Perform = Callable[[Call], Answer | None]
COPIED = ("LaunchTemplate", "HealthCheckType", "HealthCheckGracePeriod", "DefaultCooldown")


class Host(Protocol):
    """One server. `up` says whether its program was started."""

    up: bool

    @property
    def id(self) -> str: ...

    @property
    def runs(self) -> bool: ...

    def install(self, program: str, behaviour: Behaviour) -> None:
        """Another program; it answers once it is started."""
        ...


@dataclass
class Yard:
    """What a deployment to servers stands on."""

    machines: Machines
    pools: PoolApi
    targets: Targets
    perform: Perform

    def ask(self, place: Place, service: str, operation: str, asked: dict[str, Any]) -> None:
        """A call that CodeDeploy makes, in the log under its own name."""
        self.perform(Call(service, operation, asked, *place, caller=caller_in(place[0])))


@dataclass
class PoolHost:
    """An instance of an Auto Scaling group, whose image says nothing any more about what it runs."""

    instance: Instance
    machines: Machines
    up: bool = True

    @property
    def id(self) -> str:
        return self.instance.id

    @property
    def runs(self) -> bool:
        return self.up and self.instance.runs

    def install(self, program: str, behaviour: Behaviour) -> None:
        """Another program, whatever the image brought along."""
        self.machines.installed[self.id] = program
        self.instance.template = replace(self.instance.template, behaviour=behaviour)
        self.instance.served = None


@dataclass
class HostFleet:
    """One side of a blue/green deployment."""

    yard: Yard
    place: Place
    machines: list[Machine] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)

    @classmethod
    def named(cls, yard: Yard, place: Place, filters: Iterable[dict[str, str]], pools: Iterable[str]) -> HostFleet:
        """The machines that fit a tag filter, and the groups by name; those that are not there are left out."""
        known = (yard.pools.pools.get((*place, name)) for name in pools)
        return cls(yard, place, yard.machines.tagged(place, filters), [pool for pool in known if pool])

    @property
    def names(self) -> list[str]:
        """Its Auto Scaling groups."""
        return [pool.name for pool in self.pools]

    @property
    def is_up(self) -> bool:
        """Whether every group has as many instances in service as it wants."""
        return all(
            sum(one.state == IN_SERVICE for one in pool.instances) >= pool.desired for pool in self.pools
        )

    def hosts(self) -> list[Host]:
        """Every host, those of the groups last."""
        alive = (one for pool in self.pools for one in pool.instances if one.state != TERMINATING)
        return [*self.machines, *(PoolHost(one, self.yard.machines) for one in alive)]

    def copy(self, name: str) -> HostFleet:
        """A group as its own one, under another name; behind no load balancer yet."""
        pool = self.pools[0]
        asked = {key: pool.asked[key] for key in COPIED if key in pool.asked}
        self.yard.ask(self.place, "autoscaling", "CreateAutoScalingGroup", asked | {
            "AutoScalingGroupName": name, "MinSize": pool.least, "MaxSize": pool.most, "DesiredCapacity": pool.desired,
        })
        made = self.yard.pools.pools[*self.place, name]
        made.capacity, made.port = pool.capacity, pool.port
        return HostFleet(self.yard, self.place, [], [made])

    def attach(self, group: str, behaviour: Behaviour | None = None) -> None:
        """From now on its groups register what they start, with that program where one is given."""
        for pool in self.pools:
            if behaviour is not None:
                pool.template = _programmed(pool.template, behaviour)
            if group not in pool.groups:
                self._balance("Attach", pool, group)

    def detach(self, group: str) -> None:
        """What its groups start from now on gets no requests."""
        for pool in self.pools:
            if group in pool.groups:
                self._balance("Detach", pool, group)

    def end(self) -> None:
        """Terminates all of it."""
        for machine in self.machines:
            self.yard.machines.known.pop(machine.id, None)
        for pool in self.pools:
            self.yard.ask(self.place, "autoscaling", "DeleteAutoScalingGroup",
                          {"AutoScalingGroupName": pool.name, "ForceDelete": True})

    def _balance(self, verb: str, pool: Pool, group: str) -> None:
        self.yard.ask(self.place, "autoscaling", f"{verb}LoadBalancerTargetGroups",
                      {"AutoScalingGroupName": pool.name, "TargetGroupARNs": [group]})


def _programmed(template: Callable[[], Any], behaviour: Behaviour) -> Callable[[], Any]:
    """CodeDeploy deploys the group's last revision to every instance that starts."""
    return lambda: replace(template(), behaviour=behaviour)
