"""What only `tidegate check` asks of AWS: who, what time, a topic, a mistyped alarm, a simulated permission."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws import checks
from aws.alarm_calls import OPERATIONS as ALARMS
from aws.codedeploy_target import CodeDeployTarget
from aws.lambda_alias import LambdaAlias, LambdaTarget
from aws.lambda_facts import Alias, DeadLetter, Version
from aws.lambda_preflight import standing
from aws.registry import DRIVERS
from aws.route53 import Route53Target
from aws.sessions import Place, Sessions
from aws.topic import OPERATIONS as PAGES
from demo.cloud import Cloud
from demo.cloud.knobs import archive
from rollout.errors import Refused, TargetError
from tests.aws.bench import SETTINGS, CloudClock
from tests.aws.hooks import HERE, answers

TARGET = LambdaTarget.model_validate(SETTINGS)
TOPIC = "arn:aws:sns:eu-central-1:123456789012:oncall"
ROLE = "arn:aws:iam::123456789012:role/deploys/tidegate-prod"
USER = checks.Caller("arn:aws:iam::123456789012:user/tidegate", "123456789012", None)


def test_the_caller_is_told_with_the_time_of_the_answer(cloud: Cloud, sessions: Sessions) -> None:
    """ARN and account as the credentials have them; the date of the HTTP answer is the one of now."""
    found = checks.caller(sessions, HERE)
    assert (found.arn, found.account, found.partition) == (USER.arn, USER.account, "aws")
    assert found.at is not None and abs(datetime.now(UTC) - found.at) < timedelta(seconds=60)


def test_an_answer_without_a_time_is_one_all_the_same(cloud: Cloud, sessions: Sessions) -> None:
    """No date, and a date that is none, are no time; who we are is known."""
    for headers in ({}, {"date": "yesterday"}):
        reply = {"Arn": USER.arn, "Account": USER.account, "ResponseMetadata": {"HTTPHeaders": headers}}
        with answers(sessions, "sts", "GetCallerIdentity", reply):
            assert checks.caller(sessions, HERE) == USER


def test_bad_credentials_are_named(cloud: Cloud, sessions: Sessions) -> None:
    """Expired ones raise what a look would raise."""
    cloud.knobs.expired_token()
    with pytest.raises(TargetError, match="have expired"):
        checks.caller(sessions, HERE)


def test_a_role_is_taken_at_its_place(cloud: Cloud, sessions: Sessions) -> None:
    """Who we are there is the role; one that may not be taken names sts:AssumeRole."""
    assert ":assumed-role/tidegate-prod/tidegate" in checks.caller(sessions, Place(ROLE, "eu-central-1")).arn
    cloud.knobs.deny("sts:AssumeRole")
    with pytest.raises(TargetError, match=r"sts:AssumeRole on .*/other is not allowed"):
        checks.caller(sessions, Place(ROLE.replace("tidegate-prod", "other"), "eu-central-1"))


def test_a_topic_is_there_or_absent_or_not_to_be_asked(cloud: Cloud, sessions: Sessions) -> None:
    """Three different answers; a denial is no absence."""
    checks.find_topic(sessions, TOPIC)
    with pytest.raises(TargetError) as absent:
        checks.find_topic(sessions, TOPIC + "x")
    assert absent.value.kind == "absent"
    cloud.knobs.deny("sns:GetTopicAttributes")
    with pytest.raises(TargetError) as denied:
        checks.find_topic(sessions, TOPIC)
    assert denied.value.kind == "auth"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("my-app-error", "my-app-errors"), ("ny-app-errors", "my-app-errors"), ("unlike-anything", "")],
)
def test_the_alarm_that_was_meant_is_found(cloud: Cloud, sessions: Sessions, typed: str, meant: str) -> None:
    """By its first letters, by all names when those are wrong, and none when nothing is like it."""
    assert checks.nearest_alarm(sessions, HERE, typed) == meant


def test_no_guess_is_no_error(cloud: Cloud, sessions: Sessions) -> None:
    """A guess is a kindness: where CloudWatch may not be asked there is none."""
    cloud.knobs.deny("cloudwatch:DescribeAlarms")
    assert checks.nearest_alarm(sessions, HERE, "my-app-error") == ""


def test_what_is_written_comes_from_the_drivers_own_table() -> None:
    """Lambda: one write, on the function by its ARN; a page: what topic.py calls."""
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:my-app"
    assert checks.writes(TARGET, USER) == (checks.Wish("lambda:UpdateAlias", arn),)
    assert {wish.action for wish in checks.pages(TOPIC)} == set(PAGES)


@pytest.mark.parametrize(
    ("place", "arn", "source"),
    [
        (Place(ROLE, "eu-central-1"), USER.arn, ROLE),
        (HERE, USER.arn, USER.arn),
        (HERE, "arn:aws:sts::123456789012:assumed-role/bot/i-1", "arn:aws:iam::123456789012:role/bot"),
    ],
)
def test_the_simulator_is_asked_about_the_right_principal(
    cloud: Cloud, sessions: Sessions, place: Place, arn: str, source: str
) -> None:
    """The configured role with its path, a user, or the role behind a session; its answer is told as it is."""
    wish = checks.Wish("lambda:UpdateAlias", "arn:…:function:my-app")
    reply = {"EvaluationResults": [{"EvalActionName": "lambda:UpdateAlias", "EvalDecision": "implicitDeny"}]}
    events = sessions.client(place, "iam", writes=False).meta.events
    asked: list[dict[str, Any]] = []
    events.register("before-call.iam.SimulatePrincipalPolicy", lambda **_: (_Http(), reply), unique_id="answer")
    events.register("provide-client-params.iam", lambda params, **_: asked.append(params), unique_id="note")
    try:
        who = USER._replace(arn=arn)
        assert checks.decision(sessions, place, who, wish) == "implicitDeny"
    finally:
        events.unregister("before-call.iam.SimulatePrincipalPolicy", unique_id="answer")
        events.unregister("provide-client-params.iam", unique_id="note")
    assert asked[0]["PolicySourceArn"] == source
    assert (asked[0]["ActionNames"], asked[0]["ResourceArns"]) == ([wish.action], [wish.resource])


class _Http:
    status_code = 200


def test_who_cannot_be_simulated_is_said(cloud: Cloud, sessions: Sessions) -> None:
    """The root user has no policy; an answer about something else, and a denial, are errors too."""
    wish = checks.Wish("lambda:UpdateAlias", "*")
    with pytest.raises(TargetError, match="is neither"):
        checks.decision(sessions, HERE, USER._replace(arn="arn:aws:iam::123456789012:root"), wish)
    other = {"EvaluationResults": [{"EvalActionName": "s3:GetObject", "EvalDecision": "allowed"}]}
    with answers(sessions, "iam", "SimulatePrincipalPolicy", other), pytest.raises(TargetError, match="said nothing"):
        checks.decision(sessions, HERE, USER, wish)


def test_no_question_of_the_check_is_a_write_or_needed_to_deploy() -> None:
    """Each begins as a read does, but for the simulator, which simulates; and none stands in a table of permissions."""
    verbs = {action.split(":")[1] for action in checks.ASKED}
    assert all(verb.startswith(("Get", "Simulate")) for verb in verbs)
    for table in (*(driver.operations for driver in DRIVERS.values()), ALARMS, PAGES):
        assert not checks.ASKED.keys() & table.keys()


# -- what the driver says of a target ---------------------------------------------------------------


@pytest.fixture
def driver(cloud: Cloud, sessions: Sessions, clock: CloudClock) -> LambdaAlias:
    return LambdaAlias(sessions, clock)


def states(found: Any) -> dict[str, str]:
    """Name -> state."""
    return {check.name: check.state for check in found}


def test_a_target_in_order_is_one_line_and_changes_nothing(cloud: Cloud, driver: LambdaAlias) -> None:
    """Function, alias, what serves and what would come; nothing was written."""
    (check,) = driver.examine(TARGET)
    assert (check.state, check.text) == ("ok", "function my-app, alias live: 1: 100 %; 2 would come next")
    assert cloud.log.applied == []
    cloud.knobs.edit_weights("my-app", "live", {"2": 100})
    (check,) = driver.examine(TARGET)
    assert check.text == "function my-app, alias live: 2: 100 %; nothing newer is published"


def test_names_that_lead_nowhere_are_absent(cloud: Cloud, driver: LambdaAlias) -> None:
    """A function and an alias that are not there."""
    for wrong in ({"function": "nope"}, {"alias": "nope"}):
        with pytest.raises(TargetError) as caught:
            driver.examine(TARGET.model_copy(update=wrong))
        assert caught.value.kind == "absent"


def test_a_function_without_versions_is_refused_with_the_way_out(console: Any, driver: LambdaAlias) -> None:
    """Nothing could be deployed: publish first."""
    role = console("lambda").get_function_configuration(FunctionName="my-app")["Role"]
    console("lambda").create_function(
        FunctionName="bare", Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": archive("x")}
    )
    console("lambda").create_alias(FunctionName="bare", Name="live", FunctionVersion="$LATEST")
    with pytest.raises(Refused, match="no published version"):
        driver.examine(TARGET.model_copy(update={"function": "bare"}))


def test_an_alias_on_latest_fails_and_a_split_is_a_warning(cloud: Cloud, console: Any, driver: LambdaAlias) -> None:
    """$LATEST cannot share traffic; a split may be a live rollout of ours."""
    console("lambda").update_alias(FunctionName="my-app", Name="live", FunctionVersion="$LATEST")
    assert states(driver.examine(TARGET))["alias"] == "fail"
    cloud.knobs.edit_weights("my-app", "live", {"1": 90, "2": 10})
    found = driver.examine(TARGET)
    assert states(found) == {"names": "ok", "alias": "warn"}
    assert "1: 90 %, 2: 10 %" in found[1].text and "while a rollout is live" in found[1].hint


def test_versions_that_cannot_share_traffic_are_found_before_a_rollout(console: Any, driver: LambdaAlias) -> None:
    """Another role in the newest version: fails, with both roles."""
    client = console("lambda")
    client.update_function_configuration(FunctionName="my-app", Role="arn:aws:iam::123456789012:role/other")
    client.publish_version(FunctionName="my-app")
    (check,) = driver.examine(TARGET)
    assert (check.name, check.state) == ("role", "fail")
    assert "role/my-app" in check.text and "role/other" in check.text


def test_dead_letters_and_states_are_compared() -> None:
    """A dead-letter target in one of both fails; a version that is not Active is told, and fails where it is new."""
    alias = Alias(name="live", function_version="1", revision_id="r")
    old = Version(version="1", function_arn="arn", state="Inactive")
    dead = DeadLetter(target_arn="arn:aws:sqs:eu-central-1:123456789012:dead")
    new = Version(version="2", function_arn="arn", state="Failed", dead_letter_config=dead)
    found = states(standing("my-app", "live", alias, [old, new]))
    assert found == {"dead-letter": "fail", "stable": "warn", "candidate": "fail"}
    assert "names" not in found, "a target that fails is not called right in the same breath"


def test_what_a_global_service_changes_is_asked_of_no_region() -> None:
    """An ARN of Route 53 names neither region nor account; one of Lambda both."""
    edge = Route53Target(zone="Z1", name="e.example.test", type="A", blue="b", green="g", region="eu-central-1")
    assert [wish.resource for wish in checks.writes(edge, USER)] == ["arn:aws:route53:::hostedzone/Z1"]


@pytest.mark.parametrize(
    ("platform", "more", "services"),
    [
        ("lambda", {"function": "thumbs", "alias": "live"}, {"codedeploy"}),
        ("ecs", {"cluster": "c", "service": "s"}, {"codedeploy", "ecs"}),
        ("server", {"bucket": "my-releases", "key": "a/{release}.zip"}, {"codedeploy"}),
    ],
)
def test_a_codedeploy_target_is_asked_only_about_its_platform(platform, more, services):
    """Nobody needs permissions over services that a target does not have: a check must not fail for their lack."""
    target = CodeDeployTarget(application="a", group="g", platform=platform, region="eu-central-1", **more)
    wishes = checks.writes(target, USER)
    assert {wish.action.split(":")[0] for wish in wishes} == services
    assert {"codedeploy:CreateDeployment", "codedeploy:StopDeployment"} <= {wish.action for wish in wishes}
