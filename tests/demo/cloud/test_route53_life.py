"""Name servers, resolvers, health checks and requests of the application edge: who gets which answer, and when."""

from typing import Any

import boto3
import pytest

from demo.cloud import Cloud
from demo.cloud.cloud import ACCESS_KEY
from demo.cloud.route53_resolvers import Entry, Resolvers, answered
from demo.cloud.seed_edge import BLUE, EDGE_ERRORS, GREEN, SITE, ZONE, Edge, seed_edge

NAME = (ZONE, SITE, "CNAME")


@pytest.fixture
def edge(bare: Cloud) -> Edge:
    return seed_edge(bare)


def site(cloud: Cloud) -> dict[str, Any]:
    told: dict[str, Any] = cloud.knobs.records()[SITE]
    return told


def state(cloud: Cloud, clients: Any) -> str:
    (alarm,) = clients("cloudwatch").describe_alarms(AlarmNames=[EDGE_ERRORS])["MetricAlarms"]
    return str(alarm["StateValue"])


# --- answers


@pytest.mark.parametrize(("weights", "sick", "shares"), [
    ((90, 10), "", (0.9, 0.1)),
    ((0, 10), "", (0.0, 1.0)),
    ((0, 0), "", (0.5, 0.5)),
    ((90, 10), "b", (1.0, 0.0)),
    ((100, 0), "a", (0.0, 1.0)),
    ((90, 10), "ab", (0.9, 0.1)),
    ((100, 0), "ab", (1.0, 0.0)),
])
def test_who_is_answered(weights: tuple[int, int], sick: str, shares: tuple[float, float]) -> None:
    """By weight among the healthy; weight 0 where nobody else is healthy; all of them where nobody is."""
    entries = {side: Entry(weight, 60, side) for side, weight in zip("ab", weights, strict=True)}
    told = answered(entries, lambda check: (check or "") not in sick)
    assert tuple(told.get(side, 0.0) for side in "ab") == pytest.approx(shares)


def test_resolvers_follow_evenly_over_one_ttl() -> None:
    """Nobody before the change is in sync, half of them after half a TTL, all after a whole one."""
    resolvers = Resolvers()
    before, after = ({"a": Entry(100 - share, 40), "b": Entry(share, 40)} for share in (0, 100))
    resolvers.note(NAME, before, 0)
    resolvers.step(0, lambda _: True)
    resolvers.note(NAME, after, 10)
    followed = {}
    for second in range(1, 52):
        resolvers.step(second, lambda _: True)
        followed[second] = resolvers.followed(NAME).get("b", 0.0)
    assert followed[9] == 0.0 and followed[10] == pytest.approx(1 / 40)
    assert followed[29] == pytest.approx(0.5) and followed[48] < 1.0 == followed[49]


def test_requests_follow_late_and_go_nowhere_else(bare: Cloud, edge: Edge) -> None:
    """After ten seconds until in sync and sixty of TTL half of the requests go to green; blue loses none before."""
    bare.knobs.edit_records({BLUE: 50, GREEN: 50})
    bare.step(9)
    assert site(bare)["followed"] == {BLUE: 1.0} and GREEN not in site(bare)["requests"]
    bare.step(31)
    assert 0.2 < site(bare)["followed"][GREEN] < 0.3
    bare.step(30)
    assert site(bare)["followed"] == {BLUE: 0.5, GREEN: 0.5}
    before = site(bare)["requests"]
    bare.step(60)
    after = site(bare)["requests"]
    for stack in (BLUE, GREEN):
        assert after[stack]["requests"] - before[stack]["requests"] == pytest.approx(1800, rel=0.03)


# --- health checks


def status_metric(cloud: Cloud, clients: Any, check: str, region: str) -> list[float]:
    """HealthCheckStatus of the last two minutes, newest first, read in that region."""
    session: Any = boto3.Session(ACCESS_KEY, "made-up", region_name=region)
    now = cloud.config.now()
    query = {"Id": "h", "MetricStat": {"Period": 60, "Stat": "Minimum", "Metric": {
        "Namespace": "AWS/Route53", "MetricName": "HealthCheckStatus",
        "Dimensions": [{"Name": "HealthCheckId", "Value": check}],
    }}}
    reply = session.client("cloudwatch", endpoint_url=cloud.endpoint_url).get_metric_data(
        MetricDataQueries=[query], StartTime=now.timestamp() - 120, EndTime=now.timestamp(),
    )
    return [float(value) for value in reply["MetricDataResults"][0]["Values"]]


def test_a_check_turns_after_its_threshold(bare: Cloud, edge: Edge, clients: Any) -> None:
    """Three failures ten seconds apart; then DNS answers with the other record, and the metric says 0."""
    bare.knobs.edit_records({BLUE: 50, GREEN: 50})
    bare.step(120)
    bare.knobs.sick_check(GREEN)
    bare.step(29)
    assert site(bare)["healthy"] == {BLUE: True, GREEN: True}
    bare.step(1)
    assert site(bare)["healthy"] == {BLUE: True, GREEN: False}
    bare.step(60)
    assert site(bare)["followed"] == {BLUE: 1.0}
    values = {where: status_metric(bare, clients, edge.checks[GREEN], where) for where in ("us-east-1", "eu-central-1")}
    assert values["us-east-1"][0] == 0.0 and values["eu-central-1"] == []
    bare.knobs.sick_check(GREEN, on=False)
    bare.step(30)
    assert site(bare)["healthy"][GREEN]


def test_checkers_tell_what_they_saw(bare: Cloud, edge: Edge, clients: Any) -> None:
    """Success or Failure of each checker; an unknown check is not found."""
    client = clients("route53")
    said = [one["StatusReport"]["Status"][:7] for one in
            client.get_health_check_status(HealthCheckId=edge.checks[BLUE])["HealthCheckObservations"]]
    assert said == ["Success"] * 3
    bare.knobs.sick_check(BLUE)
    one, *_ = client.get_health_check_status(HealthCheckId=edge.checks[BLUE])["HealthCheckObservations"]
    assert one["StatusReport"]["Status"].startswith("Failure: HTTP Status Code 503")
    with pytest.raises(client.exceptions.NoSuchHealthCheck):
        client.get_health_check_status(HealthCheckId="none")


# --- requests


def test_a_bad_stack_turns_the_alarm_when_it_has_traffic(bare: Cloud, edge: Edge, clients: Any) -> None:
    """8 % errors on green are nobody's until clients go there; then errors of the whole site pass their limit."""
    bare.knobs.deploy_stack(GREEN, "errors")
    bare.step(180)
    assert state(bare, clients) == "OK"
    bare.knobs.edit_records({BLUE: 90, GREEN: 10})
    bare.step(300)
    assert state(bare, clients) == "ALARM"


def test_a_stack_that_is_down_fails_every_request(bare: Cloud, edge: Edge) -> None:
    """Until its health check has found out and resolvers have forgotten it; then nobody meets it."""
    bare.knobs.stack_down(BLUE)
    bare.step(30 + 60)
    failed = site(bare)["requests"][BLUE]["failed"]
    assert failed > 3000
    bare.step(60)
    assert site(bare)["requests"][BLUE]["failed"] == failed and site(bare)["followed"] == {GREEN: 1.0}


def test_metrics_tell_the_stacks_apart(bare: Cloud, edge: Edge, clients: Any) -> None:
    """One series for each stack and one for the site; together they make the whole."""
    bare.knobs.edit_records({BLUE: 50, GREEN: 50})
    bare.step(240)
    now = bare.config.now()
    sums = {}
    for name, value in (("Stack", BLUE), ("Stack", GREEN), ("Site", SITE)):
        found = clients("cloudwatch").get_metric_statistics(
            Namespace="Edge/Requests", MetricName="RequestCount", Period=60, Statistics=["Sum"],
            Dimensions=[{"Name": name, "Value": value}], StartTime=now.timestamp() - 60, EndTime=now.timestamp(),
        )["Datapoints"]
        sums[value] = sum(point["Sum"] for point in found)
    assert sums[BLUE] + sums[GREEN] == sums[SITE] > 3000


def test_knobs_name_what_they_know(bare: Cloud, edge: Edge) -> None:
    """A mistyped stack, kind or delay is refused with what there is."""
    with pytest.raises(LookupError, match="known: blue, green"):
        bare.knobs.deploy_stack("teal")
    with pytest.raises(ValueError, match="known: good, errors, leak"):
        bare.knobs.deploy_stack(GREEN, "worse")
    with pytest.raises(ValueError, match="0 to 600"):
        bare.knobs.insync(-1)
    bare.reset()
    with pytest.raises(LookupError, match="0 get requests"):
        bare.knobs.edge_rps(5)


def test_many_requests_cost_no_more_than_few(bare: Cloud, edge: Edge) -> None:
    """6,000 a second are counted by second and stack like sixty: none is lost in it."""
    bare.knobs.edge_rps(6000)
    before = site(bare)["requests"][BLUE]["requests"]
    bare.step(60)
    assert site(bare)["requests"][BLUE]["requests"] - before == pytest.approx(360_000, rel=0.03)
