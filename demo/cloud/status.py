"""What the demo's page shows of the cloud: read only."""

from __future__ import annotations

from typing import Any

from demo.cloud.metrics import epoch
from demo.cloud.traffic import Route
from demo.cloud.world import World, shares_on_moto


def status_of(world: World, period: int) -> dict[str, Any]:
    """Apps with weights (percent), alarms, errors by version (percent, last two periods); the faults."""
    return {"apps": [_app(world, route, period) for route in world.traffic.routes()],
            "faults": world.faults.standing()}


def _app(world: World, route: Route, period: int) -> dict[str, Any]:
    shares = shares_on_moto(route)
    return {
        "name": route.function,
        "alias": route.alias,
        "weights": dict(shares),
        "alarms": [
            {"name": alarm.name, "state": alarm.state.value, "reason": alarm.state.reason}
            for alarm in world.alarms.every()
            if any(query.metric and ("FunctionName", route.function) in query.metric.dimensions
                   for query in alarm.queries)
        ],
        "errors": {version: _errors(world, route, version, period) for version in shares},
        "rps": world.traffic.rps(route),
    }


def _errors(world: World, route: Route, version: str, period: int) -> float | None:
    now = epoch(world.now())
    found = world.store.over(route.metric("Errors", version), now - 2 * period, 2 * period)
    return round(100 * found.total / found.samples, 2) if found else None
