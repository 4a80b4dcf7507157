"""The driver `ecs` against the demo's `shop`: the contract, launches, who is healthy, what is pinned and removed."""

from typing import Any

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_definition, image_uri
from demo.cloud.seed_shop import BLUE, GREEN, REPOSITORY, TASKS
from rollout.actions import Finish, Launch, Retire, Shift
from rollout.errors import TargetError
from rollout.model import Phase, Rollout
from tests.aws.bench import CloudClock
from tests.aws.contract import DriverContract
from tests.aws.ecs_bench import COMING_UP, LIMIT, REGISTER, RULE, UPDATE, EcsBench
from tests.aws.hooks import answers

LAUNCH = Launch(release="v2")


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> EcsBench:
    """The shop and nothing else in the cloud."""
    return EcsBench(served, sessions, CloudClock(served))


class TestEcs(DriverContract):
    """The driver `ecs` keeps the contract."""


# --- coming up


def test_a_launch_is_a_definition_a_service_and_two_limits(bench: EcsBench) -> None:
    """The live definition with one other image goes to the idle service, as many tasks as serve; both are pinned."""
    rollout = bench.looked(bench.accepted())
    outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "done" and outcome.request_id
    log = bench.cloud.log
    assert [entry.name for entry in log.applied] == [LIMIT, REGISTER, UPDATE, LIMIT]
    asked = log.of(UPDATE)[0].parameters
    assert (asked["service"], asked["desiredCount"]) == (GREEN, TASKS)
    assert asked["taskDefinition"].endswith("task-definition/shop-blue:2")
    (container,) = log.of(REGISTER)[0].parameters["containerDefinitions"]
    assert container["image"].endswith(f"@{bench.shop.digests['v2']}")
    assert container["environment"] == [{"name": "STAGE", "value": "production"}]
    assert bench.least() == {BLUE: TASKS, GREEN: TASKS} and "production" not in outcome.text


def test_a_launch_is_coming_until_its_targets_are_healthy(bench: EcsBench) -> None:
    """What was asked for stands, so it is not asked again; it is healthy when all traffic could go there."""
    rollout = bench.looked(bench.accepted())
    assert rollout.seen is not None
    before = rollout.seen
    assert (before.candidate.state, before.candidate.ready, before.candidate.coming) == ("unknown", 0, False)
    assert "runs shop-green:1, not this release" in before.candidate.text
    assert before.pinned is False and before.retired == ("candidate",)
    bench.do(rollout, LAUNCH)
    coming = bench.seen(rollout)
    assert (coming.candidate.state, coming.candidate.coming, coming.pinned) == ("unknown", True, True)
    assert coming.candidate.text == "shop-green: 0 of 4 targets healthy" and coming.retired == ()
    bench.cloud.step(COMING_UP)
    there = bench.seen(rollout)
    assert (there.candidate.state, there.candidate.ready, there.candidate.needed) == ("healthy", TASKS, TASKS)
    assert not there.candidate.coming and there.percent == 0


def test_a_launch_twice_is_one_effect(bench: EcsBench) -> None:
    """Nothing is registered or changed again, whoever asks: also by a process that remembers nothing."""
    rollout = bench.looked(bench.accepted())
    bench.do(rollout, LAUNCH)
    many = len(bench.cloud.log.applied)
    for driver in (bench.driver, bench.fresh_driver()):
        outcome = driver.perform(rollout, LAUNCH, "k")
        assert (outcome.state, outcome.text) == ("done", "it stands already")
    assert len(bench.cloud.log.applied) == many


@pytest.mark.parametrize("lost", [REGISTER, UPDATE, LIMIT])
def test_a_launch_whose_answer_was_lost_is_finished_by_the_next(bench: EcsBench, lost: str) -> None:
    """Whatever step was cut off: unknown, nothing twice, and asking again brings the same end."""
    rollout = bench.looked(bench.accepted())
    if lost == LIMIT:
        with answers(bench.sessions, "application-autoscaling", "RegisterScalableTarget", ConnectionError()):
            assert bench.do(rollout, LAUNCH).state == "unknown"
    else:
        bench.cloud.knobs.lost_reply(lost)
        assert bench.do(rollout, LAUNCH).state == "unknown"
    assert bench.do(rollout, LAUNCH).state == "done"
    assert [len(bench.cloud.log.of(name)) for name in (REGISTER, UPDATE)] == [1, 1]
    assert bench.desired()[GREEN] == TASKS and bench.least() == {BLUE: TASKS, GREEN: TASKS}


def test_a_step_that_is_refused_says_what_stands(bench: EcsBench) -> None:
    """Not `failed`, for something was done; the missing permission is named."""
    rollout = bench.looked(bench.accepted())
    bench.cloud.knobs.deny(UPDATE)
    outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "unknown" and "a revision of shop-blue is registered; then " in outcome.text
    assert "allow ecs:UpdateService" in outcome.hint
    again = bench.do(rollout, LAUNCH)
    assert again.state == "failed"


def test_the_groups_stand_in_every_rule_before_anything_starts(bench: EcsBench) -> None:
    """Targets of a group that no rule names are never checked: Launch adds it with weight 0, and they get healthy."""
    bench.modify([{"Type": "forward", "TargetGroupArn": bench.shop.blue}])
    bench.modify([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}], bench.shop.test_rule)
    rollout = bench.looked(bench.accepted())
    outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "done" and "the group stands in every rule" in outcome.text
    assert next(entry.name for entry in bench.cloud.log.applied) == RULE
    assert outcome.revision == bench.seen(rollout).revision
    bench.cloud.step(COMING_UP)
    assert bench.seen(rollout).candidate.state == "healthy" and bench.seen(rollout).percent == 0


def test_an_edit_of_the_rules_stops_a_launch_that_would_write_them(bench: EcsBench) -> None:
    """Nothing at all is started over rules that are not those of the look."""
    bench.modify([{"Type": "forward", "TargetGroupArn": bench.shop.blue}])
    rollout = bench.looked(bench.accepted())
    other = {"TargetGroupArn": bench.shop.blue, "Weight": 5}
    sticky = {"Enabled": True, "DurationSeconds": 60}
    config = {"TargetGroups": [other], "TargetGroupStickinessConfig": sticky}
    bench.modify([{"Type": "forward", "ForwardConfig": config}])
    outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "failed" and "somebody changed" in outcome.text and bench.cloud.log.applied == []


def test_a_definition_of_the_same_content_is_used_again(bench: EcsBench) -> None:
    """Only the image differs from what is registered already, under whatever number: no revision is made."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=0))
    bench.do(rollout, Retire(side="candidate"))
    add_definition(bench.cloud.world, BLUE, image_uri(REPOSITORY, "v3"))
    bench.cloud.step(60)
    again = bench.accepted()
    assert again.candidate is not None and again.candidate.pinned["task_definition"].endswith("shop-blue:2")
    bench.cloud.log.clear()
    assert bench.do(bench.looked(again), LAUNCH).state == "done"
    assert bench.cloud.log.of(REGISTER) == []


def test_only_the_newest_definitions_are_compared(bench: EcsBench) -> None:
    """The ten newest of the family, whatever order they are listed in: an old one is not worth a hundred reads."""
    image = image_uri(REPOSITORY, bench.shop.digests["v2"])
    old = add_definition(bench.cloud.world, BLUE, image)
    for number in range(10):
        add_definition(bench.cloud.world, BLUE, f"{image_uri(REPOSITORY, 'n')}{number}")
    candidate = bench.driver.prepare(bench.requested()).candidate
    assert "task_definition" not in candidate.pinned and old.endswith(":2")
    assert bench.cloud.log.count("ecs:DescribeTaskDefinition") <= 12
    new = add_definition(bench.cloud.world, BLUE, image)
    assert bench.driver.prepare(bench.requested()).candidate.pinned["task_definition"] == new


def test_tags_go_with_the_definition(bench: EcsBench) -> None:
    """Costs are booked by them; those of AWS's own are not ours to set."""
    rollout = bench.looked(bench.accepted())
    described = described_with(bench, [{"key": "team", "value": "shop"}, {"key": "aws:made", "value": "by"}])
    with answers(bench.sessions, "ecs", "DescribeTaskDefinition", described):
        bench.do(rollout, LAUNCH)
    assert bench.cloud.log.of(REGISTER)[0].parameters["tags"] == [{"key": "team", "value": "shop"}]


def described_with(bench: EcsBench, tags: list[dict[str, str]]) -> dict[str, Any]:
    """The live definition as AWS shows it, with these tags."""
    container = {
        "name": "app", "image": image_uri(REPOSITORY, bench.shop.digests["v1"]), "essential": True, "cpu": 0,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "STAGE", "value": "production"}],
    }  # fmt: skip
    arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/shop-blue:1"
    definition = {
        "taskDefinitionArn": arn, "family": BLUE, "revision": 1, "status": "ACTIVE", "cpu": "256", "memory": "512",
        "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [container],
    }  # fmt: skip
    return {"taskDefinition": definition, "tags": tags, "ResponseMetadata": {}}


def test_an_answer_about_something_else_is_unknown(bench: EcsBench) -> None:
    """A service shown with another size, a definition with another content: no success, and both are told."""
    rollout = bench.looked(bench.accepted())
    wrong = {**described_with(bench, []), "ResponseMetadata": {"RequestId": "q"}}
    with answers(bench.sessions, "ecs", "RegisterTaskDefinition", wrong):
        outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "unknown" and "registered with another content" in outcome.text
    service = {"serviceName": GREEN, "status": "ACTIVE", "desiredCount": 1, "runningCount": 0}
    with answers(bench.sessions, "ecs", "UpdateService", {"service": service, "ResponseMetadata": {}}):
        outcome = bench.do(rollout, LAUNCH)
    assert outcome.state == "unknown" and "with 4 tasks, AWS answered shop-green: , 1 tasks" in outcome.text


def test_a_pin_stays_within_the_largest_size(bench: EcsBench) -> None:
    """Six serve by now and the other side may have five at most: it is pinned there, not refused by AWS."""
    rollout = bench.launched()
    bench.limit(BLUE, least=2)
    bench.limit(GREEN, least=0, most=5)
    bench.scale(BLUE, 6)
    bench.do(bench.looked(rollout), LAUNCH)
    assert bench.least() == {BLUE: 6, GREEN: 5}


def test_an_unknown_release_is_not_launched(bench: EcsBench) -> None:
    """Only the two of the rollout: nothing else was prepared."""
    outcome = bench.do(bench.looked(bench.accepted()), Launch(release="v7"))
    assert (outcome.state, outcome.hint) == ("failed", "v1, v2") and bench.cloud.log.applied == []


# --- who is well


def test_a_crash_loop_is_known_after_three_tasks(bench: EcsBench) -> None:
    """Three that ended one like the other: sick, with the reason as AWS tells it, long before any deadline."""
    rollout = bench.looked(bench.accepted("v4"))
    bench.do(rollout, Launch(release="v4"))
    bench.cloud.step(6)
    assert bench.seen(rollout).candidate.state == "unknown"
    bench.cloud.step(6)
    seen = bench.seen(rollout)
    assert seen.candidate.state == "sick" and not seen.candidate.coming
    assert seen.candidate.text == (
        "shop-green: 0 of 4 targets healthy, 4 tasks stopped alike: "
        "Essential container in task exited · app exit code 1"
    )
    assert seen.stable.state == "healthy"


def test_tasks_that_crashed_in_an_earlier_rollout_say_nothing(bench: EcsBench) -> None:
    """AWS lists ended tasks for an hour: the same release, tried again, begins with a clean sheet."""
    rollout = bench.looked(bench.accepted("v4"))
    bench.do(rollout, Launch(release="v4"))
    bench.cloud.step(60)
    assert bench.seen(rollout).candidate.state == "sick"
    bench.do(rollout, Retire(side="candidate"))
    bench.cloud.step(30)
    again = bench.looked(bench.accepted("v4"))
    bench.do(again, Launch(release="v4"))
    assert bench.seen(again).candidate.state == "unknown"


def test_some_healthy_targets_are_counted(bench: EcsBench) -> None:
    """Between none and all there is a number, and what share it bears is the machine's business."""
    rollout = bench.launched()
    bench.fleet(GREEN).start_seconds = 300
    for task in bench.fleet(GREEN).tasks[:2]:
        bench.cloud.world.servers.targets.deregister(bench.shop.green, task.address, 8080, 0)
    seen = bench.seen(rollout)
    assert (seen.candidate.state, seen.candidate.ready, seen.candidate.needed) == ("unknown", 2, TASKS)
    assert seen.candidate.text == "shop-green: 2 of 4 targets healthy"


def test_the_side_that_serves_sets_what_is_needed(bench: EcsBench) -> None:
    """Six tasks carry the traffic by now, so four on the other side are no longer healthy; Launch asks for six."""
    rollout = bench.launched()
    bench.scale(BLUE, 6)
    seen = bench.seen(rollout)
    assert (seen.candidate.state, seen.candidate.needed, seen.candidate.coming) == ("unknown", 6, False)
    assert bench.do(rollout, LAUNCH).state == "done" and bench.desired()[GREEN] == 6
    bench.do(bench.looked(rollout), Shift(percent=100))
    bench.scale(BLUE, 0)
    bench.scale(GREEN, 5)
    assert bench.seen(rollout).stable.needed == 5


def test_less_than_began_is_never_enough(bench: EcsBench) -> None:
    """A serving side that somebody shrank does not lower what the other one needs."""
    rollout = bench.launched()
    bench.scale(BLUE, 1)
    assert bench.seen(rollout).candidate.needed == TASKS


def test_a_side_at_0_tasks_is_not_sick(bench: EcsBench) -> None:
    """The old side, removed: unknown, and Launch brings it up again, with its own definition and its pin."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=100))
    rollout = bench.looked(rollout)
    bench.do(rollout, Retire(side="stable"))
    assert len(bench.cloud.world.servers.targets.healthy(bench.shop.blue)) == TASKS
    assert bench.seen(rollout).stable.ready == 0  # they are still there, and about to go
    bench.cloud.step(60)
    seen = bench.seen(rollout)
    assert (seen.stable.state, seen.stable.ready, seen.stable.needed, seen.retired) == ("unknown", 0, 4, ("stable",))
    assert seen.stable.most == 0  # nothing may be sent there yet
    assert bench.do(rollout, Launch(release="v1")).state == "done"
    assert bench.desired() == {BLUE: TASKS, GREEN: TASKS} and bench.least()[BLUE] == TASKS
    bench.cloud.step(COMING_UP)
    assert bench.seen(rollout).stable.state == "healthy"


@pytest.mark.parametrize(("service", "side"), [(BLUE, "stable"), (GREEN, "candidate")])
def test_targets_that_all_fail_are_sick(bench: EcsBench, service: str, side: str) -> None:
    """None takes requests although they had their time; the words say how many fail."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=50))
    bench.cloud.knobs.sicken(service)
    bench.cloud.step(15)
    seen = bench.seen(rollout.but(asked_at=bench.clock.now()))
    assert getattr(seen, side).state == "sick" and "0 of 4 targets healthy, " in getattr(seen, side).text


def test_targets_without_traffic_get_their_time(bench: EcsBench) -> None:
    """A program that is slow to start fails its first checks: it is only coming, until its time is over."""
    rollout = bench.looked(bench.accepted())
    bench.do(rollout, LAUNCH)
    bench.cloud.knobs.sicken(GREEN)
    bench.cloud.step(25)
    young = rollout.but(asked_at=bench.clock.now())
    assert bench.seen(rollout.but(asked_at=None)).candidate.state == "unknown"  # the launch has its own deadline
    assert bench.seen(young.but(phase=Phase.STEPPING)).candidate.state == "unknown"
    assert bench.seen(rollout.but(phase=Phase.STEPPING, asked_at=None)).candidate.state == "sick"


def test_health_that_cannot_be_read_is_unknown_and_the_weights_are_seen(bench: EcsBench) -> None:
    """Without services or targets the way back is open: nothing is known sick. The missing permission is named."""
    rollout = bench.looked(bench.launched())
    for operation in ("ecs:DescribeServices", "elbv2:DescribeTargetHealth"):
        bench.cloud.knobs.deny(operation)
        seen = bench.seen(rollout)
        assert (seen.percent, seen.stable.state, seen.candidate.state) == (0, "unknown", "unknown")
        assert seen.stable.most == 100 and operation.split(":")[1] in seen.candidate.text
        bench.cloud.knobs.clear_faults()


def test_limits_that_cannot_be_read_are_as_they_were(bench: EcsBench) -> None:
    """A missing answer is no change of the limits: it would pause every rollout as somebody's edit."""
    rollout = bench.launched()
    error = ConnectionError()
    with answers(bench.sessions, "application-autoscaling", "DescribeScalableTargets", error):
        assert bench.seen(rollout).pinned is True
        assert bench.seen(rollout.but(seen=None)).pinned is None
        assert bench.do(rollout, Finish()).state == "failed"


# --- what others do


def test_a_release_that_somebody_replaced_is_foreign(bench: EcsBench) -> None:
    """S14: a pipeline deployed into the serving service. Told as what runs now, and a restore puts it back."""
    rollout = bench.launched()
    bench.deploy(BLUE, add_definition(bench.cloud.world, BLUE, image_uri(REPOSITORY, "v3")))
    seen = bench.seen(rollout)
    assert (seen.percent, seen.foreign) == (None, "shop-blue runs shop-blue:3 now, not v1")
    rollout = bench.looked(rollout)
    assert bench.do(rollout, Shift(percent=10)).state == "done"  # the weights are ours, as they were
    assert bench.fleet(BLUE).primary.definition.endswith("shop-blue:3")
    rollout = bench.looked(rollout.but(overwrite=True))
    assert bench.do(rollout, Shift(percent=0)).state == "done"
    assert bench.fleet(BLUE).primary.definition.endswith("shop-blue:1")
    assert bench.seen(rollout).percent == 0


def test_a_candidate_that_somebody_replaced_is_foreign_once_it_has_traffic(bench: EcsBench) -> None:
    """At 0 % it is only not there; with traffic somebody else's release meets requests."""
    rollout = bench.launched()
    other = add_definition(bench.cloud.world, GREEN, image_uri(REPOSITORY, "v3"))
    bench.deploy(GREEN, other)
    assert (bench.seen(rollout).percent, bench.seen(rollout).candidate.state) == (0, "unknown")
    bench.do(bench.looked(rollout), Shift(percent=10))
    assert bench.seen(rollout).foreign == "shop-green runs shop-green:2 now, not v2"


def test_tasks_of_the_definition_before_do_not_count(bench: EcsBench) -> None:
    """Warm tasks of another release are healthy targets of the same group, and no evidence for this one."""
    bench.scale(GREEN, 4)
    bench.cloud.step(COMING_UP)
    rollout = bench.looked(bench.accepted())
    bench.do(rollout, LAUNCH)
    bench.cloud.step(2)
    seen = bench.seen(rollout)
    assert (seen.candidate.state, seen.candidate.ready, seen.candidate.coming) == ("unknown", 0, True)
    assert len(bench.cloud.world.servers.targets.healthy(bench.shop.green)) == 4


def test_a_mix_of_rules_is_told_share_by_share(bench: EcsBench) -> None:
    """What a write in pieces leaves: no percent, the shares by rule, and what each rule says."""
    listener = bench.second_listener()
    bench.settings["rules"] = (bench.shop.rule, listener)
    rollout = bench.launched()
    bench.edit({"v1": 90, "v2": 10})
    seen = bench.seen(rollout)
    assert (seen.percent, seen.mix) == (None, (10, 0)) and "v1: 90 %, v2: 10 %; listener " in seen.foreign
    assert bench.do(bench.looked(rollout), Shift(percent=10)).state == "done"
    assert bench.seen(rollout).percent == 10


# --- going away


def test_a_side_is_removed_and_only_its_pin_released(bench: EcsBench) -> None:
    """Retire lets one side shrink; Finish gives the other its limits back, those of its role."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=100))
    rollout = bench.looked(rollout)
    assert bench.do(rollout, Retire(side="stable")).state == "done"
    assert bench.desired() == {BLUE: 0, GREEN: TASKS} and bench.least() == {BLUE: 0, GREEN: TASKS}
    seen = bench.seen(rollout)
    assert (seen.retired, seen.pinned) == (("stable",), True)
    assert bench.do(rollout, Finish()).state == "done"
    assert bench.least() == {BLUE: 0, GREEN: 2} and bench.seen(rollout).pinned is False
    many = len(bench.cloud.log.applied)
    for action in (Retire(side="stable"), Finish()):
        assert bench.do(rollout, action).text == "it stands already"
    assert len(bench.cloud.log.applied) == many


def test_after_a_way_back_everything_is_as_it_was(bench: EcsBench) -> None:
    """Sizes, limits and weights of before; the definition stays, for it is never deregistered."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=10))
    bench.do(bench.looked(rollout), Shift(percent=0))
    for action in (Retire(side="candidate"), Finish()):
        assert bench.do(bench.looked(rollout), action).state == "done"
    assert bench.desired() == {BLUE: TASKS, GREEN: 0} and bench.least() == {BLUE: 2, GREEN: 0}
    seen = bench.seen(rollout)
    assert (seen.percent, seen.retired, seen.pinned) == (0, ("candidate",), False)
    assert not any("Deregister" in name for name in bench.driver.operations)


@pytest.mark.parametrize("weights", [{"v1": 1, "v2": 99}, {"v1": 50, "shop-other": 50}])
def test_a_side_with_traffic_is_not_removed(bench: EcsBench, weights: dict[str, float]) -> None:
    """Argo 3926, 3617: the rules are read in the same breath, all of them, whatever the row remembers."""
    rollout = bench.looked(bench.launched())
    bench.edit(weights)
    outcome = bench.do(rollout, Retire(side="candidate"))
    assert outcome.state == "failed" and "does not send everything to v1; nothing was removed" in outcome.text
    assert bench.desired()[GREEN] == TASKS and bench.cloud.log.applied == []


def test_one_rule_of_several_is_enough_to_keep_a_side(bench: EcsBench) -> None:
    """A side that any rule still names with weight stays whole."""
    bench.settings["rules"] = (bench.second_listener(), bench.shop.rule)
    rollout = bench.looked(bench.launched())
    bench.edit({"v1": 90, "v2": 10})
    assert bench.do(rollout, Retire(side="candidate")).state == "failed" and bench.desired()[GREEN] == TASKS


def test_a_floor_keeps_the_idle_side_warm(bench: EcsBench) -> None:
    """`floor` tasks stay; a side that stands there is removed, and holds nothing more to take away."""
    bench.settings["floor"] = 2
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=100))
    rollout = bench.looked(rollout)
    assert bench.seen(rollout).retired == ()
    bench.do(rollout, Retire(side="stable"))
    assert bench.desired()[BLUE] == 2 and bench.seen(rollout).retired == ("stable",)


def test_the_autoscaler_does_not_undo_a_rollout(bench: EcsBench) -> None:
    """At 10 % it finds both sides too big: pinned they keep their tasks, for as long as it takes."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=10))
    bench.cloud.step(300)
    assert bench.desired() == {BLUE: TASKS, GREEN: TASKS}
    assert bench.seen(rollout).candidate.state == "healthy"


def test_limits_that_somebody_lowered_are_seen(bench: EcsBench) -> None:
    """A side could shrink under its traffic: no longer pinned, which is told as somebody's edit."""
    rollout = bench.launched()
    assert bench.seen(rollout).pinned is True
    bench.limit(GREEN, least=1)
    assert bench.seen(rollout).pinned is False
    bench.do(rollout, LAUNCH)
    assert bench.seen(rollout).pinned is True


# --- what it costs


def test_a_look_at_one_is_five_calls(bench: EcsBench) -> None:
    """Rules, services, limits, and one for the targets of each side; task definitions were read once."""
    rollout = bench.launched()
    bench.cloud.log.clear()
    bench.seen(rollout)
    assert dict(bench.cloud.log.reads) == {
        "elbv2:DescribeRules": 1, "ecs:DescribeServices": 1, "elbv2:DescribeTargetHealth": 2,
        "application-autoscaling:DescribeScalableTargets": 1,
    }  # fmt: skip


def test_a_look_at_many_shares_its_calls(bench: EcsBench) -> None:
    """Twelve rollouts of one cluster: rules, services and limits are asked for together, groups once each."""
    one = bench.launched()
    many = [one.but(id=number) for number in range(1, 13)]
    bench.cloud.log.clear()
    assert bench.driver.observe(many).keys() == set(range(1, 13))
    assert sum(bench.cloud.log.reads.values()) == 5
    services = [f"service-{number}" for number in range(30)]
    apart = [moved(one, number, *services[2 * number : 2 * number + 2]) for number in range(15)]
    bench.cloud.log.clear()
    looks = bench.driver.look(apart)
    assert all(not isinstance(look, TargetError) for look in looks.values())
    reads = bench.cloud.log.reads
    assert (reads["ecs:DescribeServices"], reads["elbv2:DescribeRules"]) == (3, 1)
    assert reads["application-autoscaling:DescribeScalableTargets"] == 1


def moved(rollout: Rollout, number: int, blue: str, green: str) -> Rollout:
    """The same rollout of two other services, which do not exist."""
    settings = {**rollout.terms.settings}
    settings["blue"] = {**settings["blue"], "service": blue}
    settings["green"] = {**settings["green"], "service": green}
    return rollout.but(id=number, terms=rollout.terms.model_copy(update={"settings": settings}))


def test_a_rollout_of_other_groups_cannot_be_looked_at(bench: EcsBench) -> None:
    """Settings and releases that do not belong together are a mistake, not a target without traffic."""
    rollout = bench.launched()
    assert rollout.candidate is not None
    wrong = rollout.candidate.model_copy(update={"pinned": {"target_group": "arn:other"}})
    with pytest.raises(TargetError, match="not on the two target groups of shop/prod"):
        bench.driver.observe([rollout.but(candidate=wrong)])
