"""HistoryData of a configuration update: an alarm's settings as CloudWatch writes them into its history. Pure."""

from __future__ import annotations

from typing import Any

from demo.cloud.alarm import Alarm
from demo.cloud.wording import compact, iso

TIMESTAMP = "alarmConfigurationUpdatedTimestamp"


def created_json(alarm: Alarm) -> str:
    """The alarm as it was put the first time."""
    return compact({"version": "1.0", "type": "Create", "createdAlarm": _told(alarm)})


def updated_json(alarm: Alarm, old: Alarm) -> str:
    """The alarm as it is now, and what each changed setting was before."""
    now, then = _told(alarm), _told(old)
    changed = {key: value for key, value in then.items() if now.get(key) != value or key == TIMESTAMP}
    told = {"version": "1.0", "type": "Update", "originalUpdatedFields": changed, "updatedAlarm": now}
    return compact(told)


def deleted_json(alarm: Alarm) -> str:
    """The alarm as it was in the end."""
    return compact({"version": "1.0", "type": "Delete", "deletedAlarm": _told(alarm)})


def _told(alarm: Alarm) -> dict[str, Any]:
    settings = {_camel(key): _plain(value) for key, value in alarm.settings.items()}
    times = {TIMESTAMP: iso(alarm.configured), "stateUpdatedTimestamp": iso(alarm.updated)}
    return {**settings, "alarmArn": alarm.arn, "stateValue": alarm.state.value, **times}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _camel(key: str) -> str:
    # CloudWatch itself writes `okactions`.
    return "okactions" if key == "OKActions" else key[0].lower() + key[1:]
