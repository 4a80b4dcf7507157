"""The error AWS gives for a fault, in the code, status and words of each service. Decides nothing about when."""

from __future__ import annotations

from typing import NamedTuple

from demo.cloud.calls import Call, Failure

# IAM's prefix where it is not boto3's name.
IAM_PREFIX = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
EXPIRED = "The security token included in the request is expired"


class Words(NamedTuple):
    """One service's codes and statuses. The query and XML protocols have these in common."""

    throttled: tuple[str, int] = ("Throttling", 400)
    down: tuple[str, int] = ("ServiceUnavailable", 503)
    down_text: str = "The service is unavailable. Please try again shortly."
    denied: str = "AccessDenied"
    expired: str = "ExpiredToken"


def _json(throttled: str, down: str, down_text: str, status: int = 400) -> Words:
    """A service that speaks JSON: its codes end in Exception."""
    return Words((throttled, status), (down, 500), down_text, "AccessDeniedException", "ExpiredTokenException")


USUAL = Words()
WORDS = {
    "lambda": _json("TooManyRequestsException", "ServiceException",
                    "An error occurred and the request cannot be processed.", 429),
    "resourcegroupstaggingapi": _json("ThrottledException", "InternalServiceException", "An internal error occurred."),
    "ecs": _json("ThrottlingException", "ServerException", "Service Unavailable. Please try again later."),
    "ecr": _json("ThrottlingException", "ServerException", "An internal error occurred."),
    "application-autoscaling": _json("ThrottlingException", "InternalServiceException", "An internal error occurred."),
    "sns": Words(denied="AuthorizationError"),
}


def failure(kind: str, call: Call) -> Failure:
    """The error AWS gives for a fault, in the words and codes of that service."""
    words = WORDS.get(call.service, USUAL)
    if kind == "throttle":
        return Failure(words.throttled[0], "Rate exceeded", words.throttled[1])
    if kind == "outage":
        return Failure(words.down[0], words.down_text, words.down[1])
    if kind == "expired":
        return Failure(words.expired, EXPIRED, 403)
    action = f"{IAM_PREFIX.get(call.service, call.service)}:{call.operation}"
    return Failure(words.denied, (
        f"User: {call.caller} is not authorized to perform: {action} on resource: {_resource(call)} "
        f"because no identity-based policy allows the {action} action"
    ), 403)


def _resource(call: Call) -> str:
    """What the call is about, as IAM names it; `*` where the action knows no resource."""
    where, asked = f"{call.region}:{call.account}", call.parameters
    function = asked.get("FunctionName")
    if call.service == "lambda" and isinstance(function, str):
        return function if function.startswith("arn:") else f"arn:aws:lambda:{where}:function:{function}"
    if call.service == "cloudwatch" and "Alarm" in call.operation:
        return f"arn:aws:cloudwatch:{where}:alarm:{asked.get('AlarmName', '*')}"
    if call.service == "ecs" and "service" in asked:
        cluster, name = (str(asked.get(key, "default")).rsplit("/", 1)[-1] for key in ("cluster", "service"))
        return f"arn:aws:ecs:{where}:service/{cluster}/{name}"
    if call.service == "ecr" and "repositoryName" in asked:
        return f"arn:aws:ecr:{where}:repository/{asked['repositoryName']}"
    # IAM knows no resource for the reading actions of ELB.
    named = () if call.service == "elbv2" and call.is_read else ("RuleArn", "ListenerArn", "TargetGroupArn")
    return str(next((asked[key] for key in (*named, "TopicArn", "RoleArn") if key in asked), "*"))
