"""What the demo's page shows of an application behind a load balancer: read only, without its alarms.

A side is a target group; where there is but one, of servers that are updated in place, it is the release they run.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from moto.s3.models import s3_backends

from demo.cloud.calls import ACCOUNT
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
    if len(weights) == 1 and (releases := _releases(world, *weights)):
        # In place: one group gets everything, and what tells the releases apart is what its machines run.
        alone = {release: _errors(world, rule, group, period) for release in releases for group in weights}
        return {"weights": releases, "errors": alone if len(releases) == 1 else dict.fromkeys(releases)}
    return {
        "weights": {names[group]: round(100 * weight / (whole or 1), 6) for group, weight in weights.items()},
        "errors": {names[group]: _errors(world, rule, group, period) for group in weights},
    }


def _releases(world: World, group: str) -> dict[str, float]:
    """The share of the machines that get requests, by the release they run; empty where it has no such machines."""
    known = world.servers.machines.known
    programs = Counter(known[one][1].program for one in world.servers.targets.healthy(group) if one in known)
    whole = sum(programs.values())
    return {_release(program): round(100 * count / whole, 6) for program, count in programs.items()}


def _release(program: str) -> str:
    """`v1`: the archive that a program came from, by its eTag."""
    for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
        for key, stored in bucket.keys.items():
            if stored.etag.strip('"') == program:
                return PurePosixPath(key).stem
    return program[:8]


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
