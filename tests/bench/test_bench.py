"""The bench runs and says what it should; what it measures is nobody's test."""

import pytest

from bench import costs
from bench.__main__ import BEGIN, END, FIGURES, main, write
from bench.rollback import covered
from bench.table import Line, drawn, missing, percentile


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_runs_with_tiny_counts(name, capsys):
    """Every figure measures something, prints its table and names its machine."""
    assert main(["--quick", name]) == 0
    said = capsys.readouterr().out
    assert "| what" in said
    assert "SQLite" in said
    assert "not measured" not in said


def test_costs_name_what_time_is_spent_on():
    """The profile reaches from the listeners down to SQLite."""
    said = costs.told(quick=True)
    assert "handlers/listeners.py slash" in said
    assert "'execute' of 'sqlite3.Connection'" in said


def test_reads_that_overlap_are_counted_once():
    """Time in which two reads ran is not taken off twice."""
    assert covered([(1.0, 3.0), (2.0, 4.0), (2.5, 2.6), (6.0, 7.0)]) == 4.0
    assert covered([]) == 0.0


def test_the_table_says_no_where_a_goal_was_missed():
    """A missed goal and a figure that could not be measured look different from one without a goal."""
    rows = drawn([Line("a", "1 ms", "2 ms", "0.5", "<= 1", met=False), Line("b", "1 ms"), missing("c", "no disk")])
    assert [row.split("|")[-2].strip() for row in rows.splitlines()[2:]] == ["NO", "", ""]
    assert "not measured: no disk" in rows


def test_percentiles_of_few_values_stay_within_them():
    """A p99 of two values is none that was never seen."""
    assert percentile([3.0], 99) == 3.0
    assert 1.0 <= percentile([1.0, 2.0], 99) <= 2.0


def test_writing_replaces_the_last_table_only(tmp_path):
    """What stands around the table in docs/bench.md stays."""
    page = tmp_path / "bench.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
