"""The one way foreign text reaches mrkdwn. Everything that builds text for Slack builds it with `md`.

`Mrkdwn` marks text that is safe to send; only this module makes it
(tests/handlers/test_escape.py reads the syntax trees). Slack's rule is & < >
and nothing else: docs.slack.dev/messaging/formatting-message-text#escaping.
"""

import re
import unicodedata
from collections.abc import Iterable

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PLAIN_WORD = re.compile(r"[a-z]+(?=[,.:]?( |$))")
_DROPPED = "\u200c\u200d\ufe0e\ufe0f"
"""Joiners and variation selectors: they only shape the glyphs beside them."""
_WORD = 30
"""A longer one is a name or an address, and is cut where it has to be."""
SHOWN = "\ufffd"
"""Stands where a control or format character stood: a reader sees that something was there."""
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Mrkdwn(str):
    """Text that may go to Slack as it is: foreign parts in it are escaped."""

    __slots__ = ()

    def capitalized(self) -> "Mrkdwn":
        """The same as a sentence: a first plain word gets its capital, a name like `my-app` keeps its own."""
        return Mrkdwn(self[0].upper() + self[1:]) if _PLAIN_WORD.match(self) else self

    def tied(self) -> "Mrkdwn":
        """The same on one line: no line is broken at its spaces."""
        return Mrkdwn(self.replace(" ", "\u00a0"))


def clean(text: str) -> str:
    """The text without control and format characters: line breaks and tabs become spaces, others visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_clean(char) for char in text)


def _clean(char: str) -> str:
    if char in "\n\r\t":
        return " "
    if char in _DROPPED:
        return ""
    return SHOWN if unicodedata.category(char) in _UNSAFE else char


def escape(text: str) -> Mrkdwn:
    """Foreign text as mrkdwn that can mention, link or date nothing. Text already safe stays as it is."""
    if isinstance(text, Mrkdwn):
        return text
    return Mrkdwn(clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def clip(text: str, limit: int) -> Mrkdwn:
    """Foreign text escaped, at most `limit` characters *after* escaping; an ellipsis shows a cut."""
    whole = escape(text)
    return whole if len(whole) <= limit else fit(whole, limit)


def fit(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Safe text cut to `limit` characters, never inside an entity, a mention or a date; sentences between words."""
    if len(text) <= limit:
        return text
    cut = text[: max(0, limit - 1)]
    word = cut[-_WORD:].rpartition(" ")[2]
    if limit > 2 * _WORD and len(word) < min(len(cut), _WORD) and text[len(cut)] != " ":
        cut = cut[: len(cut) - len(word)]
    if cut.rfind("<") > cut.rfind(">"):
        cut = cut[: cut.rfind("<")]
    if cut.rfind("&") > cut.rfind(";"):
        cut = cut[: cut.rfind("&")]
    return Mrkdwn(cut.rstrip() + "…")


def md(template: str, *parts: object) -> Mrkdwn:
    """Fill `{}` in a template of our own with parts; each part that is not safe already is escaped."""
    return Mrkdwn(template.format(*(escape(part if isinstance(part, str) else str(part)) for part in parts)))


def join(separator: str, parts: Iterable[str]) -> Mrkdwn:
    """Safe parts joined; foreign ones are escaped; empty ones are left out."""
    return Mrkdwn(separator.join(escape(part) for part in parts if part))


def code(text: str, limit: int = 200) -> Mrkdwn:
    """Foreign text in fixed width; a backtick inside cannot end it."""
    return md("`{}`", clip(clean(text).replace("`", "ˋ") or " ", limit))


def plain(text: str, limit: int) -> str:
    """Foreign text for `plain_text`, where nothing is live and escapes would show; brackets look alike."""
    shown = clean(text).replace("<", "‹").replace(">", "›")
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"
