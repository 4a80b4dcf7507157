"""CodeDeploy's operations on applications, deployment groups and configurations. Deployments are made elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.codedeploy_configs import PREFIX, Config, given, made_of
from demo.cloud.codedeploy_deployment import AppKey, Application, Group
from demo.cloud.codedeploy_shown import application_shown, group_shown
from demo.cloud.codedeploy_words import COPY, ECS, PLATFORMS, ROLLBACK_EVENTS, SERVER, STOP
from demo.cloud.metrics import epoch
from demo.cloud.paging import BadToken, page

MOST_GROUPS, MOST_ALARMS = 100, 10
KEPT = (
    "deploymentConfigName", "ec2TagFilters", "serviceRoleArn", "alarmConfiguration", "autoRollbackConfiguration",
    "deploymentStyle", "blueGreenDeploymentConfiguration", "loadBalancerInfo", "ecsServices", "ec2TagSet",
    "outdatedInstancesStrategy", "triggerConfigurations", "autoScalingGroups",
)
USUAL = {SERVER: "OneAtATime", "Lambda": "LambdaAllAtOnce", ECS: "ECSAllAtOnce"}


@dataclass
class Groups:
    """The applications of all places with their groups, and the configurations."""

    now: Now
    page_size: int
    pools: Mapping[tuple[str, str, str], object]
    apps: dict[AppKey, Application] = field(default_factory=dict)
    groups: dict[tuple[AppKey, str], Group] = field(default_factory=dict)
    _own: dict[AppKey, Config] = field(default_factory=dict)
    _given: dict[str, Config] = field(default_factory=given)

    def operations(self) -> Operations:
        """The operations answered here."""
        return {
            "CreateApplication": self.create_app, "GetApplication": self.get_app,
            "ListApplications": self.list_apps, "CreateDeploymentGroup": self.create, "GetDeploymentGroup": self.get,
            "ListDeploymentGroups": self.list_groups, "BatchGetDeploymentGroups": self.batch,
            "UpdateDeploymentGroup": self.update, "CreateDeploymentConfig": self.create_config,
            "GetDeploymentConfig": self.get_config, "ListDeploymentConfigs": self.list_configs,
        }

    def clear(self) -> None:
        """No application and no configuration but AWS's own."""
        for kept in (self.apps, self.groups, self._own):
            kept.clear()

    # --- applications

    def create_app(self, call: Call) -> Answer:
        name, platform = call.parameters["applicationName"], call.parameters.get("computePlatform", SERVER)
        key = (call.account, call.region, name)
        if key in self.apps:
            raise Failure("ApplicationAlreadyExistsException", f"Application already exists: {name}")
        if platform not in PLATFORMS:
            raise Failure("InvalidComputePlatformException", f"Compute platform {platform} is not valid")
        self.apps[key] = Application(key, _id("application", key), platform, epoch(self.now()))
        return Answer({"applicationId": self.apps[key].id})

    def get_app(self, call: Call) -> Answer:
        return Answer({"application": application_shown(self.need_app(call))})

    def list_apps(self, call: Call) -> Answer:
        return self._page(call, "applications", (key[2] for key in self.apps if key[:2] == _place(call)))

    def need_app(self, call: Call) -> Application:
        """The application that a call names."""
        name = call.parameters.get("applicationName")
        if not name:
            raise Failure("ApplicationNameRequiredException", "Application name is required")
        found = self.apps.get((call.account, call.region, name))
        if found is None:
            raise Failure("ApplicationDoesNotExistException", f"No application found for name: {name}")
        return found

    # --- groups

    def create(self, call: Call) -> Answer:
        app, name = self.need_app(call), call.parameters["deploymentGroupName"]
        if (app.key, name) in self.groups:
            raise Failure("DeploymentGroupAlreadyExistsException", f"Deployment group name already exists: {name}")
        settings = {key: call.parameters[key] for key in KEPT if key in call.parameters}
        settings.setdefault("deploymentConfigName", f"{PREFIX}{USUAL[app.platform]}")
        self._check(app, settings)
        group = Group(app, name, _id("group", (*app.key, name)), settings)
        self.groups[app.key, name] = group
        return Answer({"deploymentGroupId": group.id}, None, dict(settings))

    def update(self, call: Call) -> Answer:
        """Replaces each setting that the call names, whole."""
        app = self.need_app(call)
        group = self.need(app, call.parameters.get("currentDeploymentGroupName"))
        settings = group.settings | {key: call.parameters[key] for key in KEPT if key in call.parameters}
        self._check(app, settings)
        before, group.settings = group.settings, settings
        return Answer({}, before, dict(settings))

    def get(self, call: Call) -> Answer:
        group = self.need(self.need_app(call), call.parameters.get("deploymentGroupName"))
        return Answer({"deploymentGroupInfo": group_shown(group)})

    def batch(self, call: Call) -> Answer:
        """Groups by name; those it does not know are left out."""
        app, names = self.need_app(call), call.parameters["deploymentGroupNames"]
        if len(names) > MOST_GROUPS:
            raise Failure("BatchLimitExceededException", f"The maximum number of names is {MOST_GROUPS}")
        found = [self.groups[app.key, name] for name in names if (app.key, name) in self.groups]
        return Answer({"deploymentGroupsInfo": [group_shown(group) for group in found]})

    def list_groups(self, call: Call) -> Answer:
        app = self.need_app(call)
        names = (name for key, name in self.groups if key == app.key)
        return self._page(call, "deploymentGroups", names, {"applicationName": app.name})

    def need(self, app: Application, name: str | None) -> Group:
        """A group of an application by its name."""
        if not name:
            raise Failure("DeploymentGroupNameRequiredException", "Deployment group name is required")
        if (app.key, name) not in self.groups:
            raise Failure("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
        return self.groups[app.key, name]

    # --- configurations

    def create_config(self, call: Call) -> Answer:
        config = made_of(call.parameters, self.now())
        key = (call.account, call.region, config.name)
        if key in self._own:
            raise Failure("DeploymentConfigAlreadyExistsException", f"{config.name} already exists")
        self._own[key] = config
        return Answer({"deploymentConfigId": _id("config", key)}, None, {"name": config.name})

    def get_config(self, call: Call) -> Answer:
        config = self.config(_place(call), call.parameters["deploymentConfigName"])
        return Answer({"deploymentConfigInfo": config.shown()})

    def list_configs(self, call: Call) -> Answer:
        own = [key[2] for key in self._own if key[:2] == _place(call)]
        return self._page(call, "deploymentConfigsList", [*self._given, *own])

    def config(self, place: tuple[str, str], name: str, platform: str = "") -> Config:
        """A configuration by its name; refuses one for another platform where that is told."""
        found = self._given.get(name) or self._own.get((*place, name))
        if found is None:
            raise Failure("DeploymentConfigDoesNotExistException", f"No Deployment Configuration found: {name}")
        if platform and found.platform != platform:
            raise Failure("InvalidDeploymentConfigNameException", (
                f"The deployment configuration {name} is for the {found.platform} compute platform, not {platform}"
            ))
        return found

    # --- inside

    def _check(self, app: Application, settings: dict[str, Any]) -> None:
        self.config(app.key[:2], settings["deploymentConfigName"], app.platform)
        check_alarms(settings.get("alarmConfiguration", {}))
        check_rollback(settings.get("autoRollbackConfiguration", {}))
        option = settings.get("blueGreenDeploymentConfiguration", {}).get("deploymentReadyOption", {})
        if option.get("waitTimeInMinutes") and option.get("actionOnTimeout") != STOP:
            raise Failure("InvalidBlueGreenDeploymentConfigurationException", (
                "Deployment ready action cannot be set to 'CONTINUE_DEPLOYMENT' when timeout is specified"
            ))
        if app.platform == SERVER:
            check_servers(settings)
            self._check_pools(app.key[:2], settings.get("autoScalingGroups", []))
        if app.platform == ECS and not settings.get("ecsServices"):
            raise Failure("InvalidECSServiceException", "For ECS deployment group, ecsServices must be specified")

    def _check_pools(self, place: tuple[str, str], names: Iterable[str]) -> None:
        missing = [name for name in names if (*place, name) not in self.pools]
        if missing:
            raise Failure("InvalidAutoScalingGroupException", f"No Auto Scaling group found for name: {missing[0]}")

    def _page(
        self, call: Call, name: str, rows: Iterable[str], more: dict[str, Any] | None = None
    ) -> Answer:
        try:
            shown, token = page(sorted(rows), lambda row: [row], call.parameters.get("nextToken"), self.page_size)
        except BadToken as error:
            raise Failure("InvalidNextTokenException", "The next token was specified in an invalid format") from error
        return Answer({name: list(shown), **(more or {})} | ({"nextToken": token} if token else {}))


def check_servers(settings: dict[str, Any]) -> None:
    """Refuses a group of servers whose old or new fleet, or whose load balancer, is not said."""
    style, pools = settings.get("deploymentStyle", {}), settings.get("autoScalingGroups", [])
    if style.get("deploymentType") != "BLUE_GREEN":
        if pools:
            raise Failure("InvalidAutoScalingGroupException",
                          "the embedded cloud deploys to Auto Scaling groups by blue/green deployments only")
        return
    if style.get("deploymentOption") != "WITH_TRAFFIC_CONTROL":
        raise Failure("InvalidDeploymentStyleException", "A blue/green deployment needs WITH_TRAFFIC_CONTROL")
    if not settings.get("loadBalancerInfo", {}).get("targetGroupInfoList"):
        raise Failure("InvalidLoadBalancerInfoException", "A blue/green deployment needs a load balancer")
    options = settings.get("blueGreenDeploymentConfiguration", {})
    if options.get("greenFleetProvisioningOption", {}).get("action") == COPY and len(pools) != 1:
        raise Failure("InvalidBlueGreenDeploymentConfigurationException", (
            f"{COPY} needs exactly one Auto Scaling group, not {len(pools)}"
        ))


def check_alarms(asked: dict[str, Any]) -> None:
    """Refuses an alarm configuration that is on and empty, or too long."""
    alarms = asked.get("alarms", [])
    if asked.get("enabled") and not alarms:
        raise Failure("InvalidAlarmConfigException", "The alarm configuration is enabled and names no alarm")
    if len(alarms) > MOST_ALARMS:
        raise Failure("AlarmsLimitExceededException", f"The maximum number of alarms is {MOST_ALARMS}")


def check_rollback(asked: dict[str, Any]) -> None:
    """Refuses an automatic rollback that is on without events, or with unknown ones."""
    events = asked.get("events", [])
    if (asked.get("enabled") and not events) or any(event not in ROLLBACK_EVENTS for event in events):
        raise Failure("InvalidAutoRollbackConfigException", f"The events of the rollback are invalid: {events}")


def _place(call: Call) -> tuple[str, str]:
    return call.account, call.region


def _id(kind: str, key: Iterable[str]) -> str:
    mark = hashlib.sha256(f"{kind} {'/'.join(key)}".encode()).hexdigest()
    return "-".join((mark[:8], mark[8:12], mark[12:16], mark[16:20], mark[20:32]))
