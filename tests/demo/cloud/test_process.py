"""The cloud as a process of its own, its control desk, its guards, and what importing it does."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud, CloudConfig
from demo.cloud.server import NotLoopback, Server
from tests.demo.cloud.conftest import ONE_TRY, Clients


@pytest.fixture(scope="module")
def child() -> Iterator[dict[str, Any]]:
    """`python -m demo.cloud`, which ends when its stdin closes."""
    command = [sys.executable, "-m", "demo.cloud", "--period", "10", "--until-eof"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        ready: dict[str, Any] = json.loads(process.stdout.readline())
        yield ready
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def turn(cloud: dict[str, Any], verb: str, *, token: str | None = None, **arguments: Any) -> tuple[int, Any]:
    """One control request: status and answer."""
    request = urllib.request.Request(
        f"{cloud['endpoint_url']}/__tidegate/{verb}", json.dumps(arguments).encode(),
        {"X-Tidegate-Token": token or cloud["token"]}, method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def client(cloud: dict[str, Any], service: str) -> Any:
    """A boto3 client made from the environment the cloud hands out."""
    env = cloud["env"]
    make: Any = boto3.Session(
        env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], region_name=env["AWS_REGION"]
    ).client
    return make(service, endpoint_url=env["AWS_ENDPOINT_URL"], config=ONE_TRY)


def test_the_child_is_ready_when_it_says_so(child: dict[str, Any]) -> None:
    """The first line carries address, token, pid and environment, and the address answers at once."""
    assert child["endpoint_url"].startswith("http://127.0.0.1:")
    assert client(child, "lambda").get_alias(FunctionName="my-app", Name="live")["FunctionVersion"] == "1"
    states = client(child, "cloudwatch").describe_alarms()["MetricAlarms"]
    assert [alarm["StateValue"] for alarm in states] == ["OK"] * 25


def test_the_child_has_every_application(child: dict[str, Any]) -> None:
    """Those of CodeDeploy on each platform, each with its group, and the one whose strategy ECS runs."""
    deploy = client(child, "codedeploy")
    names = deploy.list_applications()["applications"]
    assert sorted(names) == ["billing", "bookings", "catalog", "thumbs"]
    groups = [deploy.list_deployment_groups(applicationName=name)["deploymentGroups"] for name in names]
    assert groups == [[name] for name in names]
    service = client(child, "ecs").describe_services(cluster="api", services=["api"])["services"][0]
    assert service["deploymentConfiguration"]["strategy"] == "CANARY" and service["runningCount"] == 3


def test_knobs_over_http(child: dict[str, Any]) -> None:
    """A knob returns its sentence, the status its table, the log what was done."""
    assert turn(child, "publish_v3") == (200, {"result": "Version 3 of my-app is published: 8 % errors."})
    status = turn(child, "status")[1]["result"]
    assert status["apps"][0]["weights"] == {"1": 100.0}
    log = turn(child, "log")[1]["result"]
    assert [entry["operation"] for entry in log["applied"]] == ["UpdateFunctionCode", "PublishVersion"]


def test_the_control_desk_refuses(child: dict[str, Any]) -> None:
    """Wrong token 401, unknown knob 404 with the known ones, wrong arguments 400 with the reason."""
    assert turn(child, "status", token="guessed")[0] == 401
    status, answer = turn(child, "explode")
    assert status == 404
    assert "publish_v3" in answer["known"]
    assert "_publish" not in answer["known"]
    assert turn(child, "deny")[0] == 400
    assert turn(child, "raise_alarm", name="nobody") == (
        400, {"error": "no alarm nobody; known: api-errors, api-p99, api-unserved, billing-errors, billing-p99, "
                        "billing-unserved, bookings-errors, bookings-p99, bookings-unserved, catalog-errors, "
                        "catalog-p99, catalog-unserved and 15 more"}
    )
    assert turn(child, "status", loud=True)[0] == 400


def test_roles_are_assumed_and_logged(child: dict[str, Any]) -> None:
    """AssumeRole gives a session whose name stands in GetCallerIdentity and in the log."""
    credentials = client(child, "sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/tidegate-prod", RoleSessionName="ana"
    )["Credentials"]
    session: Any = boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"],
        region_name="eu-central-1",
    ).client
    arn = "arn:aws:sts::123456789012:assumed-role/tidegate-prod/ana"
    assert session("sts", endpoint_url=child["endpoint_url"]).get_caller_identity()["Arn"] == arn
    session("lambda", endpoint_url=child["endpoint_url"]).update_alias(FunctionName="my-app", Name="live")
    assert turn(child, "log")[1]["result"]["applied"][-1]["caller"] == arn


def test_pages_are_recorded(child: dict[str, Any]) -> None:
    """An SNS publish stands in the log with its text."""
    topic = "arn:aws:sns:eu-central-1:123456789012:oncall"
    client(child, "sns").publish(TopicArn=topic, Message="red", Subject="tidegate")
    entry = turn(child, "log")[1]["result"]["applied"][-1]
    assert (entry["service"], entry["operation"]) == ("sns", "Publish")
    assert entry["parameters"] == {"TopicArn": topic, "Message": "red", "Subject": "tidegate"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])  # noqa: S104 - all refused
def test_only_loopback(host: str) -> None:
    """A host that others could reach is refused before anything listens."""
    with pytest.raises(NotLoopback, match="use 127"):
        Cloud(CloudConfig(host=host))
    with pytest.raises(NotLoopback, match="use 127"):
        Server(host, 0, None)


def test_one_cloud_per_process(cloud: Cloud) -> None:
    """A second cloud is refused with the way out: moto keeps one state per process."""
    with pytest.raises(RuntimeError, match=r"python -m demo\.cloud"):
        Cloud().start()
    with pytest.raises(TypeError, match="ManualClock"):
        Cloud().step(1)
    with pytest.raises(RuntimeError, match="not started"):
        _ = Cloud().endpoint_url


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
def test_browsers_stay_out(cloud: Cloud, headers: dict[str, str]) -> None:
    """A page of another site gets 403, whatever it asks for."""
    request = urllib.request.Request(cloud.endpoint_url + "/__tidegate/status", b"{}", headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    with refused.value:
        assert refused.value.code == 403


def test_calls_nobody_answers_say_so(cloud: Cloud, clients: Clients) -> None:
    """An operation neither we nor moto know is 501 with its name, not a page of HTML that boto3 retries."""
    with pytest.raises(ClientError) as refusal:
        clients("cloudwatch").list_metric_streams()
    answer: Any = refusal.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "cloudwatch:ListMetricStreams" in answer["Error"]["Message"]


@pytest.mark.parametrize("path", ["/", "/moto-api/reset", "/2015-03-31/functions"])
def test_unsigned_requests_are_refused(cloud: Cloud, path: str) -> None:
    """Nothing works without a signature, moto's own back door included."""
    request = urllib.request.Request(cloud.endpoint_url + path, b"", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    with refused.value:
        assert refused.value.code == 403
    assert cloud.knobs.status()["apps"]


def test_moto_answers_the_rest(cloud: Cloud, clients: Clients) -> None:
    """A service we do not extend works through moto, and its changes stand in the log."""
    clients("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    assert clients("iam").get_role(RoleName="r")["Role"]["RoleName"] == "r"
    assert len(cloud.log.of("iam:CreateRole")) == 1
    with pytest.raises(ClientError):
        clients("iam").get_role(RoleName="nobody")
    assert cloud.log.refused["iam:GetRole"] == 1


def test_importing_the_cloud_leaves_boto3_alone(child: dict[str, Any]) -> None:
    """Clients of this process, where moto is imported too, reach the child over HTTP."""
    assert "moto" in sys.modules
    client(child, "lambda").get_alias(FunctionName="my-app", Name="live")
    assert turn(child, "log")[1]["result"]["reads"]["lambda:GetAlias"] >= 1
    assert child["pid"] != os.getpid()
