"""`tidegate` from outside: help, exit codes, what each verb needs. Twins have a file of their own."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.cli import main
from bot.cli.guarded import here
from bot.cli.options import Usage, read_line
from bot.cli.place import ask_of, this_user
from bot.cli.table import COMMANDS, LATER, SLACK_ONLY, usage_of, whole_help
from rollout.audit import Entry
from rollout.errors import BadInput
from rollout.verbs import VERBS
from store import open_store
from tests.bot.test_config import SMALL

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACT = [
    "run", "demo", "check", "start", "status", "list", "history", "show", "alarms", "promote", "pause", "resume",
    "approve", "reject", "rollback", "cancel", "retry", "override", "unlock",
]  # fmt: skip


def tidegate(*words, **environ):
    """Run it as a person in a shell would."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TZ") if name in os.environ}
    environ = {**kept, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def config(tmp_path):
    """A right configuration file, its state beside it."""
    path = tmp_path / "tidegate.toml"
    path.write_text(SMALL)
    return str(path)


def test_help_needs_nothing_heavy_and_comes_at_once():
    """--help lists every verb of the contract and imports no Slack, AWS, SQLite, pydantic: its budget is 200 ms."""
    code = "import sys; from bot.cli import main; main(['--help']); print(sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    for heavy in ("boto3", "slack_bolt", "slack_sdk", "sqlite_utils", "pydantic", "bot.config"):
        assert f"'{heavy}'" not in run.stdout
    assert all(f"\n  {verb}" in run.stdout for verb in (*CONTRACT, "audit verify"))
    began = time.monotonic()
    assert tidegate("--help").returncode == 0
    assert time.monotonic() - began < 5, "far beyond the budget, however slow the machine"


@pytest.mark.parametrize(
    ("words", "code", "where", "said"),
    [
        ([], 2, "out", "usage: tidegate"),
        (["help"], 0, "out", "usage: tidegate"),
        (["start", "--help"], 0, "out", "usage: tidegate start <app>"),
        (["help", "start"], 0, "out", "usage: tidegate start <app>"),
        (["audit", "--help"], 0, "out", "usage: tidegate audit verify"),
        (["audit"], 2, "err", "does not say what"),
        (["audit", "x"], 2, "err", "is not a verb"),
        (["--wat"], 2, "err", "is not an option here"),
        (["--config"], 2, "err", "names no file"),
        (["rolback", "my-app"], 2, "err", "did you mean tidegate rollback?"),
        (["my-app", "canary"], 2, "err", "tidegate start my-app"),
        (["start"], 2, "err", "tidegate start <app>"),
        (["start", "my-app", "a", "b"], 2, "err", "a word too many"),
        (["status", "my-app", "--dry-run"], 2, "err", "is not an option of status"),
        (["check", "x"], 2, "err", "a word too many"),
        (["check", "--json", "--page"], 2, "err", "--page has no JSON"),
        (["run", "--json"], 2, "err", "has no JSON"),
        *(([verb, "--no-wait"], 2, "err", "--no-wait means nothing") for verb in ("status", "list", "check", "run")),
        (["audit", "verify", "--no-wait"], 2, "err", "--no-wait means nothing here"),
        (["pause", "--no-wait"], 2, "err", "tidegate pause <app>"),
        *(([verb], 2, "err", "has not come yet") for verb in LATER),
        *(([verb], 2, "err", "is for Slack") for verb in SLACK_ONLY),
    ],
)
def test_usage_mistakes_are_exit_2_with_what_to_type(words, code, where, said, capsys):
    """Every line that cannot be understood is 2 with a hint; help is 0."""
    assert main(words) == code
    assert said in getattr(capsys.readouterr(), where)


@pytest.mark.parametrize(
    ("slack", "shell"),
    [
        ("/deploy my-app/prod starts a rollout", "tidegate start my-app/prod starts a rollout"),
        ("see /deploy status #1; /deploy list, too", "see tidegate status #1; tidegate list, too"),
        ("then /deploy unlock my-app/prod", "then tidegate unlock my-app/prod"),
        ("/deploy help lists what does", "tidegate help lists what does"),
        ("/deploy go-on #1 --reason", "/deploy go-on #1 --reason"),
        ("type /deploy whoami.", "type /deploy whoami."),
        ("nothing to replace", "nothing to replace"),
    ],
)
def test_what_slack_would_be_told_is_what_a_shell_can_run(slack, shell):
    """A verb stays one, a bare target is a start, and what only Slack has is still named as Slack's."""
    assert here(slack) == shell


def test_the_table_is_the_contract_and_the_verbs():
    """Every verb of the contract and every verb of the domain that has a place here is in the table, nothing else."""
    domain = {verb.name for verb in VERBS.values() if verb.cli}
    assert set(COMMANDS) == {*CONTRACT, "audit verify", "audit export", "audit tail", "reload", "plan"}
    assert domain <= set(COMMANDS)
    assert {verb.name for verb in VERBS.values() if not verb.cli} - {"help"} == set(SLACK_ONLY)
    for name, command in COMMANDS.items():
        if name in VERBS:
            assert ("--reason" in command.takes) == (VERBS[name].reason != "no")
            assert ("[--reason" in command.takes) == (VERBS[name].reason == "may")
            assert (command.module == "questions") == VERBS[name].reads
        assert (ROOT / "bot" / "cli" / f"{command.module}.py").exists()
    assert all(len(line) <= 100 for line in whole_help().splitlines())
    assert "[--full]" in usage_of("promote")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (
            ["start", "my-app@2", "canary", "to", "prod"],
            {"app": "my-app", "release": "2", "plan": "canary", "env": "prod"},
        ),
        (
            ["start", "my-app", "--reason", "fix the basket, again"],
            {"app": "my-app", "reason": "fix the basket, again"},
        ),
        (["reject", "#42", "--reason=--json is broken"], {"ref": 42, "reason": "--json is broken"}),
        (["show", "42"], {"ref": 42}),
        (["rollback", "my-app", "to", "@1", "--json"], {"app": "my-app", "release": "1"}),
        (["start", "my-app", "--dry-run"], {"app": "my-app", "dry_run": True}),
        (["promote", "--full", "my-app/prod"], {"app": "my-app", "env": "prod", "full": True}),
    ],
)
def test_the_words_of_a_shell_are_those_after_deploy(argv, expected):
    """Quoting done by the shell survives: a reason keeps its spaces, commas and dashes; a bare number is a rollout."""
    ask = ask_of(read_line(argv))
    assert ask.verb == argv[0]
    assert {name: getattr(ask, name) for name in expected} == expected


def test_words_out_of_place_are_bad_input():
    """What the grammar of /deploy refuses is refused here too, never cut into something legal."""
    for argv in (["pause", "my app"], ["start", "my-app\x1b[31m"], ["start", "#3"]):
        with pytest.raises(BadInput):
            ask_of(read_line(argv))
    with pytest.raises(Usage):
        read_line(["nonsense"])


def test_the_principal_is_the_process_user_whatever_the_environment_says(config):
    """USER and LOGNAME are anybody's to set: the os user comes from the process."""
    assert this_user().kind == "principal"
    assert this_user().id.startswith("cli:")
    code = "from bot.cli.place import this_user; print(this_user().id)"
    environ = {"PATH": os.environ["PATH"], "USER": "mallory", "LOGNAME": "mallory"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.strip() == this_user().id


def test_check_says_ok_or_everything_that_is_wrong(config):
    """A right setup is 0 and names mode, targets, stand-ins; a wrong one is 2 with file, place and fix, no secret."""
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1-CANARY", "SLACK_APP_TOKEN": "xapp-1-CANARY"}
    good = tidegate("check", "--offline", "--config", config, AWS_ENDPOINT_URL="http://127.0.0.1:5000", **tokens)
    assert (good.returncode, good.stderr) == (0, "")
    assert "ok" in good.stdout
    assert "my-app/prod (lambda)" in good.stdout
    assert "warn  endpoints: AWS_ENDPOINT_URL is set: AWS is replaced by http://127.0.0.1:5000" in good.stdout
    Path(config).write_text(SMALL + 'bakes = "10m"\ngate = 1\n')
    bad = tidegate("check", TIDEGATE_CONFIG=config, SLACK_BOT_TOKEN="xapp-1-CANARY")
    assert bad.returncode == 2
    assert f"{config}: apps.my-app.env.prod.bakes: bakes is not a key here\n    did you mean bake?" in bad.stderr
    assert "apps.my-app.env.prod.gate:" in bad.stderr
    assert "environment: SLACK_BOT_TOKEN: it holds another kind of secret" in bad.stderr
    assert "neither way to reach Slack is chosen" in bad.stderr
    assert "CANARY" not in good.stdout + bad.stdout + bad.stderr


def test_a_missing_configuration_is_exit_2_for_every_verb(tmp_path):
    """No file: the path looked for, and how to name another."""
    for words in (["run"], ["status"], ["start", "my-app"], ["audit", "verify"]):
        run = tidegate(*words, "--config", str(tmp_path / "no.toml"))
        assert run.returncode == 2
        assert "no such file" in run.stderr
        assert "TIDEGATE_CONFIG" in run.stderr


def test_run_refuses_an_unknown_log_style(config):
    """TIDEGATE_LOG is json or text; anything else is exit 2, not a silent default."""
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    run = tidegate("run", "--config", config, TIDEGATE_LOG="yaml", **tokens)
    assert run.returncode == 2
    assert "json or text" in run.stderr


def test_a_defect_is_exit_1_with_a_redacted_trace(monkeypatch, capsys):
    """What nobody foresaw is a traceback without the secrets in it, and exit 1."""

    def defect(line):
        raise KeyError("xoxb-1-CANARY", "https://hooks.slack.com/commands/CANARY")

    monkeypatch.setitem(sys.modules, "bot.cli.trail", SimpleNamespace(run=defect))
    assert main(["audit", "verify"]) == 1
    err = capsys.readouterr().err
    assert "KeyError" in err
    assert "CANARY" not in err.replace('"xoxb-1-CANARY", "https://hooks.slack.com/commands/CANARY"', "")


def test_audit_verify_walks_the_trail_and_names_the_first_bad_record(config, tmp_path):
    """A whole trail is 0 with its count and head; one changed record is 1 and named; no state is 1."""
    assert tidegate("audit", "verify", "--config", config).returncode == 1
    at = datetime(2026, 1, 1, tzinfo=UTC)
    store = open_store(tmp_path / "tidegate.db")
    with store.work() as work:
        links = [work.audit(Entry(kind="bot", at=at, actor="tidegate", facts={"n": number})) for number in range(3)]
    store.close()
    whole = tidegate("audit", "verify", "--config", config)
    assert (whole.returncode, whole.stdout) == (0, f"3 records hold; head {links[-1].hash}\n")
    tamper(tmp_path / "tidegate.db")
    broken = tidegate("audit", "verify", "--config", config)
    assert broken.returncode == 1
    assert broken.stdout.startswith("record 2 was changed")
    found = json.loads(tidegate("audit", "verify", "--json", "--config", config).stdout)
    assert (found["ok"], found["records"], found["broken"]["seq"]) == (False, 1, 2)


def tamper(path):
    """Change a record behind the store's back."""
    db = sqlite3.connect(path)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute("UPDATE audit SET body = replace(body, '\"n\":1', '\"n\":7') WHERE seq = 2")
    db.commit()
    db.close()


def test_a_reader_that_goes_away_is_no_traceback(config, tmp_path):
    """`tidegate … | head -0`: the closed pipe ends the command quietly."""
    command = [sys.executable, "-m", "bot", "--help"]
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (run.returncode, run.stderr) == (1, b"")
