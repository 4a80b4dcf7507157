"""Plans as CodeDeploy's deployment configurations: what it can step through by itself, and under which name. No calls.

CodeDeploy knows three shapes: everything at once, one share and then the rest, equal shares at equal intervals. Its
own configurations have names; every other one is made on demand, under a name that says what is in it.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

from aws.codedeploy_target import CodeDeployTarget, Platform
from rollout.durations import print_duration
from rollout.plan import Approve, Plan, SetWeight

MINUTE: Final = timedelta(minutes=1)
LONGEST: Final = 2880
"""Minutes, of one interval and of a whole Lambda schedule."""
CAN: Final = (
    "CodeDeploy shifts all at once (`100%`), one share and then the rest (`10% 5m, 100%`),"
    " or equal shares at equal intervals (`25% 3m, 50% 3m, 75% 3m, 100%`)"
)
Shape = Literal["canary", "linear", "all-at-once"]
_KINDS: Final[Mapping[Shape, str]] = {
    "canary": "TimeBasedCanary", "linear": "TimeBasedLinear", "all-at-once": "AllAtOnce",
}  # fmt: skip


class Schedule(NamedTuple):
    """One of CodeDeploy's three shapes; `approved`: it begins when a person says so."""

    shape: Shape
    percent: int = 100
    minutes: int = 0
    approved: bool = False

    @property
    def routing(self) -> dict[str, Any]:
        """As CreateDeploymentConfig takes it."""
        kind = _KINDS[self.shape]
        if self.shape == "all-at-once":
            return {"type": kind}
        numbers = {f"{self.shape}Percentage": self.percent, f"{self.shape}Interval": self.minutes}
        return {"type": kind, kind[0].lower() + kind[1:]: numbers}

    def name(self, platform: Platform) -> str:
        """CodeDeploy's own configuration of that content, or the one that we would make."""
        return _PREDEFINED.get((platform, *self[:3])) or self._own(platform)

    def given(self, platform: Platform) -> bool:
        """CodeDeploy has it without our making it."""
        return (platform, *self[:3]) in _PREDEFINED

    def _own(self, platform: Platform) -> str:
        return f"tidegate-{platform}-{self.shape}-{self.percent}-{self.minutes}m"


def _table() -> dict[tuple[Platform, Shape, int, int], str]:
    """The names are irregular: `Minutes` even for one minute on ECS, and on Lambda `Minute` there."""
    rows: dict[tuple[Platform, Shape, int, int], str] = {
        ("server", "all-at-once", 100, 0): "CodeDeployDefault.AllAtOnce",
        ("ecs", "all-at-once", 100, 0): "CodeDeployDefault.ECSAllAtOnce",
        ("lambda", "all-at-once", 100, 0): "CodeDeployDefault.LambdaAllAtOnce",
        ("ecs", "linear", 10, 1): "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
        ("ecs", "linear", 10, 3): "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
        ("lambda", "linear", 10, 1): "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
    }
    for minutes in (5, 15):
        rows["ecs", "canary", 10, minutes] = f"CodeDeployDefault.ECSCanary10Percent{minutes}Minutes"
    for minutes in (2, 3, 10):
        rows["lambda", "linear", 10, minutes] = f"CodeDeployDefault.LambdaLinear10PercentEvery{minutes}Minutes"
    for minutes in (5, 10, 15, 30):
        rows["lambda", "canary", 10, minutes] = f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes"
    return rows


_PREDEFINED: Final = _table()
PREDEFINED: Final[Mapping[str, Schedule]] = {name: Schedule(*key[1:]) for key, name in _PREDEFINED.items()}
"""What is in CodeDeploy's own configurations, by name: they need not be asked for."""


def schedule_of(target: CodeDeployTarget, plan: Plan) -> Schedule | str:
    """The shape that a plan is on this target, or why there is none."""
    steps = list(plan.steps)
    approved = [isinstance(step, Approve) for step in steps]
    if sum(approved) > 1 or any(approved[2:]) or (any(approved) and not _begins_so(steps)):
        return "a person is asked only before any traffic moves: write `0%, approve, 100%`"
    weights = [step for step in steps if isinstance(step, SetWeight) and step.percent]
    if len(weights) != len(steps) - (2 if any(approved) else 0):
        return f"it has steps that CodeDeploy cannot take: {CAN}"
    if any(approved) and target.platform == "lambda":
        return "Lambda deployments never wait for a person: leave out `approve`"
    if len(weights) > 1 and target.platform == "server":
        return (
            "instances are replaced, traffic is not shared out by percent: write `100%`, and name how many at a time"
            ' with configuration = "CodeDeployDefault.OneAtATime" or "CodeDeployDefault.HalfAtATime"'
        )
    total = sum(_minutes(step.bake) for step in weights[:-1])
    found = _shape(weights, approved=any(approved))
    if target.platform == "lambda" and total > LONGEST and not isinstance(found, str):
        return f"its shares take {total} min together, and CodeDeploy moves a function's traffic in {LONGEST} at most"
    return found


def misfit(target: CodeDeployTarget, plan: Plan) -> str:
    """Why CodeDeploy cannot run the plan, or empty. A plan that says `watch` always fits: the group's own."""
    if any(step.kind == "watch" for step in plan.steps):
        return "" if len(plan.steps) == 1 else "`watch` stands alone: the group's own configuration is the schedule"
    found = schedule_of(target, plan)
    return found if isinstance(found, str) else ""


def bounds(target: CodeDeployTarget, plan: Plan) -> tuple[str, ...]:
    """Where what CodeDeploy does differs from what the plan says."""
    said = [
        f"{print_duration(step.bake)} becomes {_minutes(step.bake)} min: CodeDeploy counts whole minutes"
        for step in plan.steps
        if isinstance(step, SetWeight) and 0 < step.percent < 100 and step.bake != _minutes(step.bake) * MINUTE
    ]
    if any(isinstance(step, Approve) and step.by > 1 for step in plan.steps):
        said.append("CodeDeploy asks for one person's word; that more are needed is kept here, not there")
    watches = any(step.kind == "watch" for step in plan.steps)
    if target.platform == "server" and target.configuration and not watches:
        said.append(f"{target.configuration} decides how it moves: the target names it as `configuration`")
    return tuple(dict.fromkeys(said))


def configuration_for(target: CodeDeployTarget, plan: Plan | None, *, back: bool) -> Schedule | str:
    """What a deployment is asked to follow: a schedule, a configuration by name, or empty: the group's own.

    On instances `100%` means all of them at once, which may leave nobody to serve: a way back does not ask for that.
    """
    if plan is None:
        return target.configuration
    if target.platform == "server" and (target.configuration or back):
        return target.configuration
    found = schedule_of(target, plan)
    return target.configuration if isinstance(found, str) else found


def _begins_so(steps: list[Any]) -> bool:
    first = steps[0]
    return isinstance(first, SetWeight) and first.percent == 0 and isinstance(steps[1], Approve)


def _shape(weights: list[SetWeight], *, approved: bool) -> Schedule | str:
    *rising, _last = weights
    if not rising:
        return Schedule("all-at-once", approved=approved)
    if any(not step.bake for step in rising):
        return f"{rising[0].percent}% has no duration, and CodeDeploy moves on by time: {CAN}"
    minutes = [_minutes(step.bake) for step in rising]
    if max(minutes) > LONGEST:
        return f"{max(minutes)} min is longer than the {LONGEST} min that CodeDeploy waits at most"
    if len(rising) == 1:
        # At 50 % both shapes are the same: CodeDeploy calls one share and then the rest a canary.
        return Schedule("canary", rising[0].percent, minutes[0], approved=approved)
    shares = [0, *(step.percent for step in rising), 100]
    steps = {after - before for before, after in pairwise(shares)}
    even = steps == {rising[0].percent} or _even_but_last(shares)
    if not even or len(set(minutes)) > 1:
        return f"its shares or intervals are not equal: {CAN}"
    return Schedule("linear", rising[0].percent, minutes[0], approved=approved)


def _even_but_last(shares: list[int]) -> bool:
    """`30, 60, 90, 100`: the last step takes what is left, and it is smaller."""
    steps = [after - before for before, after in pairwise(shares)]
    return len(set(steps[:-1])) == 1 and steps[-1] < steps[0]


def _minutes(length: timedelta) -> int:
    """Whole ones, rounded up: a bake is never shortened."""
    return max(1, -(-length // MINUTE))
