"""Signals: none is lost, none stops the main thread for ever, whenever it comes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORM = """
import os, signal, sys, threading, time
from bot.ending import Signals
signals = Signals()
again = []
print("up", flush=True)
signals.wait(lambda: again.append(1))
print("over", len(again) > 0, flush=True)
"""


def child() -> "subprocess.Popen[str]":
    """A process that waits as the bot does."""
    found = subprocess.Popen(
        [sys.executable, "-c", STORM], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert found.stdout
    assert found.stdout.readline() == "up\n"
    return found


def test_thousands_of_signals_end_in_the_end_that_was_asked_for():
    """Hangups as fast as they can be sent, each in the middle of whatever the main thread does; then one SIGTERM."""
    with child() as waiting:
        for _ in range(5000):
            waiting.send_signal(signal.SIGHUP)
        waiting.send_signal(signal.SIGTERM)
        assert waiting.communicate(timeout=60)[0] == "over True\n"


def test_an_interrupt_ends_it_too():
    """Ctrl-C, without a traceback."""
    with child() as waiting:
        waiting.send_signal(signal.SIGINT)
        assert waiting.communicate(timeout=60)[0] == "over False\n"
        assert waiting.returncode == 0
