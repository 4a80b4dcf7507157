"""A graph as a picture, for alarms that CloudWatch does not draw itself. The only module that knows matplotlib.

It runs as a process of its own (`python -m bot.drawing`, a Plot as JSON in, a PNG out): thirty megabytes of numpy and
fonts never enter the bot, and a drawing that crashes or hangs is a picture less. `draw` starts it and waits.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.alarms.plot import Plot, Series, short
from rollout.errors import TargetError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIMIT = 30.0
"""Seconds for one picture. The first one of a machine takes some for its list of fonts."""
WIDTH, HEIGHT, DPI = 8.0, 4.8, 100
MOST = 8
"""Series drawn; a graph of more tells nobody anything."""
MARKED = 12
"""Weight steps drawn, the latest."""
# Okabe and Ito's colours, told apart by people who see few; each with its own dash and marker for those who see none.
STYLES = (
    ("#0072B2", "-", "o"), ("#D55E00", "--", "s"), ("#009E73", "-.", "^"), ("#CC79A7", ":", "D"),
    ("#56B4E9", "-", "v"), ("#E69F00", "--", "P"), ("#000000", "-.", "X"), ("#999999", ":", "*"),
)  # fmt: skip
LIMIT_COLOUR, MARK_COLOUR = "#B00020", "#555555"


class Drawer:
    """Draws, one at a time, each in a process of its own. TargetError when there is no picture.

    `cache`: a folder that stays, for matplotlib's list of fonts: a bot that is killed leaves none behind each time.
    Without one, a temporary one of its own.
    """

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-m", "bot.drawing"), limit: float = LIMIT,
        cache: Path | None = None,
    ) -> None:  # fmt: skip
        self._command = tuple(command)
        self._limit = limit
        self._kept = cache
        self._cache: tempfile.TemporaryDirectory[str] | None = None

    def draw(self, plot: Plot) -> bytes:
        """The PNG. The process gets nothing of our environment but where Python is: it needs no secret."""
        try:
            place = self._place()
        except OSError as error:
            raise TargetError("transient", f"a graph was not drawn: {error.strerror}") from None
        environment = {
            "PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "MPLCONFIGDIR": place, "MPLBACKEND": "agg",
        }  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 - our own program, foreign text only on stdin
                self._command, input=plot.model_dump_json().encode(), env=environment, cwd=place,
                capture_output=True, timeout=self._limit, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise TargetError("transient", f"a graph was not drawn within {self._limit:.0f} s") from None
        except OSError as error:
            raise TargetError("transient", f"a graph was not drawn: {error.strerror}") from None
        if done.returncode != 0 or not done.stdout.startswith(b"\x89PNG"):
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise TargetError("transient", f"a graph was not drawn: {last[0][:200] if last else done.returncode}")
        return done.stdout

    def _place(self) -> str:
        """Where matplotlib keeps its list of fonts; without a place of its own it would make it anew each time."""
        if self._kept is not None:
            self._kept.mkdir(mode=0o700, exist_ok=True)
            return str(self._kept)
        if self._cache is None:
            self._cache = tempfile.TemporaryDirectory(prefix="tidegate-drawing-", ignore_cleanup_errors=True)
        return self._cache.name

    def close(self) -> None:
        """Leave nothing temporary behind."""
        if self._cache is not None:
            self._cache.cleanup()


def png(plot: Plot) -> bytes:
    """The picture itself; heavy, and meant for the process of its own."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(_plain(plot.title, 60), fontsize=15, loc="left")
    _lines(axes, plot)
    _limit(axes, plot)
    _marks(axes, plot)
    _frame(axes, plot)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _lines(axes: "Axes", plot: Plot) -> None:
    many = sum(bool(line.points) for line in plot.series) > 1
    for line, (colour, dash, marker) in zip(plot.series, STYLES, strict=False):
        moments, values = zip(*_with_gaps(line), strict=True) if line.points else ((), ())
        dotted = marker if many or len(line.points) <= 60 else ""
        name = line.name if line.points else f"{line.name}: no data"
        axes.plot(
            list(moments), list(values), color=colour, linestyle=dash, linewidth=2.2, marker=dotted, markersize=5,
            markevery=max(1, len(values) // 25), label=_plain(name, 48),
        )  # fmt: skip


def _with_gaps(line: Series) -> Iterator[tuple[datetime, float]]:
    """The points, and a hole where some are missing: a line drawn across would claim values that nobody measured."""
    moments = [at for at, _ in line.points]
    usual = min((later - sooner for sooner, later in pairwise(moments)), default=None)
    before: datetime | None = None
    for at, value in line.points:
        if before is not None and usual is not None and at - before > usual * 1.5:
            yield before + usual, float("nan")
        yield at, value
        before = at


def _limit(axes: "Axes", plot: Plot) -> None:
    if plot.threshold is None:
        return
    unit = f" {plot.unit}" if plot.unit else ""
    axes.axhline(plot.threshold, color=LIMIT_COLOUR, linewidth=2.2, linestyle=(0, (6, 3)), zorder=1)
    said = _plain(f"bad {plot.comparison} {short(plot.threshold)}{unit}", 40)
    axes.annotate(
        said, (0.005, plot.threshold), xycoords=("axes fraction", "data"), xytext=(2, 4), textcoords="offset points",
        color=LIMIT_COLOUR, fontsize=13, fontweight="bold",
    )  # fmt: skip


def _marks(axes: "Axes", plot: Plot) -> None:
    """Weight steps, each with its share at the top; neighbours on two heights, or they would hide each other."""
    inside = [mark for mark in plot.marks if plot.start <= mark.at <= plot.end][-MARKED:]
    for number, mark in enumerate(inside):
        axes.axvline(mark.at, color=MARK_COLOUR, linewidth=1.3, linestyle=(0, (1, 2)), zorder=1)  # type: ignore[arg-type] # takes dates
        axes.annotate(
            _plain(mark.text, 16), (mark.at, 1.0), xycoords=("data", "axes fraction"),
            xytext=(3, -16 - 17 * (number % 2)), textcoords="offset points", color=MARK_COLOUR, fontsize=12,
        )  # fmt: skip


def _frame(axes: "Axes", plot: Plot) -> None:
    """Axes, grid, legend. Above the highest line there is room for the marks."""
    from matplotlib.dates import AutoDateLocator, DateFormatter

    values = [value for line in plot.series for _, value in line.points]
    values += [plot.threshold] if plot.threshold is not None else []
    low, high = min(values, default=0.0), max(values, default=1.0)
    low = 0.0 if 0 < low < 0.75 * high else low  # what is near nothing is shown from nothing on
    room = (high - low) or abs(high) or 1.0
    axes.set_ylim(low - 0.05 * room, high + (0.35 if plot.marks else 0.2) * room)
    axes.set_xlim(plot.start, plot.end)  # type: ignore[arg-type] # takes dates
    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=6)  # type: ignore[no-untyped-call] # matplotlib's own
    axes.xaxis.set_major_locator(locator)
    days = plot.start.date() != plot.end.date()
    shape = "%d %b %H:%M" if days else "%H:%M"
    axes.xaxis.set_major_formatter(DateFormatter(shape, tz=UTC))  # type: ignore[no-untyped-call] # matplotlib's own
    axes.set_xlabel(f"UTC, {plot.end:%Y-%m-%d}", fontsize=13)
    axes.set_ylabel(_plain(plot.unit, 30), fontsize=13)
    axes.tick_params(labelsize=13)
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if plot.series:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, frameon=False, fontsize=12)
    if not values or not any(line.points for line in plot.series):
        axes.text(0.5, 0.5, "no data in this time", transform=axes.transAxes, ha="center", fontsize=15)


def _plain(text: str, limit: int) -> str:
    """Foreign text as it stands: a dollar sign would begin a formula."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return (line if len(line) <= limit else line[: limit - 1] + "…").replace("$", r"\$")


def main() -> None:
    """One Plot from stdin, its picture to stdout."""
    plot = Plot.model_validate_json(sys.stdin.buffer.read())
    plot = plot.model_copy(update={"series": plot.series[:MOST]})
    sys.stdout.buffer.write(png(plot))


if __name__ == "__main__":
    main()
