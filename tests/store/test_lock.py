"""The lock of the process that runs the rollouts."""

import subprocess
import sys
from pathlib import Path

from store import hold_lock, holder, lock_is_held

HOLD = """
import sys
from store import hold_lock
lock = hold_lock(sys.argv[1])
print("held" if lock else "refused", flush=True)
sys.stdin.readline()
"""


def child(path: Path) -> subprocess.Popen[str]:
    """Another process that tries to take it, and keeps it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def said(process: subprocess.Popen[str]) -> str:
    """What it printed first."""
    assert process.stdout
    return process.stdout.readline().strip()


def test_one_process_has_it(path: Path) -> None:
    """While one has it, no other gets it, in this process or elsewhere; released, the next one does."""
    assert not lock_is_held(path)
    lock = hold_lock(path)
    assert lock
    assert lock_is_held(path)
    assert hold_lock(path) is None
    with child(path) as other:
        assert said(other) == "refused"
        other.communicate("\n", timeout=30)
    lock.release()
    assert not lock_is_held(path)
    with child(path) as other:
        assert said(other) == "held"
        assert lock_is_held(path)
        assert holder(path) == other.pid
        other.communicate("\n", timeout=30)


def test_killed_process_leaves_it_free(path: Path) -> None:
    """Kill -9 releases it: nothing has to be cleaned up by hand."""
    with child(path) as other:
        assert said(other) == "held"
        other.kill()
        other.wait(30)
        lock = hold_lock(path)
        assert lock
        with lock:
            assert lock_is_held(path)
    assert not lock_is_held(path)


def test_asking_does_not_take_it(path: Path) -> None:
    """Asking all the time never keeps the bot from starting, and leaves no lock file behind."""
    assert not lock_is_held(path)
    assert list(path.parent.iterdir()) == []
    for _ in range(20):
        with hold_lock(path) as lock:  # type: ignore[union-attr]  # None would fail here
            assert lock
        assert not lock_is_held(path)


def test_child_does_not_inherit_it(path: Path) -> None:
    """A child process that outlives the bot does not keep the lock."""
    lock = hold_lock(path)
    assert lock
    sleeper = "import sys; print('up', flush=True); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", sleeper],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        close_fds=False,
    ) as other:
        assert said(other) == "up"
        lock.release()
        assert not lock_is_held(path)
        other.communicate("\n", timeout=30)


def test_nobody_knows_the_holder_of_a_free_lock(path: Path) -> None:
    """The process id is for messages while it is held, and gone with it."""
    assert holder(path) is None
    lock = hold_lock(path)
    assert lock
    assert holder(path)
    lock.release()
    assert holder(path) is None
