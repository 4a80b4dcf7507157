"""The alarms of the demo's world, as PutMetricAlarm and PutCompositeAlarm take them. Changes nothing by itself."""

from __future__ import annotations

from typing import Any

from demo.cloud.knobs import APP

ALIAS = "live"
RADIO, LAMP = "radio", "lamp"
ERRORS_ALARM, P99_ALARM, HEALTH_ALARM = f"{APP}-errors", f"{APP}-p99", f"{APP}-health"
RADIO_ALARM, LAMP_ALARM, LAMP_NEW_ALARM = f"{RADIO}-errors", f"{LAMP}-errors", f"{LAMP}-v2-errors"
LAMP_ANY_ALARM = f"{LAMP}-any"
ERRORS_PERCENT, P99_MS = 0.4, 400.0


def metric_alarms(period: int) -> list[dict[str, Any]]:
    """Every metric alarm.

    my-app and lamp treat missing data as not breaching, as AWS advises for a metric that says something only when
    requests come: a quiet night would turn them to INSUFFICIENT_DATA and page people otherwise. radio does not.
    """
    return [
        errors_alarm(APP, ERRORS_ALARM, period, "payments"),
        _p99(period),
        errors_alarm(RADIO, RADIO_ALARM, period, "media", TreatMissingData="missing", AlarmDescription=(
            "radio: errors in percent of all requests. Falls silent with its listeners; "
            "runbook: https://wiki.example.com/radio?on=call&team=media"
        )),
        errors_alarm(LAMP, LAMP_ALARM, period, "home", AlarmDescription=(
            "lamp: errors in percent of all requests, <retries> & *timeouts* included.\nKnown to flap: ask @home first."
        )),
        errors_alarm(LAMP, LAMP_NEW_ALARM, period, "home", version="2", AlarmDescription=(
            "lamp: errors in percent of the requests that version 2 answered, and of no other"
        )),
    ]


def composite_alarms() -> list[dict[str, Any]]:
    """`my-app-health` and `lamp-any`, each over both alarms of its app."""
    return [
        {"AlarmName": HEALTH_ALARM, "AlarmDescription": f"{APP}: too many errors, or too slow",
         "AlarmRule": f"ALARM({ERRORS_ALARM}) OR ALARM({P99_ALARM})", "Tags": tags(APP, "payments")},
        {"AlarmName": LAMP_ANY_ALARM, "AlarmDescription": f"{LAMP}: anything at all",
         "AlarmRule": f"ALARM({LAMP_ALARM}) OR ALARM({LAMP_NEW_ALARM})", "Tags": tags(LAMP, "home")},
    ]


def tags(app: str, team: str) -> list[dict[str, str]]:
    """What every alarm here is tagged with."""
    return [{"Key": "app", "Value": app}, {"Key": "team", "Value": team}]


def errors_alarm(app: str, name: str, period: int, team: str, **other: Any) -> dict[str, Any]:
    """Errors in percent of all requests of an app's alias, or of one version behind it."""
    dimensions = _dimensions(app, other.pop("version", None))
    return {
        "AlarmName": name, "AlarmDescription": f"{app}: errors in percent of all requests",
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": ERRORS_PERCENT,
        "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "errors", "MetricStat": _stat("Errors", dimensions, period), "ReturnData": False},
            {"Id": "invocations", "MetricStat": _stat("Invocations", dimensions, period), "ReturnData": False},
            {"Id": "percent", "Expression": "100*errors/invocations", "Label": "errors %"},
        ],
        "Tags": tags(app, team), **other,
    }


def _p99(period: int) -> dict[str, Any]:
    return {
        "AlarmName": P99_ALARM, "AlarmDescription": f"{APP}: the slowest hundredth, in milliseconds",
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": P99_MS,
        "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching",
        "Namespace": "AWS/Lambda", "MetricName": "Duration", "ExtendedStatistic": "p99", "Period": period,
        "Dimensions": _dimensions(APP, None), "Tags": tags(APP, "payments"),
    }


def _stat(name: str, dimensions: list[dict[str, str]], period: int) -> dict[str, Any]:
    return {"Metric": {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions},
            "Period": period, "Stat": "Sum"}


def _dimensions(app: str, version: str | None) -> list[dict[str, str]]:
    pairs = {"FunctionName": app, "Resource": f"{app}:{ALIAS}"} | ({"ExecutedVersion": version} if version else {})
    return [{"Name": name, "Value": value} for name, value in pairs.items()]
