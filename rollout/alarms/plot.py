"""A graph in numbers: what is drawn, and what its words say. Drawing it is not done here."""

from typing import Literal

from rollout.values import Frozen, Moment


class Mark(Frozen):
    """Something that happened meanwhile: a weight step of the live rollout."""

    at: Moment
    text: str
    """Short, e.g. `10 %`."""


class Side(Frozen):
    """One side of a live rollout, for metrics that can tell them apart."""

    name: str
    """How people call it, e.g. `old (1)`."""
    release: str


class PlotWish(Frozen):
    """What a graph should show. `sides` are stable and candidate while a rollout lives."""

    start: Moment
    end: Moment
    marks: tuple[Mark, ...] = ()
    sides: tuple[Side, ...] = ()
    settings: dict[str, object] = {}
    """The driver's settings of the rollout's target, to know which dimensions are its sides."""


class Series(Frozen):
    """One line of the graph: moments and values, oldest first."""

    name: str
    points: tuple[tuple[Moment, float], ...]


class Plot(Frozen):
    """Everything a drawing needs. `widget` is CloudWatch's own description of it, opaque here."""

    title: str
    unit: str = ""
    series: tuple[Series, ...]
    threshold: float | None = None
    comparison: str = ""
    """`over`, `at or over`, `under`, `at or under` the threshold is bad."""
    start: Moment
    end: Moment
    marks: tuple[Mark, ...] = ()
    widget: str = ""

    @property
    def alt(self) -> str:
        """The graph in words: highest or lowest value per line, the limit, the marks."""
        parts = [f"{self.title}, {_clock(self.start)} to {_clock(self.end)}"]
        parts += [self._said(line) for line in self.series]
        if self.threshold is not None:
            parts.append(f"limit {short(self.threshold)}{self._unit}")
        parts += [f"{mark.text} at {_clock(mark.at)}" for mark in self.marks]
        return "; ".join(parts)

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def _said(self, line: Series) -> str:
        values = [value for _, value in line.points]
        if not values:
            return f"{line.name}: no data"
        under = "under" in self.comparison
        word, worst = ("lowest", min(values)) if under else ("highest", max(values))
        return f"{line.name}: {word} {short(worst)}{self._unit}, last {short(values[-1])}{self._unit}"


class Picture(Frozen):
    """A drawing, ready to upload."""

    png: bytes
    alt: str
    by: Literal["cloudwatch", "tidegate"]


def short(value: float) -> str:
    """Four figures, as people read a value."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


def _clock(at: Moment) -> str:
    return at.strftime("%H:%M")
