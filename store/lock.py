"""The lock of the process that runs the rollouts: `flock` on `<store>.lock`. It guards no row."""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

_TRIES = 10
_PAUSE = 0.03
"""Somebody who only asks whether it is held has it for a moment."""


class Lock:
    """Held until `release`, or until the process ends in whatever way."""

    def __init__(self, file: int) -> None:
        self._file = file

    def release(self) -> None:
        """Let another process have it; the file stays, removing it would let two have it."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def hold_lock(path: Path | str) -> Lock | None:
    """Take the lock of the store at `path`; None when another process (or this one) has it."""
    file = _open(path)
    for _ in range(_TRIES):
        if _try(file, fcntl.LOCK_EX):
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
            return Lock(file)
        time.sleep(_PAUSE)
    os.close(file)
    return None


def lock_is_held(path: Path | str) -> bool:
    """Whether some process runs the rollouts of the store at `path`."""
    if not _lock_file(path).exists():
        return False
    file = _open(path)
    try:
        return not _try(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def holder(path: Path | str) -> int | None:
    """The process id of whoever has it, as far as it can be told: for messages only."""
    try:
        return int(_lock_file(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _lock_file(path: Path | str) -> Path:
    return Path(f"{Path(path).absolute()}.lock")


def _open(path: Path | str) -> int:
    # os.open makes it close on exec: a child that outlives the bot does not keep the lock
    return os.open(_lock_file(path), os.O_RDWR | os.O_CREAT, 0o600)


def _try(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
