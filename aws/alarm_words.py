"""CloudWatch's numbers as people read them: `errors 8.2 %, limit 1 % (2 of 3 min)`. No calls, no judgement.

Names and sentences in here are AWS's and its users': escape before showing.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeGuard

from aws.alarm_facts import BREACHES, AlarmRow, HistoryItem, MetricStat, name_of, read_json
from aws.faults import clip
from rollout.alarms.plot import short

LABEL: Final = 60
CHILDREN: Final = 5

_UNITS: Final = {
    "Percent": "%", "Seconds": "s", "Milliseconds": "ms", "Microseconds": "µs", "Bytes": "B", "Kilobytes": "kB",
    "Megabytes": "MB", "Gigabytes": "GB", "Terabytes": "TB", "Count/Second": "/s", "Bytes/Second": "B/s",
    "Kilobytes/Second": "kB/s", "Megabytes/Second": "MB/s",
}  # fmt: skip
"""CloudWatch's units; any other is a plain number."""

_KNOWN: Final = {
    ("AWS/Lambda", "Duration"): "ms",
    ("AWS/Lambda", "PostRuntimeExtensionsDuration"): "ms",
    ("AWS/Lambda", "IteratorAge"): "ms",
    ("AWS/ApplicationELB", "TargetResponseTime"): "s",
    ("AWS/ELB", "Latency"): "s",
    ("AWS/ApiGateway", "Latency"): "ms",
    ("AWS/ApiGateway", "IntegrationLatency"): "ms",
    ("AWS/ECS", "CPUUtilization"): "%",
    ("AWS/ECS", "MemoryUtilization"): "%",
    ("AWS/EC2", "CPUUtilization"): "%",
    ("AWS/RDS", "CPUUtilization"): "%",
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): "s",
    ("AWS/DynamoDB", "SuccessfulRequestLatency"): "ms",
    ("AWS/States", "ExecutionTime"): "ms",
}
"""Alarms seldom carry a unit: CloudWatch advises against it."""

_PARTS: Final = re.compile(r"\d+(?:XX|xx)?|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_DYNAMIC: Final = re.compile(r"[\[(][^\])]*\$\{[^}]*\}[^\])]*[\])]|\$\{[^}]*\}")
_UNIT_AT_END: Final = re.compile(r"\s*(?:(?P<bare>%)|[\[(](?P<told>%|ms|s|B|kB|MB|GB)[\])])\s*$")
_ARN: Final = re.compile(r"arn:[\w-]+:cloudwatch:[\w-]*:\d*:alarm:")
_SENTENCE: Final = {
    "greater than or equal to the threshold": "at or over",
    "greater than the threshold": "over",
    "less than or equal to the threshold": "at or under",
    "less than the threshold": "under",
}
_OUT_OF: Final = re.compile(r"out of the last (\d{1,4}) datapoints")


class Sheet(NamedTuple):
    """What an alarm's definition says of its numbers; none of it need be known."""

    label: str = ""
    unit: str = ""
    breach: str = ""
    periods: int = 0
    step: int = 0

    def value(self, number: float) -> str:
        """`8.2 %`."""
        return f"{short(number)} {self.unit}" if self.unit else short(number)

    def span(self, count: int | None = None) -> str:
        """`2 of 3 min`; in seconds where the period is no whole minute."""
        size, unit = next((size, unit) for size, unit in ((3600, "h"), (60, "min"), (1, "s")) if not self.step % size)
        each = self.step // size
        some = f"{min(count, self.periods) * each} of " if count is not None else ""
        return f"{some}{self.periods * each} {unit}"


def words(row: AlarmRow) -> str:
    """An alarm's present state in words; AWS's own sentence where the numbers are not told."""
    return _said(sheet(row), read_json(row.state_reason_data), row.state_reason, row.state_value)


def past_words(item: HistoryItem, known: Sheet | None) -> str:
    """The same of one change in its history, by what is known of its definition today, or by AWS's sentence."""
    told = item.entered
    reason, numbers = str(told.get("stateReason", "")), told.get("stateReasonData")
    given = numbers if isinstance(numbers, dict) else read_json(str(numbers))
    state = str(told.get("stateValue", ""))
    return _said(known or _guessed(reason, given), given, reason, state) or clip(item.history_summary)


def sheet(row: AlarmRow) -> Sheet:
    """Label, unit and limit of an alarm, out of its definition."""
    label, unit = measure(row)
    return Sheet(label, unit, BREACHES.get(row.comparison_operator, ""), row.evaluation_periods, row.step)


def measure(row: AlarmRow) -> tuple[str, str]:
    """What it measures, in words, and in which unit: `errors`, `%`. Both may be empty."""
    query = row.watched
    if query is None:
        return "", ""
    label, unit = _split(query.label)
    if query.metric_stat is None:
        return label or clip(query.id, LABEL), unit
    return label or _metric(query.metric_stat), unit or _unit(query.metric_stat)


def _split(label: str) -> tuple[str, str]:
    """`errors %` is `errors` in `%`. What CloudWatch would fill in (`${MAX}`) is left out."""
    plain = _DYNAMIC.sub("", label).strip()
    found = _UNIT_AT_END.search(plain)
    if found is None:
        return clip(plain, LABEL), ""
    return clip(plain[: found.start()], LABEL), found["bare"] or found["told"]


def _metric(stat: MetricStat) -> str:
    name = stat.metric.metric_name
    if re.fullmatch(r"[A-Z][A-Za-z0-9_]*", name):
        parts = _PARTS.findall(name)
        name = " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)
    how = "" if stat.stat in ("Sum", "SampleCount", "") else stat.stat
    how = how.lower() if how in ("Average", "Maximum", "Minimum") else how
    return clip(f"{how} {name}".strip(), LABEL)


def _unit(stat: MetricStat) -> str:
    if stat.stat == "SampleCount":
        return ""
    return _UNITS.get(stat.unit, "") or _KNOWN.get((stat.metric.namespace, stat.metric.metric_name), "")


def _said(known: Sheet, told: Mapping[str, Any], sentence: str, state: str) -> str:
    return _numbers(known, told, state) or _children(told, sentence) or clip(_ARN.sub("", sentence))


def _numbers(known: Sheet, told: Mapping[str, Any], state: str) -> str:
    limit, points, period = told.get("threshold"), told.get("recentDatapoints"), told.get("period")
    if not known.breach or not known.periods or not _is_number(limit) or not isinstance(points, list):
        return ""
    if _is_number(period) and 1 <= period < 10**6:
        known = known._replace(step=int(period))
    if known.step < 1:
        return ""
    values = [value for value in points if _is_number(value)]
    head = f"{known.label} " if known.label else ""
    if not values:
        return f"{known.label}{': ' if known.label else ''}no data points, limit {known.value(limit)} ({known.span()})"
    worst = max(values) if "over" in known.breach else min(values)
    breaching = [value for value in values if _breaches(value, limit, known.breach)]
    between = f" {known.breach if breaching else 'within'} limit"
    if breaching and known.breach == "over" and known.label:
        between = ", limit"
    # A value over its limit beside OK looks like a mistake: it takes several minutes to turn an alarm red.
    few = f" {known.breach}: too few to be red" if state == "OK" and breaching else ""
    return f"{head}{known.value(worst)}{between} {known.value(limit)} ({known.span(len(breaching))}{few})"


def _children(told: Mapping[str, Any], sentence: str) -> str:
    """A composite alarm says which ones turned it."""
    listed = told.get("triggeringAlarms")
    if not isinstance(listed, list):
        return ""
    red = [name for one in listed if (name := _red(one))]
    if not red:
        return ""
    names = ", ".join(clip(name, LABEL) for name in red[:CHILDREN])
    more = f" and {len(red) - CHILDREN} more" if len(red) > CHILDREN else ""
    return f"{names}{more} in ALARM: {clip(_ARN.sub('', sentence))}"


def _red(child: object) -> str:
    if not isinstance(child, dict) or not isinstance(child.get("state"), dict):
        return ""
    arn = str(child.get("arn", ""))
    return (name_of(arn) or arn) if child["state"].get("value") == "ALARM" else ""


def _guessed(sentence: str, told: Mapping[str, Any]) -> Sheet:
    """The definition, out of `2 out of the last 3 datapoints [...] were greater than the threshold (1.0)`."""
    breach = next((word for text, word in _SENTENCE.items() if text in sentence), "")
    found = _OUT_OF.search(sentence)
    points = told.get("recentDatapoints")
    return Sheet(
        breach=breach,
        periods=int(found[1]) if found else len(points) if isinstance(points, list) else 0,
    )


def _breaches(value: float, limit: float, breach: str) -> bool:
    return {
        "over": value > limit,
        "at or over": value >= limit,
        "under": value < limit,
        "at or under": value <= limit,
    }[breach]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, float) and math.isfinite(value)
