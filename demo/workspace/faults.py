"""Faults to switch on and off while the workspace runs, by Web API method. Decides; does not act."""

from __future__ import annotations

import fnmatch
import threading
from typing import Literal, get_args

from demo.workspace.config import Fixed

FaultKind = Literal["down", "503", "429", "500", "refuse", "lost_reply", "slow"]
KINDS: tuple[str, ...] = get_args(FaultKind)


class Fault(Fixed):
    """`down`: the connection breaks, nothing is applied. `lost_reply`: applied, then the connection breaks.
    `503`, `500`, `429` (with `retry_after` seconds): answered so, nothing applied. `refuse`: answered with Slack's
    word `error`, nothing applied. `slow`: `seconds` late. `times` None means until cleared. `methods` are names or
    patterns such as `chat.*`; `response_url` and `upload_url` are the addresses that are posted to.
    """

    kind: FaultKind
    methods: tuple[str, ...] = ("*",)
    times: int | None = None
    retry_after: int = 1
    seconds: float = 2.0
    error: str = "internal_error"

    @property
    def status(self) -> int:
        """The HTTP status of an address under this fault; 0 where it lets the request through. 599: no answer."""
        return {"down": 599, "503": 503, "500": 500, "429": 429, "refuse": 400}.get(self.kind, 0)

    def covers(self, method: str) -> bool:
        return any(fnmatch.fnmatchcase(method, pattern) for pattern in self.methods)


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[tuple[Fault, int | None]] = []

    def set(self, fault: Fault) -> None:
        with self._lock:
            self._active.append((fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def active(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(fault for fault, _ in self._active)

    def take(self, method: str) -> Fault | None:
        """The fault that hits this call, counted as used; the newest one wins."""
        with self._lock:
            for index in range(len(self._active) - 1, -1, -1):
                fault, left = self._active[index]
                if not fault.covers(method):
                    continue
                if left == 1:
                    del self._active[index]
                elif left is not None:
                    self._active[index] = (fault, left - 1)
                return fault
        return None

    def down(self) -> bool:
        """True while all of Slack is away: then no socket is accepted either."""
        return any(f.kind in ("down", "503") and "*" in f.methods for f in self.active())
