"""A deployment group's own configuration as CodeDeploy goes through it, with its times. Reads only."""

from datetime import timedelta
from typing import Final

from aws.codedeploy_reads import Desk, group_of
from aws.codedeploy_replies import Group
from aws.codedeploy_schedule import MINUTE
from aws.ecs_replies import Camel, CamelAnswer, Text
from rollout.durations import print_duration
from rollout.forecast import Configured, Stretch, shift
from rollout.values import ZERO

SERVERS: Final = "it depends on how many instances there are, and on how long each of them takes"


class _Shares(Camel):
    """Of a canary or a linear configuration: how much at a time, and minutes between."""

    canary_percentage: int = 0
    canary_interval: int = 0
    linear_percentage: int = 0
    linear_interval: int = 0


class _Routing(Camel):
    type: str = "AllAtOnce"
    time_based_canary: _Shares = _Shares()
    time_based_linear: _Shares = _Shares()


class _Hosts(Camel):
    """How many instances stay healthy at least."""

    type: str = "HOST_COUNT"
    value: int = 0


class _Configuration(Camel):
    deployment_config_name: Text
    traffic_routing_config: _Routing = _Routing()
    minimum_healthy_hosts: _Hosts = _Hosts()


class _Configured(CamelAnswer):
    """GetDeploymentConfig, with its numbers."""

    deployment_config_info: _Configuration


def configured_of(one: Desk) -> Configured:
    """What a deployment of that group does, part by part. NotFound with the known names; TargetError."""
    group = group_of(one)
    name = one.target.configuration or group.deployment_config_name
    found = one.calls.read("GetDeploymentConfig", _Configured, deploymentConfigName=name).deployment_config_info
    if one.target.platform == "server":
        return _servers(group, found)
    shares = _shares(found.traffic_routing_config)
    moves = tuple(stretch for percent, hold in shares for stretch in shift(percent, hold))
    if one.target.platform == "ecs":
        moves = (Stretch(text="AWS starts the new task set"), *_ready(group), *moves)
    hooks = tuple(f"the function {hook} is asked at {at}: its time is not counted" for at, hook in _hooks(one))
    return Configured(
        text=name, stretches=moves, keeps=_keeps(group), patience=max(hold for _, hold in shares),
        bounds=(*_waits(group), *hooks),
    )  # fmt: skip


def _servers(group: Group, found: _Configuration) -> Configured:
    hosts = found.minimum_healthy_hosts
    least = f"{hosts.value} %" if hosts.type == "FLEET_PERCENT" else f"{hosts.value}"
    text = f"{found.deployment_config_name}: at least {least} of the instances stay healthy"
    if found.deployment_config_name == "CodeDeployDefault.OneAtATime":
        text = f"{found.deployment_config_name}: one instance after the other"
    return Configured(text=text, bounds=_waits(group), unknown=SERVERS)


def _shares(routing: _Routing) -> list[tuple[int, timedelta]]:
    """The share of the new release after each move, and how long it stays so."""
    canary, linear = routing.time_based_canary, routing.time_based_linear
    if routing.type == "TimeBasedCanary":
        return [(canary.canary_percentage, canary.canary_interval * MINUTE), (100, ZERO)]
    if routing.type == "TimeBasedLinear" and linear.linear_percentage > 0:
        rising = range(linear.linear_percentage, 100, linear.linear_percentage)
        return [*((percent, linear.linear_interval * MINUTE) for percent in rising), (100, ZERO)]
    return [(100, ZERO)]


def _ready(group: Group) -> tuple[Stretch, ...]:
    """Its wait before traffic, where it has one."""
    minutes = group.waits.wait_time_in_minutes if group.blue_green else 0
    return (Stretch(text="AWS waits for a word before traffic", waits=minutes * MINUTE),) if minutes else ()


def _keeps(group: Group) -> timedelta:
    end = group.blue_green_deployment_configuration.terminate_blue_instances_on_deployment_success
    kept = not group.blue_green or end.action == "KEEP_ALIVE"
    return ZERO if kept else end.termination_wait_time_in_minutes * MINUTE


def _waits(group: Group) -> tuple[str, ...]:
    """What becomes of waits that nobody answers."""
    told = []
    for stretch in _ready(group):
        then = "stops" if group.waits.action_on_timeout == "STOP_DEPLOYMENT" else "goes on"
        span = print_duration(stretch.waits or ZERO)
        told.append(f"CodeDeploy {then} where nobody has said go before traffic for {span}")
    if keeps := _keeps(group):
        told.append(f"it keeps the old side for {print_duration(keeps)} at 100 %, or until somebody ends that wait")
    return tuple(told)


def _hooks(one: Desk) -> list[tuple[str, str]]:
    return sorted(one.target.hooks.items())
