"""Places where a test may kill this process. Inert unless two environment variables say otherwise.

`TIDEGATE_FAILPOINT=<name>[:n]` kills at the n-th hit (default 1), only with `TIDEGATE_FAILPOINTS_ALLOWED=1`.
SIGKILL, because that is what a power cut, the OOM killer and an impatient supervisor look like from inside.
"""

import itertools
import os
import signal
from collections.abc import Callable, Mapping

from rollout.errors import BadConfig

NAMES = {
    "L1": "listener: before commit",
    "L2": "listener: after commit, before ack",
    "L3": "listener: after ack",
    "T1": "look: after observe",
    "T2": "look: after commit of intents",
    "T3": "look: before the call",
    "T4": "look: applied, no reply",
    "T5": "look: reply, not stored",
    "T6": "look: settled, card not sent",
    "B1": "outbox: before a post",
    "B2": "outbox: posted, ts not stored",
    "N1": "alerts: before a post",
    "N2": "alerts: posted, ts not stored",
    "R1": "start: during recovery",
    "M1": "start: mid-migration",
    "E1": "command line: ask committed",
}

Hit = Callable[[str], None]


def never(name: str) -> None:
    """The failpoint of a normal run: does nothing."""


def armed(environ: Mapping[str, str]) -> Hit:
    """What to call at each place. BadConfig when the variable names no place, or without permission."""
    wanted = environ.get("TIDEGATE_FAILPOINT", "")
    if not wanted:
        return never
    if environ.get("TIDEGATE_FAILPOINTS_ALLOWED") != "1":
        raise BadConfig(
            f"TIDEGATE_FAILPOINT is {wanted!r}, and would kill the bot on purpose",
            "unset it, or set TIDEGATE_FAILPOINTS_ALLOWED=1 in a test",
        )
    name, _, count = wanted.partition(":")
    if name not in NAMES or not (count or "1").isdecimal():
        raise BadConfig(
            f"TIDEGATE_FAILPOINT is {wanted!r}", f"write NAME or NAME:n with one of {', '.join(NAMES)}"
        )
    return _killer(name, int(count or 1))


def _killer(name: str, at: int) -> Hit:
    hits = itertools.count(1)

    def hit(here: str) -> None:
        # next() of a count is atomic, so two threads cannot both be the n-th.
        if here == name and next(hits) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return hit
