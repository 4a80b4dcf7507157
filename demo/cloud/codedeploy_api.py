"""CodeDeploy's operations on deployments and their targets. What a deployment does is decided in the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.codedeploy import CodeDeploy
from demo.cloud.codedeploy_deployment import Deployment, Group, Run, Target
from demo.cloud.codedeploy_groups import Groups, check_alarms, check_rollback
from demo.cloud.codedeploy_shown import deployment_shown, essence, target_shown
from demo.cloud.codedeploy_words import DISCOVER, ENDED, LAMBDA, READY_WAIT, SERVER, STATUSES, TERMINATION_WAIT
from demo.cloud.metrics import epoch, moment
from demo.cloud.paging import BadToken, page

MOST_AT_ONCE = 25
LONGEST_DESCRIPTION = 256
CheckRevision = Callable[[Call, str], None]


@dataclass
class Deployments:
    """The deployments over the API. `check_revision` refuses one that does not exist."""

    now: Now
    groups: Groups
    engine: CodeDeploy
    check_revision: CheckRevision
    page_size: int

    def operations(self) -> Operations:
        """The operations answered here."""
        return {
            "CreateDeployment": self.create, "GetDeployment": self.get, "BatchGetDeployments": self.batch,
            "ListDeployments": self.list_deployments, "StopDeployment": self.stop, "ContinueDeployment": self.proceed,
            "ListDeploymentTargets": self.list_targets, "GetDeploymentTarget": self.get_target,
            "BatchGetDeploymentTargets": self.batch_targets,
        }

    def create(self, call: Call) -> Answer:
        asked = call.parameters
        app = self.groups.need_app(call)
        group = self.groups.need(app, asked.get("deploymentGroupName"))
        name = asked.get("deploymentConfigName") or group.settings["deploymentConfigName"]
        config = self.groups.config(app.key[:2], name, app.platform)
        if not asked.get("revision"):
            raise Failure("RevisionRequiredException", "Revision is required")
        self.check_revision(call, app.platform)
        _check_instances(group, asked.get("targetInstances"))
        if len(asked.get("description", "")) > LONGEST_DESCRIPTION:
            raise Failure("DescriptionTooLongException", f"The description is longer than {LONGEST_DESCRIPTION}")
        check_alarms(asked.get("overrideAlarmConfiguration", {}))
        check_rollback(asked.get("autoRollbackConfiguration", {}))
        if group.active is not None:
            raise Failure("DeploymentLimitExceededException", (
                f"The Deployment Group '{group.name}' already has an active Deployment '{group.active.id}'"
            ))
        one = self.engine.create(group, config, dict(asked), epoch(self.now()))
        return Answer({"deploymentId": one.id}, None, essence(one))

    def get(self, call: Call) -> Answer:
        return Answer({"deploymentInfo": deployment_shown(self._need(call))})

    def batch(self, call: Call) -> Answer:
        """Deployments by id; those it does not know are left out."""
        ids = call.parameters["deploymentIds"]
        if not ids:
            raise Failure("DeploymentIdRequiredException", "At least one deployment ID must be specified")
        if len(ids) > MOST_AT_ONCE:
            raise Failure("BatchLimitExceededException", f"The maximum number of deployment IDs is {MOST_AT_ONCE}")
        for name in ids:
            _check_id(name)
        found = [one for one in map(self.engine.deployments.get, ids) if one is not None and _is_here(one, call)]
        return Answer({"deploymentsInfo": [deployment_shown(one) for one in found]})

    def list_deployments(self, call: Call) -> Answer:
        """Ids of a group's deployments, or of all of them, the newest first."""
        asked = call.parameters
        for status in asked.get("includeOnlyStatuses", []):
            if status not in STATUSES:
                raise Failure("InvalidDeploymentStatusException", f"Deployment status {status} is not valid")
        rows = [one for one in self._of(call) if not asked.get("includeOnlyStatuses") or
                one.status in asked["includeOnlyStatuses"]]
        start, end = _range(asked.get("createTimeRange", {}))
        rows = [one for one in rows if (start is None or moment(one.created) >= start)
                and (end is None or moment(one.created) <= end) and not _hides(one)]
        rows.sort(key=_position, reverse=True)
        try:
            shown, token = page(rows, _position, asked.get("nextToken"), self.page_size, descending=True)
        except BadToken as error:
            raise Failure("InvalidNextTokenException", "The next token was specified in an invalid format") from error
        return Answer({"deployments": [one.id for one in shown]} | ({"nextToken": token} if token else {}))

    def stop(self, call: Call) -> Answer:
        """Begins the end of a deployment."""
        one = self._need(call)
        _check_running(one)
        before = essence(one)
        self.engine.stop(one, epoch(self.now()), go_back=call.parameters.get("autoRollbackEnabled", False))
        return Answer({"status": "Pending", "statusMessage": "The deployment is stopping."}, before, essence(one))

    def proceed(self, call: Call) -> Answer:
        """Ends one of the waits of a blue/green deployment."""
        one, wait = self._need(call), call.parameters.get("deploymentWaitType", READY_WAIT)
        if wait not in (READY_WAIT, TERMINATION_WAIT):
            raise Failure("InvalidDeploymentWaitTypeException", f"The wait type {wait} is invalid")
        _check_running(one)
        if one.group.app.platform == LAMBDA or not one.group.is_blue_green:
            raise Failure("UnsupportedActionForDeploymentTypeException",
                          "This action is supported for blue/green deployments only")
        before = essence(one)
        if one.stopping is not None or one.run is None or not one.run.proceed(wait, epoch(self.now())):
            raise Failure("DeploymentIsNotInReadyStateException", f"The deployment {one.id} is not in a {wait} state")
        return Answer({}, before, essence(one) | {"ended": wait})

    # --- targets

    def list_targets(self, call: Call) -> Answer:
        run = self._begun(self._need(call))
        filters = call.parameters.get("targetFilters", {})
        wanted, labels = filters.get("TargetStatus"), filters.get("ServerInstanceLabel")
        ids = sorted(
            target.id for target in run.targets if (not wanted or target.status in wanted)
            and (not labels or run.shown(target).get("instanceLabel") in labels)
        )
        try:
            shown, token = page(ids, lambda row: [row], call.parameters.get("nextToken"), self.page_size)
        except BadToken as error:
            raise Failure("InvalidNextTokenException", "The next token was specified in an invalid format") from error
        return Answer({"targetIds": list(shown)} | ({"nextToken": token} if token else {}))

    def get_target(self, call: Call) -> Answer:
        one = self._need(call)
        return Answer({"deploymentTarget": target_shown(one, self._target(one, call.parameters["targetId"]))})

    def batch_targets(self, call: Call) -> Answer:
        one, ids = self._need(call), call.parameters.get("targetIds", [])
        if not ids:
            raise Failure("DeploymentTargetIdRequiredException", "At least one target ID must be specified")
        if len(ids) > MOST_AT_ONCE:
            raise Failure("DeploymentTargetListSizeExceededException", f"The maximum number of IDs is {MOST_AT_ONCE}")
        return Answer({"deploymentTargets": [target_shown(one, self._target(one, name)) for name in ids]})

    # --- inside

    def _begun(self, one: Deployment) -> Run:
        if one.run is None:
            raise Failure("DeploymentNotStartedException", f"The deployment {one.id} has not started")
        return one.run

    def _target(self, one: Deployment, name: str) -> Target:
        found = next((target for target in self._begun(one).targets if target.id == name), None)
        if found is None:
            raise Failure("DeploymentTargetDoesNotExistException", f"No target {name} in deployment {one.id}")
        return found

    def _need(self, call: Call) -> Deployment:
        name = call.parameters.get("deploymentId")
        if not name:
            raise Failure("DeploymentIdRequiredException", "Deployment ID is required")
        _check_id(name)
        found = self.engine.deployments.get(name)
        if found is None or not _is_here(found, call):
            raise Failure("DeploymentDoesNotExistException", f"The deployment {name} could not be found")
        return found

    def _of(self, call: Call) -> list[Deployment]:
        if call.parameters.get("applicationName") is None:
            return [one for one in self.engine.deployments.values() if _is_here(one, call)]
        app = self.groups.need_app(call)
        return list(self.groups.need(app, call.parameters.get("deploymentGroupName")).deployments)


def _check_id(name: str) -> None:
    if not name.startswith("d-"):
        raise Failure("InvalidDeploymentIdException", f"Deployment ID {name} is invalid")


def _check_running(one: Deployment) -> None:
    if one.status in ENDED:
        raise Failure("DeploymentAlreadyCompletedException", f"The deployment {one.id} has already completed")


def _check_instances(group: Group, asked: dict[str, Any] | None) -> None:
    """The new instances are named at each deployment where they exist already, and only there."""
    discovers = group.app.platform == SERVER and group.is_blue_green and group.green_fleet == DISCOVER
    named = asked or {}
    if discovers != bool(named.get("tagFilters") or named.get("autoScalingGroups")):
        raise Failure("InvalidTargetInstancesException", (
            "The replacement instances must be named by tagFilters or autoScalingGroups of targetInstances" if discovers
            else "Target instances are named for blue/green deployments to existing replacement instances only"
        ))


def _is_here(one: Deployment, call: Call) -> bool:
    return one.group.app.key[:2] == (call.account, call.region)


def _position(one: Deployment) -> list[Any]:
    return [one.created, one.group.deployments.index(one), one.id]


def _hides(one: Deployment) -> bool:
    """Whether this answer leaves the deployment out still."""
    one.hidden, hidden = max(0, one.hidden - 1), one.hidden > 0
    return hidden


def _range(asked: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    start, end = asked.get("start"), asked.get("end")
    if start is not None and end is not None and start > end:
        raise Failure("InvalidTimeRangeException", "The start of the time range is later than its end")
    return start, end
