"""The process as a supervisor and an operator see it: exit codes, and messages that say what to do."""

import subprocess
import sys

import pytest

from demo.child import clean_environment
from tests.end_to_end.rig import toml

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1-1-made-up", "SLACK_APP_TOKEN": "xapp-1-made-up"}


def run(folder, text: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """`tidegate run` with this configuration and these secrets, until it gives up."""
    path = folder / "tidegate.toml"
    path.write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "bot", "run", "--config", str(path)],
        env={**clean_environment(), **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("missing", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_a_missing_token_is_named(tmp_path, missing):
    """No token, no bot: exit 2, and the variable stands in the message."""
    tokens = {name: value for name, value in TOKENS.items() if name != missing}
    done = run(tmp_path, toml(port=0), tokens)
    assert done.returncode == 2
    assert missing in done.stderr and "made-up" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "tidegate.db").exists()


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        ("port = 0", "port = ", "tidegate.toml:5", ""),
        ('kind     = "lambda"', 'kind     = "lamda"', "apps.my-app.env.prod.kind", "lambda"),
        ('bake     = "500ms"', "bake     = 5", "apps.my-app.env.prod.bake", "unit"),
        ('plan     = "canary"', 'plan     = "canry"', "apps.my-app.env.prod.plan", "canary"),
        ('"10% 1s, 50% 1s, 100%"', '"50% 1s, 10% 1s, 100%"', "plans.canary", "column"),
        ("approvers = ", "aprovers = ", "approvers", "[roles]"),
    ],
)
def test_a_broken_file_is_told_with_place_reason_and_fix(tmp_path, old, new, place, reason):
    """Exit 2 with where it stands, what is wrong, and what to write instead; nothing is created."""
    text = toml(port=0)
    assert old in text
    done = run(tmp_path, text.replace(old, new, 1), TOKENS)
    assert done.returncode == 2
    assert place in done.stderr and reason in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2, "a fact and a hint"
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "tidegate.db").exists()


@pytest.mark.parametrize("words", [["run"], ["status", "my-app"], ["audit", "verify"], ["pause", "my-app"]])
def test_a_missing_file_is_named(tmp_path, words):
    """Every command needs its configuration: exit 2, and the path it looked at."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words, "--config", str(tmp_path / "nowhere.toml")],
        env={**clean_environment(), **TOKENS}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "nowhere.toml" in done.stderr and "Traceback" not in done.stderr
