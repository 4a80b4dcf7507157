"""CodeDeploy on Lambda over boto3: an alias moves minute by minute, an alarm stops it, it goes back by itself."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from demo.cloud import Cloud, seed_thumbs
from demo.cloud.building_codedeploy import alias_spec, app_spec
from demo.cloud.knobs import weights_of_alias
from tests.demo.cloud.codedeploy_bench import Deployer, held_to_the_model, refused
from tests.demo.cloud.conftest import Clients

CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
QUIET = {"enabled": False, "alarms": []}


def to(version: str, current: str = "1") -> dict[str, Any]:
    """The revision that moves thumbs:live to a version."""
    return app_spec(alias_spec("thumbs", "live", current, version))


def weights() -> dict[str, float]:
    """The shares of thumbs:live."""
    return weights_of_alias("thumbs", "live")


@pytest.fixture
def thumbs(bare: Cloud, clients: Clients) -> Iterator[Deployer]:
    """The application thumbs; every reply to it fits botocore's model."""
    seed_thumbs(bare, period=60)
    with held_to_the_model(bare) as misfits:
        yield Deployer(clients("codedeploy"), "thumbs")
    assert misfits == []


def test_an_alias_moves_a_tenth_a_minute(thumbs: Deployer, bare: Cloud) -> None:
    """Created, Queued, InProgress; ten shifts a minute apart; then Succeeded, with the alias on the new version."""
    one = thumbs.start(to("2"), description="tidegate #1")
    assert thumbs.status(one) == "Created"
    bare.step(1)
    assert thumbs.status(one) == "Queued"
    bare.step(1)
    assert thumbs.status(one) == "InProgress"
    bare.step(2)
    for share in range(10, 100, 10):
        assert weights() == {"1": 100 - share, "2": share}
        assert thumbs.targets(one)[0]["lambdaFunctionInfo"]["targetVersionWeight"] == share
        assert thumbs.events(one) == {
            "BeforeAllowTraffic": "Succeeded", "AllowTraffic": "InProgress", "AfterAllowTraffic": "Pending",
        }
        bare.step(59)
        assert weights()["2"] == share
        bare.step(1)
    assert weights() == {"2": 100}
    bare.step(2)
    told = thumbs.info(one)
    assert (told["status"], told["description"], told["creator"]) == ("Succeeded", "tidegate #1", "user")
    assert told["completeTime"] - told["startTime"] == timedelta(seconds=543)
    assert set(thumbs.events(one).values()) == {"Succeeded"}
    assert len(bare.log.of("lambda:UpdateAlias", lambda entry: "AWSCodeDeploy" in entry.caller)) == 10


def test_a_canary_moves_twice(thumbs: Deployer, bare: Cloud) -> None:
    """A configuration given with the deployment counts, not the group's: 10 %, and all of it five minutes later."""
    one = thumbs.start(to("2"), deploymentConfigName=CANARY)
    bare.step(4 + 299)
    assert weights() == {"1": 90, "2": 10}
    bare.step(3)
    assert (weights(), thumbs.status(one)) == ({"2": 100}, "Succeeded")
    assert thumbs.info(one)["deploymentConfigName"] == CANARY


def test_a_minute_can_be_short(thumbs: Deployer, bare: Cloud) -> None:
    """With a minute of ten seconds the same deployment takes a sixth of the time."""
    bare.knobs.codedeploy_minute(10)
    one = thumbs.start(to("2"))
    bare.step(4 + 89)
    assert (weights()["2"], thumbs.status(one)) == (90, "InProgress")
    bare.step(3)
    assert thumbs.status(one) == "Succeeded"


def test_a_bad_release_is_stopped_by_its_alarm_and_taken_back(thumbs: Deployer, bare: Cloud) -> None:
    """Stopped with ALARM_ACTIVE; seconds later a deployment of CodeDeploy's own puts the old version back."""
    one = thumbs.start(to("3"))
    bare.step(60)
    assert weights() == {"1": 90, "3": 10}
    thumbs.until_ended(bare, one)
    told = thumbs.info(one)
    assert thumbs.status(one) == "Stopped ALARM_ACTIVE"
    assert "thumbs-errors" in told["errorInformation"]["message"]
    assert weights()["3"] > 0
    assert thumbs.way_back(one) == ""
    bare.step(3)
    back = thumbs.way_back(one)
    told = thumbs.info(back)
    assert (told["creator"], told["status"]) == ("codeDeployRollback", "Created")
    assert told["rollbackInfo"]["rollbackTriggeringDeploymentId"] == one
    bare.step(10)
    assert (thumbs.status(back), weights()) == ("Succeeded", {"1": 100})
    assert thumbs.ids() == [back, one]


def test_a_red_alarm_lets_nothing_begin(thumbs: Deployer, bare: Cloud) -> None:
    """With the group's alarm red no traffic moves at all; told to ignore alarms, the same deployment goes on."""
    bare.knobs.raise_alarm("thumbs-errors")
    one = thumbs.start(to("2"))
    bare.step(3)
    assert (thumbs.status(one), weights()) == ("Stopped ALARM_ACTIVE", {"1": 100})
    bare.step(20)
    assert thumbs.status(thumbs.way_back(one)) == "Succeeded"
    two = thumbs.start(to("2"), overrideAlarmConfiguration=QUIET)
    bare.step(10)
    assert (thumbs.status(two), weights()) == ("InProgress", {"1": 90, "2": 10})
    assert (bare.log.of("lambda:UpdateAlias")[0].before or {})["shares"] == {"1": 100}


@pytest.mark.parametrize("events", [[], ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]])
def test_a_group_that_does_not_go_back_stays_where_it_is(thumbs: Deployer, bare: Cloud, events: list[str]) -> None:
    """Without automatic rollback on alarms one stops the deployment, and the traffic stays split."""
    one = thumbs.start(to("3"), autoRollbackConfiguration={"enabled": bool(events), "events": events})
    bare.step(240)
    assert thumbs.status(one) == "Stopped ALARM_ACTIVE"
    assert weights()["3"] > 0
    assert (thumbs.way_back(one), thumbs.ids()) == ("", [one])


@pytest.mark.parametrize("events", [[], ["DEPLOYMENT_FAILURE"], ["DEPLOYMENT_STOP_ON_REQUEST"]])
def test_stop_goes_back_where_it_is_asked_for_or_configured(
    thumbs: Deployer, bare: Cloud, events: list[str]
) -> None:
    """StopDeployment answers Pending; Stopped by hand in a moment; back by its own flag or by the group's event."""
    one = thumbs.start(to("2"), autoRollbackConfiguration={"enabled": bool(events), "events": events})
    bare.step(70)
    asked = events == ["DEPLOYMENT_FAILURE"]
    stopped = thumbs.client.stop_deployment(deploymentId=one, autoRollbackEnabled=asked)
    assert (stopped["status"], thumbs.status(one)) == ("Pending", "InProgress")
    bare.step(2)
    assert (thumbs.status(one), weights()) == ("Stopped MANUAL_STOP", {"1": 80, "2": 20})
    assert thumbs.events(one)["AllowTraffic"] == "Failed"
    bare.step(12)
    goes_back = bool(events)
    assert (thumbs.way_back(one) != "") == goes_back
    assert weights() == ({"1": 100} if goes_back else {"1": 80, "2": 20})


def test_a_way_back_has_no_way_back(thumbs: Deployer, bare: Cloud) -> None:
    """A rollback that is stopped is not rolled back in its turn, whoever asks."""
    one = thumbs.start(to("2"))
    bare.step(20)
    thumbs.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    bare.step(5)
    back = thumbs.way_back(one)
    thumbs.client.stop_deployment(deploymentId=back, autoRollbackEnabled=True)
    bare.step(20)
    assert (thumbs.status(back), thumbs.ids()) == ("Stopped MANUAL_STOP", [back, one])


def test_a_way_back_that_fails_has_none(thumbs: Deployer, bare: Cloud) -> None:
    """A rollback that fails by itself is the end of it: the traffic stays split, and nothing else is tried."""
    one = thumbs.start(to("2"))
    bare.step(20)
    thumbs.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    bare.step(5)
    bare.knobs.codedeploy_fail("thumbs")
    bare.step(30)
    back = thumbs.way_back(one)
    assert (thumbs.status(back), thumbs.ids()) == ("Failed HOOK_EXECUTION_FAILURE", [back, one])
    assert weights() == {"1": 90, "2": 10}


def test_what_is_being_stopped_does_not_succeed(thumbs: Deployer, bare: Cloud) -> None:
    """Stopped in the second before its last shift: that one does not come any more."""
    one = thumbs.start(to("2"))
    bare.step(4 + 539)
    thumbs.client.stop_deployment(deploymentId=one, autoRollbackEnabled=False)
    bare.step(2)
    assert (thumbs.status(one), weights()) == ("Stopped MANUAL_STOP", {"1": 10, "2": 90})


def test_an_app_spec_may_be_yaml_in_s3(thumbs: Deployer, bare: Cloud, clients: Clients) -> None:
    """A file in a bucket, in YAML with numbers where text is meant, moves the alias like any."""
    text = "Resources:\n- f:\n    Type: AWS::Lambda::Function\n    Properties:\n      " + "\n      ".join(
        f"{name}: {value}" for name, value in alias_spec("thumbs", "live", "1", "2")["Resources"][0]["thumbs"][
            "Properties"].items()
    )
    s3 = clients("s3")
    s3.create_bucket(Bucket="specs", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="specs", Key="appspec.yaml", Body=text.encode())
    place = {"bucket": "specs", "key": "appspec.yaml", "bundleType": "YAML"}
    thumbs.start({"revisionType": "S3", "s3Location": place})
    bare.step(5)
    assert weights() == {"1": 90, "2": 10}


@pytest.mark.parametrize(("event", "share"), [("BeforeAllowTraffic", 0), ("AfterAllowTraffic", 100)])
def test_a_hook_that_is_no_function_fails_where_it_stands(
    thumbs: Deployer, bare: Cloud, event: str, share: int
) -> None:
    """HOOK_EXECUTION_FAILURE before the traffic or after it; a hook that exists lets it pass."""
    quiet = {"enabled": False, "events": []}
    spec = alias_spec("thumbs", "live", "1", "2")
    one = thumbs.start(app_spec(spec | {"Hooks": [{event: "nobody"}]}), autoRollbackConfiguration=quiet,
                       deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce")
    bare.step(10)
    assert (thumbs.status(one), thumbs.events(one)[event]) == ("Failed HOOK_EXECUTION_FAILURE", "Failed")
    assert weights().get("2", 0) == share
    two = thumbs.start(app_spec(
        alias_spec("thumbs", "live", "2" if share else "1", "3") | {"Hooks": [{event: "thumbs"}]}
    ), deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce")
    bare.step(10)
    assert thumbs.status(two) == "Succeeded"


def test_a_way_back_runs_no_hooks(thumbs: Deployer, bare: Cloud) -> None:
    """What failed because of its hook goes back without it."""
    one = thumbs.start(app_spec(alias_spec("thumbs", "live", "1", "2") | {"Hooks": [{"BeforeAllowTraffic": "nobody"}]}))
    bare.step(15)
    assert thumbs.status(one) == "Failed HOOK_EXECUTION_FAILURE"
    assert thumbs.status(thumbs.way_back(one)) == "Succeeded"


def test_an_alias_that_is_deleted_on_the_way_fails_it(thumbs: Deployer, bare: Cloud, clients: Clients) -> None:
    """The deployment fails, and so does its way back; the cloud goes on."""
    one = thumbs.start(to("2"))
    bare.step(20)
    clients("lambda").delete_alias(FunctionName="thumbs", Name="live")
    bare.step(30)
    assert thumbs.status(one) == "Failed INVALID_LAMBDA_FUNCTION"
    assert thumbs.status(thumbs.way_back(one)) == "Failed INVALID_LAMBDA_FUNCTION"


def test_somebody_elses_weights_stay_until_the_next_shift(thumbs: Deployer, bare: Cloud) -> None:
    """CodeDeploy writes at its shifts and at no other moment."""
    thumbs.start(to("2"))
    bare.step(20)
    bare.knobs.edit_weights("thumbs", "live", {"1": 70, "2": 30})
    bare.step(43)
    assert weights() == {"1": 70, "2": 30}
    bare.step(1)
    assert weights() == {"1": 80, "2": 20}


def test_a_group_has_one_deployment_at_a_time(thumbs: Deployer, bare: Cloud) -> None:
    """A second one is refused and names the first, also while it has not begun; after its end it is welcome."""
    one = thumbs.start(to("2"))
    with pytest.raises(thumbs.client.exceptions.DeploymentLimitExceededException, match=one):
        thumbs.start(to("3"))
    bare.step(600)
    assert thumbs.status(one) == "Succeeded"
    thumbs.start(to("3", current="2"))


def test_what_has_ended_can_be_neither_stopped_nor_continued(thumbs: Deployer, bare: Cloud) -> None:
    """DeploymentAlreadyCompletedException, and the alias stays where it is."""
    one = thumbs.start(to("2"))
    with refused("UnsupportedActionForDeploymentTypeException"):
        thumbs.client.continue_deployment(deploymentId=one, deploymentWaitType="READY_WAIT")
    bare.step(600)
    with refused("DeploymentAlreadyCompletedException"):
        thumbs.client.stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    with refused("DeploymentAlreadyCompletedException"):
        thumbs.client.continue_deployment(deploymentId=one, deploymentWaitType="READY_WAIT")
    bare.step(20)
    assert weights() == {"2": 100}


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (alias_spec("thumbs", "live", "1", "9"), "INVALID_LAMBDA_FUNCTION"),
        (alias_spec("thumbs", "dead", "1", "2"), "INVALID_LAMBDA_FUNCTION"),
        (alias_spec("nobody", "live", "1", "2"), "INVALID_LAMBDA_FUNCTION"),
        (alias_spec("thumbs", "live", "2", "3"), "INVALID_LAMBDA_CONFIGURATION"),
        (alias_spec("thumbs", "live", "2", "1"), "INVALID_LAMBDA_CONFIGURATION"),
        ({"version": 0.0, "Resources": []}, "INVALID_REVISION"),
        ("no mapping", "INVALID_REVISION"),
        ({"Resources": [{"f": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "thumbs"}}}]},
         "INVALID_REVISION"),
        ({"Resources": [{"f": {"Type": "AWS::ECS::Service", "Properties": {}}}]}, "INVALID_REVISION"),
    ],
)
def test_an_app_spec_that_does_not_fit_fails(thumbs: Deployer, bare: Cloud, spec: Any, code: str) -> None:
    """A version, alias or function that is not there, or an alias that is elsewhere: Failed, nothing moved."""
    one = thumbs.start(app_spec(spec), autoRollbackConfiguration={"enabled": False, "events": []})
    bare.step(5)
    assert (thumbs.status(one), weights()) == (f"Failed {code}", {"1": 100})


def test_targets_can_be_asked_for_once_it_has_begun(thumbs: Deployer, bare: Cloud) -> None:
    """Before that DeploymentNotStartedException; then by id, an unknown one or too many refused."""
    one = thumbs.start(to("2"))
    for ask in (thumbs.client.list_deployment_targets, thumbs.client.batch_get_deployment_targets):
        with refused("DeploymentNotStartedException"):
            ask(deploymentId=one, **({"targetIds": ["thumbs:live"]} if "batch" in ask.__name__ else {}))
    bare.step(5)
    told = thumbs.client.get_deployment_target(deploymentId=one, targetId="thumbs:live")["deploymentTarget"]
    assert (told["deploymentTargetType"], told["lambdaTarget"]["status"]) == ("LambdaTarget", "InProgress")
    with refused("DeploymentTargetDoesNotExistException"):
        thumbs.client.get_deployment_target(deploymentId=one, targetId="thumbs:dead")
    with refused("DeploymentTargetListSizeExceededException"):
        thumbs.client.batch_get_deployment_targets(deploymentId=one, targetIds=["thumbs:live"] * 26)


def test_deployments_are_listed_by_status_and_time_the_newest_first(thumbs: Deployer, bare: Cloud) -> None:
    """Four deployments over pages of three; by status; by the time they were created in."""
    made = []
    for _ in range(4):
        made.append(thumbs.start(to("9"), autoRollbackConfiguration={"enabled": False, "events": []}))
        bare.step(10)
    made.append(thumbs.start(to("2")))
    assert thumbs.ids() == made[::-1]
    assert len(set(made)) == 5
    assert all(len(one) == 11 and one.startswith("d-") for one in made)
    assert thumbs.ids(includeOnlyStatuses=["Created", "InProgress"]) == made[4:]
    first, second = thumbs.info(made[1])["createTime"], thumbs.info(made[2])["createTime"]
    assert thumbs.ids(createTimeRange={"start": first, "end": second}) == made[2:0:-1]
    with refused("InvalidTimeRangeException"):
        thumbs.ids(createTimeRange={"start": second, "end": first})
    with refused("InvalidDeploymentStatusException"):
        thumbs.ids(includeOnlyStatuses=["Gone"])


def test_a_new_deployment_may_be_missing_from_the_list(thumbs: Deployer, bare: Cloud) -> None:
    """With the knob turned two answers leave it out, though GetDeployment knows it and the group is busy."""
    bare.knobs.codedeploy_hide(2)
    one = thumbs.start(to("2"))
    assert [thumbs.ids() for _ in range(3)] == [[], [], [one]]
    assert thumbs.status(one) == "Created"


def test_batches_leave_out_what_is_unknown(thumbs: Deployer) -> None:
    """Known deployments come, unknown ones do not; none at all or more than 25 are refused."""
    one = thumbs.start(to("2"))
    told = thumbs.client.batch_get_deployments(deploymentIds=["d-NOBODYATL", one])["deploymentsInfo"]
    assert [row["deploymentId"] for row in told] == [one]
    assert "content" not in told[0]["revision"]["appSpecContent"]
    for ids, code in (([], "DeploymentIdRequiredException"), ([one] * 26, "BatchLimitExceededException")):
        with refused(code):
            thumbs.client.batch_get_deployments(deploymentIds=ids)


def test_a_deployment_that_is_stuck_never_moves(thumbs: Deployer, bare: Cloud) -> None:
    """Stuck in whatever status it has, for an hour; it goes on when it is let go."""
    one = thumbs.start(to("2"))
    bare.step(30)
    bare.knobs.codedeploy_stuck("thumbs")
    bare.step(3600)
    assert (thumbs.status(one), weights()) == ("InProgress", {"1": 90, "2": 10})
    bare.knobs.codedeploy_stuck("thumbs", on=False)
    bare.step(2)
    assert weights() == {"2": 100}


def test_a_deployment_can_be_made_to_fail(thumbs: Deployer, bare: Cloud) -> None:
    """With any error code of a known one; unknown codes and applications are refused with the known ones."""
    one = thumbs.start(to("2"))
    bare.step(20)
    bare.knobs.codedeploy_fail("thumbs", "TIMEOUT")
    bare.step(1)
    assert thumbs.status(one) == "Failed TIMEOUT"
    with pytest.raises(ValueError, match="ALARM_ACTIVE"):
        bare.knobs.codedeploy_fail("thumbs", "NONE")
    with pytest.raises(LookupError, match="known: thumbs"):
        bare.knobs.codedeploy_fail("nobody")


def test_a_colleague_deploys_by_hand(thumbs: Deployer, bare: Cloud) -> None:
    """A deployment that is nobody's of ours holds the group, and the oracle log knows who made it."""
    bare.knobs.codedeploy_by_hand("thumbs", "2")
    with refused("DeploymentLimitExceededException"):
        thumbs.start(to("3"))
    [entry] = bare.log.of("codedeploy:CreateDeployment")
    assert entry.caller.endswith("user/by-hand")
    assert bare.knobs.codedeploy()["thumbs"]["deployments"][0]["status"] == "Created"


def test_requests_follow_the_shifts_also_when_nobody_looks(thumbs: Deployer, bare: Cloud) -> None:
    """Time that passes in one leap is lived second by second: the new version served its growing share."""
    thumbs.start(to("2"))
    bare.config.now.advance(184)  # type: ignore[attr-defined]  # the tests' clock is a ManualClock
    bare.world.tick()
    assert weights() == {"1": 60, "2": 40}
    route = bare.world.traffic.routes()[0]
    now = int(bare.world.now().timestamp())
    served = [bare.world.store.over(route.metric("Invocations", "2"), now - 180 + 60 * at, 60) for at in range(3)]
    shares = [round(found.total / (20 * 60), 1) if found else 0 for found in served]
    assert shares == [0.1, 0.2, 0.3]
