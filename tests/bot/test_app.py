"""The process as its operator meets it: ready, unready, alone, ended. The story of rollouts is in end_to_end."""

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGTERM

import pytest

from demo.cloud import Cloud
from rollout.notices import NeedsHuman
from tests.end_to_end.rig import Rig, new_cloud, until

QUIET = {"auth.test", "apps.connections.open", "users.info", "usergroups.users.list", "chat.postMessage",
         "chat.update", "response_url", "views.open"}  # fmt: skip


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    cloud = new_cloud()
    yield cloud
    cloud.stop()


@pytest.fixture
def rig(tmp_path: Path, cloud: Cloud) -> Iterator[Rig]:
    rig = Rig(tmp_path / "bot", cloud)
    yield rig
    rig.close()


def reasons(rig: Rig) -> dict[str, str]:
    """What keeps the bot from serving."""
    found: dict[str, str] = json.loads(rig.get("/readyz")[1])["reasons"]
    return found


def begin(rig: Rig, plan: str) -> None:
    """The bot up, and a rollout of a version that nobody has deployed yet."""
    rig.start()
    rig.calm()
    rig.slash("ana", f"my-app {plan}")


def test_it_says_once_that_it_is_ready_and_ends_within_ten_seconds(rig: Rig):
    """One line when ready; SIGTERM in the middle of a rollout: exit 0, and the next process goes on."""
    rig.start()
    until(lambda: "tidegate is ready: socket" in rig.bot.tail(20), "its line")
    rig.slash("ana", "my-app canary")
    rig.phase("stepping", "final_bake")
    started = time.monotonic()
    rig.bot.signal(SIGTERM)
    assert rig.bot.died() == 0
    assert time.monotonic() - started < 10
    assert rig.bot.log.read_text().count("tidegate is ready") == 1
    rig.start()
    rig.phase("succeeded")
    assert not rig.ws.problems


def test_a_second_bot_on_the_same_store_refuses(rig: Rig):
    """Exit 1, naming the process that runs; the first one is not disturbed."""
    rig.start()
    second = rig.tell("run")
    assert second.returncode == 1
    assert "another bot (process " in second.stderr
    assert rig.ready()


def test_while_slack_is_away_at_the_start_it_is_alive_not_ready_and_comes_up_by_itself(rig: Rig):
    """/healthz 200, /readyz 503 with every reason by name; Slack back: ready, and it listens."""
    rig.ws.fault("down")
    rig.start(wait=False)
    until(lambda: rig.get("/healthz")[0] == 200, rig.where)
    assert rig.get("/readyz")[0] == 503
    assert {"slack", "socket", "directory"} <= reasons(rig).keys()
    rig.ws.heal()
    until(rig.ready, rig.where)
    assert "my-app" in rig.slash("ana", "help")


def test_readyz_is_false_while_deaf_and_names_the_stand_ins(rig: Rig):
    """Slack's sockets gone: 503 because of the socket; the replaced addresses stand there in any case."""
    rig.start()
    overrides = json.loads(rig.get("/readyz")[1])["endpoint_overrides"]
    assert {"AWS_ENDPOINT_URL", "SLACK_API_URL"} <= overrides.keys()
    rig.ws.fault("503")
    until(lambda: rig.get("/readyz")[0] == 503, rig.where)
    assert "socket" in reasons(rig)
    rig.ws.heal()
    until(rig.ready, rig.where)


def test_no_request_makes_the_bot_call_slack(rig: Rig):
    """Fifty commands and questions: not one call beyond those of start, directory and outbox; auth.test once."""
    rig.start()
    for number in range(50):
        rig.slash("ana", ("status my-app", "list", "whoami", "my-app nonsense", "help")[number % 5])
    methods = [call.method for call in rig.ws.calls]
    assert set(methods) <= QUIET
    assert methods.count("auth.test") == 1
    assert "chat.postMessage" not in methods


def test_http_mode_serves_signed_requests_and_no_others(tmp_path: Path, cloud: Cloud):
    """A command over signed HTTP is acked by the listener; without a signature it is 401."""
    with Rig(tmp_path / "http", cloud, mode="http") as rig:
        assert "my-app" in rig.slash("ana", "help")
        assert rig.get("/slack/events")[0] == 405
        assert 'tidegate_requests_total{path="/slack/events",status="200"} 1' in rig.get("/metrics")[1]
        assert "socket" not in reasons(rig)


def test_somebody_takes_a_page_and_nobody_else_is_called(rig: Rig):
    """[I have it] by whoever is on call: the repeats end, and the button says so; others may not press it."""
    begin(rig, "long")
    rollout = rig.phase("stepping")
    with rig.store.work() as work:
        work.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read", at=datetime.now(UTC)))
    page = until(lambda: rig.ws.channel("deploys").find("needs a person"), rig.where)
    assert "cannot" in rig.press("oskar", page, "I have it")
    assert "you have it" in rig.press("ben", page, "I have it")
    assert rig.store.outbox.waiting_pages(rig.rollout().created_at.replace(year=9999)) == []
    rig.calm()


def test_a_rollback_works_without_a_bot(rig: Rig):
    """The bot is dead in mid-rollout: `tidegate rollback` takes the lock and brings stable back by itself."""
    begin(rig, "long")
    rig.at(10)
    rig.bot.kill()
    done = rig.tell("rollback", "my-app")
    assert done.returncode == 0, done.stderr
    assert rig.rollout().phase.value == "rolled_back"
    assert len(rig.shares()) == 1
    rig.start()
    until(lambda: "rolled back" in rig.cards()[-1].text, rig.where)
    rig.slash("ana", "unlock my-app --reason done")


def test_beside_a_running_bot_nobody_drives_in_the_foreground(rig: Rig):
    """Two that drive would contradict each other: the lock decides, and the bot does it instead."""
    begin(rig, "long")
    rig.at(10)
    done = rig.tell("rollback", "my-app")
    assert done.returncode == 0, done.stderr
    rig.phase("rolled_back")
    assert rig.bot.state == "running"
    rig.calm()


def test_a_port_that_is_taken_is_named(rig: Rig, tmp_path: Path, cloud: Cloud):
    """Exit 2 with the address and what to change, not a traceback."""
    rig.start()
    other = Rig(tmp_path / "other", cloud)
    try:
        text = (other.folder / "tidegate.toml").read_text().replace(str(other.port), str(rig.port))
        (other.folder / "tidegate.toml").write_text(text)
        done: subprocess.CompletedProcess[str] = other.tell("run")
    finally:
        other.close()
    assert done.returncode == 2
    assert f"127.0.0.1:{rig.port} cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr
