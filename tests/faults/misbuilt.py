"""Bots put together wrongly, for the naive variants of rows that need a whole process. Called in the child only."""

import threading
from collections.abc import Callable
from typing import Any

from bot import app as wiring
from tests.faults.naive import AckFirst

COMPOSITION = vars(wiring)
"""The parts by the names under which bot/app.py joins them."""


def ack_first() -> None:
    """Commands are answered at once and stored a moment later, on a thread."""
    counter = COMPOSITION["Counter"]

    def made(*parts: Any, **more: Any) -> Any:
        return AckFirst(counter(*parts, **more), _in_a_moment)

    COMPOSITION["Counter"] = made


def _in_a_moment(do: Callable[[], object]) -> None:
    timer = threading.Timer(0.15, do)
    timer.daemon = True
    timer.start()
