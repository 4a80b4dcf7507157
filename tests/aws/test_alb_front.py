"""Weighted forwarding on the embedded cloud: what a write keeps, refuses, takes back; what preflight finds."""

from collections.abc import Callable
from typing import Any

import pytest

from aws.alb import OPERATIONS, Forwarding
from aws.alb_facts import Sides
from aws.alb_preflight import Named, Survey, findings, split, survey
from aws.alb_reads import read_rules
from aws.calls import Calls
from aws.sessions import Place, Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_balancer, add_group, add_rule
from rollout.errors import TargetError

WRITE, READ = "elbv2:ModifyRule", "elbv2:DescribeRules"
AUTHENTICATE = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": {
    "Issuer": "https://login.example.com", "AuthorizationEndpoint": "https://login.example.com/a",
    "TokenEndpoint": "https://login.example.com/t", "UserInfoEndpoint": "https://login.example.com/u",
    "ClientId": "shop", "ClientSecret": "s", "OnUnauthenticatedRequest": "authenticate",
}}  # fmt: skip


class Tripping(Calls):
    """Real calls; something happens directly before the write of that number."""

    trips: dict[int, Callable[[], object]]
    sent = 0

    def write(self, operation: str, reply: Any, **parameters: Any) -> Any:
        self.sent += 1
        self.trips.get(self.sent, int)()
        return super().write(operation, reply, **parameters)


class Front:
    """Two rules of one load balancer that give blue everything."""

    def __init__(self, cloud: Cloud, sessions: Sessions, elb: Any) -> None:
        self.cloud, self.elb, self.knobs = cloud, elb, cloud.knobs
        self.balancer = add_balancer(cloud.world, "front")
        self.blue, self.green, self.third = (add_group(cloud.world, name) for name in ("blue", "green", "third"))
        self.first = self.rule(10)
        self.second = self.rule(11)
        self.calls = Tripping(sessions, Place("", "eu-central-1"), "elbv2", OPERATIONS)
        self.calls.trips = {}
        self.sides = Sides(self.blue, self.green, {self.blue: "v1", self.green: "v2"})
        self.rules = Forwarding(self.calls, (self.first, self.second))
        cloud.log.clear()

    def rule(self, priority: int, **weights: int) -> str:
        """One more rule; blue has everything unless told otherwise."""
        given = {getattr(self, name): weight for name, weight in weights.items()} or {self.blue: 100, self.green: 0}
        path = f"/{priority}/*"
        return add_rule(self.cloud.world, self.balancer.listener, given, path=path, priority=priority)

    def edit(self, rule: str, actions: list[Any]) -> None:
        """What a colleague does in the console."""
        self.elb.modify_rule(RuleArn=rule, Actions=actions)
        self.cloud.log.clear()

    def forward(self, **weights: int) -> dict[str, Any]:
        rows = [{"TargetGroupArn": getattr(self, name), "Weight": weight} for name, weight in weights.items()]
        return {"Type": "forward", "Order": 2, "ForwardConfig": {
            "TargetGroups": rows, "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 600},
        }}  # fmt: skip

    def actions(self, rule: str) -> list[Any]:
        """The truth."""
        found: list[Any] = self.elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]
        return found

    def green_weights(self) -> list[int]:
        """The truth: green's weight in both rules."""
        lists = [self.actions(rule)[-1]["ForwardConfig"]["TargetGroups"] for rule in (self.first, self.second)]
        return [row["Weight"] for rows in lists for row in rows if row["TargetGroupArn"] == self.green]

    def revision(self) -> str:
        return self.rules.read().fingerprint

    def surveyed(self, *rules: str) -> Survey:
        return survey(self.calls, Named(rules or (self.first, self.second), "", self.blue, self.green))

    def found(self, *rules: str) -> dict[str, str]:
        """State by name of what preflight finds."""
        return {check.name: check.state for check in findings(self.surveyed(*rules))}


@pytest.fixture
def front(served: Cloud, sessions: Sessions, console: Any) -> Front:
    served.reset()
    return Front(served, sessions, console("elbv2"))


def test_a_shift_moves_every_rule_and_tells_the_new_revision(front: Front) -> None:
    """Two rules, two writes, read back; the revision is that of what stands then."""
    done = front.rules.shift(front.sides, 10, front.revision())
    assert (done.state, done.text, done.revision) == ("done", "v1: 90 %, v2: 10 %", front.revision())
    assert front.green_weights() == [10, 10]
    assert len(front.cloud.log.of(WRITE)) == 2


def test_a_shift_keeps_all_else_in_the_rule(front: Front) -> None:
    """Authentication, order, stickiness and a third group at weight 0 stand as before."""
    front.edit(front.first, [AUTHENTICATE, front.forward(third=0, blue=1, green=0)])
    assert front.rules.shift(front.sides, 25, front.revision()).state == "done"
    login, forward = front.actions(front.first)
    assert (login["Type"], login["Order"]) == ("authenticate-oidc", 1)
    assert login["AuthenticateOidcConfig"]["ClientId"] == "shop"
    config = forward["ForwardConfig"]
    assert [row["Weight"] for row in config["TargetGroups"]] == [0, 75, 25]
    assert config["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 600}


def test_rules_that_somebody_changed_are_not_written(front: Front) -> None:
    """The read directly before the write differs from what was seen: failed, no write."""
    seen = front.revision()
    front.edit(front.second, [front.forward(blue=60, green=40)])
    told = front.rules.shift(front.sides, 10, seen)
    assert (told.state, front.cloud.log.of(WRITE)) == ("failed", [])
    assert "somebody changed" in told.text


def test_a_shift_that_stands_already_is_done_without_a_write(front: Front) -> None:
    """The same shift twice with one revision is one effect."""
    seen = front.revision()
    front.rules.shift(front.sides, 10, seen)
    front.cloud.log.clear()
    assert front.rules.shift(front.sides, 10, seen).state == "done"
    assert front.cloud.log.of(WRITE) == []


def test_a_shift_without_a_look_is_refused(front: Front) -> None:
    """No revision: the write would be blind."""
    with pytest.raises(TargetError, match="not been read"):
        front.rules.shift(front.sides, 10, "")


def test_a_rule_that_serves_others_too_is_left_alone(front: Front) -> None:
    """A third group with weight: nothing is written."""
    front.edit(front.second, [front.forward(blue=60, green=0, third=40)])
    with pytest.raises(TargetError, match="third"):
        front.rules.shift(front.sides, 10, front.revision())
    assert front.cloud.log.of(WRITE) == []


def test_a_raise_that_fails_halfway_is_taken_back(front: Front) -> None:
    """The second rule is refused: the first goes back to what it was."""
    front.calls.trips[2] = lambda: front.knobs.deny(WRITE, times=1)
    told = front.rules.shift(front.sides, 10, front.revision())
    assert (told.state, front.green_weights()) == ("failed", [0, 0])
    assert "1 raised before went back" in told.text


def test_a_way_back_goes_on_past_a_rule_that_fails(front: Front) -> None:
    """The first rule is refused, the second still comes down; the text tells both."""
    front.rules.shift(front.sides, 50, front.revision())
    front.calls.trips = {3: lambda: front.knobs.deny(WRITE, times=1)}
    told = front.rules.shift(front.sides, 0, front.revision())
    assert (told.state, front.green_weights()) == ("unknown", [50, 0])
    assert told.text.startswith("1 of 2 rules stand as asked; rule ")


@pytest.mark.parametrize("fault", ["lost_reply", "truncate_reply"])
def test_a_lost_reply_is_neither_repeated_nor_undone(front: Front, fault: str) -> None:
    """The first rule's answer is lost: unknown, one write; the look shows the mix."""
    getattr(front.knobs, fault)(WRITE)
    told = front.rules.shift(front.sides, 10, front.revision())
    assert (told.state, front.green_weights(), len(front.cloud.log.of(WRITE))) == ("unknown", [10, 0], 1)
    assert front.rules.read().mix(front.sides) == (10, 0)


def test_what_was_raised_before_a_lost_reply_stays(front: Front) -> None:
    """The second rule's answer is lost: it is probably raised, so the first is not taken back."""
    front.calls.trips[2] = lambda: front.knobs.lost_reply(WRITE)
    told = front.rules.shift(front.sides, 10, front.revision())
    assert (told.state, front.green_weights(), len(front.cloud.log.of(WRITE))) == ("unknown", [10, 10], 2)


def test_a_group_that_is_missing_is_attached_with_weight_0(front: Front) -> None:
    """A plain rule of blue gets green at 0 and blue at 100; a second time nothing is written."""
    front.edit(front.first, [{"Type": "forward", "TargetGroupArn": front.blue}])
    groups = (front.blue, front.green)
    assert front.rules.attach(groups, front.revision()).written
    assert (front.green_weights(), front.rules.read().percent(front.sides)) == ([0, 0], 0)
    assert not front.rules.attach(groups, front.revision()).written
    assert len(front.cloud.log.of(WRITE)) == 1


def test_attaching_keeps_the_weights_that_stand(front: Front) -> None:
    """A rule that names blue and an idle third group: green is added, nothing else moves."""
    front.edit(front.first, [front.forward(third=0, blue=3)])
    assert front.rules.attach((front.blue, front.green), front.revision()).written
    rows = front.actions(front.first)[0]["ForwardConfig"]["TargetGroups"]
    assert [row["Weight"] for row in rows] == [0, 3, 0]


def test_forms_that_mean_the_same_are_no_change(front: Front) -> None:
    """The order in which groups are shown does not change the fingerprint; a weight does."""
    front.edit(front.first, [front.forward(blue=100, green=0)])
    before = front.revision()
    front.edit(front.first, [front.forward(green=0, blue=100)])
    assert front.revision() == before
    front.edit(front.first, [front.forward(green=1, blue=99)])
    assert front.revision() != before


def test_weights_are_read_as_shares(front: Front) -> None:
    """1 : 3 is 25 %, 1 : 2 is no whole percent."""
    front.edit(front.first, [front.forward(blue=3, green=1)])
    front.edit(front.second, [front.forward(blue=2, green=1)])
    assert front.rules.read().shares(front.sides) == (25, None)


def test_a_listener_is_weighted_by_its_default(front: Front) -> None:
    """A target may name the listener itself."""
    listener = front.balancer.listener
    front.elb.modify_listener(ListenerArn=listener, DefaultActions=[front.forward(blue=1, green=0)])
    rules = Forwarding(front.calls, (listener,))
    assert rules.shift(front.sides, 10, rules.read().fingerprint).state == "done"
    assert rules.read().percent(front.sides) == 10


def test_rules_are_read_twenty_a_call_and_one_that_is_gone_is_its_own_trouble(front: Front) -> None:
    """22 rules are two calls; a deleted one spoils none of the others."""
    arns = [front.first, front.second, *(front.rule(number) for number in range(20, 40))]
    front.cloud.log.clear()
    assert len(read_rules(front.calls, arns)) == 22
    assert front.cloud.log.count(READ) == 2
    front.elb.delete_rule(RuleArn=front.second)
    found = read_rules(front.calls, arns[:3])
    assert [isinstance(found[arn], TargetError) for arn in arns[:3]] == [False, True, False]


def test_preflight_has_nothing_against_a_plain_start_but_http(front: Front) -> None:
    """Two rules on blue with green at 0: only that the listener is not encrypted."""
    assert front.found() == {"http": "warn"}
    assert split(front.surveyed()) == []


def test_preflight_refuses_rules_that_nobody_named_on_any_page(front: Front) -> None:
    """More rules than a page holds: the last one forwards to green and is found."""
    for number in range(100, 155):
        front.rule(number, third=1)
    front.rule(900, green=1)
    assert front.found()["elsewhere"] == "fail"


def test_preflight_says_what_will_be_attached_and_that_clients_stick(front: Front) -> None:
    """A rule without green and with stickiness: two warnings."""
    front.edit(front.first, [front.forward(blue=100)])
    found = front.found()
    assert (found["attach"], found["sticky"]) == ("warn", "warn")


def test_preflight_refuses_a_split_and_rules_that_disagree(front: Front) -> None:
    """One side has everything, the same one everywhere, or nothing starts."""
    front.edit(front.second, [front.forward(blue=0, green=100)])
    assert "do not agree" in split(front.surveyed())[0].text
    front.edit(front.second, [front.forward(blue=90, green=10)])
    assert "already split" in split(front.surveyed())[0].text


def test_preflight_refuses_groups_of_another_balancer(front: Front) -> None:
    """Green stands behind another load balancer than the rules."""
    other = add_balancer(front.cloud.world, "other")
    front.edit(front.first, [front.forward(blue=100)])
    front.edit(front.second, [front.forward(blue=100)])
    add_rule(front.cloud.world, other.listener, {front.green: 1})
    assert front.found()["groups"] == "fail"


def test_a_group_that_does_not_exist_is_named(front: Front) -> None:
    """The refusal says which one."""
    front.green = front.green.replace("/green/", "/gren/")
    with pytest.raises(TargetError, match="gren"):
        front.surveyed()
