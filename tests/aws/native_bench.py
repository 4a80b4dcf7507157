"""What tests of the driver `ecs-native` need: the demo's `api`, the truth behind it, hands to meddle with."""

from collections.abc import Callable
from typing import Any

from aws.native import EcsNative
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_definition, image_uri, perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.metrics import moment
from demo.cloud.native_deployment import ServiceDeployment
from demo.cloud.oracle import Applied
from demo.cloud.seed_api import API, Api, api_configuration, build_api, seed_api
from rollout.actions import Action, Launch, Outcome
from rollout.course import Course
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Release
from rollout.seen import Seen
from rollout.terms import Terms
from tests.aws.bench import CloudClock

UPDATE, REGISTER = "ecs:UpdateService", "ecs:RegisterTaskDefinition"
CONTINUE, STOP = "ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment"
UP = 40
"""Seconds until the tasks of a deployment are up."""
MINUTE = PERIOD = 10
LONG = 600
"""Seconds in which every deployment here comes to its end."""
TRULY: dict[str, Callable[[ServiceDeployment], bool]] = {
    "running": lambda one: one.status == "IN_PROGRESS",
    "waiting": lambda one: any(hook.status == "AWAITING_ACTION" for hook in one.hooks),
    "done": lambda one: one.status == "SUCCESSFUL",
    "back": lambda one: one.status in ("ROLLBACK_SUCCESSFUL", "SUCCESSFUL"),
    "failed": lambda one: one.status in ("ROLLBACK_FAILED", "STOPPED"),
}
"""When a course in that state is right, by the newest deployment itself."""


def plain(strategy: str = "CANARY", **changes: Any) -> dict[str, Any]:
    """The demo's configuration of another strategy, without alarms; without hooks where it is not CANARY."""
    kept = {key: value for key, value in api_configuration().items() if key != "alarms"}
    if strategy != "CANARY":
        del kept["canaryConfiguration"], kept["lifecycleHooks"]
    return {**kept, "strategy": strategy, **changes}


class NativeBench:
    """api: v1 serves, v2 is the newest image; AWS deploys it as `configuration` says, its minutes are short.

    Without one by CANARY, with a pause before any traffic and a bake; no alarms, no requests. `seeded`: as in the demo.
    """

    stable, candidate = "v1", "v2"

    def __init__(
        self, cloud: Cloud, sessions: Sessions, configuration: dict[str, Any] | None = None, *, seeded: bool = False
    ) -> None:
        self.cloud, self.sessions, self.clock = cloud, sessions, CloudClock(cloud)
        self.driver = EcsNative(sessions, self.clock)
        cloud.reset()
        if seeded:
            self.api = seed_api(cloud, period=PERIOD, minute=MINUTE)
        else:
            self.api = self._built(configuration or plain())
        cloud.log.clear()
        self.settings = {"kind": "ecs-native", "cluster": API, "service": API, "region": REGION}

    def _built(self, configuration: dict[str, Any]) -> Api:
        with self.cloud.world.lock:
            api = build_api(self.cloud.world, configuration)
            self.cloud.world.servers.native.life.minute = MINUTE
        self.cloud.step(UP)
        return api

    # --- rollouts

    def requested(self, wanted: str = "v2", number: int = 1, schedule: str = "", **changes: Any) -> Rollout:
        now = self.clock.now()
        terms = Terms(
            plan=Plan.parse("watch", "watch"), schedule=Plan.parse("asked", schedule) if schedule else None,
            settings={**self.settings, **changes},
        )  # fmt: skip
        return Rollout(
            id=number, app=API, env="prod", kind="ecs-native", by=Actor(id="U0ANA"), terms=terms, wanted=wanted,
            created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip

    def accepted(self, wanted: str = "v2", number: int = 1, schedule: str = "", *, back: bool = False) -> Rollout:
        """One that was prepared and begins."""
        rollout = self.requested(wanted, number, schedule).but(back=back)
        prepared = self.driver.prepare(rollout)
        self.cloud.step(1)
        return rollout.but(
            phase=Phase.STEPPING, stable=prepared.stable, candidate=prepared.candidate, snapshot=prepared.snapshot
        )

    def begun(self, wanted: str = "v2", number: int = 1, schedule: str = "", *, digest: str = "") -> Rollout:
        """The same without asking: what the look at it finds out where v1 serves and nobody has registered it yet."""
        newest, served = self.deployments()[-1], self.api.definition
        image = image_uri(API, digest or self.api.digests[wanted])
        return self.requested(wanted, number, schedule).but(
            phase=Phase.STEPPING, stable=Release(id="v1", pinned={"task_definition": served}),
            candidate=Release(id=wanted, pinned={"from": served, "container": "app", "image": image}),
            snapshot={"deployment": newest.arn, "at": moment(newest.created).isoformat(), "definition": served},
        )  # fmt: skip

    def launched(self, wanted: str = "v2", schedule: str = "") -> Rollout:
        """One whose deployment was started, and seen."""
        rollout = self.begun(wanted, schedule=schedule)
        assert self.do(rollout, Launch(release=wanted)).state == "done"
        self.cloud.step(1)
        return self.looked(rollout)

    def paused(self, wanted: str = "v2") -> Rollout:
        """One that stands at its first pause."""
        rollout = self.launched(wanted)
        self.wait("waiting")
        return self.looked(rollout)

    def looked(self, rollout: Rollout) -> Rollout:
        """The same after a look."""
        return rollout.but(seen=self.driver.observe([rollout])[rollout.id])

    def seen(self, rollout: Rollout) -> Seen:
        """What a look shows."""
        seen = self.looked(rollout).seen
        assert seen is not None
        return seen

    def course(self, rollout: Rollout) -> Course:
        """How far AWS is."""
        course = self.seen(rollout).course
        assert course is not None
        return course

    def do(self, rollout: Rollout, action: Action) -> Outcome:
        return self.driver.perform(rollout, action, f"1/0/{action.kind}/{action.arg}")

    def wait(self, state: str) -> None:
        """Lets time pass until it truly is so."""
        for _ in range(LONG):
            if TRULY[state](self.deployments()[-1]):
                return
            self.cloud.step(1)
        raise AssertionError(f"never {state}: {self.deployments()[-1].status}")

    def until(self, rollout: Rollout, state: str) -> Course:
        """Lets time pass until it truly is so, then looks: the course must say the same."""
        self.wait(state)
        course = self.course(rollout)
        assert course.state == state, course
        return course

    # --- the truth

    def deployments(self) -> list[ServiceDeployment]:
        """All of the service, oldest first."""
        return self.cloud.world.servers.native.books[ACCOUNT, REGION, API, API].deployments

    def shown(self) -> dict[str, Any]:
        """The service as DescribeServices shows it."""
        answer = perform(self.cloud.world, "ecs", "DescribeServices", {"cluster": API, "services": [API]})
        return dict(answer.result["services"][0])

    def described(self) -> list[dict[str, Any]]:
        """The newest deployment as DescribeServiceDeployments shows it."""
        asked = {"serviceDeploymentArns": [self.deployments()[-1].arn]}
        return list(perform(self.cloud.world, "ecs", "DescribeServiceDeployments", asked).result["serviceDeployments"])

    def applied(self, operation: str) -> list[Applied]:
        return self.cloud.log.of(operation)

    def written(self) -> list[str]:
        """Every write of ours that took effect; AWS's own, of the listener rules, are not."""
        return [entry.name for entry in self.cloud.log.applied if entry.name in (UPDATE, REGISTER, CONTINUE, STOP)]

    def calls(self) -> dict[str, int]:
        """How often each operation of ECS was called since the log was cleared."""
        return {name.removeprefix("ecs:"): many for (name, _), many in self.cloud.log.calls.items()}

    def called(self) -> set[str]:
        log = self.cloud.log
        # ECS itself writes to the listener rules, and that stands in the log, too.
        mine = {entry.name for entry in log.applied if not entry.name.startswith("elbv2:")}
        return {*log.reads, *log.refused, *mine}

    # --- hands

    def fresh_driver(self) -> EcsNative:
        """Another one, as after a restart: it remembers nothing."""
        return EcsNative(self.sessions, self.clock)

    def revision(self, tag: str) -> str:
        """A task definition of that image, registered by a pipeline; gives its ARN."""
        return add_definition(self.cloud.world, API, image_uri(API, self.api.digests[tag]))

    def deploy(self, definition: str, **asked: Any) -> None:
        """What a colleague's pipeline does to the service."""
        perform(self.cloud.world, "ecs", "UpdateService", {
            "cluster": API, "service": API, "taskDefinition": definition, **asked,
        })  # fmt: skip
