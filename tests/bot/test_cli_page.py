"""`tidegate check --page` from outside, against the stand-in workspace and the embedded cloud's SNS."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.cloud import Cloud
from demo.workspace import Workspace
from tests.bot.dial import Dial
from tests.bot.newsroom import workspace
from tests.end_to_end.rig import new_cloud

ROOT = Path(__file__).resolve().parent.parent.parent
ARN = "arn:aws:sns:eu-central-1:123456789012:oncall"
PAGE = f'[page]\nmention = "S0ONCALL"\nsns_topic_arn = "{ARN}"\n'
APPS = """
[roles]
deployers = ["U0ANA"]
[apps.my-app]
channel = "C0DEPLOYS"
[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
gates = "none"
"""


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    cloud = new_cloud()
    yield cloud
    cloud.stop()


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with workspace(Dial()) as ws:
        yield ws


class Shell:
    """`tidegate check` with a configuration, a workspace and a cloud."""

    def __init__(self, folder: Path, ws: Workspace, cloud: Cloud) -> None:
        self.path, self.ws, self.cloud = folder / "tidegate.toml", ws, cloud

    def check(self, *words: str, toml: str = PAGE, home: str = "") -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        self.path.write_text((f'[slack]\nhome = "{home}"\n' if home else "") + toml + APPS)
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        run = subprocess.run(
            [sys.executable, "-m", "bot", "check", *words, "--config", str(self.path)], capture_output=True, text=True,
            env={**kept, "PYTHONPATH": str(ROOT), **self.ws.environment(), **self.cloud.env()},
            timeout=60, check=False,
        )  # fmt: skip
        return run.returncode, run.stdout, run.stderr

    def published(self) -> int:
        """How many messages SNS took."""
        return sum(entry.operation == "Publish" for entry in self.cloud.log.applied)


@pytest.fixture
def shell(tmp_path: Path, ws: Workspace, cloud: Cloud) -> Shell:
    return Shell(tmp_path, ws, cloud)


def test_a_test_page_arrives_on_both_ways_and_says_where(shell: Shell):
    """The home channel gets one message with the mention that says it is a test, SNS one message; exit 0 with ids."""
    before = shell.published()
    code, out, err = shell.check("--page", home="C0HOME")
    assert (code, err) == (0, "")
    (message,) = shell.ws.channel("home").messages
    assert "<!subteam^S0ONCALL>" in message.text and "Test: " in message.text
    assert f"Slack: message {message.ts} is in C0HOME, mentioning S0ONCALL" in out
    assert f"SNS: {ARN} took message " in out
    assert shell.published() == before + 1


def test_without_a_home_channel_the_first_apps_channel_is_called(shell: Shell):
    """There is one channel that surely is somebody's."""
    assert shell.check("--page")[0] == 0
    assert len(shell.ws.channel("deploys").messages) == 1


def test_check_offline_calls_nobody(shell: Shell):
    """No call to Slack, none to AWS."""
    before = len(shell.cloud.log.applied)
    assert shell.check("--offline", home="C0HOME")[0] == 0
    assert shell.ws.calls == ()
    assert len(shell.cloud.log.applied) == before


def test_without_a_page_section_it_is_refused_with_the_lines_to_add(shell: Shell):
    """Exit 2, and what to write into the file; nobody was called."""
    for toml in ("", "[page]\n"):
        code, _, err = shell.check("--page", toml=toml)
        assert code == 2
        for line in ("nobody is named to be paged", "[page]", "mention =", "sns_topic_arn =", "home ="):
            assert line in err
    assert shell.ws.calls == ()


def test_one_way_that_fails_is_named_with_its_fix_and_the_other_is_still_used(shell: Shell):
    """Exit 1: Slack archived the channel, SNS knows no such topic; each with what to do."""
    shell.ws.archive("home")
    before = shell.published()
    code, out, err = shell.check("--page", home="C0HOME")
    assert code == 1
    assert "C0HOME got no message: is_archived" in err and "unarchive the channel" in err
    assert "SNS: " in out and shell.published() == before + 1
    shell.ws.unarchive("home")
    code, out, err = shell.check("--page", toml=PAGE.replace(":oncall", ":nobody"), home="C0HOME")
    assert code == 1
    assert "Slack: message " in out
    assert "nobody was not published to" in err and "sns" in err.lower()


def test_slack_away_is_said_plainly(shell: Shell):
    """No answer: nobody claims that it arrived or that it did not."""
    shell.ws.fault("lost_reply")
    code, out, err = shell.check("--page", home="C0HOME")
    assert code == 1
    assert "no answer came, so it may be there" in err
    assert "SNS: " in out


def test_other_words_and_options_are_refused(shell: Shell):
    """`--pages` is no option, and --page takes no value."""
    for words in (["--pages"], ["--page=now"], ["page"]):
        code, _, err = shell.check(*words)
        assert code == 2
        assert "tidegate: " in err
    assert shell.ws.calls == ()
