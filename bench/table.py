"""One line per figure, and the table of them. Measures nothing."""

from collections.abc import Sequence
from statistics import quantiles
from typing import NamedTuple


class Line(NamedTuple):
    """What was measured, ours beside the yardstick. `met` is None where there is no goal, or nothing was measured."""

    what: str
    ours: str
    yardstick: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """As the table shows it."""
        met = "" if self.met is None else "yes" if self.met else "NO"
        return (self.what, self.ours, self.yardstick, self.ratio, self.goal, met)


HEAD = ("what", "ours", "yardstick", "ratio", "goal", "met")


def drawn(lines: Sequence[Line]) -> str:
    """A Markdown table whose columns also line up in a terminal."""
    rows = [HEAD, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    drawn_rows = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([drawn_rows[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *drawn_rows[1:]])


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed, between the nearest two; the largest one for few values."""
    return values[0] if len(values) == 1 else quantiles(values, n=100, method="inclusive")[percent - 1]


def ms(seconds: float) -> str:
    """Milliseconds for reading."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 10 else f"{value:.2f} ms"


def p50_p95(seconds: Sequence[float]) -> str:
    """The two that say most about a wait."""
    return f"p50 {ms(percentile(seconds, 50))}, p95 {ms(percentile(seconds, 95))}"


def missing(what: str, why: str) -> Line:
    """A figure that could not be measured."""
    return Line(what, f"not measured: {why}")
