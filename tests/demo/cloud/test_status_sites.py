"""What the demo's page is told of apps whose sides are no target groups: a site of Route 53, servers in place."""

from typing import Any

import pytest

from demo.cloud import Cloud
from demo.cloud.building_codedeploy import BILLING
from demo.cloud.seed_billing import Billing, seed_billing
from demo.cloud.seed_edge import BLUE, EDGE, EDGE_ERRORS, GREEN, SITE, ZONE, put_records, seed_edge, weighted
from demo.cloud.traffic import FAILING
from tests.demo.cloud.codedeploy_bench import Deployer
from tests.demo.cloud.conftest import Clients


def app(cloud: Cloud, name: str) -> dict[str, Any]:
    """One app of the status."""
    return next(one for one in cloud.knobs.status()["apps"] if one["name"] == name)


def test_a_site_is_an_app_with_its_alarm(bare: Cloud) -> None:
    """Its stacks with the share of clients that go there, their errors, and the alarm that watches the site."""
    seed_edge(bare, rps=20.0)
    told = app(bare, EDGE)
    assert (told["weights"], told["rps"], told["alias"]) == ({BLUE: 100.0, GREEN: 0.0}, 20.0, SITE)
    assert told["errors"][BLUE] < 0.2 and told["errors"][GREEN] is None
    assert [(alarm["name"], alarm["state"]) for alarm in told["alarms"]] == [(EDGE_ERRORS, "OK")]
    assert bare.knobs.status()["other_alarms"] == {}


def test_shares_of_a_site_are_those_that_clients_follow(bare: Cloud) -> None:
    """Not what was written: resolvers remember, and the page shows how long; a bad stack shows its errors."""
    seed_edge(bare, rps=20.0, ttl=5, insync=3)
    bare.world.route53.sites.profiles[GREEN] = FAILING
    put_records(bare.world, ZONE, [weighted(SITE, BLUE, 50, ttl=5), weighted(SITE, GREEN, 50, ttl=5)])
    bare.step(2)
    assert app(bare, EDGE)["weights"] == {BLUE: 100.0, GREEN: 0.0}
    bare.step(140)
    told = app(bare, EDGE)
    assert told["weights"] == {BLUE: 50.0, GREEN: 50.0}
    assert told["errors"][GREEN] == pytest.approx(8, abs=1) and told["errors"][BLUE] < 0.2


def test_servers_updated_in_place_show_their_releases(bare: Cloud, clients: Clients) -> None:
    """One target group has everything, whatever runs: the strip shows the release of each server that gets requests."""
    billing: Billing = seed_billing(bare, period=60, rps=20)
    assert app(bare, BILLING)["weights"] == {"v1": 100.0}
    bare.step(70)
    assert app(bare, BILLING)["errors"]["v1"] < 0.5
    deployer = Deployer(clients("codedeploy"), BILLING)
    deployer.start(billing.revisions["v2"])
    shown: list[dict[str, float]] = []
    for _ in range(60):
        bare.step(5)
        weights = app(bare, BILLING)["weights"]
        if not shown or shown[-1] != weights:
            shown.append(weights)
    assert {"v1": 50.0, "v2": 50.0} in shown and shown[-1] == {"v2": 100.0}
    assert all(sum(weights.values()) == pytest.approx(100) for weights in shown)
    for one in bare.world.servers.machines.known.values():
        one[1].program = "0123456789abcdef"
    assert app(bare, BILLING)["weights"] == {"01234567": 100.0}
