"""The HTTP edge: guards, recognises the call, plays faults, answers here or lets moto answer, keeps the log.

The only module that writes to a socket's fate. What an operation means is decided elsewhere.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from threading import Event
from typing import Any, Protocol

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from demo.cloud.calls import Answer, Call, Failure
from demo.cloud.fault_words import failure
from demo.cloud.faults import BEFORE
from demo.cloud.layers import PATH as LAYERS
from demo.cloud.tryout import PATH as TESTS
from demo.cloud.wire import Reply, read_body, recognise, write_answer, write_failure
from demo.cloud.world import World

log = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
CONTROL = "/__tidegate/"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Control(Protocol):
    """Answers the control requests."""

    def __call__(self, environ: dict[str, Any]) -> Reply: ...


class Edge:
    """The WSGI application."""

    def __init__(self, world: World, control: Control) -> None:
        self._world = world
        self._control = control
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._stopping = Event()

    def stop(self) -> None:
        """Wakes every delayed reply."""
        self._stopping.set()

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """One request, one answer: or, where a fault says so, none."""
        path = environ.get("PATH_INFO", "/")
        if _is_from_a_browser(environ):
            return _send(Reply(403, (("Content-Type", "text/plain"),), b"not for browsers\n"), start)
        if path.startswith(CONTROL):
            return _send(self._control(environ), start)
        if path.startswith(LAYERS):
            return _send(self._layer(path, environ.get("QUERY_STRING", "")), start)
        if path.startswith(TESTS):
            return _send(self._tryout(path), start)
        body = read_body(environ)
        call = _unknown(environ)
        try:
            call = recognise(environ, body)
            with self._world.lock:
                self._world.log.arrived(call, self._world.now())
            self._meet_faults(call)
            reply = self._answer(call, environ)
        except Failure as refused:
            self._world.log.refused[call.name] += 1
            reply = write_failure(call, refused)
        return self._deliver(call, reply, environ, start)

    def _layer(self, path: str, query: str) -> Reply:
        """S3's part of ECR: a blob for whoever has its signed address."""
        with self._world.lock:
            blob = self._world.servers.images.layers.read(path, query)
        if blob is None:
            return Reply(403, (("Content-Type", "application/xml"),), b"<Error><Code>AccessDenied</Code></Error>")
        return Reply(200, (("Content-Type", "application/octet-stream"),), blob)

    def _tryout(self, path: str) -> Reply:
        """What a release answers before it has traffic."""
        with self._world.lock:
            self._world.tick()
            status, text = self._world.servers.tryouts.answer(path)
        return Reply(status, (("Content-Type", "text/plain"),), f"{text}\n".encode())

    def _meet_faults(self, call: Call) -> None:
        slow = self._taken("latency", call)
        if slow:
            self._stopping.wait(slow / 1000)
        for kind in BEFORE:
            with self._world.lock:
                met = self._world.faults.take(kind, call)
            if met is not None:
                self._world.log.faults.append((kind, call.name))
                raise failure(kind, call)

    def _answer(self, call: Call, environ: dict[str, Any]) -> Reply:
        with self._world.lock:
            self._world.tick()
            answer = self._world.perform(call)
            if answer is not None:
                return write_answer(call, answer)
            reply = self._ask_moto(call, environ)
            if reply.status < HTTPStatus.BAD_REQUEST:
                self._world.log.wrote(call, Answer(), self._world.now())
            else:
                self._world.log.refused[call.name] += 1
            return reply

    def _ask_moto(self, call: Call, environ: dict[str, Any]) -> Reply:
        try:
            chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        except NotImplementedError as error:
            raise Failure("NotImplemented", f"the embedded cloud does not answer {call.name}", 501) from error
        except Exception as error:
            log.exception("moto failed at %s", call.name)
            raise Failure("InternalFailure", f"moto failed at {call.name}: {error}", 500) from error
        kept = [pair for pair in headers.items() if not pair[0].lower().startswith("access-control")]
        return Reply(int(status.split()[0]), tuple(kept), b"".join(chunks))

    def _deliver(
        self, call: Call, reply: Reply, environ: dict[str, Any], start: StartResponse
    ) -> Iterable[bytes]:
        slow = self._taken("slow_reply", call)
        if slow:
            self._stopping.wait(slow / 1000)
        with self._world.lock:
            lost = self._world.faults.take("lost_reply", call)
            cut = None if lost else self._world.faults.take("truncate", call)
        if lost or cut:
            self._world.log.faults.append(("lost_reply" if lost else "truncate", call.name))
        if lost:
            _hang_up(environ)
            raise ConnectionAbortedError("the reply is lost on purpose")
        if cut:
            return _half(reply, start, environ)
        return _send(reply, start)

    def _taken(self, kind: Any, call: Call) -> int:
        with self._world.lock:
            met = self._world.faults.take(kind, call)
        return met.milliseconds if met else 0


def _send(reply: Reply, start: StartResponse) -> list[bytes]:
    start(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(reply.headers))
    return [reply.body]


def _half(reply: Reply, start: StartResponse, environ: dict[str, Any]) -> Iterable[bytes]:
    start(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(reply.headers))
    yield reply.body[: len(reply.body) // 2]
    _hang_up(environ)


def _hang_up(environ: dict[str, Any]) -> None:
    """Closes the line under the client: it sees the connection end before the answer does."""
    line: socket.socket = environ["werkzeug.socket"]
    line.shutdown(socket.SHUT_RDWR)


def _is_from_a_browser(environ: dict[str, Any]) -> bool:
    """A page on any site could talk to a loopback port: no AWS client sends Origin or another Host."""
    host = environ.get("HTTP_HOST", "").rsplit(":", 1)[0]
    return "HTTP_ORIGIN" in environ or host not in LOOPBACK_NAMES


def _unknown(environ: dict[str, Any]) -> Call:
    kind = environ.get("CONTENT_TYPE", "")
    protocol = "query" if "form-urlencoded" in kind else "json" if "amz-json" in kind else "rest-json"
    return Call("lambda", "Unknown", protocol=protocol)
