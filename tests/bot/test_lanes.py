"""The lanes: order, isolation, batches, and an end that leaves nothing running."""

import threading
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from bot.lanes import Lanes
from bot.metrics import Metrics

WAIT = 10.0


class Eye:
    """Records looks; a look at an id in `gates` waits until its gate opens."""

    def __init__(self) -> None:
        self.looks: list[tuple[int, ...]] = []
        self.gates: dict[int, threading.Event] = {}
        self.began = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def __call__(self, ids: Sequence[int]) -> None:
        self.looks.append(tuple(ids))
        self.began.release()
        for each in ids:
            if each in self.gates:
                assert self.gates[each].wait(WAIT)
        self.ended.release()

    def wait(self, semaphore: threading.Semaphore, times: int = 1) -> None:
        for _ in range(times):
            assert semaphore.acquire(timeout=WAIT)


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def lanes(eye: Eye, metrics: Metrics) -> Iterator[Lanes]:
    lanes = Lanes(eye, metrics)
    yield lanes
    for gate in eye.gates.values():
        gate.set()
    assert lanes.stop(WAIT)


def test_ids_that_wait_are_looked_at_in_one_batch_and_once(lanes: Lanes, eye: Eye):
    """While a look runs, what comes in gathers, each id once, and is one look."""
    eye.gates[1] = threading.Event()
    lanes.look("eu", [1])
    eye.wait(eye.began)
    for _ in range(5):
        lanes.look("eu", [2, 3])
    eye.gates[1].set()
    eye.wait(eye.ended, 2)
    lanes.look("eu", [4])
    eye.wait(eye.ended)
    assert eye.looks == [(1,), (2, 3), (4,)]


def test_an_id_being_looked_at_comes_again_only_when_something_changed(lanes: Lanes, eye: Eye):
    """A tick does not queue what is being looked at; a click does."""
    eye.gates[1] = threading.Event()
    lanes.look("eu", [1])
    eye.wait(eye.began)
    lanes.look("eu", [1])  # the tick
    lanes.look("eu", [7])
    eye.gates[1].set()
    eye.wait(eye.ended, 2)
    assert eye.looks == [(1,), (7,)]
    eye.gates[1].clear()
    lanes.look("eu", [1])
    eye.wait(eye.began, 2)
    lanes.look("eu", [1], again=True)  # the click
    eye.gates[1].set()
    eye.wait(eye.ended, 2)
    assert eye.looks[2:] == [(1,), (1,)]


def test_one_sick_lane_delays_no_other(lanes: Lanes, eye: Eye):
    """A look that hangs in one region leaves the others alone."""
    eye.gates[1] = threading.Event()
    lanes.look("eu", [1])
    eye.wait(eye.began)
    lanes.look("us", [2])
    eye.wait(eye.ended)
    assert eye.looks == [(1,), (2,)]


def test_a_rollback_does_not_wait_for_the_look_under_way(lanes: Lanes, eye: Eye):
    """Urgent ids run on the second thread of the same lane while the first one hangs."""
    eye.gates[1] = threading.Event()
    lanes.look("eu", [1])
    eye.wait(eye.began)
    lanes.look("eu", [42], urgent=True)
    eye.wait(eye.ended)
    assert eye.looks[-1] == (42,)


def test_jobs_of_a_lane_never_overlap_and_keep_their_order(lanes: Lanes):
    """200 jobs of one lane run one after the other, as submitted."""
    order: list[int] = []
    inside = threading.Lock()
    done = threading.Event()

    def job(number: int) -> None:
        assert inside.acquire(blocking=False)
        order.append(number)
        inside.release()
        if number == 199:
            done.set()

    for number in range(200):
        lanes.submit("eu", partial(job, number))
    assert done.wait(WAIT)
    assert order == list(range(200))


def test_a_job_that_raises_does_not_kill_its_lane(
    lanes: Lanes, eye: Eye, metrics: Metrics, caplog: pytest.LogCaptureFixture
):
    """It is logged and counted, and the next job runs."""

    def broken() -> None:
        raise ValueError("boom")

    lanes.submit("eu", broken)
    lanes.look("eu", [1])
    eye.wait(eye.ended)
    assert metrics.value("tidegate_look_faults_total") == 1
    assert "a job of lane-eu failed" in caplog.text


def test_stop_finishes_what_runs_and_drops_what_waits(eye: Eye, metrics: Metrics):
    """The running look ends, the queue does not begin, later submissions are ignored."""
    lanes = Lanes(eye, metrics)
    eye.gates[1] = threading.Event()
    lanes.look("eu", [1])
    eye.wait(eye.began)
    lanes.look("eu", [2])
    assert not lanes.stop(0.05)
    eye.gates[1].set()
    assert lanes.stop(WAIT)
    lanes.look("eu", [3])
    lanes.submit("us", lambda: eye((4,)))
    assert eye.looks == [(1,)]
    assert not any(thread.name.startswith("lane-") for thread in threading.enumerate())
