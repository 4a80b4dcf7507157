"""GetMetricWidgetImage: refused by default, then a PNG in which a person sees the series; bad widgets say why."""

import io
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from matplotlib.image import imread

from demo.cloud import Cloud

LAMP = ["FunctionName", "lamp", "Resource", "lamp:live"]
ERRORS: dict[str, Any] = {
    "title": "lamp", "width": 600, "height": 300, "start": "-PT20M", "end": "-PT0H", "period": 60,
    "metrics": [
        ["AWS/Lambda", "Errors", *LAMP, {"id": "e", "stat": "Sum", "visible": False}],
        [".", "Invocations", ".", ".", ".", ".", {"id": "i", "stat": "Sum", "visible": False}],
        [{"expression": "100*e/i", "id": "p", "label": "errors %", "color": "#0000ff"}],
    ],
}
BLUE, GREEN, RED = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def image(watch: Any, widget: Any) -> Any:
    """The picture as an array of pixels, 0 to 255."""
    text = widget if isinstance(widget, str) else json.dumps(widget)
    drawn = watch.get_metric_widget_image(MetricWidget=text)["MetricWidgetImage"]
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    return (imread(io.BytesIO(drawn), format="png")[:, :, :3] * 255).round().astype(int)


def rows_of(picture: Any, color: tuple[int, int, int]) -> Any:
    """The rows of the plot itself, legend left out, that have a pixel of that colour."""
    plot = picture[: int(picture.shape[0] * 0.78)]
    return np.flatnonzero((plot == np.array(color)).all(axis=2).any(axis=1))


@pytest.fixture
def drawing(watch: Any, cloud: Cloud) -> Any:
    """CloudWatch with pictures switched on."""
    cloud.knobs.widget_images(on=True)
    return watch


def refusal(watch: Any, widget: Any) -> str:
    """The message of a refused widget."""
    with pytest.raises(ClientError) as refused:
        image(watch, widget)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    return str(refused.value.response["Error"]["Message"])


def test_refused_until_switched_on(watch: Any, cloud: Cloud) -> None:
    """By default the policy lacks the action; the knob allows it and takes it away; a reset too."""
    for turn in (lambda: "as it begins", lambda: cloud.knobs.widget_images(on=False)):
        turn()
        with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:GetMetricWidgetImage") as refused:
            image(watch, ERRORS)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
        cloud.knobs.widget_images(on=True)
        image(watch, ERRORS)
    assert cloud.log.count("cloudwatch:GetMetricWidgetImage") == 4
    assert cloud.log.refused["cloudwatch:GetMetricWidgetImage"] == 2
    cloud.reset()
    with pytest.raises(ClientError, match="not authorized"):
        image(watch, ERRORS)


def test_the_log_has_what_was_asked(drawing: Any, cloud: Cloud) -> None:
    """A test can read the widget that a bot asked for."""
    image(drawing, ERRORS)
    (asked,) = cloud.log.asked("cloudwatch:GetMetricWidgetImage")
    assert json.loads(asked.parameters["MetricWidget"]) == ERRORS
    assert cloud.knobs.asked("cloudwatch:GetMetricWidgetImage")[0]["region"] == "eu-central-1"


def test_a_person_sees_the_series(drawing: Any, cloud: Cloud) -> None:
    """The picture has the size asked for; a calm series is a flat line, a sick one climbs over the plot."""
    calm = image(drawing, ERRORS)
    assert calm.shape[:2] == (300, 600)
    cloud.knobs.flap("lamp")
    cloud.step(600)
    sick = rows_of(image(drawing, ERRORS), BLUE)
    assert sick.max() - sick.min() > 100
    hidden = ERRORS | {"metrics": [*ERRORS["metrics"][:2], [{**ERRORS["metrics"][2][0], "visible": False}]]}
    assert rows_of(image(drawing, hidden), BLUE).size == 0


def test_annotations_are_drawn(drawing: Any, cloud: Cloud) -> None:
    """A threshold is one row of its colour, a moment a whole column, a band lies between two."""
    half = f"{cloud.config.now() - timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
    across = ERRORS | {"annotations": {"horizontal": [{"value": 0.4, "label": "limit", "color": "#ff0000"}]}}
    assert 1 <= rows_of(image(drawing, across), RED).size <= 5
    upright = ERRORS | {"annotations": {"vertical": [{"value": half, "color": "#00ff00"}]}}
    dots = rows_of(image(drawing, upright), GREEN)
    assert dots.max() - dots.min() > 150
    bands = {"horizontal": [[{"value": 1}, {"value": 2}]], "vertical": [[{"value": "-PT9M"}, {"value": "-PT3M"}]]}
    assert (image(drawing, ERRORS | {"annotations": bands}) != image(drawing, ERRORS)).any()


def test_fields_can_be_repeated(drawing: Any) -> None:
    """`.` and `...` stand for what is above: the picture is the same as with everything written out."""
    long = {**ERRORS, "metrics": [["AWS/Lambda", "Duration", *LAMP, {"stat": "p99"}],
                                  ["AWS/Lambda", "Duration", *LAMP, "ExecutedVersion", "1", {"stat": "p50"}],
                                  ["AWS/Lambda", "Duration", *LAMP, "ExecutedVersion", "2", {"stat": "p50"}]]}
    short = {**ERRORS, "metrics": [["AWS/Lambda", "Duration", *LAMP, {"stat": "p99"}],
                                   [".", ".", ".", ".", ".", ".", "ExecutedVersion", "1", {"stat": "p50"}],
                                   ["...", "2", {"stat": "p50"}]]}
    assert (image(drawing, long) == image(drawing, short)).all()


def test_times_may_be_absolute_or_relative(drawing: Any, cloud: Cloud) -> None:
    """Twenty minutes ago is the same moment however it is written."""
    now = cloud.config.now()
    absolute = {"start": f"{now - timedelta(minutes=20):%Y-%m-%dT%H:%M:%S.000Z}", "end": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    assert (image(drawing, ERRORS) == image(drawing, ERRORS | absolute)).all()


def test_small_pictures_and_no_data(drawing: Any) -> None:
    """A single pixel, and a metric nobody ever reported, are pictures too."""
    assert image(drawing, ERRORS | {"width": 1, "height": 1}).shape[:2] == (1, 1)
    image(drawing, {"metrics": [["Shop", "Depth"]]})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metrics": None}, "Should have required property 'metrics'"),
        ({"metrics": []}, "Should have 1 to 100 items"),
        ({"metrics": [["Shop", f"m{n}"] for n in range(101)]}, "Should have 1 to 100 items"),
        ({"metrics": [["Shop"]]}, "Should have namespace, name, and dimensions in pairs"),
        ({"metrics": [["Shop", "Depth", "Queue"]]}, "/metrics/0"),
        ({"metrics": [[".", "Depth"]]}, "has nothing above it"),
        ({"metrics": [["Shop", "Depth", {"colour": "red"}]]}, "additional property 'colour'"),
        ({"metrics": [["Shop", "Depth", {"stat": "Mode"}]]}, "Mode"),
        ({"metrics": [["Shop", "Depth", {"period": 45}]]}, "Invalid period 45"),
        ({"metrics": [[{"expression": "1+"}]]}, "Error in expression 'row0'"),
        ({"metrics": [[{"expression": "x*2"}]]}, "unknown id x"),
        ({"metrics": [["Shop", "Depth", {"expression": "1"}]]}, "both a metric and an expression"),
        ({"width": 2001}, "/width"),
        ({"height": "tall"}, "/height"),
        ({"start": "yesterday"}, "/start"),
        ({"start": "-PT1H", "end": "-PT2H"}, "before the end"),
        ({"region": "us-east-1"}, "Should be the local region eu-central-1"),
        ({"perod": 60}, "additional property 'perod'"),
        ({"annotations": {"horizontal": [{"label": "no value"}]}}, "/annotations/horizontal/0"),
        ({"annotations": {"vertical": [{"value": "noon"}]}}, "/annotations/vertical/0"),
        ({"annotations": {"horizontal": [{"value": 1, "color": "crimson"}]}}, "a color like #d62728"),
        ({"annotations": []}, "Should be array"),
    ],
)
def test_bad_widgets_say_where(drawing: Any, change: dict[str, Any], words: str) -> None:
    """Each mistake is a ValidationError with its place, as for dashboards."""
    widget = {key: value for key, value in (ERRORS | change).items() if value is not None}
    assert words in refusal(drawing, widget)


def test_everything_wrong_at_once(drawing: Any) -> None:
    """Two mistakes are two entries; no JSON, no object and too much text are told as well."""
    assert "there are 2 validation errors" in refusal(drawing, {"metrics": [], "width": 0})
    assert "Should be JSON" in refusal(drawing, "{")
    assert "Should be object" in refusal(drawing, "[]")
    assert "Should NOT be longer" in refusal(drawing, " " * 102_401)
    with pytest.raises(ClientError, match="OutputFormat"):
        drawing.get_metric_widget_image(MetricWidget=json.dumps(ERRORS), OutputFormat="image/png")
