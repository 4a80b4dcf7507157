"""DescribeAlarms and DescribeAlarmHistory: filters, pages, and the shapes a reader gets. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.cloud.alarm import COMPOSITE, METRIC, Alarm, CompositeAlarm, MetricAlarm
from demo.cloud.alarms import Alarms
from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.history import HistoryItem
from demo.cloud.metric_alarm import ACTION_KINDS
from demo.cloud.paging import BadToken, Row, page

MOST_NAMES = MOST_RECORDS = 100
USUAL_RECORDS = 50
KINDS = (METRIC, COMPOSITE, "LogAlarm")
FAMILY = ("ChildrenOfAlarmName", "ParentsOfAlarmName")
PAGING = {"MaxRecords", "NextToken"}


@dataclass
class AlarmReading:
    """The reading operations. `page_size` below AWS's own makes paging visible with few rows."""

    alarms: Alarms
    now: Now
    page_size: int = USUAL_RECORDS

    def operations(self) -> Operations:
        """The operations answered here."""
        return {
            "DescribeAlarms": self.describe_alarms,
            "DescribeAlarmHistory": self.describe_history,
            "DescribeAlarmsForMetric": _not_here,
        }

    def describe_alarms(self, call: Call) -> Answer:
        """Metric alarms, or the kinds asked for; names nobody has are left out without a word, as in AWS."""
        asked = call.parameters
        if any(name in asked for name in FAMILY):
            return self._family(call)
        names, prefix = asked.get("AlarmNames"), asked.get("AlarmNamePrefix")
        if names and prefix:
            raise Failure("ValidationError", "AlarmNames and AlarmNamePrefix are mutually exclusive")
        if names and len(names) > MOST_NAMES:
            raise Failure("ValidationError", (
                f"1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MOST_NAMES}"
            ))
        kinds = _kinds(asked)
        rows = [alarm for alarm in self.alarms.of(call.account, call.region, names or None) if alarm.kind in kinds]
        if prefix:
            rows = [alarm for alarm in rows if alarm.name.startswith(prefix)]
        if "StateValue" in asked:
            rows = [alarm for alarm in rows if alarm.state.value == asked["StateValue"]]
        if "ActionPrefix" in asked:
            rows = [alarm for alarm in rows if _acts(alarm, asked["ActionPrefix"])]
        return self._page_of(rows, call, _shown)

    def describe_history(self, call: Call) -> Answer:
        """What happened, newest first unless asked otherwise, deleted alarms included."""
        asked = call.parameters
        kinds = _kinds(asked)
        found = self.alarms.history.of((call.account, call.region), asked.get("AlarmName"), self.now())
        ascending = asked.get("ScanBy") == "TimestampAscending"
        rows = sorted((item for item in found if item.of in kinds and _wanted(item, asked)),
                      key=_moment, reverse=not ascending)
        shown, token = self._page(rows, _moment, call, descending=not ascending)
        return Answer({"AlarmHistoryItems": [_item(item) for item in shown]} | token)

    def _family(self, call: Call) -> Answer:
        asked = call.parameters
        asks = next(name for name in FAMILY if name in asked)
        if asked.keys() - PAGING != {asks}:
            raise Failure("ValidationError", f"{asks} can only be given with {' and '.join(sorted(PAGING))}")
        alarm = self.alarms.get((call.account, call.region, asked[asks]))
        if asks == "ParentsOfAlarmName":
            parents = self.alarms.parents((call.account, call.region, asked[asks]))
            return self._page_of(sorted(parents, key=lambda parent: parent.name), call, _named)
        names = alarm.children if isinstance(alarm, CompositeAlarm) else ()
        return self._page_of(self.alarms.of(call.account, call.region, names), call, _brief)

    def _page_of(self, rows: Sequence[Alarm], call: Call, show: Callable[[Alarm], dict[str, Any]]) -> Answer:
        rows, token = self._page(rows, lambda alarm: [alarm.name], call)
        return Answer({
            "MetricAlarms": [show(alarm) for alarm in rows if alarm.kind == METRIC],
            "CompositeAlarms": [show(alarm) for alarm in rows if alarm.kind == COMPOSITE],
        } | token)

    def _page(
        self, rows: Sequence[Row], position: Callable[[Row], list[Any]], call: Call, *, descending: bool = False
    ) -> tuple[Sequence[Row], dict[str, str]]:
        asked, token = call.parameters.get("MaxRecords"), call.parameters.get("NextToken")
        if asked is not None and not 1 <= asked <= MOST_RECORDS:
            raise Failure("ValidationError", (
                f"1 validation error detected: Value '{asked}' at 'maxRecords' failed to satisfy constraint: "
                f"Member must have value between 1 and {MOST_RECORDS}"
            ))
        small = self.page_size < USUAL_RECORDS
        size = min(asked or self.page_size, self.page_size if small else MOST_RECORDS)
        try:
            shown, after = page(rows, position, token, size, descending=descending)
        except BadToken as error:
            raise Failure("InvalidNextToken", f"The next token specified is invalid: {token}") from error
        return shown, {"NextToken": after} if after else {}


def _kinds(asked: Mapping[str, Any]) -> Sequence[str]:
    kinds: Sequence[str] = asked.get("AlarmTypes") or [METRIC]
    for kind in kinds:
        if kind not in KINDS:
            raise Failure("ValidationError", f"AlarmTypes {kind} is not one of {', '.join(KINDS)}")
    return kinds


def _shown(alarm: Alarm) -> dict[str, Any]:
    shown = {
        **alarm.settings, "AlarmArn": alarm.arn, "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "StateValue": alarm.state.value, "StateReason": alarm.state.reason,
        "StateUpdatedTimestamp": alarm.updated, "StateTransitionedTimestamp": alarm.transitioned,
    }
    if alarm.state.json:
        shown["StateReasonData"] = alarm.state.json
    if isinstance(alarm, MetricAlarm) and alarm.evaluation_state:
        shown["EvaluationState"] = alarm.evaluation_state
    return shown


def _named(alarm: Alarm) -> dict[str, Any]:
    return {"AlarmName": alarm.name, "AlarmArn": alarm.arn}


def _brief(alarm: Alarm) -> dict[str, Any]:
    return _named(alarm) | {"StateValue": alarm.state.value, "StateUpdatedTimestamp": alarm.updated}


def _item(item: HistoryItem) -> dict[str, Any]:
    return {
        "AlarmName": item.alarm, "AlarmType": item.of, "Timestamp": item.at,
        "HistoryItemType": item.kind, "HistorySummary": item.summary, "HistoryData": item.detail,
    }


def _moment(item: HistoryItem) -> list[Any]:
    return [item.at.timestamp(), item.number]


def _wanted(item: HistoryItem, asked: Mapping[str, Any]) -> bool:
    start: datetime | None = asked.get("StartDate")
    end: datetime | None = asked.get("EndDate")
    return (
        asked.get("HistoryItemType", item.kind) == item.kind
        and (start is None or item.at >= start)
        and (end is None or item.at <= end)
    )


def _acts(alarm: Alarm, prefix: str) -> bool:
    return any(action.startswith(prefix) for kind in ACTION_KINDS for action in alarm.settings[kind])


def _not_here(call: Call) -> Answer:
    raise Failure("NotImplemented", f"the embedded cloud does not answer {call.name}", 501)
