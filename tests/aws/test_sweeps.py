"""All alarms of a place: over real HTTP where the cloud knows them, behind botocore's hooks where it does not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.alarms import AlarmReader, Watch
from aws.registry import open_drivers
from aws.sessions import Sessions
from aws.sweeps import AlarmSweeps
from aws.world import AwsWorld
from demo.cloud import Cloud
from demo.cloud.seed import perform
from rollout.alarms.model import Place, Sweep
from rollout.alarms.ports import AlarmSource
from rollout.errors import TargetError
from rollout.model import Phase
from rollout.release import Release
from tests.aws.bench import CloudClock, make_rollout
from tests.aws.hooks import HERE, answers

ERRORS, P99, HEALTH = "my-app-errors", "my-app-p99", "my-app-health"
DESCRIBE, HISTORY, TAGS = "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory", "tag:GetResources"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ALARM = {
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
STRANGE = (
    'it\'s "quoted"',
    "a/b\\c:d",
    "Größe-日本-🚨",
    "<!channel> *boom* <https://x|y>",
    "`code` & co",
    " blank ends ",
    "x" * 255,
)


def at(region: str = "eu-central-1") -> Place:
    return Place(lane=f"123456789012/{region}", region=region)


@pytest.fixture
def reader(sessions: Sessions) -> AlarmReader:
    return AlarmReader(sessions)


@pytest.fixture
def sweeps(sessions: Sessions, clock: CloudClock, reader: AlarmReader) -> AlarmSweeps:
    return AlarmSweeps(sessions, clock, reader)


def put(cloud: Cloud, *names: str) -> None:
    for name in names:
        perform(cloud.world, "cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": name})
    cloud.log.clear()


def states(sweep: Sweep) -> dict[str, str]:
    return {reading.name: reading.state if reading.found else "-" for reading in sweep.readings}


def test_it_is_the_port(sweeps: AlarmSweeps, clock: CloudClock) -> None:
    """The watch's port is what is implemented; a sweep of nothing says when, and asks nobody."""
    port: AlarmSource = sweeps
    assert port.sweep(at(), []) == Sweep(place=at(), at=clock.now())


@pytest.mark.parametrize(
    ("alarms", "calls"), [(0, 0), (1, 1), (100, 1), (101, 2), (500, 5), (501, 6), (600, 6)]
)
def test_a_hundred_alarms_a_call(cloud: Cloud, sweeps: AlarmSweeps, alarms: int, calls: int) -> None:
    """500 alarms are exactly five calls, each read once, red ones red; a name given twice is asked for once."""
    if alarms:
        cloud.knobs.crowd("many", alarms, red=1)
    cloud.log.clear()
    names = [f"many-{number:03}" for number in range(alarms)]
    sweep = sweeps.sweep(at(), [*names, *names])
    assert cloud.log.count(DESCRIBE) == calls and sum(cloud.log.calls.values()) == calls
    assert states(sweep) == {name: "ALARM" if name == "many-000" else "OK" for name in names}
    assert len(sweep.readings) == alarms and sweep.faults == {}


def test_both_kinds_are_read_as_the_gates_read_them(cloud: Cloud, sweeps: AlarmSweeps, reader: AlarmReader) -> None:
    """Metric, composite, absent: the same values, whoever asks."""
    cloud.knobs.raise_alarm(ERRORS)
    cloud.step(61)
    names = (ERRORS, P99, HEALTH, "nobody")
    sweep = sweeps.sweep(at(), names)
    gates = reader.read(HERE, [Watch(names, cloud.config.now() + timedelta(hours=1))])[0]
    assert sweep.readings == gates.alarms
    assert states(sweep) == {ERRORS: "ALARM", P99: "OK", HEALTH: "ALARM", "nobody": "-"}
    texts = {reading.name: reading.text for reading in sweep.readings}
    assert texts[HEALTH].startswith(f"{ERRORS} in ALARM: {ERRORS} transitioned to ALARM at ")
    assert texts[P99].startswith("p99 duration ") and texts[P99].endswith(" ms within limit 400 ms (0 of 2 min)")
    assert texts["nobody"] == "CloudWatch knows no alarm of that name"


def test_looks_and_sweeps_share_one_reader(
    cloud: Cloud, sessions: Sessions, clock: CloudClock, reader: AlarmReader, sweeps: AlarmSweeps
) -> None:
    """What a look has read the watch knows: the past of its alarm has words without a sweep or a call more."""
    world = AwsWorld(sessions, open_drivers(sessions, clock), clock, reader)
    sides = {"stable": Release(id="1"), "candidate": Release(id="2")}
    look = world.observe([make_rollout(clock.now(), ERRORS).but(phase=Phase.STEPPING, **sides)])[1]
    since = clock.now()
    cloud.knobs.misbehave("my-app", "1", 0.08)
    cloud.step(300)
    cloud.log.clear()
    (turn,) = sweeps.past(at(), ERRORS, since)
    assert turn.text.startswith("errors ") and turn.text.endswith(" %, limit 0.4 % (2 of 2 min)")
    assert set(cloud.log.reads) == {HISTORY}
    assert [reading.name for reading in look.alarms] == [ERRORS]


def test_a_call_that_fails_hides_only_its_own(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """A fault per name, with its kind; the other four hundred are read."""
    cloud.knobs.crowd("many", 500)
    cloud.knobs.outage(DESCRIBE, times=3)
    names = [f"many-{number:03}" for number in range(500)]
    sweep = sweeps.sweep(at(), names)
    assert sorted(sweep.faults) == names[:100] and [one.name for one in sweep.readings] == names[100:]
    assert {fault.kind for fault in sweep.faults.values()} == {"transient"}


@pytest.mark.parametrize(("knob", "kind"), [("throttle", "throttle"), ("outage", "transient"), ("deny", "auth")])
def test_what_cannot_be_read_is_a_value(cloud: Cloud, sweeps: AlarmSweeps, knob: str, kind: str) -> None:
    """A sweep never raises; every name has its fault, which names the call."""
    getattr(cloud.knobs, knob)(DESCRIBE)
    sweep = sweeps.sweep(at(), [ERRORS, P99])
    assert sweep.readings == () and {name: fault.kind for name, fault in sweep.faults.items()} == {
        ERRORS: kind,
        P99: kind,
    }
    assert all(DESCRIBE in fault.text for fault in sweep.faults.values())


def test_one_region_of_three_without_permission(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """It is blind with the permission that lacks; the two others go on."""
    regions = ("eu-central-1", "us-east-1", "ap-south-1")
    for region in regions:
        cloud.knobs.crowd("many", 3, red=1, region=region)
    cloud.knobs.deny(DESCRIBE, region="us-east-1")
    told = {region: sweeps.sweep(at(region), ["many-000", "many-001"]) for region in regions}
    for region in ("eu-central-1", "ap-south-1"):
        assert states(told[region]) == {"many-000": "ALARM", "many-001": "OK"}
    blind = told["us-east-1"]
    assert blind.readings == () and {fault.kind for fault in blind.faults.values()} == {"auth"}
    assert all(f"allow {DESCRIBE} on alarm:*" in fault.hint for fault in blind.faults.values())


def test_deleted_while_watched(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """Between two sweeps it is not found any more; between a sweep and its past the past is still told."""
    since = cloud.config.now() - timedelta(seconds=1)
    cloud.knobs.crowd("many", 2, red=1)
    assert states(sweeps.sweep(at(), ["many-000", "many-001"])) == {"many-000": "ALARM", "many-001": "OK"}
    cloud.knobs.delete_alarm("many-000")
    assert states(sweeps.sweep(at(), ["many-000", "many-001"])) == {"many-000": "-", "many-001": "OK"}
    assert [(turn.state, turn.text) for turn in sweeps.past(at(), "many-000", since)] == [
        ("ALARM", "Turned red with its crowd")
    ]


def test_the_past_of_an_alarm_that_never_was(sweeps: AlarmSweeps) -> None:
    """Nothing, no error."""
    assert sweeps.past(at(), "nobody", LONG_AGO) == ()


def test_names_as_people_give_them(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """Quotes, slashes, unicode, Slack's own marks, 255 characters: read, found by prefix, with a past."""
    put(cloud, *STRANGE)
    assert states(sweeps.sweep(at(), STRANGE)) == dict.fromkeys(STRANGE, "INSUFFICIENT_DATA")
    for name in STRANGE:
        assert sweeps.found(at(), [name], []) == (name,)
        cloud.knobs.raise_alarm(name)
        assert [turn.state for turn in sweeps.past(at(), name, LONG_AGO)] == ["ALARM"]


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "a\x00b", "\x7f"])
def test_a_name_no_alarm_can_have_spoils_no_other(cloud: Cloud, sweeps: AlarmSweeps, name: str) -> None:
    """AWS would refuse it and with it all the names of its call; so it is not asked for, and is not found."""
    sweep = sweeps.sweep(at(), [ERRORS, name])
    assert states(sweep) == {ERRORS: "OK", name: "-"} and sweep.faults == {}
    (asked,) = cloud.log.asked(DESCRIBE)
    assert asked.parameters["AlarmNames"] == [ERRORS]


def answer(**fields: Any) -> dict[str, Any]:
    row = {"AlarmName": ERRORS, "StateValue": "ALARM", "StateReason": "why", "Period": 60, "EvaluationPeriods": 1}
    return {"MetricAlarms": [row | fields, row | {"AlarmName": P99}], "CompositeAlarms": []}


def test_texts_of_ten_kilobytes(sweeps: AlarmSweeps, sessions: Sessions) -> None:
    """A description of any length is left alone, a reason is clipped to one line."""
    long = answer(AlarmDescription="d" * 10_240, StateReason="r\n" * 5_000, StateReasonData="[" * 10_240)
    with answers(sessions, "cloudwatch", "DescribeAlarms", long):
        reading = sweeps.sweep(at(), [ERRORS]).readings[0]
    assert len(reading.text) == 200 and "\n" not in reading.text and "d" not in reading.text


def test_one_strange_alarm_blinds_no_other(sweeps: AlarmSweeps, sessions: Sessions) -> None:
    """What cannot be a reading is that alarm's own fault, for gates and sweeps alike."""
    with answers(sessions, "cloudwatch", "DescribeAlarms", answer(Period=10**15, EvaluationPeriods=10**15)):
        sweep = sweeps.sweep(at(), [ERRORS, P99])
    assert states(sweep) == {P99: "ALARM"}
    assert sweep.faults[ERRORS].kind == "transient" and ERRORS in sweep.faults[ERRORS].text


Ask = Callable[[AlarmSweeps], object]
ASKS: dict[str, tuple[str, Ask]] = {
    "prefix": (DESCRIBE, lambda sweeps: sweeps.found(at(), ["my-app"], [])),
    "tag": ("resourcegroupstaggingapi:GetResources", lambda sweeps: sweeps.found(at(), [], ["app=my-app"])),
    "past": (HISTORY, lambda sweeps: sweeps.past(at(), ERRORS, LONG_AGO)),
}


@pytest.mark.parametrize("ask", ASKS)
def test_half_a_reply_is_none(cloud: Cloud, sweeps: AlarmSweeps, ask: str) -> None:
    """Status 200 and half a body: a TargetError to ask again, never an empty list."""
    operation, call = ASKS[ask]
    assert call(sweeps)
    cloud.knobs.truncate_reply(operation)
    with pytest.raises(TargetError) as caught:
        call(sweeps)
    assert caught.value.kind == "transient"


def test_half_a_sweep_is_none(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """A sweep says so per name; it does not say that the alarms are gone."""
    cloud.knobs.truncate_reply(DESCRIBE)
    sweep = sweeps.sweep(at(), [ERRORS, P99])
    assert sweep.readings == () and {fault.kind for fault in sweep.faults.values()} == {"transient"}


@pytest.mark.parametrize(
    ("ask", "reply"),
    [
        ("prefix", {"MetricAlarms": [], "NextToken": "again"}),
        ("tag", {"ResourceTagMappingList": [], "PaginationToken": "again"}),
        ("past", {"AlarmHistoryItems": [], "NextToken": "again"}),
    ],
)
def test_a_token_without_end(sweeps: AlarmSweeps, sessions: Sessions, ask: str, reply: dict[str, Any]) -> None:
    """Twenty pages, then a TargetError that names the call."""
    operation, call = ASKS[ask]
    service, name = operation.split(":")
    with answers(sessions, service, name, reply) as asked, pytest.raises(TargetError) as caught:
        call(sweeps)
    assert len(asked) == 20 and f"{name} did not end" in caught.value.fact


@pytest.mark.parametrize("ask", ASKS)
def test_a_missing_permission_is_named(cloud: Cloud, sweeps: AlarmSweeps, ask: str) -> None:
    """In IAM's words, also where boto3 calls the service something else."""
    operation, call = ASKS[ask]
    cloud.knobs.deny(operation)
    with pytest.raises(TargetError) as caught:
        call(sweeps)
    permission = operation.replace("resourcegroupstaggingapi", "tag")
    assert caught.value.kind == "auth" and caught.value.fact.startswith(permission)
    assert f"allow {permission}" in caught.value.hint


def test_found_by_prefix(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """Both kinds, all pages, only this region's, sorted; two prefixes that overlap find each once."""
    cloud.knobs.crowd("my-app-crowd", 250)
    cloud.knobs.crowd("my-app-elsewhere", 1, region="us-east-1")
    cloud.log.clear()
    crowd = tuple(f"my-app-crowd-{number:03}" for number in range(250))
    assert sweeps.found(at(), ["my-app"], []) == (*crowd, ERRORS, HEALTH, P99)
    assert cloud.log.count(DESCRIBE) == 3
    assert sweeps.found(at(), ["my-app-h", "my-app-health", "nobody"], []) == (HEALTH,)
    assert sweeps.found(at("us-east-1"), ["my-app"], []) == ("my-app-elsewhere-000",)


def test_found_by_tag(cloud: Cloud, sweeps: AlarmSweeps, console: Any) -> None:
    """By key and value, by key alone, with `=` in the value; several tags find what any of them finds; all pages."""
    cloud.knobs.crowd("many", 250)
    where = f"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{ERRORS}"
    arn = console("cloudwatch").describe_alarms(AlarmNames=[ERRORS])["MetricAlarms"][0]["AlarmArn"]
    assert arn.split(":alarm:")[1] == where.split(":alarm:")[1]
    console("cloudwatch").tag_resource(ResourceARN=arn, Tags=[{"Key": "sum", "Value": "1+1=2"}])
    cloud.log.clear()
    assert sweeps.found(at(), [], ["app=my-app"]) == (ERRORS, HEALTH, P99)
    assert sweeps.found(at(), [], ["sum=1+1=2", "app=nobody"]) == (ERRORS,)
    assert sweeps.found(at(), [], ["sum"]) == (ERRORS,)
    assert sweeps.found(at(), [], ["sum="]) == ()
    assert len(sweeps.found(at(), ["my-app-h"], ["crowd=many", "app=my-app"])) == 253
    assert sweeps.found(at("us-east-1"), [], ["app=my-app"]) == ()


def test_only_alarms_are_found_by_tag(sweeps: AlarmSweeps, sessions: Sessions) -> None:
    """Whatever else AWS may answer with is no alarm."""
    arns = ["arn:aws:cloudwatch:r:1:alarm:a:b", "arn:aws:cloudwatch:r:1:insight-rule/x", "arn:aws:s3:::bucket"]
    reply = {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns], "PaginationToken": ""}
    with answers(sessions, "resourcegroupstaggingapi", "GetResources", reply) as asked:
        assert sweeps.found(at(), [], ["app"]) == ("a:b",)
    assert asked[0]["ResourceTypeFilters"] == ["cloudwatch:alarm"] and asked[0]["TagFilters"] == [{"Key": "app"}]


def test_the_past_is_told_oldest_first(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """Every change after that moment, not the one at it, of both kinds; no matter how many pages."""
    cloud.step(1)
    for _ in range(60):
        cloud.knobs.raise_alarm(P99)
        cloud.step(1)
        cloud.knobs.clear_alarm(P99)
        cloud.step(1)
    told = sweeps.past(at(), P99, LONG_AGO)[-120:]
    assert [turn.state for turn in told] == ["ALARM", "OK"] * 60
    assert [turn.at for turn in told] == sorted(turn.at for turn in told)
    assert sweeps.past(at(), P99, told[-3].at) == told[-2:]
    assert {turn.text for turn in told} == {"Turned red by hand", "Cleared by hand"}
    assert sweeps.past(at(), HEALTH, LONG_AGO)


def test_a_change_nobody_can_read_is_left_out(sweeps: AlarmSweeps, sessions: Sessions) -> None:
    """A state that is none of CloudWatch's three says nothing."""
    items = [
        {"Timestamp": datetime(2026, 1, day, tzinfo=UTC), "HistorySummary": f"Alarm updated from OK to {state}"}
        for day, state in ((3, "ALARM"), (2, "FINE"), (1, "INSUFFICIENT_DATA"))
    ]
    with answers(sessions, "cloudwatch", "DescribeAlarmHistory", {"AlarmHistoryItems": items}):
        told = sweeps.past(at(), ERRORS, LONG_AGO)
    assert [turn.state for turn in told] == ["INSUFFICIENT_DATA", "ALARM"]
