"""Everything of CodeDeploy in one place, tied to the rest of the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from demo.cloud.calls import Answer, Call, Operation
from demo.cloud.clock import Now
from demo.cloud.codedeploy import CodeDeploy
from demo.cloud.codedeploy_api import Deployments
from demo.cloud.codedeploy_blue_green import BlueGreenRun
from demo.cloud.codedeploy_deployment import Deployment, Run
from demo.cloud.codedeploy_ecs import EcsRun, Place
from demo.cloud.codedeploy_events import Herald
from demo.cloud.codedeploy_groups import Groups
from demo.cloud.codedeploy_hosts import Yard
from demo.cloud.codedeploy_lambda import LambdaRun
from demo.cloud.codedeploy_revisions import check_revision
from demo.cloud.codedeploy_server import ServerRun
from demo.cloud.codedeploy_words import ECS, LAMBDA
from demo.cloud.servers import Servers
from demo.cloud.task_sets import TaskSets

AlarmState = Callable[[tuple[str, str, str]], str]


@dataclass
class CodeDeployRoom:
    """Groups, deployments and the engine. `perform` runs a call as any client's, `alarm_state` reads an alarm."""

    now: Now
    perform: Callable[[Call], Answer | None]
    alarm_state: AlarmState
    servers: Servers
    page_size: int

    def __post_init__(self) -> None:
        self.sets = TaskSets(self.servers.services)
        self.groups = Groups(self.now, self.page_size, self.servers.pools.pools)
        self.engine = CodeDeploy(self._run, self.alarm_state)
        self.herald = Herald()
        self.api = Deployments(self.now, self.groups, self.engine, check_revision, self.page_size)

    def operations(self) -> dict[tuple[str, str], Operation]:
        """The operations answered here, by service and name."""
        own = {**self.groups.operations(), **self.api.operations()}
        return {
            **{("codedeploy", name): run for name, run in own.items()},
            **{("ecs", name): run for name, run in self.sets.operations().items()},
        }

    def seconds(self, now: datetime) -> Iterator[int]:
        """The seconds to be lived one by one up to now."""
        return self.engine.seconds(now)

    def step(self, second: int) -> None:
        """Everything that happens in one second."""
        with self.servers.living(second):
            self.engine.step(second)
        self.herald.look(self.engine.deployments.values(), second)

    def clear(self) -> None:
        """Nothing is deployed anywhere."""
        self.sets.clear()
        self.groups.clear()
        self.engine.clear()
        self.herald.clear()

    def _run(self, one: Deployment, second: int) -> Run:
        if one.group.app.platform == LAMBDA:
            return LambdaRun(one, second, self.perform, self.engine.minute)
        if one.group.app.platform == ECS:
            return EcsRun(one, second, Place(self.sets, self.perform, self.engine.minute, self.engine.waiting))
        yard = Yard(self.servers.machines, self.servers.pools, self.servers.targets, self.perform)
        if one.group.is_blue_green:
            return BlueGreenRun(one, second, yard, self.engine.minute, self.engine.waiting)
        return ServerRun(one, second, yard)
