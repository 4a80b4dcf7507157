"""CloudWatch's operations that change alarms: put, delete, set a state, switch the actions.

What a reader is shown stands in alarm_reading.py; the alarms themselves live in alarms.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from demo.cloud.alarm import Alarm, CompositeAlarm, State
from demo.cloud.alarms import Alarms
from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.composite import read_composite_alarm
from demo.cloud.evaluation import ALARM, INSUFFICIENT, OK
from demo.cloud.metric_alarm import read_metric_alarm
from demo.cloud.tags import read_tags

REASON_LENGTH = 1023
MOST_DELETED = 100


@dataclass
class AlarmApi:
    """The writing operations over one set of alarms."""

    alarms: Alarms
    now: Now

    def operations(self) -> Operations:
        """The operations answered here."""
        return {
            "PutMetricAlarm": lambda call: self._put(call, read_metric_alarm(call, self.now())),
            "PutCompositeAlarm": lambda call: self._put(call, read_composite_alarm(call, self.alarms, self.now())),
            "SetAlarmState": self.set_alarm_state,
            "DeleteAlarms": self.delete_alarms,
            "EnableAlarmActions": lambda call: self._switch(call, on=True),
            "DisableAlarmActions": lambda call: self._switch(call, on=False),
        }

    def set_alarm_state(self, call: Call) -> Answer:
        """For testing, AWS says: the next evaluation puts it right again, of a composite a child's next change."""
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
        """All of them or none: AWS refuses children that a composite alarm still speaks of."""
        names = list(dict.fromkeys(call.parameters["AlarmNames"]))
        if len(names) > MOST_DELETED:
            raise Failure("ValidationError", f"No more than {MOST_DELETED} alarms can be deleted at a time")
        doomed = [self._need(call, name) for name in names]
        if sum(isinstance(alarm, CompositeAlarm) for alarm in doomed) > 1:
            raise Failure("ValidationError", "Only one composite alarm can be deleted at a time")
        kept = [
            alarm.name for alarm in doomed
            if any(parent.name not in names for parent in self.alarms.parents(alarm.key))
        ]
        if kept:
            whom = "it" if len(kept) == 1 else "them"
            raise Failure("ValidationError", (
                f"Cannot delete {','.join(kept)} as there are composite alarm(s) depending on {whom}."
            ))
        for alarm in doomed:
            self.alarms.delete(alarm, self.now())
        return Answer()

    def _put(self, call: Call, alarm: Alarm) -> Answer:
        old = self.alarms.get(alarm.key)
        if old is not None and old.kind != alarm.kind:
            raise Failure("ValidationError", f"{alarm.name} is a {old.kind} and cannot become a {alarm.kind}")
        # Tags are for an alarm's birth: on an update AWS ignores them.
        alarm.tags = read_tags(call.parameters.get("Tags", []), {})
        self.alarms.put(alarm)
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


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
