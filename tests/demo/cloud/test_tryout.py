"""The test addresses of the demo's load balancers: what the release behind the test rule would answer."""

import urllib.error
import urllib.request

import pytest

from demo.cloud import Cloud
from demo.cloud.building import forward, perform
from demo.cloud.seed_shop import BLUE, Shop


def get(cloud: Cloud, path: str, **headers: str) -> tuple[int, str]:
    """Status and text over real HTTP."""
    request = urllib.request.Request(f"{cloud.endpoint_url}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def point(cloud: Cloud, shop: Shop, group: str) -> None:
    """Let the test rule send to that group, and the balancer follow."""
    perform(cloud.world, "elbv2", "ModifyRule", {"RuleArn": shop.test_rule, "Actions": [forward({group: 1})]})
    cloud.step(10)


def test_it_answers_for_whatever_stands_behind_the_test_rule(served: Cloud, shop: Shop) -> None:
    """Green has nobody yet: 503. Blue answers, on any path. A balancer that nobody made is 404."""
    assert get(served, "/__test/shop/") == (503, "shop-green has no healthy target\n")
    point(served, shop, shop.blue)
    assert get(served, "/__test/shop/healthz?a=1") == (200, "shop-blue answers\n")
    assert get(served, "/__test/nobody/")[0] == get(served, "/__test/")[0] == 404
    served.knobs.sicken(BLUE)
    served.step(15)
    assert get(served, "/__test/shop/")[0] == 503


def test_a_knob_says_what_it_answers(served: Cloud, shop: Shop) -> None:
    """Until it is turned back, or the world is reset; an app without a test rule is named with those that have one."""
    point(served, shop, shop.blue)
    assert served.knobs.test_answers() == "The test address of shop answers 503."
    assert get(served, "/__test/shop/")[0] == 503
    served.knobs.test_answers("shop", None)
    assert get(served, "/__test/shop/")[0] == 200
    with pytest.raises(LookupError, match="known: shop"):
        served.knobs.test_answers("my-app")
    with pytest.raises(ValueError, match="200 to 599"):
        served.knobs.test_answers("shop", 42)


def test_other_sites_may_not_ask(served: Cloud, shop: Shop) -> None:
    """A person's click on a link may; a page elsewhere that calls this port may not."""
    assert get(served, "/__test/shop/", Origin="https://evil.example.com")[0] == 403
    assert get(served, "/__test/shop/", Host="evil.example.com")[0] == 403
