"""Every fault as boto3 sees it, and what the oracle log says really happened."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from demo.cloud import Cloud
from demo.cloud.cloud import ACCESS_KEY
from tests.demo.cloud.conftest import ONE_TRY, Clients

LIVE = {"FunctionName": "my-app", "Name": "live"}
EXTRA = {"AdditionalVersionWeights": {"2": 0.1}}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:oncall"
ROLE = "arn:aws:iam::123456789012:role/tidegate-prod"
USER = "arn:aws:iam::123456789012:user/tidegate"

# One call per wire protocol: rest-json, json with query codes, query twice.
CALLS = {
    "lambda": lambda client: client.get_alias(**LIVE),
    "cloudwatch": lambda client: client.describe_alarms(AlarmNames=["my-app-errors"]),
    "sts": lambda client: client.get_caller_identity(),
    "sns": lambda client: client.publish(TopicArn=TOPIC, Message="page"),
}


def refusal(client: Any, service: str) -> tuple[str, int, str]:
    """Code, status and message of the refused call."""
    with pytest.raises(ClientError) as refused:
        CALLS[service](client)
    answer: Any = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("lambda", "TooManyRequestsException", 429), ("cloudwatch", "Throttling", 400),
        ("sts", "Throttling", 400),
    ],
)
def test_throttled(cloud: Cloud, clients: Clients, service: str, code: str, status: int) -> None:
    """Two throttled calls carry the service's own code; the third goes through."""
    cloud.knobs.throttle(times=2)
    for _ in range(2):
        assert refusal(clients(service), service) == (code, status, "Rate exceeded")
    CALLS[service](clients(service))
    assert cloud.log.faults == [("throttle", name) for name, _ in [next(iter(cloud.log.reads.items()))] * 2]


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("lambda", "ServiceException", 500), ("cloudwatch", "ServiceUnavailable", 503),
        ("sts", "ServiceUnavailable", 503), ("sns", "ServiceUnavailable", 503),
    ],
)
def test_outage(cloud: Cloud, clients: Clients, service: str, code: str, status: int) -> None:
    """An outage answers 5xx until it is cleared, and applies nothing."""
    cloud.knobs.outage()
    assert refusal(clients(service), service)[:2] == (code, status)
    assert cloud.log.applied == []
    assert cloud.knobs.clear_faults("outage") == "No more outage."
    CALLS[service](clients(service))


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("lambda", "lambda:GetAlias", "AccessDeniedException"),
        ("cloudwatch", "cloudwatch:DescribeAlarms", "AccessDenied"),
        ("sts", "sts:GetCallerIdentity", "AccessDenied"),
        ("sns", "sns:Publish", "AuthorizationError"),
    ],
)
def test_denied(cloud: Cloud, clients: Clients, service: str, operation: str, code: str) -> None:
    """AccessDenied is 403 and names the user, the action and the resource."""
    cloud.knobs.deny(operation)
    found, status, message = refusal(clients(service), service)
    assert (found, status) == (code, 403)
    assert message.startswith(f"User: {USER} is not authorized to perform: {operation} on resource: ")


def test_only_the_named_operation_is_denied(cloud: Cloud, functions: Any) -> None:
    """Reading goes on while writing is denied."""
    cloud.knobs.deny("lambda:UpdateAlias")
    functions.get_alias(**LIVE)
    with pytest.raises(ClientError, match="lambda:UpdateAlias on resource: arn:aws:lambda:eu-central-1"):
        functions.update_alias(**LIVE, RoutingConfig=EXTRA)
    assert cloud.log.of("lambda:UpdateAlias") == []


@pytest.mark.parametrize(
    ("service", "code"),
    [("lambda", "ExpiredTokenException"), ("cloudwatch", "ExpiredToken"), ("sns", "ExpiredToken")],
)
def test_expired_token(cloud: Cloud, clients: Clients, service: str, code: str) -> None:
    """Every call meets an expired token but AssumeRole, which is how one gets a new one."""
    cloud.knobs.expired_token()
    assert refusal(clients(service), service)[:2] == (code, 403)
    clients("sts").assume_role(RoleArn=ROLE, RoleSessionName="ana")


def test_a_lost_reply_was_applied(cloud: Cloud, functions: Any) -> None:
    """The client sees a closed line; the alias has moved; the log has it once."""
    assert cloud.knobs.lost_reply("lambda:UpdateAlias") == "Lost reply at lambda:UpdateAlias, 1 times."
    with pytest.raises(ConnectionClosedError):
        functions.update_alias(**LIVE, RoutingConfig=EXTRA)
    assert functions.get_alias(**LIVE)["RoutingConfig"] == EXTRA
    assert len(cloud.log.of("lambda:UpdateAlias")) == 1
    assert cloud.log.faults == [("lost_reply", "lambda:UpdateAlias")]
    functions.update_alias(**LIVE, RoutingConfig={})


def test_a_truncated_reply_was_applied(cloud: Cloud, functions: Any) -> None:
    """Half an answer is a change for the cloud and, mind, an empty success for boto3: it checks no length."""
    cloud.knobs.truncate_reply("lambda:UpdateAlias")
    empty = functions.update_alias(**LIVE, RoutingConfig=EXTRA)
    assert empty.keys() == {"ResponseMetadata"}
    assert len(cloud.log.of("lambda:UpdateAlias")) == 1
    assert functions.get_alias(**LIVE)["RoutingConfig"] == EXTRA


def test_a_truncated_query_reply_is_an_error(cloud: Cloud, clients: Clients) -> None:
    """Half of an XML answer is no XML."""
    cloud.knobs.truncate_reply("sts:GetCallerIdentity")
    with pytest.raises(ResponseParserError):
        clients("sts").get_caller_identity()


@pytest.mark.parametrize(("knob", "applied"), [("slow_reply", 1), ("latency", 0)])
def test_a_slow_answer_times_out(cloud: Cloud, knob: str, applied: int) -> None:
    """A reply delayed after the change is a change; a call delayed before it is not yet one."""
    said = getattr(cloud.knobs, knob)(30_000, "lambda:UpdateAlias")
    assert "30000 ms at lambda:UpdateAlias" in said
    hasty = boto3.Session(ACCESS_KEY, "made-up", region_name="eu-central-1").client(
        "lambda", endpoint_url=cloud.endpoint_url,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=1),
    )
    with pytest.raises(ReadTimeoutError):
        hasty.update_alias(**LIVE, RoutingConfig=EXTRA)
    assert len(cloud.log.of("lambda:UpdateAlias")) == applied
    hasty.close()


def test_faults_are_listed_and_cleared(cloud: Cloud) -> None:
    """Standing faults show in the status; clear_faults ends them all."""
    cloud.knobs.throttle("cloudwatch:*")
    cloud.knobs.lost_reply("lambda:UpdateAlias", 2)
    assert cloud.knobs.status()["faults"] == ["throttle cloudwatch:*", "lost_reply lambda:UpdateAlias x2"]
    assert cloud.knobs.clear_faults() == "AWS is well again."
    assert cloud.knobs.status()["faults"] == []


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("lambda:UpdateAlais", "near: UpdateAlias"),
        ("UpdateAlias", "write it like lambda:UpdateAlias"),
        ("lamda:UpdateAlias", "services here: lambda"),
    ],
)
def test_an_unknown_operation_is_no_fault(cloud: Cloud, operation: str, said: str) -> None:
    """A slip in an operation's name is refused with the right one, not silently never met."""
    with pytest.raises(ValueError, match=said):
        cloud.knobs.deny(operation)


def test_one_region_of_three_is_denied(cloud: Cloud) -> None:
    """A fault of one region leaves the others alone, is told with its region, and ends when cleared."""
    session: Any = boto3.Session(ACCESS_KEY, "made-up").client
    regions = ("eu-central-1", "us-east-1", "ap-southeast-2")
    watches = {
        region: session("cloudwatch", region_name=region, endpoint_url=cloud.endpoint_url, config=ONE_TRY)
        for region in regions
    }
    said = cloud.knobs.deny("cloudwatch:DescribeAlarms", region="us-east-1")
    assert said == "Deny at cloudwatch:DescribeAlarms in us-east-1, until cleared."
    assert cloud.knobs.status()["faults"] == ["deny cloudwatch:DescribeAlarms in us-east-1"]
    for region in ("eu-central-1", "ap-southeast-2"):
        watches[region].describe_alarms()
    with pytest.raises(ClientError, match="arn:aws:cloudwatch:us-east-1:123456789012:alarm"):
        watches["us-east-1"].describe_alarms()
    watches["us-east-1"].describe_alarm_history()
    assert [cloud.log.count("cloudwatch:DescribeAlarms", region) for region in regions] == [1, 1, 1]
    cloud.knobs.clear_faults()
    watches["us-east-1"].describe_alarms()
    cloud.knobs.throttle(region="us-east-1", times=1)
    watches["eu-central-1"].describe_alarms()
    with pytest.raises(ClientError, match="Rate exceeded"):
        watches["us-east-1"].describe_alarms()
    with pytest.raises(ValueError, match="us-east is no region"):
        cloud.knobs.outage(region="us-east")


def test_every_call_is_counted_once(cloud: Cloud, clients: Clients) -> None:
    """Reads and writes, answered, refused, lost: each call that arrived counts one, by hand counts none."""
    watch, topics = clients("cloudwatch"), clients("sns")
    now = cloud.config.now()
    watch.describe_alarms()
    watch.describe_alarm_history()
    watch.get_metric_data(MetricDataQueries=[], StartTime=now - timedelta(minutes=1), EndTime=now)
    with pytest.raises(ClientError):
        watch.get_metric_widget_image(MetricWidget="{}")
    clients("resourcegroupstaggingapi").get_resources()
    topics.publish(TopicArn=TOPIC, Message="page")
    cloud.knobs.lost_reply("sns:Publish")
    with pytest.raises(ConnectionClosedError):
        topics.publish(TopicArn=TOPIC, Message="page")
    cloud.knobs.outage("cloudwatch:DescribeAlarms", times=1)
    with pytest.raises(ClientError):
        watch.describe_alarms()
    cloud.knobs.raise_alarm("lamp-errors")
    cloud.knobs.crowd("c", 3)
    assert cloud.knobs.log()["calls"] == {
        "cloudwatch:DescribeAlarmHistory": 1, "cloudwatch:DescribeAlarms": 2, "cloudwatch:GetMetricData": 1,
        "cloudwatch:GetMetricWidgetImage": 1, "resourcegroupstaggingapi:GetResources": 1, "sns:Publish": 2,
    }
    assert [one["parameters"]["Message"] for one in cloud.knobs.asked("sns:Publish")] == ["page", "page"]
    cloud.log.clear()
    assert cloud.log.count("cloudwatch:DescribeAlarms") == 0
    assert cloud.log.asked("sns:Publish") == []
