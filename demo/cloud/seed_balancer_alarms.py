"""The alarms of an application behind a load balancer: `APP-errors`, `APP-unserved`, `APP-p99`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo.cloud.alarm import MetricAlarm
from demo.cloud.building import perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.flow import dimension_of
from demo.cloud.seed_alarms import tags
from demo.cloud.world import World

ERRORS_PERCENT, P99_SECONDS = 0.4, 0.4


def put_balancer_alarms(world: World, app: str, balancer: str, since: datetime, period: int) -> None:
    """Puts them as if they had been created at that moment."""
    for settings in balancer_alarms(app, balancer, period):
        perform(world, "cloudwatch", "PutMetricAlarm", settings)
        alarm = world.alarms.get((ACCOUNT, REGION, settings["AlarmName"]))
        if isinstance(alarm, MetricAlarm):
            world.alarms.backdate(alarm, since)
            # Two whole periods make its first verdict.
            alarm.judged += period


def balancer_alarms(app: str, balancer: str, period: int) -> list[dict[str, Any]]:
    """Answers of 5xx in percent, requests that found no server, and the slowest hundredth: of both sides together.

    A real load balancer counts no error as nothing at all, not as zero: missing data is good news here.
    """
    dimensions = [{"Name": "LoadBalancer", "Value": dimension_of(balancer)}]

    def stat(name: str) -> dict[str, Any]:
        return {"Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions},
                "Period": period, "Stat": "Sum"}

    usual = {
        "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 2, "DatapointsToAlarm": 2,
        "TreatMissingData": "notBreaching", "Tags": tags(app, "storefront"),
    }
    one = {"Namespace": "AWS/ApplicationELB", "Dimensions": dimensions, "Period": period}
    return [
        {"AlarmName": f"{app}-errors", "AlarmDescription": f"{app}: 5xx answers in percent of all requests",
         "Threshold": ERRORS_PERCENT, "Metrics": [
             {"Id": "errors", "MetricStat": stat("HTTPCode_Target_5XX_Count"), "ReturnData": False},
             {"Id": "requests", "MetricStat": stat("RequestCount"), "ReturnData": False},
             {"Id": "percent", "Expression": "100*errors/requests", "Label": "5xx %"},
         ], **usual},
        {"AlarmName": f"{app}-unserved", "AlarmDescription": f"{app}: requests that found no healthy server",
         "MetricName": "HTTPCode_ELB_5XX_Count", "Statistic": "Sum", "Threshold": 0, **one, **usual},
        {"AlarmName": f"{app}-p99", "AlarmDescription": f"{app}: the slowest hundredth, in seconds",
         "MetricName": "TargetResponseTime", "ExtendedStatistic": "p99", "Threshold": P99_SECONDS, **one, **usual},
    ]
