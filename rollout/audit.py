"""The audit chain: what an entry is, how it is linked, how a chain is verified. Storing it is not done here."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, get_args

from rollout.values import Frozen, Moment

SCHEME = "tidegate-audit/1"
GENESIS = "0" * 64
_HEADING = f"{SCHEME}\n".encode()

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


_KINDS: tuple[str, ...] = get_args(EntryKind)


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
    """The first place where a chain does not hold; `at` and `kind` as far as the record there can be read."""

    seq: int
    text: str
    at: str = ""
    kind: str = ""


class Broken(Exception):
    """The next record of a walk is not the one that follows."""

    def __init__(self, found: Break) -> None:
        super().__init__(found.text)
        self.found = found


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
    return _hashed(prev.encode(), body.encode("utf-8", "surrogatepass")).decode()


def _hashed(prev: bytes, body: bytes) -> bytes:
    return hashlib.sha256(b"".join((_HEADING, prev, b"\n", body))).hexdigest().encode()


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
    chain = Chain(after.seq, after.hash) if after else Chain()
    try:
        for row in rows:
            body, prev, own = (text.encode("utf-8", "surrogatepass") for text in (row.body, row.prev, row.hash))
            chain.examine(row.seq, body, prev, own)
            chain.advance(own)
    except Broken as broken:
        return broken.found
    return None


class Chain:
    """A walk along a chain, one record after the other: it keeps where it stands and nothing else.

    Records are taken as bytes, as a file holds them: whoever can write the file can also write text that is none.
    """

    def __init__(self, seq: int = 0, head: str = GENESIS) -> None:
        self.seq = seq
        self._head = head.encode()

    @property
    def head(self) -> str:
        """The hash of the last record that held."""
        return self._head.decode()

    def examine(self, seq: object, body: bytes, prev: bytes, own: bytes) -> dict[str, Any]:
        """What the next record says; Broken when it is not the next one. The walk stands still meanwhile."""
        wanted = self.seq + 1
        if seq != wanted:
            text = f"record {wanted} is missing: {seq!r:.40} follows {self.seq}"
            raise Broken(Break(seq=wanted, text=text))
        if prev != self._head:
            raise broken_at(wanted, body, f"record {wanted} does not follow record {self.seq}")
        inside = read_body(body)
        sound = own == _hashed(prev, body)
        scheme = inside.get("v") if inside else SCHEME
        if scheme != SCHEME and (sound or isinstance(scheme, str)):
            raise broken_at(wanted, body, f"record {wanted} is of a scheme that is unknown here: {scheme!r:.40}")
        if not sound:
            raise broken_at(wanted, body, f"record {wanted} was changed: its hash does not fit its body")
        if inside is None:
            raise broken_at(wanted, body, f"record {wanted} cannot be read: its body is no JSON object")
        named = inside.get("seq")
        if named != wanted or type(named) is not int:  # True == 1
            raise broken_at(wanted, body, f"record {wanted} names another number inside")
        return inside

    def advance(self, own: bytes) -> None:
        """The record that was examined holds: stand on it."""
        self.seq, self._head = self.seq + 1, own


def read_body(body: bytes) -> dict[str, Any] | None:
    """What a body says; None when it is no JSON object, whatever else it is."""
    try:
        inside = json.loads(body.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):  # brackets in brackets, a thousand deep
        return None
    return inside if isinstance(inside, dict) else None


def broken_at(seq: int, body: bytes, text: str) -> Broken:
    """The break, with the time and the kind that the record there gives, where they are such."""
    inside = read_body(body) or {}
    kind = next((kind for kind in _KINDS if kind == inside.get("kind")), "")
    return Broken(Break(seq=seq, text=text, at=_moment(inside.get("at")), kind=kind))


def fits(known: str, seq: int, body: bytes, own: bytes) -> None:
    """Broken when a hash that begins otherwise was shown for this record: `known` is what was shown."""
    if not own.startswith(known.encode()):
        raise broken_at(seq, body, f"record {seq} is not the one that was shown: {known}, now {own.decode()}")


def missing(anchors: Iterable[int], last: int) -> Break | None:
    """The first record that was shown once and is beyond the last one that is there."""
    gone = min((seq for seq in anchors if seq > last), default=None)
    if gone is None:
        return None
    return Break(seq=gone, text=f"record {gone} was shown once and is gone: the trail ends at {last}")


def _moment(at: object) -> str:
    try:
        return datetime.fromisoformat(at).isoformat() if isinstance(at, str) else ""
    except ValueError:
        return ""
