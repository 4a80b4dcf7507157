"""Walking the stored chain in short reads. What makes a chain hold is rollout/audit.py's to say.

A chain alone cannot tell that its newest records were cut off, or that all of it from some record on was
written anew: whoever can write the file can write a chain that holds. `anchors` can: heads that were shown
elsewhere, e.g. `1234 9f3a` on a card.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from sqlite_utils import Database

from rollout.audit import Break, Broken, Chain, broken_at, fits, missing
from store.audit import PAGE, AuditReads, Raw

Told = Callable[[int], object]
"""Told how many records hold so far, once per page."""


class Reading(Protocol):
    """Whoever hands out short reads of one file."""

    def reading(self) -> contextlib.AbstractContextManager[Database]: ...


class Walk(NamedTuple):
    """How far the chain holds: the number and the hash of the last record that does, and the first break."""

    records: int
    head: str
    broken: Break | None


def walk(source: Reading, anchors: Mapping[int, str], page: int = PAGE, told: Told | None = None) -> Walk:
    """Walk the whole trail in constant memory; what is appended meanwhile is walked too.

    `anchors`: numbers of records and the beginnings of their hashes, as they were shown elsewhere.
    """
    chain = Chain()
    try:
        while rows := _next(source, chain.seq, page):
            _follow(chain, rows, anchors)
            if told:
                told(chain.seq)
    except Broken as broken:
        return Walk(chain.seq, chain.head, broken.found)
    return Walk(chain.seq, chain.head, missing(anchors, chain.seq))


def _next(source: Reading, last: int, page: int) -> list[Raw]:
    """The page after a number. It begins with the last one again: in a forged table a number may stand there twice."""
    if not last:
        return raw_page(source, None, page)
    rows = raw_page(source, last - 1, page + 1)
    if not rows or rows[0].seq != last:
        raise Broken(Break(seq=last + 1, text=f"record {last + 1} follows nothing: {last} was taken away just now"))
    return rows[1:]


def verify_trail(source: Reading, page: int, anchors: Mapping[int, str]) -> tuple[int, Break | None]:
    """How many records hold, and the first break."""
    found = walk(source, anchors, page)
    return found.records, found.broken


def raw_page(source: Reading, after: int | None, limit: int = PAGE, about: int | None = None) -> list[Raw]:
    """One page in a read of its own: it is worked on when nobody has to wait for it."""
    with source.reading() as db:
        view = AuditReads(db)
        try:
            return view.raw_page(after, limit, about=about)
        finally:
            view.end()


def _follow(chain: Chain, rows: Iterable[Raw], anchors: Mapping[int, str]) -> None:
    for seq, body, prev, own, filed in rows:
        inside = chain.examine(seq, body, prev, own)
        if not _filed(inside.get("rollout"), filed):
            raise broken_at(seq, body, f"record {seq} is filed under another rollout than it names")
        if seq in anchors:
            fits(anchors[seq], seq, body, own)
        chain.advance(own)


def _filed(named: Any, filed: Any) -> bool:
    return named is filed or (named == filed and type(named) is int)  # True == 1
