"""What the demo's page shows of an application behind a load balancer: read only, without its alarms."""

from __future__ import annotations

from typing import Any

from demo.cloud.flow import dimension_of, metric
from demo.cloud.metrics import epoch
from demo.cloud.world import World


def apps_behind_balancers(world: World, period: int) -> list[dict[str, Any]]:
    """Every rule that gets requests, under its load balancer's name: the weights requests follow now, in percent."""
    flow = world.servers.flow
    return [
        {"name": name_in(dimension_of(rule)), "alias": "rule", "rps": rps, **_sides(world, rule, period)}
        for rule, rps in flow.rates().items()
    ]


def name_in(dimension: str) -> str:
    """The name in a dimension such as `app/NAME/ID` or `targetgroup/NAME/ID`; nothing where anybody wrote another."""
    return dimension.partition("/")[2].partition("/")[0]


def _sides(world: World, rule: str, period: int) -> dict[str, Any]:
    weights = world.servers.routing.effective(rule)
    whole = sum(weights.values())
    names = {group: name_in(dimension_of(group)) for group in weights}
    return {
        "weights": {names[group]: round(100 * weight / (whole or 1), 6) for group, weight in weights.items()},
        "errors": {names[group]: _errors(world, rule, group, period) for group in weights},
    }


def _errors(world: World, rule: str, group: str, period: int) -> float | None:
    """Failed requests of a group in percent; one that nobody answered has no response time, and is one of them."""
    begin = epoch(world.now()) - 2 * period
    found = {
        name: world.store.over(metric(name, rule, group), begin, 2 * period)
        for name in ("RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime")
    }
    asked = found["RequestCount"]
    if asked is None:
        return None
    answered, wrong = found["TargetResponseTime"], found["HTTPCode_Target_5XX_Count"]
    failed = asked.total - (answered.samples if answered else 0) + (wrong.total if wrong else 0)
    return round(100 * failed / asked.total, 2)
