"""Reading alarms: over real HTTP where the cloud knows them, behind botocore's hooks where it does not."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.alarms import AlarmReader, Readings, Watch
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.seed import perform
from rollout.seen import AlarmReading
from tests.aws.hooks import HERE, answers

ERRORS, P99 = "my-app-errors", "my-app-p99"
ALARM = {
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
HISTORY = "cloudwatch:DescribeAlarmHistory"


@pytest.fixture
def reader(sessions: Sessions) -> AlarmReader:
    return AlarmReader(sessions)


def read(
    reader: AlarmReader, since: datetime, *names: str, known_red: Mapping[str, datetime] | None = None
) -> Readings:
    return reader.read(HERE, [Watch(names or (ERRORS,), since, known_red or {})])[0]


def one(reader: AlarmReader, since: datetime, **known_red: datetime) -> AlarmReading:
    readings = read(reader, since, known_red={name.replace("_", "-"): at for name, at in known_red.items()})
    assert readings.fault is None
    return readings.alarms[0]


def now(cloud: Cloud) -> datetime:
    return cloud.config.now()


def test_a_quiet_alarm_is_one_call(cloud: Cloud, reader: AlarmReader) -> None:
    """OK since before the step: its values in words, no history read."""
    reading = one(reader, now(cloud))
    assert (reading.state, reading.clean, reading.found, reading.history) == ("OK", True, True, "unread")
    assert reading.text.endswith(" % within limit 0.4 % (0 of 2 min)")
    assert reading.window == timedelta(minutes=2) and reading.mixed
    assert dict(cloud.log.reads) == {"cloudwatch:DescribeAlarms": 1}


def test_a_red_alarm_says_by_how_much(cloud: Cloud, reader: AlarmReader) -> None:
    """Driven red by traffic: value, limit and points in the text."""
    began = now(cloud)
    cloud.knobs.misbehave("my-app", "1", 0.08)
    cloud.step(300)
    reading = one(reader, began)
    assert reading.state == "ALARM" and reading.since is not None and reading.since > began
    assert reading.text.startswith("errors ") and reading.text.endswith(" %, limit 0.4 % (2 of 2 min)")


def test_a_flicker_between_two_looks_is_red(cloud: Cloud, reader: AlarmReader) -> None:
    """OK -> ALARM -> OK while nobody looked: the history tells."""
    began = now(cloud)
    cloud.step(1)
    cloud.knobs.raise_alarm(ERRORS)
    cloud.step(1)
    cloud.knobs.clear_alarm(ERRORS)
    cloud.step(1)
    reading = one(reader, began)
    assert (reading.state, reading.history) == ("OK", "red")


def test_red_until_just_now_is_red(cloud: Cloud, reader: AlarmReader) -> None:
    """It was red when the step began: leaving ALARM within the step is having been red in it."""
    cloud.knobs.raise_alarm(ERRORS)
    cloud.step(1)
    began = now(cloud)
    cloud.step(1)
    cloud.knobs.clear_alarm(ERRORS)
    assert one(reader, began).history == "red"


def test_an_alarm_known_red_before_counts_only_anew(cloud: Cloud, reader: AlarmReader) -> None:
    """A rollback begun because of it must be able to see it turn green, and to see it turn red again."""
    cloud.knobs.raise_alarm(ERRORS)
    red_since = now(cloud)
    cloud.step(1)
    began = now(cloud)
    cloud.step(1)
    cloud.knobs.clear_alarm(ERRORS)
    assert one(reader, began, my_app_errors=red_since).history == "clean"
    cloud.step(1)
    cloud.knobs.raise_alarm(ERRORS)
    cloud.step(1)
    cloud.knobs.clear_alarm(ERRORS)
    assert one(reader, began, my_app_errors=red_since).history == "red"


def test_the_moment_it_is_known_red_from_is_not_anew(cloud: Cloud, reader: AlarmReader) -> None:
    """The very change that made it red may lie within what is read: it is the known one, not a new one."""
    began = now(cloud)
    cloud.step(1)
    cloud.knobs.raise_alarm(ERRORS)
    red_since = now(cloud)
    cloud.step(1)
    cloud.knobs.clear_alarm(ERRORS)
    assert one(reader, began, my_app_errors=red_since).history == "clean"


def test_from_no_data_to_ok_is_clean_and_read_once(cloud: Cloud, reader: AlarmReader, console: Any) -> None:
    """A new version's alarm gets its first data within the step; its past is not asked for at every look."""
    cloud.knobs.hold_alarm(ERRORS)
    console("cloudwatch").set_alarm_state(AlarmName=ERRORS, StateValue="INSUFFICIENT_DATA", StateReason="x")
    cloud.step(1)
    began = now(cloud)
    cloud.step(1)
    console("cloudwatch").set_alarm_state(AlarmName=ERRORS, StateValue="OK", StateReason="x")
    assert [one(reader, began).history for _ in range(3)] == ["clean"] * 3
    assert cloud.log.reads[HISTORY] == 1


def test_history_that_cannot_be_read_is_unreadable(cloud: Cloud, reader: AlarmReader) -> None:
    """Never clean by default."""
    began = now(cloud)
    cloud.step(1)
    cloud.knobs.raise_alarm(ERRORS)
    cloud.knobs.clear_alarm(ERRORS)
    cloud.knobs.deny(HISTORY)
    assert one(reader, began).history == "unreadable"


@pytest.mark.parametrize("items", [[], [{"Timestamp": datetime(2026, 1, 6, tzinfo=UTC), "HistoryData": "?"}]])
def test_history_that_lacks_the_change_is_unreadable(
    cloud: Cloud, reader: AlarmReader, sessions: Sessions, items: list[Any]
) -> None:
    """It changed, so there must be a line of it: none yet, or one nobody can read, is not clean."""
    began = now(cloud)
    cloud.step(1)
    cloud.knobs.raise_alarm(ERRORS)
    cloud.knobs.clear_alarm(ERRORS)
    with answers(sessions, "cloudwatch", "DescribeAlarmHistory", {"AlarmHistoryItems": items}):
        assert one(reader, began).history == "unreadable"


def test_a_deleted_alarm_is_not_found(cloud: Cloud, reader: AlarmReader) -> None:
    """AWS leaves unknown names out without a word; we do not."""
    readings = read(reader, now(cloud), ERRORS, "gone")
    assert [reading.found for reading in readings.alarms] == [True, False]
    assert readings.fault is None


def test_partial_evaluation_is_not_clean(cloud: Cloud, reader: AlarmReader) -> None:
    """OK with PARTIAL_DATA is not OK."""
    cloud.knobs.evaluation_state(ERRORS, "PARTIAL_DATA")
    assert one(reader, now(cloud)).clean is False


def test_composite_alarms_are_asked_for(reader: AlarmReader, sessions: Sessions, cloud: Cloud) -> None:
    """Without AlarmTypes AWS shows metric alarms only, and a composite one would seem deleted."""
    row = {
        "AlarmName": "all",
        "StateValue": "ALARM",
        "StateReason": "arn:… transitioned to ALARM",
        "AlarmRule": "ALARM(a)",
    }
    reply = {"MetricAlarms": [], "CompositeAlarms": [row]}
    with answers(sessions, "cloudwatch", "DescribeAlarms", reply) as asked:
        reading = read(reader, now(cloud), "all").alarms[0]
    assert asked[0]["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm"]
    assert asked[0]["MaxRecords"] == 100  # AWS gives 50 unless told
    assert (reading.state, reading.mixed, reading.window) == ("ALARM", True, timedelta(0))
    assert "transitioned to ALARM" in reading.text


class TestMany:
    """Hundreds of alarms."""

    names = tuple(f"alarm-{n:03}" for n in range(250))

    @pytest.fixture(autouse=True)
    def _alarms(self, cloud: Cloud) -> None:
        cloud.world.operations["cloudwatch", "DescribeAlarms"].__self__.page_size = 100  # type: ignore[attr-defined]  # as AWS pages
        for name in self.names:
            perform(cloud.world, "cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": name})
        cloud.log.clear()

    def test_250_alarms_of_many_rollouts_are_three_calls(self, cloud: Cloud, reader: AlarmReader) -> None:
        """One sweep a lane: names shared by rollouts are asked for once, a hundred a call."""
        watches = [Watch(self.names[start : start + 50], now(cloud)) for start in range(0, 250, 25)]
        readings = reader.read(HERE, watches)
        assert [len(one.alarms) for one in readings] == [len(watch.names) for watch in watches]
        assert all(reading.found for one in readings for reading in one.alarms)
        assert cloud.log.reads["cloudwatch:DescribeAlarms"] == 3

    def test_a_call_that_fails_hides_only_its_own(
        self, cloud: Cloud, reader: AlarmReader, sessions: Sessions
    ) -> None:
        """A fault is told to those who asked for one of its names; red beside it stays red."""
        begin = now(cloud)
        cloud.knobs.raise_alarm(self.names[200])
        watches = [Watch((name,), begin) for name in (self.names[0], self.names[249])]
        both = Watch((self.names[0], self.names[200]), begin)
        cloud.knobs.outage("cloudwatch:DescribeAlarms", times=3)
        first, last, mixed = reader.read(HERE, [*watches, both, Watch(self.names, begin)])[:3]
        assert first.fault is not None and first.fault.kind == "transient" and first.alarms == ()
        assert last.fault is None and last.alarms[0].found
        assert mixed.fault is None and [reading.state for reading in mixed.alarms] == ["ALARM"]


def test_pages_are_followed(cloud: Cloud, reader: AlarmReader) -> None:
    """What AWS puts on a second page is not absent."""
    api = cloud.world.operations["cloudwatch", "DescribeAlarms"].__self__  # type: ignore[attr-defined]  # a bound method
    api.page_size = 1
    try:
        assert [reading.found for reading in read(reader, now(cloud), ERRORS, P99).alarms] == [True, True]
    finally:
        api.page_size = 100


def test_pages_without_end_are_a_fault(cloud: Cloud, reader: AlarmReader, sessions: Sessions) -> None:
    """A token that always leads on is not followed for ever."""
    with answers(
        sessions, "cloudwatch", "DescribeAlarms", {"MetricAlarms": [], "NextToken": "again"}
    ) as asked:
        readings = read(reader, now(cloud), ERRORS)
    assert readings.fault is not None and len(asked) == 20


@pytest.mark.parametrize(
    ("knob", "kind"), [("throttle", "throttle"), ("outage", "transient"), ("deny", "auth")]
)
def test_alarms_that_cannot_be_read_are_a_fault(
    cloud: Cloud, reader: AlarmReader, knob: str, kind: str
) -> None:
    """Blind, with the reason; never an empty list that nobody objects to."""
    getattr(cloud.knobs, knob)("cloudwatch:DescribeAlarms")
    readings = read(reader, now(cloud))
    assert readings.alarms == () and readings.fault is not None and readings.fault.kind == kind
    assert "cloudwatch:DescribeAlarms" in readings.fault.fact


def test_no_alarms_is_no_call(cloud: Cloud, reader: AlarmReader) -> None:
    """A target without alarms costs nothing."""
    assert reader.read(HERE, [Watch((), now(cloud))]) == [Readings(())]
    assert cloud.log.reads == {}
