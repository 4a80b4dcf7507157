"""How well one side of a rollout is: what its targets, its service and its ended tasks say together. Pure: no calls."""

from typing import NamedTuple

from aws.alb_facts import Targets
from aws.ecs_definition import short
from aws.ecs_replies import Fleet
from rollout.errors import TargetError
from rollout.seen import SideHealth


class Facts(NamedTuple):
    """What was found of one side."""

    service: Fleet | TargetError
    targets: Targets | TargetError
    ours: bool | TargetError
    """Whether the service was asked for this release."""
    needed: int
    traffic: bool
    """Whether a rule gives it any."""
    patient: bool
    """Whether it is just coming up, or was asked for so lately that missing targets say nothing."""
    crash: str = ""
    """Why its tasks end one like the other."""


def health(facts: Facts, *, new_side: bool) -> SideHealth:
    """`healthy`: it could take all traffic. `sick`: it is known that it takes none. `new_side`: of the candidate.

    Targets of tasks that still run the task definition before do not count. Scaled down is not sick.
    """
    service, targets = facts.service, facts.targets
    for fault in (service, targets, facts.ours):
        if isinstance(fault, TargetError):
            return SideHealth(text=fault.fact)
    if not isinstance(service, Fleet) or not isinstance(targets, Targets):
        return SideHealth()
    if not facts.ours:
        text = f"{service.service_name} runs {short(service.task_definition)}, not this release"
        return SideHealth(text=text, ready=0, needed=facts.needed)
    ready = max(0, targets.healthy - service.leftovers)
    whole = ready >= facts.needed
    told = f"{service.service_name}: {ready} of {facts.needed} targets healthy"
    why = "" if whole else _sick(facts, service, targets, ready, new_side=new_side)
    state = "healthy" if whole else "sick" if why else "unknown"
    coming = not whole and not why and service.desired_count >= facts.needed
    return SideHealth.model_validate({
        "state": state, "text": f"{told}, {why}" if why else told, "ready": ready, "needed": facts.needed,
        "coming": coming,
    })  # fmt: skip


def _sick(facts: Facts, service: Fleet, targets: Targets, ready: int, *, new_side: bool) -> str:
    """What is known to be wrong, in words; empty where nothing is."""
    if facts.crash and (new_side or not ready):
        return facts.crash
    if ready:
        return ""
    if not service.desired_count:
        # The old side at 0 tasks is brought up again before it gets traffic; the new one with traffic is an outage.
        return "scaled to 0 while it has traffic" if new_side and facts.traffic else ""
    if facts.traffic:
        return f"{targets.unhealthy} fail their health checks" if targets.unhealthy else "none takes requests"
    if targets.unhealthy and not targets.coming and not facts.patient:
        return f"{targets.unhealthy} fail their health checks"
    return ""
