"""Every row small, every naive variant, and the harness itself: what it counts, keeps and writes."""

import re
import subprocess
from pathlib import Path

import pytest

from rollout.actions import Intent, Shift
from rollout.model import Phase
from tests.faults import document, results
from tests.faults.__main__ import SEED, main
from tests.faults.results import Kept, Part
from tests.faults.row import Played, Row
from tests.faults.siege import explained
from tests.faults.table import BY_ID, ROWS
from tests.rollout.make import T0, row

TIMED = {"D11", "K05", "K05a", "S04", "S05"}
"""Rows that are about seconds."""
PLAYED = [pytest.param(each, id=each.id, marks=[pytest.mark.slow] if each.slow else []) for each in ROWS]
NAIVE = [pytest.param(each, id=each.id, marks=[pytest.mark.slow] if each.slow else []) for each in ROWS if each.naive]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("each", PLAYED)
def test_the_row_holds(each: Row):
    """Faults fired, and nothing broke."""
    try:
        played = each.play(each.ci, SEED, False)
    except subprocess.TimeoutExpired:
        played = Played(1, ("a process took too long",))
    if played.violations and each.id in TIMED:  # judged by seconds, and this machine may be busy: once more
        played = each.play(each.ci, SEED + 1, False)
    assert played.fired > 0, f"void: {played.notes}"
    assert not played.violations, f"{len(played.violations)} of {played.fired}: {played.violations[:5]}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("each", NAIVE)
def test_the_row_can_see_what_it_looks_for(each: Row):
    """With a well-known mistake in place of our part, violations are found."""
    played = each.play(each.naive_ci, SEED, True)
    assert played.fired > 0
    assert played.violations, f"the naive variant ({each.naive}) came through {played.fired} faults"


SPLITS = {0: {"1": 100.0}, 10: {"1": 90.0, "2": 10.0}, 50: {"1": 50.0, "2": 50.0}, 100: {"2": 100.0}}
DONE = [(10, "done"), (50, "done"), (100, "done")]
SEEN = [(10, "AWS shows 10 %"), (10, "AWS shows 10 %")]
TRIED = [(10, "done"), (50, "failed"), (50, "done"), (0, "unknown")]


@pytest.mark.parametrize(
    ("made", "written", "fine"),
    [
        (DONE, [10, 50, 100], True), (DONE, [10, 10, 50, 100], False), (DONE, [10, 100], False),
        (DONE, [10, 50, 100, 100], False), (TRIED, [10, 50], True), (TRIED, [10, 50, 50, 0], True),
        (TRIED, [10, 50, 0], True), (TRIED, [10, 50, 50, 50], False), (TRIED, [10, 0, 50], False), (DONE, [], False),
        ([], [], True), ([], [10], False), ([(10, "failed")], [], True), (SEEN, [10], True), (SEEN, [10, 10], True),
        (SEEN, [], False), (SEEN, [10, 10, 10], False),
    ],
)  # fmt: skip
def test_writes_are_explained_by_intents(made, written, fine):
    """Each write is one intent's, in order; what was answered was written once, what was settled or failed at most."""
    intents = [
        Intent.model_validate({
            "id": n, "rollout": 1, "key": "k", "attempt": 1, "action": Shift(percent=share), "planned_at": T0,
            "state": "done" if state.startswith("AWS") else state, "outcome": state,
        })
        for n, (share, state) in enumerate(made)
    ]  # fmt: skip
    assert explained([SPLITS[share] for share in written], intents, row(Phase.ROLLED_BACK)) is fine


def test_parts_add_up_and_a_run_goes_on_where_it_was(tmp_path: Path, capsys):
    """Twice the same command: the second plays only what is missing, with a seed of its own."""
    words = ["--rows", "K15", "--resume", str(tmp_path / "kept.json"), "--seed", "7"]
    assert main(words) == 0
    once = results.load(tmp_path / "kept.json")["K15"]
    assert results.total(once.parts) == (BY_ID["K15"].ci, 0)
    assert main(words) == 0
    assert results.load(tmp_path / "kept.json")["K15"] == once
    assert main([*words, "--fresh", "--seed", "8"]) == 0
    assert [part.seed for part in results.load(tmp_path / "kept.json")["K15"].parts] == [8]
    assert "fired   4,000" in capsys.readouterr().out


def test_an_unknown_row_is_refused_with_the_known_ones():
    """A typo plays nothing."""
    with pytest.raises(SystemExit, match="no row D99; there are A01"):
        main(["--rows", "D99"])


def test_the_lanes_share_the_rows():
    """Two lanes play every row once."""
    from tests.faults.__main__ import _chosen

    lanes = [{each.id for each in _chosen("", lane)} for lane in ("1/2", "2/2")]
    assert lanes[0] | lanes[1] == set(BY_ID)
    assert not lanes[0] & lanes[1]


def test_the_page_says_what_broke_and_what_is_void():
    """Violations are bold and quoted, a row in which nothing fired is void, one not played says so."""
    broken = Part(1, 10, 2, 0.5, "abc", "", ("the card was lost",))
    kept = {"D05": Kept((broken,), (broken,)), "D06": Kept((Part(1, 0, 0, 0.1, "abc"),))}
    page = document.text(kept)
    assert re.search(r"\| D05 \|.*\| 10 of 200 \| \*\*2\*\* \| 2 in 10 \|", page)
    assert re.search(r"\| D06 \|.*\*\*void\*\*", page)
    assert re.search(r"\| K01 \|.*not played", page)
    assert "the card was lost" in page


def test_the_page_is_the_kept_results():
    """docs/reliability.md is what the script writes, not what somebody typed."""
    again = "python -m tests.faults --minutes 0 writes it anew"
    assert document.PAGE.read_text() == document.text(results.load()), again
