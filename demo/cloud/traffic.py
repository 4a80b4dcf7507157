"""Synthetic traffic: splits requests over the versions behind an alias and writes what Lambda would measure.

It follows the alias' weights as they are, second by second, with a fixed seed. Generation is lazy: `catch_up`
writes every second since the last time, so no thread is needed and nothing depends on when somebody looks.
Errors are spread evenly rather than thrown like dice: a release with 8 % errors shows them within seconds,
a good one never shows a burst, and a demo tells the same story every time.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import NormalDist

from demo.cloud.flap import Flap
from demo.cloud.metrics import KEPT_SECONDS, Metric, MetricStore, counted, epoch, measured_by

NAMESPACE = "AWS/Lambda"
MEASURED = ("Invocations", "Errors", "Duration")
MEDIAN_MS, SPREAD = 60.0, 0.45
# 1000 evenly spaced quantiles of a log-normal: p50 60 ms, p90 107 ms, p99 171 ms, never over 270 ms.
LATENCIES = tuple(
    round(MEDIAN_MS * 2.718281828 ** (SPREAD * NormalDist().inv_cdf((rank + 0.5) / 1000)), 2)
    for rank in range(1000)
)
WOBBLE = 0.04


@dataclass(frozen=True)
class Profile:
    """How one version behaves."""

    name: str
    errors: float = 0.0005
    leak_seconds: float | None = None
    """Where set, latency doubles in this time and goes on growing; errors grow with it, to `worst_errors`."""
    worst_errors: float = 0.003

    def slowness(self, age: float) -> float:
        """The factor on latency after so many seconds of traffic."""
        return 1.0 if self.leak_seconds is None else 1.0 + age / self.leak_seconds

    def error_share(self, age: float) -> float:
        """The share of requests that fail after so many seconds of traffic."""
        if self.leak_seconds is None:
            return self.errors
        return min(self.worst_errors, self.errors * self.slowness(age))


GOOD = Profile("good")
FAILING = Profile("8 % errors", errors=0.08)


def leaking(period: int) -> Profile:
    """Slow enough to look healthy for a few periods, fast enough to be caught in a second, longer step."""
    return Profile("slow leak", leak_seconds=2.5 * period)


@dataclass(frozen=True)
class Route:
    """An alias that gets traffic."""

    account: str
    region: str
    function: str
    alias: str

    def metric(self, name: str, version: str | None = None, *, whole: bool = False) -> Metric:
        """The alias' series, one version's behind it, or the whole function's."""
        dimensions = [("FunctionName", self.function)]
        if not whole:
            dimensions.append(("Resource", f"{self.function}:{self.alias}"))
        if version is not None:
            dimensions.append(("ExecutedVersion", version))
        return Metric(self.account, self.region, NAMESPACE, name, tuple(sorted(dimensions)))


@dataclass
class _Stream:
    rps: float
    at: int
    dice: random.Random
    silent: bool = False
    series: dict[str | None, tuple[tuple[Metric, ...], ...]] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    carry: dict[str, float] = field(default_factory=dict)
    debt: dict[str, float] = field(default_factory=dict)
    next_error: dict[str, float] = field(default_factory=dict)


Shares = Callable[[Route], Mapping[str, float]]


@dataclass
class Traffic:
    """The requests of all routes. `shares` tells the present weights of a route in percent."""

    store: MetricStore
    shares: Shares
    seed: int = 1
    profiles: dict[tuple[str, str], Profile] = field(default_factory=dict)
    flaps: dict[str, Flap] = field(default_factory=dict)
    _streams: dict[Route, _Stream] = field(default_factory=dict)

    def begin(self, route: Route, rps: float, since: datetime) -> None:
        """Sends requests to an alias from that moment on."""
        # Dice of its own: what one alias gets never depends on how often another one was looked at.
        self._streams[route] = _Stream(rps, epoch(since), random.Random(f"{self.seed} {route}"))

    def routes(self) -> list[Route]:
        return list(self._streams)

    def rps(self, route: Route) -> float:
        stream = self._streams[route]
        return 0.0 if stream.silent else stream.rps

    def silence(self, function: str, *, on: bool) -> None:
        """Whether a function's aliases get no requests for now."""
        for route, stream in self._streams.items():
            if route.function == function:
                stream.silent = on

    def flap(self, function: str, errors: float, period: int, since: datetime) -> None:
        """From then on every version of a function fails by spells."""
        dice = random.Random(f"{self.seed} flap {function}")
        self.flaps[function] = Flap(epoch(since), period, errors, dice)

    def profile(self, function: str, version: str) -> Profile:
        """How a version behaves; a version nobody spoke of is good."""
        return self.profiles.get((function, version), GOOD)

    def catch_up(self, now: datetime) -> None:
        """Writes every whole second up to now."""
        for route, stream in self._streams.items():
            if epoch(now) > stream.at:
                shares = self.shares(route)
                begin = epoch(now) if stream.silent else max(stream.at, epoch(now) - KEPT_SECONDS)
                for second in range(begin, epoch(now)):
                    self._second(route, stream, shares, second)
                stream.at = epoch(now)

    def clear(self) -> None:
        """Stops all traffic and forgets all profiles."""
        self._streams.clear()
        self.profiles.clear()
        self.flaps.clear()

    def _second(self, route: Route, stream: _Stream, shares: Mapping[str, float], second: int) -> None:
        for gone in [version for version in stream.since if not shares.get(version)]:
            del stream.since[gone]
        wanted = stream.rps * (1 + stream.dice.uniform(-WOBBLE, WOBBLE))
        seen: list[tuple[int, int, array[float]]] = []
        for version, share in shares.items():
            if share <= 0:
                continue
            age = second - stream.since.setdefault(version, second)
            carried = stream.carry.get(version, 0.5) + wanted * share / 100
            requests = int(carried)
            stream.carry[version] = carried - requests
            if requests:
                part = self._requests(stream, version, requests, self._behaviour(route, version, second, age))
                seen.append(part)
                self._write(self._series(route, stream, version), [part], second)
        if seen:
            self._write(self._series(route, stream, None), seen, second)

    def _behaviour(self, route: Route, version: str, second: int, age: int) -> tuple[float, float]:
        """Share of errors and factor on latency of a version in that second."""
        profile = self.profile(route.function, version)
        flap = self.flaps.get(route.function)
        sick = flap is not None and flap.sick(second)
        return (flap.errors if flap and sick else profile.error_share(age)), profile.slowness(age)

    def _requests(
        self, stream: _Stream, version: str, requests: int, behaviour: tuple[float, float]
    ) -> tuple[int, int, array[float]]:
        share, slowness = behaviour
        # The first error comes after half its usual distance: a bad release shows at once.
        due = stream.next_error.get(version) or stream.dice.uniform(0.5, 0.7)
        debt = stream.debt.get(version, 0.0) + requests * share
        errors = 0
        while debt >= due and errors < requests:
            errors, debt, due = errors + 1, debt - due, stream.dice.uniform(0.8, 1.2)
        stream.debt[version], stream.next_error[version] = debt, due
        durations = array("d", [ms * slowness for ms in stream.dice.choices(LATENCIES, k=requests)])
        return requests, errors, durations

    def _series(self, route: Route, stream: _Stream, version: str | None) -> tuple[tuple[Metric, ...], ...]:
        """Where invocations, errors and durations go; the alias' own also count for the whole function."""
        found: tuple[tuple[Metric, ...], ...] | None = stream.series.get(version)
        if found is None:
            found = tuple((route.metric(name, version),) for name in MEASURED)
            if version is None:
                found = tuple((*own, route.metric(own[0].name, whole=True)) for own in found)
            stream.series[version] = found
        return found

    def _write(
        self, series: tuple[tuple[Metric, ...], ...], parts: list[tuple[int, int, array[float]]], second: int
    ) -> None:
        requests, errors = sum(part[0] for part in parts), sum(part[1] for part in parts)
        durations = parts[0][2]
        for part in parts[1:]:
            durations = durations + part[2]
        measured = (counted(requests, requests), counted(requests, errors), measured_by(durations))
        for metrics, found in zip(series, measured, strict=True):
            for metric in metrics:
                self.store.put(metric, second, found)
