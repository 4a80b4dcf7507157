"""The synthetic traffic: it follows the weights, good stays green, bad turns red in time."""

import os
from collections.abc import Iterator

import pytest

from demo.cloud import ManualClock
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.metrics import epoch
from demo.cloud.seed import put_alarms
from demo.cloud.traffic import FAILING, Profile, Route, leaking
from demo.cloud.world import World

ROUTE = Route(ACCOUNT, REGION, "my-app", "live")


class Scene:
    """my-app's traffic and alarms on a manual clock, with weights the test sets: no server, no moto state."""

    def __init__(self, seed: int, period: int, **profiles: Profile) -> None:
        self.clock = ManualClock()
        self.clock.advance(seed % period)
        self.weights = {"1": 100.0}
        self.world = World(self.clock, seed, 50)
        self.world.traffic.shares = lambda _route: self.weights
        self.world.traffic.profiles.update(
            {("my-app", name.removeprefix("v")): profile for name, profile in profiles.items()}
        )
        put_alarms(self.world, period)
        self.world.traffic.begin(ROUTE, 40.0, self.clock())

    def step(self, seconds: int) -> None:
        """Lets time pass second by second."""
        for _ in range(seconds):
            self.clock.advance(1)
            self.world.tick()

    def skip(self, seconds: int) -> None:
        """Lets time pass in one look."""
        self.clock.advance(seconds)
        self.world.tick()

    def red(self) -> set[str]:
        """Metric alarms that are red now."""
        red = {alarm.name for alarm in self.world.alarms.every() if alarm.state.value == "ALARM"}
        assert ("my-app-health" in red) == (len(red) > 1), "the composite alarm follows its children"
        return red - {"my-app-health"}

    def was_red(self) -> list[str]:
        """Every time an alarm turned red."""
        items = self.world.alarms.history.of((ACCOUNT, REGION), None, self.clock())
        return [f"{item.alarm} {item.at}" for item in items if item.summary.endswith("to ALARM")]

    def until_red(self, limit: int) -> int | None:
        """Seconds until an alarm is red, or None."""
        for second in range(1, limit + 1):
            self.step(1)
            if self.red():
                return second
        return None

    def total(self, name: str, seconds: int, version: str | None = None) -> float:
        """Sum of a metric over the last seconds."""
        found = self.world.store.over(ROUTE.metric(name, version), epoch(self.clock()) - seconds, seconds)
        return found.total if found else 0.0


@pytest.mark.parametrize(("share", "rps"), [(1.0, 40.0), (10.0, 40.0), (50.0, 7.0), (99.0, 40.0)])
def test_requests_follow_the_weights(share: float, rps: float) -> None:
    """Over ten minutes each version gets its share, within two percent of all requests."""
    scene = Scene(3, 60)
    scene.world.traffic.begin(ROUTE, rps, scene.clock())
    scene.weights = {"1": 100 - share, "2": share}
    scene.skip(600)
    whole = scene.total("Invocations", 600)
    assert whole == pytest.approx(rps * 600, rel=0.02)
    assert scene.total("Invocations", 600, "2") == pytest.approx(whole * share / 100, abs=0.02 * whole)
    assert scene.total("Invocations", 600, "1") + scene.total("Invocations", 600, "2") == whole


def test_looking_late_sees_the_same(scene_seeds: Iterator[int]) -> None:
    """A minute written in one look equals the minute written second by second."""
    for seed in scene_seeds:
        often, once = Scene(seed, 10), Scene(seed, 10)
        often.step(60)
        once.skip(60)
        for name in ("Invocations", "Errors", "Duration"):
            assert often.total(name, 60) == once.total(name, 60) > -1
        assert often.was_red() == once.was_red()


@pytest.fixture
def scene_seeds() -> Iterator[int]:
    return iter(range(5))


def test_seconds_before_a_change_keep_the_old_weights() -> None:
    """A change of weights counts from its own second on, not from the last look."""
    scene = Scene(1, 10)
    scene.skip(100)
    scene.weights = {"2": 100.0}
    scene.skip(100)
    assert scene.total("Invocations", 100, "1") == 0
    assert scene.total("Invocations", 200, "1") == pytest.approx(4000, rel=0.02)


def test_no_requests_no_datapoints() -> None:
    """An alias without traffic writes nothing; zero is not a measurement."""
    scene = Scene(1, 10)
    scene.world.traffic.begin(ROUTE, 0.0, scene.clock())
    scene.skip(100)
    assert scene.world.store.over(ROUTE.metric("Invocations"), 0, 1) is None
    assert not [metric for metric in scene.world.store.names() if metric.namespace == "AWS/Lambda"]


@pytest.mark.parametrize("period", [10, 60])
def test_good_versions_stay_green_for_an_hour(period: int) -> None:
    """Versions 1 and 2 at every weight raise no alarm in an hour, over three seeds."""
    for seed in range(3):
        scene = Scene(seed, period)
        for share in (0.0, 10.0, 50.0, 100.0):
            scene.weights = {"1": 100 - share, "2": share}
            scene.skip(900)
        assert scene.was_red() == []


@pytest.mark.slow
def test_good_versions_stay_green_for_two_hours_on_several_seeds() -> None:
    """No false alarm in two hours of 10 s periods at 10 %, on each seed."""
    for seed in range(20 if "TIDEGATE_SOAK" in os.environ else 5):
        scene = Scene(seed, 10)
        scene.weights = {"1": 90.0, "2": 10.0}
        scene.skip(7200)
        assert scene.was_red() == [], f"seed {seed}"


@pytest.mark.parametrize("first", [0, 50, 100, 150])
def test_eight_percent_errors_turn_red_within_27_seconds(first: int) -> None:
    """Version 3 at 10 % turns the errors alarm red within 27 s, at every phase of the period, every seed."""
    for seed in range(first, first + 50):
        scene = Scene(seed, 10, v3=FAILING)
        scene.skip(120)
        scene.weights = {"1": 90.0, "3": 10.0}
        seconds = scene.until_red(30)
        assert seconds is not None, f"seed {seed}"
        assert seconds <= 27, f"seed {seed}"
        assert scene.red() == {"my-app-errors"}


def test_red_turns_green_when_the_bad_version_is_gone() -> None:
    """Back at 100 % on version 1 the alarm is OK again within four periods."""
    scene = Scene(7, 10, v3=FAILING)
    scene.weights = {"1": 90.0, "3": 10.0}
    scene.step(60)
    assert scene.red() == {"my-app-errors"}
    scene.weights = {"1": 100.0}
    scene.step(40)
    assert scene.red() == set()


@pytest.mark.parametrize(("period", "first_bake", "second_bake"), [(10, 30, 60), (60, 300, 600)])
def test_the_slow_leak_is_caught_in_the_second_step(period: int, first_bake: int, second_bake: int) -> None:
    """Version 4 is green through the 10 % bake and half as long again, and red before the 50 % bake ends."""
    for seed in range(0, 40, 2):
        scene = Scene(seed, period, v4=leaking(period))
        scene.skip(12 * period)
        scene.weights = {"1": 90.0, "4": 10.0}
        scene.skip(first_bake + (seed % 3) * first_bake // 4)
        assert scene.was_red() == [], f"seed {seed}"
        scene.weights = {"1": 50.0, "4": 50.0}
        assert scene.until_red(second_bake - 5) is not None, f"seed {seed}"
        assert scene.red() == {"my-app-p99"}


def test_a_leak_starts_anew_after_a_rollback() -> None:
    """Once its traffic has gone to zero, version 4 begins healthy again."""
    scene = Scene(2, 10, v4=leaking(10))
    scene.weights = {"1": 50.0, "4": 50.0}
    scene.skip(120)
    assert scene.red() == {"my-app-p99"}
    scene.weights = {"1": 100.0}
    scene.skip(60)
    scene.weights = {"1": 90.0, "4": 10.0}
    scene.skip(30)
    assert scene.red() == set()
