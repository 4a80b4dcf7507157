from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aws.codedeploy import CodeDeploy
from aws.codedeploy_schedule import LONGEST, PREDEFINED, Schedule, configuration_for, schedule_of
from aws.codedeploy_target import CodeDeployTarget, Platform
from demo.cloud import codedeploy_configs
from rollout.plan import BUILT_IN, Plan
from rollout.ports import Scheduler

OWN: dict[str, dict[str, object]] = {
    "lambda": {"function": "my-app", "alias": "live"},
    "ecs": {"cluster": "shop", "service": "shop"},
    "server": {"bucket": "builds", "key": "my-app-{release}.zip"},
}


def target(on: str, **more: object) -> CodeDeployTarget:
    names = {"application": "my-app", "group": "prod", "platform": on, "region": "eu-central-1"}
    return CodeDeployTarget.model_validate({**names, **OWN[on], **more})


def plan(text: str) -> Plan:
    return Plan.parse("plan", text)


def test_it_is_a_scheduler() -> None:
    """The configuration finds out by this what a driver of its kind can step through."""
    assert isinstance(CodeDeploy, Scheduler)


@pytest.mark.parametrize(
    ("platform", "text", "name"),
    [
        ("lambda", "100%", "CodeDeployDefault.LambdaAllAtOnce"),
        ("ecs", "100%", "CodeDeployDefault.ECSAllAtOnce"),
        ("server", "100%", "CodeDeployDefault.AllAtOnce"),
        ("lambda", "10% 5m, 100%", "CodeDeployDefault.LambdaCanary10Percent5Minutes"),
        ("ecs", "10% 15m, 100%", "CodeDeployDefault.ECSCanary10Percent15Minutes"),
        ("lambda", BUILT_IN["linear"], "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"),
        ("ecs", BUILT_IN["linear"], "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"),
        ("ecs", BUILT_IN["bluegreen"], "CodeDeployDefault.ECSAllAtOnce"),
        ("ecs", "10% 10m, 100%", "tidegate-ecs-canary-10-10m"),
        ("lambda", "5% 1h, 100%", "tidegate-lambda-canary-5-60m"),
        ("lambda", "25% 3m, 50% 3m, 75% 3m, 100%", "tidegate-lambda-linear-25-3m"),
        ("lambda", "30% 2m, 60% 2m, 90% 2m, 100%", "tidegate-lambda-linear-30-2m"),
        ("ecs", "0%, approve, 10% 5m, 100%", "CodeDeployDefault.ECSCanary10Percent5Minutes"),
    ],
)
def test_plans_have_the_name_of_their_content(platform: Platform, text: str, name: str) -> None:
    """CodeDeploy's own configuration where it has one, irregular names included, else one named by its content."""
    found = schedule_of(target(platform), plan(text))
    assert isinstance(found, Schedule) and found.name(platform) == name
    assert CodeDeploy.misfit(target(platform), plan(text)) == ""
    assert found.given(platform) == name.startswith("CodeDeployDefault")


def test_the_given_configurations_are_what_aws_has() -> None:
    """Each of CodeDeploy's own shifting configurations is known, by its very name, with its very content."""
    aws = {
        name: config for name, config in codedeploy_configs.given().items()
        if config.platform != "Server" or name.endswith(".AllAtOnce")
    }  # fmt: skip
    assert PREDEFINED.keys() == aws.keys()
    for name, schedule in PREDEFINED.items():
        routing = aws[name].routing
        assert (schedule.percent, schedule.minutes) == (routing.percent, routing.interval), name


@pytest.mark.parametrize(
    ("platform", "text", "words"),
    [
        ("lambda", BUILT_IN["canary"], "shares or intervals are not equal"),
        ("lambda", "10% 5m, 20% 6m, 100%", "not equal"),
        ("lambda", "10% 5m, 40% 5m, 100%", "not equal"),
        ("lambda", "10%, 100%", "10% has no duration"),
        ("lambda", "10% 49h, 100%", "longer than the 2880 min"),
        ("lambda", "40% 25h, 80% 25h, 100%", "its shares take 3000 min together"),
        ("lambda", "0%, approve, 100%", "never wait for a person"),
        ("lambda", "10% 5m, check smoke, 100%", "steps that CodeDeploy cannot take"),
        ("lambda", "10% 5m, watch", "`watch` stands alone"),
        ("ecs", "10% 5m, approve, 100%", "only before any traffic"),
        ("ecs", "0%, approve, approve, 100%", "only before any traffic"),
        ("ecs", "approve, 100%", "only before any traffic"),
        ("server", "10% 5m, 100%", "CodeDeployDefault.OneAtATime"),
        ("server", BUILT_IN["canary-servers"], "only before any traffic"),
    ],
)
def test_what_codedeploy_cannot_do_is_said(platform: str, text: str, words: str) -> None:
    """A plan that does not fit says why, before anybody deploys."""
    assert words in CodeDeploy.misfit(target(platform), plan(text))


@pytest.mark.parametrize("platform", ["lambda", "ecs", "server"])
def test_the_groups_own_configuration_always_fits(platform: str) -> None:
    """`watch` leaves the schedule to the group."""
    assert CodeDeploy.misfit(target(platform), plan("watch")) == ""
    assert CodeDeploy.bounds(target(platform), plan("watch")) == ()
    assert target(platform).plan == "watch"


def test_rounding_is_said_and_never_shortens() -> None:
    """CodeDeploy counts whole minutes: what is watched longer than asked is told."""
    assert CodeDeploy.bounds(target("lambda"), plan("10% 90s, 100%")) == (
        "1m30s becomes 2 min: CodeDeploy counts whole minutes",
    )
    assert schedule_of(target("lambda"), plan("10% 90s, 100%")) == Schedule("canary", 10, 2)
    assert CodeDeploy.bounds(target("lambda"), plan("10% 2m, 100%")) == ()


def test_more_than_one_word_is_kept_here() -> None:
    """CodeDeploy's wait ends at one word; the second pair of eyes is ours."""
    assert "one person's word" in CodeDeploy.bounds(target("ecs"), plan("0%, approve 2, 100%"))[0]


def test_a_named_configuration_decides_on_servers() -> None:
    """How many instances at a time is no percentage: the name in the target stands above the plan, and says so."""
    named = target("server", configuration="CodeDeployDefault.OneAtATime")
    assert configuration_for(named, plan("100%"), back=False) == "CodeDeployDefault.OneAtATime"
    assert "CodeDeployDefault.OneAtATime decides" in CodeDeploy.bounds(named, plan("100%"))[0]
    at_once = configuration_for(target("server"), plan("100%"), back=False)
    assert isinstance(at_once, Schedule) and at_once.name("server") == "CodeDeployDefault.AllAtOnce"


def test_a_way_back_never_takes_all_servers_at_once() -> None:
    """`100%` on instances in place leaves nobody to serve; a way back uses the group's own pace."""
    assert configuration_for(target("server"), plan("100%"), back=True) == ""
    assert configuration_for(target("lambda"), plan("100%"), back=True) == Schedule("all-at-once")


@settings(max_examples=150, deadline=None)
@given(percent=st.integers(1, 99), minutes=st.integers(1, 2880), steps=st.integers(1, 12), ecs=st.booleans())
def test_what_is_made_on_demand_is_what_was_asked(percent: int, minutes: int, steps: int, ecs: bool) -> None:
    """Every schedule of ours is one that CodeDeploy takes, and that shifts exactly as the plan says."""
    platform: Platform = "ecs" if ecs else "lambda"
    shares = [percent * n for n in range(1, steps + 1) if percent * n < 100] or [percent]
    text = ", ".join(f"{share}% {minutes}m" for share in shares) + ", 100%"
    found = schedule_of(target(platform), plan(text))
    if isinstance(found, str):
        longest = platform == "lambda" and minutes * len(shares) > LONGEST
        assert len(shares) > 1 and (longest or shares[-1] + percent < 100)  # or the last step would be the largest
        return
    assert ecs or minutes * len(shares) <= LONGEST
    config = codedeploy_configs.made_of(
        {
            "deploymentConfigName": f"made-{found.name(platform)}"[:100].replace("CodeDeployDefault", "x"),
            "computePlatform": "ECS" if ecs else "Lambda", "trafficRoutingConfig": found.routing,
        }, datetime.now(UTC),
    )  # fmt: skip
    seen = [config.routing.share_after(60.0 * minutes * n + 1, 60.0) for n in range(len(shares) + 1)]
    assert seen == [*map(float, shares), 100.0]


@pytest.mark.parametrize(
    ("platform", "change", "words"),
    [
        ("lambda", {"function": ""}, "platform lambda needs function"),
        ("ecs", {"cluster": ""}, "platform ecs needs cluster"),
        ("lambda", {"bucket": "builds", "key": "a.zip"}, "bucket belongs to platform server"),
        ("server", {"function": "my-app"}, "function belongs to platform lambda"),
        ("server", {"hooks": {"BeforeInstall": "f"}}, "hooks belongs to platform ecs and lambda"),
        ("server", {"repository": "org/my-app"}, "either bucket and key, or repository"),
        ("server", {"bucket": "", "key": ""}, "either bucket and key, or repository"),
        ("server", {"key": "my-app"}, "does not end in one of"),
        ("server", {"key": "{release}-{release}.zip"}, "twice"),
        ("server", {"bucket": "", "key": "", "repository": "org/my-app", "kms": True}, "objects in a bucket"),
        ("lambda", {"hooks": {"BeforeInstall": "f"}}, "not a hook of lambda"),
        ("lambda", {"group": "a/b"}, "group"),
        ("lambda", {"colour": "blue"}, "colour"),
        ("lambda", {"platform": "vm"}, "platform"),
    ],
)
def test_a_target_that_cannot_be_is_refused(platform: str, change: dict[str, object], words: str) -> None:
    """Mistakes in the configuration are found when it is read, and named."""
    with pytest.raises(ValidationError, match=words):
        target(platform, **change)


def test_objects_and_releases_are_each_others_names() -> None:
    """What a key template makes of a release, it reads back; anything else is no release of ours."""
    one = target("server", key="builds/my-app-{release}.tar.gz")
    assert (one.by_key, one.bundle) == (True, "tgz")
    assert one.release_of(one.key_of("1.2.3")) == "1.2.3"
    for other in ("builds/my-app-.tar.gz", "builds/other-1.tar.gz", "builds/my-app-1.zip", ""):
        assert one.release_of(other) == ""
