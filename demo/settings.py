"""The demo's `tidegate.toml`: the same keys as anybody's, with every duration divided by the speed."""

import getpass
from datetime import timedelta

CLI_USER = getpass.getuser() if getpass.getuser().isidentifier() else "demo"

TIMING = {
    "look_moving": 5, "look_waiting": 20, "alarm_slack": 60, "requested": 300, "approval": 3600, "launching": 600,
    "move": 300, "no_data": 900, "paused": 86_400, "final_slack": 900, "retiring": 900, "rolling_back": 600,
    "remind": 1800, "settle": 60, "watch": 1800,
}  # fmt: skip
"""Seconds at speed 1; looks that wait come a little more often than in production, so that a card feels alive."""

ALARMS = {"sweep": 30, "group": 60, "flap": 900, "blind": 300, "discover": 300}
"""Seconds at speed 1 of what is about alarms; a second at least."""

PLANS = {
    "canary": (("10%", 300), ("50%", 600), ("100%", 0)),
    "careful": (("10%", 300), ("approve", 0), ("50%", 600), ("100%", 0)),
    "linear": (*((f"{n}%", 60) for n in range(10, 100, 10)), ("100%", 0)),
}
BAKE = 600


def duration(seconds: float) -> str:
    """`90s`, `2m`, `500ms`: the shortest text for it."""
    milliseconds = max(round(seconds * 1000), 1)
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    whole = timedelta(milliseconds=milliseconds).seconds + timedelta(milliseconds=milliseconds).days * 86_400
    return f"{whole // 60}m" if whole % 60 == 0 else f"{whole}s"


def notation(name: str, speed: float) -> str:
    """One of the demo's plans as text."""
    return ", ".join(item if not bake else f"{item} {duration(bake / speed)}" for item, bake in PLANS[name])


def toml(*, speed: float, port: int, mode: str, topic_arn: str, cloud: str) -> str:
    """The whole file. `cloud`: where the embedded cloud listens, and answers for test listeners."""
    timing = "\n".join(f'{key} = "{duration(seconds / speed)}"' for key, seconds in TIMING.items())
    alarms = "\n".join(f'{key} = "{duration(max(seconds / speed, 1))}"' for key, seconds in ALARMS.items())
    plans = "\n".join(f'{name} = "{notation(name, speed)}"' for name in PLANS)
    apps = "".join(_app(name, target, plans, duration(BAKE / speed)) for name, target in APPS.items())
    return f"""# Written by `tidegate demo`. Durations are those of a careful start, divided by {speed:g}.

[slack]
mode = "{mode}"
home = "C0OPS"

[http]
port = {port}

[aws]
endpoint_url = "{cloud}"   # nothing here is ever asked of the real AWS

[page]
mention = "S0ONCALL"
sns_topic_arn = "{topic_arn}"

[roles]
deployers = ["U0ANA", "S0PAYMENTS", "cli:{CLI_USER}"]
approvers = ["U0EVA"]
admins    = ["U0EVA"]

[timing]
{timing}

[alarms]
{alarms}

[[digests]]
channel  = "C0OPS"
cron     = "*/5 * * * *"
timezone = "Europe/Berlin"

{apps.replace("{cloud}", cloud)}"""


LAMBDA = """kind     = "lambda"
function = "{name}"
alias    = "live"
"""
EDGE = """kind     = "route53"
zone     = "Z0TIDEGATEEDGE1EXAMPLE"
name     = "edge.example.test"
type     = "CNAME"
blue     = "blue"
green    = "green"
"""
_ELB = "arn:aws:elasticloadbalancing:eu-central-1:123456789012"
SHOP = f"""kind     = "ecs"
cluster  = "shop"
rules    = ["{_ELB}:listener-rule/app/shop/cfd0d82b83cd0458/272dac60351b0bf0/8ec5dd99d0ba7b2f"]
test_rule = "{_ELB}:listener-rule/app/shop/cfd0d82b83cd0458/d4a6180ae6351ae9/f86cdbac90113bbb"
test     = {{ url = "{{cloud}}/__test/shop/", latency = "2s" }}
blue     = {{ service = "shop-blue", target_group = "{_ELB}:targetgroup/shop-blue/a584de2b17712484" }}
green    = {{ service = "shop-green", target_group = "{_ELB}:targetgroup/shop-green/6cb6c0fb1931542a" }}
links    = {{ commits = "https://git.example.com/shop/compare/{{from_commit}}...{{to_commit}}" }}
"""
SEARCH = f"""kind     = "ec2"
rules    = ["{_ELB}:listener-rule/app/search/338a85906e9ef92b/0928ff68d4b1ea40/d31e3da3d861bf79"]
test_rule = "{_ELB}:listener-rule/app/search/338a85906e9ef92b/3d93eaaed68eb886/d978efc77d31aeb1"
test     = {{ url = "{{cloud}}/__test/search/", latency = "2s" }}
blue     = {{ auto_scaling_group = "search-blue", target_group = "{_ELB}:targetgroup/search-blue/a0c68af51b332f84" }}
green    = {{ auto_scaling_group = "search-green", target_group = "{_ELB}:targetgroup/search-green/c238844dba6ee363" }}
"""
CATALOG = """kind     = "codedeploy"
application = "catalog"
group    = "catalog"
platform = "ecs"
cluster  = "catalog"
service  = "catalog"
"""
BILLING = """kind     = "codedeploy"
application = "billing"
group    = "billing"
platform = "server"
bucket   = "example-releases"
key      = "billing/{release}.zip"
kms      = true
"""
THUMBS = """kind     = "codedeploy"
application = "thumbs"
group    = "thumbs"
platform = "lambda"
function = "thumbs"
alias    = "live"
"""
API = """kind     = "ecs-native"
cluster  = "api"
service  = "api"
"""
APPS = {
    "my-app": ('\naliases = ["app"]', LAMBDA + 'alarms   = ["my-app-errors", "my-app-p99"]'),
    "radio": ("", LAMBDA + 'alarms   = [{ name = "radio-errors", no_data = "ask" }]'),
    "lamp": ("", LAMBDA + 'alarms   = ["lamp-errors"]\nalarm_prefix = "lamp-"'),
    "edge": ("", EDGE + 'alarms   = ["edge-errors"]'),
    "search": ("", SEARCH + 'alarms   = ["search-errors", "search-unserved", "search-p99"]'),
    "shop": ("", SHOP + 'alarms   = ["shop-errors", "shop-unserved", "shop-p99"]'),
    "catalog": ("", CATALOG + 'alarms   = ["catalog-errors"]'),
    "billing": ("", BILLING + 'alarms   = ["billing-errors"]'),
    "thumbs": ("", THUMBS + 'alarms   = ["thumbs-errors"]'),
    "api": ("", API + 'alarms   = ["api-errors"]'),
}
"""By app: what its own table says besides the channel, and what its environment says of how it is deployed."""
WATCHED = ("catalog", "billing", "thumbs", "api")
"""AWS moves their traffic, as it is configured there: they have no plans of ours."""


def _app(name: str, own: tuple[str, str], plans: str, bake: str) -> str:
    """The tables of one app, with four eyes on its `careful` plan."""
    app, target = own
    table = f"""
[apps.{name}]
channel = "C0DEPLOYS"{app}

[apps.{name}.env.prod]
{target.replace("{name}", name)}
region   = "eu-central-1"
bake     = "{bake}"
"""
    if name in WATCHED:
        return table
    return f"""{table}plan     = "canary"

[apps.{name}.env.prod.approve]
by   = 1
from = "approvers"

[apps.{name}.env.prod.plans]
{plans}
"""
