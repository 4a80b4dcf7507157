"""Reads what PutMetricAlarm is given into an alarm; refuses what could not be evaluated. Keeps nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo.cloud.alarm import MetricAlarm
from demo.cloud.calls import Call, Failure
from demo.cloud.evaluation import COMPARISONS, MISSING, Rule
from demo.cloud.metrics import epoch
from demo.cloud.queries import Query, check_period, read_queries

ACTION_KINDS = ("OKActions", "AlarmActions", "InsufficientDataActions")
UNKNOWN_SETTINGS = ("ThresholdMetricId", "EvaluationCriteria", "EvaluationWindow", "WarmUpConfiguration",
                    "EvaluationInterval", "ActionConfiguration")


def read_metric_alarm(call: Call, now: datetime) -> MetricAlarm:
    """The alarm as asked for: INSUFFICIENT_DATA, to be judged from the next moment of its grid on."""
    asked = call.parameters
    refuse_unknown(asked, UNKNOWN_SETTINGS)
    alarm = MetricAlarm(
        key=(call.account, call.region, asked["AlarmName"]), settings=settings_of(asked), configured=now,
        rule=_rule(asked), queries=tuple(_queries(call)), judged=0,
    )
    alarm.judged = epoch(now) - epoch(now) % alarm.grid
    return alarm


def settings_of(asked: dict[str, Any]) -> dict[str, Any]:
    """What both kinds of alarm give back of what they were given, with AWS's defaults."""
    settings: dict[str, Any] = {"ActionsEnabled": True} | {kind: [] for kind in ACTION_KINDS}
    return settings | {key: value for key, value in asked.items() if key != "Tags"}


def refuse_unknown(asked: dict[str, Any], names: tuple[str, ...]) -> None:
    """Refuses settings that this cloud would silently not act on."""
    for name in names:
        if name in asked:
            raise Failure("ValidationError", f"{name} is not known to the embedded cloud")


def _queries(call: Call) -> list[Query]:
    asked = call.parameters
    if ("Metrics" in asked) == ("MetricName" in asked):
        raise Failure("ValidationError", "Exactly one of MetricName and Metrics must be given")
    if "Metrics" in asked:
        queries = read_queries(asked["Metrics"], call.account, call.region)
    else:
        if ("Statistic" in asked) == ("ExtendedStatistic" in asked):
            raise Failure("ValidationError", "Exactly one of Statistic and ExtendedStatistic must be given")
        check_period(asked.get("Period", 0))
        stat = asked.get("Statistic") or asked["ExtendedStatistic"]
        metric = {key: asked[key] for key in ("Namespace", "MetricName", "Dimensions") if key in asked}
        entry = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": asked["Period"], "Stat": stat}}
        queries = read_queries([entry], call.account, call.region)
    if sum(query.shown for query in queries) != 1:
        raise Failure("ValidationError", "Exactly one element of the metrics list should return data")
    return queries


def _rule(asked: dict[str, Any]) -> Rule:
    comparison, missing = asked.get("ComparisonOperator"), asked.get("TreatMissingData", "missing")
    if comparison not in COMPARISONS:
        raise Failure("ValidationError", f"{comparison} is not known here; known: {', '.join(COMPARISONS)}")
    if missing not in MISSING:
        raise Failure("ValidationError", f"TreatMissingData {missing} is not one of {', '.join(MISSING)}")
    if "Threshold" not in asked:
        raise Failure("ValidationError", "Threshold is required for a metric alarm")
    periods = asked["EvaluationPeriods"]
    needed = asked.get("DatapointsToAlarm", periods)
    if not 1 <= needed <= periods:
        raise Failure("ValidationError", f"DatapointsToAlarm {needed} must be between 1 and {periods}")
    return Rule(comparison, float(asked["Threshold"]), periods, needed, missing)
