"""When which place is swept: real lanes, watches that are slow, dead or broken, a clock turned by hand."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from bot.lanes import Lanes
from bot.metrics import Metrics
from bot.sweeping import CountedAlarms, Sweeping
from rollout.alarms.model import Place, Scope, Sweep
from rollout.alarms.simulated import SimulatedCloudWatch
from rollout.seen import Fault
from tests.bot.dial import Dial

WAIT = 10.0
EU = Place(lane="default/eu-central-1", region="eu-central-1")
US = Place(lane="default/us-east-1", region="us-east-1")
OTHER = Place(lane="default/us-east-1", role="arn:aws:iam::1:role/other", region="us-east-1")


def scope(place: Place, app: str = "my-app") -> Scope:
    return Scope(app=app, envs=("prod",), place=place, gates=("errors",))


class Watched:
    """A watch that keeps what it swept; one that is told to hangs, or breaks."""

    def __init__(self) -> None:
        self.swept: list[tuple[str, ...]] = []
        self.hangs: dict[Place, threading.Event] = {}
        self.broken: set[Place] = set()
        self.began = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def sweep(self, scopes: Sequence[Scope]) -> None:
        place = scopes[0].place
        self.swept.append((place.lane, *(one.app for one in scopes)))
        self.began.release()
        if place in self.hangs:
            assert self.hangs[place].wait(WAIT)
        if place in self.broken:
            raise ZeroDivisionError

    def came_home(self) -> None:
        self.ended.release()

    def wait(self, semaphore: threading.Semaphore, times: int = 1) -> None:
        for _ in range(times):
            assert semaphore.acquire(timeout=WAIT)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def looks() -> list[int]:
    return []


@pytest.fixture
def lanes(looks: list[int], watched: Watched) -> Iterator[Lanes]:
    def look(ids: Sequence[int]) -> None:
        looks.extend(ids)
        watched.came_home()

    lanes = Lanes(look, Metrics())
    yield lanes
    for event in watched.hangs.values():
        event.set()
    assert lanes.stop(WAIT)


Make = Callable[..., Sweeping]


@pytest.fixture
def make(lanes: Lanes, watched: Watched) -> Make:
    def made(*scopes: Scope, dial: Dial, metrics: Metrics | None = None) -> Sweeping:
        measured = (metrics or Metrics(), dial.monotonic, lambda: 30.0)
        return Sweeping(watched, lambda: scopes, lanes, watched.came_home, measured)

    return made


@pytest.fixture
def dial() -> Dial:
    return Dial()


def test_each_place_is_swept_at_once_and_then_at_its_interval(make: Make, watched: Watched, dial: Dial):
    """One job per place with all apps of it; nothing before 30 s are over, then once more."""
    sweeping = make(scope(EU), scope(EU, "shop"), scope(US), scope(OTHER), dial=dial)
    sweeping()
    watched.wait(watched.ended, 3)
    assert sorted(watched.swept) == [
        ("default/eu-central-1", "my-app", "shop"), ("default/us-east-1", "my-app"), ("default/us-east-1", "my-app"),
    ]  # fmt: skip
    dial.turn(29)
    sweeping()
    assert len(watched.swept) == 3
    dial.turn(1)
    sweeping()
    watched.wait(watched.ended, 3)
    assert len(watched.swept) == 6


def test_a_slow_place_is_never_queued_twice_and_delays_no_other(make: Make, watched: Watched, dial: Dial):
    """One region hangs for two intervals: the other is swept each time, and the slow one waits once."""
    watched.hangs[EU] = threading.Event()
    sweeping = make(scope(EU), scope(US), dial=dial)
    sweeping()
    watched.wait(watched.ended)
    for _ in range(2):
        dial.turn(30)
        sweeping()
        sweeping()
        watched.wait(watched.ended)
    assert [lane for lane, _ in watched.swept].count(US.lane) == 3
    assert [lane for lane, _ in watched.swept].count(EU.lane) == 1
    watched.hangs[EU].set()
    watched.wait(watched.ended)
    sweeping()
    watched.wait(watched.ended)
    assert [lane for lane, _ in watched.swept].count(EU.lane) == 2


def test_a_look_that_saw_something_new_hurries_the_sweep_of_its_lane(make: Make, watched: Watched, dial: Dial):
    """Not at the next interval but at once, and only there; one that is under way is followed by another."""
    sweeping = make(scope(EU), scope(US), dial=dial)
    sweeping()
    watched.wait(watched.ended, 2)
    watched.hangs[EU] = threading.Event()
    sweeping.hurry(EU.lane)
    watched.wait(watched.began, 3)
    sweeping.hurry(EU.lane)
    watched.hangs[EU].set()
    watched.wait(watched.ended)
    sweeping()
    watched.wait(watched.ended)
    assert [lane for lane, _ in watched.swept].count(EU.lane) == 3
    assert [lane for lane, _ in watched.swept].count(US.lane) == 1


def test_a_rollback_does_not_wait_for_a_sweep(make: Make, lanes: Lanes, watched: Watched, looks: list[int], dial: Dial):
    """The sweep of five hundred alarms hangs in the lane; the urgent thread beside it looks all the same."""
    watched.hangs[EU] = threading.Event()
    make(scope(EU), dial=dial)()
    watched.wait(watched.began)
    lanes.look(EU.lane, [42], urgent=True)
    watched.wait(watched.ended)
    assert looks == [42]


def test_a_sweep_that_breaks_is_counted_and_comes_again(
    make: Make, watched: Watched, dial: Dial, caplog: pytest.LogCaptureFixture
):
    """A defect is logged by the lane, is visible, and the next interval sweeps anew."""
    metrics = Metrics()
    watched.broken.add(EU)
    sweeping = make(scope(EU), dial=dial, metrics=metrics)
    sweeping()
    watched.wait(watched.ended)
    assert metrics.value("tidegate_sweeps_total", outcome="failed") == 1
    assert sweeping.report()["trouble"] == {EU.lane: "a sweep failed: ZeroDivisionError"}
    watched.broken.clear()
    dial.turn(30)
    sweeping()
    watched.wait(watched.ended)
    assert len(watched.swept) == 2
    assert "a job of lane-default/eu-central-1 sweep failed" in caplog.text


def test_what_is_blind_was_not_swept(make: Make, dial: Dial):
    """A reading without a single alarm leaves the age growing and is named; a partly one does not; sight heals it."""
    metrics = Metrics()
    sweeping = make(scope(EU), scope(US), dial=dial, metrics=metrics)
    cloud = SimulatedCloudWatch(dial)
    cloud.turn("errors", "OK")
    source = CountedAlarms(cloud, sweeping.came)
    source.sweep(US, ["errors"])
    dial.turn(100)
    source.sweep(US, ["errors"])
    cloud.fault = Fault(kind="auth", text="not allowed")
    source.sweep(EU, ["errors", "p99"])
    assert sweeping.age() == 100
    assert sweeping.report() == {"places": 2, "seconds": 100.0, "trouble": {EU.lane: "nothing can be read"}}
    cloud.fault, cloud.unreadable = None, {"p99"}
    assert isinstance(source.sweep(EU, ["errors", "p99"]), Sweep)
    assert sweeping.age() == 0
    assert sweeping.report()["trouble"] == {}
    for outcome, times in (("ok", 2), ("partly", 1), ("blind", 1)):
        assert metrics.value("tidegate_sweeps_total", outcome=outcome) == times


def test_nothing_to_watch_is_no_trouble(make: Make, watched: Watched, dial: Dial):
    """A configuration without alarms sweeps nothing and is never late."""
    sweeping = make(dial=dial)
    dial.turn(1000)
    sweeping()
    assert (sweeping.age(), watched.swept) == (0, [])
    assert sweeping.report() == {"places": 0, "seconds": 0.0, "trouble": {}}


def test_a_place_that_is_read_too_seldom_is_named(make: Make, dial: Dial):
    """Three intervals without a reading: /readyz shows which place, and since when."""
    sweeping = make(scope(EU), dial=dial)
    dial.turn(91)
    assert sweeping.report()["trouble"] == {EU.lane: "not read for 91 s"}


def test_a_place_that_left_the_configuration_is_no_trouble_any_more(lanes: Lanes, watched: Watched, dial: Dial):
    """It was blind when a reload took it away: /readyz does not name it for ever, and the interval is the new one."""
    scopes, every = [scope(EU), scope(US)], [30.0]
    measured = (Metrics(), dial.monotonic, lambda: every[0])
    sweeping = Sweeping(watched, lambda: scopes, lanes, watched.came_home, measured)
    cloud = SimulatedCloudWatch(dial)
    cloud.fault = Fault(kind="auth", text="not allowed")
    CountedAlarms(cloud, sweeping.came).sweep(EU, ["errors"])
    assert sweeping.report()["trouble"] == {EU.lane: "nothing can be read"}
    scopes.pop(0)
    every[0] = 10.0
    assert sweeping.report()["trouble"] == {}
    for swept in (1, 2):
        sweeping()
        watched.wait(watched.ended)
        assert [lane for lane, _ in watched.swept] == [US.lane] * swept
        dial.turn(10)
