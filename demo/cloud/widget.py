"""Reads the MetricWidget of GetMetricWidgetImage: metrics, annotations, times and size. Pure; draws nothing.

Source: "GetMetricWidgetImage: Metric Widget Structure and Syntax" in the CloudWatch API reference. Everything wrong
is told at once, as dashboards are told: a list of places and messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from demo.cloud.alarm import Place
from demo.cloud.widget_metrics import Row, rows_of

KEYS = ("metrics", "annotations", "end", "height", "legend", "liveData", "period", "region", "stacked", "start",
        "stat", "theme", "timezone", "title", "view", "width", "yAxis")
MOST_BYTES = 100 * 1024
MOST_PIXELS = 2000
DURATION = re.compile(r"-P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
                      r"(?:(?P<seconds>\d+)S)?)?")
COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


class BadWidget(ValueError):
    """The widget cannot be drawn; has every place and reason."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        told = ", ".join(json.dumps({"dataPath": path, "message": text}) for path, text in problems)
        many = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''}"
        super().__init__(f"The metric widget is invalid, there are {many}: [{told}]")


@dataclass(frozen=True)
class Line:
    """An annotation: a value of the axis or a moment, or a band between two."""

    values: tuple[float, ...]
    label: str
    color: str


@dataclass(frozen=True)
class Widget:
    """A picture to be drawn."""

    rows: tuple[Row, ...]
    start: datetime
    end: datetime
    width: int
    height: int
    title: str
    horizontal: tuple[Line, ...]
    vertical: tuple[Line, ...]


@dataclass
class _Reader:
    given: Mapping[str, Any]
    place: Place
    now: datetime
    problems: list[tuple[str, str]] = field(default_factory=list)

    def widget(self) -> Widget:
        for key in self.given.keys() - set(KEYS):
            self._wrong("", f"Should NOT have additional property '{key}'")
        region = self.place[1]
        if self.given.get("region", region) != region:
            self._wrong("/region", f"Should be the local region {region}")
        rows, wrong = rows_of(self.given, self.place)
        self.problems += wrong
        start, end = self._moment("start", "-PT3H"), self._moment("end", "-PT0H")
        if start >= end:
            self._wrong("/start", "Should be before the end")
        lines = self._lines("horizontal"), self._lines("vertical")
        title = str(self.given.get("title", ""))
        read = Widget(rows, start, end, self._pixels("width", 600), self._pixels("height", 400), title, *lines)
        if self.problems:
            raise BadWidget(self.problems)
        return read

    def _wrong(self, path: str, text: str) -> None:
        self.problems.append((path, text))

    def _pixels(self, key: str, usual: int) -> int:
        value = self.given.get(key, usual)
        if not isinstance(value, int) or not 1 <= value <= MOST_PIXELS:
            self._wrong(f"/{key}", f"Should be an integer from 1 to {MOST_PIXELS}")
            return usual
        return value

    def _moment(self, key: str, usual: str) -> datetime:
        text = self.given.get(key, usual)
        try:
            return moment_of(text, self.now)
        except (ValueError, TypeError):
            self._wrong(f"/{key}", "Should be an ISO 8601 time or a duration like -PT3H")
            return moment_of(usual, self.now)

    def _lines(self, kind: str) -> tuple[Line, ...]:
        annotations = self.given.get("annotations", {})
        if not isinstance(annotations, dict) or not isinstance(annotations.get(kind, []), list):
            self._wrong(f"/annotations/{kind}", "Should be array")
            return ()
        return tuple(self._every_line(kind, annotations.get(kind, [])))

    def _every_line(self, kind: str, given: list[Any]) -> Iterator[Line]:
        for number, one in enumerate(given):
            ends = one if isinstance(one, list) else [one]
            try:
                values = tuple(self._value(kind, end["value"]) for end in ends)
                color = ends[0].get("color", "#d62728")
                if not COLOR.fullmatch(color):
                    raise ValueError(color)
                yield Line(values, str(ends[0].get("label", "")), color)
            except (LookupError, TypeError, ValueError, AttributeError):
                self._wrong(f"/annotations/{kind}/{number}", "Should have a value, and a color like #d62728")

    def _value(self, kind: str, value: Any) -> float:
        return float(value) if kind == "horizontal" else moment_of(value, self.now).timestamp()


def read_widget(text: str, place: Place, now: datetime) -> Widget:
    """The widget in `text`; raises BadWidget with everything that is wrong with it."""
    if len(text.encode()) > MOST_BYTES:
        raise BadWidget([("", f"Should NOT be longer than {MOST_BYTES} bytes")])
    try:
        given = json.loads(text)
    except ValueError as error:
        raise BadWidget([("", f"Should be JSON: {error}")]) from error
    if not isinstance(given, dict):
        raise BadWidget([("", "Should be object")])
    return _Reader(given, place, now).widget()


def moment_of(text: str, now: datetime) -> datetime:
    """An absolute time, or a duration before now such as `-PT3H`."""
    found = DURATION.fullmatch(text)
    if found is not None:
        return now - timedelta(**{unit: int(many) for unit, many in found.groupdict().items() if many})
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
