"""Bots that start in a tenth of a second: forked from a process that has imported everything, killed like any other.

What a start costs is nearly all import, and a thousand kills are a thousand starts. Everything after the import is
the unmodified `tidegate run`: a process of its own, with its own environment, folder, log and signals. A naive
variant puts one part of ours out of place in the child before that.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from demo.child import Child, clean_environment


class Hangar:
    """The process that forks. One per run; `with Hangar() as hangar:`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.flight"], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**clean_environment(), "PYTHONPATH": root},
        )  # fmt: skip
        assert self._process.stdout
        assert self._process.stdout.readline() == "up\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # closes the pipes: that is how it is told to end
            pass

    def say(self, order: Mapping[str, Any]) -> Any:
        """One order, one answer."""
        assert self._process.stdin and self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


class Forked:
    """The child as subprocess.Popen would show it, as far as it is asked."""

    def __init__(self, hangar: Hangar, pid: int) -> None:
        self._hangar, self.pid = hangar, pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code once it has ended."""
        if self._code is None:
            self._code = self._hangar.say({"poll": self.pid})
        return self._code

    def wait(self, timeout: float = 60) -> int:
        """The exit code; subprocess.TimeoutExpired when it does not end."""
        over = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > over:
                raise subprocess.TimeoutExpired("tidegate run", timeout)
            time.sleep(0.005)
        return code

    def send_signal(self, number: int) -> None:
        """As subprocess does."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class QuickBot(Child):
    """The demo's child, forked instead of started."""

    def __init__(self, hangar: Hangar, folder: Path, environment: Mapping[str, str], naive: str = "") -> None:
        super().__init__(folder, environment)
        self._hangar, self.naive = hangar, naive

    def start(self) -> str:
        """See Child.start."""
        if self.state != "running":
            order = {
                "words": ["run", "--config", str(self.folder / "tidegate.toml")], "log": str(self.log),
                "environment": self.environment, "folder": str(self.folder), "naive": self.naive,
            }  # fmt: skip
            self._process = Forked(self._hangar, self._hangar.say(order))  # type: ignore[assignment]  # as far as it is asked
            self._killed = False
        return "started"

    def died(self, patience: float = 60.0) -> int:
        """Wait for it to end; its exit code, -9 after SIGKILL."""
        assert self._process
        return self._process.wait(patience)

    def signal(self, number: int) -> None:
        """Send it a signal and do not wait."""
        assert self._process
        self._process.send_signal(number)


# -- in the process that forks ---------------------------------------------------------------------------------------


def _serve() -> None:
    """Import everything, then fork on order. It has no thread of its own, so a fork of it is whole."""
    for module in ("bot.app", "bot.cli.guarded", "handlers.listeners"):  # what costs the time
        importlib.import_module(module)
    from bot.cli import main

    codes: dict[int, int] = {}
    sys.stdout.write("up\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        answer = _polled(order["poll"], codes) if "poll" in order else _forked(order, main)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in [pid for pid in _children if pid not in codes]:
        if _polled(pid, codes) is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


_children: list[int] = []


def _polled(pid: int, codes: dict[int, int]) -> int | None:
    if pid not in codes:
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone == 0:
            return None
        codes[pid] = os.waitstatus_to_exitcode(status)
    return codes[pid]


def _forked(order: Mapping[str, Any], main: Any) -> int:
    pid = os.fork()
    if pid:
        _children.append(pid)
        return pid
    try:
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in enumerate((nothing, log, log)):
            os.dup2(file, number)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        if order["naive"]:
            from tests.faults import misbuilt

            getattr(misbuilt, order["naive"])()
        os._exit(main(order["words"]))
    except SystemExit as end:
        os._exit(int(end.code or 0))
    finally:
        os._exit(70)


if __name__ == "__main__":
    _serve()
