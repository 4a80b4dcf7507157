"""What was played, kept row by row: parts run at different times add up, and a run that was broken off goes on."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.row import Played, Row

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("results.json")
PRODUCT = ("rollout", "handlers", "aws", "store", "bot")
WORDS_KEPT = 5


class Part(NamedTuple):
    """One part of one row."""

    seed: int
    fired: int
    violations: int
    minutes: float
    commit: str
    notes: str = ""
    first: tuple[str, ...] = ()
    """The first violations in words."""


class Kept(NamedTuple):
    """All parts of a row, and those of its naive variant."""

    parts: tuple[Part, ...] = ()
    naive: tuple[Part, ...] = ()


def total(parts: Sequence[Part]) -> tuple[int, int]:
    """Faults fired and violations over all parts."""
    return sum(part.fired for part in parts), sum(part.violations for part in parts)


def part_of(played: Played, seed: int, seconds: float) -> Part:
    """A part as it is kept."""
    first = tuple(dict.fromkeys(each[:200] for each in played.violations))[:WORDS_KEPT]
    count = len(played.violations)
    return Part(seed, played.fired, count, round(seconds / 60, 2), commit(), played.notes, first)


def commit() -> str:
    """The commit that last changed the product, with a `+` when something of it is not committed."""
    last = _git("log", "-1", "--format=%h", "--", *PRODUCT)
    return last + ("+" if _git("status", "--porcelain", "--", *PRODUCT) else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def load(path: Path = KEPT) -> dict[str, Kept]:
    """What is kept, by row; nothing when there is none."""
    if not path.exists():
        return {}
    found: dict[str, dict[str, list[Any]]] = json.loads(path.read_text())
    return {id: Kept(_parts(row["parts"]), _parts(row["naive"])) for id, row in found.items()}


def _parts(rows: Sequence[dict[str, Any]]) -> tuple[Part, ...]:
    return tuple(Part(**{**one, "first": tuple(one["first"])}) for one in rows)


def save(kept: dict[str, Kept], path: Path = KEPT) -> None:
    """Write it down, whole or not at all."""
    rows = {
        id: {"parts": [part._asdict() for part in row.parts], "naive": [part._asdict() for part in row.naive]}
        for id, row in sorted(kept.items())
    }  # fmt: skip
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    beside.replace(path)


def add(row: Row, part: Part, path: Path = KEPT, *, naive: bool = False) -> Kept:
    """Keep one more part. Read anew each time: two lanes write into one file, a part apart."""
    every = load(path)
    old = every.get(row.id, Kept())
    new = old._replace(naive=(*old.naive, part)) if naive else old._replace(parts=(*old.parts, part))
    every[row.id] = new
    save(every, path)
    return new
