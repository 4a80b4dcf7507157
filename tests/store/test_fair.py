"""The two locks: first come, first served; readers and commits in turns."""

import threading
import time

import pytest

from store import StoreBusy
from store.fair import CommitGate, Turn


def until(true: object) -> None:
    """Wait until it is so, at most 30 s."""
    end = time.monotonic() + 30
    assert callable(true)
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_turns_come_in_the_order_of_asking() -> None:
    """Twenty threads that queue one after the other get the turn in exactly that order."""
    turn, order = Turn(), []

    def take(number: int) -> None:
        with turn.held():
            order.append(number)

    with turn.held():
        threads = []
        for number in range(20):
            threads.append(threading.Thread(target=take, args=[number]))
            threads[-1].start()
            until(lambda n=number: turn.waiting() == n + 1)
    for thread in threads:
        thread.join(30)
    assert order == list(range(20))


def test_greedy_thread_cannot_barge_in() -> None:
    """Whoever gives the turn back and asks again at once stands behind those who waited."""
    turn, order = Turn(), []

    def other() -> None:
        with turn.held():
            order.append("other")

    with turn.held():
        thread = threading.Thread(target=other)
        thread.start()
        until(lambda: turn.waiting() == 1)
    with turn.held():
        order.append("greedy")
    thread.join(30)
    assert order == ["other", "greedy"]


def test_turn_is_given_back_after_an_exception() -> None:
    """A block that fails lets the next one in."""
    turn = Turn(patience=5)
    with pytest.raises(ZeroDivisionError), turn.held():
        raise ZeroDivisionError
    with turn.held():
        pass


def test_queue_has_an_end_and_goes_on_after_it() -> None:
    """Whoever waited too long is told so, leaves the queue, and does not swallow the turn of the next."""
    turn, given_up, served = Turn(patience=0.05), [], []

    def wait() -> None:
        try:
            with turn.held():
                served.append(1)
        except StoreBusy as busy:
            given_up.append(busy)

    with turn.held():
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(30)
    assert [busy.fact for busy in given_up] == ["the store was busy for 0.05 s"]
    assert turn.waiting() == 0
    with turn.held():
        served.append(2)
    assert served == [2]


def test_commit_waits_for_readers_and_readers_for_the_commit() -> None:
    """A commit lets those inside finish first; who comes meanwhile waits for the commit, and then goes in."""
    gate, log = CommitGate(patience=30), []
    reading, finish = threading.Event(), threading.Event()

    def early() -> None:
        with gate.reading():
            reading.set()
            finish.wait(30)
            log.append("early reader")

    def commit() -> None:
        with gate.committing():
            log.append("commit")

    def late() -> None:
        with gate.reading():
            log.append("late reader")

    threads = [threading.Thread(target=job) for job in (early, commit, late)]
    threads[0].start()
    assert reading.wait(30)
    threads[1].start()
    until(lambda: gate._committing)
    threads[2].start()
    until(lambda: gate._waiting == 1)
    finish.set()
    for thread in threads:
        thread.join(30)
    assert log == ["early reader", "commit", "late reader"]


def test_waiting_readers_go_before_the_next_commit() -> None:
    """Phase-fair: those who waited for one commit are inside before another can begin."""
    gate = CommitGate(patience=0.05)
    with gate.committing():
        thread = threading.Thread(target=lambda: gate.reading().__enter__())
        thread.start()
        until(lambda: gate._waiting == 1)
    assert gate._inside == 1
    thread.join(30)


def test_endless_reader_does_not_stop_commits_for_ever() -> None:
    """After its patience the commit is tried anyway; SQLite's own lock then has the last word."""
    gate = CommitGate(patience=0.02)
    with gate.reading(), gate.committing():
        assert gate._inside == 1
