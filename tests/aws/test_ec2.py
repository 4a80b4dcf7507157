"""The driver `ec2` against the demo's `search`: the contract, launches, who is well, whole rollouts."""

from typing import Any

import pytest
from pydantic import ValidationError

from aws.ec2_reads import MOST_PAGES, alike
from aws.ec2_replies import Activity
from aws.ec2_target import Ec2Target
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_group
from demo.cloud.building_pools import add_template
from demo.cloud.seed_search import INSTANCES, SEARCH_BLUE, SEARCH_GREEN
from rollout.actions import Finish, Launch, Retire, Shift
from rollout.errors import NotFound, Refused, TargetError
from rollout.release import Check
from tests.aws.bench import CloudClock
from tests.aws.contract import DriverContract
from tests.aws.ec2_bench import END, UPDATE, Ec2Bench
from tests.aws.hooks import answers

LAUNCH = Launch(release="2")


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> Ec2Bench:
    """The app search and nothing else in the cloud."""
    return Ec2Bench(served, sessions, CloudClock(served))


class TestEc2(DriverContract):
    """The driver `ec2` keeps the contract."""


def checks(bench: Ec2Bench, wanted: str = "2", **changes: Any) -> dict[str, Check]:
    return {check.name: check for check in bench.driver.prepare(bench.requested(wanted, 1, **changes)).checks}


# --- coming up and going away


def test_a_launch_gives_the_idle_group_the_template_that_serves(bench: Ec2Bench) -> None:
    """One version further, as many instances as serve, and both groups are kept from shrinking."""
    rollout = bench.looked(bench.accepted())
    assert rollout.seen is not None and rollout.seen.pinned is False
    assert rollout.seen.candidate.text == "search-green runs search-green:1, not this release"
    outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "done" and "search-green: search-blue:2, 3 instances" in outcome.text
    coming = bench.seen(rollout)
    assert (coming.candidate.state, coming.candidate.coming, coming.pinned) == ("unknown", True, True)
    bench.cloud.step(bench.coming_up)
    there = bench.seen(rollout)
    assert (there.candidate.state, there.candidate.ready, there.percent) == ("healthy", INSTANCES, 0)
    assert bench.running(SEARCH_GREEN) == ["search-blue:2"] * INSTANCES
    assert bench.least() == {SEARCH_BLUE: INSTANCES, SEARCH_GREEN: INSTANCES}
    many = len(bench.cloud.log.applied)
    assert bench.do(bench.looked(rollout), LAUNCH).text == "it stands already"
    assert len(bench.cloud.log.applied) == many


def test_no_instance_of_another_version_is_started_on_the_way(bench: Ec2Bench) -> None:
    """A least size starts instances at once: the template is there before it."""
    rollout = bench.looked(bench.accepted())
    bench.do(rollout, LAUNCH)
    asked = [entry.parameters for entry in bench.cloud.log.of(UPDATE)]
    mine = [one for one in asked if one["AutoScalingGroupName"] == SEARCH_GREEN]
    assert ["LaunchTemplate" in one for one in mine] == [True, False]
    bench.cloud.step(bench.coming_up)
    assert bench.cloud.log.of(END) == []


def test_warm_instances_of_another_version_are_replaced(bench: Ec2Bench) -> None:
    """A new template changes no instance: those of the idle side are ended, and none of them counts before."""
    bench.settings["floor"] = 2
    bench.update(SEARCH_GREEN, DesiredCapacity=2)
    bench.cloud.step(bench.coming_up)
    rollout = bench.looked(bench.accepted())
    bench.do(rollout, LAUNCH)
    bench.cloud.step(2)
    assert bench.seen(rollout).candidate.ready == 0 and len(bench.cloud.log.of(END)) == 2
    bench.cloud.step(bench.coming_up)
    assert bench.seen(rollout).candidate.state == "healthy"
    assert bench.running(SEARCH_GREEN) == ["search-blue:2"] * INSTANCES


def test_instances_on_their_way_out_are_left_alone(bench: Ec2Bench) -> None:
    """They are ended once, and while they drain they are nothing that would have to go."""
    bench.settings["floor"] = 2
    bench.update(SEARCH_GREEN, DesiredCapacity=2)
    bench.cloud.step(bench.coming_up)
    rollout = bench.looked(bench.accepted())
    bench.do(rollout, LAUNCH)
    bench.cloud.step(5)
    assert [one.state for one in bench.pool(SEARCH_GREEN).instances].count("Terminating") == 2
    assert bench.seen(rollout).candidate.coming
    assert bench.do(bench.looked(rollout), LAUNCH).text == "it stands already"
    assert len(bench.cloud.log.of(END)) == 2


def test_an_instance_that_slipped_in_is_asked_to_go(bench: Ec2Bench) -> None:
    """One of another version on the idle side: nothing replaces it by itself, so the launch is not complete."""
    rollout = bench.launched()
    bench.pool(SEARCH_GREEN).instances[0].template = bench.pool(SEARCH_BLUE).instances[0].template
    seen = bench.seen(rollout)
    assert (seen.candidate.state, seen.candidate.ready, seen.candidate.coming) == ("unknown", INSTANCES - 1, False)
    assert bench.do(rollout, LAUNCH).state == "done" and len(bench.cloud.log.of(END)) == 1


def test_instances_with_traffic_are_never_ended(bench: Ec2Bench) -> None:
    """Also not those of another version: what serves stays until the traffic has gone."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=10))
    bench.pool(SEARCH_GREEN).instances[0].template = bench.pool(SEARCH_BLUE).instances[0].template
    assert bench.do(bench.looked(rollout), LAUNCH).state == "done" and bench.cloud.log.of(END) == []
    assert bench.do(bench.looked(rollout), Retire(side="candidate")).state == "failed"
    assert bench.desired()[SEARCH_GREEN] == INSTANCES


def test_a_side_is_removed_and_limits_go_back_by_role(bench: Ec2Bench) -> None:
    """Blue served from two instances on: now green does, and blue idles at none."""
    bench.update(SEARCH_BLUE, MinSize=2)
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=100))
    rollout = bench.looked(rollout)
    assert bench.do(rollout, Retire(side="stable")).state == "done"
    assert bench.desired()[SEARCH_BLUE] == 0
    seen = bench.seen(rollout)
    assert (seen.retired, seen.pinned, seen.stable.state, seen.stable.most) == (("stable",), True, "unknown", 0)
    assert bench.do(rollout, Finish()).state == "done"
    assert bench.least() == {SEARCH_BLUE: 0, SEARCH_GREEN: 2} and bench.seen(rollout).pinned is False


def test_a_side_that_cannot_grow_is_told(bench: Ec2Bench) -> None:
    """More serve by now than the other group may have: nothing is asked of AWS that it would refuse."""
    bench.update(SEARCH_GREEN, MaxSize=INSTANCES)
    rollout = bench.launched()
    bench.update(SEARCH_BLUE, DesiredCapacity=5)
    outcome = bench.do(bench.looked(rollout), LAUNCH)
    assert "search-green may have 3 instances at most, all traffic needs 5" in outcome.text
    assert bench.desired()[SEARCH_GREEN] == INSTANCES


# --- who is well

ALIKE = (
    "instances failed alike: an instance was taken out of service in response to an ELB system health check failure."
)


def test_instances_that_never_get_well_are_known(bench: Ec2Bench) -> None:
    """Three ended for failing the load balancer's checks: sick, in AWS's words, before the launch's deadline."""
    rollout = bench.looked(bench.accepted("4"))
    bench.do(rollout, Launch(release="4"))
    bench.cloud.step(25)
    assert bench.seen(rollout).candidate.state == "unknown"
    bench.cloud.step(75)
    seen = bench.seen(rollout)
    assert seen.candidate.state == "sick"
    assert seen.candidate.text == f"search-green: 0 of 3 targets healthy, 3 {ALIKE}"


def test_what_failed_in_an_earlier_rollout_says_nothing(bench: Ec2Bench) -> None:
    """A group remembers its activities for weeks: the same version, tried again, begins with a clean sheet."""
    rollout = bench.looked(bench.accepted("4"))
    bench.do(rollout, Launch(release="4"))
    bench.cloud.step(100)
    assert bench.seen(rollout).candidate.state == "sick"
    bench.do(bench.looked(rollout), Retire(side="candidate"))
    bench.cloud.step(60)
    again = bench.looked(bench.accepted("4"))
    bench.do(again, Launch(release="4"))
    assert bench.seen(again).candidate.state == "unknown"


def activity(cause: str = "", message: str = "", **more: Any) -> Activity:
    status = "Failed" if message else "Successful"
    usual = {"Description": "Terminating EC2 instance: i-0123456789abcdef0", "StatusCode": status}
    return Activity.model_validate({**usual, "Cause": cause, "StatusMessage": message, **more})


SICK = "At {}Z an instance was taken out of service in response to an ELB system health check failure."


@pytest.mark.parametrize(
    ("activities", "told"),
    [
        ([activity(SICK.format(f"2026-01-05T12:00:0{second}")) for second in range(3)],
         f"3 {ALIKE}"),
        ([activity("At 2026-01-05T12:00:00Z a user request update of AutoScalingGroup constraints")] * 5, ""),
        ([activity(message=f"i-0123456789abcdef{digit} could not start: no capacity") for digit in range(4)],
         "4 instances failed alike: an instance could not start: no capacity"),
        ([activity(message="one"), activity(message="two"), activity(message="three")], ""),
        ([activity(message="We could not launch it")] * 2, ""),
    ],
)  # fmt: skip
def test_activities_that_failed_alike(activities: list[Activity], told: str) -> None:
    """Whatever instance and moment: three with one reason will be followed by more."""
    assert alike(activities) == told


def test_a_version_that_somebody_replaced_is_foreign(bench: Ec2Bench) -> None:
    """S14: the serving group would start something else next. A restore gives it its number back."""
    rollout = bench.launched()
    bench.deploy(SEARCH_BLUE, "3")
    assert bench.seen(rollout).foreign == "search-blue runs search-blue:3 now, not 1"
    rollout = bench.looked(rollout.but(overwrite=True))
    assert bench.do(rollout, Shift(percent=0)).state == "done" and bench.seen(rollout).percent == 0


def test_health_that_cannot_be_read_is_unknown(bench: Ec2Bench) -> None:
    """The weights are seen all the same; limits that could not be read are no change of the limits."""
    rollout = bench.launched()
    bench.cloud.knobs.deny("autoscaling:DescribeAutoScalingGroups")
    seen = bench.seen(rollout)
    assert (seen.percent, seen.candidate.state, seen.stable.most) == (0, "unknown", 100)
    assert seen.pinned is True and "autoscaling:DescribeAutoScalingGroups" in seen.candidate.text


def test_groups_and_versions_are_read_over_pages(bench: Ec2Bench, served: Cloud) -> None:
    """What stands on the second page counts as much; a mark that never ends is not followed for ever."""
    served.world.servers.pools.page_size = 1
    try:
        assert bench.driver.prepare(bench.requested("2")).candidate.id == "2"
        assert bench.cloud.log.count("autoscaling:DescribeAutoScalingGroups") == 2
    finally:
        served.world.servers.pools.page_size = 50
    row = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": SEARCH_BLUE, "LaunchTemplateData": {"ImageId": "ami-1"}}
    pages = [{"LaunchTemplateVersions": [{**row, "VersionNumber": number}], "NextToken": "more"} for number in (1, 2)]
    with answers(bench.sessions, "ec2", "DescribeLaunchTemplateVersions", *pages) as asked:
        with pytest.raises(TargetError, match=f"more than {MOST_PAGES} pages"):
            bench.driver.prepare(bench.requested("2"))
        assert len(asked) == MOST_PAGES


def test_a_look_is_four_calls(bench: Ec2Bench) -> None:
    """Rules, groups with their limits, and one for the targets of each side."""
    rollout = bench.launched()
    bench.cloud.log.clear()
    bench.seen(rollout)
    assert dict(bench.cloud.log.reads) == {
        "elbv2:DescribeRules": 1, "autoscaling:DescribeAutoScalingGroups": 1, "elbv2:DescribeTargetHealth": 2,
    }  # fmt: skip


# --- what a start finds


def test_a_release_is_a_version_of_the_template_that_serves(bench: Ec2Bench) -> None:
    """Pinned by template, number and image; what differs is told, never what is in the user data."""
    prepared = bench.driver.prepare(bench.requested("2"))
    assert (prepared.stable.id, prepared.candidate.id) == ("1", "2")
    pinned = prepared.candidate.pinned
    assert (pinned["template_name"], pinned["version"]) == (SEARCH_BLUE, "2")
    assert pinned["digest"] == "ami-0000000000000a002" == prepared.candidate.content
    assert prepared.diff[0].startswith("launch template search-blue:1 → search-blue:2, made ")
    assert "image ami-0000000000000a001 → ami-0000000000000a002" in prepared.diff
    assert prepared.snapshot["limits"] == {"stable": 0, "candidate": 0} and prepared.snapshot["count"] == INSTANCES


def test_user_data_are_never_shown(bench: Ec2Bench) -> None:
    """They hold what a machine needs to know, secrets among it."""
    data = {"ImageId": "ami-1", "InstanceType": "t3.small", "UserData": "aGlkZGVu"}
    other = {**data, "InstanceType": "t3.large", "UserData": "aGlkZGVuMg==", "SecurityGroupIds": ["sg-1"],
             "IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/search"}, "Monitoring": {"Enabled": True}}
    row = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": SEARCH_BLUE}
    first = {"LaunchTemplateVersions": [{**row, "VersionNumber": 1, "LaunchTemplateData": data}]}
    second = {"LaunchTemplateVersions": [
        {**row, "VersionNumber": 2, "VersionDescription": "bigger", "LaunchTemplateData": other},
    ]}  # fmt: skip
    with answers(bench.sessions, "ec2", "DescribeLaunchTemplateVersions", first, second):
        prepared = bench.driver.prepare(bench.requested("2"))
    assert prepared.diff[:-1] == (
        "launch template search-blue:1 → search-blue:2", "description: bigger", "instance type t3.small → t3.large",
        "security groups none → sg-1", "role none → search", "user data changed", "changed: Monitoring",
    )  # fmt: skip
    assert "aGlkZGVu" not in prepared.model_dump_json()


def test_versions_that_are_not_there_are_named(bench: Ec2Bench) -> None:
    """The newest first; a word is no version."""
    for wanted in ("99", "new"):
        with pytest.raises(NotFound) as caught:
            bench.driver.prepare(bench.requested(wanted))
        assert str(caught.value) == f"search-blue has no version {wanted}. it has 5, 4, 3, 2, 1"
    with pytest.raises(Refused, match="search-blue already serves 1"):
        bench.driver.prepare(bench.requested("1"))
    add_template(bench.cloud.world, SEARCH_BLUE, "ami-6")
    assert bench.driver.prepare(bench.requested("latest")).candidate.id == "6"


@pytest.mark.parametrize("version", ["$Latest", "$Default"])
def test_a_group_that_follows_a_word_is_refused(bench: Ec2Bench, version: str) -> None:
    """Nobody can say what serves, and an autoscaler would start the new release in the old side."""
    bench.deploy(SEARCH_BLUE, version)
    with pytest.raises(TargetError, match="what it starts next is not what serves"):
        bench.driver.prepare(bench.requested("2"))


def test_groups_that_cannot_be_sides_are_refused(bench: Ec2Bench) -> None:
    """Wrong targets, nothing that serves, no room, suspended, mixed versions: each with what was found."""
    assert {name: check.state for name, check in checks(bench).items()} == {"http": "warn"}
    bench.deploy(SEARCH_BLUE, "3")
    assert "starts search-blue:3, and some of its instances run search-blue:1" in checks(bench)["mixed"].text
    bench.deploy(SEARCH_BLUE, "1")
    bench.update(SEARCH_GREEN, MaxSize=2, MinSize=1, HealthCheckType="EC2")
    found = checks(bench)
    assert "search-green may have 2 instances at most, all traffic needs 3" in found["limits"].text
    assert (found["idle"].state, found["checks"].state) == ("warn", "warn")
    bench.pool(SEARCH_GREEN).suspended = {"Launch", "AZRebalance"}
    assert "search-green has suspended Launch: no instance" in checks(bench)["suspended"].text
    bench.pool(SEARCH_GREEN).groups = [add_group(bench.cloud.world, "elsewhere", kind="instance")]
    targets = checks(bench)["targets"]
    assert targets.state == "fail" and "in the target group elsewhere, expected search-green" in targets.text
    bench.update(SEARCH_BLUE, DesiredCapacity=0)
    assert checks(bench)["count"].state == "fail"


def test_groups_without_a_plain_launch_template_are_refused(bench: Ec2Bench) -> None:
    """A mixed instances policy, or the launch configurations of old."""
    group = {"AutoScalingGroupName": SEARCH_BLUE, "MinSize": 0, "MaxSize": 5, "DesiredCapacity": 3, "Instances": [],
             "TargetGroupARNs": [bench.search.blue], "HealthCheckType": "ELB"}  # fmt: skip
    green = {**group, "AutoScalingGroupName": SEARCH_GREEN, "TargetGroupARNs": [bench.search.green]}
    for more, word in (({"MixedInstancesPolicy": {"x": 1}}, "a mixed instances policy"), ({}, "no launch template")):
        shown = {"AutoScalingGroups": [{**group, **more}, green]}
        with (
            answers(bench.sessions, "autoscaling", "DescribeAutoScalingGroups", shown),
            pytest.raises(TargetError, match=word),
        ):
            bench.driver.prepare(bench.requested("2"))


def test_names_that_lead_nowhere_are_told(bench: Ec2Bench) -> None:
    """AWS leaves unknown groups out without a word."""
    green = {**bench.settings["green"], "auto_scaling_group": "search-gray"}
    with pytest.raises(TargetError, match="there is no Auto Scaling group search-gray") as caught:
        bench.driver.prepare(bench.requested("2", 1, green=green))
    assert caught.value.kind == "absent"


def test_examine_tells_what_serves_and_what_would_come(bench: Ec2Bench) -> None:
    """The findings of a start, without one."""
    names, http = bench.driver.examine(Ec2Target.model_validate(bench.settings))
    assert names.text == (
        "search-blue serves with 3 instances, search-green comes; "
        "search-blue:1 serves, search-blue:5 would come next"
    )
    assert http.name == "http" and bench.cloud.log.applied == []
    bench.edit({"1": 0, "2": 1})
    found = {check.name: check.state for check in bench.driver.examine(Ec2Target.model_validate(bench.settings))}
    assert found["count"] == "fail" and "names" not in found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("blue", {"auto_scaling_group": "", "target_group": "x"}), ("rules", []), ("region", "Frankfurt"),
        ("green", {"auto_scaling_group": SEARCH_BLUE}), ("kind", "ecs"), ("cluster", "search"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_is_refused(bench: Ec2Bench, key: str, value: Any) -> None:
    """Mistakes in the configuration are found when it is read."""
    given = {**bench.settings[key], **value} if key == "green" else value
    with pytest.raises(ValidationError):
        Ec2Target.model_validate({**bench.settings, key: given})
