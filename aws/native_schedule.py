"""Which plans ECS can step through by itself, and what it is asked for then. Pure: no calls, no target's state.

One weight is CANARY, equal weights are LINEAR, none is BLUE_GREEN; an approval is a PAUSE hook.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

from rollout.durations import print_duration
from rollout.errors import BadPlan
from rollout.plan import Approve, Plan, SetWeight, Step
from rollout.values import ZERO

MINUTE: Final = timedelta(minutes=1)
MOST_MINUTES: Final = 1440
SMALLEST_STEP: Final = 3
BEFORE_TRAFFIC: Final = "POST_TEST_TRAFFIC_SHIFT"
BEFORE_STEPS: Final = "PRE_PRODUCTION_TRAFFIC_SHIFT"
"""ECS runs what hangs here before every step, the first one too."""
CAN: Final = (
    "ECS can do one weight and then 100% (CANARY), equal steps with equal bakes (LINEAR), or 100% at once"
    " (BLUE_GREEN); approve first, or before each later weight"
)
_STEPPED: Final = ("strategy", "canaryConfiguration", "linearConfiguration", "lifecycleHooks")
ROLLING_ONLY: Final = ("deploymentCircuitBreaker", "earlySuccessCriteria")


class Schedule(NamedTuple):
    """A plan as ECS counts it."""

    strategy: str
    percent: int = 0
    """Of the canary, or of each step."""
    minutes: int = 0
    """How long each weight below 100 % is held."""
    bake: int | None = None
    """Minutes at 100 %; None: what the service has."""
    pauses: tuple[str, ...] = ()
    """Stages at which somebody has to say go."""

    def configuration(self, live: Mapping[str, Any], *, hooks: bool = True) -> dict[str, Any]:
        """The deployment configuration to ask for: the live one with this schedule. Without `hooks`: with none at all.

        Lambda hooks of the service stay, its pauses are the plan's. What only ROLLING takes is left out.
        """
        kept = {key: value for key, value in live.items() if key not in (*_STEPPED, *ROLLING_ONLY)}
        kept |= {"strategy": self.strategy}
        kept["bakeTimeInMinutes"] = live.get("bakeTimeInMinutes", 0) if self.bake is None else self.bake
        if self.strategy == "CANARY":
            kept["canaryConfiguration"] = {
                "canaryPercent": float(self.percent), "canaryBakeTimeInMinutes": self.minutes,
            }  # fmt: skip
        if self.strategy == "LINEAR":
            kept["linearConfiguration"] = {
                "stepPercent": float(self.percent), "stepBakeTimeInMinutes": self.minutes,
            }  # fmt: skip
        others = [hook for hook in live.get("lifecycleHooks", ()) if hook.get("targetType") != "PAUSE"]
        kept["lifecycleHooks"] = [*others, *map(_pause, self.pauses)] if hooks else []
        return kept


AT_ONCE: Final = Schedule("BLUE_GREEN")


def homeward(live: Mapping[str, Any], *, bakes: bool = True) -> dict[str, Any]:
    """How a service is deployed to on a way back: at once, no hook is asked, and ECS watches no alarm.

    Without `bakes` it ends when all traffic is home: nobody turns that one round, and a fix has to wait for its end.

    Alarms are late: one that the bad release made red, or makes red while the old tasks come up, would have ECS put the
    bad release back. What ROLLING would not take anyway, because it says nothing, is left out there.
    """
    if live.get("strategy", "ROLLING") == "ROLLING":
        home = {key: value for key, value in live.items() if value or key not in (*_STEPPED, "bakeTimeInMinutes")}
    else:
        home = AT_ONCE.configuration(live, hooks=False) | ({} if bakes else {"bakeTimeInMinutes": 0})
    alarms = live.get("alarms") or {}
    if alarms.get("enable"):
        home["alarms"] = {**alarms, "enable": False, "rollback": False}
    return home


def watching(live: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    """The same configuration with those alarms left out; with none left ECS watches nothing."""
    alarms = live.get("alarms") or {}
    names = [name for name in alarms.get("alarmNames", ()) if name not in without]
    if not alarms.get("enable") or len(names) == len(alarms.get("alarmNames", ())):
        return dict(live)
    # ECS takes no empty list of alarms that are to be watched.
    off = {} if names else {"enable": False, "rollback": False}
    return {**live, "alarms": {**alarms, "alarmNames": names, **off}}


def schedule_of(plan: Plan) -> Schedule:
    """The plan in ECS's terms. BadPlan says what ECS can do instead."""
    steps = _without_zero(plan.steps)
    weights = [step for step in steps if isinstance(step, SetWeight)]
    if len(weights) + sum(isinstance(step, Approve) for step in steps) != len(steps):
        raise _cannot("it holds a check or watch")
    *between, last = weights
    first, later = _approvals(steps)
    bake = _minutes(last.bake) if last.bake else None
    if not between:
        return Schedule("BLUE_GREEN", bake=bake, pauses=(BEFORE_TRAFFIC,) if first else ())
    if len({step.bake for step in between}) > 1:
        raise _cannot("its weights have different bakes")
    pauses = (BEFORE_STEPS,) if later else (BEFORE_TRAFFIC,) if first else ()
    if len(between) == 1:
        return Schedule("CANARY", between[0].percent, _minutes(between[0].bake), bake, pauses)
    if later and later < len(between):
        raise _cannot("it asks before some steps only, and ECS asks before every one")
    return Schedule("LINEAR", _step(between), _minutes(between[0].bake), bake, pauses)


def bounds_of(plan: Plan) -> tuple[str, ...]:
    """Where ECS will do something else than the plan says, in words. BadPlan where it cannot run it at all."""
    schedule = schedule_of(plan)
    told = [
        f"{print_duration(bake)} becomes {print_duration(_minutes(bake) * MINUTE)}: ECS counts whole minutes"
        for bake in dict.fromkeys(step.bake for step in plan.steps if isinstance(step, SetWeight))
        if bake != _minutes(bake) * MINUTE
    ]
    first, _ = _approvals(_without_zero(plan.steps))
    if BEFORE_STEPS in schedule.pauses and not first:
        told.append(f"ECS asks before every step, so before {schedule.percent}% too")
    if _holds_zero(plan.steps) and not first:
        told.append("ECS holds 0% only until the new tasks are healthy: nothing asks before the first traffic")
    if schedule.pauses:
        limit = print_duration(MOST_MINUTES * MINUTE)
        told.append(f"ECS goes back by itself when nobody has answered a pause for {limit}")
    return tuple(told)


def _pause(stage: str) -> dict[str, Any]:
    return {
        "targetType": "PAUSE", "lifecycleStages": [stage],
        "timeoutConfiguration": {"timeoutInMinutes": MOST_MINUTES, "action": "ROLLBACK"},
    }  # fmt: skip


def _holds_zero(steps: Sequence[Step]) -> bool:
    return isinstance(steps[0], SetWeight) and steps[0].percent == 0


def _without_zero(steps: Sequence[Step]) -> Sequence[Step]:
    """0 % is where ECS begins anyway."""
    first = steps[0]
    if not isinstance(first, SetWeight) or first.percent:
        return steps
    if first.bake:
        raise _cannot("it bakes at 0%, where ECS waits for a person only")
    return steps[1:]


def _approvals(steps: Sequence[Step]) -> tuple[bool, int]:
    """Whether somebody is asked before the first weight, and before how many of the later ones."""
    pairs = list(pairwise(steps))
    asked = sum(isinstance(one, Approve) and isinstance(two, SetWeight) for one, two in pairs)
    first = isinstance(steps[0], Approve)
    return first, asked - first


def _step(between: Sequence[SetWeight]) -> int:
    size = between[0].percent
    equal = all(step.percent == size * count for count, step in enumerate(between, start=1))
    if not equal or 100 - between[-1].percent > size:
        raise _cannot("its weights are not equal steps up to 100%")
    if size < SMALLEST_STEP:
        raise _cannot(f"its steps of {size}% are smaller than {SMALLEST_STEP}%")
    return size


def _minutes(bake: timedelta) -> int:
    """Rounded up: a shorter bake than was asked for would be less proof."""
    minutes = -(-bake // MINUTE) if bake > ZERO else 0
    if minutes > MOST_MINUTES:
        raise _cannot(f"it holds a weight for {print_duration(bake)}, and ECS holds one for a day at most")
    return minutes


def _cannot(why: str) -> BadPlan:
    return BadPlan(f"{why}; {CAN}")
