"""`tidegate demo`: arguments in, the demo on this machine out. Nothing here leaves the loopback."""

import argparse
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from demo.child import PROXIES


def register(words: Sequence[str]) -> int:
    """Run the demo until Ctrl-C, or its story with `--script`; the exit code."""
    given = _parser().parse_args(list(words))
    for name in PROXIES:  # Socket Mode's client would use a proxy even for the loopback
        os.environ.pop(name, None)
    from demo.stage import Setting, Stage
    from demo.story import Story

    setting = Setting(
        speed=given.speed, port=given.port, mode="http" if given.http else "socket",
        folder=Path(given.folder) if given.folder else None, manifest=_manifest(),
    )  # fmt: skip
    with Stage(setting) as stage:
        if given.script:
            return Story(stage).play()
        _serve(stage.url, browser=not given.no_browser)
    return 0


def _serve(url: str, *, browser: bool) -> None:
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    print(f"Tidegate demo: {url}\nType /deploy my-app canary there. Ctrl-C ends it.", flush=True)
    if browser and (os.environ.get("DISPLAY") or sys.platform == "darwin"):
        webbrowser.open(url)
    ended.wait()


def _manifest() -> str:
    """The app manifest, where the demo runs from a checkout; else where to find it."""
    path = Path(__file__).parent.parent / "manifest.yml"
    return path.read_text() if path.exists() else "see manifest.yml in the project"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tidegate demo", description="Try Tidegate without Slack and without AWS.")
    parser.add_argument("--speed", type=float, default=10, help="divide every configured duration (1 to 20)")
    parser.add_argument("--port", type=int, default=0, help="port of the page (default: a free one)")
    parser.add_argument("--http", action="store_true", help="signed HTTP instead of Socket Mode")
    parser.add_argument("--folder", help="keep configuration, store and log here")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--script", action="store_true", help="play the story in this terminal and exit")
    return parser
