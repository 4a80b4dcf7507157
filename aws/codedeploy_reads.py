"""Asks CodeDeploy: groups, configurations, deployments, targets; in batches, over all pages. Judges nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from aws.alb_reads import batches
from aws.calls import Calls
from aws.codedeploy_replies import (
    Application,
    Applied,
    Configuration,
    Configured,
    Deployment,
    Deployments,
    Group,
    Grouped,
    Ids,
    Names,
    TargetIds,
    TargetRow,
    Targets,
)
from aws.codedeploy_schedule import PREDEFINED
from aws.codedeploy_target import OPERATIONS, CodeDeployTarget
from aws.faults import clip
from aws.sessions import Place, Sessions
from rollout.errors import NotFound, TargetError

A_CALL: Final = 25
"""Deployments of BatchGetDeployments, targets of BatchGetDeploymentTargets."""
MOST_PAGES: Final = 20
MOST_TARGETS: Final = 100
"""So many instances are looked at one by one; of more only the counts are known."""
MARGIN: Final = timedelta(minutes=15)
"""Our clock may be ahead of AWS's, by no more than it accepts in a signature: searches begin so much earlier."""
SHOWN: Final = 10


class Desk(NamedTuple):
    """A target, and where to ask about it."""

    target: CodeDeployTarget
    calls: Calls


def desk(sessions: Sessions, target: CodeDeployTarget) -> Desk:
    """CodeDeploy at the target's place."""
    return Desk(target, calls_of(sessions, target, "codedeploy"))


def calls_of(sessions: Sessions, target: CodeDeployTarget, service: str) -> Calls:
    """One service at the target's place."""
    return Calls(sessions, Place(target.iam_role, target.region), service, OPERATIONS, **target.names)


def application_of(one: Desk) -> Application:
    """The application; NotFound with those that there are."""
    try:
        return one.calls.read("GetApplication", Applied, applicationName=one.target.application).application
    except TargetError as error:
        if error.kind != "absent":
            raise
        known = _names(one.calls, "ListApplications", "applications")
    raise NotFound(f"CodeDeploy has no application {one.target.application}", _known(known))


def group_of(one: Desk) -> Group:
    """The deployment group; NotFound with those that there are."""
    target = one.target
    try:
        return one.calls.read(
            "GetDeploymentGroup", Grouped, applicationName=target.application, deploymentGroupName=target.group
        ).deployment_group_info
    except TargetError as error:
        if error.kind != "absent":
            raise
        known = _names(one.calls, "ListDeploymentGroups", "deployment_groups", applicationName=target.application)
    raise NotFound(f"{target.application} has no deployment group {target.group}", _known(known))


def configuration_of(calls: Calls, name: str) -> Configuration:
    """A deployment configuration by name. TargetError `absent` where there is none."""
    return calls.read("GetDeploymentConfig", Configured, deploymentConfigName=name).deployment_config_info


def known_configurations(calls: Calls) -> str:
    """Their names, for a hint."""
    return _known(_names(calls, "ListDeploymentConfigs", "deployment_configs_list"))


def ids_since(one: Desk, since: datetime | None = None, statuses: Iterable[str] = ()) -> list[str]:
    """Deployments of the group: those created since then, those of these statuses."""
    asked: dict[str, Any] = {
        "applicationName": one.target.application, "deploymentGroupName": one.target.group,
    }  # fmt: skip
    if since is not None:
        asked["createTimeRange"] = {"start": since - MARGIN}
    if statuses := sorted(statuses):
        asked["includeOnlyStatuses"] = statuses
    ids: list[str] = []
    for _ in range(MOST_PAGES):
        page = one.calls.read("ListDeployments", Ids, **asked)
        ids += page.deployments
        if not page.next_token:
            return ids
        asked["nextToken"] = page.next_token
    raise TargetError("transient", f"{one.target.group} has more than {MOST_PAGES} pages of deployments")


def deployments_of(calls: Calls, ids: Iterable[str]) -> dict[str, Deployment]:
    """Deployments by id, 25 a call; those that AWS does not know are left out."""
    found: dict[str, Deployment] = {}
    for batch in batches(list(dict.fromkeys(ids)), A_CALL):
        reply = calls.read("BatchGetDeployments", Deployments, deploymentIds=batch)
        found |= {one.deployment_id: one for one in reply.deployments_info}
    return found


class TargetNames:
    """Ids of targets by deployment. Those of a service or a function never change, so each is asked for once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, one: Desk, deployment: str) -> tuple[str, ...]:
        """At most a hundred; instances come and go, so they are listed each time."""
        if deployment in self._known:
            return self._known[deployment]
        found = tuple(_target_ids(one.calls, deployment))
        if found and one.target.platform != "server":
            if len(self._known) >= SHOWN * A_CALL:
                self._known.clear()
            self._known[deployment] = found
        return found


def targets_of(one: Desk, names: TargetNames, deployment: str) -> tuple[TargetRow, ...]:
    """What the targets of a deployment show; none of one that has not begun."""
    try:
        rows: list[TargetRow] = []
        for batch in batches(names.of(one, deployment), A_CALL):
            page = one.calls.read("BatchGetDeploymentTargets", Targets, deploymentId=deployment, targetIds=batch)
            rows += [each.row for each in page.deployment_targets if each.row]
    except TargetError as error:
        if "DeploymentNotStarted" in error.fact:
            return ()
        raise
    return tuple(rows)


class Intervals:
    """Minutes between two moves of traffic, by deployment configuration. What one says never changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}

    def of(self, one: Desk, name: str) -> int:
        """Asked for once; none where it cannot be told, for it only says how long nothing may rightly change."""
        if name in PREDEFINED:
            return PREDEFINED[name].minutes
        key = (one.target.region, name)
        if name and key not in self._known:
            try:
                self._known[key] = configuration_of(one.calls, name).interval
            except TargetError:
                return 0
        return self._known.get(key, 0)


def _target_ids(calls: Calls, deployment: str) -> list[str]:
    ids: list[str] = []
    more: dict[str, str] = {}
    while len(ids) < MOST_TARGETS:
        page = calls.read("ListDeploymentTargets", TargetIds, deploymentId=deployment, **more)
        ids += page.target_ids
        if not page.next_token or not page.target_ids:
            break
        more = {"nextToken": page.next_token}
    return ids[:MOST_TARGETS]


def _names(calls: Calls, operation: str, field: str, **asked: Any) -> list[str]:
    try:
        return list(getattr(calls.read(operation, Names, **asked), field))
    except TargetError:
        return []  # it only makes a hint better


def _known(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"known: {', '.join(clip(name, 60) for name in names[:SHOWN])}{more}" if names else "create it first"
