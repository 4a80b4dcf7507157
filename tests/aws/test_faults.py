"""Every way a call can fail, and what it means for us."""

import os
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from pydantic import ValidationError

from aws.calls import Calls
from aws.faults import Call, CallError, clip, nonsense, translate
from aws.lambda_alias import OPERATIONS
from aws.lambda_facts import Alias, Version
from aws.sessions import Place, Sessions
from demo.cloud import Cloud

READ = Call("lambda", "GetAlias", "function:my-app")
WRITE = Call("lambda", "UpdateAlias", "function:my-app", writes=True)
URL = "https://lambda.eu-central-1.amazonaws.com"


def refused(code: str, status: int = 400, message: str = "why") -> boto.ClientError:
    metadata: Any = {"HTTPStatusCode": status, "RequestId": "r-1"}
    return boto.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "Any"
    )


CODES = [
    ("TooManyRequestsException", 429, "throttle"),
    ("Throttling", 400, "throttle"),
    ("ThrottlingException", 400, "throttle"),
    ("RequestLimitExceeded", 503, "throttle"),
    ("PriorRequestNotComplete", 400, "throttle"),
    ("SlowDown", 503, "throttle"),
    ("EC2ThrottledException", 400, "throttle"),
    ("Whatever", 429, "throttle"),
    ("ServiceException", 500, "transient"),
    ("InternalFailure", 500, "transient"),
    ("ServiceUnavailable", 503, "transient"),
    ("ResourceContention", 500, "transient"),
    ("500", 500, "transient"),
    ("", 502, "transient"),
    ("PreconditionFailedException", 412, "race"),
    ("ResourceConflictException", 409, "race"),
    ("PriorityInUse", 400, "race"),
    ("DeploymentLimitExceededException", 400, "busy"),
    ("InstanceRefreshInProgress", 400, "busy"),
    ("DeploymentAlreadyCompletedException", 400, "done"),
    ("DeploymentIsNotInReadyStateException", 400, "state"),
    ("ResourceNotFoundException", 404, "absent"),
    ("NoSuchHostedZone", 404, "absent"),
    ("404", 404, "absent"),
    ("DeploymentDoesNotExistException", 400, "absent"),
    ("TargetGroupNotFound", 400, "absent"),
    ("InvalidParameterValueException", 400, "config"),
    ("ValidationError", 400, "config"),
    ("TooManyActions", 400, "config"),
    ("LimitExceededException", 400, "config"),
    ("Nameless", 400, "config"),
    ("NotImplemented", 501, "config"),
    ("ThrottledException", 400, "throttle"),
    ("InternalServiceException", 400, "transient"),
    ("InvalidNextToken", 400, "transient"),
    ("PaginationTokenExpiredException", 400, "transient"),
    ("AccessDeniedException", 403, "auth"),
    ("AccessDenied", 403, "auth"),
    ("KMSAccessDeniedException", 502, "auth"),
    ("AuthorizationError", 403, "auth"),
    ("ExpiredTokenException", 403, "auth"),
    ("InvalidClientTokenId", 403, "auth"),
    ("UnrecognizedClientException", 403, "auth"),
    ("SignatureDoesNotMatch", 403, "auth"),
    ("403", 403, "auth"),
]


@pytest.mark.parametrize(("code", "status", "kind"), CODES)
def test_every_code_has_one_meaning(code: str, status: int, kind: str) -> None:
    """Reads: the kind of the table. Writes: the same, but a failing server may have done it."""
    assert translate(refused(code, status), READ).kind == kind
    assert translate(refused(code, status), WRITE).kind == ("unknown" if kind == "transient" else kind)


@pytest.mark.parametrize(
    "error",
    [
        boto.ReadTimeoutError(endpoint_url=URL),
        boto.ConnectionClosedError(endpoint_url=URL),
        boto.SSLError(endpoint_url=URL, error=OSError()),
        boto.HTTPClientError(error="x"),
        boto.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        boto.ResponseStreamingError(error="x"),
        ResponseParserError("x"),
        KeyError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_whole_answer_is_unknown_on_a_write(error: Exception) -> None:
    """It was sent and nobody knows more; a read is simply asked again."""
    assert translate(error, READ).kind == "transient"
    assert translate(error, WRITE).kind == "unknown"
    assert "nobody knows" in translate(error, WRITE).hint


@pytest.mark.parametrize(
    "error",
    [
        boto.ConnectTimeoutError(endpoint_url=URL),
        boto.EndpointConnectionError(endpoint_url=URL),
        boto.ProxyConnectionError(proxy_url="http://127.0.0.1:1"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_was_never_sent_surely_changed_nothing(error: Exception) -> None:
    """Without a connection there was no write."""
    assert translate(error, WRITE).kind == "transient"


@pytest.mark.parametrize(
    "error",
    [
        boto.NoCredentialsError(),
        boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        boto.CredentialRetrievalError(provider="sso", error_msg="gone"),
        boto.ProfileNotFound(profile="prod"),
        boto.UnauthorizedSSOTokenError(),
        boto.SSOTokenLoadError(error_msg="expired"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_credentials_that_are_no_good_say_so(error: Exception) -> None:
    """Not a missing permission: the hint is about credentials."""
    fault = translate(error, WRITE)
    assert fault.kind == "auth" and "credentials" in fault.hint


@pytest.mark.parametrize("error", [boto.ParamValidationError(report="x"), boto.NoRegionError()], ids=repr)
def test_what_botocore_will_not_send_is_configuration(error: Exception) -> None:
    """Trying again would never help."""
    assert translate(error, WRITE).kind == "config"


def test_denied_names_the_action_that_aws_named() -> None:
    """AWS may ask for another permission than the call's own; its message knows."""
    arn = "arn:aws:sts::123456789012:assumed-role/tidegate-prod/tidegate"
    message = f"User: {arn} is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/x"
    assert (
        translate(refused("AccessDeniedException", 403, message), WRITE).hint
        == f"allow iam:PassRole on role/x to {arn}"
    )
    plain = translate(refused("AccessDeniedException", 403, ""), WRITE)
    assert plain.hint == "allow lambda:UpdateAlias on function:my-app to the role in use"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredTokenException", "have expired"),
        ("SignatureDoesNotMatch", "signature"),
        ("InvalidClientTokenId", "does not know"),
    ],
)
def test_bad_credentials_never_repeat_what_aws_said(code: str, words: str) -> None:
    """Those messages may hold key ids and signed requests."""
    fault = translate(refused(code, 403, "AKIASECRET canonical string"), READ)
    assert words in fault.fact and "AKIASECRET" not in str(fault)


def test_foreign_text_is_one_short_line() -> None:
    """What AWS says is quoted, cut, and never breaks the line."""
    fault = translate(refused("Nameless", 400, "a\n\nb " + "x" * 9000), READ)
    assert "a b x" in fault.fact and "\n" not in fault.fact and len(fault.fact) < 300


def test_nonsense_names_fields_and_repeats_no_value() -> None:
    """A reply may hold environment variables: the error names what is missing, not what was there."""
    with pytest.raises(ValidationError) as caught:
        Version.model_validate({"Environment": {"Variables": {"KEY": {"nested": "hunter2"}}}})
    fault = nonsense(caught.value, WRITE)
    assert fault.kind == "unknown" and "FunctionArn" in fault.fact and "hunter2" not in str(fault)


class TestOverHttp:
    """The same through boto3, a socket and a server that counts."""

    @pytest.fixture
    def calls(self, cloud: Cloud, sessions: Sessions) -> Calls:
        return Calls(sessions, Place("", "eu-central-1"), "lambda", OPERATIONS, function="my-app")

    @pytest.fixture
    def revision(self, calls: Calls) -> str:
        return calls.read("GetAlias", Alias, FunctionName="my-app", Name="live").revision_id

    def write(self, calls: Calls, revision: str) -> CallError:
        with pytest.raises(CallError) as caught:
            calls.write(
                "UpdateAlias",
                Alias,
                FunctionName="my-app",
                Name="live",
                FunctionVersion="2",
                RevisionId=revision,
            )
        return caught.value

    def read(self, calls: Calls) -> CallError:
        with pytest.raises(CallError) as caught:
            calls.read("GetAlias", Alias, FunctionName="my-app", Name="live")
        return caught.value

    @pytest.mark.parametrize(
        ("knob", "on_read", "on_write"),
        [
            ("throttle", "throttle", "throttle"),
            ("outage", "transient", "unknown"),
            ("deny", "auth", "auth"),
        ],
    )
    def test_faults_before_the_call(
        self, cloud: Cloud, calls: Calls, revision: str, knob: str, on_read: str, on_write: str
    ) -> None:
        """Reads are tried three times unless denied, writes exactly once; nothing is applied."""
        getattr(cloud.knobs, knob)("lambda:*")
        assert self.read(calls).kind == on_read
        assert self.write(calls, revision).kind == on_write
        assert cloud.log.refused["lambda:GetAlias"] == (1 if knob == "deny" else 3)
        assert cloud.log.refused["lambda:UpdateAlias"] == 1
        assert cloud.log.applied == []

    @pytest.mark.parametrize("knob", ["lost_reply", "truncate_reply"])
    def test_faults_after_the_call(self, cloud: Cloud, calls: Calls, revision: str, knob: str) -> None:
        """Applied once and unknown; on a read the next try answers."""
        getattr(cloud.knobs, knob)("lambda:UpdateAlias")
        getattr(cloud.knobs, knob)("lambda:GetAlias")
        assert self.write(calls, revision).kind == "unknown"
        assert len(cloud.log.of("lambda:UpdateAlias")) == 1
        if knob == "lost_reply":
            assert calls.read("GetAlias", Alias, FunctionName="my-app", Name="live").function_version == "2"

    def test_a_truncated_read_is_not_an_answer(self, cloud: Cloud, calls: Calls) -> None:
        """Half an answer makes botocore raise nothing: we do."""
        cloud.knobs.truncate_reply("lambda:GetAlias", times=3)
        assert self.read(calls).kind == "transient"

    def test_expired_credentials(self, cloud: Cloud, calls: Calls) -> None:
        """The reader is told to renew, not to add a permission."""
        cloud.knobs.expired_token()
        fault = self.read(calls)
        assert fault.kind == "auth" and "expired" in fault.fact and fault.request_id

    def test_a_call_outside_the_table_is_never_made(self, cloud: Cloud, calls: Calls) -> None:
        """What no policy would allow cannot be called by mistake."""
        with pytest.raises(KeyError):
            calls.write("DeleteAlias", Alias, FunctionName="my-app", Name="live")
        assert cloud.log.applied == []

    def test_no_one_there(self, cloud: Cloud) -> None:
        """Nothing listens: a write surely did not happen, and the message says that AWS was out of reach."""
        before = os.environ["AWS_ENDPOINT_URL"]
        os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        try:
            fault = self.write(
                Calls(Sessions(), Place("", "eu-central-1"), "lambda", OPERATIONS, function="f"), "r"
            )
        finally:
            os.environ["AWS_ENDPOINT_URL"] = before
        assert fault.kind == "transient" and "could not be reached" in fault.fact


@pytest.mark.parametrize(("text", "length", "shown"), [
    ("too many individual instances failed", 40, "too many individual instances failed"),
    ("too many individual instances failed", 30, "too many individual instances…"),
    ("too many individual instances failed", 27, "too many individual…"),
    ("a\nb  c", 9, "a b c"),
    ("arn:aws:iam::123456789012:role/tidegate-prod", 20, "arn:aws:iam::123456…"),
    ("role arn:aws:iam::123456789012:role/tidegate-prod", 40, "role arn:aws:iam::123456789012:role/tid…"),
])  # fmt: skip
def test_foreign_text_is_cut_between_words(text: str, length: int, shown: str) -> None:
    """Half a word is read as another one; a name longer than words are is cut where it has to be."""
    assert clip(text, length) == shown
    assert len(shown) <= length
