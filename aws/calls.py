"""The only door to AWS: one call out, one validated reply or one TargetError back. No retries of ours."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from botocore import xform_name
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from aws.faults import Call, nonsense, translate
from aws.sessions import Place, Sessions


class Reply(BaseModel):
    """What we need of an answer; what AWS adds one day is left out.

    An answer that lacks a required field is none: botocore takes a truncated 200 for success.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_pascal, populate_by_name=True)


class Metadata(Reply):
    """botocore's own part of an answer."""

    request_id: str = ""


class Answer(Reply):
    """The top of an answer."""

    response_metadata: Metadata = Metadata()


R = TypeVar("R", bound=Answer)

_IAM: Final = {"resourcegroupstaggingapi": "tag", "elbv2": "elasticloadbalancing"}
"""IAM's name of a service where it is not boto3's."""


class Calls:
    """Calls of one service at one place.

    `operations` is the driver's table: permission -> resource, its `{names}` filled from `names`. A call that
    is not in it cannot be made, so a policy made from it is complete.
    """

    def __init__(
        self, sessions: Sessions, place: Place, service: str, operations: Mapping[str, str], **names: str
    ) -> None:
        self._sessions = sessions
        self._place = place
        self._service = service
        self._operations = operations
        self._names = names

    def read(self, operation: str, reply: type[R], **parameters: Any) -> R:
        """Ask; botocore tries three times. TargetError when there is no answer."""
        return self._send(self._call(operation, writes=False), reply, parameters)

    def write(self, operation: str, reply: type[R], **parameters: Any) -> R:
        """Change something; sent exactly once. TargetError `unknown`: it may or may not have happened."""
        return self._send(self._call(operation, writes=True), reply, parameters)

    def _call(self, operation: str, *, writes: bool) -> Call:
        prefix = _IAM.get(self._service, self._service)
        resource = self._operations[f"{prefix}:{operation}"].format_map(self._names)
        return Call(prefix, operation, "" if resource == "*" else resource, writes)

    def _send(self, call: Call, reply: type[R], parameters: dict[str, Any]) -> R:
        self._ready(call)
        try:
            client = self._sessions.client(self._place, self._service, writes=call.writes)
            raw = getattr(client, xform_name(call.operation))(**parameters)
        except Exception as error:  # noqa: BLE001 - botocore lets urllib3's and parsers' own errors through
            raise translate(error, call) from None
        try:
            return reply.model_validate(raw)
        except ValidationError as error:
            # `from None`: pydantic's message holds the reply, and that may hold environment variables.
            raise nonsense(error, call) from None

    def _ready(self, call: Call) -> None:
        try:
            self._sessions.ready(self._place)
        except Exception as error:  # noqa: BLE001 - credential sources raise whatever they like
            role = self._place.role
            # The call itself was never sent, so a write is surely not done.
            unsent = Call("sts", "AssumeRole", role) if role else call._replace(writes=False)
            raise translate(error, unsent) from None
