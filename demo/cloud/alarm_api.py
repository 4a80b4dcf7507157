"""CloudWatch's alarm operations: reads parameters, pages, words the answers.

The alarms themselves live in alarms.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from demo.cloud.alarms import Alarm, Alarms, HistoryItem, State
from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.evaluation import ALARM, COMPARISONS, INSUFFICIENT, MISSING, OK, Rule
from demo.cloud.metrics import epoch
from demo.cloud.queries import Query, check_period, read_queries

MOST_NAMES = 100
MOST_RECORDS = 100
REASON_LENGTH = 1023
ACTION_KINDS = ("OKActions", "AlarmActions", "InsufficientDataActions")
UNKNOWN_SETTINGS = ("ThresholdMetricId", "EvaluationCriteria", "EvaluationWindow", "WarmUpConfiguration")
Row = TypeVar("Row")


@dataclass
class AlarmApi:
    """The alarm operations over one set of alarms."""

    alarms: Alarms
    now: Now
    page_size: int = MOST_RECORDS

    def operations(self) -> Operations:
        """The operations answered here."""
        return {
            "PutMetricAlarm": self.put_metric_alarm,
            "DescribeAlarms": self.describe_alarms,
            "DescribeAlarmHistory": self.describe_history,
            "SetAlarmState": self.set_alarm_state,
            "DeleteAlarms": self.delete_alarms,
            "EnableAlarmActions": lambda call: self._switch(call, on=True),
            "DisableAlarmActions": lambda call: self._switch(call, on=False),
            "DescribeAlarmsForMetric": _not_here,
        }

    def put_metric_alarm(self, call: Call) -> Answer:
        asked = call.parameters
        for name in UNKNOWN_SETTINGS:
            if name in asked:
                raise Failure("ValidationError", f"{name} is not known to the embedded cloud")
        queries = _queries(call)
        now = self.now()
        settings: dict[str, Any] = {"ActionsEnabled": True} | {kind: [] for kind in ACTION_KINDS}
        settings |= {key: value for key, value in asked.items() if key != "Tags"}
        alarm = Alarm(
            (call.account, call.region, asked["AlarmName"]), settings, _rule(asked), tuple(queries), now, 0,
        )
        alarm.judged = epoch(now) - epoch(now) % alarm.grid
        self.alarms.put(alarm)
        return Answer()

    def describe_alarms(self, call: Call) -> Answer:
        """Metric alarms; names nobody has are left out without a word, as in AWS."""
        asked = call.parameters
        names, prefix = asked.get("AlarmNames"), asked.get("AlarmNamePrefix")
        if names and prefix:
            raise Failure("ValidationError", "AlarmNames and AlarmNamePrefix are mutually exclusive")
        if names and len(names) > MOST_NAMES:
            raise Failure("ValidationError", (
                f"1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MOST_NAMES}"
            ))
        rows = self.alarms.of(call.account, call.region)
        if "MetricAlarm" not in asked.get("AlarmTypes", ["MetricAlarm"]):
            rows = []
        if names:
            rows = [alarm for alarm in rows if alarm.name in names]
        if prefix:
            rows = [alarm for alarm in rows if alarm.name.startswith(prefix)]
        if "StateValue" in asked:
            rows = [alarm for alarm in rows if alarm.state.value == asked["StateValue"]]
        if "ActionPrefix" in asked:
            rows = [alarm for alarm in rows if _acts(alarm, asked["ActionPrefix"])]
        page, token = self._page(rows, call)
        return Answer({"MetricAlarms": [_shown(alarm) for alarm in page], "CompositeAlarms": []} | token)

    def describe_history(self, call: Call) -> Answer:
        asked = call.parameters
        rows = [item for item in self.alarms.history(call.account, call.region) if _wanted(item, asked)]
        if "MetricAlarm" not in asked.get("AlarmTypes", ["MetricAlarm"]):
            rows = []
        rows.sort(key=lambda item: item.at)
        if asked.get("ScanBy") != "TimestampAscending":
            rows.reverse()
        page, token = self._page(rows, call)
        return Answer({"AlarmHistoryItems": [_item(item) for item in page]} | token)

    def set_alarm_state(self, call: Call) -> Answer:
        """For testing, AWS says: the next evaluation puts the state right again."""
        asked = call.parameters
        alarm = self._need(call, asked["AlarmName"])
        if asked["StateValue"] not in (OK, ALARM, INSUFFICIENT):
            raise Failure("ValidationError", f"{asked['StateValue']} is no alarm state")
        if len(asked["StateReason"]) > REASON_LENGTH:
            raise Failure("ValidationError", f"StateReason is longer than {REASON_LENGTH} characters")
        numbers = asked.get("StateReasonData", "")
        if numbers and not _is_json(numbers):
            raise Failure("InvalidFormat", "StateReasonData was not valid JSON")
        before = {"state": alarm.state.value}
        self.alarms.set_state(alarm, State(asked["StateValue"], asked["StateReason"], numbers), self.now())
        return Answer({}, before, {"state": alarm.state.value})

    def delete_alarms(self, call: Call) -> Answer:
        for name in call.parameters["AlarmNames"]:
            self._need(call, name)
        for name in call.parameters["AlarmNames"]:
            self.alarms.delete((call.account, call.region, name))
        return Answer()

    def _switch(self, call: Call, *, on: bool) -> Answer:
        for name in call.parameters["AlarmNames"]:
            alarm = self.alarms.get((call.account, call.region, name))
            if alarm is not None:
                alarm.settings["ActionsEnabled"] = on
        return Answer()

    def _need(self, call: Call, name: str) -> Alarm:
        alarm = self.alarms.get((call.account, call.region, name))
        if alarm is None:
            raise Failure("ResourceNotFound", f"Unknown alarm: {name}", 404)
        return alarm

    def _page(self, rows: Sequence[Row], call: Call) -> tuple[Sequence[Row], dict[str, str]]:
        size = min(call.parameters.get("MaxRecords", self.page_size), self.page_size)
        token = call.parameters.get("NextToken")
        try:
            start = int(base64.urlsafe_b64decode(token)) if token else 0
        except ValueError as error:
            raise Failure("InvalidNextToken", f"The next token specified is invalid: {token}") from error
        if start + size >= len(rows):
            return rows[start:], {}
        return rows[start : start + size], {
            "NextToken": base64.urlsafe_b64encode(str(start + size).encode()).decode()
        }


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


def _shown(alarm: Alarm) -> dict[str, Any]:
    shown = alarm.settings | {
        "AlarmName": alarm.name, "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "StateValue": alarm.state.value, "StateReason": alarm.state.reason,
        "StateUpdatedTimestamp": alarm.updated, "StateTransitionedTimestamp": alarm.transitioned,
    }
    if alarm.state.json:
        shown["StateReasonData"] = alarm.state.json
    if alarm.evaluation_state:
        shown["EvaluationState"] = alarm.evaluation_state
    return shown


def _item(item: HistoryItem) -> dict[str, Any]:
    return {
        "AlarmName": item.alarm, "AlarmType": "MetricAlarm", "Timestamp": item.at,
        "HistoryItemType": item.kind, "HistorySummary": item.summary, "HistoryData": item.detail,
    }


def _wanted(item: HistoryItem, asked: dict[str, Any]) -> bool:
    start: datetime | None = asked.get("StartDate")
    end: datetime | None = asked.get("EndDate")
    return (
        asked.get("AlarmName", item.alarm) == item.alarm
        and asked.get("HistoryItemType", item.kind) == item.kind
        and (start is None or item.at >= start)
        and (end is None or item.at <= end)
    )


def _acts(alarm: Alarm, prefix: str) -> bool:
    return any(action.startswith(prefix) for kind in ACTION_KINDS for action in alarm.settings[kind])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _not_here(call: Call) -> Answer:
    raise Failure("NotImplemented", f"the embedded cloud does not answer {call.name}", 501)


