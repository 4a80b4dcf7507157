"""The demo's world: three apps with two versions each, their alarms, and a few minutes of traffic behind them.

my-app is the one to deploy; radio can fall silent, lamp can flap (see the knobs of those names).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends

from demo.cloud.alarm import Alarm, MetricAlarm
from demo.cloud.calls import ACCOUNT, REGION, Call
from demo.cloud.cloud import Cloud
from demo.cloud.functions import lambda_time
from demo.cloud.knobs import APP, archive
from demo.cloud.seed_alarms import (
    ALIAS,
    ERRORS_ALARM,
    LAMP,
    P99_ALARM,
    RADIO,
    composite_alarms,
    metric_alarms,
)
from demo.cloud.traffic import Route
from demo.cloud.world import World

__all__ = ["ALIAS", "ERRORS_ALARM", "P99_ALARM", "TOPIC", "add_function", "perform", "put_alarms",
           "seed_demo"]

PREROLL_PERIODS = 6
PUBLISHED_AGO = {"1": timedelta(days=3), "2": timedelta(minutes=20)}
# Little traffic, because it is written second by second; enough that 8 % errors show in every period.
SIDE_RPS = 6.0
LAMBDA_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{APP}"
TOPIC = "oncall"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
]})


def seed_demo(cloud: Cloud, period: int = 60, rps: float = 40.0) -> None:
    """Every app's `live` on version 1, version 2 published and good, every alarm OK with history."""
    world = cloud.world
    with world.lock:
        cloud.knobs.period = period
        since = _grid(world.now(), period) - timedelta(seconds=PREROLL_PERIODS * max(period, 60))
        for app, load in ((APP, rps), (RADIO, SIDE_RPS), (LAMP, SIDE_RPS)):
            _add_app(cloud, app)
            world.traffic.begin(Route(ACCOUNT, REGION, app, ALIAS), load, since)
        for alarm in put_alarms(world, period):
            # As if it had been created when the traffic began: OK by now, with history.
            world.alarms.backdate(alarm, since)
            if isinstance(alarm, MetricAlarm):
                # Two whole periods make its first verdict.
                alarm.judged += period
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


def put_alarms(world: World, period: int) -> list[Alarm]:
    """Every alarm of the demo, new: INSUFFICIENT_DATA until it is judged."""
    for operation, asked in (("PutMetricAlarm", metric_alarms(period)), ("PutCompositeAlarm", composite_alarms())):
        for one in asked:
            perform(world, "cloudwatch", operation, one)
    return world.alarms.of(ACCOUNT, REGION)


def perform(world: World, service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Runs one operation as the people who built this world."""
    world.perform(Call(service, operation, parameters))


def _add_app(cloud: Cloud, app: str) -> None:
    add_function(cloud.world, app)
    cloud.knobs.publish_good(app)
    perform(cloud.world, "lambda", "CreateAlias", {"FunctionName": app, "Name": ALIAS, "FunctionVersion": "1"})
    cloud.knobs.publish_good(app)
    for version, age in PUBLISHED_AGO.items():
        function = lambda_backends[ACCOUNT][REGION].get_function(app, version)
        function.last_modified = lambda_time(cloud.world.now() - age)


def _grid(now: datetime, period: int) -> datetime:
    seconds = int(now.timestamp())
    return now - timedelta(seconds=now.timestamp() - (seconds - seconds % period))
