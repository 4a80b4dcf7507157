"""Checks of this machine: the file, the environment, the store. Each as it should be, surprising, and wrong."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.checks import here
from store import hold_lock, open_store
from tests.bot.check_rig import NOWHERE, ROLES, TARGET, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_the_configuration_names_targets_and_mode(rig: Rig):
    """Right: the file, its targets, the way to Slack; what may surprise is a warning of its own."""
    line = rig.only("configuration")
    assert (line.state, line.text) == ("ok", f"{rig.path}: my-app/prod (lambda); Slack by Socket Mode")
    right, mute = rig.lines("configuration", ROLES + TARGET + 'alarms = ["my-app-errors"]\n')
    assert (right.state, mute.state) == ("ok", "warn")
    assert mute.text == "alarms of my-app are told nowhere" and "[slack] home" in mute.fix


@pytest.mark.parametrize(
    ("mode", "environ", "said"),
    [
        ("socket", {}, []),
        ("socket", {"SLACK_BOT_TOKEN": "CANARY-1"}, ["SLACK_BOT_TOKEN does not begin with xoxb-"]),
        ("socket", {"SLACK_APP_TOKEN": "CANARY-2"}, ["SLACK_APP_TOKEN does not begin with xapp-"]),
        ("http", {"SLACK_SIGNING_SECRET": "0123456789abcdef" * 2}, []),
        ("http", {"SLACK_SIGNING_SECRET": "CANARY-3"}, ["SLACK_SIGNING_SECRET is not of Slack's form"]),
    ],
)
def test_tokens_are_judged_by_their_form_and_never_shown(rig: Rig, mode: str, environ: dict[str, str], said: list[str]):
    """What cannot be a token of that kind is a warning by the variable's name; no letter of its value is told."""
    rig.environ |= environ
    found = rig.lines("tokens", f'[slack]\nmode = "{mode}"\n{ROLES}{TARGET}')
    assert [line.state for line in found] == (["warn"] * len(said) or ["ok"])
    assert all(text in line.text for text, line in zip(said, found, strict=False))
    assert "CANARY" not in repr(found)


def test_endpoints_are_told_one_by_one(rig: Rig):
    """Stand-ins for Slack and AWS are warnings, without what could be a password; none is ok."""
    rig.environ |= {"AWS_ENDPOINT_URL_LAMBDA": "http://user:CANARY@127.0.0.1:5000/x"}
    found = rig.lines("endpoints")
    assert [line.state for line in found] == ["warn", "warn"]
    assert "AWS_ENDPOINT_URL_LAMBDA is set: AWS is replaced by http://127.0.0.1:5000" in found[0].text
    assert "CANARY" not in repr(found)
    rig.environ = {name: value for name, value in NOWHERE.items() if name != "SLACK_API_URL"}
    assert rig.only("endpoints").state == "ok"


@pytest.mark.parametrize(
    ("more", "state", "said"),
    [
        ('alarms = ["a", "b"]', "ok", "2 alarms gate it"),
        ('gates = "none"', "ok", "time and health alone"),
        ("", "warn", "each step will wait for a click"),
    ],
)
def test_a_target_that_nothing_watches_is_told(rig: Rig, more: str, state: str, said: str):
    """Alarms, or the word that none are wanted; else people would wonder why a rollout stands."""
    line = rig.only("gates", ROLES + TARGET + more)
    assert (line.target, line.state) == ("my-app/prod", state) and said in line.text


def test_the_stores_place_is_proven(rig: Rig, tmp_path: Path):
    """A local folder with room is ok; the proof leaves nothing behind; no folder, and one that is no folder, fail."""
    line = rig.only("store")
    assert line.state == "ok" and "MB free" in line.text and str(tmp_path / "tidegate.db") in line.text
    assert [path.name for path in tmp_path.iterdir()] == ["tidegate.toml"]
    gone = rig.only("store", '[store]\npath = "no/tidegate.db"\n' + ROLES + TARGET)
    assert (gone.state, gone.fix) == ("fail", "make it, or change [store] path")
    unwritable = rig.only("store", '[store]\npath = "/proc/tidegate.db"\n' + ROLES + TARGET)
    assert unwritable.state == "fail", "there is a folder, and nobody can write there"
    assert rig.only("store", f'[store]\npath = "{tmp_path}"\n' + ROLES + TARGET).state == "fail"


def test_little_room_is_a_warning(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A full disk stops everything, so one that is nearly full is told while there is time."""
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(here, "LITTLE", free * 2)
    line = rig.only("store")
    assert line.state == "warn" and "only" in line.text and "make room" in line.fix


def test_settings_and_schema_of_a_store(rig: Rig, tmp_path: Path):
    """Before the first start, at the present version, one step behind (a warning), and damaged (fails)."""
    assert "synchronous 2, foreign_keys 1" in rig.only("settings").text
    assert rig.only("schema").text == "there is no store yet: the first start makes it"
    path = tmp_path / "tidegate.db"
    open_store(path).close()
    assert rig.only("settings").state == rig.only("schema").state == "ok"
    with closing(sqlite3.connect(path)) as link:
        link.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0011%'")
        link.commit()
    behind = rig.only("schema")
    assert behind.state == "warn" and "1 step (0011_digests to 0011_digests)" in behind.text
    assert "backup" in behind.fix
    path.write_bytes(b"damaged" * 1000)
    assert rig.only("settings").state == rig.only("schema").state == "fail"


def test_whether_a_bot_runs_is_told_and_right_either_way(rig: Rig, tmp_path: Path):
    """Its process id when one holds the lock; asking takes it from nobody."""
    assert rig.only("lock").text == "no bot is running on it"
    lock = hold_lock(tmp_path / "tidegate.db")
    assert lock is not None
    line = rig.only("lock")
    assert line.state == "ok" and "a bot (process " in line.text
    lock.release()
