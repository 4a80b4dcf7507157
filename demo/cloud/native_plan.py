"""The way of one service deployment, leg by leg, and the way back. Pure: walks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from demo.cloud.native_words import (
    BAKE_TIME,
    CANARY,
    CLEAN_UP,
    LINEAR,
    POST_SCALE_UP,
    POST_SHIFT,
    POST_TEST_SHIFT,
    PRE_SCALE_UP,
    PRE_SHIFT,
    RECONCILE,
    ROLLING,
    SCALE_UP,
    SHIFT,
    TEST_SHIFT,
)

Act = Literal["", "reconcile", "target_on", "sources_off", "source_on", "target_off"]
Until = Literal["", "alone", "target_up", "sources_gone", "source_up", "target_gone", "rolled"]
CANARY_PERCENT, CANARY_MINUTES, LINEAR_PERCENT, LINEAR_MINUTES = 5.0, 10, 10.0, 6
ALARM_BAKE_MINUTES = 5  # AWS works a rolling deployment's bake time out of its alarms
DEFAULT_BAKE_MINUTES = 15
SETTLE_SECONDS = 5


@dataclass(frozen=True)
class Leg:
    """One leg: what is done on entering it, which hooks run in it, how long it takes at least and until when."""

    stage: str = ""
    """The stage as AWS shows it; empty leaves the one before."""
    hook: str = ""
    act: Act = ""
    production: float | None = None
    """The target's share of the requests from here on, in percent."""
    test: float | None = None
    seconds: int = 0
    until: Until = ""


def strategy_of(configuration: dict[str, Any]) -> str:
    """The strategy, ROLLING where none is set."""
    return str(configuration.get("strategy", ROLLING))


def shares(configuration: dict[str, Any]) -> list[tuple[float, int]]:
    """The target's share after each shift in percent, and the minutes that each is baked."""
    strategy = strategy_of(configuration)
    if strategy == CANARY:
        canary = configuration.get("canaryConfiguration", {})
        first = canary.get("canaryPercent", CANARY_PERCENT)
        rest = [] if first >= 100 else [(100.0, 0)]
        return [(first, canary.get("canaryBakeTimeInMinutes", CANARY_MINUTES)), *rest]
    if strategy == LINEAR:
        linear = configuration.get("linearConfiguration", {})
        step, minutes = linear.get("stepPercent", LINEAR_PERCENT), linear.get("stepBakeTimeInMinutes", LINEAR_MINUTES)
        before = [round(step * number, 1) for number in range(1, int(100 / step) + 1)]
        return [*((share, minutes) for share in before if share < 100), (100.0, 0)]
    return [(100.0, 0)]


def way_there(configuration: dict[str, Any], minute: int, *, sources: int) -> tuple[Leg, ...]:
    """The legs of a deployment that starts from so many revisions; a minute lasts `minute` seconds."""
    bake = _bake_minutes(configuration) * minute
    reconcile = (Leg(RECONCILE, RECONCILE, "reconcile", until="alone"),) if sources > 1 else ()
    if strategy_of(configuration) == ROLLING:
        return (Leg(until="rolled"), Leg(seconds=bake))
    up = Leg(SCALE_UP, act="target_on", until="target_up")
    if not sources:
        return (up, Leg(SHIFT, production=100, test=100))
    steps = [
        leg for share, minutes in shares(configuration)
        for leg in (Leg(hook=PRE_SHIFT), Leg(SHIFT, SHIFT, production=share, seconds=minutes * minute))
    ]
    return (
        *reconcile, Leg(PRE_SCALE_UP, PRE_SCALE_UP), up, Leg(POST_SCALE_UP, POST_SCALE_UP),
        Leg(TEST_SHIFT, TEST_SHIFT, test=100), Leg(POST_TEST_SHIFT, POST_TEST_SHIFT),
        *steps, Leg(POST_SHIFT, POST_SHIFT),
        Leg(BAKE_TIME, seconds=bake), Leg(CLEAN_UP, act="sources_off", until="sources_gone"),
    )


def way_back(strategy: str) -> tuple[Leg, ...]:
    """The legs of a rollback: no hook runs on it."""
    if strategy == ROLLING:
        return (Leg(act="source_on", until="rolled"),)
    return (
        Leg(SCALE_UP, act="source_on", until="source_up"),
        Leg(SHIFT, production=0, test=0, seconds=SETTLE_SECONDS),
        Leg(CLEAN_UP, act="target_off", until="target_gone"),
    )


def _bake_minutes(configuration: dict[str, Any]) -> int:
    watched = configuration.get("alarms", {}).get("enable", False)
    strategy = strategy_of(configuration)
    usual = DEFAULT_BAKE_MINUTES if strategy != ROLLING else ALARM_BAKE_MINUTES if watched else 0
    return int(configuration.get("bakeTimeInMinutes", usual))
