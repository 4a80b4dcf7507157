"""What every test gets without asking: this machine only, and none of the developer's credentials."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests import loopback

loopback.install()

FOREIGN = ("SLACK_", "AWS_", "TIDEGATE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
KEPT = {"TIDEGATE_SOAK"}
UNCOUNTED = {
    Path(__file__).parent / place
    for place in (
        "aws/test_codedeploy_whole.py",
        "aws/test_ec2_whole.py",
        "aws/test_ecs_whole.py",
        "aws/test_native_lost.py",
        "aws/test_native_whole.py",
        "aws/test_route53_whole.py",
        "bench/test_bench.py",
        "bot/test_alert_histories.py",
        "bot/test_calendar_times.py",
        "bot/test_cli_audit.py",
        "bot/test_digests_kills.py",
        "demo/cloud/test_traffic.py",
        "faults/test_mutants.py",
        "faults/test_rows.py",
        "handlers/test_payloads.py",
        "rollout/test_alarm_histories.py",
        "store/test_audit_attacks.py",
        "store/test_crash.py",
        "test_house.py",
    )
}
"""They play the same lines thousands of times, or read sources: to count lines would double their time and add none."""

for name in [name for name in os.environ if name.upper().startswith(FOREIGN) and name not in KEPT]:
    del os.environ[name]
# Nothing of ~/.aws, and no question to the metadata address of a cloud machine.
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

MEMORY, ROOM = Path("/dev/shm"), 1 << 30
# A store waits for the disk at each commit: that is most of a test's time, and a third of its CPU. A file system in
# memory forgets nothing when a process is killed, and no test cuts the power. With TMPDIR=/tmp it is the disk anyway.
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # pytest has asked for it before


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let goldens be rewritten on purpose, never by accident."""
    parser.addoption("--update-goldens", action="store_true", help="write goldens anew instead of comparing")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores: the long tests wait for processes and browsers more than they compute."""
    return max(1, 3 * (os.cpu_count() or 1) // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests go first: one that begins last is waited for by everybody."""
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in ("slow", "browser"))}
    long |= {item.path for item in items if "end_to_end" in item.path.parts}
    items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """No lines are counted in some. pytest-cov's own marker stops one counter; in a worker of xdist there are two."""
    if item.path not in UNCOUNTED:
        return (yield)
    here, later = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(later)
        sys.settrace(here)


@pytest.fixture(scope="session")
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be written anew instead of compared."""
    return bool(request.config.getoption("--update-goldens"))


@pytest.fixture(autouse=True)
def _stays_on_this_machine() -> Iterator[None]:
    """Fail a test that reached out, even where a library swallowed the refusal."""
    loopback.refused.clear()
    yield
    assert not loopback.refused, f"left this machine: {loopback.refused}"
