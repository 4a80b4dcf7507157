"""The audit chain: what an entry is, how it is linked, how a chain is verified. Storing it is not done here."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Literal

from rollout.values import Frozen, Moment

SCHEME = "tidegate-audit/1"
GENESIS = "0" * 64

EntryKind = Literal[
    "ask",
    "refused",
    "denied",
    "replayed",
    "transition",
    "verdict",
    "intent",
    "outcome",
    "hold",
    "people",
    "bot",
]


class Entry(Frozen):
    """One thing that happened, before it is linked. `facts`: strings, integers, booleans, lists and maps of them."""

    kind: EntryKind
    at: Moment
    actor: str
    rollout: int | None = None
    target: str = ""
    facts: dict[str, Any] = {}


class Link(Frozen):
    """One stored record: `hash` = SHA-256(scheme, previous hash, body)."""

    seq: int
    body: str
    prev: str
    hash: str


class Break(Frozen):
    """The first place where a chain does not hold."""

    seq: int
    text: str


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8; floats are refused, they have many spellings."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def digest(prev: str, body: str) -> str:
    """The hash that links a body to its predecessor; lengths are fixed or unambiguous, so nothing can slide."""
    return hashlib.sha256(f"{SCHEME}\n{prev}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def link(entry: Entry, seq: int, prev: str) -> Link:
    """The record that follows `prev` as number `seq`; the body names its own number."""
    body = canonical(
        {
            "v": SCHEME,
            "seq": seq,
            "at": entry.at.isoformat(timespec="milliseconds"),
            "kind": entry.kind,
            "actor": entry.actor,
            "rollout": entry.rollout,
            "target": entry.target,
            "facts": entry.facts,
        }
    )
    return Link.model_construct(seq=seq, body=body, prev=prev, hash=digest(prev, body))  # made here, of known types


def verify(rows: Iterable[Link], *, after: Link | None = None) -> Break | None:
    """Walk a chain in constant memory; the first break, or None. `after` is the last row already verified."""
    seq, prev = (after.seq, after.hash) if after else (0, GENESIS)
    for row in rows:
        seq += 1
        if row.seq != seq:
            return Break(seq=seq, text=f"record {seq} is missing: {row.seq} follows {seq - 1}")
        if row.prev != prev:
            return Break(seq=seq, text=f"record {seq} does not follow record {seq - 1}")
        if row.hash != digest(prev, row.body):
            return Break(seq=seq, text=f"record {seq} was changed: its hash does not fit its body")
        if _named_seq(row.body) != seq:
            return Break(seq=seq, text=f"record {seq} names another number inside")
        prev = row.hash
    return None


def _named_seq(body: str) -> object:
    try:
        inside = json.loads(body)
    except ValueError:
        return None
    return inside.get("seq") if isinstance(inside, dict) else None
