"""`tidegate plan`: every target's plan with its times, and where AWS does something else than was asked."""

import json
from pathlib import Path

import pytest

from bot.cli import main

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
"""


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run one line against that file: exit code, both streams."""
    (tmp_path / "tidegate.toml").write_text(FILE)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["plan", *words, "--config", str(tmp_path / "tidegate.toml")])
        return code, *capsys.readouterr()

    return run


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


def test_a_target_that_is_left_to_awss_configuration_has_no_times(told):
    """`watch` asks for nothing: what AWS is configured to do is not guessed."""
    code, out, _ = told("api")
    assert code == 0 and "AWS moves the traffic as the target is configured there" in out and "done after" not in out


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
        (("nope",), 1, "Apps: api, my-app"),
        (("my-app/dev",), 1, "is not an environment of my-app"),
        (("my-app", "nope"), 1, "Plans: all-at-once"),
        (("api", "canary-watched"), 1, "is not a plan of api/prod"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(told, words, code, said):
    """Nothing is guessed."""
    found, _, err = told(*words)
    assert (found, said in err) == (code, True)
