"""`tidegate plan`: every target's plan with its times, and where AWS does something else than was asked."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import main
from demo.cloud import Cloud, CloudConfig, ManualClock
from demo.cloud.seed_api import seed_api
from demo.cloud.seed_billing import seed_billing

FILE = """\
[slack]
mode = "socket"
[roles]
deployers = ["U0ANA"]
[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
[apps.api.env.prod]
kind = "ecs-native"
cluster = "api"
service = "api"
region = "eu-central-1"
[apps.api.env.prod.plans]
odd = "10% 90s, 100%"
[apps.billing.env.prod]
kind = "codedeploy"
application = "billing"
group = "billing"
platform = "server"
bucket = "example-releases"
key = "billing/{release}.zip"
region = "eu-central-1"
"""


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run one line against that file: exit code, both streams."""
    (tmp_path / "tidegate.toml").write_text(FILE)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["plan", *words, "--config", str(tmp_path / "tidegate.toml")])
        return code, *capsys.readouterr()

    return run


def test_a_file_for_a_stand_in_asks_no_other_aws(told, tmp_path: Path) -> None:
    """What this shell reaches is not what the file is for: that is said, and nobody is asked."""
    text = '[aws]\nendpoint_url = "http://127.0.0.1:4566"\n' + FILE
    (tmp_path / "tidegate.toml").write_text(text)
    code, out, _ = told("billing", "watch")
    assert code == 0 and "this file is for the AWS at" in out and "export AWS_ENDPOINT_URL=" in out


def environ(given: dict[str, str]) -> Iterator[None]:
    """These variables and no others that name AWS, for as long as it lasts."""
    before = dict(os.environ)
    for name in [*os.environ]:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(given)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def cloudless(tmp_path: Path) -> Iterator[None]:
    """A machine without credentials."""
    nowhere = {"AWS_CONFIG_FILE": "x", "AWS_SHARED_CREDENTIALS_FILE": "x", "AWS_EC2_METADATA_DISABLED": "true"}
    yield from environ({name: value.replace("x", str(tmp_path / "none")) for name, value in nowhere.items()})


@pytest.fixture(scope="module")
def served() -> Iterator[Cloud]:
    """The demo's api and billing."""
    with Cloud(CloudConfig(now=ManualClock(), token="token-of-the-test")) as cloud:
        seed_api(cloud)
        seed_billing(cloud)
        yield cloud


@pytest.fixture
def cloud(served: Cloud) -> Iterator[Cloud]:
    """The same, and every call of this process goes there."""
    served.log.clear()
    for _ in environ(served.env()):
        yield served


def test_a_plan_is_told_with_its_times(told):
    """The target's default plan: each leg, the shortest, the longest, and what is not counted."""
    code, out, _ = told("my-app")
    assert code == 0
    assert out.splitlines()[0] == "my-app/prod, lambda, plan canary: 10% 5m, 50% 10m, 100%"
    assert "watch at 50 %" in out and "done after 30m25s" in out and "by 1h15m at the latest" in out
    assert "not counted" in out


def test_what_aws_rounds_is_said(told):
    """ECS counts whole minutes: 90 s asked is 2 min on AWS, and the plan says so before anything is started."""
    code, out, _ = told("api/prod", "odd")
    assert code == 0 and "on AWS: 1m30s becomes 2m" in out


def test_what_nobody_asks_aws_for_is_not_known(told):
    """`--offline`: what AWS is configured to do is not guessed; our own parts stand there, and why no other."""
    code, out, _ = told("api", "--offline")
    assert code == 0 and "how long is not known: --offline asks nobody" in out and "done after" not in out
    rows = out.splitlines()
    assert [row.split("  ")[1] for row in rows[2:6]] == [
        "find the release, check, alarms", "bring the new release up", "AWS moves the traffic", "bake at 100 %",
    ]  # fmt: skip
    assert rows[4].split()[-2:] == ["not", "known"] and rows[5].endswith("takes     15m, at most 30m")
    code, out, _ = told("--offline", "api", "--json")
    found = json.loads(out)
    assert (code, found["known"], found["unknown"], found["shortest"], found["longest"]) == (
        0, False, "--offline asks nobody", None, None,
    )  # fmt: skip
    assert "AWS moves the traffic" not in [leg["text"] for leg in found["legs"]]


def test_what_aws_cannot_be_asked_for_is_said_with_the_reason(told, cloudless):
    """Without credentials the plan is told as far as it is known, and that is no failure."""
    code, out, err = told("api")
    assert (code, err) == (0, "")
    assert "not known: ecs:DescribeServices on service/" in out and "no AWS credentials were found" in out
    assert "give Tidegate valid AWS credentials" in out and "a plan with weights asks AWS for them" in out


def test_only_what_is_left_to_aws_is_asked_for(told, cloudless):
    """A plan of weights is known here: no word of credentials that are not there."""
    assert "done after" in told("my-app")[1] and "done after" in told("api", "odd")[1]


def test_what_aws_is_configured_to_do_is_told_with_its_times(told, cloud):
    """ECS's own canary, read where it stands: every stage, the waits, the shortest and the longest time."""
    code, out, _ = told("api")
    assert code == 0 and out.splitlines()[0] == (
        "api/prod, ecs-native, plan watch: CANARY 10 % 5 min, then 100 %, bake 5 min, pauses at POST_TEST_TRAFFIC_SHIFT"
    )
    assert "AWS waits for a word at POST_TEST_TRAFFIC_SHIFT" in out and "watch at 10 %" in out
    assert "done after 20m30s" in out and "on AWS: a pause at POST_TEST_TRAFFIC_SHIFT that nobody answers" in out
    assert not cloud.log.applied
    found = json.loads(told("api", "watch", "--json")[1])
    assert found["known"] is True and found["unknown"] == "" and found["shortest"] == 1230
    assert found["steps"].startswith("CANARY") and found["bounds"]


def test_servers_are_told_without_times(told, cloud):
    """What is known of the configuration stands there; how long it takes is nobody's to say."""
    code, out, _ = told("billing")
    assert code == 0 and "plan watch: CodeDeployDefault.OneAtATime: one instance after the other" in out
    assert "how long is not known: it depends on how many instances there are" in out and "done after" not in out
    assert "a plan with weights asks" not in out
    rows = [row for row in out.splitlines() if row.startswith("  AWS moves the traffic")]
    assert len(rows) == 1 and rows[0].endswith("not known")
    assert json.loads(told("billing", "--json")[1])["known"] is False


def test_what_may_not_be_read_names_the_permission(told, cloud):
    """The reason is AWS's, with what to allow; nothing fails."""
    cloud.knobs.deny("codedeploy:GetDeploymentGroup")
    code, out, _ = told("billing")
    assert code == 0 and "not known: codedeploy:GetDeploymentGroup on deploymentgroup:billing/billing is not" in out


def test_the_same_as_json(told):
    """An object with the numbers."""
    code, out, _ = told("my-app", "linear", "--json")
    found = json.loads(out)
    assert code == 0 and found["known"] is True
    assert (found["shortest"], found["longest"]) == (1500, 6240)
    assert [leg["text"] for leg in found["legs"]][-1] == "bake at 100 %"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "plan takes a target"),
        (("my-app", "a", "b"), 2, "plan takes a target"),
        (("my-app", "--wat"), 2, "plan takes a target"),
        (("nope",), 1, "Apps: api, billing, my-app"),
        (("my-app/dev",), 1, "is not an environment of my-app"),
        (("my-app", "nope"), 1, "Plans: all-at-once"),
        (("api", "canary-watched"), 1, "is not a plan of api/prod"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(told, words, code, said):
    """Nothing is guessed."""
    found, _, err = told(*words)
    assert (found, said in err) == (code, True)
