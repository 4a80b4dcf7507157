"""What the demo's page shows of an application behind weighted names of Route 53: read only, without its alarms."""

from __future__ import annotations

from typing import Any

from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.metrics import Metric, epoch
from demo.cloud.route53_resolvers import Name
from demo.cloud.route53_sites import ERRORS, NAMESPACE
from demo.cloud.world import World


def apps_behind_names(world: World, period: int) -> list[dict[str, Any]]:
    """Every name that gets requests: where its clients go now, in percent by record, whatever was written."""
    return [
        {"name": app_of(name[1]), "alias": name[1].rstrip("."), "rps": rps, **_stacks(world, name, period)}
        for name, rps in world.route53.sites.rates().items()
    ]


def app_of(site: str) -> str:
    """`edge` of `edge.example.test.`: the app's name is the first label of its site."""
    return site.partition(".")[0]


def _stacks(world: World, name: Name, period: int) -> dict[str, Any]:
    resolvers = world.route53.resolvers
    followed = resolvers.followed(name)
    stacks = sorted({*resolvers.written(name), *followed})
    return {
        "weights": {stack: round(100 * followed.get(stack, 0.0), 6) for stack in stacks},
        "errors": {stack: _errors(world, stack, period) for stack in stacks},
    }


def _errors(world: World, stack: str, period: int) -> float | None:
    series = Metric(ACCOUNT, REGION, NAMESPACE, ERRORS, (("Stack", stack),))
    found = world.store.over(series, epoch(world.now()) - 2 * period, 2 * period)
    return round(100 * found.total / found.samples, 2) if found else None
