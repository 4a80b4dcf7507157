"""`tidegate demo`: arguments in, the demo on this machine out. Nothing here leaves the loopback."""

import argparse
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from demo.child import PROXIES


def register(words: Sequence[str]) -> int:
    """Run the demo until Ctrl-C, or its story with `--script`; the exit code. SystemExit(2) for usage."""
    parser = _parser()
    given = parser.parse_args(list(words))
    if given.port and (why := _taken(given.port)):
        parser.exit(2, f"tidegate demo: port {given.port} cannot be used: {why}; choose another, or leave --port out\n")
    for name in PROXIES:  # Socket Mode's client would use a proxy even for the loopback
        os.environ.pop(name, None)
    from demo.stage import Setting, Stage
    from demo.story import Story

    setting = Setting(
        speed=given.speed, port=given.port, mode="http" if given.http else "socket",
        folder=Path(given.folder) if given.folder else None, manifest=_manifest(),
    )  # fmt: skip
    ending = Ending()
    try:
        with Stage(setting) as stage:
            ending.now_interrupts()
            code = Story(stage).play() if given.script else _serve(stage.url, browser=not given.no_browser)
            ending.waits_again()  # from here on everything ends anyway
            return code
    except KeyboardInterrupt:
        return 128 + ending.number if given.script else 0


class Ending:
    """SIGINT and SIGTERM: kept until the demo stands, an interruption while it runs, kept again while it ends.

    An interruption in the middle of a start or an end could leave the bot behind, an orphan that runs for ever.
    """

    def __init__(self) -> None:
        self.number = 0
        self._interrupts = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told)

    def now_interrupts(self) -> None:
        """From now on a signal is a KeyboardInterrupt; so is one that came before."""
        self._interrupts = True
        if self.number:
            self.waits_again()
            raise KeyboardInterrupt

    def waits_again(self) -> None:
        """No more interruptions."""
        self._interrupts = False

    def _told(self, number: int, _frame: FrameType | None) -> None:
        self.number = self.number or number
        if self._interrupts:
            self._interrupts = False
            raise KeyboardInterrupt


def _serve(url: str, *, browser: bool) -> int:
    print(f"Tidegate demo: {url}\nType /deploy my-app canary there. Ctrl-C ends it.", flush=True)
    if browser and (os.environ.get("DISPLAY") or sys.platform == "darwin"):
        webbrowser.open(url)
    threading.Event().wait()
    return 0


def _taken(port: int) -> str:
    """Why the page could not be served there, empty when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return str(error.strerror).lower()
    return ""


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= 20:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 1 to 20")
    return speed


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a port from 0 to 65535")
    return int(text)


def _manifest() -> str:
    """The app manifest, where the demo runs from a checkout; else where to find it."""
    path = Path(__file__).parent.parent / "manifest.yml"
    return path.read_text() if path.exists() else "see manifest.yml in the project"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tidegate demo", description="Try Tidegate without Slack and without AWS.")
    parser.add_argument("--speed", type=_speed, default=10, help="divide every configured duration (1 to 20)")
    parser.add_argument("--port", type=_port, default=0, help="port of the page (default: a free one)")
    parser.add_argument("--http", action="store_true", help="signed HTTP instead of Socket Mode")
    parser.add_argument("--folder", help="keep configuration, store and log here")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--script", action="store_true", help="play the story in this terminal and exit")
    return parser
