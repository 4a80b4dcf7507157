"""One audit record as a line that says everything, and back to the bytes its hash is of. Nothing is read here.

A line is the record itself plus `prev` and `hash`. Without these two, with sorted keys and no spaces, it is the text
that was hashed: whoever reads the line needs no database to verify it. A record that is not of that form (somebody
was at the file) has its text as it stands in `body`.
"""

import json
from collections.abc import Iterable
from typing import Any

from rollout.audit import read_body
from store.audit import Raw

FIELDS = ("seq", "at", "kind", "actor", "rollout", "target", "facts", "v")
_CHAIN = ("prev", "hash")


class NoRecord(ValueError):
    """A line that is none of ours."""


def plain(row: Raw) -> dict[str, Any]:
    """The record with its place in the chain."""
    prev, own = (text.decode("utf-8", "surrogateescape") for text in (row.prev, row.hash))
    inside = read_body(row.body)
    if inside is None or not _speaks_for_itself(row, inside):
        return {"seq": row.seq, "prev": prev, "hash": own, "body": row.body.decode("utf-8", "surrogateescape")}
    first = {name: inside.pop(name) for name in FIELDS if name in inside}
    return {**first, **inside, "prev": prev, "hash": own}


def line_of(row: Raw) -> str:
    """As one line of JSON: ASCII, so that nothing in it can be misread or steer a terminal."""
    return json.dumps(plain(row), separators=(",", ":"), default=str)


def row_of(line: bytes) -> Raw:
    """The record of a line; NoRecord when it is none. Its hash is not looked at."""
    try:
        found = json.loads(line, object_pairs_hook=_once)
        if not isinstance(found, dict) or type(found.get("seq")) is not int:
            raise NoRecord
        prev, own = (found.pop(name).encode("utf-8", "surrogateescape") for name in _CHAIN)
        body = found["body"].encode("utf-8", "surrogateescape") if "body" in found else _spelled(found)
    except (ValueError, KeyError, AttributeError, RecursionError):
        raise NoRecord from None
    if "body" in found and len(found) > 2:
        raise NoRecord  # two texts, of which only one is hashed
    return Raw(found["seq"], body, prev, own, None)


def _speaks_for_itself(row: Raw, inside: dict[str, Any]) -> bool:
    """Whether the text can be made again from what it says."""
    named = inside.get("seq")
    if named != row.seq or type(named) is not int or inside.keys() & {*_CHAIN, "body"}:
        return False
    try:
        return _spelled(inside) == row.body
    except (ValueError, RecursionError):
        return False


def _spelled(inside: dict[str, Any]) -> bytes:
    """The text of rollout.audit.canonical, for what came out of JSON; its refusal of floats is the writer's affair."""
    text = json.dumps(inside, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand there once: of two, a reader might believe the other one."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NoRecord
        found[name] = value
    return found
