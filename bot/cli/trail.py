"""`audit verify`: walks a whole trail, in the store or in an export. How a chain holds is rollout/audit.py's."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from bot.cli.flags import read_flags, whole_number
from bot.cli.options import Line, Usage
from bot.cli.place import configured
from bot.cli.records import NoRecord, row_of
from rollout.audit import Break, Broken, Chain, fits, missing
from rollout.errors import BadInput, Refused
from store.trail import open_trail
from store.verify import Walk

_OPTIONS = {"--file": "FILE", "--after": "N", "--anchor": "N:HASH"}
_LONG = 20_000
"""Records from which on somebody may wonder whether it still works."""
_LONGEST = 16 << 20
"""Bytes of one line of an export: no record is as long."""


def run(line: Line) -> int:
    """Print how many records hold and the head's hash; 1 with the first bad record named."""
    given = read_flags(line, _OPTIONS, many="--anchor")
    anchors = _anchors(given.get("--anchor", []))
    after = whole_number(given["--after"][0], "--after") if "--after" in given else 0
    if "--file" in given:
        found = _exported(given["--file"][0], after, anchors)
    elif after:
        raise Usage("--after is for an export that does not begin at record 1", "tidegate audit verify --file FILE")
    else:
        found = _stored(line, anchors)
    if line.json:
        broken = found.broken.model_dump() if found.broken else None
        print(json.dumps({"ok": not broken, "records": found.records, "head": found.head, "broken": broken}))
    else:
        print(_told(found, after, len(anchors)))
    return 1 if found.broken else 0


def _stored(line: Line, anchors: Mapping[int, str]) -> Walk:
    with open_trail(configured(line).store_path) as trail:
        last = trail.last()
        if last < _LONG or not sys.stderr.isatty():
            return trail.walk(anchors)
        try:
            return trail.walk(anchors, lambda count: _progress(count, last))
        finally:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _progress(count: int, last: int) -> None:
    print(f"\r{count:,} of {last:,} records hold", end="", file=sys.stderr, flush=True)


def _told(found: Walk, after: int, anchors: int) -> str:
    records = found.records - after
    if found.broken:
        bad = found.broken
        itself = f"    it says it is: {bad.kind or 'no kind'} at {bad.at or 'no time'}\n" if bad.at or bad.kind else ""
        return f"{bad.text}\n{itself}{records} records before it hold; keep the file, and compare it with a backup"
    text = f"{records} records hold; head {found.head if found.records else 'none yet'}"
    if after:
        text += f"\nrecords 1 to {after} are not in the file: nothing is said about them"
    return text + (f"\n{anchors} {'anchor fits' if anchors == 1 else 'anchors fit'}" if anchors else "")


def _anchors(texts: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for seq, known in map(_anchor, texts):
        other = found.get(seq, "")
        if not known.startswith(other) and not other.startswith(known):
            raise Usage(f"record {seq} was shown in two ways: {other} and {known}", "one of them is not of this trail")
        found[seq] = max(known, other, key=len)
    return found


def _anchor(text: str) -> tuple[int, str]:
    """`1234:9f3a`, or with a blank as a card shows it."""
    number, _, known = text.replace(" ", ":", 1).partition(":")
    if not 4 <= len(known) <= 64 or not set(known) <= set("0123456789abcdef"):
        raise Usage(f"--anchor is {text[:80]!r}", "--anchor takes a number and at least 4 digits of a hash: 1234:9f3a")
    return whole_number(number, "--anchor", least=1), known


def _exported(name: str, after: int, anchors: Mapping[int, str]) -> Walk:
    with _opened(name) as file:
        found = _walked(file, after, anchors)
    if not found.broken and found.records == after:
        raise Refused(f"{name} holds no records", "tidegate audit export writes such a file")
    return found


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with open(name, "rb") as file:  # noqa: PTH123  # a pipe or /dev/fd/63 is no path of ours
            yield file
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror}", "name a file, or - for standard input") from error


def _walked(file: BinaryIO, after: int, anchors: Mapping[int, str]) -> Walk:
    chain, begun = Chain(after), after == 0
    while text := file.readline(_LONGEST):
        try:
            row = row_of(text)
            if not begun:  # what the first one follows is not in the file
                chain, begun = Chain(after, row.prev.decode("utf-8", "replace")), True
            chain.examine(row.seq, row.body, row.prev, row.hash)
            fits(anchors.get(chain.seq + 1, ""), chain.seq + 1, row.body, row.hash)
            chain.advance(row.hash)
        except NoRecord:
            what = f"record {chain.seq + 1} cannot be read: its line is not one of an export"
            return Walk(chain.seq, chain.head, Break(seq=chain.seq + 1, text=what))
        except Broken as broken:
            return Walk(chain.seq, chain.head, broken.found)
    return Walk(chain.seq, chain.head, missing(anchors, chain.seq))
