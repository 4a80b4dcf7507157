"""What the look at a requested ECS rollout finds out: the image that is meant, what would ship, what would go wrong."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from pydantic import ValidationError

from aws.ecs_images import name_of, parse
from aws.ecs_replies import ImageRow
from aws.ecs_target import EcsTarget
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import (
    add_balancer,
    add_definition,
    add_group,
    add_image,
    add_rule,
    forward,
    image_uri,
)
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.seed_shop import BLUE, GREEN, REPOSITORY, TASKS
from rollout.actions import Finish, Launch, Retire, Shift
from rollout.errors import NotFound, Refused, TargetError
from rollout.release import Check
from tests.aws.bench import CloudClock
from tests.aws.ecs_bench import EcsBench
from tests.aws.hooks import answers


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> EcsBench:
    return EcsBench(served, sessions, CloudClock(served))


def checks(bench: EcsBench, wanted: str = "", **changes: Any) -> dict[str, Check]:
    return {check.name: check for check in bench.driver.prepare(bench.requested(wanted, 1, **changes)).checks}


def register(bench: EcsBench, family: str = BLUE, image: str = "", **container: Any) -> str:
    """A revision with another container; gives its ARN."""
    ecs: Any = ecs_backends[ACCOUNT][REGION]
    first = {
        "name": "app", "image": image or image_uri(REPOSITORY, bench.shop.digests["v1"]), "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
    }  # fmt: skip
    containers = [{**first, **{key: value for key, value in container.items() if key != "beside"}}]
    containers += container.get("beside", [])
    return str(ecs.register_task_definition(
        family, containers, network_mode="awsvpc", requires_compatibilities=["FARGATE"], cpu="512", memory="1024",
        task_role_arn=f"arn:aws:iam::{ACCOUNT}:role/shop-task",
    ).arn)  # fmt: skip


# --- which image


@pytest.mark.parametrize("wanted", ["", "latest", "v2", "digest", "short"])
def test_a_release_is_pinned_by_its_digest(bench: EcsBench, wanted: str) -> None:
    """The newest tagged image, a tag, a digest or its beginning: the same image, under the name that people gave it."""
    digest = bench.shop.digests["v2"]
    prepared = bench.driver.prepare(bench.requested({"digest": digest, "short": digest[:15]}.get(wanted, wanted)))
    assert (prepared.stable.id, prepared.candidate.id) == ("v1", "v2")
    pinned = prepared.candidate.pinned
    assert pinned["digest"] == digest == prepared.candidate.content and pinned["image"].endswith(f"/shop@{digest}")
    assert (pinned["service"], pinned["target_group"]) == (GREEN, bench.shop.green)
    assert prepared.candidate.published_at is not None
    assert prepared.stable.pinned["task_definition"].endswith("task-definition/shop-blue:1")
    assert prepared.snapshot["count"] == TASKS and prepared.snapshot["limits"] == {"stable": 2, "candidate": 0}
    assert bench.shop.rule in prepared.snapshot["rules"]  # type: ignore[operator]  # opaque to everybody but the driver


def test_latest_is_the_image_pushed_last_and_no_signature(bench: EcsBench) -> None:
    """Signatures are pushed after the image under a tag of their own; an image without a tag is nobody's release."""
    add_image(bench.cloud.world, REPOSITORY, "v5", ago=timedelta(seconds=60))
    add_image(bench.cloud.world, REPOSITORY, f"sha256-{bench.shop.digests['v2'][7:]}.sig")
    assert bench.driver.prepare(bench.requested()).candidate.id == "v5"


def test_images_are_found_over_pages(bench: EcsBench) -> None:
    """The newest one may stand on the last page."""
    rows = [{"imageDigest": f"sha256:{number:064x}", "imageTags": [f"n{number}"],
             "imagePushedAt": bench.clock.now().replace(year=2020 + number)} for number in range(3)]  # fmt: skip
    served = {"imageDetails": [{"imageDigest": bench.shop.digests["v1"], "imageTags": ["v1"]}]}
    pages = [{"imageDetails": [row], **({"nextToken": "more"} if row is not rows[-1] else {})} for row in rows]
    with answers(bench.sessions, "ecr", "DescribeImages", served, *pages) as asked:
        assert bench.driver.prepare(bench.requested()).candidate.id == "n2"
    assert [one.get("nextToken") for one in asked] == [None, None, "more", "more"]


def test_an_unknown_tag_is_refused_with_the_newest(bench: EcsBench) -> None:
    """Newest first, those that could have been meant."""
    with pytest.raises(NotFound) as caught:
        bench.driver.prepare(bench.requested("v22"))
    assert str(caught.value) == "shop has no image v22. it has v2, v3, v4, v1"


def test_a_short_digest_must_name_one_image(bench: EcsBench) -> None:
    """None and several are told apart."""
    with pytest.raises(NotFound, match="shop has no image sha256:00000000"):
        bench.driver.prepare(bench.requested("sha256:00000000"))
    rows = [{"imageDigest": f"sha256:{'a' * 63}{number}"} for number in range(2)]
    served = {"imageDetails": rows}
    with (
        answers(bench.sessions, "ecr", "DescribeImages", served),
        pytest.raises(NotFound, match="shop has several images sha256:aaaaaaaa"),
    ):
        bench.driver.prepare(bench.requested("sha256:aaaaaaaa"))


def test_what_serves_already_is_known_under_any_name(bench: EcsBench) -> None:
    """The same digest is the same release, whatever it is called."""
    for wanted in ("v1", bench.shop.digests["v1"], bench.shop.digests["v1"][:15]):
        with pytest.raises(Refused, match="already serves v1"):
            bench.driver.prepare(bench.requested(wanted))


@pytest.mark.parametrize(
    ("tags", "asked", "told"),
    [
        (("v1", "latest"), "", "v1"), (("latest",), "", "sha256:aaaaaaaa"), ((), "", "sha256:aaaaaaaa"),
        (("2-build", "2"), "2-build", "2-build"), (("2-build", "2"), "", "2"), (("v1", "latest"), "latest", "v1"),
    ],
)  # fmt: skip
def test_a_release_is_called_what_people_call_it(tags: tuple[str, ...], asked: str, told: str) -> None:
    """The tag that was given, else the shortest, never `latest`; else the beginning of the digest."""
    row = ImageRow.model_validate({"imageDigest": f"sha256:{'a' * 64}", "imageTags": tags})
    assert name_of(row, asked) == told


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/a/b:v1", "a/b", "v1", ""),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/a", "a", "", ""),
        (f"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a@sha256:{'0' * 64}", "a", "", f"sha256:{'0' * 64}"),
        (f"123456789012.dkr-ecr.us-east-1.on.aws/a:v1@sha256:{'0' * 64}", "a", "v1", f"sha256:{'0' * 64}"),
    ],
)  # fmt: skip
def test_names_of_images_are_taken_apart(text: str, repository: str, tag: str, digest: str) -> None:
    """Tag, digest, both or none; a pinned one has the digest alone."""
    found = parse(text)
    assert found is not None and (found.repository, found.tag, found.digest) == (repository, tag, digest)
    assert found.pinned("sha256:1") == f"{text.split('/', maxsplit=1)[0]}/{repository}@sha256:1"
    assert parse("nginx:1.27") is None and parse("public.ecr.aws/nginx/nginx:1") is None


def test_an_image_outside_of_ecr_is_deployed_by_its_definition(bench: EcsBench) -> None:
    """Nobody can say what is newest there: the hint is the way that works."""
    bench.deploy(BLUE, register(bench, image="nginx:1.27"))
    bench.cloud.step(60)
    with pytest.raises(Refused, match=r"image of app is not in ECR: nginx:1\.27") as caught:
        bench.driver.prepare(bench.requested())
    assert "@td:shop-blue:<revision>" in caught.value.hint
    register(bench, image="nginx:1.28")
    prepared = bench.driver.prepare(bench.requested("td:shop-blue:3"))
    assert (prepared.stable.id, prepared.candidate.id) == ("td:shop-blue:2", "td:shop-blue:3")
    assert prepared.diff[0] == "image nginx:1.27 → nginx:1.28"


def test_a_tag_that_serves_is_warned_of(bench: EcsBench) -> None:
    """Whoever moves the tag moves the way back; from the next rollout on it is a digest."""
    bench.deploy(BLUE, add_definition(bench.cloud.world, BLUE, image_uri(REPOSITORY, "v1")))
    bench.cloud.step(60)
    prepared = bench.driver.prepare(bench.requested())
    assert prepared.stable.id == "v1" and prepared.stable.pinned["digest"] == bench.shop.digests["v1"]
    assert {check.name: check.state for check in prepared.checks}["live tag"] == "warn"
    with pytest.raises(Refused, match="already serves v1"):
        bench.driver.prepare(bench.requested(bench.shop.digests["v1"]))


# --- by task definition, and back


def test_a_release_can_be_a_task_definition(bench: EcsBench) -> None:
    """For what is no new image: sizes, variables, roles. Both sides are called by it, so a way back finds it."""
    secret = {"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:eu-central-1:1:secret:b"}
    beside = [{"name": "proxy", "image": "envoy:1", "essential": False}]
    register(
        bench, beside=beside, memory=256, secrets=[secret], command=["serve"],
        environment=[{"name": "STAGE", "value": "hidden-1"}, {"name": "NEW", "value": "hidden-2"}],
        portMappings=[{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"},
                      {"containerPort": 9090, "hostPort": 9090, "protocol": "tcp"}],
    )  # fmt: skip
    prepared = bench.driver.prepare(bench.requested("td:shop-blue:2", container="app"))
    assert (prepared.stable.id, prepared.candidate.id) == ("td:shop-blue:1", "td:shop-blue:2")
    assert prepared.candidate.pinned["task_definition"].endswith("shop-blue:2")
    assert set(prepared.diff) >= {
        f"image unchanged: {bench.shop.digests['v1'][:15]}", "task definition shop-blue:1 → shop-blue:2",
        "cpu 256 → 512",
        "memory 512 → 1024", "task role none → shop-task", "execution role ecs-execution → none",
        "container added: proxy", "app: memory none → 256", "app: ports 8080/tcp → 8080/tcp, 9090/tcp",
        "app: command changed", "app: environment added: NEW", "app: environment changed: STAGE",
        "app: secret added: TOKEN",
    }  # fmt: skip
    assert "hidden" not in prepared.model_dump_json() and "production" not in prepared.model_dump_json()


def test_task_definitions_that_cannot_be_released_are_refused(bench: EcsBench) -> None:
    """Unknown ones with those that there are, the live one by name, one without the service's port or container."""
    with pytest.raises(NotFound) as caught:
        bench.driver.prepare(bench.requested("td:shop-blue:77"))
    assert str(caught.value) == "there is no task definition shop-blue:77. shop-blue has td:shop-blue:1"
    with pytest.raises(Refused, match="already serves td:shop-blue:1"):
        bench.driver.prepare(bench.requested("td:shop-blue:1"))
    register(bench, name="web")
    found = checks(bench, "td:shop-blue:2")["container"]
    assert found.state == "fail" and "port 8080 of the container app, which shop-blue:2 does not have" in found.text
    register(bench, beside=[{"name": "proxy", "image": "envoy:1"}])
    with pytest.raises(Refused, match="shop-blue:3 has several containers") as several:
        bench.driver.prepare(bench.requested("td:shop-blue:3"))
    assert several.value.hint == "name one as `container`: app, proxy"
    with pytest.raises(Refused, match="shop-blue:1 has no container web"):
        bench.driver.prepare(bench.requested("v2", container="web"))


def test_only_containers_of_the_same_image_change(bench: EcsBench) -> None:
    """A second container of the release's image goes with it, one of another image stays."""
    image = image_uri(REPOSITORY, bench.shop.digests["v1"])
    beside = [{"name": "worker", "image": image}, {"name": "proxy", "image": "envoy:1"}]
    bench.deploy(BLUE, register(bench, beside=beside))
    bench.cloud.step(60)
    rollout = bench.looked(bench.accepted("v2", container="app"))
    assert bench.do(rollout, Launch(release="v2")).state == "done"
    made = ecs_backends[ACCOUNT][REGION].describe_task_definition("shop-blue:3").container_definitions
    new = image_uri(REPOSITORY, bench.shop.digests["v2"])
    assert {one["name"]: one["image"] for one in made} == {"app": new, "worker": new, "proxy": "envoy:1"}


def test_a_way_back_goes_to_the_definition_that_served(bench: EcsBench) -> None:
    """Recorded by name, found by content: the revision of before, on the side where it still stands."""
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=100))
    rollout = bench.looked(rollout)
    for action in (Retire(side="stable"), Finish()):
        bench.do(rollout, action)
    bench.cloud.step(60)
    back = bench.driver.prepare(bench.requested("v1").but(back=True))
    assert (back.stable.id, back.candidate.id) == ("v2", "v1")
    assert back.candidate.pinned["task_definition"].endswith("shop-blue:1")
    assert back.candidate.pinned["service"] == BLUE


def test_a_way_back_ships_what_was_recorded_whatever_its_tag_means_now(bench: EcsBench) -> None:
    """The tag has moved to another image: the very revision that served goes back, the tag alone is refused."""
    home = bench.accepted().stable
    assert home is not None and home.id == "v1"
    rollout = bench.launched()
    bench.do(rollout, Shift(percent=100))
    rollout = bench.looked(rollout)
    for action in (Retire(side="stable"), Finish()):
        bench.do(rollout, action)
    bench.cloud.step(60)
    images: Any = ecr_backends[ACCOUNT][REGION].repositories[REPOSITORY].images
    next(one for one in images if "v1" in one.image_tags).image_tags.append("kept")  # moto forgets what has no tag
    add_image(bench.cloud.world, REPOSITORY, "v1")
    with pytest.raises(Refused, match="which never ran here so"):
        bench.driver.prepare(bench.requested("v1").but(back=True))
    back = bench.driver.prepare(bench.requested("v1").but(back=True, home=home))
    assert back.candidate.pinned["digest"] == bench.shop.digests["v1"]
    assert back.candidate.pinned["task_definition"].endswith("shop-blue:1")


def test_a_way_back_never_ships_what_a_tag_has_become(bench: EcsBench) -> None:
    """It skips approval: a tag that means an image that never ran here is refused, with its digest."""
    with pytest.raises(Refused, match=f"v3 is {bench.shop.digests['v3'][:15]} now, which never ran here so"):
        bench.driver.prepare(bench.requested("v3").but(back=True))


# --- what would go wrong


def test_a_sound_target_warns_of_nothing_but_plain_http(bench: EcsBench) -> None:
    """The demo's shop, as it stands."""
    assert {name: check.state for name, check in checks(bench).items()} == {"http": "warn"}
    for listener in next(iter(elbv2_backends[ACCOUNT][REGION].load_balancers.values())).listeners.values():
        listener.protocol = "HTTPS"
    assert checks(bench) == {}


def test_rules_that_cannot_carry_a_rollout_are_refused(bench: EcsBench) -> None:
    """Split already, of different minds, of others too, a default rule: each with what was found."""
    bench.edit({"v1": 60, "v2": 40})
    assert "already split traffic: shop-blue: 60 %, shop-green: 40 %" in checks(bench)["split"].text
    bench.edit({"v1": 60, "shop-other": 40})
    assert "give weight to shop-other too" in checks(bench)["split"].text
    bench.edit({"v1": 100, "v2": 0})
    second = add_rule(bench.cloud.world, bench.shop.listener, {bench.shop.green: 1, bench.shop.blue: 0}, priority=11)
    found = checks(bench, rules=(bench.shop.rule, second))["split"]
    assert found.state == "fail" and "do not agree which side serves" in found.text
    bench.modify([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])
    with pytest.raises(TargetError, match="forwards to no target group, expected shop-blue or shop-green"):
        bench.driver.prepare(bench.requested())


def test_names_that_lead_nowhere_are_told_apart(bench: EcsBench) -> None:
    """A rule, a group, a service, a cluster: what does not exist is named."""
    gone = {**bench.settings["green"]}
    for changes, word in (
        ({"rules": (f"{bench.shop.rule[:-4]}0000",)}, "RuleNotFound"),
        ({"green": {**gone, "target_group": f"{bench.shop.green[:-4]}0000"}}, "target group shop-green does not exist"),
        ({"green": {**gone, "service": "shop-gray"}}, "cluster shop has no service shop-gray"),
        ({"cluster": "shopp"}, "ClusterNotFound"),
        ({"test_rule": f"{bench.shop.test_rule[:-4]}0000"}, "RuleNotFound"),
    ):
        with pytest.raises(TargetError, match=word) as caught:
            bench.driver.prepare(bench.requested("", 1, **changes))
        assert caught.value.kind == "absent"
    assert bench.cloud.log.applied == []


def test_groups_in_rules_that_nobody_named_are_refused(bench: EcsBench) -> None:
    """PipeCD 4530: traffic that would not move. The rule for tests is excepted when it is named; pages are followed."""
    found = checks(bench, test_rule="")["elsewhere"]
    assert found.state == "fail" and bench.shop.test_rule in found.hint
    other = add_group(bench.cloud.world, "shop-other")
    for number in range(55):
        add_rule(bench.cloud.world, bench.shop.listener, {other: 1}, priority=100 + number)
    assert "elsewhere" not in checks(bench)
    last = add_rule(bench.cloud.world, bench.shop.listener, {bench.shop.blue: 1}, priority=200)
    found = checks(bench)["elsewhere"]
    assert found.state == "fail" and last.rsplit("/", 1)[1] in found.text
    bench.second_listener()
    assert "listener" not in checks(bench)["elsewhere"].text and " rule " in checks(bench)["elsewhere"].text


def test_a_group_of_another_load_balancer_is_refused(bench: EcsBench) -> None:
    """Its targets can never get the traffic of these rules."""
    group = add_group(bench.cloud.world, "else-green")
    other = add_balancer(bench.cloud.world, "else")
    add_rule(bench.cloud.world, other.listener, {group: 1})
    green = {**bench.settings["green"], "target_group": group}
    found = checks(bench, green=green, test_rule="")["groups"]
    assert found.state == "fail" and "else-green belongs to the load balancer else, the rules to shop" in found.text


def test_a_default_rule_is_named_by_its_listener(bench: EcsBench) -> None:
    """ModifyRule refuses it: found before the start, with the ARN that works."""
    listener = bench.second_listener()
    default = next(
        rule.arn
        for balancer in elbv2_backends[ACCOUNT][REGION].load_balancers.values()
        for rule in balancer.listeners[listener].rules.values()
    )
    found = checks(bench, rules=(bench.shop.rule, default))["rules"]
    assert found.state == "fail" and listener in found.hint
    assert "rules" not in checks(bench, rules=(bench.shop.rule, listener))
    assert "elsewhere" not in checks(bench, rules=(bench.shop.rule, listener))


def test_what_the_start_will_do_to_the_rules_is_said(bench: EcsBench) -> None:
    """A group that stands nowhere is added with weight 0; clients that stay are told of, with how long."""
    bench.modify([{"Type": "forward", "TargetGroupArn": bench.shop.blue}])
    found = checks(bench)["attach"]
    assert found.state == "warn" and "the start adds the missing one with weight 0" in found.text
    action = forward({bench.shop.blue: 1, bench.shop.green: 0})
    action["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 5400}
    bench.modify([action])
    assert checks(bench)["sticky"].text.endswith("for 1h30m") and "attach" not in checks(bench)


def test_services_that_cannot_be_sides_are_refused(bench: EcsBench) -> None:
    """On the wrong group, without tasks, with another controller, strategy or scheduling, inactive."""
    swapped = {
        "blue": {**bench.settings["blue"], "service": GREEN}, "green": {**bench.settings["green"], "service": BLUE},
    }  # fmt: skip
    found = checks(bench, "", **swapped)
    assert "tasks of shop-blue are in the target group shop-blue, expected shop-green" in found["group"].text
    assert found["count"].state == "fail"
    for change, word in (
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "has the deployment controller CODE_DEPLOY, expected ECS"),
        ({"deploymentConfiguration": {"strategy": "CANARY"}}, "deployment strategy CANARY, which moves traffic"),
        ({"schedulingStrategy": "DAEMON"}, "scheduling strategy DAEMON, expected REPLICA"),
        ({"status": "DRAINING"}, "the service shop-green is DRAINING"),
    ):
        with answers(bench.sessions, "ecs", "DescribeServices", shown(bench, **change)):
            failed = [check for check in checks(bench).values() if check.state == "fail"]
        assert word in failed[0].text and len(failed) == 1


def shown(bench: EcsBench, **change: Any) -> dict[str, Any]:
    """DescribeServices with something changed about green."""
    rows = []
    for name, group in ((BLUE, bench.shop.blue), (GREEN, bench.shop.green)):
        row = {
            "serviceName": name, "status": "ACTIVE", "desiredCount": 4 if name == BLUE else 0, "runningCount": 0,
            "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:1", "launchType": "FARGATE",
            "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
        }  # fmt: skip
        rows.append(row | (change if name == GREEN else {}))
    return {"services": rows, "failures": []}


def test_what_differs_between_the_services_is_warned_of(bench: EcsBench) -> None:
    """Not the release's doing: subnets, launch type, a second group, a circuit breaker that goes back by itself."""
    network = {"awsvpcConfiguration": {"subnets": ["subnet-other"], "securityGroups": []}}
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    app = {"containerName": "app", "containerPort": 8080}
    groups = [{"targetGroupArn": arn, **app} for arn in (bench.shop.green, "arn:x:targetgroup/inside/1")]
    change = {"networkConfiguration": network, "launchType": "EC2", "deploymentConfiguration": breaker}
    with answers(bench.sessions, "ecs", "DescribeServices", shown(bench, **change, loadBalancers=groups)):
        found = checks(bench)
    assert found["unlike"].text == "shop-blue and shop-green differ in launch type, subnets"
    assert "are in inside too, whose traffic is not moved" in found["group"].text
    assert {found[name].state for name in ("unlike", "group", "breaker")} == {"warn"}


def test_a_deployment_in_progress_is_waited_for(bench: EcsBench) -> None:
    """ECS would mix two definitions in one side."""
    bench.deploy(BLUE, add_definition(bench.cloud.world, BLUE, image_uri(REPOSITORY, "v3")))
    bench.cloud.step(1)
    found = checks(bench)["deployment"]
    assert found.state == "fail" and found.text == (
        "a deployment of shop-blue is in progress: shop-blue:2, shop-blue:1"
    )
    bench.cloud.step(60)
    assert "deployment" not in checks(bench)


def test_autoscalers_that_leave_no_room_are_refused(bench: EcsBench) -> None:
    """The new side could not carry all traffic; an idle side that keeps tasks is told of, with how many."""
    bench.limit(GREEN, least=2, most=3)
    found = checks(bench)
    assert found["limits"].state == "fail" and "to 3 tasks at most, all traffic needs 4" in found["limits"].text
    assert found["idle"].state == "warn" and "keeps 2 tasks" in found["idle"].text


def test_limits_that_cannot_be_read_refuse_the_start(bench: EcsBench) -> None:
    """Nobody could pin them later; the permission is named."""
    error = {
        "Error": {"Code": "AccessDeniedException", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400},
    }  # fmt: skip
    refused = ClientError(error, "DescribeScalableTargets")  # type: ignore[arg-type]  # botocore's own type is narrower
    with answers(bench.sessions, "application-autoscaling", "DescribeScalableTargets", refused):
        assert "application-autoscaling:DescribeScalableTargets" in checks(bench)["limits"].hint


def test_services_without_an_autoscaler_need_no_pins(bench: EcsBench) -> None:
    """Nothing shrinks by itself: None, which stops nobody, and a launch writes no limits."""
    applicationautoscaling_backends[ACCOUNT][REGION].targets.clear()
    rollout = bench.launched()
    seen = bench.seen(rollout)
    assert (seen.pinned, seen.candidate.state) == (None, "healthy")


# --- check


def test_examine_tells_what_serves_and_what_would_come(bench: EcsBench) -> None:
    """The findings of a start, without one; a split or a deployment may be a live rollout of ours."""
    target = EcsTarget.model_validate(bench.settings)
    names, http = bench.driver.examine(target)
    assert names.state == "ok" and names.text == (
        "cluster shop, shop-blue serves with 4 tasks, shop-green comes; v1 serves, v2 would come next"
    )
    assert http.name == "http"
    bench.edit({"v1": 50, "v2": 50})
    bench.deploy(GREEN, add_definition(bench.cloud.world, GREEN, image_uri(REPOSITORY, "v3")))
    found = {check.name: check for check in bench.driver.examine(target)}
    assert (found["split"].state, found["deployment"].state) == ("warn", "warn")
    assert "right while a rollout is live" in found["deployment"].hint and bench.cloud.log.applied == []


def test_examine_finds_what_would_be_refused(bench: EcsBench) -> None:
    """Where something fails there is no word that all is well; nothing newer is no failure."""
    target = EcsTarget.model_validate(bench.settings | {"test_rule": ""})
    assert [check.name for check in bench.driver.examine(target) if check.state == "fail"] == ["elsewhere"]
    add_image(bench.cloud.world, REPOSITORY, "v1")
    names = bench.driver.examine(EcsTarget.model_validate(bench.settings))[0]
    assert names.state == "ok"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cluster", "arn:aws:ecs:eu-central-1:123456789012:cluster/shop"), ("rules", []), ("rules", ["shop"]),
        ("rules", ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/net/shop/aaaa/bbbb"]),
        ("rules", ["arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/aaaa/bbbb"]),
        ("test_rule", "shop"), ("container", "a b"), ("floor", -1), ("region", "Frankfurt"), ("kind", "lambda"),
        ("blue", {"service": "shop-blue", "target_group": "shop-blue"}), ("colour", "blue"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_is_refused(bench: EcsBench, key: str, value: object) -> None:
    """Mistakes in the configuration are found when it is read, not when somebody deploys."""
    with pytest.raises(ValidationError):
        EcsTarget.model_validate({**bench.settings, key: value})


def test_two_sides_are_two(bench: EcsBench) -> None:
    """One service twice, one group twice, one rule twice: each is told."""
    blue, green = bench.settings["blue"], bench.settings["green"]
    for change, word in (
        ({"green": {**green, "service": blue["service"]}}, "both 'shop-blue'"),
        ({"green": {**green, "target_group": blue["target_group"]}}, "the same target_group"),
        ({"rules": [bench.shop.rule, bench.shop.rule]}, "named twice"),
        ({"test_rule": bench.shop.rule}, "named twice"),
    ):
        with pytest.raises(ValidationError, match=word):
            EcsTarget.model_validate({**bench.settings, **change})
