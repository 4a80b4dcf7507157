"""`audit tail`: the newest records, one line each, and those that come. What they mean is not known here."""

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.cli import texts
from bot.cli.flags import read_flags, whole_number
from bot.cli.options import Line
from bot.cli.place import configured
from bot.cli.records import line_of, plain
from store.audit import Raw
from store.trail import Trail, open_trail

_OPTIONS = {"-n": "N", "--follow": ""}
_EVERY = 1.0
"""Seconds between two looks of --follow: one short read each."""
_ASKED = ("words", "reason", "answer", "hint")
_TELLING = {
    **dict.fromkeys(("ask", "refused", "denied", "replayed"), _ASKED),
    "transition": ("from", "to", "proven", "cause"),
    "verdict": ("outcome", "cause", "reasons"),
    "intent": ("action", "attempt"),
    "outcome": ("state", "text"),
    "hold": ("reason", "veto", "by"),
}
"""Facts that say what happened, most telling first; the other kinds have few facts, and all are shown."""


def run(line: Line) -> int:
    """Print the newest ones; with --follow go on until Ctrl-C, which is no failure."""
    given = read_flags(line, _OPTIONS)
    newest = whole_number(given["-n"][0], "-n") if "-n" in given else 20
    with open_trail(configured(line).store_path) as trail:
        try:
            for row in _rows(trail, newest, follow="--follow" in given):
                print(line_of(row) if line.json else told(row), flush="--follow" in given)
        except KeyboardInterrupt:
            return 0
    return 0


def _rows(trail: Trail, newest: int, *, follow: bool) -> Iterator[Raw]:
    after = trail.last() - newest
    pause = threading.Event()
    while True:
        for rows in trail.pages(after):
            yield from rows
            after = rows[-1].seq
        if not follow:
            return
        pause.wait(_EVERY)


def told(row: Raw) -> str:
    """One line, safe for a terminal; on one, cut to its width."""
    record = plain(row)
    facts = record.get("facts", record.get("body"))
    rollout = f"#{record['rollout']}" if record.get("rollout") else ""
    who = " ".join(filter(None, (str(record.get("actor", "")), rollout, str(record.get("target", "")))))
    kind = str(record.get("kind", "?"))
    return _one_line(f"{record['seq']!s:>6} {_when(record)} {kind:<10} {who}: {_facts(kind, facts)}")


def _when(record: dict[str, Any]) -> str:
    try:
        return texts.when(datetime.fromisoformat(record["at"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return "no time"


def _facts(kind: str, facts: Any) -> str:
    if not isinstance(facts, dict):
        return _value(facts)
    names = _TELLING.get(kind, facts)
    return ", ".join(f"{name} {_value(facts[name])}" for name in names if facts.get(name) not in (None, ""))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _one_line(text: str) -> str:
    for char in "\n\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    text = texts.safe(text)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else len(text)
    return text if len(text) <= width else text[: width - 1] + "…"
