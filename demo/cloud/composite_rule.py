"""The rule of a composite alarm, `ALARM("x") AND NOT OK(y)`: parsed and weighed. Pure; nothing is ever executed.

Words of a refusal: https://github.com/aws/aws-cdk/issues/13953 and /34662 show CloudWatch's own.
AT_LEAST, new since November 2025, is refused like any other unknown token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from demo.cloud.evaluation import ALARM, INSUFFICIENT, OK

TOKEN = re.compile(r'\s*(?:(?P<sign>[()])|"(?P<quoted>(?:\\.|[^"\\])+)"|(?P<word>[^\s()"]+))')
STATES = (ALARM, OK, INSUFFICIENT)
STARTS = (*STATES, "NOT", "TRUE", "FALSE", "(")

StateOf = Callable[[str], str]
Term = Callable[[StateOf], bool]


class BadRule(ValueError):
    """The text is no rule; says where."""


class Token(NamedTuple):
    """One piece of the text. A quoted one is never a keyword."""

    text: str
    at: int
    quoted: bool = False


@dataclass(frozen=True)
class AlarmRule:
    """A parsed rule and the names or ARNs it speaks of, as written."""

    text: str
    references: tuple[str, ...]
    _root: Term

    def holds(self, state_of: StateOf) -> bool:
        """Whether the rule is true, given the state of each reference."""
        return self._root(state_of)


def parse(text: str) -> AlarmRule:
    """The rule in `text`: NOT binds closest, then AND, then OR. Raises BadRule with CloudWatch's words."""
    if not text or text != text.strip():
        raise BadRule("AlarmRule must not contain leading or trailing whitespace or be null")
    return _Parser(text).rule()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _split(text)
        self._references: list[str] = []

    def rule(self) -> AlarmRule:
        root = self._either()
        if self._tokens:
            raise self._unexpected("AND", "OR")
        return AlarmRule(self._text, tuple(self._references), root)

    def _either(self) -> Term:
        parts = [self._both()]
        while self._took("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda state_of: any(part(state_of) for part in parts)

    def _both(self) -> Term:
        parts = [self._one()]
        while self._took("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda state_of: all(part(state_of) for part in parts)

    def _one(self) -> Term:
        if self._took("NOT"):
            negated = self._one()
            return lambda state_of: not negated(state_of)
        if self._took("TRUE"):
            return lambda _: True
        if self._took("FALSE"):
            return lambda _: False
        if self._took("("):
            inner = self._either()
            self._need(")")
            return inner
        for state in STATES:
            if self._took(state):
                return self._reference(state)
        raise self._unexpected(*STARTS)

    def _reference(self, state: str) -> Term:
        self._need("(")
        if not self._tokens or (self._tokens[0].text in ("(", ")") and not self._tokens[0].quoted):
            raise self._unexpected("alarm name", "alarm ARN")
        reference = self._tokens.pop(0).text
        self._need(")")
        self._references.append(reference)
        return lambda state_of: state_of(reference) == state

    def _took(self, keyword: str) -> bool:
        if not self._tokens or self._tokens[0].quoted or self._tokens[0].text != keyword:
            return False
        self._tokens.pop(0)
        return True

    def _need(self, sign: str) -> None:
        if not self._took(sign):
            raise self._unexpected(sign)

    def _unexpected(self, *wanted: str) -> BadRule:
        must = ", ".join(f"'{each}'" for each in wanted)
        if not self._tokens:
            return BadRule(f"Error in AlarmRule [Unexpected end at char {len(self._text)}, must be: {must}]")
        token = self._tokens[0]
        return BadRule(f"Error in AlarmRule [Unsupported token '{token.text}' at char {token.at}, must be: {must}]")


def _split(text: str) -> list[Token]:
    tokens, at = [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise BadRule(f"Error in AlarmRule [Unsupported token '{text[at:].strip()}' at char {at}]")
        quoted = found["quoted"]
        word = found["sign"] or found["word"] or re.sub(r"\\(.)", r"\1", quoted)
        begin = found.start(found.lastgroup or 0) - (quoted is not None)
        tokens.append(Token(word, begin, quoted is not None))
        at = found.end()
    return tokens
