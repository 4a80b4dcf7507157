"""CodeDeploy's applications, groups and configurations over boto3: what exists is told, what is wrong is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.cloud import Cloud, seed_billing, seed_catalog, seed_thumbs
from demo.cloud.building_codedeploy import alias_spec, app_spec
from tests.demo.cloud.codedeploy_bench import MODELS, held_to_the_model, misfits, refused
from tests.demo.cloud.conftest import Clients

ROLE = "arn:aws:iam::123456789012:role/codedeploy"
GIVEN = {
    "CodeDeployDefault.OneAtATime", "CodeDeployDefault.HalfAtATime", "CodeDeployDefault.AllAtOnce",
    "CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
    "CodeDeployDefault.LambdaLinear10PercentEvery2Minutes", "CodeDeployDefault.LambdaLinear10PercentEvery3Minutes",
    "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes", "CodeDeployDefault.LambdaCanary10Percent5Minutes",
    "CodeDeployDefault.LambdaCanary10Percent10Minutes", "CodeDeployDefault.LambdaCanary10Percent15Minutes",
    "CodeDeployDefault.LambdaCanary10Percent30Minutes", "CodeDeployDefault.ECSAllAtOnce",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
    "CodeDeployDefault.ECSCanary10Percent5Minutes", "CodeDeployDefault.ECSCanary10Percent15Minutes",
}
LINEAR = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 25, "linearInterval": 2}}
CANARY = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 5, "canaryInterval": 7}}
ALARMS = {"enabled": True, "alarms": [{"name": "any"}]}


@pytest.fixture
def deploy(bare: Cloud, clients: Clients) -> Iterator[Any]:
    """CodeDeploy with nothing of its own; every reply fits botocore's model."""
    with held_to_the_model(bare) as found:
        yield clients("codedeploy")
    assert found == []


def make(deploy: Any, name: str = "app", platform: str = "Lambda", **settings: Any) -> dict[str, str]:
    """An application with a group, both of that name."""
    where = {"applicationName": name, "deploymentGroupName": name}
    deploy.create_application(applicationName=name, computePlatform=platform)
    deploy.create_deployment_group(**where, serviceRoleArn=ROLE, **settings)
    return where


def test_the_given_configurations_have_their_irregular_names(deploy: Any) -> None:
    """All seventeen, over pages; Lambda says `1Minute` where ECS says `1Minutes`, and they mean the same."""
    pages = deploy.get_paginator("list_deployment_configs").paginate()
    assert {name for page in pages for name in page["deploymentConfigsList"]} == GIVEN
    for name in GIVEN:
        told = deploy.get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]
        assert (told["deploymentConfigName"], "trafficRoutingConfig" in told) == (
            name, told["computePlatform"] != "Server",
        )
    for name in ("Lambda", "ECS"):
        minutes = "1Minute" if name == "Lambda" else "1Minutes"
        full = f"CodeDeployDefault.{name}Linear10PercentEvery{minutes}"
        told = deploy.get_deployment_config(deploymentConfigName=full)["deploymentConfigInfo"]
        assert told["trafficRoutingConfig"] == {
            "type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 1},
        }


@pytest.mark.parametrize("routing", [LINEAR, CANARY, {"type": "AllAtOnce"}])
def test_a_configuration_of_ones_own_is_kept(deploy: Any, routing: Any) -> None:
    """What was asked for is told again; a second one of that name is refused."""
    asked = {"deploymentConfigName": "own", "computePlatform": "ECS", "trafficRoutingConfig": routing}
    deploy.create_deployment_config(**asked)
    told = deploy.get_deployment_config(deploymentConfigName="own")["deploymentConfigInfo"]
    assert (told["computePlatform"], told["trafficRoutingConfig"]) == ("ECS", routing)
    with refused("DeploymentConfigAlreadyExistsException"):
        deploy.create_deployment_config(**asked)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"deploymentConfigName": "CodeDeployDefault.Mine"}, "InvalidDeploymentConfigNameException"),
        ({"computePlatform": "EKS"}, "InvalidComputePlatformException"),
        ({"computePlatform": "Server"}, "InvalidMinimumHealthyHostValueException"),
        ({"minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}, "InvalidMinimumHealthyHostValueException"),
        ({"trafficRoutingConfig": {"type": "TimeBasedLinear"}}, "InvalidTrafficRoutingConfigurationException"),
        ({"trafficRoutingConfig": {"type": "TimeBasedCanary", "timeBasedCanary": {
            "canaryPercentage": 100, "canaryInterval": 5}}}, "InvalidTrafficRoutingConfigurationException"),
        ({"trafficRoutingConfig": {"type": "TimeBasedLinear", "timeBasedLinear": {
            "linearPercentage": 10, "linearInterval": 2881}}}, "InvalidTrafficRoutingConfigurationException"),
    ],
)
def test_configurations_that_aws_refuses(deploy: Any, asked: dict[str, Any], code: str) -> None:
    """A name of AWS's, no such platform, hosts and traffic mixed up, numbers out of range."""
    usual = {"deploymentConfigName": "own", "computePlatform": "ECS"}
    with refused(code):
        deploy.create_deployment_config(**usual | asked)


def test_a_group_is_told_as_it_was_made(deploy: Any) -> None:
    """Its settings, the usual configuration where none was given, and what an update replaced."""
    where = make(deploy, alarmConfiguration=ALARMS)
    told = deploy.get_deployment_group(**where)["deploymentGroupInfo"]
    assert told["deploymentConfigName"] == "CodeDeployDefault.LambdaAllAtOnce"
    assert (told["computePlatform"], told["alarmConfiguration"]["alarms"]) == ("Lambda", [{"name": "any"}])
    assert "lastSuccessfulDeployment" not in told
    deploy.update_deployment_group(
        applicationName="app", currentDeploymentGroupName="app", alarmConfiguration={"enabled": False, "alarms": []},
    )
    [told] = deploy.batch_get_deployment_groups(
        applicationName="app", deploymentGroupNames=["nobody", "app"],
    )["deploymentGroupsInfo"]
    assert not told["alarmConfiguration"]["enabled"]
    assert told["serviceRoleArn"] == ROLE


def test_applications_and_groups_are_listed_over_pages(deploy: Any) -> None:
    """Five applications in pages of three; the groups of one application only."""
    for name in "abcde":
        make(deploy, name)
    apps = [one for page in deploy.get_paginator("list_applications").paginate() for one in page["applications"]]
    assert apps == list("abcde")
    pages = deploy.get_paginator("list_deployment_groups").paginate(applicationName="c")
    assert [one for page in pages for one in page["deploymentGroups"]] == ["c"]
    assert deploy.get_application(applicationName="c")["application"]["computePlatform"] == "Lambda"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"alarmConfiguration": {"enabled": True, "alarms": []}}, "InvalidAlarmConfigException"),
        ({"alarmConfiguration": {"alarms": [{"name": str(at)} for at in range(11)]}}, "AlarmsLimitExceededException"),
        ({"autoRollbackConfiguration": {"enabled": True, "events": []}}, "InvalidAutoRollbackConfigException"),
        ({"deploymentConfigName": "nobody"}, "DeploymentConfigDoesNotExistException"),
        ({"platform": "ECS"}, "InvalidECSServiceException"),
        ({"platform": "Server", "deploymentStyle": {"deploymentType": "BLUE_GREEN"}},
         "InvalidDeploymentStyleException"),
        ({"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}, "InvalidDeploymentConfigNameException"),
        ({"blueGreenDeploymentConfiguration": {"deploymentReadyOption": {
            "actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 5}}},
         "InvalidBlueGreenDeploymentConfigurationException"),
    ],
)
def test_groups_that_aws_refuses(deploy: Any, settings: dict[str, Any], code: str) -> None:
    """Alarms that are on and none, or too many; a rollback without events; a configuration of another platform."""
    with refused(code):
        make(deploy, **settings)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"applicationName": "nobody"}, "ApplicationDoesNotExistException"),
        ({"deploymentGroupName": "nobody"}, "DeploymentGroupDoesNotExistException"),
        ({"deploymentConfigName": "nobody"}, "DeploymentConfigDoesNotExistException"),
        ({"revision": {}}, "RevisionRequiredException"),
        ({"revision": {"revisionType": "AppSpecContent"}}, "InvalidRevisionException"),
        ({"revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "{}", "sha256": "0" * 64}}},
         "InvalidRevisionException"),
        ({"revision": {"revisionType": "S3", "s3Location": {"bucket": "nobody", "key": "a"}}},
         "RevisionDoesNotExistException"),
        ({"revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "a/b", "commitId": "c" * 40}}},
         "InvalidRevisionException"),
        ({"description": "x" * 257}, "DescriptionTooLongException"),
        ({"overrideAlarmConfiguration": {"enabled": True, "alarms": []}}, "InvalidAlarmConfigException"),
    ],
)
def test_deployments_that_aws_refuses(deploy: Any, bare: Cloud, asked: dict[str, Any], code: str) -> None:
    """Whatever a deployment names must be there and fit; a refused one leaves nothing behind."""
    usual = make(deploy) | {"revision": app_spec(alias_spec("f", "live", "1", "2"))}
    with refused(code):
        deploy.create_deployment(**usual | asked)
    assert deploy.list_deployments()["deployments"] == []
    assert bare.log.of("codedeploy:CreateDeployment") == []


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "DeploymentIdRequiredException"), ("x-1", "InvalidDeploymentIdException"),
     ("d-NOBODYATL", "DeploymentDoesNotExistException")],
)
def test_ids_that_are_none(deploy: Any, name: str, code: str) -> None:
    """Every operation on a deployment refuses an id that is missing, malformed or unknown."""
    for ask in (deploy.get_deployment, deploy.stop_deployment, deploy.continue_deployment):
        with refused(code):
            ask(deploymentId=name)


def test_an_empty_cloud_forgets_the_knobs_too(deploy: Any, bare: Cloud) -> None:
    """Reset takes applications, deployments and whatever the knobs said."""
    make(deploy)
    bare.knobs.codedeploy_minute(5)
    bare.knobs.codedeploy_stuck("app")
    bare.knobs.codedeploy_fail("app")
    bare.knobs.codedeploy_hide(1)
    bare.knobs.codedeploy_words(baking=True, waiting=False)
    bare.reset()
    engine = bare.world.codedeploy.engine
    assert (engine.minute, engine.stuck, engine.failing, engine.hides) == (60, set(), {}, 0)
    assert (engine.says_baking, engine.says_waiting) == (False, True)
    assert deploy.list_applications()["applications"] == []


def test_the_demos_applications_live_side_by_side(bare: Cloud) -> None:
    """All three at once: no request finds nobody, every alarm is OK; and the same names in every run."""
    made = []
    for _ in range(2):
        bare.reset()
        made.append((seed_catalog(bare, 10, rps=20), seed_billing(bare, 10, rps=20), seed_thumbs(bare, 10, rps=20)))
    assert made[0] == made[1]
    bare.step(40)
    assert {ledger.unserved for ledger in bare.world.servers.flow.ledgers.values()} == {0}
    apps = bare.knobs.status()["apps"]
    assert {app["name"]: {alarm["state"] for alarm in app["alarms"]} for app in apps} == {
        "thumbs": {"OK"}, "catalog": {"OK"}, "billing": {"OK"},
    }
    assert {name: told["platform"] for name, told in bare.knobs.codedeploy().items()} == {
        "catalog": "ECS", "billing": "Server", "thumbs": "Lambda",
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"deploymentInfo": {"status": "Sleeping"}}, "no DeploymentStatus"),
        ({"deploymentInfo": {"state": "Ready"}}, "state: unknown"),
        ({"deploymentInfo": {"deploymentId": 1}}, "no DeploymentId"),
        ({"deploymentInfo": {"instanceTerminationWaitTimeStarted": 0}}, "no Boolean"),
        ({"deploymentInfo": {"deploymentStatusMessages": [1]}}, "messages"),
    ],
)
def test_a_reply_that_aws_would_not_send_is_seen(value: Any, words: str) -> None:
    """The comparison with botocore's model, which all tests of CodeDeploy rest on, sees each kind of misfit."""
    shape = MODELS["codedeploy"].operation_model("GetDeployment").output_shape
    [told] = misfits(value, shape)
    assert words.lower() in told.lower()
