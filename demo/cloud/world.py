"""Everything the cloud holds, in one place, behind one lock. No HTTP here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from moto.awslambda.models import lambda_backends
from moto.moto_api._internal.models import moto_api_backend

from demo.cloud.alarm_api import AlarmApi
from demo.cloud.alarm_reading import AlarmReading
from demo.cloud.alarms import Alarms
from demo.cloud.calls import Answer, Call, Operation
from demo.cloud.clock import Now
from demo.cloud.codedeploy_room import CodeDeployRoom
from demo.cloud.faults import Faults
from demo.cloud.functions import Functions, shares_of
from demo.cloud.metric_api import MetricApi
from demo.cloud.metrics import MetricStore, moment
from demo.cloud.oracle import OracleLog
from demo.cloud.route53 import Route53
from demo.cloud.servers import Servers
from demo.cloud.tags import TagApi
from demo.cloud.traffic import Route, Traffic
from demo.cloud.widget_api import WidgetApi


@dataclass
class World:
    """The parts, and the one rule that ties them: before anything is read or changed, time catches up."""

    now: Now
    seed: int
    page_size: int
    lock: RLock = field(default_factory=RLock)
    store: MetricStore = field(default_factory=MetricStore)
    log: OracleLog = field(default_factory=OracleLog)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.alarms = Alarms(self.store)
        self.functions = Functions(self.now, self.page_size)
        self.traffic = Traffic(self.store, shares_on_moto, self.seed)
        self.widgets = WidgetApi(self.store, self.now)
        self.servers = Servers(self.now, self.store, self.perform, self.page_size, self._alarm_state, self.seed)
        self.route53 = Route53(self.now, self.store, self.page_size, self.seed)
        self.codedeploy = CodeDeployRoom(self.now, self.perform, self._alarm_state, self.servers, self.page_size)
        tag_api = TagApi(self.alarms, self.page_size)
        watching = (
            AlarmApi(self.alarms, self.now), AlarmReading(self.alarms, self.now, self.page_size), tag_api,
            MetricApi(self.store, self.now), self.widgets,
        )
        self.operations: Mapping[tuple[str, str], Operation] = {
            **{("lambda", name): run for name, run in self.functions.operations().items()},
            **{("cloudwatch", name): run for api in watching for name, run in api.operations().items()},
            **{("resourcegroupstaggingapi", name): run for name, run in tag_api.tagging().items()},
            **self.servers.operations(),
            **self.route53.operations(),
            **self.codedeploy.operations(),
            ("sts", "GetCallerIdentity"): _identity,
        }

    def tick(self) -> None:
        """Traffic and alarms up to now.

        Called before every read and every change, so that the seconds before a change of weights are
        written with the old weights. While CodeDeploy or ECS deploys, which move weights by themselves and follow
        alarms, it goes by seconds.
        """
        now = self.now()
        for second in sorted({*self.codedeploy.seconds(now), *self.servers.seconds(now)}):
            self._catch_up(moment(second))
            self.codedeploy.step(second)
        self._catch_up(now)

    def _catch_up(self, now: datetime) -> None:
        self.traffic.catch_up(now)
        self.servers.catch_up(now)
        self.route53.catch_up(now)
        self.alarms.catch_up(now)

    def perform(self, call: Call) -> Answer | None:
        """Runs a call that is answered here, and logs it; None where moto must answer."""
        operation = self.operations.get((call.service, call.operation))
        if operation is None:
            return None
        answer = operation(call)
        self.log.wrote(call, answer, self.now())
        return answer

    def _alarm_state(self, key: tuple[str, str, str]) -> str:
        """An alarm's state; nothing where there is no such alarm."""
        alarm = self.alarms.get(key)
        return "" if alarm is None else alarm.state.value

    def reset(self) -> None:
        """An empty cloud without faults."""
        with self.lock:
            moto_api_backend.reset()
            self.alarms.clear()
            self.store.clear()
            self.traffic.clear()
            self.functions.reset()
            self.servers.clear()
            self.route53.clear()
            self.codedeploy.clear()
            self.widgets.on = False
            self.faults.clear()
            self.log.clear()


def _identity(call: Call) -> Answer:
    """Who calls: the same ARN as in the log and in AccessDenied."""
    user = call.caller.rsplit("/", 1)[1]
    return Answer({"Account": call.account, "Arn": call.caller, "UserId": f"AIDATIDEGATE:{user}"})


def shares_on_moto(route: Route) -> Mapping[str, float]:
    """The present weights of a route's alias, in percent; nothing where the alias is gone."""
    aliases = {
        alias.name: alias
        for alias in lambda_backends[route.account][route.region].list_aliases(route.function)
    }
    return shares_of(aliases[route.alias]) if route.alias in aliases else {}
