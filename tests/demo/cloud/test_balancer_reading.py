"""What a reader is told of load balancers over boto3: pages, both forms of an action, where a group stands."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.building import Balancer, add_balancer, add_definition, add_group, add_rule, add_service, forward
from demo.cloud.calls import Failure

NO_STICKINESS = {"Enabled": False}


class Scene:
    """Two load balancers: `front` has a rule to blue, `back` one to other; green stands behind none."""

    def __init__(self, cloud: Cloud, elb: Any) -> None:
        self.cloud, self.elb = cloud, elb
        self.front: Balancer = add_balancer(cloud.world, "front")
        self.back: Balancer = add_balancer(cloud.world, "back")
        self.blue, self.green, self.other = (add_group(cloud.world, name) for name in ("blue", "green", "other"))
        self.rule = add_rule(cloud.world, self.front.listener, {self.blue: 1})
        add_rule(cloud.world, self.back.listener, {self.other: 1})

    def modify(self, *actions: dict[str, Any]) -> list[dict[str, Any]]:
        """Changes the rule and gives its actions back as DescribeRules tells them."""
        told = self.elb.modify_rule(RuleArn=self.rule, Actions=list(actions))["Rules"]
        assert told == self.elb.describe_rules(RuleArns=[self.rule])["Rules"]
        found: list[dict[str, Any]] = told[0]["Actions"]
        return found

    def behind(self, group: str) -> list[str]:
        """The load balancers that DescribeTargetGroups tells of a group."""
        told = self.elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        return list(told["LoadBalancerArns"])

    def names(self, balancer: str) -> list[str]:
        """The groups behind a load balancer, by all pages."""
        pages = self.elb.get_paginator("describe_target_groups").paginate(LoadBalancerArn=balancer)
        return sorted(one["TargetGroupName"] for page in pages for one in page["TargetGroups"])


@pytest.fixture
def scene(bare: Cloud, elb: Any) -> Scene:
    return Scene(bare, elb)


def test_a_group_stands_behind_a_load_balancer_from_its_first_rule_on(scene: Scene) -> None:
    """Put into a rule with weight 0 it is told under the load balancer, taken out of the rule it is not."""
    assert (scene.behind(scene.blue), scene.behind(scene.green)) == ([scene.front.arn], [])
    scene.modify(forward({scene.blue: 100, scene.green: 0}))
    assert scene.behind(scene.green) == [scene.front.arn]
    assert scene.names(scene.front.arn) == ["blue", "green"]
    scene.modify(forward({scene.green: 1}))
    assert (scene.behind(scene.blue), scene.names(scene.front.arn)) == ([], ["green"])


def test_a_rule_that_moto_deletes_holds_no_group(scene: Scene) -> None:
    """In the same second already: the group may go behind another load balancer."""
    scene.elb.delete_rule(RuleArn=scene.rule)
    action = forward({scene.blue: 1})
    scene.elb.modify_listener(ListenerArn=scene.back.listener, DefaultActions=[action])
    assert scene.behind(scene.blue) == [scene.back.arn]


def test_a_service_needs_a_group_behind_a_load_balancer(scene: Scene) -> None:
    """As AWS has it: green is refused until a rule names it, be it with weight 0."""
    world = scene.cloud.world
    definition = add_definition(world, "web", "web:1")
    with pytest.raises(Failure, match="does not have an associated load balancer"):
        add_service(world, "demo", "web", definition, count=1, group=scene.green)
    scene.modify(forward({scene.blue: 100, scene.green: 0}))
    add_service(world, "demo", "web", definition, count=1, group=scene.green)


@pytest.mark.parametrize("form", ["weighted", "plain"])
def test_a_group_of_another_load_balancer_is_refused(scene: Scene, form: str) -> None:
    """AWS takes one load balancer per group, in a rule and in a listener; nothing is changed."""
    action = forward({scene.blue: 1, scene.other: 0})
    if form == "plain":
        action = {"Type": "forward", "TargetGroupArn": scene.other}
    for call in (
        lambda: scene.modify(action),
        lambda: scene.elb.modify_listener(ListenerArn=scene.front.listener, DefaultActions=[action]),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "TargetGroupAssociationLimit"
    assert scene.names(scene.front.arn) == ["blue"]
    assert scene.cloud.log.applied == []


def test_an_action_of_one_group_is_told_in_both_forms(scene: Scene) -> None:
    """Written plain or with a weight: AWS tells ARN and forward configuration; of two groups the latter only."""
    (told,) = scene.modify({"Type": "forward", "TargetGroupArn": scene.green})
    assert told == {"Type": "forward", "TargetGroupArn": scene.green, "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": scene.green, "Weight": 1}], "TargetGroupStickinessConfig": NO_STICKINESS,
    }}
    (told,) = scene.modify(forward({scene.blue: 7}))
    assert told == forward({scene.blue: 7}) | {"TargetGroupArn": scene.blue}
    (told,) = scene.modify(forward({scene.blue: 7, scene.green: 3}))
    assert "TargetGroupArn" not in told


def test_what_was_told_may_be_written_back(scene: Scene) -> None:
    """Both forms at once are taken where they name the same group."""
    told = scene.modify(forward({scene.blue: 7}))
    assert scene.modify(*told) == told


def test_rules_come_in_pages_and_in_order(scene: Scene) -> None:
    """Three a page, by priority as a number, the default rule last; those asked for by name all at once."""
    for priority in (100, 9, 20, 3):
        add_rule(scene.cloud.world, scene.front.listener, {scene.blue: 1}, path=f"/{priority}", priority=priority)
    pages = list(scene.elb.get_paginator("describe_rules").paginate(ListenerArn=scene.front.listener))
    assert [[rule["Priority"] for rule in page["Rules"]] for page in pages] \
        == [["3", "9", "10"], ["20", "100", "default"]]
    arns = [rule["RuleArn"] for page in pages for rule in page["Rules"]]
    assert len(scene.elb.describe_rules(RuleArns=arns)["Rules"]) == 6
    assert len(scene.elb.describe_rules(ListenerArn=scene.front.listener, PageSize=2)["Rules"]) == 2


def test_groups_and_listeners_come_in_pages(scene: Scene) -> None:
    """Every group once, three a page; every listener once, and a page of a size that is asked for."""
    for number in range(4):
        add_group(scene.cloud.world, f"more-{number}")
    pages = list(scene.elb.get_paginator("describe_target_groups").paginate())
    names = [one["TargetGroupName"] for page in pages for one in page["TargetGroups"]]
    assert sorted(names) == ["blue", "green", "more-0", "more-1", "more-2", "more-3", "other"]
    assert len(pages) == 3
    config = {"PageSize": 1}
    pages = list(scene.elb.get_paginator("describe_listeners").paginate(
        LoadBalancerArn=scene.front.arn, PaginationConfig=config,
    ))
    assert sorted(one["Port"] for page in pages for one in page["Listeners"]) == [80, 9000]
    assert len(pages) == 2


def test_what_a_reader_asks_wrongly_is_refused(scene: Scene) -> None:
    """A group, a listener and a rule that are not there; a marker of nobody's; listeners of nothing."""
    gone = scene.blue.replace("/blue/", "/gone/")
    calls = {
        "TargetGroupNotFound": lambda: scene.elb.describe_target_groups(TargetGroupArns=[gone]),
        "ListenerNotFound": lambda: scene.elb.describe_listeners(ListenerArns=[scene.front.listener + "0"]),
        "RuleNotFound": lambda: scene.elb.describe_rules(RuleArns=[scene.rule + "0"]),
        "ValidationError": scene.elb.describe_listeners,
    }
    for code, call in calls.items():
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match="marker"):
        scene.elb.describe_target_groups(Marker="nobody's")


def test_a_group_tells_its_health_checks(scene: Scene) -> None:
    """The settings that decide when a target is healthy come back as they were given."""
    group = scene.elb.describe_target_groups(Names=["blue"])["TargetGroups"][0]
    assert (group["HealthCheckIntervalSeconds"], group["HealthyThresholdCount"], group["TargetType"]) == (5, 2, "ip")
    assert (group["HealthCheckPath"], group["Matcher"], group["Port"]) == ("/health", {"HttpCode": "200"}, 8080)
