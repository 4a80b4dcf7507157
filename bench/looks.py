"""Figure 7: what one look at all live rollouts costs: time, calls of AWS against the least possible, memory.

The real conductor, store and drivers in a process of their own; the embedded cloud in another. Every rollout bakes at
10 % on an alias of its own; nothing moves, so that each look is one like the next.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from aws.registry import open_drivers
from aws.sessions import Sessions
from aws.world import AwsWorld
from bench.children import Child, environment, resident
from bench.ground import CONFIG, at_ten, live_name, read_config
from bench.table import Line, ms
from bot.clock import SystemClock
from bot.policy import ConfigPolicy
from rollout.conductor import Conductor
from store import open_store

SIZES, QUICK = (10, 100, 1000), (2, 4, 8)
LOOKS = 3
INTERVAL = 30.0
"""Seconds between two looks at a rollout that bakes."""
_HEAD = """
[roles]
deployers = ["U0ANA"]
"""
_APP = """
[apps.{app}.env.prod]
kind     = "lambda"
function = "my-app"
alias    = "{alias}"
region   = "eu-central-1"
alarms   = ["my-app-errors", "my-app-p99"]
plans    = {{ canary = "10% 5h, 100%" }}
"""


def figure(*, quick: bool) -> list[Line]:
    """Each size in a process of its own."""
    found = []
    for size in QUICK if quick else SIZES:
        with Child("bench.cloud", str(size)) as cloud, tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
            done = subprocess.run(
                [sys.executable, "-m", "bench.looks", folder, str(size)], env=environment(cloud.ready["env"]),
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            found.append((size, json.loads(done.stdout), Counter(_kinds(cloud.end()["calls"]))))
    return [*[_line(*one) for one in found], _growth(found), *_memory(found)]


def _kinds(calls: list[Any]) -> list[str]:
    """GET is Lambda's read of an alias or a version, POST a question to CloudWatch; what laid the ground is no read."""
    kinds = {"/aliases/": "alias", "/configuration": "version"}
    return [
        next((kind for part, kind in kinds.items() if part in path), "alarms")
        for _, _, method, path in calls
        if method == "GET" or path.startswith("/service/") or path == "/"
    ]


def _line(size: int, told: dict[str, Any], calls: Counter[str]) -> Line:
    each = {kind: count / (LOOKS + 1) for kind, count in calls.items()}
    whole = sum(each.values())
    least = size + 1
    wall = told["wall"]
    return Line(
        f"one look at {size} live rollouts", f"{ms(wall)}, {whole:.0f} calls of AWS", f"least: {least} calls",
        f"{whole / least:.1f}", f"< {INTERVAL:g} s", wall < INTERVAL,
    )  # fmt: skip


def _growth(found: list[tuple[int, dict[str, Any], Counter[str]]]) -> Line:
    (small, first, _), (large, last, _) = found[-2], found[-1]
    power = math.log(last["wall"] / first["wall"]) / math.log(large / small)
    what = f"growth of its time from {small} to {large} rollouts"
    return Line(what, f"n^{power:.2f}", "linear: n^1", "", "<= 1.1", power <= 1.1)


def _memory(found: list[tuple[int, dict[str, Any], Counter[str]]]) -> list[Line]:
    (few, first, _), (large, last, _) = found[0], found[-1]
    more = (last["held"] - first["held"]) * 1024 / (large - few)
    told = f"{last['held']:.0f} MB, {more:.0f} KB for each"
    return [Line(f"memory after looks at {large} live rollouts", told, f"with {few}: {first['held']:.0f} MB")]


def main(folder: Path, size: int) -> None:
    """Lay the ground, look a few times, print what it took. The cloud names its aliases as ground.py its live apps."""
    (folder / CONFIG).write_text(
        _HEAD + "".join(_APP.format(app=live_name(n), alias=live_name(n)) for n in range(size))
    )
    config = read_config(folder)
    policy, clock, sessions = ConfigPolicy(config), SystemClock(), Sessions()
    client = boto3.client("lambda", region_name="eu-central-1")
    store = open_store(folder / "looks.db")
    now = datetime.now(UTC)
    ids = []
    for number in range(size):
        weights = {"AdditionalVersionWeights": {"2": 0.1}}
        client.update_alias(FunctionName="my-app", Name=live_name(number), FunctionVersion="1", RoutingConfig=weights)
        with store.work() as work:
            ids.append(work.add(at_ten(policy, live_name(number), now)).id)
    bot = Conductor(store, AwsWorld(sessions, open_drivers(sessions, clock), clock), policy, clock)
    bot.look(ids)  # connections are made, the first sight is taken
    walls = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        bot.look(ids)
        walls.append(time.perf_counter() - begun)
    with store.reads() as reads:
        phases = Counter(row.phase for row in reads.all_live())
    assert phases == {"stepping": size}, phases
    store.close()
    print(json.dumps({"wall": median(walls), "held": resident(os.getpid())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
