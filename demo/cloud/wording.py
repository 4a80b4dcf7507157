"""What CloudWatch writes about a state change: reason, reason JSON, history JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from demo.cloud.evaluation import ALARM, COMPARISONS, INSUFFICIENT, Outcome, Rule
from demo.cloud.metrics import moment

UNCHECKED = "Unchecked: Initial alarm creation"
FILLED_AS = {
    "notBreaching": "NonBreaching", "breaching": "Breaching", "missing": "Missing", "ignore": "Ignored",
}


def compact(value: Any) -> str:
    """JSON without a blank, as CloudWatch writes it."""
    return json.dumps(value, separators=(",", ":"))


def iso(at: datetime) -> str:
    """`2026-01-05T12:00:00.000+0000`, as in CloudWatch's JSON."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def reason(rule: Rule, outcome: Outcome, old: str, new: str) -> str:
    """StateReason, word for word as CloudWatch says it."""
    if new == INSUFFICIENT:
        many = "datapoints were" if rule.periods > 1 else "datapoint was"
        return f"Insufficient Data: {rule.periods} {many} unknown."
    if not outcome.points:
        periods = f"{rule.periods} period{'s' if rule.periods > 1 else ''}"
        many = "datapoints were" if outcome.filled > 1 else "datapoint was"
        return (
            f"Threshold Crossed: no datapoints were received for {periods} and {outcome.filled} missing "
            f"{many} treated as [{FILLED_AS[rule.missing]}]."
        )
    told = [point for point in outcome.points if _tells(rule, point.value, new)]
    if not told:
        many = "datapoints were" if outcome.filled > 1 else "datapoint was"
        return f"Threshold Crossed: {outcome.filled} missing {many} treated as [{FILLED_AS[rule.missing]}]."
    listed = ", ".join(f"{point.value} ({moment(point.at):%d/%m/%y %H:%M:%S})" for point in told)
    verb = ("were" if len(told) > 1 else "was") + ("" if new == ALARM else " not")
    needed = rule.needed if new == ALARM else rule.periods - rule.needed + 1
    least = f"minimum {needed} datapoint{'s' if needed > 1 else ''} for {old} -> {new} transition"
    return (
        f"Threshold Crossed: {len(told)} out of the last {rule.periods} datapoints [{listed}] {verb} "
        f"{COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold}) ({least})."
    )


def reason_json(rule: Rule, outcome: Outcome, now: datetime, period: int, statistic: str | None) -> str:
    """StateReasonData: the datapoints as numbers, oldest first."""
    points = list(reversed(outcome.points))
    told: dict[str, Any] = {"version": "1.0", "queryDate": iso(now)}
    if points:
        told["startDate"] = iso(moment(points[0].at))
    if statistic:
        told["statistic"] = statistic
    told |= {
        "period": period,
        "recentDatapoints": [point.value for point in points],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [
            {"timestamp": iso(moment(point.at)), "value": point.value} for point in outcome.points
        ],
    }
    return compact(told)


def rule_reason(arn: str, event: str, new: str) -> str:
    """StateReason of a composite alarm that was `created` or `updated`."""
    return f"{arn} was {event} and its alarm rule evaluates to {new}"


def child_reason(arn: str, value: str, at: datetime) -> str:
    """StateReason of a composite alarm of which one child changed."""
    return f"{arn} transitioned to {value} at {at:%A %d %B, %Y %H:%M:%S} UTC"


def triggering_json(children: Iterable[tuple[str, str, datetime]]) -> str:
    """StateReasonData of a composite alarm: arn, state value and time of the children that count."""
    return compact({"triggeringAlarms": [
        {"arn": arn, "state": {"value": value, "timestamp": iso(at)}} for arn, value, at in children
    ]})


def history_json(old: dict[str, str], new: dict[str, str]) -> str:
    """HistoryData of a state update, from state value, reason and reason JSON on both sides."""
    return compact({"version": "1.0", "oldState": _side(old), "newState": _side(new)})


def _side(side: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": side["value"], "stateReason": side["reason"]}
    if side.get("json"):
        told["stateReasonData"] = json.loads(side["json"])
    return told


def _tells(rule: Rule, value: float | None, new: str) -> bool:
    return value is not None and rule.breaches(value) == (new == ALARM)
