"""Which plan a name means on a target, and whether its driver can run it. The notation is rollout's."""

from collections.abc import Iterable, Mapping

from rollout.errors import BadPlan
from rollout.plan import BUILT_IN_NAMES, Check, Plan, SetWeight, Watch, built_in
from rollout.ports import Capabilities, Driver, Scheduler, TargetModel

AS_CONFIGURED = "watch"
"""Where AWS moves the traffic: the schedule that the target has on AWS, left as it is."""


class Shelf:
    """The plans one target can reach: its own, then `[plans]`, then the built-in ones."""

    def __init__(
        self, own: Mapping[str, str], shared: Mapping[str, str], driver: type[Driver], target: TargetModel | None
    ) -> None:
        self._own = own
        self._shared = shared
        self._can = driver.capabilities
        self._driver = driver
        self._target = target

    def find(self, name: str) -> Plan | None:
        """The plan of that name, fitting or not; BadPlan when its text cannot be read."""
        for texts in (self._own, self._shared):
            if name in texts:
                return Plan.parse(name, texts[name])
        if name == AS_CONFIGURED and self._can.weights == "watch":
            return Plan.parse(name, "watch")
        return built_in(name, servers=self._can.servers, watched=self._can.weights == "watch")

    def misfit(self, plan: Plan) -> str:
        """Why the driver cannot run it, or empty."""
        if self._can.weights != "watch":
            return misfit(plan, self._can)
        if len(plan.steps) == 1 and isinstance(plan.steps[0], Watch):
            return ""
        if any(isinstance(step, Watch | Check) for step in plan.steps):
            return "AWS moves the traffic by itself here: a plan is `watch` alone, or weights for AWS to step through"
        if self._target is None or not issubclass(self._driver, Scheduler):
            return ""
        return self._driver.misfit(self._target, plan)

    def fitting(self) -> list[str]:
        """The names that can be run here, the target's own first."""
        watch = [AS_CONFIGURED] if self._can.weights == "watch" else []
        names = dict.fromkeys([*self._own, *self._shared, *watch, *BUILT_IN_NAMES])
        return [name for name in names if self._fits(name)]

    def _fits(self, name: str) -> bool:
        try:
            plan = self.find(name)
        except BadPlan:
            return False  # noted where it stands
        return plan is not None and not self.misfit(plan)


def misfit(plan: Plan, can: Capabilities) -> str:
    """Why a driver with these capabilities cannot run the plan, or empty."""
    hook = next((step.hook for step in plan.steps if isinstance(step, Check)), "")
    if hook:
        return f"it checks {hook!r}, and hooks have not come yet"
    weights = [step.percent for step in plan.steps if isinstance(step, SetWeight)]
    if any(isinstance(step, Watch) for step in plan.steps):
        return "it says watch, and here nobody but the bot moves the weight"
    between = [weight for weight in weights if 0 < weight < 100]
    if can.weights == "all_or_nothing" and between:
        return f"the weight is 0 or 100 here, and it says {between[0]}%"
    return ""


def known(names: Iterable[str]) -> str:
    """`plans: canary, linear`, for hints."""
    return "plans: " + (", ".join(names) or "none")
