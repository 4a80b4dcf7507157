"""Knobs over alarms: red and green by hand, gone, hundreds of them, and pictures of their metrics."""

from __future__ import annotations

from demo.cloud.alarm import EVALUATION_STATES, Alarm, CompositeAlarm, MetricAlarm, State
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.evaluation import ALARM, OK
from demo.cloud.turning import Turning

MOST_CROWDED = 5000


class AlarmKnobs(Turning):
    """What a person may do to alarms."""

    def raise_alarm(self, name: str, region: str = REGION) -> str:
        """Turns an alarm red and keeps it so until it is cleared."""
        self._hold(name, State(ALARM, "Turned red by hand"), region)
        return f"Alarm {name} is red until you clear it."

    def clear_alarm(self, name: str, region: str = REGION) -> str:
        """Lets go of an alarm: OK now, and judged by its data again."""
        alarm = self._hold(name, State(OK, "Cleared by hand"), region)
        self._let_go(alarm)
        return f"Alarm {name} is OK and follows its data again."

    def hold_alarm(self, name: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether the alarm keeps its state, whatever the data say: so that SetAlarmState lasts."""
        with self._world.lock:
            self._world.tick()
            alarm = self._alarm(name)
            if on:
                alarm.held = True
            else:
                self._let_go(alarm)
        return f"Alarm {name} {'keeps its state' if on else 'follows its data again'}."

    def evaluation_state(self, name: str, state: str | None = None) -> str:
        """What a metric alarm says about its own evaluation; null is a clean one."""
        if state is not None and state not in EVALUATION_STATES:
            raise ValueError(f"{state} is not one of {', '.join(EVALUATION_STATES)}")
        with self._world.lock:
            alarm = self._alarm(name)
            if not isinstance(alarm, MetricAlarm):
                raise TypeError(f"{name} is a composite alarm: it has no evaluation of its own")
            alarm.evaluation_state = state
        return f"Alarm {name} reports {state or 'a clean evaluation'}."

    def delete_alarm(self, name: str, region: str = REGION) -> str:
        """Deletes an alarm, and before it every composite alarm that speaks of it: AWS keeps it otherwise."""
        with self._world.lock:
            self._world.tick()
            gone = self._upwards(self._alarm(name, region))
            for alarm in gone:
                self._do("cloudwatch", "DeleteAlarms", {"AlarmNames": [alarm.name]}, region)
        before = f", and before it {', '.join(alarm.name for alarm in gone[:-1])}" if gone[1:] else ""
        return f"Alarm {name} is deleted{before}."

    def crowd(self, prefix: str, count: int, red: int = 0, region: str = REGION) -> str:
        """So many alarms named prefix-000 and on, the first `red` of them in ALARM, the others OK, all held so."""
        if not 1 <= count <= MOST_CROWDED or not 0 <= red <= count:
            raise ValueError(f"count is 1 to {MOST_CROWDED} and red 0 to count, not {count} and {red}")
        with self._world.lock:
            self._world.tick()
            for number in range(count):
                self._one_of(prefix, number, region, ALARM if number < red else OK)
        return f"{count} alarms {prefix}-000 to {prefix}-{count - 1:03}, {red} of them red."

    def widget_images(self, on: bool) -> str:  # noqa: FBT001 - an argument in JSON
        """Whether CloudWatch draws pictures of metrics, or refuses as if the policy lacked the action."""
        with self._world.lock:
            self._world.widgets.on = on
        return f"GetMetricWidgetImage {'draws' if on else 'is refused'}."

    def _one_of(self, prefix: str, number: int, region: str, state: str) -> None:
        name = f"{prefix}-{number:03}"
        if self._world.alarms.get((ACCOUNT, region, name)) is None:
            self._do("cloudwatch", "PutMetricAlarm", {
                "AlarmName": name, "AlarmDescription": f"one of the crowd {prefix}",
                "Namespace": "Crowd", "MetricName": "Load", "Statistic": "Average", "Period": 60,
                "Dimensions": [{"Name": "Member", "Value": name}], "EvaluationPeriods": 1,
                "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore",
                "Tags": [{"Key": "crowd", "Value": prefix}],
            }, region)
        words = "Turned red with its crowd" if state == ALARM else "Calm with its crowd"
        self._hold(name, State(state, words), region)

    def _upwards(self, alarm: Alarm) -> list[Alarm]:
        """The alarm behind everything that must be gone before it."""
        order: list[Alarm] = []
        for parent in self._world.alarms.parents(alarm.key):
            order += [above for above in self._upwards(parent) if above not in order]
        return [*order, alarm]

    def _hold(self, name: str, state: State, region: str = REGION) -> Alarm:
        with self._world.lock:
            self._world.tick()
            alarm = self._alarm(name, region)
            alarm.held = True
            self._world.alarms.set_state(alarm, state, self._world.now())
            return alarm

    def _let_go(self, alarm: Alarm) -> None:
        alarm.held = False
        if isinstance(alarm, CompositeAlarm):
            alarm.due = "updated"
