"""Load balancers over boto3: what moto keeps of a rule, what it lacks and ours adds, the health of targets."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.building import Balancer, add_balancer, add_group, add_rule, forward
from demo.cloud.targets import Checks, Targets

AUTHENTICATE = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": {
    "Issuer": "https://login.example.com", "AuthorizationEndpoint": "https://login.example.com/a",
    "TokenEndpoint": "https://login.example.com/t", "UserInfoEndpoint": "https://login.example.com/u",
    "ClientId": "shop", "OnUnauthenticatedRequest": "authenticate",
}}


class Scene:
    """One load balancer with two groups behind a rule, and a third group behind nothing."""

    def __init__(self, cloud: Cloud, elb: Any) -> None:
        self.cloud, self.elb = cloud, elb
        self.balancer: Balancer = add_balancer(cloud.world, "front")
        self.blue, self.green, self.idle = (add_group(cloud.world, name) for name in ("blue", "green", "idle"))
        self.rule = add_rule(cloud.world, self.balancer.listener, {self.blue: 100, self.green: 0})

    def states(self, group: str, **asked: Any) -> list[str]:
        """The states that DescribeTargetHealth tells."""
        found = self.elb.describe_target_health(TargetGroupArn=group, **asked)["TargetHealthDescriptions"]
        return [one["TargetHealth"]["State"] for one in found]

    def register(self, group: str, *addresses: str) -> None:
        self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": one} for one in addresses])

    def deregister(self, group: str, *addresses: str) -> None:
        self.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": one} for one in addresses])

    def weights(self) -> list[tuple[str, int]]:
        """The rule's weights as DescribeRules tells them."""
        action = self.elb.describe_rules(RuleArns=[self.rule])["Rules"][0]["Actions"][-1]
        return [(one["TargetGroupArn"], one["Weight"]) for one in action["ForwardConfig"]["TargetGroups"]]


@pytest.fixture
def scene(bare: Cloud, elb: Any) -> Scene:
    return Scene(bare, elb)


def refused(call: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


# --- rules


def test_a_rule_keeps_all_its_actions(scene: Scene) -> None:
    """Weights, stickiness, the order and an authenticate action come back as they were written; conditions stay."""
    sticky = forward({scene.blue: 90, scene.green: 10}) | {"Order": 2}
    sticky["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 600}
    told = scene.elb.modify_rule(RuleArn=scene.rule, Actions=[AUTHENTICATE, sticky])["Rules"][0]
    found = scene.elb.describe_rules(RuleArns=[scene.rule])["Rules"][0]
    assert told["Actions"] == found["Actions"] == [AUTHENTICATE, sticky]
    assert found["Conditions"][0]["PathPatternConfig"]["Values"] == ["/*"]
    assert scene.weights() == [(scene.blue, 90), (scene.green, 10)]


def test_a_listener_keeps_its_default_actions(scene: Scene) -> None:
    """ModifyListener replaces the default actions, and the default rule shows the same."""
    wanted = forward({scene.blue: 3, scene.green: 1}) | {"Order": 1}
    told = scene.elb.modify_listener(ListenerArn=scene.balancer.listener, DefaultActions=[wanted])["Listeners"][0]
    assert told["DefaultActions"] == [wanted]
    rules = scene.elb.describe_rules(ListenerArn=scene.balancer.listener)["Rules"]
    assert [rule["Actions"] for rule in rules if rule["IsDefault"]] == [[wanted]]


@pytest.mark.parametrize("weight", [-1, 1000])
def test_a_weight_out_of_range_is_refused(scene: Scene, weight: int) -> None:
    """AWS takes 0 to 999; moto takes anything."""
    action = forward({scene.blue: weight})
    assert refused(lambda: scene.elb.modify_rule(RuleArn=scene.rule, Actions=[action])) == "ValidationError"
    assert scene.weights() == [(scene.blue, 100), (scene.green, 0)]


def test_what_does_not_exist_is_refused(scene: Scene) -> None:
    """A rule, a group in a rule or a listener, and a group by itself: each with AWS's own code."""
    gone = scene.blue.replace("/blue/", "/gone/")
    elb, action = scene.elb, forward({gone: 1})
    listener = scene.balancer.listener
    assert refused(lambda: elb.modify_rule(RuleArn=scene.rule + "0", Actions=[forward({scene.blue: 1})])) \
        == "RuleNotFound"
    assert refused(lambda: elb.modify_rule(RuleArn=scene.rule, Actions=[action])) == "TargetGroupNotFound"
    assert refused(lambda: elb.modify_listener(ListenerArn=listener, DefaultActions=[action])) == "TargetGroupNotFound"
    assert refused(lambda: elb.describe_target_health(TargetGroupArn=gone)) == "TargetGroupNotFound"
    assert refused(lambda: scene.deregister(scene.blue, "10.0.0.9")) == "InvalidTarget"
    both = action | {"TargetGroupArn": scene.blue}
    assert refused(lambda: elb.modify_rule(RuleArn=scene.rule, Actions=[both])) == "TargetGroupNotFound"
    both = forward({scene.green: 1}) | {"TargetGroupArn": scene.blue}
    assert refused(lambda: elb.modify_rule(RuleArn=scene.rule, Actions=[both])) == "InvalidLoadBalancerAction"


def test_the_default_rule_is_changed_through_its_listener(scene: Scene) -> None:
    """ModifyRule refuses it; its ARN follows from the listener's and is found again."""
    rules = scene.elb.describe_rules(ListenerArn=scene.balancer.listener)["Rules"]
    default = next(rule["RuleArn"] for rule in rules if rule["IsDefault"])
    again = scene.elb.describe_rules(RuleArns=[default])["Rules"]
    assert [rule["Priority"] for rule in again] == ["default"]
    change = forward({scene.blue: 1})
    assert refused(lambda: scene.elb.modify_rule(RuleArn=default, Actions=[change])) == "OperationNotPermitted"


def test_the_log_has_the_weights_before_and_after(scene: Scene) -> None:
    """Every change of a rule or a listener stands in the oracle log with its weights."""
    scene.cloud.log.clear()
    scene.elb.modify_rule(RuleArn=scene.rule, Actions=[forward({scene.blue: 90, scene.green: 10})])
    listener = scene.balancer.test_listener
    scene.elb.modify_listener(ListenerArn=listener, DefaultActions=[forward({scene.green: 1})])
    rule, listened = scene.cloud.log.applied
    assert (rule.name, listened.name) == ("elbv2:ModifyRule", "elbv2:ModifyListener")
    assert rule.before == {"weights": {scene.blue: 100, scene.green: 0}}
    assert rule.after == {"weights": {scene.blue: 90, scene.green: 10}}
    assert (listened.before, listened.after) == ({"weights": {}}, {"weights": {scene.green: 1}})


# --- weights that take effect late


def test_requests_follow_a_change_some_seconds_later(scene: Scene) -> None:
    """The API tells the new weights at once; they take effect after the delay, and not a second before."""
    routing = scene.cloud.world.servers.routing
    scene.cloud.knobs.propagation(4)
    scene.elb.modify_rule(RuleArn=scene.rule, Actions=[forward({scene.blue: 0, scene.green: 100})])
    assert scene.weights() == [(scene.blue, 0), (scene.green, 100)]
    scene.cloud.step(3)
    assert routing.effective(scene.rule) == {scene.blue: 100, scene.green: 0}
    scene.cloud.step(1)
    assert routing.effective(scene.rule) == {scene.blue: 0, scene.green: 100}


def test_two_changes_take_effect_one_after_the_other(scene: Scene) -> None:
    """The second change does not hide the first: each has its own delay."""
    routing = scene.cloud.world.servers.routing
    for weight in (10, 20):
        scene.elb.modify_rule(RuleArn=scene.rule, Actions=[forward({scene.blue: 100, scene.green: weight})])
        scene.cloud.step(2)
    seen = []
    for _ in range(3):
        seen.append(routing.effective(scene.rule)[scene.green])
        scene.cloud.step(1)
    assert seen == [10, 20, 20]


def test_a_deleted_rule_has_no_weights(scene: Scene) -> None:
    """Moto answers DeleteRule; requests no longer follow the rule, and its group is in use no more."""
    scene.elb.delete_rule(RuleArn=scene.rule)
    scene.cloud.step(1)
    assert scene.cloud.world.servers.routing.effective(scene.rule) == {}
    assert scene.cloud.world.servers.routing.used() == set()


# --- targets


def test_a_target_is_initial_and_then_healthy(scene: Scene) -> None:
    """One good check makes a new target healthy, in a group of weight 0 as well."""
    for group in (scene.blue, scene.green):
        scene.register(group, "10.0.0.1")
        assert scene.states(group) == ["initial"]
    scene.cloud.step(4)
    assert scene.states(scene.blue) == scene.states(scene.green) == ["initial"]
    scene.cloud.step(1)
    assert scene.states(scene.blue) == scene.states(scene.green) == ["healthy"]


def test_a_target_behind_no_rule_is_unused(scene: Scene) -> None:
    """It is checked from the moment its group stands in a rule, and no earlier."""
    scene.register(scene.idle, "10.0.0.1")
    scene.cloud.step(60)
    assert scene.states(scene.idle) == ["unused"]
    scene.elb.modify_rule(RuleArn=scene.rule, Actions=[forward({scene.blue: 1, scene.idle: 0})])
    scene.cloud.step(2)
    assert scene.states(scene.idle) == ["initial"]
    scene.cloud.step(10)
    assert scene.states(scene.idle) == ["healthy"]


def test_a_target_drains_as_long_as_its_group_says(scene: Scene) -> None:
    """Twenty seconds of draining, then it is unknown; one that is taken back begins anew."""
    scene.register(scene.blue, "10.0.0.1", "10.0.0.2")
    scene.cloud.step(10)
    scene.deregister(scene.blue, "10.0.0.1", "10.0.0.2")
    scene.cloud.step(19)
    assert scene.states(scene.blue) == ["draining", "draining"]
    scene.register(scene.blue, "10.0.0.2")
    scene.cloud.step(1)
    assert scene.states(scene.blue) == ["initial"]
    asked = [{"Id": "10.0.0.1"}]
    assert scene.states(scene.blue, Targets=asked) == ["unused"]
    found = scene.elb.describe_target_health(TargetGroupArn=scene.blue, Targets=asked)["TargetHealthDescriptions"][0]
    assert found["TargetHealth"]["Reason"] == "Target.NotRegistered"
    assert (found["Target"]["Port"], found["HealthCheckPort"]) == (8080, "8080")


def test_the_delay_is_the_attribute_of_this_moment(scene: Scene) -> None:
    """ModifyTargetGroupAttributes is moto's; ours drains by what it says."""
    scene.elb.modify_target_group_attributes(TargetGroupArn=scene.blue, Attributes=[
        {"Key": "deregistration_delay.timeout_seconds", "Value": "3"},
    ])
    scene.register(scene.blue, "10.0.0.1")
    scene.deregister(scene.blue, "10.0.0.1")
    scene.cloud.step(2)
    assert scene.states(scene.blue) == ["draining"]
    scene.cloud.step(1)
    assert scene.states(scene.blue) == []


def well(_target: str) -> bool:
    return True


def ill(_target: str) -> bool:
    return False


def test_health_turns_after_a_streak_only() -> None:
    """Two bad checks in a row make a target unhealthy, two good ones healthy; one of either changes nothing."""
    targets = Targets(lambda _group: Checks(interval=5, healthy=2, unhealthy=2, delay=20))
    targets.register("g", "10.0.0.1", 80, 0, used=True)
    told = "+" * 10 + "-" * 9 + "+" + "-" * 10 + "+" * 9 + "-" + "+" * 10
    seen = []
    for second, sign in enumerate(told, 1):
        targets.step(second, {"g"}, {"+": well, "-": ill}[sign])
        seen.append(targets.of("g")[0].state)
    turns = [at for at in range(1, len(seen)) if seen[at] != seen[at - 1]]
    assert [(at, seen[at]) for at in turns] == [(4, "healthy"), (29, "unhealthy"), (49, "healthy")]
