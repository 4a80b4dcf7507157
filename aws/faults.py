"""Turns every error of botocore, and every reply that is none, into one TargetError."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from pydantic import ValidationError

from rollout.errors import FaultKind, TargetError

CLIP: Final = 200
LONGEST_WORD: Final = 30
"""A longer one is a name or an address, and is cut where it has to be."""


class Call(NamedTuple):
    """One call: what it is named, what it is about, and whether it changes anything."""

    service: str
    operation: str
    resource: str
    writes: bool = False

    @property
    def action(self) -> str:
        """As IAM writes it: `lambda:UpdateAlias`."""
        return f"{self.service}:{self.operation}"

    @property
    def words(self) -> str:
        """`lambda:UpdateAlias on function:my-app`."""
        return f"{self.action} on {self.resource}" if self.resource else self.action


class CallError(TargetError):
    """A TargetError that remembers which request it was, for AWS support."""

    def __init__(self, kind: FaultKind, fact: str, hint: str = "", *, request_id: str = "") -> None:
        super().__init__(kind, fact, hint)
        self.request_id = request_id


_CODES: Final[Mapping[FaultKind, str]] = {
    # The order matters: TooManyRequests before TooMany*, InvalidClientTokenId before Invalid*.
    "throttle": r"Throttl|^RequestThrottled|^TooManyRequests|^RequestLimitExceeded|^SlowDown$"
                r"|^ProvisionedThroughputExceeded|^PriorRequestNotComplete$|^BandwidthLimitExceeded$",
    "done": r"AlreadyCompleted|^DuplicatedStopRequest",
    "busy": r"^DeploymentLimitExceeded|^InstanceRefreshInProgress|^ScalingActivityInProgress"
            r"|^ConcurrentPipelineExecutions|^UpdateInProgress",
    "state": r"NotInReadyState|^DeploymentNotStarted|^UnableToRollback",
    "race": r"^PreconditionFailed|^ConditionalCheckFailed|^(Resource)?Conflict(Exception)?$|^PriorityInUse"
            r"|^ServiceNotActive",
    "auth": r"AccessDenied|^Unauthorized|^AuthorizationError|^ExpiredToken|^InvalidClientTokenId"
            r"|^NotAuthorized|^UnrecognizedClient|^SignatureDoesNotMatch|^InvalidSignature|^IncompleteSignature|^RequestExpired"
            r"|^RequestTimeTooSkewed|^InvalidAccessKeyId|^MissingAuthenticationToken|^OptInRequired"
            r"|^TokenRefreshRequired",
    "absent": r"NotFound|^NoSuch|DoesNotExist",
    "transient": r"^(Internal(Server|Service)?(Failure|Error|Exception)|Serv(er|ice)(Exception|Unavailable.*)"
                 r"|ResourceContention|HealthUnavailable|RequestTimeout(Exception)?"
                 r"|InvalidNextToken|PaginationTokenExpired(Exception)?)$",
    "config": r"^Invalid|^Validation|^Unsupported|^TooMany|LimitExceeded|^UnknownOperation|^NotImplemented",
}  # fmt: skip

_STATUS: Final[Mapping[int, FaultKind]] = {
    401: "auth", 403: "auth", 404: "absent", 409: "race", 412: "race", 429: "throttle",
}  # fmt: skip

_HINTS: Final[Mapping[FaultKind, str]] = {
    "throttle": "too many calls in this account and region; it is asked again later",
    "transient": "it is asked again; if it stays, see the AWS health dashboard",
    "unknown": "nobody knows whether it took effect; the next look tells",
    "race": "look at what changed before going on",
    "busy": "wait until the other one has ended",
    "done": "nothing is left to do",
    "state": "wait, then try again",
    "config": "correct the configuration of this target",
    "absent": "correct the name in the configuration, or create it",
}

# Raised before a connection stood, so surely nothing was sent.
_UNSENT = (boto.ConnectTimeoutError, boto.EndpointConnectionError, boto.ProxyConnectionError)
_LOST = (
    boto.HTTPClientError,  # ReadTimeoutError, ConnectionClosedError and whatever urllib3 raises
    boto.ConnectionError,  # SSLError: a broken line may speak up late, after the request
    boto.IncompleteReadError, boto.ResponseStreamingError, boto.ChecksumError, ResponseParserError,
)  # fmt: skip
_CREDENTIALS = (
    boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError,
    boto.MetadataRetrievalError, boto.TokenRetrievalError, boto.NoAuthTokenError, boto.SSOError,
    boto.LoginError, boto.ProfileNotFound, boto.RefreshWithMFAUnsupportedError,
)  # fmt: skip

_DENIED = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<what>\S+))?"
)


def translate(error: Exception, call: Call) -> CallError:
    """What the failure of that call means; never raises, never repeats a secret."""
    if isinstance(error, CallError):
        return error
    if isinstance(error, boto.ClientError):
        return _refused(error, call)
    if isinstance(error, _CREDENTIALS):
        return CallError("auth", f"{call.words} could not be signed: {_credentials(error)}", _RENEW)
    if isinstance(error, _UNSENT):
        return CallError("transient", f"{call.words}: AWS could not be reached", _HINTS["transient"])
    if isinstance(error, _LOST):
        return _lost(call, f"{call.words} got no usable answer ({type(error).__name__})")
    if isinstance(error, boto.BotoCoreError):
        return CallError("config", f"{call.words} could not be sent: {clip(str(error))}", _HINTS["config"])
    return _lost(call, f"{call.words} failed inside ({type(error).__name__})")


def nonsense(error: ValidationError, call: Call) -> CallError:
    """A reply without what it must hold is not success, even with status 200."""
    wrong = error.errors(include_input=False, include_url=False, include_context=False)
    fields = ", ".join(sorted({".".join(str(part) for part in one["loc"]) or one["msg"] for one in wrong}))
    return _lost(call, f"{call.words} was answered without a usable {clip(fields)}")


def clip(text: str, length: int = CLIP) -> str:
    """Foreign text on one line, cut between words where it has some; escape it before showing."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    word = cut.rpartition(" ")[2]
    whole = line[length - 1] == " " or len(word) > min(LONGEST_WORD, length // 2)
    return (cut if whole else cut[: len(cut) - len(word)]).rstrip() + "…"


def _lost(call: Call, fact: str) -> CallError:
    kind: FaultKind = "unknown" if call.writes else "transient"
    return CallError(kind, fact, _HINTS[kind])


def _refused(error: boto.ClientError, call: Call) -> CallError:
    reply = error.response
    code = str(reply.get("Error", {}).get("Code", ""))
    message = str(reply.get("Error", {}).get("Message", ""))
    status = int(reply.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    request_id = str(reply.get("ResponseMetadata", {}).get("RequestId", ""))
    kind = _kind(code, status, writes=call.writes)
    if kind == "auth":
        fact, hint = _denied(code, message, call)
        return CallError(kind, fact, hint, request_id=request_id)
    said = f": {clip(message)}" if message and message != "Unknown" else ""
    fact = f"{call.words} answered {code or status}{said}"
    return CallError(kind, fact, _HINTS[kind], request_id=request_id)


def _kind(code: str, status: int, *, writes: bool) -> FaultKind:
    by_code = next((kind for kind, pattern in _CODES.items() if re.search(pattern, code)), None)
    kind = by_code or _by_status(status)
    # A server that failed may have failed after doing it.
    return "unknown" if kind == "transient" and writes else kind


def _by_status(status: int) -> FaultKind:
    return _STATUS.get(status, "config" if 400 <= status < 500 else "transient")


def _denied(code: str, message: str, call: Call) -> tuple[str, str]:
    """The permission that is missing, as AWS names it; credentials that are no good say so instead."""
    if "Expired" in code or "TokenRefresh" in code:
        return f"{call.words} was refused: the AWS credentials have expired", _RENEW
    if "Signature" in code or "Skewed" in code:
        return f"{call.words} was refused: AWS does not accept its signature", (
            "check the secret key and this machine's clock"
        )
    if re.search(r"ClientToken|UnrecognizedClient|AccessKeyId|AuthenticationToken", code):
        return f"{call.words} was refused: AWS does not know these credentials", _RENEW
    named = _DENIED.search(message)
    action = named["action"] if named else call.action
    who = clip(named["who"]) if named else "the role in use"
    what = call.resource
    if named and named["what"] and (action != call.action or not what):
        what = _short(named["what"])
    permission = f"{action} on {what}" if what else action
    hint = f"allow {permission} to {who}"
    if action == "sts:AssumeRole":
        hint += ", and name it in the role's trust policy"
    return f"{call.words} is not allowed", hint


def _short(arn: str) -> str:
    """`function:my-app` of its ARN."""
    parts = arn.split(":", 5)
    return clip(parts[5] if len(parts) == 6 else arn)


_RENEW: Final = "give Tidegate valid AWS credentials: a role, a profile (`aws sso login`) or keys"


def _credentials(error: Exception) -> str:
    # Only the kind: a failing credential_process puts what it printed, keys perhaps, into its message.
    if isinstance(error, boto.NoCredentialsError):
        return "no AWS credentials were found"
    return f"AWS credentials could not be had: {type(error).__name__}"
