"""Graphs of alarms: over real HTTP where the cloud knows them, behind botocore's hooks where it does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.graphs import Graphs
from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.alarms.model import Place
from rollout.alarms.plot import Mark, Plot, PlotWish, Side
from rollout.alarms.ports import GraphSource
from rollout.errors import NotFound, TargetError
from tests.aws.bench import SETTINGS, CloudClock
from tests.aws.hooks import answers

ERRORS, P99, HEALTH = "my-app-errors", "my-app-p99", "my-app-health"
DATA, IMAGE = "cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage"
PLACE = Place(lane="123456789012/eu-central-1", region="eu-central-1")
SIDES = (Side(name="old (1)", release="1"), Side(name="new (2)", release="2"))
BEGIN = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n....\x00\x00\x00\x00IEND\xaeB`\x82"


@pytest.fixture
def graphs(sessions: Sessions) -> Graphs:
    return Graphs(sessions)


def wish(clock: CloudClock, minutes: int = 6, **more: Any) -> PlotWish:
    end = clock.now()
    return PlotWish(start=end - timedelta(minutes=minutes), end=end, settings={**SETTINGS}, **more)


def result(values: list[float], id: str = "percent", **more: Any) -> dict[str, Any]:
    times = [BEGIN + timedelta(minutes=number) for number in range(len(values))]
    return {"MetricDataResults": [{"Id": id, "Timestamps": times, "Values": values, "StatusCode": "Complete"} | more]}


def test_the_numbers_behind_an_alarm(cloud: Cloud, graphs: Graphs, clock: CloudClock) -> None:
    """Metric math, its unit, its limit, its points oldest first, in two calls; the error share is the one set."""
    cloud.knobs.misbehave("my-app", "1", 0.08)
    cloud.step(300)
    cloud.log.clear()
    port: GraphSource = graphs
    plot = port.plot(PLACE, ERRORS, wish(clock))
    assert (plot.title, plot.unit, plot.threshold, plot.comparison) == ("errors · my-app-errors", "%", 0.4, "over")
    (line,) = plot.series
    assert line.name == "errors" and [at for at, _ in line.points] == sorted(at for at, _ in line.points)
    assert len(line.points) >= 5 and all(plot.start <= at <= plot.end for at, _ in line.points)
    assert line.points[-1][1] == pytest.approx(8, abs=1)
    assert plot.alt.startswith("errors · my-app-errors, ") and "limit 0.4 %" in plot.alt
    assert {name: cloud.log.count(name) for name, _ in cloud.log.calls} == {"cloudwatch:DescribeAlarms": 1, DATA: 1}


def test_a_live_rollout_has_a_line_per_side(cloud: Cloud, graphs: Graphs, clock: CloudClock) -> None:
    """Old and new apart, each with its own errors, between them the mix that the alarm sees."""
    cloud.knobs.misbehave("my-app", "2", 0.2)
    cloud.knobs.edit_weights("my-app", "live", {"1": 50, "2": 50})
    cloud.step(300)
    for alarm in (ERRORS, P99):
        plot = graphs.plot(PLACE, alarm, wish(clock, 4, sides=SIDES))
        assert [line.name for line in plot.series][1:] == ["old (1)", "new (2)"]
        assert all(line.points for line in plot.series)
    mixed, old, new = (line.points[-1][1] for line in graphs.plot(PLACE, ERRORS, wish(clock, 4, sides=SIDES)).series)
    assert old < 1 and new == pytest.approx(20, abs=2) and mixed == pytest.approx(10, abs=2)


def test_a_side_without_points_is_left_out(cloud: Cloud, graphs: Graphs, clock: CloudClock) -> None:
    """A version that nobody called has no line, neither in numbers nor in CloudWatch's own graph."""
    plot = graphs.plot(PLACE, ERRORS, wish(clock, sides=(*SIDES, Side(name="nobody", release="9"))))
    assert [line.name for line in plot.series] == ["errors", "old (1)"]
    assert "old (1)" in plot.widget and "new (2)" not in plot.widget and "nobody" not in plot.widget


def test_missing_points_are_gaps(graphs: Graphs, clock: CloudClock, cloud: Cloud) -> None:
    """While nobody calls there is nothing, not zero; and a graph of nothing is a line without points."""
    cloud.knobs.rps(0)
    cloud.step(240)
    cloud.knobs.rps(40)
    cloud.step(120)
    (line,) = graphs.plot(PLACE, ERRORS, wish(clock, 10)).series
    steps = {(later - earlier) for (earlier, _), (later, _) in zip(line.points, line.points[1:], strict=False)}
    assert timedelta(minutes=1) in steps and max(steps) >= timedelta(minutes=3)
    cloud.knobs.crowd("quiet", 1)
    (line,) = graphs.plot(PLACE, "quiet-000", wish(clock)).series
    assert line.points == ()


def test_pages_are_put_together(graphs: Graphs, sessions: Sessions, clock: CloudClock) -> None:
    """A line may begin on one page and end on another, in any order."""
    first, second = result([1.0, 2.0]), result([1.0, 2.0, 3.0])
    first["NextToken"] = "more"
    wanted = wish(clock).model_copy(update={"start": BEGIN + timedelta(minutes=1), "end": BEGIN + timedelta(hours=1)})
    with answers(sessions, "cloudwatch", "GetMetricData", first, second) as asked:
        (line,) = graphs.plot(PLACE, ERRORS, wanted).series
    assert [value for _, value in line.points] == [2.0, 3.0]  # the first lies before the start: CloudWatch rounds down
    assert asked[0]["ScanBy"] == "TimestampAscending" and asked[1]["NextToken"] == "more"


@pytest.mark.parametrize("name", [HEALTH, "gone", "", "x" * 256, "<!channel>\n"])
def test_what_has_no_graph(graphs: Graphs, clock: CloudClock, name: str) -> None:
    """Composite, absent, a name no alarm can have: a fact and a hint, no call for numbers."""
    with pytest.raises(NotFound) as caught:
        graphs.plot(PLACE, name, wish(clock))
    assert caught.value.hint and len(caught.value.fact) < 150 and "\n" not in caught.value.fact


def test_an_alarm_of_one_version(cloud: Cloud, graphs: Graphs, clock: CloudClock) -> None:
    """The lamp's second alarm is of version 2 alone: named by its side while it is one."""
    cloud.knobs.edit_weights("lamp", "live", {"1": 50, "2": 50})
    cloud.step(180)
    settings = {**SETTINGS, "function": "lamp"}
    asked = wish(clock, sides=SIDES).model_copy(update={"settings": settings})
    (line,) = graphs.plot(PLACE, "lamp-v2-errors", asked).series
    assert line.name == "new (2)" and line.points
    (line,) = graphs.plot(PLACE, "lamp-v2-errors", wish(clock)).series
    assert line.name == "version 2"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"MetricDataResults": []}, "transient"),
        ({}, "transient"),
        (result([1.0], StatusCode="Forbidden"), "auth"),
        (result([], StatusCode="InternalError"), "transient"),
        (result([1.0], Values=[1.0, 2.0]), "transient"),
        (result([1.0], id=""), "transient"),
        (result([1.0]) | {"NextToken": "again"}, "transient"),
    ],
)
def test_an_answer_that_is_none(
    graphs: Graphs, sessions: Sessions, clock: CloudClock, reply: dict[str, Any], kind: str
) -> None:
    """Without the alarm's own metric, forbidden, unpaired, without end: a TargetError that names the call."""
    with answers(sessions, "cloudwatch", "GetMetricData", reply), pytest.raises(TargetError) as caught:
        graphs.plot(PLACE, ERRORS, wish(clock))
    assert caught.value.kind == kind and DATA in caught.value.fact


def test_numbers_that_are_none_are_gaps(graphs: Graphs, sessions: Sessions, clock: CloudClock) -> None:
    """NaN and infinity cannot be drawn, nor told."""
    reply = result([float("nan"), float("inf"), 2.0])
    ever = wish(clock).model_copy(update={"start": BEGIN, "end": BEGIN + timedelta(days=1)})
    with answers(sessions, "cloudwatch", "GetMetricData", reply):
        plot = graphs.plot(PLACE, ERRORS, ever)
    assert [value for _, value in plot.series[0].points] == [2.0]


@pytest.mark.parametrize("operation", [DATA, "cloudwatch:DescribeAlarms"])
def test_half_a_reply_is_none(cloud: Cloud, graphs: Graphs, clock: CloudClock, operation: str) -> None:
    """Status 200 and half a body."""
    cloud.knobs.truncate_reply(operation)
    with pytest.raises(TargetError) as caught:
        graphs.plot(PLACE, ERRORS, wish(clock))
    assert caught.value.kind == "transient"


def drawn(cloud: Cloud, graphs: Graphs, clock: CloudClock) -> Plot:
    cloud.knobs.edit_weights("my-app", "live", {"1": 50, "2": 50})
    cloud.step(300)
    mark = Mark(at=clock.now() - timedelta(minutes=3), text="50 %")
    return graphs.plot(PLACE, ERRORS, wish(clock, sides=SIDES, marks=(mark,)))


def test_cloudwatchs_own_picture(cloud: Cloud, graphs: Graphs, clock: CloudClock) -> None:
    """A PNG of the same lines; a strict reader of widgets takes ours; its words are the numbers'."""
    cloud.knobs.widget_images(on=True)
    plot = drawn(cloud, graphs, clock)
    picture = graphs.picture(PLACE, plot)
    assert picture.png.startswith(b"\x89PNG") and (picture.by, picture.alt) == ("cloudwatch", plot.alt)
    assert int.from_bytes(picture.png[16:20]) == 1000 and int.from_bytes(picture.png[20:24]) == 400
    assert "50 % at " in picture.alt and "new (2): highest" in picture.alt


@pytest.mark.parametrize(
    ("knob", "kind"),
    [("deny", "auth"), ("throttle", "throttle"), ("outage", "transient"), ("truncate_reply", "transient")],
)
@pytest.mark.parametrize("operation", [DATA, IMAGE])
def test_what_is_refused_is_a_target_error(
    cloud: Cloud, graphs: Graphs, clock: CloudClock, knob: str, kind: str, operation: str
) -> None:
    """The numbers or the picture: with the call, and the permission where it is one."""
    cloud.knobs.widget_images(on=True)
    plot = drawn(cloud, graphs, clock)
    getattr(cloud.knobs, knob)(operation)
    asked = {DATA: lambda: graphs.plot(PLACE, ERRORS, wish(clock)), IMAGE: lambda: graphs.picture(PLACE, plot)}
    with pytest.raises(TargetError) as caught:
        asked[operation]()
    assert caught.value.kind == kind and operation in caught.value.fact
    assert knob != "deny" or f"allow {operation}" in caught.value.hint


def test_the_picture_is_refused_until_allowed(cloud: Cloud, graphs: Graphs, clock: CloudClock) -> None:
    """The permission is optional: numbers there are, a picture there is not."""
    with pytest.raises(TargetError, match="GetMetricWidgetImage"):
        graphs.picture(PLACE, drawn(cloud, graphs, clock))


@pytest.mark.parametrize(
    ("png", "kind"),
    [
        (b"", "transient"),
        (b"<html>", "transient"),
        (PNG[:-4], "transient"),
        (PNG[1:], "transient"),
        (PNG[:8] + b"x" * 5 * 1024 * 1024 + PNG[8:], "config"),
    ],
    ids=["empty", "other", "half", "headless", "huge"],
)
def test_only_a_whole_small_png_is_a_picture(graphs: Graphs, sessions: Sessions, png: bytes, kind: str) -> None:
    """Half a picture comes with status 200 as well."""
    plot = Plot(title="t", series=(), start=BEGIN, end=BEGIN, widget="{}")
    with answers(sessions, "cloudwatch", "GetMetricWidgetImage", {"MetricWidgetImage": PNG}):
        assert graphs.picture(PLACE, plot).png == PNG
    with (
        answers(sessions, "cloudwatch", "GetMetricWidgetImage", {"MetricWidgetImage": png}),
        pytest.raises(TargetError) as caught,
    ):
        graphs.picture(PLACE, plot)
    assert caught.value.kind == kind and IMAGE in caught.value.fact
