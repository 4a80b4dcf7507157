"""Metric math in the small: numbers, names, + - * / and brackets. Pure; nothing is ever executed.

`100*errors/invocations` is all the demo needs; a function such as IF or FILL is refused by name.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-z][A-Za-z0-9_]*)|(?P<sign>[-+*/()]))")
SUMS: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub}
PRODUCTS: dict[str, Callable[[float, float], float]] = {"*": operator.mul, "/": operator.truediv}

Term = Callable[[Mapping[str, float]], float]


class BadFormula(ValueError):
    """The text is no arithmetic; says where."""


@dataclass(frozen=True)
class Formula:
    """A parsed expression over named series."""

    text: str
    names: frozenset[str]
    _root: Term

    def value(self, known: Mapping[str, float]) -> float | None:
        """The result at one moment, or None where a name has no value then or something divides by zero."""
        if not self.names <= known.keys():
            return None
        try:
            return self._root(known)
        except ZeroDivisionError:
            return None


def parse(text: str) -> Formula:
    """The formula in `text`; raises BadFormula with the place."""
    return _Parser(text).formula()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._names: set[str] = set()

    def formula(self) -> Formula:
        root = self._chain(SUMS)
        if self._tokens:
            raise BadFormula(f"{self._tokens[0]!r} is not expected in {self._text!r}")
        return Formula(self._text, frozenset(self._names), root)

    def _split(self) -> list[str]:
        tokens, at = [], 0
        text = self._text.rstrip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                raise BadFormula(
                    f"column {at + 1} of {self._text!r}: only numbers, ids, + - * / and brackets are known"
                )
            tokens.append(found[0].strip())
            at = found.end()
        return tokens

    def _chain(self, operators: dict[str, Callable[[float, float], float]]) -> Term:
        left = self._part(operators)
        while self._tokens and self._tokens[0] in operators:
            left = _joined(operators[self._tokens.pop(0)], left, self._part(operators))
        return left

    def _part(self, operators: dict[str, Callable[[float, float], float]]) -> Term:
        return self._chain(PRODUCTS) if operators is SUMS else self._factor()

    def _factor(self) -> Term:
        if not self._tokens:
            raise BadFormula(f"{self._text!r} ends too early")
        token = self._tokens.pop(0)
        if token == "(":
            inner = self._chain(SUMS)
            if not self._tokens or self._tokens.pop(0) != ")":
                raise BadFormula(f"a bracket is left open in {self._text!r}")
            return inner
        if token == "-":
            negated = self._factor()
            return lambda known: -negated(known)
        if token[0].isdigit():
            number = float(token)
            return lambda _known: number
        if not token[0].isalpha():
            raise BadFormula(f"{token!r} is not expected in {self._text!r}")
        self._names.add(token)
        return lambda known: known[token]


def _joined(join: Callable[[float, float], float], left: Term, right: Term) -> Term:
    return lambda known: join(left(known), right(known))
