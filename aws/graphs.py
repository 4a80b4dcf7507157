"""Graphs of alarms: implements rollout.alarms.ports.GraphSource. Reads only; drawing by ourselves is elsewhere."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from aws import alarm_calls
from aws.alarm_facts import BREACHES, AlarmRow
from aws.alarm_words import measure
from aws.calls import Answer, Calls, Reply
from aws.faults import clip
from aws.graph_lines import Line, asked, lines, title, widget, within
from aws.sessions import Place as Session
from aws.sessions import Sessions
from rollout.alarms.model import Place
from rollout.alarms.plot import Picture, Plot, PlotWish, Series
from rollout.errors import NotFound, TargetError
from rollout.values import Moment

OPERATIONS: Final[Mapping[str, str]] = {
    "cloudwatch:GetMetricData": "*",
    "cloudwatch:GetMetricWidgetImage": "*",
}

MOST_BYTES: Final = 5 * 1024 * 1024
PNG: Final = b"\x89PNG\r\n\x1a\n"
PNG_END: Final = b"IEND\xaeB`\x82"

Points = dict[Moment, float]


class Result(Reply):
    """The values of one query on one page."""

    id: Annotated[str, Field(min_length=1)]
    timestamps: tuple[Moment, ...] = ()
    values: tuple[float, ...] = ()
    status_code: str = ""

    @model_validator(mode="after")
    def _paired(self) -> "Result":
        if len(self.timestamps) != len(self.values):
            raise ValueError("value per timestamp")
        return self


class ResultPage(Answer):
    """GetMetricData."""

    metric_data_results: tuple[Result, ...]
    next_token: str = ""


class Image(Answer):
    """GetMetricWidgetImage."""

    metric_widget_image: bytes


class Graphs:
    """Thread-safe, as the sessions are. Keeps nothing."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def plot(self, place: Place, name: str, wish: PlotWish) -> Plot:
        """See the port. A side without any point is left out; a missing point is a gap."""
        row = self._definition(place, name)
        drawn = lines(row, wish)
        points = self._points(self._calls(place), drawn, wish)
        drawn = (drawn[0], *(line for line in drawn[1:] if points[line.shown]))
        _, unit = measure(row)
        return Plot(
            title=title(row),
            unit=unit,
            series=tuple(Series(name=line.name, points=tuple(sorted(points[line.shown].items()))) for line in drawn),
            threshold=row.threshold,
            comparison=BREACHES.get(row.comparison_operator, ""),
            start=wish.start,
            end=wish.end,
            marks=within(wish),
            widget=widget(row, wish, drawn, place.region),
        )

    def picture(self, place: Place, plot: Plot) -> Picture:
        """See the port."""
        reply = self._calls(place).read("GetMetricWidgetImage", Image, MetricWidget=plot.widget)
        png, action = reply.metric_widget_image, "cloudwatch:GetMetricWidgetImage"
        if len(png) > MOST_BYTES:
            raise TargetError("config", f"{action} answered {len(png)} bytes, more than {MOST_BYTES}")
        if not png.startswith(PNG) or not png.endswith(PNG_END):
            # Half a picture has status 200 as well, and Slack would show a broken one.
            raise TargetError("transient", f"{action} was answered without a whole PNG", "it is drawn here instead")
        return Picture(png=png, alt=plot.alt, by="cloudwatch")

    def _calls(self, place: Place) -> Calls:
        return Calls(self._sessions, Session(place.role, place.region), "cloudwatch", OPERATIONS)

    def _definition(self, place: Place, name: str) -> AlarmRow:
        where = Session(place.role, place.region)
        calls = Calls(self._sessions, where, "cloudwatch", alarm_calls.OPERATIONS)
        rows = alarm_calls.described(calls, AlarmNames=[name]) if alarm_calls.possible(name) else []
        row = next((row for row in rows if row.alarm_name == name), None)
        shown = clip(name, 80)
        if row is None:
            raise NotFound(f"CloudWatch knows no alarm named {shown}", "make it again, or watch another one")
        if row.watched is None:
            hint = "look at the alarms that it is made of" if row.alarm_rule else "look at it in CloudWatch"
            raise NotFound(f"{shown} has no metric of its own", hint)
        return row

    def _points(self, calls: Calls, drawn: Sequence[Line], wish: PlotWish) -> Mapping[str, Points]:
        """By query: value by moment. TargetError when the alarm's own cannot be read."""
        found: dict[str, Points] = defaultdict(dict)
        status: dict[str, str] = {}
        more: dict[str, Any] = {}
        for _ in range(alarm_calls.MOST_PAGES):
            reply = calls.read(
                "GetMetricData", ResultPage, MetricDataQueries=asked(drawn), StartTime=wish.start, EndTime=wish.end,
                ScanBy="TimestampAscending", **more,
            )  # fmt: skip
            for result in reply.metric_data_results:
                status[result.id] = result.status_code
                found[result.id].update(_between(result, wish))
            if not reply.next_token:
                _check(status.get(drawn[0].shown))
                return found
            more = {"NextToken": reply.next_token}
        raise alarm_calls.endless("cloudwatch:GetMetricData")


def _between(result: Result, wish: PlotWish) -> Points:
    # CloudWatch rounds the start down, so its first point may lie before it.
    pairs = zip(result.timestamps, result.values, strict=True)
    return {at: value for at, value in pairs if wish.start <= at <= wish.end and math.isfinite(value)}


def _check(status: str | None) -> None:
    if status is None:
        raise TargetError("transient", "cloudwatch:GetMetricData was answered without the alarm's own metric")
    if status == "Forbidden":
        hint = "the metric is another account's: let it share its metrics with this one"
        raise TargetError("auth", "cloudwatch:GetMetricData may not read the alarm's metric", hint)
    if status == "InternalError":
        raise TargetError("transient", "cloudwatch:GetMetricData could not read the alarm's metric")
