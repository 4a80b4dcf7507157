"""A million steps, in parts that are kept: `python -m tests.rollout.soak --steps 1000000`. Stop it when you like."""

import argparse
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel

from tests.rollout.world import Broken, play_seed


class Kept(BaseModel):
    """What was played so far: seeds from `first` up to `next`."""

    length: int
    first: int = 0
    next: int = 0
    steps: int = 0
    seconds: float = 0
    broken: list[str] = []

    def __str__(self) -> str:
        rate = round(self.steps / self.seconds) if self.seconds else 0
        return (
            f"{self.steps:,} steps in seeds {self.first} to {self.next - 1} x {self.length},"
            f" {self.seconds:.0f} s of one core ({rate} a second), {len(self.broken)} violations"
        )


def soak(*, steps: int, length: int, part: int, kept: Path, first: int = 0, most_parts: int = 1_000_000) -> Kept:
    """Play what is missing of so many steps, `part` worlds at a time; each part is kept when it has ended."""
    so_far = Kept(length=length, first=first, next=first)
    if kept.exists():
        so_far = Kept.model_validate_json(kept.read_text())
    if (so_far.length, so_far.first) != (length, first):
        raise SystemExit(f"{kept} is of worlds of {so_far.length} steps from seed {so_far.first}: name another file")
    for _ in range(most_parts):
        if so_far.steps >= steps:
            break
        begun = time.process_time()
        for seed in range(so_far.next, so_far.next + part):
            try:
                play_seed(seed, length)
            except Broken as broken:
                so_far.broken.append(str(broken))
            so_far.steps += length
        so_far.next += part
        so_far.seconds += time.process_time() - begun
        kept.write_text(so_far.model_dump_json(indent=1))
        print(so_far, flush=True)  # noqa: T201 - a command line
    return so_far


def main() -> int:
    """How many violations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--part", type=int, default=1000, help="worlds per part")
    parser.add_argument("--parts", type=int, default=1_000_000, help="stop after so many parts")
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "tidegate-world-soak.json")
    chosen = parser.parse_args()
    done = soak(
        steps=chosen.steps, length=chosen.length, part=chosen.part, kept=chosen.kept, first=chosen.first,
        most_parts=chosen.parts,
    )  # fmt: skip
    for found in done.broken:
        print(found)  # noqa: T201 - a command line
    print(done)  # noqa: T201 - a command line
    return len(done.broken)


if __name__ == "__main__":
    raise SystemExit(min(main(), 99))
