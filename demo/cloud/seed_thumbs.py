"""The demo's application `thumbs`: a Lambda function that CodeDeploy moves from version to version, a tenth a minute.

Version 1 serves, 2 is good, 3 fails 8 % of its requests. CodeDeploy watches the alarm and goes back by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from moto.awslambda.models import lambda_backends

from demo.cloud.alarm import MetricAlarm
from demo.cloud.building import perform
from demo.cloud.building_codedeploy import add_codedeploy
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import Cloud
from demo.cloud.codedeploy_words import LAMBDA, ROLLBACK_EVENTS
from demo.cloud.functions import lambda_time
from demo.cloud.metrics import epoch, moment
from demo.cloud.seed import add_function
from demo.cloud.seed_alarms import ALIAS, errors_alarm
from demo.cloud.traffic import Route

THUMBS = THUMBS_GROUP = "thumbs"
THUMBS_ERRORS = "thumbs-errors"
THUMBS_CONFIG = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
PUBLISHED_AGO = {"1": timedelta(days=3), "2": timedelta(hours=2), "3": timedelta(minutes=20)}
RPS = 20.0
PREROLL_PERIODS = 6


@dataclass(frozen=True)
class Thumbs:
    """Names of the application: the same in every run."""

    function: str = THUMBS
    alias: str = ALIAS
    group: str = THUMBS_GROUP
    alarm: str = THUMBS_ERRORS


def seed_thumbs(cloud: Cloud, period: int = 60, rps: float = RPS, minute: float | None = None) -> Thumbs:
    """`live` is on version 1, the alarm is OK with history.

    CodeDeploy's minutes last `minute` seconds, everywhere in this cloud; one period where that is not given.
    """
    world = cloud.world
    with world.lock:
        world.tick()
        world.codedeploy.engine.minute = minute or period
        now = epoch(world.now())
        since = moment(now - now % period - PREROLL_PERIODS * max(period, 60))
        build_thumbs(cloud)
        world.traffic.begin(Route(ACCOUNT, REGION, THUMBS, ALIAS), rps, since)
        perform(world, "cloudwatch", "PutMetricAlarm", errors_alarm(THUMBS, THUMBS_ERRORS, period, "media"))
        alarm = world.alarms.get((ACCOUNT, REGION, THUMBS_ERRORS))
        if isinstance(alarm, MetricAlarm):
            world.alarms.backdate(alarm, since)
            alarm.judged += period
        world.tick()
        world.log.clear()
    return Thumbs()


def build_thumbs(cloud: Cloud) -> None:
    """The function with its versions and its deployment group, without requests and alarms."""
    world = cloud.world
    add_function(world, THUMBS)
    cloud.knobs.publish_good(THUMBS)
    perform(world, "lambda", "CreateAlias", {"FunctionName": THUMBS, "Name": ALIAS, "FunctionVersion": "1"})
    cloud.knobs.publish_good(THUMBS)
    cloud.knobs.publish_v3(THUMBS)
    for version, age in PUBLISHED_AGO.items():
        function = lambda_backends[ACCOUNT][REGION].get_function(THUMBS, version)
        function.last_modified = lambda_time(world.now() - age)
    add_codedeploy(world, THUMBS, LAMBDA, {
        "deploymentConfigName": THUMBS_CONFIG,
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "alarmConfiguration": {"enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": THUMBS_ERRORS}]},
        "autoRollbackConfiguration": {"enabled": True, "events": list(ROLLBACK_EVENTS)},
    })
