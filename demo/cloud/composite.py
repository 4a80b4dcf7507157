"""Reads what PutCompositeAlarm is given into an alarm; refuses a bad rule, unknown children and circles.

Keeps nothing: the alarms themselves live in alarms.py.
"""

from __future__ import annotations

from datetime import datetime

from demo.cloud.alarm import CompositeAlarm, name_of
from demo.cloud.alarms import Alarms
from demo.cloud.calls import Call, Failure
from demo.cloud.composite_rule import BadRule, parse
from demo.cloud.metric_alarm import refuse_unknown, settings_of

MOST_CHILDREN = 100
LONGEST_RULE = 10_240
UNKNOWN_SETTINGS = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod",
                    "ActionConfiguration")


def read_composite_alarm(call: Call, alarms: Alarms, now: datetime) -> CompositeAlarm:
    """The alarm as asked for: INSUFFICIENT_DATA, to be weighed at the next moment."""
    asked = call.parameters
    refuse_unknown(asked, UNKNOWN_SETTINGS)
    text = asked.get("AlarmRule", "")
    if len(text) > LONGEST_RULE:
        raise Failure("ValidationError", (
            "1 validation error detected: Value at 'alarmRule' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LONGEST_RULE}"
        ))
    try:
        rule = parse(text)
    except BadRule as error:
        raise Failure("ValidationError", str(error)) from error
    key = (call.account, call.region, asked["AlarmName"])
    event = "created" if alarms.get(key) is None else "updated"
    alarm = CompositeAlarm(key=key, settings=settings_of(asked), configured=now, rule=rule, due=event)
    _check_children(alarm, alarms)
    return alarm


def _check_children(alarm: CompositeAlarm, alarms: Alarms) -> None:
    account, region, name = alarm.key
    here = f"arn:aws:cloudwatch:{region}:{account}:alarm:"
    missing = [
        reference for reference in dict.fromkeys(alarm.rule.references)
        if (reference.startswith("arn:") and not reference.startswith(here))
        or alarms.get((account, region, name_of(reference))) is None
    ]
    if missing:
        raise Failure("ValidationError", (
            f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
        ))
    if len(alarm.children) > MOST_CHILDREN:
        raise Failure("ValidationError", (
            f"AlarmRule speaks of {len(alarm.children)} alarms, which is more than {MOST_CHILDREN}"
        ))
    # AWS takes a circle, never evaluates it and cannot delete it any more. Nobody means one: here it is refused.
    if name in _below(alarm, alarms):
        raise Failure("ValidationError", f"The alarm rule of {name} leads back to {name} itself")


def _below(alarm: CompositeAlarm, alarms: Alarms) -> set[str]:
    """Every name that is reached from the alarm's rule."""
    seen: set[str] = set()
    ahead = list(alarm.children)
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        child = alarms.get((*alarm.place, name))
        if isinstance(child, CompositeAlarm) and child.key != alarm.key:
            ahead.extend(child.children)
    return seen
