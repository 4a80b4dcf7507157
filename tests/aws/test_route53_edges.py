"""The driver `route53` where AWS's answers are many, missing or malformed: health in one call, rows that are none."""

from datetime import timedelta
from typing import Any

import pytest
from moto.route53.models import route53_backends

from aws.route53_facts import Mark, RecordSet, plain
from aws.route53_health import MOST_QUERIES, home, verdicts
from aws.sessions import Place, Sessions
from demo.cloud import Cloud
from demo.cloud.calls import ACCOUNT
from demo.cloud.seed_edge import GREEN
from rollout.actions import Shift
from rollout.errors import TargetError
from tests.aws.bench import CloudClock
from tests.aws.hooks import answers
from tests.aws.route53_bench import Route53Bench

LIST, METRICS = "route53:ListResourceRecordSets", "cloudwatch:GetMetricData"
ABROAD = Place("", "us-east-1")


@pytest.fixture
def edge(served: Cloud, sessions: Sessions) -> Route53Bench:
    return Route53Bench(served, sessions, CloudClock(served))


# --- health


def test_one_question_for_the_health_of_all(edge: Route53Bench) -> None:
    """Twenty rollouts of one place: a list each, and one call to CloudWatch, in the region where the metric is."""
    rollouts = [edge.rollout().but(id=number) for number in range(1, 21)]
    looks = edge.driver.observe(rollouts)
    assert {look.candidate.state for look in looks.values()} == {"healthy"}
    assert dict(edge.cloud.log.reads) == {LIST: 20, METRICS: 1}
    assert edge.cloud.log.count(METRICS, "us-east-1") == 1


def test_more_checks_than_one_call_takes(edge: Route53Bench) -> None:
    """CloudWatch takes 500 queries; the rest is a second call, and those that said nothing are left out."""
    checks = {f"none-{number:04}" for number in range(MOST_QUERIES)} | set(edge.edge.checks.values())
    told = verdicts(edge.sessions, Place("", "eu-central-1"), checks, edge.clock.now())
    assert told == dict.fromkeys(edge.edge.checks.values(), True)
    assert edge.cloud.log.count(METRICS) == 2


def test_the_newest_word_counts_over_all_pages(edge: Route53Bench) -> None:
    """A page that comes later may hold an older word; pages without end are a fault."""
    now = edge.clock.now()
    pages: list[dict[str, Any]] = [
        {"MetricDataResults": [{"Id": "h0", "Timestamps": [at], "Values": [value]}]}
        for at, value in ((now - timedelta(minutes=1), 0.0), (now - timedelta(minutes=4), 1.0))
    ]
    first = {**pages[0], "NextToken": "more"}
    with answers(edge.sessions, "cloudwatch", "GetMetricData", first, pages[1], place=ABROAD):
        assert verdicts(edge.sessions, ABROAD, ["one"], now) == {"one": False}
    with (
        answers(edge.sessions, "cloudwatch", "GetMetricData", first, place=ABROAD),
        pytest.raises(TargetError, match="did not end after 20 pages"),
    ):
        verdicts(edge.sessions, ABROAD, ["one"], now)


def test_a_check_that_fell_silent_is_not_known(edge: Route53Bench) -> None:
    """An old word is none: after five minutes without one the side is neither healthy nor sick."""
    for check in route53_backends[ACCOUNT]["aws"].health_checks.values():
        check.disabled = True
    edge.cloud.step(299)
    assert edge.seen().candidate.state == "healthy"
    edge.cloud.step(120)
    seen = edge.seen()
    assert seen.candidate.state == "unknown" and "told nothing for 5 min" in seen.candidate.text


@pytest.mark.parametrize(("region", "where"), [
    ("eu-central-1", "us-east-1"), ("cn-north-1", "cn-northwest-1"), ("us-gov-east-1", "us-gov-west-1"),
])  # fmt: skip
def test_the_metric_lies_where_its_partition_keeps_global_things(region: str, where: str) -> None:
    """A role of China cannot ask Virginia."""
    assert home(Place("role", region)) == Place("role", where)


# --- records


def test_a_name_that_is_gone_is_absent(edge: Route53Bench) -> None:
    """Both records deleted in the middle of a rollout: blind, with the name, and nothing is written."""
    looked = edge.looked()
    for row in edge.rows():
        changes = [{"Action": "DELETE", "ResourceRecordSet": row}]
        edge.cloud.knobs._perform(
            "route53", "ChangeResourceRecordSets",
            {"HostedZoneId": edge.edge.zone, "ChangeBatch": {"Changes": changes}},
        )  # fmt: skip
    with pytest.raises(TargetError, match=r"edge.example.test has no CNAME record in zone Z0") as caught:
        edge.driver.observe([edge.rollout()])
    assert caught.value.kind == "absent"
    outcome = edge.driver.perform(looked, Shift(percent=10), "k")
    assert outcome.state == "failed" and "has no CNAME record" in outcome.text


@pytest.mark.parametrize("row", [{"Weight": "much"}, {"TTL": "long"}, {"ResourceRecords": [{}]}])
def test_a_row_that_is_none_is_no_answer(edge: Route53Bench, row: dict[str, Any]) -> None:
    """Half an answer never reads as weights."""
    page = {
        "ResourceRecordSets": [{**edge.rows()[0], **row}], "IsTruncated": False, "MaxItems": "10",
        "ResponseMetadata": {},
    }  # fmt: skip
    with (
        answers(edge.sessions, "route53", "ListResourceRecordSets", page),
        pytest.raises(TargetError, match="was answered without a usable") as caught,
    ):
        edge.driver.observe([edge.rollout()])
    assert caught.value.kind == "transient"


def test_somebody_elses_third_record_is_not_written_over(edge: Route53Bench) -> None:
    """While it has weight our shares could not be what was asked for: refused, with what is there."""
    edge.add("teal", 10)
    outcome = edge.driver.perform(edge.looked(), Shift(percent=10), "k")
    assert outcome.state == "failed" and "teal is not ours to change" in outcome.text and edge.written() == 0
    edge.add("teal", 0)
    assert edge.driver.perform(edge.looked(), Shift(percent=10), "k").state == "done"
    assert edge.weights() == {"blue": 90, GREEN: 10, "teal": 0}


def test_the_batch_carries_the_key(edge: Route53Bench) -> None:
    """Whoever reads CloudTrail finds the rollout; the longest comment that AWS takes is never passed."""
    edge.driver.perform(edge.looked(), Shift(percent=10), "1/0/shift/10")
    edge.driver.perform(edge.looked(), Shift(percent=20), "9" * 300)
    first, second = (one.parameters["ChangeBatch"]["Comment"] for one in edge.cloud.log.of(
        "route53:ChangeResourceRecordSets"))  # fmt: skip
    assert first == "tidegate 1/0/shift/10" and len(second) == 256


# --- facts


@pytest.mark.parametrize("mark", [Mark("f"), Mark("f", change="C1"), Mark("f", until=1_767_614_470)])
def test_a_mark_survives_the_ledger(mark: Mark) -> None:
    """What a look leaves for the next one is read back as it was."""
    assert Mark.parse(str(mark)) == mark


def test_a_clock_that_was_set_back_makes_no_wait_endless(edge: Route53Bench) -> None:
    """The wait begins anew, once, and is as long as it ever is."""
    now = edge.clock.now()
    mark = Mark("f").waiting(now + timedelta(days=1), 120).later(now, 120)
    assert mark.until == int(now.timestamp()) + 120
    assert mark.later(now + timedelta(seconds=119), 120) == mark
    assert mark.later(now + timedelta(seconds=120), 120).settled


@pytest.mark.parametrize(("fields", "policy"), [
    ({}, "simple"), ({"SetIdentifier": "x", "Weight": 0}, "weighted"),
    ({"SetIdentifier": "x", "Region": "eu-west-1"}, "latency"),
    ({"SetIdentifier": "x", "Failover": "PRIMARY"}, "failover"),
    ({"SetIdentifier": "x", "GeoLocation": {"CountryCode": "DE"}}, "geolocation"),
    ({"SetIdentifier": "x", "MultiValueAnswer": True}, "multivalue"), ({"SetIdentifier": "x"}, "other"),
    ({"SetIdentifier": "x", "Weight": 1, "TrafficPolicyInstanceId": "t"}, "made by a traffic policy"),
])  # fmt: skip
def test_what_is_not_weighted_is_named(fields: dict[str, Any], policy: str) -> None:
    """A refusal says what the record is instead; one made by a traffic policy only looks weighted."""
    assert RecordSet.model_validate({"Name": "a.b.", "Type": "A", **fields}).policy == policy


def test_names_are_compared_as_people_write_them() -> None:
    """Final dot, capitals and the star in octal make no other name."""
    assert plain("\\052.Example.TEST.") == "*.example.test"
