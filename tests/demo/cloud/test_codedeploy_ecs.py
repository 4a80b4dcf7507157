"""CodeDeploy on ECS over boto3: two task sets, a wait before traffic, a wait before the end, and the way back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo.cloud import Cloud, seed_catalog
from demo.cloud.building import add_definition, image_uri
from demo.cloud.building_codedeploy import app_spec, service_spec
from demo.cloud.flow import metric
from demo.cloud.metrics import epoch
from demo.cloud.seed_catalog import CATALOG, READY_MINUTES, Catalog, catalog_settings
from demo.cloud.task import Behaviour
from tests.demo.cloud.codedeploy_bench import Deployer, held_to_the_model, refused
from tests.demo.cloud.conftest import Clients

CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"
MINUTE = 10


@dataclass
class Scene:
    """The application catalog and who looks at it."""

    cloud: Cloud
    catalog: Catalog
    deployer: Deployer
    ecs: Any

    def deploy(self, tag: str, **more: Any) -> str:
        """A deployment of an image that is pushed already."""
        image = image_uri(CATALOG, self.catalog.digests[tag])
        return self.deployer.start(app_spec(service_spec(add_definition(self.cloud.world, CATALOG, image))), **more)

    def until(self, one: str, status: str, most: int = 120) -> None:
        """Lives on until a deployment has that status."""
        wanted, _, code = status.partition(" ")
        found = self.cloud.world.codedeploy.engine.deployments[one]
        for _ in range(most):
            if found.status == wanted and (not code or found.error):
                break
            self.cloud.step(1)
        if self.deployer.status(one) == status:
            return
        raise AssertionError(f"{self.deployer.status(one)} for {most} s, never {status}")

    def proceed(self, one: str, wait: str = "READY_WAIT") -> None:
        """Presses the button."""
        self.deployer.client.continue_deployment(deploymentId=one, deploymentWaitType=wait)

    def service(self) -> Any:
        """The service as DescribeServices tells it."""
        return self.ecs.describe_services(cluster=CATALOG, services=[CATALOG])["services"][0]

    def sets(self) -> list[tuple[str, str, int]]:
        """Status, revision of the task definition and running tasks of each task set."""
        return [(one["status"], one["taskDefinition"].rsplit(":", 1)[1], one["runningCount"])
                for one in self.service()["taskSets"]]

    def shares(self, *, test: bool = False) -> tuple[int, int]:
        """The weights of both groups, as a listener has them written."""
        listener = self.catalog.test_listener if test else self.catalog.listener
        written = self.cloud.world.servers.routing.written(listener)
        return written.get(self.catalog.first, 0), written.get(self.catalog.second, 0)

    def traffic(self, one: str) -> dict[str, float]:
        """The share of each task set, as the deployment's target tells it."""
        return {told["taskSetLabel"]: told["trafficWeight"] for told in self.deployer.targets(one)[0]["taskSetsInfo"]}

    @property
    def unserved(self) -> int:
        return self.cloud.world.servers.flow.ledgers[self.catalog.listener].unserved

    def configure(self, **settings: Any) -> None:
        """Replaces settings of the deployment group."""
        self.deployer.client.update_deployment_group(
            applicationName=CATALOG, currentDeploymentGroupName=CATALOG, **settings,
        )


@pytest.fixture
def scene(bare: Cloud, clients: Clients) -> Iterator[Scene]:
    """The application catalog, its minutes ten seconds long; every reply to it fits botocore's model."""
    catalog = seed_catalog(bare, period=60, rps=40, minute=MINUTE)
    with held_to_the_model(bare) as misfits:
        yield Scene(bare, catalog, Deployer(clients("codedeploy"), CATALOG), clients("ecs"))
    assert misfits == []


def test_a_whole_deployment(scene: Scene) -> None:
    """Tasks first, then the wait, all traffic at a word, the second wait, the old set's end; no request is lost."""
    one = scene.deploy("v2")
    scene.until(one, "InProgress")
    assert (scene.sets(), scene.shares()) == ([("PRIMARY", "1", 3)], (100, 0))
    scene.until(one, "Ready")
    assert scene.sets() == [("PRIMARY", "1", 3), ("ACTIVE", "2", 3)]
    assert (scene.shares(), scene.shares(test=True)) == ((100, 0), (0, 100))
    assert scene.traffic(one) == {"Blue": 100, "Green": 0}
    scene.cloud.step(100)
    assert scene.deployer.status(one) == "Ready"
    scene.proceed(one)
    scene.cloud.step(5)
    assert (scene.shares(), scene.traffic(one)) == ((0, 100), {"Blue": 0, "Green": 100})
    assert scene.sets() == [("PRIMARY", "2", 3), ("ACTIVE", "1", 3)]
    told = scene.deployer.info(one)
    assert (told["status"], told["instanceTerminationWaitTimeStarted"]) == ("InProgress", True)
    assert scene.deployer.targets(one)[0]["status"] == "Succeeded"
    scene.cloud.step(5 * MINUTE - 4)
    assert scene.deployer.status(one) == "InProgress"
    scene.cloud.step(4)
    assert scene.deployer.status(one) == "Succeeded"
    scene.cloud.step(30)
    assert scene.sets() == [("PRIMARY", "2", 3)]
    assert set(scene.deployer.events(one).values()) == {"Succeeded"}
    assert scene.unserved == 0
    told = scene.deployer.client.get_deployment_group(**scene.deployer.where)["deploymentGroupInfo"]
    assert told["lastSuccessfulDeployment"]["deploymentId"] == one


def test_the_next_deployment_takes_the_other_group(scene: Scene) -> None:
    """Both groups take turns: a second deployment brings the traffic to where the first one took it from."""
    for tag, shares in (("v2", (0, 100)), ("v1", (100, 0))):
        one = scene.deploy(tag)
        scene.until(one, "Ready")
        scene.proceed(one)
        scene.until(one, "Succeeded")
        assert scene.shares() == shares
    assert scene.unserved == 0
    assert scene.service()["loadBalancers"][0]["targetGroupArn"] == scene.catalog.first


def test_nobody_continues_in_time(scene: Scene) -> None:
    """After the hour of the group it stops with TIMEOUT and goes back: no traffic moved, the new tasks end."""
    one = scene.deploy("v2")
    scene.until(one, "Ready")
    scene.cloud.step(60 * MINUTE - 2)
    assert scene.deployer.status(one) == "Ready"
    scene.until(one, "Stopped TIMEOUT", most=5)
    scene.cloud.step(30)
    assert scene.deployer.status(scene.deployer.way_back(one)) == "Succeeded"
    assert (scene.sets(), scene.shares(), scene.shares(test=True)) == ([("PRIMARY", "1", 3)], (100, 0), (100, 0))


def test_a_wait_is_continued_only_while_it_is_on(scene: Scene) -> None:
    """Each button works in its own wait and in no other moment; the second one ends the old set at once."""
    one = scene.deploy("v2")
    for wait in ("READY_WAIT", "TERMINATION_WAIT"):
        with refused("DeploymentIsNotInReadyStateException"):
            scene.proceed(one, wait)
    scene.until(one, "Ready")
    with refused("DeploymentIsNotInReadyStateException"):
        scene.proceed(one, "TERMINATION_WAIT")
    with refused("InvalidDeploymentWaitTypeException"):
        scene.proceed(one, "LUNCH_WAIT")
    scene.proceed(one)
    with refused("DeploymentIsNotInReadyStateException"):
        scene.proceed(one)
    scene.cloud.step(8)
    scene.proceed(one, "TERMINATION_WAIT")
    scene.cloud.step(2)
    assert scene.deployer.status(one) == "Succeeded"
    ended = [entry.after["ended"] for entry in scene.cloud.log.of("codedeploy:ContinueDeployment") if entry.after]
    assert ended == ["READY_WAIT", "TERMINATION_WAIT"]


def test_a_wait_can_last_its_real_minutes_while_all_else_is_faster(scene: Scene) -> None:
    """Who looks at a wait reckons its end by real minutes, as AWS tells none: that must come true."""
    scene.cloud.world.codedeploy.engine.wait_minute = 60
    one = scene.deploy("v2")
    scene.until(one, "Ready")
    scene.cloud.step(READY_MINUTES * 60 - 5)
    assert scene.deployer.status(one) == "Ready"
    scene.until(one, "Stopped TIMEOUT", most=15)
    scene.cloud.reset()
    assert scene.cloud.world.codedeploy.engine.waiting == 60


def test_a_bad_release_goes_back_while_the_old_tasks_still_run(scene: Scene) -> None:
    """Its alarm stops it in the second wait; all traffic returns at once, and the bad task set ends."""
    scene.cloud.knobs.codedeploy_minute(60)
    one = scene.deploy("v3")
    scene.until(one, "Ready")
    scene.proceed(one)
    scene.until(one, "Stopped ALARM_ACTIVE", most=240)
    assert scene.shares() == (0, 100)
    scene.cloud.step(40)
    back = scene.deployer.way_back(one)
    assert (scene.deployer.status(back), scene.shares()) == ("Succeeded", (100, 0))
    assert scene.sets() == [("PRIMARY", "1", 3)]
    assert scene.traffic(back) == {"Blue": 100, "Green": 0}
    assert scene.traffic(one) == {"Blue": 0, "Green": 100}
    assert scene.unserved == 0


def test_a_canary_moves_the_listener_twice(scene: Scene) -> None:
    """A tenth for five minutes, then the rest, after the wait; the first set stays primary until all has moved."""
    one = scene.deploy("v2", deploymentConfigName=CANARY)
    scene.until(one, "Ready")
    scene.proceed(one)
    scene.cloud.step(4)
    assert (scene.shares(), scene.traffic(one)) == ((90, 10), {"Blue": 90, "Green": 10})
    assert [status for status, _, _ in scene.sets()] == ["PRIMARY", "ACTIVE"]
    scene.cloud.step(5 * MINUTE)
    assert (scene.shares(), scene.sets()[0]) == ((0, 100), ("PRIMARY", "2", 3))


def test_a_group_without_waits_goes_through(scene: Scene) -> None:
    """Without a wait before the traffic and with no minutes after it nobody needs to press anything."""
    scene.configure(blueGreenDeploymentConfiguration={
        "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0},
    })
    one = scene.deploy("v2")
    seen = set()
    while scene.deployer.status(one) != "Succeeded":
        seen.add(scene.deployer.status(one))
        scene.cloud.step(1)
    assert seen == {"Created", "Queued", "InProgress"}
    assert (scene.shares(), scene.unserved) == ((0, 100), 0)


def test_time_that_is_slept_through_is_lived(scene: Scene) -> None:
    """Ten minutes in one leap: targets came, requests moved and the old set went when they would have."""
    one = scene.deploy("v2", deploymentConfigName=CANARY)
    scene.until(one, "Ready")
    scene.proceed(one)
    scene.cloud.config.now.advance(14 * MINUTE)  # type: ignore[attr-defined]  # the tests' clock is a ManualClock
    scene.cloud.world.tick()
    assert (scene.deployer.status(one), scene.sets()) == ("Succeeded", [("PRIMARY", "2", 3)])
    now, served = epoch(scene.cloud.world.now()), []
    counted = metric("RequestCount", scene.catalog.listener, scene.catalog.second)
    for begin in (14, 12, 10, 8, 6, 4, 2):
        found = scene.cloud.world.store.over(counted, now - begin * MINUTE, 2 * MINUTE)
        served.append(round((found.total if found else 0) / (40 * 2 * MINUTE), 1))
    assert served == [0.1, 0.1, pytest.approx(0.4, abs=0.2), 1, 1, 1, 1]
    assert scene.unserved == 0


def test_stop_without_a_way_back_leaves_tasks_and_the_next_one_cleans_up(scene: Scene) -> None:
    """What was stopped stays as it is; the next deployment first sends everything to the primary set."""
    quiet = {"enabled": False, "events": []}
    one = scene.deploy("v3", deploymentConfigName=CANARY, autoRollbackConfiguration=quiet)
    scene.until(one, "Ready")
    scene.proceed(one)
    scene.cloud.step(5)
    scene.deployer.client.stop_deployment(deploymentId=one)
    scene.cloud.step(20)
    assert (scene.deployer.status(one), scene.shares()) == ("Stopped MANUAL_STOP", (90, 10))
    assert scene.sets() == [("PRIMARY", "1", 3), ("ACTIVE", "2", 3)]
    two = scene.deploy("v2")
    scene.until(two, "Ready")
    assert scene.shares() == (100, 0)
    scene.cloud.step(30)
    assert scene.sets() == [("PRIMARY", "1", 3), ("ACTIVE", "3", 3)]


def test_stop_in_the_wait_ends_the_new_tasks(scene: Scene) -> None:
    """Once stopped it cannot be continued; the way back ends the new set, and no traffic ever moved."""
    one = scene.deploy("v2")
    scene.until(one, "Ready")
    scene.deployer.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    with refused("DeploymentIsNotInReadyStateException"):
        scene.proceed(one)
    scene.cloud.step(40)
    assert scene.deployer.status(one) == "Stopped MANUAL_STOP"
    assert (scene.sets(), scene.shares(), scene.shares(test=True)) == ([("PRIMARY", "1", 3)], (100, 0), (100, 0))
    assert all(entry.after == {"weights": {scene.catalog.first: 100, scene.catalog.second: 0}}
               for entry in scene.cloud.log.of("elbv2:ModifyListener")
               if entry.parameters["ListenerArn"] == scene.catalog.listener)


def test_tasks_that_never_come_up_time_out(scene: Scene) -> None:
    """An image that exits at once: after an hour the deployment fails, and the tasks end with it."""
    scene.cloud.knobs.codedeploy_minute(1)
    digest = scene.catalog.digests["v2"]
    scene.cloud.world.servers.images.put(digest, Behaviour(exit_code=1))
    one = scene.deploy("v2")
    scene.until(one, "Failed TIMEOUT")
    assert scene.deployer.events(one)["Install"] == "Failed"
    assert scene.deployer.events(one)["AllowTraffic"] == "Skipped"
    scene.cloud.step(40)
    assert (scene.sets(), scene.shares()) == ([("PRIMARY", "1", 3)], (100, 0))


@pytest.mark.parametrize(
    ("spec", "settings", "status"),
    [
        ({"definition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/catalog:9"}, {},
         "Failed ECS_UPDATE_ERROR"),
        ({}, {"ecsServices": [{"clusterName": CATALOG, "serviceName": "nobody"}]}, "Failed INVALID_ECS_SERVICE"),
        ({}, {"loadBalancerInfo": {}}, "Failed MISSING_ELB_INFORMATION"),
        ({}, {"loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "catalog-a"}]}]}},
         "Failed ELASTIC_LOAD_BALANCING_INVALID"),
    ],
)
def test_what_does_not_fit_fails(scene: Scene, spec: Any, settings: Any, status: str) -> None:
    """A task definition, service or target group that is not there: Failed with AWS's code, no traffic moved."""
    scene.configure(**catalog_settings(scene.catalog) | settings)
    revision = app_spec(service_spec(spec.get("definition", scene.catalog.definition)))
    one = scene.deployer.start(revision, autoRollbackConfiguration={"enabled": False, "events": []})
    scene.cloud.step(6)
    assert (scene.deployer.status(one), scene.shares()) == (status, (100, 0))


def test_a_listener_that_is_deleted_on_the_way_fails_it(scene: Scene, elb: Any) -> None:
    """The deployment fails, and so does its way back; the cloud goes on."""
    one = scene.deploy("v2")
    scene.until(one, "Ready")
    elb.delete_listener(ListenerArn=scene.catalog.listener)
    scene.cloud.step(10)
    assert scene.deployer.status(one) == "Failed ELASTIC_LOAD_BALANCING_INVALID"
    assert scene.deployer.status(scene.deployer.way_back(one)) == "Failed ELASTIC_LOAD_BALANCING_INVALID"


def test_a_hook_that_is_no_function_stops_it_before_the_wait(scene: Scene) -> None:
    """HOOK_EXECUTION_FAILURE at the event that has it; the new tasks end with the way back, nothing moved."""
    spec = service_spec(scene.catalog.definition) | {"Hooks": [{"AfterInstall": "nobody"}]}
    one = scene.deployer.start(app_spec(spec))
    scene.until(one, "Failed HOOK_EXECUTION_FAILURE")
    assert scene.deployer.events(one)["AfterInstall"] == "Failed"
    scene.cloud.step(40)
    assert (scene.sets(), scene.shares()) == ([("PRIMARY", "1", 3)], (100, 0))


def test_ecs_leaves_such_a_service_to_codedeploy(scene: Scene) -> None:
    """UpdateService refuses another task definition, and takes another size, which both sets follow."""
    for change in ({"taskDefinition": scene.catalog.definition}, {"forceNewDeployment": True}):
        with refused("InvalidParameterException"):
            scene.ecs.update_service(cluster=CATALOG, service=CATALOG, **change)
    told = scene.service()
    assert (told["deploymentController"], told["deployments"]) == ({"type": "CODE_DEPLOY"}, [])
    assert told["taskSets"][0]["stabilityStatus"] == "STEADY_STATE"
    scene.ecs.update_service(cluster=CATALOG, service=CATALOG, desiredCount=4)
    one = scene.deploy("v2")
    scene.until(one, "Ready")
    assert scene.sets() == [("PRIMARY", "1", 4), ("ACTIVE", "2", 4)]
    assert scene.service()["taskSets"][1]["externalId"] == one


def test_the_second_wait_can_be_told_otherwise(scene: Scene) -> None:
    """By knob it is called Baking, or has no flag: then only the target says that all traffic has moved."""
    scene.cloud.knobs.codedeploy_words(baking=True, waiting=False)
    one = scene.deploy("v2")
    scene.until(one, "Ready")
    scene.proceed(one)
    scene.cloud.step(8)
    told = scene.deployer.info(one)
    assert (told["status"], told["instanceTerminationWaitTimeStarted"]) == ("Baking", False)
    assert scene.deployer.targets(one)[0]["status"] == "Succeeded"


def test_a_service_of_codedeploys_shows_no_deployment_of_ecs(scene: Scene) -> None:
    """Made, changed or described: ECS itself deploys nothing there, so it has nothing of its own to name."""
    known = scene.service()
    kept = ("taskDefinition", "desiredCount", "loadBalancers", "networkConfiguration", "deploymentController")
    made = scene.ecs.create_service(
        cluster=CATALOG, serviceName="second", **{name: known[name] for name in kept},
    )["service"]
    changed = scene.ecs.update_service(cluster=CATALOG, service="second", desiredCount=1)["service"]
    [shown] = scene.ecs.describe_services(cluster=CATALOG, services=["second"])["services"]
    for one in (made, changed, shown, known):
        assert not [name for name in one if name.startswith("currentService")] and one["taskSets"]
