"""Asks ECS about services and the deployments that it runs itself, in batches. Judges nothing.

A failure is the value of each thing that it is about. Only what never changes is kept: what a revision is made of.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from aws.alb_reads import batches
from aws.calls import Calls
from aws.ecs_definition import short
from aws.ecs_reads import SERVICES_A_CALL
from aws.native_replies import (
    Brief,
    Briefs,
    ClusterArns,
    Native,
    NativeFleet,
    NativeFleets,
    Natives,
    Revisions,
    ServiceArns,
)
from rollout.errors import NotFound, TargetError

A_CALL: Final = 20
"""ARNs in one DescribeServiceDeployments or DescribeServiceRevisions."""
A_PAGE: Final = 100
MOST_PAGES: Final = 5
"""Five hundred deployments since one rollout began: nothing of ours makes so many."""
KEPT: Final = 2000
SHOWN: Final = 10


def newest_of(ecs: Calls, cluster: str, service: str) -> list[Brief]:
    """The newest deployments of a service, newest first; AWS keeps them for ninety days."""
    page = ecs.read("ListServiceDeployments", Briefs, cluster=cluster, service=service, maxResults=A_PAGE)
    return sorted(page.service_deployments, key=lambda row: row.created_at, reverse=True)


def read_fleets(ecs: Calls, cluster: str, names: Iterable[str]) -> dict[str, NativeFleet | TargetError]:
    """Services of a cluster by name, ten a call."""
    found: dict[str, NativeFleet | TargetError] = {}
    for batch in batches(sorted(set(names)), SERVICES_A_CALL):
        try:
            reply = ecs.read("DescribeServices", NativeFleets, cluster=cluster, services=batch)
        except TargetError as error:
            found |= dict.fromkeys(batch, error)
            continue
        known = {one.service_name: one for one in reply.services}
        found |= {name: known.get(name) or _missing(cluster, name) for name in batch}
    return found


def fleet_of(ecs: Calls, cluster: str, name: str) -> NativeFleet:
    """One service. NotFound with those that there are."""
    found = read_fleets(ecs, cluster, [name])[name]
    if isinstance(found, NativeFleet):
        return found
    if found.kind != "absent":
        raise found
    if "ClusterNotFound" in found.fact:
        arns = ecs.read("ListClusters", ClusterArns).cluster_arns
        raise NotFound(f"there is no cluster {cluster}", f"clusters: {_some(arns)}")
    arns = ecs.read("ListServices", ServiceArns, cluster=cluster, maxResults=A_PAGE).service_arns
    raise NotFound(f"the cluster {cluster} has no service {name}", f"it has {_some(arns)}")


def listed(ecs: Calls, cluster: str, service: str, since: datetime) -> list[Brief]:
    """The deployments of a service that were created at that moment or later, newest first."""
    rows: list[Brief] = []
    more: dict[str, Any] = {"createdAt": {"after": since}}
    for _ in range(MOST_PAGES):
        page = ecs.read(
            "ListServiceDeployments", Briefs, cluster=cluster, service=service, maxResults=A_PAGE, **more
        )
        rows += page.service_deployments
        if not page.next_token:
            return sorted(rows, key=lambda row: row.created_at, reverse=True)
        more["nextToken"] = page.next_token
    raise TargetError("transient", f"ecs:ListServiceDeployments did not end after {MOST_PAGES} pages")


def read_natives(ecs: Calls, arns: Iterable[str]) -> dict[str, Native | TargetError]:
    """Deployments by ARN, twenty a call."""
    found: dict[str, Native | TargetError] = {}
    for batch in batches(list(dict.fromkeys(arns)), A_CALL):
        try:
            reply = ecs.read("DescribeServiceDeployments", Natives, serviceDeploymentArns=batch)
        except TargetError as error:
            found |= dict.fromkeys(batch, error)
            continue
        known = {one.service_deployment_arn: one for one in reply.service_deployments}
        found |= {arn: known.get(arn) or _unseen(arn) for arn in batch}
    return found


class Definitions:
    """Task definitions of service revisions. A revision never changes, so each is asked for once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def read(self, ecs: Calls, revisions: Iterable[str]) -> None:
        """Learn those that are not known yet, twenty a call. TargetError when one of the calls fails."""
        unknown = [arn for arn in dict.fromkeys(revisions) if arn not in self._known]
        if len(self._known) + len(unknown) > KEPT:
            self._known.clear()
        for batch in batches(unknown, A_CALL):
            reply = ecs.read("DescribeServiceRevisions", Revisions, serviceRevisionArns=batch)
            self._known |= {one.service_revision_arn: one.task_definition for one in reply.service_revisions}

    def of(self, revision: str) -> str:
        """The task definition's ARN. TargetError where AWS has not told."""
        if not (known := self.told(revision)):
            raise TargetError("transient", f"the service revision {short(revision)} was not shown")
        return known

    def told(self, revision: str) -> str:
        """The same; empty where AWS has not told: it does not keep old ones for ever."""
        return self._known.get(revision, "")


def _missing(cluster: str, name: str) -> TargetError:
    fact = f"the cluster {cluster} has no service {name}"
    return TargetError("absent", fact, "correct the name in the configuration, or create it")


def _unseen(arn: str) -> TargetError:
    # Not `absent`: who once saw it must not take a gap in AWS's answer for a deployment that never was.
    return TargetError("transient", f"AWS does not show the deployment {short(arn)}", "it is asked again")


def _some(arns: Sequence[str]) -> str:
    names = sorted(short(arn) for arn in arns)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}" if names else "none"
