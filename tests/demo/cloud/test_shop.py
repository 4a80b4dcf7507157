"""The application `shop`: the same in every run, served by blue, and every way a release of it can go wrong."""

from collections import Counter
from typing import Any

import pytest

from demo.cloud import Cloud, ManualClock
from demo.cloud.building import add_definition, forward, image_uri
from demo.cloud.flow import Ledger, metric
from demo.cloud.knobs import BY_HAND
from demo.cloud.metrics import epoch
from demo.cloud.routing import PROPAGATION_SECONDS
from demo.cloud.scaling import CALLER
from demo.cloud.seed_shop import BLUE, CLUSTER, GREEN, REPOSITORY, RPS, TASKS, Shop, seed_shop


class Scene:
    """The shop and the few calls that a release makes."""

    def __init__(self, cloud: Cloud, shop: Shop, ecs: Any, elb: Any) -> None:
        self.cloud, self.shop, self.ecs, self.elb = cloud, shop, ecs, elb

    def fill_green(self, tag: str, count: int = TASKS) -> None:
        """Green gets so many tasks of an image."""
        definition = add_definition(self.cloud.world, GREEN, image_uri(REPOSITORY, tag))
        self.ecs.update_service(cluster=CLUSTER, service=GREEN, taskDefinition=definition, desiredCount=count)

    def resize(self, service: str, count: int) -> None:
        self.ecs.update_service(cluster=CLUSTER, service=service, desiredCount=count)

    def shift(self, green: int) -> None:
        """Green gets so many of a hundred requests."""
        weights = {self.shop.blue: 100 - green, self.shop.green: green}
        self.elb.modify_rule(RuleArn=self.shop.rule, Actions=[forward(weights)])

    @property
    def ledger(self) -> Ledger:
        return self.cloud.world.servers.flow.ledgers[self.shop.rule]

    def red(self) -> set[str]:
        """The alarms that are red."""
        return {alarm.name for alarm in self.cloud.world.alarms.every() if alarm.state.value == "ALARM"}

    def total(self, name: str, group: str = "", seconds: int = 60) -> float:
        """Sum of a metric of the load balancer over the last seconds, or of a group behind it."""
        clock = self.cloud.config.now
        found = self.cloud.world.store.over(metric(name, self.shop.balancer, group), epoch(clock()) - seconds, seconds)
        return found.total if found else 0.0

    def desired(self) -> dict[str, int]:
        told = self.ecs.describe_services(cluster=CLUSTER, services=[BLUE, GREEN])["services"]
        return {one["serviceName"]: one["desiredCount"] for one in told}


@pytest.fixture
def scene(bare: Cloud, shop: Shop, ecs: Any, elb: Any) -> Scene:
    return Scene(bare, shop, ecs, elb)


# --- the seed


def test_the_arns_of_the_shop_never_change(bare: Cloud, elb: Any, clients: Any, shop: Shop) -> None:
    """They may stand in a configuration file: the same whatever moto made before, and the ones written here."""
    place = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:"
    assert shop.rule == f"{place}listener-rule/app/shop/cfd0d82b83cd0458/272dac60351b0bf0/8ec5dd99d0ba7b2f"
    assert shop.blue == f"{place}targetgroup/shop-blue/a584de2b17712484"
    assert shop.green == f"{place}targetgroup/shop-green/6cb6c0fb1931542a"
    assert shop.test_listener == f"{place}listener/app/shop/cfd0d82b83cd0458/d4a6180ae6351ae9"
    bare.reset()
    assert clients("ec2").describe_subnets()["Subnets"]
    assert seed_shop(bare, period=10) == shop
    assert elb.describe_rules(RuleArns=[shop.rule, shop.test_rule])["Rules"][0]["RuleArn"] == shop.rule


def test_blue_serves_and_nothing_failed_yet(scene: Scene) -> None:
    """Four tasks of v1 healthy, green without tasks, all alarms OK, six minutes of requests behind it."""
    assert scene.desired() == {BLUE: TASKS, GREEN: 0}
    health = scene.elb.describe_target_health(TargetGroupArn=scene.shop.blue)["TargetHealthDescriptions"]
    assert [one["TargetHealth"]["State"] for one in health] == ["healthy"] * TASKS
    assert {alarm.name: alarm.state.value for alarm in scene.cloud.world.alarms.every()} \
        == {"shop-errors": "OK", "shop-unserved": "OK", "shop-p99": "OK"}
    assert scene.ledger.requests == pytest.approx(360 * RPS, rel=0.02)
    assert scene.ledger.unserved == 0
    assert scene.ledger.failed < 0.001 * scene.ledger.requests


def test_images_are_found_by_tag_and_digest(scene: Scene, clients: Any) -> None:
    """v2 is the newest; an image by its digest is the image by its tag; the manifest tells its labels."""
    ecr, digests = clients("ecr"), scene.shop.digests
    images = {one["imageTags"][0]: one for one in ecr.describe_images(repositoryName=REPOSITORY)["imageDetails"]}
    assert max(images, key=lambda tag: images[tag]["imagePushedAt"]) == "v2"
    assert {tag: one["imageDigest"] for tag, one in images.items()} == digests
    by_digest = ecr.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digests["v3"]}])
    assert by_digest["imageDetails"][0]["imageTags"] == ["v3"]
    got = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v2"}])["images"][0]
    assert '"org.opencontainers.image.version": "v2"' in got["imageManifest"]


# --- requests


def test_requests_follow_the_weights(scene: Scene) -> None:
    """A quarter for green is a quarter of the requests, in the metrics of the groups and of the load balancer."""
    scene.fill_green("v2")
    scene.cloud.step(30)
    scene.shift(25)
    scene.cloud.step(PROPAGATION_SECONDS + 60)
    whole = scene.total("RequestCount")
    assert whole == pytest.approx(60 * RPS, rel=0.02)
    assert scene.total("RequestCount", scene.shop.green) == pytest.approx(whole / 4, rel=0.02)
    assert scene.total("RequestCount", scene.shop.blue) == pytest.approx(whole * 3 / 4, rel=0.02)
    assert scene.total("TargetResponseTime") / whole == pytest.approx(0.066, rel=0.05), "the mean in seconds"
    assert scene.ledger.unserved == 0


def test_the_old_side_is_stopped_after_the_traffic_has_moved(scene: Scene) -> None:
    """Whoever waits for the weights to take effect before he stops blue loses nothing."""
    scene.cloud.knobs.autoscaler(on=False)
    scene.fill_green("v2")
    scene.cloud.step(30)
    scene.shift(100)
    scene.cloud.step(PROPAGATION_SECONDS)
    scene.resize(BLUE, 0)
    scene.cloud.step(60)
    assert (scene.ledger.unserved, scene.ledger.stranded) == (0, 0)
    assert scene.red() == set()


def test_who_believes_the_answer_loses_requests(scene: Scene) -> None:
    """Blue stopped on ModifyRule's answer: its requests of the next seconds reach targets that are gone."""
    scene.cloud.knobs.autoscaler(on=False)
    scene.fill_green("v2")
    scene.cloud.step(30)
    scene.shift(100)
    scene.resize(BLUE, 0)
    scene.cloud.step(60)
    assert scene.ledger.stranded == scene.ledger.unserved
    assert (PROPAGATION_SECONDS - 2) * RPS < scene.ledger.stranded <= PROPAGATION_SECONDS * RPS * 1.04


def test_a_group_without_targets_answers_503(scene: Scene) -> None:
    """Weight on an empty green: its share fails, counted as lost but not as stranded, and the alarm turns red."""
    scene.shift(10)
    scene.cloud.step(240)
    assert scene.ledger.unserved == pytest.approx(240 * RPS / 10, rel=0.05)
    assert scene.ledger.stranded == 0
    assert scene.total("HTTPCode_ELB_5XX_Count") == pytest.approx(60 * RPS / 10, rel=0.05)
    assert scene.red() == {"shop-unserved"}


def test_v3_turns_the_errors_red(scene: Scene) -> None:
    """A tenth of the requests on an image that fails 8 %: red within three periods, green again once it is gone."""
    scene.fill_green("v3")
    scene.cloud.step(30)
    scene.shift(10)
    scene.cloud.step(180)
    assert scene.red() == {"shop-errors"}
    green = scene.total("HTTPCode_Target_5XX_Count", scene.shop.green)
    assert green == pytest.approx(0.08 * scene.total("RequestCount", scene.shop.green), rel=0.1)
    assert scene.total("HTTPCode_Target_5XX_Count", scene.shop.blue) < 20
    scene.shift(0)
    scene.cloud.step(180)
    assert scene.red() == set()


def test_v2_stays_green_for_half_an_hour(scene: Scene) -> None:
    """A good image at any weight raises no alarm."""
    scene.cloud.knobs.autoscaler(on=False)
    scene.fill_green("v2")
    scene.cloud.step(30)
    for share in (10, 50, 100):
        scene.shift(share)
        scene.cloud.step(600)
        assert scene.red() == set(), share


def test_v4_is_never_healthy(scene: Scene) -> None:
    """It crash-loops: no healthy target ever, and blue goes on serving."""
    scene.fill_green("v4")
    scene.cloud.step(120)
    assert scene.cloud.world.servers.targets.healthy(scene.shop.green) == []
    assert scene.ecs.describe_services(cluster=CLUSTER, services=[GREEN])["services"][0]["runningCount"] <= TASKS
    assert scene.red() == set()


def test_a_leak_turns_the_slowest_hundredth_red(scene: Scene) -> None:
    """An image that leaks looks well for some periods and is too slow in the end."""
    scene.cloud.knobs.push_image(REPOSITORY, "v5", "leak")
    scene.fill_green("v5")
    scene.cloud.step(30)
    scene.shift(50)
    scene.cloud.step(120)
    assert scene.red() == set()
    scene.cloud.step(480)
    assert scene.red() == {"shop-p99"}


def test_a_sick_blue_side(scene: Scene) -> None:
    """Requests fail at first as the targets still count as healthy, then find no target; green is not touched."""
    scene.cloud.knobs.sicken(BLUE)
    scene.cloud.step(5)
    assert scene.ledger.failed > 4 * RPS * 0.9
    assert scene.ledger.unserved == 0
    scene.cloud.step(10)
    assert scene.ledger.unserved > 0
    scene.cloud.step(180)
    assert scene.red() >= {"shop-unserved"}


def test_too_few_tasks_are_too_slow(scene: Scene) -> None:
    """Two tasks cannot answer what four did: a fifth of the requests fails."""
    scene.cloud.knobs.autoscaler(on=False)
    scene.resize(BLUE, 2)
    scene.cloud.step(60)
    assert scene.total("HTTPCode_Target_5XX_Count", seconds=30) == pytest.approx(0.2 * 30 * RPS, rel=0.1)


def test_healthy_hosts_are_counted(scene: Scene, clients: Any) -> None:
    """GetMetricData tells them by group, with the dimensions AWS uses."""
    query = {"Id": "hosts", "MetricStat": {"Period": 60, "Stat": "Minimum", "Metric": {
        "Namespace": "AWS/ApplicationELB", "MetricName": "HealthyHostCount", "Dimensions": [
            {"Name": "LoadBalancer", "Value": "app/shop/cfd0d82b83cd0458"},
            {"Name": "TargetGroup", "Value": "targetgroup/shop-blue/a584de2b17712484"},
        ]}}}
    end = scene.cloud.config.now().timestamp()
    told = clients("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=end - 180, EndTime=end)
    assert set(told["MetricDataResults"][0]["Values"]) == {float(TASKS)}


# --- the autoscaler


def test_a_side_without_requests_is_scaled_in(scene: Scene) -> None:
    """After the shift blue shrinks to its least size: a way back at once would overload it."""
    scene.fill_green("v2")
    scene.cloud.step(30)
    scene.shift(100)
    scene.cloud.step(180)
    assert scene.desired() == {BLUE: 2, GREEN: TASKS}
    scene.shift(0)
    scene.cloud.step(15)
    assert scene.total("HTTPCode_Target_5XX_Count", seconds=10) > 0.15 * 10 * RPS


def test_a_pin_keeps_the_side(scene: Scene, clients: Any) -> None:
    """With its least size registered as four, blue stays at four; the log has the registration."""
    where = {"ServiceNamespace": "ecs", "ResourceId": f"service/{CLUSTER}/{BLUE}",
             "ScalableDimension": "ecs:service:DesiredCount"}
    clients("application-autoscaling").register_scalable_target(**where, MinCapacity=TASKS)
    told = clients("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[where["ResourceId"]])["ScalableTargets"][0]
    assert (told["MinCapacity"], told["MaxCapacity"]) == (TASKS, 10)
    scene.fill_green("v2")
    scene.shift(100)
    scene.cloud.step(240)
    assert scene.desired()[BLUE] == TASKS
    entry = scene.cloud.log.of("application-autoscaling:RegisterScalableTarget")[0]
    assert entry.parameters["MinCapacity"] == TASKS


@pytest.mark.parametrize(("key", "blue"), [("DynamicScalingInSuspended", TASKS), ("DynamicScalingOutSuspended", 2)])
def test_a_suspended_side_is_not_scaled_in(scene: Scene, clients: Any, key: str, blue: int) -> None:
    """Suspending scale-in holds the size; suspending scale-out does not."""
    clients("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{BLUE}",
        ScalableDimension="ecs:service:DesiredCount", SuspendedState={key: True},
    )
    scene.fill_green("v2")
    scene.cloud.step(30)
    scene.shift(100)
    scene.cloud.step(180)
    assert scene.desired()[BLUE] == blue


def test_a_deployment_in_progress_is_not_scaled_in(scene: Scene) -> None:
    """Green's tasks crash for minutes without a request: it keeps the size that was asked for until it is steady."""
    scene.fill_green("v4")
    scene.cloud.step(180)
    assert scene.desired()[GREEN] == TASKS


def test_more_requests_are_scaled_out(scene: Scene) -> None:
    """Twice the requests bring more tasks within a minute, never more than the most; its writes are logged."""
    scene.cloud.knobs.rule_rps(2 * RPS)
    scene.cloud.step(90)
    assert scene.desired() == {BLUE: 7, GREEN: 0}
    scene.cloud.knobs.rule_rps(5 * RPS)
    scene.cloud.step(120)
    assert scene.desired()[BLUE] == 10
    callers = Counter(entry.caller for entry in scene.cloud.log.of("ecs:UpdateService"))
    assert set(callers) == {CALLER.format("123456789012")}


# --- the knobs


def test_a_foreign_edit_of_the_weights(scene: Scene) -> None:
    """The rule has other weights, written by another caller than ours; unknown groups are refused."""
    assert scene.cloud.knobs.edit_rule({BLUE: 50, GREEN: 50}).startswith("The rule was edited by hand")
    entry = scene.cloud.log.of("elbv2:ModifyRule")[0]
    assert entry.caller == BY_HAND
    assert entry.after == {"weights": {scene.shop.blue: 50, scene.shop.green: 50}}
    with pytest.raises(LookupError, match="no target group red; known: shop-blue, shop-green"):
        scene.cloud.knobs.edit_rule({"red": 1})
    with pytest.raises(ValueError, match="Weight must be from 0 to 999, not 1000"):
        scene.cloud.knobs.edit_rule({BLUE: 1000})


def test_what_knobs_over_servers_refuse(scene: Scene) -> None:
    """Unknown services and kinds of image, and times out of range, each with what is known."""
    knobs = scene.cloud.knobs
    with pytest.raises(LookupError, match="no service or group shop-red; known: shop-blue, shop-green"):
        knobs.sicken("shop-red")
    with pytest.raises(ValueError, match="no kind of image 'odd'; known: good, errors, leak, crash"):
        knobs.push_image(REPOSITORY, "v6", "odd")
    with pytest.raises(LookupError, match="no load balancer search gets requests; known: shop"):
        knobs.rule_rps(1, "search")
    with pytest.raises(ValueError, match="seconds is 0 to 600, not -1"):
        knobs.propagation(-1)
    with pytest.raises(ValueError, match="seconds is 1 to 600, not 0"):
        knobs.slow_start(BLUE, 0)


def test_the_knobs_tell_what_is(scene: Scene) -> None:
    """Services, weights as written and as followed, and the counted requests, as JSON can carry them."""
    scene.shift(30)
    scene.cloud.knobs.crash_loop(GREEN)
    told = scene.cloud.knobs.servers()
    assert told["services"][GREEN] | {"definition": ""} \
        == {"desired": 0, "running": 0, "definition": "", "sick": False, "crashing": True}
    rule = told["rules"][scene.shop.rule]
    assert (rule["written"][scene.shop.green], rule["effective"][scene.shop.green]) == (30, 0)
    assert (rule["requests"], rule["stranded"]) == (scene.ledger.requests, 0)


def test_looking_late_sees_the_same(bare: Cloud) -> None:
    """Ten minutes in one look equal ten minutes second by second: tasks, requests, alarms."""
    def played(step: bool) -> tuple[Ledger, dict[str, float], list[str]]:
        bare.reset()
        clock = bare.config.now
        assert isinstance(clock, ManualClock)
        clock.advance(60 - clock().timestamp() % 60)
        shop = seed_shop(bare)
        bare.knobs.rule_rps(300)
        bare.knobs.sicken(BLUE)
        if step:
            bare.step(600)
        else:
            clock.advance(600)
            bare.knobs.servers()
        servers = bare.world.servers
        ids = [task.id for fleet in servers.services.fleets.values() for task in fleet.tasks]
        return servers.flow.ledgers[shop.rule], servers.flow.loads, ids

    assert played(step=True) == played(step=False)
