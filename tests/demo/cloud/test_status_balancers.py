"""What the demo's page is told of an application behind a load balancer."""

from typing import Any

import pytest

from demo.cloud import Cloud, seed_demo
from demo.cloud.building import add_definition, image_uri, perform
from demo.cloud.seed_shop import BLUE, CLUSTER, GREEN, Shop, seed_shop


def app(cloud: Cloud) -> dict[str, Any]:
    """The shop in the status."""
    return next(one for one in cloud.knobs.status()["apps"] if one["name"] == "shop")


def test_the_shop_is_an_app_with_its_alarms(bare: Cloud) -> None:
    """Behind the Lambda apps, which the page's knobs count on; its alarms are under it and under no other."""
    seed_demo(bare)
    seed_shop(bare)
    status = bare.knobs.status()
    assert [one["name"] for one in status["apps"]] == ["my-app", "radio", "lamp", "shop"]
    shop = app(bare)
    assert {alarm["name"]: alarm["state"] for alarm in shop["alarms"]} \
        == {"shop-errors": "OK", "shop-unserved": "OK", "shop-p99": "OK"}
    assert (shop["weights"], shop["rps"], status["other_alarms"]) == ({BLUE: 100.0, GREEN: 0.0}, 200.0, {})
    assert shop["errors"][BLUE] < 0.2 and shop["errors"][GREEN] is None
    assert all("shop" not in alarm["name"] for one in status["apps"][:3] for alarm in one["alarms"])


def test_weights_are_those_that_requests_follow(bare: Cloud, shop: Shop) -> None:
    """Percent of what takes effect now, not what was written: the page shows the delay."""
    bare.knobs.edit_rule({BLUE: 3, GREEN: 1})
    assert app(bare)["weights"] == {BLUE: 100.0, GREEN: 0.0}
    bare.step(10)
    assert app(bare)["weights"] == {BLUE: 75.0, GREEN: 25.0}


def test_a_request_that_nobody_answered_is_an_error_of_its_side(bare: Cloud, shop: Shop) -> None:
    """An empty green fails all of its share, blue none of its own."""
    bare.knobs.edit_rule({BLUE: 90, GREEN: 10})
    bare.step(200)
    errors = app(bare)["errors"]
    assert errors[GREEN] == 100.0
    assert errors[BLUE] < 0.2


def test_a_bad_image_shows_its_share(bare: Cloud, shop: Shop, ecs: Any) -> None:
    """Eight of a hundred answers of green are errors."""
    definition = add_definition(bare.world, GREEN, image_uri("shop", "v3"))
    ecs.update_service(cluster=CLUSTER, service=GREEN, taskDefinition=definition, desiredCount=2)
    bare.step(30)
    bare.knobs.edit_rule({BLUE: 75, GREEN: 25})
    bare.step(200)
    assert app(bare)["errors"][GREEN] == pytest.approx(8, abs=0.3)


def test_alarms_of_a_load_balancer_without_requests_are_counted_only(bare: Cloud, shop: Shop) -> None:
    """Where no app stands on the page its alarms are not lost: they are among the others."""
    bare.world.servers.flow.clear()
    status = bare.knobs.status()
    assert (status["apps"], status["other_alarms"]) == ([], {"OK": 3})


def test_weights_that_are_all_zero_and_a_dimension_of_another_form(bare: Cloud, shop: Shop) -> None:
    """Neither stops the page: nothing gets a share, and the alarm is one of no app."""
    bare.world.servers.routing.delay = 0
    bare.knobs.edit_rule({BLUE: 0, GREEN: 0})
    bare.step(1)
    perform(bare.world, "cloudwatch", "PutMetricAlarm", {
        "AlarmName": "odd", "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Statistic": "Sum",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "shop"}], "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
    })
    assert app(bare)["weights"] == {BLUE: 0.0, GREEN: 0.0}
    assert bare.knobs.status()["other_alarms"] == {"INSUFFICIENT_DATA": 1}
