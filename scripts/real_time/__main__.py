"""`python -m scripts.real_time`: plays what is not kept yet, all worlds side by side, and writes docs/real-time.md."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from demo.child import PROXIES
from scripts.real_time import kept, page
from scripts.real_time.play import Play, clock
from scripts.real_time.rows import WORLDS, Row, World
from scripts.real_time.scene import Scene

BEGUN = 15
"""Minutes within which the rollouts of a world must be under way when trouble comes to all of them."""


def main(words: Sequence[str]) -> int:
    """0 when every row ended as it has to."""
    line = _parser().parse_args(words)
    worlds = [world for world in WORLDS if line.world in ("", world.name)]
    if line.world:
        for world in worlds:
            _played(world, line)
    elif not line.page:
        _side_by_side(worlds, words)
    if line.keep == kept.KEPT:
        page.write(kept.load())
    rows = [row.id for world in worlds for row in world.rows]
    found = kept.load(line.keep)
    return 0 if all(id in found and found[id].right for id in rows) else 1


def _parser() -> argparse.ArgumentParser:
    names = [world.name for world in WORLDS]
    parser = argparse.ArgumentParser(prog="python -m scripts.real_time", description="Plays rollouts in real time.")
    parser.add_argument("--world", choices=names, default="", help="only that one, in this process")
    parser.add_argument("--rows", default="", help="only rows whose name has this in it, kept or not")
    parser.add_argument("--speed", type=float, default=1.0, help="1 to 20; other than 1 is a trial: see --keep")
    parser.add_argument("--keep", type=Path, default=kept.KEPT, metavar="FILE", help="where rows are kept")
    parser.add_argument("--page", action="store_true", help="play nothing, only write the page")
    return parser


def _side_by_side(worlds: Sequence[World], words: Sequence[str]) -> None:
    """A process for each world: moto keeps one cloud per process."""
    command = [sys.executable, "-m", "scripts.real_time", *words, "--world"]
    running = [subprocess.Popen([*command, world.name], cwd=kept.ROOT) for world in worlds]
    try:
        for one in running:
            one.wait()
    finally:
        for one in running:
            one.terminate()
            one.wait(60)


def _played(world: World, line: argparse.Namespace) -> None:
    """Play the rows of a world that are asked for, an app beside the other."""
    done = kept.load(line.keep)
    rows = [row for row in world.rows if (line.rows in row.id if line.rows else row.id not in done)]
    if not rows:
        return
    with tempfile.TemporaryDirectory(prefix="tidegate-real-time-") as folder, Scene(Path(folder), line.speed) as scene:
        plays: list[Play] = []
        lanes = [
            threading.Thread(target=_lane, args=(scene, [row for row in rows if row.app == app], line.keep, plays))
            for app in dict.fromkeys(row.app for row in rows)
        ]
        for lane in lanes:
            lane.daemon = True
            lane.start()
        if world.trouble is not None:
            scene.until(lambda: len(plays) == len(rows) and all(map(_under_way, plays)), "every rollout", BEGUN)
            world.trouble(scene, plays)
        for lane in lanes:
            lane.join()
        for problem in scene.ws.problems:
            _say(f"Slack would have refused: {problem}")


def _under_way(play: Play) -> bool:
    """Whether it has traffic that a fault would find, or waits at AWS for a person."""
    if not play.number:
        return False
    return play.share(dict(play.scene.truth.sights[play.app][-1].written)) > 0 or play.rollout().wait != ""


def _lane(scene: Scene, rows: Sequence[Row], keep: Path, plays: list[Play]) -> None:
    for row in rows:
        play = Play(scene, row.app)
        plays.append(play)
        try:
            if row.before is not None:
                row.before(play)
            play.start(row.kind, row.plan, release=row.release)
            row.steps(play)
        except (TimeoutError, LookupError, ValueError) as wrong:
            play.note(f"NOT AS IT SHOULD BE: {wrong}")
            _say(f"{row.id}: {wrong}\n{scene.bot.tail(3)}")
        if play.number:
            result = play.result(row.id, row.ends, may_fail=row.may_fail)
            kept.add(result, keep)
            _say(f"{row.id}: {result.end} after {result.minutes} min, {result.failed:,} of {result.requests:,} failed"
                 f"{'' if result.right else '   WRONG'}")  # fmt: skip
        play.leave()


def _say(text: str) -> None:
    sys.stdout.write(f"{clock(datetime.now(UTC))} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    for name in PROXIES:  # the loopback needs none
        os.environ.pop(name, None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the bot below is ended, too
    raise SystemExit(main(sys.argv[1:]))
