"""Figure 3: from the click on [Roll back] to the UpdateAlias that arrives at AWS, less the reads made in between.

The real process (`tidegate run`) in HTTP mode between the stand-in workspace and the embedded cloud. Each target is
an alias of its own; all of them go to 10 %, then they are rolled back one after the other.
"""

import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from bench.bare import Bare
from bench.children import Child, end, environment, tidegate
from bench.cloud import Call, alias_name
from bench.ground import CONFIG, STORE
from bench.requests import Caller, command, press
from bench.table import Line, ms, percentile
from demo.workspace import Limits, Workspace, WorkspaceConfig
from handlers.buttons import ButtonValue
from rollout.model import Phase, Rollout
from store import Store, open_store
from store.connect import journal_for

GOAL = 0.050
_HEAD = """
[slack]
mode = "http"

[http]
port = {port}

[roles]
deployers = ["U0ANA", "S0PAYMENTS"]

[timing]
look_moving = "1s"
"""
_APP = """
[apps.{app}]
channel = "C0DEPLOYS"

[apps.{app}.env.prod]
kind     = "lambda"
function = "my-app"
alias    = "{alias}"
region   = "eu-central-1"
alarms   = ["my-app-errors", "my-app-p99"]
plans    = {{ canary = "10% 30m, 100%" }}
"""


def app_name(number: int) -> str:
    """The app whose alias has that number."""
    return f"app-{number:02d}"


def write_config(folder: Path, port: int, apps: int) -> None:
    """A file with so many Lambda targets."""
    targets = "".join(_APP.format(app=app_name(number), alias=alias_name(number)) for number in range(apps))
    (folder / CONFIG).write_text(_HEAD.format(port=port) + targets)


def workspace(port: int) -> Workspace:
    """A stand-in that does not hold the bot back: Slack's own pace is not what is measured."""
    limits = Limits(tier3=100_000, tier4=100_000, posts_per_minute=100_000, posts_per_second_per_channel=1000)
    return Workspace(
        WorkspaceConfig(delivery="http", bot_events_url=f"http://127.0.0.1:{port}/slack/events", limits=limits)
    )


def started(folder: Path, more: dict[str, str]) -> subprocess.Popen[bytes]:
    """`tidegate run` on that folder's configuration."""
    with (folder / "bot.log").open("ab") as log:
        return subprocess.Popen(
            tidegate("run", "--config", str(folder / CONFIG)), env=environment(more), cwd=folder, stdout=log, stderr=log
        )


def wait_ready(port: int, process: subprocess.Popen[Any], patience: float = 60.0) -> None:
    """Until /readyz says 200; RuntimeError when the process ends or `patience` seconds pass."""
    until = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError(f"the bot was not ready within {patience:g} s; exit code {process.poll()}")


def figure(*, quick: bool) -> list[Line]:
    """Waves of rollouts to 10 %, each of them rolled back."""
    from bench.starts import free_port

    apps, waves = (2, 1) if quick else (12, 5)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name, ExitStack() as running:
        folder = Path(name)
        write_config(folder, port, apps)
        slack = running.enter_context(workspace(port))
        cloud = running.enter_context(Child("bench.cloud", str(apps)))
        bot = started(folder, {**slack.environment(), **cloud.ready["env"]})
        running.callback(end, bot)
        wait_ready(port, bot)
        store = open_store(folder / STORE, create=False)
        running.callback(store.close)
        caller = Caller(port, slack.signing_secret)
        running.callback(caller.close)
        disk = Disk(folder / "scratch.db")
        running.callback(disk.close)
        clicks = [click for _ in range(waves) for click in _wave(caller, store, apps, disk)]
        calls = [(begun, ended, method, path) for begun, ended, method, path in cloud.end()["calls"]]
    return _lines([_measured(click, calls) for click in clicks], [click.ack for click in clicks])


class Click(NamedTuple):
    """When it went off, how long its ack took, the alias it is about, and three bare transactions beside it."""

    went: float
    ack: float
    alias: str
    commits: float


class Disk:
    """How long three small transactions take at this moment: as many as lie between the click and the call."""

    def __init__(self, path: Path) -> None:
        open_store(path).close()
        self._bare = Bare(path, journal_for(sqlite3.sqlite_version_info))

    def commits(self) -> float:
        """Seconds."""
        begun = time.perf_counter()
        for _ in range(3):
            sql = "INSERT INTO asks (dedupe, state, ok, address, at, body) VALUES (?, 'answered', 1, '', 0, ?)"
            self._bare.write([(sql, (uuid.uuid4().hex, "x" * 3000))])
        return time.perf_counter() - begun

    def close(self) -> None:
        """Close its file."""
        self._bare.close()


def _wave(caller: Caller, store: Store, apps: int, disk: Disk) -> Iterator[Click]:
    for number in range(apps):
        caller.send(command(f"{app_name(number)} canary"))
    for number in range(apps):
        rollout = _until(store, app_name(number), lambda found: found is not None and found.proven == 10)
        if rollout is None:
            raise RuntimeError(f"{app_name(number)} has no rollout")
        value = ButtonValue(verb="rollback", rollout=rollout.id, step=0, plan_hash=rollout.terms.plan.hash)
        body = press(value)
        went = time.monotonic()
        ack, _ = caller.send(body)
        time.sleep(0.3)  # nobody reads the store while the click is on its way
        yield Click(went, ack, alias_name(number), disk.commits())
        _until(store, app_name(number), lambda found: found is None)
        caller.send(command(f"unlock {app_name(number)} --reason bench"))


def _until(store: Store, app: str, wanted: Any) -> Rollout | None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with store.reads() as reads:
            found = reads.live(app, "prod")
            last = None if found else reads.last(app, "prod")
        if wanted(found):
            return found
        if found is None and last is not None and last.phase is not Phase.ROLLED_BACK:
            raise RuntimeError(f"{app} ended as {last.phase}: {last.cause.text if last.cause else ''}")
        time.sleep(0.1)
    raise RuntimeError(f"{app} did not get there within 60 s")


class Fall(NamedTuple):
    """One rollback, in seconds: from the click to the call; the reads as the bot saw them; as the cloud did."""

    whole: float
    reading: float
    answering: float
    commits: float
    """Three bare transactions, right after it."""


def _measured(click: Click, calls: Sequence[Call]) -> Fall:
    went, _, alias, commits = click
    ends = [begun for begun, _, method, path in calls if method == "PUT" and path.endswith(alias) and begun > went]
    if not ends:
        raise RuntimeError(f"no UpdateAlias of {alias} after the click")
    arrived = min(ends)
    between = [(begun, ended) for begun, ended, method, _ in calls
               if method != "PUT" and begun >= went and ended <= arrived]  # fmt: skip
    reading = max((ended for _, ended in between), default=0.0) - min((begun for begun, _ in between), default=0.0)
    return Fall(arrived - went, reading, covered(between), commits)


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds that lie in at least one of the spans."""
    total, reached = 0.0, float("-inf")
    for begun, ended in sorted(spans):
        total += max(0.0, ended - max(begun, reached))
        reached = max(reached, ended)
    return total


def _lines(falls: list[Fall], acks: list[float]) -> list[Line]:
    whole = [fall.whole for fall in falls]
    beyond = [fall.whole - fall.reading for fall in falls]
    strictly = [fall.whole - fall.answering for fall in falls]
    commits = [fall.commits for fall in falls]
    ratio, p99 = percentile(beyond, 50) / percentile(commits, 50), percentile(beyond, 99)

    def both(values: list[float]) -> str:
        return f"p50 {ms(percentile(values, 50))}, p99 {ms(percentile(values, 99))}"

    return [
        Line(f"[Roll back] to UpdateAlias, beyond the reads ({len(falls)} clicks)", both(beyond),
             f"3 bare transactions: {both(commits)}", f"{ratio:.2f}", f"p99 <= {ms(GOAL)}", p99 <= GOAL),
        Line("the same, beyond the cloud's own time for them", both(strictly)),
        Line("the same, reads and all", both(whole)),
        Line("ack of [Roll back] in the running bot", both(acks)),
    ]  # fmt: skip
