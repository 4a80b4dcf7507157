"""CodeDeploy on servers over boto3: in place, a few at a time, never fewer healthy ones than promised."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from moto.s3.models import s3_backends

from demo.cloud import Cloud, seed_billing
from demo.cloud.building_codedeploy import BILLING, BUCKET, add_bundle
from demo.cloud.calls import ACCOUNT
from demo.cloud.seed_billing import Billing
from demo.cloud.task import Behaviour
from tests.demo.cloud.codedeploy_bench import Deployer, held_to_the_model, refused
from tests.demo.cloud.conftest import Clients

COMMIT = {"revisionType": "GitHub", "gitHubLocation": {"repository": "example/billing", "commitId": "c" * 40}}
LONG = 240


@dataclass
class Scene:
    """The application billing and who looks at it."""

    cloud: Cloud
    billing: Billing
    deployer: Deployer

    def programs(self) -> Counter[str]:
        """How many machines run each release."""
        tags = {one["s3Location"]["eTag"]: name for name, one in self.billing.revisions.items()}
        found = self.cloud.world.servers.machines.known.values()
        return Counter(tags.get(machine.program, machine.program) for _, machine in found)

    def live(self, one: str) -> list[dict[str, int]]:
        """Lives on until a deployment has ended; its overviews, second by second."""
        found = self.cloud.world.codedeploy.engine.deployments[one]
        seen: list[dict[str, int]] = []
        while found.completed is None and len(seen) < LONG:
            self.cloud.step(1)
            seen.append(dict(Counter(target.status for target in found.run.targets) if found.run else {}))
        told = self.deployer.info(one).get("deploymentOverview", {})
        assert {name: many for name, many in told.items() if many} == seen[-1]
        return [row for row in seen if row]

    @property
    def unserved(self) -> int:
        return self.cloud.world.servers.flow.ledgers[self.billing.listener].unserved


@pytest.fixture
def scene(bare: Cloud, clients: Clients) -> Iterator[Scene]:
    """The application billing with few requests; every reply to it fits botocore's model."""
    billing = seed_billing(bare, period=60, rps=20)
    with held_to_the_model(bare) as misfits:
        yield Scene(bare, billing, Deployer(clients("codedeploy"), BILLING))
    assert misfits == []


@pytest.mark.parametrize(("config", "most"), [("OneAtATime", 1), ("HalfAtATime", 2), ("AllAtOnce", 4)])
def test_as_many_at_a_time_as_the_configuration_says(scene: Scene, config: str, most: int) -> None:
    """One, half or all at once, never more; requests are lost only where all machines go at once."""
    one = scene.deployer.start(scene.billing.revisions["v2"], deploymentConfigName=f"CodeDeployDefault.{config}")
    seen = scene.live(one)
    assert scene.deployer.status(one) == "Succeeded"
    assert max(row.get("InProgress", 0) for row in seen) == most
    assert (seen[0], seen[-1]) == ({"InProgress": most} | ({"Pending": 4 - most} if most < 4 else {}), {"Succeeded": 4})
    assert scene.programs() == {"v2": 4}
    assert (scene.unserved > 0) == (config == "AllAtOnce")


def test_each_machine_goes_through_its_events(scene: Scene) -> None:
    """Out of the load balancer, the program's own events, back into it; each with its times, in order."""
    one = scene.deployer.start(scene.billing.revisions["v2"])
    scene.cloud.step(12)
    assert [target["status"] for target in scene.deployer.targets(one)] == ["InProgress"] + ["Pending"] * 3
    first = scene.billing.machines[0]
    assert first not in scene.cloud.world.servers.targets.healthy(scene.billing.group)
    scene.live(one)
    [target] = [target for target in scene.deployer.targets(one) if target["targetId"] == first]
    events = target["lifecycleEvents"]
    assert [event["lifecycleEventName"] for event in events] == [
        "BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle",
        "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService", "BeforeAllowTraffic",
        "AllowTraffic", "AfterAllowTraffic",
    ]
    times = [time for event in events for time in (event["startTime"], event["endTime"])]
    assert times == sorted(times)
    lasted = {event["lifecycleEventName"]: (event["endTime"] - event["startTime"]).seconds for event in events}
    # The group drains for five seconds and checks health every five.
    assert lasted["BlockTraffic"] == pytest.approx(6, abs=1)
    assert lasted["AllowTraffic"] == pytest.approx(6, abs=1)
    assert lasted["Install"] == 1
    assert first in scene.cloud.world.servers.targets.healthy(scene.billing.group)


def test_a_program_that_does_not_come_up_stops_after_one_machine(scene: Scene) -> None:
    """ValidateService fails, the others are not touched; the rollback brings the broken one back first."""
    one = scene.deployer.start(scene.billing.revisions["v4"])
    scene.live(one)
    assert scene.deployer.status(one) == "Failed HEALTH_CONSTRAINTS"
    targets = scene.deployer.targets(one)
    assert [target["status"] for target in targets] == ["Failed", "Skipped", "Skipped", "Skipped"]
    failed = {event["lifecycleEventName"]: event for event in targets[0]["lifecycleEvents"]}
    assert failed["ValidateService"]["diagnostics"]["errorCode"] == "ScriptFailed"
    assert failed["AllowTraffic"]["status"] == "Skipped"
    assert (scene.programs(), scene.unserved) == ({"v1": 3, "v4": 1}, 0)
    scene.cloud.step(8)
    back = scene.deployer.way_back(one)
    assert scene.deployer.targets(back)[0]["status"] == "InProgress"
    scene.live(back)
    assert (scene.deployer.status(back), scene.programs(), scene.unserved) == ("Succeeded", {"v1": 4}, 0)
    assert scene.deployer.info(back)["revision"] == scene.billing.revisions["v1"]


@pytest.mark.parametrize(("least", "status"), [(3, "Failed HEALTH_CONSTRAINTS"), (0, "Failed HEALTH_CONSTRAINTS")])
def test_a_program_that_nowhere_comes_up_never_succeeds(scene: Scene, least: int, status: str) -> None:
    """However few healthy machines are asked for, one at least must have got the program."""
    scene.deployer.client.create_deployment_config(
        deploymentConfigName="own", minimumHealthyHosts={"type": "HOST_COUNT", "value": least},
    )
    one = scene.deployer.start(
        scene.billing.revisions["v4"], deploymentConfigName="own",
        autoRollbackConfiguration={"enabled": False, "events": []},
    )
    scene.live(one)
    assert scene.deployer.status(one) == status
    assert scene.programs()["v4"] == 4 - least


def test_the_last_machine_may_fail_where_enough_are_healthy(scene: Scene) -> None:
    """One at a time means all but one: with three updated and the last one broken it counts as a success."""
    revision = scene.billing.revisions["v2"]
    one = scene.deployer.start(revision)
    while scene.deployer.info(one).get("deploymentOverview", {}).get("Succeeded", 0) < 3:
        scene.cloud.step(1)
    scene.cloud.world.servers.machines.programs[revision["s3Location"]["eTag"]] = Behaviour(exit_code=1)
    assert scene.live(one)[-1] == {"Succeeded": 3, "Failed": 1}
    assert scene.deployer.status(one) == "Succeeded"


def test_a_bad_release_goes_back_machine_by_machine(scene: Scene) -> None:
    """Its alarm stops it half way; the rollback redeploys the old release everywhere, and the errors end."""
    scene.cloud.step(75)
    one = scene.deployer.start(scene.billing.revisions["v3"])
    scene.cloud.step(45)
    assert scene.programs()["v3"] == 2
    scene.cloud.knobs.raise_alarm("billing-errors")
    scene.cloud.step(5)
    assert scene.deployer.status(one) == "Stopped ALARM_ACTIVE"
    scene.live(scene.deployer.way_back(one))
    assert (scene.programs(), scene.unserved) == ({"v1": 4}, 0)


def test_a_revision_must_be_there_as_it_is_named(scene: Scene) -> None:
    """Another version or eTag is another object; one that is deleted before the beginning is REVISION_MISSING."""
    revision = add_bundle(scene.cloud.world, "v5", Behaviour())
    place = revision["s3Location"]
    for wrong in ({"version": "none"}, {"eTag": "0" * 32}, {"key": "billing/v9.zip"}, {"bucket": "nobody"}):
        with refused("RevisionDoesNotExistException"):
            scene.deployer.start(revision | {"s3Location": place | wrong})
    one = scene.deployer.start(revision)
    # For good: a client would leave a delete marker and the version behind.
    s3_backends[ACCOUNT]["aws"].buckets[BUCKET].keys.pop(place["key"])
    scene.cloud.step(4)
    assert scene.deployer.status(one) == "Failed REVISION_MISSING"
    assert scene.programs() == {"v1": 4}


def test_an_archive_can_be_pushed(scene: Scene) -> None:
    """One that does not come up fails as v4 does; unknown kinds and applications are refused."""
    scene.cloud.knobs.push_bundle(BILLING, "v6", "down")
    place = {"bucket": BUCKET, "key": "billing/v6.zip", "bundleType": "zip"}
    one = scene.deployer.start({"revisionType": "S3", "s3Location": place})
    scene.live(one)
    assert scene.deployer.status(one) == "Failed HEALTH_CONSTRAINTS"
    with pytest.raises(ValueError, match="good, errors, down"):
        scene.cloud.knobs.push_bundle(BILLING, "v7", "great")
    with pytest.raises(LookupError, match="known: billing"):
        scene.cloud.knobs.push_bundle("nobody", "v7")


def test_a_commit_is_a_revision_too(scene: Scene) -> None:
    """GitHub by its full commit id; a short one is refused, an AppSpec as well."""
    short = COMMIT | {"gitHubLocation": {"repository": "example/billing", "commitId": "ccccccc"}}
    for wrong in (short, {"revisionType": "AppSpecContent", "appSpecContent": {"content": "{}"}}):
        with refused("InvalidRevisionException"):
            scene.deployer.start(wrong)
    one = scene.deployer.start(COMMIT, deploymentConfigName="CodeDeployDefault.HalfAtATime")
    scene.live(one)
    assert (scene.deployer.status(one), scene.programs()) == ("Succeeded", {"c" * 40: 4})


def test_a_group_without_machines_fails(scene: Scene) -> None:
    """Tags that nobody has: NO_INSTANCES."""
    scene.deployer.client.update_deployment_group(
        applicationName=BILLING, currentDeploymentGroupName=BILLING,
        ec2TagFilters=[{"Key": "app", "Value": "nobody", "Type": "KEY_AND_VALUE"}],
    )
    one = scene.deployer.start(scene.billing.revisions["v2"])
    scene.cloud.step(4)
    assert scene.deployer.status(one) == "Failed NO_INSTANCES"
    with refused("UnsupportedActionForDeploymentTypeException"):
        scene.deployer.client.continue_deployment(
            deploymentId=scene.deployer.start(scene.billing.revisions["v2"]), deploymentWaitType="READY_WAIT",
        )


def test_the_archives_lie_in_s3_as_a_client_sees_them(scene: Scene, clients: Clients) -> None:
    """Version, eTag, encryption and date of each object are those of its revision; v2 is the newest."""
    s3 = clients("s3")
    for name, revision in scene.billing.revisions.items():
        told = s3.head_object(Bucket=BUCKET, Key=f"billing/{name}.zip")
        place = revision["s3Location"]
        assert (told["VersionId"], told["ETag"].strip('"')) == (place["version"], place["eTag"])
        assert told["ServerSideEncryption"] == "aws:kms"
    found = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert max(found, key=lambda one: one["LastModified"])["Key"] == "billing/v2.zip"
