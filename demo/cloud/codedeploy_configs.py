"""CodeDeploy's deployment configurations: AWS's own, with their irregular names, and those that a client makes.

`share_after` and `least_healthy` say what one means; nothing here shifts traffic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from demo.cloud.calls import Failure
from demo.cloud.codedeploy_words import ECS, LAMBDA, PLATFORMS, SERVER

PREFIX = "CodeDeployDefault."
AT_ONCE, CANARY, LINEAR = "AllAtOnce", "TimeBasedCanary", "TimeBasedLinear"
LONGEST_INTERVAL = 2880
MADE_BY_AWS = datetime(2019, 1, 1, tzinfo=UTC)
# Linear on ECS ends in `Minutes` even for one, on Lambda in `Minute`.
GIVEN_LINEAR = {LAMBDA: ("1Minute", "2Minutes", "3Minutes", "10Minutes"), ECS: ("1Minutes", "3Minutes")}
GIVEN_CANARY = {LAMBDA: ("5Minutes", "10Minutes", "15Minutes", "30Minutes"), ECS: ("5Minutes", "15Minutes")}
TENTH = 10


@dataclass(frozen=True)
class Routing:
    """How traffic moves: `percent` at once and, each `interval` minutes, the rest or as much again."""

    kind: str = AT_ONCE
    percent: int = 100
    interval: int = 0

    def share_after(self, seconds: float, minute: float) -> float:
        """The share of the new side in percent, so many seconds after the first shift."""
        if self.kind == AT_ONCE:
            return 100.0
        shifts = int(seconds // (self.interval * minute))
        if self.kind == CANARY:
            return 100.0 if shifts >= 1 else float(self.percent)
        return min(100.0, float(self.percent * (shifts + 1)))

    def shown(self) -> dict[str, Any]:
        """As trafficRoutingConfig tells it."""
        if self.kind == AT_ONCE:
            return {"type": AT_ONCE}
        word = "canary" if self.kind == CANARY else "linear"
        key = f"timeBased{word.title()}"
        return {"type": self.kind, key: {f"{word}Percentage": self.percent, f"{word}Interval": self.interval}}


@dataclass(frozen=True)
class Config:
    """One configuration. `hosts` is the least number of healthy instances; `share` says that it is in percent."""

    name: str
    platform: str
    routing: Routing = Routing()
    hosts: int = 0
    share: bool = False
    made: datetime = MADE_BY_AWS

    def least_healthy(self, instances: int) -> int:
        """How many instances must stay healthy. One at a time means all but one, half at a time half."""
        if self.name == f"{PREFIX}OneAtATime":
            return instances - 1
        if self.share:
            return ceil(instances * self.hosts / 100)
        return self.hosts

    def shown(self) -> dict[str, Any]:
        """As GetDeploymentConfig tells it."""
        told: dict[str, Any] = {
            "deploymentConfigId": f"config-{self.name}", "deploymentConfigName": self.name,
            "computePlatform": self.platform, "createTime": self.made,
        }
        if self.platform == SERVER:
            kind = "FLEET_PERCENT" if self.share else "HOST_COUNT"
            return told | {"minimumHealthyHosts": {"type": kind, "value": self.hosts}}
        return told | {"trafficRoutingConfig": self.routing.shown()}


def given() -> dict[str, Config]:
    """Every configuration that AWS brings along."""
    found = [
        Config(f"{PREFIX}OneAtATime", SERVER, hosts=1), Config(f"{PREFIX}HalfAtATime", SERVER, hosts=50, share=True),
        Config(f"{PREFIX}AllAtOnce", SERVER, hosts=0),
    ]
    for platform in (LAMBDA, ECS):
        found.append(Config(f"{PREFIX}{platform}AllAtOnce", platform))
        for every in GIVEN_LINEAR[platform]:
            routing = Routing(LINEAR, TENTH, int(every.split("M")[0]))
            found.append(Config(f"{PREFIX}{platform}Linear10PercentEvery{every}", platform, routing))
        for after in GIVEN_CANARY[platform]:
            routing = Routing(CANARY, TENTH, int(after.split("M")[0]))
            found.append(Config(f"{PREFIX}{platform}Canary10Percent{after}", platform, routing))
    return {config.name: config for config in found}


def made_of(asked: dict[str, Any], now: datetime) -> Config:
    """What CreateDeploymentConfig was asked for; refuses what AWS refuses."""
    name, platform = asked["deploymentConfigName"], asked.get("computePlatform", SERVER)
    if not name or len(name) > 100 or name.startswith(PREFIX):
        raise Failure("InvalidDeploymentConfigNameException", f"The deployment configuration name {name!r} is invalid")
    if platform not in PLATFORMS:
        raise Failure("InvalidComputePlatformException", f"Compute platform {platform} is not valid")
    if platform == SERVER:
        return _of_hosts(name, asked.get("minimumHealthyHosts"), now)
    if "minimumHealthyHosts" in asked:
        raise Failure("InvalidMinimumHealthyHostValueException",
                      "minimumHealthyHosts cannot be used with the Lambda or ECS compute platform")
    return Config(name, platform, _routing(asked.get("trafficRoutingConfig")), made=now)


def _of_hosts(name: str, asked: dict[str, Any] | None, now: datetime) -> Config:
    if not asked or asked.get("type") not in ("HOST_COUNT", "FLEET_PERCENT") or asked.get("value", -1) < 0:
        raise Failure("InvalidMinimumHealthyHostValueException", "The minimum healthy hosts value is invalid")
    return Config(name, SERVER, hosts=asked["value"], share=asked["type"] == "FLEET_PERCENT", made=now)


def _routing(asked: dict[str, Any] | None) -> Routing:
    kind = (asked or {}).get("type")
    if kind == AT_ONCE:
        return Routing()
    word = {CANARY: "canary", LINEAR: "linear"}.get(str(kind))
    numbers = (asked or {}).get(f"timeBased{word.title()}") if word else None
    if not word or not numbers:
        raise Failure("InvalidTrafficRoutingConfigurationException", f"The traffic routing {kind} is invalid")
    percent, interval = numbers.get(f"{word}Percentage", 0), numbers.get(f"{word}Interval", 0)
    if not 1 <= percent <= 99 or not 1 <= interval <= LONGEST_INTERVAL:
        raise Failure("InvalidTrafficRoutingConfigurationException", (
            f"A percentage is 1 to 99 and an interval 1 to {LONGEST_INTERVAL} minutes, not {percent} and {interval}"
        ))
    return Routing(str(kind), percent, interval)
