"""CodeDeploy on servers over boto3, blue/green: new hosts, two waits, traffic from the old ones to the new ones."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from demo.cloud import Cloud
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.codedeploy_words import ALLOWING, BLOCKING, DISCOVER, KEEP_ALIVE, ON_INSTANCE
from demo.cloud.machines import Crew, Machine
from demo.cloud.seed_bookings import BOOKINGS, Bookings, bookings_settings, seed_bookings
from demo.cloud.task import Behaviour
from tests.demo.cloud.codedeploy_bench import Deployer, held_to_the_model, refused
from tests.demo.cloud.conftest import Clients

MINUTE = 10
"""Seconds that a minute of CodeDeploy lasts here."""


@dataclass
class Scene:
    """The application bookings and who looks at it."""

    cloud: Cloud
    bookings: Bookings
    deployer: Deployer
    clients: Clients

    def update(self, **options: Any) -> None:
        """Other blue/green options of the deployment group, each whole."""
        told = bookings_settings()["blueGreenDeploymentConfiguration"] | options
        self.deployer.client.update_deployment_group(
            applicationName=BOOKINGS, currentDeploymentGroupName=BOOKINGS, blueGreenDeploymentConfiguration=told,
        )

    def start(self, release: str = "v2", **more: Any) -> str:
        return self.deployer.start(self.bookings.revisions[release], **more)

    def until(self, one: str, status: str, most: int = 200) -> None:
        """Lives on until a deployment has that status."""
        found = self.cloud.world.codedeploy.engine.deployments[one]
        for _ in range(most):
            if found.status == status:
                return
            self.cloud.step(1)
        raise AssertionError(f"{found.status} for {most} s, not {status}")

    def go_on(self, one: str, wait: str = "READY_WAIT") -> None:
        self.deployer.client.continue_deployment(deploymentId=one, deploymentWaitType=wait)

    def sides(self, one: str) -> dict[str, list[Any]]:
        """The targets of a deployment by their label."""
        found: dict[str, list[Any]] = {"Blue": [], "Green": []}
        for target in self.deployer.targets(one):
            found[target["instanceLabel"]].append(target)
        return found

    def serving(self) -> Counter[str]:
        """How many healthy targets behind the load balancer have each release."""
        tags = {one["s3Location"]["eTag"]: name for name, one in self.bookings.revisions.items()}
        world = self.cloud.world
        told = self.clients("elbv2").describe_target_health(TargetGroupArn=self.bookings.group)
        rows = told["TargetHealthDescriptions"]
        found = [row["Target"]["Id"] for row in rows if row["TargetHealth"]["State"] == "healthy"]
        machines = {name: one.program for name, (_, one) in world.servers.machines.known.items()}
        programs = machines | world.servers.machines.installed
        return Counter(tags.get(programs.get(name, "?"), "?") for name in found)

    def pools(self) -> dict[str, int]:
        """The Auto Scaling groups with their instances."""
        found = self.clients("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return {one["AutoScalingGroupName"]: len(one["Instances"]) for one in found}

    @property
    def unserved(self) -> int:
        return self.cloud.world.servers.flow.ledgers[self.bookings.listener].unserved


@pytest.fixture
def scene(bare: Cloud, clients: Clients) -> Iterator[Scene]:
    """The application bookings with few requests; every reply to it fits botocore's model."""
    bookings = seed_bookings(bare, period=60, rps=20, minute=MINUTE)
    with held_to_the_model(bare) as misfits:
        yield Scene(bare, bookings, Deployer(clients("codedeploy"), BOOKINGS), clients)
    assert misfits == []


def test_from_the_old_group_to_a_copy_of_it(scene: Scene) -> None:
    """Installed, ready, continued, re-routed one by one, waited for, the old group gone: no request was lost."""
    one = scene.start()
    scene.until(one, "Ready")
    copied = f"CodeDeploy_{BOOKINGS}_{one}"
    assert scene.pools() == {BOOKINGS: 3, copied: 3} and scene.serving() == {"v1": 3}
    assert scene.deployer.info(one)["deploymentOverview"] == {
        "Pending": 3, "InProgress": 0, "Succeeded": 0, "Failed": 0, "Skipped": 0, "Ready": 3,
    }
    scene.go_on(one)
    seen = []
    while not scene.deployer.info(one)["instanceTerminationWaitTimeStarted"]:
        scene.cloud.step(1)
        seen += [now] if (now := dict(scene.serving())) not in seen else []
    assert seen == [{"v1": 3}, *({"v1": 3, "v2": new} for new in (1, 2, 3)), {"v2": 3}]
    assert scene.deployer.status(one) == "InProgress" and scene.pools() == {BOOKINGS: 3, copied: 3}
    scene.go_on(one, "TERMINATION_WAIT")
    scene.cloud.step(2)
    with refused("DeploymentIsNotInReadyStateException"):
        scene.go_on(one, "TERMINATION_WAIT")
    scene.until(one, "Succeeded", 21)
    assert scene.pools() == {copied: 3} and scene.unserved == 0
    told = scene.deployer.client.get_deployment_group(**scene.deployer.where)["deploymentGroupInfo"]
    assert told["autoScalingGroups"] == [{"name": copied}]
    [kept] = scene.clients("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert kept["TargetGroupARNs"] == [scene.bookings.group]


def test_each_side_goes_through_its_own_events(scene: Scene) -> None:
    """New hosts: program, then traffic. Old ones: out of the traffic, after the last new one is in it."""
    one = scene.start()
    scene.until(one, "Ready")
    green = scene.sides(one)["Green"][0]["lifecycleEvents"]
    assert [event["lifecycleEventName"] for event in green] == [*ON_INSTANCE, *ALLOWING]
    assert [event["status"] for event in green] == ["Succeeded"] * 7 + ["Pending"] * 3
    assert {target["status"] for target in scene.sides(one)["Green"]} == {"Ready"}
    scene.go_on(one)
    scene.until(one, "Succeeded")
    sides = scene.sides(one)
    assert [event["lifecycleEventName"] for event in sides["Blue"][0]["lifecycleEvents"]] == list(BLOCKING)
    allowed = max(event["endTime"] for target in sides["Green"] for event in target["lifecycleEvents"])
    assert min(event["startTime"] for target in sides["Blue"] for event in target["lifecycleEvents"]) >= allowed
    assert {target["status"] for side in sides.values() for target in side} == {"Succeeded"}
    pages = scene.deployer.client.list_deployment_targets(
        deploymentId=one, targetFilters={"ServerInstanceLabel": ["Blue"]},
    )
    assert sorted(pages["targetIds"]) == sorted(target["targetId"] for target in sides["Blue"])


def test_a_wait_is_continued_once_and_only_where_it_stands(scene: Scene) -> None:
    """Neither before it nor after it, nor by the other's name."""
    one = scene.start()
    scene.cloud.step(5)
    for wait in ("READY_WAIT", "TERMINATION_WAIT"):
        with refused("DeploymentIsNotInReadyStateException"):
            scene.go_on(one, wait)
    scene.until(one, "Ready")
    with refused("DeploymentIsNotInReadyStateException"):
        scene.go_on(one, "TERMINATION_WAIT")
    scene.go_on(one)
    with refused("DeploymentIsNotInReadyStateException"):
        scene.go_on(one)
    scene.until(one, "Succeeded")
    with refused("DeploymentAlreadyCompletedException"):
        scene.go_on(one, "TERMINATION_WAIT")


def test_nobody_continues_it_in_time(scene: Scene) -> None:
    """Stopped after the wait; the way back has nothing to move and succeeds; the copy stays."""
    scene.update(deploymentReadyOption={"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 2})
    one = scene.start()
    scene.until(one, "Ready")
    scene.cloud.step(2 * MINUTE + 1)
    assert scene.deployer.status(one) == "Stopped TIMEOUT"
    assert {target["status"] for target in scene.sides(one)["Green"]} == {"Skipped"}
    scene.cloud.step(5)
    back = scene.deployer.way_back(one)
    scene.until(back, "Succeeded")
    assert scene.serving() == {"v1": 3} and scene.unserved == 0 and len(scene.pools()) == 2


def test_without_waits_it_goes_through(scene: Scene) -> None:
    """CONTINUE_DEPLOYMENT and KEEP_ALIVE: nobody is asked, the old group lives on without requests."""
    scene.update(
        deploymentReadyOption={"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
        terminateBlueInstancesOnDeploymentSuccess={"action": KEEP_ALIVE, "terminationWaitTimeInMinutes": 5},
    )
    one = scene.start(deploymentConfigName="CodeDeployDefault.AllAtOnce")
    scene.until(one, "Succeeded", 80)
    assert not scene.deployer.info(one)["instanceTerminationWaitTimeStarted"]
    assert scene.pools() == {BOOKINGS: 3, f"CodeDeploy_{BOOKINGS}_{one}": 3} and scene.serving() == {"v2": 3}
    scene.cloud.step(60)
    assert scene.serving() == {"v2": 3} and scene.unserved == 0


def test_a_stop_in_the_re_routing_brings_the_old_ones_back(scene: Scene) -> None:
    """AWS's way back: events of traffic only, all old hosts in, then all new ones out; nobody waits for a word."""
    one = scene.start()
    scene.until(one, "Ready")
    scene.go_on(one)
    while scene.serving() != {"v1": 3, "v2": 2}:
        scene.cloud.step(1)
    scene.deployer.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    scene.cloud.step(8)
    assert scene.deployer.status(one) == "Stopped MANUAL_STOP"
    back = scene.deployer.way_back(one)
    scene.until(back, "Succeeded", 60)
    assert scene.serving() == {"v1": 3} and scene.unserved == 0
    assert scene.deployer.info(back)["creator"] == "codeDeployRollback"
    events = {
        label: [event["lifecycleEventName"] for event in targets[0]["lifecycleEvents"]]
        for label, targets in scene.sides(back).items()
    }
    assert events == {"Blue": list(ALLOWING), "Green": list(BLOCKING)}


@pytest.mark.parametrize("kept", ["waiting", "draining"])
def test_a_stop_after_the_traffic_brings_the_old_ones_back(scene: Scene, kept: str) -> None:
    """While the old ones leave, and while they are kept: they take the requests again, and what starts there later."""
    one = scene.start(deploymentConfigName="CodeDeployDefault.AllAtOnce")
    scene.until(one, "Ready")
    scene.go_on(one)
    while scene.serving().get("v1"):
        scene.cloud.step(1)
    if kept == "waiting":
        scene.cloud.step(15)
        assert scene.deployer.info(one)["instanceTerminationWaitTimeStarted"]
    scene.deployer.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    scene.cloud.step(8)
    scene.until(scene.deployer.way_back(one), "Succeeded", 60)
    assert scene.serving() == {"v1": 3} and scene.unserved == 0
    scene.clients("autoscaling").set_desired_capacity(AutoScalingGroupName=BOOKINGS, DesiredCapacity=4)
    scene.cloud.step(40)
    assert sum(scene.serving().values()) == 4
    told = scene.deployer.client.get_deployment_group(**scene.deployer.where)["deploymentGroupInfo"]
    assert told["autoScalingGroups"] == [{"name": BOOKINGS}]


@pytest.mark.parametrize("seconds", [1, 3, 10])
def test_a_stop_before_the_new_hosts_are_there(scene: Scene, seconds: int) -> None:
    """Queued, just copied, starting: it stops, and the way back has nothing to take out."""
    one = scene.start()
    scene.cloud.step(seconds)
    scene.deployer.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    scene.cloud.step(6)
    assert scene.deployer.status(one) == "Stopped MANUAL_STOP"
    scene.until(scene.deployer.way_back(one), "Succeeded", 40)
    assert scene.serving() == {"v1": 3} and scene.unserved == 0


def test_new_hosts_that_never_start_time_out(scene: Scene) -> None:
    """The copied group launches nothing: Failed after an hour, and the way back has nothing to take out."""
    scene.cloud.knobs.codedeploy_minute(0.5)
    one = scene.start()
    scene.cloud.step(3)
    scene.clients("autoscaling").suspend_processes(AutoScalingGroupName=f"CodeDeploy_{BOOKINGS}_{one}")
    scene.until(one, "Failed")
    assert scene.deployer.status(one) == "Failed TIMEOUT"
    scene.cloud.step(4)
    back = scene.deployer.way_back(one)
    scene.until(back, "Succeeded", 40)
    assert scene.serving() == {"v1": 3} and not scene.sides(back)["Green"]


def test_an_alarm_stops_it_and_it_goes_back(scene: Scene) -> None:
    """A bad release in the middle of the re-routing."""
    scene.cloud.step(75)
    one = scene.start("v3")
    scene.until(one, "Ready")
    scene.go_on(one)
    while scene.serving().get("v3", 0) < 1:
        scene.cloud.step(1)
    scene.cloud.knobs.raise_alarm(f"{BOOKINGS}-errors")
    scene.until(one, "Stopped", 5)
    assert scene.deployer.status(one) == "Stopped ALARM_ACTIVE"
    scene.cloud.step(5)
    scene.until(scene.deployer.way_back(one), "Succeeded", 60)
    assert scene.serving() == {"v1": 3} and scene.unserved == 0


def test_a_program_that_does_not_come_up_gets_no_traffic(scene: Scene) -> None:
    """ValidateService fails on the first new host: the others are skipped, the old ones never left."""
    one = scene.start("v4")
    scene.until(one, "Failed")
    assert scene.deployer.status(one) == "Failed HEALTH_CONSTRAINTS"
    assert Counter(target["status"] for target in scene.sides(one)["Green"]) == {"Failed": 1, "Skipped": 2}
    assert {target["status"] for target in scene.sides(one)["Blue"]} == {"Skipped"} and scene.serving() == {"v1": 3}


def test_a_new_host_of_the_new_group_has_the_new_release(scene: Scene) -> None:
    """An Auto Scaling group that grows later does not start what its image brought along."""
    scene.update(terminateBlueInstancesOnDeploymentSuccess={"action": KEEP_ALIVE})  # over before an alarm is red
    one = scene.start("v3")
    scene.until(one, "Ready")
    scene.go_on(one)
    scene.until(one, "Succeeded")
    scene.clients("autoscaling").set_desired_capacity(
        AutoScalingGroupName=f"CodeDeploy_{BOOKINGS}_{one}", DesiredCapacity=4,
    )
    scene.cloud.step(25)
    pool = scene.cloud.world.servers.pools.pools[ACCOUNT, REGION, f"CodeDeploy_{BOOKINGS}_{one}"]
    wrong = scene.cloud.world.servers.machines.behaviour(scene.bookings.revisions["v3"]["s3Location"]["eTag"])
    assert [instance.behaviour for instance in pool.instances] == [wrong] * 4


def test_the_second_deployment_replaces_the_first_ones_copy(scene: Scene) -> None:
    """The group's new Auto Scaling group is the old side of the next deployment."""
    one = ""
    for release in ("v2", "v1"):
        one = scene.start(release, deploymentConfigName="CodeDeployDefault.AllAtOnce")
        scene.until(one, "Ready")
        scene.go_on(one)
        scene.until(one, "Succeeded")
    assert scene.pools() == {f"CodeDeploy_{BOOKINGS}_{one}": 3} and scene.serving() == {"v1": 3}


def test_hosts_that_exist_are_named_at_each_deployment(scene: Scene) -> None:
    """DISCOVER_EXISTING: tags say which machines are the new ones; without them, or elsewhere, it is refused."""
    with refused("InvalidTargetInstancesException"):
        scene.start(targetInstances={"autoScalingGroups": [BOOKINGS]})
    scene.update(greenFleetProvisioningOption={"action": DISCOVER})
    with refused("InvalidTargetInstancesException"):
        scene.start()
    crew = Crew((ACCOUNT, REGION))
    for number in (1, 2):
        machine = Machine(f"i-0c{number:015x}", number, {"side": "new"}, "empty", up=False)
        scene.cloud.world.servers.machines.add(crew, machine)
    named = {"tagFilters": [{"Key": "side", "Value": "new", "Type": "KEY_AND_VALUE"}]}
    one = scene.start(targetInstances=named)
    assert scene.deployer.info(one)["targetInstances"] == named
    scene.until(one, "Ready")
    scene.go_on(one)
    scene.until(one, "Succeeded")
    assert scene.serving() == {"v2": 2} and scene.pools() == {} and scene.unserved == 0


def test_groups_that_cannot_be_replaced_are_refused(scene: Scene) -> None:
    """No such Auto Scaling group, two of them to copy, no load balancer, no traffic control, in place."""
    client, settings = scene.deployer.client, bookings_settings() | {"serviceRoleArn": "role"}
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("InvalidAutoScalingGroupException", {"autoScalingGroups": ["nobody"]}),
        ("InvalidBlueGreenDeploymentConfigurationException", {"autoScalingGroups": []}),
        ("InvalidLoadBalancerInfoException", {"loadBalancerInfo": {}}),
        ("InvalidDeploymentStyleException", {"deploymentStyle": {
            "deploymentType": "BLUE_GREEN", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}}),
        ("InvalidAutoScalingGroupException", {"deploymentStyle": {"deploymentType": "IN_PLACE"}}),
    ]
    for code, change in wrong:
        with refused(code):
            client.create_deployment_group(
                applicationName=BOOKINGS, deploymentGroupName="other", **(settings | change),
            )


@pytest.mark.parametrize(("least", "most"), [(2, 1), (1, 2), (0, 3)])
def test_as_many_at_a_time_as_the_configuration_says(scene: Scene, least: int, most: int) -> None:
    """New hosts are installed on, and sent traffic to, no more at a time than may be unhealthy."""
    scene.deployer.client.create_deployment_config(
        deploymentConfigName="own", minimumHealthyHosts={"type": "HOST_COUNT", "value": least},
    )
    scene.update(terminateBlueInstancesOnDeploymentSuccess={"action": KEEP_ALIVE})
    one = scene.start(deploymentConfigName="own")
    found = scene.cloud.world.codedeploy.engine.deployments[one]
    seen: dict[str, int] = {}
    for _ in range(120):
        scene.cloud.step(1)
        if found.status == "Ready":
            scene.go_on(one)
        for target in found.run.targets if found.run else []:
            for event in target.events:
                if event.name in ("Install", "AllowTraffic") and event.status == "InProgress":
                    seen[event.name] = max(seen.get(event.name, 0), _busy(found.run, event.name))
    assert seen == {"Install": most, "AllowTraffic": most} and scene.deployer.status(one) == "Succeeded"


def _busy(run: Any, name: str) -> int:
    return sum(event.name == name and event.status == "InProgress" for one in run.targets for event in one.events)


def test_a_new_host_that_does_not_get_healthy_brings_the_old_ones_back(scene: Scene) -> None:
    """It is behind the load balancer and fails its checks: AllowTraffic fails, nobody loses a request."""
    one = scene.start()
    scene.until(one, "Ready")
    pool = scene.cloud.world.servers.pools.pools[ACCOUNT, REGION, f"CodeDeploy_{BOOKINGS}_{one}"]
    pool.instances[1].template = replace(pool.instances[1].template, behaviour=Behaviour(exit_code=1))
    scene.go_on(one)
    scene.until(one, "Failed", 400)
    assert scene.deployer.status(one) == "Failed HEALTH_CONSTRAINTS" and scene.serving() == {"v1": 3, "v2": 1}
    [failed] = [target for target in scene.sides(one)["Green"] if target["status"] == "Failed"]
    events = {event["lifecycleEventName"]: event for event in failed["lifecycleEvents"]}
    assert "did not become healthy" in events["AllowTraffic"]["diagnostics"]["message"]
    scene.cloud.step(5)
    scene.until(scene.deployer.way_back(one), "Succeeded", 60)
    assert scene.serving() == {"v1": 3} and scene.unserved == 0


def test_wherever_it_is_stopped_the_old_hosts_serve_again(scene: Scene) -> None:
    """Every few seconds of its life, re-routing and both waits included: home, one way back, no request lost."""
    met = set()
    for second in range(1, 106, 8):
        one = scene.start()
        found = scene.cloud.world.codedeploy.engine.deployments[one]
        for _ in range(second):
            scene.cloud.step(1)
            if found.status == "Ready" and second > 50:
                scene.go_on(one)
        met.add((found.status, found.terminating))
        scene.deployer.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
        scene.cloud.step(8)
        scene.until(scene.deployer.way_back(one), "Succeeded", 60)
        scene.cloud.step(10)
        assert scene.serving() == {"v1": 3} and scene.unserved == 0, second
    assert met == {("Queued", False), ("InProgress", False), ("Ready", False), ("InProgress", True)}
