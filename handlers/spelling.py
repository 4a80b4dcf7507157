"""From typed text to words: quotes, dashes from phones, characters that may not be there. Knows no verb."""

import re
import unicodedata
from dataclasses import dataclass

from rollout.errors import BadInput

LIMIT = 2000
"""Characters of one command; longer ones are refused before anything else looks at them."""

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = {
    '"': '"', "'": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"',
    "\u00ab": '"', "\u00bb": '"',
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'",
}  # fmt: skip
_LEADING = re.compile(f"^[-{_DASHES}]*[{_DASHES}][-{_DASHES}]*(?=[a-z])")
_TO_HYPHEN = str.maketrans(dict.fromkeys(_DASHES, "-"))
_NEVER = frozenset({"Cc", "Cs"})
_NOT_IN_WORDS = frozenset({"Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word, as it stood there, the place (from 1) where it began, and whether it stood in quotes."""

    text: str
    raw: str
    at: int
    quoted: bool = False

    @property
    def plain(self) -> str:
        """The word with dashes from phones as plain ones: `—reason` is `--reason`, `my–app` is `my-app`."""
        return _LEADING.sub("--", self.text).translate(_TO_HYPHEN)


def split(text: str) -> list[Word]:
    """The words of a command. Refuses what is too long, an unbalanced quote, a character that is none."""
    short(len(text))
    refuse(text, 1, free=True)
    words: list[Word] = []
    at = 0
    while at < len(text):
        if _is_space(text[at]):
            at += 1
            continue
        word, at = _next(text, at)
        words.append(word)
    return words


def short(length: int) -> None:
    """Refuse a command that is too long, before anything else reads it."""
    if length > LIMIT:
        raise BadInput(f"the command has {length} characters", f"at most {LIMIT} are read")


def _next(text: str, start: int) -> tuple[Word, int]:
    if text[start] in _QUOTES:
        return _quoted(text, start)
    end = start
    while end < len(text) and not _is_space(text[end]):
        if text[end] in _QUOTES and text[end - 1] == "=" and text[start] in _DASHES + "-":
            inside, after = _quoted(text, end)
            return Word(text[start:end] + inside.text, text[start:after], start + 1), after
        end += 1
    return Word(text[start:end], text[start:end], start + 1), end


def _quoted(text: str, start: int) -> tuple[Word, int]:
    kind = _QUOTES[text[start]]
    end = start + 1
    while end < len(text):
        ends = _QUOTES.get(text[end]) == kind
        if ends and (end + 1 == len(text) or _is_space(text[end + 1])):
            return Word(text[start + 1 : end], text[start : end + 1], start + 1, quoted=True), end + 1
        end += 1
    raise BadInput(
        f"the quote {text[start]} at character {start + 1} is never closed", "close it, or leave quotes out"
    )


def refuse(text: str, at: int, *, free: bool = False) -> None:
    """Refuse characters that are none: control characters, and outside free text format characters too."""
    if text.isascii() and text.isprintable():
        return
    never = _NEVER if free else _NOT_IN_WORDS
    for place, char in enumerate(text, at):
        if unicodedata.category(char) in never:
            raise BadInput(
                f"{_named(char)} stands at character {place}",
                "type the command by hand instead of pasting it",
            )


def _named(char: str) -> str:
    name = unicodedata.name(char, "a control character").lower()
    return f"U+{ord(char):04X} ({name})"


def _is_space(char: str) -> bool:
    return char == " " or unicodedata.category(char) == "Zs"
