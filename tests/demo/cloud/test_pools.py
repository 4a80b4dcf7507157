"""EC2 Auto Scaling groups over boto3, by the application `search`: instances, templates, targets, the autoscaler."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.building import forward
from demo.cloud.building_pools import add_template
from demo.cloud.flow import Ledger
from demo.cloud.scaling import POOL_CALLER
from demo.cloud.seed_search import INSTANCES, SEARCH_BLUE, SEARCH_GREEN, SEARCH_RPS, seed_search


class Scene:
    """The application and the few calls that a release makes."""

    def __init__(self, cloud: Cloud, clients: Any) -> None:
        self.cloud, self.search = cloud, seed_search(cloud)
        self.groups, self.elb = clients("autoscaling"), clients("elbv2")

    def group(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"][0]
        return found

    def states(self, name: str) -> list[str]:
        """The lifecycle states of a group's instances."""
        return sorted(one["LifecycleState"] for one in self.group(name)["Instances"])

    def health(self, group: str) -> list[str]:
        """The states of a target group's targets."""
        found = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return sorted(one["TargetHealth"]["State"] for one in found)

    def fill_green(self, version: str, count: int = INSTANCES) -> None:
        """Green gets so many instances of a template's version."""
        self.groups.update_auto_scaling_group(
            AutoScalingGroupName=SEARCH_GREEN, DesiredCapacity=count,
            LaunchTemplate={"LaunchTemplateName": SEARCH_GREEN, "Version": version},
        )

    def shift(self, green: int) -> None:
        """Green gets so many of a hundred requests."""
        weights = {self.search.blue: 100 - green, self.search.green: green}
        self.elb.modify_rule(RuleArn=self.search.rule, Actions=[forward(weights)])

    @property
    def ledger(self) -> Ledger:
        return self.cloud.world.servers.flow.ledgers[self.search.rule]


@pytest.fixture
def scene(bare: Cloud, clients: Any) -> Scene:
    return Scene(bare, clients)


def refused(call: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_blue_serves_from_the_start(scene: Scene) -> None:
    """Three instances of version 1 are healthy targets and answer everything; green has none; the ARNs are fixed."""
    scene.cloud.step(60)
    blue, green = scene.group(SEARCH_BLUE), scene.group(SEARCH_GREEN)
    assert (blue["DesiredCapacity"], blue["MinSize"], blue["MaxSize"]) == (INSTANCES, 0, 10)
    assert {one["LaunchTemplate"]["Version"] for one in blue["Instances"]} == {"1"}
    assert scene.health(scene.search.blue) == ["healthy"] * INSTANCES
    assert green["Instances"] == []
    assert scene.ledger.requests == pytest.approx(60 * SEARCH_RPS, rel=0.02)
    assert scene.ledger.unserved == 0
    assert scene.search.rule.endswith("/app/search/338a85906e9ef92b/0928ff68d4b1ea40/d31e3da3d861bf79")
    assert scene.search.blue.endswith(":targetgroup/search-blue/a0c68af51b332f84")
    assert scene.search.green.endswith(":targetgroup/search-green/c238844dba6ee363")


def test_instances_start_and_drain(scene: Scene) -> None:
    """Pending, InService and initial, healthy; scaled in they are Terminating while they drain, then gone."""
    scene.fill_green("2")
    seen = []
    for _ in range(30):
        scene.cloud.step(1)
        seen.append((scene.states(SEARCH_GREEN)[0], (scene.health(scene.search.green) or ["none"])[0]))
    assert list(dict.fromkeys(seen)) == [("Pending", "none"), ("InService", "initial"), ("InService", "healthy")]
    scene.groups.set_desired_capacity(AutoScalingGroupName=SEARCH_GREEN, DesiredCapacity=1)
    scene.cloud.step(1)
    assert scene.states(SEARCH_GREEN) == ["InService", "Terminating", "Terminating"]
    scene.cloud.step(21)
    assert scene.states(SEARCH_GREEN) == ["InService"]
    told = scene.groups.describe_scaling_activities(AutoScalingGroupName=SEARCH_GREEN)["Activities"]
    assert [one["Description"].split()[0] for one in told] == ["Terminating"] * 2 + ["Launching"] * 3


def test_a_template_is_for_new_instances_only(scene: Scene) -> None:
    """Another version changes no instance that runs; the next one has it; `$Latest` is what is latest then."""
    scene.groups.update_auto_scaling_group(
        AutoScalingGroupName=SEARCH_BLUE, LaunchTemplate={"LaunchTemplateName": SEARCH_BLUE, "Version": "$Latest"},
    )
    add_template(scene.cloud.world, SEARCH_BLUE, "ami-0000000000000a002")
    scene.cloud.step(5)
    assert {one["LaunchTemplate"]["Version"] for one in scene.group(SEARCH_BLUE)["Instances"]} == {"1"}
    gone = scene.group(SEARCH_BLUE)["Instances"][0]["InstanceId"]
    scene.groups.terminate_instance_in_auto_scaling_group(InstanceId=gone, ShouldDecrementDesiredCapacity=False)
    scene.cloud.step(40)
    versions = sorted(one["LaunchTemplate"]["Version"] for one in scene.group(SEARCH_BLUE)["Instances"])
    assert versions == ["1", "1", "6"]


def test_a_release_loses_nothing(scene: Scene) -> None:
    """Green filled and healthy, all requests moved, blue emptied after that: no request is without a server."""
    scene.cloud.knobs.autoscaler(on=False)
    scene.fill_green("2")
    scene.cloud.step(40)
    scene.shift(100)
    scene.cloud.step(5)
    scene.groups.update_auto_scaling_group(AutoScalingGroupName=SEARCH_BLUE, DesiredCapacity=0)
    scene.cloud.step(60)
    assert scene.ledger.unserved == 0
    assert scene.health(scene.search.blue) == []


def test_a_program_that_does_not_start_is_never_healthy(scene: Scene) -> None:
    """Version 4 runs and answers no check: unhealthy, and replaced after its grace, again and again."""
    scene.fill_green("4")
    scene.cloud.step(40)
    assert scene.health(scene.search.green) == ["unhealthy"] * INSTANCES
    first = {one["InstanceId"] for one in scene.group(SEARCH_GREEN)["Instances"]}
    scene.cloud.step(120)
    assert first.isdisjoint(one["InstanceId"] for one in scene.group(SEARCH_GREEN)["Instances"])


def test_suspended_processes_do_not_run(scene: Scene) -> None:
    """Without Launch nothing starts, without Terminate nothing ends."""
    scene.groups.suspend_processes(AutoScalingGroupName=SEARCH_GREEN, ScalingProcesses=["Launch"])
    scene.fill_green("2")
    scene.cloud.step(40)
    assert scene.states(SEARCH_GREEN) == []
    assert [one["ProcessName"] for one in scene.group(SEARCH_GREEN)["SuspendedProcesses"]] == ["Launch"]
    scene.groups.resume_processes(AutoScalingGroupName=SEARCH_GREEN)
    scene.groups.suspend_processes(AutoScalingGroupName=SEARCH_BLUE, ScalingProcesses=["Terminate"])
    scene.groups.update_auto_scaling_group(AutoScalingGroupName=SEARCH_BLUE, DesiredCapacity=1)
    scene.cloud.step(40)
    assert (len(scene.states(SEARCH_GREEN)), scene.states(SEARCH_BLUE)) == (INSTANCES, ["InService"] * INSTANCES)


def test_an_idle_side_is_scaled_in_unless_pinned(scene: Scene) -> None:
    """After the shift blue shrinks to its least size; with its least size raised it stays."""
    scene.fill_green("2")
    scene.cloud.step(40)
    scene.shift(100)
    scene.groups.update_auto_scaling_group(AutoScalingGroupName=SEARCH_BLUE, MinSize=2)
    scene.cloud.step(200)
    assert scene.group(SEARCH_BLUE)["DesiredCapacity"] == 2
    callers = {entry.caller for entry in scene.cloud.log.of("autoscaling:SetDesiredCapacity")}
    assert callers == {POOL_CALLER.format("123456789012")}


def test_without_alarm_notification_nothing_scales(scene: Scene) -> None:
    """The autoscaler of a suspended group writes nothing, whatever its load."""
    scene.groups.suspend_processes(AutoScalingGroupName=SEARCH_BLUE, ScalingProcesses=["AlarmNotification"])
    scene.cloud.knobs.rule_rps(4 * SEARCH_RPS, "search")
    scene.cloud.step(120)
    assert scene.group(SEARCH_BLUE)["DesiredCapacity"] == INSTANCES
    scene.groups.resume_processes(AutoScalingGroupName=SEARCH_BLUE)
    scene.cloud.step(60)
    assert scene.group(SEARCH_BLUE)["DesiredCapacity"] == 10


def test_limits_carry_the_size_with_them(scene: Scene) -> None:
    """A least size above the size raises it at once; the log has before and after."""
    scene.groups.update_auto_scaling_group(AutoScalingGroupName=SEARCH_BLUE, MinSize=5)
    entry = scene.cloud.log.of("autoscaling:UpdateAutoScalingGroup")[0]
    assert ((entry.before or {})["desired"], (entry.after or {})["desired"]) == (INSTANCES, 5)
    scene.groups.update_auto_scaling_group(AutoScalingGroupName=SEARCH_BLUE, MinSize=0, MaxSize=2)
    assert scene.group(SEARCH_BLUE)["DesiredCapacity"] == 2


def test_target_groups_come_and_go(scene: Scene) -> None:
    """Detached, the instances drain and live on; attached again, they are targets again."""
    group = {"AutoScalingGroupName": SEARCH_BLUE, "TargetGroupARNs": [scene.search.blue]}
    scene.groups.detach_load_balancer_target_groups(**group)
    scene.cloud.step(1)
    assert scene.health(scene.search.blue) == ["draining"] * INSTANCES
    assert scene.states(SEARCH_BLUE) == ["InService"] * INSTANCES
    assert refused(lambda: scene.groups.detach_load_balancer_target_groups(**group)) == "ValidationError"
    scene.groups.attach_load_balancer_target_groups(**group)
    scene.cloud.step(7)
    assert scene.health(scene.search.blue) == ["healthy"] * INSTANCES


def test_what_auto_scaling_refuses(scene: Scene) -> None:
    """Unknown groups, templates and processes, sizes out of their limits; unknown names are left out of a list."""
    groups, name = scene.groups, {"AutoScalingGroupName": SEARCH_BLUE}
    assert groups.describe_auto_scaling_groups(AutoScalingGroupNames=["nope"])["AutoScalingGroups"] == []
    template = {"LaunchTemplateName": SEARCH_BLUE, "Version": "0"}
    for asked in (
        name | {"LaunchTemplate": template},
        {"AutoScalingGroupName": "nope", "MinSize": 1}, name | {"DesiredCapacity": 11}, name | {"MinSize": 11},
        name | {"LaunchTemplate": {"LaunchTemplateName": SEARCH_BLUE, "Version": "9"}}, name | {"PlacementGroup": "x"},
    ):
        assert refused(lambda asked=asked: groups.update_auto_scaling_group(**asked)) == "ValidationError", asked
    assert refused(lambda: groups.suspend_processes(**name, ScalingProcesses=["Lunch"])) == "ValidationError"
    assert refused(lambda: groups.delete_auto_scaling_group(**name)) == "ResourceInUse"
    groups.delete_auto_scaling_group(**name, ForceDelete=True)
    assert scene.health(scene.search.blue) == ["draining"] * INSTANCES


def test_moto_keeps_the_templates(scene: Scene, clients: Any) -> None:
    """Versions with their images come back, oldest first or by number."""
    told = clients("ec2").describe_launch_template_versions(LaunchTemplateName=SEARCH_BLUE)["LaunchTemplateVersions"]
    images = {one["VersionNumber"]: one["LaunchTemplateData"]["ImageId"] for one in told}
    assert images == {number: f"ami-0000000000000a00{number}" for number in range(1, 6)}


def test_knobs_reach_groups_too(scene: Scene) -> None:
    """A slow start, a sick side, a foreign edit; a program cannot crash what is a machine."""
    knobs = scene.cloud.knobs
    knobs.autoscaler(on=False)
    knobs.slow_start(SEARCH_GREEN, 90)
    scene.fill_green("2")
    scene.cloud.step(80)
    assert scene.states(SEARCH_GREEN) == ["Pending"] * INSTANCES
    knobs.sicken(SEARCH_BLUE)
    knobs.edit_rule({SEARCH_BLUE: 50, SEARCH_GREEN: 50}, "search")
    scene.cloud.step(12)
    assert scene.health(scene.search.blue) == ["draining"] * INSTANCES, "unhealthy at first, and then replaced"
    told = knobs.servers()
    assert (told["groups"][SEARCH_BLUE]["sick"], told["groups"][SEARCH_GREEN]["desired"]) == (True, INSTANCES)
    assert told["rules"][scene.search.rule]["effective"] == {scene.search.blue: 50, scene.search.green: 50}
    with pytest.raises(TypeError, match="search-blue is an Auto Scaling group"):
        knobs.crash_loop(SEARCH_BLUE)


def test_its_alarms_follow_its_own_load_balancer(scene: Scene) -> None:
    """All OK at first; the errors of version 3 turn its own alarm red."""
    alarms = scene.cloud.world.alarms.every()
    assert {alarm.name: alarm.state.value for alarm in alarms} \
        == {"search-errors": "OK", "search-unserved": "OK", "search-p99": "OK"}
    scene.fill_green("3")
    scene.cloud.step(40)
    scene.shift(30)
    scene.cloud.step(180)
    assert [alarm.name for alarm in alarms if alarm.state.value == "ALARM"] == ["search-errors"]
