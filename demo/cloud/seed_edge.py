"""The demo's application `edge`: two whole stacks, blue and green, behind weighted records of one name.

Blue has all traffic. Both stacks are good and have a health check. A release is a stack: who deploys green sends the
clients of edge.example.test there, step by step.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.route53.models import route53_backends

from demo.cloud.alarm import MetricAlarm
from demo.cloud.building import perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.metrics import epoch, moment
from demo.cloud.route53_api import INSYNC_SECONDS
from demo.cloud.route53_sites import ERRORS, NAMESPACE, REQUESTS
from demo.cloud.seed_alarms import tags
from demo.cloud.world import World

EDGE, DOMAIN, KIND = "edge", "example.test", "CNAME"
SITE = f"{EDGE}.{DOMAIN}"
ZONE = "Z0TIDEGATEEDGE1EXAMPLE"
BLUE, GREEN = "blue", "green"
EDGE_ERRORS = "edge-errors"
TTL, RPS = 60, 60.0
ERRORS_PERCENT = 0.4
PREROLL_PERIODS = 6


@dataclass(frozen=True)
class Edge:
    """Zone and health checks of the application: the same in every run."""

    zone: str
    name: str
    checks: dict[str, str]


def seed_edge(
    cloud: Cloud, period: int = 60, rps: float = RPS, ttl: int = TTL, insync: int = INSYNC_SECONDS
) -> Edge:
    """Blue gets everything, green nothing, both health checks succeed, the alarm is OK with history.

    `ttl`: seconds that resolvers remember; `insync`: seconds until name servers know of a change.
    """
    world = cloud.world
    with world.lock:
        world.tick()
        now = epoch(world.now())
        since = moment(now - now % period - PREROLL_PERIODS * max(period, 60))
        edge = build_edge(world, ttl)
        world.route53.zones.delay = insync
        world.route53.begin(since - timedelta(seconds=1))
        world.route53.sites.begin((ZONE, SITE, KIND), rps)
        perform(world, "cloudwatch", "PutMetricAlarm", edge_alarm(period))
        alarm = world.alarms.get((ACCOUNT, REGION, EDGE_ERRORS))
        if isinstance(alarm, MetricAlarm):
            world.alarms.backdate(alarm, since)
            alarm.judged += period
        world.tick()
        world.log.clear()
    return edge


def build_edge(world: World, ttl: int = TTL) -> Edge:
    """The zone, its records and health checks, without requests and alarms."""
    add_zone(ZONE, DOMAIN)
    checks = {stack: add_check(f"{stack}.{SITE}") for stack in (BLUE, GREEN)}
    put_records(world, ZONE, [
        weighted(SITE, stack, weight, ttl=ttl, check=checks[stack]) for stack, weight in ((BLUE, 100), (GREEN, 0))
    ])
    put_records(world, ZONE, [
        {"Name": f"www.{DOMAIN}", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": SITE}]},
        {"Name": f"mail.{DOMAIN}", "Type": "A", "TTL": 3600, "ResourceRecords": [{"Value": "192.0.2.25"}]},
    ])
    return Edge(ZONE, SITE, checks)


def add_zone(number: str, domain: str) -> None:
    """A public hosted zone with an id of our choice: moto's own is another one in every run."""
    backend = route53_backends[ACCOUNT]["aws"]
    zone = backend.create_hosted_zone(f"{domain}.", private_zone=False, caller_reference=domain)
    del backend.zones[zone.resource_id]
    zone.resource_id = number
    backend.zones[number] = zone


def add_check(host: str) -> str:
    """An HTTPS health check that turns within half a minute; its id follows from the host."""
    backend = route53_backends[ACCOUNT]["aws"]
    check = backend.create_health_check(host, {
        "type": "HTTPS", "fqdn": host, "port": 443, "resource_path": "/health", "request_interval": 10,
        "failure_threshold": 3,
    })
    number = str(uuid.uuid5(uuid.NAMESPACE_DNS, host))
    del backend.health_checks[check.id]
    check.id = number
    backend.health_checks[number] = check
    return number


def weighted(name: str, stack: str, weight: int, *, ttl: int = TTL, check: str | None = None) -> dict[str, Any]:
    """A weighted record that leads to the load balancer of a stack."""
    row: dict[str, Any] = {
        "Name": name, "Type": KIND, "SetIdentifier": stack, "Weight": weight, "TTL": ttl,
        "ResourceRecords": [{"Value": f"{stack}-{EDGE}.{REGION}.elb.amazonaws.com"}],
    }
    return row | ({"HealthCheckId": check} if check else {})


def put_records(world: World, zone: str, rows: list[dict[str, Any]]) -> None:
    """Writes records as the people who built this world."""
    changes = [{"Action": "UPSERT", "ResourceRecordSet": row} for row in rows]
    asked = {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}
    perform(world, "route53", "ChangeResourceRecordSets", asked)


def edge_alarm(period: int) -> dict[str, Any]:
    """Errors in percent of all requests, of both stacks together."""

    def stat(name: str) -> dict[str, Any]:
        metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": [{"Name": "Site", "Value": SITE}]}
        return {"Metric": metric, "Period": period, "Stat": "Sum"}

    return {
        "AlarmName": EDGE_ERRORS, "AlarmDescription": "edge: errors in percent of all requests, both stacks together",
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": ERRORS_PERCENT,
        "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "errors", "MetricStat": stat(ERRORS), "ReturnData": False},
            {"Id": "requests", "MetricStat": stat(REQUESTS), "ReturnData": False},
            {"Id": "percent", "Expression": "100*errors/requests", "Label": "errors %"},
        ],
        "Tags": tags(EDGE, "network"),
    }
