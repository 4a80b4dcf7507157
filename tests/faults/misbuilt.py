"""Bots put together wrongly, for the naive variants of rows that need a whole process. Called in the child only."""

import threading
from collections.abc import Callable
from typing import Any

import bot.app
from tests.faults.naive import AckFirst, Resending


def ack_first() -> None:
    """Commands are answered at once and stored a moment later, on a thread."""
    counter = bot.app.Counter

    def made(*parts: Any, **more: Any) -> Any:
        return AckFirst(counter(*parts, **more), _in_a_moment)

    bot.app.Counter = made  # type: ignore[assignment, misc]  # that is the mistake


def _in_a_moment(do: Callable[[], object]) -> None:
    timer = threading.Timer(0.15, do)
    timer.daemon = True
    timer.start()


def resend() -> None:
    """What got no answer is sent again."""
    world = bot.app.CountedWorld

    def made(inner: Any, *parts: Any) -> Any:
        return Resending(world(inner, *parts))

    bot.app.CountedWorld = made  # type: ignore[assignment, misc]  # that is the mistake
