"""What was played, kept row by row in a JSON beside this file: a run that was broken off goes on."""

import fcntl
import json
import os
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("results.json")
PRODUCT = ("rollout", "handlers", "aws", "store", "bot")


class Result(BaseModel):
    """One row as it was seen. Times are UTC, of the wall clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    app: str
    command: str
    began: str
    minutes: float
    deeds: tuple[str, ...]
    """What was typed, pressed and turned, each with its time."""
    phases: tuple[str, ...]
    traffic: tuple[str, ...]
    """The new release's share as written, at each change."""
    end: str
    wanted: str
    cause: str = ""
    to_zero: float | None = None
    """Seconds from the first red alarm under traffic to 0 % written."""
    to_nobody: float | None = None
    """Seconds from there to the last request that followed the old weights; more for DNS."""
    requests: int
    failed: int
    may_fail: bool
    pages: int = 0
    commit: str = ""

    @property
    def right(self) -> bool:
        """Whether it ended as it had to, and cost no request that it may not cost."""
        return self.end == self.wanted and (self.may_fail or not self.failed)


def commit() -> str:
    """The commit that last changed the product, with a `+` when something of it is not committed."""
    last = _git("log", "-1", "--format=%h", "--", *PRODUCT)
    return last + ("+" if _git("status", "--porcelain", "--", *PRODUCT) else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def load(path: Path = KEPT) -> dict[str, Result]:
    """What is kept, by row; nothing when there is none."""
    if not path.exists():
        return {}
    return {id: Result.model_validate(row) for id, row in json.loads(path.read_text(encoding="utf-8")).items()}


def add(result: Result, path: Path = KEPT) -> None:
    """Keep one more. Several processes play at once: one at a time reads, adds and writes, whole or not at all."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        every = {**load(path), result.id: result}
        rows = {id: row.model_dump(mode="json") for id, row in sorted(every.items())}
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        os.close(folder)
