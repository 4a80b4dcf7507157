"""What tests of the driver `codedeploy` stand on: a group of the embedded CodeDeploy, rollouts of it, a colleague."""

from collections.abc import Iterable, Iterator
from typing import Any

from aws.codedeploy import CodeDeploy
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import perform
from demo.cloud.building_codedeploy import add_codedeploy
from demo.cloud.oracle import Applied
from rollout.actions import Action, Continue, Launch, Outcome, Stop
from rollout.course import Course
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.seen import Seen
from rollout.terms import Terms
from tests.aws.bench import CloudClock

EVERY_EVENT = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
WATCH = Plan.parse("watch", "watch")


class CodeDeployBench:
    """my-app:live of the demo behind a group that CodeDeploy deploys: version 1 serves, 2 comes."""

    name, stable, candidate = "my-app", "1", "2"
    alarm = "my-app-errors"
    schedule = "10% 5m, 100%"

    def __init__(
        self, cloud: Cloud, sessions: Sessions, clock: CloudClock, events: Iterable[str] = EVERY_EVENT
    ) -> None:
        self.cloud, self.sessions, self.clock = cloud, sessions, clock
        self.driver = CodeDeploy(sessions, clock)
        self.settings: dict[str, Any] = {
            "kind": "codedeploy", "application": self.name, "group": self.name, "platform": "lambda",
            "function": "my-app", "alias": "live", "region": "eu-central-1",
        }  # fmt: skip
        self.group = add_codedeploy(cloud.world, self.name, "Lambda", {
            "autoRollbackConfiguration": {"enabled": True, "events": list(events)},
            "alarmConfiguration": {"enabled": True, "alarms": [{"name": self.alarm}]},
        })  # fmt: skip
        cloud.log.clear()

    def fresh_driver(self) -> CodeDeploy:
        """Another one, as after a restart: it remembers nothing."""
        return CodeDeploy(self.sessions, self.clock)

    # --- rollouts

    def requested(self, wanted: str = "", number: int = 1, schedule: str = "", **settings: object) -> Rollout:
        now = self.clock.now()
        plan = Plan.parse("plan", schedule or self.schedule)
        terms = Terms(plan=WATCH, schedule=plan, settings={**self.settings, **settings})
        return Rollout(
            id=number, app=self.name, env="prod", kind="codedeploy", by=Actor(id="U0ANA"), terms=terms,
            wanted=wanted, created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip

    def accepted(self, wanted: str = "", number: int = 1, schedule: str = "", **settings: object) -> Rollout:
        """One that was prepared and begins."""
        rollout = self.requested(wanted or self.candidate, number, schedule, **settings)
        prepared = self.driver.prepare(rollout)
        sides = {"stable": prepared.stable, "candidate": prepared.candidate}
        return rollout.but(phase=Phase.LAUNCHING, snapshot=prepared.snapshot, **sides)

    def launched(self, seconds: int = 0, schedule: str = "") -> Rollout:
        """One whose deployment was started so long ago."""
        rollout = self.looked(self.accepted(schedule=schedule))
        assert self.launch(rollout).state == "done"
        self.cloud.step(seconds)
        return self.looked(rollout.but(phase=Phase.STEPPING))

    def many(self, count: int) -> Iterator[Rollout]:
        """One rollout after the other, with the same two releases, each as if nothing had been deployed before."""
        first = self.accepted()
        for number in range(1, count + 1):
            self.group.deployments.clear()
            self.cloud.world.codedeploy.engine.deployments.clear()
            yield first.but(id=number, created_at=self.clock.now())

    def looked(self, rollout: Rollout) -> Rollout:
        """The same after a look."""
        return rollout.but(seen=self.driver.observe([rollout])[rollout.id])

    def seen(self, rollout: Rollout) -> Seen:
        seen = self.looked(rollout).seen
        assert seen is not None
        return seen

    def course(self, rollout: Rollout) -> Course:
        course = self.seen(rollout).course
        assert course is not None
        return course

    def do(self, rollout: Rollout, action: Action) -> Outcome:
        return self.driver.perform(rollout, action, f"{rollout.id}/0/{action.kind}/{action.arg}")

    def launch(self, rollout: Rollout, release: str = "") -> Outcome:
        return self.do(rollout, Launch(release=release or self.candidate))

    def stop(self, rollout: Rollout) -> Outcome:
        return self.do(rollout, Stop())

    def go_on(self, rollout: Rollout, wait: str) -> Outcome:
        return self.do(rollout, Continue(wait=wait))

    # --- the truth

    def created(self) -> list[Applied]:
        """Deployments that clients created."""
        return self.cloud.log.of("codedeploy:CreateDeployment")

    def shares(self) -> dict[str, float]:
        return dict(self.cloud.knobs.status()["apps"][0]["weights"])

    def reads(self) -> dict[str, int]:
        return dict(self.cloud.log.reads)

    # --- a colleague

    def deploy(self, description: str = "nightly") -> str:
        """A deployment that is nobody's here; gives its id."""
        rollout = self.accepted()
        assert rollout.stable is not None and rollout.candidate is not None
        ground = self.driver._grounds["lambda"]
        target = CodeDeploy.Target.model_validate(self.settings)
        revision = ground.revision(target, rollout.candidate, rollout.stable)  # type: ignore[arg-type]  # it is ours
        asked = {
            "applicationName": self.name, "deploymentGroupName": self.name, "revision": revision,
            "description": description,
        }  # fmt: skip
        answer = perform(self.cloud.world, "codedeploy", "CreateDeployment", asked)
        self.cloud.log.clear()
        return str(answer.result["deploymentId"])

    def console_create(self, asked: dict[str, Any]) -> None:
        """The very same call once more, as a client does it that never looks first."""
        perform(self.cloud.world, "codedeploy", "CreateDeployment", asked)
