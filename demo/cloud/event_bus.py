"""EventBridge's default bus as the engines write to it: events go to the rules that clients made, and on to SQS.

Rules, patterns, targets and queues are moto's. What is not as on AWS: an event comes at once, once and in order, where
AWS may be late, twice or out of order; a queue's policy is not asked; Input, InputPath and InputTransformer of a target
are not applied, it gets the whole event; targets that are no queue of the rule's own account and region get nothing.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.events.models import events_backends

log = logging.getLogger(__name__)

BUS, ENABLED = "default", "ENABLED"
# Which rules get an event of AWS's own that is no call of an API.
ON = (ENABLED, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
Place = tuple[str, str]


@dataclass(frozen=True)
class Event:
    """What a service tells, without what EventBridge writes around it."""

    source: str
    kind: str
    resources: tuple[str, ...]
    detail: dict[str, Any]


def publish(place: Place, second: int, event: Event) -> None:
    """Delivers an event of that second to every queue that a rule of the place sends it to."""
    account, region = place
    rules = events_backends[account][region].event_buses[BUS].rules.values()
    if not rules:
        return
    told: Any = {
        "version": "0", "id": _id(place, second, event), "detail-type": event.kind, "source": event.source,
        "account": account, "time": second, "region": region, "resources": list(event.resources),
        "detail": event.detail,
    }
    for rule in rules:
        if rule.state in ON and rule.scheduled_expression is None:
            _send(rule, told, f"arn:aws:sqs:{region}:{account}:")


def _send(rule: Any, told: Any, queues: str) -> None:
    """Each target by itself: moto ends at the first one that it does not know, and one without a queue fails alone."""
    for target in rule.targets:
        if not target["Arn"].startswith(queues):
            continue
        one = copy.copy(rule)
        one.targets = [target]
        try:
            # Unchanged: moto's transformation wants a library that is not installed here.
            one.send_to_targets(copy.deepcopy(told), transform_input=False)
        except ServiceException as error:
            log.info("an event for %s is lost, as on AWS: %s", target["Arn"], error)


def _id(place: Place, second: int, event: Event) -> str:
    """The same in every run."""
    text = f"{place} {second} {event}"
    return str(uuid.UUID(hashlib.sha256(text.encode()).hexdigest()[:32]))
