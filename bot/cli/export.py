"""`audit export`: the whole trail as lines on stdout, page by page. What a line says is records.py's."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from bot.cli.flags import read_flags, whole_number
from bot.cli.options import Line, Usage
from bot.cli.place import configured
from bot.cli.records import line_of, plain
from rollout.errors import Refused
from store.audit import Raw
from store.trail import open_trail

_OPTIONS = {"--format": "jsonl|csv", "--after": "N", "--rollout": "'#N'"}
COLUMNS = ("seq", "at", "kind", "actor", "rollout", "target", "facts", "prev", "hash", "body")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the full-width ones too
"""A cell that begins so is computed by a spreadsheet: https://owasp.org/www-community/attacks/CSV_Injection"""


def run(line: Line) -> int:
    """Write every record, or those after a number, or those about a rollout."""
    given = read_flags(line, _OPTIONS)
    kind = given.get("--format", ["jsonl"])[0]
    if kind not in ("jsonl", "csv"):
        raise Usage(f"--format is {kind[:40]!r}", "--format takes jsonl or csv")
    if line.json:
        raise Usage("audit export says its format itself", "tidegate audit export --format jsonl")
    after = whole_number(given["--after"][0], "--after") if "--after" in given else None
    about = whole_number(given["--rollout"][0].removeprefix("#"), "--rollout", 1) if "--rollout" in given else None
    with open_trail(configured(line).store_path) as trail:
        if kind == "csv":
            _write(_table([COLUMNS]))
        for rows in trail.pages(after, about):
            _write(_table(map(cells, rows)) if kind == "csv" else "".join(f"{line_of(row)}\n" for row in rows))
    return 0


def cells(row: Raw) -> list[str]:
    """One record as cells that no spreadsheet computes: such text, and text in a quote, has a quote before it."""
    record = plain(row)
    return [_cell(_text(record, column)) for column in COLUMNS]


def _text(record: Mapping[str, Any], column: str) -> str:
    value = record.get(column)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def _table(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


def _write(text: str) -> None:
    """In UTF-8 whatever the terminal speaks: what is written goes into a file or a pipe."""
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # what is left in the buffer would fail once more at the end, and Python makes that exit 120
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Refused(f"the export cannot be written: {error.strerror}", "it ends early: write it elsewhere") from error
