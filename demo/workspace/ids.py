"""Mints the ids and timestamps of the stand-in. Never reads a clock: the time is an argument."""

from __future__ import annotations

import itertools
import secrets
import string
import threading
import uuid

_ALPHABET = string.ascii_uppercase + string.digits


def mint(prefix: str, length: int = 10) -> str:
    """An id such as `V7K2M...`: Slack's prefix and random capitals."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def secret(length: int = 24) -> str:
    return secrets.token_hex(length // 2)


def envelope_id() -> str:
    return str(uuid.uuid4())


class Stamps:
    """Message timestamps: `seconds.micros`, strictly rising, so that a ts names one message."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._serial = itertools.count(1)

    def next(self, now: float) -> str:
        with self._lock:
            self._last = max(self._last + 1, int(now * 1_000_000))
            seconds, micros = divmod(self._last, 1_000_000)
        return f"{seconds}.{micros:06d}"

    def serial(self) -> int:
        """A number nobody else got; used where only the order matters."""
        return next(self._serial)
