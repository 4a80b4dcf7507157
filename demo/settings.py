"""The demo's `tidegate.toml`: the same keys as anybody's, with every duration divided by the speed."""

import getpass
from datetime import timedelta

CLI_USER = getpass.getuser() if getpass.getuser().isidentifier() else "demo"

TIMING = {
    "look_moving": 5, "look_waiting": 20, "alarm_slack": 60, "requested": 300, "approval": 3600, "launching": 600,
    "move": 300, "no_data": 900, "paused": 86_400, "final_slack": 900, "retiring": 900, "rolling_back": 600,
    "remind": 1800,
}  # fmt: skip
"""Seconds at speed 1; looks that wait come a little more often than in production, so that a card feels alive."""

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


def toml(*, speed: float, port: int, mode: str, topic_arn: str) -> str:
    """The whole file."""
    timing = "\n".join(f'{key} = "{duration(seconds / speed)}"' for key, seconds in TIMING.items())
    plans = "\n".join(f'{name} = "{notation(name, speed)}"' for name in PLANS)
    return f"""# Written by `tidegate demo`. Durations are those of a careful start, divided by {speed:g}.

[slack]
mode = "{mode}"

[http]
port = {port}

[page]
mention = "S0ONCALL"
sns_topic_arn = "{topic_arn}"

[roles]
deployers = ["U0ANA", "S0PAYMENTS", "cli:{CLI_USER}"]
approvers = ["U0EVA"]
admins    = ["U0EVA"]

[timing]
{timing}

[apps.my-app]
channel = "C0DEPLOYS"
aliases = ["app"]

[apps.my-app.env.prod]
kind     = "lambda"
function = "my-app"
alias    = "live"
region   = "eu-central-1"
alarms   = ["my-app-errors", "my-app-p99"]
plan     = "canary"
bake     = "{duration(BAKE / speed)}"

[apps.my-app.env.prod.approve]
by   = 1
from = "approvers"

[apps.my-app.env.prod.plans]
{plans}
"""
