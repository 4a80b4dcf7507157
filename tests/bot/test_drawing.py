"""The drawing, in its own process as the bot starts it; and what becomes of one that crashes, hangs or lies."""


import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.drawing import Drawer
from demo.workspace.pictures import measure
from rollout.alarms.plot import Mark, Plot, Series
from rollout.errors import TargetError

END = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
START = END - timedelta(hours=1)


def series(name: str, *minutes: int) -> Series:
    return Series(name=name, points=tuple((START + timedelta(minutes=each), float(each % 7)) for each in minutes))


PLOT = Plot(
    title="my-app-errors", unit="%", series=(series("old (1)", *range(60)), series("new (2)", *range(30, 60))),
    threshold=1.0, comparison="over", start=START, end=END,
    marks=(Mark(at=START + timedelta(minutes=35), text="10 %"),),
)  # fmt: skip
AWKWARD = {
    "nothing": PLOT.model_copy(update={"series": (), "threshold": None, "marks": ()}),
    "no points": PLOT.model_copy(update={"series": (series("old"), series("new"))}),
    "one point": PLOT.model_copy(update={"series": (series("old", 5),)}),
    "gaps": PLOT.model_copy(update={"series": (series("old", 1, 2, 3, 20, 21, 40),)}),
    "flat": PLOT.model_copy(update={"series": (Series(name="x", points=((START, 1.0), (END, 1.0))),)}),
    "foreign": PLOT.model_copy(update={"title": r"$\frac{$ <!channel> \n 日本 " + "x" * 300, "unit": "$", "series": (
        series("_hidden", 1, 2), series("$", 1, 2))}),
    "huge": PLOT.model_copy(update={"threshold": 1e300, "series": (
        Series(name="x", points=((START, -1e300), (END, 1e300))),)}),
    "many": PLOT.model_copy(update={"series": tuple(series(f"line {n}", *range(60)) for n in range(40)), "marks": tuple(
        Mark(at=START + timedelta(minutes=n), text=f"#{n} {n} %") for n in range(60))}),
    "a day": PLOT.model_copy(update={"start": END - timedelta(days=1)}),
    "no time": PLOT.model_copy(update={"start": END}),
}  # fmt: skip


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    drawer = Drawer()
    yield drawer
    drawer.close()


def test_a_graph_is_a_picture_of_slacks_width(drawer: Drawer):
    """A whole PNG, wide enough to be read and small enough to be sent at once."""
    drawn = drawer.draw(PLOT)
    picture = measure(drawn)
    assert picture is not None and picture.kind == "png"
    assert (picture.width, picture.height) == (800, 480)
    assert len(drawn) < 200_000


def in_child(code: str, text: str) -> str:
    """What a process prints that is not this one, as matplotlib must never be in it."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MPLBACKEND": "agg"}
    run = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True, env=environment
    )
    return run.stdout


def test_awkward_numbers_and_names_are_drawn_all_the_same():
    """No points, one, gaps, extremes, text that looks like a formula: a picture each time."""
    code = (
        "import sys, json, base64, bot.drawing as d\nfrom rollout.alarms.plot import Plot\n"
        "for name, plot in json.load(sys.stdin).items():\n"
        "    print(name, base64.b64encode(d.png(Plot.model_validate_json(plot))).decode(), sep='=')"
    )
    plots = {name.replace(" ", "-"): plot.model_dump_json() for name, plot in AWKWARD.items()}
    drawn = dict(line.split("=", 1) for line in in_child(code, json.dumps(plots)).splitlines())
    assert drawn.keys() == plots.keys()
    assert all(measure(base64.b64decode(picture)) for picture in drawn.values())


def test_lines_are_told_apart_without_colour():
    """Eight lines, eight pairs of dash and marker; the ninth is not drawn rather than drawn like another."""
    from bot.drawing import MOST, STYLES

    assert len({(dash, marker) for _, dash, marker in STYLES}) == len(STYLES) == MOST


def test_what_is_drawn_says_limit_weights_zone_and_gaps():
    """Read from the figure: the limit with its words, the mark with its share, UTC, a hole where points are missing."""
    code = (
        "import sys, bot.drawing as d\nfrom rollout.alarms.plot import Plot\nfrom matplotlib.figure import Figure\n"
        "kept, old = [], Figure.savefig\n"
        "Figure.savefig = lambda self, *a, **k: (kept.append(self), old(self, *a, **k))\n"
        "d.png(Plot.model_validate_json(sys.stdin.read()))\naxes = kept[0].axes[0]\n"
        "print([t.get_text() for t in (*axes.texts, *axes.get_legend().get_texts())], axes.get_xlabel())\n"
        "print(sum(v != v for v in axes.lines[0].get_ydata()))"
    )
    plot = PLOT.model_copy(update={"series": (series("old (1)", 1, 2, 3, 20, 21, 40), series("new (2)", 1, 2))})
    said, gaps = in_child(code, plot.model_dump_json()).splitlines()
    for word in ("bad over 1 %", "10 %", "UTC, 2026-11-23", "old (1)", "new (2)"):
        assert word in said
    assert gaps == "2"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise SystemExit(3)", "3"),
        ("raise ValueError('no such font')", "no such font"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "-11"),
        ("print('not a picture')", "0"),
        ("import time; time.sleep(60)", "within 1 s"),
    ],
)
def test_a_drawing_that_crashes_or_hangs_is_a_picture_less(code: str, says: str):
    """Exit code, exception, SIGSEGV, nonsense, no end: a TargetError with a reason, and the process is gone."""
    began = time.monotonic()
    drawer = Drawer((sys.executable, "-c", code), limit=1.0 if "sleep" in code else 30.0)
    with pytest.raises(TargetError, match=f"not drawn.*{says}"):
        drawer.draw(PLOT)
    drawer.close()
    assert time.monotonic() - began < 30


def test_the_process_that_draws_gets_no_secret(monkeypatch):
    """Tokens and keys of the bot's environment are not in the child's."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-CANARY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "CANARY")
    code = "import os, sys; sys.exit(str(dict(os.environ)))"
    drawer = Drawer((sys.executable, "-c", code))
    with pytest.raises(TargetError) as told:
        drawer.draw(PLOT)
    drawer.close()
    assert "PYTHONPATH" in told.value.fact
    assert "CANARY" not in told.value.fact


def test_a_folder_that_is_given_is_used_again(tmp_path):
    """The list of fonts is made once for all bots of a store, and stays there when one is killed."""
    first, second = (Drawer(cache=tmp_path / "fonts") for _ in range(2))
    first.draw(PLOT)
    (made,) = (tmp_path / "fonts").iterdir()
    stamp = made.stat().st_mtime_ns
    second.draw(PLOT)
    first.close()
    assert made.stat().st_mtime_ns == stamp


def test_the_bot_stays_small():
    """More graphs cost the process that orders them no megabytes: matplotlib and numpy are never in it."""
    code = (
        "import sys, resource\nfrom bot.drawing import Drawer\nfrom rollout.alarms.plot import Plot\n"
        "plot = Plot.model_validate_json(sys.stdin.read())\ndrawer = Drawer()\ndrawer.draw(plot)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\ndrawer.draw(plot)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 'numpy' in sys.modules)"
    )
    grown, loaded = in_child(code, PLOT.model_dump_json()).split()
    assert int(grown) < 2048, "kilobytes"
    assert loaded == "False"
