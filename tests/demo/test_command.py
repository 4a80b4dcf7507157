"""`tidegate demo` from outside: its options, a taken port, and that no bot outlives it."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.child import Child
from demo.cloud import Cloud, CloudConfig
from demo.command import register
from demo.stage import Setting, Stage
from tests.end_to_end.rig import until

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--speed", "50"], "argument --speed: '50' is not a number from 1 to 20"),
        (["--speed", "0.5"], "argument --speed: '0.5' is not a number from 1 to 20"),
        (["--speed", "nan"], "argument --speed: 'nan' is not a number from 1 to 20"),
        (["--speed", "fast"], "argument --speed: 'fast' is not a number from 1 to 20"),
        (["--port", "99999"], "argument --port: '99999' is not a port from 0 to 65535"),
        (["--port", "-1"], "argument --port: '-1' is not a port from 0 to 65535"),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(words: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    """Exit 2 and one sentence, as for any other mistake in an option."""
    with pytest.raises(SystemExit) as ended:
        register(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_taken_port_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    """Exit 2, which port, and what to do; nothing was started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            register(["--port", str(port)])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"tidegate demo: port {port} cannot be used: address already in use; ")
    assert err.count("\n") == 1


def runs(pid: int) -> bool:
    """The process is there, and is not only waiting for its parent to look at it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_story_ends_the_bot_too(number: signal.Signals, tmp_path: Path):
    """No orphan: when the demo has ended, its child has, and the exit code names the signal."""
    command = [sys.executable, "-m", "bot", "demo", "--script", "--folder", str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    story = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{story.pid}/task/{story.pid}/children")
    try:
        until((tmp_path / "tidegate.db").exists, "the bot has opened its store")
        (child,) = (int(each) for each in children.read_text().split())
        assert runs(child)
        story.send_signal(number)
        assert story.wait(30) == 128 + number
        assert not runs(child)
    finally:
        story.kill()
        story.wait()


class Sleeper(Child):
    """A child that does nothing for a while."""

    def command(self, *words: str) -> list[str]:
        """Instead of the bot."""
        return [sys.executable, "-c", "import time; time.sleep(120)"]


class Pressed(Cloud):
    """A cloud in whose reset somebody presses [Start the bot]."""

    def __init__(self, press: Callable[[], str]) -> None:
        super().__init__(CloudConfig(period=10))
        self.presser = threading.Thread(target=press)
        self.came_through = False

    def reset(self) -> None:
        """See Cloud."""
        self.presser.start()
        self.presser.join(0.5)
        self.came_through = not self.presser.is_alive()
        super().reset()


def test_nobody_starts_the_bot_while_the_world_is_exchanged(tmp_path: Path):
    """A press in the middle of a reset waits for its end: a bot in between would keep the old store open."""
    stage = Stage(Setting(folder=tmp_path))
    stage.bot = Sleeper(tmp_path, {})
    stage.cloud = cloud = Pressed(stage.bot.start)
    cloud.start()
    stage.workspace.start()
    try:
        stage.bot.start()
        stage.reset()
        cloud.presser.join(10)
        assert not cloud.came_through
        assert stage.bot.state == "running"
    finally:
        stage.bot.close()
        stage.workspace.stop()
        cloud.stop()
    assert stage.bot.start() == "The demo is ending."
    assert stage.bot.pid is None
