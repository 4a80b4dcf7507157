from typing import Any

import pytest

from aws.codedeploy_target import IMPLIED
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import perform
from demo.cloud.codedeploy_words import ROLLBACK_EVENTS
from rollout.errors import NotFound, Refused, TargetError
from rollout.model import Override, Rollout
from rollout.release import Check, Prepared
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import CodeDeployBench, EcsBench, LambdaBench


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> LambdaBench:
    return LambdaBench(served, sessions, CloudClock(served))


@pytest.fixture
def shop(served: Cloud, sessions: Sessions) -> EcsBench:
    return EcsBench(served, sessions, CloudClock(served))


def found(checks: Any, state: str) -> dict[str, Check]:
    """By name."""
    return {check.name: check for check in checks if check.state == state}


def prepared(bench: CodeDeployBench, wanted: str = "", schedule: str = "", **settings: object) -> Prepared:
    return bench.driver.prepare(bench.requested(wanted, 1, schedule, **settings))


# --- names


def test_an_unknown_application_is_not_found(bench: LambdaBench) -> None:
    """With those that there are."""
    with pytest.raises(NotFound, match="no application my-ap") as caught:
        prepared(bench, application="my-ap")
    assert caught.value.hint == "known: my-app"


def test_an_unknown_group_is_not_found(bench: LambdaBench) -> None:
    """With those of its application."""
    with pytest.raises(NotFound, match="no deployment group prod") as caught:
        prepared(bench, group="prod")
    assert caught.value.hint == "known: my-app"


def test_an_unknown_configuration_is_not_found(bench: LambdaBench) -> None:
    """With those that there are; one that a plan needs is made instead, at the launch."""
    rollout = bench.requested("2", configuration="gone")
    terms = rollout.terms.model_copy(update={"schedule": None})
    with pytest.raises(NotFound, match="no deployment configuration gone") as caught:
        bench.driver.prepare(rollout.but(terms=terms))
    assert "CodeDeployDefault." in caught.value.hint
    assert not found(prepared(bench, "2", "20% 2m, 100%").checks, "fail")
    assert bench.cloud.log.applied == []


def test_names_that_nobody_may_list_are_a_shorter_hint(bench: LambdaBench) -> None:
    """A permission that only makes hints better hides no fact."""
    bench.cloud.knobs.deny("codedeploy:ListApplications")
    with pytest.raises(NotFound) as caught:
        prepared(bench, application="my-ap")
    assert caught.value.hint == "create it first"
    bench.cloud.knobs.clear_faults()
    bench.cloud.knobs.deny("codedeploy:GetApplication")
    with pytest.raises(TargetError) as denied:
        prepared(bench)
    assert denied.value.kind == "auth" and "codedeploy:GetApplication on application:my-app" in denied.value.hint


def test_another_platform_is_refused(shop: EcsBench) -> None:
    """What the group deploys and what the configuration says must be the same."""
    settings = {"platform": "server", "cluster": "", "service": "", "repository": "example/catalog"}
    with pytest.raises(Refused, match="application catalog is for ECS, the configuration says server"):
        prepared(shop, **settings)


def test_a_configuration_of_another_platform_is_refused(bench: LambdaBench) -> None:
    """Before CodeDeploy refuses it at the start."""
    rollout = bench.requested("2", configuration="CodeDeployDefault.ECSAllAtOnce")
    terms = rollout.terms.model_copy(update={"schedule": None})
    failed = found(bench.driver.prepare(rollout.but(terms=terms)).checks, "fail")
    assert "is for ECS, not Lambda" in failed["configuration"].text


# --- what is there


def test_preparing_changes_nothing_and_pins(bench: LambdaBench) -> None:
    """Both versions by their code, what differs, and the alarms that AWS watches: they become gates."""
    ready = prepared(bench)
    assert (ready.stable.id, ready.candidate.id) == ("1", "2")
    assert ready.candidate.pinned["sha256"] and ready.diff[0].startswith("version 1 → 2")
    assert ready.alarms == (bench.alarm,) and ready.snapshot
    assert bench.cloud.log.applied == [] and not found(ready.checks, "fail")


def test_the_served_release_and_an_unknown_one_are_refused(bench: LambdaBench) -> None:
    """As every driver does."""
    with pytest.raises(Refused, match="already serves 1"):
        prepared(bench, "1")
    with pytest.raises(NotFound) as caught:
        prepared(bench, "99")
    assert "99" in caught.value.fact and "2" in caught.value.hint


def test_a_busy_group_is_refused_with_who_keeps_it_busy(bench: LambdaBench) -> None:
    """A16: named with its id, its starter and what it says of itself."""
    foreign = bench.deploy("nightly build")
    failed = found(prepared(bench).checks, "fail")
    assert foreign in failed["busy"].text and "started by user: nightly build" in failed["busy"].text


def overridden(bench: LambdaBench, rollout: Rollout, *names: str) -> Rollout:
    """Started by a second person although these alarms were red."""
    over = Override(by=rollout.by, reason="known", at=rollout.created_at, of=1)
    return rollout.but(overridden=over, known_red=dict.fromkeys(names, rollout.created_at))


def test_a_red_alarm_of_the_group_becomes_a_gate(bench: LambdaBench) -> None:
    """The machine refuses by it, by name (S13); where somebody overrode it, the check says what becomes of it."""
    bench.cloud.knobs.misbehave("my-app", "1", 0.9)
    bench.cloud.step(300)
    asked = bench.requested("2")
    ready = bench.driver.prepare(asked)
    assert bench.alarm in ready.alarms
    assert "red now: CodeDeploy would stop at once" in found(ready.checks, "warn")["alarm"].text
    ready = bench.driver.prepare(overridden(bench, asked, bench.alarm))
    assert "this deployment is told to leave it out" in found(ready.checks, "warn")["alarm"].text


def test_an_overridden_start_leaves_only_those_alarms_out(bench: LambdaBench) -> None:
    """CodeDeploy is told the others of the group, and not to watch at all where none is left (S13)."""
    bench.update(alarmConfiguration={"enabled": True, "alarms": [{"name": bench.alarm}, {"name": "other"}]})
    bench.launch(overridden(bench, bench.looked(bench.accepted()), bench.alarm))
    [asked] = [entry.parameters for entry in bench.created()]
    assert asked["overrideAlarmConfiguration"] == {
        "enabled": True, "alarms": [{"name": "other"}], "ignorePollAlarmFailure": False,
    }  # fmt: skip


def test_with_no_alarm_left_codedeploy_watches_none(bench: LambdaBench) -> None:
    """The bot's own looks still do: the alarm counts when it turns red anew."""
    bench.launch(overridden(bench, bench.looked(bench.accepted()), bench.alarm))
    [asked] = [entry.parameters for entry in bench.created()]
    assert asked["overrideAlarmConfiguration"] == {"enabled": False, "alarms": [], "ignorePollAlarmFailure": False}


def test_a_whole_rollout_back_goes_without_the_red_alarms(bench: LambdaBench) -> None:
    """Its one deployment is told to ignore them, and to keep the group's other ways back."""
    rollout = bench.looked(bench.accepted().but(back=True))
    bench.launch(rollout)
    [asked] = [entry.parameters for entry in bench.created()]
    assert asked["overrideAlarmConfiguration"] == {"enabled": False, "alarms": []}
    assert asked["autoRollbackConfiguration"]["enabled"] is True


def test_an_alarm_that_does_not_exist_refuses_the_start(bench: LambdaBench) -> None:
    """It would be blind for ever."""
    bench.update(alarmConfiguration={"enabled": True, "alarms": [{"name": "gone"}]})
    failed = found(prepared(bench).checks, "fail")
    assert "watches the alarm gone, which does not exist" in failed["alarm"].text


@pytest.mark.parametrize(
    ("settings", "warnings"),
    [
        ({}, set()),
        ({"alarmConfiguration": {"enabled": False, "alarms": [{"name": "my-app-errors"}]}}, {"alarms"}),
        ({"alarmConfiguration": {}}, {"alarms"}),
        ({"autoRollbackConfiguration": {"enabled": False, "events": list(ROLLBACK_EVENTS)}}, {"rollback", "failure"}),
        ({"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}}, {"rollback"}),
        ({"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]}}, {"failure"}),
        (
            {"alarmConfiguration": {
                "enabled": True, "alarms": [{"name": "my-app-errors"}], "ignorePollAlarmFailure": True,
            }},
            {"blind"},
        ),
    ],
)  # fmt: skip
def test_what_aws_will_not_do_by_itself_is_said(
    bench: LambdaBench, settings: dict[str, object], warnings: set[str]
) -> None:
    """A warning for each thing that people take for granted, and one line of what it really does."""
    bench.update(**settings)
    checks = prepared(bench).checks
    assert found(checks, "warn").keys() == warnings
    assert all(check.hint.startswith("aws deploy update") for check in found(checks, "warn").values())
    assert "goes back by itself" in found(checks, "ok")["auto-rollback"].text


# --- asking a person


def test_a_plan_that_asks_needs_a_group_that_waits(shop: EcsBench) -> None:
    """Where AWS would move traffic at once, `approve` would be a lie."""
    assert not found(prepared(shop, schedule="0%, approve, 100%").checks, "fail")
    options = shop.group.settings["blueGreenDeploymentConfiguration"]
    shop.update(blueGreenDeploymentConfiguration={**options, "deploymentReadyOption": {
        "actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0,
    }})  # fmt: skip
    failed = found(prepared(shop, schedule="0%, approve, 100%").checks, "fail")
    assert "does not wait" in failed["ready"].text and "STOP_DEPLOYMENT" in failed["ready"].hint
    assert "ready" not in found(prepared(shop, schedule="100%").checks, "warn")


def test_a_group_that_waits_says_so_to_a_plan_that_does_not_ask(shop: EcsBench) -> None:
    """Nobody is surprised that nothing moves."""
    warned = found(prepared(shop).checks, "warn")
    assert "waits up to 60 min before traffic moves, then stops" in warned["ready"].text


def test_a_group_in_place_never_waits(shop: EcsBench) -> None:
    """Its settings may name a wait all the same; they mean nothing there."""
    shop.update(deploymentStyle={"deploymentType": "IN_PLACE"})
    failed = found(prepared(shop, schedule="0%, approve, 100%").checks, "fail")
    assert "deploys in place" in failed["ready"].hint


# --- an ECS service that does not fit


def test_an_image_is_pinned_by_its_digest(shop: EcsBench) -> None:
    """`latest` is the newest image, the live definition tells what serves."""
    ready = prepared(shop)
    assert (ready.stable.id, ready.candidate.id) == ("v1", "v2")
    assert ready.candidate.pinned["digest"] == shop.catalog.digests["v2"] and all(ready.candidate.pinned.values())
    assert ready.stable.pinned["task_definition"] == shop.catalog.definition
    assert ready.diff[0].startswith("image v1") and ready.alarms == ("catalog-errors",)
    assert not found(ready.checks, "fail") and shop.cloud.log.applied == []
    with pytest.raises(Refused, match="already serves v1"):
        prepared(shop, "v1")
    with pytest.raises(NotFound):
        prepared(shop, "v99")


def test_a_group_of_another_service_is_refused(shop: EcsBench) -> None:
    """It would deploy to a service that nobody named."""
    shop.update(ecsServices=[{"clusterName": "catalog", "serviceName": "other"}])
    failed = found(prepared(shop).checks, "fail")
    assert "deploys to catalog/other, not to catalog/catalog" in failed["group"].text


def test_a_service_that_is_not_codedeploys_is_refused(shop: EcsBench, console: Any) -> None:
    """With the ways out, before AWS answers INVALID_ECS_SERVICE."""
    perform(shop.cloud.world, "ecs", "CreateService", {
        "cluster": "catalog", "serviceName": "plain", "taskDefinition": shop.catalog.definition, "desiredCount": 1,
    })  # fmt: skip
    failed = found(prepared(shop, service="plain").checks, "fail")
    assert {"controller", "group", "port"} <= failed.keys()
    assert "has the deployment controller ECS" in failed["controller"].text
    with pytest.raises(TargetError, match="no service gone"):
        prepared(shop, service="gone")


def test_a_port_that_the_service_does_not_have_is_refused(shop: EcsBench) -> None:
    """The AppSpec would name it, and CodeDeploy fail at the start."""
    failed = found(prepared(shop, container_port=9).checks, "fail")
    assert "has not port 9 behind a load balancer: app:8080" in failed["port"].text
    rollout = shop.accepted(container_port=9)
    assert shop.launch(rollout).state == "failed" and shop.cloud.log.applied == []


# --- tidegate check


def test_a_lambda_target_in_order(bench: LambdaBench) -> None:
    """Names, what serves, what would come, what AWS does by itself; nothing is written."""
    target = bench.driver.Target.model_validate(bench.settings)
    first, *others = bench.driver.examine(target)
    assert (first.state, "2 would come next" in first.text) == ("ok", True)
    assert [check.name for check in others] == ["auto-rollback"] and bench.cloud.log.applied == []


def test_an_ecs_target_in_order(shop: EcsBench) -> None:
    """The same of a service; what serves already is said as such."""
    target = shop.driver.Target.model_validate(shop.settings)
    first, *others = shop.driver.examine(target)
    assert first.text == "cluster catalog, service catalog: v1 serves, v2 would come next"
    assert {check.state for check in others} == {"ok"}


def test_a_live_deployment_is_no_failure_of_a_check(bench: LambdaBench) -> None:
    """`tidegate check` may run while a rollout is live."""
    bench.launched(10)
    target = bench.driver.Target.model_validate(bench.settings)
    checks = bench.driver.examine(target)
    assert "busy" in found(checks, "warn") and not found(checks, "fail")


def test_a_check_tells_of_wrong_names(bench: LambdaBench) -> None:
    """An absent configuration or group is an error with the known ones."""
    for change in ({"configuration": "gone"}, {"group": "gone"}):
        with pytest.raises(NotFound, match="gone"):
            bench.driver.examine(bench.driver.Target.model_validate({**bench.settings, **change}))


def test_every_call_of_ecs_stands_in_its_table(shop: EcsBench) -> None:
    """What a whole deployment of a service calls is allowed by a policy of the table."""
    rollout = shop.looked(shop.accepted())
    shop.driver.prepare(rollout)
    shop.launch(rollout)
    shop.cloud.step(100)
    rollout = shop.looked(rollout)
    shop.go_on(rollout, "READY_WAIT")
    shop.cloud.step(20)
    shop.stop(shop.looked(rollout))
    log = shop.cloud.log
    called = {*log.reads, *log.refused, *(entry.name for entry in log.applied if "odeDeploy" not in entry.caller)}
    ours = {name for name in called if not name.startswith(("elbv2:", "application-autoscaling:"))}
    assert ours <= shop.driver.operations.keys() and shop.driver.operations.keys() >= IMPLIED
    assert {"ecs:RegisterTaskDefinition", "ecr:DescribeImages", "codedeploy:ContinueDeployment"} <= ours
