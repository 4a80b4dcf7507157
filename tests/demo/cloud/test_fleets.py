"""ECS services over boto3: tasks that start, serve, drain, crash and are replaced; what moto keeps of the rest."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.building import add_balancer, add_definition, add_group, add_image, add_rule, add_service, image_uri
from demo.cloud.task import Behaviour

CLUSTER = "demo"


class Scene:
    """One service `web` behind a rule, with images v1 and v2 that are good and v4 that exits at once."""

    def __init__(self, cloud: Cloud, ecs: Any, elb: Any) -> None:
        self.cloud, self.ecs, self.elb, world = cloud, ecs, elb, cloud.world
        self.group = add_group(world, "web")
        self.rule = add_rule(world, add_balancer(world, "front").listener, {self.group: 1})
        self.digests = {tag: add_image(world, "web", tag) for tag in ("v1", "v2", "v4")}
        world.servers.images.put(self.digests["v4"], Behaviour(exit_code=137))
        add_service(world, CLUSTER, "web", self.define("v1"), count=2, group=self.group)

    def define(self, tag: str) -> str:
        """A task definition with that image, named by tag or digest."""
        return add_definition(self.cloud.world, "web", image_uri("web", tag))

    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster=CLUSTER, services=["web"])["services"][0]
        return found

    def counts(self) -> tuple[int, int, int]:
        """Desired, pending and running tasks."""
        found = self.service()
        return found["desiredCount"], found["pendingCount"], found["runningCount"]

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        """The service's tasks that shall run, or that shall not."""
        pages = self.ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, serviceName="web", desiredStatus=status)
        arns = [arn for page in pages for arn in page["taskArns"]]
        found: list[dict[str, Any]] = self.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return found

    def states(self) -> list[str]:
        """The states of the group's targets."""
        found = self.elb.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        return sorted(one["TargetHealth"]["State"] for one in found)

    def update(self, **asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.update_service(cluster=CLUSTER, service="web", **asked)["service"]
        return found


@pytest.fixture
def scene(bare: Cloud, ecs: Any, elb: Any) -> Scene:
    return Scene(bare, ecs, elb)


def refused(call: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_a_service_starts_its_tasks(scene: Scene) -> None:
    """PROVISIONING, PENDING, RUNNING within seconds; then registered, then healthy, and only then COMPLETED."""
    assert scene.counts() == (2, 0, 0)
    seen = []
    for _ in range(13):
        scene.cloud.step(1)
        seen.append((scene.tasks()[0]["lastStatus"], (scene.states() or ["none"])[0]))
    told = list(dict.fromkeys(seen))
    assert told == [("PROVISIONING", "none"), ("PENDING", "none"), ("RUNNING", "initial"), ("RUNNING", "healthy")]
    assert scene.counts() == (2, 0, 2)
    deployment = scene.service()["deployments"][0]
    assert (deployment["status"], deployment["rolloutState"], deployment["failedTasks"]) == ("PRIMARY", "COMPLETED", 0)
    assert "steady state" in scene.service()["events"][0]["message"]


def test_the_rollout_is_in_progress_until_targets_are_healthy(scene: Scene) -> None:
    """Running tasks alone do not complete a deployment."""
    scene.cloud.step(8)
    assert scene.counts() == (2, 0, 2)
    assert scene.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_more_and_fewer_tasks(scene: Scene) -> None:
    """Scaling out starts tasks; scaling in drains targets first and stops their tasks afterwards."""
    scene.cloud.step(20)
    assert scene.update(desiredCount=4)["desiredCount"] == 4
    scene.cloud.step(3)
    assert scene.counts() == (4, 2, 2)
    scene.cloud.step(15)
    assert scene.counts() == (4, 0, 4)
    scene.update(desiredCount=1)
    scene.cloud.step(1)
    assert scene.counts() == (1, 0, 1)
    assert scene.states() == ["draining"] * 3 + ["healthy"]
    assert {task["lastStatus"] for task in scene.tasks("STOPPED")} == {"DEACTIVATING"}
    scene.cloud.step(21)
    assert scene.states() == ["healthy"]
    ended = scene.tasks("STOPPED")
    assert [task["lastStatus"] for task in ended] == ["STOPPED"] * 3
    assert ended[0]["stopCode"] == "ServiceSchedulerInitiated"
    assert ended[0]["stoppedReason"].startswith("Scaling activity initiated by")


def test_stopped_tasks_are_listed_for_an_hour(scene: Scene) -> None:
    """Then they are gone, and asked for by their ARN they are missing."""
    scene.cloud.step(20)
    scene.update(desiredCount=0)
    scene.cloud.step(30)
    arn = scene.tasks("STOPPED")[0]["taskArn"]
    scene.cloud.step(3500)
    assert len(scene.tasks("STOPPED")) == 2
    scene.cloud.step(200)
    assert scene.tasks("STOPPED") == []
    failures = scene.ecs.describe_tasks(cluster=CLUSTER, tasks=[arn])["failures"]
    assert failures == [{"arn": arn, "reason": "MISSING"}]


def test_a_new_definition_replaces_every_task(scene: Scene) -> None:
    """New tasks first, old ones when the new are healthy: never fewer than two healthy targets."""
    scene.cloud.step(20)
    wanted = scene.define("v2")
    told = scene.update(taskDefinition=wanted)
    assert [(one["status"], one["rolloutState"]) for one in told["deployments"]] \
        == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]
    healthy = []
    for _ in range(60):
        scene.cloud.step(1)
        healthy.append(scene.states().count("healthy"))
    assert min(healthy) == 2
    assert {task["taskDefinitionArn"] for task in scene.tasks()} == {wanted}
    assert [one["rolloutState"] for one in scene.service()["deployments"]] == ["COMPLETED"]


def test_the_same_definition_is_no_deployment_unless_forced(scene: Scene) -> None:
    """Asked for what it has, a service keeps its tasks; forced, it replaces them."""
    scene.cloud.step(20)
    before = scene.service()
    assert scene.update(taskDefinition="web:1")["deployments"] == before["deployments"]
    told = scene.update(forceNewDeployment=True)["deployments"]
    assert [one["id"] == before["deployments"][0]["id"] for one in told] == [False, True]
    old = {task["taskArn"] for task in scene.tasks()}
    scene.cloud.step(60)
    assert len(scene.tasks()) == 2
    assert old.isdisjoint(task["taskArn"] for task in scene.tasks())


@pytest.mark.parametrize("by_digest", [False, True])
def test_a_bad_image_crash_loops(scene: Scene, by_digest: bool) -> None:
    """Named by tag or by digest, it exits again and again, is never healthy, and the old tasks go on serving."""
    scene.cloud.step(20)
    scene.update(taskDefinition=scene.define(scene.digests["v4"] if by_digest else "v4"))
    scene.cloud.step(120)
    primary, old = scene.service()["deployments"]
    assert (primary["rolloutState"], primary["failedTasks"] >= 4, old["runningCount"]) == ("IN_PROGRESS", True, 2)
    assert scene.states().count("healthy") == 2
    ended = scene.tasks("STOPPED")[0]
    assert ended["stoppedReason"] == "Essential container in task exited"
    assert (ended["stopCode"], ended["containers"][0]["exitCode"]) == ("EssentialContainerExited", 137)


def test_crashes_are_tried_again_ever_later(scene: Scene) -> None:
    """The scheduler waits longer after each failure: ten minutes of crashing are not a hundred tasks."""
    scene.cloud.knobs.crash_loop("web")
    scene.cloud.step(600)
    assert 10 <= scene.service()["deployments"][0]["failedTasks"] <= 40
    scene.cloud.knobs.crash_loop("web", on=False)
    scene.cloud.step(90)
    assert scene.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_an_image_that_is_not_there_cannot_be_pulled(scene: Scene) -> None:
    """Its tasks fail to start and say so."""
    scene.update(taskDefinition=scene.define("v9"))
    scene.cloud.step(30)
    wanted = scene.service()["taskDefinition"]
    ended = next(task for task in scene.tasks("STOPPED") if task["taskDefinitionArn"] == wanted)
    assert ended["stopCode"] == "TaskFailedToStart"
    assert ended["containers"][0]["reason"].startswith("CannotPullContainerError")
    assert "exitCode" not in ended["containers"][0]


def test_sick_tasks_are_replaced(scene: Scene) -> None:
    """Unhealthy after two failed checks, then stopped with ELB's words; well again, the service recovers."""
    scene.cloud.step(60)
    scene.cloud.knobs.sicken("web")
    scene.cloud.step(10)
    assert scene.states().count("healthy") == 0
    scene.cloud.step(20)
    assert scene.tasks("STOPPED")[0]["stoppedReason"].startswith("Task failed ELB health checks in (target-group arn:")
    scene.cloud.knobs.sicken("web", on=False)
    scene.cloud.step(90)
    assert scene.states() == ["healthy", "healthy"]


def test_a_task_stopped_by_hand_is_replaced(scene: Scene) -> None:
    """StopTask drains and ends one task; another one takes its place."""
    scene.cloud.step(20)
    gone = scene.tasks()[0]["taskArn"]
    told = scene.ecs.stop_task(cluster=CLUSTER, task=gone, reason="by hand")["task"]
    assert (told["desiredStatus"], told["stopCode"], told["stoppedReason"]) == ("STOPPED", "UserInitiated", "by hand")
    scene.cloud.step(40)
    assert gone not in [task["taskArn"] for task in scene.tasks()]
    assert scene.counts() == (2, 0, 2)


def test_a_slow_start_is_slow(scene: Scene) -> None:
    """With the knob turned, new tasks stay pending as long as it says."""
    scene.cloud.knobs.slow_start("web", 40)
    scene.cloud.step(40)
    assert scene.counts() == (2, 2, 0)
    scene.cloud.step(1)
    assert scene.counts() == (2, 0, 2)


def test_what_ecs_refuses(scene: Scene) -> None:
    """Unknown cluster, service and definition, eleven services, a second service of the same name, a stray group."""
    ecs = scene.ecs
    assert refused(lambda: ecs.describe_services(cluster="nope", services=["web"])) == "ClusterNotFoundException"
    assert refused(lambda: ecs.update_service(cluster=CLUSTER, service="nope")) == "ServiceNotFoundException"
    assert refused(lambda: scene.update(taskDefinition="web:99")) == "ClientException"
    assert refused(lambda: scene.update(desiredCount=-1)) == "InvalidParameterException"
    assert refused(lambda: scene.update(platformVersion="1.4.0")) == "InvalidParameterException"
    many = [f"s{number}" for number in range(11)]
    assert refused(lambda: ecs.describe_services(cluster=CLUSTER, services=many)) == "InvalidParameterException"
    again: dict[str, Any] = {"cluster": CLUSTER, "serviceName": "web", "taskDefinition": "web:1"}
    assert refused(lambda: ecs.create_service(**again)) == "InvalidParameterException"
    stray = [{"targetGroupArn": add_group(scene.cloud.world, "stray"), "containerName": "app", "containerPort": 8080}]
    again |= {"serviceName": "other", "loadBalancers": stray}
    assert refused(lambda: ecs.create_service(**again)) == "InvalidParameterException"


def test_a_deleted_service_ends(scene: Scene) -> None:
    """Only by force while it has tasks; then it drains, is inactive, and takes no update."""
    scene.cloud.step(20)
    delete = {"cluster": CLUSTER, "service": "web"}
    assert refused(lambda: scene.ecs.delete_service(**delete)) == "InvalidParameterException"
    assert scene.ecs.delete_service(**delete, force=True)["service"]["status"] == "DRAINING"
    scene.cloud.step(30)
    assert scene.service()["status"] == "INACTIVE"
    assert refused(lambda: scene.update(desiredCount=1)) == "ServiceNotActiveException"


def test_failures_are_told_in_the_answer(scene: Scene) -> None:
    """DescribeServices answers 200 with what it does not know; by ARN and by name."""
    arn = scene.service()["serviceArn"]
    told = scene.ecs.describe_services(cluster=CLUSTER, services=[arn, "nope"])
    assert [one["serviceName"] for one in told["services"]] == ["web"]
    assert [(one["arn"].rsplit("/", 1)[1], one["reason"]) for one in told["failures"]] == [("nope", "MISSING")]


def test_tasks_are_listed_in_pages_and_by_filter(scene: Scene) -> None:
    """Three rows a page here; the filters of service, family and deployment; a bad token is refused."""
    scene.update(desiredCount=7)
    scene.cloud.step(20)
    first = scene.ecs.list_tasks(cluster=CLUSTER, serviceName="web")
    assert (len(first["taskArns"]), len(scene.tasks())) == (3, 7)
    by = scene.service()["deployments"][0]["id"]
    assert scene.ecs.list_tasks(cluster=CLUSTER, startedBy=by, family="web")["taskArns"] == first["taskArns"]
    assert scene.ecs.list_tasks(cluster=CLUSTER, family="other")["taskArns"] == []
    assert refused(lambda: scene.ecs.list_tasks(cluster=CLUSTER, nextToken="x")) == "InvalidParameterException"


def test_moto_keeps_clusters_and_definitions(scene: Scene) -> None:
    """What the driver registers comes back whole, revision by revision; the service is listed."""
    old = scene.ecs.describe_task_definition(taskDefinition="web:1")["taskDefinition"]
    names = ("family", "networkMode", "containerDefinitions", "requiresCompatibilities", "cpu", "memory",
             "executionRoleArn")
    copy = {name: old[name] for name in names}
    copy["containerDefinitions"][0]["image"] = image_uri("web", scene.digests["v2"])
    scene.cloud.log.clear()
    made = scene.ecs.register_task_definition(**copy)["taskDefinition"]
    assert made["taskDefinitionArn"].endswith(":task-definition/web:2")
    assert {name: made[name] for name in names} == copy
    assert scene.ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"][-1] == made["taskDefinitionArn"]
    assert scene.ecs.list_services(cluster=CLUSTER)["serviceArns"] == [scene.service()["serviceArn"]]
    scene.update(taskDefinition=made["taskDefinitionArn"], desiredCount=3)
    registered, updated = scene.cloud.log.applied
    assert (registered.name, updated.name) == ("ecs:RegisterTaskDefinition", "ecs:UpdateService")
    assert registered.parameters["family"] == "web"
    assert (updated.before or {})["desired"] == 2
    assert updated.after == {"desired": 3, "running": 0, "definition": made["taskDefinitionArn"]}
