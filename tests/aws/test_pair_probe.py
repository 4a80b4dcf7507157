"""Trying the new release before it has traffic, with both drivers of two sides: where, what came of it, when not."""

import socket
import time
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import ValidationError

from aws.driver import needed
from aws.ecs_target import EcsTarget
from aws.pair_probe import Probes, Question
from aws.probe import Answered, Unanswered
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import forward, perform
from demo.cloud.seed_shop import BLUE, GREEN
from rollout.actions import Launch, Shift
from rollout.ask import Ask
from rollout.machine import apply
from rollout.model import Phase, Rollout
from rollout.seen import Trial
from tests.aws.bench import CloudClock
from tests.aws.ec2_bench import Ec2Bench
from tests.aws.ecs_bench import RULE, EcsBench
from tests.aws.lines import serving
from tests.aws.pair_bench import PairBench
from tests.aws.stage import ANA, PairStage, ended
from tests.rollout.scene import EVA

BENCHES = {"ecs": EcsBench, "ec2": Ec2Bench}
BLUEGREEN = "0%, approve, 100%"


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest, served: Cloud, sessions: Sessions) -> PairBench:
    """Each of the two kinds."""
    return BENCHES[request.param](served, sessions, CloudClock(served))


@pytest.fixture
def shop(served: Cloud, sessions: Sessions) -> EcsBench:
    return EcsBench(served, sessions, CloudClock(served))


def asking(bench: PairBench, **test: Any) -> None:
    """From now on its test address is checked: that of the demo's cloud unless told otherwise."""
    bench.settings = {**bench.settings, "test": {"url": f"{bench.cloud.endpoint_url}/__test/{bench.app}/", **test}}


def trial(bench: PairBench, rollout: Rollout) -> Trial:
    """What a look finds at the address."""
    found = bench.seen(rollout).trial
    assert found is not None
    return found


# --- where


def test_the_address_is_found_at_the_start_and_kept(bench: PairBench) -> None:
    """Of listener, rule and load balancer, by one call that a look need not repeat."""
    name = f"{bench.app}-1.eu-central-1.elb.amazonaws.com"
    url = f"http://{name}:9000/"
    rollout = bench.launched()
    assert rollout.snapshot["test"] == {"url": url, "via": name}
    bench.cloud.log.clear()
    assert trial(bench, rollout) == Trial(url=url, state="unasked")
    assert "elbv2:DescribeLoadBalancers" not in bench.cloud.log.reads


def test_without_a_test_rule_there_is_no_address_and_no_question_for_it(shop: EcsBench) -> None:
    """Nothing on the card, and the permission for the load balancer's name is not asked for."""
    missing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    shop.modify([missing], shop.settings["test_rule"])
    name = "elasticloadbalancing:DescribeLoadBalancers"
    assert name in needed(type(shop.driver), shop.driver.Target.model_validate(shop.settings))
    shop.settings = {**shop.settings, "test_rule": ""}
    assert name not in needed(type(shop.driver), shop.driver.Target.model_validate(shop.settings))
    assert shop.seen(shop.launched()).trial is None
    assert "elbv2:DescribeLoadBalancers" not in shop.cloud.log.reads


@pytest.mark.parametrize(
    ("phase", "percent", "back"),
    [(Phase.ROLLING_BACK, 0, False), (Phase.STUCK, 0, False), (Phase.STEPPING, 10, False), (Phase.STEPPING, 0, True)],
)
def test_only_on_the_way_up_at_nothing(shop: EcsBench, phase: Phase, percent: int, back: bool) -> None:
    """With traffic, on a way down, and on the way back to what served before nothing is shown and nothing asked."""
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as heard:
        asking(shop, url=heard.url)
        up = shop.launched()
        assert trial(shop, up).state == "passed"
        if percent:
            assert shop.do(up, Shift(percent=percent)).state == "done"
        many = len(heard.requests)
        assert shop.seen(up.but(phase=phase, back=back)).trial is None
    assert len(heard.requests) == many == 2


# --- what came of it


def test_one_question_a_look_once_something_is_healthy(shop: EcsBench) -> None:
    """Nothing is asked while the release comes up: `waiting`, which is no evidence. Then one GET for each look."""
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as heard:
        asking(shop, url=heard.url)
        rollout = shop.looked(shop.accepted())
        assert rollout.seen is not None and rollout.seen.trial == Trial(url=heard.url, asked=heard.url, state="waiting")
        assert heard.requests == []
        up = shop.launched()
        assert len(heard.requests) == 1
        found = trial(shop, up)
    assert len(heard.requests) == 2 and (found.state, found.misses) == ("passed", 0)
    assert found.text.startswith("200 in ") and found.text.endswith(" ms")


def test_the_release_behind_the_rule_answers(shop: EcsBench) -> None:
    """The demo's address says what its release would; a knob says 503; looks in a row are counted, and forgotten."""
    asking(shop)
    rollout = shop.launched()
    assert trial(shop, rollout).state == "passed"
    shop.cloud.knobs.test_answers(shop.app)
    for misses in (1, 2, 3, 4):
        rollout = shop.looked(rollout)
        assert rollout.seen is not None and rollout.seen.trial is not None
        found = rollout.seen.trial
        assert (found.state, found.text, found.misses) == ("failed", "503 instead of 200", misses)
    shop.cloud.knobs.test_answers(shop.app, None)
    rollout = shop.looked(rollout)
    shop.cloud.knobs.test_answers(shop.app, 404)
    assert trial(shop, rollout).misses == 1


def test_another_status_may_be_the_wanted_one(shop: EcsBench) -> None:
    """404 is fine where it is what the configuration wants; 200 is not, then."""
    asking(shop, status=404)
    shop.cloud.knobs.test_answers("shop", 404)
    rollout = shop.launched()
    assert trial(shop, rollout).text.startswith("404 in ")
    shop.cloud.knobs.test_answers("shop", 200)
    assert trial(shop, rollout).text == "200 instead of 404"


def test_too_slow_is_a_wrong_answer_with_both_values(shop: EcsBench) -> None:
    """The right status after the limit."""

    def slow(line: socket.socket) -> None:
        time.sleep(0.05)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serving(slow) as heard:
        asking(shop, url=heard.url, latency="20ms")
        found = trial(shop, shop.launched())
    assert found.state == "failed" and found.text.endswith(" ms, limit 20ms") and found.text.startswith("200 in ")


def test_what_cannot_be_reached_says_nothing_of_the_release(shop: EcsBench) -> None:
    """A closed port is no miss, and it ends a row of them."""
    with serving(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n") as heard:
        asking(shop, url=heard.url)
        rollout = shop.launched()
        assert rollout.seen is not None and rollout.seen.trial is not None and rollout.seen.trial.misses == 1
    found = trial(shop, rollout)
    assert (found.state, found.text, found.misses) == ("unreachable", "no connection", 0)


@pytest.mark.parametrize("leads", ["blue", "both", "nowhere"])
def test_a_rule_that_leads_elsewhere_is_not_asked(shop: EcsBench, leads: str) -> None:
    """Somebody moved it while it was tried: 200 of the old release is no evidence for the new one."""
    asking(shop)
    rollout = shop.launched()
    blue, green = shop.shop.blue, shop.shop.green
    missing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    actions = {"blue": forward({blue: 1}), "both": forward({blue: 1, green: 1}), "nowhere": missing}
    shop.modify([actions[leads]], shop.shop.test_rule)
    found = trial(shop, rollout)
    assert found.state == "elsewhere"
    assert found.text == f"the test rule sends to {'nobody' if leads == 'nowhere' else 'v1'}"


def test_a_test_rule_that_cannot_be_read_blinds_nobody(shop: EcsBench) -> None:
    """It was deleted: the look is whole, and the address is not believed."""
    asking(shop)
    rollout = shop.launched()
    settings = {**rollout.terms.settings, "test_rule": f"{shop.shop.test_rule[:-4]}0000"}
    seen = shop.seen(rollout.but(terms=rollout.terms.model_copy(update={"settings": settings})))
    assert seen.percent == 0 and seen.candidate.state == "healthy"
    assert seen.trial is not None and seen.trial.state == "elsewhere" and "could not be read" in seen.trial.text


# --- the rule follows the sides


def test_a_launch_lets_the_test_rule_send_to_the_new_side(bench: PairBench) -> None:
    """The sides change places at every rollout: a rule that stayed would show the old release as the new one."""
    blue, green = bench.groups[bench.stable], bench.groups[bench.candidate]
    rule = bench.settings["test_rule"]
    bench.modify([forward({blue: 1})], rule)
    rollout = bench.looked(bench.accepted())
    outcome = bench.do(rollout, Launch(release=bench.candidate))
    assert outcome.state == "done" and f"the test rule sends to {bench.candidate}" in outcome.text
    assert bench.weights(rule) == {blue: 0, green: 100}
    many = len(bench.cloud.log.of(RULE))
    bench.do(rollout, Launch(release=bench.candidate))
    assert len(bench.cloud.log.of(RULE)) == many == 1


def test_a_test_rule_of_somebody_elses_stays(shop: EcsBench) -> None:
    """One that serves a third group is not ours to write; nor is any on a way back."""
    shop.edit({"v1": 100, "shop-other": 0})
    shop.modify([forward({shop.groups["shop-other"]: 1})], shop.shop.test_rule)
    check = next(one for one in shop.driver.prepare(shop.requested("v2")).checks if one.name == "test")
    assert check.state == "warn" and "forwards to shop-other too" in check.text
    assert shop.do(shop.looked(shop.accepted()), Launch(release="v2")).state == "done"
    assert RULE not in [entry.name for entry in shop.cloud.log.applied if shop.shop.test_rule in str(entry.parameters)]
    shop.modify([forward({shop.shop.blue: 1})], shop.shop.test_rule)
    shop.do(shop.looked(shop.accepted()).but(back=True), Launch(release="v2"))
    assert shop.weights(shop.shop.test_rule) == {shop.shop.blue: 1}


# --- whole rollouts


def test_bluegreen_twice(shop: EcsBench) -> None:
    """0 %, tried, approved, 100 %; and the same again on the other side, where the address leads to the new one."""
    asking(shop)
    stage = PairStage(shop)
    for wanted, side in (("v2", GREEN), ("v1", BLUE)):
        stage.start(wanted, BLUEGREEN)
        stage.until(lambda r: r.phase is Phase.WAITING)
        seen = stage.rollout.seen
        assert seen is not None and seen.trial is not None and seen.trial.state == "passed"
        assert shop.weights(shop.shop.test_rule)[shop.groups["v1" if side == BLUE else "v2"]] == 100
        stage.rollout = apply(stage.rollout, Ask(verb="approve", ref=1), EVA, stage.clock.now())
        assert stage.until(ended).phase is Phase.SUCCEEDED
        stage.rest()
    assert stage.lost() == (0, 0)


def test_a_wrong_answer_brings_it_back_at_the_third_look(shop: EcsBench) -> None:
    """Up and healthy for its target group, and wrong for who asks it: no request ever meets it."""
    asking(shop)
    shop.cloud.knobs.test_answers("shop")
    stage = PairStage(shop)
    for plan in (BLUEGREEN, "10% 1m, 100%"):
        stage.start("v2", plan)
        rollout = stage.until(ended)
        assert rollout.phase is Phase.ROLLED_BACK or rollout.phase is Phase.CANCELLED
        assert rollout.cause is not None and rollout.cause.kind == "sick" and rollout.peak == 0
        assert rollout.cause.text.endswith("/__test/shop/: 503 instead of 200 (3 looks)")
        assert RULE not in [entry.name for entry in stage.cloud.log.applied]
        stage.rest()


@pytest.mark.parametrize("wish", ["approve", "promote"])
def test_nothing_rises_out_of_0_while_it_cannot_be_tried(shop: EcsBench, wish: str) -> None:
    """S1: a person's yes is not the evidence; it goes on by itself when the address can be reached."""
    asking(shop)
    stage = PairStage(shop)
    stage.start("v2", BLUEGREEN if wish == "approve" else "0% 5m, 100%")
    stage.until(lambda r: r.phase is Phase.WAITING if wish == "approve" else bool(r.baked))
    shop.modify([forward({shop.shop.blue: 1})], shop.shop.test_rule)
    who = EVA if wish == "approve" else ANA
    asked = Ask(verb=wish, ref=1, bound=stage.rollout.bound)
    stage.rollout = apply(stage.rollout, asked, who, stage.clock.now())
    for _ in range(6):
        stage.look()
        stage.cloud.step(10)
    assert stage.rollout.live and stage.rollout.peak == 0 and shop.shares() == {"v1": 100}
    assert stage.rollout.phase is Phase.PAUSED and "sends to v1" in str(stage.rollout.cause)
    shop.modify([forward({shop.shop.green: 1})], shop.shop.test_rule)
    assert stage.until(ended).phase is Phase.SUCCEEDED


# --- many at once, and those that hang


def silence(line: socket.socket) -> None:
    """Until the other one gives up."""
    line.recv(1)


def test_many_are_asked_at_once_and_none_is_waited_for_longer() -> None:
    """Eight that never answer cost as long as one; one that answers is not lost among them."""
    with ExitStack() as stack:
        silent = [stack.enter_context(serving(silence)) for _ in range(8)]
        good = stack.enter_context(serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        questions = {n: Question(one.url, "", 0.3) for n, one in enumerate([*silent, good])}
        begun = time.monotonic()
        answers = Probes().ask(questions)
        took = time.monotonic() - begun
    assert answers.keys() == questions.keys() and isinstance(answers[8], Answered)
    assert all(answers[n] == Unanswered("no whole answer within 0.3 s") for n in range(8))
    assert took < 8 * 0.3


def test_one_that_hangs_is_left_behind_and_asked_once() -> None:
    """A header without an end keeps every single read in time: the look goes on, and no second one is begun."""
    def endless(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            line.sendall(b"x")
            time.sleep(0.02)

    probes = Probes()
    with serving(endless) as heard:
        question = {1: Question(heard.url, "", 0.1)}
        assert probes.ask(question) == {1: Unanswered("no whole answer within 0.1 s")}
        assert probes.ask(question) == {1: Unanswered("an earlier look still waits for one")}
        assert len(heard.requests) == 1


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"test": {"path": "/healthz"}, "test_rule": ""}, "there is no test_rule"),
        ({"test": {}}, "neither a path nor a url"),
        ({"test": {"path": "/", "url": "https://a.example.com/"}}, "both a path and a url"),
        ({"test": {"path": "healthz"}}, "begin it with /"),
        ({"test": {"path": "/a b"}}, "without spaces"),
        ({"test": {"url": "ftp://a.example.com/"}}, "no plain address"),
        ({"test": {"url": "https://a.example.com/#top"}}, "no plain address"),
        ({"test": {"url": "https:///x"}}, "no plain"),
        ({"test": {"url": "https://eva:hidden-1@a.example.com/"}}, "user name or a password"),
        ({"test": {"url": "https://hidden-1@a.example.com/"}}, "user name or a password"),
        ({"test": {"path": "/", "wait": "1s"}}, "Extra inputs"),
        ({"test": {"path": "/", "status": 99}}, "status"),
        ({"test": {"path": "/", "latency": 500}}, "not a duration"),
        ({"test": {"path": "/", "latency": "11s"}}, "at most 10s"),
        ({"test": {"url": f"https://a.example.com/{500 * 'x'}"}}, "no plain address"),
        ({"test": {"path": "/", "latency": "0s"}}, "more than nothing"),
        ({"test": {"path": "/", "latency": "fast"}}, "not a duration"),
    ],
)
def test_a_check_that_cannot_be_is_refused(shop: EcsBench, changes: dict[str, Any], why: str) -> None:
    """At the start of the bot, in words, and never with a password in them."""
    with pytest.raises(ValidationError, match=why) as caught:
        EcsTarget.model_validate({**shop.settings, **changes})
    told = " ".join(one["msg"] for one in caught.value.errors(include_input=False))
    assert "hidden" not in told


def test_a_check_travels_in_the_terms(shop: EcsBench) -> None:
    """What is stored with a rollout reads back as the same check."""
    asking(shop, latency="1500ms", status=204)
    target = EcsTarget.model_validate(shop.settings)
    stored = target.model_dump(mode="json")
    assert stored["test"]["latency"] == "1s500ms" and EcsTarget.model_validate(stored) == target


def test_a_path_the_rule_does_not_answer_is_refused_at_the_start(shop: EcsBench) -> None:
    """It would never be evidence: the address is behind another rule."""
    shop.settings = {**shop.settings, "test": {"path": "/healthz"}}
    assert not [one for one in shop.driver.prepare(shop.requested("v2")).checks if one.name == "test"]
    narrow(shop, "/try/*")
    check = next(one for one in shop.driver.prepare(shop.requested("v2")).checks if one.name == "test")
    assert check.state == "fail" and "does not answer the path /healthz" in check.text
    shop.settings = {**shop.settings, "test": {"path": "/try/healthz"}}
    prepared = shop.driver.prepare(shop.requested("v2"))
    assert not [one for one in prepared.checks if one.name == "test"]


def test_a_rule_without_an_address_is_told_and_refused_only_where_it_is_asked(shop: EcsBench) -> None:
    """No link is a warning; a check that could never pass is a refusal, with the way out."""
    narrow(shop, "/*.html")
    check = next(one for one in shop.driver.prepare(shop.requested("v2")).checks if one.name == "test")
    assert check.state == "warn" and "no address can be made" in check.text and "url" in check.hint
    shop.settings = {**shop.settings, "test": {"path": "/a.html"}}
    check = next(one for one in shop.driver.prepare(shop.requested("v2")).checks if one.name == "test")
    assert check.state == "fail"


def narrow(shop: EcsBench, pattern: str) -> None:
    """Give the test rule another path."""
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}]
    asked = {"RuleArn": shop.shop.test_rule, "Conditions": conditions, "Actions": shop.actions(shop.shop.test_rule)}
    perform(shop.cloud.world, "elbv2", "ModifyRule", asked)
