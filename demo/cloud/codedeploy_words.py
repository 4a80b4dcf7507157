"""CodeDeploy's own words: statuses, lifecycle events, error codes with what AWS says beside them. Decides nothing."""

from __future__ import annotations

SERVER, LAMBDA, ECS = "Server", "Lambda", "ECS"
PLATFORMS = (SERVER, LAMBDA, ECS)

CREATED, QUEUED, IN_PROGRESS, BAKING, READY = "Created", "Queued", "InProgress", "Baking", "Ready"
SUCCEEDED, FAILED, STOPPED = "Succeeded", "Failed", "Stopped"
STATUSES = (CREATED, QUEUED, IN_PROGRESS, BAKING, SUCCEEDED, FAILED, STOPPED, READY)
ENDED = (SUCCEEDED, FAILED, STOPPED)
PENDING, SKIPPED, UNKNOWN = "Pending", "Skipped", "Unknown"

READY_WAIT, TERMINATION_WAIT = "READY_WAIT", "TERMINATION_WAIT"
CONTINUE, STOP = "CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"
TERMINATE, KEEP_ALIVE = "TERMINATE", "KEEP_ALIVE"
COPY, DISCOVER = "COPY_AUTO_SCALING_GROUP", "DISCOVER_EXISTING"
USER, ROLLBACK = "user", "codeDeployRollback"
ON_FAILURE, ON_ALARM, ON_REQUEST = (
    "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"
)
ROLLBACK_EVENTS = (ON_FAILURE, ON_ALARM, ON_REQUEST)

ALLOWING = ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
TESTING = ("AllowTestTraffic", "AfterAllowTestTraffic")
INSTALLING = ("BeforeInstall", "Install", "AfterInstall")
BLOCKING = ("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic")
ON_INSTANCE = ("ApplicationStop", "DownloadBundle", *INSTALLING, "ApplicationStart", "ValidateService")

MESSAGES = {
    "ALARM_ACTIVE": (
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
        "affected deployments have been stopped. Activated alarms: <{}>"
    ),
    "MANUAL_STOP": "The deployment was stopped by user.",
    "TIMEOUT": "The deployment timed out: {}.",
    "HEALTH_CONSTRAINTS": (
        "The overall deployment failed because too many individual instances failed deployment, too few healthy "
        "instances are available for deployment, or some instances in your deployment group are experiencing problems."
    ),
    "HOOK_EXECUTION_FAILURE": "The hook {} failed.",
    "INVALID_LAMBDA_FUNCTION": "The Lambda function specified in the AppSpec file is not valid: {}.",
    "INVALID_LAMBDA_CONFIGURATION": "The Lambda alias does not fit the AppSpec file: {}.",
    "INVALID_ECS_SERVICE": "The ECS service cannot be deployed to: {}.",
    "INVALID_REVISION": "The AppSpec file cannot be read: {}.",
    "ECS_UPDATE_ERROR": "The ECS service cannot be updated: {}.",
    "REVISION_MISSING": "The revision was deleted before the deployment began: {}.",
    "NO_INSTANCES": "The deployment failed because no instances were found for your deployment group.",
}


def message_of(code: str, subject: str = "") -> str:
    """What stands beside an error code."""
    return MESSAGES.get(code, "An internal error occurred.").format(subject)


def caller_in(account: str) -> str:
    """Who CodeDeploy is in the log of other services."""
    return f"arn:aws:sts::{account}:assumed-role/codedeploy/AWSCodeDeploy"
