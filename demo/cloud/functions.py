"""Lambda's versions and aliases as AWS keeps them; moto's backend holds the code.

moto never changes an alias' RevisionId, checks no weight and does not page. Nothing here knows about traffic,
health or HTTP.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction, lambda_backends

from demo.cloud.calls import Answer, Call, Failure, Operation, Operations
from demo.cloud.clock import Now

AWS_PAGE = 50
STATES = {
    "Active": None,
    "Pending": ("Creating", "The function is being created."),
    "Inactive": ("Idle", "The function has been idle for a long time and its resources were reclaimed."),
    "Failed": ("InternalError", "The function could not be created."),
}
ONLY_ON_GET = ("State", "StateReason", "StateReasonCode", "LastUpdateStatus")
STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)


@dataclass
class _Stale:
    shown: dict[str, Any]
    left: int


@dataclass
class Functions:
    """The Lambda operations whose real behaviour a deployment rests on."""

    now: Now
    page_size: int = AWS_PAGE
    stale_reads: int = 0
    _states: dict[str, str] = field(default_factory=dict)
    _stale: dict[str, _Stale] = field(default_factory=dict)

    def operations(self) -> Operations:
        """The operations answered here; moto answers the rest of Lambda."""
        table: dict[str, Callable[[Call], Answer]] = {
            "CreateFunction": self.create_function,
            "UpdateFunctionCode": self.update_code,
            "UpdateFunctionConfiguration": self.update_configuration,
            "PublishVersion": self.publish_version,
            "ListVersionsByFunction": self.list_versions,
            "GetFunction": self.get_function,
            "GetFunctionConfiguration": self.get_configuration,
            "CreateAlias": self.create_alias,
            "UpdateAlias": self.update_alias,
            "GetAlias": self.get_alias,
            "ListAliases": self.list_aliases,
            "DeleteAlias": self.delete_alias,
        }
        return {name: _in_aws_words(operation) for name, operation in table.items()}

    def reset(self) -> None:
        """Forgets the states and stale copies; moto forgets the functions."""
        self._states.clear()
        self._stale.clear()
        self.stale_reads = 0

    # --- functions and versions

    def create_function(self, call: Call) -> Answer:
        spec = _encoded(call.parameters)
        publish = spec.pop("Publish", False)
        backend = _backend(call)
        if any(known.function_name == spec["FunctionName"] for known in backend.list_functions()):
            raise Failure("ResourceConflictException", f"Function already exist: {spec['FunctionName']}", 409)
        function = backend.create_function(spec)
        function.last_modified = self._stamp()
        if publish:
            function = self._publish(backend, function.function_name, "")
        return Answer(self._configuration(function))

    def update_code(self, call: Call) -> Answer:
        function = _backend(call).get_function(call.parameters["FunctionName"])
        self._check_revision(call, self._configuration(function)["RevisionId"])
        function.update_function_code(_encoded(call.parameters))
        function.last_modified = self._stamp()
        return Answer(self._configuration(function))

    def update_configuration(self, call: Call) -> Answer:
        function = _backend(call).get_function(call.parameters["FunctionName"])
        self._check_revision(call, self._configuration(function)["RevisionId"])
        function.update_configuration(call.parameters)
        function.last_modified = self._stamp()
        return Answer(self._configuration(function))

    def publish_version(self, call: Call) -> Answer:
        backend = _backend(call)
        function = backend.get_function(call.parameters["FunctionName"])
        self._check_revision(call, self._configuration(function)["RevisionId"])
        wanted = call.parameters.get("CodeSha256")
        if wanted and wanted != function.code_sha_256:
            raise Failure("InvalidParameterValueException",
                          f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST "
                          f"({function.code_sha_256}). Please try again with the CodeSHA256 in $LATEST.")
        return Answer(self._configuration(
            self._publish(backend, function.function_name, call.parameters.get("Description", ""))
        ))

    def list_versions(self, call: Call) -> Answer:
        backend = _backend(call)
        name = backend.get_function(call.parameters["FunctionName"]).function_name
        rows = [
            {key: value for key, value in self._configuration(function).items() if key not in ONLY_ON_GET}
            for function in backend.list_versions_by_function(name)
        ]
        page, marker = self._page(rows, call)
        return Answer({"Versions": page} | marker)

    def get_function(self, call: Call) -> Answer:
        function = _found(call)
        found: dict[str, Any] = function.get_code()
        return Answer(found | {"Configuration": self._qualified(call, function)})

    def get_configuration(self, call: Call) -> Answer:
        function = _found(call)
        return Answer(self._qualified(call, function))

    def set_state(self, function: LambdaFunction, state: str) -> None:
        """Makes one version Active, Pending, Inactive or Failed."""
        if state not in STATES:
            raise ValueError(f"{state} is no state of a version; known: {', '.join(STATES)}")
        self._states[function.function_arn] = state

    # --- aliases

    def create_alias(self, call: Call) -> Answer:
        asked = call.parameters
        backend = _backend(call)
        weights = asked.get("RoutingConfig", {}).get("AdditionalVersionWeights") or {}
        self._check_weights(call, asked["FunctionVersion"], weights)
        backend.get_function(asked["FunctionName"], asked["FunctionVersion"])
        alias = backend.create_alias(
            asked["Name"], asked["FunctionName"], asked["FunctionVersion"], asked.get("Description", ""), ""
        )
        _set_weights(alias, weights)
        return Answer(_shown(alias), after=_essence(alias))

    def update_alias(self, call: Call) -> Answer:
        """Keeps what the call does not name, as AWS does; every success gives a new RevisionId."""
        asked = call.parameters
        backend = _backend(call)
        alias = backend.get_alias(asked["Name"], asked["FunctionName"])
        self._check_revision(call, alias.revision_id)
        version = asked.get("FunctionVersion", alias.function_version)
        weights = weights_of(alias)
        if "RoutingConfig" in asked:
            weights = asked["RoutingConfig"].get("AdditionalVersionWeights") or {}
        backend.get_function(asked["FunctionName"], version)
        self._check_weights(call, version, weights)
        before, old = _essence(alias), _shown(alias)
        alias.function_version = version
        alias.description = asked.get("Description", alias.description)
        _set_weights(alias, weights)
        alias.revision_id = str(uuid.uuid4())
        if self.stale_reads:
            self._stale[alias.arn] = _Stale(old, self.stale_reads)
        return Answer(_shown(alias), before, _essence(alias))

    def get_alias(self, call: Call) -> Answer:
        alias = _backend(call).get_alias(call.parameters["Name"], call.parameters["FunctionName"])
        return Answer(self._seen(alias))

    def list_aliases(self, call: Call) -> Answer:
        aliases = _backend(call).list_aliases(call.parameters["FunctionName"])
        version = call.parameters.get("FunctionVersion")
        rows = [self._seen(alias) for alias in aliases if version in (None, alias.function_version)]
        page, marker = self._page(rows, call)
        return Answer({"Aliases": page} | marker)

    def delete_alias(self, call: Call) -> Answer:
        backend = _backend(call)
        alias = backend.get_alias(call.parameters["Name"], call.parameters["FunctionName"])
        backend.delete_alias(alias.name, call.parameters["FunctionName"])
        return Answer(before=_essence(alias))

    # --- inside

    def _publish(self, backend: LambdaBackend, name: str, description: str) -> LambdaFunction:
        """A new version, or the last one where neither code nor configuration changed since."""
        latest = backend.get_function(name)
        published = list(backend.list_versions_by_function(name))[1:]
        latest.code_or_config_updated = not published or _content(latest) != _content(published[-1])
        version = backend.publish_version(name, description)
        if version is None:
            raise Failure("ResourceNotFoundException", f"Function not found: {name}", 404)
        if len(list(backend.list_versions_by_function(name))) - 1 > len(published):
            version.last_modified = self._stamp()
        return version

    def _configuration(self, function: LambdaFunction) -> dict[str, Any]:
        shown: dict[str, Any] = {k: v for k, v in function.get_configuration().items() if v is not None}
        state = self._states.get(function.function_arn, "Active")
        shown["State"] = state
        if reason := STATES[state]:
            shown["StateReasonCode"], shown["StateReason"] = reason
        content = f"{function.function_arn} {function.last_modified} {_content(function)}"
        return shown | {"RevisionId": str(uuid.uuid5(uuid.NAMESPACE_URL, content))}

    def _qualified(self, call: Call, function: LambdaFunction) -> dict[str, Any]:
        """AWS echoes the qualifier in the ARN: asked for an alias, it shows the alias' ARN."""
        shown = self._configuration(function)
        qualifier = call.parameters.get("Qualifier")
        if qualifier and not shown["FunctionArn"].endswith(f":{qualifier}"):
            base = shown["FunctionArn"].split(":function:")[0]
            shown["FunctionArn"] = f"{base}:function:{function.function_name}:{qualifier}"
        return shown

    def _seen(self, alias: LambdaAlias) -> dict[str, Any]:
        stale = self._stale.get(alias.arn)
        if stale is None or stale.left <= 0:
            return _shown(alias)
        stale.left -= 1
        return stale.shown

    def _check_revision(self, call: Call, present: str) -> None:
        if call.parameters.get("RevisionId", present) != present:
            raise Failure("PreconditionFailedException", STALE, 412)

    def _check_weights(self, call: Call, version: str, weights: dict[str, float]) -> None:
        """What AWS refuses. Codes and texts: LocalStack's provider, which is held to snapshots of AWS."""
        if len(weights) > 1:
            raise Failure("InvalidParameterValueException",
                          "Number of items in AdditionalVersionWeights cannot be greater than 1")
        for other, weight in weights.items():
            if not other.isdigit():
                raise Failure("ValidationException", _constraint(other, weight, "keys", "[0-9]+"))
            if not 0.0 <= weight <= 1.0:
                raise Failure("ValidationException", _constraint(other, weight, "value", "0.0 to 1.0"))
            if other == version:
                raise Failure("InvalidParameterValueException",
                              f"Invalid function version {version}. Function version {version} is already "
                              "included in routing configuration.")
            if version == "$LATEST":
                raise Failure("InvalidParameterValueException",
                              "$LATEST is not supported for an alias pointing to more than 1 version")
            _backend(call).get_function(call.parameters["FunctionName"], other)

    def _page(self, rows: list[dict[str, Any]], call: Call) -> tuple[list[dict[str, Any]], dict[str, str]]:
        size = min(int(call.parameters.get("MaxItems", self.page_size)), self.page_size)
        marker = call.parameters.get("Marker")
        try:
            start = int(base64.urlsafe_b64decode(marker)) if marker else 0
        except ValueError as error:
            raise Failure("InvalidParameterValueException", f"Invalid Marker: {marker}") from error
        if start + size >= len(rows):
            return rows[start:], {}
        return rows[start : start + size], {
            "NextMarker": base64.urlsafe_b64encode(str(start + size).encode()).decode()
        }

    def _stamp(self) -> str:
        return lambda_time(self.now())


def lambda_time(moment: datetime) -> str:
    """LastModified as Lambda writes it: `2026-01-05T12:00:00.000+0000`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def weights_of(alias: LambdaAlias) -> dict[str, float]:
    """The additional version's weight, 0..1; empty where one version takes everything."""
    routing: Any = alias.routing_config or {}
    return dict(routing.get("AdditionalVersionWeights") or {})


def shares_of(alias: LambdaAlias) -> dict[str, float]:
    """Every version behind the alias and its share of the traffic, in percent."""
    extra = {version: round(weight * 100, 6) for version, weight in weights_of(alias).items()}
    return {alias.function_version: round(100 - sum(extra.values()), 6)} | extra


def _set_weights(alias: LambdaAlias, weights: dict[str, float]) -> None:
    # moto types the field as a string and stores the parsed JSON in it.
    stored: Any = {"AdditionalVersionWeights": dict(weights)} if weights else None
    alias.routing_config = stored


def _shown(alias: LambdaAlias) -> dict[str, Any]:
    shown = {key: value for key, value in alias.to_json().items() if value is not None}
    weights = weights_of(alias)
    return shown | ({"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {})


def _essence(alias: LambdaAlias) -> dict[str, Any]:
    return {"revision": alias.revision_id, "shares": shares_of(alias)}


def _content(function: LambdaFunction) -> str:
    settings = [
        function.code_sha_256, function.handler, function.run_time, function.memory_size, function.timeout,
        function.role, function.environment_vars, function.layers, function.architectures,
    ]
    return json.dumps(settings, sort_keys=True, default=str)


def _constraint(version: str, weight: float, what: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{{{version}={weight}}}' at "
        f"'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map {what} must satisfy "
        f"constraint: [{rule}]"
    )


def _encoded(parameters: dict[str, Any]) -> dict[str, Any]:
    """The archive in base64, as it lies on the wire: so moto's backend wants it."""
    spec = dict(parameters)
    if isinstance(spec.get("ZipFile"), bytes):
        spec["ZipFile"] = base64.b64encode(spec["ZipFile"]).decode()
    if isinstance(spec.get("Code"), dict):
        spec["Code"] = _encoded(spec["Code"])
    return spec


def _backend(call: Call) -> LambdaBackend:
    backend: LambdaBackend = lambda_backends[call.account][call.region]
    return backend


def _found(call: Call) -> LambdaFunction:
    return _backend(call).get_function(call.parameters["FunctionName"], call.parameters.get("Qualifier"))


def _in_aws_words(operation: Operation) -> Operation:
    """The same operation, with the HTTP exceptions of moto's backends turned into failures."""

    def run(call: Call) -> Answer:
        try:
            return operation(call)
        except Exception as error:
            code = getattr(error, "error_type", None)
            if code is None:
                raise
            message = str(getattr(error, "message", error))
            raise Failure(str(code), message, int(getattr(error, "code", 400))) from error

    return run
