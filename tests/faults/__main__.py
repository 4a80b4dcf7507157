"""`python -m tests.faults`: plays rows, prints a line per part, keeps every part, writes docs/reliability.md."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults import document, results
from tests.faults.results import KEPT, Kept, load, total
from tests.faults.row import Row, Size
from tests.faults.table import BY_ID, ROWS

SEED = 20261124


def main(words: Sequence[str]) -> int:
    """0 when no violation was found and every naive variant was; 1 otherwise."""
    line = _parser().parse_args(words)
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # the faults make the parts talk; what counts is printed
    try:
        rows = _chosen(line.rows, line.lane)
        over = time.monotonic() + line.minutes * 60
        good = True
        for row in rows:
            good = _row(row, line, over) and good
        _page(line)
    finally:
        logging.disable(before)  # tests call this, and others of the same process listen to logs
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Plays faults and counts what breaks.")
    parser.add_argument("--rows", default="", help="such as D01,K01; all when left out")
    parser.add_argument("--size", choices=["ci", "soak"], default="ci")
    parser.add_argument("--seed", type=int, default=SEED, help="of the first part; the next parts count on from it")
    parser.add_argument("--minutes", type=float, default=20.0, help="begin none after so many; 0 only writes the page")
    parser.add_argument("--lane", default="1/1", help="1/2: every second row, for two at once")
    parser.add_argument(
        "--resume", dest="keep", type=Path, default=KEPT, metavar="FILE", help="where parts are kept and gone on from"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what is kept of these rows first")
    return parser


def _chosen(ids: str, lane: str) -> list[Row]:
    wanted = [each.strip() for each in ids.split(",") if each.strip()]
    unknown = [each for each in wanted if each not in BY_ID]
    if unknown:
        raise SystemExit(f"no row {', '.join(unknown)}; there are {', '.join(BY_ID)}")
    number, of = (int(part) for part in lane.split("/"))
    return [row for place, row in enumerate(ROWS) if (not wanted or row.id in wanted) and place % of == number - 1]


def _row(row: Row, line: argparse.Namespace, over: float) -> bool:
    """Play what is missing of a row; whether all of it is as it must be."""
    if line.fresh:
        every = load(line.keep)
        every.pop(row.id, None)
        results.save(every, line.keep)
    kept = load(line.keep).get(row.id, Kept())
    if row.naive and not total(kept.naive)[1] and time.monotonic() < over:
        kept = _part(row, line, row.naive_ci, naive=True)
    while (left := _left(row, kept, line.size)) > 0 and time.monotonic() < over:
        before = total(kept.parts)[0]
        kept = _part(row, line, left, naive=False)
        if total(kept.parts)[0] == before:
            break  # nothing fired: void, and it would be so again
    fired, violations = total(kept.parts)
    seen = not row.naive or not kept.naive or total(kept.naive)[1] > 0
    return bool(fired) and not violations and seen


def _left(row: Row, kept: Kept, size: Size) -> int:
    wanted = row.ci if size == "ci" else row.soak
    return min(wanted - total(kept.parts)[0], row.ci if size == "ci" else row.part)


def _part(row: Row, line: argparse.Namespace, count: int, *, naive: bool) -> Kept:
    done = load(line.keep).get(row.id, Kept())
    seed = line.seed + len(done.naive if naive else done.parts)
    began = time.monotonic()
    played = row.play(count, seed, naive)
    part = results.part_of(played, seed, time.monotonic() - began)
    kept = results.add(row, part, line.keep, naive=naive)
    _page(line)
    name = f"{row.id} naive" if naive else row.id
    sums = total(kept.naive if naive else kept.parts)
    _say(f"{name:9} fired {part.fired:7,} violations {part.violations:5,} in {part.minutes:5.2f} min, seed {seed}; "
         f"so far {sums[0]:,} and {sums[1]:,}. {part.notes}")  # fmt: skip
    for each in () if naive else part.first:
        _say(f"          {each}")
    return kept


def _page(line: argparse.Namespace) -> None:
    """What is kept elsewhere is a trial, and no page is made of it."""
    if line.keep == KEPT:
        document.write(load(line.keep))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main(sys.argv[1:]))
