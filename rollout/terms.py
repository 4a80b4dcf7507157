"""What a rollout was promised when it began. Frozen: editing the configuration never changes a live rollout."""

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from rollout.durations import Duration
from rollout.people import Roles
from rollout.plan import Plan, SetWeight
from rollout.values import Frozen


class AlarmGate(Frozen):
    """An alarm that must be OK; `no_data` says what INSUFFICIENT_DATA means for it."""

    name: str = Field(min_length=1, max_length=255)
    no_data: Literal["wait", "ask", "pass"] = "wait"


class Approval(Frozen):
    """Four eyes: `by` distinct persons of `approvers`, the requester never counts."""

    by: int = Field(default=1, ge=1, le=9)
    before_start: bool = False


class Timing(Frozen):
    """How often to look and how long each phase may last (DESIGN §4, §7). All durations are watched time."""

    look_moving: Duration = timedelta(seconds=5)
    look_waiting: Duration = timedelta(seconds=30)
    alarm_slack: Duration = timedelta(seconds=60)
    requested: Duration = timedelta(minutes=5)
    approval: Duration = timedelta(minutes=60)
    launching: Duration = timedelta(minutes=10)
    move: Duration = timedelta(minutes=5)
    no_data: Duration = timedelta(minutes=15)
    paused: Duration = timedelta(hours=24)
    final_slack: Duration = timedelta(minutes=15)
    retiring: Duration = timedelta(minutes=15)
    rolling_back: Duration = timedelta(minutes=10)
    remind: Duration = timedelta(minutes=30)
    settle: Duration = timedelta(seconds=60)
    watch: Duration = timedelta(minutes=30)
    """How long a deployment that AWS runs may show no change, beyond the longest interval of its schedule."""


class Terms(Frozen):
    """Plan, gates, deadlines, approvers and the driver's settings of one rollout."""

    plan: Plan
    schedule: Plan | None = None
    """What AWS is asked to step through by itself, where the plan is `watch`; None: what the target's own
    configuration on AWS says.
    """
    alarms: tuple[AlarmGate, ...] = ()
    gates: Literal["alarms", "none"] = "alarms"
    bake: Duration = timedelta(minutes=15)
    approval: Approval | None = None
    no_data_policy: Literal["rollback", "hold"] = "rollback"
    timing: Timing = Timing()
    roles: Roles = Roles()
    settings: dict[str, Any] = {}
    """The driver's Target model, dumped; opaque here."""
    lane: str = "default"
    """`account/region`: one sick region never delays another."""
    after: str = ""
    """The environment in which the same release must have succeeded before."""
    shipped: tuple[str, ...] = ()
    """`content` of the releases that had, when this rollout was asked for."""
    settle: Duration = timedelta(0)
    channel: str = ""
    config_hash: str = ""

    @property
    def final_bake(self) -> timedelta:
        """How long 100 % bakes: what the last step of plan or schedule says, else the target's `bake`."""
        last = (self.schedule or self.plan).steps[-1]
        return last.bake if isinstance(last, SetWeight) and last.bake else self.bake
