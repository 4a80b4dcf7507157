"""Figure 6: from an alarm's turn to ALARM until its notice stands in the channel, against the time of one sweep.

The real process between the stand-in workspace and the embedded cloud. One app per alarm, so that each is a notice of
its own; they turn red one after the other, at random moments of the sweep.
"""

import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.children import end
from bench.ground import CONFIG
from bench.rollback import started, wait_ready, workspace
from bench.table import Line, percentile
from demo.cloud import Cloud, CloudConfig, seed_demo
from demo.workspace import Workspace

SWEEP = 3.0
GOAL = SWEEP + 2.0
"""Seconds: at the latest one sweep and what telling takes."""
QUIET = 5
"""Sweeps that are only counted."""
_HEAD = """
[slack]
mode = "http"

[http]
port = {port}

[alarms]
sweep = "{sweep:g}s"

[roles]
deployers = ["U0ANA"]
"""
_APP = """
[apps.app-{number:03d}]
channel = "C0DEPLOYS"

[apps.app-{number:03d}.env.prod]
kind     = "lambda"
function = "my-app"
alias    = "live-{number:03d}"
region   = "eu-central-1"
alarms   = ["bench-{number:03d}"]
"""


def figure(*, quick: bool) -> list[Line]:
    """So many alarms, one by one."""
    from bench.starts import free_port

    count, port = (3 if quick else 200), free_port()
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name, ExitStack() as running:
        folder = Path(name)
        targets = "".join(_APP.format(number=number) for number in range(count))
        (folder / CONFIG).write_text(_HEAD.format(port=port, sweep=SWEEP) + targets)
        slack = running.enter_context(workspace(port))
        cloud = running.enter_context(Cloud(CloudConfig(period=60)))
        seed_demo(cloud)
        cloud.knobs.crowd("bench", count, 0)
        bot = started(folder, {**slack.environment(), **cloud.env()})
        running.callback(end, bot)
        wait_ready(port, bot)
        time.sleep(2 * SWEEP)  # what is red at the first sweep is no news
        before = cloud.log.count("cloudwatch:DescribeAlarms")
        time.sleep(QUIET * SWEEP)  # a graph asks for its alarm, too: sweeps are counted while nothing is told
        calls = cloud.log.count("cloudwatch:DescribeAlarms") - before
        waits = [_told(cloud, slack, number) for number in range(count)]
    return _lines(waits, count, calls / QUIET)


def _told(cloud: Cloud, slack: Workspace, number: int) -> float:
    """Seconds from the turn to the post."""
    time.sleep(random.uniform(0, SWEEP))
    have = slack.count("posted", "deploys")
    begun = time.monotonic()
    cloud.knobs.raise_alarm(f"bench-{number:03d}")
    while slack.count("posted", "deploys") == have:
        if time.monotonic() - begun > 60:
            raise RuntimeError(f"bench-{number:03d} was not told within a minute")
        time.sleep(0.005)
    return time.monotonic() - begun


def _lines(waits: list[float], count: int, calls: float) -> list[Line]:
    worst = percentile(waits, 99)
    least = -(-count // 100)
    return [
        Line(
            f"alarm -> notice, {count} alarms", f"p50 {percentile(waits, 50):.2f} s, p99 {worst:.2f} s",
            f"one sweep {SWEEP:g} s", f"{worst / SWEEP:.2f}", f"p99 <= {GOAL:g} s", worst <= GOAL,
        ),
        Line(
            f"DescribeAlarms per sweep, {count} alarms", f"{calls:.2f}", f"least {least}", f"{calls / least:.2f}",
            "1.2", calls / least <= 1.2,
        ),
    ]  # fmt: skip
