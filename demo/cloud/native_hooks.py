"""Lifecycle hooks of a deployment: opened at their stage, answered by a person, by a function, or by their time-out."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from demo.cloud.native_deployment import Hook, ServiceDeployment
from demo.cloud.native_words import (
    AWAITING,
    CONTINUE,
    FAILED,
    LAMBDA,
    PAUSE,
    ROLLBACK,
    RUNNING_HOOK,
    SUCCEEDED,
    TIMED_OUT,
)

USUAL_MINUTES = 1440
FUNCTION_SECONDS = 3


def opened(deployment: ServiceDeployment, second: int, minute: int) -> list[Hook]:
    """The hooks that run in the leg just entered."""
    stage = deployment.leg.hook
    found = deployment.configuration.get("lifecycleHooks", []) if stage else []
    return [
        _hook(deployment, number, hook, second, minute)
        for number, hook in enumerate(found) if stage in hook["lifecycleStages"]
    ]


def lived(hooks: list[Hook], second: int) -> Hook | None:
    """Lets functions answer and time run out; gives the hook that wants the deployment rolled back now."""
    for hook in hooks:
        if hook.status == RUNNING_HOOK and second >= hook.since + FUNCTION_SECONDS:
            hook.status = SUCCEEDED
        if hook.is_open and second >= hook.expires:
            hook.status = TIMED_OUT
            if hook.action == ROLLBACK:
                return hook
    return None


def answer(hook: Hook, action: str) -> None:
    """What a person says to a pause."""
    hook.status = SUCCEEDED if action == CONTINUE else FAILED


def token(text: str, length: int) -> str:
    """Letters and digits that follow from a text, as AWS makes its ids."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:length]


def _hook(deployment: ServiceDeployment, number: int, asked: dict[str, Any], second: int, minute: int) -> Hook:
    kind = asked.get("targetType", LAMBDA)
    timeout = asked.get("timeoutConfiguration", {})
    word = "pause" if kind == PAUSE else "lambda"
    return Hook(
        id=f"ecs-{word}-{token(f'{deployment.arn} {deployment.at} {number}', 43)}", kind=kind,
        target=asked.get("hookTargetArn", ""), since=second,
        expires=second + timeout.get("timeoutInMinutes", USUAL_MINUTES) * minute,
        action=timeout.get("action", ROLLBACK), status=AWAITING if kind == PAUSE else RUNNING_HOOK,
    )
