"""Reads AWS's HTTP protocols and writes them back: rest-json, json, query and rest-xml.

It rests on moto's router, parsers and serialisers, which read botocore's own service models. What a call
means is decided elsewhere.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from moto.sts.models import sts_backends
from werkzeug.exceptions import NotFound

from demo.cloud.calls import Answer, Call, Failure

# boto3's name of a service where the name it signs with is another one.
SIGNED_AS = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2", "states": "stepfunctions",
             "tagging": "resourcegroupstaggingapi"}
SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
# Lambda writes Type, the query protocols write Fault; both say whose mistake it was.
SENDER = {True: ("User", "Sender"), False: ("Service", "Receiver")}


@dataclass(frozen=True)
class Reply:
    """A finished HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def read_body(environ: dict[str, Any]) -> bytes:
    """Takes the whole body and leaves an unread copy in its place."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def recognise(environ: dict[str, Any], body: bytes) -> Call:
    """The AWS call inside a request. Refuses an unsigned request and an operation botocore does not know."""
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        raise Failure("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    service = SIGNED_AS.get(scope["service"], scope["service"])
    try:
        model = get_service_model(service)
        request = Request({**environ, "wsgi.input": io.BytesIO(body)})
        operation, labels = get_service_router(service).match(request)
        protocol = determine_request_protocol(model, request.content_type)
    except (UnknownServiceError, NotFound, NotImplementedError) as error:
        asked = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"
        raise Failure("UnknownOperationException", f"{service} has no operation at {asked}", 404) from error
    parser = PROTOCOL_PARSERS[protocol](operation, timestamp_parser=_utc)
    parsed = parser.parse({
        "method": request.method, "values": request.values, "headers": request.headers,
        "body": body, "url_path": request.path, "url_params": labels,
    })
    key = scope["key"]
    return Call(
        service=service, operation=str(operation.name), parameters=_without_none(parsed),
        account=get_account_id_from(key), region=scope["region"], caller=caller_of(key, scope["region"]),
        protocol=protocol,
    )


def caller_of(access_key: str, region: str) -> str:
    """The ARN behind an access key: a user's, or an assumed role's with its session name."""
    account = get_account_id_from(access_key)
    arn = sts_backends[account]["aws"].get_caller_identity(access_key, region)[1]
    # moto's answer for a key it did not hand out: the demo's own.
    return f"arn:aws:iam::{account}:user/tidegate" if arn.endswith(":user/moto") else arn


def write_answer(call: Call, answer: Answer) -> Reply:
    """The answer in the protocol the client spoke."""
    model = get_service_model(call.service)
    serializer_class = get_serializer_class(call.service, call.protocol)
    written = serializer_class(operation_model=model.operation_model(call.operation)).serialize(answer.result)
    body = written["body"]
    return _reply(int(written["status_code"]), dict(written["headers"]),
                  body if isinstance(body, bytes) else body.encode())


def write_failure(call: Call, failure: Failure) -> Reply:
    """The error in the protocol the client spoke, so that boto3 raises a ClientError with this very code."""
    user, fault = SENDER[failure.status < 500]
    request_id = str(uuid.uuid4())
    if call.protocol == "rest-json":
        body = json.dumps({"Type": user, "Message": failure.message, "message": failure.message})
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": failure.code}
    elif call.protocol == "json":
        body = json.dumps({"__type": failure.code, "message": failure.message})
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        if is_query_compatible(get_service_model(call.service)):
            headers["x-amzn-query-error"] = f"{failure.code};{fault}"
    else:
        error = f"<Error><Type>{fault}</Type><Code>{escape(failure.code)}</Code>"
        error += f"<Message>{escape(failure.message)}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
        headers = {"Content-Type": "text/xml"}
    return _reply(failure.status, headers, body.encode(), request_id)


def is_query_compatible(model: ServiceModel) -> bool:
    """Whether AWS moved this service from query to another protocol and kept its old error codes."""
    return bool(model.is_query_compatible)


def _reply(status: int, headers: Mapping[str, str], body: bytes, request_id: str = "") -> Reply:
    ours = {"x-amzn-RequestId": request_id or str(uuid.uuid4()), "Content-Length": str(len(body))}
    return Reply(status, tuple({**headers, **ours}.items()), body)


def _utc(value: Any) -> datetime:
    moment: datetime = parse_timestamp(value)
    return moment.astimezone(UTC)


def _without_none(value: Any) -> Any:
    """Without the Nones that moto's parsers write for absent query parameters; botocore never sends one."""
    if isinstance(value, Mapping):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_none(inner) for inner in value]
    return value
