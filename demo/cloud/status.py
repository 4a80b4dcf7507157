"""What the demo's page shows of the cloud: read only."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from demo.cloud.alarm import Alarm, CompositeAlarm, MetricAlarm
from demo.cloud.metrics import epoch
from demo.cloud.status_balancers import apps_behind_balancers, name_in
from demo.cloud.status_sites import app_of, apps_behind_names
from demo.cloud.traffic import Route
from demo.cloud.world import World, shares_on_moto


def status_of(world: World, period: int) -> dict[str, Any]:
    """Apps with weights (percent), alarms, errors by version or side (percent, last two periods); the faults.

    Alarms of no app, such as a crowd, are only counted, by state.
    """
    apps = [_app(world, route, period) for route in world.traffic.routes()]
    apps += [*apps_behind_balancers(world, period), *apps_behind_names(world, period)]
    by_app = _alarms_by_app(world, {app["name"] for app in apps})
    others: dict[str, int] = {}
    for alarm in by_app.pop(None, []):
        others[alarm.state.value] = others.get(alarm.state.value, 0) + 1
    for app in apps:
        app["alarms"] = [
            {"name": alarm.name, "state": alarm.state.value, "reason": alarm.state.reason, "kind": alarm.kind}
            for alarm in by_app.get(app["name"], [])
        ]
    return {"apps": apps, "faults": world.faults.standing(), "other_alarms": others}


def _app(world: World, route: Route, period: int) -> dict[str, Any]:
    shares = shares_on_moto(route)
    return {
        "name": route.function,
        "alias": route.alias,
        "weights": dict(shares),
        "errors": {version: _errors(world, route, version, period) for version in shares},
        "rps": world.traffic.rps(route),
    }


def _alarms_by_app(world: World, apps: Collection[str]) -> dict[str | None, list[Alarm]]:
    """Metric alarms under what they measure (function, load balancer, site), composite ones under their children's."""
    found: dict[str | None, list[Alarm]] = {}
    owners: dict[tuple[str, str, str], set[str]] = {}
    every = world.alarms.every()
    for alarm in every:
        if isinstance(alarm, MetricAlarm):
            owners[alarm.key] = _measured(alarm).intersection(apps)
    for alarm in every:
        if isinstance(alarm, CompositeAlarm):
            _owned(world, alarm, owners)
    for alarm in sorted(every, key=lambda alarm: isinstance(alarm, CompositeAlarm)):
        for app in owners[alarm.key] or (None,):
            found.setdefault(app, []).append(alarm)
    return found


def _measured(alarm: MetricAlarm) -> set[str]:
    """Names of what the alarm's metrics are about."""
    pairs = [pair for query in alarm.queries if query.metric for pair in query.metric.dimensions]
    functions = {value for name, value in pairs if name == "FunctionName"}
    sites = {app_of(value) for name, value in pairs if name == "Site"}
    return functions | sites | {name_in(value) for name, value in pairs if name == "LoadBalancer"}


def _owned(world: World, alarm: CompositeAlarm, owners: dict[tuple[str, str, str], set[str]]) -> set[str]:
    if alarm.key not in owners:
        children = [world.alarms.get((*alarm.place, name)) for name in alarm.children]
        owners[alarm.key] = {
            app for child in children if child is not None
            for app in (_owned(world, child, owners) if isinstance(child, CompositeAlarm) else owners[child.key])
        }
    return owners[alarm.key]


def _errors(world: World, route: Route, version: str, period: int) -> float | None:
    now = epoch(world.now())
    found = world.store.over(route.metric("Errors", version), now - 2 * period, 2 * period)
    return round(100 * found.total / found.samples, 2) if found else None
