"""The metric store: what was measured in which second, and its statistics over any period.

Pure memory. No HTTP, no clock, no alarm.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

# CloudWatch keeps points finer than a minute for three hours; the demo keeps everything that long.
KEPT_SECONDS = 3 * 3600
SIMPLE = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)$")


@dataclass(frozen=True, order=True)
class Metric:
    """One time series: where it lives, its namespace, name and dimensions."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


NO_VALUES: array[float] = array("d")


class Tally(NamedTuple):
    """Measurements of one moment or period. `values` is empty where only totals were given."""

    samples: float
    total: float
    low: float
    high: float
    values: array[float] = NO_VALUES


def tally(values: Iterable[float]) -> Tally:
    """The tally of single measurements; at least one."""
    return measured_by(array("d", values))


def measured_by(values: array[float]) -> Tally:
    """The same without copying: the caller hands the array over."""
    return Tally(len(values), sum(values), min(values), max(values), values)


def counted(count: float, total: float) -> Tally:
    """The tally of `count` requests of which each weighs 0 or 1 and all together `total`."""
    return Tally(count, total, 1.0 if total >= count else 0.0, 1.0 if total else 0.0)


def is_statistic(name: str) -> bool:
    """Whether `Sum`, `p99` and so on is known here."""
    return name in SIMPLE or PERCENTILE.match(name) is not None


def statistic(name: str, found: Tally) -> float | None:
    """One statistic, or None: a percentile needs single measurements."""
    if name == "Sum":
        return found.total
    if name == "Average":
        return found.total / found.samples
    if name == "Minimum":
        return found.low
    if name == "Maximum":
        return found.high
    if name == "SampleCount":
        return found.samples
    asked = PERCENTILE.match(name)
    if asked is None:
        raise ValueError(f"{name} is no statistic here; known: {', '.join(SIMPLE)}, p0 to p100")
    if not found.values:
        return None
    ordered = sorted(found.values)
    return ordered[max(0, math.ceil(float(asked[1]) / 100 * len(ordered)) - 1)]


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """The aware UTC time of whole seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


@dataclass
class _Series:
    """One series by second, and statistics worked out already: every look asks for the same whole periods again."""

    seconds: dict[int, Tally] = field(default_factory=dict)
    newest: int = 0
    worked_out: dict[tuple[str, int, int], float | None] = field(default_factory=dict)
    worked_to: int = 0

    def forget(self) -> None:
        """What was worked out is no longer true."""
        self.worked_out.clear()
        self.worked_to = 0


@dataclass
class MetricStore:
    """All series."""

    _series: dict[Metric, _Series] = field(default_factory=dict)
    _newest: int = 0
    _pruned: int = 0

    def put(self, metric: Metric, second: int, found: Tally) -> None:
        """Adds measurements to one second of a series."""
        series = self._series.setdefault(metric, _Series())
        present = series.seconds.get(second)
        series.seconds[second] = found if present is None else _merged([present, found])
        series.newest = max(series.newest, second)
        if second < series.worked_to:
            series.forget()
        self._newest = max(self._newest, second)
        if self._newest - self._pruned > KEPT_SECONDS // 12:
            self._prune()

    def over(self, metric: Metric, start: int, seconds: int) -> Tally | None:
        """Everything measured in [start, start + seconds), or None."""
        series = self._series.get(metric)
        if not series:
            return None
        known = series.seconds
        found = [known[second] for second in range(start, start + seconds) if second in known]
        return _merged(found) if found else None

    def series(self, metric: Metric, stat: str, period: int, start: int, end: int) -> dict[int, float]:
        """Values by period start, for the periods of the grid that begin in [start, end)."""
        values: dict[int, float] = {}
        series = self._series.get(metric)
        if series is None:
            return values
        for at in range(start - start % period, end, period):
            value = self._value(metric, series, (stat, period, at))
            if value is not None:
                values[at] = value
        return values

    def _value(self, metric: Metric, series: _Series, wanted: tuple[str, int, int]) -> float | None:
        if wanted in series.worked_out:
            return series.worked_out[wanted]
        stat, period, at = wanted
        found = self.over(metric, at, period)
        value = None if found is None else statistic(stat, found)
        # One that still fills up would take the others with it when its next second comes.
        if at + period <= series.newest + 1:
            series.worked_out[wanted] = value
            series.worked_to = max(series.worked_to, at + period)
        return value

    def names(self) -> list[Metric]:
        """Every known series, sorted."""
        return sorted(self._series)

    def clear(self) -> None:
        self._series.clear()
        self._newest = self._pruned = 0

    def _prune(self) -> None:
        oldest = self._newest - KEPT_SECONDS
        for series in self._series.values():
            for second in [second for second in series.seconds if second < oldest]:
                del series.seconds[second]
            series.forget()
        self._pruned = self._newest


def _merged(tallies: list[Tally]) -> Tally:
    if len(tallies) == 1:
        return tallies[0]
    values = array("d")
    for one in tallies:
        values.extend(one.values)
    return Tally(
        sum(one.samples for one in tallies), sum(one.total for one in tallies),
        min(one.low for one in tallies), max(one.high for one in tallies), values,
    )


def dimensions_of(given: Iterable[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """AWS's list of Name/Value pairs as a sorted tuple."""
    return tuple(sorted((pair["Name"], pair["Value"]) for pair in given))
