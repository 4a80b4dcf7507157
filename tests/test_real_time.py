"""`make real-time`: a row is played as a person would, judged by what the cloud saw, kept, and told on the page."""

from datetime import datetime, timedelta

import pytest

from demo.cloud import Cloud, CloudConfig, ManualClock
from demo.cloud.seed_edge import seed_edge
from scripts.real_time import kept, page
from scripts.real_time.__main__ import main
from scripts.real_time.kept import Result
from scripts.real_time.play import Play
from scripts.real_time.rows import WORLDS
from scripts.real_time.truth import Sight, Truth, flawless
from tests.rollout.make import T0

ROW = "my-app canary, alias edited, adopted"
GOOD = Result(
    id="shop canary, good", app="shop", command="/deploy shop@v11 canary", began="2026-11-24 16:00:00", minutes=27.0,
    deeds=("16:00:00 ana: /deploy shop@v11 canary",), phases=("16:00:00 requested",), traffic=("16:03:00 10 %",),
    end="succeeded", wanted="succeeded", requests=1000, failed=0, may_fail=False,
)  # fmt: skip


def at(second: float) -> datetime:
    """That many seconds after the beginning."""
    return T0 + timedelta(seconds=second)


@pytest.mark.timeout(120)
def test_a_row_is_played_to_its_end(tmp_path):
    """The real bot over signed HTTP: typed, edited by a knob, adopted by a form; and it is not played twice."""
    file = tmp_path / "kept.json"
    words = ["--world", "single", "--rows", ROW, "--speed", "20", "--keep", str(file)]
    assert main(words) == 1, "the other rows of that world are not played"
    found = kept.load(file)[ROW]
    assert found.right and found.end == "adopted" and found.requests > 0
    assert [line.split(" ", 1)[1].split(":")[0] for line in found.deeds[:2]] == ["ana", "knob"]
    assert "pressed [Adopt what AWS shows]" in found.deeds[2]
    assert [line.split()[1] for line in found.traffic] == ["10", "30"]
    assert [line.split()[1] for line in found.phases][-2:] == ["paused", "adopted"]


def test_the_page_is_what_is_kept():
    """docs/real-time.md says what the results say; a row of it that is no more, or not played, shows here."""
    assert page.PAGE.read_text(encoding="utf-8") == page.text(kept.load())
    ids = [row.id for world in WORLDS for row in world.rows]
    assert len(set(ids)) == len(ids) and set(kept.load()) <= set(ids)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end": "rolled_back"}, "| **rolled_back**, not succeeded |"), ({"failed": 3}, "| **3** |"),
        ({"failed": 3, "may_fail": True}, "| 3 |"), ({"to_zero": 4.2, "to_nobody": 71.0}, "4 s, 71 s until nobody"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_out(change, says):
    """A wrong end and a lost request are bold; the failures of a bad release are not."""
    told = page.text({GOOD.id: GOOD.model_copy(update=change)})
    assert says in told and "not played" in told
    assert ("1 rows, 1 ended" in told) == ("**" not in says)


def test_rows_are_added_one_by_one(tmp_path):
    """Two processes keep rows in one file: each adds to what is there, and a row played again takes its place."""
    file = tmp_path / "kept.json"
    for one in (GOOD, GOOD.model_copy(update={"id": "other"}), GOOD.model_copy(update={"minutes": 28.0})):
        kept.add(one, file)
    assert {id: row.minutes for id, row in kept.load(file).items()} == {GOOD.id: 28.0, "other": 27.0}


def test_the_way_back_is_measured_from_the_first_red_under_traffic():
    """Red before any traffic does not count; 0 % written and nobody there are two moments."""
    play = Play.__new__(Play)
    play.served = "blue"
    splits = [(0, 100, 100, True), (10, 90, 90, False), (70, 90, 90, True), (73, 100, 90, True), (133, 100, 100, True)]
    sights = [
        Sight(at(second), {"blue": written, "green": 100 - written}, {"blue": seen, "green": 100 - seen},
              ("edge-errors",) if red else ())
        for second, written, seen, red in splits
    ]  # fmt: skip
    assert play._way_back(sights) == (at(70), at(73), at(133))
    assert play._way_back(sights[:2]) == (None, None, None)


def test_good_releases_fail_nothing_and_bad_ones_still_do():
    """What a good stack answers is flawless after that; one that was given errors keeps them, and both are counted."""
    with Cloud(CloudConfig(now=ManualClock())) as cloud:
        seed_edge(cloud)
        flawless(cloud)
        truth = Truth(cloud, ("edge",))
        truth._look()
        before = truth.counted("edge")
        cloud.step(60)
        calm = truth.counted("edge").since(before)
        assert calm.requests > 3000 and calm.failed == 0 and truth.serving("edge") == "blue"
        cloud.knobs.deploy_stack("blue", "errors")
        flawless(cloud)
        cloud.step(60)
        assert truth.counted("edge").since(before).failed > 200
