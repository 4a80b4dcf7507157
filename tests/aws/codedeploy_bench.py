"""What tests of the driver `codedeploy` stand on: a group of the embedded CodeDeploy, rollouts of it, a colleague."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from aws.codedeploy import CodeDeploy
from aws.codedeploy_target import CodeDeployTarget, Platform
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_definition, image_uri, perform
from demo.cloud.building_codedeploy import add_codedeploy
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.codedeploy_blue_green import BlueGreenRun
from demo.cloud.codedeploy_words import ROLLBACK_EVENTS
from demo.cloud.oracle import Applied
from demo.cloud.seed import add_function
from demo.cloud.seed_alarms import errors_alarm
from demo.cloud.seed_billing import seed_billing
from demo.cloud.seed_bookings import BOOKINGS, seed_bookings
from demo.cloud.seed_catalog import seed_catalog
from demo.cloud.traffic import Route
from rollout.actions import Action, Continue, Launch, Outcome, Stop
from rollout.course import Course
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Prepared
from rollout.seen import Seen
from rollout.terms import Terms
from tests.aws.bench import CloudClock

CATALOG, BILLING, BUCKET = "catalog", "billing", "example-releases"
WATCH = Plan.parse("watch", "watch")


class CodeDeployBench:
    """A group that serves one release, and another one that shall come."""

    name: str
    stable: str
    candidate: str
    schedule: str
    """Empty: the group's own."""
    platform: Platform
    own: Mapping[str, object]
    known: ClassVar[dict[tuple[str, str], Prepared]] = {}
    """What was prepared before, of any target."""

    def __init__(self, cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
        self.cloud, self.sessions, self.clock = cloud, sessions, clock
        self.driver = CodeDeploy(sessions, clock)
        self.engine = cloud.world.codedeploy.engine
        self.settings: dict[str, Any] = {
            "kind": "codedeploy", "application": self.name, "group": self.name, "platform": self.platform,
            "region": REGION, **self.own,
        }  # fmt: skip
        self.seed()
        self.group = cloud.world.codedeploy.groups.groups[(ACCOUNT, REGION, self.name), self.name]
        cloud.log.clear()

    @property
    def alarm(self) -> str:
        """The one that the group watches."""
        return f"{self.name}-errors"

    def seed(self) -> None:
        raise NotImplementedError

    def fresh_driver(self) -> CodeDeploy:
        """Another one, as after a restart: it remembers nothing."""
        return CodeDeploy(self.sessions, self.clock)

    # --- rollouts

    def requested(self, wanted: str = "", number: int = 1, schedule: str = "", **settings: object) -> Rollout:
        now = self.clock.now()
        text = schedule or self.schedule
        plan = Plan.parse("plan", text) if text else None
        terms = Terms(plan=WATCH, schedule=plan, settings={**self.settings, **settings})
        return Rollout(
            id=number, app=self.name, env="prod", kind="codedeploy", by=Actor(id="U0ANA"), terms=terms,
            wanted=wanted, created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip

    def accepted(self, wanted: str = "", number: int = 1, schedule: str = "", **settings: object) -> Rollout:
        """One that was prepared and begins."""
        rollout = self.requested(wanted or self.candidate, number, schedule, **settings)
        key = (rollout.wanted, repr(rollout.terms.settings))
        if key not in self.known:  # every seed is the same, and preparing is nine calls
            self.known[key] = self.driver.prepare(rollout)
        prepared = self.known[key]
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
            self.engine.deployments.clear()
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

    def info(self, rollout: Rollout) -> dict[str, Any]:
        """The row of its deployment as AWS shows it now."""
        asked = {"deploymentId": self.course(rollout).id}
        return dict(perform(self.cloud.world, "codedeploy", "GetDeployment", asked).result["deploymentInfo"])

    def reads(self) -> dict[str, int]:
        return dict(self.cloud.log.reads)

    # --- what goes wrong

    def fail(self) -> None:
        """Its deployment fails at its next step, and has."""
        self.engine.failing[self.name] = "INTERNAL_ERROR"
        self.cloud.step(30)

    # --- a colleague

    def update(self, **settings: object) -> None:
        """What a colleague does to the group."""
        self.group.settings |= settings

    def deploy(self, description: str = "nightly", **asked: object) -> str:
        """A deployment of the candidate that is nobody's here; gives its id."""
        rollout = self.accepted()
        assert rollout.stable is not None and rollout.candidate is not None
        target = CodeDeployTarget.model_validate(self.settings)
        revision = self.driver._grounds[self.platform].revision(target, rollout.candidate, rollout.stable)
        found = self.console_create({
            "applicationName": self.name, "deploymentGroupName": self.name, "revision": revision,
            "description": description, **asked,
        })  # fmt: skip
        self.cloud.log.clear()
        return found

    def console_create(self, asked: dict[str, Any]) -> str:
        """A call of a client that never looks first."""
        return str(perform(self.cloud.world, "codedeploy", "CreateDeployment", asked).result["deploymentId"])


class LambdaBench(CodeDeployBench):
    """my-app:live, alone in its cloud: version 1 serves, 2 comes."""

    name, stable, candidate, schedule = "my-app", "1", "2", "10% 5m, 100%"
    platform: Platform = "lambda"
    own: Mapping[str, object] = {"function": "my-app", "alias": "live"}

    def seed(self) -> None:
        self.cloud.reset()
        world, since = self.cloud.world, self.clock.now() - timedelta(minutes=6)
        add_function(world, self.name)
        self.cloud.knobs.publish_good(self.name)
        perform(world, "lambda", "CreateAlias", {"FunctionName": self.name, "Name": "live", "FunctionVersion": "1"})
        self.cloud.knobs.publish_good(self.name)
        world.traffic.begin(Route(ACCOUNT, REGION, self.name, "live"), 20.0, since)
        perform(world, "cloudwatch", "PutMetricAlarm", errors_alarm(self.name, self.alarm, 60, "payments"))
        alarm = world.alarms.get((ACCOUNT, REGION, self.alarm))
        assert alarm is not None
        world.alarms.backdate(alarm, since)
        add_codedeploy(self.cloud.world, self.name, "Lambda", {
            "autoRollbackConfiguration": {"enabled": True, "events": list(ROLLBACK_EVENTS)},
            "alarmConfiguration": {"enabled": True, "alarms": [{"name": self.alarm}]},
        })  # fmt: skip

    def shares(self) -> dict[str, float]:
        return dict(self.cloud.knobs.status()["apps"][0]["weights"])


class EcsBench(CodeDeployBench):
    """The demo's catalog: blue/green, an hour's wait before traffic, five minutes before the old tasks go."""

    name, stable, candidate, schedule = CATALOG, "v1", "v2", ""
    platform: Platform = "ecs"
    own: Mapping[str, object] = {"cluster": CATALOG, "service": CATALOG}

    def seed(self) -> None:
        self.cloud.reset()
        self.catalog = seed_catalog(self.cloud)

    def shares(self) -> dict[str, float]:
        """By target group."""
        names = {self.catalog.first: "a", self.catalog.second: "b"}
        self.cloud.world.servers.note()
        written = self.cloud.world.servers.routing.written(self.catalog.listener)
        whole = sum(written.values())
        return {names[group]: 100 * weight / whole for group, weight in written.items() if weight}

    def again(self) -> None:
        """As it was at the beginning."""
        self.seed()
        self.group = self.cloud.world.codedeploy.groups.groups[(ACCOUNT, REGION, self.name), self.name]
        self.driver = CodeDeploy(self.sessions, self.clock)

    def stand_again(self, run: Any) -> None:
        """Back at the wait before any traffic, as if nobody had answered it."""

        def life() -> Iterator[str]:
            yield from run._waits.ready()
            yield from run._pass("BeforeAllowTraffic")

        run._life = life()
        for event in run.targets[0].events[-3:]:
            event.status, event.started, event.ended = "Pending", None, None
        self.cloud.step(1)

    def console_continue(self, rollout: Rollout) -> None:
        """[Reroute traffic] in AWS's console."""
        asked = {"deploymentId": self.course(rollout).id, "deploymentWaitType": "READY_WAIT"}
        perform(self.cloud.world, "codedeploy", "ContinueDeployment", asked)

    def serve_something_else(self) -> None:
        """What a colleague's pipeline does between two of our looks."""
        definition = add_definition(self.cloud.world, CATALOG, image_uri(CATALOG, "v3"))
        fleet = self.cloud.world.servers.services.fleets[ACCOUNT, REGION, CATALOG, CATALOG]
        fleet.primary.definition = definition


class ServerBench(CodeDeployBench):
    """The demo's billing: four servers in place, one at a time, from encrypted archives in S3."""

    name, stable, candidate, schedule = BILLING, "v1", "v2", ""
    platform: Platform = "server"
    own: Mapping[str, object] = {"bucket": BUCKET, "key": f"{BILLING}/{{release}}.zip", "kms": True}

    def seed(self) -> None:
        self.cloud.reset()
        self.billing = seed_billing(self.cloud)

    def programs(self) -> list[str]:
        """What each server has, by its tag."""
        tags = {one["s3Location"]["eTag"]: name for name, one in self.billing.revisions.items()}
        return [tags[machine.program] for _, machine in self.cloud.world.servers.machines.known.values()]


class FleetBench(CodeDeployBench):
    """The application bookings: a group of servers that is replaced, an hour's wait, five minutes before it goes."""

    name, stable, candidate, schedule = BOOKINGS, "v1", "v2", ""
    platform: Platform = "server"
    own: Mapping[str, object] = {"bucket": BUCKET, "key": f"{BOOKINGS}/{{release}}.zip", "kms": True}

    def seed(self) -> None:
        self.cloud.reset()
        self.bookings = seed_bookings(self.cloud)

    def serving(self) -> dict[str, int]:
        """How many healthy targets behind the load balancer have each release."""
        tags = {one["s3Location"]["eTag"]: name for name, one in self.bookings.revisions.items()}
        installed = self.cloud.world.servers.machines.installed
        healthy = self.cloud.world.servers.targets.healthy(self.bookings.group)
        return dict(Counter(tags[installed[one]] for one in healthy))

    @property
    def unserved(self) -> int:
        """Requests that found no server."""
        return self.cloud.world.servers.flow.ledgers[self.bookings.listener].unserved

    @property
    def run(self) -> BlueGreenRun:
        """The newest deployment in AWS's own hands."""
        found = self.group.deployments[-1].run
        assert isinstance(found, BlueGreenRun)
        return found

    def stand_again(self, wait: str) -> None:
        """Back at that wait, as if nobody had answered it."""
        one, run = self.group.deployments[-1], self.run
        one.status, one.completed = "InProgress", None
        run._life = run._waits.ready() if wait == "READY_WAIT" else run._waits.bake()
        self.cloud.step(1)
