"""What the end-to-end tests share: one cloud for the file that wants it, and the story that plays meanwhile."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from demo.child import clean_environment
from tests.end_to_end import rig

SCRIPT = "test_whole_script.py"


@pytest.fixture(scope="module")
def cloud():
    """A cloud for this module; only one runs in a process."""
    made = rig.new_cloud()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared(cloud, tmp_path_factory):
    """One bot for the tests of a module that leave it as they found it."""
    with rig.Rig(tmp_path_factory.mktemp("bot"), cloud) as up:
        yield up


@pytest.fixture
def bot(shared):
    """The shared rig, calm."""
    shared.calm()
    yield shared
    assert not shared.ws.problems


class Playing(NamedTuple):
    """The story under way: its process, and what it prints."""

    process: "subprocess.Popen[bytes]"
    out: Path


@pytest.fixture(scope="session", autouse=True)
def story(request, tmp_path_factory):
    """`tidegate demo --script`, begun before the first test if its own test is among them: it mostly waits."""
    if not any(item.path.name == SCRIPT for item in request.session.items):
        yield None
        return
    folder = tmp_path_factory.mktemp("story")
    with (folder / "told").open("wb") as out:
        words = ["demo", "--script", "--speed", "20", "--folder", str(folder / "demo")]
        command = [sys.executable, "-m", "bot", *words]
        process = subprocess.Popen(command, env=clean_environment(), stdout=out, stderr=out)
        yield Playing(process, folder / "told")
        process.send_signal(signal.SIGINT)
        process.wait(30)
