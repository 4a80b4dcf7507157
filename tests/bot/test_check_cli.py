"""`tidegate check` through main(): exit codes, both forms of its answer, and no secret in either."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.sessions import Sessions
from bot.checks.after_start import AfterStart, ground
from bot.checks.runner import GENTLE
from bot.cli import main
from bot.clock import SystemClock
from bot.config import load_to_run
from bot.policy import ConfigPolicy
from bot.wire import web_client
from demo.cloud import Cloud
from demo.workspace import Channel, Workspace, WorkspaceConfig
from tests.bot.check_rig import ROLES, TARGET
from tests.end_to_end.rig import new_cloud

APP = '[apps.my-app]\nchannel = "{}"\n' + TARGET + 'alarms = ["my-app-errors", "my-app-p99"]\n'
ODD = Channel(id="C0ODD", name="x\x1b[31mred")


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    cloud = new_cloud()
    yield cloud
    cloud.stop()


class Shell:
    """One command line with its environment."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path, self._capsys = folder / "tidegate.toml", capsys

    def check(self, *words: str, toml: str = ROLES + APP.format("C0DEPLOYS")) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        self.path.write_text(toml)
        code = main(["check", *words, "--config", str(self.path)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def told(self, *words: str, **more: str) -> tuple[int, dict[str, Any]]:
        """Exit code, and the JSON."""
        code, out, err = self.check("--json", *words, **more)
        assert err == ""
        found: dict[str, Any] = json.loads(out)
        return code, found


@pytest.fixture
def ws(cloud: Cloud) -> Iterator[Workspace]:
    """A workspace and the cloud, both in the environment for the time of a test."""
    usual, before = WorkspaceConfig(), dict(os.environ)
    with Workspace(usual.model_copy(update={"channels": (*usual.channels, ODD)})) as workspace:
        os.environ.update(workspace.environment() | cloud.env())
        yield workspace
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def shell(tmp_path: Path, ws: Workspace, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def test_all_is_well_is_exit_0_and_counted(shell: Shell, ws: Workspace, cloud: Cloud):
    """Stand-ins are warnings and what the stand-in IAM cannot say is a skip: neither fails. Nothing is written."""
    before = len(cloud.log.applied)
    code, out, err = shell.check()
    assert (code, err) == (0, "")
    for line in ("ok    auth: @tidegate in Harbour", "ok    target my-app/prod: ", "ok    channel C0DEPLOYS: #deploys"):
        assert f"\n{line}" in out
    assert "\nwarn  endpoints: SLACK_API_URL is set" in out
    assert "failed" not in out.splitlines()[-1] and " ok, 2 to look at, 1 not proven" in out.splitlines()[-1]
    assert len(cloud.log.applied) == before and ws.problems == ()
    assert not [call for call in ws.calls if call.applied_at], "a message was sent"


def test_one_failure_is_exit_1_with_its_fix(shell: Shell, ws: Workspace):
    """The line is marked, the fix stands below it."""
    ws.archive("deploys")
    code, out, _ = shell.check()
    assert code == 1
    assert "fail  channel C0DEPLOYS: #deploys is archived (apps.my-app.channel)\n      unarchive it" in out
    assert ", 1 failed, " in out.splitlines()[-1]


def test_json_is_one_object_of_the_agreed_form(shell: Shell, ws: Workspace):
    """{ok, checks: [{name, target, state, text, fix}]}, with the same exit code."""
    code, found = shell.told()
    assert code == 0 and found.keys() == {"ok", "checks"} and found["ok"] is True
    assert all(each.keys() == {"name", "target", "state", "text", "fix"} for each in found["checks"])
    assert {"configuration", "store", "auth", "socket", "person", "target", "alarms", "writing"} <= {
        each["name"] for each in found["checks"]
    }
    assert all(each["fix"] for each in found["checks"] if each["state"] in ("warn", "fail"))
    ws.remove_bot("deploys")
    code, found = shell.told()
    assert (code, found["ok"]) == (1, False)
    assert [each["target"] for each in found["checks"] if each["state"] == "fail"] == ["C0DEPLOYS"]


def test_a_broken_configuration_is_exit_2_in_both_forms(shell: Shell, ws: Workspace):
    """As before in words; as JSON each mistake is a check that failed, with its place. Nobody is called."""
    broken = ROLES + APP.format("C0DEPLOYS") + 'bakes = "10m"\ngate = 1\n'
    code, out, err = shell.check(toml=broken)
    assert (code, out) == (2, "") and "bakes is not a key here\n    did you mean bake?" in err
    code, found = shell.told(toml=broken)
    assert (code, found["ok"]) == (2, False)
    assert {each["target"] for each in found["checks"]} == {
        "apps.my-app.env.prod.bakes", "apps.my-app.env.prod.gate",
    }  # fmt: skip
    assert ws.calls == ()


def test_offline_asks_nobody(shell: Shell, ws: Workspace, cloud: Cloud):
    """Configuration, tokens, overrides, store: and neither Slack nor AWS hears of it."""
    before = cloud.log.calls.total()
    code, found = shell.told("--offline", toml=ROLES + APP.format("C0NOWHERE"))
    assert code == 0 and ws.calls == ()
    assert {each["name"] for each in found["checks"]} == {
        "configuration", "tokens", "endpoints", "gates", "store", "settings", "schema", "lock",
    }  # fmt: skip
    assert cloud.log.calls.total() == before


def test_no_secret_is_printed_whatever_fails(shell: Shell, ws: Workspace):
    """Canaries as tokens, secret and AWS keys, all refused: no form of the answer, and no error, shows one."""
    os.environ |= {
        "SLACK_BOT_TOKEN": "xoxb-CANARY-1", "SLACK_APP_TOKEN": "xapp-CANARY-2",
        "SLACK_SIGNING_SECRET": "CANARY-3-secret", "AWS_SECRET_ACCESS_KEY": "CANARY-4-secret-key",
        "AWS_SESSION_TOKEN": "CANARY-5-session",
    }  # fmt: skip
    for words in ((), ("--json",), ("--offline",)):
        code, out, err = shell.check(*words)
        assert code == (0 if words == ("--offline",) else 1)
        assert "CANARY" not in out + err


def test_foreign_names_do_not_steer_the_terminal(shell: Shell):
    """A channel called by an escape sequence is shown by its code."""
    code, out, _ = shell.check(toml=ROLES + APP.format("C0ODD"))
    assert code == 0 and "#x\\u001b[31mred" in out and "\x1b" not in out


def test_slack_and_aws_away_end_in_time_with_a_line_each(shell: Shell, cloud: Cloud):
    """Nobody listens on either port: exit 1, every line says that it could not be asked, within half a minute."""
    os.environ |= {"SLACK_API_URL": "http://127.0.0.1:9/api/", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    began = time.monotonic()
    code, found = shell.told()
    assert time.monotonic() - began < 30
    assert code == 1
    asked = [each for each in found["checks"] if each["name"] in ("auth", "person", "target", "credentials")]
    assert len(asked) == 4 and all("could not be asked" in each["text"] for each in asked), asked


def test_a_started_bot_makes_the_same_checks_in_the_background(shell: Shell, ws: Workspace):
    """The whole registry, one look at a time: what a shell finds wrong is shown, and no socket of its own is opened."""
    ws.archive("deploys")
    _, found = shell.told()
    opened = ws.connections_opened
    config, access = load_to_run(shell.path, os.environ)
    web = web_client(access.bot_token.get_secret_value(), access.api_url)
    stood_on = ground(ConfigPolicy(config), access, web, Sessions(), SystemClock(), lambda: 1)
    after = AfterStart(lambda: stood_on, lambda: True, pace=GENTLE._replace(gap=0.0))
    after.start()
    after._thread.join(30)
    report: dict[str, Any] = dict(after.report())
    assert after.failures() == sum(each["state"] == "fail" for each in found["checks"]) == 1
    assert (report["state"], len(report["fail"])) == ("done", 1) and "#deploys is archived" in report["fail"][0]
    assert ws.connections_opened == opened


def test_words_that_do_not_fit_are_usage(shell: Shell):
    """A typed-wrong option, and JSON of a page."""
    assert shell.check("--offlin")[0] == shell.check("--json", "--page")[0] == 2
