"""Weights in listener rules, without a cloud: what is the same, what is foreign, what a write keeps."""

from typing import Any

import pytest
from botocore.session import get_session
from pydantic import ValidationError

from aws.alb_facts import Rule, Rules, Sides, Targets, counted, rule_of
from aws.alb_replies import ListenerRow, RuleRow, TargetRow

LB = "arn:aws:elasticloadbalancing:eu-central-1:123456789012"
RULE, LISTENER = f"{LB}:listener-rule/app/shop/aaaa/bbbb/cccc", f"{LB}:listener/app/shop/aaaa/bbbb"
BLUE, GREEN, OTHER = (f"{LB}:targetgroup/shop-{name}/0123456789abcdef" for name in ("blue", "green", "other"))
SIDES = Sides(BLUE, GREEN, {BLUE: "v1", GREEN: "v2"})
LOGIN = {
    "Type": "authenticate-oidc", "Order": 1,
    "AuthenticateOidcConfig": {"Issuer": "https://id.example.com", "ClientId": "shop", "ClientSecret": "hidden"},
}  # fmt: skip


def forward(weights: dict[str, int | None], **more: Any) -> dict[str, Any]:
    groups = [{"TargetGroupArn": group} | ({} if weight is None else {"Weight": weight})
              for group, weight in weights.items()]  # fmt: skip
    return {"Type": "forward", "Order": 2, "ForwardConfig": {"TargetGroups": groups, **more}}


def plain(group: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": group}


def rule(*actions: dict[str, Any], arn: str = RULE) -> Rule:
    return rule_of(RuleRow.model_validate({"RuleArn": arn, "Actions": actions}))


@pytest.mark.parametrize(
    ("action", "share"),
    [
        (plain(BLUE), 0), (plain(GREEN), 100),
        (forward({BLUE: None}), 0), (forward({BLUE: 1}), 0), (forward({BLUE: 100, GREEN: 0}), 0),
        (forward({GREEN: 0, BLUE: 999}), 0), (forward({BLUE: 1, GREEN: 0, OTHER: 0}), 0),
        (forward({BLUE: 1, GREEN: 1}), 50), (forward({BLUE: 9, GREEN: 1}), 10), (forward({BLUE: 90, GREEN: 10}), 10),
        (forward({BLUE: 7, GREEN: 1}), None), (forward({BLUE: 2, GREEN: 1}), None),
        (forward({BLUE: 90, OTHER: 10}), None), (plain(OTHER), None), (forward({BLUE: 0, GREEN: 0}), None),
        ({"Type": "fixed-response"}, None), ({**plain(GREEN), **forward({GREEN: 1})}, 100),
    ],
)  # fmt: skip
def test_a_share_is_read_from_every_form(action: dict[str, Any], share: int | None) -> None:
    """Equivalent forms are one share; what names another group, or no whole percent, is none of ours."""
    assert rule(action).share(SIDES) == share


@pytest.mark.parametrize("percent", range(101))
def test_every_percent_written_is_read_as_itself(percent: int) -> None:
    """Percents are the weights: nothing is lost in a fraction."""
    before = rule(LOGIN, plain(BLUE))
    after = rule(*before.weighing({BLUE: 100 - percent, GREEN: percent}))
    assert after.share(SIDES) == percent


def test_a_write_keeps_whatever_else_stands_in_the_rule() -> None:
    """Login, order, stickiness and a group with weight 0 go back as they came, the plain form becomes weights."""
    sticky = {"TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 3600}}
    before = rule(LOGIN, forward({BLUE: 1, OTHER: 0}, **sticky))
    login, moved = before.weighing({BLUE: 90, GREEN: 10})
    assert moved == forward({BLUE: 90, OTHER: 0, GREEN: 10}, **sticky)
    assert (login["Type"], login["Order"]) == ("authenticate-oidc", 1)
    (only,) = rule({**plain(BLUE), **forward({BLUE: 1})}).weighing({BLUE: 100, GREEN: 0})
    assert "TargetGroupArn" not in only  # AWS takes one group only where both forms are named


def test_the_secret_of_a_login_is_kept_by_aws_and_never_held() -> None:
    """AWS shows no client secret: a rule written back without saying so would lose it."""
    config = rule(LOGIN, plain(BLUE)).weighing({GREEN: 5})[0]["AuthenticateOidcConfig"]
    assert config == {"Issuer": "https://id.example.com", "ClientId": "shop", "UseExistingClientSecret": True}
    assert "hidden" not in repr(rule(LOGIN, plain(BLUE)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (plain(BLUE), {BLUE: 100, GREEN: 0}), (forward({BLUE: 1}), {BLUE: 100, GREEN: 0}),
        (forward({GREEN: 7}), {GREEN: 100, BLUE: 0}), (forward({BLUE: 3, OTHER: 0}), {BLUE: 3, OTHER: 0, GREEN: 0}),
    ],
)  # fmt: skip
def test_attaching_moves_nothing(before: dict[str, Any], after: dict[str, int]) -> None:
    """A group that was missing stands in the rule with weight 0; every share is as it was."""
    old = rule(before)
    new = rule(*old.attaching([BLUE, GREEN]))
    assert new.weights == after and new.shares == old.shares
    assert Rules((old,)).lacking([BLUE, GREEN]) == (old,) and not Rules((new,)).lacking([BLUE, GREEN])


def test_a_fingerprint_is_of_what_actions_say() -> None:
    """Forms and orders that say the same are no change; a weight, a stickiness, a login are."""
    same = [plain(BLUE), forward({BLUE: 1}), {**plain(BLUE), **forward({BLUE: 1})}]
    assert len({Rules((rule(LOGIN, one),)).fingerprint for one in same}) == 1
    both = [forward({BLUE: 1, GREEN: 2}), forward({GREEN: 2, BLUE: 1})]
    assert len({Rules((rule(one),)).fingerprint for one in both}) == 1
    sticky = {"TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    other = [
        rule(plain(BLUE)), rule(plain(GREEN)), rule(LOGIN, plain(BLUE)), rule(forward({BLUE: 1}, **sticky)),
        rule(forward({BLUE: 1, GREEN: 0})), rule(plain(BLUE), arn=f"{RULE}1"),
    ]  # fmt: skip
    assert len({Rules((one,)).fingerprint for one in other}) == len(other)


def test_rules_that_do_not_agree_are_a_mix() -> None:
    """What a write in pieces leaves has no percent, but each rule's share; somebody else's group is no mix."""
    ten, zero = rule(forward({BLUE: 90, GREEN: 10})), rule(plain(BLUE), arn=f"{RULE}1")
    mixed = Rules((ten, zero))
    assert (mixed.percent(SIDES), mixed.mix(SIDES)) == (None, (10, 0))
    assert mixed.words(SIDES) == "rule cccc of shop: v1: 90 %, v2: 10 %; rule cccc1 of shop: v1: 100 %"
    assert Rules((ten, ten._replace(arn=f"{RULE}2"))).mix(SIDES) == ()
    assert Rules((ten, rule(plain(OTHER), arn=f"{RULE}3"))).mix(SIDES) == ()


def test_arns_tell_listener_and_load_balancer() -> None:
    """No call is needed to know where a rule belongs."""
    balancer = f"{LB}:loadbalancer/app/shop/aaaa"
    listener = rule_of(ListenerRow.model_validate({"ListenerArn": LISTENER, "DefaultActions": [plain(BLUE)]}))
    assert (rule(plain(BLUE)).listener, rule(plain(BLUE)).balancer) == (LISTENER, balancer)
    assert (listener.listener, listener.balancer, listener.share(SIDES)) == (LISTENER, balancer, 0)
    assert (rule(plain(BLUE)).words, listener.words) == ("rule cccc of shop", "listener bbbb of shop")


def test_weights_that_cannot_be_read_are_no_answer() -> None:
    """A truncated action is not taken for a rule that forwards nowhere."""
    broken = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"Weight": 5}]}}
    with pytest.raises(ValidationError):
        RuleRow.model_validate({"RuleArn": RULE, "Actions": [broken]})


def test_draining_targets_do_not_count() -> None:
    """Healthy, on their way, or failing: what leaves is none of these."""
    states = ["healthy", "healthy", "initial", "unused", "unhealthy", "draining", "unhealthy.draining"]
    rows = [TargetRow.model_validate({"TargetHealth": {"State": state}}) for state in states]
    assert counted(rows) == Targets(2, 2, 1)


def test_every_state_of_a_target_is_known() -> None:
    """Those of AWS's own model, each in its place: a new one shall not be nothing by accident."""
    shape: Any = get_session().get_service_model("elbv2").shape_for("TargetHealthStateEnum")
    rows = {state: counted([TargetRow.model_validate({"TargetHealth": {"State": state}})]) for state in shape.enum}
    assert rows == {
        "healthy": Targets(1, 0, 0), "initial": Targets(0, 1, 0), "unused": Targets(0, 1, 0),
        "unavailable": Targets(0, 1, 0),
        "unhealthy": Targets(0, 0, 1), "draining": Targets(0, 0, 0), "unhealthy.draining": Targets(0, 0, 0),
    }  # fmt: skip
