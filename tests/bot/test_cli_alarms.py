"""`tidegate alarms`: what the store knows, bot or no bot, as text and as JSON."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli import main, texts
from rollout.alarms.model import AlarmState, Key, Mute, Turn
from rollout.alarms.views import AlarmsReport, Ended, Spell
from rollout.people import Actor
from rollout.seen import Fault
from store import hold_lock, open_store
from tests.bot.test_cli_page import APPS

NOW = datetime.now(UTC).replace(microsecond=0)
ANA = Actor(id="U0ANA", name="ana")
LANE = "default/eu-central-1"


def state(name: str, value: str = "OK", app: str = "my-app", **fields: object) -> AlarmState:
    return AlarmState.model_validate(
        {"key": Key(app=app, lane=LANE, name=name), "state": value, "since": NOW - timedelta(hours=1), **fields}
    )


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A configuration of two apps and a store with some alarms of theirs."""
    file = tmp_path / "tidegate.toml"
    file.write_text(APPS + APPS[APPS.index("[apps.my-app]") :].replace("my-app", "shop").replace('"live"', '"shop"'))
    store = open_store(tmp_path / "tidegate.db")
    with store.work() as work:
        work.save_alarm(state("errors", "ALARM", text="8.2 over limit 1\x1b[31m", gate=True))
        work.save_alarm(state("p99", muted=Mute(by=ANA, at=NOW, until=NOW + timedelta(days=1))))
        work.save_alarm(state("basket", "INSUFFICIENT_DATA", app="shop"))
        work.note_turn(Turn(key=state("errors").key, state="ALARM", before="OK", at=NOW - timedelta(hours=1)))
    store.close()
    return str(file)


def test_red_comes_first_with_its_values(path: str, capsys: pytest.CaptureFixture[str]):
    """Counts, a row per alarm, who muted it until when, what changed; foreign text cannot steer the terminal."""
    assert main(["alarms", "--config", path]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "my-app, shop: 3 alarms: 1 ALARM, 1 OK, 1 NO DATA"
    assert lines[1].split()[0] == "ALARM"
    assert "errors" in lines[1] and "gate" in lines[1] and "8.2 over limit 1\\u001b[31m" in lines[1]
    assert "muted until" in out and "by ana" in out
    assert "1 turned red" in out
    assert "no bot runs on this store" in err
    assert main(["alarms", "shop", "--config", path]) == 0
    assert "errors" not in capsys.readouterr().out


def test_json_is_the_report(path: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """An object that reads back as the report; beside a running bot nothing is said on stderr."""
    lock = hold_lock(tmp_path / "tidegate.db")
    assert lock is not None
    try:
        assert main(["alarms", "my-app", "--json", "--config", path]) == 0
    finally:
        lock.release()
    out, err = capsys.readouterr()
    report = AlarmsReport.model_validate(json.loads(out))
    assert [one.key.name for one in report.states] == ["errors", "p99"]
    assert err == ""


def test_an_unknown_app_is_refused_with_a_guess(path: str, capsys: pytest.CaptureFixture[str]):
    """As with status: exit 1 and the nearest name."""
    assert main(["alarms", "my-ap", "--config", path]) == 1
    assert "Did you mean my-app?" in capsys.readouterr().err


def test_everything_a_report_can_hold_is_told():
    """Blind places, doubts, a bake too short, spells, ended and live rollouts, an app that nothing watches."""
    place = AlarmState(
        key=Key(app="my-app", lane=LANE, name=LANE, kind="place"), state="BLIND", since=NOW,
        fault=Fault(kind="auth", text="cloudwatch:DescribeAlarms is not allowed"),
    )  # fmt: skip
    slow = state("slow", clean=False, window=timedelta(minutes=10), bake=timedelta(minutes=5))
    report = AlarmsReport(
        apps=("my-app", "shop"), since=NOW - timedelta(days=1), now=NOW, states=(place, slow),
        changes={"ALARM": 2, "OK": 1, "UNWATCHED": 1}, live=(43,),
        longest=Spell(app="my-app", name="errors", start=NOW - timedelta(hours=2), end=None),
        ended=(Ended(rollout=42, app="my-app", env="prod", outcome="rolled_back", cause="errors is red",
                     took=timedelta(minutes=9)),),
    )  # fmt: skip
    text = texts.render(report)
    for said in (
        "BLIND", LANE, "DescribeAlarms is not allowed", "unclear", "cannot fire within a bake of 5m",
        "could not evaluate", "2 turned red, 1 turned OK", "longest: my-app errors was red since", "and still is",
        "#42 my-app/prod rolled_back after 9m: errors is red", "live: #43", "no alarm is configured for shop",
    ):  # fmt: skip
        assert said in text, said
