"""The configuration as the conductor sees it: targets by the words people use, terms that stay as they were."""

from datetime import timedelta

import pytest

from aws.registry import DRIVERS
from bot.config import load
from bot.policy import ConfigPolicy
from rollout.alarms.model import Place, Scope
from rollout.alarms.ports import WatchPolicy
from rollout.errors import NotFound
from rollout.people import Roles
from rollout.ports import Policy
from rollout.terms import AlarmGate, Approval
from tests.bot.test_config_broken import GOOD, driver

SHOP = """
[apps.shop.env.dev]
kind = "lambda"
function = "shop"
alias = "live"
region = "eu-west-1"
deploy = ["U0DAN"]
[apps.shop.env.prod]
kind = "lambda"
function = "shop-prod"
alias = "live"
region = "eu-west-1"
gates = "none"
[apps.twice]
default = "live"
[apps.twice.env.dev]
kind = "lambda"
function = "twice-dev"
alias = "live"
region = "eu-west-1"
[apps.twice.env.live]
kind = "lambda"
function = "twice"
alias = "live"
region = "eu-west-1"
[apps.twice.env.live.plans]
careful = "50% 1m, 100%"
[apps.big.env.prod]
kind = "two"
region = "us-east-1"
plan = "all-at-once"
"""


TWICE = (("twice", "dev"), ("twice", "live"))


@pytest.fixture
def policy(tmp_path):
    """Three apps: one with everything, one with two environments, one on servers that move all at once."""
    path = tmp_path / "tidegate.toml"
    path.write_text(GOOD + SHOP)
    drivers = {**DRIVERS, "two": driver("two", weights="all_or_nothing", servers=True)}
    return ConfigPolicy(load(path, {}, drivers=drivers), drivers)


def test_targets_are_those_of_the_file(policy):
    """Every configured (app, environment), in the order of the file."""
    kept: Policy = policy
    assert kept.targets() == (("my-app", "prod"), ("shop", "dev"), ("shop", "prod"), *TWICE, ("big", "prod"))


def test_aliases_defaults_and_only_environments_are_applied(policy):
    """An alias is its app; an environment left out is the default, or the only one."""
    assert policy.find("app", "") == ("my-app", "prod")
    assert policy.find("big", "") == ("big", "prod")
    assert policy.find("twice", "") == ("twice", "live")
    assert policy.find("shop", "dev") == ("shop", "dev")


@pytest.mark.parametrize(
    ("app", "env", "fact", "hint"),
    [
        ("my-ap", "", '"my-ap" is not an app here', "Did you mean my-app? Apps: big, my-app, shop, twice"),
        ("ap", "", '"ap" is not an app here', "Did you mean my-app? Apps: big, my-app, shop, twice"),
        ("zzz", "", '"zzz" is not an app here', "Apps: big, my-app, shop, twice"),
        ("my-app", "prd", '"prd" is not an environment of my-app', "Did you mean prod? environments: prod"),
        ("shop", "", "shop has several environments and no default", "say which: shop/dev, shop/prod"),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_the_nearest(policy, app, env, fact, hint):
    """NotFound says what is not there, what was probably meant, and all there is."""
    with pytest.raises(NotFound) as missing:
        policy.find(app, env)
    assert (missing.value.fact, missing.value.hint) == (fact, hint)


def test_terms_hold_everything_a_rollout_was_promised(policy):
    """Plan, alarms, bake, approval, roles, settings, lane and hash are frozen into the terms."""
    kind, terms = policy.terms("app", "", "")
    assert kind == "lambda"
    assert str(terms.plan) == "10% 5m, 50% 10m, approve, 100%"
    assert terms.plan.name == "canary"
    assert terms.alarms == (AlarmGate(name="my-app-errors"), AlarmGate(name="my-app-p99", no_data="pass"))
    assert terms.bake == timedelta(minutes=10)
    assert terms.approval == Approval(by=1, before_start=False)
    assert terms.roles == Roles(
        deploy=("U0ANA", "U0BEN", "S0PAYMENTS", "cli:ana", "aws:ci-session"),
        approve=("U0EVA", "U0ANA"),
        admin=("U0EVA",),
    )
    assert terms.lane == "123456789012/eu-central-1"
    assert terms.channel == "C0DEPLOYS"
    assert terms.settings["function"] == "my-app"
    assert terms.config_hash == policy.config.hash
    assert terms.settle == timedelta(0)
    assert type(terms).model_validate_json(terms.model_dump_json()) == terms


def test_a_target_without_its_own_says_gets_the_defaults(policy):
    """No role of AWS is the default account's lane; no approve table is no four eyes; ids stand for a role."""
    _, terms = policy.terms("shop", "dev", "")
    assert (terms.lane, terms.approval, terms.roles.deploy) == ("default/eu-west-1", None, ("U0DAN",))
    assert str(terms.plan) == "10% 5m, 50% 10m, 100%"
    assert policy.terms("shop", "prod", "")[1].gates == "none"
    assert policy.terms("big", "prod", "")[1].settle == timedelta(seconds=60)


def test_plans_resolve_target_then_file_then_built_in(policy):
    """The target's own plan hides the file's and the built-in one of that name."""
    assert str(policy.terms("my-app", "prod", "canary")[1].plan) == "10% 5m, 50% 10m, approve, 100%"
    assert str(policy.terms("my-app", "prod", "careful")[1].plan).startswith("1% 10m")
    assert str(policy.terms("twice", "", "careful")[1].plan) == "50% 1m, 100%"
    assert str(policy.terms("my-app", "prod", "bluegreen")[1].plan) == "0%, approve, 100%"


def test_going_back_is_one_step_without_approval(policy):
    """`back` is the plan 100 %, named rollback, exempt from four eyes; everything else stays."""
    _, terms = policy.terms("my-app", "prod", "", back=True)
    assert (terms.plan.name, str(terms.plan), terms.approval) == ("rollback", "100%", None)
    assert len(terms.alarms) == 2


@pytest.mark.parametrize(
    ("app", "plan", "fact", "hint"),
    [
        ("my-app", "canry", '"canry" is not a plan of my-app/prod', "Did you mean canary?"),
        (
            "big",
            "canary",
            "big/prod cannot run canary: the weight is 0 or 100 here",
            "Plans: bluegreen, all-at-once",
        ),
        ("big", "careful", "big/prod cannot run careful", "Plans: bluegreen, all-at-once"),
    ],
)
def test_a_plan_that_cannot_be_run_is_not_found(policy, app, plan, fact, hint):
    """An unknown plan, and one that the driver cannot run, are refused with those that can."""
    with pytest.raises(NotFound) as missing:
        policy.terms(app, "prod", plan)
    assert missing.value.fact.startswith(fact)
    assert missing.value.hint.startswith(hint)
    assert policy.plans("big", "") == ("bluegreen", "all-at-once")


WATCHED = """
[apps.web]
channel = "C0WEB"
[apps.web.env.prod]
kind = "lambda"
function = "web"
alias = "live"
region = "eu-west-1"
alarms = ["web-errors", "shared"]
alarm_prefix = "web-"
plan = "quick"
bake = "20m"
[apps.web.env.prod.plans]
quick = "0%, 10% 6m, 50% 4m, 100%"
[apps.web.env.canary-box]
kind = "lambda"
function = "web-box"
alias = "live"
region = "eu-west-1"
alarms = ["shared", { name = "box", no_data = "pass" }]
alarm_prefix = ["box-", "web-"]
alarm_tag = "team=web"
plan = "all-at-once"
bake = "3m"
[apps.web.env.far]
kind = "lambda"
function = "web"
alias = "live"
region = "us-east-1"
alarm_tag = ["a", "b=c"]
gates = "none"
[apps.web.env.other]
kind = "lambda"
function = "web-other"
alias = "live"
region = "eu-west-1"
iam_role = "arn:aws:iam::123456789012:role/one"
alarms = ["web-errors"]
[apps.web.env.quiet]
kind = "lambda"
function = "web-quiet"
alias = "live"
region = "eu-west-1"
"""


def test_what_is_watched_is_one_scope_per_app_and_place(tmp_path):
    """Environments of one app at one place are one; another role or region is another; nothing to watch is none."""
    path = tmp_path / "tidegate.toml"
    path.write_text(GOOD + WATCHED)
    kept: WatchPolicy = ConfigPolicy(load(path, {}))
    mine, web, far, other = kept.scopes()
    role = "arn:aws:iam::123456789012:role/tidegate-prod"
    assert mine == Scope(
        app="my-app", envs=("prod",), channel="C0DEPLOYS",
        place=Place(lane="123456789012/eu-central-1", role=role, region="eu-central-1"),
        gates=("my-app-errors", "my-app-p99"),
        bakes={"my-app-errors": timedelta(minutes=5), "my-app-p99": timedelta(minutes=5)},
    )  # fmt: skip
    assert web == Scope(
        app="web", envs=("prod", "canary-box"), channel="C0WEB",
        place=Place(lane="default/eu-west-1", region="eu-west-1"),
        gates=("web-errors", "shared", "box"), prefixes=("web-", "box-"), tags=("team=web",),
        bakes={"web-errors": timedelta(minutes=4), "shared": timedelta(minutes=3), "box": timedelta(minutes=3)},
    )  # fmt: skip
    assert (far.envs, far.gates, far.tags, far.bakes) == (("far",), (), ("a", "b=c"), {})
    assert (other.place.lane, other.place.role) == ("123456789012/eu-west-1", "arn:aws:iam::123456789012:role/one")
    assert kept.scopes() is kept.scopes()


def test_an_app_without_alarms_or_channel(policy):
    """What has no alarm is not watched; an app without a channel has an empty one."""
    assert [scope.app for scope in policy.scopes()] == ["my-app"]


def test_the_place_of_a_scope_is_the_lane_of_its_rollouts(tmp_path):
    """A rollout's look and the sweep agree on the lane: what one reads is compared with what the other remembers."""
    path = tmp_path / "tidegate.toml"
    path.write_text(GOOD + WATCHED)
    policy = ConfigPolicy(load(path, {}))
    for scope in policy.scopes():
        for env in scope.envs:
            assert policy.terms(scope.app, env, "")[1].lane == scope.place.lane
