"""What is logged and what never is: one JSON line per record, secrets taken out. Nothing is decided here."""

import re
from collections.abc import Iterable

GONE = "[secret]"

_PATTERNS = (
    re.compile(r"xox[a-z](?:\.xox[a-z])?-[\w.%-]+"),
    re.compile(r"xapp-[\w.%-]+"),
    re.compile(r"\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}\b"),
    re.compile(r"(?<=hooks\.slack\.com/)[^\s\"'<>|\\)]+", re.IGNORECASE),
    re.compile(r"(?<=/hook/)[^\s\"'<>|\\)]+"),
    re.compile(r"(?i)(?<=bearer )[\w.~+/=%-]+"),
    re.compile(r"(?i)(?<=\bauthorization\b)[\"']?\s*[:=,]\s*[\"']?[^\"'\r\n,}]+"),
    re.compile(r"(?i)(?<=x-slack-signature)[\"']?\s*[:=,]\s*[\"']?v0=[0-9a-f]+"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"),
)


class Redactor:
    """Takes secrets out of text: by their form, and by value for those that have none (signing secrets)."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = sorted({value for value in values if len(value) >= 6}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, GONE)
        for pattern in _PATTERNS:
            text = pattern.sub(GONE, text)
        return text
