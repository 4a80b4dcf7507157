"""What AWS refuses in a service's deploymentConfiguration and in its load balancers. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from demo.cloud.calls import Failure
from demo.cloud.native_words import (
    CANARY,
    HOOK_ACTIONS,
    HOOK_STAGES,
    HOOK_TYPES,
    LAMBDA,
    LINEAR,
    PAUSE,
    PAUSE_STAGES,
    ROLLING,
    STRATEGIES,
    THRESHOLDS,
)

DAY, FORTNIGHT = 1440, 20160


def check_configuration(asked: dict[str, Any]) -> None:
    """Refuses what CreateService and UpdateService refuse of a deploymentConfiguration."""
    strategy = asked.get("strategy", ROLLING)
    _one_of("strategy", strategy, STRATEGIES)
    if strategy != ROLLING and "bakeTimeInMinutes" not in asked and strategy not in (LINEAR, CANARY):
        raise _invalid(f"bakeTimeInMinutes is required for the deployment strategy {strategy}.")
    _within("bakeTimeInMinutes", asked.get("bakeTimeInMinutes", 0), 0, DAY)
    _check_steps(strategy, asked)
    for hook in asked.get("lifecycleHooks", []):
        _check_hook(hook)
    alarms = asked.get("alarms")
    if alarms and alarms["enable"] and not alarms["alarmNames"]:
        raise _invalid("alarmNames cannot be empty when alarms are enabled.")
    threshold = asked.get("deploymentCircuitBreaker", {}).get("thresholdConfiguration")
    if threshold:
        _one_of("thresholdConfiguration type", threshold["type"], THRESHOLDS)
        _within("thresholdConfiguration value", threshold["value"], 1, 10_000)


def check_balancers(
    asked: list[dict[str, Any]], strategy: str, groups: Collection[str], rules: Collection[str]
) -> None:
    """Refuses load balancers that a strategy cannot shift: their second group and their rules must be there."""
    for one in asked:
        advanced = one.get("advancedConfiguration")
        if advanced is None:
            if strategy != ROLLING:
                raise _invalid("advancedConfiguration field is required for all loadBalancers when using a "
                               "non-ROLLING deployment strategy.")
            continue
        for name in ("alternateTargetGroupArn", "productionListenerRule", "roleArn"):
            if not advanced.get(name):
                raise _invalid(f"advancedConfiguration.{name} is required.")
        if advanced["alternateTargetGroupArn"] == one["targetGroupArn"]:
            raise _invalid("alternateTargetGroupArn must differ from targetGroupArn.")
        if advanced["alternateTargetGroupArn"] not in groups:
            raise _invalid(f"The target group {advanced['alternateTargetGroupArn']} does not exist.")
        for name in ("productionListenerRule", "testListenerRule"):
            if advanced.get(name) and advanced[name] not in rules:
                raise _invalid(f"The listener rule {advanced[name]} does not exist.")


def _check_steps(strategy: str, asked: dict[str, Any]) -> None:
    for name, only, least in (("canary", CANARY, 0.1), ("linear", LINEAR, 3.0)):
        steps = asked.get(f"{name}Configuration")
        if steps is None:
            continue
        if strategy != only:
            raise _invalid(f"{name}Configuration is only valid for the deployment strategy {only}.")
        word = "canary" if name == "canary" else "step"
        percent = steps.get(f"{word}Percent", least)
        _within(f"{word}Percent", percent, least, 100)
        if abs(percent * 10 - round(percent * 10)) > 1e-6:
            raise _invalid(f"{word}Percent must be a multiple of 0.1, not {percent:g}.")
        _within(f"{word}BakeTimeInMinutes", steps.get(f"{word}BakeTimeInMinutes", 0), 0, DAY)


def _check_hook(hook: dict[str, Any]) -> None:
    kind = hook.get("targetType", LAMBDA)
    _one_of("targetType", kind, HOOK_TYPES)
    if not hook.get("lifecycleStages"):
        raise _invalid("lifecycleStages cannot be empty.")
    for stage in hook["lifecycleStages"]:
        _one_of("lifecycleStages", stage, PAUSE_STAGES if kind == PAUSE else HOOK_STAGES)
    if kind == LAMBDA and not (hook.get("hookTargetArn") and hook.get("roleArn")):
        raise _invalid("hookTargetArn and roleArn are required for AWS_LAMBDA hooks.")
    if kind == PAUSE and (hook.get("hookTargetArn") or hook.get("hookDetails")):
        raise _invalid("hookTargetArn and hookDetails are not applicable for PAUSE hooks.")
    timeout = hook.get("timeoutConfiguration", {})
    _within("timeoutInMinutes", timeout.get("timeoutInMinutes", DAY), 1, FORTNIGHT)
    _one_of("action", timeout.get("action", "ROLLBACK"), HOOK_ACTIONS)


def _one_of(name: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise _invalid(f"Invalid {name}: {value}. Valid values are {', '.join(known)}.")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise _invalid(f"{name} must be between {least:g} and {most:g}, not {value:g}.")


def _invalid(text: str) -> Failure:
    return Failure("InvalidParameterException", text)
