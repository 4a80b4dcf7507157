"""ECS's operations on service deployments and service revisions. What a deployment does is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.fleet_api import FleetApi
from demo.cloud.images import Images
from demo.cloud.metrics import epoch
from demo.cloud.moto_words import in_aws_words
from demo.cloud.native import Native
from demo.cloud.native_deployment import ServiceDeployment
from demo.cloud.native_hooks import answer
from demo.cloud.native_shown import brief, deployment_shown, revision_shown
from demo.cloud.native_words import AWAITING, CONTINUE, HOOK_ACTIONS, ROLLBACK, ROLLBACK_REQUESTED, STATUSES
from demo.cloud.paging import BadToken, page

MOST_DESCRIBED, MOST_LISTED, USUALLY_LISTED = 20, 100, 20
ASKED_BACK = "Service deployment rollback was requested by {}."


@dataclass
class NativeApi:
    """The service deployments of all services."""

    now: Now
    native: Native
    services: FleetApi
    images: Images
    page_size: int

    def operations(self) -> Operations:
        """The operations answered here."""
        table = {
            "ListServiceDeployments": self.list_deployments, "DescribeServiceDeployments": self.describe_deployments,
            "DescribeServiceRevisions": self.describe_revisions,
            "ContinueServiceDeployment": self.go_on, "StopServiceDeployment": self.stop,
        }
        return {name: in_aws_words(operation) for name, operation in table.items()}

    def list_deployments(self, call: Call) -> Answer:
        """A service's deployments, the newest first, by status and time of creation."""
        asked = call.parameters
        fleet = self.services.need(call, asked["service"])
        statuses = asked.get("status", [])
        if set(statuses) - set(STATUSES):
            raise Failure("InvalidParameterException", f"Invalid status. Valid values are {', '.join(STATUSES)}.")
        size = asked.get("maxResults", USUALLY_LISTED)
        if not 1 <= size <= MOST_LISTED:
            raise Failure("InvalidParameterException", f"maxResults must be between 1 and {MOST_LISTED}.")
        after, before = (asked.get("createdAt", {}).get(name) for name in ("after", "before"))
        book = self.native.books.get(fleet.key)
        rows = [
            (number, one) for number, one in enumerate(book.deployments if book else [])
            if (not statuses or one.status in statuses)
            and (after is None or one.created >= epoch(after)) and (before is None or one.created <= epoch(before))
        ]
        try:
            shown, token = page(
                rows[::-1], lambda row: [row[0]], asked.get("nextToken"), min(size, self.page_size), descending=True,
            )
        except BadToken as error:
            raise Failure("InvalidParameterException", "Invalid token") from error
        told = {"serviceDeployments": [brief(one) for _, one in shown]}
        return Answer(told | ({"nextToken": token} if token else {}))

    def describe_deployments(self, call: Call) -> Answer:
        """At most twenty deployments by ARN; those it does not know are told as failures."""
        arns = _some(call, "serviceDeploymentArns")
        found = {arn: self.native.find(arn) for arn in arns}
        return Answer({
            "serviceDeployments": [deployment_shown(one, self.native.life.watch) for one in found.values() if one],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn, one in found.items() if one is None],
        })

    def describe_revisions(self, call: Call) -> Answer:
        """At most twenty revisions by ARN; those it does not know are told as failures."""
        arns = _some(call, "serviceRevisionArns")
        found = {arn: self.native.revision(arn) for arn in arns}
        return Answer({
            "serviceRevisions": [revision_shown(*one, self.images) for one in found.values() if one],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn, one in found.items() if one is None],
        })

    def go_on(self, call: Call) -> Answer:
        """Answers one hook that awaits it: the deployment goes on, or back."""
        one, action = self._need(call), call.parameters.get("action", CONTINUE)
        if action not in HOOK_ACTIONS:
            raise Failure("InvalidParameterException", f"Invalid action. Valid values are {', '.join(HOOK_ACTIONS)}.")
        hook = next((hook for hook in one.hooks if hook.id == call.parameters["hookId"]), None)
        if hook is None or hook.status != AWAITING:
            raise Failure("InvalidParameterException", "The lifecycle hook is not awaiting action.")
        before = essence(one)
        answer(hook, action)
        if action == ROLLBACK:
            one.turn(ROLLBACK_REQUESTED, epoch(self.now()), ASKED_BACK.format("ContinueServiceDeployment"))
        return Answer({"serviceDeploymentArn": one.arn}, before, essence(one))

    def stop(self, call: Call) -> Answer:
        """Has a deployment rolled back; one that stops or goes back already goes on doing so."""
        one = self._need(call)
        if call.parameters.get("stopType", ROLLBACK) != ROLLBACK:
            raise Failure("InvalidParameterException", "Invalid stopType. Valid values are ROLLBACK.")
        if not one.under_way:
            raise Failure("ConflictException", f"The service deployment is already {one.status}.")
        before = essence(one)
        if one.is_at_work:
            one.turn(ROLLBACK_REQUESTED, epoch(self.now()), ASKED_BACK.format("StopServiceDeployment"))
        return Answer({"serviceDeploymentArn": one.arn}, before, essence(one))

    def _need(self, call: Call) -> ServiceDeployment:
        found = self.native.find(call.parameters["serviceDeploymentArn"])
        if found is None:
            raise Failure("ServiceDeploymentNotFoundException", "The specified service deployment was not found.")
        return found


def essence(one: ServiceDeployment) -> dict[str, Any]:
    """What the oracle log keeps of a deployment before and after a change."""
    return {"status": one.status, "stage": one.stage, "production": one.production,
            "hooks": {hook.id: hook.status for hook in one.hooks}}


def _some(call: Call, name: str) -> list[str]:
    arns: list[str] = call.parameters[name]
    if not 1 <= len(arns) <= MOST_DESCRIBED:
        raise Failure("InvalidParameterException", f"{name} must have 1 to {MOST_DESCRIBED} elements.")
    return arns
