"""The demo's world: my-app with two versions, its alarms, and a few minutes of traffic already behind it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends

from demo.cloud.calls import ACCOUNT, REGION, Call
from demo.cloud.cloud import Cloud
from demo.cloud.functions import lambda_time
from demo.cloud.knobs import APP, archive
from demo.cloud.traffic import Route
from demo.cloud.world import World

ALIAS = "live"
ERRORS_ALARM, P99_ALARM = f"{APP}-errors", f"{APP}-p99"
ERRORS_PERCENT, P99_MS = 0.4, 400.0
PREROLL_PERIODS = 6
PUBLISHED_AGO = {"1": timedelta(days=3), "2": timedelta(minutes=20)}
LAMBDA_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{APP}"
TOPIC = "oncall"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
]})


def seed_demo(cloud: Cloud, period: int = 60, rps: float = 40.0) -> None:
    """my-app:live on version 1, version 2 published and good, both alarms OK.

    The errors alarm treats missing data as not breaching, as AWS advises for a metric that says something
    only when requests come: a quiet night would turn it to INSUFFICIENT_DATA and page people otherwise.
    """
    world = cloud.world
    with world.lock:
        cloud.knobs.period = period
        add_function(world, APP)
        cloud.knobs.publish_good()
        perform(world, "lambda", "CreateAlias", {"FunctionName": APP, "Name": ALIAS, "FunctionVersion": "1"})
        cloud.knobs.publish_good()
        for version, age in PUBLISHED_AGO.items():
            function = lambda_backends[ACCOUNT][REGION].get_function(APP, version)
            function.last_modified = lambda_time(world.now() - age)
        route = Route(ACCOUNT, REGION, APP, ALIAS)
        since = _grid(world.now(), period) - timedelta(seconds=PREROLL_PERIODS * max(period, 60))
        world.traffic.begin(route, rps, since)
        put_alarms(world, period)
        for name in (ERRORS_ALARM, P99_ALARM):
            alarm = world.alarms.get((ACCOUNT, REGION, name))
            if alarm is not None:
                # As if it had been created when the traffic began: OK by now, with history.
                alarm.judged = int(since.timestamp()) + period
                alarm.configured = alarm.updated = alarm.transitioned = since
        sns_backends[ACCOUNT][REGION].create_topic(TOPIC)
        world.tick()
        world.log.clear()


def add_function(world: World, name: str) -> None:
    """A function without versions, and the role it needs."""
    iam = iam_backends[ACCOUNT]["aws"]
    if name not in {role.name for role in iam.get_roles()}:
        iam.create_role(name, TRUST, "/", None, "", [], "3600")
    perform(world, "lambda", "CreateFunction", {
        "FunctionName": name, "Runtime": "python3.12", "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "Handler": "app.handler", "Code": {"ZipFile": archive("empty")}, "MemorySize": 256,
    })


def put_alarms(world: World, period: int) -> None:
    """`my-app-errors` (percent, metric math over the alias) and `my-app-p99` (milliseconds)."""
    perform(world, "cloudwatch", "PutMetricAlarm", {
        "AlarmName": ERRORS_ALARM, "AlarmDescription": f"{APP}: errors in percent of all requests",
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": ERRORS_PERCENT,
        "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "errors", "MetricStat": _stat("Errors", "Sum", period), "ReturnData": False},
            {"Id": "invocations", "MetricStat": _stat("Invocations", "Sum", period), "ReturnData": False},
            {"Id": "percent", "Expression": "100*errors/invocations", "Label": "errors %"},
        ],
    })
    perform(world, "cloudwatch", "PutMetricAlarm", {
        "AlarmName": P99_ALARM, "AlarmDescription": f"{APP}: the slowest hundredth, in milliseconds",
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": P99_MS,
        "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching",
        "Namespace": "AWS/Lambda", "MetricName": "Duration", "ExtendedStatistic": "p99", "Period": period,
        "Dimensions": _dimensions(),
    })


def perform(world: World, service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Runs one operation as the people who built this world."""
    world.perform(Call(service, operation, parameters))


def _stat(name: str, stat: str, period: int) -> dict[str, Any]:
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": _dimensions()}
    return {"Metric": metric, "Period": period, "Stat": stat}


def _dimensions() -> list[dict[str, str]]:
    return [{"Name": "FunctionName", "Value": APP}, {"Name": "Resource", "Value": f"{APP}:{ALIAS}"}]


def _grid(now: datetime, period: int) -> datetime:
    seconds = int(now.timestamp())
    return now - timedelta(seconds=now.timestamp() - (seconds - seconds % period))
