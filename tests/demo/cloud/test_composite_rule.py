"""The grammar of composite alarms' rules, and the words with which a bad one is refused."""

import ast
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.cloud.composite_rule import BadRule, parse

STATES = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA", "arn:aws:cloudwatch:eu-central-1:1:alarm:e": "ALARM"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ALARM(a)", True),
        ("ALARM(b)", False),
        ('OK("b")', True),
        ('INSUFFICIENT_DATA("c d")', True),
        ("ALARM(arn:aws:cloudwatch:eu-central-1:1:alarm:e)", True),
        ("NOT ALARM(b)", True),
        ("NOT NOT ALARM(a)", True),
        ("TRUE", True),
        ("FALSE", False),
        # AND binds closer than OR, NOT closer than AND.
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT (FALSE AND FALSE)", True),
        ("ALARM(a)OR(ALARM( b ))", True),
        ("ALARM(a)\n  AND OK(b)", True),
    ],
)
def test_rules_hold_or_not(text: str, holds: bool) -> None:
    """Functions, operators, brackets, quotes and ARNs mean what CloudWatch's documentation says."""
    assert parse(text).holds(STATES.__getitem__) is holds


def test_references_are_told_as_written() -> None:
    """Names and ARNs in order, repeats included, escapes undone, and keywords in quotes are names."""
    rule = parse(r'ALARM("a \"b\"") OR OK(x) OR ALARM("AND") OR ALARM(x)')
    assert rule.references == ('a "b"', "x", "AND", "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "AlarmRule must not contain leading or trailing whitespace or be null"),
        (" ALARM(a)", "AlarmRule must not contain leading or trailing whitespace or be null"),
        ("ALARM(Sample Oldest)", "Error in AlarmRule [Unsupported token 'Oldest' at char 13, must be: ')']"),
        ("()", "Error in AlarmRule [Unsupported token ')' at char 1, must be: 'ALARM', 'OK'"),
        ("ALARM(a) ALARM(b)", "Unsupported token 'ALARM' at char 9, must be: 'AND', 'OR'"),
        ("ALARM(a) XOR ALARM(b)", "Unsupported token 'XOR' at char 9"),
        ("ALARM(a) AND", "Unexpected end at char 12"),
        ("(ALARM(a)", "Unexpected end at char 9, must be: ')'"),
        ("ALARM()", "Unsupported token ')' at char 6, must be: 'alarm name'"),
        ("alarm(a)", "Unsupported token 'alarm' at char 0"),
        ("AT_LEAST(2, ALARM, (a, b))", "Unsupported token 'AT_LEAST' at char 0"),
        ('ALARM("a)', "Unsupported token '\"a)' at char 6"),
        ('"ALARM"(a)', "Unsupported token 'ALARM' at char 0"),
    ],
)
def test_bad_rules_say_where(text: str, words: str) -> None:
    """Each refusal carries CloudWatch's words with the token and its place."""
    with pytest.raises(BadRule) as refused:
        parse(text)
    assert words in str(refused.value)


def texts(depth: int) -> st.SearchStrategy[str]:
    """Rules over three alarms as Python and CloudWatch both read them, with brackets only where they are drawn."""
    leaf = st.sampled_from(["ALARM(a)", "ALARM(b)", "OK(c)", "TRUE", "FALSE"])
    if depth == 0:
        return leaf
    inner = texts(depth - 1)
    return st.one_of(
        leaf, inner.map("NOT {}".format), inner.map("({})".format),
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join),
    )


@given(texts(3))
def test_rules_read_like_python(text: str) -> None:
    """NOT, AND, OR and brackets bind as in Python, for every state of the three alarms."""
    rule = parse(text)
    for a, b, c in product(("ALARM", "OK"), repeat=3):
        states = {"a": a, "b": b, "c": c}
        python = text.lower().replace("true", "True").replace("false", "False")
        for name, state in states.items():
            python = python.replace(f"alarm({name})", str(state == "ALARM")).replace(f"ok({name})", str(state == "OK"))
        expected = _weigh(python)
        assert rule.holds(states.__getitem__) is expected, text


def _weigh(text: str) -> bool:
    """The value of True, False, not, and, or, brackets; nothing is executed."""
    def value(node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return bool(node.value)
        if isinstance(node, ast.UnaryOp):
            return not value(node.operand)
        assert isinstance(node, ast.BoolOp)
        parts = [value(part) for part in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)

    return value(ast.parse(text, mode="eval").body)
