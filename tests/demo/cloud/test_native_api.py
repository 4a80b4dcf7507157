"""ECS's operations on service deployments over boto3: what is refused, what is listed, what the oracle log keeps."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.seed_api import API
from tests.demo.cloud.native_scene import Scene, breaches, configured, modelled, pause

__all__ = ["modelled"]
HOOK_ROLE = "arn:aws:iam::123456789012:role/hooks"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:smoke"


@pytest.fixture
def scene(modelled: Cloud, ecs: Any) -> Scene:
    return Scene(modelled, ecs, configured())


def refused(call: Any) -> tuple[str, str]:
    """The code and message that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def hooked(**changed: Any) -> dict[str, Any]:
    return configured(lifecycleHooks=[pause("POST_SCALE_UP") | changed])


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        (configured(strategy="PURPLE"), "Invalid strategy"),
        ({"strategy": "BLUE_GREEN"}, "bakeTimeInMinutes is required"),
        (configured(bakeTimeInMinutes=1441), "bakeTimeInMinutes must be between 0 and 1440"),
        (configured(canaryConfiguration={"canaryPercent": 0.05}), "canaryPercent must be between 0.1 and 100"),
        (configured(canaryConfiguration={"canaryPercent": 10.55}), "canaryPercent must be a multiple of 0.1"),
        (configured(canaryConfiguration={"canaryBakeTimeInMinutes": 1441}), "canaryBakeTimeInMinutes must be between"),
        (configured(linearConfiguration={"stepPercent": 10.0}), "only valid for the deployment strategy LINEAR"),
        (configured(strategy="LINEAR"), "only valid for the deployment strategy CANARY"),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.9}}, "stepPercent must be between 3 and 100"),
        (hooked(lifecycleStages=[]), "lifecycleStages cannot be empty"),
        (hooked(lifecycleStages=["PRODUCTION_TRAFFIC_SHIFT"]), "Invalid lifecycleStages"),
        (hooked(lifecycleStages=["TEST_TRAFFIC_SHIFT"]), "Invalid lifecycleStages"),
        (hooked(lifecycleStages=["BAKE_TIME"]), "Invalid lifecycleStages"),
        (hooked(targetType="EMAIL"), "Invalid targetType"),
        (hooked(hookTargetArn=FUNCTION), "not applicable for PAUSE hooks"),
        (hooked(targetType="AWS_LAMBDA", hookTargetArn=FUNCTION), "hookTargetArn and roleArn are required"),
        (hooked(timeoutConfiguration={"timeoutInMinutes": 20161}), "timeoutInMinutes must be between 1 and 20160"),
        (hooked(timeoutConfiguration={"timeoutInMinutes": 5, "action": "ABORT"}), "Invalid action"),
        (configured(alarms={"alarmNames": [], "enable": True, "rollback": True}), "alarmNames cannot be empty"),
        ({"deploymentCircuitBreaker": {"enable": True, "rollback": True, "thresholdConfiguration":
            {"type": "MOON", "value": 1}}}, "Invalid thresholdConfiguration type"),
        ({"deploymentCircuitBreaker": {"enable": True, "rollback": True, "thresholdConfiguration":
            {"type": "COUNT", "value": 0}}}, "thresholdConfiguration value must be between"),
    ],
)
def test_what_ecs_refuses_of_a_configuration(scene: Scene, configuration: dict[str, Any], said: str) -> None:
    """Every bound of the strategies, steps, hooks and breakers; the old configuration stays."""
    before = scene.service()["deploymentConfiguration"]
    code, message = refused(lambda: scene.update(deploymentConfiguration=configuration))
    assert code == "InvalidParameterException"
    assert said in message
    assert scene.service()["deploymentConfiguration"] == before


def test_all_of_a_configuration_is_kept(scene: Scene) -> None:
    """What was asked for comes back, whole, of the service and of its next deployment; so do the load balancers."""
    hooks = [pause("POST_TEST_TRAFFIC_SHIFT"), {
        "targetType": "AWS_LAMBDA", "hookTargetArn": FUNCTION, "roleArn": HOOK_ROLE,
        "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"],
    }]
    asked = {
        "strategy": "LINEAR", "maximumPercent": 200, "minimumHealthyPercent": 100, "bakeTimeInMinutes": 7,
        "linearConfiguration": {"stepPercent": 12.5, "stepBakeTimeInMinutes": 3}, "lifecycleHooks": hooks,
        "alarms": {"alarmNames": ["api-errors", "api-p99"], "enable": True, "rollback": True},
    }
    assert scene.update(deploymentConfiguration=asked)["deploymentConfiguration"] == asked
    arn = scene.deploy("v2")
    assert scene.look(arn)["deploymentConfiguration"] == asked
    advanced = scene.service()["loadBalancers"][0]["advancedConfiguration"]
    assert advanced["alternateTargetGroupArn"] == scene.api.second
    assert (advanced["productionListenerRule"], advanced["testListenerRule"]) == (scene.api.rule, scene.api.test_rule)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"alternateTargetGroupArn": None}, "alternateTargetGroupArn is required"),
        ({"productionListenerRule": None}, "productionListenerRule is required"),
        ({"roleArn": None}, "roleArn is required"),
        ({"alternateTargetGroupArn": "the first"}, "must differ"),
        ({"alternateTargetGroupArn": "arn:nowhere"}, "The target group arn:nowhere does not exist"),
        ({"testListenerRule": "arn:nowhere"}, "The listener rule arn:nowhere does not exist"),
        (None, "advancedConfiguration field is required for all loadBalancers"),
    ],
)
def test_what_ecs_refuses_of_load_balancers(scene: Scene, changed: dict[str, Any] | None, said: str) -> None:
    """A strategy that shifts needs two groups, a rule and a role, all of which are there."""
    balancer = dict(scene.service()["loadBalancers"][0])
    advanced = balancer.pop("advancedConfiguration") | (changed or {})
    if changed is not None:
        given = {key: scene.api.first if value == "the first" else value for key, value in advanced.items() if value}
        balancer["advancedConfiguration"] = given
    code, message = refused(lambda: scene.update(loadBalancers=[balancer]))
    assert (code, said in message) == ("InvalidParameterException", True), message


def test_other_load_balancers_are_a_deployment(scene: Scene) -> None:
    """The same ones are none."""
    balancer, first = scene.service()["loadBalancers"][0], scene.service()["currentServiceDeployment"]
    assert scene.update(loadBalancers=[balancer])["currentServiceDeployment"] == first
    del balancer["advancedConfiguration"]["testListenerRule"]
    arn = scene.update(loadBalancers=[balancer])["currentServiceDeployment"]
    assert arn != first
    scene.until_stage(arn, "PRODUCTION_TRAFFIC_SHIFT")
    assert scene.weights_for_tests() == (100, 0)  # as the first deployment left it


def test_listing_pages_filters_and_sorts(scene: Scene) -> None:
    """The newest first, three a page here; by status and time of creation."""
    begun, arns = scene.cloud.world.now(), []
    for _ in range(4):
        scene.cloud.step(10)
        arns.append(scene.update(forceNewDeployment=True)["currentServiceDeployment"])
    scene.until_ended(arns[-1])

    def listed(**asked: Any) -> list[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = scene.ecs.list_service_deployments(cluster=API, service=API, **asked, **token)
            found += [one["serviceDeploymentArn"] for one in answer["serviceDeployments"]]
            if "nextToken" not in answer:
                return found
            assert len(answer["serviceDeployments"]) <= 3
            token = {"nextToken": answer["nextToken"]}

    assert listed()[:4] == arns[::-1]
    assert len(listed()) == 5
    assert listed(status=["STOPPED"]) == arns[2::-1]
    assert listed(status=["SUCCESSFUL"], createdAt={"after": begun}) == [arns[3]]
    middle = {"after": begun + timedelta(seconds=15), "before": begun + timedelta(seconds=35)}
    assert listed(createdAt=middle) == arns[2:0:-1]
    first = scene.ecs.list_service_deployments(cluster=API, service=API, maxResults=1)
    assert [one["serviceDeploymentArn"] for one in first["serviceDeployments"]] == arns[3:]


def test_what_is_refused_of_lists(scene: Scene) -> None:
    """Unknown services, statuses, sizes and tokens; more than twenty ARNs or none."""
    ecs, where = scene.ecs, {"cluster": API, "service": API}
    assert refused(lambda: ecs.list_service_deployments(cluster=API, service="x"))[0] == "ServiceNotFoundException"
    assert refused(lambda: ecs.list_service_deployments(cluster="x", service=API))[0] == "ClusterNotFoundException"
    for asked in ({"status": ["DONE"]}, {"maxResults": 101}, {"nextToken": "x"}):
        said = refused(lambda asked=asked: ecs.list_service_deployments(**where, **asked))
        assert said[0] == "InvalidParameterException"
    for many in (0, 21):
        for call, name in ((ecs.describe_service_deployments, "serviceDeploymentArns"),
                           (ecs.describe_service_revisions, "serviceRevisionArns")):
            arns = [f"arn:{number}" for number in range(many)]
            said = refused(lambda call=call, name=name, arns=arns: call(**{name: arns}))
            assert said[0] == "InvalidParameterException"


def test_unknown_arns_are_failures(scene: Scene) -> None:
    """Told beside those that are known, with 200."""
    arn = scene.service()["currentServiceDeployment"]
    answer = scene.ecs.describe_service_deployments(serviceDeploymentArns=[arn, f"{arn}x"])
    assert [one["serviceDeploymentArn"] for one in answer["serviceDeployments"]] == [arn]
    assert answer["failures"] == [{"arn": f"{arn}x", "reason": "MISSING"}]
    revision = scene.service()["currentServiceRevisions"][0]["arn"]
    answer = scene.ecs.describe_service_revisions(serviceRevisionArns=[revision, f"{revision}x"])
    assert answer["serviceRevisions"][0]["taskDefinition"] == scene.api.definition
    assert answer["failures"] == [{"arn": f"{revision}x", "reason": "MISSING"}]


def test_what_is_refused_of_going_on_and_stopping(scene: Scene) -> None:
    """Unknown deployments, hooks that wait for nobody, actions and ways of stopping that there are not."""
    ecs, arn = scene.ecs, scene.service()["currentServiceDeployment"]
    gone = {"serviceDeploymentArn": f"{arn}x"}
    assert refused(lambda: ecs.stop_service_deployment(**gone))[0] == "ServiceDeploymentNotFoundException"
    unknown = refused(lambda: ecs.continue_service_deployment(**gone, hookId="h"))
    assert unknown[0] == "ServiceDeploymentNotFoundException"
    here = {"serviceDeploymentArn": arn}
    assert refused(lambda: ecs.continue_service_deployment(**here, hookId="h"))[0] == "InvalidParameterException"
    wild = refused(lambda: ecs.continue_service_deployment(**here, hookId="h", action="WAIT"))
    assert "Invalid action" in wild[1]
    assert "Invalid stopType" in refused(lambda: ecs.stop_service_deployment(**here, stopType="ABORT"))[1]
    assert refused(lambda: ecs.stop_service_deployment(**here)) == (
        "ConflictException", "The service deployment is already SUCCESSFUL.",
    )


def test_the_oracle_log_knows_what_was_applied(modelled: Cloud, ecs: Any) -> None:
    """Answers and stops with their before and after; ECS's own writes to rules under ECS's name."""
    scene = Scene(modelled, ecs, hooked())
    arn = scene.deploy("v2")
    hook = scene.until_paused(arn)
    scene.answer(arn, hook)
    scene.until_stage(arn, "PRODUCTION_TRAFFIC_SHIFT")
    scene.stop(arn)
    log = scene.cloud.log
    (going,), (stop,) = log.of("ecs:ContinueServiceDeployment"), log.of("ecs:StopServiceDeployment")
    assert (going.before or {})["hooks"] == {hook: "AWAITING_ACTION"}
    assert (going.after or {})["hooks"] == {hook: "SUCCEEDED"}
    assert ((stop.before or {})["status"], (stop.after or {})["status"]) == ("IN_PROGRESS", "ROLLBACK_REQUESTED")
    assert going.caller.endswith("user/tidegate")
    assert {entry.caller.split("/")[1] for entry in log.of("elbv2:ModifyRule")} == {"AWSServiceRoleForECS"}


def test_a_colleague_deploys_by_hand(scene: Scene) -> None:
    """A deployment that nobody here began: the same task definition once more, under another caller."""
    before = scene.service()
    scene.cloud.knobs.native_by_hand(API)
    after = scene.service()
    assert after["currentServiceDeployment"] != before["currentServiceDeployment"]
    assert after["taskDefinition"] == before["taskDefinition"]
    assert scene.cloud.log.of("ecs:UpdateService")[-1].caller.endswith("user/by-hand")


def test_a_deleted_service_takes_its_deployments_along(scene: Scene) -> None:
    """They are missing from then on; a service of the same name begins anew."""
    arn = scene.service()["currentServiceDeployment"]
    scene.ecs.delete_service(cluster=API, service=API, force=True)
    assert scene.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["failures"][0]["arn"] == arn


def test_the_check_against_the_model_sees_what_it_is_for() -> None:
    """An unknown key, a wrong type and a wrong word are breaches; a right answer is none."""
    from moto.core.utils import get_service_model

    shape = get_service_model("ecs").operation_model("DescribeServiceDeployments").output_shape
    right = {"serviceDeployments": [{"status": "PENDING", "serviceDeploymentArn": "arn:x"}], "failures": []}
    assert list(breaches(right, shape, "")) == []
    for wrong in ({"status": "DONE"}, {"colour": "blue"}, {"createdAt": 5}, {"alarms": {"alarmNames": [1]}}):
        assert len(list(breaches({"serviceDeployments": [wrong]}, shape, ""))) == 1
