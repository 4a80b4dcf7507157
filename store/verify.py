"""Walking the stored chain in short reads. What makes a chain hold is rollout/audit.py's to say.

A chain alone cannot tell that its newest records were cut off, or that all of it from some record on was
written anew: whoever can write the file can write a chain that holds. `anchors` can: heads that were shown
elsewhere, e.g. `1234 9f3a` on a card.
"""

from collections.abc import Mapping

from rollout.audit import Break, Link, verify
from store.audit import BEFORE_ALL, AuditReads
from store.sessions import Sessions


def verify_trail(sessions: Sessions, page: int, anchors: Mapping[int, str]) -> tuple[int, Break | None]:
    """How many records hold, and the first break; `anchors`: numbers and the beginnings of their hashes.

    Constant memory; what is appended meanwhile is walked too.
    """
    count, last = 0, None
    while rows := _page(sessions, last, page):
        links = [link for link, _ in rows]
        broken = verify(links, after=last) or _misfiled(rows) or _disowned(links, anchors)
        if broken:
            return broken.seq - 1, broken
        count, last = count + len(links), links[-1]
    missing = min((seq for seq in anchors if seq > count), default=None)
    if missing is not None:
        return count, Break(seq=missing, text=f"record {missing} was shown once and is gone: the trail ends at {count}")
    return count, None


def _page(sessions: Sessions, last: Link | None, limit: int) -> list[tuple[Link, bool]]:
    with sessions.reading() as db:
        return AuditReads(db).filed_page(last.seq if last else BEFORE_ALL, limit)


def _misfiled(rows: list[tuple[Link, bool]]) -> Break | None:
    for link, filed in rows:
        if not filed:
            return Break(seq=link.seq, text=f"record {link.seq} is filed under another rollout than it names")
    return None


def _disowned(links: list[Link], anchors: Mapping[int, str]) -> Break | None:
    for link in links:
        known = anchors.get(link.seq, "")
        if not link.hash.startswith(known):
            return Break(
                seq=link.seq,
                text=f"record {link.seq} is not the one that was shown: {known}, now {link.hash}",
            )
    return None
