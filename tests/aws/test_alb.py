"""Weighted forwarding against the demo's load balancer: several rules, whole actions, answers that never came."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from aws.alb import OPERATIONS, Forwarding
from aws.alb_facts import Sides
from aws.alb_reads import MOST_PAGES, read_rules, rules_behind, rules_of
from aws.calls import Calls
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_group, add_rule, forward
from rollout.actions import Outcome
from rollout.errors import TargetError
from tests.aws.bench import CloudClock
from tests.aws.ecs_bench import LISTENER, RULE, EcsBench
from tests.aws.hooks import HERE, answers

LOGIN = {
    "Type": "authenticate-oidc", "Order": 1,
    "AuthenticateOidcConfig": {
        "Issuer": "https://id.example.com", "AuthorizationEndpoint": "https://id.example.com/a",
        "TokenEndpoint": "https://id.example.com/t", "UserInfoEndpoint": "https://id.example.com/u",
        "ClientId": "shop", "ClientSecret": "hidden", "Scope": "openid", "SessionTimeout": 600,
        "OnUnauthenticatedRequest": "authenticate",
    },
}  # fmt: skip


class Scene:
    """The rules of the shop, and hands that move their weights."""

    def __init__(self, bench: EcsBench, sessions: Sessions) -> None:
        self.bench, self.sessions, self.shop = bench, sessions, bench.shop
        self.calls = Calls(sessions, HERE, "elbv2", OPERATIONS)
        self.sides = Sides(self.shop.blue, self.shop.green, {self.shop.blue: "v1", self.shop.green: "v2"})
        self.rules: list[str] = [self.shop.rule]

    @property
    def forwarding(self) -> Forwarding:
        return Forwarding(self.calls, self.rules)

    def more(self, many: int = 1) -> None:
        """Another rule of the same listener, on blue."""
        for _ in range(many):
            number = len(self.rules) + 10
            weights = {self.shop.blue: 100, self.shop.green: 0}
            path = f"/{number}"
            self.rules.append(
                add_rule(self.bench.cloud.world, self.shop.listener, weights, path=path, priority=number)
            )
        self.bench.cloud.log.clear()

    def shift(self, percent: int, revision: str | None = None) -> Outcome:
        seen = self.forwarding.read().fingerprint if revision is None else revision
        self.bench.cloud.log.clear()
        return self.forwarding.shift(self.sides, percent, seen)

    def green(self) -> list[int | None]:
        """The truth: green's share under each rule."""
        return list(self.forwarding.read().shares(self.sides))


@contextmanager
def before_each_write(scene: Scene, do: Callable[[str], Any]) -> Iterator[None]:
    """Call this with the ARN of each rule before it is written; what it returns is the answer in AWS's place."""
    def called(params: dict[str, Any], **_: Any) -> Any:
        return do(params["body"]["RuleArn"])

    events = scene.sessions.client(HERE, "elbv2", writes=True).meta.events
    events.register("before-call.elbv2.ModifyRule", called)
    try:
        yield
    finally:
        events.unregister("before-call.elbv2.ModifyRule", called)


@contextmanager
def refusing(scene: Scene, *rules: str, passed: Sequence[str] = ()) -> Iterator[None]:
    """Writes of these rules are throttled; those in `passed` go through once before."""
    left = list(passed)
    error = {"Code": "Throttling", "Message": "Rate exceeded"}
    refusal = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "q"}}

    def refuse(rule: str) -> Any:
        if rule in left:
            left.remove(rule)
            return None
        return (type("Http", (), {"status_code": 400})(), refusal) if rule in rules else None

    with before_each_write(scene, refuse):
        yield


@contextmanager
def losing(scene: Scene, rule: str, how: str) -> Iterator[None]:
    """A write of this rule is applied and its answer lost, or cut in half."""
    def lose(asked: str) -> None:
        if asked == rule:
            getattr(scene.bench.cloud.knobs, how)(RULE)

    with before_each_write(scene, lose):
        yield


@pytest.fixture
def scene(served: Cloud, sessions: Sessions) -> Scene:
    return Scene(EcsBench(served, sessions, CloudClock(served)), sessions)


def test_login_order_stickiness_and_other_groups_stay(scene: Scene) -> None:
    """A weight is two numbers in a list that is replaced whole: all the rest is there afterwards."""
    other = add_group(scene.bench.cloud.world, "shop-other")
    rule = forward({scene.shop.blue: 1, other: 0})
    rule["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 600}
    scene.bench.modify([LOGIN, rule | {"Order": 2}])
    assert scene.shift(10).state == "done"
    asked = scene.bench.written()[0].parameters["Actions"]
    assert asked[0]["AuthenticateOidcConfig"]["UseExistingClientSecret"] is True
    assert "ClientSecret" not in asked[0]["AuthenticateOidcConfig"]
    login, moved = scene.bench.actions()
    assert {**login["AuthenticateOidcConfig"], "ClientSecret": "hidden"}.items() >= \
        LOGIN["AuthenticateOidcConfig"].items()  # type: ignore[attr-defined]  # the table holds more than one kind
    assert (login["Order"], moved["Order"]) == (1, 2)
    assert moved["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 600}
    assert scene.bench.weights() == {scene.shop.blue: 90, other: 0, scene.shop.green: 10}


def test_a_listener_can_be_named_in_place_of_a_rule(scene: Scene) -> None:
    """What a listener does by default is moved by ModifyListener, together with the rules."""
    scene.rules.append(scene.bench.second_listener())
    outcome = scene.shift(25)
    assert (outcome.state, outcome.text) == ("done", "v1: 75 %, v2: 25 %")
    assert scene.green() == [25, 25]
    assert [len(scene.bench.cloud.log.of(name)) for name in (RULE, LISTENER)] == [1, 1]
    asked = scene.bench.cloud.log.of(LISTENER)[0].parameters
    assert asked.keys() == {"ListenerArn", "DefaultActions"}  # its certificates and port are not ours


def test_a_step_is_two_reads_and_a_write_a_rule(scene: Scene) -> None:
    """Read before, write, read back: the revision that it leaves is the one of the next look."""
    scene.more(2)
    outcome = scene.shift(50)
    log = scene.bench.cloud.log
    assert (log.count("elbv2:DescribeRules"), log.count(RULE)) == (2, 3)
    assert outcome.revision == scene.forwarding.read().fingerprint and outcome.request_id


def test_rules_are_written_in_the_order_of_the_configuration(scene: Scene) -> None:
    """The same one first each time: what a write in pieces leaves can be foreseen."""
    scene.more(2)
    scene.rules.reverse()
    scene.shift(10)
    assert [entry.parameters["RuleArn"] for entry in scene.bench.written()] == scene.rules


def test_a_raise_that_fails_takes_back_what_was_raised(scene: Scene) -> None:
    """Two rules are up when the third is refused: both go back as they were, and it says so."""
    scene.more(2)
    before = [scene.bench.actions(rule) for rule in scene.rules]
    with refusing(scene, scene.rules[2]):
        outcome = scene.shift(10)
    assert outcome.state == "failed" and "2 raised before went back" in outcome.text and "Throttling" in outcome.text
    assert scene.green() == [0, 0, 0] and [scene.bench.actions(rule) for rule in scene.rules] == before
    order = [entry.parameters["RuleArn"] for entry in scene.bench.written()]
    assert order == [scene.rules[0], scene.rules[1], scene.rules[1], scene.rules[0]]


def test_what_a_raise_lowered_is_not_raised_again(scene: Scene) -> None:
    """Over rules that do not agree one goes down and one up: the raise is refused, the one that went down stays."""
    scene.more()
    scene.bench.edit({"v1": 50, "v2": 50})
    with refusing(scene, scene.rules[1]):
        outcome = scene.shift(10)
    assert outcome.state == "failed" and scene.green() == [10, 0]


def test_a_raise_that_cannot_be_taken_back_is_unknown(scene: Scene) -> None:
    """Half up and stuck there is said with both reasons; the next look shows a mix."""
    scene.more()
    with refusing(scene, *scene.rules, passed=scene.rules[:1]):
        outcome = scene.shift(10)
    assert outcome.state == "unknown" and "1 could not be taken back" in outcome.text
    assert scene.forwarding.read().mix(scene.sides) == (10, 0)


@pytest.mark.parametrize("how", ["lost_reply", "truncate_reply"])
def test_a_lost_answer_in_a_raise_stops_it_where_it_is(scene: Scene, how: str) -> None:
    """The second rule is raised, nobody knows: no third one, nothing twice, nothing undone. Once more finishes it."""
    scene.more(2)
    with losing(scene, scene.rules[1], how):
        outcome = scene.shift(10)
    assert outcome.state == "unknown" and outcome.text.startswith("1 of 2 rules stand as asked; rule ")
    assert scene.bench.cloud.log.count(RULE) == 2 and scene.green() == [10, 10, 0]
    assert scene.shift(10).state == "done" and scene.green() == [10, 10, 10]


def test_a_way_down_goes_on_with_the_others(scene: Scene) -> None:
    """PipeCD 5280: one rule that refuses must not leave the others up. Each that failed is named."""
    scene.more(2)
    scene.shift(50)
    with refusing(scene, scene.rules[0]):
        outcome = scene.shift(0)
    assert outcome.state == "unknown" and outcome.text.startswith("2 of 3 rules stand as asked; rule ")
    assert "Throttling" in outcome.text and scene.green() == [50, 0, 0]
    assert scene.shift(0).state == "done" and scene.green() == [0, 0, 0]


def test_a_way_down_of_which_nothing_came_has_failed(scene: Scene) -> None:
    """Where every rule was surely refused nothing changed, and it says so."""
    scene.more()
    scene.shift(50)
    scene.bench.cloud.knobs.throttle(RULE)
    assert scene.shift(0).state == "failed" and scene.green() == [50, 50]
    assert scene.bench.cloud.log.refused[RULE] == 2


@pytest.mark.parametrize("change", ["weight", "stickiness"])
def test_what_somebody_changed_since_the_look_stands(scene: Scene, change: str) -> None:
    """AWS would take any list: the comparison is ours, and it is of everything in the rules."""
    scene.more()
    seen = scene.forwarding.read().fingerprint
    action = forward({scene.shop.blue: 30, scene.shop.green: 70})
    if change == "stickiness":
        action = forward({scene.shop.blue: 100, scene.shop.green: 0})
        action["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 60}
    scene.bench.modify([action], scene.rules[1])
    outcome = scene.shift(10, seen)
    assert outcome.state == "failed" and "somebody changed the listener rules" in outcome.text
    assert scene.bench.cloud.log.count(RULE) == 0


def test_a_shift_that_stands_already_is_done_without_a_write(scene: Scene) -> None:
    """The same shift with the revision of the look before: what it asked for is there, whoever wrote it."""
    scene.more()
    seen = scene.forwarding.read().fingerprint
    assert scene.shift(10, seen).state == "done"
    again = scene.shift(10, seen)
    assert (again.state, again.text) == ("done", "it stands already: v1: 90 %, v2: 10 %")
    assert scene.bench.written() == []


def test_a_group_of_others_with_weight_is_not_written_over(scene: Scene) -> None:
    """Their share would change with ours: it is named, and nothing is written."""
    other = add_group(scene.bench.cloud.world, "shop-other")
    scene.bench.modify([forward({scene.shop.blue: 80, other: 20})])
    with pytest.raises(TargetError, match="give shop-other weight, which is not ours"):
        scene.shift(0)
    scene.bench.modify([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])
    with pytest.raises(TargetError, match="does not forward to target groups"):
        scene.shift(0)
    assert scene.bench.cloud.log.count(RULE) == 0


def test_an_answer_with_other_weights_is_no_success(scene: Scene) -> None:
    """Argo 1294: what AWS shows is compared with what was asked, and both are told."""
    actions = [forward({scene.shop.blue: 100, scene.shop.green: 0})]
    reply = {"Rules": [{"RuleArn": scene.shop.rule, "Actions": actions}], "ResponseMetadata": {"RequestId": "q"}}
    seen = scene.forwarding.read().fingerprint
    with answers(scene.sessions, "elbv2", "ModifyRule", reply):
        outcome = scene.shift(10, seen)
    assert (outcome.state, outcome.request_id) == ("unknown", "q")
    assert "other weights than were asked for: shop-blue 100, shop-green 0" in outcome.text


def test_a_read_back_that_shows_something_else_is_no_success(scene: Scene) -> None:
    """AWS said yes and shows another split: nobody knows which holds, and it says what was seen."""
    actions = [forward({scene.shop.blue: 60, scene.shop.green: 40})]
    asked = [forward({scene.shop.blue: 90, scene.shop.green: 10})]
    reply = {"Rules": [{"RuleArn": scene.shop.rule, "Actions": asked}], "ResponseMetadata": {"RequestId": "q"}}
    edited = {"Rules": [{"RuleArn": scene.shop.rule, "Actions": actions}]}
    first = {"Rules": [{"RuleArn": scene.shop.rule, "Actions": scene.bench.actions()}]}
    seen = scene.forwarding.read().fingerprint
    with answers(scene.sessions, "elbv2", "DescribeRules", first, edited), answers(
        scene.sessions, "elbv2", "ModifyRule", reply
    ):
        outcome = scene.forwarding.shift(scene.sides, 10, seen)
    assert (outcome.state, outcome.text) == ("unknown", "asked for 10 % on v2, AWS shows v1: 60 %, v2: 40 %")


def test_a_read_back_that_fails_leaves_the_answers(scene: Scene) -> None:
    """Each write was answered with its new weights: a read that AWS refuses then takes nothing back."""
    seen = scene.forwarding.read()
    first = {"Rules": [{"RuleArn": scene.shop.rule, "Actions": scene.bench.actions()}]}
    with answers(scene.sessions, "elbv2", "DescribeRules", first, ConnectionError()):
        outcome = scene.forwarding.shift(scene.sides, 10, seen.fingerprint)
    assert outcome.state == "done" and outcome.revision == scene.forwarding.read().fingerprint


# --- reading


def test_rules_of_many_are_read_by_twenty(scene: Scene) -> None:
    """21 rules and a listener are three calls; each is found under its ARN."""
    scene.more(20)
    scene.rules.append(scene.bench.second_listener())
    scene.bench.cloud.log.clear()
    assert rules_of(scene.calls, scene.rules).shares(scene.sides) == (0,) * 22
    log = scene.bench.cloud.log
    assert (log.count("elbv2:DescribeRules"), log.count("elbv2:DescribeListeners")) == (2, 1)


def test_one_rule_that_is_gone_does_not_hide_the_others(scene: Scene) -> None:
    """AWS refuses a whole call for one unknown ARN: then each is asked for by itself, and one is missing."""
    gone = f"{scene.shop.rule[:-4]}0000"
    found = read_rules(scene.calls, [scene.shop.rule, gone])
    assert isinstance(found[gone], TargetError) and not isinstance(found[scene.shop.rule], TargetError)
    with pytest.raises(TargetError, match="RuleNotFound"):
        rules_of(scene.calls, [scene.shop.rule, gone])


def test_a_listener_with_more_rules_than_a_page_is_read_whole(scene: Scene) -> None:
    """Argo 2569: what stands on the second page counts as much."""
    scene.more(60)
    scene.bench.cloud.log.clear()
    found = {rule.arn for rule in rules_behind(scene.calls, scene.shop.listener)}
    assert found >= set(scene.rules) and len(found) == 62  # and the default one
    assert scene.bench.cloud.log.count("elbv2:DescribeRules") == 2


def test_pages_without_end_are_not_followed_for_ever(scene: Scene) -> None:
    """A marker that comes again and again ends in an error."""
    page = {"Rules": [], "NextMarker": "again", "ResponseMetadata": {}}
    with answers(scene.sessions, "elbv2", "DescribeRules", page) as asked:
        with pytest.raises(TargetError, match=f"did not end after {MOST_PAGES} pages"):
            rules_behind(scene.calls, scene.shop.listener)
        assert len(asked) == MOST_PAGES


# --- attaching


def test_a_group_is_attached_with_weight_0_where_it_is_missing(scene: Scene) -> None:
    """Only the rule that lacks it is written; every share is as it was. Once more writes nothing."""
    scene.more()
    scene.bench.modify([{"Type": "forward", "TargetGroupArn": scene.shop.blue}], scene.rules[1])
    seen = scene.forwarding.read().fingerprint
    attached = scene.forwarding.attach([scene.shop.blue, scene.shop.green], seen)
    assert attached.written and scene.bench.weights(scene.rules[1]) == {scene.shop.blue: 100, scene.shop.green: 0}
    assert [entry.parameters["RuleArn"] for entry in scene.bench.written()] == [scene.rules[1]]
    assert scene.green() == [0, 0]
    again = scene.forwarding.attach([scene.shop.blue, scene.shop.green], "whatever")
    assert not again.written and len(scene.bench.written()) == 1


@pytest.mark.parametrize("actions", ["edited", "no forward"])
def test_nothing_is_attached_to_rules_that_are_not_as_seen(scene: Scene, actions: str) -> None:
    """Attaching is a write like any other: compared first, refused where it cannot be."""
    scene.bench.modify([{"Type": "forward", "TargetGroupArn": scene.shop.blue}])
    seen = scene.forwarding.read().fingerprint
    word = "somebody changed"
    if actions == "edited":
        scene.bench.modify([forward({scene.shop.green: 1})])
    else:
        scene.bench.modify([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])
        seen, word = scene.forwarding.read().fingerprint, "does not forward"
    with pytest.raises(TargetError, match=word):
        scene.forwarding.attach([scene.shop.blue, scene.shop.green], seen)
    assert scene.bench.written() == []


def test_a_group_that_is_not_shown_afterwards_is_told(scene: Scene) -> None:
    """AWS took the write and shows the rule without it: nobody would check its targets, so nothing is launched."""
    plain = [{"Type": "forward", "TargetGroupArn": scene.shop.blue}]
    scene.bench.modify(plain)
    seen = scene.forwarding.read().fingerprint
    reply = {"Rules": [{"RuleArn": scene.shop.rule, "Actions": plain}]}
    with answers(scene.sessions, "elbv2", "DescribeRules", reply), pytest.raises(TargetError, match="does not show"):
        scene.forwarding.attach([scene.shop.blue, scene.shop.green], seen)
