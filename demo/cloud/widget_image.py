"""Draws a widget as a PNG: a line per series, its points, the annotations, a legend. Reads no metric itself."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from demo.cloud.widget import Line, Widget

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_PER_INCH = 100
BAND_OPACITY = 0.15
DAY = 86_400
"""Seconds of matplotlib's unit of time."""


def picture(widget: Widget, series: Mapping[str, Mapping[int, float]]) -> bytes:
    """The PNG of the widget; `series` has values by period start for the id of each visible row."""
    # Late, because it takes half a second and few clouds ever draw.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(widget.width / DOTS_PER_INCH, widget.height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.22, 0.87, 0.66))
    for row in widget.rows:
        if row.query.shown:
            points = series[row.query.id]
            axes.plot([at / DAY for at in points], list(points.values()), marker=".", color=row.color,
                      label=row.query.label)
    for line in widget.horizontal:
        _across(axes, line)
    for line in widget.vertical:
        _upright(axes, line)
    axes.set_xlim(widget.start.timestamp() / DAY, widget.end.timestamp() / DAY)
    axes.xaxis_date()
    axes.set_title(widget.title, fontsize=10)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="lower center", ncols=3, fontsize=8, frameon=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    return drawn.getvalue()


def _across(axes: Axes, line: Line) -> None:
    if len(line.values) > 1:
        axes.axhspan(line.values[0], line.values[1], color=line.color, alpha=BAND_OPACITY, label=line.label)
    else:
        axes.axhline(line.values[0], color=line.color, linestyle="--", label=line.label)


def _upright(axes: Axes, line: Line) -> None:
    ends = [value / DAY for value in line.values]
    if len(ends) > 1:
        axes.axvspan(ends[0], ends[1], color=line.color, alpha=BAND_OPACITY, label=line.label)
    else:
        axes.axvline(ends[0], color=line.color, linestyle=":", label=line.label)
