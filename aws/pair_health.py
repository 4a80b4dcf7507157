"""How well one side of a rollout is: what targets, servers and ended servers say together. Pure: no calls."""

from typing import NamedTuple, Protocol

from aws.alb_facts import Targets
from rollout.errors import TargetError
from rollout.seen import SideHealth


class Crew(Protocol):
    """The servers of one side: an ECS service, an Auto Scaling group."""

    @property
    def name(self) -> str: ...

    @property
    def desired_count(self) -> int: ...

    @property
    def leftovers(self) -> int:
        """Servers that still run something else than the crew was asked for last."""
        ...

    @property
    def renews(self) -> bool:
        """Whether those are replaced without us."""
        ...

    @property
    def runs(self) -> str:
        """What it was asked for last, for people."""
        ...

    @property
    def grace(self) -> int:
        """Seconds that a new server has until its health counts."""
        ...


class Facts(NamedTuple):
    """What was found of one side."""

    crew: Crew | TargetError
    targets: Targets | TargetError
    ours: bool | TargetError
    """Whether the crew was asked for this release."""
    needed: int
    traffic: bool
    """Whether a rule gives it any."""
    patient: bool
    """Whether it is just coming up, or was asked for so lately that missing targets say nothing."""
    crash: str = ""
    """Why its servers end one like the other."""


def health(facts: Facts, *, new_side: bool) -> SideHealth:
    """`healthy`: it could take all traffic. `sick`: it is known that it takes none. `new_side`: of the candidate.

    Targets of servers that still run what was there before do not count. Scaled down is not sick.
    """
    crew, targets = facts.crew, facts.targets
    unread = isinstance(targets, TargetError) or targets.counted is not None
    if unread and not isinstance(crew, TargetError) and not crew.desired_count:
        targets = Targets(0, 0, 0)  # who is asked for nothing has nothing, whatever could not be read
    for fault in (crew, targets, facts.ours):
        if isinstance(fault, TargetError):
            return SideHealth(text=fault.fact)
    if isinstance(crew, TargetError) or isinstance(targets, TargetError):
        return SideHealth()
    if not facts.ours:
        return SideHealth(text=f"{crew.name} runs {crew.runs}, not this release", ready=0, needed=facts.needed)
    # Asked for fewer, those that are still there are about to go.
    ready = max(0, min(targets.healthy - crew.leftovers, crew.desired_count))
    whole = ready >= facts.needed
    told = f"{crew.name}: {ready} of {facts.needed} targets healthy"
    if targets.counted:
        told += f", as counted at {targets.counted:%H:%M} UTC; nothing rises by that"
    why = "" if whole else _sick(facts, crew, targets, ready, new_side=new_side)
    state = "healthy" if whole else "sick" if why else "unknown"
    asked = crew.desired_count >= facts.needed and (crew.renews or not crew.leftovers)
    return SideHealth.model_validate({
        "state": state, "text": f"{told}, {why}" if why else told, "ready": ready, "needed": facts.needed,
        "coming": asked and not whole and not why, "late": targets.counted is not None,
    })  # fmt: skip


def _sick(facts: Facts, crew: Crew, targets: Targets, ready: int, *, new_side: bool) -> str:
    """What is known to be wrong, in words; empty where nothing is."""
    if facts.crash and (new_side or not ready):
        return facts.crash
    if ready:
        return ""
    if not crew.desired_count:
        # The old side at 0 is brought up again before it gets traffic; the new one with traffic is an outage.
        return "scaled to 0 while it has traffic" if new_side and facts.traffic else ""
    if targets.counted:
        return ""  # nobody knows of now
    if facts.traffic:
        return f"{targets.unhealthy} fail their health checks" if targets.unhealthy else "none takes requests"
    if targets.unhealthy and not targets.coming and not facts.patient:
        return f"{targets.unhealthy} fail their health checks"
    return ""
