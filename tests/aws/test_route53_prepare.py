"""What the look at a requested rollout finds out about two weighted record sets."""

from typing import Any

import pytest

from aws.route53 import Route53Target
from aws.route53_facts import records
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.seed_edge import DOMAIN, SITE, ZONE
from rollout.errors import NotFound, Refused, TargetError
from rollout.release import Check
from tests.aws.bench import CloudClock
from tests.aws.route53_bench import SETTINGS, Route53Bench


@pytest.fixture
def edge(served: Cloud, sessions: Sessions) -> Route53Bench:
    """The app edge, blue on 100, green on 0, and nothing else in the cloud."""
    return Route53Bench(served, sessions, CloudClock(served))


def checks(edge: Route53Bench, wanted: str = "") -> dict[str, Check]:
    return {check.name: check for check in edge.driver.prepare(edge.requested(wanted)).checks}


def replace(edge: Route53Bench, console: Any, *rows: dict[str, Any]) -> None:
    """These rows stand in place of all record sets of the name."""
    changes = [{"Action": "DELETE", "ResourceRecordSet": row} for row in edge.rows()]
    changes += [{"Action": "CREATE", "ResourceRecordSet": row} for row in rows]
    console("route53").change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": changes})


@pytest.mark.parametrize("wanted", ["", "latest", "green"])
def test_the_other_record_set_is_pinned_with_what_it_leads_to(edge: Route53Bench, wanted: str) -> None:
    """A release is a SetIdentifier and the record's value; preparing writes nothing and keeps the rows as they were."""
    prepared = edge.driver.prepare(edge.requested(wanted))
    assert (prepared.stable.id, prepared.candidate.id) == ("blue", "green")
    assert prepared.candidate.pinned == {"value": "green-edge.eu-central-1.elb.amazonaws.com"}
    assert prepared.diff[0] == f"{SITE} CNAME: blue → green" and "green-edge" in prepared.diff[1]
    assert prepared.snapshot["records"] == edge.rows()
    assert edge.cloud.log.applied == []


def test_after_a_rollout_the_way_back_is_prepared_the_same(edge: Route53Bench) -> None:
    """Green serves: blue is what comes next, and what is in the settings as blue means nothing more than a name."""
    edge.edit({"blue": 0, "green": 100})
    prepared = edge.driver.prepare(edge.requested())
    assert (prepared.stable.id, prepared.candidate.id) == ("green", "blue")


def test_the_served_release_again_is_refused(edge: Route53Bench) -> None:
    """Sending everybody where they are already is a refusal that names it."""
    with pytest.raises(Refused, match="already serves blue"):
        edge.driver.prepare(edge.requested("blue"))


def test_an_unknown_record_set_is_not_found(edge: Route53Bench) -> None:
    """It is refused with those that exist."""
    with pytest.raises(NotFound) as caught:
        edge.driver.prepare(edge.requested("teal"))
    assert "has no record teal" in caught.value.fact and caught.value.hint == "it has blue, green"


def test_a_zone_that_is_gone_names_the_zone(edge: Route53Bench) -> None:
    """A wrong id in the configuration is told apart from a missing permission."""
    with pytest.raises(TargetError, match="NoSuchHostedZone") as caught:
        edge.driver.prepare(edge.requested(zone="Z0GONE"))
    assert caught.value.kind == "absent"


def test_records_that_cannot_carry_a_rollout_are_refused(edge: Route53Bench, console: Any) -> None:
    """None, a plain one, one of two, three: each with what was found."""
    one, _ = edge.rows()
    edge.add("teal", 5)
    with pytest.raises(Refused, match="blue with weight 100, green with weight 0, teal with weight 5"):
        edge.driver.prepare(edge.requested())
    replace(edge, console, one)
    with pytest.raises(Refused, match=r"has no record green\. it has blue with weight 100"):
        edge.driver.prepare(edge.requested())
    replace(edge, console, {key: one[key] for key in ("Name", "Type", "TTL", "ResourceRecords")})
    with pytest.raises(Refused, match="is not weighted: simple"):
        edge.driver.prepare(edge.requested())
    replace(edge, console)
    with pytest.raises(Refused, match=f"{SITE} has no CNAME record in zone {ZONE}"):
        edge.driver.prepare(edge.requested())


def test_a_start_needs_one_side_with_everything(edge: Route53Bench) -> None:
    """Where nobody serves alone there is no stable side to go back to."""
    edge.edit({"blue": 0, "green": 0})
    with pytest.raises(Refused, match=r"both records of .* have weight 0"):
        edge.driver.prepare(edge.requested())
    edge.edit({"blue": 90, "green": 10})
    found = checks(edge)["split"]
    assert found.state == "fail" and "already split traffic: blue: 90 %" in found.text


def test_what_clients_need_to_follow_is_said(edge: Route53Bench) -> None:
    """TTL and propagation are said; different TTLs are warned of; one that no step can wait for refuses the start."""
    found = checks(edge)
    assert found["ttl"].state == "warn" and "up to 120 s" in found["ttl"].text and "slow" not in found
    for ttl, state in ((250, "warn"), (300, "fail")):
        edge.edit({"green": 0}, TTL=ttl)
        found = checks(edge)
        assert (found["ttls"].state, found["slow"].state) == ("warn", state)
        assert f"blue 60 s, green {ttl} s" in found["ttls"].text


def test_without_a_health_check_a_rollout_may_go_on_and_is_told(edge: Route53Bench, console: Any) -> None:
    """Not known sick is enough to raise, and preparing says that nothing vouches for that side."""
    blue, green = edge.rows()
    replace(edge, console, blue, {key: value for key, value in green.items() if key != "HealthCheckId"})
    assert "nothing vouches for green" in checks(edge)["health"].text and checks(edge)["health"].state == "warn"
    seen = edge.seen()
    assert seen.candidate.bears(100) and "not known sick" in seen.candidate.text
    assert edge.driver.prepare(edge.requested()).candidate.id == "green"


def test_an_alias_keeps_its_target_and_what_nobody_here_knows() -> None:
    """Only the weight is ours: an alias' target and a field of tomorrow go back as they came."""
    target = {"HostedZoneId": "Z1", "DNSName": "green.elb.amazonaws.com.", "EvaluateTargetHealth": True}
    row = {"Name": "a.b.", "Type": "A", "SetIdentifier": "green", "Weight": 0, "AliasTarget": target, "New": {"a": 1}}
    found = records([row]).weighing({"green": 7})
    assert list(found.rows) == [{**row, "Weight": 7}]
    assert found.sets["green"].leads_to == "green.elb.amazonaws.com (alias)" and found.ttl == 60


def test_a_health_that_route_53_keeps_to_itself_is_said(edge: Route53Bench, console: Any) -> None:
    """EvaluateTargetHealth sends clients elsewhere whatever the weights say."""
    target = {"HostedZoneId": ZONE, "DNSName": f"mail.{DOMAIN}", "EvaluateTargetHealth": True}
    rows = [{**row, "Type": "A", "AliasTarget": target} for row in edge.rows()]
    replace(edge, console, *[{k: v for k, v in row.items() if k not in ("TTL", "ResourceRecords")} for row in rows])
    found = {check.name: check for check in edge.driver.prepare(edge.requested(type="A")).checks}
    assert "blue and green" in found["targets"].text and found["targets"].state == "warn"
    assert "both lead to" in found["places"].text


def test_a_sick_candidate_is_refused_a_sick_stable_is_left(edge: Route53Bench) -> None:
    """Nobody is sent to a side known sick; that the old one is sick is a reason to go."""
    for stack, side, state in (("green", "candidate", "fail"), ("blue", "stable", "warn")):
        edge.cloud.knobs.sick_check(stack)
        edge.cloud.step(120)
        assert checks(edge)[side].state == state
        edge.cloud.knobs.sick_check(stack, on=False)
        edge.cloud.step(120)


def test_a_health_check_that_tells_nothing_is_refused(edge: Route53Bench, console: Any) -> None:
    """Disabled, Route 53 takes it for healthy: nobody would notice a side that is down."""
    console("route53").update_health_check(HealthCheckId=edge.edge.checks["green"], Disabled=True)
    found = checks(edge)["candidate"]
    assert found.state == "fail" and "is disabled" in found.text


def test_examine_finds_what_a_rollout_would_meet(edge: Route53Bench) -> None:
    """What serves and what would come; a split is a warning, for a live rollout of ours looks the same."""
    target = Route53Target.model_validate(SETTINGS)
    found = {check.name: check for check in edge.driver.examine(target)}
    assert found["names"].text == f"{SITE} CNAME, zone {ZONE}: blue: 100 %; green would come next"
    edge.edit({"blue": 50, "green": 50})
    found = {check.name: check for check in edge.driver.examine(target)}
    assert found["split"].state == "warn" and edge.cloud.log.applied == []
