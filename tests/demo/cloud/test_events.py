"""EventBridge over boto3: what CodeDeploy and ECS tell reaches the queues that rules send it to, once and in order."""

import inspect
import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from moto.events.models import events_backends

from demo.cloud import Cloud, ManualClock, seed_billing, seed_thumbs
from demo.cloud.building_codedeploy import BILLING, alias_spec, app_spec
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.seed_bookings import BOOKINGS, seed_bookings
from tests.demo.cloud.codedeploy_bench import Deployer
from tests.demo.cloud.conftest import Clients
from tests.demo.cloud.native_scene import Scene, configured, modelled

__all__ = ["modelled"]
DEPLOYMENT, INSTANCE = (f"CodeDeploy {what} State-change Notification" for what in ("Deployment", "Instance"))
OF_ECS, OF_SERVICE = "ECS Deployment State Change", "ECS Service Action"
PLACE = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}"
AWS_SAYS = {"InProgress": "START", "Ready": "READY", "Succeeded": "SUCCESS", "Failed": "FAILURE", "Stopped": "STOP"}
Read = Callable[[], list[Any]]


class Listener:
    """Queues and the rules that fill them, made and read as any client does."""

    def __init__(self, clients: Clients) -> None:
        self.events, self.sqs = clients("events"), clients("sqs")

    def queue(self, name: str) -> tuple[str, str]:
        """A queue's address and ARN."""
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, told["Attributes"]["QueueArn"]

    def listen(self, name: str = "all", **pattern: Any) -> Read:
        """What comes for a pattern from now on, oldest first; each reading takes it away."""
        url, arn = self.queue(name)
        wanted = pattern or {"source": ["aws.codedeploy", "aws.ecs"]}
        self.events.put_rule(Name=name, EventPattern=json.dumps(wanted))
        assert self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])["FailedEntryCount"] == 0
        return lambda: self.taken(url)

    def taken(self, url: str) -> list[Any]:
        found: list[Any] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for one in messages:
                found.append(json.loads(one["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found


@pytest.fixture
def listener(bare: Cloud, clients: Clients) -> Listener:
    return Listener(clients)


def states(told: list[Any], kind: str = DEPLOYMENT) -> list[str]:
    return [one["detail"]["state"] for one in told if one["detail-type"] == kind]


def live(cloud: Cloud, deployer: Deployer, one: str, seconds: int) -> list[str]:
    """Every status that GetDeployment shows, second by second, each change once."""
    seen: list[str] = []
    for _ in range(seconds):
        cloud.step(1)
        status = str(deployer.info(one)["status"])
        seen += [status] if not seen or seen[-1] != status else []
    return seen


def test_a_deployment_tells_what_it_shows(bare: Cloud, clients: Clients, listener: Listener) -> None:
    """Every status that has an event, in the order of GetDeployment; AWS's shape, account, region, resources."""
    bookings = seed_bookings(bare, minute=5)
    read, deployer = listener.listen(), Deployer(clients("codedeploy"), BOOKINGS)
    one = deployer.start(bookings.revisions["v2"])
    shown = live(bare, deployer, one, 60)
    deployer.client.continue_deployment(deploymentId=one)
    shown += live(bare, deployer, one, 90)
    told = read()
    assert shown == ["Queued", "InProgress", "Ready", "InProgress", "Succeeded"]
    assert states(told) == ["START", "READY", "SUCCESS"]
    assert set(states(told)) == {AWS_SAYS[status] for status in shown if status in AWS_SAYS}
    group = clients("codedeploy").get_deployment_group(**deployer.where)["deploymentGroupInfo"]
    first = told[0]
    assert first.pop("id") and first.pop("time") == deployer.info(one)["startTime"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert first == {
        "version": "0", "detail-type": DEPLOYMENT, "source": "aws.codedeploy", "account": ACCOUNT, "region": REGION,
        "resources": [f"{PLACE}:application:{BOOKINGS}", f"{PLACE}:deploymentgroup:{BOOKINGS}/{BOOKINGS}"],
        "detail": {
            "region": REGION, "deploymentId": one, "instanceGroupId": group["deploymentGroupId"],
            "deploymentGroup": BOOKINGS, "state": "START", "application": BOOKINGS,
        },
    }
    assert len({event["id"] for event in told[1:]}) == len(told) - 1


def test_each_instance_tells_its_own_states(bare: Cloud, clients: Clients, listener: Listener) -> None:
    """Servers in place: START and SUCCESS of each, its ARN first; the deployment begins before and ends after."""
    billing = seed_billing(bare)
    read, deployer = listener.listen(), Deployer(clients("codedeploy"), BILLING)
    one = deployer.start(billing.revisions["v2"])
    deployer.until_ended(bare, one)
    told = read()
    assert [event["detail-type"] for event in told] == [DEPLOYMENT, *[INSTANCE] * 8, DEPLOYMENT]
    for name in billing.machines:
        own = [event for event in told if event["detail"].get("instanceId") == name]
        assert [event["detail"]["state"] for event in own] == ["START", "SUCCESS"]
        assert own[0]["resources"][0] == f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{name}"
    assert [event["time"] for event in told] == sorted(event["time"] for event in told)


def test_a_failure_and_its_way_back_are_two_deployments(
    bare: Cloud, clients: Clients, listener: Listener
) -> None:
    """FAILURE of the first server and of its deployment; then the way back, told as any other."""
    billing = seed_billing(bare)
    read, deployer = listener.listen(), Deployer(clients("codedeploy"), BILLING)
    one = deployer.start(billing.revisions["v4"])
    deployer.until_ended(bare, one)
    bare.step(5)
    back = deployer.way_back(one)
    deployer.until_ended(bare, back)
    told = [(event["detail"]["deploymentId"], event["detail"]["state"]) for event in read()
            if event["detail-type"] == DEPLOYMENT]
    assert told == [(one, "START"), (one, "FAILURE"), (back, "START"), (back, "SUCCESS")]


def test_a_function_tells_of_its_deployment_only(bare: Cloud, clients: Clients, listener: Listener) -> None:
    """Stopped by hand: START, STOP, and the way back; no instance is told of where there is none."""
    seed_thumbs(bare, period=60)
    read, deployer = listener.listen(), Deployer(clients("codedeploy"), "thumbs")
    one = deployer.start(app_spec(alias_spec("thumbs", "live", "1", "2")))
    bare.step(30)
    deployer.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    bare.step(20)
    told = read()
    assert states(told) == ["START", "STOP", "START", "SUCCESS"] and not states(told, INSTANCE)


def test_time_that_was_slept_through_is_told_as_it_was(
    bare: Cloud, clients: Clients, listener: Listener
) -> None:
    """One long jump of the clock: the same events, at the same times."""
    billing = seed_billing(bare)
    deployer, clock = Deployer(clients("codedeploy"), BILLING), bare.config.now
    assert isinstance(clock, ManualClock)
    runs = []
    for release, jump in (("v2", False), ("v1", True)):
        read = listener.listen(release)
        one, begin = deployer.start(billing.revisions[release]), clock()
        if jump:
            clock.advance(200)
            deployer.info(one)
        else:
            bare.step(200)
        runs.append([
            (event["detail"]["state"], event["detail"].get("instanceId"), _since(event["time"], begin))
            for event in read()
        ])
    assert runs[0] == runs[1] and len(runs[0]) == 10


def _since(told: str, begin: datetime) -> float:
    return (datetime.fromisoformat(told) - begin).total_seconds()


def test_rules_choose(bare: Cloud, clients: Clients, listener: Listener) -> None:
    """By source, kind and detail; one that is off, or of another bus, gets nothing."""
    billing = seed_billing(bare)
    ended = listener.listen("ended", **{"detail-type": [DEPLOYMENT], "detail": {"state": ["SUCCESS", "FAILURE"]}})
    one_server = listener.listen("one", detail={"instanceId": [billing.machines[1]]})
    others = listener.listen("others", source=["aws.ecs"])
    off = listener.listen("off")
    listener.events.disable_rule(Name="off")
    listener.events.create_event_bus(Name="own")
    url, arn = listener.queue("elsewhere")
    listener.events.put_rule(Name="elsewhere", EventBusName="own", EventPattern='{"source": ["aws.codedeploy"]}')
    listener.events.put_targets(Rule="elsewhere", EventBusName="own", Targets=[{"Id": "1", "Arn": arn}])
    elsewhere = partial(listener.taken, url)
    deployer = Deployer(clients("codedeploy"), BILLING)
    one = deployer.start(billing.revisions["v2"])
    deployer.until_ended(bare, one)
    assert states(ended()) == ["SUCCESS"] and states(one_server(), INSTANCE) == ["START", "SUCCESS"]
    assert others() == off() == elsewhere() == []


def test_what_cannot_be_delivered_stops_nothing(bare: Cloud, clients: Clients, listener: Listener) -> None:
    """A queue that is gone and a function beside a queue: the queue gets everything, the deployment goes on."""
    billing = seed_billing(bare)
    read = listener.listen()
    listener.events.put_targets(Rule="all", Targets=[
        {"Id": "0", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone"},
        {"Id": "2", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:page"},
    ])
    deployer = Deployer(clients("codedeploy"), BILLING)
    one = deployer.start(billing.revisions["v2"])
    deployer.until_ended(bare, one)
    assert states(read()) == ["START", "SUCCESS"]


# --- ECS


def names(told: list[Any]) -> list[tuple[str, str]]:
    return [(event["detail"]["eventType"], event["detail"]["eventName"]) for event in told]


def test_a_service_deployment_tells_its_beginning_and_its_end(
    modelled: Cloud, ecs: Any, listener: Listener
) -> None:
    """In progress, completed, steady; in AWS's shape, each status of DescribeServiceDeployments once."""
    scene = Scene(modelled, ecs, configured(bakeTimeInMinutes=0))
    read = listener.listen()
    arn = scene.deploy("v2")
    shown = scene.until_ended(arn)
    told = read()
    assert shown["status"] == "SUCCESSFUL" and names(told) == [
        ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"), ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
        ("INFO", "SERVICE_STEADY_STATE"),
    ]
    service, first = scene.service(), told[0]
    [deployed] = [one["id"] for one in service["deployments"] if one["status"] == "PRIMARY"]
    assert first.pop("id") and first == {
        "version": "0", "detail-type": OF_ECS, "source": "aws.ecs", "account": ACCOUNT, "region": REGION,
        "time": shown["startedAt"].strftime("%Y-%m-%dT%H:%M:%SZ"), "resources": [service["serviceArn"]],
        "detail": {
            "eventType": "INFO", "eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS", "deploymentId": deployed,
            "updatedAt": first["time"], "reason": f"ECS deployment {deployed} in progress.",
        },
    }
    assert told[2]["detail-type"] == OF_SERVICE and told[2]["detail"]["clusterArn"] == service["clusterArn"]


def test_a_service_deployment_that_goes_back_tells_why(modelled: Cloud, ecs: Any, listener: Listener) -> None:
    """The new one has failed with AWS's reason, the old one is in progress and completed."""
    scene = Scene(modelled, ecs, configured(bakeTimeInMinutes=0))
    read = listener.listen()
    arn = scene.deploy("v2")
    scene.until_stage(arn, "PRODUCTION_TRAFFIC_SHIFT")
    scene.stop(arn)
    shown = scene.until_ended(arn)
    told = read()
    assert shown["status"] == "ROLLBACK_SUCCESSFUL" and names(told) == [
        ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"), ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
        ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"), ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
        ("INFO", "SERVICE_STEADY_STATE"),
    ]
    new, old = told[0]["detail"]["deploymentId"], told[2]["detail"]["deploymentId"]
    assert new != old and told[1]["detail"]["deploymentId"] == new and told[3]["detail"]["deploymentId"] == old
    assert told[1]["detail"]["reason"] == shown["rollback"]["reason"] and old in told[2]["detail"]["reason"]


def test_what_has_no_event_is_not_told(modelled: Cloud, ecs: Any, listener: Listener) -> None:
    """A deployment that a newer one stops ends without a word; the newer one is told from its own beginning."""
    scene = Scene(modelled, ecs, configured(bakeTimeInMinutes=0))
    read = listener.listen("deployments", **{"detail-type": [OF_ECS]})
    first = scene.deploy("v2")
    scene.until_stage(first, "SCALE_UP")
    second = scene.deploy("v4")
    assert scene.until_ended(first)["status"] == "STOPPED"
    scene.until(second, lambda shown: shown["status"] == "IN_PROGRESS")
    told = read()
    assert names(told) == [("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS")] * 2
    assert told[0]["detail"]["deploymentId"] != told[1]["detail"]["deploymentId"]


def test_what_the_bus_takes_for_granted_of_moto(listener: Listener) -> None:
    """Rules of the default bus with their state, schedule and targets, and a delivery that leaves the event alone."""
    listener.listen("one")
    [rule] = events_backends[ACCOUNT][REGION].event_buses["default"].rules.values()
    assert (rule.state, rule.scheduled_expression, len(rule.targets)) == ("ENABLED", None, 1)
    assert list(inspect.signature(rule.send_to_targets).parameters) == ["original_event", "transform_input"]
