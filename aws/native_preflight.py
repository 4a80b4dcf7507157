"""May ECS itself deploy this release to this service? What AWS or a rollout would stumble over later. No calls."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from aws.alarm_facts import AlarmRow
from aws.alb_facts import group_name
from aws.ecs_definition import short
from aws.faults import clip
from aws.native_replies import Brief, Configuration, Native, NativeFleet
from aws.native_schedule import Schedule
from rollout.release import Check

MOVING: Final = ("BLUE_GREEN", "LINEAR", "CANARY")
"""Strategies that move traffic between two target groups."""
KNOWN: Final = ("ROLLING", *MOVING)


class Survey(NamedTuple):
    """What was found of a target before a start."""

    fleet: NativeFleet
    newest: Brief | None
    """The service's newest deployment, of whatever release."""
    definition: str
    """The task definition that serves."""
    alarms: Sequence[AlarmRow] = ()
    """Of those that the service's own configuration watches."""
    schedule: Schedule | None = None
    """What is asked for; None: what the service has."""
    left: Native | None = None
    """The deployment whose configuration a way back replaced: the start puts it back."""
    back: bool = False
    """Going back to a release that served before: at once, no hook is asked, and ECS watches no alarm."""
    without: tuple[str, ...] = ()
    """Alarms that were red before, and that a second person's word leaves out."""

    @property
    def configuration(self) -> Configuration:
        """The service's own: what it is deployed by unless a schedule is asked for."""
        return self.left.deployment_configuration if self.left else self.fleet.configuration

    @property
    def strategy(self) -> str:
        return self.schedule.strategy if self.schedule else self.configuration.strategy

    @property
    def red(self) -> tuple[str, ...]:
        """Those of them that are red now."""
        return tuple(row.alarm_name for row in self.alarms if row.state_value == "ALARM")

    @property
    def watched(self) -> tuple[str, ...]:
        """The alarms that AWS watches during a deployment of the service's own configuration."""
        alarms = self.configuration.alarms
        return alarms.alarm_names if alarms.enable else ()


def findings(found: Survey) -> list[Check]:
    """What is true of the service whoever asks."""
    return [*_service(found), *_strategy(found), *_left(found), *_hooks(found), *_breaker(found), *_alarms(found)]


def under_way(found: Survey) -> list[Check]:
    """A deployment more would supersede the one that runs."""
    newest, fleet = found.newest, found.fleet
    if newest is None or newest.ended:
        return []
    told = f"{newest.id}, begun {newest.created_at:%Y-%m-%d %H:%M} UTC, {clip(newest.status, 40)}"
    definition = short(fleet.task_definition)
    text = f"a deployment of {fleet.service_name} to {definition} is in progress: {told}"
    return [_fail("deployment", text, "wait until it has ended, then ask again; AWS does not tell who began it")]


def schedule_words(configuration: Configuration) -> str:
    """`CANARY 10 % 5 min, then 100 %, bake 5 min, pauses at POST_TEST_TRAFFIC_SHIFT`."""
    told = [configuration.strategy]
    canary, linear = configuration.canary_configuration, configuration.linear_configuration
    if configuration.strategy == "CANARY" and canary:
        told[0] += f" {canary.canary_percent:g} % {canary.canary_bake_time_in_minutes} min, then 100 %"
    if configuration.strategy == "LINEAR" and linear:
        told[0] += f" {linear.step_percent:g} % every {linear.step_bake_time_in_minutes} min"
    if configuration.strategy != "ROLLING":
        told.append(f"bake {configuration.bake_time_in_minutes} min")
    stages = [stage for hook in configuration.lifecycle_hooks if hook.target_type == "PAUSE"
              for stage in hook.lifecycle_stages]  # fmt: skip
    if stages:
        told.append(f"pauses at {', '.join(stages)}")
    return clip(", ".join(told))


def _service(found: Survey) -> list[Check]:
    fleet, checks = found.fleet, []
    name, controller = fleet.service_name, fleet.deployment_controller.type
    if fleet.status != "ACTIVE":
        text = f"the service {name} is {clip(fleet.status, 40)}"
        checks.append(_fail("service", text, "it must be ACTIVE"))
    if controller != "ECS" or fleet.task_sets:
        text = f"{name} has the deployment controller {clip(controller, 40)}, expected ECS"
        checks.append(_fail("controller", text, "services of CodeDeploy have a driver of their own"))
    if not fleet.desired_count:
        text = f"{name} is asked for no task: nothing would prove the release"
        checks.append(_fail("count", text, "scale it to what carries its traffic"))
    return checks


def _strategy(found: Survey) -> list[Check]:
    fleet, strategy = found.fleet, found.strategy
    name = fleet.service_name
    if strategy not in KNOWN:
        text = f"{name} has the deployment strategy {clip(strategy, 40)}"
        return [_fail("strategy", text, f"known: {', '.join(KNOWN)}")]
    if strategy == "ROLLING":
        text = f"{name} is deployed by ROLLING: traffic follows the tasks, not the other way round"
        return [Check(name="strategy", state="warn", text=text, hint="CANARY or BLUE_GREEN can be seen before traffic")]
    lacking = _lacking(fleet)
    if lacking:
        text = f"{strategy} moves traffic between two target groups, and {name} has {lacking}"
        hint = "give its load balancer an advancedConfiguration with both, or use ROLLING"
        return [_fail("strategy", text, hint)]
    told = schedule_words(found.configuration) if found.schedule is None else strategy
    checks = [Check(name="strategy", state="ok", text=f"{name}: {told}; {_places(fleet)}")]
    bake = found.configuration.bake_time_in_minutes
    if found.schedule is not None and found.schedule.bake is not None:
        bake = found.schedule.bake
    if not bake:
        text = f"{name} has no bake: ECS removes the old tasks as soon as all traffic has moved"
        checks.append(Check(name="bake", state="warn", text=text, hint="a way back is a new deployment then"))
    if found.schedule is not None and found.configuration.strategy != strategy:
        before = found.configuration.strategy
        text = f"the plan changes the strategy of {name} from {before} to {strategy}, and it stays so"
        checks.append(Check(name="changed", state="warn", text=text, hint="use the plan `watch` to leave it as it is"))
    return checks


def _left(found: Survey) -> list[Check]:
    """What an earlier way back replaced, and the start puts back."""
    if found.left is None:
        return []
    live, own = found.fleet.configuration, found.configuration
    went, again = [], []
    if found.schedule is None and (own.strategy != live.strategy or own.lifecycle_hooks):
        went.append(f"on {live.strategy}")
        again.append(schedule_words(own).split(",")[0])
    elif own.bake_time_in_minutes != live.bake_time_in_minutes:
        went.append("without its bake")
        again.append(f"{own.bake_time_in_minutes} min")
    if found.watched and not live.alarms.enable:
        went.append("without its alarms")
        again.append(", ".join(found.watched))
    if not went:
        return []
    text = f"a way back left {found.fleet.service_name} {' and '.join(went)}: the start puts {' and '.join(again)} back"
    return [Check(name="left", state="warn", text=text, hint="it is the service's own configuration again")]


def _lacking(fleet: NativeFleet) -> str:
    """What a strategy that moves traffic misses, in words."""
    if not fleet.balanced:
        return "no load balancer"
    for one in fleet.balanced:
        advanced = one.advanced_configuration
        if advanced is None or not advanced.alternate_target_group_arn:
            return f"no alternate target group beside {group_name(one.target_group_arn)}"
        if not advanced.production_listener_rule:
            return f"no production listener rule for {group_name(one.target_group_arn)}"
    return ""


def _places(fleet: NativeFleet) -> str:
    """Between which groups, by which rule."""
    told = []
    for one in fleet.balanced:
        if advanced := one.advanced_configuration:
            groups = f"{group_name(one.target_group_arn)} and {group_name(advanced.alternate_target_group_arn)}"
            told.append(f"{groups} by the rule {short(advanced.production_listener_rule)}")
    return "; ".join(told)


def _hooks(found: Survey) -> list[Check]:
    checks = []
    for hook in () if found.back else found.configuration.lifecycle_hooks:
        stages = ", ".join(hook.lifecycle_stages)
        if hook.target_type == "PAUSE":
            if found.schedule is not None:
                continue
            limit = hook.timeout_configuration
            then = "goes on" if limit.action == "CONTINUE" else "goes back"
            text = f"ECS pauses at {stages} until somebody answers; after {limit.timeout_in_minutes} min it {then}"
        else:
            text = f"ECS asks the function {clip(hook.hook_target_arn.rsplit(':', 1)[-1], 80)} at {stages}"
        checks.append(Check(name="hook", state="ok", text=text))
    return checks


def _breaker(found: Survey) -> list[Check]:
    if found.strategy != "ROLLING":
        return []
    breaker = found.fleet.configuration.deployment_circuit_breaker
    name = found.fleet.service_name
    if not breaker.enable:
        text = f"{name} has no circuit breaker: ECS starts tasks that do not come up again and again"
        return [Check(name="breaker", state="warn", text=text, hint="turn it on, with rollback")]
    then = "goes back by itself" if breaker.rollback else "stops, and does not go back by itself"
    state = "ok" if breaker.rollback else "warn"
    return [Check(name="breaker", state=state, text=f"the circuit breaker of {name} {then}")]


def _alarms(found: Survey) -> list[Check]:
    """A red one only warns: AWS's alarms become gates of the rollout, and those refuse the start by name (S13)."""
    name, alarms = found.fleet.service_name, found.configuration.alarms
    if not alarms.alarm_names:
        return []
    told = ", ".join(alarms.alarm_names)
    if not alarms.enable:
        text = f"{name} names alarms for its deployments and does not watch them: {told}"
        return [_warn("alarms", text, "enable them on the service")]
    known = {row.alarm_name: row for row in found.alarms}
    if found.back:
        return [_on_the_way_back(found, told)]
    if absent := [one for one in alarms.alarm_names if one not in known]:
        text = f"{name} watches alarms that CloudWatch does not know: {', '.join(absent)}"
        return [_fail("alarms", text, "correct the deployment configuration of the service")]
    checks = []
    if out := [one for one in alarms.alarm_names if one in found.without]:
        text = f"the start leaves {', '.join(out)} out of the alarms of {name}, and it stays so"
        checks.append(_warn("alarms", text, "name it in the service's deployment configuration again once it is OK"))
    if red := [one for one in found.red if one not in found.without]:
        text = f"{', '.join(red)} is in ALARM: ECS would watch none of its alarms ({told}) in this deployment"
        checks.append(_warn("alarms", text, "wait until it is OK"))
    then = "goes back by itself" if alarms.rollback else "only stops; Tidegate sends it back"
    state = "ok" if alarms.rollback else "warn"
    return checks or [Check(name="alarms", state=state, text=f"on a red alarm ({told}) ECS {then}")]


def _on_the_way_back(found: Survey, told: str) -> Check:
    """The alarm that it is the answer to is red, or turns red late: ECS would put the bad release back for it."""
    text = f"ECS does not watch the alarms of {found.fleet.service_name} ({told}) on the way back"
    if found.red:
        text = f"{', '.join(found.red)} is in ALARM, which going back does not wait for; {text}"
    hint = "the next start switches them on again"
    return Check(name="alarms", state="warn" if found.red else "ok", text=text, hint=hint)


def _fail(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="fail", text=text, hint=hint)


def _warn(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="warn", text=text, hint=hint)
