"""How long to leave something alone that failed: longer each time, never over a minute. Only that, in memory.

Jitter is a hash of the thing and the attempt: fifty cards that failed together do not come back together.
"""

import hashlib
from collections.abc import Callable

FIRST = 1.0
LONGEST = 60.0


class Patience:
    """Attempts by key. A restart forgets them, and everything is tried at once: people expect that."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._tries: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def over(self, key: str) -> bool:
        """Whether it may be tried now."""
        return self._until.get(key, 0.0) <= self._monotonic()

    def tried(self, key: str) -> int:
        """It failed again: leave it alone for a while. How often it has failed so far."""
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        self._until[key] = self._monotonic() + backoff(key, tries)
        return tries

    def forget(self, key: str) -> None:
        """It worked, or is no more."""
        self._tries.pop(key, None)
        self._until.pop(key, None)


def backoff(key: str, tries: int) -> float:
    """Seconds after the `tries`-th failure: doubling from one, at most 60; between half and all of that."""
    longest = min(LONGEST, FIRST * 2.0 ** min(tries - 1, 10))
    share = int.from_bytes(hashlib.sha256(f"{key} {tries}".encode()).digest()[:4], "big") / 2**32
    return longest * (0.5 + share / 2)
