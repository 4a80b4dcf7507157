"""A service's own deployment configuration as AWS goes through it, with its times. Pure: no calls.

The order of the stages: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""

from datetime import timedelta
from typing import Final

from aws.faults import clip
from aws.native_preflight import schedule_words
from aws.native_replies import Canary, Configuration, Hook, Linear
from aws.native_schedule import BEFORE_STEPS, BEFORE_TRAFFIC, MINUTE
from rollout.durations import print_duration
from rollout.forecast import Configured, Stretch, shift
from rollout.values import ZERO

SEVERAL: Final = "RECONCILE_SERVICE"
"""Only where more than one revision runs when it begins."""
ROLLS: Final = "ROLLING replaces tasks as others come up: it depends on how many there are, and on how long each takes"


def configured_of(configuration: Configuration) -> Configured:
    """What a deployment of that service does, stage by stage."""
    told = tuple(_told(configuration))
    if configuration.strategy == "ROLLING":
        return Configured(text=schedule_words(configuration), bounds=told, unknown=ROLLS)
    stretches = [
        *_pauses(configuration, "PRE_SCALE_UP"), Stretch(text="AWS starts the new tasks"),
        *_pauses(configuration, "POST_SCALE_UP"), *_pauses(configuration, BEFORE_TRAFFIC),
    ]  # fmt: skip
    for percent, hold in _shares(configuration):
        stretches += [*_pauses(configuration, BEFORE_STEPS), *shift(percent, hold)]
    stretches += _pauses(configuration, "POST_PRODUCTION_TRAFFIC_SHIFT")
    return Configured(
        text=schedule_words(configuration), stretches=tuple(stretches), bounds=told,
        keeps=configuration.bake_time_in_minutes * MINUTE, patience=configuration.patience,
    )  # fmt: skip


def _shares(configuration: Configuration) -> list[tuple[float, timedelta]]:
    """The share of the new release after each move, and how long it stays so."""
    if configuration.strategy == "CANARY":
        canary = configuration.canary_configuration or Canary()
        first = (canary.canary_percent, canary.canary_bake_time_in_minutes * MINUTE)
        return [*([first] if first[0] < 100 else []), (100, ZERO)]
    if configuration.strategy == "LINEAR":
        linear = configuration.linear_configuration or Linear()
        count = int(100 / linear.step_percent) if linear.step_percent > 0 else 0
        rising = [round(linear.step_percent * number, 1) for number in range(1, count + 1)]
        hold = linear.step_bake_time_in_minutes * MINUTE
        return [*((share, hold) for share in rising if share < 100), (100, ZERO)]
    return [(100, ZERO)]


def _pauses(configuration: Configuration, stage: str) -> list[Stretch]:
    """The hooks that stand still there until somebody answers."""
    return [
        Stretch(text=f"AWS waits for a word at {stage}", waits=hook.timeout_configuration.timeout_in_minutes * MINUTE)
        for hook in configuration.lifecycle_hooks
        if hook.target_type == "PAUSE" and stage in hook.lifecycle_stages
    ]


def _told(configuration: Configuration) -> list[str]:
    """What hooks do besides, and what becomes of those that nobody answers."""
    lines = []
    for hook in configuration.lifecycle_hooks:
        stages = ", ".join(hook.lifecycle_stages)
        if hook.target_type == "PAUSE":
            lines.append(f"a pause at {stages} that nobody answers {_then(hook)}")
            if SEVERAL in hook.lifecycle_stages:
                lines.append(f"{SEVERAL} comes only where several revisions run: its pause is not counted")
        else:
            name = clip(hook.hook_target_arn.rsplit(":", 1)[-1], 80)
            lines.append(f"the function {name} is asked at {stages}: its time is not counted")
    return list(dict.fromkeys(lines))


def _then(hook: Hook) -> str:
    limit = hook.timeout_configuration
    after = print_duration(limit.timeout_in_minutes * MINUTE)
    return f"goes {'on' if limit.action == 'CONTINUE' else 'back'} by itself after {after}"
