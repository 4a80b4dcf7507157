"""Checks of AWS against the embedded cloud: each as it should be, surprising, and wrong. Nothing is ever written."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.sessions import Place, Sessions
from demo.cloud import Cloud, CloudConfig, seed_demo
from tests.aws.hooks import answers
from tests.bot.check_rig import NOWHERE, ROLES, TARGET, TOPIC, Rig, Shifted

ALARMED = ROLES + TARGET + 'alarms = ["my-app-errors", "my-app-p99"]\nbake = "10m"\nplan = "short"\n{}\n'
PLANS = '[plans]\nshort = "10% 4m, 100%"\n'
PAGED = f'[page]\nsns_topic_arn = "{TOPIC}"\n' + ROLES + TARGET
ROLE = "arn:aws:iam::123456789012:role/tidegate-prod"


@pytest.fixture(scope="module")
def served() -> Iterator[Cloud]:
    """A started cloud, its address in the environment for as long as the module runs."""
    before = dict(os.environ)
    with Cloud(CloudConfig()) as cloud:
        os.environ.update(cloud.env())
        yield cloud
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def sessions(served: Cloud) -> Sessions:
    return Sessions()


@pytest.fixture
def cloud(served: Cloud) -> Iterator[Cloud]:
    """my-app as the demo has it, and afterwards nothing that was changed by a check."""
    served.reset()
    seed_demo(served, period=60)
    yield served
    assert [one for one in served.log.applied if not one.caller.endswith("by-hand")] == []


@pytest.fixture
def rig(tmp_path: Path, cloud: Cloud, sessions: Sessions) -> Rig:
    return Rig(tmp_path, NOWHERE, sessions)


# -- who, and when ----------------------------------------------------------------------------------


def test_credentials_are_told_per_place(rig: Rig):
    """The bot's own, and each role that is taken."""
    role = f'iam_role = "{ROLE}"\n'
    assert rig.only("credentials").text.endswith("arn:aws:iam::123456789012:user/tidegate")
    line = rig.only("credentials", ROLES + TARGET + role)
    assert line.target == "123456789012/eu-central-1 as tidegate-prod"
    assert line.state == "ok" and ":assumed-role/tidegate-prod/tidegate" in line.text


def test_credentials_that_are_no_good_fail(rig: Rig, cloud: Cloud):
    """Expired; and a role that may not be taken, with the permission to add."""
    cloud.knobs.expired_token()
    line = rig.only("credentials")
    assert line.state == "fail" and "expired" in line.text and "aws sso login" in line.fix
    cloud.knobs.clear_faults()
    cloud.knobs.deny("sts:AssumeRole")
    line = rig.only("credentials", ROLES + TARGET + f'iam_role = "{ROLE}-x"\n')
    assert line.state == "fail" and "sts:AssumeRole" in line.fix and "trust policy" in line.fix


@pytest.mark.parametrize(("wrong", "state"), [(0, "ok"), (100, "warn"), (-300, "fail")])
def test_aws_clock_is_compared(rig: Rig, wrong: float, state: str):
    """By the date of its answer: what is signed five minutes off is refused."""
    rig.clock = Shifted(wrong)
    line = next(line for line in rig.lines("clock") if line.target == "default/eu-central-1")
    assert line.state == state and "AWS's clock" in line.text


# -- targets ----------------------------------------------------------------------------------------


def test_a_target_in_order_is_ok(rig: Rig):
    """What serves, and what would come."""
    line = rig.only("target")
    assert (line.target, line.state) == ("my-app/prod", "ok") and "2 would come next" in line.text


def test_a_split_alias_is_a_warning(rig: Rig, cloud: Cloud):
    """It may be a live rollout."""
    cloud.knobs.edit_weights("my-app", "live", {"1": 90, "2": 10})
    assert {line.state for line in rig.lines("target")} == {"ok", "warn"}


def test_a_target_that_is_not_there_or_may_not_be_read_fails(rig: Rig, cloud: Cloud):
    """The name as it stands, and the permission that lacks, each with its fix."""
    absent = rig.only("target", ROLES + TARGET.replace('"my-app"', '"my-ap"'))
    assert absent.state == "fail" and "my-ap" in absent.text and "correct the name" in absent.fix
    cloud.knobs.deny("lambda:GetAlias")
    denied = rig.only("target")
    assert denied.state == "fail" and "lambda:GetAlias on function:my-app" in denied.fix


# -- alarms -----------------------------------------------------------------------------------------


def test_alarms_that_fire_in_time_are_ok(rig: Rig, cloud: Cloud):
    """How long they need, of which bake, and whether they tell the sides apart; a composite one names no time."""
    found = rig.lines("alarms", PLANS + ALARMED.format(""))
    assert [line.state for line in found] == ["ok", "ok"]
    assert found[0].text == "my-app-errors can fire within a bake of 4m, it needs 3m, sees both sides mixed"
    composite = rig.only("alarms", ROLES + TARGET + 'alarms = ["my-app-health"]\n')
    assert composite.state == "ok" and "depends on the alarms" in composite.text
    pinned = rig.only("alarms", ROLES + TARGET + 'alarms = ["lamp-v2-errors"]\n')
    assert "tells the sides apart" in pinned.text


def test_alarms_that_are_too_slow_or_red_are_warnings(rig: Rig, cloud: Cloud):
    """The shortest bake counts, of the plan or at the end; a red one keeps rollouts from beginning."""
    slow = rig.lines("alarms", '[plans]\nshort = "10% 2m, 100%"\n' + ALARMED.format(""))
    assert [line.state for line in slow] == ["warn", "warn"]
    assert "my-app-errors cannot fire within a bake of 2m: it needs 3m" in slow[0].text
    late = rig.lines("alarms", PLANS + ALARMED.format("").replace('bake = "10m"', 'bake = "1m"'))
    assert "within a bake of 1m" in late[0].text
    cloud.knobs.raise_alarm("my-app-p99")
    found = rig.lines("alarms", PLANS + ALARMED.format(""))
    assert [line.state for line in found] == ["ok", "warn"] and "my-app-p99 is red" in found[1].text


def test_an_alarm_that_is_not_there_fails_with_the_nearest(rig: Rig):
    """A slip of the pen is named; a name like no other is not guessed at."""
    near, far = rig.lines("alarms", ROLES + TARGET + 'alarms = ["my-app-eror", "unlike-anything"]\n')
    assert (near.state, near.fix) == ("fail", "did you mean my-app-errors?")
    assert "CloudWatch knows no alarm my-app-eror in default/eu-central-1" in near.text
    assert (far.state, far.fix) == ("fail", "correct the name, or make the alarm")


def test_alarms_that_cannot_be_read_fail_each(rig: Rig, cloud: Cloud):
    """The permission is named; nothing is called absent."""
    cloud.knobs.deny("cloudwatch:DescribeAlarms")
    found = rig.lines("alarms", PLANS + ALARMED.format(""))
    assert [line.state for line in found] == ["fail", "fail"]
    assert all("cloudwatch:DescribeAlarms" in line.fix and "knows no alarm" not in line.text for line in found)


def test_histories_must_be_readable(rig: Rig, cloud: Cloud):
    """Without them an alarm that changed counts as unknown, and nothing rises."""
    assert rig.only("history", PLANS + ALARMED.format("")).state == "ok"
    cloud.knobs.deny("cloudwatch:DescribeAlarmHistory")
    line = rig.only("history", PLANS + ALARMED.format(""))
    assert line.state == "fail" and "cloudwatch:DescribeAlarmHistory on alarm:my-app-errors" in line.fix


def test_prefixes_and_tags_must_find_something(rig: Rig, cloud: Cloud):
    """How many; none is a warning; tags need a permission of their own."""
    more = 'alarm_prefix = ["my-app-", "nothing-"]\nalarm_tag = "team=payments"\n'
    found = rig.lines("discovery", ROLES + TARGET + more)
    assert [line.state for line in found] == ["ok", "warn", "ok"]
    assert found[0].text == "alarm_prefix 'my-app-' finds 3 alarms"
    cloud.knobs.deny("resourcegroupstaggingapi:GetResources")
    denied = rig.only("discovery", ROLES + TARGET + 'alarm_tag = "team=payments"\n')
    assert denied.state == "fail" and "tag:GetResources" in denied.fix
    assert rig.lines("discovery") == rig.lines("alarms") == rig.lines("history") == []


# -- paging, and writing ----------------------------------------------------------------------------


def test_a_topic_is_there_or_not_or_not_proven(rig: Rig, cloud: Cloud):
    """Absence fails; a permission that is not needed to page proves nothing and fails nothing."""
    assert rig.only("topic", PAGED).state == "ok"
    assert rig.only("topic", PAGED.replace(":oncall", ":nobody")).state == "fail"
    cloud.knobs.deny("sns:GetTopicAttributes")
    line = rig.only("topic", PAGED)
    assert line.state == "skip" and "sns:GetTopicAttributes" in line.text and "check --page" in line.fix
    assert rig.lines("topic") == rig.lines("paging") == []


def simulated(decision: str, action: str) -> dict[str, Any]:
    """What IAM's simulator answers."""
    return {"EvaluationResults": [{"EvalActionName": action, "EvalDecision": decision}]}


@pytest.mark.parametrize(
    ("decision", "writing", "paging"),
    [("allowed", "ok", "ok"), ("implicitDeny", "fail", "warn"), ("explicitDeny", "fail", "fail")],
)
def test_writes_are_simulated(rig: Rig, sessions: Sessions, decision: str, writing: str, paging: str):
    """A topic's own policy, which the simulator does not see, may still allow a page."""
    with answers(sessions, "iam", "SimulatePrincipalPolicy", simulated(decision, "lambda:UpdateAlias")) as asked:
        line = rig.only("writing")
    assert line.state == writing
    assert "lambda:UpdateAlias on arn:aws:lambda:eu-central-1:123456789012:function:my-app" in line.text
    assert asked[0]["ActionNames"] == ["lambda:UpdateAlias"]
    with answers(sessions, "iam", "SimulatePrincipalPolicy", simulated(decision, "sns:Publish")):
        assert rig.only("paging", PAGED).state == paging


def test_a_simulator_that_cannot_be_asked_proves_nothing(rig: Rig, cloud: Cloud):
    """Not there, or not allowed: what was not proven is named, and nothing fails. Nobody to ask about: the same."""
    line = rig.only("writing")
    assert line.state == "skip" and "lambda:UpdateAlias" in line.text and "was not proven" in line.text
    assert "check --page" in rig.only("paging", PAGED).fix
    cloud.knobs.deny("sts:GetCallerIdentity")
    assert rig.only("writing").state == "skip"


def test_each_place_is_asked_once_and_by_its_own_role(rig: Rig, cloud: Cloud):
    """Two targets at one place, one with a role: two places."""
    second = TARGET.replace("env.prod", "env.dev").replace('"live"', '"dev"') + f'iam_role = "{ROLE}"\n'
    found = rig.lines("credentials", ROLES + TARGET + second)
    assert [line.target for line in found] == ["default/eu-central-1", "123456789012/eu-central-1 as tidegate-prod"]
    ground = rig.ground(ROLES + TARGET)
    for _ in range(3):
        ground.cloud.who(Place("", "eu-central-1"))
    asked = cloud.knobs.asked("sts:GetCallerIdentity")
    assert len(asked) == 3, "one for each place above, and one for all three questions below"


def test_an_aws_that_is_away_fails_each_of_its_lines(rig: Rig, cloud: Cloud):
    """Nothing is claimed about what could not be asked, and it is asked again by nobody for longer than its time."""
    cloud.knobs.outage()
    for name in ("credentials", "target", "alarms", "history"):
        for line in rig.lines(name, PLANS + ALARMED.format("")):
            assert line.state == "fail" and "could not be asked: " in line.text, line
