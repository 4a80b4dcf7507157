"""May this group deploy now, and what will AWS do by itself? What a rollout would stumble over later."""

from collections.abc import Sequence
from typing import Final

from aws.alarm_calls import described
from aws.alarm_facts import AlarmRow
from aws.calls import Calls
from aws.codedeploy_course import TERMINATION
from aws.codedeploy_mark import only_keeps, words
from aws.codedeploy_reads import (
    Desk,
    application_of,
    configuration_of,
    deployments_of,
    group_of,
    ids_since,
    known_configurations,
)
from aws.codedeploy_replies import ACTIVE, Application, Configuration, Deployment, Group
from aws.codedeploy_schedule import Schedule, configuration_for
from aws.codedeploy_target import AS_AWS, CodeDeployTarget
from rollout.errors import NotFound, Refused, TargetError
from rollout.model import Rollout
from rollout.release import Check

_UPDATE: Final = "aws deploy update-deployment-group"


def survey(one: Desk) -> tuple[Group, list[Check]]:
    """The group, and what it does by itself. NotFound lists the known names; Refused: it is of another platform."""
    application = application_of(one)
    group = group_of(one)
    _of_platform(one.target, application, group)
    return group, [*says_of_itself(group), *_new_servers(group)]


def _new_servers(group: Group) -> list[Check]:
    """Where the servers that take over come from: AWS refuses a start that names none of those that it has to find."""
    found = group.blue_green_deployment_configuration.green_fleet_provisioning_option.action
    if group.compute_platform != "Server" or not group.blue_green or found != "DISCOVER_EXISTING":
        return []
    text = f"the deployment group {group.deployment_group_name} wants its new servers named at each start"
    return [_fail("servers", text, "let it copy its Auto Scaling group: COPY_AUTO_SCALING_GROUP")]


def active_of(one: Desk) -> list[Deployment]:
    """Deployments of the group that are under way; there is one at most."""
    ids = ids_since(one, statuses=ACTIVE)
    return [row for row in deployments_of(one.calls, ids).values() if row.active]


def busy(target: CodeDeployTarget, active: Sequence[Deployment], serving: str) -> list[Check]:
    """A group deploys one thing at a time, whoever started it. An earlier way back that has arrived is no obstacle."""
    checks = []
    for row in active:
        told = words(row)
        text = f"the deployment group {target.group} is busy with {told}"
        hint = "wait until it has ended, or have it stopped by whoever started it"
        if only_keeps(row, serving):
            text = f"{told} has put {serving} back and still keeps what it took away: the launch ends it first"
            checks.append(_warn("busy", text, "start only when nobody needs the old side any more"))
            continue
        if row.keeps_old_side:
            # Stopped with a rollback it would send everything to the old side again, whatever that was.
            command = f"aws deploy continue-deployment --deployment-id {row.deployment_id}"
            hint = "wait until it has ended; to stop it may bring its old side again, to end its wait does not: "
            hint += f"{command} --deployment-wait-type {TERMINATION}"
        checks.append(_fail("busy", text, hint))
    return checks


def configuration(one: Desk, rollout: Rollout) -> list[Check]:
    """Whether the configuration that it would follow is there, and of this platform."""
    wanted = configuration_for(one.target, rollout.terms.schedule, back=rollout.back)
    if isinstance(wanted, Schedule):
        return []  # made at the launch where it is not there
    return named_configuration(one, wanted)


def named_configuration(one: Desk, name: str) -> list[Check]:
    """The same for one by name."""
    if not name:
        return []
    try:
        found: Configuration = configuration_of(one.calls, name)
    except TargetError as error:
        if error.kind != "absent":
            raise
        known = known_configurations(one.calls)
        raise NotFound(f"CodeDeploy has no deployment configuration {name}", known) from None
    if found.compute_platform == AS_AWS[one.target.platform]:
        return []
    text = f"the deployment configuration {name} is for {found.compute_platform}, not {AS_AWS[one.target.platform]}"
    return [_fail("configuration", text, "name one of this platform as configuration, or leave it out")]


def asking(target: CodeDeployTarget, group: Group, rollout: Rollout) -> list[Check]:
    """Whether a plan that asks a person meets a group that waits for one, and the other way round."""
    waits, name = group.waits, target.group
    wanted = configuration_for(target, rollout.terms.schedule, back=rollout.back)
    asked = isinstance(wanted, Schedule) and wanted.approved
    minutes = waits.wait_time_in_minutes if group.blue_green else 0
    if asked and not minutes:
        text = f"the plan asks a person before traffic moves, and the deployment group {name} does not wait"
        hint = f"{_UPDATE} with deploymentReadyOption={{actionOnTimeout=STOP_DEPLOYMENT,waitTimeInMinutes=60}}"
        if not group.blue_green:
            hint = "it deploys in place, where nothing waits: leave `approve` out, or make it a blue/green group"
        return [_fail("ready", text, hint)]
    if minutes and not asked:
        then = "stops" if waits.action_on_timeout == "STOP_DEPLOYMENT" else "goes on"
        text = f"the deployment group {name} waits up to {minutes} min before traffic moves, then {then}"
        return [_warn("ready", text, "its card has the button to go on")]
    return []


def red(calls: Calls, group: Group, *, back: bool, overridden: bool = False) -> list[Check]:
    """Alarms of the group that are red, or that CloudWatch does not know: CodeDeploy would stop at once.

    A red one only warns: the group's alarms become gates of the rollout, and those refuse the start by name (S13).
    """
    names = group.alarm_configuration.names
    rows: list[AlarmRow] = described(calls, AlarmNames=list(names)) if names else []
    known = {row.alarm_name: row for row in rows}
    checks = []
    for name in names:
        row = known.get(name)
        if row is None:
            text = f"the deployment group {group.deployment_group_name} watches the alarm {name}, which does not exist"
            checks.append(_fail("alarm", text, "create it, or take it out of the group"))
        elif row.state_value == "ALARM":
            then = "this deployment is told to leave it out" if overridden else "CodeDeploy would stop at once"
            text = f"the alarm {name} of the deployment group is red now: {then}"
            checks.append(_warn("alarm", text, "wait until it is OK, or take it out of the group"))
    # A way back is the answer to a red alarm: it goes without the group's alarms.
    return [check.model_copy(update={"state": "warn"}) for check in checks] if back else checks


def says_of_itself(group: Group) -> list[Check]:
    """What CodeDeploy will do by itself, as it really is; a warning for each thing that it will not."""
    rollback, alarms, name = group.auto_rollback_configuration, group.alarm_configuration, group.deployment_group_name
    when = [word for event, word in _EVENTS.items() if rollback.on(event)]
    watched = ", ".join(alarms.names) or "no alarm"
    text = f"CodeDeploy watches {watched} and goes back by itself {' and '.join(when) or 'never'}"
    checks = [Check(name="auto-rollback", state="ok", text=text)]
    if not alarms.names:
        text = f"the deployment group {name} watches no alarm: nothing but the bot's own stops a bad release"
        checks.append(_warn("alarms", text, f"{_UPDATE} with --alarm-configuration"))
    elif not rollback.on("STOP_ON_ALARM"):
        text = f"an alarm stops a deployment of {name} where it is, and does not take it back"
        checks.append(_warn("rollback", text, f"{_UPDATE} with the event DEPLOYMENT_STOP_ON_ALARM"))
    if not rollback.on("FAILURE"):
        text = f"a deployment of {name} that fails stays where it is until the bot takes it back"
        checks.append(_warn("failure", text, f"{_UPDATE} with the event DEPLOYMENT_FAILURE"))
    if alarms.names and alarms.ignore_poll_alarm_failure:
        text = f"the deployment group {name} goes on where CloudWatch cannot be asked (ignorePollAlarmFailure)"
        checks.append(_warn("blind", text, f"{_UPDATE} with ignorePollAlarmFailure=false"))
    return checks


_EVENTS: Final = {"FAILURE": "when it fails", "STOP_ON_ALARM": "on an alarm", "STOP_ON_REQUEST": "when it is stopped"}


def _of_platform(target: CodeDeployTarget, application: Application, group: Group) -> None:
    wanted = AS_AWS[target.platform]
    for what, is_one in (("application", application.compute_platform), ("deployment group", group.compute_platform)):
        if is_one != wanted:
            name = target.application if what == "application" else target.group
            text = f"the {what} {name} is for {is_one}, the configuration says {target.platform}"
            raise Refused(text, "correct platform, or name another application")


def _fail(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="fail", text=text, hint=hint)


def _warn(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="warn", text=text, hint=hint)
