"""What the demo's page shows of the cloud: read only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.cloud.alarm import Alarm, CompositeAlarm, MetricAlarm
from demo.cloud.metrics import epoch
from demo.cloud.traffic import Route
from demo.cloud.world import World, shares_on_moto


def status_of(world: World, period: int) -> dict[str, Any]:
    """Apps with weights (percent), alarms, errors by version (percent, last two periods); the faults.

    Alarms of no app, such as a crowd, are only counted, by state.
    """
    by_app = _alarms_by_function(world)
    others: dict[str, int] = {}
    for alarm in by_app.pop(None, []):
        others[alarm.state.value] = others.get(alarm.state.value, 0) + 1
    apps = [_app(world, route, by_app.get(route.function, []), period) for route in world.traffic.routes()]
    return {"apps": apps, "faults": world.faults.standing(), "other_alarms": others}


def _app(world: World, route: Route, alarms: Sequence[Alarm], period: int) -> dict[str, Any]:
    shares = shares_on_moto(route)
    return {
        "name": route.function,
        "alias": route.alias,
        "weights": dict(shares),
        "alarms": [
            {"name": alarm.name, "state": alarm.state.value, "reason": alarm.state.reason, "kind": alarm.kind}
            for alarm in alarms
        ],
        "errors": {version: _errors(world, route, version, period) for version in shares},
        "rps": world.traffic.rps(route),
    }


def _alarms_by_function(world: World) -> dict[str | None, list[Alarm]]:
    """Metric alarms under the function they measure, then composite ones under those of their children."""
    found: dict[str | None, list[Alarm]] = {}
    owners: dict[tuple[str, str, str], set[str]] = {}
    every = world.alarms.every()
    for alarm in every:
        if isinstance(alarm, MetricAlarm):
            owners[alarm.key] = {
                value for query in alarm.queries if query.metric
                for name, value in query.metric.dimensions if name == "FunctionName"
            }
    for alarm in every:
        if isinstance(alarm, CompositeAlarm):
            _owned(world, alarm, owners)
    for alarm in sorted(every, key=lambda alarm: isinstance(alarm, CompositeAlarm)):
        for function in owners[alarm.key] or (None,):
            found.setdefault(function, []).append(alarm)
    return found


def _owned(world: World, alarm: CompositeAlarm, owners: dict[tuple[str, str, str], set[str]]) -> set[str]:
    if alarm.key not in owners:
        children = [world.alarms.get((*alarm.place, name)) for name in alarm.children]
        owners[alarm.key] = {
            function for child in children if child is not None
            for function in (_owned(world, child, owners) if isinstance(child, CompositeAlarm) else owners[child.key])
        }
    return owners[alarm.key]


def _errors(world: World, route: Route, version: str, period: int) -> float | None:
    now = epoch(world.now())
    found = world.store.over(route.metric("Errors", version), now - 2 * period, 2 * period)
    return round(100 * found.total / found.samples, 2) if found else None
