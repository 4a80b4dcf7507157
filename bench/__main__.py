"""`python -m bench [NAME ...] [--quick] [--write]`: measure, then print one table. A goal missed is no error."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import ack, burst, costs, looks, machine, notices, rollback, starts, trail
from bench.table import Line, drawn, missing

FIGURES: dict[str, Callable[..., list[Line]]] = {
    "ack": ack.figure, "burst": burst.figure, "rollback": rollback.figure, "starts": starts.figure,
    "trail": trail.figure, "notices": notices.figure, "looks": looks.figure,
}  # fmt: skip
PAGE = Path(__file__).resolve().parent.parent / "docs" / "bench.md"
BEGIN, END = "<!-- written by `python -m bench --write` -->", "<!-- end -->"


def main(words: Sequence[str] | None = None) -> int:
    """Run what is named, or everything; 1 when something could not be measured."""
    given = _parser().parse_args(words)
    lines: list[Line] = []
    for name in given.names or FIGURES:
        begun = time.perf_counter()
        lines += _measured(name, quick=given.quick)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    text = f"{machine.told()}\n\n{drawn(lines)}"
    print(text)
    if given.costs:
        print(f"\n{costs.told(quick=given.quick)}")
    if given.write:
        write(PAGE, text)
    return int(any(line.ours.startswith("not measured") for line in lines))


def write(page: Path, text: str) -> None:
    """Put the table between the two marks of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _measured(name: str, *, quick: bool) -> list[Line]:
    try:
        return FIGURES[name](quick=quick)
    except Exception as error:  # noqa: BLE001 - the other figures are worth having all the same
        return [missing(name, f"{type(error).__name__}: {error}")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--quick", action="store_true", help="tiny counts: only to see that it runs")
    parser.add_argument("--costs", action="store_true", help="also say where the time of ack and burst goes")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
