"""The little metric math: arithmetic and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.cloud.formula import BadFormula, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100*e/i", 8.0),
        ("100 * (e + 2) / i", 10.0),
        ("e - i / 2", -42.0),
        ("-e + 10", 2.0),
        ("2 - 1 - 1", 0.0),
        ("8/4/2", 1.0),
        ("-(e)*2.5", -20.0),
    ],
)
def test_arithmetic(text: str, expected: float) -> None:
    """Precedence, brackets, signs and left-to-right order are those of school."""
    assert parse(text).value({"e": 8.0, "i": 100.0}) == pytest.approx(expected)


def test_no_value_without_all_parts_or_over_zero() -> None:
    """A missing name or a division by zero gives no datapoint, as in CloudWatch."""
    ratio = parse("100*e/i")
    assert ratio.names == {"e", "i"}
    assert ratio.value({"e": 1.0}) is None
    assert ratio.value({"e": 1.0, "i": 0.0}) is None


@pytest.mark.parametrize("text", ["", "1 +", "(1", "1)", "e i", "IF(e>1,1,0)", "__import__", "e**2", "1..2"])
def test_anything_else_is_refused(text: str) -> None:
    """Functions, comparisons and slips are refused with the text that was given."""
    with pytest.raises(BadFormula):
        parse(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Any text is either a formula or a BadFormula."""
    try:
        parsed = parse(text)
    except BadFormula:
        return
    parsed.value(dict.fromkeys(parsed.names, 1.0))
