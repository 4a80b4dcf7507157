"""Figure 4: how long one waits for a command, for the bot and for the demo, and how much memory the bot takes."""

import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from bench.children import Child, end, environment, resident, tidegate
from bench.rollback import started, wait_ready, workspace, write_config
from bench.table import Line, ms, percentile

HELP, READY, DEMO = 0.2, 2.0, 5.0
LIBRARIES = "import apscheduler.schedulers.background, boto3, pydantic, slack_bolt, sqlite_utils, waitress"
"""What the bot cannot do without: the floor under its start and its memory."""


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def figure(*, quick: bool) -> list[Line]:
    """Help, run, demo."""
    return [_help(2 if quick else 10), *_run(1 if quick else 5), _demo(1 if quick else 3)]


def _help(times: int) -> Line:
    ours, bare = [], []
    for _ in range(times):
        ours.append(_took(tidegate("--help")))
        bare.append(_took([sys.executable, "-c", "pass"]))
    mine, theirs = percentile(ours, 50), percentile(bare, 50)
    return Line("tidegate --help", ms(mine), f"python -c pass: {ms(theirs)}", f"{mine / theirs:.2f}",
                f"<= {ms(HELP)}", mine <= HELP)  # fmt: skip


def _took(words: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(words, env=environment(), stdout=subprocess.DEVNULL, check=True, timeout=60)
    return time.perf_counter() - begun


def _run(times: int) -> list[Line]:
    port = free_port()
    ours, floor, memory, least = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name, ExitStack() as running:
        folder = Path(name)
        write_config(folder, port, 1)
        slack = running.enter_context(workspace(port))
        cloud = running.enter_context(Child("bench.cloud", "1"))
        for _ in range(times):
            floor.append(_took([sys.executable, "-c", LIBRARIES]))
            begun = time.perf_counter()
            bot = started(folder, {**slack.environment(), **cloud.ready["env"]})
            try:
                wait_ready(port, bot)
                ours.append(time.perf_counter() - begun)
                time.sleep(1)
                memory.append(resident(bot.pid))
            finally:
                end(bot)
            least.append(_memory_of_libraries())
    mine, theirs = percentile(ours, 50), percentile(floor, 50)
    held, needed = percentile(memory, 50), percentile(least, 50)
    return [
        Line("tidegate run, spawned to /readyz 200", ms(mine), f"importing its libraries: {ms(theirs)}",
             f"{mine / theirs:.2f}", f"<= {READY:g} s", mine <= READY),
        Line("memory of the idle bot", f"{held:.0f} MB", f"its libraries alone: {needed:.0f} MB",
             f"{held / max(needed, 1):.2f}"),
    ]  # fmt: skip


def _memory_of_libraries() -> float:
    words = [sys.executable, "-c", f"{LIBRARIES}\nimport sys\nprint(flush=True)\nsys.stdin.read()"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    try:
        if process.stdout is not None:
            process.stdout.readline()
        return resident(process.pid)
    finally:
        process.communicate()


def _demo(times: int) -> Line:
    ours = [_demo_once() for _ in range(times)]
    mine = percentile(ours, 50)
    return Line("tidegate demo, spawned to page and bot", ms(mine), "", "", f"<= {DEMO:g} s", mine <= DEMO)


def _demo_once() -> float:
    """Until the page answers and the bot holds its socket (it is not ready before)."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        begun = time.perf_counter()
        demo = subprocess.Popen(
            tidegate("demo", "--no-browser", "--folder", name), env=environment(), stdout=subprocess.PIPE, text=True
        )
        try:
            url = re.search(r"http://\S+", demo.stdout.readline() if demo.stdout else "")
            if url is None:
                raise RuntimeError("the demo named no page")
            with urllib.request.urlopen(url[0], timeout=10) as page:
                page.read()
            port = re.search(r"^port = (\d+)", (Path(name) / "tidegate.toml").read_text(), re.MULTILINE)
            wait_ready(int(port[1]) if port else 0, demo)
            return time.perf_counter() - begun
        finally:
            end(demo)
