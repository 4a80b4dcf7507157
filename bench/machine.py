"""On what the figures were measured: they mean nothing without it."""

import os
import platform
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.table import ms
from store.connect import journal_for

LIBRARIES = ("slack-bolt", "slack-sdk", "boto3", "sqlite-utils", "pydantic", "waitress", "apscheduler")


def told() -> str:
    """One paragraph."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    journal = journal_for(sqlite3.sqlite_version_info)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {_processor()}, {os.cpu_count()} cores, load {_load()},"
        f" fsync {ms(one_fsync())};"
        f" {platform.system()} {platform.release()}; Python {platform.python_version()};"
        f" SQLite {sqlite3.sqlite_version} ({journal}, FULL); {libraries}."
    )


def one_fsync() -> float:
    """Seconds one small write takes to reach the disk, in the middle: half of what a wish costs is this."""
    times = []
    with tempfile.TemporaryFile(prefix="tidegate-bench-") as file:
        for _ in range(21):
            begun = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return median(times)


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _load() -> str:
    """What else was going on: figures from a busy machine say so."""
    return f"{os.getloadavg()[0]:.1f}"
