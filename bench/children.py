"""Processes of a run: started, spoken to by one line of JSON, ended by closing their stdin. None outlives the run."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from demo.child import clean_environment

ROOT = Path(__file__).resolve().parent.parent


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's without proxies, AWS and Slack, plus what is given."""
    return {**clean_environment(), "PYTHONPATH": str(ROOT), **(more or {})}


def tidegate(*words: str) -> list[str]:
    """`tidegate WORDS`: the installed script, or the same from the source tree."""
    script = Path(sys.executable).with_name("tidegate")
    if script.exists():
        return [str(script), *words]
    if words[:1] == ("demo",):
        demo = "import sys; from demo.command import register; register(sys.argv[1:])"
        return [sys.executable, "-c", demo, *words[1:]]
    return [sys.executable, "-m", "bot", *words]


class Child:
    """`python -m MODULE WORDS`, whose first line of output says that it is ready."""

    def __init__(self, module: str, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=environment(), cwd=ROOT,
        )  # fmt: skip
        try:
            self.ready = self._line()
        except BaseException:
            self._process.kill()
            self._process.communicate()
            raise
        self.last: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> dict[str, Any]:
        """Close its stdin and take its last line; killed after 20 s."""
        if self._process.stdout is not None and not self._process.stdout.closed:
            try:
                told, _ = self._process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                told, _ = self._process.communicate()
            self.last = json.loads(told.splitlines()[-1]) if told.strip() else {}
        return self.last

    def _line(self) -> dict[str, Any]:
        stdout = self._process.stdout
        line = stdout.readline() if stdout else b""
        if not line:
            raise RuntimeError(f"{self._process.args!r} did not start")
        found: dict[str, Any] = json.loads(line)
        return found


def resident(pid: int) -> float:
    """Megabytes of memory a process holds right now; 0.0 where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS")), 0.0)


def end(process: subprocess.Popen[Any]) -> None:
    """SIGTERM, then SIGKILL after 12 s."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(12)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
