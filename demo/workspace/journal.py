"""What became of the workspace, in order: the oracle of tests. Written where it happens, not where it was asked.

A call whose reply was lost stands here like any other: what counts is what people see.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Literal

from demo.workspace.config import Fixed

KEPT = 20_000
DeedKind = Literal["posted", "updated", "deleted", "private", "uploaded", "scheduled", "unscheduled", "dropped"]


class Deed(Fixed):
    """One change. `posted`, `updated`, `deleted`: a message people see; `private`: one for a single person.

    `uploaded`: a file, once for each channel it goes to (`channel` empty: to none). `scheduled`, `unscheduled`,
    `dropped`: a message for later; it becomes `posted` at its time, or `dropped` if it cannot be shown then.
    """

    number: int
    at: float
    kind: DeedKind
    channel: str
    ts: str = ""
    by: str = ""
    text: str = ""
    thread_ts: str | None = None
    revision: int = 1
    file: str = ""
    scheduled: str = ""


class Journal:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: deque[Deed] = deque(maxlen=KEPT)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._number = 0

    def note(self, kind: DeedKind, channel: str, **more: object) -> None:
        with self._lock:
            self._number += 1
            deed = {"number": self._number, "at": self._clock(), "kind": kind, "channel": channel, **more}
            self._kept.append(Deed.model_validate(deed))
            self._counts[kind, channel] += 1

    def deeds(self, channel: str | None = None, kind: str | None = None) -> tuple[Deed, ...]:
        """Oldest first; the last 20,000."""
        with self._lock:
            return tuple(d for d in self._kept if channel in (None, d.channel) and kind in (None, d.kind))

    def count(self, kind: str, channel: str | None = None) -> int:
        """How often, since the start; forgets nothing."""
        with self._lock:
            return sum(n for (k, c), n in self._counts.items() if k == kind and channel in (None, c))
