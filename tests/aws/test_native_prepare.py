"""What the look at a requested rollout of an ECS-run deployment finds out: what would ship, and what would go wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from aws.native_target import NativeTarget
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_definition, image_uri, perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.metrics import moment
from demo.cloud.seed_api import API
from rollout.actions import Launch, Stop
from rollout.errors import NotFound, Refused, TargetError
from rollout.release import Check
from tests.aws.hooks import answers
from tests.aws.native_bench import UPDATE, NativeBench, plain

ALARMS = {"alarmNames": ["api-errors", "api-p99"], "enable": True, "rollback": True}


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> NativeBench:
    return NativeBench(served, sessions)


def with_(bench: NativeBench, configuration: dict[str, Any]) -> NativeBench:
    return NativeBench(bench.cloud, bench.sessions, configuration)


def checks(bench: NativeBench, wanted: str = "v2", schedule: str = "", **changes: Any) -> dict[str, Check]:
    found = bench.driver.prepare(bench.requested(wanted, 1, schedule, **changes)).checks
    return {f"{check.name} {check.state}": check for check in found}


def shown(bench: NativeBench, **changes: Any) -> dict[str, Any]:
    """DescribeServices as AWS shows it, with these parts of the service changed."""
    return {"services": [bench.shown() | changes]}


# --- what would ship


@pytest.mark.parametrize("wanted", ["", "latest", "v2", "digest"])
def test_a_release_is_pinned_by_its_digest(bench: NativeBench, wanted: str) -> None:
    """The newest image, a tag or a digest: the same image, in the one service; nothing is changed by asking."""
    digest = bench.api.digests["v2"]
    prepared = bench.driver.prepare(bench.requested(digest if wanted == "digest" else wanted))
    assert (prepared.stable.id, prepared.candidate.id) == ("v1", "v2")
    pinned = prepared.candidate.pinned
    assert pinned["digest"] == digest and pinned["service"] == API and "target_group" not in pinned
    assert prepared.stable.pinned["task_definition"] == bench.api.definition
    assert prepared.diff[0].startswith("image v1 (sha256:") and prepared.diff[1] == "task definition api:1 → api, new"
    assert bench.cloud.log.applied == []


def test_a_release_may_be_a_task_definition(bench: NativeBench) -> None:
    """By family and revision, whatever its image."""
    bench.revision("v3")
    prepared = bench.driver.prepare(bench.requested("td:api:2"))
    assert (prepared.stable.id, prepared.candidate.id) == ("td:api:1", "td:api:2")
    assert prepared.candidate.pinned["digest"] == bench.api.digests["v3"]


def test_what_cannot_be_deployed_is_refused(bench: NativeBench) -> None:
    """What serves already, and names that nobody has, with those that there are."""
    with pytest.raises(Refused, match="already serves v1"):
        bench.driver.prepare(bench.requested("v1"))
    with pytest.raises(NotFound, match="v99") as image:
        bench.driver.prepare(bench.requested("v99"))
    assert "v2" in image.value.hint
    with pytest.raises(NotFound, match="api:99"):
        bench.driver.prepare(bench.requested("td:api:99"))


def test_an_image_that_is_gone_from_ecr_fails(bench: NativeBench) -> None:
    """A task definition may name one; its tasks would never start."""
    add_definition(bench.cloud.world, API, image_uri(API, f"sha256:{'0' * 64}"))
    assert "which api:2 runs" in checks(bench, "td:api:2")["image fail"].text


def test_the_snapshot_names_what_was_there_by_awss_clock(bench: NativeBench) -> None:
    """The newest deployment and its moment: what is later is told apart by them, whatever our clock says."""
    kept, newest = bench.driver.prepare(bench.requested()).snapshot, bench.deployments()[-1]
    assert (kept["deployment"], kept["at"]) == (newest.arn, moment(newest.created).isoformat())
    assert kept["definition"] == kept["serves"] == bench.api.definition
    assert kept["configured"] == "CANARY 10 % 5 min, then 100 %, bake 5 min, pauses at POST_TEST_TRAFFIC_SHIFT"


def test_what_tests_of_the_driver_take_for_granted_is_what_it_finds_out(bench: NativeBench) -> None:
    """The rollout that most of them begin with holds nothing that preparing does not say."""
    made, found = bench.begun(), bench.accepted()
    for one, two in ((made.stable, found.stable), (made.candidate, found.candidate)):
        assert one is not None and two is not None
        assert one.id == two.id and one.pinned.items() <= two.pinned.items()
    assert made.snapshot.items() <= found.snapshot.items()


def test_after_one_that_went_back_the_old_one_serves(bench: NativeBench) -> None:
    """Even where the service is still asked for the one that failed: what runs is read from its revisions."""
    rollout = bench.paused("v3")
    bench.do(rollout, Stop())
    bench.until(rollout, "back")
    failed = bench.deployments()[-1].target.deployment.definition
    with answers(bench.sessions, "ecs", "DescribeServices", shown(bench, taskDefinition=failed)):
        prepared = bench.driver.prepare(bench.requested())
        again = bench.accepted("v3", number=2)
        assert bench.do(again, Launch(release="v3")).state == "done"
    assert prepared.stable.id == "v1" and prepared.snapshot["serves"] == bench.api.definition
    # Asked for it already, UpdateService alone would start nothing.
    assert bench.applied(UPDATE)[-1].parameters["forceNewDeployment"] is True


# --- what would go wrong


def test_a_service_that_fits_is_told_as_it_is(bench: NativeBench) -> None:
    """Strategy, groups, rule and pauses: nothing to warn of."""
    found = checks(bench)
    assert found.keys() == {"strategy ok", "hook ok"}
    assert found["strategy ok"].text.startswith("api: CANARY 10 % 5 min, then 100 %, bake 5 min, pauses at POST_TEST")
    assert "; api-a and api-b by the rule " in found["strategy ok"].text
    assert found["hook ok"].text == (
        "ECS pauses at POST_TEST_TRAFFIC_SHIFT until somebody answers; after 60 min it goes back"
    )


def test_names_that_lead_nowhere_are_refused_with_the_known_ones(bench: NativeBench) -> None:
    """A cluster and a service that do not exist."""
    with pytest.raises(NotFound, match="there is no cluster nowhere") as cluster:
        bench.driver.prepare(bench.requested(cluster="nowhere"))
    assert cluster.value.hint == "clusters: api"
    with pytest.raises(NotFound, match="the cluster api has no service nobody") as service:
        bench.driver.prepare(bench.requested(service="nobody"))
    assert service.value.hint == "it has api"


@pytest.mark.parametrize(("changes", "name", "words"), [
    ({"deploymentController": {"type": "CODE_DEPLOY"}}, "controller fail", "expected ECS"),
    ({"taskSets": [{"id": "ecs-svc/1"}]}, "controller fail", "expected ECS"),
    ({"status": "DRAINING"}, "service fail", "is DRAINING"),
    ({"desiredCount": 0}, "count fail", "asked for no task"),
    ({"loadBalancers": []}, "strategy fail", "has no load balancer"),
    ({"deploymentConfiguration": {"strategy": "SIDEWAYS"}}, "strategy fail", "SIDEWAYS"),
    ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "bake warn", "no bake"),
])  # fmt: skip
def test_what_is_wrong_with_a_service(bench: NativeBench, changes: dict[str, Any], name: str, words: str) -> None:
    """Each is one finding that names it."""
    with answers(bench.sessions, "ecs", "DescribeServices", shown(bench, **changes)):
        assert words in checks(bench)[name].text


@pytest.mark.parametrize(("lacking", "words"), [
    ("advancedConfiguration", "no alternate target group beside api-a"),
    ("alternateTargetGroupArn", "no alternate target group beside api-a"),
    ("productionListenerRule", "no production listener rule for api-a"),
])  # fmt: skip
def test_traffic_moves_between_two_groups_by_a_rule(bench: NativeBench, lacking: str, words: str) -> None:
    """What is missing is named, for a plan that asks for such a strategy as well."""
    bench = with_(bench, {"strategy": "ROLLING"})
    (balancer,) = shown(bench)["services"][0]["loadBalancers"]
    advanced = {key: one for key, one in balancer["advancedConfiguration"].items() if key != lacking}
    changed = {**balancer, "advancedConfiguration": advanced}
    if lacking == "advancedConfiguration":
        del changed["advancedConfiguration"]
    with answers(bench.sessions, "ecs", "DescribeServices", shown(bench, loadBalancers=[changed])):
        assert "strategy fail" not in checks(bench)
        assert words in checks(bench, schedule="10% 5m, 100%")["strategy fail"].text


def test_a_deployment_under_way_is_named(bench: NativeBench) -> None:
    """Ours would have it stopped; AWS tells when it began, and nobody who did."""
    bench.deploy(bench.revision("v3"))
    bench.cloud.step(2)
    check = checks(bench)["deployment fail"]
    newest = bench.deployments()[-1]
    told = f"{newest.arn.rsplit('/', 1)[1]}, begun {moment(newest.created):%Y-%m-%d %H:%M} UTC, IN_PROGRESS"
    assert check.text == f"a deployment of api to api:2 is in progress: {told}"


def test_a_plan_that_changes_the_strategy_says_so(bench: NativeBench) -> None:
    """What UpdateService is sent stays on the service."""
    found = checks(bench, schedule="0%, approve, 100%")
    assert found["strategy ok"].text.startswith("api: BLUE_GREEN; ")
    assert "from CANARY to BLUE_GREEN, and it stays so" in found["changed warn"].text
    assert "hook ok" not in found and "changed warn" not in checks(bench, schedule="20% 5m, 100%")


def test_functions_that_ecs_asks_are_listed(bench: NativeBench) -> None:
    """By name, with the stage that they are asked at."""
    function, role = "arn:aws:lambda:eu-central-1:123456789012:function:smoke", f"arn:aws:iam::{ACCOUNT}:role/x"
    hook = {"hookTargetArn": function, "roleArn": role, "lifecycleStages": ["POST_SCALE_UP"]}
    bench = with_(bench, plain("BLUE_GREEN", lifecycleHooks=[hook]))
    assert checks(bench)["hook ok"].text == "ECS asks the function smoke at POST_SCALE_UP"


@pytest.mark.parametrize(("breaker", "name", "words"), [
    (None, "breaker warn", "no circuit breaker"),
    ({"enable": True, "rollback": False}, "breaker warn", "does not go back by itself"),
    ({"enable": True, "rollback": True}, "breaker ok", "goes back by itself"),
])  # fmt: skip
def test_the_circuit_breaker_is_told_as_it_is(
    bench: NativeBench, breaker: dict[str, Any] | None, name: str, words: str
) -> None:
    """Of ROLLING only: no other strategy has one."""
    more = {"deploymentCircuitBreaker": breaker} if breaker else {}
    bench = with_(bench, {"strategy": "ROLLING", **more})
    found = checks(bench)
    assert words in found[name].text and "strategy warn" in found


# --- alarms of AWS's own configuration


def test_alarms_that_aws_watches_become_gates(bench: NativeBench) -> None:
    """They are read before the start, and named to the machine."""
    bench = with_(bench, plain(alarms=ALARMS))
    alarms(bench, "api-errors", "api-p99")
    assert bench.driver.prepare(bench.requested()).alarms == ("api-errors", "api-p99")
    assert checks(bench)["alarms ok"].text == "on a red alarm (api-errors, api-p99) ECS goes back by itself"


def test_a_red_alarm_is_said_and_left_to_its_gate(bench: NativeBench) -> None:
    """ECS would watch none of them for the whole deployment; as a gate it refuses the start by its name (S13)."""
    bench = with_(bench, plain(alarms=ALARMS))
    alarms(bench, "api-errors", "api-p99", red="api-p99")
    check = checks(bench)["alarms warn"]
    assert bench.driver.prepare(bench.requested()).alarms == ("api-errors", "api-p99")
    assert check.text.startswith("api-p99 is in ALARM: ECS would watch none of its alarms (api-errors, api-p99)")


@pytest.mark.parametrize(("changes", "name", "words"), [
    ({"enable": False}, "alarms warn", "does not watch them"),
    ({"rollback": False}, "alarms warn", "ECS only stops; Tidegate sends it back"),
    ({"alarmNames": ["api-errors", "gone"]}, "alarms fail", "CloudWatch does not know: gone"),
])  # fmt: skip
def test_alarms_that_would_not_help(bench: NativeBench, changes: dict[str, Any], name: str, words: str) -> None:
    """Named and not watched, without a way back, or without an alarm behind the name."""
    bench = with_(bench, plain(alarms=ALARMS | changes))
    alarms(bench, "api-errors", "api-p99")
    assert words in checks(bench)[name].text
    expected = () if "enable" in changes else bench.driver.prepare(bench.requested()).alarms
    assert bench.driver.prepare(bench.requested()).alarms == expected


# --- the configuration, `tidegate check`, permissions


@pytest.mark.parametrize("wrong", [
    {"cluster": "a/b"}, {"service": ""}, {"region": "here"}, {"iam_role": "me"}, {"alias": "live"}, {"kind": "ecs"},
])  # fmt: skip
def test_a_configuration_that_cannot_be_meant(wrong: dict[str, str]) -> None:
    """Refused where it is read."""
    with pytest.raises(ValidationError):
        NativeTarget.model_validate({"cluster": "api", "service": "api", "region": REGION, **wrong})


def test_the_plan_is_awss_own_unless_told(bench: NativeBench) -> None:
    """Nothing about the service's deployments is changed by configuring it here."""
    assert NativeTarget(cluster="api", service="api", region=REGION).plan == "watch"
    assert bench.driver.capabilities.weights == "watch"


def test_check_tells_what_a_rollout_would_meet(bench: NativeBench) -> None:
    """Names, what serves, what would come; a deployment that runs is no failure of a standing target."""
    target = NativeTarget.model_validate(bench.settings)
    first, *more = bench.driver.examine(target)
    assert (first.name, first.state) == ("names", "ok")
    assert first.text == "cluster api, service api with 3 tasks; v1 serves, v2 would come next"
    assert {check.state for check in more} == {"ok"}
    bench.deploy(bench.revision("v2"))
    states = {check.name: check.state for check in bench.driver.examine(target)}
    assert states["deployment"] == "warn" and "names" in states
    bench.cloud.knobs.deny("ecs:DescribeServices")
    with pytest.raises(TargetError) as denied:
        bench.driver.examine(target)
    assert "ecs:DescribeServices" in denied.value.hint


def test_check_of_what_serves_the_newest_already(bench: NativeBench) -> None:
    """Nothing would come next, and that is no failure."""
    bench = with_(bench, plain("BLUE_GREEN"))
    bench.deploy(bench.revision("v2"))
    bench.cloud.step(150)
    first, *_ = bench.driver.examine(NativeTarget.model_validate(bench.settings))
    assert first.state == "ok" and first.text.endswith("already serves v2")


def alarms(bench: NativeBench, *names: str, red: str = "") -> None:
    """Alarms of those names, all OK but the red one."""
    for name in names:
        perform(bench.cloud.world, "cloudwatch", "PutMetricAlarm", {
            "AlarmName": name, "Namespace": "x", "MetricName": "y", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
        })  # fmt: skip
        perform(bench.cloud.world, "cloudwatch", "SetAlarmState", {
            "AlarmName": name, "StateValue": "ALARM" if name == red else "OK", "StateReason": "test",
        })  # fmt: skip
    bench.cloud.log.clear()
