"""The bot as a child process: started, killed without warning, started again. It runs the unmodified command."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Literal

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead the child elsewhere: proxies, AWS, Slack, Tidegate."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in PROXIES and not name.startswith(("AWS_", "SLACK_", "TIDEGATE_"))
    }


class Child:
    """One bot. Its log goes to a file; its state is what the operating system says."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.lives_in(environment)
        self.log = folder / "bot.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = RLock()
        self._killed = False
        self._over = False

    def lives_in(self, environment: Mapping[str, str]) -> None:
        """Which workspace and which cloud it finds at its next start. The knobs hold this object from before."""
        self.environment = {**clean_environment(), **environment}

    def command(self, *words: str) -> list[str]:
        """`tidegate WORDS` with this demo's configuration."""
        return [sys.executable, "-m", "bot", *words, "--config", str(self.folder / "tidegate.toml")]

    def start(self) -> str:
        """Start it, unless it runs."""
        with self._lock:
            if self.state == "running":
                return "The bot runs already."
            if self._over:
                return "The demo is ending."
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    self.command("run"), env=self.environment, cwd=self.folder, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
            self._killed = False
            return "The bot is starting; it goes on where it was."

    def kill(self) -> str:
        """SIGKILL: no goodbye, no flush."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                return "The bot does not run."
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._killed = True
            return "The bot is dead. Traffic stays where it is; start it and it goes on."

    def stop(self) -> int:
        """SIGTERM, as any supervisor does; its exit code. Killed after 12 s."""
        with self._lock:
            if self._process is None:
                return 0
            self._process.send_signal(signal.SIGTERM)
            try:
                return self._process.wait(12)
            except subprocess.TimeoutExpired:
                self._process.kill()
                return self._process.wait(5)

    def close(self) -> int:
        """Stop it for good: whoever presses [Start the bot] now comes too late."""
        with self._lock:
            self._over = True
            return self.stop()

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Kill it, and let nobody else start it before the block ends: what lies under it is being exchanged."""
        with self._lock:
            self.kill()
            yield

    @property
    def state(self) -> Literal["running", "killed", "stopped"]:
        """What it is doing now. Takes no lock: it is looked at while the bot is held dead."""
        process = self._process
        if process is not None and process.poll() is None:
            return "running"
        return "killed" if self._killed else "stopped"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def tell(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `tidegate WORDS` beside it, as a person in a shell would."""
        return subprocess.run(
            self.command(*words), env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=30,
            check=False,
        )  # fmt: skip

    def tail(self, lines: int = 20) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""
