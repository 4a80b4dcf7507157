"""What the look at a requested rollout finds out about two weighted record sets."""

from typing import Any

import pytest
from moto.route53.models import route53_backends

from aws.route53 import Route53Target
from aws.route53_facts import Observations, Record, health, unwatched
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.calls import ACCOUNT
from demo.cloud.seed_edge import SITE, ZONE
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
    assert prepared.diff[0] == "record set blue → green" and "green-edge" in prepared.diff[1]
    assert {name: row["Weight"] for name, row in prepared.snapshot.items() if isinstance(row, dict)} == {
        "blue": 100, "green": 0,
    }  # fmt: skip
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
    assert "no record set teal" in caught.value.fact and caught.value.hint == "it has blue, green"


def test_a_zone_that_is_gone_names_the_zone(edge: Route53Bench) -> None:
    """A wrong id in the configuration is told apart from a missing permission."""
    with pytest.raises(TargetError, match="NoSuchHostedZone") as caught:
        edge.driver.prepare(edge.requested(zone="Z0GONE"))
    assert caught.value.kind == "absent"


def test_records_that_cannot_carry_a_rollout_are_refused(edge: Route53Bench, console: Any) -> None:
    """None, a plain one, one of two, three: each with what was found."""
    one, _ = edge.rows()
    edge.add("teal", 5)
    with pytest.raises(Refused, match=r"has blue \(weight 100\), green \(weight 0\), teal \(weight 5\)"):
        edge.driver.prepare(edge.requested())
    replace(edge, console, one)
    with pytest.raises(Refused, match=r"has blue \(weight 100\)"):
        edge.driver.prepare(edge.requested())
    replace(edge, console, {key: one[key] for key in ("Name", "Type", "TTL", "ResourceRecords")})
    with pytest.raises(Refused, match="is not weighted"):
        edge.driver.prepare(edge.requested())
    replace(edge, console)
    with pytest.raises(Refused, match=f"there is no CNAME {SITE} in zone {ZONE}"):
        edge.driver.prepare(edge.requested())


@pytest.mark.parametrize(("weights", "told"), [
    ({"blue": 0, "green": 0}, "weight 0"), ({"blue": 90, "green": 10}, "already splits traffic: blue: 90 %"),
])  # fmt: skip
def test_a_start_needs_one_side_with_everything(edge: Route53Bench, weights: dict[str, int], told: str) -> None:
    """Where nobody serves alone there is no stable side to go back to."""
    edge.edit(weights)
    found = checks(edge)["weights"]
    assert found.state == "fail" and told in found.text


def test_what_clients_need_to_follow_is_said(edge: Route53Bench) -> None:
    """60 s is said; longer is warned of; TTLs that differ make the real split another one."""
    assert checks(edge)["ttl"].state == "ok" and "up to 60 s" in checks(edge)["ttl"].text
    edge.edit({"green": 0}, TTL=300)
    ttl = [check for check in edge.driver.prepare(edge.requested()).checks if check.name == "ttl"]
    assert [check.state for check in ttl] == ["warn", "warn"]
    assert "blue 60 s, green 300 s" in ttl[0].text and "up to 300 s" in ttl[1].text


def test_without_a_health_check_a_rollout_may_go_on_and_is_told(edge: Route53Bench, console: Any) -> None:
    """Not known sick is enough to raise, and preparing says that nothing vouches for that side."""
    blue, green = edge.rows()
    replace(edge, console, blue, {key: value for key, value in green.items() if key != "HealthCheckId"})
    assert "nothing vouches for green" in checks(edge)["health"].text and checks(edge)["health"].state == "warn"
    seen = edge.seen()
    assert seen.candidate.bears(100) and "not known sick" in seen.candidate.text
    assert edge.driver.prepare(edge.requested()).candidate.id == "green"


def test_an_alias_that_follows_its_target_says_so() -> None:
    """EvaluateTargetHealth is a health that Route 53 keeps to itself."""
    target = {"HostedZoneId": "Z1", "DNSName": "green.elb.amazonaws.com.", "EvaluateTargetHealth": True}
    row = {"Name": "a.b.", "Type": "A", "SetIdentifier": "green", "Weight": 0, "AliasTarget": target, "New": {"a": 1}}
    record = Record.model_validate(row)
    assert "follows its target's health" in unwatched(record).text
    assert record.weighing(7) == {**row, "Weight": 7}


def test_a_sick_candidate_is_refused_a_sick_stable_is_left(edge: Route53Bench) -> None:
    """Nobody is sent to a side known sick; that the old one is sick is a reason to go."""
    edge.cloud.knobs.sick_check("green")
    assert checks(edge)["candidate"].state == "fail"
    edge.cloud.knobs.sick_check("green", on=False)
    edge.cloud.knobs.sick_check("blue")
    assert checks(edge)["stable"].state == "warn"


@pytest.mark.parametrize(("kept", "told"), [
    ({"inverted": True}, "inverted"), ({"disabled": True}, "disabled"), ({"type_": "CALCULATED"}, "type CALCULATED"),
])  # fmt: skip
def test_a_health_check_whose_checkers_do_not_tell_is_refused(
    edge: Route53Bench, kept: dict[str, Any], told: str
) -> None:
    """Read backwards it would send everybody to a side that is down."""
    check = route53_backends[ACCOUNT]["aws"].health_checks[edge.edge.checks["green"]]
    for name, value in kept.items():
        setattr(check, name, value)
    found = checks(edge)["health"]
    assert found.state == "fail" and told in found.text


@pytest.mark.parametrize(("well", "state"), [(0, "sick"), (1, "sick"), (2, "healthy"), (10, "healthy")])
def test_more_than_18_percent_of_the_checkers_decide(well: int, state: str) -> None:
    """One of ten is too few for Route 53, two are enough."""
    reports = ["Success: HTTP Status Code 200, OK"] * well + ["Failure: timeout"] * (10 - well)
    rows = [{"StatusReport": {"Status": report}} for report in reports]
    assert health("green", Observations.model_validate({"HealthCheckObservations": rows})).state == state


def test_no_report_is_no_knowledge() -> None:
    """A check that was made a second ago is neither healthy nor sick."""
    assert health("green", Observations.model_validate({"HealthCheckObservations": []})).state == "unknown"


def test_examine_finds_what_a_rollout_would_meet(edge: Route53Bench) -> None:
    """What serves and what would come; a split is a warning, for a live rollout of ours looks the same."""
    target = Route53Target.model_validate(SETTINGS)
    found = {check.name: check for check in edge.driver.examine(target)}
    assert found["names"].text == f"CNAME {SITE} in zone {ZONE}: blue: 100 %; green would come next"
    edge.edit({"blue": 50, "green": 50})
    found = {check.name: check for check in edge.driver.examine(target)}
    assert found["weights"].state == "warn" and edge.cloud.log.applied == []
