"""Failpoints kill only when told twice, at the hit that was named."""

import signal
import subprocess
import sys

import pytest

from bot.failpoints import armed, never
from rollout.errors import BadConfig

ALLOWED = {"TIDEGATE_FAILPOINTS_ALLOWED": "1"}


def test_without_the_variable_nothing_can_happen():
    """The failpoint of a normal run is the one that does nothing."""
    assert armed({}) is never
    assert armed(ALLOWED) is never


@pytest.mark.parametrize(
    "environ",
    [
        {"TIDEGATE_FAILPOINT": "T1"},
        {"TIDEGATE_FAILPOINT": "T1", "TIDEGATE_FAILPOINTS_ALLOWED": "yes"},
        {"TIDEGATE_FAILPOINT": "T9", **ALLOWED},
        {"TIDEGATE_FAILPOINT": "T1:x", **ALLOWED},
    ],
)
def test_it_is_refused_without_permission_and_for_unknown_places(environ: dict[str, str]):
    """One variable alone, a name that is none, a count that is none: the bot does not start."""
    with pytest.raises(BadConfig):
        armed(environ)


@pytest.mark.parametrize(("point", "lives"), [("T2", 0), ("T2:3", 2), ("T3", 5)])
def test_it_kills_at_the_hit_that_was_named(point: str, lives: int):
    """The n-th hit of that name is SIGKILL; other names and earlier hits are nothing."""
    program = (
        "import os; from bot.failpoints import armed; hit = armed(os.environ)\n"
        "for n in range(5): hit('T1'); hit('T2'); print(n, flush=True)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"TIDEGATE_FAILPOINT": point, **ALLOWED},
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert len(ran.stdout.split()) == lives
    assert ran.returncode == (0 if point == "T3" else -signal.SIGKILL)
