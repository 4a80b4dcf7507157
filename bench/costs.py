"""Where the time of a wish goes: profiles of the in-process part, by what it is spent on. Not a figure."""

import cProfile
import pstats
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.burst import burst
from bench.ground import app_name
from bench.parts import Parts
from bench.requests import command, signed
from bench.stage import dispatched, staged

SHOWN = 8


def told(*, quick: bool) -> str:
    """The most expensive parts of a `/deploy` and of a click, each in milliseconds of profiled time."""
    count = 4 if quick else 100
    starts = [command(f"{app_name(number)} canary") for number in range(count)]
    clicks = list(burst(count, 0))
    return "\n\n".join([
        "\n".join([f"where a /deploy spends its time ({count} of them, profiled)", *_spent(starts, apps=count)]),
        "\n".join([f"where a click spends its time ({count} of them, profiled)", *_spent(clicks, live=count)]),
    ])


def _spent(bodies: list[bytes], *, apps: int = 0, live: int = 0) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        folder = Path(name)
        staged(folder, bodies, apps=apps, live=live)
        parts = Parts(folder)
        profile = cProfile.Profile()
        for ready in [signed(body) for body in bodies]:
            profile.runcall(dispatched, parts, ready)
        parts.store.close()
    yield from _by_place(pstats.Stats(profile), len(bodies))


def _by_place(stats: pstats.Stats, count: int) -> Iterator[str]:
    """Functions of the rooms and of SQLite by all they take, below the desk; then the largest single ones."""
    rows = [(key, whole, own) for key, (_, _, own, whole, _) in stats.stats.items()]  # type: ignore[attr-defined]  # typeshed leaves it out
    rooms = [row for row in rows if any(f"/{room}/" in row[0][0] for room in ("rollout", "store", "bot", "handlers"))]
    for (file, _, function), whole, _own in sorted(rooms, key=lambda row: -row[1])[: 3 * SHOWN]:
        yield f"  {whole / count * 1000:6.2f} ms  {'/'.join(Path(file).parts[-2:])} {function}"
    yield "  by themselves:"
    for (file, _, function), _whole, own in sorted(rows, key=lambda row: -row[2])[:SHOWN]:
        place = "" if file == "~" else "/".join(Path(file).parts[-2:]) + " "
        yield f"  {own / count * 1000:6.2f} ms  {place}{function}"
