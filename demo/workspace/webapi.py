"""The Web API over HTTP: decode, authenticate, limit, fault, call, log. What a method does is in methods/."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from demo.workspace import scopes
from demo.workspace.core import Core
from demo.workspace.faults import Fault
from demo.workspace.methods import CHANGING, METHODS
from demo.workspace.triggers import NotYet, SlackError
from demo.workspace.wire import Call, Json

_JSON_ARGS = ("blocks", "view", "metadata", "attachments", "files")

WRONG = ("unknown_method", "invalid_blocks", "invalid_arguments", "invalid_auth", "missing_scope")
"""Answers that mean that the bot is wrong, not that the world has changed: noted as problems."""


class Dropped(ConnectionError):
    """The connection shall break without an answer; the server turns it into a closed socket."""


@dataclass
class Answer:
    """What goes back, and whether the workspace changed."""

    body: Json
    status: int = 200
    retry_after: int | None = None
    applied: bool = False
    drop: bool = False
    blameless: bool = False


def decode(request: Request) -> Json:
    """Arguments from a JSON body, a form or a query; slack_sdk uses all three."""
    if request.mimetype == "application/json" and request.get_data():
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise SlackError("invalid_json")
        return body
    args: Json = dict(request.values.items())
    for name in _JSON_ARGS:
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                raise SlackError(f"invalid_{name}_format") from None
    return args


class WebApi:
    """One entry: `call(request, method)`. `open_socket` is apps.connections.open of the socket room."""

    def __init__(self, core: Core, open_socket: Callable[[], str]) -> None:
        self._core = core
        self._open_socket = open_socket

    def call(self, request: Request, method: str) -> Response:
        """Answer a call, or raise Dropped. Every call is logged, with its token left out."""
        core, started, args = self._core, time.perf_counter(), {}
        received = core.clock()
        fault = core.faults.take(method)
        try:
            args = decode(request)
            answer = self._answer(request, method, args, fault)
        except SlackError as error:
            answer = Answer(_refusal(error), blameless=isinstance(error, NotYet))
        self._log(method, args, answer, (received, started, fault))
        if fault and fault.kind == "slow":
            core.board.wait_for(lambda: False, fault.seconds)
        if answer.drop or (fault and fault.kind == "lost_reply"):
            raise Dropped(method)
        return self._response(method, answer)

    def _answer(self, request: Request, method: str, args: Json, fault: Fault | None) -> Answer:
        if fault and fault.kind in ("down", "503", "500", "429", "refuse"):
            return _faulty(fault)
        self._authenticate(request, method, args)
        if method not in METHODS and method != "apps.connections.open":
            raise SlackError("unknown_method")
        scopes.check(method, self._core.config.scopes)
        wait = self._core.buckets.retry_after(method, args, self._core.clock())
        if wait is not None:
            return Answer({"ok": False, "error": "ratelimited"}, 429, wait)
        if method == "apps.connections.open":
            return Answer({"ok": True, "url": self._open_socket()})
        body = {"ok": True, **METHODS[method](self._core, args)}
        return Answer(body, applied=method in CHANGING)

    def _authenticate(self, request: Request, method: str, args: Json) -> None:
        keys = self._core.keys
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or args.get("token")
        args.pop("token", None)
        if not token:
            raise SlackError("not_authed")
        if token not in (keys.bot_token, keys.app_token):
            raise SlackError("invalid_auth")
        wanted = keys.app_token if method == "apps.connections.open" else keys.bot_token
        if token != wanted:
            raise SlackError("not_allowed_token_type")

    def _log(self, method: str, args: Json, answer: Answer, when: tuple[float, float, Fault | None]) -> None:
        received, started, fault = when
        core = self._core
        if answer.body.get("error") in WRONG and not answer.blameless:
            core.board.problem(f"{method}: {_sentence(answer.body)}")
        core.board.record_call(
            Call(
                number=core.stamps.serial(),
                method=method,
                args={k: v for k, v in args.items() if k != "token"},
                answer=answer.body,
                status=answer.status,
                received_at=received,
                applied_at=core.clock() if answer.applied else None,
                fault=fault.kind if fault else None,
                ms=round((time.perf_counter() - started) * 1000, 2),
            )
        )

    def _response(self, method: str, answer: Answer) -> Response:
        response = Response(json.dumps(answer.body), answer.status, mimetype="application/json")
        response.headers["x-oauth-scopes"] = ",".join(self._core.config.scopes)
        response.headers["x-accepted-oauth-scopes"] = ",".join(scopes.NEEDED.get(method, ()))
        if answer.retry_after is not None:
            response.headers["Retry-After"] = str(answer.retry_after)
        return response


def _faulty(fault: Fault) -> Answer:
    if fault.kind == "down":
        return Answer({"ok": False, "error": "connection dropped"}, 0, drop=True)
    if fault.kind == "429":
        return Answer({"ok": False, "error": "ratelimited"}, 429, fault.retry_after)
    if fault.kind == "503":
        return Answer({"ok": False, "error": "service_unavailable"}, 503)
    if fault.kind == "refuse":
        return Answer({"ok": False, "error": fault.error}, blameless=True)
    return Answer({"ok": False, "error": "internal_error"}, 500)


def _refusal(error: SlackError) -> Json:
    body: Json = {"ok": False, "error": error.error}
    if error.messages:
        body["response_metadata"] = {"messages": list(error.messages)}
        body["errors"] = [m.removeprefix("[ERROR] ") for m in error.messages]
    if isinstance(error, scopes.MissingScope):
        body |= {"needed": error.needed, "provided": error.provided}
    return body


def _sentence(body: Json) -> str:
    return " ".join([str(body["error"]), *body.get("response_metadata", {}).get("messages", [])])
